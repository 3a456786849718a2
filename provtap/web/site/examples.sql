-- The questions of /tap/examples, in ADQL. The first line below a name is the question, the others say what an
-- astronomer should know of the answer. What stands in braces is found by example_values.sql.

-- name: A1
-- Which run made this file?
-- One step back from a file of calibrated and reconstructed events: the run, when it was, and what the file is
-- among its products.
SELECT a.a_id, a.a_name, a.a_starttime, a.a_endtime, g.wgb_role
FROM provenance.wasgeneratedby AS g
JOIN provenance.activity AS a ON a.a_id = g.wgb_activity_id
WHERE g.wgb_entity_id = {file};

-- name: A2
-- From which files was this one made directly?
-- Its direct progenitors, with the role that each one played.
SELECT p.e_id, p.e_name, p.e_location, u.u_role
FROM provenance.wasgeneratedby AS g
JOIN provenance.used AS u ON u.u_activity_id = g.wgb_activity_id
JOIN provenance.entity AS p ON p.e_id = u.u_entity_id
WHERE g.wgb_entity_id = {file}
AND p.e_class = 'DatasetEntity';

-- name: A3
-- Which raw data is behind this file?
-- All of its ancestors that no recorded run made.
SELECT p.e_id, p.e_name, p.e_location
FROM provenance.lineage AS l
JOIN provenance.entity AS p ON p.e_id = l.l_ancestor_id
LEFT OUTER JOIN provenance.wasgeneratedby AS g ON g.wgb_entity_id = p.e_id
WHERE l.l_descendant_id = {file}
AND g.wgb_entity_id IS NULL AND p.e_class = 'DatasetEntity';

-- name: A4
-- Which steps were already applied to this file?
-- The runs that made the files behind it, in the order of time, each with the program, its version and its type, if
-- described. The run that made the file itself is told by A1.
SELECT DISTINCT a.a_starttime, a.a_name, d.ad_type, d.ad_subtype, d.ad_version
FROM provenance.lineage AS l
JOIN provenance.wasgeneratedby AS g ON g.wgb_entity_id = l.l_ancestor_id
JOIN provenance.activity AS a ON a.a_id = g.wgb_activity_id
LEFT OUTER JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
WHERE l.l_descendant_id = {file}
ORDER BY a_starttime;

-- name: A5
-- Was a filter on muons or background applied anywhere upstream?
-- The files with such a step in their history, by its type or its name. The logs of provtap demo have no answer: none of
-- their runs selected events.
SELECT DISTINCT l.l_descendant_id
FROM provenance.lineage AS l
JOIN provenance.wasgeneratedby AS g ON g.wgb_entity_id = l.l_ancestor_id
JOIN provenance.activity AS a ON a.a_id = g.wgb_activity_id
LEFT OUTER JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
WHERE d.ad_type = 'Selection' OR d.ad_subtype LIKE '%muon%' OR a.a_name LIKE '%muon%';

-- name: A6
-- Which files have no known origin?
-- Raw data, or gaps in what was recorded: a check of completeness.
SELECT ent.e_id, ent.e_name
FROM provenance.entity AS ent
LEFT OUTER JOIN provenance.wasgeneratedby AS g ON g.wgb_entity_id = ent.e_id
WHERE g.wgb_entity_id IS NULL AND ent.e_class = 'DatasetEntity';

-- name: B1
-- Whom to ask about this file?
-- Who is responsible for it, in which role, and how to write to them.
SELECT ag.ag_name, ag.ag_type, t.wat_role, ag.ag_email, ag.ag_affiliation
FROM provenance.wasattributedto AS t
JOIN provenance.agent AS ag ON ag.ag_id = t.wat_agent_id
WHERE t.wat_entity_id = {attributed};

-- name: B2
-- Who was on shift when this file was made?
-- The operators or observers of the run that made it.
SELECT ag.ag_name, w.waw_role, a.a_name, a.a_starttime
FROM provenance.wasgeneratedby AS g
JOIN provenance.activity AS a ON a.a_id = g.wgb_activity_id
JOIN provenance.wasassociatedwith AS w ON w.waw_activity_id = a.a_id
JOIN provenance.agent AS ag ON ag.ag_id = w.waw_agent_id
WHERE g.wgb_entity_id = {file}
AND w.waw_role IN ('Operator', 'Observer');

-- name: B3
-- What was created or curated by whom?
-- All files attributed to somebody in one of these roles.
SELECT t.wat_entity_id, t.wat_agent_id
FROM provenance.wasattributedto AS t
WHERE t.wat_role IN ('Curator', 'Creator');

-- name: B4
-- Who must be acknowledged for this file?
-- Everybody to whom anything in its whole history is attributed; B1 tells of the file itself.
SELECT DISTINCT ag.ag_id, ag.ag_name, ag.ag_type
FROM provenance.lineage AS l
JOIN provenance.wasattributedto AS t ON t.wat_entity_id = l.l_ancestor_id
JOIN provenance.agent AS ag ON ag.ag_id = t.wat_agent_id
WHERE l.l_descendant_id = {file};

-- name: C1
-- Which files come from runs that did not complete?
-- By the status that the run itself wrote, which is a value among its products.
SELECT p.e_id, p.e_name, s.e_value AS final_status
FROM provenance.wasgeneratedby AS gs
JOIN provenance.entity AS s ON s.e_id = gs.wgb_entity_id
JOIN provenance.wasgeneratedby AS gp ON gp.wgb_activity_id = gs.wgb_activity_id
JOIN provenance.entity AS p ON p.e_id = gp.wgb_entity_id
WHERE gs.wgb_role = 'status' AND s.e_value <> 'completed'
AND p.e_class = 'DatasetEntity';

-- name: C2
-- What else did its run write that tells of the quality of this file?
-- Products of the same run that are described as of type Quality or Log, its status and its exit code.
SELECT q.e_name, q.e_value, q.e_location, gd.gd_type
FROM provenance.wasgeneratedby AS g
JOIN provenance.wasgeneratedby AS g2 ON g2.wgb_activity_id = g.wgb_activity_id
JOIN provenance.entity AS q ON q.e_id = g2.wgb_entity_id
LEFT OUTER JOIN provenance.generationdescription AS gd ON gd.gd_id = g2.wgb_generationdescription_id
WHERE g.wgb_entity_id = {file}
AND q.e_id <> g.wgb_entity_id
AND (gd.gd_type IN ('Quality', 'Log') OR g2.wgb_role IN ('status', 'exit_code'));

-- name: C3
-- In which context was this file made?
-- What its run used beside data: values such as the host or the weather, and what is described as Context.
SELECT c.e_name, c.e_value, u.u_role
FROM provenance.wasgeneratedby AS g
JOIN provenance.used AS u ON u.u_activity_id = g.wgb_activity_id
JOIN provenance.entity AS c ON c.e_id = u.u_entity_id
LEFT OUTER JOIN provenance.usagedescription AS ud ON ud.ud_id = u.u_usagedescription_id
WHERE g.wgb_entity_id = {file}
AND (ud.ud_type = 'Context' OR c.e_class = 'ValueEntity');

-- name: D1
-- Which version of the pipeline made each file?
-- To find all that a bug in one version may have spoilt.
SELECT ent.e_id, ent.e_name, d.ad_name, d.ad_version
FROM provenance.entity AS ent
JOIN provenance.wasgeneratedby AS g ON g.wgb_entity_id = ent.e_id
JOIN provenance.activity AS a ON a.a_id = g.wgb_activity_id
JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
WHERE ent.e_class = 'DatasetEntity'
ORDER BY ad_version, e_name;

-- name: D2
-- With which parameters was this file made?
-- The configuration of the run that made it; units and defaults are there if somebody described them.
SELECT p.p_name, p.p_value, pd.pd_unit, pd.pd_default
FROM provenance.wasgeneratedby AS g
JOIN provenance.wasconfiguredby AS w ON w.wcb_activity_id = g.wgb_activity_id
JOIN provenance.parameter AS p ON p.p_id = w.wcb_parameter_id
LEFT OUTER JOIN provenance.parameterdescription AS pd ON pd.pd_id = p.p_parameterdescription_id
WHERE g.wgb_entity_id = {file};

-- name: D3
-- Which configuration files did the runs of one program read?
-- One row for each run and file.
SELECT a.a_id, c.cf_name, c.cf_location
FROM provenance.activity AS a
JOIN provenance.wasconfiguredby AS w ON w.wcb_activity_id = a.a_id
JOIN provenance.configfile AS c ON c.cf_id = w.wcb_configfile_id
WHERE a.a_name = {program};

-- name: D4
-- In which parameters do these two runs differ?
-- Two runs of the same program gave different results: this is what was set differently.
SELECT p1.p_name, p1.p_value AS value_1, p2.p_value AS value_2
FROM provenance.wasconfiguredby AS w1
JOIN provenance.parameter AS p1 ON p1.p_id = w1.wcb_parameter_id
JOIN provenance.parameter AS p2 ON p2.p_name = p1.p_name
JOIN provenance.wasconfiguredby AS w2 ON w2.wcb_parameter_id = p2.p_id
WHERE w1.wcb_activity_id = {run_1}
AND w2.wcb_activity_id = {run_2}
AND p1.p_value <> p2.p_value;

-- name: E1
-- What else was made by the same version of the same program?
-- More files that are consistent with this one.
SELECT e2.e_id, e2.e_name
FROM provenance.wasgeneratedby AS g1
JOIN provenance.activity AS a1 ON a1.a_id = g1.wgb_activity_id
JOIN provenance.activity AS a2 ON a2.a_activitydescription_id = a1.a_activitydescription_id
JOIN provenance.wasgeneratedby AS g2 ON g2.wgb_activity_id = a2.a_id
JOIN provenance.entity AS e2 ON e2.e_id = g2.wgb_entity_id
WHERE g1.wgb_entity_id = {file}
AND e2.e_class = 'DatasetEntity' AND e2.e_id <> g1.wgb_entity_id;

-- name: E2
-- What was made with this configuration file?
-- One step forth from a file by its name and its role; calibration files are found alike.
SELECT DISTINCT ent.e_id, ent.e_name
FROM provenance.used AS u
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = u.u_activity_id
JOIN provenance.entity AS ent ON ent.e_id = g.wgb_entity_id
JOIN provenance.entity AS c ON c.e_id = u.u_entity_id
WHERE c.e_name = {config} AND u.u_role = {config_role}
AND ent.e_class = 'DatasetEntity';

-- name: E3
-- What must be made again if this input file is bad?
-- All that was derived from it, over any number of steps.
SELECT DISTINCT d.e_id, d.e_name, d.e_location
FROM provenance.lineage AS l
JOIN provenance.entity AS d ON d.e_id = l.l_descendant_id
JOIN provenance.entity AS b ON b.e_id = l.l_ancestor_id
WHERE b.e_name = {common_name}
AND d.e_class = 'DatasetEntity';

-- name: E4
-- What was made with this algorithm?
-- By the value of the parameter that chooses it.
SELECT ent.e_id, ent.e_name, p.p_value
FROM provenance.parameter AS p
JOIN provenance.wasconfiguredby AS w ON w.wcb_parameter_id = p.p_id
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = w.wcb_activity_id
JOIN provenance.entity AS ent ON ent.e_id = g.wgb_entity_id
WHERE p.p_name = {setting}
AND p.p_value = {setting_value} AND ent.e_class = 'DatasetEntity';

-- name: E5
-- What did reconstructions make between two moments?
-- By the type of the program if somebody described it, else by its name.
SELECT ent.e_id, ent.e_name, a.a_endtime
FROM provenance.activity AS a
JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = a.a_id
JOIN provenance.entity AS ent ON ent.e_id = g.wgb_entity_id
WHERE (d.ad_type = 'Reconstruction' OR d.ad_name = {run_program})
AND ent.e_class = 'DatasetEntity'
AND a.a_endtime BETWEEN {run_start} AND {run_end};

-- name: E6
-- Which files has nothing read yet?
-- They are final products, or could be deleted.
SELECT ent.e_id, ent.e_name
FROM provenance.entity AS ent
WHERE ent.e_class = 'DatasetEntity' AND ent.e_invalidatedattime IS NULL
AND NOT EXISTS (SELECT 1 FROM provenance.used AS u WHERE u.u_entity_id = ent.e_id);

-- name: E7
-- Which valid files go back to something that was withdrawn later?
-- The logs of provtap demo have no answer: none of their files was withdrawn.
SELECT DISTINCT d.e_id, d.e_name, b.e_name AS invalid_input, b.e_invalidatedattime
FROM provenance.entity AS b
JOIN provenance.lineage AS l ON l.l_ancestor_id = b.e_id
JOIN provenance.entity AS d ON d.e_id = l.l_descendant_id
WHERE b.e_invalidatedattime IS NOT NULL AND d.e_invalidatedattime IS NULL;

-- name: E8
-- How many runs of each program ended how, on which host?
-- An overview for those who operate the pipeline.
SELECT d.ad_name, d.ad_version, n.e_value AS host, s.e_value AS final_status, COUNT(*) AS n_runs
FROM provenance.activity AS a
JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
JOIN provenance.used AS un ON un.u_activity_id = a.a_id
JOIN provenance.entity AS n ON n.e_id = un.u_entity_id
JOIN provenance.wasgeneratedby AS gs ON gs.wgb_activity_id = a.a_id
JOIN provenance.entity AS s ON s.e_id = gs.wgb_entity_id
WHERE un.u_role = 'node' AND gs.wgb_role = 'status'
GROUP BY d.ad_name, d.ad_version, n.e_value, s.e_value;

-- name: E9
-- Which files were made from something that is withdrawn, and must be made again?
-- The logs of provtap demo have no answer: none of their files was withdrawn.
SELECT ent.e_id, ent.e_name, af.af_withdrawn_id, af.af_distance, af.af_kind, af.af_successor_id
FROM provext.affected AS af
JOIN provenance.entity AS ent ON ent.e_id = af.af_entity_id
WHERE af.af_replaced = 0 AND ent.e_class = 'DatasetEntity';

-- name: L1
-- What is behind this file within two steps, nearest first?
-- A step is a run: l_distance counts the runs on the shortest way.
SELECT p.e_name, p.e_id, l.l_distance
FROM provenance.lineage AS l
JOIN provenance.entity AS p ON p.e_id = l.l_ancestor_id
WHERE l.l_descendant_id = {file}
AND l.l_distance <= 2
ORDER BY l_distance, e_name;

-- name: L2
-- Along which files did the main flow of data reach this one?
-- Without what merely surrounded it, such as values, software and configurations that are described as such.
SELECT p.e_name, p.e_id, l.l_distance
FROM provenance.lineage AS l
JOIN provenance.entity AS p ON p.e_id = l.l_ancestor_id
WHERE l.l_descendant_id = {file}
AND l.l_main = 1
ORDER BY l_distance, e_name;

-- name: L3
-- What do these two files have in common?
-- Their common ancestors, and how many runs back each is: the nearest may explain a common flaw.
SELECT p.e_name, p.e_id, one.l_distance AS steps_1, two.l_distance AS steps_2
FROM provenance.lineage AS one
JOIN provenance.lineage AS two ON two.l_ancestor_id = one.l_ancestor_id
JOIN provenance.entity AS p ON p.e_id = one.l_ancestor_id
WHERE one.l_descendant_id = {product_1}
AND two.l_descendant_id = {product_2}
ORDER BY steps_1, steps_2, e_name;

-- name: L4
-- Which files used this bad calibration, directly or not?
-- All that came of one calibration or configuration file, and after how many runs.
SELECT d.e_name, d.e_location, l.l_distance
FROM provenance.lineage AS l
JOIN provenance.entity AS d ON d.e_id = l.l_descendant_id
WHERE l.l_ancestor_id = {common}
AND d.e_class = 'DatasetEntity'
ORDER BY l_distance, e_name;

-- name: L5
-- Who made anything that this file goes back to?
-- Agents of the files and of the runs behind it, for the acknowledgements.
SELECT DISTINCT o.ls_agents
FROM provenance.lineage AS l
JOIN provext.last_step AS o ON o.ls_entity_id = l.l_ancestor_id
WHERE l.l_descendant_id = {file}
AND o.ls_agents IS NOT NULL;

-- name: L6
-- Which files go back to a run with this setting?
-- A parameter of any run upstream, compared as a number.
SELECT DISTINCT d.e_name, d.e_id, p.ap_number
FROM provext.activity_parameter AS p
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = p.ap_activity_id
JOIN provenance.lineage AS l ON l.l_ancestor_id = g.wgb_entity_id
JOIN provenance.entity AS d ON d.e_id = l.l_descendant_id
WHERE p.ap_name = {quantity} AND p.ap_number <= {quantity_value}
AND d.e_class = 'DatasetEntity';

-- name: L7
-- Which runs came before this run?
-- The runs whose products it used, directly or not, and how many steps back each is.
SELECT a.a_id, a.a_name, a.a_starttime, l.acl_distance
FROM provenance.activity_lineage AS l
JOIN provenance.activity AS a ON a.a_id = l.acl_ancestor_id
WHERE l.acl_descendant_id = {last_run}
ORDER BY acl_distance, a_starttime;

-- name: V1
-- Where does each file of this name come from?
-- One step of provenance in one row: the run, the program, how it ended, who answers for it.
SELECT ls_entity_id, ls_program, ls_version, ls_starttime, ls_status, ls_agents
FROM provext.last_step
WHERE ls_entity_name = {file_name}
ORDER BY ls_starttime;

-- name: V2
-- Which files come from runs that failed or were interrupted?
-- The same as C1, by the view of last steps.
SELECT ls_entity_name, ls_location, ls_program, ls_starttime, ls_status
FROM provext.last_step
WHERE ls_status <> 'completed'
ORDER BY ls_starttime;

-- name: V3
-- Which runs ended with an exit code other than 0?
-- Values compared as numbers; every run of ctapipe leaves its exit code as a value.
SELECT a.a_name, a.a_starttime, v.ve_number AS exit_code
FROM provext.valueentity AS v
JOIN provenance.wasgeneratedby AS g ON g.wgb_entity_id = v.ve_id
JOIN provenance.activity AS a ON a.a_id = g.wgb_activity_id
WHERE v.ve_name = 'exit_code' AND v.ve_number <> 0
ORDER BY a_starttime;

-- name: V4
-- How many files are there of each kind?
-- By what their headers say of their content.
SELECT de_description_name, de_contenttype, COUNT(*) AS n_files
FROM provext.datasetentity
GROUP BY de_description_name, de_contenttype
ORDER BY n_files DESC;

-- name: P1
-- In which runs was this parameter within a range?
-- Parameters are texts in the model; prov_number makes numbers of them, and an index serves the comparison.
SELECT a.a_id, a.a_name, p.p_value
FROM provenance.parameter AS p
JOIN provenance.activity AS a ON a.a_id = p.p_activity_id
WHERE p.p_name = {quantity} AND prov_number(p.p_value) BETWEEN 1 AND {quantity_value};

-- name: P2
-- Which files were made with this value of a parameter, or a larger one?
-- The same by the views: parameters as numbers, and the last step of files.
SELECT o.ls_entity_name, p.ap_number, p.ap_unit, o.ls_starttime
FROM provext.activity_parameter AS p
JOIN provext.last_step AS o ON o.ls_activity_id = p.ap_activity_id
WHERE p.ap_name = {quantity} AND p.ap_number >= {quantity_value}
ORDER BY ls_starttime;

-- name: R1
-- How long do the runs of each program take, by how they end?
-- Seconds by the clock.
SELECT a.a_name, r.r_status, COUNT(*) AS n_runs, ROUND(AVG(r.r_duration), 2) AS mean_duration,
MAX(r.r_duration) AS longest
FROM provenance.activity AS a
JOIN provext.run AS r ON r.r_activity_id = a.a_id
GROUP BY a.a_name, r.r_status
ORDER BY mean_duration DESC;

-- name: R2
-- What ran last?
-- The ten latest runs.
SELECT TOP 10 *
FROM provenance.activity
WHERE a_endtime IS NOT NULL
ORDER BY a_endtime DESC;

-- name: S1
-- Which data products near this position do not go back to this file?
-- Two degrees around one observation; ask this of a calibration that turned out to be wrong.
SELECT o.obs_publisher_did, o.target_name, o.dataproduct_type, o.s_ra, o.s_dec
FROM ivoa.obscore AS o
WHERE 1 = CONTAINS(POINT('ICRS', o.s_ra, o.s_dec), CIRCLE('ICRS', {sky_ra}, {sky_dec}, 2))
AND o.obs_publisher_did NOT IN (
SELECT p.pr_publisher_did
FROM provext.product AS p
JOIN provenance.lineage AS l ON l.l_descendant_id = p.pr_entity_id
WHERE l.l_ancestor_id = {used_product});

-- name: S2
-- How were the data products near this position made?
-- The last step of each: the program, its version and inputs.
SELECT o.obs_publisher_did, o.target_name, s.ls_program, s.ls_version, s.ls_inputs, s.ls_doi, s.ls_rights_uri
FROM ivoa.obscore AS o
JOIN provext.product AS p ON p.pr_publisher_did = o.obs_publisher_did
JOIN provext.last_step AS s ON s.ls_entity_id = p.pr_entity_id
WHERE 1 = CONTAINS(POINT('ICRS', o.s_ra, o.s_dec), CIRCLE('ICRS', {sky_ra}, {sky_dec}, 2));

-- name: S3
-- Which observations stand on this file?
-- However many runs lie between.
SELECT o.obs_publisher_did, o.obs_id, o.target_name, o.s_ra, o.s_dec, l.l_distance
FROM provenance.lineage AS l
JOIN provext.product AS p ON p.pr_entity_id = l.l_descendant_id
JOIN ivoa.obscore AS o ON o.obs_publisher_did = p.pr_publisher_did
WHERE l.l_ancestor_id = {used_product};

-- name: T1
-- What does this service publish?
-- Its tables, and the number of columns of each.
SELECT t.table_name, t.description, COUNT(*) AS n_columns
FROM tap_schema.tables AS t
JOIN tap_schema.columns AS c ON c.table_name = t.table_name
WHERE t.schema_name <> 'tap_schema'
GROUP BY t.table_name, t.description, t.table_index
ORDER BY n_columns DESC;

-- name: T2
-- What do the columns of one table mean?
-- As clients read them.
SELECT column_name, datatype, unit, ucd, utype, description, indexed
FROM tap_schema.columns
WHERE table_name = 'provenance.activity'
ORDER BY column_index;
