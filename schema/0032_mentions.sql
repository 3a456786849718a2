-- The documents that speak of each thing, so that what was known on a date about one thing is read from a few documents
-- (provtap/history).
SET LOCAL search_path = provtap;

-- One row for each thing, place, checksum or description and each different statement about it: what a million
-- documents repeat has one row, with the first of them. Digests instead of texts: a row takes 60 bytes with its index,
-- and two texts with the same digest only cost the reading of a document too many.
CREATE TABLE mention (
    mn_key           bigint NOT NULL,
    mn_content       bigint NOT NULL,  -- of the statement
    mn_ingestion_id  bigint NOT NULL,
    PRIMARY KEY (mn_key, mn_content)
);

-- The last document of a store that was filled before this table existed: `provtap reingest` finds their mentions.
CREATE TABLE mention_gap (
    mg_ingestion_id  bigint NOT NULL
);
INSERT INTO mention_gap SELECT max(doc_ingestion_id) FROM document HAVING count(*) > 0;

-- Which documents had arrived by a time.
CREATE INDEX ingestion_time ON provext.ingestion (in_time);
-- SQL scripts, whose rows are no records with mentions.
CREATE INDEX document_script ON document (doc_ingestion_id) WHERE doc_format = 'sql';
