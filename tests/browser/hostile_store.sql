-- For each of the texts a file, a run and an agent that have it for an id, and for all that people may write.
INSERT INTO provenance.activitydescription (ad_id, ad_name, ad_version, ad_docurl)
    SELECT 'd' || t, t, left(t, 100), t FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.usagedescription (ud_id, ud_activitydescription_id, ud_role, ud_description)
    SELECT 'u' || t, 'd' || t, left(t, 100), t FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.parameterdescription (pd_id, pd_activitydescription_id, pd_name, pd_valuetype, pd_unit, pd_default,
                                             pd_description)
    SELECT 'p' || t, 'd' || t, t, 'string', t, 'x' || t, t FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.entitydescription (ed_id, ed_class, ed_name, ed_contenttype, ed_docurl, ed_description)
    SELECT 'e' || t, 'DatasetDescription', t, left(t, 100), t, t FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.agent (ag_id, ag_name, ag_type, ag_url, ag_affiliation, ag_comment)
    SELECT t, t, 'Person', t, t, t FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.entity (e_id, e_class, e_name, e_location, e_comment, e_entitydescription_id, e_generatedattime)
    SELECT t, 'DatasetEntity', t, repeat(t, 1 + 5000 / length(t)), t, 'e' || t, '2026-11-01'
      FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.entity (e_id, e_class, e_name, e_location)
    SELECT 'i' || t, 'DatasetEntity', t, t FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.activity (a_id, a_name, a_comment, a_activitydescription_id, a_starttime)
    SELECT 'a' || t, t, t, 'd' || t, '2026-11-01' FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provext.run (r_activity_id, r_status, r_host)
    SELECT 'a' || t, left(t, 100), t FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id, wgb_role)
    SELECT t, 'a' || t, left(t, 100) FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role, u_usagedescription_id)
    SELECT 'a' || t, 'i' || t, left(t, 100), 'u' || t FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.wasassociatedwith (waw_activity_id, waw_agent_id, waw_role)
    SELECT 'a' || t, t, left(t, 100) FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.wasattributedto (wat_entity_id, wat_agent_id, wat_role)
    SELECT t, t, left(t, 100) FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.parameter (p_id, p_activity_id, p_name, p_value, p_parameterdescription_id)
    SELECT 'p' || t, 'a' || t, t, t, 'p' || t FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provenance.configfile (cf_id, cf_activity_id, cf_name, cf_location)
    SELECT 'c' || t, 'a' || t, t, t FROM unnest(%(texts)s::text[]) AS t;
INSERT INTO provext.alias (al_entity_id, al_kind, al_value)
    SELECT t, left(t, 100), 'other ' || t FROM unnest(%(texts)s::text[]) AS t;
