-- The total of one client's jobs.

-- name: alone
-- Serializes changes to the jobs of a client, so that the limits are exact.
SELECT pg_advisory_xact_lock(hashtextextended(%(client)s, 1));

-- name: counts
SELECT count(*) AS jobs, count(*) FILTER (WHERE phase IN ('QUEUED', 'EXECUTING')) AS active,
       coalesce(sum(pg_column_size(parameters) + upload_size + coalesce(result_size, 0)), 0)::bigint AS size
  FROM uws.job
 WHERE client = %(client)s AND destruction > now();

-- name: quota
SELECT qt_bytes AS bytes, qt_jobs AS jobs FROM provtap.quota WHERE qt_name = %(owner)s;

-- name: give_way
-- A queued or executing job is never removed.
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
