-- A NATURAL join of what has several columns in common
SELECT u.u_role, u.u_entity_id FROM provenance.used AS u
NATURAL JOIN (SELECT u_activity_id, MAX(u_role) AS u_role FROM provenance.used GROUP BY u_activity_id) AS m;
SELECT u_role, u_entity_id FROM provenance.used AS u
WHERE u_role = (SELECT max(u_role) FROM provenance.used AS m WHERE m.u_activity_id = u.u_activity_id)

-- A FULL join of an int and a double
SELECT x FROM (SELECT r_exitcode AS x FROM provext.run) AS a
FULL JOIN (SELECT r_duration AS x FROM provext.run) AS b USING (x);
SELECT r_exitcode::float8 FROM provext.run UNION ALL SELECT r_duration FROM provext.run

-- The last of each kind, without aggregates
SELECT a.a_name, a.a_starttime FROM provenance.activity AS a
LEFT JOIN provenance.activity AS b ON a.a_name = b.a_name AND a.a_starttime < b.a_starttime WHERE b.a_id IS NULL;
SELECT a_name, max(a_starttime) FROM provenance.activity GROUP BY a_name

-- Brackets round joins on either side
SELECT COUNT(*) AS n FROM (provenance.activity AS a JOIN provenance.used AS u ON a.a_id = u.u_activity_id)
JOIN (provenance.wasgeneratedby AS g JOIN provenance.entity AS e ON e.e_id = g.wgb_entity_id)
ON g.wgb_activity_id = a.a_id;
SELECT count(*) FROM provenance.used JOIN provenance.wasgeneratedby ON wgb_activity_id = u_activity_id

-- INTERSECT binds tighter, ORDER BY and OFFSET come last
SELECT e_id FROM provenance.entity EXCEPT SELECT u_entity_id FROM provenance.used
INTERSECT SELECT wgb_entity_id FROM provenance.wasgeneratedby ORDER BY e_id OFFSET 3;
SELECT e_id FROM provenance.entity WHERE NOT (e_id IN (SELECT u_entity_id FROM provenance.used)
AND e_id IN (SELECT wgb_entity_id FROM provenance.wasgeneratedby)) ORDER BY e_id OFFSET 3

-- Operands with an order of their own
(SELECT TOP 1 a_id FROM provenance.activity ORDER BY a_id) UNION
(SELECT TOP 1 a_id FROM provenance.activity ORDER BY a_id DESC) ORDER BY 1 DESC;
SELECT max(a_id) FROM provenance.activity UNION ALL SELECT min(a_id) FROM provenance.activity

-- A set ordered by an expression, NULL among its columns
SELECT a_name, a_starttime FROM provenance.activity UNION SELECT e_name, NULL FROM provenance.entity
ORDER BY LOWER(a_name), a_starttime;
SELECT * FROM (SELECT a_name, a_starttime FROM provenance.activity UNION SELECT e_name, NULL FROM provenance.entity) AS q
ORDER BY lower(a_name), a_starttime

-- Whole numbers and others in one column
SELECT r_exitcode AS x FROM provext.run UNION SELECT r_duration FROM provext.run UNION SELECT 0.5 FROM provext.run;
SELECT r_exitcode::float8 FROM provext.run UNION SELECT r_duration FROM provext.run UNION SELECT 0.5

-- A set in a subquery that sees the outer query
SELECT e_id FROM provenance.entity AS e WHERE EXISTS (
    SELECT 1 FROM provenance.used WHERE u_entity_id = e.e_id
    INTERSECT SELECT 1 FROM provenance.wasgeneratedby WHERE wgb_entity_id = e.e_id);
SELECT DISTINCT u_entity_id FROM provenance.used JOIN provenance.wasgeneratedby ON wgb_entity_id = u_entity_id
