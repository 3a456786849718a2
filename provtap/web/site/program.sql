-- Statements of program.py.

-- name: named
-- The description of a program for each pair of name and version; for a null version, all versions of the
-- name.
SELECT given.number, ad_id AS id, ad_name AS name, ad_version AS version, ad_description AS description,
       ad_docurl AS documentation, ad_type AS type,
       (SELECT count(*) FROM (SELECT FROM provenance.activity WHERE a_activitydescription_id = ad_id
                               LIMIT %(counted)s) AS run) AS runs
  FROM unnest(%(names)s::text[], %(versions)s::text[]) WITH ORDINALITY AS given (name, version, number)
  JOIN provenance.activitydescription
    ON ad_name = given.name AND (given.version IS NULL OR coalesce(ad_version, '') = given.version)
 ORDER BY given.number, ad_version DESC NULLS LAST
 LIMIT 200;

-- name: undescribed
-- Whether a name has runs without a description.
SELECT FROM provenance.activity WHERE a_name = %(name)s LIMIT 1;

-- name: runs
SELECT {run}, ARRAY[a_starttime::text, a_id]::text[] AS key
  FROM provenance.activity {described}
 WHERE (a_activitydescription_id = ANY (%(ids)s::text[]) OR a_name = %(name)s) AND a_starttime IS NOT NULL
   AND (%(after)s::text[] IS NULL
        OR (a_starttime, a_id) < ((%(after)s::text[])[1]::timestamp, (%(after)s::text[])[2]))
 ORDER BY a_starttime DESC, a_id DESC
 LIMIT %(limit)s;

-- name: untimed
SELECT {run}
  FROM provenance.activity {described}
 WHERE (a_activitydescription_id = ANY (%(ids)s::text[]) OR a_name = %(name)s) AND a_starttime IS NULL
 ORDER BY a_id
 LIMIT 50;
