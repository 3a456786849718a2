-- Statements of description_links.py.

-- name: entries
-- The most exact entry of each activity description in all sets of descriptions.
SELECT DISTINCT ON (ad_id) ad_id, ad_name, ad_version, da_set_name, da_content
  FROM provenance.activitydescription JOIN provtap.described_activity
    ON da_name = ad_name
   AND (da_versions = ad_version
        OR right(da_versions, 1) = '*' AND starts_with(coalesce(ad_version, ''), left(da_versions, -1)))
 WHERE ad_id = ANY (%(ids)s) OR ad_name = ANY (%(names)s)
 ORDER BY ad_id, right(da_versions, 1) = '*', length(da_versions) DESC;

-- name: concerned
(SELECT a_id, a_activitydescription_id AS description_id
   FROM provenance.activity
  WHERE a_id = ANY (%(activities)s) OR a_activitydescription_id = ANY (%(descriptions)s))

-- name: link
-- Set the description of each usage, generation, parameter or configuration file to the one that the
-- description of its activity has for its role or name.
WITH concerned AS MATERIALIZED (
    SELECT a_id, description_id FROM {concerned} AS activity WHERE EXISTS (SELECT FROM {described})
), found AS MATERIALIZED (
    SELECT linked.ctid AS place, {key}
      FROM concerned JOIN {table} AS linked ON {activity} = a_id
      LEFT JOIN {described} ON {owner} = description_id AND {described_name} = {name}
     WHERE {link} IS DISTINCT FROM {key}
)
UPDATE {table} AS linked SET {link} = {key} FROM found WHERE linked.ctid = place;

-- name: remember
INSERT INTO provtap.told_description
SELECT * FROM json_populate_recordset(NULL::provtap.told_description, %(rows)s::json)
    ON CONFLICT (td_table, td_id) DO UPDATE SET td_content = excluded.td_content;

-- name: withdraw
DELETE FROM {table} WHERE {key} = ANY (%(ids)s);
