-- Cone searches on an index: CREATE INDEX ON a_table USING gist (provext.sky_position(longitude, latitude)).

SET LOCAL search_path = provext;

-- A position as a point of a plane: its longitude from 0 to 360 and its latitude, in degrees. NULL if there is no
-- such position: an index of PostgreSQL with NaN in it would not find other rows.
CREATE FUNCTION sky_position(lon double precision, lat double precision) RETURNS point
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN abs(lat) <= 90 AND abs(lon) < 1e9 THEN point(lon - 360 * floor(lon / 360), lat) END;

-- Rectangles in that plane which hold every position within a radius of a place, for
-- `sky_position(longitude, latitude) <@ ANY (cone_boxes(...))`. They hold positions around the cone, too. There are
-- two where the cone goes over longitude 0. Around a pole, they hold all longitudes.
-- A PL/pgSQL function counts as expensive: without an index, PostgreSQL compares distances first.
CREATE FUNCTION cone_boxes(lon double precision, lat double precision, radius double precision) RETURNS box[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    reach   double precision := radius + 1e-9;  -- more than rounding can move a distance
    whole   box := '(361, 91), (-1, -91)';
    centre  double precision;
    width   double precision;
    boxes   box[] := '{}';
BEGIN
    IF num_nulls(lon, lat, radius) > 0 OR radius < 0 THEN
        RETURN boxes;
    ELSIF NOT (abs(lat) <= 90 AND abs(lon) < 1e9 AND reach < 180) THEN  -- as for NaN
        RETURN ARRAY[whole];
    ELSIF abs(lat) + reach > 89.99 THEN  -- nearer to a pole, the arc sine loses digits
        RETURN ARRAY[box(point(-1, lat - reach), point(361, lat + reach))];
    END IF;
    centre := lon - 360 * floor(lon / 360);
    width := asind(sind(reach) / cosd(lat)) + 1e-9;
    FOR turn IN -1..1 LOOP
        IF centre + 360 * turn BETWEEN -1e-6 - width AND 360 + 1e-6 + width THEN
            boxes := boxes || box(point(centre + 360 * turn - width, lat - reach),
                                  point(centre + 360 * turn + width, lat + reach));
        END IF;
    END LOOP;
    RETURN boxes;
END $$;
