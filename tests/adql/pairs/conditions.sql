-- AND and OR are flat chains
SELECT 1 FROM kinds WHERE k_int = 1 AND k_int <> 2 AND (k_int != 3 OR NOT k_int >= 4);
SELECT 1::integer AS c1
FROM "lab"."kinds" AS t1
WHERE t1."k_int" = 1 AND t1."k_int" <> 2 AND (t1."k_int" <> 3 OR NOT (t1."k_int" >= 4));

-- BETWEEN, IN, IS NULL
SELECT 1 FROM kinds WHERE k_int NOT BETWEEN 1 AND 2 AND k_text IN ('a', 'b') AND k_int + 1 IS NOT NULL;
SELECT 1::integer AS c1
FROM "lab"."kinds" AS t1
WHERE t1."k_int" NOT BETWEEN 1 AND 2 AND t1."k_text" IN ('a', 'b') AND (t1."k_int" + 1) IS NOT NULL;

-- LIKE has no escape character
SELECT 1 FROM kinds WHERE k_text LIKE 'a\_%' OR k_text NOT LIKE '%b';
SELECT 1::integer AS c1
FROM "lab"."kinds" AS t1
WHERE t1."k_text" LIKE 'a\_%' ESCAPE '' OR t1."k_text" NOT LIKE '%b' ESCAPE '';

-- Text literals beside a timestamp are timestamps
SELECT 1 FROM kinds WHERE k_time >= '2026-01-01' AND '2026-02-01T00:00:00.5Z' NOT IN (k_time);
SELECT 1::integer AS c1
FROM "lab"."kinds" AS t1
WHERE t1."k_time" >= '2026-01-01T00:00:00'::timestamp
    AND '2026-02-01T00:00:00.500000'::timestamp NOT IN (t1."k_time");

-- Subqueries see the tables around them
SELECT 1 FROM kinds AS k WHERE EXISTS (SELECT * FROM lab.other AS o WHERE o.k_int = k.k_int) AND k_short IN (SELECT k_int FROM lab.other);
SELECT 1::integer AS c1
FROM "lab"."kinds" AS t1
WHERE EXISTS (SELECT t2."k_int"::integer AS c1
FROM "lab"."other" AS t2
WHERE t2."k_int" = t1."k_int") AND t1."k_short" IN (SELECT t3."k_int"::integer AS c1
FROM "lab"."other" AS t3);
