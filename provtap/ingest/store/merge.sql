-- Statements of merge.py. Each processes all rows of one class of records, so that a document needs only a
-- few round trips, whatever its size: {rows} is a parameter or a temporary table with the rows (staging.py).
-- {table}, {key}, {columns} ... are filled in from the classes in model/records.py, never from a source.

-- name: join
-- The lowest (rank, claimant) of the given and the stored claims becomes the row; equal ones are merged, each
-- column by an aggregate that does not depend on the order.
--
-- Example for provenance.entity, with four of its columns:
--   stored   e1, DatasetEntity, old, null; its trust is (3, ''): so far it was only mentioned
--   given    (2, '') e1, DatasetEntity, b.fits, null
--            (2, '') e1, DatasetEntity, a.fits, 7
--   claims   the two given rows, and (3, '') e1, DatasetEntity, old, null
--   ranked   trust_order is 1 for the given rows, and 3 for the stored row
--   best     (2, '') e1, ValueEntity, a.fits, 7: a thing with a value is a ValueEntity; the least name wins
--   trusted  the row of e1 in provtap.trust becomes (2, '')
--   cleared  nothing: only (0, ''), the trust in a record of its own, is written as no row
--   joined   the row of e1 becomes e1, ValueEntity, a.fits, 7
--   result   new 0, updated 1, unchanged 0, stubs 0, described null,
--            contradictions: e1 has two values of e_name; a.fits was kept
WITH given AS (
    SELECT rank, claimant, {columns} FROM {rows} AS given
), claims AS (
    SELECT * FROM given
    UNION ALL
    SELECT coalesce(t_rank, 0), coalesce(t_claimant, ''), {columns}
      FROM {table} LEFT JOIN provtap.trust ON t_kind = '{table}' AND t_id = {key}
     WHERE {key} IN (SELECT {key} FROM given)
), ranked AS (
    SELECT *, rank() OVER (PARTITION BY {key} ORDER BY claims.rank, claimant) AS trust_order
      FROM claims
), best AS MATERIALIZED (
    SELECT min(ranked.rank) AS rank, min(claimant) FILTER (WHERE trust_order = 1) AS claimant, {merged}
      FROM ranked
     GROUP BY {key}
), trusted AS (
    INSERT INTO provtap.trust AS held (t_kind, t_id, t_rank, t_claimant)
    SELECT '{table}', {key}, rank, claimant FROM best WHERE (rank, claimant) <> (0, '')
        ON CONFLICT (t_kind, t_id) DO UPDATE SET t_rank = excluded.t_rank, t_claimant = excluded.t_claimant
     WHERE (held.t_rank, held.t_claimant) <> (excluded.t_rank, excluded.t_claimant)
), cleared AS (
    DELETE FROM provtap.trust USING best
     WHERE t_kind = '{table}' AND t_id = {key} AND (rank, claimant) = (0, '')
), joined AS (
    INSERT INTO {table} AS held ({columns})
    SELECT {columns} FROM best
        ON CONFLICT ({key}) DO UPDATE SET ({columns}) = ROW ({excluded}){also}
     WHERE ROW ({held}) IS DISTINCT FROM ROW ({excluded})
    RETURNING {key} AS id, xmax = 0 AS new
)
SELECT count(*) FILTER (WHERE new) AS new,
       count(*) FILTER (WHERE NOT new) AS updated,
       {new_ids} AS new_ids,
       {updated_ids} AS updated_ids,
       (SELECT count(*) FROM best) - count(*) AS unchanged,
       (SELECT count(*) FROM best WHERE rank = ANY (ARRAY[{stubs}]::smallint[])) AS stubs,
       {stub_ids} AS stub_ids,
       (SELECT array_agg({key}::text) FROM best WHERE rank < 0) AS described,
       (SELECT json_agg(line ORDER BY line)
          FROM (SELECT concat({key}, ' has two values of ', name, '; ', least, ' was kept') AS line
                  FROM (SELECT {key}, ARRAY[{contradicted}] AS names, ARRAY[{values}] AS leasts
                          FROM ranked
                         WHERE trust_order = 1 AND rank = 2
                         GROUP BY {key}) AS claimed,
                       unnest(names, leasts) AS contradicted (name, least)
                 WHERE name IS NOT NULL) AS lines) AS contradictions
  FROM joined;

-- name: add
-- The rows of these tables are a set, so they can't contradict each other.
INSERT INTO {table} ({columns})
SELECT {columns} FROM {rows} AS given
    ON CONFLICT DO NOTHING;

-- name: add_shared
-- Like `add`, with the ids of the new rows.
WITH added AS (
    INSERT INTO {table} ({columns})
    SELECT {columns} FROM {rows} AS given
        ON CONFLICT DO NOTHING
    RETURNING {id} AS id
)
SELECT count(*) AS new, json_agg(id) AS ids FROM added;

-- name: make_collections
-- An entity with members is a collection, whatever other records say; a collection has no value.
UPDATE provenance.entity SET e_class = 'Collection', e_value = NULL
 WHERE e_class <> 'Collection'
   AND e_id IN (SELECT hm_collection_id FROM {rows} AS given);
