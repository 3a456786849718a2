import io
import subprocess
import sys

import pyarrow.parquet
import pytest

from provtap.errors import QueryError
from provtap.results import parquet
from provtap.results.parquet import write_parquet
from tests.results.tables import integer, read, text


def written(columns, blocks, maxrec=9, infos=()):
    return b"".join(write_parquet(columns, blocks, maxrec, infos))


def metadata(document):
    return pyarrow.parquet.ParquetFile(io.BytesIO(document)).metadata


def votable(document):
    return read(metadata(document).metadata[b"IVOA.VOTable-Parquet.content"])


def test_it_has_the_metadata_of_a_votable():
    """VOParquet 1.0: the version, and a VOTable with one FIELD a column and without data."""
    document = written([text("a", unit="s", ucd="time", description="é"), integer("a")], [(1, b"x\t1\n")])

    fields = votable(document).get_first_table().fields
    assert metadata(document).metadata[b"IVOA.VOTable-Parquet.version"] == b"1.0"
    assert [(f.name, f.datatype, f.unit, f.description) for f in fields] == [
        ("a", "unicodeChar", "s", "é"),
        ("a_2", "int", None, None),
    ]
    assert pyarrow.parquet.read_schema(io.BytesIO(document)).names == ["a", "a_2"]


@pytest.mark.parametrize("maxrec, status", [(2, "OK"), (1, "OVERFLOW"), (0, "OVERFLOW")])
def test_overflow_is_reported_in_the_metadata(maxrec, status):
    """TAP-14, TAP-15: QUERY_STATUS is known by the time the footer is written."""
    blocks = [(1, b"1\n"), (1, b"2\n")] if maxrec else []
    document = written([integer()], blocks, maxrec)

    assert votable(document).resources[0].infos[0].value == status
    assert metadata(document).num_rows == maxrec


def test_rows_are_written_group_by_group(monkeypatch):
    """D3: memory holds one group, not the result."""
    monkeypatch.setattr(parquet, "GROUP", 10_000)
    blocks = [(1_000, b"".join(b"%d\n" % n for n in range(1_000)))] * 10

    document = written([integer()], blocks, maxrec=10_000)

    assert metadata(document).num_row_groups == 4
    assert pyarrow.parquet.read_table(io.BytesIO(document))["n"].to_pylist() == [*range(1_000)] * 10


def test_late_failure_is_raised():
    """ERR-6 is impossible in Parquet: without its footer the file is visibly incomplete."""

    def failing():
        yield 1, b"1\n"
        raise QueryError("Late.")

    with pytest.raises(QueryError, match="Late"):
        written([integer()], failing())


def test_it_is_offered_only_where_pyarrow_is():
    """Parquet is an extra: a service without it neither offers nor declares it."""
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from provtap.results.formats import FORMATS\n"
        "print([f.aliases[0] for f in FORMATS if 'parquet' in f.mime])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
