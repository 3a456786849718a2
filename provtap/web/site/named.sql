-- Statements of named.py.

-- name: entity
SELECT coalesce(e_name, e_value) AS name FROM provenance.entity WHERE e_id = %(id)s;

-- name: activity
SELECT coalesce(a_name, ad_name) AS name
  FROM provenance.activity LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
 WHERE a_id = %(id)s;

-- name: agent
SELECT ag_name AS name FROM provenance.agent WHERE ag_id = %(id)s;
