"""Errors in the names and types of one query, collected while it is resolved and reported together.

One error causes others: an unknown table has no columns, an unknown column has no type. Code that depends on
one of these raises `FollowUp`, which is not reported, because its cause already is.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from provtap.adql.syntax.lexer import Position
from provtap.errors import AdqlError

PROBLEM_LIMIT = 10
"""Maximum number of errors reported for one query."""

P = ParamSpec("P")
T = TypeVar("T")


class FollowUp(AdqlError):
    """A consequence of an error that was already found."""

    def __init__(self) -> None:
        super().__init__("This depends on something that is wrong itself.")


class Problems:
    """The errors found so far."""

    def __init__(self) -> None:
        self._found: list[AdqlError] = []

    def __len__(self) -> int:
        return len(self._found)

    def note(self, error: AdqlError) -> None:
        """Add *error* to the errors to report."""
        if not isinstance(error, FollowUp):
            self._found.append(error)

    def attempt(self, resolve: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return the result of *resolve*; None if it fails, after noting the error."""
        try:
            return resolve(*args, **kwargs)
        except AdqlError as error:
            self.note(error)
            return None

    def check(self) -> None:
        """Raise the errors found, if any.

        Raises: AdqlError, the first error in the order of the text, with the other errors as *further*.
        """
        if not self._found:
            return
        by_place = {(_place(error), error.message): error for error in self._found}
        first, *further = (by_place[key] for key in sorted(by_place)[:PROBLEM_LIMIT])
        first.further = tuple(further)
        raise first


def _place(error: AdqlError) -> Position:
    return Position(error.line or 0, error.column or 0)
