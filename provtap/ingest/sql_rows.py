"""The rows in an SQL script: INSERTs of literals and COPY blocks, and nothing else that would do anything.

What pg_dump writes around them, and BEGIN and COMMIT, is passed over: a script is one transaction anyway.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from provtap.errors import DocumentError
from provtap.ingest.sql_passed_over import (
    OF_TRANSACTIONS,
    TRANSACTION,
    expect,
    name_of,
    pass_select,
    pass_set,
    pass_to_end,
    shown,
)
from provtap.ingest.sql_script import Script, Token, copy_cells
from provtap.ingest.sql_tables import SqlTable, Target, find
from provtap.ingest.yaml_words import nearest

_COMMANDS = re.compile(r"\\(restrict|unrestrict)\b.*")


class Row(NamedTuple):
    """One row of a script."""

    target: Target
    line: int
    number: int
    """Of the row within its statement, from 1."""
    values: list[str | None]


def read_rows(script: Script, known: Mapping[str, SqlTable]) -> Iterator[Row]:
    """Yield the rows of a script.

    Raises: DocumentError, naming line and row.
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
        pass_set(script, first)
    elif word == "select":
        pass_select(script, first)
    elif word in TRANSACTION:
        pass_to_end(script, first, OF_TRANSACTIONS)
    else:
        shown = first.text if first.kind != "text" else "a text"
        hint = "pg_dump writes only rows with --data-only." if word in {"create", "alter", "drop"} else None
        raise DocumentError(
            f"line {first.line}: {shown.upper()} can't be in a script; INSERT and COPY can", hint=hint
        )


def _table(script: Script, known: Mapping[str, SqlTable], line: int) -> tuple[SqlTable, Token]:
    name, schema = name_of(script), None
    token = script.token()
    if token.says("."):
        schema, name = name, name_of(script)
        token = script.token()
    return find(known, schema, name, line), token


def _target(script: Script, table: SqlTable, token: Token) -> tuple[Target, Token]:
    """Return what is filled, after its list of columns if there is one."""
    names = [column.name for column in table.columns]
    if token.says("("):
        given: list[str] = []
        while True:
            name = name_of(script)
            if name not in names or name in given:
                what = "has no column" if name not in names else "is given twice the column"
                raise DocumentError(
                    f"line {token.line}: {table.full_name} {what} {name}", hint=nearest(name, names)
                )
            given.append(name)
            if expect(script, ",", ")").says(")"):
                break
        names, token = given, script.token()
    try:
        return Target(table, names), token
    except DocumentError as error:
        raise DocumentError(f"line {token.line}: {error.message}") from error


def _insert(script: Script, first: Token, known: Mapping[str, SqlTable]) -> Iterator[Row]:
    expect(script, "into")
    table, token = _table(script, known, first.line)
    target, token = _target(script, table, token)
    if token.says("overriding"):
        expect(script, "system", "user")
        expect(script, "value")
        token = script.token()
    if not token.says("values"):
        raise DocumentError(
            f"line {token.line}: VALUES is expected, not {shown(token)}: only literals are rows"
        )
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
    """Read on behind ON CONFLICT DO NOTHING: that is what becomes of a row that is stored already."""
    expect(script, "conflict")
    expect(script, "do")
    token = expect(script, "nothing", "update")
    if token.says("update"):
        raise DocumentError(
            f"line {token.line}: a script can't change rows: ON CONFLICT DO NOTHING is possible"
        )
    expect(script, ";")


def _no_literal(token: Token, number: int) -> DocumentError:
    return DocumentError(
        f"line {token.line}, row {number}: a value must be a literal (a text, a number, TRUE, FALSE, NULL,"
        f" DEFAULT), and {shown(token)} makes it another expression"
    )


_DEFAULT = object()


def _plain(literal: str) -> object:
    """Return the value of a literal as written: a str, None or _DEFAULT; ... for what is none."""
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
    """Read a row with comments, escapes, or something that is no literal."""
    opened = script.token()
    if not opened.says("("):
        raise DocumentError(f"line {opened.line}, row {number}: ( is expected, not {shown(opened)}")
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
        raise DocumentError(f"line {token.line}: FROM stdin is expected, not {shown(token)}")
    expect(script, "stdin")
    token = script.token()
    if not token.says(";"):
        raise DocumentError(f"line {token.line}: options of COPY can't be read: text format without them can")
    if rest := script.rest_of_line().strip():
        raise DocumentError(f"line {first.line}: {rest[:60]!r} stands behind the COPY, where its lines begin")
    width = target.width
    for number, (line, text) in enumerate(script.copy_lines(), start=1):
        values = copy_cells(text, line)
        if len(values) != width:
            raise DocumentError(
                f"line {line}, row {number} of {table.full_name} has {len(values)} values for {width} columns"
            )
        yield _checked(target, line, number, values)
