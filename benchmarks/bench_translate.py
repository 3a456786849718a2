"""How long a query takes from ADQL to PostgreSQL: ours, beside queryparser-python3 where it is installed.

queryparser (PyPI) parses by ANTLR and prints PostgreSQL; of names and types it knows nothing. Run this in an
environment that has both to see the ratio.
"""

import time
from collections.abc import Callable
from statistics import median

from provtap import metadata
from provtap.adql import parse, translate
from provtap.adql.postgres import generate
from provtap.adql.resolver import resolve

ROUNDS = 200
PEER_ROUNDS = 5
QUERY = """
SELECT TOP 100 a.a_id, a.a_name, p.e_location, COUNT(*) AS n
  FROM provenance.activity AS a
  JOIN provenance.used AS u ON u.u_activity_id = a.a_id
  JOIN provenance.entity AS p ON p.e_id = u.u_entity_id
 WHERE a.a_starttime BETWEEN '2026-01-01' AND '2026-02-01' AND (p.e_name LIKE 'run%' OR u.u_role = 'input')
 GROUP BY a.a_id, a.a_name, p.e_location
 ORDER BY n DESC, a.a_id
"""


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median time of one run of *work*, after one that warms up."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times) * 1000


def peer(query: str) -> Callable[[], object] | None:
    """Return the same work for queryparser, None where it is not installed."""
    try:
        from queryparser.adql import ADQLQueryTranslator
    except ImportError:
        return None
    return lambda: ADQLQueryTranslator(query).to_postgresql()


def main() -> None:
    """Print the median of each step, and of the peer."""
    tableset = metadata.load(None)
    tree = parse(QUERY)
    plan = resolve(tree, tableset)
    whole = milliseconds(lambda: translate(QUERY, tableset), ROUNDS)
    print("A three-table join with groups, median of one translation:")
    print(f"  parse     {milliseconds(lambda: parse(QUERY), ROUNDS):8.3f} ms")
    print(f"  resolve   {milliseconds(lambda: resolve(tree, tableset), ROUNDS):8.3f} ms")
    print(f"  generate  {milliseconds(lambda: generate(plan), ROUNDS):8.3f} ms")
    print(f"  all       {whole:8.3f} ms")
    other = peer(QUERY)
    if other is None:
        print("queryparser-python3 is not installed here: nothing to compare with.")
        return
    theirs = milliseconds(other, PEER_ROUNDS)
    print(
        f"queryparser {theirs:8.3f} ms: {theirs / whole:.0f} times as long, for parsing and printing alone."
    )


if __name__ == "__main__":
    main()
