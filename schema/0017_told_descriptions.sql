-- What records say of descriptions, apart from what sets of descriptions say of the same: the published rows follow
-- from both, whatever came first, and a set that is withdrawn leaves what records say.

SET LOCAL search_path = provtap, provenance;

CREATE TABLE told_description (
    td_table     text COLLATE "C" NOT NULL,  -- table of the model: provenance.usagedescription, ...
    td_id        text COLLATE "C" NOT NULL,  -- id of the row; of a kind of entity in a role: both ids
    td_owner_id  identifier NOT NULL,        -- the activity description that it is, or is a part of
    td_content   jsonb NOT NULL,             -- the row; where records differ, the lesser value
    PRIMARY KEY (td_table, td_id)
);
CREATE INDEX ON told_description (td_owner_id);

-- Of stores from before, what no set describes now came from records. `provtap reingest` finds the rest.
INSERT INTO told_description
SELECT told.*
  FROM (SELECT 'provenance.activitydescription' AS name, ad_id::text AS id, ad_id AS owner_id,
               jsonb_strip_nulls(to_jsonb(held)) AS content
          FROM activitydescription AS held
         UNION ALL
        SELECT 'provenance.usagedescription', ud_id, ud_activitydescription_id, jsonb_strip_nulls(to_jsonb(held))
          FROM usagedescription AS held
         UNION ALL
        SELECT 'provenance.generationdescription', gd_id, gd_activitydescription_id,
               jsonb_strip_nulls(to_jsonb(held))
          FROM generationdescription AS held
         UNION ALL
        SELECT 'provenance.parameterdescription', pd_id, pd_activitydescription_id,
               jsonb_strip_nulls(to_jsonb(held))
          FROM parameterdescription AS held
         UNION ALL
        SELECT 'provenance.configfiledescription', cfd_id, cfd_activitydescription_id,
               jsonb_strip_nulls(to_jsonb(held))
          FROM configfiledescription AS held
         UNION ALL
        SELECT 'provenance.usagedescription_entitydescription',
               uded_usagedescription_id || ' ' || uded_entitydescription_id, ud_activitydescription_id,
               jsonb_strip_nulls(to_jsonb(held))
          FROM usagedescription_entitydescription AS held
          JOIN usagedescription ON ud_id = uded_usagedescription_id
         UNION ALL
        SELECT 'provenance.generationdescription_entitydescription',
               gded_generationdescription_id || ' ' || gded_entitydescription_id, gd_activitydescription_id,
               jsonb_strip_nulls(to_jsonb(held))
          FROM generationdescription_entitydescription AS held
          JOIN generationdescription ON gd_id = gded_generationdescription_id) AS told
  JOIN activitydescription ON ad_id = owner_id
 WHERE NOT EXISTS (SELECT
                     FROM described_activity
                    WHERE da_name = ad_name
                      AND (da_versions = ad_version
                           OR right(da_versions, 1) = '*'
                          AND starts_with(coalesce(ad_version, ''), left(da_versions, -1))));
