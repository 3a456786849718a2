-- Queries that are ADQL 2.1 (or a harmless extension that was decided on), one a line.
SELECT a FROM t
select a from t;
SELECT ALL a FROM t
SELECT DISTINCT TOP 5 a FROM t
SELECT TOP 0 * FROM t
SELECT top 4* FROM t
SELECT a b, c AS d, e AS "f g" FROM s.t AS x, u y
SELECT t.*, s.t.*, c.s.t.*, a FROM t
SELECT c.s.t.a FROM c.s.t
SELECT COUNT(*), COUNT(a), COUNT(DISTINCT a), AVG(ALL a), MIN(a), MAX(a), SUM(a + 1) FROM t
SELECT 1, 1., .5, 1e3, 'a', 'it''s', NULL FROM t
SELECT -a, +a, - (a), a - -1 FROM t--comment
SELECT (a + b) * (c - d) / 2 FROM t
SELECT ROUND(5)as x FROM t
SELECT PI(), RAND(), RAND(1), ROUND(a, -1), ATAN2(a, b) FROM t
SELECT a || 'b' || c FROM t
SELECT ivo_anything(), prov_x(1, 'a'), GAVO_Y(a) FROM t
SELECT POINT(1, 2), DISTANCE(1, 2, 3, 4), LOWER(a), COALESCE(a, b), IN_UNIT(a, 'm') FROM t
SELECT a FROM t WHERE a = 1 AND b <> 2 OR NOT c != 3 AND (d < 4 OR e > 5)
SELECT a FROM t WHERE ((a + 1)) > 3 AND ((b) = (c))
SELECT a FROM t WHERE (((a)) IS NULL) AND b IS NOT NULL AND a + 1 IS NULL
SELECT a FROM t WHERE a BETWEEN 1 AND 2 AND b NOT BETWEEN c AND d
SELECT a FROM t WHERE a IN (1) AND b NOT IN ('x', 'y') AND c IN (SELECT c FROM u)
SELECT a FROM t WHERE a LIKE 'x%' AND b NOT LIKE c || '%'
SELECT a FROM t WHERE EXISTS (SELECT b FROM u) AND NOT EXISTS (SELECT * FROM v WHERE v.a = t.a)
SELECT a FROM t WHERE NULL = a
SELECT a FROM t JOIN u ON t.a = u.a LEFT JOIN v USING (a, b) RIGHT OUTER JOIN w ON (t.a = w.a) FULL JOIN x USING (a)
SELECT a FROM t NATURAL JOIN u NATURAL LEFT OUTER JOIN v INNER JOIN w USING (a)
SELECT a FROM (t JOIN u USING (a)) LEFT JOIN (v JOIN ((w JOIN x USING (b))) USING (b)) USING (a)
SELECT a FROM (SELECT a FROM t) AS x, (SELECT b FROM u) y
SELECT a FROM ((SELECT a FROM t)) AS x
SELECT a FROM ((SELECT a FROM t) AS x JOIN u USING (a))
SELECT a, COUNT(*) FROM t GROUP BY a, b + 1 HAVING COUNT(*) > 1 AND NOT MAX(b) = 2
SELECT a FROM t ORDER BY 1, a DESC, t.b ASC, a + b OFFSET 10
SELECT TOP 5 a FROM t WHERE a > 0 GROUP BY a HAVING a > 1 ORDER BY a OFFSET 5;
(SELECT a FROM t)
(SELECT TOP 3 a FROM t ORDER BY b) ORDER BY a
SELECT "select", "Ünicode", "a""b" FROM "t t"
SELECT name, type, role, id, version, location, description, row FROM t
