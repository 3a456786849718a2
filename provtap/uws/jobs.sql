-- All statements about jobs. A job past its destruction does not exist any more, whether or not it was already
-- removed.

-- name: create
INSERT INTO uws.job (job_id, owner_id, client, base_url, run_id, parameters, parts, upload_size, phase, queue_time,
                     creation_time, execution_duration, destruction)
SELECT %(job_id)s, %(owner_id)s, %(client)s, %(base_url)s, %(run_id)s, %(parameters)s, %(parts)s, %(upload_size)s, %(phase)s,
       CASE WHEN %(phase)s = 'QUEUED' THEN clock_timestamp() END, created,
       %(execution_duration)s, created + %(retention)s * interval '1 second'
  FROM date_trunc('milliseconds', clock_timestamp()) AS created
RETURNING *;

-- name: job
SELECT * FROM uws.job WHERE job_id = %(job_id)s AND destruction > now();

-- name: job_to_change
SELECT * FROM uws.job WHERE job_id = %(job_id)s AND destruction > now() FOR UPDATE;

-- name: phase
SELECT phase, owner_id FROM uws.job WHERE job_id = %(job_id)s AND destruction > now();

-- name: references
-- The newest first (UWS 1.1, section 2.2.2.1).
SELECT job_id, phase, run_id, owner_id, creation_time
  FROM uws.job
 WHERE client = %(client)s
   AND destruction > now()
   AND (%(phases)s::text[] IS NULL OR phase = ANY (%(phases)s::text[]))
   AND (%(after)s::timestamptz IS NULL OR creation_time > %(after)s)
 ORDER BY creation_time DESC, job_id
 LIMIT %(last)s;

-- name: summaries
-- The newest first, after *after*; long parameters are omitted.
SELECT job_id, phase, creation_time, start_time, end_time, result_size, error_message,
       CASE WHEN octet_length(parameters::text) <= %(length)s THEN parameters END AS parameters
  FROM uws.job
 WHERE client = %(client)s
   AND destruction > now()
   AND (%(phases)s::text[] IS NULL OR phase = ANY (%(phases)s::text[]))
   AND (%(after)s::text[] IS NULL
        OR (creation_time, job_id) < ((%(after)s::text[])[1]::timestamptz, (%(after)s::text[])[2]))
 ORDER BY creation_time DESC, job_id DESC
 LIMIT %(limit)s;

-- name: everybodys
SELECT *
  FROM uws.job
 WHERE destruction > now() AND (%(phases)s::text[] IS NULL OR phase = ANY (%(phases)s::text[]))
 ORDER BY creation_time DESC, job_id
 LIMIT %(limit)s;

-- name: set_parameters
UPDATE uws.job
   SET parameters = %(parameters)s, parts = %(parts)s, upload_size = %(upload_size)s, run_id = %(run_id)s
 WHERE job_id = %(job_id)s
RETURNING *;

-- name: set_execution_duration
UPDATE uws.job
   SET execution_duration = %(seconds)s
 WHERE job_id = %(job_id)s AND destruction > now() AND phase IN ('PENDING', 'QUEUED')
RETURNING *;

-- name: set_destruction
UPDATE uws.job
   SET destruction = date_trunc('milliseconds',
                                least(%(instant)s, creation_time + %(retention)s * interval '1 second'))
 WHERE job_id = %(job_id)s AND destruction > now()
RETURNING *;

-- name: move
-- All changes of phase except `claim` and `lose`; changes by a worker have an effect only while it runs the job.
UPDATE uws.job
   SET phase = %(to)s,
       queue_time = CASE WHEN %(to)s = 'QUEUED' THEN coalesce(queue_time, clock_timestamp()) ELSE queue_time END,
       start_time = CASE WHEN %(to)s <> 'QUEUED' THEN start_time END,
       end_time = CASE WHEN %(to)s <> 'QUEUED' THEN date_trunc('milliseconds', clock_timestamp()) END,
       result_name = %(result_name)s,
       result_mime = %(result_mime)s,
       result_size = %(result_size)s,
       result_file = %(result_file)s,
       error_message = %(error_message)s,
       error_type = %(error_type)s
 WHERE job_id = %(job_id)s
   AND destruction > now()
   AND phase = ANY (%(allowed_from)s)
   AND (%(attempt)s::integer IS NULL OR worker = %(worker)s AND attempt = %(attempt)s)
RETURNING *;

-- name: remove
DELETE FROM uws.job WHERE job_id = %(job_id)s AND destruction > now() RETURNING *;

-- name: claim
-- Assign the longest-waiting job to this worker, but no more jobs of one client than may execute at once, and none
-- during maintenance; SKIP LOCKED: no two workers get the same job.
UPDATE uws.job
   SET phase = 'EXECUTING', start_time = date_trunc('milliseconds', clock_timestamp()),
       worker = %(worker)s, attempt = attempt + 1
 WHERE job_id = (SELECT job_id
                   FROM uws.job
                  WHERE phase = 'QUEUED' AND destruction > now()
                    AND NOT EXISTS (SELECT FROM provtap.maintenance WHERE mt_ended IS NULL AND mt_start <= now())
                    AND client NOT IN (SELECT client FROM uws.job
                                        WHERE phase = 'EXECUTING' AND destruction > now()
                                        GROUP BY client HAVING count(*) >= %(share)s)
                  ORDER BY queue_time
                  LIMIT 1
                    FOR UPDATE SKIP LOCKED)
RETURNING *;

-- name: lose
-- After an attempt that was lost, the job is queued again once; the second time it fails.
UPDATE uws.job
   SET phase = CASE WHEN losses = 0 THEN 'QUEUED' ELSE 'ERROR' END,
       losses = losses + 1,
       start_time = CASE WHEN losses > 0 THEN start_time END,
       end_time = CASE WHEN losses > 0 THEN date_trunc('milliseconds', clock_timestamp()) END,
       error_message = CASE WHEN losses > 0 THEN %(message)s END,
       error_type = CASE WHEN losses > 0 THEN 'transient' END
 WHERE job_id = %(job_id)s AND phase = 'EXECUTING' AND worker = %(worker)s AND attempt = %(attempt)s;

-- name: beat
INSERT INTO uws.worker (worker_id, heartbeat) VALUES (%(worker)s, now())
ON CONFLICT (worker_id) DO UPDATE SET heartbeat = excluded.heartbeat;

-- name: leave
DELETE FROM uws.worker WHERE worker_id = %(worker)s;

-- name: held
-- The jobs of this worker.
SELECT job_id, attempt, extract(epoch FROM destruction - now())::double precision AS seconds_left
  FROM uws.job
 WHERE worker = %(worker)s AND phase = 'EXECUTING' AND destruction > now();

-- name: queue
-- The number of jobs in each phase, and since when the first of them has waited or executed.
SELECT phase, count(*) AS number,
       extract(epoch FROM now() - min(CASE phase WHEN 'QUEUED' THEN queue_time
                                                 WHEN 'EXECUTING' THEN start_time END))::double precision AS age
  FROM uws.job
 WHERE destruction > now()
 GROUP BY phase;

-- name: workers
SELECT worker_id, extract(epoch FROM now() - heartbeat)::double precision AS silence
  FROM uws.worker
 WHERE heartbeat > now() - %(seconds)s * interval '1 second'
 ORDER BY worker_id;

-- name: lost
SELECT job_id, worker, attempt
  FROM uws.job
 WHERE phase = 'EXECUTING'
   AND NOT EXISTS (SELECT FROM uws.worker
                    WHERE worker_id = job.worker
                      AND heartbeat > now() - %(seconds)s * interval '1 second');

-- name: forget
DELETE FROM uws.worker WHERE heartbeat < now() - %(seconds)s * interval '1 second';

-- name: sweeping
-- True in one process at a time, until its transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('provtap sweep', 1)) AS mine;

-- name: expire
DELETE FROM uws.job WHERE destruction <= now() RETURNING job_id;

-- name: wanted
-- The files that are still needed: all of an executing job; otherwise an upload until the job has ended, and a result
-- after that. The names of uploads are searched as text, because other parts of the json may contain NUL.
SELECT file.name
  FROM unnest(%(names)s::text[]) AS file (name)
  JOIN uws.job ON job_id = split_part(file.name, '.', 1)
 WHERE phase = 'EXECUTING'
    OR (phase IN ('PENDING', 'QUEUED') AND strpos(parts::text, '"' || file.name || '"') > 0)
    OR file.name = result_name;
