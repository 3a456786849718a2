-- Statements of loader.py.

-- name: conflicting_activities
-- Activities that are stored from another record than the one told now, and the site of either.
SELECT rec_activity_id, record.rec_ingestion_id AS kept_ingestion,
       regexp_replace(kept.doc_site, ' [0-9a-f]{64}$', '') AS kept_site,
       regexp_replace(now.doc_site, ' [0-9a-f]{64}$', '') AS site
  FROM provtap.record
  JOIN json_populate_recordset(NULL::provtap.record, %(rows)s::json) AS told USING (rec_activity_id)
  LEFT JOIN provtap.document AS kept ON kept.doc_ingestion_id = record.rec_ingestion_id
  LEFT JOIN provtap.document AS now ON now.doc_ingestion_id = coalesce(told.rec_ingestion_id, %(ingestion)s)
 WHERE record.rec_sha256 <> told.rec_sha256
 ORDER BY rec_activity_id;

-- name: keep_records
INSERT INTO provtap.record (rec_activity_id, rec_sha256, rec_ingestion_id)
SELECT rec_activity_id, rec_sha256, coalesce(rec_ingestion_id, %(ingestion)s)
  FROM json_populate_recordset(NULL::provtap.record, %(rows)s::json)
    ON CONFLICT DO NOTHING;

-- name: both_kinds
-- Ids that are an entity as well as an activity (PROV-CONSTRAINTS 1.0, constraint 54).
SELECT id
  FROM json_array_elements_text(%(entities)s::json) AS told (id)
 WHERE id IN (SELECT json_array_elements_text(%(activities)s::json))
    OR EXISTS (SELECT FROM provenance.activity WHERE a_id = id)
UNION ALL
SELECT id
  FROM json_array_elements_text(%(activities)s::json) AS told (id)
 WHERE EXISTS (SELECT FROM provenance.entity WHERE e_id = id)
 ORDER BY id
 LIMIT 1;
