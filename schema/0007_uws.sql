-- Asynchronous jobs (UWS 1.1). The table of jobs is their queue as well. Private: only provtap/uws/store.py
-- reads and writes here, and the reader role sees nothing of it.

CREATE SCHEMA uws;
SET LOCAL search_path = uws;

-- A process that runs jobs tells here that it lives.
CREATE TABLE worker (
    worker_id  text COLLATE "C" PRIMARY KEY,
    heartbeat  timestamptz NOT NULL
);

-- Instants are cut to milliseconds, as documents show them, so that both compare alike.
CREATE DOMAIN instant AS timestamptz CHECK (value = date_trunc('milliseconds', value));

CREATE TABLE job (
    job_id              text COLLATE "C" PRIMARY KEY,
    owner_id            text COLLATE "C",           -- NULL: created by somebody who gave no name
    client              text COLLATE "C" NOT NULL,  -- whom the limits count: the owner, or an address
    run_id              text,
    parameters          json NOT NULL,              -- [[name, value], ...]; json keeps what jsonb refuses: NUL
    parts               json NOT NULL,              -- {name: file in the result store} of what came with it
    phase               text COLLATE "C" NOT NULL
                        CHECK (phase IN ('PENDING', 'QUEUED', 'EXECUTING', 'COMPLETED', 'ERROR', 'ABORTED')),
    creation_time       instant NOT NULL,
    queue_time          timestamptz,                -- its place in the queue
    start_time          instant,
    end_time            instant,
    execution_duration  integer NOT NULL CHECK (execution_duration > 0),  -- seconds
    destruction         instant NOT NULL,
    worker              text COLLATE "C",           -- who runs it, or ran it last
    attempt             integer NOT NULL DEFAULT 0, -- how often it was started
    losses              integer NOT NULL DEFAULT 0, -- how often its worker was lost
    result_name         text COLLATE "C",           -- in the result store
    result_mime         text,
    result_size         bigint,                     -- bytes
    result_file         text,                       -- what to call it where it is saved
    error_message       text,
    error_type          text COLLATE "C" CHECK (error_type IN ('transient', 'fatal')),
    CHECK ((queue_time IS NOT NULL) OR phase IN ('PENDING', 'ABORTED')),
    CHECK ((phase = 'EXECUTING') <= (start_time IS NOT NULL AND worker IS NOT NULL)),
    CHECK ((end_time IS NOT NULL) = (phase IN ('COMPLETED', 'ERROR', 'ABORTED'))),
    CHECK ((phase = 'COMPLETED') = (num_nonnulls(result_name, result_mime, result_size, result_file) = 4)),
    CHECK ((phase IN ('ERROR', 'ABORTED')) = (num_nonnulls(error_message, error_type) = 2))
);
CREATE INDEX ON job (queue_time) WHERE phase = 'QUEUED';
CREATE INDEX ON job (client) WHERE phase IN ('QUEUED', 'EXECUTING');
CREATE INDEX ON job (worker) WHERE phase = 'EXECUTING';
CREATE INDEX ON job (client, creation_time);
CREATE INDEX ON job (destruction);

-- Whoever waits for a job, or runs it, hears of each change: `job_id phase`, or `job_id DELETED`.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('provtap_job', CASE WHEN TG_OP = 'DELETE' THEN OLD.job_id || ' DELETED'
                                          ELSE NEW.job_id || ' ' || NEW.phase END);
    RETURN NULL;
END $$;
CREATE TRIGGER tell AFTER INSERT OR DELETE OR UPDATE OF phase, destruction ON job
    FOR EACH ROW EXECUTE FUNCTION tell();
