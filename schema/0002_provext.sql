-- What astronomers ask of provenance and ProvenanceDM 1.0 has no class for; published beside it.

CREATE SCHEMA provext;
SET LOCAL search_path = provext, provenance;

-- Other names of an entity: paths, ids it had before its producer was known, GUIDs, DOIs.
CREATE TABLE alias (
    al_entity_id  identifier NOT NULL REFERENCES entity ON DELETE CASCADE,
    al_kind       role NOT NULL,
    al_value      text COLLATE "C" NOT NULL,
    al_validfrom  instant,
    al_validto    instant,
    CHECK (al_validto >= al_validfrom)
);
CREATE UNIQUE INDEX alias_key ON alias (al_entity_id, al_kind, md5(al_value), al_validfrom) NULLS NOT DISTINCT;
CREATE INDEX ON alias USING hash (al_value);

-- Where copies of a file are or were.
CREATE TABLE location (
    loc_entity_id  identifier NOT NULL REFERENCES entity ON DELETE CASCADE,
    loc_url        text COLLATE "C" NOT NULL,
    loc_storage    role NOT NULL
);
CREATE UNIQUE INDEX location_key ON location (loc_entity_id, loc_storage, md5(loc_url));
CREATE INDEX ON location USING hash (loc_url);

CREATE TABLE hash (
    h_entity_id  identifier NOT NULL REFERENCES entity ON DELETE CASCADE,
    h_algorithm  role NOT NULL,
    h_digest     label NOT NULL,
    h_size       bigint CHECK (h_size >= 0),
    PRIMARY KEY (h_entity_id, h_algorithm, h_digest)
);
CREATE INDEX ON hash (h_digest);

-- How the run of a recorded activity went. An activity known only from a product's header has none.
CREATE TABLE run (
    r_activity_id  identifier PRIMARY KEY REFERENCES activity ON DELETE CASCADE,
    r_status       role,
    r_exitcode     integer,
    r_host         label,
    r_duration     double precision CHECK (r_duration >= 0)  -- seconds
);
CREATE INDEX ON run (r_status);
CREATE INDEX ON run (r_host);

-- The documents taken in; the only table whose rows depend on the order of arrival.
CREATE TABLE ingestion (
    in_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    in_source     text NOT NULL,
    in_format     role NOT NULL,
    in_sha256     text COLLATE "C" NOT NULL,
    in_time       instant NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    in_new        bigint NOT NULL,
    in_updated    bigint NOT NULL,
    in_unchanged  bigint NOT NULL,
    in_warnings   text  -- one a line
);
CREATE INDEX ON ingestion (in_sha256);

-- Relations of W3C PROV that ProvenanceDM has no class for; either end may be anything with an id.
CREATE TABLE relation (
    rel_kind        role NOT NULL,
    rel_subject_id  identifier NOT NULL,
    rel_object_id   identifier NOT NULL,
    rel_role        role
);
CREATE UNIQUE INDEX relation_key
    ON relation (rel_subject_id, rel_kind, md5(rel_object_id), md5(rel_role)) NULLS NOT DISTINCT;
CREATE INDEX ON relation (rel_object_id);
