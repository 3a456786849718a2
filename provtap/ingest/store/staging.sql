-- Pieces and statements of staging.py. {table}, {columns} ... are filled in from the classes in model/records.py.

-- name: records
json_populate_recordset(NULL::{table}, %(rows)s::json)

-- name: claims
(SELECT (claim ->> 'rank')::smallint AS rank, claim ->> 'claimant' COLLATE "C" AS claimant, made.*
   FROM json_array_elements(%(rows)s::json) AS claim, json_populate_record(NULL::{table}, claim) AS made)

-- name: own_claims
(SELECT {trust}, made.* FROM json_populate_recordset(NULL::{table}, %(rows)s::json) AS made)

-- name: trust
0::smallint AS rank, ''::text COLLATE "C" AS claimant

-- name: stage
CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA;

-- name: analyze
ANALYZE {staged};

-- name: unstage
DROP TABLE {staged};
