-- Statements of withdrawals.py. {back} is one step of a walk to ancestors, made by adql/lineage.

-- name: behind
-- What is withdrawn now among things and all their ancestors; and if anything is, the steps from each of these to its
-- ancestors: what was made from something withdrawn lies on them. A walk forth through the store would meet all that was
-- made from it, of which a calibration may have a million. If nothing is withdrawn at all, there is no walk.
WITH RECURSIVE behind (id, kind) AS (
    SELECT id COLLATE "C", 0
      FROM unnest(%(ids)s::text[]) AS seed (id)
     WHERE EXISTS (SELECT FROM provext.withdrawal WHERE w_until IS NULL)
     UNION
    SELECT there.id, there.kind FROM behind CROSS JOIN LATERAL ({back}) AS there (id, kind)
), withdrawn AS MATERIALIZED (
    SELECT w_entity_id FROM behind JOIN provext.withdrawal ON w_entity_id = id AND w_until IS NULL WHERE kind = 0
)
SELECT w_entity_id::text AS withdrawn, NULL AS descendant, NULL AS ancestor FROM withdrawn
UNION ALL
SELECT NULL, behind.id, there.id
  FROM behind CROSS JOIN LATERAL ({back}) AS there (id, kind)
 WHERE EXISTS (SELECT FROM withdrawn);

-- name: current
-- The withdrawals of these entities that have not ended.
SELECT w_entity_id, w_activity_id, w_kind, w_reason, w_since, w_time, w_successor_id, successor.e_name AS successor_name,
       w_agent_id, ag_name
  FROM provext.withdrawal
  LEFT JOIN provenance.entity AS successor ON successor.e_id = w_successor_id
  LEFT JOIN provenance.agent ON ag_id = w_agent_id
 WHERE w_until IS NULL AND w_entity_id = ANY (%(ids)s::text[])
 ORDER BY w_entity_id;
