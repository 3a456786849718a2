-- name: announce
-- At most one is open. Without a new start, a current one keeps its start, and an announced one begins now.
INSERT INTO provtap.maintenance (mt_note, mt_start, mt_until)
VALUES (%(note)s, coalesce(%(start)s, now()), %(until)s)
ON CONFLICT ((true)) WHERE mt_ended IS NULL DO UPDATE
   SET mt_note = excluded.mt_note, mt_until = excluded.mt_until,
       mt_start = coalesce(%(start)s, least(maintenance.mt_start, now()))
RETURNING mt_note, mt_start, mt_until, mt_ended;

-- name: end
-- One that never began is deleted, because the service was not closed.
WITH forgotten AS (
    DELETE FROM provtap.maintenance WHERE mt_ended IS NULL AND mt_start > now() RETURNING 1
), ended AS (
    UPDATE provtap.maintenance SET mt_ended = now() WHERE mt_ended IS NULL AND mt_start <= now() RETURNING 1
)
SELECT 1 FROM forgotten UNION ALL SELECT 1 FROM ended;

-- name: latest
SELECT mt_note, mt_start, mt_until, mt_ended
  FROM provtap.maintenance
 ORDER BY mt_ended DESC NULLS FIRST
 LIMIT 1;
