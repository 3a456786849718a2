"""Points and circles on the sphere, against astropy and against what ADQL says of their edges."""

import psycopg2
import pytest
from astropy.coordinates import angular_separation
from hypothesis import given
from hypothesis import strategies as st
from numpy import degrees, radians

from provtap.adql import translate
from provtap.errors import AdqlError
from tests.adql.lab import LAB, value

LONGITUDES = st.floats(-360, 360).map(lambda x: round(x, 9))
LATITUDES = st.floats(-90, 90).map(lambda x: round(x, 9))
POINTS = st.tuples(LONGITUDES, LATITUDES)


def column(expression):
    (found,) = translate(f"SELECT {expression} FROM sky", LAB).columns
    return found


@pytest.fixture(scope="module")
def call(lab):
    """A function that returns what a function of the schema makes of numbers."""

    def called(name, *numbers):
        places = ", ".join(["%s::double precision"] * len(numbers))
        with lab, lab.cursor() as cursor:
            cursor.execute(f"SELECT provext.{name}({places})", numbers)
            return cursor.fetchone()[0]

    return called


# Distances ------------------------------------------------------------------------------------------------


@given(POINTS, POINTS)
def test_a_distance_is_that_of_astropy(call, a, b):
    """Digest section 4, DISTANCE: along a great circle, in degrees."""
    expected = degrees(angular_separation(*radians(a), *radians(b)))

    assert call("distance", *a, *b) == pytest.approx(expected, abs=1e-12)


@given(LATITUDES.filter(lambda x: abs(x) < 89), st.floats(1e-13, 1e-3))
def test_a_small_distance_keeps_its_digits(call, latitude, offset):
    """A formula with the arc cosine tells 0 here."""
    other = latitude + offset

    assert call("distance", 10, latitude, 10, other) == pytest.approx(other - latitude, rel=1e-12, abs=0)


@given(POINTS, st.floats(1e-13, 1e-3))
def test_opposite_points_are_half_a_circle_apart(call, point, offset):
    """A formula with the arc sine tells 179.9999991 here."""
    longitude, latitude = point

    assert call("distance", longitude, latitude, longitude + 180, -latitude) == pytest.approx(180, abs=1e-12)
    near = call("distance", longitude, 0, longitude + 180, offset)
    assert 180 - near == pytest.approx(offset, abs=6e-14)


@pytest.mark.parametrize(
    "a, b, distance",
    [((0, 0), (90, 0), 90), ((0, 0), (0, 0), 0), ((0, 90), (123, 90), 0), ((0, -90), (7, 90), 180)]
    + [
        ((350, 0), (10, 0), 20),
        ((-10, 0), (350, 0), 0),
        ((0, 0), (1e-300, 0), 1e-300),
    ],
)
def test_distances_of_note(call, a, b, distance):
    """Poles, the meridian, numbers whose squares are none."""
    assert call("distance", *a, *b) == pytest.approx(distance, rel=1e-15)


# Queries --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression, result",
    [("POINT(10, -20)", "10 -20"), ("POINT('ICRS', 10, 20.5)", "10 20.5"), ("POINT(NULL, 1, 2)", "1 2")]
    + [
        ("CIRCLE(1, 2, 3)", "1 2 3"),
        ("CIRCLE(POINT(1, 2), 3)", "1 2 3"),
        ("CIRCLE('', s_point, 3)", "10 20 3"),
    ]
    + [("s_point", "10 20"), ("s_circle", "10 20 1"), ("POINT(s_ra, s_dec)", "10 20")]
    + [("COORD1(s_point)", "10"), ("COORD2(POINT(1, 2))", "2"), ("COORD1(POINT(s_ra + 1, 2))", "11")]
    + [("DISTANCE(s_point, POINT(10, 20))", "0"), ("DISTANCE(s_ra, s_dec, 190, -20)", "180")]
    + [("IN_UNIT(DISTANCE(0, 0, 90, 0), 'arcmin')", "5400")],
)
def test_points_and_circles_are_built_and_split(ask, expression, result):
    """DALI-9: arrays with blanks between the numbers; digest section 4: forms, and cs ignored."""
    assert value(ask, expression, "sky WHERE s_id = 1") == result


def test_a_place_of_unknown_coordinates_is_null(ask):
    """SQL: whatever is made of NULL is NULL."""
    ((*cells,),) = ask("SELECT POINT(s_ra, s_dec), CIRCLE(s_point, 1), s_point FROM sky WHERE s_id = 3")

    assert cells == [None, None, None]


@pytest.mark.parametrize(
    "a, b, contains, intersects",
    [("POINT(0, 1)", "CIRCLE(0, 0, 1)", 1, 1), ("POINT(0, 1.00001)", "CIRCLE(0, 0, 1)", 0, 0)]
    + [("POINT(359.5, 0)", "CIRCLE(0, 0, 1)", 1, 1), ("POINT(180, 89.5)", "CIRCLE(0, 89.5, 1)", 1, 1)]
    + [("CIRCLE(0, 0, 1)", "CIRCLE(0, 1, 2)", 1, 1), ("CIRCLE(0, 0, 1)", "CIRCLE(0, 1.1, 2)", 0, 1)]
    + [("CIRCLE(0, 0, 1)", "CIRCLE(0, 3, 2)", 0, 1), ("CIRCLE(0, 0, 1)", "CIRCLE(0, 3.01, 2)", 0, 0)]
    + [("CIRCLE(0, 0, 1)", "POINT(0, 0)", 0, 1), ("CIRCLE(0, 0, 0)", "POINT(0, 0)", 1, 1)]
    + [("POINT(1, 2)", "POINT(361 - 360, 2)", 1, 1), ("POINT(1, 2)", "POINT(2, 2)", 0, 0)]
    + [("CIRCLE(0, 0, 170)", "CIRCLE(90, 0, 180)", 1, 1), ("s_point", "s_circle", 1, 1)],
)
def test_contains_and_intersects_count_the_edge(ask, a, b, contains, intersects):
    """Digest section 4: 1 or 0, a point on the boundary is inside."""
    found = value(ask, f"CONTAINS({a}, {b}) || '' || INTERSECTS({a}, {b})", "sky WHERE s_id = 1")

    assert found == f"{contains}{intersects}"


@given(POINTS, POINTS, st.floats(0, 180))
def test_contains_agrees_with_the_distance(call, point, centre, radius):
    """The bounds on the latitude never lose a point."""
    inside = call("contains", *point, 0, *centre, radius)

    assert inside == (call("distance", *point, *centre) <= radius + 1e-12)
    assert inside == call("intersects", *point, 0, *centre, radius)


@pytest.mark.parametrize(
    "condition, ids",
    [
        ("1 = CONTAINS(s_point, CIRCLE(83.6, 22, 0.1))", [2]),
        ("CONTAINS(s_point, CIRCLE(83.6, 22, 0.1)) = 0", [1]),
    ]
    + [("0 <> INTERSECTS(s_circle, POINT(10, 21))", [1]), ("DISTANCE(s_point, POINT(10, 21)) < 1.5", [1])]
    + [("CONTAINS(POINT(s_ra, s_dec), s_circle) >= 0", [1, 2]), ("COORD2(s_point) BETWEEN 21 AND 23", [2])]
    + [("NOT 1 = CONTAINS(s_point, CIRCLE(10, 20, 1))", [2])],
)
def test_places_choose_rows(ask, condition, ids):
    """Digest section 4: compared with 0 or 1; of unknown places nothing is known."""
    found = ask(f"SELECT s_id FROM sky WHERE {condition} ORDER BY s_id")

    assert [row for (row,) in found] == ids


@pytest.mark.parametrize(
    "condition",
    ["1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(10, 20, 1))", "DISTANCE(s_ra, s_dec, 10, 20) < 1"]
    + ["INTERSECTS(CIRCLE(10, 20, 1), POINT(s_ra, s_dec)) = 1", "1 > DISTANCE(10, 20, s_ra, s_dec)"],
)
def test_a_cone_search_uses_an_index_on_the_latitude(lab, condition):
    """Digest section 4: CONTAINS and DISTANCE become something that an index serves."""
    sql = translate(f"SELECT s_id FROM sky WHERE {condition}", LAB).sql
    with lab.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; CREATE INDEX ON lab.sky (s_dec)")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(line for (line,) in cursor)
    lab.rollback()

    assert "Index Cond: ((s_dec >= '18.999999999'" in plan


@pytest.mark.parametrize(
    "expression, datatype, arraysize, xtype, unit",
    [("POINT(1, 2)", "double", "2", "point", "deg"), ("CIRCLE(1, 2, 3)", "double", "3", "circle", "deg")]
    + [("s_point", "double", "2", "point", "deg"), ("DISTANCE(1, 2, 3, 4)", "double", None, None, "deg")]
    + [
        ("COORD1(s_point)", "double", None, None, "deg"),
        ("CONTAINS(s_point, s_circle)", "int", None, None, None),
    ],
)
def test_a_place_is_declared_as_dali_array(expression, datatype, arraysize, xtype, unit):
    """DALI-9; digest section 3, type map."""
    found = column(expression)

    assert (found.datatype, found.arraysize, found.xtype, found.unit) == (datatype, arraysize, xtype, unit)


@pytest.mark.parametrize(
    "expression, words",
    [("AREA(s_circle)", "The geometry function AREA is not supported by this service.")]
    + [("CONTAINS(s_point, POLYGON(1, 2, 3, 4, 5, 6))", "function POLYGON is not supported")]
    + [
        ("BOX(1, 2, 3, 4)", "function BOX is not supported"),
        ("REGION('CIRCLE 1 2 3')", "REGION is not supported"),
    ]
    + [
        ("CENTROID(s_circle)", "CENTROID is not supported"),
        ("COORDSYS(s_point)", "COORDSYS is not supported"),
    ]
    + [("CONTAINS(s_point, 'x')", "CONTAINS takes a point or circle here; this is text. (line 1, column 26)")]
    + [("DISTANCE(s_point, s_circle)", "DISTANCE takes a point here; this is a circle.")]
    + [("COORD1(s_circle)", "COORD1 takes a point here"), ("CIRCLE(s_ra, 2)", "CIRCLE takes a point here")]
    + [
        ("POINT(1, 90.5)", "A latitude must be between -90 and 90 degrees."),
        ("CIRCLE(1, 2, -3)", "A radius must be"),
    ]
    + [
        ("POINT(400, 1)", "A longitude must be between -360 and 360 degrees."),
        ("MIN(s_point)", "MIN does not accept a point"),
    ]
    + [
        ("s_point || 'x'", "|| joins texts; this is a point."),
        ("COALESCE(s_point)", "is a point, which cannot be"),
    ],
)
def test_an_invalid_position_is_reported(expression, words):
    """Digest section 4: parsed, and refused by name where this service has it not; section 8: types."""
    with pytest.raises(AdqlError) as raised:
        translate(f"SELECT {expression} FROM sky", LAB)

    assert words in str(raised.value)


def test_infinite_coordinates_have_the_form_of_dali(ask):
    """VOT-7: `+Inf` and `-Inf`, in arrays too."""
    ((point,),) = ask("SELECT POINT(CAST('inf' AS REAL), CAST('-inf' AS REAL)) FROM sky WHERE s_id = 1")

    assert point == "+Inf -Inf"


def test_infinite_coordinates_have_no_distance(call):
    """PostgreSQL's own sine refuses them; the user is told of a number out of range."""
    with pytest.raises(psycopg2.errors.NumericValueOutOfRange):
        call("distance", float("inf"), 0, 0, 0)
