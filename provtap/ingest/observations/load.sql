-- Statements of load.py.

-- name: stage
CREATE TEMPORARY TABLE given_observation (LIKE provtap.observation INCLUDING DEFAULTS) ON COMMIT DROP;

-- name: merge
-- A new row has no updating transaction (xmax).
WITH merged AS (
    INSERT INTO provtap.observation AS held ({columns})
    SELECT {columns} FROM pg_temp.given_observation
        ON CONFLICT (obs_publisher_did) DO UPDATE SET ({columns}) = ROW ({given}), ob_time = now()
     WHERE ({held}) IS DISTINCT FROM ({given})
    RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS new, count(*) FILTER (WHERE NOT is_new) AS updated FROM merged;

-- name: linked
SELECT count(*) AS number FROM provext.product WHERE pr_publisher_did = ANY (%(dids)s::text[]);

-- name: remove
DELETE FROM provtap.observation WHERE obs_publisher_did = ANY (%(dids)s::text[]) RETURNING obs_publisher_did AS did;

-- name: some_dids
SELECT obs_publisher_did AS did FROM provtap.observation ORDER BY obs_publisher_did LIMIT 10000;
