-- Statements of credits.py.

-- name: credits
-- All that a citation needs, after one walk through the lineage, a translated query. Of the things behind
-- the product, `work` has those that can be cited: they have an identifier, or are in a collection that has one.
WITH RECURSIVE ancestor (id, distance) AS MATERIALIZED (
    SELECT %(id)s::text COLLATE "C", 0
     UNION ALL
    (SELECT * FROM ({walk}) AS walk (id, distance) ORDER BY distance, id LIMIT %(most)s)
), thing (id, distance) AS MATERIALIZED (
    SELECT id, min(distance)
      FROM (SELECT * FROM ancestor
             UNION ALL
            SELECT hm_collection_id, distance FROM ancestor JOIN provenance.hadmember ON hm_entity_id = id) AS found
     GROUP BY id
), run (id) AS (
    SELECT wgb_activity_id::text FROM ancestor JOIN provenance.wasgeneratedby ON wgb_entity_id = id
     UNION
    SELECT wib_informant_id::text FROM run JOIN provenance.wasinformedby ON wib_informed_id = run.id
), made (id) AS MATERIALIZED (
    SELECT wgb_activity_id FROM provenance.wasgeneratedby WHERE wgb_entity_id = %(id)s
), tie (agent, of_product, of_run) AS MATERIALIZED (
    SELECT wat_agent_id, wat_entity_id = %(id)s, false
      FROM thing JOIN provenance.wasattributedto ON wat_entity_id = id
     UNION
    SELECT waw_agent_id, false, waw_activity_id IN (SELECT id FROM made)
      FROM run JOIN provenance.wasassociatedwith ON waw_activity_id = id
), work AS (
    SELECT e_id AS id, e_name AS name, e_location AS location, e_generatedattime AS made, distance,
           (SELECT json_agg(json_build_array(al_kind, al_value) ORDER BY al_kind, al_value)
              FROM provext.alias
             WHERE al_entity_id = e_id AND al_kind IN ('doi', 'bibcode', 'ark', 'ivoid')) AS identifiers,
           (SELECT json_agg(DISTINCT wat_agent_id)
              FROM provenance.wasattributedto WHERE wat_entity_id = e_id) AS authors
      FROM thing JOIN provenance.entity ON e_id = id
)
SELECT (SELECT json_agg(json_build_object(
                   'id', id, 'name', name, 'location', location, 'made', made,
                   'identifiers', identifiers, 'authors', authors)
                 ORDER BY distance, name, id)
          FROM work
         WHERE id = %(id)s OR identifiers IS NOT NULL
            OR id ~* '^(https?://|doi:|ark:|ivo:)' OR location ~* '^(https?://[^/]*doi\.org/|doi:)') AS works,
       (SELECT json_agg(json_build_object('name', name, 'version', version, 'url', url, 'is_last', is_last))
          FROM (SELECT ad_name, ad_version, min(ad_docurl), bool_or(a_id IN (SELECT id FROM made))
                  FROM run
                  JOIN provenance.activity ON a_id = id
                  JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
                 WHERE ad_type IS DISTINCT FROM 'Observation'
                 GROUP BY ad_name, ad_version) AS program (name, version, url, is_last)) AS programs,
       (SELECT json_agg(json_build_object(
                   'id', ag_id, 'name', ag_name, 'kind', ag_type, 'affiliation', ag_affiliation,
                   'answers_for_product', of_product, 'answers_for_run', of_run,
                   'identifiers', (SELECT json_agg(json_build_array(ai_scheme, ai_value) ORDER BY ai_scheme, ai_value)
                                     FROM provext.agent_id WHERE ai_agent_id = ag_id)))
          FROM (SELECT agent, bool_or(of_product), bool_or(of_run)
                  FROM tie GROUP BY agent) AS credited (agent, of_product, of_run)
          JOIN provenance.agent ON ag_id = agent) AS agents,
       (SELECT json_agg(DISTINCT jsonb_build_object('uri', ri_uri, 'text', ri_text, 'holder', ri_holder))
          FROM (SELECT * FROM provext.rights WHERE ri_entity_id = %(id)s
                 UNION ALL
                SELECT rights.*
                  FROM provenance.hadmember JOIN provext.rights ON ri_entity_id = hm_collection_id
                 WHERE hm_entity_id = %(id)s
                   AND NOT EXISTS (SELECT FROM provext.rights WHERE ri_entity_id = %(id)s)) AS held) AS rights;
