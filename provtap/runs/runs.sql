-- Statements of reading.py.

-- name: made_by
SELECT wgb_activity_id AS activity FROM provenance.wasgeneratedby WHERE wgb_entity_id = %(entity)s;

-- name: runs
SELECT a_id AS id, a_name AS name, coalesce(ad_name, a_name) AS program, ad_version AS version,
       a_starttime AS start_time, a_endtime AS end_time, r_status AS status, r_exitcode AS exit_code,
       r_host AS host, r_duration AS duration
  FROM provenance.activity
  LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
  LEFT JOIN provext.run ON r_activity_id = a_id
 WHERE a_id = ANY (%(activities)s);

-- name: having
SELECT DISTINCT p_activity_id AS activity FROM provenance.parameter
 WHERE p_activity_id = ANY (%(activities)s) AND p_name = %(parameter)s;

-- name: parameters
SELECT p_activity_id AS activity, p_name AS name, p_value AS value, pd_unit AS unit, pd_default AS default
  FROM provenance.parameter
  LEFT JOIN provenance.parameterdescription ON pd_id = p_parameterdescription_id
 WHERE p_activity_id = ANY (%(activities)s)
 ORDER BY p_name, p_id;

-- name: configuration_files
SELECT cf_activity_id AS activity, cf_name AS name, cf_location AS location
  FROM provenance.configfile WHERE cf_activity_id = ANY (%(activities)s) ORDER BY cf_name, cf_location;

-- name: used
-- What runs used: data, and the environments that they ran in. Values are facts of the run.
SELECT u_activity_id AS activity, u_role AS role, e_id AS id, e_name AS name, e_comment AS comment,
       e_location AS location, e_class AS kind,
       ARRAY(SELECT h_algorithm || ':' || h_digest FROM provext.hash WHERE h_entity_id = e_id) AS digests,
       wgb_activity_id AS made_by, wgb_role AS made_as
  FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id
  LEFT JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
 WHERE u_activity_id = ANY (%(activities)s) AND e_class <> 'ValueEntity'
 ORDER BY u_role, e_name, e_id;

-- name: generated
SELECT wgb_activity_id AS activity, wgb_role AS role, e_id AS id, e_name AS name, NULL AS comment,
       e_location AS location, e_class AS kind,
       ARRAY(SELECT h_algorithm || ':' || h_digest FROM provext.hash WHERE h_entity_id = e_id) AS digests,
       wgb_activity_id AS made_by, wgb_role AS made_as
  FROM provenance.wasgeneratedby JOIN provenance.entity ON e_id = wgb_entity_id
 WHERE wgb_activity_id = ANY (%(activities)s) AND e_class <> 'ValueEntity'
 ORDER BY wgb_role, e_name, e_id;

-- name: packages
SELECT pk_entity_id AS environment, pk_name AS name, coalesce(pk_version, 'no version') AS version
  FROM provext.package WHERE pk_entity_id = ANY (%(environments)s);
