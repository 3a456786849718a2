-- name: create
INSERT INTO provtap.token (tk_id, tk_name, tk_sha256, tk_scopes, tk_expires)
VALUES (%(id)s, %(name)s, %(sha256)s, %(scopes)s, %(expires)s);

-- name: tokens
SELECT tk_id, tk_name, tk_scopes, tk_created, tk_expires, tk_revoked, qt_bytes, qt_jobs
  FROM provtap.token
  LEFT JOIN provtap.quota ON qt_name = tk_name
 ORDER BY tk_created, tk_id;

-- name: set_quota
INSERT INTO provtap.quota (qt_name, qt_bytes, qt_jobs) VALUES (%(name)s, %(bytes)s, %(jobs)s)
    ON CONFLICT (qt_name) DO UPDATE SET (qt_bytes, qt_jobs) = ROW (excluded.qt_bytes, excluded.qt_jobs);

-- name: revoke
-- Rows are kept, for the list of tokens.
UPDATE provtap.token
   SET tk_revoked = now()
 WHERE (tk_id = %(name_or_id)s OR tk_name = %(name_or_id)s)
   AND tk_revoked IS NULL AND (tk_expires IS NULL OR tk_expires > now());

-- name: valid
SELECT tk_name, tk_sha256, tk_scopes
  FROM provtap.token
 WHERE tk_id = %(id)s AND tk_revoked IS NULL AND (tk_expires IS NULL OR tk_expires > now());
