-- Statements of conflicts.py: what a document says that the store contradicts.

-- name: generators
-- Who is stored as having made these entities.
SELECT wgb_entity_id AS entity_id, wgb_activity_id AS activity_id
  FROM provenance.wasgeneratedby
 WHERE wgb_entity_id IN (SELECT wgb_entity_id
                           FROM json_populate_recordset(NULL::provenance.wasgeneratedby, %(rows)s::json));

-- name: nested
-- Those pairs of activities of which one started the other, directly or through others.
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
-- Ids that this load calls an entity and the store an activity, and the other way round.
SELECT id, true AS as_entity
  FROM json_array_elements_text(%(entities)s::json) AS given (id) JOIN provenance.activity ON a_id = id
UNION ALL
SELECT id, false
  FROM json_array_elements_text(%(activities)s::json) AS given (id) JOIN provenance.entity ON e_id = id
 ORDER BY id;

-- name: shared_names
-- Names in this load that another entity has, too: a catalogue gave a GUID again, or a logical name was written anew.
SELECT DISTINCT given.al_kind AS kind, given.al_value AS value, given.al_entity_id AS entity_id,
       held.al_entity_id AS other_id
  FROM json_populate_recordset(NULL::provext.alias, %(rows)s::json) AS given
  JOIN provext.alias AS held ON held.al_value = given.al_value AND held.al_kind = given.al_kind
                            AND held.al_entity_id <> given.al_entity_id
 WHERE given.al_kind = 'guid'
 ORDER BY value, entity_id, other_id;

-- name: usages_outside
-- Usages in this load before their activity began or after it ended.
SELECT rd_activity_id AS activity_id, rd_told_id AS entity_id, rd_usagetime AS time
  FROM json_populate_recordset(NULL::provtap.reading, %(rows)s::json)
  JOIN provenance.activity ON a_id = rd_activity_id
 WHERE rd_usagetime < a_starttime OR rd_usagetime > a_endtime
 ORDER BY rd_activity_id, rd_told_id, rd_usagetime;

-- name: ended
-- Activities in the store that have an end.
SELECT a_id, a_endtime FROM provenance.activity WHERE a_id = ANY (%(ids)s) AND a_endtime IS NOT NULL;

-- name: lost_ends
-- Activities whose end is before their start, and was not stored.
SELECT DISTINCT stored.a_id AS activity_id, stored.a_starttime AS start
  FROM json_populate_recordset(NULL::provenance.activity, %(rows)s::json) AS given
  JOIN provenance.activity AS stored ON stored.a_id = given.a_id
 WHERE stored.a_endtime IS NULL AND given.a_endtime < stored.a_starttime
 ORDER BY activity_id;
