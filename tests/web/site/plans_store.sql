-- A store that is large enough for plans: 20 000 runs in a chain, which all used one calibration, for one person.

SET LOCAL session_replication_role = replica;
INSERT INTO provenance.agent (ag_id, ag_name, ag_type) SELECT 'p' || n, 'Person ' || n, 'Person' FROM generate_series(1, 500) AS n;
INSERT INTO provenance.activitydescription (ad_id, ad_name, ad_version)
    SELECT 'd' || n, 'tool', n::text FROM generate_series(1, 3) AS n;
INSERT INTO provenance.activity (a_id, a_name, a_starttime, a_endtime, a_activitydescription_id)
    SELECT 'r' || n, 'tool', timestamp '2026-01-01' + n * interval '1 minute',
           timestamp '2026-01-01 00:00:30' + n * interval '1 minute', 'd' || 1 + n % 3
      FROM generate_series(1, 20000) AS n;
INSERT INTO provext.run (r_activity_id, r_status, r_exitcode, r_host, r_duration)
    SELECT 'r' || n, CASE WHEN n % 100 = 0 THEN 'error' ELSE 'completed' END, n % 2, 'node' || n % 40, 30
      FROM generate_series(1, 20000) AS n;
INSERT INTO provenance.entity (e_id, e_class, e_name, e_location, e_generatedattime, e_invalidatedattime)
    SELECT 'f' || n, 'DatasetEntity', 'file' || n || '.h5', '/data/' || n % 15000,
           timestamp '2026-01-01' + n * interval '1 minute',
           CASE WHEN n = 77 THEN timestamp '2027-01-01' END
      FROM generate_series(0, 20000) AS n;
INSERT INTO provenance.entity (e_id, e_class, e_name) VALUES ('flat', 'DatasetEntity', 'flat.fits'), ('all', 'Collection', 'all');
INSERT INTO provenance.entity (e_id, e_class, e_value) SELECT 'v' || n, 'ValueEntity', n::text FROM generate_series(1, 20000) AS n;
INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role)
    SELECT 'r' || n, 'f' || n - 1, 'input' FROM generate_series(1, 20000) AS n
    UNION ALL SELECT 'r' || n, 'flat', 'calibration' FROM generate_series(1, 20000) AS n
    UNION ALL SELECT 'r' || n, 'v' || n, 'setting' FROM generate_series(1, 20000) AS n;
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id, wgb_role)
    SELECT 'f' || n, 'r' || n, 'output' FROM generate_series(1, 20000) AS n;
INSERT INTO provenance.hadmember (hm_collection_id, hm_entity_id) SELECT 'all', 'f' || n FROM generate_series(1, 20000) AS n;
INSERT INTO provenance.wasassociatedwith (waw_activity_id, waw_agent_id, waw_role)
    SELECT 'r' || n, 'p1', 'Operator' FROM generate_series(1, 20000) AS n
    UNION ALL SELECT 'r' || n, 'p' || n, 'Observer' FROM generate_series(2, 500) AS n;
INSERT INTO provenance.wasattributedto (wat_entity_id, wat_agent_id, wat_role)
    SELECT 'f' || n, 'p1', 'Creator' FROM generate_series(1, 20000) AS n
    UNION ALL SELECT 'f' || n, 'p' || n, 'Creator' FROM generate_series(2, 500) AS n;
INSERT INTO provenance.parameter (p_id, p_activity_id, p_name, p_value)
    SELECT 'r' || n || '/' || k, 'r' || n, 'tool.part.p' || k, k::text FROM generate_series(1, 20000) AS n, generate_series(1, 2) AS k;
INSERT INTO provext.alias (al_entity_id, al_kind, al_value, al_validfrom)
    SELECT e_id, 'path', e_location, e_generatedattime FROM provenance.entity WHERE e_location IS NOT NULL;
INSERT INTO provext.location (loc_entity_id, loc_url, loc_storage)
    SELECT e_id, e_location, 'disk' FROM provenance.entity WHERE e_location IS NOT NULL;
INSERT INTO provext.hash (h_entity_id, h_algorithm, h_digest)
    SELECT e_id, 'md5', md5(e_id) FROM provenance.entity WHERE e_class = 'DatasetEntity';
