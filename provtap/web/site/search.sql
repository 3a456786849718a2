-- Searches for files, runs, people and programs. Statements with {where} get one of the conditions below.
-- psycopg2 writes the values into the text, so that PostgreSQL plans for these values, and conditions on NULL
-- are removed.

-- name: begin
-- Whether parts of names are indexed. Pages never scan a table, as the planner would do for the first 1000 of
-- many rows.
SELECT to_regclass('provenance.entity_name_parts') IS NOT NULL AS has_parts,
       set_config('enable_seqscan', 'off', true);

-- name: exact
-- Things with this id, alias, path or checksum, or with a UUID that begins with the text.
SELECT 1 AS rank, 'file' AS kind, e_id::text AS id FROM provenance.entity WHERE e_id = %(text)s
UNION ALL
SELECT 1, 'run', a_id FROM provenance.activity WHERE a_id = %(text)s
UNION ALL
SELECT 1, 'who', ag_id FROM provenance.agent WHERE ag_id = %(text)s
UNION ALL
(SELECT 1, 'file', e_id FROM provenance.entity WHERE e_id LIKE %(uuid)s LIMIT %(limit)s)
UNION ALL
(SELECT 1, 'run', a_id FROM provenance.activity WHERE a_id LIKE %(uuid)s LIMIT %(limit)s)
UNION ALL
(SELECT 1, 'who', ag_id FROM provenance.agent WHERE ag_id LIKE %(uuid)s LIMIT %(limit)s)
UNION ALL
(SELECT 2, 'file', al_entity_id FROM provext.alias WHERE al_value = %(text)s LIMIT %(limit)s)
UNION ALL
SELECT 2, 'file', pr_entity_id FROM provext.product WHERE pr_publisher_did = %(text)s
UNION ALL
(SELECT 2, 'file', e_id FROM provenance.entity WHERE e_location = %(text)s LIMIT %(limit)s)
UNION ALL
(SELECT 2, 'file', loc_entity_id FROM provext.location WHERE loc_url = %(text)s LIMIT %(limit)s)
UNION ALL
(SELECT 3, 'file', h_entity_id FROM provext.hash WHERE h_digest LIKE %(digest)s LIMIT %(limit)s)
UNION ALL
(SELECT 3, 'file', h_entity_id FROM provext.hash WHERE h_digest LIKE upper(%(digest)s) LIMIT %(limit)s)
 LIMIT %(limit)s;

-- name: file
SELECT {file}, {run}, ARRAY[{key}]::text[] AS key
  FROM provenance.entity
       {generated}
 WHERE {where}
   AND (%(descriptions)s::text[] IS NULL OR a_activitydescription_id = ANY (%(descriptions)s))
   AND (%(status)s::text IS NULL OR r_status = %(status)s)
   AND (%(unfinished)s::boolean IS NULL OR r_status <> 'completed')
   AND (%(unrecorded)s::boolean IS NULL OR r_status IS NULL)
   AND (%(since)s::timestamp IS NULL OR e_generatedattime >= %(since)s)
   AND (%(until)s::timestamp IS NULL OR e_generatedattime < %(until)s)
 {order}
 LIMIT %(limit)s;

-- name: file_by_id
e_id = ANY (%(ids)s)

-- name: file_by_beginning
e_class <> 'ValueEntity' AND e_name LIKE %(beginning)s

-- name: file_by_path
e_class <> 'ValueEntity' AND e_location LIKE %(beginning)s

-- name: file_by_part
e_class <> 'ValueEntity' AND e_name ILIKE %(part)s

-- name: file_by_time
e_class <> 'ValueEntity' AND e_generatedattime IS NOT NULL
AND (%(after)s::text[] IS NULL
     OR (e_generatedattime, e_id) < ((%(after)s::text[])[1]::timestamp, (%(after)s::text[])[2]))

-- name: file_without_time
e_class <> 'ValueEntity' AND e_generatedattime IS NULL
AND (%(after)s::text[] IS NULL OR e_id > (%(after)s::text[])[2])

-- name: run
SELECT {run}, ARRAY[{key}]::text[] AS key
  FROM provenance.activity
       {described}
 WHERE {where}
   AND (%(descriptions)s::text[] IS NULL OR a_activitydescription_id = ANY (%(descriptions)s))
   AND (%(status)s::text IS NULL OR r_status = %(status)s)
   AND (%(unfinished)s::boolean IS NULL OR r_status <> 'completed')
   AND (%(unrecorded)s::boolean IS NULL OR r_status IS NULL)
   AND (%(since)s::timestamp IS NULL OR a_starttime >= %(since)s)
   AND (%(until)s::timestamp IS NULL OR a_starttime < %(until)s)
 {order}
 LIMIT %(limit)s;

-- name: run_by_id
a_id = ANY (%(ids)s)

-- name: run_by_beginning
a_name LIKE %(beginning)s

-- name: run_by_program
a_activitydescription_id = ANY (%(named)s)

-- name: run_by_time
a_starttime IS NOT NULL
AND (%(after)s::text[] IS NULL
     OR (a_starttime, a_id) < ((%(after)s::text[])[1]::timestamp, (%(after)s::text[])[2]))

-- name: run_without_time
a_starttime IS NULL AND (%(after)s::text[] IS NULL OR a_id > (%(after)s::text[])[2])

-- name: who
-- There are few people and programs: hundreds for millions of runs.
SELECT {who}
  FROM provenance.agent
 WHERE ag_id = ANY (%(ids)s) OR ag_name ILIKE %(part)s
 ORDER BY ag_name, ag_id
 LIMIT %(limit)s;

-- name: program
SELECT ad_name, array_agg(ad_version::text ORDER BY ad_version DESC) FILTER (WHERE ad_version IS NOT NULL) AS versions,
       array_agg(ad_id::text) AS ids, min(ad_description) AS ad_description
  FROM provenance.activitydescription
 WHERE ad_name ILIKE %(part)s
 GROUP BY ad_name
 ORDER BY ad_name
 LIMIT %(limit)s;

-- name: descriptions
SELECT ad_id AS id FROM provenance.activitydescription WHERE ad_name = %(program)s;

-- name: longest_beginning
-- The length of the longest beginning of a text with which some name begins. The last code point ends a range
-- in the collation "C", for which an index is used although the planner does not know the text.
SELECT n
  FROM generate_series(%(least)s, length(%(text)s)) AS n
 WHERE EXISTS (SELECT FROM provenance.entity
                WHERE e_name >= left(%(text)s, n) AND e_name < left(%(text)s, n) || U&'\+10FFFF'
                  AND e_class <> 'ValueEntity')
 ORDER BY n DESC
 LIMIT 1;

-- name: almost
SELECT DISTINCT near.id, near.name
  FROM unnest(%(patterns)s::text[]) AS pattern
 CROSS JOIN LATERAL (SELECT e_id AS id, e_name AS name FROM provenance.entity
                      WHERE e_name ILIKE pattern AND e_class <> 'ValueEntity' LIMIT 20) AS near;
