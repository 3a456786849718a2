-- Statements of names.py.

-- name: find
-- The things for each name, with their closeness (Closeness in names.py). Unused branches cost nothing.
SELECT given.name AS given, hit.closeness, hit.kind, hit.id,
       coalesce(hit.since, e_generatedattime) AS since, coalesce(hit.until, e_invalidatedattime) AS until
  FROM unnest(%(names)s::text[]) AS given (name)
 CROSS JOIN LATERAL (
        SELECT 1, 'entity', e_id::text, NULL::timestamp, NULL::timestamp
          FROM provenance.entity WHERE e_id = given.name
        UNION ALL
        SELECT 1, 'activity', a_id, NULL, NULL FROM provenance.activity WHERE a_id = given.name
        UNION ALL
        SELECT 1, 'agent', ag_id, NULL, NULL FROM provenance.agent WHERE ag_id = given.name
        UNION ALL
        SELECT 2, 'entity', al_entity_id, al_validfrom, al_validto FROM provext.alias WHERE al_value = given.name
        UNION ALL
        SELECT 2, 'entity', pr_entity_id, NULL, NULL FROM provext.product WHERE pr_publisher_did = given.name
        UNION ALL
        SELECT 2, 'entity', e_id, NULL, NULL FROM provenance.entity WHERE e_location = given.name
        UNION ALL
        SELECT 2, 'entity', loc_entity_id, NULL, NULL FROM provext.location WHERE loc_url = given.name
        UNION ALL
        SELECT 3, 'entity', h_entity_id, NULL, NULL
          FROM provext.hash WHERE %(closeness)s >= 3 AND h_digest = lower(given.name)
        UNION ALL
        (SELECT 4, 'entity', e_id, NULL, NULL
           FROM provenance.entity WHERE %(closeness)s >= 4 AND e_name = given.name
          LIMIT 10)
       ) AS hit (closeness, kind, id, since, until)
  LEFT JOIN provenance.entity ON e_id = hit.id AND hit.kind = 'entity'
 WHERE hit.closeness <= %(closeness)s;

-- name: named
-- A few of the entities with one of these names.
SELECT e_name AS name, e_id AS id
  FROM provenance.entity
 WHERE e_name = ANY (%(names)s::text[])
 ORDER BY e_name, e_id
 LIMIT 4;
