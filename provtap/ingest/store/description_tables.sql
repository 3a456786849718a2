-- Statements of description_tables.py. {table}, {key} ... are filled in from the classes in model/records.py.

-- name: set_texts
-- The texts of activity descriptions; null for one that has become a draft again.
UPDATE provenance.activitydescription AS held
   SET ({columns}) = ROW ({given})
  FROM json_populate_recordset(NULL::provenance.activitydescription, %(rows)s::json) AS given
 WHERE held.ad_id = given.ad_id
   AND ROW ({held}) IS DISTINCT FROM ROW ({given});

-- name: remembered
-- Earlier claims of records about the same things.
SELECT td_table, td_id, held.td_content
  FROM provtap.told_description AS held
  JOIN json_populate_recordset(NULL::provtap.told_description, %(keys)s::json) AS given USING (td_table, td_id);

-- name: recorded
SELECT td_table, td_content FROM provtap.told_description WHERE td_owner_id = ANY (%(ids)s);

-- name: owners
-- The activity descriptions of roles.
SELECT {prefix}id AS id, {prefix}activitydescription_id AS owner_id FROM {table} WHERE {prefix}id = ANY (%(ids)s);

-- name: write
WITH given AS MATERIALIZED (
    SELECT * FROM json_populate_recordset(NULL::{table}, %(rows)s::json)
), written AS (
    INSERT INTO {table} AS held ({columns})
    SELECT {columns} FROM given
        ON CONFLICT ({key}) DO UPDATE SET ({columns}) = ROW ({excluded})
     WHERE ROW ({held}) IS DISTINCT FROM ROW ({excluded})
    RETURNING xmax = 0 AS new
)
SELECT count(*) FILTER (WHERE new) AS new, count(*) FILTER (WHERE NOT new) AS updated
  FROM written;

-- name: relate
-- The kinds of entity allowed in the roles with these ids.
WITH given AS MATERIALIZED (
    SELECT DISTINCT {left}, {right} FROM json_populate_recordset(NULL::{table}, %(rows)s::json)
), gone AS (
    DELETE FROM {table}
     WHERE {left} = ANY (%(ids)s) AND ({left}, {right}) NOT IN (SELECT {left}, {right} FROM given)
), related AS (
    INSERT INTO {table} ({left}, {right})
    SELECT {left}, {right} FROM given
        ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) AS new FROM related;

-- name: parts_gone
-- Roles or parameters of these activity descriptions that are no longer described.
SELECT {key} AS id FROM {table} WHERE {owner} = ANY (%(ids)s) AND {key} <> ALL (%(shown)s);

-- name: unlink
UPDATE {table} SET {link} = NULL WHERE {link} = ANY (%(ids)s);

-- name: draft
-- Only the identity of the activity description; `set_texts` writes the rest. A script may have given it
-- another id.
WITH given AS MATERIALIZED (
    SELECT DISTINCT ad_id, ad_name, ad_version
      FROM json_populate_recordset(NULL::provenance.activitydescription, %(rows)s::json)
), drafted AS (
    INSERT INTO provenance.activitydescription (ad_id, ad_name, ad_version)
    SELECT ad_id, ad_name, ad_version FROM given
        ON CONFLICT DO NOTHING
    RETURNING ad_id
)
SELECT (SELECT json_agg(ad_id) FROM drafted) AS new, json_object_agg(given.ad_id, held.ad_id) AS known,
       EXISTS (SELECT
                 FROM given
                WHERE NOT EXISTS (SELECT
                                    FROM provtap.told_description
                                   WHERE td_table = 'provenance.activitydescription' AND td_id = given.ad_id))
           AS unrecorded
  FROM given JOIN provenance.activitydescription AS held
    ON held.ad_name = given.ad_name AND held.ad_version IS NOT DISTINCT FROM given.ad_version
 WHERE held.ad_id <> given.ad_id;

-- name: withdraw_drafts
-- Versions that were only named in a set, which no longer names them.
DELETE FROM provenance.activitydescription
 WHERE ad_id = ANY (%(ids)s)
   AND NOT EXISTS (SELECT FROM provtap.told_description WHERE td_owner_id = ad_id)
   AND NOT EXISTS (SELECT FROM provenance.activity WHERE a_activitydescription_id = ad_id);
