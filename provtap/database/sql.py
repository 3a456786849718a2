"""Named SQL: statements in a .sql file beside the module that runs them.

A file contains statements like this one, with psycopg2's `%(name)s` for values:

    -- name: claim
    -- The purpose of the statement.
    SELECT ...;
"""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


def load_statements(package: str, file_name: str) -> Mapping[str, str]:
    """Return the statements of *file_name* in *package*, by name.

    Raises: ValueError for text before the first name, an empty statement, or a repeated name. These are
    mistakes in our own files, found at import, not errors for users.
    """
    return parse_statements(
        resources.files(package).joinpath(file_name).read_text(encoding="utf-8"), file_name
    )


def parse_statements(text: str, file_name: str) -> Mapping[str, str]:
    """Return the statements of a text, by name. Raises: ValueError, like `load_statements`."""
    head, *pairs = _NAME.split(text)
    if _statement(head):
        raise ValueError(f"{file_name}: there is SQL before the first '-- name:'.")
    statements: dict[str, str] = {}
    for name, body in zip(pairs[::2], pairs[1::2], strict=True):
        if name in statements or not _statement(body):
            raise ValueError(f"{file_name}: {name} is empty or there twice.")
        statements[name] = body.strip()
    return MappingProxyType(statements)


def identifier(*names: str) -> str:
    """Return *names* as one quoted SQL name, `"schema"."table"`."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(value: str | int | None) -> str:
    """Return *value* as SQL, for statements without parameters; None is NULL."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"  # standard_conforming_strings is on


def _statement(body: str) -> str:
    """Return *body* without comment lines and outer blanks."""
    return "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("--")).strip()
