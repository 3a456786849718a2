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

-- How far a row of the model is to be trusted: the least (rank, claimant) of all that was said about it. A
-- lesser one replaces the row, an equal one is merged with it, a greater one is passed over; so the rows
-- are the same whatever the order in which documents arrive.
CREATE TABLE trust (
    t_kind      text COLLATE "C" NOT NULL,  -- table of the model: provenance.entity, ...
    t_id        identifier NOT NULL,
    t_rank      smallint NOT NULL,          -- 0 its own record, 1 a product's header, 2 a mere mention
    t_claimant  text COLLATE "C" NOT NULL,  -- orders what is said with the same rank
    PRIMARY KEY (t_kind, t_id)
);

-- Digest of the record that an activity of rank 0 came from: the same again changes nothing, another
-- one is a conflict.
CREATE TABLE record (
    rec_activity_id   identifier PRIMARY KEY REFERENCES activity ON DELETE CASCADE,
    rec_sha256        text COLLATE "C" NOT NULL,
    rec_ingestion_id  bigint NOT NULL REFERENCES provext.ingestion
);

-- What each run wrote where: from wr_time on, who reads there reads that entity, until the next writing.
-- wr_external_id is what a file at this place is called by those who don't know who wrote it.
CREATE TABLE writing (
    wr_activity_id  identifier NOT NULL REFERENCES activity ON DELETE CASCADE,
    wr_entity_id    identifier NOT NULL REFERENCES entity ON DELETE CASCADE,
    wr_storage      role NOT NULL,
    wr_url          text COLLATE "C" NOT NULL,
    wr_time         instant NOT NULL,
    wr_external_id  identifier NOT NULL
);
CREATE UNIQUE INDEX writing_key ON writing (wr_activity_id, wr_entity_id, wr_storage, md5(wr_url));
CREATE INDEX ON writing (md5(wr_url), wr_storage, wr_time, wr_entity_id);
CREATE INDEX ON writing (wr_entity_id);

-- What each run said it used, by id (rd_told_id) or by place and time. rd_entity_id is what it is taken to
-- be today, and provenance.used the projection of this table: whenever a run is found to have written to a
-- place, the readings of that place are settled anew.
CREATE TABLE reading (
    rd_id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rd_activity_id  identifier NOT NULL REFERENCES activity ON DELETE CASCADE,
    rd_role         role,
    rd_told_id      identifier,
    rd_storage      role,
    rd_url          text COLLATE "C",
    rd_time         instant,
    rd_external_id  identifier,
    rd_entity_id    identifier REFERENCES entity,
    CHECK (num_nonnulls(rd_storage, rd_url, rd_time, rd_external_id)
           = CASE WHEN rd_told_id IS NULL THEN 4 ELSE 0 END)
);
CREATE UNIQUE INDEX reading_key ON reading (rd_activity_id, rd_role, rd_told_id, rd_storage, md5(rd_url))
    NULLS NOT DISTINCT;
CREATE INDEX ON reading (md5(rd_url), rd_storage, rd_time) WHERE rd_url IS NOT NULL;
CREATE INDEX ON reading (rd_entity_id);
CREATE INDEX unsettled ON reading (rd_id) WHERE rd_entity_id IS NULL;

-- The software environments in full; the published entity tells only a part.
CREATE TABLE environment (
    en_entity_id  identifier PRIMARY KEY REFERENCES entity ON DELETE CASCADE,
    en_content    jsonb NOT NULL
);
