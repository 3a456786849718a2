"""Measure cone searches and a cross-match in ADQL, beside SQL written by hand.

By hand: `point(ra, dec) <@ box` with the rectangle worked out beforehand, and then the distance; for the
cross-match, one such rectangle for each source. The positions are even over the whole sky.
"""

from contextlib import closing
from functools import partial
from math import asin, cos, degrees, radians, sin

import psycopg2
import rounds
from store import store

from provtap.adql import translate
from provtap.tableset import Column, Schema, Table, Tableset

FILL = """
CREATE TABLE bench.sky AS
SELECT n::double precision AS s_id, random() * 360 AS s_ra, degrees(asin(2 * random() - 1)) AS s_dec
  FROM generate_series(1, %s) AS n;
CREATE TABLE bench.source AS SELECT s_id AS o_id, s_ra AS o_ra, s_dec AS o_dec FROM bench.sky LIMIT 2000;
CREATE INDEX ON bench.sky USING gist (provext.sky_position(s_ra, s_dec));
CREATE INDEX ON bench.sky USING gist (point(s_ra, s_dec));
"""
LATITUDE = (
    "DROP INDEX bench.sky_sky_position_idx; DROP INDEX bench.sky_point_idx; CREATE INDEX ON bench.sky (s_dec)"
)


def _table(name: str, *columns: str) -> Table:
    described = (Column(name=column, datatype="double") for column in columns)
    return Table(schema_name="bench", name=name, columns=tuple(described))


SKY = Tableset(
    (
        Schema(
            name="bench",
            tables=(_table("sky", "s_id", "s_ra", "s_dec"), _table("source", "o_id", "o_ra", "o_dec")),
        ),
    )
)
DISTANCE = "provext.distance(s_ra, s_dec, {}, {})"


def cone(radius: float) -> tuple[str, str]:
    """Return a cone search as ADQL, and as SQL written by hand."""
    lon, lat = 83.6, 22.0
    width = degrees(asin(sin(radians(radius)) / cos(radians(lat)))) + 1e-9
    adql = f"SELECT s_id FROM sky WHERE 1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE({lon}, {lat}, {radius}))"
    corners = f"point({lon - width}, {lat - radius}), point({lon + width}, {lat + radius})"
    return adql, (
        f"SELECT s_id FROM bench.sky WHERE point(s_ra, s_dec) <@ box({corners})"
        f" AND {DISTANCE.format(lon, lat)} <= {radius}"
    )


MATCH = (
    "SELECT s_id, o_id FROM sky JOIN source ON DISTANCE(s_ra, s_dec, o_ra, o_dec) < 0.05",
    "SELECT s_id, o_id FROM bench.source JOIN bench.sky ON point(s_ra, s_dec) <@ box("
    "point(o_ra - degrees(asin(sin(radians(0.05)) / cosd(o_dec))), o_dec - 0.05),"
    " point(o_ra + degrees(asin(sin(radians(0.05)) / cosd(o_dec))), o_dec + 0.05))"
    f" AND {DISTANCE.format('o_ra', 'o_dec')} < 0.05 WHERE abs(o_dec) < 89",
)


def main() -> None:
    """Print what each search costs, with the index and with one on the latitude alone."""
    parser = rounds.parser(__doc__, 15)
    parser.add_argument("--positions", type=int, default=1_000_000)
    options = parser.parse_args()
    rounds.heading(
        f"What does a cone search among {options.positions} positions cost?", options.rounds, __doc__
    )
    queries = {f"cone of {radius}°": cone(radius) for radius in (0.1, 1, 10)} | {
        "cross-match of 2000, 0.05°": MATCH
    }
    with store(1) as settings, closing(psycopg2.connect(str(settings.database_url))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")  # as for users' queries
            cursor.execute(FILL, [options.positions])
            cursor.execute("VACUUM ANALYZE bench.sky, bench.source")

            def rows(sql: str) -> None:
                cursor.execute(sql)
                cursor.fetchall()

            found = {}
            for name, (adql, sql) in queries.items():
                ours = translate(adql, SKY).sql
                ways = {"hand": partial(rounds.timed, rows, sql), "ours": partial(rounds.timed, rows, ours)}
                found[name] = rounds.medians(ways, options.rounds)
            cursor.execute(LATITUDE)
            cursor.execute("VACUUM ANALYZE bench.sky")
            for name, (adql, _) in queries.items():
                ways = {"latitude": partial(rounds.timed, rows, translate(adql, SKY).sql)}
                found[name] |= rounds.medians(ways, min(options.rounds, 3))
    rounds.table(
        ["search", "by hand", "ADQL", "ratio", "ADQL, index on the latitude only"],
        (
            [
                name,
                *(rounds.seconds(times[way]) for way in ("hand", "ours")),
                f"{times['ours'] / times['hand']:.2f}",
                rounds.seconds(times["latitude"]),
            ]
            for name, times in found.items()
        ),
    )


if __name__ == "__main__":
    main()
