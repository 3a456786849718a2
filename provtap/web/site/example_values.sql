-- Finds values for the questions of examples.sql in the store: {file} there is the column `file` here. The
-- name of a value for people may be in a column with the suffix `_name`. If several queries find a value, the
-- first one is used. The queries are ADQL, so that only published values are found.

-- name: chain
-- A file made from a generated file, and its run.
SELECT TOP 1 f.e_id AS file, f.e_name AS file_name, r.a_id AS last_run, r.a_name AS last_run_name
FROM (SELECT TOP 200 a_id, a_name, a_starttime FROM provenance.activity WHERE a_starttime IS NOT NULL
      ORDER BY a_starttime DESC) AS r
JOIN provenance.wasassociatedwith AS w ON w.waw_activity_id = r.a_id
JOIN provenance.wasgeneratedby AS gf ON gf.wgb_activity_id = r.a_id
JOIN provenance.entity AS f ON f.e_id = gf.wgb_entity_id
JOIN provenance.used AS u ON u.u_activity_id = r.a_id
JOIN provenance.entity AS p ON p.e_id = u.u_entity_id
JOIN provenance.wasgeneratedby AS gp ON gp.wgb_entity_id = p.e_id
WHERE f.e_class = 'DatasetEntity' AND p.e_class = 'DatasetEntity'
ORDER BY r.a_starttime DESC, f.e_id;

-- name: newest
-- If there is no such file: any file with a run.
SELECT TOP 1 f.e_id AS file, f.e_name AS file_name
FROM (SELECT TOP 200 a_id, a_starttime FROM provenance.activity WHERE a_starttime IS NOT NULL
      ORDER BY a_starttime DESC) AS r
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = r.a_id
JOIN provenance.entity AS f ON f.e_id = g.wgb_entity_id
WHERE f.e_class = 'DatasetEntity'
ORDER BY r.a_starttime DESC, f.e_id;

-- name: shared
-- A file that two runs read, and a file that each of them wrote.
SELECT TOP 1 c.e_id AS common, c.e_name AS common_name, f1.e_id AS product_1, f1.e_name AS product_1_name,
f2.e_id AS product_2, f2.e_name AS product_2_name
FROM (SELECT TOP 200 a_id FROM provenance.activity WHERE a_starttime IS NOT NULL
      ORDER BY a_starttime DESC) AS r
JOIN provenance.used AS u1 ON u1.u_activity_id = r.a_id
JOIN provenance.entity AS c ON c.e_id = u1.u_entity_id
JOIN provenance.used AS u2 ON u2.u_entity_id = c.e_id
JOIN provenance.wasgeneratedby AS g1 ON g1.wgb_activity_id = u1.u_activity_id
JOIN provenance.entity AS f1 ON f1.e_id = g1.wgb_entity_id
JOIN provenance.wasgeneratedby AS g2 ON g2.wgb_activity_id = u2.u_activity_id
JOIN provenance.entity AS f2 ON f2.e_id = g2.wgb_entity_id
WHERE u1.u_activity_id <> u2.u_activity_id AND c.e_name IS NOT NULL AND c.e_class = 'DatasetEntity'
AND f1.e_class = 'DatasetEntity' AND f2.e_class = 'DatasetEntity';

-- name: configuration
-- A configuration file among the inputs, by its role.
SELECT TOP 1 c.e_name AS config, u.u_role AS config_role
FROM (SELECT TOP 200 a_id FROM provenance.activity WHERE a_starttime IS NOT NULL
      ORDER BY a_starttime DESC) AS r
JOIN provenance.used AS u ON u.u_activity_id = r.a_id
JOIN provenance.entity AS c ON c.e_id = u.u_entity_id
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = r.a_id
JOIN provenance.entity AS f ON f.e_id = g.wgb_entity_id
WHERE u.u_role ILIKE '%config%' AND c.e_name IS NOT NULL AND f.e_class = 'DatasetEntity';

-- name: attributed
SELECT TOP 1 f.e_id AS attributed, f.e_name AS attributed_name
FROM (SELECT TOP 200 a_id, a_starttime FROM provenance.activity WHERE a_starttime IS NOT NULL
      ORDER BY a_starttime DESC) AS r
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = r.a_id
JOIN provenance.entity AS f ON f.e_id = g.wgb_entity_id
JOIN provenance.wasattributedto AS t ON t.wat_entity_id = f.e_id
WHERE f.e_class = 'DatasetEntity'
ORDER BY r.a_starttime DESC, f.e_id;

-- name: setting
-- A parameter that chooses something, and its value.
SELECT TOP 1 p.ap_name AS setting, p.ap_value AS setting_value
FROM (SELECT TOP 20 a_id, a_starttime FROM provenance.activity WHERE a_starttime IS NOT NULL
      ORDER BY a_starttime DESC) AS r
JOIN provext.activity_parameter AS p ON p.ap_activity_id = r.a_id
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = r.a_id
JOIN provenance.entity AS f ON f.e_id = g.wgb_entity_id
WHERE p.ap_number IS NULL AND p.ap_value IS NOT NULL AND f.e_class = 'DatasetEntity'
ORDER BY CASE WHEN p.ap_name LIKE '%type' THEN 0 ELSE 1 END, r.a_starttime DESC, p.ap_name;

-- name: quantity
-- A parameter that is a number.
SELECT TOP 1 p.ap_name AS quantity, p.ap_number AS quantity_value
FROM (SELECT TOP 20 a_id, a_starttime FROM provenance.activity WHERE a_starttime IS NOT NULL
      ORDER BY a_starttime DESC) AS r
JOIN provext.activity_parameter AS p ON p.ap_activity_id = r.a_id
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = r.a_id
JOIN provenance.used AS u ON u.u_entity_id = g.wgb_entity_id
JOIN provenance.wasgeneratedby AS g2 ON g2.wgb_activity_id = u.u_activity_id
JOIN provenance.entity AS f ON f.e_id = g2.wgb_entity_id
WHERE p.ap_number > 1 AND f.e_class = 'DatasetEntity'
ORDER BY r.a_starttime DESC, p.ap_name;

-- name: program
SELECT TOP 1 r.a_name AS program
FROM (SELECT TOP 200 a_id, a_name FROM provenance.activity WHERE a_starttime IS NOT NULL
      ORDER BY a_starttime DESC) AS r
JOIN provenance.configfile AS c ON c.cf_activity_id = r.a_id
WHERE r.a_name IS NOT NULL;

-- name: run
-- A described run that wrote a file, and its time.
SELECT TOP 1 d.ad_name AS run_program, r.a_starttime AS run_start, r.a_endtime AS run_end
FROM (SELECT TOP 200 a_id, a_starttime, a_endtime, a_activitydescription_id FROM provenance.activity
      WHERE a_starttime IS NOT NULL ORDER BY a_starttime DESC) AS r
JOIN provenance.activitydescription AS d ON d.ad_id = r.a_activitydescription_id
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = r.a_id
JOIN provenance.entity AS f ON f.e_id = g.wgb_entity_id
WHERE f.e_class = 'DatasetEntity' AND r.a_endtime IS NOT NULL
ORDER BY r.a_starttime DESC;

-- name: differing
-- Two runs of one program that differ in a parameter.
SELECT TOP 1 r1.a_id AS run_1, r1.a_name AS run_1_name, r2.a_id AS run_2, r2.a_name AS run_2_name
FROM (SELECT TOP 20 a_id, a_name FROM provenance.activity WHERE a_starttime IS NOT NULL
      ORDER BY a_starttime DESC) AS r1
JOIN (SELECT TOP 20 a_id, a_name FROM provenance.activity WHERE a_starttime IS NOT NULL
      ORDER BY a_starttime DESC) AS r2 ON r2.a_name = r1.a_name
JOIN provext.activity_parameter AS p1 ON p1.ap_activity_id = r1.a_id
JOIN provext.activity_parameter AS p2 ON p2.ap_activity_id = r2.a_id AND p2.ap_name = p1.ap_name
WHERE r1.a_id < r2.a_id AND p1.ap_value <> p2.ap_value;

-- name: sky
-- An observation whose data product was made from something.
SELECT TOP 1 o.s_ra AS sky_ra, o.s_dec AS sky_dec, c.e_id AS used_product, c.e_name AS used_product_name
FROM (SELECT TOP 200 obs_publisher_did, s_ra, s_dec FROM ivoa.obscore WHERE s_ra IS NOT NULL
      ORDER BY obs_publisher_did) AS o
JOIN provext.product AS p ON p.pr_publisher_did = o.obs_publisher_did
JOIN provenance.wasgeneratedby AS g ON g.wgb_entity_id = p.pr_entity_id
JOIN provenance.used AS u ON u.u_activity_id = g.wgb_activity_id
JOIN provenance.entity AS c ON c.e_id = u.u_entity_id
WHERE c.e_class = 'DatasetEntity'
ORDER BY o.obs_publisher_did, c.e_id;
