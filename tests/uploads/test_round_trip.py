"""`SELECT *` returns the uploaded table, cell by cell; astropy reads both."""

from typing import Any

import numpy
import pytest
from hypothesis import HealthCheck, given, settings

from tests.results.tables import read
from tests.uploads.kinds import tables, written


def seen(votable: bytes) -> tuple[list[tuple[Any, ...]], list[list[Any]]]:
    """Return what astropy sees in a VOTable: what its FIELDs say, and its rows."""
    table = read(votable).get_first_table()
    fields = [
        (f.name, f.datatype, f.arraysize, f.xtype, str(f.unit), f.ucd, f.utype, f.description)
        for f in table.fields
    ]
    names = table.array.dtype.names
    return fields, [[_plain(row[name]) for name in names] for row in table.array]


def _plain(cell: Any) -> Any:
    """Return a cell for comparison: null is None, whatever stands for it; numbers by all of their digits."""
    if isinstance(cell, str | bytes):
        return (cell.decode() if isinstance(cell, bytes) else str(cell)) or None
    if numpy.ndim(cell):
        return [repr(item) for item in numpy.ma.getdata(cell).ravel().tolist()] or None
    if numpy.ma.is_masked(cell) or cell != cell:
        return None
    return repr(cell.item())


# A single char has no arraysize: VOTable 1.3 calls the 1 deprecated, and astropy warns without it.
@pytest.mark.filterwarnings("ignore::astropy.io.votable.exceptions.W47")
@pytest.mark.parametrize("form", ["TABLEDATA", "BINARY", "BINARY2"])
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_uploaded_values_come_back(ask, form, table):
    """UPL-4, UPL-6: columns, types, xtypes, nulls, values; of every type, in every serialization."""
    votable = written(*table, form)
    response = ask("SELECT * FROM TAP_UPLOAD.t1", t1=votable)

    assert response.status_code == 200, response.text
    assert seen(response.data) == seen(votable)
