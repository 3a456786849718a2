-- Statements of product.py.

-- name: product
SELECT {file}, e_comment, {run}, wgb_role AS role, ed_name, ed_description, ed_docurl, ed_contenttype,
       ed_valuetype, ed_unit, ed_ucd
  FROM provenance.entity {generated}
  LEFT JOIN provenance.entitydescription ON ed_id = e_entitydescription_id
 WHERE e_id = %(id)s;

-- name: agents
-- The agents responsible for the product, and for the run that made it.
SELECT {who}, string_agg(role, ', ' ORDER BY role) AS role
  FROM (SELECT wat_agent_id AS agent, wat_role AS role FROM provenance.wasattributedto WHERE wat_entity_id = %(id)s
        UNION
        SELECT waw_agent_id, waw_role FROM provenance.wasassociatedwith WHERE waw_activity_id = %(activity)s) AS tie
  JOIN provenance.agent ON ag_id = agent
 GROUP BY ag_id
 ORDER BY min(role), ag_name, ag_id
 LIMIT 50;

-- name: checksums
SELECT h_algorithm AS algorithm, h_digest AS digest, h_size AS size
  FROM provext.hash WHERE h_entity_id = %(id)s ORDER BY h_algorithm, h_digest LIMIT 20;

-- name: names
SELECT al_kind AS kind, al_value AS value, al_validfrom AS since, al_validto AS until
  FROM provext.alias WHERE al_entity_id = %(id)s
 UNION ALL
SELECT 'publisher DID', pr_publisher_did, NULL, NULL
  FROM provext.product WHERE pr_entity_id = %(id)s AND pr_publisher_did <> %(id)s
 ORDER BY kind, since, value LIMIT 50;

-- name: generations
-- The files written to the same path, the newest first.
SELECT {file}, other.al_validfrom AS since, other.al_validto AS until
  FROM provext.alias AS mine
  JOIN provext.alias AS other ON other.al_value = mine.al_value AND other.al_kind = 'path'
  JOIN provenance.entity ON e_id = other.al_entity_id
 WHERE mine.al_entity_id = %(id)s AND mine.al_kind = 'path'
 ORDER BY other.al_validfrom DESC NULLS LAST, e_id
 LIMIT 51;

-- name: collections
SELECT {file} FROM provenance.hadmember JOIN provenance.entity ON e_id = hm_collection_id
 WHERE hm_entity_id = %(id)s ORDER BY e_name, e_id LIMIT 20;

-- name: members
-- In the order of the index on ids: a collection may have a million members.
SELECT part.*, {run}
  FROM (SELECT {file}, ARRAY[hm_entity_id]::text[] AS key
          FROM provenance.hadmember JOIN provenance.entity ON e_id = hm_entity_id
         WHERE hm_collection_id = %(id)s
           AND (%(after)s::text[] IS NULL OR hm_entity_id > (%(after)s::text[])[1])
         ORDER BY hm_entity_id
         LIMIT %(limit)s) AS part {generated}
 ORDER BY key COLLATE "C";

-- name: origins
-- Recorded derivations.
SELECT {file}, {run}
  FROM provenance.wasderivedfrom JOIN provenance.entity ON e_id = wdf_usedentity_id {generated}
 WHERE wdf_generatedentity_id = %(id)s
 ORDER BY e_name, e_id
 LIMIT 50;

-- name: first_use
-- The first of a sample of the runs that used it: a calibration may have a million.
SELECT {run}, role
  FROM (SELECT u_activity_id, u_role AS role FROM provenance.used WHERE u_entity_id = %(id)s LIMIT 1000) AS usage
  JOIN provenance.activity ON a_id = u_activity_id {described}
 ORDER BY a_starttime, a_id
 LIMIT 1;

-- name: names_of
SELECT e_id, e_name FROM provenance.entity WHERE e_id = ANY (%(ids)s::text[]);

-- name: valid_namesake
-- The newest valid file with a name.
SELECT {file}
  FROM (SELECT * FROM provenance.entity WHERE e_name = %(name)s AND e_invalidatedattime IS NULL LIMIT 1000) AS entity
 WHERE e_id <> %(id)s
 ORDER BY e_generatedattime DESC NULLS LAST, e_id
 LIMIT 1;

-- name: relatives
-- The nearest files of a walk ({walk}: a translated query on the lineage), and the total number. The walk
-- ends when enough are found.
WITH found AS MATERIALIZED (
    SELECT * FROM ({walk}) AS walk (e_id, e_class, e_name, e_location, e_value, e_generatedattime,
                                    e_invalidatedattime, l_distance, a_id, a_name, ad_name, ad_version,
                                    a_starttime, a_endtime, r_status, r_exitcode, r_host, r_duration)
     LIMIT %(most)s
), total AS (
    SELECT count(*) AS files, count(DISTINCT a_id) AS runs, count(*) FILTER (WHERE a_id IS NULL) AS outside
      FROM found
)
SELECT * FROM found CROSS JOIN total ORDER BY l_distance, e_name, e_id LIMIT %(limit)s;
