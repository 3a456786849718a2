-- Statements of feed.py. {only} are the conditions of its filters.

-- name: notices
-- In the order in which they became visible, or the newest first.
SELECT n_number, n_time, n_event, n_entity_id, entity.e_name, entity.e_location, n_withdrawn_id,
       withdrawn.e_name AS withdrawn_name, n_activity_id, w_kind, w_reason, w_since, w_time, w_until, w_successor_id,
       successor.e_name AS successor_name, w_agent_id, ag_name, ow_names
  FROM (SELECT *
          FROM provext.notice
         WHERE n_number > %(after)s AND {only}
         ORDER BY n_number {order}
         LIMIT %(limit)s) AS notice
  LEFT JOIN provenance.entity ON e_id = n_entity_id
  LEFT JOIN provenance.entity AS withdrawn ON withdrawn.e_id = n_withdrawn_id
  LEFT JOIN LATERAL (SELECT w_kind, w_reason, w_since, w_time, w_until, w_successor_id, w_agent_id
                       FROM provext.withdrawal
                      WHERE w_activity_id = n_activity_id
                      ORDER BY w_entity_id = n_withdrawn_id DESC
                      LIMIT 1) AS withdrawal ON true
  LEFT JOIN provenance.entity AS successor ON successor.e_id = w_successor_id
  LEFT JOIN provenance.agent ON ag_id = w_agent_id
  LEFT JOIN provext.owner ON ow_entity_id = n_entity_id
 ORDER BY n_number {order};

-- name: last
SELECT coalesce(max(n_number), 0) AS number FROM provext.notice;

-- name: of_agent
(EXISTS (SELECT FROM provenance.wasattributedto WHERE wat_entity_id = n_entity_id AND wat_agent_id = ANY (%(agents)s))
 OR EXISTS (SELECT FROM provenance.wasgeneratedby
              JOIN provenance.wasassociatedwith ON waw_activity_id = wgb_activity_id
             WHERE wgb_entity_id = n_entity_id AND waw_agent_id = ANY (%(agents)s)))

-- name: of_kind
EXISTS (SELECT FROM provenance.entity LEFT JOIN provenance.entitydescription ON ed_id = e_entitydescription_id
         WHERE e_id = n_entity_id AND %(kind)s IN (e_class, ed_name, ed_type))

-- name: agents
SELECT ag_id AS id FROM provenance.agent WHERE ag_id = %(agent)s OR ag_name = %(agent)s OR ag_email = %(agent)s LIMIT 100;
