-- Names come from the catalogue, in its spelling and in quotes
SELECT K_INT, Kinds.k_text FROM LAB.KINDS;
SELECT t1."k_int"::integer AS c1, t1."k_text"::text AS c2
FROM "lab"."kinds" AS t1;

-- Delimited names, and names that differ by case
SELECT "size", TWICE, "Twice", "a b", "q""q" FROM odd;
SELECT t1."size"::integer AS c1, t1."twice"::integer AS c2, t1."Twice"::integer AS c3,
    t1."a b"::integer AS c4, t1."q""q"::integer AS c5
FROM "lab"."Odd" AS t1;

-- An alias names the FIELD only; inside, columns are c1, c2
SELECT k.k_int AS "My ""int" FROM kinds AS k;
SELECT t1."k_int"::integer AS c1
FROM "lab"."kinds" AS t1;

-- An asterisk is spelt out, so that a new column never shows unasked
SELECT o.* FROM lab.other AS o;
SELECT t1."k_int"::integer AS c1
FROM "lab"."other" AS t1;
