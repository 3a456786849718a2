-- The packages of the software environments that runs recorded, so that two environments can be compared.
SET LOCAL search_path = provext, provenance;

-- Name and version only: paths and variables of an environment stay private.
CREATE VIEW package AS
    SELECT en_entity_id AS pk_entity_id, listed ->> 'name' AS pk_name, listed ->> 'version' AS pk_version
      FROM provtap.environment,
           jsonb_path_query(en_content, 'strict $.python.packages[*] ? (@.name.type() == "string")',
                            silent => true) AS listed;
