"""The plan of PostgreSQL for a user's query, with the rights of the query."""

import time

import psycopg2

from provtap.database.failures import query_failure
from provtap.database.shares import Lender


def explain(pool: Lender, sql: str, duration: float) -> list[str]:
    """Return the lines of the plan for *sql*, without running it; planning may take *duration* seconds.

    Raises: QueryError, QueryTimeout, DatabaseUnavailable.
    """
    begun = time.monotonic()
    try:
        with pool.connection() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = %s", [round(duration * 1000)]
            )
            cursor.execute(f"EXPLAIN {sql}")
            return [line for (line,) in cursor.fetchall()]
    except psycopg2.Error as error:
        raise query_failure(error, overdue=time.monotonic() - begun >= duration) from error
