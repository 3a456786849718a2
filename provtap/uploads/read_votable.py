"""Reads the rows of a VOTable: the first table with results, of any version and serialization.

The parser is expat, which reads a document as a stream, so that it takes no more memory than its rows.
Documents are untrusted: entities are not supported (a DOCTYPE that could declare some is rejected), nothing
outside the document is read, and declared sizes are not trusted.

Source: VOTable 1.4; namespaces and versions back to 1.0 differ in nothing that matters here.
"""

import logging
from collections.abc import Iterable
from xml.parsers import expat

from provtap.adql.plan.tree import UploadedTable
from provtap.adql.semantics.selects import OUTPUT_LIMIT
from provtap.errors import ProvtapError, TooLarge, UploadError
from provtap.uploads.base64 import Base64
from provtap.uploads.budget import Budget
from provtap.uploads.builder import TableBuilder
from provtap.uploads.fields import Damaged, UploadField, field
from provtap.uploads.read_binary import read_columns
from provtap.uploads.read_fits import fits_columns

log = logging.getLogger(__name__)

TAG_BYTES = 1_000_000
"""Maximum size of a tag, comment or processing instruction, in bytes."""
BLOCK_CELLS = 20_000
"""Cells of TABLEDATA that are kept before conversion to text for SQL, which takes far less memory."""
DEPTH = 100
"""Elements within elements."""
_FORMS = frozenset({"TABLEDATA", "BINARY", "BINARY2", "FITS"})
_STREAMED = [["DATA", form] for form in ("BINARY", "BINARY2", "FITS")]


def read_votable(name: str, pieces: Iterable[bytes], budget: Budget) -> UploadedTable:
    """Return the table of the upload *name* with the document in *pieces*.

    Raises: UploadError if it is not a VOTable with a table; TooLarge; Busy.
    """
    document = _Handlers(name, budget)
    parser = document.parser
    fed = 0
    try:
        for piece in pieces:
            parser.Parse(piece)
            budget.look_at_clock(name)
            fed += len(piece)
            if fed - max(parser.CurrentByteIndex, 0) > TAG_BYTES + len(piece):
                raise document.wrong(f"has a tag of more than {TAG_BYTES} bytes")
        parser.Parse(b"", True)
        return document.table()
    except ProvtapError:
        raise
    except expat.ExpatError as error:
        raise document.wrong(f"is not well-formed XML: {expat.ErrorString(error.code)}", error) from error
    except Exception as error:
        if isinstance(error, LookupError | ValueError) and not document.has_begun:  # the encoding
            raise document.wrong(f"cannot be read: {error}") from error
        log.exception("The upload %s cannot be read: unexpected error", name)
        raise document.wrong(f"cannot be read from row {document.row} on") from error


class _Handlers:
    """The handlers of the parser for one document, with their state."""

    def __init__(self, name: str, budget: Budget) -> None:
        self.name = name
        self._budget = budget
        self._path: list[str] = []
        self._types: list[str] = []  # types of the open RESOURCEs
        self._depth: int | None = None  # depth of the TABLE that is read
        self._fields: list[UploadField] = []
        self._field: dict[str, str] = {}
        self._null: str | None = None
        self._text: list[str] | None = None
        self._stream: Base64 | None = None
        self._extension: int | None = None
        self._rows: TableBuilder | None = None
        self._is_done = False
        self.has_begun = False
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.buffer_size = 65_536
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.SkippedEntityHandler = self._entity
        self._watch()

    def wrong(self, why: str, error: expat.ExpatError | None = None, hint: str | None = None) -> UploadError:
        """Return the error about the current position in the document."""
        line = error.lineno if error else self.parser.CurrentLineNumber
        column = error.offset if error else self.parser.CurrentColumnNumber
        return UploadError(f"The upload {self.name} {why}.", line=line, column=column + 1, hint=hint)

    @property
    def row(self) -> int:
        """The number of the current row, from 1."""
        return 1 if self._rows is None else self._rows.count + 1

    def table(self) -> UploadedTable:
        """Return the table that was read."""
        if self._rows is None:
            raise UploadError(f"The upload {self.name} has no TABLE with FIELDs.")
        return self._rows.table()

    def _watch(self) -> None:
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = None

    def _doctype(self, name: str, system_id: str | None, public_id: str | None, has_subset: int) -> None:
        """Accept the DOCTYPE of VOTable 1.0, which only names a file that is not read."""
        if has_subset:
            raise self.wrong("declares entities in a DOCTYPE, which are not supported")

    def _entity(self, name: str, is_parameter: int) -> None:
        raise self.wrong(f"uses the undefined entity {name[:80]}")

    # Elements -------------------------------------------------------------------------------------------

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        if not self._path and local != "VOTABLE":
            raise self.wrong(f"is not a VOTable: its first element is {local[:80]}")
        self.has_begun = True
        if len(self._path) == DEPTH:
            raise self.wrong(f"is nested more than {DEPTH} levels deep")
        self._path.append(local)
        if local == "RESOURCE":
            self._types.append(attributes.get("type", "results"))
        elif local == "TABLE" and not self._is_done and self._depth is None and self._types[-1:] != ["meta"]:
            self._depth = len(self._path)
        elif self._depth is not None:
            self._start_in_table(tag, local, attributes)

    def _start_in_table(self, tag: str, local: str, attributes: dict[str, str]) -> None:
        parent = self._path[-2]
        if local == "FIELD" and len(self._path) - 1 == self._depth:
            self._field, self._null, self._text = attributes, None, None
        elif local == "VALUES" and parent == "FIELD":
            self._null = attributes.get("null", self._null)
        elif local == "DESCRIPTION" and parent == "FIELD":
            self._text = []
            self.parser.CharacterDataHandler = self._text.append
        elif local in _FORMS and parent == "DATA":
            self._start_data(tag, local, attributes)
        elif local == "STREAM" and self._path[-3:-1] in _STREAMED:
            self._start_stream(attributes)

    def _end(self, tag: str) -> None:
        local = self._path.pop()
        if local == "RESOURCE":
            self._types.pop()
        elif local == "DESCRIPTION":
            self.parser.CharacterDataHandler = None
        elif local == "FIELD" and len(self._path) == self._depth:
            self._end_field()
        elif local == "STREAM" and self._stream is not None:
            self._end_stream(self._path[-1], self._stream)
        elif local == "TABLE" and len(self._path) + 1 == self._depth:
            self._end_table()

    def _end_field(self) -> None:
        if self._rows is not None:
            raise self.wrong("has a FIELD after its data")
        if len(self._fields) == OUTPUT_LIMIT:
            raise TooLarge(f"The upload {self.name} has more columns than the limit of {OUTPUT_LIMIT}.")
        number = len(self._fields) + 1
        try:
            self._fields.append(field(self._field, number, self._null, "".join(self._text or ())))
        except UploadError as error:
            raise self.wrong(f"cannot be read: {error.message.rstrip('.')}", hint=error.hint) from error

    def _end_table(self) -> None:
        if self._fields and self._rows is None:
            self._rows = self._begun()
        self._is_done = self._rows is not None
        self._depth = None

    def _begun(self) -> TableBuilder:
        """Return the builder for the rows, after all columns are known."""
        names = [field.column.name for field in self._fields]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise UploadError(f"The upload {self.name} has two columns called {twice[:80]}.")
        if not names:
            raise self.wrong("has a TABLE without FIELDs")
        return TableBuilder(self.name, self._fields, self._budget)

    # Data -----------------------------------------------------------------------------------------------

    def _start_data(self, tag: str, form: str, attributes: dict[str, str]) -> None:
        if self._rows is not None:
            raise self.wrong("has two DATA elements in a TABLE")
        self._rows = self._begun()
        number = attributes.get("extnum", "")
        self._extension = int(number) if number.isdecimal() and len(number) < 6 else None
        if form == "TABLEDATA":
            _TableData(self, self._rows, tag)

    def _start_stream(self, attributes: dict[str, str]) -> None:
        if attributes.get("href"):
            raise self.wrong("refers to data at another address (href), which is not supported")
        if attributes.get("encoding", "").lower() != "base64":
            raise self.wrong(
                f"has a STREAM in the encoding {attributes.get('encoding', '')[:40]!r}, not base64"
            )
        self._stream = Base64()
        self.parser.CharacterDataHandler = self._feed

    def _feed(self, text: str) -> None:
        assert self._stream is not None
        try:
            self._stream.feed(text)
        except ValueError as error:
            raise self.wrong("has a STREAM that is not base64") from error

    def _end_stream(self, form: str, stream: Base64) -> None:
        self.parser.CharacterDataHandler = None
        self._stream = None
        rows = self._rows
        assert rows is not None
        try:
            data = stream.close()
        except ValueError as error:
            raise self.wrong("has a STREAM whose base64 is incomplete") from error
        try:
            if form == "FITS":
                for columns in fits_columns(data, rows.fields, self._extension):
                    rows.add_values(columns)
                return
            for columns in read_columns(data, rows.fields, has_flags=form == "BINARY2"):
                rows.add_values(columns)
        except Damaged as error:
            raise UploadError(f"The upload {self.name} cannot be read: {error}.") from error

    def end_data(self) -> None:
        """Continue after TABLEDATA."""
        self._path.pop()
        self._watch()


class _TableData:
    """The handlers within TABLEDATA, which are fast because nearly all elements are there."""

    def __init__(self, document: _Handlers, rows: TableBuilder, tag: str) -> None:
        self._document = document
        self._rows = rows
        self._tag = tag
        self._tr, self._td = tag.replace("TABLEDATA", "TR"), tag.replace("TABLEDATA", "TD")
        self._block: list[list[str]] = []
        self._block_rows = max(1, BLOCK_CELLS // len(rows.fields))
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        parser = document.parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        parser = self._document.parser
        if tag == self._td and self._row is not None and self._cell is None:
            if attributes.get("encoding"):
                raise self._document.wrong("has a TD with an encoding attribute, which is not supported")
            self._cell = []
            parser.CharacterDataHandler = self._cell.append
        elif tag == self._tr and self._row is None:
            self._row = []
        else:
            raise self._document.wrong(f"has an element {tag[:80]} in its TABLEDATA where it is not allowed")

    def _end(self, tag: str) -> None:
        if self._cell is not None:
            assert self._row is not None
            self._row.append("".join(self._cell))
            self._cell = None
            self._document.parser.CharacterDataHandler = None
            if len(self._row) > len(self._rows.fields):
                raise self._wrong_width("more")
        elif self._row is not None:
            if len(self._row) < len(self._rows.fields):
                raise self._wrong_width("fewer")
            self._block.append(self._row)
            self._row = None
            if len(self._block) == self._block_rows:
                self._flush()
        else:
            self._flush()
            self._document.end_data()

    def _flush(self) -> None:
        if self._block:
            self._rows.add_texts(list(zip(*self._block, strict=True)))
        self._block = []

    def _wrong_width(self, how: str) -> UploadError:
        number = self._rows.count + len(self._block) + 1
        return self._document.wrong(
            f"has {how} cells in row {number} than its {len(self._rows.fields)} FIELDs"
        )
