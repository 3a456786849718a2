-- Statements of usages.py: which activities read and wrote which files. {rows} is as in merge.sql.

-- name: second_generators
-- Entities with several activities that wrote them according to documents; in the model they have one
-- generation.
SELECT wr_entity_id AS entity_id,
       array_agg(DISTINCT wr_activity_id::text) AS activity_ids,
       min(wgb_activity_id) AS stored_id
  FROM provtap.writing JOIN provenance.wasgeneratedby ON wgb_entity_id = wr_entity_id
 WHERE wr_entity_id IN (SELECT wr_entity_id FROM {rows} AS given)
 GROUP BY wr_entity_id
HAVING count(DISTINCT wr_activity_id) > 1
 ORDER BY wr_entity_id;

-- name: time_usages
-- The time of a usage is the earliest of its recorded times within its activity. This is computed again when
-- a time is added, and when the times of the activity may have changed.
WITH timed AS (
    SELECT rd_activity_id, rd_entity_id, rd_role,
           min(rd_usagetime) FILTER (WHERE coalesce(rd_usagetime >= a_starttime, true)
                                       AND coalesce(rd_usagetime <= a_endtime, true)) AS time
      FROM provtap.reading JOIN provenance.activity ON a_id = rd_activity_id
     WHERE rd_usagetime IS NOT NULL
       AND rd_activity_id IN (SELECT json_array_elements_text(%(activities)s::json))
     GROUP BY rd_activity_id, rd_entity_id, rd_role
), updated AS (
    UPDATE provenance.used SET u_time = time
      FROM timed
     WHERE u_activity_id = rd_activity_id AND u_entity_id = rd_entity_id
       AND u_role IS NOT DISTINCT FROM rd_role AND u_time IS DISTINCT FROM time
    RETURNING u_activity_id
)
SELECT count(*) AS updated, {updated_ids} AS updated_ids FROM updated;

-- name: read
-- The entity that was read is found later (`resolve_readings`), unless the reading has its id.
WITH added AS (
    INSERT INTO provtap.reading ({columns}, rd_entity_id)
    SELECT {columns}, rd_told_id FROM {rows} AS given
        ON CONFLICT DO NOTHING
    RETURNING rd_activity_id, rd_role, rd_told_id
), used AS (
    INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role, u_usagedescription_id)
    SELECT rd_activity_id, rd_told_id, rd_role, ud_id
      FROM added JOIN provenance.activity ON a_id = rd_activity_id
      LEFT JOIN provenance.usagedescription ON ud_activitydescription_id = a_activitydescription_id
                                           AND ud_role = rd_role
     WHERE rd_told_id IS NOT NULL
        ON CONFLICT DO NOTHING
    RETURNING u_activity_id
)
SELECT (SELECT count(*) FROM added) AS new, (SELECT count(*) FROM used) AS used,
       {added_ids} AS added_ids, {used_ids} AS used_ids;

-- name: resolve_readings
-- Find the entity of each reading: for new readings, and for those that a new writing or step may affect. Returns the
-- number of new rows, the number of changed usages, and the replaced usages.
--
-- Example: the activity r read /a and /b at 12:00, and no activity wrote /b.
--   stored     w1 wrote e1 to /a at 10:00; the reading 1 of /a, so far of e1; the usage of e1 by r
--   given      w2 wrote e2 to /a at 11:00; the reading 2 of /b, not resolved; the external x:/b
--   written    the writing of e2 until null, since no later one is known
--   concerned  1, because e2 was written before 12:00, and 2, because it has no entity
--   resolved   1: was e1, is e2 (the latest writing);   2: was null, is x:/b (no known producer)
--   changed    both
--   appeared   the entity x:/b
--   located    x:/b is at /b
--   remembered provtap.reading has e2 for 1, and x:/b for 2
--   used       r used e2, r used x:/b
--   result     new 3 (an entity, a location, and of two usages the one that replaces none), updated 1, stubs
-- 1,
--              external_ids null, moved: the usage of e1 by r, which `take_back` removes
WITH written AS MATERIALIZED (
    SELECT given.*,
           (SELECT wr_time
              FROM provtap.writing AS later
             WHERE md5(later.wr_url) = md5(given.wr_url) AND later.wr_url = given.wr_url
               AND later.wr_storage = given.wr_storage AND later.wr_time > given.wr_time
             ORDER BY later.wr_time
             LIMIT 1) AS wr_until
      FROM {writings} AS given
), concerned AS (
    SELECT rd_id FROM provtap.reading WHERE rd_entity_id IS NULL
    UNION
    SELECT rd_id
      FROM written JOIN provtap.reading ON md5(rd_url) = md5(wr_url) AND rd_url = wr_url
                                       AND rd_storage = wr_storage AND rd_time >= wr_time
     WHERE wr_until IS NULL OR rd_time <= wr_until  -- what is written then may be the reader's own
    UNION
    SELECT rd_id
      FROM written JOIN provenance.wasinformedby ON wib_informed_id = wr_activity_id
      JOIN provtap.reading ON rd_activity_id = wib_informant_id AND rd_url = wr_url AND rd_storage = wr_storage
    UNION
    SELECT rd_id  -- the step may have become known as a step after what it wrote
      FROM {steps} AS step JOIN provtap.writing ON wr_activity_id = step.wib_informed_id
      JOIN provtap.reading ON rd_activity_id = step.wib_informant_id AND rd_url = wr_url AND rd_storage = wr_storage
), resolved AS MATERIALIZED (
    SELECT rd_id, rd_activity_id, rd_role, rd_storage, rd_url, rd_external_id, rd_entity_id AS was_id,
           coalesce(from_step.wr_entity_id, latest.wr_entity_id, rd_external_id)::text
               COLLATE "C" AS entity_id
      FROM provtap.reading
      -- A run reads files that its own steps wrote after it started; a file that it wrote itself only if the
      -- time of reading is recorded.
      LEFT JOIN LATERAL (
           SELECT wr_entity_id
             FROM provenance.wasinformedby JOIN provtap.writing ON wr_activity_id = wib_informed_id
            WHERE wib_informant_id = rd_activity_id AND wr_url = rd_url AND wr_storage = rd_storage
              AND coalesce(wr_time <= rd_usagetime, true)
            ORDER BY wr_time DESC, wr_entity_id DESC
            LIMIT 1) AS from_step ON true
      LEFT JOIN LATERAL (
           SELECT wr_entity_id
             FROM provtap.writing
            WHERE md5(wr_url) = md5(rd_url) AND wr_url = rd_url AND wr_storage = rd_storage
              AND wr_time <= rd_time AND (wr_activity_id <> rd_activity_id OR wr_time <= rd_usagetime)
            ORDER BY wr_time DESC, wr_entity_id DESC
            LIMIT 1) AS latest ON true
     WHERE rd_id IN (SELECT rd_id FROM concerned)
), changed AS MATERIALIZED (
    SELECT * FROM resolved WHERE was_id IS DISTINCT FROM entity_id
), appeared AS (
    INSERT INTO provenance.entity ({columns})
    SELECT {columns}
      FROM {externals} AS given
     WHERE e_id IN (SELECT entity_id FROM changed)
        ON CONFLICT DO NOTHING
    RETURNING e_id
), located AS (
    INSERT INTO provext.location (loc_entity_id, loc_url, loc_storage)
    SELECT entity_id, rd_url, rd_storage FROM changed WHERE entity_id = rd_external_id
        ON CONFLICT DO NOTHING
    RETURNING loc_entity_id
), remembered AS (
    UPDATE provtap.reading SET rd_entity_id = entity_id
      FROM changed
     WHERE reading.rd_id = changed.rd_id
), used AS (
    INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role, u_usagedescription_id)
    SELECT rd_activity_id, entity_id, rd_role, ud_id
      FROM changed JOIN provenance.activity ON a_id = rd_activity_id
      LEFT JOIN provenance.usagedescription ON ud_activitydescription_id = a_activitydescription_id
                                           AND ud_role = rd_role
        ON CONFLICT DO NOTHING
    RETURNING u_activity_id
)
SELECT (SELECT count(*) FROM appeared) + (SELECT count(*) FROM located)
           + greatest((SELECT count(*) FROM used) - count(was_id), 0) AS new,
       count(was_id) AS updated,
       {appeared_ids} AS appeared_ids,
       {used_ids} AS used_ids,
       {moved_urls} AS moved_urls,
       {stub_ids} AS stub_ids,
       (SELECT count(*)
          FROM {externals} AS given
         WHERE e_id IN (SELECT entity_id FROM resolved WHERE entity_id = rd_external_id)) AS stubs,
       json_agg(was_id) FILTER (WHERE was_id = rd_external_id)::text AS external_ids,
       json_agg(json_build_object('u_activity_id', rd_activity_id, 'u_entity_id', was_id, 'u_role', rd_role))
           FILTER (WHERE was_id IS NOT NULL)::text AS moved
  FROM changed;

-- name: take_back
-- Remove usages that are no longer supported by a reading, and files that only stood for a location.
WITH moved AS MATERIALIZED (
    SELECT DISTINCT u_activity_id, u_entity_id, u_role
      FROM json_populate_recordset(NULL::provenance.used, %(rows)s::json)
), unused AS (
    DELETE FROM provenance.used
     USING moved
     WHERE used.u_activity_id = moved.u_activity_id AND used.u_entity_id = moved.u_entity_id
       AND used.u_role IS NOT DISTINCT FROM moved.u_role
       AND NOT EXISTS (SELECT
                         FROM provtap.reading
                        WHERE rd_activity_id = moved.u_activity_id AND rd_entity_id = moved.u_entity_id
                          AND rd_role IS NOT DISTINCT FROM moved.u_role)
)
DELETE FROM provenance.entity
 WHERE e_id IN (SELECT json_array_elements_text(%(external_ids)s::json))
   AND NOT EXISTS (SELECT FROM provtap.reading WHERE rd_entity_id = e_id)
   AND NOT EXISTS (SELECT FROM provtap.trust WHERE t_kind = 'provenance.entity' AND t_id = e_id);

-- name: alias
-- Name each file by the location it was written to, while it was the file there, and by the id that a file at
-- this location has without a known producer. A writing also ends the previous one.
WITH given AS MATERIALIZED (
    SELECT * FROM {rows} AS given
), concerned AS (
    SELECT wr_url, wr_time, wr_entity_id FROM given
    UNION
    SELECT before.*
      FROM given CROSS JOIN LATERAL (
           SELECT wr_url, wr_time, wr_entity_id
             FROM provtap.writing AS before
            WHERE md5(before.wr_url) = md5(given.wr_url) AND before.wr_url = given.wr_url
              AND before.wr_storage = given.wr_storage
              AND (before.wr_time, before.wr_entity_id) < (given.wr_time, given.wr_entity_id)
            ORDER BY before.wr_time DESC, before.wr_entity_id DESC
            LIMIT 1) AS before
), version AS MATERIALIZED (
    SELECT DISTINCT writing.wr_entity_id, writing.wr_url, writing.wr_external_id, writing.wr_time,
           (SELECT later.wr_time
              FROM provtap.writing AS later
             WHERE md5(later.wr_url) = md5(writing.wr_url) AND later.wr_url = writing.wr_url
               AND later.wr_storage = writing.wr_storage
               AND (later.wr_time, later.wr_entity_id) > (writing.wr_time, writing.wr_entity_id)
             ORDER BY later.wr_time, later.wr_entity_id
             LIMIT 1) AS wr_until
      FROM concerned JOIN provtap.writing
        ON md5(writing.wr_url) = md5(concerned.wr_url) AND writing.wr_url = concerned.wr_url
       AND writing.wr_time = concerned.wr_time AND writing.wr_entity_id = concerned.wr_entity_id
), named AS (
    SELECT wr_entity_id, 'path' AS kind, wr_url AS value, wr_time, wr_until FROM version
    UNION ALL
    SELECT wr_entity_id, 'id', wr_external_id::text COLLATE "C", wr_time, wr_until FROM version
), aliased AS (
    INSERT INTO provext.alias AS held (al_entity_id, al_kind, al_value, al_validfrom, al_validto)
    -- Two sites may have the same file at the same path: the alias ends when the file is at neither.
    SELECT wr_entity_id, kind, value, wr_time, CASE WHEN bool_and(wr_until IS NOT NULL) THEN max(wr_until) END
      FROM named
     GROUP BY wr_entity_id, kind, value, wr_time
        ON CONFLICT (al_entity_id, al_kind, md5(al_value), al_validfrom)
           DO UPDATE SET al_validto = excluded.al_validto
     WHERE held.al_validto IS DISTINCT FROM excluded.al_validto
    RETURNING al_entity_id, al_kind, al_value, xmax = 0 AS new
)
SELECT count(*) FILTER (WHERE new) AS new, count(*) FILTER (WHERE NOT new) AS updated,
       {new_ids} AS new_ids, {updated_urls} AS updated_urls, {updated_ids} AS updated_ids
  FROM aliased;
