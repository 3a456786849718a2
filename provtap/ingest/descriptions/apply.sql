-- Statements of apply.py: sets of descriptions.

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

-- name: entities_described
-- An entity that refers to one of these kinds of entity, which is in no file any more.
SELECT e_id, e_entitydescription_id FROM provenance.entity WHERE e_entitydescription_id = ANY (%(ids)s) LIMIT 1;
