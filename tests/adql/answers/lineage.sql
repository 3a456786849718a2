-- Products that came of runs which failed, over two common tables
WITH bad AS (SELECT r_activity_id AS id FROM provext.run WHERE r_status <> 'completed'),
     made AS (SELECT wgb_entity_id AS id FROM provenance.wasgeneratedby JOIN bad ON id = wgb_activity_id)
SELECT DISTINCT l.l_descendant_id FROM provenance.lineage AS l JOIN made ON made.id = l.l_ancestor_id;
SELECT DISTINCT d FROM closure
JOIN provenance.wasgeneratedby ON wgb_entity_id = a
JOIN provext.run ON r_activity_id = wgb_activity_id AND r_status <> 'completed'

-- How deep each product's history is
SELECT l_descendant_id, COUNT(*) AS n, MAX(l_distance) AS depth FROM provenance.lineage
GROUP BY l_descendant_id HAVING MAX(l_distance) > 1 ORDER BY depth DESC, n DESC, l_descendant_id;
SELECT d, count(*), max(n) FROM closure GROUP BY d HAVING max(n) > 1 ORDER BY 3 DESC, 2 DESC, 1

-- A lineage for each row of an outer query
SELECT e_id FROM provenance.entity AS e WHERE EXISTS (
    SELECT 1 FROM provenance.lineage AS l WHERE l.l_descendant_id = e.e_id AND l.l_distance >= 2);
SELECT DISTINCT d FROM closure WHERE n >= 2

-- Lineages within lineages
SELECT l_ancestor_id FROM provenance.lineage WHERE l_descendant_id IN (
    SELECT l_descendant_id FROM provenance.lineage WHERE l_ancestor_id IN (
        SELECT l_ancestor_id FROM provenance.lineage WHERE l_distance = 3));
SELECT a FROM closure WHERE d IN (SELECT d FROM closure WHERE a IN (SELECT a FROM closure WHERE n = 3))

-- NATURAL and USING over three tables
SELECT e_id, l_distance, a_name
FROM provenance.lineage JOIN (SELECT e_id AS l_ancestor_id, e_id FROM provenance.entity) AS e USING (l_ancestor_id)
NATURAL JOIN (SELECT wgb_entity_id AS l_descendant_id, wgb_activity_id FROM provenance.wasgeneratedby) AS g
JOIN provenance.activity ON a_id = wgb_activity_id
WHERE a_name = 'ctapipe-merge' AND l_distance BETWEEN 1 AND 2;
SELECT a, n, a_name FROM closure JOIN provenance.wasgeneratedby ON wgb_entity_id = d
JOIN provenance.activity ON a_id = wgb_activity_id WHERE a_name = 'ctapipe-merge' AND n BETWEEN 1 AND 2

-- What nothing came before, by an outer join
SELECT e.e_id FROM provenance.entity AS e LEFT JOIN provenance.lineage AS l ON l.l_descendant_id = e.e_id
WHERE l.l_ancestor_id IS NULL;
SELECT e_id FROM provenance.entity WHERE e_id NOT IN (SELECT d FROM closure)

-- Sets of lineages
WITH far AS (SELECT l_ancestor_id AS id FROM provenance.lineage WHERE l_distance = 3
             UNION SELECT l_descendant_id FROM provenance.lineage WHERE l_distance = 3)
SELECT COUNT(*), MIN(id) FROM far;
SELECT count(*), min(id) FROM (SELECT a AS id FROM closure WHERE n = 3 UNION SELECT d FROM closure WHERE n = 3) AS far

-- A sum over a lineage of each row
SELECT a_name, SUM(CASE WHEN EXISTS (
    SELECT 1 FROM provenance.lineage JOIN provenance.wasgeneratedby ON l_descendant_id = wgb_entity_id
    WHERE wgb_activity_id = a_id AND l_distance = 2) THEN 1 ELSE 0 END) AS n
FROM provenance.activity GROUP BY a_name ORDER BY a_name;
SELECT a_name, count(*) FILTER (WHERE EXISTS (
    SELECT FROM closure JOIN provenance.wasgeneratedby ON wgb_entity_id = d WHERE n = 2 AND wgb_activity_id = a_id))
FROM provenance.activity GROUP BY a_name ORDER BY a_name

-- Pairs of products with a direct origin in common
SELECT a.e_id, b.e_id FROM provenance.entity AS a, provenance.entity AS b WHERE EXISTS (
    SELECT 1 FROM provenance.lineage AS x, provenance.lineage AS y WHERE x.l_ancestor_id = y.l_ancestor_id
    AND x.l_descendant_id = a.e_id AND y.l_descendant_id = b.e_id AND x.l_distance = 1 AND y.l_distance = 1)
AND a.e_class = 'DatasetEntity' AND b.e_class = 'DatasetEntity' AND a.e_id < b.e_id;
SELECT DISTINCT x.d, y.d FROM closure AS x JOIN closure AS y ON x.a = y.a AND x.n = 1 AND y.n = 1 AND x.d < y.d
JOIN provenance.entity AS a ON a.e_id = x.d AND a.e_class = 'DatasetEntity'
JOIN provenance.entity AS b ON b.e_id = y.d AND b.e_class = 'DatasetEntity'
