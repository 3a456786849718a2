"""Reads the rows of an SQL script from INSERTs of literals and COPY blocks; no other statement has an effect.

The statements that pg_dump adds, and BEGIN and COMMIT, are ignored: a script is one transaction anyway.
"""

import re
from collections.abc import Iterator, Mapping

from provtap.errors import DocumentError, nearest
from provtap.ingest.scripts.lexer import Script, Token, copy_cells
from provtap.ingest.scripts.tables import Row, SqlTable, Target, find

_COMMANDS = re.compile(r"\\(restrict|unrestrict)\b.*")
# Statements of pg_dump and users around the rows, which are ignored.
_TRANSACTION = {"begin", "commit", "start", "end"}
_OF_TRANSACTIONS = {
    "transaction", "work", "isolation", "level", "read", "write", "only", "committed", "uncommitted",
    "repeatable", "serializable", "deferrable", "not", ",",
}  # fmt: skip
_HARMLESS = {
    "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout",
    "client_encoding", "standard_conforming_strings", "check_function_bodies", "xmloption",
    "client_min_messages", "row_security", "search_path", "default_tablespace",
    "default_table_access_method", "escape_string_warning", "synchronous_commit", "timezone",
}  # fmt: skip
_NEEDED = {"client_encoding": {"utf8", "utf-8"}, "standard_conforming_strings": {"on", "true"}}
"""Settings that change the meaning of literals, and the values that match this parser."""
_FUNCTIONS = {"set_config", "setval"}


def read_rows(script: Script, known: Mapping[str, SqlTable]) -> Iterator[Row]:
    """Yield the rows of a script.

    Raises: DocumentError, with line and row.
    """
    while True:
        command = script.command()
        if command is not None:
            if not _COMMANDS.fullmatch(command):
                raise DocumentError(f"line {script.line}: {command.split()[0]} is a command of psql, not SQL")
            continue
        first = script.token()
        if first.kind == "end":
            return
        if first.says(";"):
            continue
        yield from _statement(script, first, known)


def _statement(script: Script, first: Token, known: Mapping[str, SqlTable]) -> Iterator[Row]:
    word = first.text.lower() if first.kind == "name" else ""
    if word == "insert":
        yield from _insert(script, first, known)
    elif word == "copy":
        yield from _copy(script, first, known)
    elif word == "set":
        _skip_set(script, first)
    elif word == "select":
        _skip_select(script, first)
    elif word in _TRANSACTION:
        _skip_to_end(script, first, _OF_TRANSACTIONS)
    else:
        shown = first.text if first.kind != "text" else "a text"
        hint = "pg_dump writes only rows with --data-only." if word in {"create", "alter", "drop"} else None
        raise DocumentError(
            f"line {first.line}: {shown.upper()} is not allowed in a script; only INSERT and COPY are",
            hint=hint,
        )


def _table(script: Script, known: Mapping[str, SqlTable], line: int) -> tuple[SqlTable, Token]:
    name, schema = _name(script), None
    token = script.token()
    if token.says("."):
        schema, name = name, _name(script)
        token = script.token()
    return find(known, schema, name, line), token


def _target(script: Script, table: SqlTable, token: Token) -> tuple[Target, Token]:
    """Return the table and columns to fill, after reading the list of columns, if any."""
    names = [column.name for column in table.columns]
    if token.says("("):
        given: list[str] = []
        while True:
            name = _name(script)
            if name not in names or name in given:
                what = "has no column" if name not in names else "has twice the column"
                raise DocumentError(
                    f"line {token.line}: {table.full_name} {what} {name}", hint=nearest(name, names)
                )
            given.append(name)
            if _expect(script, ",", ")").says(")"):
                break
        names, token = given, script.token()
    try:
        return Target(table, names), token
    except DocumentError as error:
        raise DocumentError(f"line {token.line}: {error.message}") from error


def _insert(script: Script, first: Token, known: Mapping[str, SqlTable]) -> Iterator[Row]:
    _expect(script, "into")
    table, token = _table(script, known, first.line)
    target, token = _target(script, table, token)
    if token.says("overriding"):
        _expect(script, "system", "user")
        _expect(script, "value")
        token = script.token()
    if not token.says("values"):
        raise DocumentError(f"line {token.line}: VALUES expected, not {_shown(token)}: rows must be literals")
    number = 0
    while True:
        number += 1
        plain = script.plain_row()
        if plain:
            line, literals, sign = plain
            yield _row(target, line, number, [(_plain(cell), cell) for cell in literals])
            if sign == ";":
                return
        else:
            yield _slow_row(script, target, number)
            token = script.token()
            if token.says(";") or token.kind == "end":
                return
            if token.says("on"):
                _nothing(script)
                return
            if not token.says(","):
                raise _no_literal(token, number)


def _nothing(script: Script) -> None:
    """Read ON CONFLICT DO NOTHING: rows that are already stored are ignored anyway."""
    _expect(script, "conflict")
    _expect(script, "do")
    token = _expect(script, "nothing", "update")
    if token.says("update"):
        raise DocumentError(f"line {token.line}: a script cannot change rows; use ON CONFLICT DO NOTHING")
    _expect(script, ";")


def _no_literal(token: Token, number: int) -> DocumentError:
    return DocumentError(
        f"line {token.line}, row {number}: a value must be a literal (a text, a number, TRUE, FALSE, NULL,"
        f" DEFAULT), and {_shown(token)} makes it another expression"
    )


_DEFAULT = object()


def _plain(literal: str) -> object:
    """Return the value of a literal as written: a str, None or _DEFAULT; ... if it is not a literal."""
    if literal[0] == "'":
        return literal[1:-1].replace("''", "'")
    if literal[0].isalpha():
        words: dict[str, object] = {"null": None, "default": _DEFAULT, "true": "true", "false": "false"}
        return words.get(literal.lower(), ...)
    return literal


def _row(target: Target, line: int, number: int, cells: list[tuple[object, str]]) -> Row:
    if len(cells) != target.width:
        raise DocumentError(
            f"line {line}, row {number} of {target.table.full_name} has {len(cells)} values for"
            f" {target.width} columns"
        )
    values: list[str | None] = []
    for at, (value, literal) in enumerate(cells):
        if value is ...:
            raise _no_literal(Token("name", literal, line), number)
        values.append(target.default(at) if value is _DEFAULT else value)  # type: ignore[arg-type]
    return _checked(target, line, number, values)


def _checked(target: Target, line: int, number: int, values: list[str | None]) -> Row:
    try:
        return Row(target, line, number, target.checked(values))
    except ValueError as error:
        raise DocumentError(f"line {line}, row {number} of {target.table.full_name}: {error}") from error


def _slow_row(script: Script, target: Target, number: int) -> Row:
    """Read a row with comments, escapes, or an expression that is not a literal."""
    opened = script.token()
    if not opened.says("("):
        raise DocumentError(f"line {opened.line}, row {number}: ( expected, not {_shown(opened)}")
    cells: list[tuple[object, str]] = []
    while True:
        token = script.token()
        if token.says("-") or token.says("+"):
            digits = script.token()
            if digits.kind != "number":
                raise _no_literal(token, number)
            token = Token("number", token.text + digits.text, token.line)
        if token.kind not in {"text", "number", "name"}:
            raise _no_literal(token, number)
        value = _plain(token.text) if token.kind == "name" else token.text
        if value is ...:
            raise _no_literal(token, number)
        cells.append((value, token.text))
        token = script.token()
        if token.says(")"):
            return _row(target, opened.line, number, cells)
        if not token.says(","):
            raise _no_literal(token, number)


def _copy(script: Script, first: Token, known: Mapping[str, SqlTable]) -> Iterator[Row]:
    table, token = _table(script, known, first.line)
    target, token = _target(script, table, token)
    if not token.says("from"):
        raise DocumentError(f"line {token.line}: FROM stdin expected, not {_shown(token)}")
    _expect(script, "stdin")
    token = script.token()
    if not token.says(";"):
        raise DocumentError(
            f"line {token.line}: COPY with options is not supported; use the text format without options"
        )
    if rest := script.rest_of_line().strip():
        raise DocumentError(f"line {first.line}: {rest[:60]!r} follows the COPY, where its lines must begin")
    width = target.width
    for number, (line, text) in enumerate(script.copy_lines(), start=1):
        values = copy_cells(text, line)
        if len(values) != width:
            raise DocumentError(
                f"line {line}, row {number} of {table.full_name} has {len(values)} values for {width} columns"
            )
        yield _checked(target, line, number, values)


def _expect(script: Script, *words: str) -> Token:
    """Return the next token, which must be one of *words*."""
    token = script.token()
    if not any(token.says(word) for word in words):
        wanted = " or ".join(word.upper() for word in words)
        raise DocumentError(f"line {token.line}: {wanted} expected, not {_shown(token)}")
    return token


def _shown(token: Token) -> str:
    """Return *token* for use in a message."""
    if token.kind == "end":
        return "the end of the script"
    return f"{token.text[:60]!r}"


def _name(script: Script, token: Token | None = None) -> str:
    """Return the name in *token*, or in the next token: in lower case, unless it is quoted."""
    token = token or script.token()
    if token.kind == "quoted name":
        return token.text
    if token.kind != "name":
        raise DocumentError(f"line {token.line}: a name expected, not {_shown(token)}")
    return token.text.lower()


def _skip_set(script: Script, first: Token) -> None:
    """Skip a setting that pg_dump writes; reject others."""
    name = _name(script)
    if name in {"session", "local"}:
        name = _name(script)
    if name not in _HARMLESS:
        raise DocumentError(f"line {first.line}: SET {name} cannot be in a script")
    _expect(script, "=", "to")
    value = script.token()
    if name in _NEEDED and value.text.lower() not in _NEEDED[name]:
        raise DocumentError(f"line {first.line}: {name} cannot be {value.text!r} in a script")
    _skip_to_end(script, value, None)


def _skip_select(script: Script, first: Token) -> None:
    """Skip the two functions that pg_dump calls; reject others, whose effects are unknown."""
    name = script.token().text.lower()
    token = script.token()
    if name == "pg_catalog" and token.says("."):
        name = script.token().text.lower()
        token = script.token()
    if name not in _FUNCTIONS or not token.says("("):
        raise DocumentError(f"line {first.line}: SELECT is not allowed in a script; only INSERT and COPY are")
    while not token.says(";") and token.kind != "end":
        if token.kind == "name" and token.text.lower() not in {"true", "false"}:
            raise DocumentError(f"line {token.line}: SELECT {name} takes literals in a script")
        token = script.token()


def _skip_to_end(script: Script, first: Token, words: set[str] | None) -> None:
    """Skip the rest of a statement, which may contain only *words* (None: anything)."""
    token = script.token()
    while not token.says(";") and token.kind != "end":
        if words is not None and token.text.lower() not in words:
            raise DocumentError(
                f"line {token.line}: {first.text.upper()} {_shown(token)} cannot be in a script"
            )
        token = script.token()
