-- The state of the store.

-- name: documents
-- The documents after one with a known number; numbers only grow.
SELECT count(*) AS number,
       coalesce(sum(length(in_warnings) - length(replace(in_warnings, E'\n', '')) + 1)
                FILTER (WHERE in_warnings <> ''), 0)::bigint AS warnings,
       max(in_id) AS last_id,
       max(in_time) AS last_time
  FROM provext.ingestion
 WHERE in_id > %(after)s;

-- name: backup
SELECT bk_time AS time, bk_place AS place, bk_bytes AS bytes FROM provtap.backup ORDER BY bk_time DESC LIMIT 1;

-- name: database
SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS size;

-- name: mention_gap
-- Whether documents came before their mentions were kept (schema/0032_mentions.sql).
SELECT mg_ingestion_id FROM provtap.mention_gap;
