-- Statements of amendments.py.

-- name: invalidate
-- Entities of this load, from their own record or from their end: neither must override the other.
WITH concerned AS (
    SELECT iv_entity_id, min(iv_time) AS time
      FROM provtap.invalidation JOIN provenance.entity ON e_id = iv_entity_id
     WHERE iv_entity_id IN (SELECT json_array_elements_text(%(entities)s::json))
       AND iv_time >= coalesce(e_generatedattime, iv_time)
     GROUP BY iv_entity_id
)
UPDATE provenance.entity SET e_invalidatedattime = time
  FROM concerned
 WHERE e_id = iv_entity_id AND e_invalidatedattime IS DISTINCT FROM time
   AND coalesce(e_invalidatedattime >= time, true);

-- name: too_early
-- Ends in this load before the generation of their entity.
SELECT iv_entity_id AS entity_id, iv_time AS time
  FROM json_populate_recordset(NULL::provtap.invalidation, %(rows)s::json)
  JOIN provenance.entity ON e_id = iv_entity_id AND iv_time < e_generatedattime
 ORDER BY iv_entity_id, iv_time;

-- name: unreferable
-- References in this load without a parameter, or to an entity that is not a value.
SELECT given.p_id AS parameter_id, given.p_valueentity_id AS entity_id, held.p_id IS NULL AS no_parameter
  FROM json_populate_recordset(NULL::provenance.parameter, %(rows)s::json) AS given
  LEFT JOIN provenance.parameter AS held ON held.p_id = given.p_id
  LEFT JOIN provenance.entity ON e_id = given.p_valueentity_id AND e_class = 'ValueEntity'
 WHERE held.p_id IS NULL OR e_id IS NULL
 ORDER BY given.p_id
 LIMIT 1;

-- name: refer
-- A parameter gets its value from one entity: the least of several, in any order of arrival.
UPDATE provenance.parameter AS held SET p_valueentity_id = given.id
  FROM (SELECT p_id, min(p_valueentity_id) AS id
          FROM json_populate_recordset(NULL::provenance.parameter, %(rows)s::json)
         GROUP BY p_id) AS given
 WHERE held.p_id = given.p_id AND coalesce(held.p_valueentity_id > given.id, true);

-- name: undescribed
-- Descriptions that are referred to, but not stored.
SELECT id
  FROM json_array_elements_text(%(ids)s::json) AS given (id)
 WHERE NOT EXISTS (SELECT FROM {table} WHERE {key} = id)
 ORDER BY id
 LIMIT 1;
