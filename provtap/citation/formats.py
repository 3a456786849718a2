"""Credits as BibTeX, and as an acknowledgement for people. What is unknown is left out."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from provtap.citation.credits import Agent, Credits, Program, Right, Work
from provtap.errors import ParameterError
from provtap.identifiers import Identifier, of_thing, url

_KEY_CHARACTERS = 80
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",  # BibTeX counts braces, also those with a backslash before
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_"},
}
_PERSON = re.compile(r"[^\W\d_][\w.'’-]*(?: [\w.'’-]+){1,4}")
"""A name of which BibTeX may take the last word for the family name."""
_FEW = 20
"""People, programs or data that the acknowledgement names; the BibTeX has all."""


def as_bibtex(credits: Credits) -> str:
    """Return an entry for the product, each program and each data set behind it that can be cited."""
    keys: set[str] = set()
    entries = [
        _entry("misc", _key(credits.product, keys), _product_fields(credits)),
        *(
            _entry("software", _unique(f"{p.name}_{p.version or ''}", keys), _program_fields(p))
            for p in credits.programs
        ),
        *(_entry("misc", _key(work, keys), _work_fields(work)) for work in credits.data),
    ]
    return "\n".join(entries)


def _product_fields(credits: Credits) -> Iterator[tuple[str, str | None]]:
    yield from _work_fields(credits.product, credits.address)
    yield "publisher", _escaped(credits.publisher)
    notes = [f"Made with {credits.last_programs}." if credits.last_programs else None]
    notes += [f"Licence: {_licence(right)}." for right in credits.rights if right.uri or right.text]
    yield "note", _escaped(" ".join(filter(None, notes)))


def _work_fields(work: Work, address: str | None = None) -> Iterator[tuple[str, str | None]]:
    yield "author", " and ".join(map(_author, work.authors))
    yield "title", f"{{{_escaped(work.name)}}}"
    yield "year", str(work.made.year) if work.made else None
    yield "doi", _verbatim(work.identifier("doi"))
    yield "adsurl", _verbatim(url(bibcode)) if (bibcode := _first(work, "bibcode")) else None
    yield "url", _verbatim(work.url if work.identifiers else address)


def _program_fields(program: Program) -> Iterator[tuple[str, str | None]]:
    found = of_thing(program.url) if program.url else None
    yield "title", f"{{{_escaped(program.name)}}}"
    yield "version", _escaped(program.version)
    yield "doi", _verbatim(found.value) if found and found.scheme == "doi" else None
    yield "url", _verbatim(program.url)


def _first(work: Work, scheme: str) -> Identifier | None:
    return next((each for each in work.identifiers if each.scheme == scheme), None)


def _entry(kind: str, key: str, fields: Iterable[tuple[str, str | None]]) -> str:
    lines = (f"  {name} = {{{value}}}" for name, value in fields if value)
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}\n"


def _key(work: Work, keys: set[str]) -> str:
    return _unique(work.identifiers[0].value if work.identifiers else work.id, keys)


def _unique(text: str, keys: set[str]) -> str:
    """Return a key made of *text* that no other entry has; BibTeX ignores the case of keys."""
    base = re.sub("[^A-Za-z0-9:./+-]+", "_", text).strip("_")[:_KEY_CHARACTERS] or "entry"
    key, number = base, 1
    while key.lower() in keys:
        number += 1
        key = f"{base}_{number}"
    keys.add(key.lower())
    return key


def _author(agent: Agent) -> str:
    """Return a name; in braces BibTeX takes it as it is."""
    name = _line(agent.name)
    plain = agent.kind == "Person" and _PERSON.fullmatch(name) and " and " not in f" {name.lower()} "
    return _escaped(name) if plain else f"{{{_escaped(name)}}}"


def _escaped(text: str | None) -> str:
    """Return *text* as LaTeX shows it."""
    return "".join(_SPECIAL.get(character, character) for character in _line(text or ""))


def _verbatim(address: str | None) -> str | None:
    """Return an address, which BibTeX must not read as LaTeX: only what would end its field is encoded."""
    return re.sub(r'[\s{}\\"<>^`]', lambda found: quote(found[0], safe=""), address) if address else None


def _line(text: str) -> str:
    """Return *text* in one line of printable characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def as_text(credits: Credits) -> str:
    """Return an acknowledgement: a few sentences, and the addresses of all that they name."""
    return " ".join(map(_line, _sentences(credits))) + "\n"


def _sentences(credits: Credits) -> Iterator[str]:
    product = credits.product
    by = f", published by {credits.publisher}" if credits.publisher else ""
    yield f"This work used {product.name} ({product.url or credits.address}){by}."
    if credits.product.authors:
        yield f"It was made by {_listed(_credited(agent) for agent in product.authors)}."
    if credits.last_programs:
        yield f"It was made with {credits.last_programs}."
    earlier = [program for program in credits.programs if not program.is_last]
    if earlier:
        yield f"Earlier steps used {_listed(program.title for program in earlier)}."
    if credits.data:
        yield f"It is based on {_listed(f'{work.name} ({work.url})' for work in credits.data)}."
    others = [agent for agent in credits.agents if agent not in product.authors]
    if others:
        yield f"Also responsible for it and for what it was made from are {_listed(map(_credited, others))}."
    for right in credits.rights:
        if right.uri or right.text:
            yield f"Licence: {_licence(right)}."
        if right.holder:
            yield f"Rights holder: {right.holder}."


def _licence(right: Right) -> str:
    named = f"{right.text} ({right.uri})" if right.text and right.uri else right.text or right.uri or ""
    return named.rstrip(".")


def _credited(agent: Agent) -> str:
    """Return a name with affiliation and identifier."""
    about = [agent.affiliation, *(url(each) for each in agent.identifiers[:1])]
    shown = ", ".join(filter(None, about))
    return f"{agent.name} ({shown})" if shown else agent.name


def _listed(names: Iterable[str]) -> str:
    """Return names in one phrase, each once."""
    each = list(dict.fromkeys(names))
    if len(each) > _FEW:
        each = [*each[:_FEW], f"{len(each) - _FEW} more"]
    *before, last = each
    return f"{', '.join(before)} and {last}" if before else last


@dataclass(frozen=True)
class CitationFormat:
    """A form of a citation."""

    mime: str
    write: Callable[[Credits], str]


FORMATS: Mapping[str, CitationFormat] = {
    "bibtex": CitationFormat("application/x-bibtex;charset=utf-8", as_bibtex),
    "text": CitationFormat("text/plain;charset=utf-8", as_text),
}
"""The forms of /cite and `provtap cite`, the default first."""


def choose(responseformat: str | None) -> CitationFormat:
    """Return the form that RESPONSEFORMAT names, by its name or media type.

    Raises: ParameterError.
    """
    if responseformat is None:
        return FORMATS["bibtex"]
    asked = responseformat.strip().lower()
    for name, form in FORMATS.items():
        if asked in {name, form.mime, form.mime.partition(";")[0]}:
            return form
    raise ParameterError(
        f"RESPONSEFORMAT {responseformat[:40]!r} is not supported.",
        hint=f"Supported are {', '.join(FORMATS)}.",
    )
