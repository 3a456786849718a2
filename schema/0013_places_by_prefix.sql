-- Places are looked for as a whole and by how they begin (LIKE '/data/2026/%'): a tree of prefixes serves both,
-- and takes values of any length, as the hash index did.

DROP INDEX provenance.entity_e_location_idx;
CREATE INDEX entity_place ON provenance.entity USING spgist (e_location);
DROP INDEX provext.location_loc_url_idx;
CREATE INDEX location_place ON provext.location USING spgist (loc_url);
