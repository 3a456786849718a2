-- prov_number in the form that its index has
SELECT prov_number(k_text) FROM kinds WHERE PROV_NUMBER(k_text) > 5;
SELECT provext.prov_number(t1."k_text"::text) AS c1
FROM "lab"."kinds" AS t1
WHERE provext.prov_number(t1."k_text"::text) > 5;

-- A function that answers 1 or 0 is a condition where it is compared with these
SELECT ivo_hashlist_has(k_text, 'a') FROM kinds WHERE gavo_match('^a', k_text) = 1 AND 0 = ivo_nocasematch(k_text, 'B%');
SELECT provext.hashlist_has(t1."k_text"::text, 'a'::text)::integer AS c1
FROM "lab"."kinds" AS t1
WHERE (t1."k_text"::text COLLATE "default" ~ '^a'::text COLLATE "default") AND NOT (t1."k_text"::text COLLATE
    "default" ILIKE 'B%'::text COLLATE "default" ESCAPE '');

-- Words and intervals
SELECT k_int FROM kinds WHERE ivo_hasword(k_text, 'one') = 1 OR ivo_interval_overlaps(k_int, k_long, 1, 2) <> 0;
SELECT t1."k_int"::integer AS c1
FROM "lab"."kinds" AS t1
WHERE (to_tsvector('simple', provext.words(t1."k_text"::text)) @@ plainto_tsquery('simple',
    provext.words('one'::text))) OR provext.interval_overlaps(t1."k_int"::double precision,
    t1."k_long"::double precision, 1::double precision, 2::double precision);

-- Julian dates
SELECT ivo_to_mjd(k_time), ivo_to_jd('2000-01-01T12:00:00') FROM kinds;
SELECT (extract(epoch FROM t1."k_time"::timestamp) / 86400 + 40587)::double precision AS c1, (extract(epoch
    FROM '2000-01-01T12:00:00'::timestamp) / 86400 + 2440587.5)::double precision AS c2
FROM "lab"."kinds" AS t1;

-- Texts of a group, whatever was no text before
SELECT k_int, ivo_string_agg(k_double, ', ') FROM kinds GROUP BY k_int HAVING ivo_string_agg(k_text, '') = 'one';
SELECT t1."k_int"::integer AS c1, string_agg(replace(replace(t1."k_double"::text, '-Infinity', '-Inf'),
    'Infinity', '+Inf'), ', '::text) AS c2
FROM "lab"."kinds" AS t1
GROUP BY t1."k_int" HAVING string_agg(t1."k_text"::text, ''::text) = 'one';
