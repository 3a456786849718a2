-- What is needed to read a document again exactly as it was read, and what is told of an ingestion afterwards.

SET LOCAL search_path = provtap, provenance;

-- What local paths were called elsewhere (--map, --catalogue), by the digest that provtap.document names.
CREATE TABLE places (
    pl_digest   text COLLATE "C" PRIMARY KEY CHECK (pl_digest ~ '^[0-9a-f]{64}$'),
    pl_content  jsonb NOT NULL
);

ALTER TABLE provext.ingestion
    ADD COLUMN in_stubs bigint NOT NULL DEFAULT 0,
    ADD COLUMN in_conflicts bigint NOT NULL DEFAULT 0,
    ADD COLUMN in_undone instant;
