"""Cone searches and cross-matches on 100 000 positions, by an index, against numpy (GEO-7)."""

import io
import random
import re

import numpy
import pytest

from provtap.adql import translate
from provtap.tableset import Column, Schema, Table, Tableset
from tests.adql.lab import fetch
from tests.documents import ROOT

PAGE = (ROOT / "docs/how-to/operate.md").read_text(encoding="utf-8")
(INDEX,) = re.findall(r"CREATE INDEX ON survey\.source .*;", PAGE)
COUNT = 100_000
NAMES = ("c_id", "c_ra", "c_dec", "c_radius")
CATALOGUE = Table(
    schema_name="cones",
    name="cat",
    columns=tuple(Column(name=name, datatype="double") for name in NAMES),
)
TABLESET = Tableset((Schema(name="cones", tables=(CATALOGUE,)),))
CONES = [
    (0, 90, 0.5),
    (10, -90, 3),
    (10, 89.9, 0.2),
    (200, -89.5, 1),
    (77, 89, 1),
    (0, 0, 1),
    (359.99, 5, 0.5),
]
CONES += [
    (-0.01, 5, 0.5),
    (-359, -40, 2),
    (360, 40, 2),
    (180, 1, 0.7),
    (83, 22, 0),
    (83, 22, 90),
    (83, 22, 89.995),
]
CONES += [
    (200, -60, 29.9),
    (200, -60, 29.99),
    (200, -60, 30),
    (200, -60, 60),
    (5, 5, 120),
    (5, 5, 179.9),
    (5, 5, 180),
]
FORMS = (
    "1 = CONTAINS(POINT(c_ra, c_dec), CIRCLE({0}, {1}, {2}))",
    "CONTAINS(POINT('ICRS', c_ra, c_dec), CIRCLE('ICRS', {0}, {1}, {2})) = 1",
    "CONTAINS(POINT({0}, {1}), CIRCLE(POINT(c_ra, c_dec), {2})) <> 0",
    "1 = INTERSECTS(CIRCLE({0}, {1}, {2}), POINT(c_ra, c_dec))",
    "INTERSECTS(CIRCLE(c_ra, c_dec, {2} / 2.0), CIRCLE({0}, {1}, {2} / 2.0)) > 0",
    "DISTANCE(POINT(c_ra, c_dec), POINT({0}, {1})) <= {2}",
    "{2} >= DISTANCE({0}, {1}, c_ra, c_dec)",
    "DISTANCE(c_ra, c_dec, {0}, {1}) BETWEEN 0 AND {2}",
    "3600 * DISTANCE(c_ra, c_dec, {0}, {1}) <= {2} * 3600.0",
)


@pytest.fixture(scope="module")
def positions():
    """Ids, longitudes, latitudes and radii: all over the sky, and dense where it is difficult."""
    rng = numpy.random.default_rng(7)
    ra = rng.uniform(0, 360, COUNT)
    dec = numpy.degrees(numpy.arcsin(rng.uniform(-1, 1, COUNT)))
    ra[:20_000] = rng.normal(0, 2, 20_000)  # negative ones as well
    dec[10_000:30_000] = numpy.sign(rng.uniform(-1, 1, 20_000)) * (90 - rng.exponential(1, 20_000)).clip(
        -90, 90
    )
    ra[30_000:40_000] -= 360
    dec[40_000:50_000] = rng.normal(5, 3, 10_000)
    ra[50_000:50_100] += 720  # beyond what DALI 1.1 allows
    ra[50_100:50_110] = numpy.nan
    dec[50_105:50_120] = numpy.nan
    ra[50_120], dec[50_120], ra[50_121], dec[50_121] = 83, 22, 0, 90
    return numpy.array([numpy.arange(COUNT), ra, dec, rng.exponential(0.02, COUNT)])


@pytest.fixture(scope="module")
def ask(lab, positions):
    """A function that returns the ids that a query selects from a table with an index on its positions."""
    text = "\n".join("\t".join(map(repr, map(float, row))) for row in positions.T)
    nulls = f"{COUNT}\t\\N\t5\t1\n{COUNT + 1}\t5\t\\N\t1\n{COUNT + 2}\t\\N\t\\N\t\\N\n"
    with lab, lab.cursor() as cursor:
        cursor.execute("CREATE SCHEMA cones")
        cursor.execute(f"CREATE TABLE cones.cat ({', '.join(f'{n} double precision' for n in NAMES)})")
        cursor.copy_expert("COPY cones.cat FROM STDIN", io.StringIO(f"{text}\n{nulls}"))
        cursor.execute(
            INDEX.replace("survey.source", "cones.cat").replace("(s_", "(c_").replace(" s_", " c_")
        )
        cursor.execute("ANALYZE cones.cat")

    def ids(query):
        return sorted(int(row[0]) for row in fetch(lab, translate(query, TABLESET).sql))

    yield ids
    with lab, lab.cursor() as cursor:
        cursor.execute("DROP SCHEMA cones CASCADE")


def distances(positions, ra, dec):
    """Return the distance of each position from a place, by the formula of Vincenty, in degrees."""
    a, b, c, d = map(numpy.radians, (positions[1], positions[2], ra, dec))
    across = numpy.hypot(
        numpy.cos(d) * numpy.sin(a - c),
        numpy.cos(b) * numpy.sin(d) - numpy.sin(b) * numpy.cos(d) * numpy.cos(a - c),
    )
    along = numpy.sin(b) * numpy.sin(d) + numpy.cos(b) * numpy.cos(d) * numpy.cos(a - c)
    return numpy.degrees(numpy.arctan2(across, along))


def near(positions, ra, dec, radius):
    """Return the ids that are surely within the radius, and those within it but for rounding."""
    found = distances(positions, ra, dec)
    return {int(i) for i in numpy.flatnonzero(found <= radius - 1e-11)}, {
        int(i) for i in numpy.flatnonzero(found <= radius + 1e-11)
    }


@pytest.mark.parametrize("cone", CONES)
def test_a_cone_search_finds_positions_within_its_radius(ask, positions, cone):
    """GEO-7: at the poles, over 0 and 360 degrees, from no radius to the whole sky."""
    sure, perhaps = near(positions, *cone)
    forms = FORMS if cone[2] < 60 else FORMS[:1] + FORMS[5:6]
    for form in forms:
        found = set(ask(f"SELECT c_id FROM cat WHERE {form.format(*cone)}"))

        assert sure <= found <= perhaps, form


def test_random_cones_find_positions_within_their_radius(ask, positions):
    """GEO-7."""
    rng = random.Random(3)
    for n in range(150):
        cone = (
            rng.uniform(-360, 360),
            rng.choice([rng.uniform(-90, 90), 90 - rng.expovariate(1)]),
            rng.expovariate(1),
        )
        sure, perhaps = near(positions, *cone)

        assert sure <= set(ask(f"SELECT c_id FROM cat WHERE {FORMS[n % 9].format(*cone)}")) <= perhaps, cone


@pytest.mark.parametrize(
    "condition",
    [
        "DISTANCE(a.c_ra, a.c_dec, b.c_ra, b.c_dec) < 0.05",
        "0.05 > DISTANCE(POINT(b.c_ra, b.c_dec), POINT(a.c_ra, a.c_dec))",
        "1 = CONTAINS(POINT(a.c_ra, a.c_dec), CIRCLE(b.c_ra, b.c_dec, 0.05))",
        "INTERSECTS(CIRCLE(b.c_ra, b.c_dec, 0.05), POINT(a.c_ra, a.c_dec)) = 1",
    ],
)
def test_a_cross_match_finds_all_pairs(ask, positions, condition):
    """GEO-7: two tables, in every order of the operands."""
    few = "(SELECT * FROM cat WHERE c_id BETWEEN 29990 AND 30009 OR c_id BETWEEN 9990 AND 10009)"
    found = ask(f"SELECT a.c_id + 1000000 * b.c_id FROM cat AS a JOIN {few} AS b ON {condition}")
    chosen = [*range(9_990, 10_010), *range(29_990, 30_010)]
    sure = {other + 1_000_000 * i for i in chosen for other in near(positions, *positions[1:3, i], 0.05)[0]}

    assert sure == set(found)
    assert len(found) > len(chosen)


def test_the_radius_may_be_a_column(ask, positions):
    """The cone of each source, around which it is or is not."""
    found = ask("SELECT c_id FROM cat WHERE 1 = CONTAINS(POINT(0.1, 5), CIRCLE(c_ra, c_dec, c_radius))")
    matched = ask(
        "SELECT b.c_id FROM cat AS a"
        " JOIN cat AS b ON DISTANCE(a.c_ra, a.c_dec, b.c_ra, b.c_dec) <= b.c_radius"
        " WHERE a.c_id = 45000"
    )

    assert found == [int(i) for i in numpy.flatnonzero(distances(positions, 0.1, 5) <= positions[3])]
    mine = distances(positions, *positions[1:3, 45_000])
    assert matched == [int(i) for i in numpy.flatnonzero(mine <= positions[3])]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("centre", [(83, 22), (0, 89)])
def test_a_cone_search_uses_the_index_on_positions(lab, ask, form, centre):
    """GEO-7: every order of operands; no bound on a latitude alone is as narrow."""
    sql = translate(f"SELECT c_id FROM cat WHERE {form.format(*centre, 1)}", TABLESET).sql
    plan = "\n".join(line for (line,) in fetch(lab, f"EXPLAIN {sql}"))

    assert "Index Cond: (CASE WHEN ((abs(c_dec)" in plan


def test_a_cross_match_uses_the_index_on_positions(lab, ask):
    """GEO-7: a scan of the index for each row of the smaller table."""
    few = "(SELECT TOP 10 * FROM cat)"
    sql = translate(
        f"SELECT a.c_id FROM cat AS a, {few} AS b WHERE DISTANCE(b.c_ra, b.c_dec, a.c_ra, a.c_dec) < 0.05",
        TABLESET,
    ).sql
    plan = "\n".join(line for (line,) in fetch(lab, f"EXPLAIN {sql}"))

    assert "Index Cond: (CASE WHEN ((abs(" in plan and "cone_boxes(t2.c_ra" in plan


@pytest.mark.parametrize(
    "condition",
    [
        "DISTANCE(c_ra, c_dec, RAND() * 360, 22) < 1",  # would be evaluated twice
        "DISTANCE(c_ra, c_dec, 83, 22) > 1",
        "DISTANCE(c_ra, c_dec, c_dec, c_ra) < 1",  # no index serves it
        "CONTAINS(POINT(c_ra, c_dec), CIRCLE(83, 22, 1)) = 0",
        "NOT DISTANCE(c_ra, c_dec, 83, 22) < 1",
        "DISTANCE(c_ra + 1, c_dec, 83, 22) < 1",
        "-1 * DISTANCE(c_ra, c_dec, 83, 22) < 1",
    ],
)
def test_other_conditions_get_no_cone(condition):
    """Nothing is added that is wrong, or that no index serves."""
    assert "cone_boxes" not in translate(f"SELECT c_id FROM cat WHERE {condition}", TABLESET).sql


def test_observations_have_such_an_index(reader, tableset):
    """GEO-7: the view ivoa.obscore lets it through."""
    where = "1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(83.6, 22, 1))"
    sql = translate(f"SELECT obs_id FROM ivoa.obscore WHERE {where}", tableset).sql
    with reader.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(line for (line,) in cursor)
    reader.rollback()

    assert "Index Scan on observation_position" in plan
