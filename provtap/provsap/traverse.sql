-- The walk through the provenance graph. Nodes are pairs (kind, id), because an id may belong to both an entity and
-- an agent; a way is 'back' in time or 'forth'.

-- name: steps
-- The nodes that one relation leads to from the node `here`: along activities in its way, and in both ways upwards, to
-- collections and agents. Each branch is one index search.
SELECT 'activity', wgb_activity_id::text FROM provenance.wasgeneratedby
 WHERE here.kind = 'entity' AND here.way = 'back' AND wgb_entity_id = here.id
UNION ALL
SELECT 'entity', wdf_usedentity_id FROM provenance.wasderivedfrom
 WHERE here.kind = 'entity' AND here.way = 'back' AND wdf_generatedentity_id = here.id
UNION ALL
SELECT 'entity', u_entity_id FROM provenance.used
 WHERE here.kind = 'activity' AND here.way = 'back' AND u_activity_id = here.id
UNION ALL
SELECT 'activity', wib_informant_id FROM provenance.wasinformedby
 WHERE here.kind = 'activity' AND here.way = 'back' AND wib_informed_id = here.id
UNION ALL
SELECT 'activity', u_activity_id FROM provenance.used
 WHERE here.kind = 'entity' AND here.way = 'forth' AND u_entity_id = here.id
UNION ALL
SELECT 'entity', wdf_generatedentity_id FROM provenance.wasderivedfrom
 WHERE here.kind = 'entity' AND here.way = 'forth' AND wdf_usedentity_id = here.id
UNION ALL
SELECT 'entity', wgb_entity_id FROM provenance.wasgeneratedby
 WHERE here.kind = 'activity' AND here.way = 'forth' AND wgb_activity_id = here.id
UNION ALL
SELECT 'activity', wib_informed_id FROM provenance.wasinformedby
 WHERE here.kind = 'activity' AND (here.way = 'forth' OR %(steps)s) AND wib_informant_id = here.id
UNION ALL
SELECT 'entity', hm_collection_id FROM provenance.hadmember
 WHERE here.kind = 'entity' AND %(collections)s AND hm_entity_id = here.id
UNION ALL
SELECT 'entity', hm_entity_id FROM provenance.hadmember
 WHERE here.kind = 'entity' AND %(members)s AND hm_collection_id = here.id
UNION ALL
SELECT 'agent', wat_agent_id FROM provenance.wasattributedto
 WHERE here.kind = 'entity' AND %(agents)s AND wat_entity_id = here.id
UNION ALL
SELECT 'agent', waw_agent_id FROM provenance.wasassociatedwith
 WHERE here.kind = 'activity' AND %(agents)s AND waw_activity_id = here.id
UNION ALL
SELECT 'entity', wat_entity_id FROM provenance.wasattributedto
 WHERE here.kind = 'agent' AND %(agent)s AND wat_agent_id = here.id
UNION ALL
SELECT 'activity', waw_activity_id FROM provenance.wasassociatedwith
 WHERE here.kind = 'agent' AND %(agent)s AND waw_agent_id = here.id

-- name: walk
-- All nodes within a number of relations, with their minimum depth, in any order of rows and with any cycles: UNION
-- drops nodes that were reached before. UNION must not compare the depth, so it is stored as the days of an interval
-- that always equals zero, as in adql/lineage/recursion.py. Rows come level by level, so that LIMIT ends the walk
-- early.
WITH RECURSIVE walk (kind, id, way, zero) AS (
    SELECT kind, id COLLATE "C", way, interval '0'
      FROM unnest(%(kinds)s::text[], %(ids)s::text[], %(ways)s::text[]) AS seed (kind, id, way)
     UNION
    SELECT step.kind, step.id, here.way, here.zero + interval '1 month -30 days'
      FROM walk AS here CROSS JOIN LATERAL ({steps}) AS step (kind, id)
     WHERE extract(day FROM here.zero) > -30 * %(depth)s
)
SELECT kind, id, way, (extract(day FROM zero) / -30)::integer AS depth
  FROM walk {order}
 LIMIT %(limit)s;

-- name: further
-- The nodes with a relation that leads out of the graph.
SELECT DISTINCT here.kind, here.id
  FROM unnest(%(kinds)s::text[], %(ids)s::text[], %(ways)s::text[]) AS here (kind, id, way)
 WHERE EXISTS (SELECT FROM ({steps}) AS step (kind, id)
                WHERE step.kind || ' ' || step.id <> ALL (%(inside)s::text[]));

-- name: of_context
SELECT ud_id FROM provenance.usagedescription WHERE ud_id = ANY (%(ids)s::text[]) AND ud_type = 'Context';
