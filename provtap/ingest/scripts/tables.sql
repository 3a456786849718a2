-- Statements of the modules of scripts. The rows of a script are staged in temporary tables, with their line
-- and row number, until they have been checked against the rules of the model.
-- {table}, {staged} ... come from the catalogue, never from a script.

-- name: tables
-- The rules come from the catalogue. Keys: the expressions of each unique index, the primary key first.
SELECT nspname AS schema, relname AS name,
       (SELECT json_agg(json_build_array(attname, typname, CASE WHEN attnotnull THEN 't' ELSE 'f' END,
                                         CASE WHEN attgenerated <> '' THEN 't' ELSE 'f' END,
                                         pg_get_expr(adbin, adrelid)) ORDER BY attnum)
          FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
          LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped) AS columns,
       (SELECT json_agg((SELECT json_agg(pg_get_indexdef(indexrelid, n, true) ORDER BY n)
                           FROM generate_series(1, indnkeyatts) AS n)
                        ORDER BY indisprimary DESC, indexrelid)
          FROM pg_index
         WHERE indrelid = pg_class.oid AND indisunique) AS keys,
       (SELECT array_agg(pg_get_expr(conbin, conrelid) ORDER BY conname)
          FROM pg_constraint
         WHERE conrelid = pg_class.oid AND contype = 'c') AS checks
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
 WHERE nspname IN ('provenance', 'provext') AND relname NOT IN ('ingestion', 'withdrawal', 'notice')
   AND (relkind = 'r' OR nspname = 'provenance' AND relname = 'wasconfiguredby')
 ORDER BY 1, 2;

-- name: references
SELECT own.nspname || '.' || owner.relname AS name, there.nspname || '.' || target.relname AS target,
       (SELECT array_agg(attname::text ORDER BY n)
          FROM unnest(conkey) WITH ORDINALITY AS key (attnum, n) JOIN pg_attribute USING (attnum)
         WHERE attrelid = conrelid) AS columns,
       (SELECT array_agg(attname::text ORDER BY n)
          FROM unnest(confkey) WITH ORDINALITY AS key (attnum, n) JOIN pg_attribute USING (attnum)
         WHERE attrelid = confrelid) AS target_columns
  FROM pg_constraint
  JOIN pg_class AS owner ON owner.oid = conrelid JOIN pg_namespace AS own ON own.oid = owner.relnamespace
  JOIN pg_class AS target ON target.oid = confrelid JOIN pg_namespace AS there ON there.oid = target.relnamespace
 WHERE contype = 'f' AND own.nspname IN ('provenance', 'provext')
 ORDER BY conrelid, conname;

-- name: stage
CREATE TEMPORARY TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING GENERATED) ON COMMIT DROP;
ALTER TABLE {staged} ADD at_line bigint NOT NULL, ADD at_row bigint NOT NULL{optional};

-- name: unstage
DROP TABLE {staged};

-- name: count
SELECT count(*) AS number FROM {staged};

-- name: broken_check
SELECT at_line, at_row FROM {staged} WHERE NOT ({check}) ORDER BY at_line, at_row LIMIT 1;

-- name: repeated
-- A key that occurs in two rows, if any.
SELECT {shown} AS key FROM {staged} GROUP BY {keys} HAVING count(*) > 1 LIMIT 1;

-- name: contradicting
-- A row that differs from an earlier one with the same key.
SELECT at_line, at_row, first_line
  FROM (SELECT at_line, at_row, ROW ({columns}) AS content, first_value(at_line) OVER same AS first_line,
               first_value(ROW ({columns})) OVER same AS first
          FROM {staged}
        WINDOW same AS (PARTITION BY {keys} ORDER BY at_line, at_row)) AS staged
 WHERE content IS DISTINCT FROM first
 ORDER BY at_line, at_row
 LIMIT 1;

-- name: thin
-- Remove duplicates of equal rows.
DELETE FROM {staged} AS later
 USING (SELECT ctid AS place, row_number() OVER (PARTITION BY {keys} ORDER BY at_line, at_row) AS number
          FROM {staged}) AS staged
 WHERE later.ctid = place AND number > 1;

-- name: taken
-- A row with the natural key of a stored row that has another id.
SELECT at_line, at_row, held.{id}::text AS id
  FROM {staged} AS staged JOIN {table} AS held ON {same} AND held.{id} <> staged.{id}{unless}
 ORDER BY at_line, at_row
 LIMIT 1;

-- name: unless_only_described
-- Nothing refers to the id of a row that comes only from a set of descriptions.
   AND (EXISTS (SELECT FROM provtap.told_description WHERE td_table = '{table}' AND td_id = held.{id})
        OR EXISTS (SELECT FROM provenance.activity WHERE a_activitydescription_id = held.{id}))

-- name: dangling
-- A row with a reference to a thing that is neither in the script nor in the store.
SELECT at_line, at_row, {shown} AS wanted
  FROM {staged} AS staged
 WHERE {given}
   AND NOT EXISTS (SELECT FROM {target} AS held WHERE {held_same}){also}
 ORDER BY at_line, at_row
 LIMIT 1;

-- name: also_staged
   AND NOT EXISTS (SELECT FROM {target} AS other WHERE {other_same})

-- name: both_kinds
SELECT at_line, at_row, {id}::text AS id
  FROM {staged} AS staged
 WHERE EXISTS (SELECT FROM {other} WHERE {other_id} = staged.{id})
 ORDER BY at_line, at_row
 LIMIT 1;

-- name: wrong_artefact
SELECT at_line, at_row
  FROM pg_temp.staged_wasconfiguredby
 WHERE num_nonnulls(wcb_parameter_id, wcb_configfile_id) <> 1
    OR wcb_activity_id IS NULL
    OR CASE lower(wcb_artefacttype) WHEN 'parameter' THEN wcb_parameter_id IS NULL
                                    WHEN 'configfile' THEN wcb_configfile_id IS NULL ELSE true END
 ORDER BY at_line, at_row
 LIMIT 1;

-- name: configure
-- A parameter or configuration file belongs to the activity in wasconfiguredby.
UPDATE {staged} SET {activity} = wcb_activity_id
  FROM pg_temp.staged_wasconfiguredby
 WHERE {pointer} = {id} AND {activity} IS NULL;

-- name: configure_stored
UPDATE {staged} AS staged SET {activity} = held.{activity}
  FROM {table} AS held
 WHERE held.{id} = staged.{id} AND staged.{activity} IS NULL;

-- name: not_configured
-- An artefact without an activity, or with another one than in wasconfiguredby.
SELECT at_line, at_row, {id}::text AS id FROM {staged} WHERE {activity} IS NULL
 ORDER BY at_line, at_row
 LIMIT 1;

-- name: wrongly_configured
SELECT wcb.at_line, wcb.at_row, wcb.{pointer}::text AS id
  FROM pg_temp.staged_wasconfiguredby AS wcb
  LEFT JOIN (SELECT {id}, {activity} FROM {staged}) AS staged ON staged.{id} = {pointer}
  LEFT JOIN {table} AS held ON held.{id} = {pointer}
 WHERE {pointer} IS NOT NULL
   AND wcb_activity_id IS DISTINCT FROM coalesce(staged.{activity}, held.{activity})
 ORDER BY 1, 2
 LIMIT 1;

-- name: replace_drafts
-- A version that was only named in a set of descriptions gets the id from the script.
DELETE FROM provenance.activitydescription AS held
 USING pg_temp.staged_activitydescription AS staged
 WHERE held.ad_name = staged.ad_name AND held.ad_version IS NOT DISTINCT FROM staged.ad_version
   AND held.ad_id <> staged.ad_id;

-- name: complete
-- Values from scripts alone: the least of all values, in any order of arrival.
UPDATE {table} AS held SET {column} = staged.{column}
  FROM {staged} AS staged
 WHERE held.{key} = staged.{key} AND staged.{column} IS NOT NULL
   AND (held.{column} IS NULL OR held.{column} > staged.{column});

-- name: read_staged
-- A usage is a reading with an id: later logs do not remove it.
INSERT INTO provtap.reading (rd_activity_id, rd_role, rd_told_id, rd_entity_id)
SELECT u_activity_id, u_role, u_entity_id, u_entity_id
  FROM {staged}
 WHERE NOT EXISTS (SELECT FROM provtap.reading
                    WHERE rd_activity_id = u_activity_id AND rd_told_id = u_entity_id
                      AND rd_role IS NOT DISTINCT FROM u_role);

-- name: time_usages
-- A usage gets the earliest of its recorded times.
UPDATE provenance.used AS held SET u_time = staged.u_time
  FROM {staged} AS staged
 WHERE {same} AND staged.u_time IS NOT NULL AND (held.u_time IS NULL OR held.u_time > staged.u_time);

-- name: differing
-- Rows that differ from stored rows; the stored rows are kept.
SELECT at_line, at_row, {said} AS said, {stored} AS stored, count(*) OVER () AS number
  FROM {staged} AS staged JOIN {table} AS held ON {same}
 WHERE {differs}
 ORDER BY at_line, at_row
 LIMIT %(most)s;

-- name: concerned_ids
CREATE TEMPORARY TABLE concerned_id ON COMMIT DROP AS
SELECT id::text COLLATE "C" AS id FROM ({activities}) AS activity (id)
 UNION
SELECT a_id FROM provenance.activity WHERE a_activitydescription_id IN ({described});
ANALYZE pg_temp.concerned_id;

-- name: concerned
CREATE TEMPORARY TABLE concerned ON COMMIT DROP AS
SELECT a_id, a_activitydescription_id AS description_id
  FROM pg_temp.concerned_id JOIN provenance.activity ON a_id = id;
ANALYZE pg_temp.concerned;

-- name: drop_concerned
DROP TABLE pg_temp.concerned_id, pg_temp.concerned;

-- name: wrong_time
SELECT at_line, at_row, u_activity_id::text AS activity, u_time
  FROM {staged} JOIN provenance.activity ON a_id = u_activity_id
 WHERE u_time IS NOT NULL AND (u_time < a_starttime OR u_time > a_endtime)
 ORDER BY at_line, at_row
 LIMIT 1;

-- name: wrong_class
SELECT at_line, at_row, held.e_class, ed_class
  FROM {staged} AS staged JOIN provenance.entity AS held USING (e_id)
  JOIN provenance.entitydescription ON ed_id = held.e_entitydescription_id
 WHERE held.e_class = 'DatasetEntity' AND ed_class <> 'DatasetDescription'
    OR held.e_class = 'ValueEntity' AND ed_class <> 'ValueDescription'
 ORDER BY at_line, at_row
 LIMIT 1;

-- name: piece
SELECT dp_content
  FROM provtap.document_piece
 WHERE dp_ingestion_id = %(ingestion)s AND dp_number = %(number)s;

-- name: keep_piece
INSERT INTO provtap.document_piece (dp_ingestion_id, dp_number, dp_content)
VALUES (%(ingestion)s, %(number)s, %(content)s);
