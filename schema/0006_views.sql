-- Convenience views: what most questions join, joined. The tables of the model stay as the model has them.
--
-- Conditions on what a view takes over unchanged reach the tables' indexes: outer joins to keys become inner
-- ones under a condition, and vanish where no column of theirs is asked for. What is looked up for each row is
-- a subquery in the SELECT list, which only runs for who asks for it.

SET LOCAL search_path = provext, provenance;

-- One step of provenance. One row a dataset: it has one generation at most, but any number of agents; those
-- whom it is attributed to go before those of its activity, and the least id before the others.
CREATE VIEW entity_origin AS
    SELECT e_id AS eo_entity_id, e_name AS eo_entity_name, e_location AS eo_location,
           e_generatedattime AS eo_generatedattime, wgb_role AS eo_role, wgb_activity_id AS eo_activity_id,
           a_name AS eo_activity_name, a_starttime AS eo_starttime, a_endtime AS eo_endtime,
           r_status AS eo_status, a_activitydescription_id AS eo_activitydescription_id,
           ad_name AS eo_description_name, ad_version AS eo_description_version,
           ad_type AS eo_description_type,
           coalesce((SELECT min(wat_agent_id) FROM wasattributedto WHERE wat_entity_id = e_id),
                    (SELECT min(waw_agent_id) FROM wasassociatedwith WHERE waw_activity_id = wgb_activity_id))
               AS eo_agent_id,
           (SELECT string_agg(DISTINCT ag_name, '; ' ORDER BY ag_name)
              FROM agent
             WHERE ag_id IN (SELECT wat_agent_id FROM wasattributedto WHERE wat_entity_id = e_id
                             UNION ALL
                             SELECT waw_agent_id FROM wasassociatedwith WHERE waw_activity_id = wgb_activity_id))
               AS eo_agents
      FROM entity
      LEFT JOIN wasgeneratedby ON wgb_entity_id = e_id
      LEFT JOIN activity ON a_id = wgb_activity_id
      LEFT JOIN activitydescription ON ad_id = a_activitydescription_id
      LEFT JOIN run ON r_activity_id = a_id
     WHERE e_class = 'DatasetEntity';

CREATE VIEW activity_parameter AS
    SELECT p_id AS ap_parameter_id, p_activity_id AS ap_activity_id, a_name AS ap_activity_name,
           p_name AS ap_name, p_value AS ap_value, prov_number(p_value) AS ap_number, pd_unit AS ap_unit,
           pd_description AS ap_description
      FROM parameter
      LEFT JOIN activity ON a_id = p_activity_id  -- there is one; an inner join would never vanish
      LEFT JOIN parameterdescription ON pd_id = p_parameterdescription_id;

-- The classes of entities, each with what its kind of description tells.

CREATE VIEW datasetentity AS
    SELECT e_id AS de_id, e_name AS de_name, e_location AS de_location,
           e_generatedattime AS de_generatedattime, e_invalidatedattime AS de_invalidatedattime,
           e_comment AS de_comment, e_entitydescription_id AS de_entitydescription_id,
           ed_name AS de_description_name, ed_type AS de_type, ed_contenttype AS de_contenttype
      FROM entity
      LEFT JOIN entitydescription ON ed_id = e_entitydescription_id
     WHERE e_class = 'DatasetEntity';

CREATE VIEW valueentity AS
    SELECT e_id AS ve_id, e_name AS ve_name, e_value AS ve_value, prov_number(e_value) AS ve_number,
           e_location AS ve_location, e_generatedattime AS ve_generatedattime,
           e_invalidatedattime AS ve_invalidatedattime, e_comment AS ve_comment,
           e_entitydescription_id AS ve_entitydescription_id, ed_name AS ve_description_name,
           ed_valuetype AS ve_valuetype, ed_unit AS ve_unit, ed_ucd AS ve_ucd, ed_utype AS ve_utype
      FROM entity
      LEFT JOIN entitydescription ON ed_id = e_entitydescription_id
     WHERE e_class = 'ValueEntity';

CREATE VIEW collection AS
    SELECT e_id AS co_id, e_name AS co_name, e_location AS co_location,
           e_generatedattime AS co_generatedattime, e_invalidatedattime AS co_invalidatedattime,
           e_comment AS co_comment, e_entitydescription_id AS co_entitydescription_id,
           ed_name AS co_description_name,
           (SELECT count(*) FROM hadmember WHERE hm_collection_id = e_id) AS co_members
      FROM entity
      LEFT JOIN entitydescription ON ed_id = e_entitydescription_id
     WHERE e_class = 'Collection';

-- The view of the model, as it was but for a cast: where both halves of a UNION ALL have the very types of the
-- whole, PostgreSQL looks into each half by its index.
CREATE OR REPLACE VIEW provenance.wasconfiguredby AS
    SELECT p_activity_id AS wcb_activity_id, 'Parameter'::text AS wcb_artefacttype,
           p_id::text AS wcb_parameter_id, NULL::identifier AS wcb_configfile_id
      FROM parameter
    UNION ALL
    SELECT cf_activity_id, 'ConfigFile', NULL, cf_id
      FROM configfile;
