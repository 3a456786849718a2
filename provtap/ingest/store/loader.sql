-- Statements of loader.py.

-- name: conflicting_activities
-- Activities stored from another record than that of this load, and both sites.
SELECT rec_activity_id, record.rec_ingestion_id AS stored_ingestion,
       regexp_replace(stored.doc_site, ' [0-9a-f]{64}$', '') AS stored_site,
       regexp_replace(now.doc_site, ' [0-9a-f]{64}$', '') AS site
  FROM provtap.record
  JOIN json_populate_recordset(NULL::provtap.record, %(rows)s::json) AS given USING (rec_activity_id)
  LEFT JOIN provtap.document AS stored ON stored.doc_ingestion_id = record.rec_ingestion_id
  LEFT JOIN provtap.document AS now ON now.doc_ingestion_id = coalesce(given.rec_ingestion_id, %(ingestion)s)
 WHERE record.rec_sha256 <> given.rec_sha256
 ORDER BY rec_activity_id;

-- name: keep_records
INSERT INTO provtap.record (rec_activity_id, rec_sha256, rec_ingestion_id)
SELECT rec_activity_id, rec_sha256, coalesce(rec_ingestion_id, %(ingestion)s)
  FROM json_populate_recordset(NULL::provtap.record, %(rows)s::json)
    ON CONFLICT DO NOTHING;

-- name: both_kinds
-- Ids of both an entity and an activity (PROV-CONSTRAINTS 1.0, constraint 54).
SELECT id
  FROM json_array_elements_text(%(entities)s::json) AS given (id)
 WHERE id IN (SELECT json_array_elements_text(%(activities)s::json))
    OR EXISTS (SELECT FROM provenance.activity WHERE a_id = id)
UNION ALL
SELECT id
  FROM json_array_elements_text(%(activities)s::json) AS given (id)
 WHERE EXISTS (SELECT FROM provenance.entity WHERE e_id = id)
 ORDER BY id
 LIMIT 1;

-- name: empty
DELETE FROM {table};
