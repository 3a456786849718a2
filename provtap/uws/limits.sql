-- What the jobs of one client come to.

-- name: alone
-- One change at a time of how many jobs a client has: the limits hold exactly.
SELECT pg_advisory_xact_lock(hashtextextended(%(client)s, 1));

-- name: counts
SELECT count(*) AS kept, count(*) FILTER (WHERE phase IN ('QUEUED', 'EXECUTING')) AS active,
       coalesce(sum(pg_column_size(parameters) + upload_size + coalesce(result_size, 0)), 0)::bigint AS size
  FROM uws.job
 WHERE client = %(client)s AND destruction > now();
