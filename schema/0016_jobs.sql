-- What the files that came with a job take on disk, and where its client found the service: its worker, which
-- may be set up for another address or none, writes links into the result.

SET LOCAL search_path = uws;

ALTER TABLE job
    ADD COLUMN upload_size bigint NOT NULL DEFAULT 0,  -- bytes, also of files that others replaced
    ADD COLUMN base_url text;                          -- NULL: created before there was this column
