-- Enough rows of every table for an index to be worth its while.

INSERT INTO provenance.activitydescription (ad_id, ad_name, ad_version)
    SELECT 'ad' || n, 'tool ' || n, '1' FROM generate_series(1, 2000) AS n;
INSERT INTO provenance.activity (a_id, a_name, a_starttime, a_endtime, a_activitydescription_id)
    SELECT 'a' || n, 'run ' || n, '2026-01-01'::timestamp + n * interval '1 min',
           '2026-01-01'::timestamp + (n + 1) * interval '1 min', 'ad' || (n % 2000 + 1)
      FROM generate_series(1, 10000) AS n;
INSERT INTO provext.run (r_activity_id, r_status)
    SELECT a_id, CASE WHEN a_id LIKE '%777' THEN 'error' ELSE 'completed' END FROM provenance.activity;
INSERT INTO provenance.entitydescription (ed_id, ed_class, ed_name)
    SELECT 'ed' || n, 'EntityDescription', 'kind ' || n FROM generate_series(1, 2000) AS n;
INSERT INTO provenance.entitydescription (ed_id, ed_class, ed_name, ed_contenttype)
    SELECT 'dd' || n, 'DatasetDescription', 'data ' || n, 'x' FROM generate_series(1, 2000) AS n;
INSERT INTO provenance.entitydescription (ed_id, ed_class, ed_name, ed_valuetype)
    SELECT 'vd' || n, 'ValueDescription', 'value ' || n, 'double' FROM generate_series(1, 2000) AS n;
INSERT INTO provenance.entity (e_id, e_class, e_name, e_location, e_generatedattime, e_invalidatedattime,
                               e_value, e_entitydescription_id)
    SELECT class || n, class, 'name ' || n, '/data/' || n, '2026-01-01'::timestamp + n * interval '1 min',
           CASE WHEN n % 100 = 0 THEN '2027-01-01'::timestamp + n * interval '1 min' END,
           CASE class WHEN 'ValueEntity' THEN n::text END,
           CASE class WHEN 'ValueEntity' THEN 'vd' WHEN 'DatasetEntity' THEN 'dd' ELSE 'ed' END
           || (n % 2000 + 1)
      FROM generate_series(1, 10000) AS n, unnest('{DatasetEntity,ValueEntity,Collection}'::text[]) AS class;
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id)
    SELECT 'DatasetEntity' || n, 'a' || n FROM generate_series(1, 10000) AS n;
INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role)
    SELECT 'a' || n, 'DatasetEntity' || n % 10000 + 1, 'events' FROM generate_series(1, 10000) AS n;
INSERT INTO provenance.wasderivedfrom (wdf_generatedentity_id, wdf_usedentity_id)
    SELECT 'DatasetEntity' || n + 1, 'DatasetEntity' || n FROM generate_series(1, 9999) AS n;
INSERT INTO provext.alias (al_entity_id, al_kind, al_value)
    SELECT 'DatasetEntity' || n, 'doi', '10.1/' || n FROM generate_series(1, 10000) AS n;
INSERT INTO provext.hash (h_entity_id, h_algorithm, h_digest)
    SELECT 'DatasetEntity' || n, 'md5', md5(n::text) FROM generate_series(1, 10000) AS n;
INSERT INTO provenance.hadmember (hm_collection_id, hm_entity_id)
    SELECT 'Collection' || n, 'DatasetEntity' || n FROM generate_series(1, 10000) AS n;
INSERT INTO provenance.agent (ag_id, ag_name)
    SELECT 'g' || n, 'agent ' || n FROM generate_series(1, 10000) AS n;
INSERT INTO provext.rights (ri_entity_id, ri_uri)
    SELECT 'DatasetEntity' || n, 'https://x.org/' || n FROM generate_series(1, 10000) AS n;
INSERT INTO provtap.environment (en_entity_id, en_content)
    SELECT 'DatasetEntity' || n, '{"python": {"packages": [{"name": "numpy", "version": "2"}]}}'
      FROM generate_series(1, 10000) AS n;
INSERT INTO provext.agent_id (ai_agent_id, ai_scheme, ai_value)
    SELECT 'g' || n, 'orcid', n::text FROM generate_series(1, 10000) AS n;
INSERT INTO provenance.wasattributedto
    SELECT 'DatasetEntity' || n, 'g' || n FROM generate_series(1, 10000) AS n;
INSERT INTO provenance.wasassociatedwith
    SELECT 'a' || n, 'g' || n FROM generate_series(1, 10000) AS n;
INSERT INTO provenance.parameterdescription (pd_id, pd_activitydescription_id, pd_name, pd_valuetype)
    SELECT 'pd' || n, 'ad' || n, 'name', 'double' FROM generate_series(1, 2000) AS n;
INSERT INTO provenance.parameter (p_id, p_activity_id, p_name, p_value)
    SELECT 'p' || n, 'a' || n, 'name ' || n % 100, n::text FROM generate_series(1, 10000) AS n;
INSERT INTO provenance.configfile (cf_id, cf_activity_id, cf_name, cf_location)
    SELECT 'cf' || n, 'a' || n, 'config', '/config/' || n FROM generate_series(1, 10000) AS n;
INSERT INTO provtap.observation (calib_level, obs_collection, obs_id, obs_publisher_did, target_name, s_ra, s_dec, t_min, t_max)
    SELECT 3, 'c', 'o' || n, 'did' || n, 't' || n, n % 360, n % 90, n, n FROM generate_series(1, 10000) AS n;
SELECT gin_clean_pending_list('provenance.entity_name_parts');
ANALYZE;
