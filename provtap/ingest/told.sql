-- What is asked of the documents that were kept.

-- name: document_of
-- The bytes of one ingestion, and how they are to be read.
SELECT doc_content, doc_format, doc_site
  FROM provtap.document
 WHERE doc_ingestion_id = %(ingestion)s;
