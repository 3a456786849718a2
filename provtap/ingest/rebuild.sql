-- Statements of rebuild.py.

-- name: all_documents
SELECT doc_ingestion_id AS ingestion, doc_format AS format, octet_length(doc_content) AS size
  FROM provtap.document
 ORDER BY doc_ingestion_id;

-- name: withdraw
DELETE FROM provtap.document WHERE doc_ingestion_id = %(ingestion)s;

-- name: ingestion
SELECT in_source AS source, in_undone AS undone FROM provext.ingestion WHERE in_id = %(ingestion)s;

-- name: mark_undone
UPDATE provext.ingestion SET in_undone = now() AT TIME ZONE 'UTC' WHERE in_id = %(ingestion)s;

-- name: remember
-- Digests of all published rows, to compare them with the rebuilt store.
CREATE TEMPORARY TABLE row_before ON COMMIT DROP AS {rows};

-- name: rows_of
SELECT '{table}' AS name, hashtextextended(held::text, 0) AS digest FROM {table} AS held

-- name: count_again
-- Triggers count inserted and changed rows, but not deleted ones (schema/0020).
SELECT provtap.count_again();

-- name: changes
SELECT name, sum(greatest(before - now, 0)) AS gone, sum(greatest(now - before, 0)) AS new
  FROM (SELECT name, digest, count(*) FILTER (WHERE known) AS before, count(*) FILTER (WHERE NOT known) AS now
          FROM (SELECT name, digest, true AS known FROM pg_temp.row_before
                 UNION ALL
                SELECT name, digest, false FROM ({rows}) AS held) AS digests
         GROUP BY name, digest) AS counted
 GROUP BY name
HAVING sum(abs(before - now)) > 0
 ORDER BY name;

-- name: analyze
ANALYZE {table};
