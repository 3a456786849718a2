-- Operands of operators stand in brackets, signs after a blank
SELECT 1 - -k_int * (2 + k_int) FROM kinds;
SELECT (1 - ((- t1."k_int") * (2 + t1."k_int")))::integer AS c1
FROM "lab"."kinds" AS t1;

-- Only approximate literals have a cast: exact ones stay usable with any index
SELECT 1 FROM kinds WHERE k_double > 1.5 AND k_double < 2e3;
SELECT 1::integer AS c1
FROM "lab"."kinds" AS t1
WHERE t1."k_double" > 1.5 AND t1."k_double" < 2e3::double precision;

-- Texts are joined as a result would show them
SELECT k_text || k_int || k_time || k_double FROM kinds;
SELECT (t1."k_text"::text || t1."k_int"::text || replace(t1."k_time"::text, ' ', 'T')
    || replace(replace(t1."k_double"::text, '-Infinity', '-Inf'), 'Infinity', '+Inf'))::text AS c1
FROM "lab"."kinds" AS t1;

-- Quotes in texts are doubled, backslashes are characters
SELECT 'it''s \n' FROM kinds;
SELECT 'it''s \n'::text AS c1
FROM "lab"."kinds" AS t1;

-- Functions of double precision
SELECT LOG(k_int), LOG10(k_double), ATAN2(1, k_float) FROM kinds;
SELECT ln(t1."k_int"::double precision) AS c1, log10(t1."k_double"::double precision) AS c2,
    atan2(1::double precision, t1."k_float"::double precision) AS c3
FROM "lab"."kinds" AS t1;

-- Functions that PostgreSQL has for numeric only
SELECT MOD(k_int, 3), ROUND(k_double), TRUNCATE(k_double, -1) FROM kinds;
SELECT mod(t1."k_int"::numeric, 3::numeric)::double precision AS c1, round(provext.exact(t1."k_double"::double
    precision), 0)::double precision AS c2, trunc(provext.exact(t1."k_double"::double precision), -1)::double
    precision AS c3
FROM "lab"."kinds" AS t1;

-- Functions without argument; the seed of RAND means nothing
SELECT PI(), RAND(), RAND(5) FROM kinds;
SELECT pi() AS c1, random() AS c2, random() AS c3
FROM "lab"."kinds" AS t1;

-- Sums and averages of the declared type
SELECT SUM(k_int), SUM(k_long), AVG(k_int), SUM(k_float), COUNT(DISTINCT k_text), COUNT(*) FROM kinds;
SELECT sum(t1."k_int")::bigint AS c1, sum(t1."k_long")::bigint AS c2,
    avg(t1."k_int")::double precision AS c3,
    sum(t1."k_float"::double precision)::double precision AS c4, count(DISTINCT t1."k_text") AS c5,
    count(*) AS c6
FROM "lab"."kinds" AS t1;
