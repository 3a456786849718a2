-- Statements of links.py. Each is for all products of a request at once.

-- name: products
SELECT e_id AS id, e_name AS name, e_value AS value, e_invalidatedattime AS invalidated,
       coalesce(a_name, ad_name, a_id) AS run, ad_name AS program, ad_docurl AS program_url,
       ed_name AS content, ed_docurl AS content_url, ed_contenttype AS content_type,
       (SELECT CASE WHEN min(h_size) = max(h_size) THEN max(h_size) END
          FROM provext.hash WHERE h_entity_id = e_id) AS size
  FROM unnest(%(ids)s::text[]) AS given (id)
  JOIN provenance.entity ON e_id = given.id
  LEFT JOIN provenance.entitydescription ON ed_id = e_entitydescription_id
  LEFT JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
  LEFT JOIN provenance.activity ON a_id = wgb_activity_id
  LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id;

-- name: observations
-- What ObsCore says of products, and of publisher's identifiers whose provenance is not stored.
SELECT given.id, access_url AS url, access_format AS content_type, 1000 * access_estsize AS size
  FROM unnest(%(names)s::text[]) AS given (id) JOIN ivoa.obscore ON obs_publisher_did = given.id
 UNION ALL
SELECT given.id, access_url, access_format, 1000 * access_estsize
  FROM unnest(%(ids)s::text[]) AS given (id)
  JOIN provext.product ON pr_entity_id = given.id
  JOIN ivoa.obscore ON obs_publisher_did = pr_publisher_did;

-- name: neighbours
-- What is one step away from each product by the relations of a kind, and how much, up to what is counted: the
-- first ones by class and name, files before values.
SELECT given.id, near.*
  FROM unnest(%(ids)s::text[]) AS given (id)
 CROSS JOIN LATERAL (
        SELECT e_id AS other, e_name AS name, e_value AS value, role, number, counted
          FROM (SELECT other, string_agg(DISTINCT step.role, ', ' ORDER BY step.role) AS role,
                       count(*) FILTER (WHERE other <> given.id) OVER () AS number,
                       sum(count(*)) OVER () AS counted
                  FROM ({steps} LIMIT %(counted)s) AS step (other, role)
                 GROUP BY other) AS found
          JOIN provenance.entity ON e_id = found.other
         WHERE found.other <> given.id
         ORDER BY e_class = 'ValueEntity', e_class = 'Entity', e_name, e_id
         LIMIT %(most)s
       ) AS near;

-- name: progenitor
SELECT u_entity_id, u_role::text FROM provenance.wasgeneratedby JOIN provenance.used ON u_activity_id = wgb_activity_id
 WHERE wgb_entity_id = given.id
 UNION ALL
SELECT wdf_usedentity_id, NULL FROM provenance.wasderivedfrom WHERE wdf_generatedentity_id = given.id

-- name: derivation
-- How a run ended is a value that it left behind: nothing that was made from a file.
SELECT e_id, role
  FROM (SELECT wgb_entity_id, wgb_role::text
          FROM provenance.used JOIN provenance.wasgeneratedby ON wgb_activity_id = u_activity_id
         WHERE u_entity_id = given.id
         UNION ALL
        SELECT wdf_generatedentity_id, NULL FROM provenance.wasderivedfrom WHERE wdf_usedentity_id = given.id
       ) AS made (id, role)
  JOIN provenance.entity ON e_id = made.id AND e_class <> 'ValueEntity'

-- name: coderived
SELECT other.wgb_entity_id, other.wgb_role::text
  FROM provenance.wasgeneratedby AS mine
  JOIN provenance.wasgeneratedby AS other ON other.wgb_activity_id = mine.wgb_activity_id
  JOIN provenance.entity ON e_id = other.wgb_entity_id AND e_class <> 'ValueEntity'
 WHERE mine.wgb_entity_id = given.id
