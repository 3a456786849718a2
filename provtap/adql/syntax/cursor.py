"""The current position in the tokens of one query: the base of the methods of all grammar rules."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from provtap.adql.syntax.extensions import Extension, refused
from provtap.adql.syntax.lexer import UPLOAD, Position, Token, problem, tokens
from provtap.adql.syntax.messages import EXPECTED, unexpected
from provtap.adql.syntax.tree import Name
from provtap.errors import AdqlError

NESTING_LIMIT = 100
"""Levels of nested brackets, function calls and subqueries."""
CHAIN_LIMIT = 5_000
"""Members of one list, or of one chain of AND, OR, commas, joins or set operators."""

T = TypeVar("T")


class Cursor:
    """Reads tokens one by one, looking ahead where one token is not enough."""

    def __init__(self, text: str, *, strict: bool = False) -> None:
        self.strict = strict
        """Whether to reject extensions of ADQL."""
        self._source = tokens(text)
        self._ahead: list[Token] = []
        self._depth = 0
        self.token = next(self._source)
        self._last = self.token

    def advance(self) -> Token:
        """Return the current token and go on to the next."""
        self._last = token = self.token
        if token.type != "end":
            self.token = self._ahead.pop(0) if self._ahead else next(self._source)
        return token

    def peek(self, distance: int) -> Token:
        """Return a later token without advancing; the end token if the query ends before it."""
        while len(self._ahead) < distance:
            if (self._ahead or [self.token])[-1].type == "end":
                return (self._ahead or [self.token])[-1]
            self._ahead.append(next(self._source))
        return self._ahead[distance - 1]

    def accept(self, *types: str) -> Token | None:
        """Return the current token and advance, if it is one of these *types*; else return None."""
        return self.advance() if self.token.type in types else None

    def expect(self, type_: str) -> Token:
        """Return the current token and advance; raise an error if it is not of this type."""
        if self.token.type != type_:
            raise self.unexpected(EXPECTED.get(type_, type_))
        return self.advance()

    def extension(self, extension: Extension, at: Position) -> None:
        """Note that the query uses an extension, which may be an error."""
        if self.strict:
            raise refused(extension, at)

    def unexpected(self, expected: str) -> AdqlError:
        """Return the error about the current token, instead of *expected*."""
        return unexpected(self.token, self._last, expected)

    def list_of(self, member: Callable[[], T], separator: str = ",") -> tuple[T, ...]:
        """Return one or more members, separated by separators."""
        members = [member()]
        while self.accept(separator):
            self.check_length(members)
            members.append(member())
        return tuple(members)

    def bracketed(self, content: Callable[[], T]) -> T:
        """Return the content of a pair of brackets, one level deeper."""
        at = self.expect("(").at
        result = self.nested(content)
        if self.token.type == "end":
            raise problem("This bracket is not closed.", at)
        self.expect(")")
        return result

    def nested(self, content: Callable[[], T]) -> T:
        """Return the result of reading one level deeper."""
        if self._depth == NESTING_LIMIT:
            raise problem(f"The query is nested more than {NESTING_LIMIT} levels deep.", self._last.at)
        self._depth += 1
        result = content()
        self._depth -= 1
        return result

    def starts_query(self) -> bool:
        """Whether a query begins here, perhaps in brackets."""
        distance, token = 0, self.token
        while token.type == "(" and distance < NESTING_LIMIT:
            distance += 1
            token = self.peek(distance)
        return token.type in {"SELECT", "WITH"}

    def check_length(self, members: Sequence[object], limit: int = CHAIN_LIMIT) -> None:
        """Reject more than *limit* members."""
        if len(members) == limit:
            message = f"This list or expression has more than {limit} members."
            raise problem(message, self.token.at, UPLOAD)

    def identifier(self) -> Name:
        """<identifier> ::= <regular_identifier> | <delimited_identifier>"""
        if self.token.type == "delimited":
            token = self.advance()
            return Name(token.text, True, token.at)
        token = self.expect("identifier")
        return Name(token.text, False, token.at)

    def names(self, *parts: str) -> tuple[Name, ...]:
        """Return a name with its qualifiers; it can have at most these *parts*."""
        at = self.token.at
        names = self.list_of(self.identifier, ".")
        if len(names) > len(parts):
            raise problem(
                f"A {parts[-1]} name has at most {len(parts)} parts ({', '.join(parts)}), not {len(names)}.",
                at,
            )
        return names

    def as_clause(self) -> Name | None:
        """<as_clause> ::= [ AS ] <column_name>"""
        if self.accept("AS") or self.token.type in {"identifier", "delimited"}:
            return self.identifier()
        return None

    def unsigned_integer(self) -> int:
        """<unsigned_integer> ::= <digit>..."""
        token = self.expect("integer")
        if len(token.text) > 1_000:
            raise problem("This number has more than 1000 digits.", token.at)
        return int(token.text)
