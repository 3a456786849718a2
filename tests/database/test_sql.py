"""Named statements, and the two ways to quote what no parameter can carry."""

import sys
from pathlib import Path

import pytest

from provtap.database.connect import Database
from provtap.database.sql import identifier, literal, load_statements

FILE = """\
-- About the file.

-- name: first
-- Why it is so.
SELECT 1;

-- name: second
SELECT '-- name: no' AS text,
       2;
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the directory of an importable package `sample`."""
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sample", raising=False)
    return tmp_path / "sample"


def test_statements_are_known_by_name(package: Path) -> None:
    """A name stands on a line of its own; comments stay with their statement."""
    (package / "x.sql").write_text(FILE)
    statements = load_statements("sample", "x.sql")

    assert list(statements) == ["first", "second"]
    assert statements["first"] == "-- Why it is so.\nSELECT 1;"
    assert statements["second"].endswith("2;")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1;\n" + FILE,
        "-- name: empty\n-- only this\n",
        "-- name: twice\nSELECT 1;\n-- name: twice\nSELECT 2;\n",
    ],
)
def test_mistake_in_a_file_is_found_on_import(package: Path, text: str) -> None:
    """SQL without a name, a name without SQL, a name twice."""
    (package / "x.sql").write_text(text)

    with pytest.raises(ValueError, match="x.sql: "):
        load_statements("sample", "x.sql")


@pytest.mark.parametrize("value", ["plain", "it's", "back\\slash", "%s %(x)s", "\n", "", "é", 7, -1, None])
def test_literal_is_the_value(database: Database, value: str | int | None) -> None:
    """PostgreSQL reads back what was written."""
    with database.transaction() as transaction:
        assert transaction.one(f"SELECT {literal(value)} AS value").value == value


@pytest.mark.parametrize("name", ["plain", "Upper", 'a"b', "a.b", "with blank", "select", "é%"])
def test_identifier_is_the_name(database: Database, name: str) -> None:
    """Whatever an operator calls a column or a role."""
    with database.transaction() as transaction:
        assert (
            transaction.one(
                f"SELECT x.{identifier(name)} AS value FROM (SELECT 1) AS x ({identifier(name)})"
            ).value
            == 1
        )
