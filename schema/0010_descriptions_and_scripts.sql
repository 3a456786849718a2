-- Private: the sets of descriptions that `provtap describe` applied, so that an activity that is recorded
-- later is described as well.

SET LOCAL search_path = provtap, provenance;

CREATE TABLE description_set (
    ds_name     label PRIMARY KEY,
    ds_version  integer NOT NULL,
    ds_content  jsonb NOT NULL,  -- all that its file says
    ds_source   text NOT NULL,
    ds_time     instant NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

-- What activities of a name are, in one version or in those that begin so (0.28.*). The most exact one counts.
CREATE TABLE described_activity (
    da_name      label NOT NULL,
    da_versions  role NOT NULL,
    da_set_name  label NOT NULL REFERENCES description_set ON DELETE CASCADE,
    da_content   jsonb NOT NULL,
    PRIMARY KEY (da_name, da_versions)
);

-- A script of SQL may be larger than a value may be: its bytes, in pieces; provtap.document has none of them.
CREATE TABLE document_piece (
    dp_ingestion_id  bigint NOT NULL REFERENCES document ON DELETE CASCADE,
    dp_number        integer NOT NULL,
    dp_content       bytea NOT NULL,
    PRIMARY KEY (dp_ingestion_id, dp_number)
);
ALTER TABLE document_piece ALTER dp_content SET STORAGE EXTERNAL;  -- compression takes longer than writing
