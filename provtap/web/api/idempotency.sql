-- Statements of idempotency.py.

-- name: answered
SELECT ar_sha256, ar_status, ar_answer
  FROM provtap.answered_request
 WHERE ar_owner = %(owner)s AND ar_key = %(key)s;

-- name: keep
-- Of two simultaneous requests with the same key, the first to commit determines the response; the other
-- waits here.
INSERT INTO provtap.answered_request (ar_owner, ar_key, ar_sha256, ar_status, ar_answer)
VALUES (%(owner)s, %(key)s, %(sha256)s, %(status)s, %(answer)s)
    ON CONFLICT DO NOTHING;

-- name: forget
DELETE FROM provtap.answered_request
 WHERE ar_time < now() - make_interval(days => %(days)s);
