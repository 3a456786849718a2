-- To add one more entry of a value, a hash index walks through all that are there, and runs give the same values again
-- and again ("True", one configuration for all): each is slower to store than the one before. A tree of prefixes
-- has no such walk, and serves LIKE 'begin%' as well. It would hold NULL too, the value of most entities.

DROP INDEX provenance.entity_e_value_idx;
CREATE INDEX entity_value ON provenance.entity USING spgist (e_value) WHERE e_value IS NOT NULL;
DROP INDEX provenance.parameter_p_value_idx;
CREATE INDEX parameter_value ON provenance.parameter USING spgist (p_value);
DROP INDEX provenance.configfile_cf_location_idx;
CREATE INDEX configfile_place ON provenance.configfile USING spgist (cf_location);
DROP INDEX provext.alias_al_value_idx;
CREATE INDEX alias_value ON provext.alias USING spgist (al_value);
