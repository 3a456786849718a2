-- Functions that the translator of ADQL calls. They are called once where an expression would have to hold an
-- argument several times, and PostgreSQL writes the simple ones out where that makes an index usable.

SET LOCAL search_path = provext, provenance;

-- The number that a text spells, as the nearest double; NULL if it spells none. Nothing that a text may be
-- raises an error: an index depends on it. No EXCEPTION block, which parallel workers can't have.
CREATE FUNCTION prov_number(value text) RETURNS double precision
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    parts     text[];
    exponent  text;
    exact     numeric;
BEGIN
    IF octet_length(value) > 1000 THEN
        RETURN NULL;
    END IF;
    IF length(value) < 200
       AND value ~ '^[ \t\n\v\f\r]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?[ \t\n\v\f\r]*$' THEN
        RETURN value::double precision;  -- neither too large nor too small
    END IF;
    IF value ~* '^[ \t\n\v\f\r]*[+-]?inf(inity)?[ \t\n\v\f\r]*$' THEN
        RETURN CASE WHEN value ~ '-' THEN '-Infinity' ELSE 'Infinity' END;
    END IF;
    parts := regexp_match(
        value, '^[ \t\n\v\f\r]*([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?)0*([0-9]+))?[ \t\n\v\f\r]*$');
    IF parts IS NULL THEN
        RETURN NULL;
    END IF;
    exponent := coalesce(parts[4], '0');
    IF parts[2] !~ '[1-9]' OR length(exponent) > 4 AND parts[3] = '-' THEN
        RETURN 0;
    ELSIF length(exponent) > 4 THEN
        RETURN (parts[1] || 'Infinity')::double precision;
    END IF;
    exact := (parts[2] || 'e' || coalesce(parts[3], '') || exponent)::numeric;
    -- Beyond these, as IEEE 754 rounds; PostgreSQL's own cast raises an error.
    IF exact > 1.7976931348623158e308 THEN
        RETURN (parts[1] || 'Infinity')::double precision;
    ELSIF exact < 2.5e-324 THEN
        RETURN 0;
    END IF;
    RETURN (parts[1] || exact::text)::double precision;
END $$;
-- It serves p_name alone as well.
CREATE INDEX ON parameter (p_name, prov_number(p_value));
DROP INDEX IF EXISTS parameter_p_name_idx;

-- A text as DALI 1.1, section 3.3.3, writes timestamps; PostgreSQL's own cast takes "yesterday" as well.
CREATE FUNCTION to_timestamp(value text) RETURNS timestamp
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?)?Z?$' THEN
        RAISE invalid_datetime_format USING MESSAGE = format('not a timestamp: %L', left(value, 100));
    END IF;
    RETURN rtrim(value, 'Z')::timestamp;
END $$;

-- What is no letter or digit becomes a blank.
CREATE FUNCTION words(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(value COLLATE "default", '[^[:alnum:]]+', ' ', 'g');

CREATE FUNCTION is_between(value anycompatible, low anycompatible, high anycompatible) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT value BETWEEN low AND high';

CREATE FUNCTION interval_overlaps(
    a1 double precision, b1 double precision, a2 double precision, b2 double precision
) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN a1 <= b2 AND a2 <= b1 AND a1 <= b1 AND a2 <= b2;

-- Places on the sky; all in degrees.

-- The angle between two points. Half its sine and half its cosine are square roots of sums of squares, so that
-- nothing cancels: neither for points close to each other nor for opposite ones. <-> squares without
-- under- or overflow.
CREATE FUNCTION distance(
    lon1 double precision, lat1 double precision, lon2 double precision, lat2 double precision
) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 2 * atan2d(
        point(sind((lat2 - lat1) / 2) * cosd((lon2 - lon1) / 2), cosd((lat1 + lat2) / 2) * sind((lon2 - lon1) / 2))
            <-> point(0, 0),
        point(cosd((lat2 - lat1) / 2) * cosd((lon2 - lon1) / 2), sind((lat1 + lat2) / 2) * sind((lon2 - lon1) / 2))
            <-> point(0, 0));

-- Whether circle 1 lies in circle 2, edge included; the bounds on the latitude are for an index to use. What
-- is added is more than rounding can take away: 4 nanoarcseconds.
CREATE FUNCTION contains(
    lon1 double precision, lat1 double precision, radius1 double precision,
    lon2 double precision, lat2 double precision, radius2 double precision
) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lat1 BETWEEN lat2 - radius2 - 1e-9 AND lat2 + radius2 + 1e-9
       AND (distance(lon1, lat1, lon2, lat2) + radius1 <= radius2 + 1e-12 OR radius2 >= 180);

CREATE FUNCTION intersects(
    lon1 double precision, lat1 double precision, radius1 double precision,
    lon2 double precision, lat2 double precision, radius2 double precision
) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lat1 BETWEEN lat2 - radius1 - radius2 - 1e-9 AND lat2 + radius1 + radius2 + 1e-9
       AND distance(lon1, lat1, lon2, lat2) <= radius1 + radius2 + 1e-12;
