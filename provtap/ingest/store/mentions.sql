-- Statements of mentions.py.

-- name: keep_mentions
-- Only the first document of each statement. In the order of the index, which then is read once.
INSERT INTO provtap.mention (mn_key, mn_content, mn_ingestion_id)
SELECT key, content, ingestion
  FROM unnest(%(keys)s::bigint[], %(contents)s::bigint[], %(ingestions)s::bigint[]) AS given (key, content, ingestion)
 ORDER BY 1, 2
    ON CONFLICT DO NOTHING;
