-- Fragments of the statements of pages: the columns that lists show of each thing.

-- name: run
a_id, coalesce(a_name, ad_name) AS a_name, ad_name, ad_version, a_starttime, a_endtime, r_status, r_exitcode, r_host, r_duration

-- name: described
-- After any relation with an a_id.
LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id LEFT JOIN provext.run ON r_activity_id = a_id

-- name: file
e_id, e_class, e_name, e_location, e_value, e_generatedattime, e_invalidatedattime

-- name: generated
-- After any relation with an e_id: the run that made the entity.
LEFT JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id LEFT JOIN provenance.activity ON a_id = wgb_activity_id LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id LEFT JOIN provext.run ON r_activity_id = a_id

-- name: who
ag_id, ag_name, ag_type, ag_affiliation

-- name: is_data
-- Used files and collections, without values and environment.
e_class <> 'ValueEntity' AND CASE WHEN u_usagedescription_id IS NULL THEN u_role IS DISTINCT FROM 'environment' ELSE NOT EXISTS (SELECT FROM provenance.usagedescription WHERE ud_id = u_usagedescription_id AND ud_type = 'Context') END
