-- Private: what was received, as it was received, and what the loader must remember. The reader role
-- sees nothing of it.

CREATE SCHEMA IF NOT EXISTS provtap;
SET LOCAL search_path = provtap, provenance;

-- The source's bytes, unchanged. The same bytes from another site tell of other files.
CREATE TABLE document (
    doc_ingestion_id  bigint PRIMARY KEY REFERENCES provext.ingestion ON DELETE CASCADE,
    doc_sha256        text COLLATE "C" NOT NULL,
    doc_site          text COLLATE "C" NOT NULL,
    doc_format        text COLLATE "C" NOT NULL,
    doc_content       bytea NOT NULL,
    UNIQUE (doc_sha256, doc_site, doc_format)
);

-- How far a row of the model is to be trusted: the lowest rank that anything said about it. A statement
-- of lower rank replaces the row, one of the same rank is merged with it, one of higher rank is passed
-- over; so the rows are the same whatever the order in which documents arrive.
CREATE TABLE trust (
    t_kind  text COLLATE "C" NOT NULL,  -- table of the model: entity, activity, wasgeneratedby
    t_id    identifier NOT NULL,
    t_rank  smallint NOT NULL,          -- 0 its own record, 1 a product's header, 2 a mere mention
    PRIMARY KEY (t_kind, t_id)
);

-- Digest of the record that an activity of rank 0 came from: the same again changes nothing, another
-- one is a conflict.
CREATE TABLE record (
    rec_activity_id   identifier PRIMARY KEY REFERENCES activity ON DELETE CASCADE,
    rec_sha256        text COLLATE "C" NOT NULL,
    rec_ingestion_id  bigint NOT NULL REFERENCES provext.ingestion
);

-- What each run said it read, by path: the usages follow from it, anew whenever a producer of that path
-- becomes known. rd_product_id is the entity that the file's own header named.
CREATE TABLE reading (
    rd_activity_id  identifier NOT NULL REFERENCES activity ON DELETE CASCADE,
    rd_role         role,
    rd_storage      role NOT NULL,
    rd_url          text COLLATE "C" NOT NULL,
    rd_product_id   identifier,
    rd_entity_id    identifier REFERENCES entity  -- what it is taken to be today
);
CREATE UNIQUE INDEX reading_key ON reading (rd_activity_id, rd_role, rd_storage, md5(rd_url), rd_product_id)
    NULLS NOT DISTINCT;
CREATE INDEX ON reading USING hash (rd_url);
CREATE INDEX ON reading (rd_entity_id);

-- The software environments in full; the published entity tells only a part.
CREATE TABLE environment (
    en_entity_id  identifier PRIMARY KEY REFERENCES entity ON DELETE CASCADE,
    en_content    jsonb NOT NULL
);
