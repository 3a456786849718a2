"""ADQL 2.1 to PostgreSQL: parse, resolve against what is published, generate."""

import sys

from provtap.adql.cursor import NESTING_LIMIT
from provtap.adql.parser import parse
from provtap.adql.postgres import Statement, generate
from provtap.adql.reserved import published_name
from provtap.adql.resolver import resolve
from provtap.tableset import Tableset

__all__ = ["Statement", "parse", "published_name", "translate"]

# One level of nesting takes up to 20 calls, and Python stops at 1 000. Calls from Python to Python take no
# C stack (CPython 3.11 and later), so the higher bound costs nothing.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 30 * NESTING_LIMIT + 2_000))


def translate(text: str, tableset: Tableset) -> Statement:
    """Return the PostgreSQL of one ADQL query on the tables of *tableset*.

    Raises: AdqlError, with the position of what is wrong.
    """
    return generate(resolve(parse(text), tableset))
