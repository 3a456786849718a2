-- A bin of a histogram
SELECT FLOOR(r_duration / 10) * 10 AS bin, COUNT(*) AS n FROM provext.run GROUP BY FLOOR(r_duration / 10) ORDER BY bin;
SELECT floor(r_duration / 10) * 10, count(*) FROM provext.run GROUP BY floor(r_duration / 10) ORDER BY 1

-- Nights by modified Julian date
SELECT FLOOR(ivo_to_mjd(a_starttime)) AS night, COUNT(*) AS n, MIN(a_starttime) AS t FROM provenance.activity
GROUP BY FLOOR(ivo_to_mjd(a_starttime)) HAVING MAX(a_endtime) > '2020-01-01' ORDER BY night;
SELECT a_starttime::date - date '1858-11-17', count(*), min(a_starttime) FROM provenance.activity GROUP BY 1 ORDER BY 1

-- Years by the text of a moment
SELECT CAST(a_starttime AS CHAR(4)) AS y, COUNT(*) AS n FROM provenance.activity
GROUP BY CAST(a_starttime AS CHAR(4)) ORDER BY y;
SELECT to_char(a_starttime, 'YYYY'), count(*) FROM provenance.activity GROUP BY 1 ORDER BY 1

-- States by CASE
SELECT CASE WHEN r_exitcode = 0 THEN 'good' WHEN r_exitcode IS NULL THEN 'none' ELSE 'bad' END AS state, COUNT(*) AS n
FROM provext.run GROUP BY CASE WHEN r_exitcode = 0 THEN 'good' WHEN r_exitcode IS NULL THEN 'none' ELSE 'bad' END
ORDER BY n DESC, state;
SELECT CASE WHEN r_exitcode = 0 THEN 'good' WHEN r_exitcode IS NULL THEN 'none' ELSE 'bad' END, count(*)
FROM provext.run GROUP BY 1 ORDER BY 2 DESC, 1

-- Functions of the service as terms of GROUP BY, and in HAVING
SELECT ivo_hasword(a_name, 'process') AS w, gavo_match('^cta', a_name) AS m, COUNT(*) AS n FROM provenance.activity
GROUP BY ivo_hasword(a_name, 'process'), gavo_match('^cta', a_name) HAVING gavo_match('^cta', a_name) = 1;
SELECT (a_name ~ '(^|-)process($|-)')::int, 1, count(*) FROM provenance.activity WHERE a_name ~ '^cta' GROUP BY 1

-- Groups that a subquery chooses
SELECT a_name FROM provenance.activity GROUP BY a_name HAVING a_name IN (
    SELECT a_name FROM provenance.activity JOIN provext.run ON a_id = r_activity_id WHERE r_status <> 'completed');
SELECT DISTINCT a_name FROM provenance.activity JOIN provext.run ON a_id = r_activity_id WHERE r_status <> 'completed'

-- HAVING without GROUP BY
SELECT MAX(a_name) AS latest, COUNT(*) + 0.5 AS n FROM provenance.activity HAVING MIN(a_name) < 'z';
SELECT max(a_name), count(*) + 0.5 FROM provenance.activity

-- No groups at all
SELECT COUNT(*), SUM(r_exitcode), AVG(r_duration), MIN(r_status) FROM provext.run WHERE r_status = 'nothing';
SELECT 0, NULL, NULL, NULL

-- A share of the whole
SELECT a.a_name, (COUNT(*) + 0.0) / MAX(t.n) AS share
FROM provenance.activity AS a, (SELECT COUNT(*) AS n FROM provenance.activity) AS t GROUP BY a.a_name;
SELECT a_name, count(*)::float8 / (SELECT count(*) FROM provenance.activity) FROM provenance.activity GROUP BY a_name

-- Parameters that differ between runs
SELECT p_name, MIN(prov_number(p_value)) AS low, COUNT(DISTINCT p_value) AS n FROM provenance.parameter
GROUP BY p_name HAVING COUNT(DISTINCT p_value) > 1 ORDER BY n DESC, p_name;
SELECT p_name, min(p_value::float8) FILTER (WHERE p_value ~ '^[+-]?[0-9]+([.][0-9]+)?(e[+-]?[0-9]+)?$'),
count(DISTINCT p_value) FROM provenance.parameter GROUP BY p_name HAVING count(DISTINCT p_value) > 1 ORDER BY 3 DESC, 1
