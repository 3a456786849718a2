-- Statements of impact.py. {impact} is the translated query of the page; its columns have their names in
-- ADQL.

-- name: summary
-- The number of files in total, at each distance and with each status. The walk ends when enough are found.
SELECT grouping(l_distance) = 0 AS by_distance, grouping(r_status) = 0 AS by_status, l_distance, r_status,
       count(*) AS files, count(DISTINCT a_id) AS runs,
       count(DISTINCT (a_starttime - interval '12 hours')::date) AS nights
  FROM (SELECT * FROM ({impact}) AS answer LIMIT %(most)s) AS found
 GROUP BY GROUPING SETS ((), (l_distance), (r_status))
 ORDER BY l_distance, r_status;

-- name: count
SELECT count(*) AS files FROM (SELECT FROM ({impact}) AS answer LIMIT %(most)s) AS found;

-- name: nearest
-- If there are too many files to sort: those that the walk finds first.
SELECT * FROM ({impact}) AS answer LIMIT %(most)s;

-- name: files
-- In the order of the query, files without a name last. Keys are texts, so distances have leading zeros.
SELECT *, ARRAY[distance_key, name_key, e_id] AS key
  FROM (SELECT *, lpad(l_distance::text, 8, '0') COLLATE "C" AS distance_key,
               CASE WHEN e_name IS NULL THEN '1' ELSE '0' || e_name END COLLATE "C" AS name_key
          FROM ({impact}) AS answer) AS keyed
 WHERE %(after)s::text[] IS NULL
    OR (distance_key, name_key, e_id COLLATE "C")
       > ((%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3])
 ORDER BY distance_key, name_key, e_id COLLATE "C"
 LIMIT %(limit)s;
