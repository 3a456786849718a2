-- The rules of check.py in order, one statement for each: what violates the rule (thing), and how (about).
-- All must be fast on a store of a million activities: joins on keys, no product of tables.

-- name: one_kind
-- An agent may also be an entity or an activity (PROV-CONSTRAINTS 1.0, constraint 54).
SELECT e_id AS thing, 'is an entity and an activity' AS about
  FROM provenance.entity JOIN provenance.activity ON a_id = e_id

-- name: unkept_documents
SELECT 'ingestion ' || in_id AS thing, format('of %%s has no document', in_source) AS about
  FROM provext.ingestion
 WHERE in_undone IS NULL AND NOT EXISTS (SELECT FROM provtap.document WHERE doc_ingestion_id = in_id)

-- name: changed_documents
-- Scripts are stored in pieces, because they may be larger than the maximum of a value.
SELECT 'ingestion ' || doc_ingestion_id AS thing, 'has other bytes than when it was loaded' AS about
  FROM provtap.document
 WHERE CASE WHEN doc_format = 'sql' THEN doc_ingestion_id = ANY (%(found)s)
            ELSE encode(sha256(doc_content), 'hex') <> coalesce(doc_rewritten_sha256, doc_sha256) END

-- name: scripts
SELECT doc_ingestion_id AS ingestion, coalesce(doc_rewritten_sha256, doc_sha256) AS sha256
  FROM provtap.document
 WHERE doc_format = 'sql';

-- name: piece
SELECT dp_content AS content
  FROM provtap.document_piece
 WHERE dp_ingestion_id = %(ingestion)s AND dp_number = %(number)s;

-- name: unkept_places
SELECT 'ingestion ' || doc_ingestion_id AS thing, 'was read with --map or --catalogue, which were not stored' AS about
  FROM provtap.document, substring(doc_site FROM ' ([0-9a-f]{64})$') AS digest
 WHERE digest IS NOT NULL AND NOT EXISTS (SELECT FROM provtap.places WHERE pl_digest = digest)

-- name: unheld_trust
SELECT t_id AS thing, format('has a rank as a row of %%s, but no such row', t_kind) AS about
  FROM provtap.trust
 WHERE NOT CASE t_kind
           WHEN 'provenance.entity' THEN EXISTS (SELECT FROM provenance.entity WHERE e_id = t_id)
           WHEN 'provenance.activity' THEN EXISTS (SELECT FROM provenance.activity WHERE a_id = t_id)
           WHEN 'provenance.agent' THEN EXISTS (SELECT FROM provenance.agent WHERE ag_id = t_id)
           WHEN 'provenance.wasgeneratedby'
           THEN EXISTS (SELECT FROM provenance.wasgeneratedby WHERE wgb_entity_id = t_id)
           WHEN 'provenance.parameter' THEN EXISTS (SELECT FROM provenance.parameter WHERE p_id = t_id)
           WHEN 'provenance.configfile' THEN EXISTS (SELECT FROM provenance.configfile WHERE cf_id = t_id)
           WHEN 'provext.run' THEN EXISTS (SELECT FROM provext.run WHERE r_activity_id = t_id)
           WHEN 'provenance.entitydescription'
           THEN EXISTS (SELECT FROM provenance.entitydescription WHERE ed_id = t_id)
           ELSE false END

-- name: unread_usages
SELECT u_activity_id AS thing, format('uses %%s, which no document records', u_entity_id) AS about
  FROM provenance.used
 WHERE NOT EXISTS (SELECT
                     FROM provtap.reading
                    WHERE rd_activity_id = u_activity_id AND rd_entity_id = u_entity_id
                      AND rd_role IS NOT DISTINCT FROM u_role)

-- name: unused_readings
SELECT rd_activity_id AS thing, format('uses %%s according to its document, but this usage is missing', rd_entity_id) AS about
  FROM provtap.reading
 WHERE rd_entity_id IS NOT NULL
   AND NOT EXISTS (SELECT
                     FROM provenance.used
                    WHERE u_activity_id = rd_activity_id AND u_entity_id = rd_entity_id
                      AND u_role IS NOT DISTINCT FROM rd_role)

-- name: edges
-- The order of things: pairs of 64-bit hashes of ids (earlier, later), as concatenated big-endian integers.
SELECT string_agg(int8send(hashtextextended(earlier, 0)), '') AS earlier,
       string_agg(int8send(hashtextextended(later, 0)), '') AS later
  FROM (SELECT u_entity_id::text AS earlier, u_activity_id::text AS later FROM provenance.used
         UNION ALL
        SELECT wgb_activity_id, wgb_entity_id FROM provenance.wasgeneratedby
         UNION ALL
        SELECT wdf_usedentity_id, wdf_generatedentity_id FROM provenance.wasderivedfrom) AS edge

-- name: entities_of
SELECT e_id AS thing, 'is its own ancestor' AS about
  FROM provenance.entity
 WHERE hashtextextended(e_id, 0) = ANY (%(found)s)

-- name: used_too_early
SELECT u_activity_id AS thing,
       format('used %%s at %%s, before it was generated at %%s', u_entity_id, u_time, e_generatedattime) AS about
  FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id AND e_generatedattime > u_time

-- name: read_too_early
SELECT u_activity_id AS thing,
       format('ended at %%s, before %%s, which it used, was generated at %%s', a_endtime, u_entity_id,
              e_generatedattime) AS about
  FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id
  JOIN provenance.activity ON a_id = u_activity_id AND a_endtime < e_generatedattime
 WHERE u_time IS NULL

-- name: used_too_late
SELECT u_activity_id AS thing,
       format('used %%s after its end at %%s', u_entity_id, e_invalidatedattime) AS about
  FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id
  JOIN provenance.activity ON a_id = u_activity_id AND coalesce(u_time, a_starttime) > e_invalidatedattime

-- name: generated_outside
SELECT wgb_activity_id AS thing,
       format('generated %%s at %%s, outside the time of the activity', wgb_entity_id, e_generatedattime) AS about
  FROM provenance.wasgeneratedby JOIN provenance.entity ON e_id = wgb_entity_id
  JOIN provenance.activity ON a_id = wgb_activity_id
                          AND (e_generatedattime < a_starttime OR e_generatedattime > a_endtime)

-- name: other_generators
SELECT wr_entity_id AS thing,
       format('was generated by %%s, but %%s claims it too', wgb_activity_id, wr_activity_id) AS about
  FROM provtap.writing JOIN provenance.wasgeneratedby
    ON wgb_entity_id = wr_entity_id AND wgb_activity_id <> wr_activity_id

-- name: multiplicity
-- A role is counted together with its other names from files of descriptions. Missing entities are not
-- reported for a run that failed or is still running, or that is only referred to.
WITH described AS MATERIALIZED (
    SELECT DISTINCT ON (ad_id) ad_id, da_content -> '{word}' AS flows
      FROM provenance.activitydescription JOIN provtap.described_activity
        ON da_name = ad_name
       AND (da_versions = ad_version
            OR right(da_versions, 1) = '*' AND starts_with(coalesce(ad_version, ''), left(da_versions, -1)))
     ORDER BY ad_id, right(da_versions, 1) = '*', length(da_versions) DESC
), other_name AS (
    SELECT ad_id, flow ->> 'role' AS main, jsonb_array_elements_text(flow -> 'aliases') AS name
      FROM described, jsonb_array_elements(flows) AS flow
), role AS MATERIALIZED (
    SELECT {key} AS id, {owner} AS description_id, coalesce(main, {role}::text) COLLATE "C" AS name,
           {multiplicity} AS allowed, substring({multiplicity} FROM '^\d+')::numeric AS least,
           substring({multiplicity} FROM '\d+$')::numeric AS most
      FROM {table} LEFT JOIN other_name ON ad_id = {owner} AND other_name.name = {role}
     WHERE {multiplicity} <> '*'
), counted AS MATERIALIZED (
    SELECT {activity} AS activity_id, name, allowed, least, most, count(*) AS number
      FROM role JOIN {flow} ON {link} = id
     GROUP BY {activity}, name, allowed, least, most
), outside AS (
    SELECT * FROM counted WHERE number < least OR number > most
    UNION ALL
    SELECT a_id, needed.name, needed.allowed, needed.least, needed.most, 0
      FROM (SELECT DISTINCT description_id, name, allowed, least, most FROM role WHERE least > 0) AS needed
      JOIN provenance.activity ON a_activitydescription_id = description_id
      LEFT JOIN counted ON activity_id = a_id AND counted.name = needed.name
     WHERE activity_id IS NULL
)
SELECT activity_id AS thing,
       format('{does} %%s things as %%s; its description allows %%s', number, name, allowed) AS about
  FROM outside LEFT JOIN provext.run ON r_activity_id = activity_id
  LEFT JOIN provtap.trust ON t_kind = 'provenance.activity' AND t_id = activity_id
 WHERE number > most
    OR (coalesce(r_exitcode, 0) = 0 AND coalesce(r_status, '') NOT IN ('error', 'interrupted', 'running')
        AND coalesce(t_rank <> ALL (%(stubs)s), true))

-- name: parameter_values
-- Bounds are checked only for values that are numbers.
SELECT p_id AS thing, format('is %%s, but its description requires %%s%%s', left(p_value, 60), pd_valuetype,
                             CASE WHEN number THEN concat(' from ' || pd_min, ' to ' || pd_max) END) AS about
  FROM provenance.parameterdescription JOIN provenance.parameter ON p_parameterdescription_id = pd_id,
       LATERAL (SELECT pd_valuetype IN ('unsignedByte', 'short', 'int', 'long') AS whole,
                       pd_valuetype IN ('float', 'double') AS real,
                       p_value ~ '^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$' AS number) AS form
 WHERE p_value <> 'null'  -- not set
   AND CASE WHEN pd_valuetype = 'boolean' THEN lower(p_value) NOT IN ('true', 'false', '0', '1', 't', 'f')
            WHEN whole AND p_value !~ '^[+-]?\d+$' THEN true
            WHEN real AND NOT number THEN lower(p_value) !~ '^[+-]?(nan|inf|infinity)$'
            WHEN (whole OR real) AND number
            THEN CASE WHEN pd_min ~ '^[+-]?\d+(\.\d*)?$' THEN p_value::numeric < pd_min::numeric ELSE false END
                 OR CASE WHEN pd_max ~ '^[+-]?\d+(\.\d*)?$' THEN p_value::numeric > pd_max::numeric ELSE false END
            ELSE false END

-- name: misspelt_types
SELECT id AS thing, format('has the type %%s; the model spells it %%s', type, reserved) AS about
  FROM (SELECT ad_id::text AS id, ad_type AS type, %(activity_types)s AS words FROM provenance.activitydescription
         UNION ALL
        SELECT ud_id, ud_type, %(flow_types)s FROM provenance.usagedescription
         UNION ALL
        SELECT gd_id, gd_type, %(flow_types)s FROM provenance.generationdescription) AS typed,
       unnest(words) AS reserved
 WHERE lower(type) = lower(reserved) AND type <> reserved

-- name: two_names
SELECT al_value AS thing, format('is the id of an entity, and also the %%s of %%s', al_kind, al_entity_id) AS about
  FROM provext.alias JOIN provenance.entity ON e_id = al_value AND e_id <> al_entity_id

-- name: stubs
SELECT a_id AS thing, 'is an activity that other documents refer to, but none records' AS about
  FROM provenance.activity JOIN provtap.trust ON t_kind = 'provenance.activity' AND t_id = a_id
 WHERE t_rank = ANY (%(stubs)s)

-- name: undescribed
SELECT coalesce(a_name, a_id) AS thing, format('has no description (%%s activities)', count(*)) AS about
  FROM provenance.activity LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
 WHERE num_nonnulls(ad_description, ad_docurl, ad_type) = 0
 GROUP BY coalesce(a_name, a_id)

-- name: unused_descriptions
SELECT ad_id AS thing, format('describes %%s %%s, of which no activity is recorded', ad_name, ad_version) AS about
  FROM provenance.activitydescription
 WHERE NOT EXISTS (SELECT FROM provenance.activity WHERE a_activitydescription_id = ad_id)
