"""PROV-N (W3C Recommendation of 2013-04-30), including voprov's form for the IVOA's model."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from provtap.errors import DocumentError
from provtap.ingest.parsing.json import decode
from provtap.ingest.readers.prov.dictionary import DICTIONARIES, KEY_SETS, MEMBERSHIP, Pair, with_keys
from provtap.ingest.readers.prov.statements import (
    ARGUMENTS,
    ELEMENTS,
    PROV,
    TIMES,
    VOPROV,
    XSD,
    Name,
    Namespaces,
    Statement,
    Value,
    find_kind,
    read_time,
)

_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_TOKEN = re.compile(
    r'''(?P<long>"""(?:[^\\"]|\\.|"(?!""))*""")
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<quoted>'(?:[^'\\\n]|\\.)*')
      | (?P<iri><[^<>\s"]*>)
      | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
      | (?P<mark>%%|[()\[\],;={}])
      | (?P<name>(?!@)(?:\\.|[^\s()\[\]{},;="'<>%\\]|%[0-9A-Fa-f]{2})+)''',
    re.DOTALL | re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_NAME_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_NUMBER = re.compile(r"-?\d+")
_START = re.compile(r"document\b")
# The arguments after the id in statements of the IVOA's dialect.
_POSITIONS = {"Parameter": ("name", "value"), "ConfigFile": ("name", "location")}


def looks_like(content: bytes) -> bool:
    """Return whether *content* starts like a document in PROV-N."""
    text = content[:4096].decode("utf-8-sig", errors="replace")
    blank = _BLANK.match(text)
    return bool(_START.match(text, blank.end() if blank else 0))


def statements(content: bytes) -> Iterator[Statement]:
    """Yield the statements of a document.

    Raises: DocumentError, with line and column.
    """
    return _Parser(decode(content)).document()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """The name of its group in the pattern; for a mark, the mark itself."""
    text: str
    at: int
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    before, at, line = 0, 0, 1
    while True:
        blank = _BLANK.match(text, at)
        at = blank.end() if blank else at
        before, line = at, line + text.count("\n", before, at)
        if at == len(text):
            break
        found = _TOKEN.match(text, at)
        if found is None or "\x00" in found.group():
            raise _error(text, at, f"{text[at : at + 10]!r} cannot be read")
        kind = found.lastgroup or ""
        yield _Token(found.group() if kind == "mark" else kind, found.group(), at, line)
        at = found.end()
    yield _Token("end", "the end", at, line)


def _error(text: str, at: int, message: str) -> DocumentError:
    return DocumentError(message, line=text.count("\n", 0, at) + 1, column=at - text.rfind("\n", 0, at))


class _Parser:
    """Parses one document: one method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._token = next(self._tokens)

    def document(self) -> Iterator[Statement]:
        """Document ::= "document" declarations (statement | bundle)* "endDocument"."""
        self._word("document")
        namespaces = self._declarations(Namespaces())
        while not self._at_word("endDocument"):
            if self._at_word("bundle"):
                self._next()
                id = self._take("name")
                own = self._declarations(namespaces)
                bundle = own.name(self._plain(id), self._where(id))
                while not self._at_word("endBundle"):
                    if self._at_word("bundle"):
                        raise DocumentError(f"{self._where(self._token)} is in another bundle")
                    yield from self._statement(own, bundle)
                self._next()
            else:
                yield from self._statement(namespaces, None)
        self._next()
        self._take("end")

    def _declarations(self, outer: Namespaces) -> Namespaces:
        namespaces = Namespaces(outer)
        while self._token.kind == "name" and self._token.text in {"default", "prefix"}:
            prefix = "" if self._next().text == "default" else self._take("name").text
            namespaces.declare(prefix, self._plain(self._take("iri")))
        return namespaces

    def _statement(self, namespaces: Namespaces, bundle: Name | None) -> Iterator[Statement]:
        word = self._take("name")
        where = self._where(word)
        kind = find_kind(word.text.rpartition(":")[2], where)
        self._take("(")
        id, given = None, [self._argument()]
        if self._token.kind == ";":
            self._next()
            id, given = given[0], [self._argument()]
        attributes: list[tuple[Name, Value]] = []
        keys: list[Value] = []
        pairs: list[Pair] = []
        while self._token.kind == ",":
            self._next()
            if self._token.kind == "[":
                attributes = self._attributes(namespaces)
                break
            if kind in KEY_SETS and len(given) == 2:
                keys, pairs = self._key_set(namespaces)
            elif kind == MEMBERSHIP and len(given) == 2:
                keys = [self._literal(namespaces)]
            else:
                given.append(self._argument())
        self._take(")")
        if kind in ELEMENTS:
            id, *given = given
            if id is None:
                raise DocumentError(f"{where} has no id")
        own = None
        if id is not None:
            text = self._plain(id)
            own = namespaces.name(text, where) if kind in ELEMENTS else namespaces.relation(text)
        statement = self._assemble(kind, where, own, given, attributes, namespaces, bundle)
        return with_keys(statement, keys, pairs) if kind in DICTIONARIES else iter([statement])

    def _assemble(
        self,
        kind: str,
        where: str,
        own: Name | None,
        given: list[_Token | None],
        attributes: list[tuple[Name, Value]],
        namespaces: Namespaces,
        bundle: Name | None,
    ) -> Statement:
        formal = ARGUMENTS.get(kind, ())
        arguments, times = {}, {}
        for argument, token in zip(formal, given, strict=False):
            if token and argument in TIMES:
                times[argument] = read_time(self._plain(token), self._where(token))
            elif token:
                arguments[argument] = namespaces.name(self._plain(token), self._where(token))
        further = given[len(formal) :]
        positions = ("artefactType",) if kind == "wasConfiguredBy" else _POSITIONS.get(kind, ("name",))
        if len(further) > len(positions) or kind in ARGUMENTS and kind != "wasConfiguredBy" and further:
            raise DocumentError(f"{where} has {len(given)} arguments; it must have {len(formal)}")
        more = [
            (Name(VOPROV, position, "voprov"), Value(self._plain(token)))
            for position, token in zip(positions, further, strict=False)
            if token
        ]
        return Statement(kind, where, own, arguments, times, (*more, *attributes), bundle)

    def _argument(self) -> _Token | None:
        """Argument ::= "-" | name | time; WD-2017 quotes names, and voprov writes values bare."""
        token = self._next()
        if token.kind not in {"name", "quoted", "string", "iri"}:
            self._expected("a name, a time or '-'", token)
        return None if token.text == "-" else token

    def _attributes(self, namespaces: Namespaces) -> list[tuple[Name, Value]]:
        """Return the pairs of attributes ::= "[" (name "=" literal ("," name "=" literal)*)? "]"."""
        attributes: list[tuple[Name, Value]] = []
        self._take("[")
        while self._token.kind != "]":
            if attributes:
                self._take(",")
            name = namespaces.attribute(self._plain(self._take("name")))
            self._take("=")
            attributes.append((name, self._literal(namespaces)))
        self._take("]")
        return attributes

    def _literal(self, namespaces: Namespaces) -> Value:
        token = self._next()
        if token.kind == "quoted":
            name = namespaces.attribute(self._plain(token))
            return Value(self._plain(token), Name(PROV, "QUALIFIED_NAME", "prov"), name=name)
        if token.kind == "name":
            type_ = Name(XSD, "int", "xsd") if _NUMBER.fullmatch(token.text) else None
            return Value(self._plain(token), type_)
        if token.kind not in {"string", "long"}:
            self._expected("a value", token)
        if self._token.kind == "language":
            return Value(self._plain(token), language=self._next().text[1:])
        if self._token.kind == "%%":
            self._next()
            type_ = namespaces.attribute(self._plain(self._take("name")))
            text = self._plain(token)
            named = type_.term in {"prov:QUALIFIED_NAME", "xsd:QName"}
            return Value(text, type_, name=namespaces.attribute(text) if named else None)
        return Value(self._plain(token))

    def _key_set(self, namespaces: Namespaces) -> tuple[list[Value], list[Pair]]:
        """Return the keys or pairs of "{" (literal | "(" literal "," name ")") ("," ...)* "}"."""
        keys: list[Value] = []
        pairs: list[Pair] = []
        self._take("{")
        while self._token.kind != "}":
            if keys or pairs:
                self._take(",")
            if self._token.kind == "(":
                self._next()
                key = self._literal(namespaces)
                self._take(",")
                entity = self._take("name")
                pairs.append(Pair(key, namespaces.name(self._plain(entity), self._where(entity))))
                self._take(")")
            else:
                keys.append(self._literal(namespaces))
        self._take("}")
        return keys, pairs

    # Tokens

    def _next(self) -> _Token:
        token = self._token
        if token.kind != "end":
            self._token = next(self._tokens)
        return token

    def _take(self, kind: str) -> _Token:
        token = self._next()
        if token.kind != kind:
            self._expected(
                {"name": "a name", "iri": "an IRI in <>", "end": "the end"}.get(kind, repr(kind)), token
            )
        return token

    def _at_word(self, word: str) -> bool:
        if self._token.kind == "end":
            self._expected(repr(word), self._token)
        return self._token.kind == "name" and self._token.text == word

    def _word(self, word: str) -> None:
        if not self._at_word(word):
            self._expected(repr(word), self._token)
        self._next()

    def _expected(self, what: str, token: _Token) -> NoReturn:
        found = token.text if token.kind == "end" else repr(token.text[:40])
        raise _error(self._text, token.at, f"expected {what}, found {found}")

    @staticmethod
    def _where(token: _Token) -> str:
        return f"{token.text[:40]} in line {token.line}"

    def _plain(self, token: _Token) -> str:
        """Return the text of a token without its quotes and escapes.

        Source: PROV-N, productions PN_CHARS_ESC and ECHAR, and section 6 for the escapes of code points.
        """
        match token.kind:
            case "long":
                return self._unescaped(token, token.text[3:-3])
            case "string" | "iri":
                return self._unescaped(token, token.text[1:-1])
            case "quoted":
                return _NAME_ESCAPE.sub(r"\1", token.text[1:-1])
        return _NAME_ESCAPE.sub(r"\1", token.text)

    def _unescaped(self, token: _Token, text: str) -> str:
        def character(found: re.Match[str]) -> str:
            if found[3]:
                return _ESCAPES.get(found[3], found[3])
            code = int(found[1] or found[2], 16)
            if code == 0 or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
                raise _error(self._text, token.at, f"{found[0]} is not a character that can be stored")
            return chr(code)

        return _ESCAPE.sub(character, text)
