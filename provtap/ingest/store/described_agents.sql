-- Statements of described_agents.py.

-- name: waiting
SELECT td_id, td_content
  FROM provtap.told_description
 WHERE td_table = 'provenance.agent' AND td_id = ANY (%(ids)s);

-- name: doubt_agents
-- Agents from an older version of the set get the lowest trust.
UPDATE provtap.trust SET t_rank = 3, t_claimant = '~' WHERE t_kind = 'provenance.agent' AND t_id = ANY (%(ids)s);

-- name: displaced
-- Claims of records about agents that a set is going to describe.
SELECT to_jsonb(held) || jsonb_build_object('rank', coalesce(t_rank, 0), 'claimant', coalesce(t_claimant, '')) AS claim
  FROM provenance.agent AS held LEFT JOIN provtap.trust ON t_kind = 'provenance.agent' AND t_id = ag_id
 WHERE ag_id = ANY (%(ids)s);

-- name: agents_needed
-- An agent that is referred to, but not described in a record.
SELECT waw_agent_id AS agent_id, waw_activity_id AS thing_id
  FROM provenance.wasassociatedwith WHERE waw_agent_id = ANY (%(ids)s)
 UNION ALL
SELECT wat_agent_id, wat_entity_id FROM provenance.wasattributedto WHERE wat_agent_id = ANY (%(ids)s)
 LIMIT 1;

-- name: forget_agents
WITH doubted AS (DELETE FROM provtap.trust WHERE t_kind = 'provenance.agent' AND t_id = ANY (%(ids)s))
DELETE FROM provenance.agent WHERE ag_id = ANY (%(ids)s);

-- name: wait_no_more
DELETE FROM provtap.told_description WHERE td_table = 'provenance.agent' AND td_id = ANY (%(ids)s);
