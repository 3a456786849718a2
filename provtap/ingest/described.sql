-- Statements of described.py, description_tables.py and describe.py. {table}, {key} ... are filled in from the classes in records.py.

-- name: entries
-- For each activity description its most exact entry of all sets of descriptions.
SELECT DISTINCT ON (ad_id) ad_id, ad_name, ad_version, da_set_name, da_content
  FROM provenance.activitydescription JOIN provtap.described_activity
    ON da_name = ad_name
   AND (da_versions = ad_version
        OR right(da_versions, 1) = '*' AND starts_with(coalesce(ad_version, ''), left(da_versions, -1)))
 WHERE ad_id = ANY (%(ids)s) OR ad_name = ANY (%(names)s)
 ORDER BY ad_id, right(da_versions, 1) = '*', length(da_versions) DESC;

-- name: tell
-- What an activity description says itself; nothing for one that is a draft again.
UPDATE provenance.activitydescription AS held
   SET (ad_description, ad_docurl, ad_type, ad_subtype)
       = ROW (told.ad_description, told.ad_docurl, told.ad_type, told.ad_subtype)
  FROM json_populate_recordset(NULL::provenance.activitydescription, %(rows)s::json) AS told
 WHERE held.ad_id = told.ad_id
   AND (held.ad_description, held.ad_docurl, held.ad_type, held.ad_subtype)
       IS DISTINCT FROM (told.ad_description, told.ad_docurl, told.ad_type, told.ad_subtype);

-- name: remembered
-- What records said before of the same.
SELECT td_table, td_id, held.td_content
  FROM provtap.told_description AS held
  JOIN json_populate_recordset(NULL::provtap.told_description, %(places)s::json) AS told USING (td_table, td_id);

-- name: remember
INSERT INTO provtap.told_description
SELECT * FROM json_populate_recordset(NULL::provtap.told_description, %(rows)s::json)
    ON CONFLICT (td_table, td_id) DO UPDATE SET td_content = excluded.td_content;

-- name: told
SELECT td_table, td_content FROM provtap.told_description WHERE td_owner_id = ANY (%(ids)s);

-- name: owners
-- The activity descriptions that roles are a part of.
SELECT {prefix}id AS id, {prefix}activitydescription_id AS owner_id FROM {table} WHERE {prefix}id = ANY (%(ids)s);

-- name: write
WITH told AS MATERIALIZED (
    SELECT * FROM json_populate_recordset(NULL::{table}, %(rows)s::json)
), written AS (
    INSERT INTO {table} AS held ({columns})
    SELECT {columns} FROM told
        ON CONFLICT ({key}) DO UPDATE SET ({columns}) = ROW ({excluded})
     WHERE ROW ({held}) IS DISTINCT FROM ROW ({excluded})
    RETURNING xmax = 0 AS new
)
SELECT count(*) FILTER (WHERE new) AS new, count(*) FILTER (WHERE NOT new) AS updated
  FROM written;

-- name: relate
-- Which kinds of entity have the roles of these ids.
WITH told AS MATERIALIZED (
    SELECT DISTINCT {left}, {right} FROM json_populate_recordset(NULL::{table}, %(rows)s::json)
), gone AS (
    DELETE FROM {table}
     WHERE {left} = ANY (%(ids)s) AND ({left}, {right}) NOT IN (SELECT {left}, {right} FROM told)
), related AS (
    INSERT INTO {table} ({left}, {right})
    SELECT {left}, {right} FROM told
        ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) AS new FROM related;

-- name: parts_gone
-- Roles or parameters of these activity descriptions that nobody describes any more.
SELECT {key} AS id FROM {table} WHERE {owner} = ANY (%(ids)s) AND {key} <> ALL (%(kept)s);

-- name: unlink
UPDATE {table} SET {link} = NULL WHERE {link} = ANY (%(ids)s);

-- name: withdraw
DELETE FROM {table} WHERE {key} = ANY (%(ids)s);

-- name: concerned
(SELECT a_id, a_activitydescription_id AS description_id
   FROM provenance.activity
  WHERE a_id = ANY (%(activities)s) OR a_activitydescription_id = ANY (%(descriptions)s))

-- name: link
-- Give each usage, generation, parameter or configuration file the description that the description of its
-- activity has for its role or name, and no other.
WITH concerned AS MATERIALIZED (
    SELECT a_id, description_id FROM {concerned} AS activity WHERE EXISTS (SELECT FROM {described})
), found AS MATERIALIZED (
    SELECT linked.ctid AS place, {key}
      FROM concerned JOIN {table} AS linked ON {activity} = a_id
      LEFT JOIN {described} ON {owner} = description_id AND {described_name} = {name}
     WHERE {link} IS DISTINCT FROM {key}
)
UPDATE {table} AS linked SET {link} = {key} FROM found WHERE linked.ctid = place;

-- name: sets
SELECT ds_name, ds_version, ds_content FROM provtap.description_set ORDER BY ds_name;

-- name: entry_owners
SELECT da_name, da_versions, da_set_name FROM provtap.described_activity WHERE da_name = ANY (%(names)s);

-- name: all_entries
SELECT da_name, da_versions FROM provtap.described_activity ORDER BY 1, 2;

-- name: keep_set
INSERT INTO provtap.description_set (ds_name, ds_version, ds_content, ds_source)
VALUES (%(name)s, %(version)s, %(content)s, %(source)s)
    ON CONFLICT (ds_name) DO UPDATE
   SET (ds_version, ds_content, ds_source, ds_time)
       = ROW (excluded.ds_version, excluded.ds_content, excluded.ds_source, excluded.ds_time);

-- name: forget_entries
DELETE FROM provtap.described_activity WHERE da_set_name = %(name)s;

-- name: keep_entries
INSERT INTO provtap.described_activity (da_name, da_versions, da_set_name, da_content)
SELECT da_name, da_versions, da_set_name, da_content
  FROM json_populate_recordset(NULL::provtap.described_activity, %(rows)s::json);

-- name: draft
-- That there is such an activity; what it is, `tell` says. A script may have given it another id.
WITH told AS MATERIALIZED (
    SELECT DISTINCT ad_id, ad_name, ad_version
      FROM json_populate_recordset(NULL::provenance.activitydescription, %(rows)s::json)
), drafted AS (
    INSERT INTO provenance.activitydescription (ad_id, ad_name, ad_version)
    SELECT ad_id, ad_name, ad_version FROM told
        ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM drafted) AS new, json_object_agg(told.ad_id, held.ad_id) AS known,
       EXISTS (SELECT
                 FROM told
                WHERE NOT EXISTS (SELECT
                                    FROM provtap.told_description
                                   WHERE td_table = 'provenance.activitydescription' AND td_id = told.ad_id))
           AS untold
  FROM told JOIN provenance.activitydescription AS held
    ON held.ad_name = told.ad_name AND held.ad_version IS NOT DISTINCT FROM told.ad_version
 WHERE held.ad_id <> told.ad_id;

-- name: withdraw_drafts
-- Versions that only a set named, and names no more.
DELETE FROM provenance.activitydescription
 WHERE ad_id = ANY (%(ids)s)
   AND NOT EXISTS (SELECT FROM provtap.told_description WHERE td_owner_id = ad_id)
   AND NOT EXISTS (SELECT FROM provenance.activity WHERE a_activitydescription_id = ad_id);

-- name: entities_described
-- An entity that refers to one of these kinds of entity, though no file has it any more.
SELECT e_id, e_entitydescription_id FROM provenance.entity WHERE e_entitydescription_id = ANY (%(ids)s) LIMIT 1;

-- name: waiting
SELECT td_id, td_content
  FROM provtap.told_description
 WHERE td_table = 'provenance.agent' AND td_id = ANY (%(ids)s);

-- name: doubt_agents
-- What an older version of the set said of its agents yields to everything.
UPDATE provtap.trust SET t_rank = 3, t_claimant = '~' WHERE t_kind = 'provenance.agent' AND t_id = ANY (%(ids)s);

-- name: displaced
-- What records say of agents that a set is to describe.
SELECT to_jsonb(held) || jsonb_build_object('rank', coalesce(t_rank, 0), 'claimant', coalesce(t_claimant, '')) AS claim
  FROM provenance.agent AS held LEFT JOIN provtap.trust ON t_kind = 'provenance.agent' AND t_id = ag_id
 WHERE ag_id = ANY (%(ids)s);

-- name: agents_needed
-- An agent that somebody refers to who did not tell of it.
SELECT waw_agent_id AS agent_id, waw_activity_id AS thing_id
  FROM provenance.wasassociatedwith WHERE waw_agent_id = ANY (%(ids)s)
 UNION ALL
SELECT wat_agent_id, wat_entity_id FROM provenance.wasattributedto WHERE wat_agent_id = ANY (%(ids)s)
 LIMIT 1;

-- name: forget_agents
WITH doubted AS (DELETE FROM provtap.trust WHERE t_kind = 'provenance.agent' AND t_id = ANY (%(ids)s))
DELETE FROM provenance.agent WHERE ag_id = ANY (%(ids)s);

-- name: wait_no_more
DELETE FROM provtap.told_description WHERE td_table = 'provenance.agent' AND td_id = ANY (%(ids)s);
