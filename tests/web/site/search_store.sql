-- What tests of /search look for.

INSERT INTO provenance.activitydescription (ad_id, ad_name, ad_version)
    VALUES ('d1', 'night-merge', '1.0'), ('d2', 'night-merge', '2.0');
INSERT INTO provenance.agent (ag_id, ag_name, ag_type) VALUES ('mei', 'Mei Tanaka', 'Person');
INSERT INTO provenance.activity (a_id, a_name, a_starttime, a_activitydescription_id)
    SELECT 'r' || n, 'merge', timestamp '2026-11-01' + n * interval '1 hour', 'd' || 1 + n % 2
      FROM generate_series(1, 120) AS n;
INSERT INTO provenance.activity (a_id, a_name) VALUES ('undated', 'merge');
INSERT INTO provext.run (r_activity_id, r_status, r_exitcode)
    SELECT 'r' || n, CASE WHEN n % 40 = 0 THEN 'error' ELSE 'completed' END, n % 40 FROM generate_series(1, 119) AS n;
INSERT INTO provenance.entity (e_id, e_class, e_name, e_location, e_generatedattime)
    SELECT 'urn:uuid:' || md5(n::text)::uuid, 'DatasetEntity', 'LST-1.Run' || 9000 + n || '.dl1.h5',
           '/data/' || n || '/LST-1.Run' || 9000 + n || '.dl1.h5', timestamp '2026-11-01' + n * interval '1 hour'
      FROM generate_series(1, 120) AS n;
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id)
    SELECT 'urn:uuid:' || md5(n::text)::uuid, 'r' || n FROM generate_series(1, 120) AS n;
INSERT INTO provenance.entity (e_id, e_class, e_name)
    SELECT 'many' || n, 'DatasetEntity', 'frame' || n FROM generate_series(1, 1100) AS n;
INSERT INTO provenance.entity (e_id, e_class, e_name, e_value) VALUES ('v', 'ValueEntity', 'Run9', '1');
INSERT INTO provenance.entity (e_id, e_class, e_name, e_location)
    VALUES ('a_b', 'DatasetEntity', '100%_sure.fits', NULL), ('axb', 'DatasetEntity', '100 x sure.fits', NULL),
           ('dark', 'DatasetEntity', 'dark.fits', '/cal/dark.fits'), ('dark2', 'DatasetEntity', 'dark.fits', '/old/dark.fits');
INSERT INTO provext.alias (al_entity_id, al_kind, al_value)
    VALUES ('dark', 'doi', '10.5072/dark'), ('dark', 'path', '/both'), ('dark2', 'path', '/both');
INSERT INTO provext.location (loc_entity_id, loc_url, loc_storage) VALUES ('dark', 's3://tape/dark.fits', 'tape');
INSERT INTO provext.hash (h_entity_id, h_algorithm, h_digest)
    VALUES ('dark', 'sha256', '88dd4d18' || repeat('0', 56)), ('axb', 'md5', 'aabbccdd' || repeat('1', 24)),
           ('a_b', 'md5', 'aabbccdd' || repeat('2', 24));
