"""Statements that one connection runs many times: PostgreSQL plans each of them once."""

from hashlib import sha256

from provtap.database.login import Connection


class _Numbers(dict[str, str]):
    """The numbers of parameters, given in the order in which their names are asked for."""

    def __missing__(self, name: str) -> str:
        self[name] = f"${len(self) + 1}"
        return self[name]


def prepared(connection: Connection, statement: str) -> str:
    """Return what runs *statement*, with the same `%(name)s` for values, without planning it anew.

    What was prepared stays with the connection, whatever becomes of the transaction. Its name is a digest of
    its text: on a session that a pooler swapped, another statement can never run in its place.
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
