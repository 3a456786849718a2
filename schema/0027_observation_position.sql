-- Positions of observations are found as those of any other table, see 0025_cones.sql.

DROP INDEX provtap.observation_position;
CREATE INDEX observation_position ON provtap.observation USING gist (provext.sky_position(s_ra, s_dec));
