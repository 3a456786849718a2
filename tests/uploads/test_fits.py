"""FITS inside a VOTable: its columns, and wrong claims in its header."""

import io

import numpy as np
import pytest
from astropy.io import fits

from provtap.errors import UploadError
from tests.uploads.documents import arrays, binary, document, read
from tests.uploads.mutants import FITS_FIELDS, fits_file

INT = '<FIELD name="n" datatype="int"/>'


def made(*columns, **header):
    """Return a FITS file of one binary table, whose header claims what *header* says."""
    table = fits.BinTableHDU.from_columns([fits.Column(name, form, array=a) for name, form, a in columns])
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(file)
    data = file.getvalue()
    for name, value in header.items():
        at = data.rindex(name.encode().ljust(8) + b"= ")
        data = data[: at + 10] + str(value).rjust(20).encode() + data[at + 30 :]
    return data


def test_each_kind_of_column():
    """VOT-8: null by TNULL, NaN and blank text; scaled and complex columns are what they mean."""
    assert arrays(FITS_FIELDS, binary(fits_file(), "FITS")) == [
        "{t,f}",
        "{1,2}",
        "{1.5,NULL}",
        '{"text",NULL}',
        '{"{1.0,2.0}","{3.0,4.0}"}',
        '{"{0.0,1.0}","{2.0,0.0}"}',
        "{1,2}",
    ]


def test_rows_of_many_blocks():
    numbers = np.arange(120_000)

    assert arrays(INT, binary(made(("n", "J", numbers)), "FITS")) == [f"{{{','.join(map(str, numbers))}}}"]


def test_a_table_without_rows():
    assert arrays(INT, binary(made(("n", "J", np.array([], int))), "FITS")) == ["{}"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "header, words",
    [
        ({"NAXIS2": 2**40}, "its FITS header declares more rows than the file has"),
        ({"NAXIS1": 0}, "its FITS header declares more rows than the file has"),
        ({"NAXIS2": -1}, "its FITS"),
        ({"NAXIS2": "'many'"}, "its FITS"),
        ({"NAXIS2": 1.5}, "its FITS"),
        ({"TFIELDS": 7}, "its FITS"),
        ({"TFORM1": "'1QJ(9)'"}, "the column n has arrays of variable length"),
        ({"TFORM1": "'9999999999J'"}, "its FITS"),
        ({"XTENSION": "'IMAGE'"}, "its FITS"),
    ],
)
def test_a_header_is_not_believed(header, words):
    """All errors of astropy and numpy become one sentence."""
    data = made(("n", "J", np.arange(3)), **header)

    with pytest.raises(UploadError, match=rf"The upload t cannot be read: .*({words})"):
        read(document(INT, binary(data, "FITS")))


@pytest.mark.parametrize(
    "datatype, form, values",
    [("boolean", "J", [5, 6]), ("unsignedByte", "D", [300.5, 1]), ("int", "4A", ["abc", "d"])],
)
def test_a_column_of_another_type_is_reported_with_its_position(datatype, form, values):
    """VOTable 1.4, section 5.2: the FIELD determines the type of the column; never a 500."""
    field = f'<FIELD name="c" datatype="{datatype}"/>'

    with pytest.raises(UploadError, match="column c"):
        read(document(field, binary(made(("c", form, np.array(values))), "FITS")))
