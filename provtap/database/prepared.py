"""Prepared statements: PostgreSQL plans statements that one connection runs many times only once."""

from hashlib import sha256

from provtap.database.login import Connection


class _Numbers(dict[str, str]):
    """The numbers of parameters, assigned in the order of their first use."""

    def __missing__(self, name: str) -> str:
        self[name] = f"${len(self) + 1}"
        return self[name]


def prepared(connection: Connection, statement: str) -> str:
    """Return the EXECUTE for *statement*, with the same `%(name)s` for values, which is planned only once.

    A prepared statement remains until the end of the connection, even after a rollback. Its name is a digest
    of its text, so that no other statement can run in its place if a pooler swaps sessions.
    """
    if statement not in connection.prepared:
        numbers = _Numbers()
        text = statement % numbers
        name = f"provtap_{sha256(text.encode()).hexdigest()[:32]}"
        with connection.cursor() as cursor:
            cursor.execute(f"PREPARE {name} AS {text}")
        values = ", ".join(f"%({value})s" for value in numbers)
        connection.prepared[statement] = f"EXECUTE {name} ({values})" if values else f"EXECUTE {name}"
    return connection.prepared[statement]
