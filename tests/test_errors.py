"""Errors: one sentence for a user, with position and hint where there are any."""

import pytest

from provtap import errors
from provtap.errors import AdqlError, ProvtapError

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and value.__module__ == errors.__name__ and value is not ProvtapError
]


def test_message_alone() -> None:
    """The text is the message."""
    assert str(ProvtapError("All is lost.")) == "All is lost."


def test_position_and_hint_follow_the_message() -> None:
    """Line and column count from 1 (ERR-2)."""
    error = AdqlError("Unknown column x.", line=1, column=8, hint="Did you mean y?")

    assert str(error) == "Unknown column x. (line 1, column 8) Did you mean y?"
    assert (error.message, error.line, error.column, error.hint) == (
        "Unknown column x.",
        1,
        8,
        "Did you mean y?",
    )


@pytest.mark.parametrize("kind", CLASSES)
def test_each_error_may_be_shown_over_http(kind: type[ProvtapError]) -> None:
    """Each is a ProvtapError with the HTTP status of its answer, the caller's fault or ours."""
    assert issubclass(kind, ProvtapError)
    assert 400 <= kind.status < 600


@pytest.mark.parametrize(
    "name, status",
    [
        ("AdqlError", 400),
        ("NotFound", 404),
        ("TooLarge", 413),
        ("SettingsError", 500),
        ("DatabaseUnavailable", 503),
    ],
)
def test_the_status_distinguishes_errors_of_client_and_server(name: str, status: int) -> None:
    """4xx: the request; 500: the installation; 503: come back later (RFC 9110, section 15)."""
    assert getattr(errors, name).status == status
