-- IVOA Provenance Data Model 1.0 (REC 2020-04-11), one table a class or relation.
--
-- Column names are the prefixed ones of the ProvTAP draft (WD 2017): unique over joins, and free of
-- ADQL's reserved words (time, value, min, max, default). Relations are keyed by their natural key: no
-- number here depends on the order in which documents arrived.

CREATE SCHEMA provenance;
SET LOCAL search_path = provenance;

-- A btree entry may hold 2 704 bytes, and a usage is keyed by two ids and a role.
CREATE DOMAIN identifier AS text COLLATE "C" CHECK (octet_length(VALUE) BETWEEN 1 AND 1000);
-- Not "name": that is a type of PostgreSQL's own, which silently cuts what is longer than 63 bytes.
CREATE DOMAIN label AS text COLLATE "C" CHECK (octet_length(VALUE) <= 1000);
CREATE DOMAIN role AS text COLLATE "C" CHECK (octet_length(VALUE) <= 500);
-- UTC. DALI 1.1, section 3.3.3: years have four digits, and there is no infinity.
CREATE DOMAIN instant AS timestamp CHECK (VALUE >= '0001-01-01' AND VALUE < '10000-01-01');

-- Agents ------------------------------------------------------------------------------------------------

CREATE TABLE agent (
    ag_id           identifier PRIMARY KEY,
    ag_name         label NOT NULL,
    ag_type         text CHECK (ag_type IN ('Person', 'Organization', 'SoftwareAgent')),
    ag_comment      text,
    ag_email        text,
    ag_affiliation  text,
    ag_phone        text,
    ag_address      text,
    ag_url          text
);
CREATE INDEX ON agent (ag_name);

-- Descriptions: what can happen --------------------------------------------------------------------------

CREATE TABLE activitydescription (
    ad_id           identifier PRIMARY KEY,
    ad_name         label NOT NULL,
    ad_version      role,
    ad_description  text,
    ad_docurl       text,
    ad_type         role,
    ad_subtype      role,
    UNIQUE NULLS NOT DISTINCT (ad_name, ad_version)
);

CREATE TABLE entitydescription (
    ed_id           identifier PRIMARY KEY,
    ed_class        text NOT NULL
                    CHECK (ed_class IN ('EntityDescription', 'DatasetDescription', 'ValueDescription')),
    ed_name         label NOT NULL,
    ed_description  text,
    ed_docurl       text,
    ed_type         role,
    ed_contenttype  role,
    ed_valuetype    role,
    ed_unit         text,
    ed_ucd          text,
    ed_utype        text,
    CHECK ((ed_class = 'DatasetDescription') = (ed_contenttype IS NOT NULL)),
    CHECK ((ed_class = 'ValueDescription') = (ed_valuetype IS NOT NULL)),
    CHECK (ed_class = 'ValueDescription' OR num_nonnulls(ed_unit, ed_ucd, ed_utype) = 0)
);
CREATE INDEX ON entitydescription (ed_name);

CREATE TABLE usagedescription (
    ud_id                      identifier PRIMARY KEY,
    ud_activitydescription_id  identifier NOT NULL REFERENCES activitydescription ON DELETE CASCADE,
    ud_role                    role NOT NULL,
    ud_description             text,
    ud_type                    role,
    ud_multiplicity            text,
    UNIQUE (ud_activitydescription_id, ud_role),
    UNIQUE (ud_id, ud_role)
);

CREATE TABLE generationdescription (
    gd_id                      identifier PRIMARY KEY,
    gd_activitydescription_id  identifier NOT NULL REFERENCES activitydescription ON DELETE CASCADE,
    gd_role                    role NOT NULL,
    gd_description             text,
    gd_type                    role,
    gd_multiplicity            text,
    UNIQUE (gd_activitydescription_id, gd_role),
    UNIQUE (gd_id, gd_role)
);

CREATE TABLE usagedescription_entitydescription (
    uded_usagedescription_id   identifier REFERENCES usagedescription ON DELETE CASCADE,
    uded_entitydescription_id  identifier REFERENCES entitydescription,
    PRIMARY KEY (uded_usagedescription_id, uded_entitydescription_id)
);
CREATE INDEX ON usagedescription_entitydescription (uded_entitydescription_id);

CREATE TABLE generationdescription_entitydescription (
    gded_generationdescription_id  identifier REFERENCES generationdescription ON DELETE CASCADE,
    gded_entitydescription_id      identifier REFERENCES entitydescription,
    PRIMARY KEY (gded_generationdescription_id, gded_entitydescription_id)
);
CREATE INDEX ON generationdescription_entitydescription (gded_entitydescription_id);

CREATE TABLE parameterdescription (
    pd_id                      identifier PRIMARY KEY,
    pd_activitydescription_id  identifier NOT NULL REFERENCES activitydescription ON DELETE CASCADE,
    pd_name                    label NOT NULL,
    pd_valuetype               role NOT NULL,
    pd_unit                    text,
    pd_ucd                     text,
    pd_utype                   text,
    pd_min                     text,
    pd_max                     text,
    pd_default                 text,
    pd_options                 text,  -- 0..* in the model: a JSON array of strings
    pd_description             text,
    UNIQUE (pd_activitydescription_id, pd_name),
    UNIQUE (pd_id, pd_name)
);

CREATE TABLE configfiledescription (
    cfd_id                      identifier PRIMARY KEY,
    cfd_activitydescription_id  identifier NOT NULL REFERENCES activitydescription ON DELETE CASCADE,
    cfd_name                    label NOT NULL,
    cfd_contenttype             role NOT NULL,
    cfd_description             text,
    UNIQUE (cfd_activitydescription_id, cfd_name),
    UNIQUE (cfd_id, cfd_name)
);

-- Entities and activities: what happened ----------------------------------------------------------------

CREATE TABLE entity (
    e_id                    identifier PRIMARY KEY,
    e_class                 text NOT NULL DEFAULT 'Entity'
                            CHECK (e_class IN ('Entity', 'DatasetEntity', 'ValueEntity', 'Collection')),
    e_name                  label,
    e_location              text COLLATE "C",
    e_generatedattime       instant,
    e_invalidatedattime     instant,
    e_comment               text,
    e_value                 text COLLATE "C",
    e_entitydescription_id  identifier REFERENCES entitydescription,
    CHECK ((e_class = 'ValueEntity') = (e_value IS NOT NULL)),
    CHECK (e_invalidatedattime >= e_generatedattime),
    UNIQUE (e_id, e_class)  -- target of the keys that demand a class
);
CREATE INDEX ON entity (e_name);
CREATE INDEX ON entity USING hash (e_location);
CREATE INDEX ON entity USING hash (e_value);
CREATE INDEX ON entity (e_generatedattime);
CREATE INDEX ON entity (e_entitydescription_id) WHERE e_entitydescription_id IS NOT NULL;
CREATE INDEX ON entity (e_invalidatedattime) WHERE e_invalidatedattime IS NOT NULL;

CREATE TABLE activity (
    a_id                      identifier PRIMARY KEY,
    a_name                    label,
    a_starttime               instant,
    a_endtime                 instant,
    a_comment                 text,
    a_activitydescription_id  identifier REFERENCES activitydescription,
    CHECK (a_endtime >= a_starttime)
);
CREATE INDEX ON activity (a_name);
CREATE INDEX ON activity (a_starttime);
CREATE INDEX ON activity (a_endtime);
CREATE INDEX ON activity (a_activitydescription_id);

-- Relations -----------------------------------------------------------------------------------------------

CREATE TABLE used (
    u_activity_id          identifier NOT NULL REFERENCES activity ON DELETE CASCADE,
    u_entity_id            identifier NOT NULL REFERENCES entity,
    u_role                 role,
    u_time                 instant,
    u_usagedescription_id  identifier,
    UNIQUE NULLS NOT DISTINCT (u_activity_id, u_entity_id, u_role),
    -- The role is the one of its description.
    FOREIGN KEY (u_usagedescription_id, u_role) REFERENCES usagedescription (ud_id, ud_role),
    CHECK (u_usagedescription_id IS NULL OR u_role IS NOT NULL)
);
CREATE INDEX ON used (u_entity_id);
CREATE INDEX ON used (u_usagedescription_id) WHERE u_usagedescription_id IS NOT NULL;

CREATE TABLE wasgeneratedby (
    wgb_entity_id                 identifier PRIMARY KEY REFERENCES entity ON DELETE CASCADE,  -- 0..1
    wgb_activity_id               identifier NOT NULL REFERENCES activity,
    wgb_role                      role,
    wgb_generationdescription_id  identifier,
    FOREIGN KEY (wgb_generationdescription_id, wgb_role) REFERENCES generationdescription (gd_id, gd_role),
    CHECK (wgb_generationdescription_id IS NULL OR wgb_role IS NOT NULL)
);
CREATE INDEX ON wasgeneratedby (wgb_activity_id);
CREATE INDEX ON wasgeneratedby (wgb_generationdescription_id) WHERE wgb_generationdescription_id IS NOT NULL;

CREATE TABLE wasderivedfrom (
    wdf_generatedentity_id  identifier REFERENCES entity ON DELETE CASCADE,
    wdf_usedentity_id       identifier REFERENCES entity,
    PRIMARY KEY (wdf_generatedentity_id, wdf_usedentity_id),
    CHECK (wdf_generatedentity_id <> wdf_usedentity_id)
);
CREATE INDEX ON wasderivedfrom (wdf_usedentity_id);

CREATE TABLE wasinformedby (
    wib_informed_id   identifier REFERENCES activity ON DELETE CASCADE,
    wib_informant_id  identifier REFERENCES activity,
    PRIMARY KEY (wib_informed_id, wib_informant_id),
    CHECK (wib_informed_id <> wib_informant_id)
);
CREATE INDEX ON wasinformedby (wib_informant_id);

CREATE TABLE hadmember (
    hm_collection_id     identifier,
    hm_entity_id         identifier REFERENCES entity,
    hm_collection_class  text GENERATED ALWAYS AS ('Collection') STORED,
    PRIMARY KEY (hm_collection_id, hm_entity_id),
    -- Only a Collection has members.
    FOREIGN KEY (hm_collection_id, hm_collection_class) REFERENCES entity (e_id, e_class) ON DELETE CASCADE
);
CREATE INDEX ON hadmember (hm_entity_id);

CREATE TABLE wasassociatedwith (
    waw_activity_id  identifier NOT NULL REFERENCES activity ON DELETE CASCADE,
    waw_agent_id     identifier NOT NULL REFERENCES agent,
    waw_role         role,
    UNIQUE NULLS NOT DISTINCT (waw_activity_id, waw_agent_id, waw_role)
);
CREATE INDEX ON wasassociatedwith (waw_agent_id);

CREATE TABLE wasattributedto (
    wat_entity_id  identifier NOT NULL REFERENCES entity ON DELETE CASCADE,
    wat_agent_id   identifier NOT NULL REFERENCES agent,
    wat_role       role,
    UNIQUE NULLS NOT DISTINCT (wat_entity_id, wat_agent_id, wat_role)
);
CREATE INDEX ON wasattributedto (wat_agent_id);

-- Configuration: lives and dies with its activity -----------------------------------------------------------

CREATE TABLE parameter (
    p_id                       identifier PRIMARY KEY,
    p_activity_id              identifier NOT NULL REFERENCES activity ON DELETE CASCADE,
    p_name                     label NOT NULL,
    p_value                    text COLLATE "C" NOT NULL,
    p_parameterdescription_id  identifier,
    p_valueentity_id           identifier,
    p_valueentity_class        text GENERATED ALWAYS AS
                               (CASE WHEN p_valueentity_id IS NOT NULL THEN 'ValueEntity' END) STORED,
    -- The name is the one of its description; hadReference leads to a ValueEntity.
    FOREIGN KEY (p_parameterdescription_id, p_name) REFERENCES parameterdescription (pd_id, pd_name),
    FOREIGN KEY (p_valueentity_id, p_valueentity_class) REFERENCES entity (e_id, e_class)
);
CREATE INDEX ON parameter (p_activity_id);
CREATE INDEX ON parameter (p_name);
CREATE INDEX ON parameter USING hash (p_value);
CREATE INDEX ON parameter (p_parameterdescription_id) WHERE p_parameterdescription_id IS NOT NULL;
CREATE INDEX ON parameter (p_valueentity_id) WHERE p_valueentity_id IS NOT NULL;

CREATE TABLE configfile (
    cf_id                        identifier PRIMARY KEY,
    cf_activity_id               identifier NOT NULL REFERENCES activity ON DELETE CASCADE,
    cf_name                      label NOT NULL,
    cf_location                  text COLLATE "C" NOT NULL,
    cf_comment                   text,
    cf_configfiledescription_id  identifier,
    FOREIGN KEY (cf_configfiledescription_id, cf_name) REFERENCES configfiledescription (cfd_id, cfd_name)
);
CREATE INDEX ON configfile (cf_activity_id);
CREATE INDEX ON configfile (cf_name);
CREATE INDEX ON configfile USING hash (cf_location);
CREATE INDEX ON configfile (cf_configfiledescription_id) WHERE cf_configfiledescription_id IS NOT NULL;

-- One artefact, of the type said, for each row: true by construction.
CREATE VIEW wasconfiguredby AS
    SELECT p_activity_id AS wcb_activity_id, 'Parameter'::text AS wcb_artefacttype,
           p_id AS wcb_parameter_id, NULL::identifier AS wcb_configfile_id
      FROM parameter
    UNION ALL
    SELECT cf_activity_id, 'ConfigFile', NULL, cf_id
      FROM configfile;

-- Rules over more than one row ------------------------------------------------------------------------------

-- An id means one thing: an entity is not an activity (PROV-CONSTRAINTS 1.0, constraint 54).
CREATE FUNCTION check_disjoint() RETURNS trigger LANGUAGE plpgsql SET search_path = provenance, pg_temp AS $$
DECLARE
    id text;
BEGIN
    IF TG_TABLE_NAME = 'entity' THEN
        SELECT e_id INTO id FROM added JOIN activity ON a_id = e_id LIMIT 1;
    ELSE
        SELECT a_id INTO id FROM added JOIN entity ON e_id = a_id LIMIT 1;
    END IF;
    IF id IS NOT NULL THEN
        RAISE EXCEPTION '% is both an entity and an activity', id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entity_disjoint AFTER INSERT ON entity
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_disjoint();
CREATE TRIGGER activity_disjoint AFTER INSERT ON activity
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_disjoint();

-- The time of a usage lies within its activity, and its description belongs to the activity's.
CREATE FUNCTION check_used() RETURNS trigger LANGUAGE plpgsql SET search_path = provenance, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    SELECT u_activity_id, u_entity_id, u_time,
           u_time < a_starttime OR u_time > a_endtime AS outside,
           ud_activitydescription_id IS DISTINCT FROM a_activitydescription_id AND ud_id IS NOT NULL AS foreign_role
      INTO wrong
      FROM used JOIN activity ON a_id = u_activity_id LEFT JOIN usagedescription ON ud_id = u_usagedescription_id
     -- A key that the other table lacks is null. No CASE: it would keep the indexes from being used.
     WHERE u_activity_id = coalesce(to_jsonb(NEW) ->> 'u_activity_id', to_jsonb(NEW) ->> 'a_id')
       AND (TG_TABLE_NAME = 'activity' OR u_entity_id = (to_jsonb(NEW) ->> 'u_entity_id'))
       AND (u_time < a_starttime OR u_time > a_endtime
            OR ud_id IS NOT NULL AND ud_activitydescription_id IS DISTINCT FROM a_activitydescription_id)
     LIMIT 1;
    IF wrong.outside THEN
        RAISE EXCEPTION 'activity % used % at %, outside its own time',
            wrong.u_activity_id, wrong.u_entity_id, wrong.u_time USING ERRCODE = 'check_violation';
    ELSIF wrong.foreign_role THEN
        RAISE EXCEPTION 'the usage of % by activity % has a description that is not one of its activity description',
            wrong.u_entity_id, wrong.u_activity_id USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER used_rules AFTER INSERT OR UPDATE ON used DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.u_time IS NOT NULL OR NEW.u_usagedescription_id IS NOT NULL)
    EXECUTE FUNCTION check_used();
CREATE CONSTRAINT TRIGGER activity_usage_rules
    AFTER UPDATE OF a_starttime, a_endtime, a_activitydescription_id ON activity DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN ((OLD.a_starttime, OLD.a_endtime, OLD.a_activitydescription_id)
                       IS DISTINCT FROM (NEW.a_starttime, NEW.a_endtime, NEW.a_activitydescription_id))
    EXECUTE FUNCTION check_used();

-- A generation's, parameter's or config file's description belongs to the activity's description.
CREATE FUNCTION check_description() RETURNS trigger LANGUAGE plpgsql SET search_path = provenance, pg_temp AS $$
DECLARE
    wrong text;
BEGIN
    SELECT activity INTO wrong FROM (
        SELECT wgb_activity_id, gd_activitydescription_id
          FROM wasgeneratedby JOIN generationdescription ON gd_id = wgb_generationdescription_id
         WHERE TG_TABLE_NAME = 'wasgeneratedby' AND wgb_entity_id = (to_jsonb(NEW) ->> 'wgb_entity_id')
            OR TG_TABLE_NAME = 'activity' AND wgb_activity_id = (to_jsonb(NEW) ->> 'a_id')
        UNION ALL
        SELECT p_activity_id, pd_activitydescription_id
          FROM parameter JOIN parameterdescription ON pd_id = p_parameterdescription_id
         WHERE TG_TABLE_NAME = 'parameter' AND p_id = (to_jsonb(NEW) ->> 'p_id')
            OR TG_TABLE_NAME = 'activity' AND p_activity_id = (to_jsonb(NEW) ->> 'a_id')
        UNION ALL
        SELECT cf_activity_id, cfd_activitydescription_id
          FROM configfile JOIN configfiledescription ON cfd_id = cf_configfiledescription_id
         WHERE TG_TABLE_NAME = 'configfile' AND cf_id = (to_jsonb(NEW) ->> 'cf_id')
            OR TG_TABLE_NAME = 'activity' AND cf_activity_id = (to_jsonb(NEW) ->> 'a_id')
    ) AS described (activity, description) JOIN activity ON a_id = activity
     WHERE description IS DISTINCT FROM a_activitydescription_id
     LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'activity % has a % whose description is not one of its activity description',
            wrong, TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER wasgeneratedby_rules AFTER INSERT OR UPDATE ON wasgeneratedby
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.wgb_generationdescription_id IS NOT NULL)
    EXECUTE FUNCTION check_description();
CREATE CONSTRAINT TRIGGER parameter_rules AFTER INSERT OR UPDATE ON parameter
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.p_parameterdescription_id IS NOT NULL)
    EXECUTE FUNCTION check_description();
CREATE CONSTRAINT TRIGGER configfile_rules AFTER INSERT OR UPDATE ON configfile
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.cf_configfiledescription_id IS NOT NULL)
    EXECUTE FUNCTION check_description();
CREATE CONSTRAINT TRIGGER activity_description_rules AFTER UPDATE OF a_activitydescription_id ON activity
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.a_activitydescription_id IS DISTINCT FROM NEW.a_activitydescription_id)
    EXECUTE FUNCTION check_description();

-- A dataset is described by a dataset description, a value by a value description (VO-DML subsetted roles).
CREATE FUNCTION check_entity_class() RETURNS trigger LANGUAGE plpgsql SET search_path = provenance, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    -- Two statements, so that each is planned for its own index: an entity is checked at each insertion.
    IF TG_TABLE_NAME = 'entity' THEN
        SELECT e_id, e_class, ed_class INTO wrong
          FROM entity JOIN entitydescription ON ed_id = e_entitydescription_id
         WHERE e_id = NEW.e_id
           AND (e_class = 'DatasetEntity' AND ed_class <> 'DatasetDescription'
                OR e_class = 'ValueEntity' AND ed_class <> 'ValueDescription');
    ELSE
        SELECT e_id, e_class, ed_class INTO wrong
          FROM entity JOIN entitydescription ON ed_id = e_entitydescription_id
         WHERE e_entitydescription_id = NEW.ed_id
           AND (e_class = 'DatasetEntity' AND ed_class <> 'DatasetDescription'
                OR e_class = 'ValueEntity' AND ed_class <> 'ValueDescription')
         LIMIT 1;
    END IF;
    IF wrong.e_id IS NOT NULL THEN
        RAISE EXCEPTION 'the % % is described by a %', wrong.e_class, wrong.e_id, wrong.ed_class
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entity_rules AFTER INSERT OR UPDATE ON entity DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.e_entitydescription_id IS NOT NULL) EXECUTE FUNCTION check_entity_class();
CREATE CONSTRAINT TRIGGER entitydescription_rules AFTER UPDATE OF ed_class ON entitydescription
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.ed_class <> NEW.ed_class)
    EXECUTE FUNCTION check_entity_class();
