-- Fragments of the statements of pages: what lists show of each thing, under the names of its columns.

-- name: run
a_id, coalesce(a_name, ad_name) AS a_name, ad_name, ad_version, a_starttime, a_endtime, r_status, r_exitcode, r_host, r_duration

-- name: described
-- Follows whatever has an a_id.
LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id LEFT JOIN provext.run ON r_activity_id = a_id

-- name: file
e_id, e_class, e_name, e_location, e_value, e_generatedattime, e_invalidatedattime

-- name: generated
-- Follows whatever has an e_id: the run that made it.
LEFT JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id LEFT JOIN provenance.activity ON a_id = wgb_activity_id LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id LEFT JOIN provext.run ON r_activity_id = a_id

-- name: who
ag_id, ag_name, ag_type, ag_affiliation

-- name: is_data
-- Of what a run used: files and collections, not the values and the environment that surrounded it.
e_class <> 'ValueEntity' AND CASE WHEN u_usagedescription_id IS NULL THEN u_role IS DISTINCT FROM 'environment' ELSE NOT EXISTS (SELECT FROM provenance.usagedescription WHERE ud_id = u_usagedescription_id AND ud_type = 'Context') END
