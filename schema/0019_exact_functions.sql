-- Functions of the translator of ADQL that keep all digits of a number, and that are NULL where an argument is.

SET LOCAL search_path = provext;

-- The decimal number that a result shows for a double, and for a whole number beyond 2^53 its exact value;
-- PostgreSQL's own cast keeps 15 digits.
CREATE FUNCTION exact(value double precision) RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    magnitude  double precision := abs(value);
    shift      integer;
BEGIN
    IF magnitude < 9007199254740992 OR magnitude >= 'Infinity' THEN  -- NaN counts as larger
        RETURN value::text::numeric;
    ELSIF magnitude < 9223372036854775808 THEN
        RETURN value::bigint;
    END IF;
    shift := floor(ln(magnitude) / ln(2::double precision)) - 60;  -- leaves 60 or 61 bits, of which 53 are set
    RETURN (value / 2::double precision ^ shift)::bigint * 2::numeric ^ shift;
END $$;

-- The same of a real, whose text is shorter; PostgreSQL's own cast keeps 6 digits.
CREATE FUNCTION exact(value real) RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF abs(value) < 16777216 THEN
        RETURN value::text::numeric;
    END IF;
    RETURN provext.exact(value::double precision);
END $$;

-- The numbers of a point or circle; NULL if one of them is.
CREATE FUNCTION place(numbers double precision[]) RETURNS double precision[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN array_position(numbers, NULL) IS NULL THEN numbers END;

-- As `contains`, `intersects` and `interval_overlaps`, which an index can serve or PostgreSQL writes out, but
-- which are false for some arguments of which one is NULL. So these choose rows, and the following are for all
-- else: under NOT, and as values.
CREATE FUNCTION contains_or_null(
    lon1 double precision, lat1 double precision, radius1 double precision,
    lon2 double precision, lat2 double precision, radius2 double precision
) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN contains(lon1, lat1, radius1, lon2, lat2, radius2);

CREATE FUNCTION intersects_or_null(
    lon1 double precision, lat1 double precision, radius1 double precision,
    lon2 double precision, lat2 double precision, radius2 double precision
) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN intersects(lon1, lat1, radius1, lon2, lat2, radius2);

CREATE FUNCTION interval_overlaps_or_null(
    a1 double precision, b1 double precision, a2 double precision, b2 double precision
) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN interval_overlaps(a1, b1, a2, b2);

-- Whether an item stands between the hash signs of a list; PostgreSQL's = ANY is false for NULL in an empty list.
CREATE FUNCTION hashlist_has(hashlist text, item text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN lower(item COLLATE "default") = ANY (string_to_array(lower(hashlist COLLATE "default"), '#'));

-- A text that spells a decimal number, for PostgreSQL to read: by itself it takes 0x10 and 1_000 as well, and not
-- in every version.
CREATE FUNCTION numeral(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value !~* '^[ \t\n\v\f\r]*([+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9]+)?|nan|[+-]?inf(inity)?)[ \t\n\v\f\r]*$' THEN
        RAISE invalid_text_representation USING MESSAGE = format('not a number: %L', left(value, 100));
    END IF;
    RETURN value;
END $$;

-- A text as DALI 1.1, section 3.3.3, writes timestamps, also without seconds, and with +00:00 for UTC.
CREATE OR REPLACE FUNCTION to_timestamp(value text) RETURNS timestamp
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?(Z|[+-]00:?00)?$' THEN
        RAISE invalid_datetime_format USING MESSAGE = format('not a timestamp: %L', left(value, 100));
    END IF;
    RETURN regexp_replace(value, '(Z|[+-]00:?00)$', '')::timestamp;
END $$;
