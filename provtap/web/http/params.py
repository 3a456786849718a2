"""Request parameters from the URL, a form or a multipart body; names ignore case."""

import re
from collections import defaultdict
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.formparser import FormDataParser
from werkzeug.utils import cached_property

from provtap.config import Settings
from provtap.errors import ParameterError, UnsupportedMediaType

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_UNQUOTED_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?!")([^;]*)', re.IGNORECASE)
"""A boundary up to the end of its parameter, although `=`, `:` or `/` in it need quotes, which astroquery
omits."""


def parameters(request: Request) -> dict[str, list[str]]:
    """Return all values of each parameter by its name in upper case, first from the URL, then from the body.

    Names ignore case, values don't. Repeated equal values count once: astroquery sends FORMAT and format.

    Source: DALI 1.1, section 3.4; TAP 1.1, section 2.7.
    """
    given: defaultdict[str, list[str]] = defaultdict(list)
    for source in (request.args, request.form):
        for name, values in source.lists():
            given[name.upper()] += values
    return {name: list(dict.fromkeys(values)) for name, values in given.items()}


class FormRequest(Request):
    """A request that rejects parameters it can't read; werkzeug would drop them.

    Its files are closed at the end of the request, even if its body was rejected while it was read.
    """

    def __init__(self, environ: "WSGIEnvironment", *arguments: Any, **named: Any) -> None:
        if environ.get("CONTENT_LENGTH"):
            environ.pop("wsgi.input_terminated", None)  # so that werkzeug checks that the body is complete
        super().__init__(environ, *arguments, **named)

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """Return the parameters in the URL. Raises: ParameterError."""
        return self.parameter_storage_class(_pairs(self.query_string))

    @property
    def mimetype_params(self) -> dict[str, str]:
        """Return the parameters of the Content-Type, with the whole boundary even if quotes are missing."""
        unquoted = _UNQUOTED_BOUNDARY.search(self.headers.get("Content-Type", ""))
        return super().mimetype_params | ({"boundary": unquoted[1].strip()} if unquoted else {})

    def make_form_data_parser(self) -> FormDataParser:
        """Return the parser for the body."""
        if self.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType(
                "The body must not be compressed.", hint="Send it without Content-Encoding."
            )
        self.form_data_parser_class = _FormParser
        return super().make_form_data_parser()

    def _get_file_stream(self, *arguments: Any, **named: Any) -> IO[bytes]:
        stream = super()._get_file_stream(*arguments, **named)
        self.__dict__.setdefault("_streams", []).append(stream)
        return stream

    def close(self) -> None:
        """Close the files of the body, which removes them from disk."""
        super().close()
        for stream in self.__dict__.get("_streams", ()):
            stream.close()


class _FormParser(FormDataParser):
    """Parses both kinds of forms."""

    def parse(
        self, stream: IO[bytes], mimetype: str, length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        """Return *stream*, and the parameters and files in it.

        Raises: ParameterError; UnsupportedMediaType for a body that is not a form, unless it is empty.
        """
        if mimetype == _URLENCODED:
            return stream, self.cls(_pairs(stream.read())), self.cls()
        if mimetype != _MULTIPART:
            if stream.read(1):
                raise UnsupportedMediaType(
                    f"The body is {mimetype[:40]}, not a form.", hint=f"Send {_URLENCODED} or {_MULTIPART}."
                )
            return stream, self.cls(), self.cls()
        self.silent = False
        try:
            read = super().parse(stream, mimetype, length, options)
        except ValueError as error:
            raise ParameterError(
                f"The body is not valid {_MULTIPART}.",
                hint="Its parts must be separated, and the last one ended, by the boundary given in"
                " Content-Type.",
            ) from error
        if None in read[1] or None in read[2]:
            raise ParameterError("A part of the body has no name in its Content-Disposition.")
        return read


def _pairs(text: bytes) -> list[tuple[str, str]]:
    """Return the parameters in a URL, or in a body in the same format. Raises: ParameterError."""
    try:
        return parse_qsl(text.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        wrong = error.object[error.start : error.end].hex(" ").upper()
        raise ParameterError(f"The parameters contain a byte that is not valid UTF-8: {wrong}.") from error


def admit_uploads(request: Request, settings: Settings) -> None:
    """Allow uploaded tables in the body of *request*; called before the body is read.

    Files beyond half a megabyte are written to disk. The limit also applies to a body without a length.
    """
    request.max_content_length = settings.form_bytes + settings.upload_bytes


def files(request: Request) -> dict[str, IO[bytes]]:
    """Return the files of a multipart body by the names of their parts, which are case-sensitive (UPL-3)."""
    return {name: part.stream for name, part in request.files.items()}
