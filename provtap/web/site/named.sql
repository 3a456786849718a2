-- Statements of named.py.

-- name: called
-- What has one of these ids, and which entities bear one of them as another name or as a path.
SELECT given.id AS given, hit.exact, hit.kind, hit.id, hit.name
  FROM unnest(%(ids)s::text[]) AS given (id)
 CROSS JOIN LATERAL (
        SELECT true, 'entity', e_id::text, e_name::text FROM provenance.entity WHERE e_id = given.id
        UNION ALL
        SELECT true, 'activity', a_id, a_name FROM provenance.activity WHERE a_id = given.id
        UNION ALL
        SELECT true, 'agent', ag_id, ag_name FROM provenance.agent WHERE ag_id = given.id
        UNION ALL
        SELECT false, 'entity', e_id, e_name FROM provenance.entity WHERE e_location = given.id
        UNION ALL
        SELECT false, 'entity', e_id, e_name
          FROM provext.alias JOIN provenance.entity ON e_id = al_entity_id
         WHERE al_value = given.id
        UNION ALL
        SELECT false, 'entity', e_id, e_name
          FROM provext.location JOIN provenance.entity ON e_id = loc_entity_id
         WHERE loc_url = given.id
       ) AS hit (exact, kind, id, name)
 ORDER BY hit.exact DESC, hit.id;
