-- Set operators rank as in ADQL; names and metadata are the left ones
SELECT k_int FROM kinds UNION SELECT k_int FROM lab.other INTERSECT SELECT k_int FROM attic.other;
(SELECT t1."k_int"::integer AS c1 FROM "lab"."kinds" AS t1)
UNION ((SELECT t2."k_int"::integer AS c1 FROM "lab"."other" AS t2)
INTERSECT (SELECT t3."k_int"::integer AS c1 FROM "attic"."other" AS t3));

-- Operands keep their own TOP, and are brought to one type
(SELECT TOP 1 k_short FROM kinds ORDER BY k_int) EXCEPT ALL SELECT k_long FROM kinds ORDER BY k_short DESC OFFSET 2;
(SELECT t3."c1"::bigint AS c1
FROM (SELECT t1."k_short"::smallint AS c1 FROM "lab"."kinds" AS t1 ORDER BY t1."k_int" LIMIT 1) AS t3)
EXCEPT ALL (SELECT t2."k_long"::bigint AS c1 FROM "lab"."kinds" AS t2)
ORDER BY c1 DESC OFFSET 2;

-- Ordered by an expression, a set becomes a table
SELECT k_int AS n FROM kinds UNION ALL SELECT k_int FROM lab.other ORDER BY ABS(n);
SELECT t3."c1"::integer AS c1
FROM ((SELECT t1."k_int"::integer AS c1 FROM "lab"."kinds" AS t1)
UNION ALL (SELECT t2."k_int"::integer AS c1 FROM "lab"."other" AS t2)) AS t3
ORDER BY abs(t3."c1"::double precision);

-- Common tables see those before them, and hide published ones
WITH q AS (SELECT k_int AS n FROM kinds), kinds AS (SELECT n + 1 AS m FROM q) SELECT q.n, m FROM q, kinds;
WITH w1 AS (SELECT t1."k_int"::integer AS c1 FROM "lab"."kinds" AS t1),
w2 AS (SELECT (t2."c1" + 1)::integer AS c1 FROM w1 AS t2)
SELECT t3."c1"::integer AS c1, t4."c1"::integer AS c2 FROM w1 AS t3, w2 AS t4;