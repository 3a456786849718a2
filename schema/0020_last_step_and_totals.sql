-- What pages and lists ask for at once, without a scan: the last step of a data set, and how much is stored.

SET LOCAL search_path = provext, provenance;

-- One row a data set, in place of entity_origin. As in the other views, what is looked up for each row is a subquery
-- in the SELECT list. Ids in a list are separated by blanks: a blank within an id is written %20.
CREATE VIEW last_step AS
    SELECT e_id AS ls_entity_id, e_name AS ls_entity_name, e_location AS ls_location,
           e_generatedattime AS ls_generatedattime, e_invalidatedattime AS ls_invalidatedattime,
           wgb_role AS ls_role, wgb_activity_id AS ls_activity_id,
           coalesce(ad_name, a_name) AS ls_program, ad_version AS ls_version, ad_docurl AS ls_reference,
           a_starttime AS ls_starttime, a_endtime AS ls_endtime, r_status AS ls_status,
           (SELECT min(ag_name) FILTER (WHERE ag_type = 'Organization')
              FROM agent
             WHERE ag_id IN (SELECT wat_agent_id FROM wasattributedto WHERE wat_entity_id = e_id
                             UNION ALL
                             SELECT waw_agent_id FROM wasassociatedwith WHERE waw_activity_id = wgb_activity_id))
               AS ls_project,
           (SELECT string_agg(DISTINCT ag_name, '; ' ORDER BY ag_name)
              FROM agent
             WHERE ag_id IN (SELECT wat_agent_id FROM wasattributedto WHERE wat_entity_id = e_id
                             UNION ALL
                             SELECT waw_agent_id FROM wasassociatedwith WHERE waw_activity_id = wgb_activity_id))
               AS ls_agents,
           (SELECT string_agg(replace(input, ' ', '%20'), ' ' ORDER BY input)
              FROM (SELECT DISTINCT u_entity_id
                      FROM used JOIN entity AS dataset ON dataset.e_id = u_entity_id
                     WHERE u_activity_id = wgb_activity_id AND dataset.e_class = 'DatasetEntity') AS inputs (input))
               AS ls_inputs,
           CASE WHEN wgb_activity_id IS NOT NULL
                THEN (SELECT count(DISTINCT u_entity_id)
                        FROM used JOIN entity AS dataset ON dataset.e_id = u_entity_id
                       WHERE u_activity_id = wgb_activity_id AND dataset.e_class = 'DatasetEntity') END
               AS ls_ninputs,
           (SELECT string_agg(replace(cf_location, ' ', '%20'), ' ' ORDER BY cf_location)
              FROM configfile
             WHERE cf_activity_id = wgb_activity_id)
               AS ls_configuration,
           (SELECT json_object_agg(p_name, p_value ORDER BY p_name, p_id)::text
              FROM parameter
             WHERE p_activity_id = wgb_activity_id)
               AS ls_parameters,
           (SELECT min(al_value) FROM alias WHERE al_entity_id = e_id AND al_kind = 'doi') AS ls_doi
      FROM entity
      LEFT JOIN wasgeneratedby ON wgb_entity_id = e_id
      LEFT JOIN activity ON a_id = wgb_activity_id
      LEFT JOIN activitydescription ON ad_id = a_activitydescription_id
      LEFT JOIN run ON r_activity_id = a_id
     WHERE e_class = 'DatasetEntity';

-- The runs that did not complete: few, and often asked for.
CREATE INDEX run_not_completed ON run (r_activity_id) WHERE r_status <> 'completed';
-- With the primary key it tells when the store last changed.
CREATE INDEX ingestion_undone ON ingestion (in_undone) WHERE in_undone IS NOT NULL;

-- How much is stored. Triggers count what statements insert and change; `provtap reingest` and undo, which also delete,
-- end with count_again(). Documents are stored one at a time, so writers do not wait for each other here.
CREATE TABLE provtap.total (
    to_what    text COLLATE "C" PRIMARY KEY,  -- datasets, agents
    to_number  bigint NOT NULL
);

CREATE TABLE provtap.day (
    dy_date          date,  -- UTC; null: of activities without a time
    dy_activities    bigint NOT NULL,
    dy_notcompleted  bigint NOT NULL,
    UNIQUE NULLS NOT DISTINCT (dy_date)
);

CREATE FUNCTION provtap.count_again() RETURNS void LANGUAGE sql BEGIN ATOMIC
    DELETE FROM provtap.total;
    INSERT INTO provtap.total (to_what, to_number)
    SELECT 'datasets', count(*) FROM entity WHERE e_class = 'DatasetEntity'
    UNION ALL
    SELECT 'agents', count(*) FROM agent;
    DELETE FROM provtap.day;
    INSERT INTO provtap.day (dy_date, dy_activities, dy_notcompleted)
    SELECT a_starttime::date, count(*), count(*) FILTER (WHERE r_status <> 'completed')
      FROM activity LEFT JOIN run ON r_activity_id = a_id
     GROUP BY a_starttime::date;
END;

CREATE FUNCTION provtap.add_to_total(what text, more bigint) RETURNS void LANGUAGE sql BEGIN ATOMIC
    INSERT INTO provtap.total AS held (to_what, to_number) SELECT what, more WHERE more <> 0
        ON CONFLICT (to_what) DO UPDATE SET to_number = held.to_number + excluded.to_number;
END;

CREATE FUNCTION provtap.count_entities() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    more  bigint;
BEGIN
    SELECT count(*) INTO more FROM added WHERE e_class = 'DatasetEntity';
    IF TG_OP = 'UPDATE' THEN
        more := more - (SELECT count(*) FROM removed WHERE e_class = 'DatasetEntity');
    END IF;
    PERFORM provtap.add_to_total('datasets', more);
    RETURN NULL;
END $$;
CREATE TRIGGER entity_counted AFTER INSERT ON entity
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION provtap.count_entities();
CREATE TRIGGER entity_recounted AFTER UPDATE ON entity
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION provtap.count_entities();

CREATE FUNCTION provtap.count_agents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM provtap.add_to_total('agents', (SELECT count(*) FROM added));
    RETURN NULL;
END $$;
CREATE TRIGGER agent_counted AFTER INSERT ON agent
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION provtap.count_agents();

-- An activity counts on the day on which it began, with the status that its run has by then.
CREATE FUNCTION provtap.count_activities() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO provtap.day AS held
        SELECT a_starttime::date, count(*), 0 FROM added GROUP BY a_starttime::date
            ON CONFLICT (dy_date) DO UPDATE SET dy_activities = held.dy_activities + excluded.dy_activities;
        RETURN NULL;
    END IF;
    INSERT INTO provtap.day AS held
    SELECT day, sum(number), coalesce(sum(number) FILTER (WHERE r_status <> 'completed'), 0)
      FROM (SELECT added.a_id, removed.a_starttime::date AS before, added.a_starttime::date AS now
              FROM removed JOIN added USING (a_id)
             WHERE removed.a_starttime::date IS DISTINCT FROM added.a_starttime::date) AS moved
      CROSS JOIN LATERAL (VALUES (before, -1), (now, 1)) AS change (day, number)
      LEFT JOIN provext.run ON r_activity_id = moved.a_id
     GROUP BY day
        ON CONFLICT (dy_date) DO UPDATE SET dy_activities = held.dy_activities + excluded.dy_activities,
                                            dy_notcompleted = held.dy_notcompleted + excluded.dy_notcompleted;
    RETURN NULL;
END $$;
CREATE TRIGGER activity_counted AFTER INSERT ON activity
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION provtap.count_activities();
CREATE TRIGGER activity_recounted AFTER UPDATE ON activity
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION provtap.count_activities();

CREATE FUNCTION provtap.count_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE provtap.day SET dy_notcompleted = dy_notcompleted + more
          FROM (SELECT a_starttime::date AS day, count(*) AS more
                  FROM added JOIN provenance.activity ON a_id = r_activity_id
                 WHERE r_status <> 'completed'
                 GROUP BY a_starttime::date) AS change
         WHERE dy_date IS NOT DISTINCT FROM day;
        RETURN NULL;
    END IF;
    UPDATE provtap.day SET dy_notcompleted = dy_notcompleted + more
      FROM (SELECT a_starttime::date AS day, sum(number) AS more
              FROM (SELECT r_activity_id, -1 FROM removed WHERE r_status <> 'completed'
                    UNION ALL
                    SELECT r_activity_id, 1 FROM added WHERE r_status <> 'completed') AS run (id, number)
              JOIN provenance.activity ON a_id = id
             GROUP BY a_starttime::date) AS change
     WHERE dy_date IS NOT DISTINCT FROM day AND more <> 0;
    RETURN NULL;
END $$;
CREATE TRIGGER run_counted AFTER INSERT ON run
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION provtap.count_runs();
CREATE TRIGGER run_recounted AFTER UPDATE ON run
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION provtap.count_runs();

-- A store that is new has no row of zeros.
SELECT provtap.count_again()
 WHERE EXISTS (SELECT FROM entity) OR EXISTS (SELECT FROM activity) OR EXISTS (SELECT FROM agent);

CREATE VIEW summary AS
    SELECT coalesce((SELECT to_number FROM provtap.total WHERE to_what = 'datasets'), 0) AS su_datasets,
           coalesce((SELECT to_number FROM provtap.total WHERE to_what = 'agents'), 0) AS su_agents,
           coalesce(sum(dy_activities), 0)::bigint AS su_activities,
           coalesce(sum(dy_notcompleted), 0)::bigint AS su_notcompleted
      FROM provtap.day;

CREATE VIEW activity_day AS
    SELECT dy_date::timestamp AS dy_date, dy_activities, dy_notcompleted
      FROM provtap.day
     WHERE dy_date IS NOT NULL AND dy_activities > 0;
