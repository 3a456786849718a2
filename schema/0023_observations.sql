-- Observations (IVOA ObsCore 1.1), and the entities that their data products are.
SET LOCAL search_path = provtap, provenance;

-- What `provtap obscore` stores. Published are the columns without the prefix ob_, by the views ivoa.obscore and
-- ivoa.obscore_hea, which `provtap init` makes over this table or over an operator's own relation.
CREATE TABLE observation (
    dataproduct_type     text COLLATE "C",
    calib_level          integer NOT NULL,
    obs_collection       text COLLATE "C" NOT NULL,
    obs_id               text COLLATE "C" NOT NULL,
    obs_publisher_did    text COLLATE "C" NOT NULL,
    access_url           text COLLATE "C",
    access_format        text COLLATE "C",
    access_estsize       bigint,
    target_name          text,
    s_ra                 double precision,
    s_dec                double precision,
    s_fov                double precision,
    s_region             text COLLATE "C",
    s_resolution         double precision,
    s_xel1               bigint,
    s_xel2               bigint,
    t_min                double precision,
    t_max                double precision,
    t_exptime            double precision,
    t_resolution         double precision,
    t_xel                bigint,
    em_min               double precision,
    em_max               double precision,
    em_res_power         double precision,
    em_xel               bigint,
    o_ucd                text COLLATE "C",
    pol_states           text COLLATE "C",
    pol_xel              bigint,
    facility_name        text COLLATE "C",
    instrument_name      text COLLATE "C",
    dataproduct_subtype  text COLLATE "C",
    obs_title            text,
    obs_creation_date    provenance.instant,
    obs_creator_name     text,
    obs_creator_did      text COLLATE "C",
    publisher_id         text COLLATE "C",
    bib_reference        text COLLATE "C",
    data_rights          text COLLATE "C",
    obs_release_date     provenance.instant,
    proposal_id          text COLLATE "C",
    em_resolution        double precision,
    ev_xel               integer,
    s_ref_energy         real,
    em_ref_energy        real,
    s_ref_oaa            real,
    em_ref_oaa           real,
    t_intervals          text COLLATE "C",
    energy_min           real,
    energy_max           real,
    obs_mode             text COLLATE "C",
    tracking_mode        text COLLATE "C",
    scan_mode            text COLLATE "C",
    pointing_mode        text COLLATE "C",
    analysis_mode        text COLLATE "C",
    event_type           text COLLATE "C",
    messenger_name       text COLLATE "C",
    messenger_pdgid      text COLLATE "C",
    ob_product_id        text COLLATE "C",     -- the id of the product in its own header
    ob_place             text COLLATE "C",     -- where its file was when it was read
    ob_checksums         text[] COLLATE "C",   -- hexadecimal digits, lower case
    ob_source            text,                 -- the file that the row comes from
    ob_time              timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (obs_publisher_did),
    CHECK (octet_length(obs_publisher_did) BETWEEN 1 AND 1000),
    CHECK (calib_level BETWEEN 0 AND 4),
    CHECK (dataproduct_type IN ('image', 'cube', 'spectrum', 'sed', 'timeseries', 'visibility', 'event', 'measurements')),
    CHECK (s_ra >= 0 AND s_ra < 360),          -- neither infinite nor NaN, which is more than any number
    CHECK (s_dec BETWEEN -90 AND 90)
);
CREATE INDEX observation_position ON observation USING gist (point(s_ra, s_dec));
CREATE INDEX ON observation (obs_id);
CREATE INDEX ON observation (target_name);
CREATE INDEX ON observation (t_min);
CREATE INDEX ON observation (t_max);
CREATE INDEX ON observation USING spgist (access_url);
CREATE INDEX ON observation USING spgist (ob_place);
CREATE INDEX ON observation USING spgist (ob_product_id);
CREATE INDEX ON observation USING gin (ob_checksums);

-- Which entity a data product is: made from what is stored, by link_products, whenever either side changes.
CREATE TABLE provext.product (
    pr_publisher_did  text COLLATE "C" PRIMARY KEY,
    pr_entity_id      identifier NOT NULL REFERENCES entity ON DELETE CASCADE
);
CREATE INDEX ON provext.product (pr_entity_id);

-- Link the data products that may be among these entities, those of these DIDs, or without arguments all; return how
-- many links changed. The first that fits makes the link: the DID is an id, the header of the product has the id, the
-- DID is another name, the product is at the place of an entity, it has the checksum of one. Of several entities it is
-- one that is still valid, the latest of these.
CREATE FUNCTION link_products(entities text[] DEFAULT NULL, dids text[] DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path = '' SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    names    text[];
    digests  text[];
    changed  bigint;
BEGIN
    IF entities IS NOT NULL THEN
        names := ARRAY(SELECT unnest(entities)
                       UNION SELECT al_value FROM provext.alias WHERE al_entity_id = ANY (entities)
                       UNION SELECT loc_url FROM provext.location WHERE loc_entity_id = ANY (entities)
                       UNION SELECT e_location FROM provenance.entity
                              WHERE e_id = ANY (entities) AND e_location IS NOT NULL);
        digests := ARRAY(SELECT DISTINCT h_digest::text FROM provext.hash WHERE h_entity_id = ANY (entities));
        dids := ARRAY(SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_publisher_did = ANY (names)
                      UNION SELECT obs_publisher_did FROM ivoa.obscore WHERE access_url = ANY (names)
                      UNION SELECT obs_publisher_did FROM provtap.observation WHERE ob_product_id = ANY (names)
                      UNION SELECT obs_publisher_did FROM provtap.observation WHERE ob_place = ANY (names)
                      UNION SELECT obs_publisher_did FROM provtap.observation WHERE ob_checksums && digests);
        IF dids = '{}' THEN
            RETURN 0;
        END IF;
    END IF;
    WITH observed AS MATERIALIZED (
        SELECT obs_publisher_did AS did, published.access_url AS url, ob_product_id, ob_place, ob_checksums
          FROM ivoa.obscore AS published LEFT JOIN provtap.observation USING (obs_publisher_did)
         WHERE dids IS NULL OR obs_publisher_did = ANY (dids)
    ), best AS MATERIALIZED (
        SELECT DISTINCT ON (did) did, e_id
          FROM observed
         CROSS JOIN LATERAL (
                SELECT 1, e_id::text FROM provenance.entity WHERE e_id = did
                UNION ALL
                SELECT 2, e_id FROM provenance.entity WHERE e_id = ob_product_id
                UNION ALL
                SELECT 3, al_entity_id FROM provext.alias WHERE al_value = did
                UNION ALL
                SELECT 4, e_id FROM provenance.entity WHERE e_location = url
                UNION ALL
                SELECT 4, loc_entity_id FROM provext.location WHERE loc_url = url
                UNION ALL
                SELECT 5, e_id FROM provenance.entity WHERE e_location = ob_place
                UNION ALL
                SELECT 5, loc_entity_id FROM provext.location WHERE loc_url = ob_place
                UNION ALL
                SELECT 6, h_entity_id FROM provext.hash WHERE h_digest = ANY (ob_checksums)
               ) AS hit (closeness, id)
          JOIN provenance.entity ON e_id = hit.id
         ORDER BY did, closeness, e_invalidatedattime IS NOT NULL, e_generatedattime DESC NULLS LAST, e_id
    ), gone AS (
        DELETE FROM provext.product
         WHERE (dids IS NULL OR pr_publisher_did = ANY (dids))
           AND NOT EXISTS (SELECT FROM best WHERE did = pr_publisher_did)
        RETURNING 1
    ), linked AS (
        INSERT INTO provext.product AS held (pr_publisher_did, pr_entity_id)
        SELECT did, e_id FROM best
            ON CONFLICT (pr_publisher_did) DO UPDATE SET pr_entity_id = excluded.pr_entity_id
         WHERE held.pr_entity_id <> excluded.pr_entity_id
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM linked) INTO changed;
    RETURN changed;
END $$;
