-- Statements of compare.py.

-- name: run
-- The thing itself, if it is a run, otherwise the run that made it.
SELECT {run}
  FROM provenance.activity {described}
 WHERE a_id = CASE %(kind)s
                   WHEN 'entity' THEN (SELECT wgb_activity_id::text
                                         FROM provenance.wasgeneratedby WHERE wgb_entity_id = %(id)s)
                   ELSE %(id)s END;

-- name: neighbours
-- Runs of the same program, the nearest ones before and after.
(SELECT {run}
   FROM provenance.activity {described}
  WHERE a_name = %(name)s AND a_starttime <= %(began)s AND a_id <> %(id)s
  ORDER BY a_starttime DESC
  LIMIT 5)
 UNION ALL
(SELECT {run}
   FROM provenance.activity {described}
  WHERE a_name = %(name)s AND a_starttime > %(began)s
  ORDER BY a_starttime
  LIMIT 5)
 ORDER BY a_starttime DESC, a_id;
