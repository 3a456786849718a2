-- Statements of withdrawals.py. {back} is one step of a walk to ancestors, made by adql/lineage.

-- name: behind
-- Currently withdrawn entities among things and all their ancestors. Each is visited once; without withdrawals, none
-- is.
WITH RECURSIVE behind (id, kind) AS (
    SELECT id COLLATE "C", 0
      FROM unnest(%(ids)s::text[]) AS seed (id)
     WHERE EXISTS (SELECT FROM provext.withdrawal WHERE w_until IS NULL)
     UNION
    SELECT there.id, there.kind FROM behind CROSS JOIN LATERAL ({back}) AS there (id, kind)
)
SELECT DISTINCT w_entity_id AS id
  FROM behind JOIN provext.withdrawal ON w_entity_id = id AND w_until IS NULL
 WHERE kind = 0;

-- name: standing
-- The given things made from withdrawn ones, with these. The walk forth stays on the nodes of the walk back, because a
-- calibration may have a million other descendants.
WITH RECURSIVE behind (id, kind) AS (
    SELECT id COLLATE "C", 0 FROM unnest(%(ids)s::text[]) AS seed (id)
     UNION
    SELECT there.id, there.kind FROM behind CROSS JOIN LATERAL ({back}) AS there (id, kind)
), way AS MATERIALIZED (
    SELECT behind.id AS descendant, behind.kind AS descendant_kind, there.id AS ancestor, there.kind AS ancestor_kind
      FROM behind CROSS JOIN LATERAL ({back}) AS there (id, kind)
), ahead (withdrawn, id, kind) AS (
    SELECT id COLLATE "C", id COLLATE "C", 0 FROM unnest(%(withdrawn)s::text[]) AS seed (id)
     UNION
    SELECT withdrawn, descendant, descendant_kind
      FROM ahead JOIN way ON ancestor = ahead.id AND ancestor_kind = ahead.kind
)
SELECT id AS entity_id, withdrawn AS withdrawn_id
  FROM ahead
 WHERE kind = 0 AND id <> withdrawn AND id = ANY (%(ids)s::text[])
 ORDER BY id, withdrawn;

-- name: current
-- The withdrawals of these entities that have not ended.
SELECT w_entity_id, w_activity_id, w_kind, w_reason, w_since, w_time, w_successor_id, successor.e_name AS successor_name,
       w_agent_id, ag_name
  FROM provext.withdrawal
  LEFT JOIN provenance.entity AS successor ON successor.e_id = w_successor_id
  LEFT JOIN provenance.agent ON ag_id = w_agent_id
 WHERE w_until IS NULL AND w_entity_id = ANY (%(ids)s::text[])
 ORDER BY w_entity_id;
