-- What the jobs of one client come to.

-- name: alone
-- One change at a time of how many jobs a client has: the limits hold exactly.
SELECT pg_advisory_xact_lock(hashtextextended(%(client)s, 1));

-- name: counts
SELECT count(*) AS jobs, count(*) FILTER (WHERE phase IN ('QUEUED', 'EXECUTING')) AS active,
       coalesce(sum(pg_column_size(parameters) + upload_size + coalesce(result_size, 0)), 0)::bigint AS size
  FROM uws.job
 WHERE client = %(client)s AND destruction > now();

-- name: give_way
-- A job that is queued or executes is never given up.
DELETE FROM uws.job
 WHERE job_id = (SELECT job_id
                   FROM uws.job
                  WHERE client = %(client)s
                    AND job_id <> %(but)s
                    AND phase IN ('COMPLETED', 'ERROR', 'ABORTED', 'PENDING')
                    AND destruction > now()
                  ORDER BY end_time NULLS LAST, creation_time
                  LIMIT 1
                    FOR UPDATE SKIP LOCKED)
RETURNING *, (pg_column_size(parameters) + upload_size + coalesce(result_size, 0))::bigint AS size;
