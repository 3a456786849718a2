"""The people, organizations, programs and citable data behind one product, by its lineage."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provtap import addresses
from provtap.adql import translate
from provtap.config import Settings
from provtap.database.connect import Transaction
from provtap.database.sql import literal, load_statements
from provtap.errors import NotFound, ParameterError
from provtap.identifiers import Identifier, of_thing, url
from provtap.query.names import Closeness, Meaning, closest, find
from provtap.tableset import Tableset

SQL = load_statements("provtap.citation", "credits.sql")
BEHIND = "SELECT l_ancestor_id, l_distance FROM provenance.lineage WHERE l_descendant_id = {id}"
"""ADQL for what a product was made from."""
MOST = 100_000
"""Things behind a product that are looked at."""
_CITED = ("doi", "bibcode", "ark", "ivoid")
"""Identifiers by which data are cited, the best first."""


@dataclass(frozen=True)
class Agent:
    """A person, organization or program that is responsible."""

    id: str
    name: str
    kind: str | None
    """As in provenance.agent: Person, Organization, SoftwareAgent."""
    affiliation: str | None
    identifiers: tuple[Identifier, ...]
    answers_for_product: bool
    """Whether the product is attributed to it."""
    answers_for_run: bool
    """Whether it is associated with the run that made the product."""


@dataclass(frozen=True)
class Program:
    """A program in one version."""

    name: str
    version: str | None
    url: str | None
    is_last: bool
    """Whether it made the product itself."""

    @property
    def title(self) -> str:
        """Its name with its version."""
        return " ".join(filter(None, [self.name, self.version]))


@dataclass(frozen=True)
class Work:
    """The product, or data behind it that can be cited."""

    id: str
    name: str
    made: datetime | None
    """In UTC."""
    authors: tuple[Agent, ...]
    identifiers: tuple[Identifier, ...]
    """Those by which it is cited, the best first."""

    @property
    def url(self) -> str | None:
        """The address that its best identifier has."""
        return url(self.identifiers[0]) if self.identifiers else None

    def identifier(self, scheme: str) -> str | None:
        """Return the identifier of a scheme, if there is one."""
        return next((value for kind, value in self.identifiers if kind == scheme), None)


@dataclass(frozen=True)
class Right:
    """A licence of the product."""

    uri: str | None
    text: str | None
    holder: str | None


@dataclass(frozen=True, kw_only=True)
class Credits:
    """What to cite and acknowledge for a product; each thing once."""

    product: Work
    address: str
    """Its page."""
    publisher: str | None
    """Who runs the service."""
    rights: tuple[Right, ...]
    programs: tuple[Program, ...]
    """Those of the last step first."""
    data: tuple[Work, ...]
    """The nearest first, one for each best identifier."""
    agents: tuple[Agent, ...]
    """All people and organizations, those of the product first."""

    @property
    def last_programs(self) -> str:
        """The programs that made the product."""
        return ", ".join(program.title for program in self.programs if program.is_last)


def find_product(transaction: Transaction, name: str) -> Meaning:
    """Return the entity that *name* leads to: of several that were at one path, the one that is there now.

    Raises: NotFound; ParameterError for what is no product, or the name of several.
    """
    meanings = find(transaction, [name.replace("\0", "")], Closeness.FILE_NAME)
    found = closest(meaning for meaning in meanings if meaning.kind == "entity")
    shown = name[:200]
    if not found and meanings:
        what = {"activity": "a run"}.get(meanings[0].kind, "an agent")
        raise ParameterError(
            f"{shown} is {what}: only a product can be cited.", hint="Give a file or data set."
        )
    if not found:
        raise NotFound(f"Nothing has the name {shown}.")
    if len(found) > 1 and found[0].closeness >= Closeness.CHECKSUM:
        ids = ", ".join(sorted(meaning.id for meaning in found)[:5])
        raise ParameterError(
            f"{shown} is the name of {len(found)} products.", hint=f"Give the id of one of them: {ids}."
        )
    return found[0]


def credits_of(transaction: Transaction, id_: str, tableset: Tableset, settings: Settings) -> Credits:
    """Return what to cite and acknowledge for the entity *id_*, which is in the store."""
    walk = translate(BEHIND.format(id=literal(id_)), tableset).sql.replace("%", "%%")
    [row] = transaction.rows(SQL["credits"].replace("{walk}", walk), id=id_, most=MOST)
    agents = {each["id"]: _agent(each) for each in row.agents or ()}
    works = [_work(each, agents) for each in row.works or ()]
    product = next(work for work in works if work.id == id_)
    rights = (Right(each["uri"], each["text"], each["holder"]) for each in row.rights or ())
    programs = [Program(**each) for each in row.programs or ()]
    return Credits(
        product=product if product.authors else _with_authors(product, agents.values()),
        address=f"{settings.root_url}{addresses.page('entity', id_)}",
        publisher=settings.publisher,
        rights=tuple(rights),
        programs=tuple(sorted(programs, key=lambda each: (not each.is_last, each.name, each.version or ""))),
        data=tuple(_each_once(works, product)),
        agents=tuple(
            sorted(
                (agent for agent in agents.values() if agent.kind != "SoftwareAgent"),
                key=lambda each: (not each.answers_for_product, not each.answers_for_run, each.name, each.id),
            )
        ),
    )


def _agent(given: Mapping[str, Any]) -> Agent:
    identifiers = tuple(Identifier(*each) for each in given["identifiers"] or ())
    return Agent(**{**given, "identifiers": identifiers})


def _work(given: Mapping[str, Any], agents: Mapping[str, Agent]) -> Work:
    """Return a work; it may have its identifier as id or location, too."""
    said = [Identifier(*each) for each in given["identifiers"] or ()]
    found = [of_thing(text) for text in (given["id"], given["location"]) if text]
    known = dict.fromkeys([*said, *(each for each in found if each is not None)])
    made = given["made"]
    return Work(
        id=given["id"],
        name=given["name"] or given["id"],
        made=None if made is None else datetime.fromisoformat(made),
        authors=_people(agents[each] for each in given["authors"] or ()),
        identifiers=tuple(sorted(known, key=lambda each: (_CITED.index(each.scheme), each.value))),
    )


def _people(agents: Iterable[Agent]) -> tuple[Agent, ...]:
    """Return those of *agents* who can be authors: people, or else organizations."""
    found = sorted((a for a in agents if a.kind != "SoftwareAgent"), key=lambda each: (each.name, each.id))
    return tuple([a for a in found if a.kind == "Person"] or found)


def _with_authors(product: Work, agents: Iterable[Agent]) -> Work:
    """Return *product*, which nobody is said to have made, as made by those who ran its last step."""
    authors = _people(agent for agent in agents if agent.answers_for_run)
    return Work(product.id, product.name, product.made, authors, product.identifiers)


def _each_once(works: Sequence[Work], product: Work) -> Iterable[Work]:
    """Yield the works that can be cited beside the product; files with one DOI are one work."""
    seen = set(product.identifiers[:1])
    for work in works:
        if work.id != product.id and work.identifiers and work.identifiers[0] not in seen:
            seen.add(work.identifiers[0])
            yield work
