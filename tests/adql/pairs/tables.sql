-- Joins keep their shape
SELECT 1 FROM kinds AS k LEFT OUTER JOIN (lab.other AS o JOIN odd ON o.k_int = odd.twice) ON k.k_int = o.k_int, attic.other AS x;
SELECT 1::integer AS c1
FROM "lab"."kinds" AS t1
LEFT JOIN ("lab"."other" AS t2
INNER JOIN "lab"."Odd" AS t3 ON t2."k_int" = t3."twice") ON t1."k_int" = t2."k_int", "attic"."other" AS t4;

-- USING merges: the left column for a LEFT join
SELECT k_int FROM kinds LEFT JOIN lab.other USING (k_int);
SELECT t1."k_int"::integer AS c1
FROM "lab"."kinds" AS t1
LEFT JOIN "lab"."other" AS t2 ON t1."k_int" = t2."k_int";

-- USING merges: the first that is not NULL for a FULL join
SELECT k_int FROM kinds FULL JOIN lab.other USING (k_int) GROUP BY k_int;
SELECT (COALESCE(t1."k_int", t2."k_int"))::integer AS c1
FROM "lab"."kinds" AS t1
FULL JOIN "lab"."other" AS t2 ON t1."k_int" = t2."k_int"
GROUP BY COALESCE(t1."k_int", t2."k_int");

-- NATURAL joins by the columns of one name; without any, all pairs
SELECT 1 FROM kinds NATURAL RIGHT JOIN lab.other NATURAL JOIN odd;
SELECT 1::integer AS c1
FROM "lab"."kinds" AS t1
RIGHT JOIN "lab"."other" AS t2 ON t1."k_int" = t2."k_int"
INNER JOIN "lab"."Odd" AS t3 ON true;

-- Derived tables
SELECT q.n FROM (SELECT k_int AS n, COUNT(*) AS m FROM kinds GROUP BY k_int) AS q WHERE q.m > 1;
SELECT t2."c1"::integer AS c1
FROM (SELECT t1."k_int"::integer AS c1, count(*) AS c2
FROM "lab"."kinds" AS t1
GROUP BY t1."k_int") AS t2
WHERE t2."c2" > 1;
