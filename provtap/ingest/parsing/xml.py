"""Reads untrusted XML: no document type, no entities, no network access, bounded depth."""

import re
from contextlib import suppress
from typing import Any

from lxml import etree

from provtap.errors import DocumentError

# libxml2 itself bounds the depth (256) and the expansion of entities, and reads no other files.
_SAFE = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
_ADVICE = re.compile(r", (line|use|try) .*", re.DOTALL)
"""Parts of libxml2's messages that are meant for programmers."""


def parse(content: bytes) -> etree._Element:
    """Return the root of the XML document *content*, without comments and processing instructions.

    Raises: DocumentError, with line and column if there is one.
    """
    parser = etree.XMLParser(**_SAFE, remove_comments=True, remove_pis=True)  # type: ignore[arg-type]
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = " ".join(_ADVICE.sub("", error.msg or "it ends too early").split()).rstrip(".")
        raise DocumentError(f"this is not XML: {reason}", line=line, column=column or 1) from error
    except ValueError as error:
        raise DocumentError(f"this is not XML: {error}") from error
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # of the stubs
        raise DocumentError(
            "a document type declaration (DOCTYPE) is not allowed in provenance", line=1, column=1
        )
    return root


def root_tag(content: bytes) -> str | None:
    """Return the tag of the root element in Clark notation, or None if *content* is not XML."""
    start = content[:65536].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith((b"<", b"\xfe\xff", b"\xff\xfe")):
        return None
    parser: Any = etree.XMLPullParser(events=("start",), **_SAFE)  # type: ignore[arg-type]
    with suppress(etree.XMLSyntaxError, ValueError):  # its reader reports the error
        parser.feed(start)
    return next((str(element.tag) for _, element in parser.read_events()), None)


def where(element: etree._Element) -> str:
    """Return the name and line of an element, for messages."""
    return f"{etree.QName(element).localname} in line {element.sourceline}"
