-- Positions, names and equal expressions mean output columns
SELECT k_int AS n, k_int + 1 FROM kinds ORDER BY 2 DESC, n, k_int + 1, kinds.k_int;
SELECT t1."k_int"::integer AS c1, (t1."k_int" + 1)::integer AS c2
FROM "lab"."kinds" AS t1
ORDER BY c2 DESC, c1, c2, c1;

-- Anything else is an expression of its own
SELECT k_int AS n FROM kinds ORDER BY -n, k_text;
SELECT t1."k_int"::integer AS c1
FROM "lab"."kinds" AS t1
ORDER BY - t1."k_int", t1."k_text";

-- TOP and OFFSET
SELECT DISTINCT TOP 5 k_int FROM kinds ORDER BY k_int OFFSET 10;
SELECT DISTINCT t1."k_int"::integer AS c1
FROM "lab"."kinds" AS t1
ORDER BY c1
LIMIT 5 OFFSET 10;

-- An order outside of brackets is that of what they hold
(SELECT TOP 5 k_int FROM kinds ORDER BY k_long) ORDER BY k_int;
SELECT t2."c1"::integer AS c1
FROM (SELECT t1."k_int"::integer AS c1
FROM "lab"."kinds" AS t1
ORDER BY t1."k_long"
LIMIT 5) AS t2
ORDER BY c1;

-- A literal is never taken for a position
SELECT k_int FROM kinds ORDER BY 'a', 1.5;
SELECT t1."k_int"::integer AS c1
FROM "lab"."kinds" AS t1
ORDER BY 'a'::text, 1.5::double precision;

-- Groups
SELECT k_text, MAX(k_int) - MIN(k_int) AS spread FROM kinds GROUP BY k_text HAVING COUNT(*) > 1 ORDER BY spread;
SELECT t1."k_text"::text AS c1, (max(t1."k_int") - min(t1."k_int"))::integer AS c2
FROM "lab"."kinds" AS t1
GROUP BY t1."k_text"
HAVING count(*) > 1
ORDER BY c2;
