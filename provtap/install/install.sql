-- The statements that `provtap init` runs, and `provtap init --print-sql` prints, around the files of schema/. All
-- statements can be repeated. Those that need more rights than the tables' owner has are only run if still needed,
-- so that a login without these rights can run init after a DBA has run it once.
--
-- Settings: provtap.role_prefix; provtap.login, the role in PROVTAP_DATABASE_URL, or '';
-- provtap.reader_password, a SCRAM verifier, or ''; provtap.temp_bytes.

-- name: login
-- The role of the login, and whether it may become the owner of the tables.
SELECT rolname AS name, rolsuper AS superuser,
       rolsuper OR coalesce(pg_has_role((SELECT oid FROM pg_roles WHERE rolname = %(owner)s), 'MEMBER'),
                            rolcreaterole) AS may_install
  FROM pg_roles
 WHERE rolname = current_user;

-- name: missing
-- Published columns that do not exist.
SELECT namespace, relation, attribute
  FROM unnest(%(schemas)s::text[], %(relations)s::text[], %(columns)s::text[])
       AS published (namespace, relation, attribute)
 WHERE NOT EXISTS (SELECT FROM pg_attribute
                               JOIN pg_class ON pg_class.oid = attrelid
                               JOIN pg_namespace ON pg_namespace.oid = relnamespace
                    WHERE nspname = namespace AND relname = relation AND attname = attribute
                      AND attnum > 0 AND NOT attisdropped);

-- name: memory
-- The process of the connection, and the bytes of its shared memory.
SELECT pg_backend_pid() AS pid, pg_size_bytes(current_setting('shared_memory_size')) AS shared;

-- name: alone
-- One installation at a time.
SELECT pg_advisory_xact_lock(hashtextextended('provtap init', 0));

-- name: encoding
DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the encoding of database % is %, and must be UTF8',
            current_database(), current_setting('server_encoding');
    END IF;
END $$;

-- name: roles
DO $$
DECLARE
    owner   text := current_setting('provtap.role_prefix') || 'owner';
    writer  text := current_setting('provtap.role_prefix') || 'writer';
    reader  text := current_setting('provtap.role_prefix') || 'reader';
    login   text := current_setting('provtap.login');
    -- Since PostgreSQL 16, a creator of a role with CREATEROLE is a member without the right to SET ROLE.
    member  text := CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END;
    role    text;
    kind    text;
BEGIN
    FOR role, kind IN VALUES (owner, 'NOLOGIN'), (writer, 'LOGIN'), (reader, 'LOGIN') LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I %s', role, kind);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- the installation of another database on this server was faster
            END;
        END IF;
    END LOOP;
    IF NOT pg_has_role(current_user, owner, member) THEN
        EXECUTE format('GRANT %I TO %I', owner, current_user);
    END IF;
    IF login <> '' AND NOT pg_has_role(login, writer, member) THEN
        EXECUTE format('GRANT %I TO %I', writer, login);
    END IF;
END $$;

-- name: database
DO $$
DECLARE
    owner   text := current_setting('provtap.role_prefix') || 'owner';
    writer  text := current_setting('provtap.role_prefix') || 'writer';
    reader  text := current_setting('provtap.role_prefix') || 'reader';
    base    text := current_database();
    role    text;
    wanted  text;
BEGIN
    FOR role, wanted IN VALUES (owner, 'CREATE'), (writer, 'CONNECT'), (reader, 'CONNECT') LOOP
        IF NOT has_database_privilege(role, base, wanted) THEN
            EXECUTE format('GRANT %s ON DATABASE %I TO %I', wanted, base, role);
        END IF;
    END LOOP;
    -- All roles may create temporary tables until this right is revoked.
    IF has_database_privilege(reader, base, 'TEMPORARY') THEN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', base);
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I, %I', base, owner, writer);
    END IF;
    IF to_regnamespace('public') IS NOT NULL AND has_schema_privilege(reader, 'public', 'CREATE') THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;  -- a database that was made before PostgreSQL 15
    END IF;
END $$;

-- name: reader
-- Make the reader read-only in all its sessions, and set its password.
DO $$
DECLARE
    reader    text := current_setting('provtap.role_prefix') || 'reader';
    verifier  text := current_setting('provtap.reader_password');
    base      text := current_database();
BEGIN
    IF NOT EXISTS (SELECT FROM pg_db_role_setting
                    WHERE setrole = to_regrole(quote_ident(reader)) AND setdatabase = 0
                      AND 'default_transaction_read_only=on' = ANY (setconfig)) THEN
        BEGIN
            EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', reader);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'default_transaction_read_only of % is left as it is: this login may not set it', reader;
        END;
    END IF;
    IF verifier <> '' THEN
        BEGIN
            EXECUTE format('ALTER ROLE %I PASSWORD %L', reader, verifier);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'the password of % is left as it is: this login may not set it', reader;
        END;
    END IF;
END $$;

-- name: superuser
-- The remaining statements for a superuser: the disk limit of one query, and functions of PostgreSQL that all roles
-- may call and that store something, wait, lock, or affect other sessions. Our own roles keep those that they need.
WITH role AS (
    SELECT to_regrole(quote_ident(current_setting('provtap.role_prefix') || 'reader')) AS reader,
           concat_ws(', ', quote_ident(current_setting('provtap.role_prefix') || 'owner'),
                     quote_ident(current_setting('provtap.role_prefix') || 'writer'),
                     quote_ident(nullif(current_setting('provtap.login'), ''))) AS ours,
           ceil(current_setting('provtap.temp_bytes')::numeric / 1024) || 'kB' AS disk
), barred AS (
    SELECT string_agg(pg_proc.oid::regprocedure::text, ', ' ORDER BY pg_proc.oid) AS functions,
           string_agg(pg_proc.oid::regprocedure::text, ', ' ORDER BY pg_proc.oid)
               FILTER (WHERE proname ~ '^pg_(try_)?advisory_|^pg_notify$') AS needed
      FROM role, pg_proc
     WHERE pronamespace = 'pg_catalog'::regnamespace
       AND proname ~ ('^(lo_.*|loread|lowrite|pg_(try_)?advisory_.*|pg_sleep.*|pg_notify|pg_export_snapshot'
                      || '|pg_(cancel|terminate)_backend|pg_logical_emit_message)$')
       AND has_function_privilege(reader, pg_proc.oid, 'EXECUTE')
)
SELECT format('ALTER ROLE %s IN DATABASE %I SET temp_file_limit = %L;',
              reader, current_database(), disk) AS statement
  FROM role
 WHERE NOT EXISTS (SELECT FROM pg_db_role_setting
                    WHERE setrole = reader AND 'temp_file_limit=' || disk = ANY (setconfig)
                      AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
UNION ALL
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC;', functions) FROM barred WHERE functions <> ''
UNION ALL
SELECT format('GRANT EXECUTE ON FUNCTION %s TO %s;', needed, ours) FROM barred, role WHERE needed <> '';

-- name: missing_roles
-- The remaining work of the statements above for the roles: they must exist, have access, and be granted to us.
WITH wanted AS (
    SELECT current_setting('provtap.role_prefix') || name AS role, kind,
           to_regrole(quote_ident(current_setting('provtap.role_prefix') || name))::oid AS found,
           CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END AS member
      FROM (VALUES ('owner', 'NOLOGIN'), ('writer', 'LOGIN'), ('reader', 'LOGIN')) AS role (name, kind)
)
SELECT format('CREATE ROLE %I %s;', role, kind) AS statement FROM wanted WHERE found IS NULL
UNION ALL
SELECT format('GRANT %I TO %I;', role, session_user)
  FROM wanted
 WHERE role = current_setting('provtap.role_prefix') || 'writer'
   AND pg_has_role(session_user, found, member) IS NOT TRUE
UNION ALL
SELECT format('GRANT CONNECT ON DATABASE %I TO %I;', current_database(), role)
  FROM wanted
 WHERE kind = 'LOGIN' AND has_database_privilege(found, current_database(), 'CONNECT') IS NOT TRUE
UNION ALL
SELECT format('ALTER ROLE %I LOGIN;', role)
  FROM wanted JOIN pg_roles ON pg_roles.oid = found
 WHERE role = current_setting('provtap.role_prefix') || 'reader' AND NOT rolcanlogin;

-- name: parts_of_names
-- An index for parts of names (LIKE '%part%'), if pg_trgm is available: it is trusted, so that the owner may create
-- it. This is checked each time, because it may be installed later; without it names are found by their beginnings.
-- New names go into a list that is merged into the index from time to time, so that documents are stored faster.
DO $$
DECLARE
    place  text;
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm' AND installed_version IS NULL) THEN
        BEGIN
            CREATE EXTENSION pg_trgm SCHEMA provext;
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;
        END;
    END IF;
    SELECT nspname INTO place FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
     WHERE extname = 'pg_trgm';
    -- IF NOT EXISTS would lock the table before the check.
    IF place IS NOT NULL AND to_regclass('provenance.entity_name_parts') IS NULL THEN
        EXECUTE format('CREATE INDEX entity_name_parts ON provenance.entity'
                       ' USING gin (e_name %I.gin_trgm_ops)', place);
    END IF;
END $$;

-- name: writer_rights
DO $$
DECLARE
    writer  text := current_setting('provtap.role_prefix') || 'writer';
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA provenance, provext, provtap, ivoa, tap_schema, uws TO %I', writer);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA provenance, provext, provtap, ivoa, tap_schema, uws TO %I', writer);
    EXECUTE format('GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA provenance, provext, provtap, uws TO %I', writer);
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON provtap.migration FROM %I', writer);
END $$;

-- name: reader_rights
-- Rights are granted anew, so that unpublished tables are no longer readable. The digest is needed to compare nodes.
DO $$
DECLARE
    reader  text := current_setting('provtap.role_prefix') || 'reader';
BEGIN
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA provenance, provext, provtap, ivoa, tap_schema, uws FROM %I', reader);
    EXECUTE format('REVOKE ALL ON SCHEMA provtap, uws FROM %I', reader);
    EXECUTE format('GRANT USAGE ON SCHEMA provenance, provext, ivoa, tap_schema TO %I', reader);
    EXECUTE format('GRANT SELECT ON tap_schema.digest TO %I', reader);
END $$;

-- name: obscore
-- The views ivoa.obscore and ivoa.obscore_hea on our own table, or on the relation in the setting. Settings:
-- provtap.obscore, the name of the relation, or ''; provtap.obscore_views, a JSON object of the columns of each view.
-- All columns have the types of our table; columns missing in the relation are null.
DO $$
DECLARE
    owner      text := current_setting('provtap.role_prefix') || 'owner';
    given      text := current_setting('provtap.obscore');
    source     regclass := 'provtap.observation';
    place      regnamespace;
    view_name  text;
    names      json;
    wanted     record;
    has        record;
    value      text;
    columns    text;
    number     bigint;
BEGIN
    IF given <> '' THEN
        BEGIN
            source := to_regclass(given);
        EXCEPTION WHEN syntax_error OR invalid_name OR feature_not_supported THEN
            source := NULL;
        END;
        IF source IS NULL THEN
            RAISE EXCEPTION 'PROVTAP_OBSCORE: there is no table or view % in this database', given;
        END IF;
        SELECT relnamespace INTO place FROM pg_class WHERE oid = source;
        IF place::text IN ('ivoa', 'provtap') THEN
            RAISE EXCEPTION 'PROVTAP_OBSCORE: % is in a schema of ProvTAP; move it to another schema', given;
        END IF;
        IF NOT has_schema_privilege(owner, place, 'USAGE') THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', place, owner);
        END IF;
        IF NOT has_table_privilege(owner, source, 'SELECT') THEN
            EXECUTE format('GRANT SELECT ON %s TO %I', source, owner);
        END IF;
    END IF;
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'ivoa' AND nspowner <> to_regrole(quote_ident(owner))) THEN
        RAISE EXCEPTION 'the schema ivoa is not ProvTAP''s: rename it, as in ALTER SCHEMA ivoa RENAME TO archive, and set PROVTAP_OBSCORE to archive.obscore';
    END IF;
    EXECUTE format('SET LOCAL ROLE %I', owner);
    IF to_regnamespace('ivoa') IS NULL THEN
        CREATE SCHEMA ivoa;
    END IF;
    FOR view_name, names IN SELECT * FROM json_each(current_setting('provtap.obscore_views')::json) LOOP
        IF EXISTS (SELECT FROM pg_class
                    WHERE relnamespace = to_regnamespace('ivoa') AND relname = view_name
                      AND (relkind <> 'v' OR relowner <> to_regrole(quote_ident(owner)))) THEN
            RAISE EXCEPTION 'ivoa.% is not the view that ProvTAP makes: move it to another schema, and set PROVTAP_OBSCORE to its new name', view_name;
        END IF;
        columns := NULL;
        FOR wanted IN SELECT attname AS name, atttypid::regtype AS type, attnotnull AS needed,
                             attcollation = '"C"'::regcollation AS is_c
                        FROM json_array_elements_text(names) WITH ORDINALITY AS listed (name, at)
                        JOIN pg_attribute ON attname = listed.name AND attrelid = 'provtap.observation'::regclass
                       ORDER BY at LOOP
            SELECT atttypid::regtype AS type, attcollation = '"C"'::regcollation AS is_c INTO has
              FROM pg_attribute
             WHERE attrelid = source AND attname = wanted.name AND attnum > 0 AND NOT attisdropped;
            IF NOT FOUND AND wanted.needed THEN
                RAISE EXCEPTION 'PROVTAP_OBSCORE: % has no column %, which ObsCore requires', given, wanted.name;
            END IF;
            value := CASE WHEN has.type IS NULL THEN 'NULL::' || wanted.type
                          WHEN has.type = wanted.type THEN quote_ident(wanted.name)
                          WHEN has.type = 'timestamptz'::regtype
                          THEN format('(%I AT TIME ZONE ''UTC'')::%s', wanted.name, wanted.type)
                          ELSE format('%I::%s', wanted.name, wanted.type) END;
            IF wanted.is_c AND has.is_c IS NOT TRUE THEN  -- or it could not be compared with ours
                value := format('(%s) COLLATE "C"', value);
            END IF;
            BEGIN
                IF wanted.name = 's_region' AND has.type NOT IN ('text'::regtype, 'varchar'::regtype) THEN
                    RAISE cannot_coerce;
                END IF;
                EXECUTE format('SELECT %s FROM %s LIMIT 0', value, source);
            EXCEPTION WHEN cannot_coerce OR undefined_function THEN
                RAISE EXCEPTION 'PROVTAP_OBSCORE: the column % of % must be %, not %',
                    wanted.name, given, CASE wanted.name WHEN 's_region' THEN 'STC-S text' ELSE wanted.type::text END, has.type;
            END;
            IF given <> '' AND wanted.needed THEN
                EXECUTE format('SELECT count(*) FROM %s WHERE %I IS NULL', source, wanted.name) INTO number;
                IF number > 0 THEN
                    RAISE EXCEPTION 'PROVTAP_OBSCORE: the column % of % is null in % rows, and ObsCore requires a value',
                        wanted.name, given, number;
                END IF;
            END IF;
            columns := concat_ws(E',\n       ', columns, format('%s AS %I', value, wanted.name));
        END LOOP;
        EXECUTE format(E'CREATE OR REPLACE VIEW ivoa.%I AS\nSELECT %s\n  FROM %s', view_name, columns, source);
    END LOOP;
    PERFORM provtap.link_products();
END $$;
