"""The plan that PostgreSQL makes for a user's query, asked with the rights that it would run with."""

import psycopg2

from provtap.database.connect import Pool, read_only
from provtap.database.failures import query_failure


def explain(pool: Pool, sql: str, duration: float) -> list[str]:
    """Return the lines of the plan for *sql*, which is not run; planning may take *duration* seconds.

    Raises: QueryError, QueryTimeout, DatabaseUnavailable.
    """
    try:
        with pool.connection(read_only(duration)) as connection, connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}")
            return [line for (line,) in cursor.fetchall()]
    except psycopg2.Error as error:
        raise query_failure(error) from error
