-- What layers.py fills a store with: runs %(first)s to %(last)s - 1 of each layer, with %(parameters)s parameters each.

CREATE SCHEMA IF NOT EXISTS bench;
CREATE OR REPLACE FUNCTION bench.id(kind text, layer int, n int) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN 'urn:uuid:' || md5(kind || '/' || layer || '/' || n)::uuid;

-- The rows are right: no key need be checked.
SET session_replication_role = replica;

INSERT INTO provenance.agent (ag_id, ag_name, ag_type, ag_email)
SELECT 'urn:x-bench:person:' || n, 'Observer ' || n, 'Person', 'observer' || n || '@example.org'
  FROM generate_series(0, 19) AS n
    ON CONFLICT DO NOTHING;

INSERT INTO provenance.activitydescription (ad_id, ad_name, ad_version, ad_type, ad_description)
SELECT 'urn:x-bench:tool:' || l, 'tool' || l, '0.' || l || '.0', 'Reduction', 'Makes data of level ' || l || '.'
  FROM generate_series(1, %(layers)s) AS l
    ON CONFLICT DO NOTHING;

INSERT INTO provenance.entitydescription (ed_id, ed_class, ed_name, ed_contenttype, ed_description)
SELECT 'urn:x-bench:' || kind || ':' || l, 'DatasetDescription', kind || ' of level ' || l, 'application/x-hdf5',
       'Data of level ' || l || '.'
  FROM generate_series(0, %(layers)s) AS l, unnest(ARRAY['product', 'calibration']) AS kind
    ON CONFLICT DO NOTHING;

INSERT INTO provenance.usagedescription (ud_id, ud_activitydescription_id, ud_role, ud_type)
SELECT 'urn:x-bench:use:' || role || ':' || l, 'urn:x-bench:tool:' || l, role, type
  FROM generate_series(1, %(layers)s) AS l,
       (VALUES ('Event', 'Main'), ('Calibration', 'Calibration')) AS u (role, type)
    ON CONFLICT DO NOTHING;

INSERT INTO provenance.generationdescription (gd_id, gd_activitydescription_id, gd_role, gd_type)
SELECT 'urn:x-bench:make:' || role || ':' || l, 'urn:x-bench:tool:' || l, role, type
  FROM generate_series(1, %(layers)s) AS l, (VALUES ('product', 'Main'), ('log', 'Log')) AS g (role, type)
    ON CONFLICT DO NOTHING;

INSERT INTO provenance.entity (e_id, e_class, e_name, e_location, e_generatedattime, e_entitydescription_id)
SELECT bench.id('calibration', l, n), 'DatasetEntity', 'calibration_' || l || '_' || n || '.h5',
       '/data/calibration/level' || l || '/calibration_' || l || '_' || n || '.h5', '2019-12-31',
       'urn:x-bench:calibration:' || l
  FROM generate_series(1, %(layers)s) AS l, generate_series(0, 49) AS n
    ON CONFLICT DO NOTHING;

-- A raw product comes once a minute, and a level takes a day; runs take 5 to 59 minutes.
CREATE TEMPORARY TABLE made AS
SELECT n, l, bench.id('run', l, n) AS run, started, started + mod(n * 7, 55) * interval '1 minute' + '5 minutes' AS ended
  FROM generate_series(%(first)s, %(last)s - 1) AS n, generate_series(0, %(layers)s) AS l,
       LATERAL (SELECT timestamp '2020-01-01' + n * interval '1 minute' + l * interval '1 day') AS s (started)
 ORDER BY n, l;
ANALYZE made;

INSERT INTO provenance.entity
       (e_id, e_class, e_name, e_location, e_generatedattime, e_comment, e_entitydescription_id)
SELECT bench.id(kind, l, n), class, name, '/data/' || to_char(ended, 'YYYY/MM/DD') || '/level' || l || '/' || name, ended,
       CASE WHEN mod(n, 10) = 0 THEN 'Looked at by hand: fit & "fine", flux < 1 %%' END, about
  FROM made,
       LATERAL (VALUES ('product', 'DatasetEntity', 'product_' || l || '_' || lpad(n::text, 8, '0') || '.h5',
                        'urn:x-bench:product:' || l),
                       ('log', 'Entity', 'log_' || l || '_' || lpad(n::text, 8, '0') || '.txt', NULL))
            AS e (kind, class, name, about)
 WHERE l > 0 OR kind = 'product';

INSERT INTO provenance.activity (a_id, a_name, a_starttime, a_endtime, a_activitydescription_id)
SELECT run, 'tool' || l, started, ended, 'urn:x-bench:tool:' || l FROM made WHERE l > 0;

INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role, u_time, u_usagedescription_id)
SELECT run, bench.id(kind, layer, number), role, started, 'urn:x-bench:use:' || role || ':' || l
  FROM made, LATERAL (VALUES ('product', l - 1, n, 'Event'), ('product', l - 1, n - 1, 'Event'),
                             ('calibration', l, mod(n, 50), 'Calibration')) AS u (kind, layer, number, role)
 WHERE l > 0 AND number >= 0;

INSERT INTO provenance.wasgeneratedby
       (wgb_entity_id, wgb_activity_id, wgb_role, wgb_generationdescription_id)
SELECT bench.id(kind, l, n), run, kind, 'urn:x-bench:make:' || kind || ':' || l
  FROM made, unnest(ARRAY['product', 'log']) AS kind WHERE l > 0;

INSERT INTO provenance.wasassociatedwith (waw_activity_id, waw_agent_id, waw_role)
SELECT run, 'urn:x-bench:person:' || mod(n + l, 20), 'Operator' FROM made WHERE l > 0;

INSERT INTO provenance.parameter (p_id, p_activity_id, p_name, p_value)
SELECT run || '/p' || k, run, 'Tool' || l || '.p' || k,
       CASE mod(k, 3) WHEN 0 THEN mod(n, 7)::text WHEN 1 THEN (mod(n, 1000) / 8.0)::text ELSE 'method' || mod(n, 3) END
  FROM made, generate_series(1, %(parameters)s) AS k WHERE l > 0;

INSERT INTO provext.hash (h_entity_id, h_algorithm, h_digest, h_size)
SELECT bench.id('product', l, n), 'sha256', md5(l || '/' || n) || md5(n || '/' || l), 1000000 + mod(n::bigint * 7919, 99991) * 1000
  FROM made;

INSERT INTO provext.run (r_activity_id, r_status, r_exitcode, r_host, r_duration)
SELECT run, CASE WHEN mod(n, 100) = 99 THEN 'failed' ELSE 'completed' END, CASE WHEN mod(n, 100) = 99 THEN 1 ELSE 0 END,
       'node' || mod(n, 40) || '.example.org', extract(epoch FROM ended - started)
  FROM made WHERE l > 0;

DROP TABLE made;
SET session_replication_role = origin;
