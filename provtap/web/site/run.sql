-- Statements of run.py.

-- name: run
SELECT {run}, r_activity_id IS NOT NULL AS is_logged, a_comment, ad_type, ad_description, ad_docurl
  FROM provenance.activity {described}
 WHERE a_id = %(id)s;

-- name: used
-- The files that a run read, with the runs that made them. The joins are done only for the rows of the page.
SELECT part.*, {run}
  FROM (SELECT {file}, u_role AS role, ARRAY[coalesce(u_role, ''), coalesce(e_name, ''), e_id]::text[] AS key
          FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id
         WHERE u_activity_id = %(id)s AND {is_data}
           AND (%(after)s::text[] IS NULL
                OR (coalesce(u_role, ''), coalesce(e_name, ''), e_id)
                   > ((%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3]))
         ORDER BY coalesce(u_role, ''), coalesce(e_name, ''), e_id
         LIMIT %(limit)s) AS part {generated}
 ORDER BY key COLLATE "C";

-- name: wrote
SELECT {file}, wgb_role AS role, ARRAY[coalesce(wgb_role, ''), coalesce(e_name, ''), e_id]::text[] AS key
  FROM provenance.wasgeneratedby JOIN provenance.entity ON e_id = wgb_entity_id
 WHERE wgb_activity_id = %(id)s AND e_class <> 'ValueEntity'
   AND (%(after)s::text[] IS NULL
        OR (coalesce(wgb_role, ''), coalesce(e_name, ''), e_id)
           > ((%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3]))
 ORDER BY coalesce(wgb_role, ''), coalesce(e_name, ''), e_id
 LIMIT %(limit)s;

-- name: values
-- Values that a run read or wrote.
SELECT {file}, u_role AS role FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id
 WHERE u_activity_id = %(id)s AND e_class = 'ValueEntity'
UNION ALL
SELECT {file}, wgb_role FROM provenance.wasgeneratedby JOIN provenance.entity ON e_id = wgb_entity_id
 WHERE wgb_activity_id = %(id)s AND e_class = 'ValueEntity'
 ORDER BY role, e_id
 LIMIT 50;

-- name: environment
-- The environment of a run, without values.
SELECT {file}, u_role AS role FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id
 WHERE u_activity_id = %(id)s AND e_class <> 'ValueEntity' AND NOT ({is_data})
 ORDER BY e_name, e_id
 LIMIT 20;

-- name: settings
-- Parameters that differ from their default, compared as texts, come first.
SELECT p_name AS name, p_value AS value, pd_unit AS unit, pd_default AS default, pd_description AS description,
       ARRAY[CASE WHEN p_value <> pd_default THEN '0' ELSE '1' END, p_name, p_id]::text[] AS key
  FROM provenance.parameter
  LEFT JOIN provenance.parameterdescription ON pd_id = p_parameterdescription_id
 WHERE p_activity_id = %(id)s
   AND (%(filter)s::text IS NULL OR strpos(lower(p_name || ' ' || p_value), lower(%(filter)s)) > 0)
   AND (%(after)s::text[] IS NULL
        OR (CASE WHEN p_value <> pd_default THEN '0' ELSE '1' END, p_name, p_id)
           > ((%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3]))
 ORDER BY CASE WHEN p_value <> pd_default THEN '0' ELSE '1' END, p_name, p_id
 LIMIT %(limit)s;

-- name: configuration
SELECT cf_name AS name, cf_location AS location, cf_comment AS comment
  FROM provenance.configfile
 WHERE cf_activity_id = %(id)s
 ORDER BY cf_name, cf_location
 LIMIT 50;

-- name: agents
SELECT {who}, waw_role AS role
  FROM provenance.wasassociatedwith JOIN provenance.agent ON ag_id = waw_agent_id
 WHERE waw_activity_id = %(id)s
 ORDER BY waw_role, ag_name, ag_id
 LIMIT 50;

-- name: steps
-- Runs informed by this one: its steps, and later runs; ordered by time.
SELECT {run}
  FROM provenance.wasinformedby JOIN provenance.activity ON a_id = wib_informed_id {described}
 WHERE wib_informant_id = %(id)s
 ORDER BY a_starttime, a_id
 LIMIT 51;

-- name: informants
SELECT {run}
  FROM provenance.wasinformedby JOIN provenance.activity ON a_id = wib_informant_id {described}
 WHERE wib_informed_id = %(id)s
 ORDER BY a_starttime, a_id
 LIMIT 20;

-- name: next_completed
-- The first run of the same program that completed later, which may have the missing files.
SELECT {run}
  FROM provenance.activity {described}
 WHERE a_starttime > %(began)s AND a_name = %(name)s AND r_status = 'completed'
 ORDER BY a_starttime
 LIMIT 1;
