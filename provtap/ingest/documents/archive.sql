-- Statements of archive.py: the documents as received.

-- name: keep_location_map
INSERT INTO provtap.places (pl_digest, pl_content) VALUES (%(digest)s, %(content)s)
    ON CONFLICT DO NOTHING;

-- name: documents
-- If a document was read with a location map, the digest of the map follows its site.
SELECT doc_ingestion_id, in_source, doc_format, doc_site, doc_content, digest, pl_content
  FROM provtap.document JOIN provext.ingestion ON in_id = doc_ingestion_id,
       substring(doc_site FROM ' ([0-9a-f]{64})$') AS digest
  LEFT JOIN provtap.places ON pl_digest = digest
 WHERE doc_ingestion_id = ANY (%(ingestions)s)
 ORDER BY doc_ingestion_id;
