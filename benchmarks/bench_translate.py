"""How long a query takes from ADQL to PostgreSQL: ours, beside queryparser-python3 where it is installed.

queryparser (PyPI) parses by ANTLR and prints PostgreSQL; of names and types it knows nothing. Run this in an
environment that has both to see the ratio.
"""

from collections.abc import Callable
from functools import partial

import rounds

from provtap import metadata
from provtap.adql import parse, translate
from provtap.adql.postgres.generator import generate
from provtap.adql.semantics.resolver import resolve

QUERY = """
SELECT TOP 100 a.a_id, a.a_name, p.e_location, COUNT(*) AS n
  FROM provenance.activity AS a
  JOIN provenance.used AS u ON u.u_activity_id = a.a_id
  JOIN provenance.entity AS p ON p.e_id = u.u_entity_id
 WHERE a.a_starttime BETWEEN '2026-01-01' AND '2026-02-01' AND (p.e_name LIKE 'run%' OR u.u_role = 'input')
 GROUP BY a.a_id, a.a_name, p.e_location
 ORDER BY n DESC, a.a_id
"""


def peer(query: str) -> dict[str, Callable[[], object]]:
    """Return the same work for queryparser, nothing where it is not installed."""
    try:
        from queryparser.adql import ADQLQueryTranslator
    except ImportError:
        return {}
    return {"queryparser": lambda: ADQLQueryTranslator(query).to_postgresql()}


def main() -> None:
    """Print the median of each step, and of the peer."""
    options = rounds.parser(__doc__, 200).parse_args()
    tableset = metadata.load(None)
    tree = parse(QUERY)
    plan = resolve(tree, tableset)
    works: dict[str, Callable[[], object]] = {
        "all": lambda: translate(QUERY, tableset),
        "parse": lambda: parse(QUERY),
        "resolve": lambda: resolve(tree, tableset),
        "generate": lambda: generate(plan),
        **peer(QUERY),
    }
    rounds.heading(
        "What does it cost to translate a join of three tables with groups?", options.rounds, __doc__
    )
    ways = {name: partial(rounds.timed, work) for name, work in works.items()}
    rounds.ratios("all", rounds.medians(ways, options.rounds))


if __name__ == "__main__":
    main()
