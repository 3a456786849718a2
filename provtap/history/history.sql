-- Statements of archive.py and answer.py.

-- name: arrived
-- The last of the documents that had arrived by a time. A document waits for the one before it, so that its time may be
-- a little earlier than that of the one with the lower number.
SELECT coalesce((SELECT min(in_id) - 1
                   FROM (SELECT in_id FROM provext.ingestion
                          WHERE in_time > %(time)s ORDER BY in_time LIMIT 1000) AS later),
                (SELECT max(in_id) FROM provext.ingestion), 0) AS last,
       (SELECT in_time FROM provext.ingestion ORDER BY in_id LIMIT 1) AS first_time,
       (SELECT mg_ingestion_id FROM provtap.mention_gap) AS gap;

-- name: undone
-- How many documents had arrived by then, and were undone later: their content is not kept.
SELECT count(*) AS number FROM provext.ingestion WHERE in_undone > %(time)s AND in_id <= %(last)s;

-- name: mentions
SELECT mn_key AS key, mn_content AS content, mn_ingestion_id AS ingestion
  FROM provtap.mention
 WHERE mn_key = ANY (%(keys)s::bigint[]) AND mn_ingestion_id <= %(last)s;

-- name: first_mention
-- When the first document that spoke of something arrived.
SELECT min(in_time) AS time
  FROM provtap.mention JOIN provext.ingestion ON in_id = mn_ingestion_id
 WHERE mn_key = ANY (%(keys)s::bigint[]);

-- name: sizes
SELECT coalesce(sum(octet_length(doc_content)), 0)::bigint AS bytes
  FROM provtap.document
 WHERE doc_ingestion_id = ANY (%(ingestions)s::bigint[]);

-- name: scripts
SELECT doc_ingestion_id AS ingestion, coalesce(sum(octet_length(dp_content)), 0)::bigint AS bytes
  FROM provtap.document LEFT JOIN provtap.document_piece ON dp_ingestion_id = doc_ingestion_id
 WHERE doc_format = 'sql' AND doc_ingestion_id <= %(last)s
 GROUP BY doc_ingestion_id
 ORDER BY doc_ingestion_id;

-- name: recorded
-- The record of each activity that counts: that of its first document.
SELECT rec_activity_id AS id, rec_sha256 AS sha256
  FROM provtap.record
 WHERE rec_activity_id = ANY (%(ids)s::text[]);

-- name: clashes
SELECT a_id AS id FROM provenance.activity WHERE a_id = ANY (%(entities)s::text[])
UNION ALL
SELECT e_id FROM provenance.entity WHERE e_id = ANY (%(activities)s::text[]);

-- name: products
-- The entities of data products of observations, which are no documents.
SELECT pr_publisher_did AS did, pr_entity_id AS id
  FROM provext.product
 WHERE pr_publisher_did = ANY (%(names)s::text[]);

-- name: rows
-- Rows of a table that no document has.
SELECT coalesce(json_agg(held), '[]')::text AS rows FROM {table} AS held WHERE {condition};

-- name: copy
INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::{table}, %(rows)s::json);

-- name: quick
-- Each table has few rows, and PostgreSQL has no statistics of them.
SET LOCAL enable_seqscan = off;
