-- A point is an array of two numbers, a circle of three; the coordinate system is ignored
SELECT POINT('ICRS', s_ra, s_dec), CIRCLE(s_point, 0.5), s_circle FROM sky;
SELECT provext.place(ARRAY[t1."s_ra"::double precision, t1."s_dec"::double precision]) AS c1,
    provext.place(ARRAY[(t1."s_point")[1], (t1."s_point")[2], 0.5::double precision]) AS c2,
    t1."s_circle"::double precision[] AS c3
FROM "lab"."sky" AS t1;

-- The numbers of a point that is made are taken as they are
SELECT DISTANCE(s_point, POINT(10, 20)), DISTANCE(1, 2, 3, 4), COORD2(POINT(1, 2)), COORD1(s_point) FROM sky;
SELECT provext.distance((t1."s_point")[1], (t1."s_point")[2], 10::double precision, 20::double precision) AS
    c1, provext.distance(1::double precision, 2::double precision, 3::double precision, 4::double precision)
    AS c2, (provext.place(ARRAY[1::double precision, 2::double precision]))[2] AS c3, (t1."s_point")[1] AS c4
FROM "lab"."sky" AS t1;

-- A cone search: an index on the position serves, or one on the latitude, as PostgreSQL writes the function out
SELECT s_id FROM sky WHERE 1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(83.6, 22, 1e-1));
SELECT t1."s_id"::integer AS c1
FROM "lab"."sky" AS t1
WHERE provext.sky_position(t1."s_ra"::double precision, t1."s_dec"::double precision) <@ ANY
    (provext.cone_boxes(83.6::double precision, 22::double precision, 1e-1::double precision)) AND
    provext.contains(t1."s_ra"::double precision, t1."s_dec"::double precision, 0::double precision,
    83.6::double precision, 22::double precision, 1e-1::double precision);

-- The contrary, and where 1 or 0 is selected
SELECT INTERSECTS(s_circle, s_point) FROM sky WHERE CONTAINS(s_point, s_circle) = 0;
SELECT provext.intersects_or_null((t1."s_circle")[1], (t1."s_circle")[2], (t1."s_circle")[3],
    (t1."s_point")[1], (t1."s_point")[2], 0::double precision)::integer AS c1
FROM "lab"."sky" AS t1
WHERE NOT provext.contains_or_null((t1."s_point")[1], (t1."s_point")[2], 0::double precision,
    (t1."s_circle")[1], (t1."s_circle")[2], (t1."s_circle")[3]);

-- A distance below a number bounds the position and the latitude
SELECT s_id FROM sky WHERE DISTANCE(POINT(s_ra, s_dec), POINT(10, -20)) <= 0.5;
SELECT t1."s_id"::integer AS c1
FROM "lab"."sky" AS t1
WHERE t1."s_dec"::double precision BETWEEN -20.500000001 AND -19.499999999 AND
    provext.sky_position(t1."s_ra"::double precision, t1."s_dec"::double precision) <@ ANY
    (provext.cone_boxes(10::double precision, (- 20)::double precision, 0.5::double precision)) AND
    provext.distance(t1."s_ra"::double precision, t1."s_dec"::double precision, 10::double precision, (-
    20)::double precision) <= 0.5;

-- What is fixed comes second, where an index serves what comes first
SELECT s_id FROM sky WHERE INTERSECTS(CIRCLE(10, 20, 1), s_point) = 1;
SELECT t1."s_id"::integer AS c1
FROM "lab"."sky" AS t1
WHERE provext.sky_position((t1."s_point")[1], (t1."s_point")[2]) <@ ANY (provext.cone_boxes(10::double
    precision, 20::double precision, 1::double precision)) AND provext.intersects((t1."s_point")[1],
    (t1."s_point")[2], 0::double precision, 10::double precision, 20::double precision, 1::double precision);

-- A literal that spells a point
SELECT CAST('10 -20.5' AS POINT) FROM sky;
SELECT provext.place(ARRAY[10.0::double precision, -20.5::double precision]) AS c1
FROM "lab"."sky" AS t1;
