-- Statements of the home page: each reads a summary, or a few rows through an index.

-- name: summary
SELECT su_datasets, su_activities, su_agents, su_notcompleted,
       (SELECT count(*) FROM provenance.activitydescription) AS programs,
       (SELECT in_time FROM provext.ingestion ORDER BY in_id DESC LIMIT 1) AS as_of,
       set_config('enable_seqscan', 'off', true)
  FROM provext.summary;

-- name: days
-- The last days up to the newest one with a run; days without runs have no row.
SELECT day.dy_date, dy_activities, dy_notcompleted
  FROM provext.activity_day AS day
 WHERE day.dy_date > (SELECT max(dy_date) FROM provext.activity_day) - %(days)s * interval '1 day'
 ORDER BY day.dy_date;

-- name: newest
-- Each run with up to four of its files.
SELECT {run},
       ARRAY(SELECT ARRAY[e_id, e_name]::text[]
               FROM provenance.wasgeneratedby JOIN provenance.entity ON e_id = wgb_entity_id
              WHERE wgb_activity_id = a_id AND e_class <> 'ValueEntity'
              LIMIT 4) AS wrote
  FROM provenance.activity
       {described}
 WHERE a_starttime IS NOT NULL
 ORDER BY a_starttime DESC, a_id
 LIMIT %(limit)s;

-- name: not_completed
SELECT {run}
  FROM provenance.activity
       {described}
 WHERE a_starttime IS NOT NULL AND r_status <> 'completed'
 ORDER BY a_starttime DESC, a_id
 LIMIT %(limit)s;

-- name: product
-- A file of one of these runs, in order, with a checksum if it has one.
SELECT {file}, (SELECT h_digest FROM provext.hash WHERE h_entity_id = e_id LIMIT 1) AS digest
  FROM unnest(%(runs)s::text[]) WITH ORDINALITY AS made (run, n)
  JOIN provenance.wasgeneratedby ON wgb_activity_id = run
  JOIN provenance.entity ON e_id = wgb_entity_id
 WHERE e_class = 'DatasetEntity'
 ORDER BY n
 LIMIT 1;

-- name: calibration
-- The file that most of these runs read: calibrations and files with a name are preferred.
SELECT {file}
  FROM (SELECT u_entity_id, count(DISTINCT u_activity_id) AS runs, max(ud_type) AS type
          FROM unnest(%(runs)s::text[]) AS run
         CROSS JOIN LATERAL (SELECT * FROM provenance.used WHERE u_activity_id = run LIMIT 100) AS used
          LEFT JOIN provenance.usagedescription ON ud_id = u_usagedescription_id
         GROUP BY u_entity_id) AS read
  JOIN provenance.entity ON e_id = u_entity_id
 WHERE e_class = 'DatasetEntity'
 ORDER BY type IS NOT DISTINCT FROM 'Calibration' DESC, runs DESC, e_name IS NULL, e_id
 LIMIT 1;
