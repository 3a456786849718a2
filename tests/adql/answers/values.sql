-- Moments beside texts, in every way of comparing
SELECT a_id FROM provenance.activity WHERE a_starttime BETWEEN '2020-01-01' AND a_endtime
AND '2100-01-01T00:00:00Z' > a_endtime AND COALESCE(a_endtime, a_starttime) IN ('2020-01-01', a_endtime)
AND NULLIF(a_starttime, '2020-01-01 12:00:00.5') IS NOT NULL;
SELECT a_id FROM provenance.activity WHERE a_starttime <= a_endtime

-- The text of a moment
SELECT a_id FROM provenance.activity WHERE CAST(a_starttime AS VARCHAR(10)) || 'T' < (a_starttime) || 'x';
SELECT a_id FROM provenance.activity WHERE a_starttime IS NOT NULL

-- BETWEEN on texts, and on CASE
SELECT r_activity_id FROM provext.run WHERE r_status BETWEEN 'a' AND 'e'
AND CASE WHEN r_exitcode = 0 THEN 1 ELSE 0 END BETWEEN 0.5 AND 1.5;
SELECT r_activity_id FROM provext.run WHERE r_status >= 'a' AND r_status <= 'e' AND r_exitcode = 0

-- Every kind of number from a number
SELECT CAST(r_duration AS INTEGER), CAST(r_duration AS SMALLINT), CAST(r_duration AS REAL), CAST(r_duration AS VARCHAR(4)),
CAST(r_exitcode AS CHAR(5)), CAST(r_exitcode AS BIGINT), CAST(r_exitcode AS DOUBLE PRECISION) / 4 FROM provext.run;
SELECT r_duration::int, r_duration::smallint, r_duration::real, left(r_duration::text, 4), rpad(r_exitcode::text, 5),
r_exitcode, r_exitcode / 4.0 FROM provext.run

-- Units
SELECT IN_UNIT(r_duration, 'ms'), IN_UNIT(r_duration, 'h'), IN_UNIT(r_duration + r_duration, 'min') FROM provext.run;
SELECT r_duration * 1000, r_duration / 3600, r_duration / 30 FROM provext.run

-- NULL wherever a value can be
SELECT NULL AS a, (NULL) || 'a' AS b, COALESCE(NULL, NULL) AS c, CASE WHEN 1 = 1 THEN NULL END AS d,
CAST(NULL AS INTEGER) AS e, MIN(NULL) AS f, COUNT(NULL) AS g FROM provenance.activity
WHERE NOT (NULL = NULL) OR NULL IN (NULL, a_name) OR NULL LIKE NULL OR NULL IS NULL;
SELECT NULL, NULL, NULL, NULL, NULL, NULL, 0

-- Names in every case, and comments
select A.a_NAME as "größe µ" -- 'a comment'
from PROVENANCE."activity" "A" where "A".A_Name like 'cta%' -- ends here;
SELECT a_name FROM provenance.activity WHERE a_name LIKE 'cta%'

-- An alias that is the name of another column
SELECT -r_duration AS r_duration, r_status AS r_exitcode FROM provext.run ORDER BY r_duration, 2;
SELECT -r_duration, r_status FROM provext.run ORDER BY 1, 2

-- Places on the sky without a table of them
SELECT COUNT(*) AS n, DISTANCE(POINT(0, 0), POINT(90, 0)) AS d, COORD2(POINT('ICRS', 12.5, -3)) AS lat
FROM provenance.activity WHERE 1 = CONTAINS(POINT('ICRS', 83.6, 22.0), CIRCLE('ICRS', 83.633, 22.0145, 0.5));
SELECT count(*), 90, -3 FROM provenance.activity
