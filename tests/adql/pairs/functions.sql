-- Numbers, texts and timestamps become each other by PostgreSQL's own casts
SELECT CAST(k_double AS INTEGER), CAST(k_int AS VARCHAR), CAST(k_text AS SMALLINT) FROM kinds;
SELECT t1."k_double"::double precision::integer AS c1, t1."k_int"::text AS c2,
    provext.numeral(t1."k_text"::text)::smallint AS c3
FROM "lab"."kinds" AS t1;

-- A decimal literal is rounded as a column of doubles is
SELECT CAST(2.5 AS BIGINT), CAST(25e-1 AS REAL) FROM kinds;
SELECT 2::bigint AS c1, 25e-1::double precision::real AS c2
FROM "lab"."kinds" AS t1;

-- Texts are cut, or filled up with blanks; a timestamp has its T
SELECT CAST(k_time AS VARCHAR(10)), CAST(k_text AS CHAR(4)), CAST(k_double AS CHAR) FROM kinds;
SELECT left(replace(t1."k_time"::text, ' ', 'T'), 10) AS c1, rpad(t1."k_text"::text, 4) AS c2,
    replace(replace(t1."k_double"::text, '-Infinity', '-Inf'), 'Infinity', '+Inf') AS c3
FROM "lab"."kinds" AS t1;

-- A literal is a timestamp at once, any other text by a function that is as strict
SELECT CAST('2026-01-31' AS TIMESTAMP), CAST(k_text AS TIMESTAMP) FROM kinds;
SELECT '2026-01-31T00:00:00'::timestamp AS c1, provext.to_timestamp(t1."k_text"::text) AS c2
FROM "lab"."kinds" AS t1;

-- COALESCE and NULLIF
SELECT COALESCE(k_int, 0), COALESCE(k_time, '2026-01-01'), NULLIF(k_text, '') FROM kinds;
SELECT (COALESCE(t1."k_int", 0))::integer AS c1, (COALESCE(t1."k_time",
    '2026-01-01T00:00:00'::timestamp))::timestamp AS c2, (NULLIF(t1."k_text", ''))::text AS c3
FROM "lab"."kinds" AS t1;

-- Both forms of CASE
SELECT CASE WHEN k_int > 1 OR k_text IS NULL THEN 1 ELSE 0 END, CASE k_text WHEN 'one' THEN k_int END FROM kinds;
SELECT (CASE WHEN t1."k_int" > 1 OR t1."k_text" IS NULL THEN 1 ELSE 0 END)::integer AS c1, (CASE t1."k_text"
    WHEN 'one' THEN t1."k_int" END)::integer AS c2
FROM "lab"."kinds" AS t1;

-- Case is folded by the collation of the database, order is that of C
SELECT LOWER(k_text) FROM kinds ORDER BY UPPER(k_text);
SELECT (lower(t1."k_text"::text COLLATE "default") COLLATE "C") AS c1
FROM "lab"."kinds" AS t1
ORDER BY (upper(t1."k_text"::text COLLATE "default") COLLATE "C");

-- ILIKE has no escape character either
SELECT k_int FROM kinds WHERE k_text NOT ILIKE 'a%';
SELECT t1."k_int"::integer AS c1
FROM "lab"."kinds" AS t1
WHERE t1."k_text"::text COLLATE "default" NOT ILIKE 'a%'::text COLLATE "default" ESCAPE '';

-- A factor between units is known before the query runs; below 1 it is a quotient, which is exact
SELECT IN_UNIT(k_int, 'ms'), IN_UNIT(k_int, 'h') FROM kinds;
SELECT (t1."k_int" * 1000.0::double precision)::double precision AS c1, (t1."k_int" / 3600.0::double
    precision)::double precision AS c2
FROM "lab"."kinds" AS t1;
