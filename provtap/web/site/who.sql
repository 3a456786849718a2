-- Statements of who.py. Things with a time come first, the newest first, in the order of an index; the others
-- follow.

-- name: agent
SELECT {who}, ag_comment, ag_email, ag_url FROM provenance.agent WHERE ag_id = %(id)s;

-- name: runs
SELECT {run}, waw_role AS role, ARRAY[a_starttime::text, a_id, coalesce(waw_role, '')]::text[] AS key
  FROM provenance.wasassociatedwith JOIN provenance.activity ON a_id = waw_activity_id {described}
 WHERE waw_agent_id = %(id)s AND a_starttime IS NOT NULL
   AND (%(after)s::text[] IS NULL
        OR (a_starttime, a_id, coalesce(waw_role, ''))
           < ((%(after)s::text[])[1]::timestamp, (%(after)s::text[])[2], (%(after)s::text[])[3]))
 ORDER BY a_starttime DESC, a_id DESC, coalesce(waw_role, '') DESC
 LIMIT %(limit)s;

-- name: untimed_runs
SELECT {run}, waw_role AS role
  FROM provenance.wasassociatedwith JOIN provenance.activity ON a_id = waw_activity_id {described}
 WHERE waw_agent_id = %(id)s AND a_starttime IS NULL
 ORDER BY a_id
 LIMIT 50;

-- name: files
SELECT {file}, wat_role AS role, ARRAY[e_generatedattime::text, e_id, coalesce(wat_role, '')]::text[] AS key
  FROM provenance.wasattributedto JOIN provenance.entity ON e_id = wat_entity_id
 WHERE wat_agent_id = %(id)s AND e_generatedattime IS NOT NULL
   AND (%(after)s::text[] IS NULL
        OR (e_generatedattime, e_id, coalesce(wat_role, ''))
           < ((%(after)s::text[])[1]::timestamp, (%(after)s::text[])[2], (%(after)s::text[])[3]))
 ORDER BY e_generatedattime DESC, e_id DESC, coalesce(wat_role, '') DESC
 LIMIT %(limit)s;

-- name: untimed_files
SELECT {file}, wat_role AS role
  FROM provenance.wasattributedto JOIN provenance.entity ON e_id = wat_entity_id
 WHERE wat_agent_id = %(id)s AND e_generatedattime IS NULL
 ORDER BY e_id
 LIMIT 50;
