-- Whose an entity is and what may be done with it, and the persistent identifiers of people and organizations.
SET LOCAL search_path = provext, provenance;

CREATE TABLE rights (
    ri_entity_id  identifier NOT NULL REFERENCES entity ON DELETE CASCADE,
    ri_uri        text COLLATE "C" CHECK (octet_length(ri_uri) <= 1000),
    ri_text       text,
    ri_holder     label,
    ri_access     text COLLATE "C" CHECK (ri_access IN ('public', 'secure', 'proprietary')),
    ri_validfrom  instant,
    CHECK (num_nonnulls(ri_uri, ri_text, ri_holder, ri_access) > 0)
);
CREATE UNIQUE INDEX rights_key
    ON rights (ri_entity_id, md5(ri_uri), md5(ri_text), md5(ri_holder), ri_access, ri_validfrom) NULLS NOT DISTINCT;
CREATE INDEX ON rights (ri_uri);

CREATE TABLE agent_id (
    ai_agent_id  identifier NOT NULL REFERENCES agent ON DELETE CASCADE,
    ai_scheme    text COLLATE "C" NOT NULL CHECK (ai_scheme IN ('orcid', 'ror', 'isni')),
    ai_value     label NOT NULL,
    PRIMARY KEY (ai_agent_id, ai_scheme, ai_value)
);
CREATE INDEX ON agent_id (ai_value);

-- As in 0020, with the licence.
CREATE OR REPLACE VIEW last_step AS
    SELECT e_id AS ls_entity_id, e_name AS ls_entity_name, e_location AS ls_location,
           e_generatedattime AS ls_generatedattime, e_invalidatedattime AS ls_invalidatedattime,
           wgb_role AS ls_role, wgb_activity_id AS ls_activity_id,
           coalesce(ad_name, a_name) AS ls_program, ad_version AS ls_version, ad_docurl AS ls_reference,
           a_starttime AS ls_starttime, a_endtime AS ls_endtime, r_status AS ls_status,
           (SELECT min(ag_name) FILTER (WHERE ag_type = 'Organization')
              FROM agent
             WHERE ag_id IN (SELECT wat_agent_id FROM wasattributedto WHERE wat_entity_id = e_id
                             UNION ALL
                             SELECT waw_agent_id FROM wasassociatedwith WHERE waw_activity_id = wgb_activity_id))
               AS ls_project,
           (SELECT string_agg(DISTINCT ag_name, '; ' ORDER BY ag_name)
              FROM agent
             WHERE ag_id IN (SELECT wat_agent_id FROM wasattributedto WHERE wat_entity_id = e_id
                             UNION ALL
                             SELECT waw_agent_id FROM wasassociatedwith WHERE waw_activity_id = wgb_activity_id))
               AS ls_agents,
           (SELECT string_agg(replace(input, ' ', '%20'), ' ' ORDER BY input)
              FROM (SELECT DISTINCT u_entity_id
                      FROM used JOIN entity AS dataset ON dataset.e_id = u_entity_id
                     WHERE u_activity_id = wgb_activity_id AND dataset.e_class = 'DatasetEntity') AS inputs (input))
               AS ls_inputs,
           CASE WHEN wgb_activity_id IS NOT NULL
                THEN (SELECT count(DISTINCT u_entity_id)
                        FROM used JOIN entity AS dataset ON dataset.e_id = u_entity_id
                       WHERE u_activity_id = wgb_activity_id AND dataset.e_class = 'DatasetEntity') END
               AS ls_ninputs,
           (SELECT string_agg(replace(cf_location, ' ', '%20'), ' ' ORDER BY cf_location)
              FROM configfile
             WHERE cf_activity_id = wgb_activity_id)
               AS ls_configuration,
           (SELECT json_object_agg(p_name, p_value ORDER BY p_name, p_id)::text
              FROM parameter
             WHERE p_activity_id = wgb_activity_id)
               AS ls_parameters,
           (SELECT min(al_value) FROM alias WHERE al_entity_id = e_id AND al_kind = 'doi') AS ls_doi,
           -- Those of a collection hold for members without their own.
           coalesce((SELECT min(ri_uri) FROM rights WHERE ri_entity_id = e_id),
                    (SELECT min(ri_uri)
                       FROM hadmember JOIN rights ON ri_entity_id = hm_collection_id
                      WHERE hm_entity_id = e_id
                        AND NOT EXISTS (SELECT FROM rights WHERE ri_entity_id = e_id))) AS ls_rights_uri
      FROM entity
      LEFT JOIN wasgeneratedby ON wgb_entity_id = e_id
      LEFT JOIN activity ON a_id = wgb_activity_id
      LEFT JOIN activitydescription ON ad_id = a_activitydescription_id
      LEFT JOIN run ON r_activity_id = a_id
     WHERE e_class = 'DatasetEntity';
