-- Statements of transaction.py: the stored data of each ingestion.

-- name: lock
-- One document at a time: the store must not change between reading and writing. Released with the
-- transaction.
SELECT pg_advisory_xact_lock(hashtext('provtap.ingest'));

-- name: known_document
SELECT doc_ingestion_id
  FROM provtap.document
 WHERE doc_sha256 = %(sha256)s AND doc_site = %(site)s AND doc_format = %(format)s;

-- name: begin_ingestion
-- No row: the document is one of those that provtap forget rewrote.
INSERT INTO provext.ingestion (in_source, in_format, in_sha256, in_new, in_updated, in_unchanged)
SELECT %(source)s, %(format)s, %(sha256)s, 0, 0, 0
 WHERE NOT EXISTS (SELECT FROM provtap.forgotten_document WHERE fd_sha256 = %(sha256)s)
RETURNING in_id;

-- name: keep_document
INSERT INTO provtap.document (doc_ingestion_id, doc_sha256, doc_site, doc_format, doc_content)
VALUES (%(ingestion)s, %(sha256)s, %(site)s, %(format)s, %(content)s);

-- name: end_ingestion
UPDATE provext.ingestion
   SET in_new = %(new)s, in_updated = %(updated)s, in_unchanged = %(unchanged)s, in_stubs = %(stubs)s,
       in_conflicts = %(conflicts)s, in_warnings = %(warnings)s
 WHERE in_id = %(ingestion)s;
