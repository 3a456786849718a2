"""VOTables to upload, as short as they can be."""

import base64
import io

from provtap.adql.plan.tree import UploadedTable
from provtap.config import Settings
from provtap.uploads import read_uploads

HEAD = '<?xml version="1.0"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
COUNTS = '<FIELD name="n" datatype="int"/>'


def tabledata(*rows: str) -> str:
    """Return DATA with rows, each the cells with `|` between them."""
    cells = ("".join(f"<TD>{cell}</TD>" for cell in row.split("|")) for row in rows)
    return f"<DATA><TABLEDATA>{''.join(f'<TR>{row}</TR>' for row in cells)}</TABLEDATA></DATA>"


def binary(data: bytes, form: str = "BINARY") -> str:
    """Return DATA with rows in bytes."""
    text = base64.encodebytes(data).decode()
    return f'<DATA><{form}><STREAM encoding="base64">{text}</STREAM></{form}></DATA>'


def document(fields: str = COUNTS, data: str = "") -> bytes:
    """Return a VOTable of one TABLE."""
    return f"{HEAD}<RESOURCE><TABLE>{fields}{data}</TABLE></RESOURCE></VOTABLE>".encode()


def read(votable: bytes, settings: Settings | None = None) -> UploadedTable:
    """Return the table of a document, with the name `t`."""
    (table,) = read_uploads(["t,param:part"], {"part": io.BytesIO(votable)}, settings or Settings())
    return table


def arrays(fields: str, data: str) -> list[str]:
    """Return the arrays that the columns of a table become."""
    return list(read(document(fields, data)).arrays)
