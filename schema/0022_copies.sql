-- Files that were read as copies of a file that some activity made: known by their checksum, not by their place.
SET LOCAL search_path = provext, provenance;

-- One row for each copy, original and checksum; the derivation of the same pair is made and removed with them.
CREATE TABLE copy (
    cp_entity_id    identifier NOT NULL,
    cp_original_id  identifier NOT NULL,
    cp_algorithm    role NOT NULL,
    cp_digest       label NOT NULL,
    PRIMARY KEY (cp_entity_id, cp_original_id, cp_algorithm, cp_digest),
    FOREIGN KEY (cp_entity_id, cp_original_id)
        REFERENCES wasderivedfrom (wdf_generatedentity_id, wdf_usedentity_id) ON DELETE CASCADE
);
CREATE INDEX ON copy (cp_original_id);
CREATE INDEX ON copy (cp_digest);

-- Checksums of what was read at a place, by the id that a file there has while nobody is known to have written it. Then
-- they are published in provext.hash; otherwise the file has the checksums of those who wrote it.
CREATE TABLE provtap.external_hash (
    xh_entity_id  identifier NOT NULL,
    xh_algorithm  role NOT NULL,
    xh_digest     label NOT NULL,
    xh_size       bigint CHECK (xh_size >= 0),
    PRIMARY KEY (xh_entity_id, xh_algorithm, xh_digest)
);
