"""Reads the tokens of an SQL script and the lines of its COPY blocks from a stream, in bounded memory.

The lexical rules are PostgreSQL's, with standard_conforming_strings on. A row of plain literals is read in
one step, because scripts consist mostly of these; everything else is read token by token.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from provtap.errors import DocumentError

_BLOCK = 1 << 18
_AHEAD = 1 << 16
"""Minimum number of characters in the buffer: names, numbers and most rows are shorter."""
_TEXT = r"'[^']*(?:''[^']*)*'"
_VALUE = rf"(?:{_TEXT}|[A-Za-z]+|[-+]?[0-9.][0-9.eE+-]*)"
_ROW = re.compile(rf"\s*\(\s*({_VALUE}(?:\s*,\s*{_VALUE})*)\s*\)\s*([,;])")
_CELL = re.compile(rf"{_TEXT}|[^\s,']+")
_BLANKS = re.compile(r"\s+")
_NAME = re.compile(r"[^\W\d][\w$]*")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_DOLLAR = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_COMMENT = re.compile(r"/\*|\*/")
_IN_ESCAPES = re.compile(r"['\\]")
_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|''", re.DOTALL
)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_COPY_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a statement; *text* is the value of a text or quoted name."""

    kind: str
    """name, quoted name, text, number, sign, or end (of the script)."""
    text: str
    line: int

    def says(self, word: str) -> bool:
        """Return whether this is the keyword or sign *word*, given in lower case."""
        return self.kind in {"name", "sign"} and self.text.lower() == word


class Script:
    """A script that is read from start to end.

    Raises: DocumentError for bytes that are not UTF-8, for a text or comment without end, and for a value of
    more than *limit* characters.
    """

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._ended = False
        self.line = 1

    def token(self) -> Token:
        """Return the next token, skipping blanks and comments."""
        self._skip_blanks()
        line = self.line
        char = self._text[self._at : self._at + 1]
        following = self._text[self._at + 1 : self._at + 2]
        if not char:
            return Token("end", "", line)
        if char == "'":
            return Token("text", self._quoted("'"), line)
        if char in "eE" and following == "'":
            return Token("text", self._escaped(), line)
        if char == '"':
            return Token("quoted name", self._quoted('"'), line)
        if found := _DOLLAR.match(self._text, self._at):
            return Token("text", self._between(found.group()), line)
        for kind, pattern in (("name", _NAME), ("number", _NUMBER)):
            if found := pattern.match(self._text, self._at):
                self._advance(found.end())
                return Token(kind, found.group(), line)
        self._advance(self._at + 1)
        return Token("sign", char, line)

    def plain_row(self) -> tuple[int, list[str], str] | None:
        """Return line, literals as written, and the following sign, if a row of plain literals is next."""
        self._fill(_AHEAD)
        found = _ROW.match(self._text, self._at)
        if found is None:
            return None
        line = self.line + self._text.count("\n", self._at, found.start(1))
        self._advance(found.end())
        return line, _CELL.findall(found[1]), found[2]

    def copy_lines(self) -> Iterator[tuple[int, str]]:
        r"""Yield line number and text of the lines after a COPY statement, up to `\.`."""
        start = self.line - 1
        self._fill(_AHEAD)
        while True:
            end = self._text.rfind("\n") + 1
            if end <= self._at:
                if self._more():
                    continue
                end = len(self._text)
            for line in self._lines(end):
                if line == "\\.":
                    return
                yield self.line - 1, line
            if not self._more() and self._at >= len(self._text):
                raise DocumentError(f"line {start}: this COPY does not end with a line \\.")

    def command(self) -> str | None:
        r"""Return the rest of the line if a psql command (`\restrict`) is next."""
        self._skip_blanks()
        if self._text[self._at : self._at + 1] != "\\":
            return None
        end = self._text.find("\n", self._at)
        end = len(self._text) if end < 0 else end
        text = self._text[self._at : end].rstrip()
        self._advance(end)
        return text

    def rest_of_line(self) -> str:
        """Return the rest of the line, and continue after it."""
        self._fill(_AHEAD)
        end = self._text.find("\n", self._at)
        end = len(self._text) if end < 0 else end + 1
        text = self._text[self._at : end]
        self._advance(end)
        return text

    def _lines(self, end: int) -> Iterator[str]:
        text = self._text
        while self._at < end:
            stop = text.find("\n", self._at, end)
            stop = end if stop < 0 else stop
            line = text[self._at : stop]
            self._at = min(stop + 1, end)
            self.line += 1
            yield line[:-1] if line.endswith("\r") else line

    def _advance(self, to: int) -> None:
        self.line += self._text.count("\n", self._at, to)
        self._at = to

    def _fill(self, ahead: int) -> None:
        while len(self._text) - self._at < ahead and self._more():
            pass

    def _more(self) -> bool:
        """Read more, dropping consumed text; return whether there was more."""
        if self._ended:
            return False
        rest = self._text[self._at :]
        if len(rest) > self._limit:
            raise DocumentError(
                f"line {self.line}: a value or row exceeds the limit of {self._limit} characters"
            )
        try:
            # Twice as much each time, so that a long value is not copied many times.
            read = self._stream.read(max(_BLOCK, len(rest)))
            piece = self._decoder.decode(read, final=not read)
        except UnicodeDecodeError as error:
            line = self.line + rest.count("\n") + error.object[: error.start].count(b"\n")
            raise DocumentError(f"line {line}: this is not UTF-8") from error
        self._ended = not read
        self._text, self._at = rest + piece, 0
        if "\0" in piece:
            line = self.line + self._text[: self._text.index("\0")].count("\n")
            raise DocumentError(f"line {line}: the script contains the character NUL, which cannot be stored")
        return bool(read)

    def _skip_blanks(self) -> None:
        while True:
            self._fill(_AHEAD)
            if found := _BLANKS.match(self._text, self._at):
                self._advance(found.end())
            elif self._text.startswith("--", self._at):
                self._skip_line()
            elif self._text.startswith("/*", self._at):
                self._skip_comment()
            else:
                return

    def _skip_line(self) -> None:
        while (end := self._text.find("\n", self._at)) < 0:
            self._at = len(self._text)
            if not self._more():
                return
        self._at = end

    def _skip_comment(self) -> None:
        line, depth, offset = self.line, 0, 0
        while True:
            found = _COMMENT.search(self._text, self._at + offset)
            if found:
                depth += 1 if found.group() == "/*" else -1
                offset = found.end() - self._at
                if depth == 0:
                    self._advance(found.end())
                    return
            else:
                self._need_more(line, "comment")

    def _need_more(self, line: int, what: str) -> None:
        if not self._more():
            raise DocumentError(f"line {line}: this {what} has no end")

    def _quoted(self, quote: str) -> str:
        line, offset = self.line, 1
        while True:
            end = self._text.find(quote, self._at + offset)
            if end < 0:
                offset = len(self._text) - self._at
                self._need_more(line, "text" if quote == "'" else "name")
            elif end + 1 == len(self._text) and self._more():
                continue  # try again with more text
            elif self._text.startswith(quote, end + 1):
                offset = end - self._at + 2
            else:
                text = self._text[self._at + 1 : end]
                self._advance(end + 1)
                return text.replace(quote * 2, quote)

    def _escaped(self) -> str:
        line, offset = self.line, 2
        while True:
            found = _IN_ESCAPES.search(self._text, self._at + offset)
            if found is None or found.end() == len(self._text) and not self._ended:
                if not self._more() and found is None:
                    raise DocumentError(f"line {line}: this text has no end")
            elif found.group() == "\\" or self._text.startswith("''", found.start()):
                offset = found.start() - self._at + 2
            else:
                text = self._text[self._at + 2 : found.start()]
                self._advance(found.end())
                return _unescaped(text, line)

    def _between(self, tag: str) -> str:
        line = self.line
        offset = len(tag)
        while (end := self._text.find(tag, self._at + offset)) < 0:
            self._need_more(line, "text")
        text = self._text[self._at + offset : end]
        self._advance(end + len(tag))
        return text


def _unescaped(text: str, line: int) -> str:
    def one(found: re.Match[str]) -> str:
        digits, octal, short, long, char = found.groups()
        if code := short or long:
            return _char(int(code, 16), line)
        if digits or octal:
            return _byte(digits, octal, line)
        return _ESCAPED.get(char, char) if char else "'"

    return _ESCAPE.sub(one, text)


def _char(code: int, line: int) -> str:
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        raise DocumentError(f"line {line}: the escape of character {code} cannot be stored")
    return chr(code)


def _byte(digits: str | None, octal: str | None, line: int) -> str:
    code = int(digits, 16) if digits else int(octal or "", 8)
    if code > 0x7F:
        raise DocumentError(
            f"line {line}: the escape of byte {code} is only a part of a character; write the whole character"
        )
    return _char(code, line)


def copy_cells(text: str, line: int) -> list[str | None]:
    """Return the values in a line of a COPY block (PostgreSQL documentation, "COPY", Text Format)."""
    cells: list[str | None] = [*text.split("\t")]
    if "\\" in text:
        cells = [None if cell == "\\N" else _copied(cell or "", line) for cell in cells]
    return cells


def _copied(cell: str, line: int) -> str:
    def one(found: re.Match[str]) -> str:
        digits, octal, char = found.groups()
        if digits or octal:
            return _byte(digits, octal, line)
        return "\v" if char == "v" else _ESCAPED.get(char, char)

    return _COPY_ESCAPE.sub(one, cell) if "\\" in cell else cell
