"""Request parameters: from the URL, a form or a multipart body, whatever the case of their names."""

from collections import defaultdict
from typing import IO, Any

from flask import Request

from provtap.config import Settings


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


class ClosingRequest(Request):
    """A request whose files are closed at its end, also where its body was refused half-way."""

    def _get_file_stream(self, *arguments: Any, **named: Any) -> IO[bytes]:
        stream = super()._get_file_stream(*arguments, **named)
        self.__dict__.setdefault("_streams", []).append(stream)
        return stream

    def close(self) -> None:
        """Close the files of the body, which also removes them from disk."""
        super().close()
        for stream in self.__dict__.get("_streams", ()):
            stream.close()


def admit_uploads(request: Request, settings: Settings) -> None:
    """Let the body of *request* hold tables as well, before any of it is read.

    Files go to disk beyond half a megabyte. That a body has no length in its head makes no difference.
    """
    request.max_content_length = settings.form_bytes + settings.upload_bytes


def files(request: Request) -> dict[str, IO[bytes]]:
    """Return the files of a multipart body by the names of their parts, which count case (UPL-3)."""
    return {name: part.stream for name, part in request.files.items()}
