-- Statements of copies.py.

-- name: copies
-- The recorded locations of these entities. At a path that was overwritten there is now another file.
SELECT given.id, place.url, place.storage,
       coalesce((SELECT bool_or(al_validto IS NULL) FROM provext.alias
                  WHERE al_entity_id = given.id AND al_kind = 'path' AND al_value = place.url),
                NOT EXISTS (SELECT FROM provext.alias
                              JOIN provext.location ON loc_entity_id = al_entity_id AND loc_url = al_value
                             WHERE al_value = place.url AND al_kind = 'path' AND al_validto IS NULL
                               AND loc_storage = place.storage)) AS is_there
  FROM unnest(%(ids)s::text[]) AS given (id)
 CROSS JOIN LATERAL (
        (SELECT loc_url, loc_storage::text FROM provext.location
          WHERE loc_entity_id = given.id
          ORDER BY loc_storage, loc_url
          LIMIT %(most)s)
        UNION ALL
        SELECT e_location, NULL FROM provenance.entity
         WHERE e_id = given.id AND e_location IS NOT NULL AND e_class <> 'ValueEntity'
           AND NOT EXISTS (SELECT FROM provext.location WHERE loc_entity_id = given.id)
       ) AS place (url, storage);
