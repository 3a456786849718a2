-- Statements of withdrawals.py.

-- name: time
-- Now, or just after the last change of these entities, because the clocks of machines differ.
SELECT greatest(clock_timestamp() AT TIME ZONE 'UTC',
                (SELECT max(w_time) + interval '1 microsecond' FROM provext.withdrawal
                  WHERE w_entity_id = ANY (%(ids)s::text[])),
                (SELECT max(rs_time) + interval '1 microsecond' FROM provtap.reinstatement
                  WHERE rs_entity_id = ANY (%(ids)s::text[]))) AS time;

-- name: not_withdrawn
-- Entities of this withdrawal that were already withdrawn.
SELECT min(mine.w_entity_id) AS id, count(*) - 1 AS others
  FROM provext.withdrawal AS mine
  JOIN provext.withdrawal AS other ON other.w_entity_id = mine.w_entity_id AND other.w_until = mine.w_time
 WHERE mine.w_activity_id = %(activity)s AND other.w_activity_id <> mine.w_activity_id
HAVING count(*) > 0;

-- name: not_reinstated
-- Entities of this reinstatement that were not withdrawn.
SELECT min(rs_entity_id) AS id, count(*) - 1 AS others
  FROM provtap.reinstatement
 WHERE rs_activity_id = %(activity)s
   AND NOT EXISTS (SELECT FROM provext.withdrawal WHERE w_entity_id = rs_entity_id AND w_until = rs_time)
HAVING count(*) > 0;

-- name: count_withdrawn
SELECT coalesce(array_agg(n_entity_id::text) FILTER (WHERE n_event = 'withdrawn'), '{}') AS entities,
       count(DISTINCT n_entity_id) FILTER (WHERE n_event = 'affected') AS affected
  FROM provext.notice
 WHERE n_activity_id = %(activity)s;

-- name: count_reinstated
SELECT coalesce(array_agg(n_entity_id::text) FILTER (WHERE n_event = 'reinstated'), '{}') AS entities,
       count(DISTINCT n_entity_id) FILTER (WHERE n_event = 'cleared') AS affected
  FROM provext.notice
  JOIN provext.withdrawal ON w_activity_id = n_activity_id AND w_entity_id = n_withdrawn_id
  JOIN provtap.reinstatement ON rs_entity_id = w_entity_id AND rs_time = w_until
 WHERE rs_activity_id = %(activity)s;
