"""Splits text into the tokens of ADQL 2.1, one at a time, each with its exact position.

Source: ADQL 2.1, section 2.1 ("Characters, Keywords, Identifiers and Literals") and its BNF.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from provtap.adql.syntax.reserved import RESERVED
from provtap.errors import AdqlError

TEXT_LIMIT = 1_000_000
"""Maximum size of one query, in bytes of UTF-8."""
TOKEN_LIMIT = 200_000
"""Maximum number of tokens of one query."""
UPLOAD = "Upload a long list as a table, and write IN (SELECT ... FROM TAP_UPLOAD.name)."
COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
"""Symbols that compare."""


class Position(NamedTuple):
    """A position in the query; line and column count from 1, a column is one character."""

    line: int
    column: int


class Token(NamedTuple):
    """One word or symbol of a query."""

    type: str
    """A reserved word in capitals, a symbol, or one of identifier, delimited, string, integer, decimal,
    approximate, list, end."""
    text: str
    """As written, but without the quotes of a delimited identifier or a string."""
    at: Position


def problem(
    message: str,
    at: Position,
    hint: str | None = None,
    *,
    fixes: Iterable[str | None] = (),
    end: Position | None = None,
) -> AdqlError:
    """Return the error to raise about the text from *at* to *end*, or about the token at *at*.

    *fixes* are replacements for this text; None is ignored.
    """
    error = AdqlError(message, line=at.line, column=at.column, hint=hint)
    error.end = end
    error.fixes = tuple(dict.fromkeys(fix for fix in fixes if fix))
    return error


# ASCII classes: `\s` and `\d` would accept no-break spaces and the digits of other scripts.
_NEXT = re.compile(
    r"""(?P<blank> (?: [ \t\r\n\f\v]++ | --[^\r\n]*+ )* )
    (?: (?P<identifier> [A-Za-z][A-Za-z0-9_]*+ )
    |   (?P<number> (?: [0-9]++ (?:\.[0-9]*+)? | \.[0-9]++ ) (?: [eE][+-]?[0-9]++ )? (?![A-Za-z0-9_.]) )
    |   (?P<string> ' [^']*+ (?: '' [^']*+ )* ' (?!') )
    |   (?P<delimited> " (?: [^"] | "" ) [^"]*+ (?: "" [^"]*+ )* " (?!") )
    |   (?P<symbol> <> | != | <= | >= | \|\| | /(?!\*) | [-(),.*+=<>;] )
    )?""",
    re.VERBOSE,
)
"""Blanks and comments, and the token after them, if any.

No group has a possessive quantifier: Python before 3.11.5 can match these wrongly.
"""


_ITEM = r"[ \t\r\n]*+(?:{})[ \t\r\n]*+"
_ITEMS = {"string": "'[^']*(?:''[^']*)*'", "integer": "-?[0-9]+"}
_LONG_LIST = re.compile(
    "|".join(rf"(?:{_ITEM.format(item)},){{100,}}{_ITEM.format(item)}(?=\))" for item in _ITEMS.values())
)
_MEMBER = re.compile("'([^']*(?:''[^']*)*)'|(-?[0-9]+)")


def members(long_list: str) -> tuple[str, tuple[str, ...]]:
    """Return the kind of all members of a token of type `list`, string or integer, and each of them."""
    found = _MEMBER.findall(long_list)
    if long_list.lstrip().startswith("'"):
        return "string", tuple(text.replace("''", "'") for text, _ in found)
    return "integer", tuple(number for _, number in found)


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of *text* lazily; the last one has the type `end`.

    A list behind IN of more than a hundred texts, or of as many whole numbers, is one token: a text can hold
    hundreds of thousands.

    Raises: AdqlError at the first character that is not ADQL, and over the limits.
    """
    text = text.removeprefix("\ufeff")  # a byte order mark: not counted in positions
    _check_text(text)
    offset, line, line_start, counted = 0, 1, 0, 0
    last = before = ""
    at = Position(1, 1)
    for _ in range(TOKEN_LIMIT):
        if (before, last) == ("IN", "(") and (found := _LONG_LIST.match(text, offset)):
            yield Token("list", found.group(), at)
            offset, last = found.end(), "list"
        match = _NEXT.match(text, offset)
        assert match is not None
        start, offset = match.end("blank"), match.end()
        if newlines := text.count("\n", counted, start):
            line += newlines
            line_start = text.rindex("\n", counted, start) + 1
        counted = start
        at = Position(line, start - line_start + 1)
        if start < offset:
            token = _token(match, at)
            before, last = last, token.type
            yield token
        elif start < len(text):
            raise _misspelt(text, start, at)
        else:
            yield Token("end", "", at)
            return
    raise problem(f"The query has more than {TOKEN_LIMIT} words and symbols.", at)


def token_end(text: str, start: int) -> int:
    """Return the end of the token that begins at *start*; if none does, the end of the character there."""
    match = _NEXT.match(text, start)
    assert match is not None
    return match.end() if match.end("blank") == start < match.end() else min(start + 1, len(text))


def _check_text(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise AdqlError("The query contains a character that is not valid Unicode.") from error
    if size > TEXT_LIMIT:
        raise AdqlError(f"The query is {size} bytes long; the limit is {TEXT_LIMIT} bytes.", hint=UPLOAD)
    if "\0" in text:
        raise AdqlError("The query contains a NUL character, which the database cannot store.")


def _token(found: re.Match[str], at: Position) -> Token:
    kind = found.lastgroup or ""
    text = found.group(kind)
    match kind:
        case "identifier":
            word = text.upper()
            return Token(word if word in RESERVED else kind, text, at)
        case "string":
            return Token(kind, text[1:-1].replace("''", "'"), at)
        case "delimited":
            return Token(kind, text[1:-1].replace('""', '"'), at)
        case "number":
            return Token(_number_type(text), text, at)
        case _:
            return Token(text, text, at)


def _number_type(text: str) -> str:
    if "e" in text or "E" in text:
        return "approximate"
    return "decimal" if "." in text else "integer"


_MISSPELT = {
    "'": ("This text has no closing quote.", "Write a quote inside a text twice: 'it''s'."),
    '"': ("This name in double quotes is empty or has no closing quote.", None),
    "/": (
        "In ADQL a comment starts with two hyphens.",
        "Write -- and the comment, up to the end of the line.",
    ),
    "%": ("ADQL has no operator %.", "Write MOD(x, y)."),
    "!": ("ADQL has no operator !.", "Write NOT, or <> for inequality."),
    "&": ("ADQL has no operator &.", "Write AND; ADQL has no bitwise operators."),
    "|": ("ADQL has no operator |.", "Write OR, or || to join texts; ADQL has no bitwise operators."),
    "#": ("ADQL has no operator #.", "A comment starts with two hyphens, --."),
    ":": ("A colon has no meaning in ADQL.", "Instead of value::type, write CAST(value AS type)."),
    "~": ("ADQL has no operator ~.", "Write LIKE, or gavo_match(pattern, text) = 1."),
    "^": ("ADQL has no operator ^.", "Write POWER(x, y)."),
    "_": ("A name cannot start with an underscore.", "Write it in double quotes."),
    "[": (
        "ADQL has no square brackets.",
        "Write names in double quotes; ADQL cannot select an item of an array.",
    ),
    "`": ("ADQL does not use backquotes.", "Write names in double quotes, texts in single quotes."),
} | dict.fromkeys(
    "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u00b4",
    ("This is a typographic quotation mark.", "Write the plain ' around texts and \" around names."),
)
_LOOKALIKES = {
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "<>",
    "\u2212": "-",
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-, or -- before a comment",
    "\u2014": "-, or -- before a comment",
    "\u00d7": "*",
    "\u00f7": "/",
    "\u2032": "' around texts",
    "\u2033": '" around names',
}
"""Characters that other programs put into copied texts, and their equivalents in ADQL."""
_PLAIN_QUOTES = dict.fromkeys("\u2018\u2019\u201a\u00b4", ("'", '"'))
_PLAIN_QUOTES |= dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", ('"', "'"))
MOST_SYMBOL = 2
"""Number of characters of the longest symbol."""
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Categories of Unicode, including blanks."""
_NUMBER_START = re.compile(r"[0-9.]+\w*")


def _misspelt(text: str, offset: int, at: Position) -> AdqlError:
    """Return the error about the character at *offset*, where no token starts."""
    character = text[offset]
    if character in _MISSPELT:
        message, hint = _MISSPELT[character]
        return problem(message, at, hint, fixes=_PLAIN_QUOTES.get(character, ()))
    if number := _NUMBER_START.match(text, offset):
        word = number.group()[:40]
        return problem(f"{word} is not a number.", at, _glued(word))
    named = f"U+{ord(character):04X}, {unicodedata.name(character, 'a control character')}"
    if unicodedata.category(character) in _INVISIBLE:
        hint = "Write a plain space." if character.isspace() else "Delete it."
        return problem(f"The invisible character {named}, is not allowed in ADQL.", at, hint)
    if character.isalpha():
        return problem(f"{character} ({named}) is not a letter of ADQL.", at, _QUOTED_NAMES)
    plain = _LOOKALIKES.get(character) or unicodedata.normalize("NFKC", character)
    hint = f"Write {plain}." if plain != character else None
    fixes = (plain,) if len(plain) <= MOST_SYMBOL and plain != character else ()
    return problem(f"{character} ({named}) is not allowed in ADQL.", at, hint, fixes=fixes)


_QUOTED_NAMES = "Write a name with letters other than a to z in double quotes."


def _glued(word: str) -> str:
    """Return the probable meaning of *word*, which starts with a digit."""
    letters = word.lstrip("0123456789.")
    if letters.upper() in RESERVED or not letters:
        return "Put a blank between a number and a word."
    if re.fullmatch("0[xX][0-9a-fA-F]+", word):
        return f"ADQL has no hexadecimal numbers; write {int(word, 16)}."
    if re.fullmatch("[0-9_]+", word):
        return f"Write {word.replace('_', '')}."
    return f'As a name, write it as "{word}" in double quotes.'
