-- Statements of backup.py and restore.py.

-- name: snapshot
SELECT pg_export_snapshot() AS id, now() AS time, current_setting('server_version') AS server;

-- name: may_export
SELECT has_function_privilege('pg_export_snapshot()', 'execute') AS export;

-- name: tables
SELECT format('%I.%I', schemaname, tablename) AS name
  FROM pg_tables
 WHERE schemaname IN ('provenance', 'provext', 'provtap', 'uws', 'ivoa', 'tap_schema')
 ORDER BY 1;

-- name: count
SELECT count(*) AS number FROM {table};

-- name: keep
INSERT INTO provtap.backup (bk_time, bk_place, bk_bytes) VALUES (%(time)s, %(place)s, %(bytes)s);

-- name: server
SELECT current_setting('server_version') AS version,
       (SELECT array_agg(lower(name)) FROM pg_settings) AS settings;

-- name: is_empty
SELECT to_regnamespace('provenance') IS NULL AND to_regnamespace('provtap') IS NULL AS is_empty;
