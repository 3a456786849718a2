"""ADQL 2.1 to PostgreSQL in three stages: parse, resolve, generate.

    text  --syntax-->  tree  --semantics-->  plan  --postgres-->  SQL

The tree (`syntax.tree`) is the query as it was written. The plan (`plan.tree`) is the same query with its
names and types resolved against the published tables. `functions` has a table of all functions, and `lineage`
rewrites the virtual tables as recursions.
"""

import sys

from provtap.adql.functions.registry import unknown_function
from provtap.adql.postgres.generator import Statement, generate
from provtap.adql.semantics.resolver import resolve
from provtap.adql.syntax import queries
from provtap.adql.syntax.cursor import NESTING_LIMIT
from provtap.adql.syntax.reserved import published_name
from provtap.adql.syntax.tree import Query
from provtap.tableset import Tableset

__all__ = ["Statement", "parse", "published_name", "translate"]

RECURSION_LIMIT = 30 * NESTING_LIMIT + 2_000
"""Nested Python calls of the deepest query: up to 20 for each level of nesting."""


def parse(text: str, *, strict: bool = False) -> Query:
    """Return the tree of one ADQL query; it is not checked whether its tables, columns and functions exist.

    A function name is accepted if it has a prefix of this service (`prov_`, `ivo_`, `gavo_`). If *strict*,
    extensions of ADQL 2.1 are refused.

    Raises: AdqlError at the first position where *text* is not ADQL 2.1 or exceeds a limit.
    """
    _allow_nesting()
    return queries.parse(text, unknown_function, strict=strict)


def translate(text: str, tableset: Tableset, *, strict: bool = False) -> Statement:
    """Return the PostgreSQL of one ADQL query on the tables of *tableset*.

    If *strict*, extensions of ADQL 2.1 are refused.
    Raises: AdqlError, with the position of what is wrong.
    """
    return generate(resolve(parse(text, strict=strict), tableset, strict=strict))


def _allow_nesting() -> None:
    """Raise Python's recursion limit, 1 000 by default, to what the deepest query needs.

    Calls from Python to Python take no C stack (CPython 3.11 and later), so the higher limit costs nothing.
    The limit holds for all threads, so it is never lowered again: another thread may be deep in a query.
    """
    if sys.getrecursionlimit() < RECURSION_LIMIT:
        sys.setrecursionlimit(RECURSION_LIMIT)
