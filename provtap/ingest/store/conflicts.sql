-- Statements of conflicts.py: contradictions between a document and the store.

-- name: generators
-- The stored generations of these entities.
SELECT wgb_entity_id AS entity_id, wgb_activity_id AS activity_id
  FROM provenance.wasgeneratedby
 WHERE wgb_entity_id IN (SELECT wgb_entity_id
                           FROM json_populate_recordset(NULL::provenance.wasgeneratedby, %(rows)s::json));

-- name: nested
-- Pairs of activities of which one started the other, directly or indirectly.
WITH RECURSIVE given AS (
    SELECT DISTINCT "inner", "outer"
      FROM json_to_recordset(%(rows)s::json) AS each ("inner" text COLLATE "C", "outer" text COLLATE "C")
), around (activity_id, starter_id) AS (
    SELECT "inner", "inner" FROM given
    UNION
    SELECT activity_id, rel_object_id
      FROM around JOIN provext.relation ON rel_subject_id = starter_id AND rel_kind = 'wasStartedBy'
)
SELECT "inner", "outer" FROM given JOIN around ON activity_id = "inner" AND starter_id = "outer";

-- name: clashing_kinds
-- Ids of an entity in this load and an activity in the store, or the reverse.
SELECT id, true AS as_entity
  FROM json_array_elements_text(%(entities)s::json) AS given (id) JOIN provenance.activity ON a_id = id
UNION ALL
SELECT id, false
  FROM json_array_elements_text(%(activities)s::json) AS given (id) JOIN provenance.entity ON e_id = id
 ORDER BY id;

-- name: shared_names
-- Names in this load of another entity: a catalogue reused a GUID, or a logical name was overwritten.
SELECT DISTINCT given.al_kind AS kind, given.al_value AS value, given.al_entity_id AS entity_id,
       held.al_entity_id AS other_id
  FROM json_populate_recordset(NULL::provext.alias, %(rows)s::json) AS given
  JOIN provext.alias AS held ON held.al_value = given.al_value AND held.al_kind = given.al_kind
                            AND held.al_entity_id <> given.al_entity_id
 WHERE given.al_kind = 'guid'
 ORDER BY value, entity_id, other_id;

-- name: usages_outside
-- Usages in this load before the start or after the end of their activity.
SELECT rd_activity_id AS activity_id, rd_told_id AS entity_id, rd_usagetime AS time
  FROM json_populate_recordset(NULL::provtap.reading, %(rows)s::json)
  JOIN provenance.activity ON a_id = rd_activity_id
 WHERE rd_usagetime < a_starttime OR rd_usagetime > a_endtime
 ORDER BY rd_activity_id, rd_told_id, rd_usagetime;

-- name: ended
-- Activities in the store that have an end.
SELECT a_id, a_endtime FROM provenance.activity WHERE a_id = ANY (%(ids)s) AND a_endtime IS NOT NULL;

-- name: lost_ends
-- Activities with an end before their start, which was not stored.
SELECT DISTINCT stored.a_id AS activity_id, stored.a_starttime AS start
  FROM json_populate_recordset(NULL::provenance.activity, %(rows)s::json) AS given
  JOIN provenance.activity AS stored ON stored.a_id = given.a_id
 WHERE stored.a_endtime IS NULL AND given.a_endtime < stored.a_starttime
 ORDER BY activity_id;
