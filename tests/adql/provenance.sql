-- What astronomers ask of provenance. Each block: the question, then the query.

-- Which run made this file, and in which role?
SELECT a.a_id, a.a_name, a.a_starttime, a.a_endtime, g.wgb_role
FROM provenance.wasgeneratedby AS g JOIN provenance.activity AS a ON a.a_id = g.wgb_activity_id
WHERE g.wgb_entity_id = 'urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99'

-- From which files was this one made directly?
SELECT p.e_id, p.e_name, p.e_location, u.u_role
FROM provenance.wasgeneratedby AS g JOIN provenance.used AS u ON u.u_activity_id = g.wgb_activity_id
JOIN provenance.entity AS p ON p.e_id = u.u_entity_id
WHERE g.wgb_entity_id = 'urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99' AND p.e_class = 'DatasetEntity'

-- Which files have no known origin?
SELECT ent.e_id, ent.e_name FROM provenance.entity AS ent
LEFT OUTER JOIN provenance.wasgeneratedby AS g ON g.wgb_entity_id = ent.e_id
WHERE g.wgb_entity_id IS NULL AND ent.e_class = 'DatasetEntity'

-- Whom to ask about this file?
SELECT ag.ag_name, ag.ag_type, t.wat_role, ag.ag_email, ag.ag_affiliation
FROM provenance.wasattributedto AS t JOIN provenance.agent AS ag ON ag.ag_id = t.wat_agent_id
WHERE t.wat_entity_id = 'urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99'

-- Who was on shift when this file was made?
SELECT ag.ag_name, w.waw_role, a.a_name, a.a_starttime
FROM provenance.wasgeneratedby AS g JOIN provenance.activity AS a ON a.a_id = g.wgb_activity_id
JOIN provenance.wasassociatedwith AS w ON w.waw_activity_id = a.a_id
JOIN provenance.agent AS ag ON ag.ag_id = w.waw_agent_id
WHERE g.wgb_entity_id = 'urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99' AND w.waw_role IN ('Operator', 'Observer')

-- What was created or curated by whom?
SELECT t.wat_entity_id, t.wat_agent_id FROM provenance.wasattributedto AS t WHERE t.wat_role IN ('Curator', 'Creator')

-- Which files come from runs that did not complete, by the status that the run wrote?
SELECT p.e_id, p.e_name, s.e_value AS final_status
FROM provenance.wasgeneratedby AS gs JOIN provenance.entity AS s ON s.e_id = gs.wgb_entity_id
JOIN provenance.wasgeneratedby AS gp ON gp.wgb_activity_id = gs.wgb_activity_id
JOIN provenance.entity AS p ON p.e_id = gp.wgb_entity_id
WHERE gs.wgb_role = 'status' AND s.e_value <> 'completed' AND p.e_class = 'DatasetEntity'

-- What else did its run write that tells of the quality of this file?
SELECT q.e_name, q.e_value, q.e_location, gd.gd_type
FROM provenance.wasgeneratedby AS g JOIN provenance.wasgeneratedby AS g2 ON g2.wgb_activity_id = g.wgb_activity_id
JOIN provenance.entity AS q ON q.e_id = g2.wgb_entity_id
LEFT OUTER JOIN provenance.generationdescription AS gd ON gd.gd_id = g2.wgb_generationdescription_id
WHERE g.wgb_entity_id = 'urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99' AND q.e_id <> g.wgb_entity_id
AND (gd.gd_type IN ('Quality', 'Log') OR g2.wgb_role IN ('status', 'exit_code'))

-- In which context was this file made?
SELECT c.e_name, c.e_value, u.u_role
FROM provenance.wasgeneratedby AS g JOIN provenance.used AS u ON u.u_activity_id = g.wgb_activity_id
JOIN provenance.entity AS c ON c.e_id = u.u_entity_id
LEFT OUTER JOIN provenance.usagedescription AS ud ON ud.ud_id = u.u_usagedescription_id
WHERE g.wgb_entity_id = 'urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99'
AND (ud.ud_type = 'Context' OR c.e_class = 'ValueEntity')

-- Which version of the pipeline made each file?
SELECT ent.e_id, ent.e_name, d.ad_name, d.ad_version
FROM provenance.entity AS ent JOIN provenance.wasgeneratedby AS g ON g.wgb_entity_id = ent.e_id
JOIN provenance.activity AS a ON a.a_id = g.wgb_activity_id
JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
WHERE ent.e_class = 'DatasetEntity' ORDER BY ad_version, e_name

-- With which parameters of image processing was this file made?
SELECT p.p_name, p.p_value, pd.pd_unit, pd.pd_default
FROM provenance.wasgeneratedby AS g JOIN provenance.wasconfiguredby AS w ON w.wcb_activity_id = g.wgb_activity_id
JOIN provenance.parameter AS p ON p.p_id = w.wcb_parameter_id
LEFT OUTER JOIN provenance.parameterdescription AS pd ON pd.pd_id = p.p_parameterdescription_id
WHERE g.wgb_entity_id = 'urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99' AND p.p_name LIKE '%ImageProcessor%'

-- Which configuration files did the runs of one tool read?
SELECT a.a_id, c.cf_name, c.cf_location
FROM provenance.activity AS a JOIN provenance.wasconfiguredby AS w ON w.wcb_activity_id = a.a_id
JOIN provenance.configfile AS c ON c.cf_id = w.wcb_configfile_id WHERE a.a_name = 'ctapipe-process'

-- In which parameters do two runs differ?
SELECT p1.p_name, p1.p_value AS value_1, p2.p_value AS value_2
FROM provenance.wasconfiguredby AS w1 JOIN provenance.parameter AS p1 ON p1.p_id = w1.wcb_parameter_id
JOIN provenance.parameter AS p2 ON p2.p_name = p1.p_name
JOIN provenance.wasconfiguredby AS w2 ON w2.wcb_parameter_id = p2.p_id
WHERE w1.wcb_activity_id = 'urn:uuid:5b0ccf96-3e01-436a-a61e-fce9ef9dfd86'
AND w2.wcb_activity_id = 'urn:uuid:433f1066-fa40-4c10-abff-6286f6eefe7f' AND p1.p_value <> p2.p_value

-- What else was made by the same version of the same tool?
SELECT e2.e_id, e2.e_name
FROM provenance.wasgeneratedby AS g1 JOIN provenance.activity AS a1 ON a1.a_id = g1.wgb_activity_id
JOIN provenance.activity AS a2 ON a2.a_activitydescription_id = a1.a_activitydescription_id
JOIN provenance.wasgeneratedby AS g2 ON g2.wgb_activity_id = a2.a_id
JOIN provenance.entity AS e2 ON e2.e_id = g2.wgb_entity_id
WHERE g1.wgb_entity_id = 'urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99' AND e2.e_class = 'DatasetEntity'
AND e2.e_id <> g1.wgb_entity_id

-- What was made with this configuration file?
SELECT DISTINCT ent.e_id, ent.e_name
FROM provenance.used AS u JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = u.u_activity_id
JOIN provenance.entity AS ent ON ent.e_id = g.wgb_entity_id
JOIN provenance.entity AS c ON c.e_id = u.u_entity_id
WHERE c.e_name = 'conf.yaml' AND u.u_role = 'Tool Configuration' AND ent.e_class = 'DatasetEntity'

-- What was made with one algorithm?
SELECT ent.e_id, ent.e_name, p.p_value
FROM provenance.parameter AS p JOIN provenance.wasconfiguredby AS w ON w.wcb_parameter_id = p.p_id
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = w.wcb_activity_id
JOIN provenance.entity AS ent ON ent.e_id = g.wgb_entity_id
WHERE p.p_name = 'ProcessorTool.ImageProcessor.image_cleaner_type' AND p.p_value = 'TailcutsImageCleaner'
AND ent.e_class = 'DatasetEntity'

-- What did reconstructions make between two moments?
SELECT ent.e_id, ent.e_name, a.a_endtime
FROM provenance.activity AS a JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = a.a_id JOIN provenance.entity AS ent ON ent.e_id = g.wgb_entity_id
WHERE d.ad_type = 'Reconstruction' AND ent.e_class = 'DatasetEntity'
AND a.a_endtime BETWEEN '2026-11-22T22:20:00' AND '2026-11-22T22:30:00'

-- Which files has nothing read?
SELECT ent.e_id, ent.e_name FROM provenance.entity AS ent
WHERE ent.e_class = 'DatasetEntity' AND ent.e_invalidatedattime IS NULL
AND NOT EXISTS (SELECT 1 FROM provenance.used AS u WHERE u.u_entity_id = ent.e_id)

-- How many runs of each tool ended how, on which host?
SELECT d.ad_name, d.ad_version, n.e_value AS host, s.e_value AS final_status, COUNT(*) AS n_runs
FROM provenance.activity AS a JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
JOIN provenance.used AS un ON un.u_activity_id = a.a_id JOIN provenance.entity AS n ON n.e_id = un.u_entity_id
JOIN provenance.wasgeneratedby AS gs ON gs.wgb_activity_id = a.a_id JOIN provenance.entity AS s ON s.e_id = gs.wgb_entity_id
WHERE un.u_role = 'node' AND gs.wgb_role = 'status'
GROUP BY d.ad_name, d.ad_version, n.e_value, s.e_value

-- How long do the runs of each tool take, and how many fail?
SELECT a.a_name, COUNT(*) AS runs, ROUND(AVG(r.r_duration), 1) AS mean_duration, MAX(r.r_duration) AS longest
FROM provenance.activity AS a JOIN provext.run AS r ON r.r_activity_id = a.a_id
WHERE r.r_status = 'completed' OR r.r_exitcode <> 0
GROUP BY a.a_name HAVING COUNT(*) > 1 ORDER BY mean_duration DESC, a_name

-- The ten latest runs
SELECT TOP 10 * FROM provenance.activity WHERE a_endtime IS NOT NULL ORDER BY a_endtime DESC

-- What this service publishes
SELECT t.table_name, t.description, COUNT(*) AS n_columns
FROM TAP_SCHEMA.tables AS t JOIN TAP_SCHEMA.columns AS c ON c.table_name = t.table_name
WHERE t.schema_name <> 'tap_schema' GROUP BY t.table_name, t.description, t.table_index ORDER BY t.table_index

-- As clients read the columns
SELECT column_name, datatype, arraysize, "size", xtype, unit, ucd, utype, indexed, principal, std
FROM tap_schema.columns WHERE table_name = 'provenance.activity' ORDER BY column_index
