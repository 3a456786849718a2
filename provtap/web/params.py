"""Request parameters: from the URL, a form or a multipart body, whatever the case of their names."""

from collections import defaultdict

from flask import Request


def parameters(request: Request) -> dict[str, list[str]]:
    """Return every value of each parameter by its name in upper case: those of the URL, then of the body.

    Names ignore case, values don't; what the URL and the body both give counts as given twice.

    Source: DALI 1.1, section 3.4; TAP 1.1, section 2.7.
    """
    given: defaultdict[str, list[str]] = defaultdict(list)
    for source in (request.args, request.form):
        for name, values in source.lists():
            given[name.upper()] += values
    return dict(given)
