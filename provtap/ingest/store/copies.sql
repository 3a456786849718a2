-- Statements of copies.py: files that were read as copies.

-- name: publish_hashes
-- The checksums of files at places that nobody is known to have written.
WITH published AS (
    INSERT INTO provext.hash (h_entity_id, h_algorithm, h_digest, h_size)
    SELECT xh_entity_id, xh_algorithm, xh_digest, xh_size
      FROM provtap.external_hash JOIN provenance.entity ON e_id = xh_entity_id
     WHERE xh_entity_id IN (SELECT json_array_elements_text(%(externals)s::json))
        ON CONFLICT DO NOTHING
    RETURNING h_entity_id
)
SELECT count(*) AS new, {new_ids} AS new_ids FROM published;

-- name: is_any_hash
SELECT EXISTS (SELECT FROM provext.hash) AS found;

-- name: tell
-- Derivations stated by a source itself, which do not depend on checksums.
DELETE FROM provext.copy USING {rows} AS given
 WHERE cp_entity_id = wdf_generatedentity_id AND cp_original_id = wdf_usedentity_id;

-- name: find
-- Link files without known producer to an earlier generated file with the same content: of several, one with
-- the same name, then the latest. This is computed again for the checksums of all files that the load may
-- affect.
--
-- Example: r read /tmp/stg1/e.pkl at 12:00, and its sha1 is 5a; w made e.pkl (sha1 5a) at 11:00, and x made
-- it at 13:00.
--   touched  (sha1, 5a)
--   unmade   /tmp/stg1/e.pkl, first used at 12:00
--   made     e.pkl of w, at 11:00, and e.pkl of x, at 13:00
--   best     /tmp/stg1/e.pkl is a copy of that of w, because a file made at 13:00 could not be read at 12:00
--   derived  /tmp/stg1/e.pkl was derived from e.pkl of w
WITH concerned AS (
    SELECT json_array_elements_text(%(entities)s::json) AS id
    UNION
    SELECT u_entity_id
      FROM json_array_elements_text(%(activities)s::json) AS given (id) JOIN provenance.used ON u_activity_id = id
    UNION
    SELECT wgb_entity_id
      FROM json_array_elements_text(%(activities)s::json) AS given (id)
      JOIN provenance.wasgeneratedby ON wgb_activity_id = id
), touched AS MATERIALIZED (
    SELECT DISTINCT h_algorithm AS algorithm, h_digest AS digest
      FROM concerned JOIN provext.hash ON h_entity_id = id
     WHERE h_algorithm IN ('md5', 'sha1', 'sha256', 'sha384', 'sha512')
), content AS MATERIALIZED (
    SELECT e_id, e_name, e_generatedattime, algorithm, digest, wgb_activity_id
      FROM touched JOIN provext.hash ON h_digest = digest AND h_algorithm = algorithm
      JOIN provenance.entity ON e_id = h_entity_id
      LEFT JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
     WHERE h_size IS DISTINCT FROM 0
       AND digest <> ALL (%(empty)s)  -- all empty files have the same content
), unmade AS (
    SELECT e_id, e_name, algorithm, digest,
           (SELECT min(coalesce(u_time, a_starttime))
              FROM provenance.used JOIN provenance.activity ON a_id = u_activity_id
             WHERE u_entity_id = e_id) AS time
      FROM content
     WHERE wgb_activity_id IS NULL
), made AS (
    SELECT e_id, e_name, algorithm, digest, coalesce(e_generatedattime, a_endtime) AS time
      FROM content JOIN provenance.activity ON a_id = wgb_activity_id
), best AS MATERIALIZED (
    SELECT DISTINCT ON (unmade.e_id, algorithm, digest)
           unmade.e_id AS copy_id, made.e_id AS original_id, algorithm, digest
      FROM unmade JOIN made USING (algorithm, digest)
     WHERE coalesce(made.time <= unmade.time, true)
       AND (NOT EXISTS (SELECT
                          FROM provenance.wasderivedfrom
                         WHERE wdf_generatedentity_id = unmade.e_id AND wdf_usedentity_id = made.e_id)
            OR EXISTS (SELECT FROM provext.copy WHERE cp_entity_id = unmade.e_id AND cp_original_id = made.e_id))
     ORDER BY unmade.e_id, algorithm, digest, coalesce(made.e_name = unmade.e_name, false) DESC,
              made.time DESC NULLS LAST, made.e_id
), derived AS (
    INSERT INTO provenance.wasderivedfrom (wdf_generatedentity_id, wdf_usedentity_id)
    SELECT DISTINCT copy_id, original_id FROM best
        ON CONFLICT DO NOTHING
    RETURNING 1
), joined AS (
    INSERT INTO provext.copy (cp_entity_id, cp_original_id, cp_algorithm, cp_digest)
    SELECT copy_id, original_id, algorithm, digest FROM best
        ON CONFLICT DO NOTHING
    RETURNING cp_entity_id, cp_original_id, cp_algorithm
), parted AS (
    DELETE FROM provext.copy USING touched
     WHERE cp_algorithm = algorithm AND cp_digest = digest
       AND NOT EXISTS (SELECT
                         FROM best
                        WHERE copy_id = cp_entity_id AND original_id = cp_original_id
                          AND best.algorithm = cp_algorithm AND best.digest = cp_digest)
    RETURNING cp_entity_id, cp_original_id
)
SELECT (SELECT count(*) FROM derived) + (SELECT count(*) FROM joined) AS new,
       (SELECT json_agg(json_build_object('wdf_generatedentity_id', cp_entity_id, 'wdf_usedentity_id', cp_original_id))
          FROM parted)::text AS parted,
       (SELECT json_agg(json_build_array(cp_entity_id, cp_original_id, algorithms) ORDER BY cp_entity_id, cp_original_id)
          FROM (SELECT cp_entity_id, cp_original_id,
                       string_agg(cp_algorithm, ' and ' ORDER BY cp_algorithm) AS algorithms
                  FROM joined
                 GROUP BY cp_entity_id, cp_original_id) AS pairs) AS joined;

-- name: part
-- Remove derivations that are no longer supported by a checksum.
DELETE FROM provenance.wasderivedfrom AS held
 USING json_populate_recordset(NULL::provenance.wasderivedfrom, %(rows)s::json) AS given
 WHERE held.wdf_generatedentity_id = given.wdf_generatedentity_id
   AND held.wdf_usedentity_id = given.wdf_usedentity_id
   AND NOT EXISTS (SELECT
                     FROM provext.copy
                    WHERE cp_entity_id = held.wdf_generatedentity_id AND cp_original_id = held.wdf_usedentity_id);

-- name: unknown_copies
-- Files without known producer that these activities read in temporary folders.
SELECT rd_activity_id AS activity_id, min(rd_url) AS url, count(*) AS number
  FROM provtap.reading JOIN json_populate_recordset(NULL::provtap.reading, %(rows)s::json) AS given
       USING (rd_activity_id, rd_url, rd_storage)
 WHERE reading.rd_entity_id = reading.rd_external_id
   AND NOT EXISTS (SELECT FROM provext.copy WHERE cp_entity_id = reading.rd_entity_id)
 GROUP BY rd_activity_id
 ORDER BY rd_activity_id;
