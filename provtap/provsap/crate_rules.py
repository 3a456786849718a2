"""What a Process Run Crate can hold of the stored rows, and what is left out of a crate.

The writer follows these rules, so the list of what is left out is exact: a row that is not in it is found
again by the reader of crates, with all its values.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from provtap import identifiers, iris
from provtap.provsap.graph import Graph, Row

ALGORITHMS = ("sha1", "sha256", "sha512", "md5")
"""Checksums with a term in the context of the profile."""
COMMAND_LINE = "command_line"
STATUSES = {
    "completed": "http://schema.org/CompletedActionStatus",
    "error": "http://schema.org/FailedActionStatus",
    "interrupted": "http://schema.org/FailedActionStatus",
}
OPERATOR, CREATOR = "Operator", "Creator"
"""The roles of the agent of an action, and of the author of a thing."""
_DIGEST = re.compile(r"[0-9a-f]{8,128}")
_LICENCE = re.compile(r"(?:urn:|https?://)\S{1,990}")
_SCHEMES = {"doi", "ark", "bibcode", "ivoid", "orcid", "ror", "isni"}
_TEXT_BYTES = 1000
"""Maximum length of the words about a licence that has a URI."""
_HELD = {
    "entity": (
        *("e_id", "e_class", "e_name", "e_location", "e_generatedattime", "e_invalidatedattime"),
        *("e_comment", "e_value"),
    ),
    "activity": ("a_id", "a_name", "a_starttime", "a_endtime", "a_comment", "a_activitydescription_id"),
    "activitydescription": ("ad_id", "ad_name", "ad_version", "ad_description", "ad_docurl"),
    "used": ("u_activity_id", "u_entity_id", "u_role"),
    "wasgeneratedby": ("wgb_activity_id", "wgb_entity_id", "wgb_role"),
    "run": ("r_activity_id", "r_status"),
    "parameter": ("p_id", "p_activity_id", "p_name", "p_value"),
}
"""The columns that are written; of the tables in `_WHOLE` all are."""
_WHOLE = {
    *("agent", "wasderivedfrom", "hadmember", "wasassociatedwith", "wasattributedto"),
    *("hash", "location", "alias", "rights", "agent_id"),
}


_DESCRIBED = {
    "entitydescription": ("entity", "e_entitydescription_id"),
    "usagedescription": ("used", "u_usagedescription_id"),
    "generationdescription": ("wasgeneratedby", "wgb_generationdescription_id"),
    "parameterdescription": ("parameter", "p_parameterdescription_id"),
    "configfiledescription": ("configfile", "cf_configfiledescription_id"),
}
"""Tables of descriptions, which are not in a crate, and the columns with their ids."""


_MAY_BE_EMPTY = {"e_value", "p_value"}
"""Columns in which an empty text differs from a missing one for readers of crates."""


class Use(NamedTuple):
    """A side of a program, with the name that the property for it has in a crate."""

    direction: str
    """`input` or `output`."""
    program: str


class Programs:
    """The programs of the activities, and in which roles they used and generated each entity.

    The role is that of a formal parameter of the program. So it can be written only if the program always
    used the entity in the same role.
    """

    def __init__(self, graph: Graph) -> None:
        self._known = {row.ad_id for row in graph.of("activitydescription")}
        self._of_activity = {row.a_id: self.of(row) for row in graph.of("activity")}
        found: defaultdict[tuple[str, Use], set[str | None]] = defaultdict(set)
        for row in graph.of("used"):
            found[row.u_entity_id, self._use("input", row.u_activity_id)].add(row.u_role)
        for row in graph.of("wasgeneratedby"):
            found[row.wgb_entity_id, self._use("output", row.wgb_activity_id)].add(row.wgb_role)
        self._roles = {
            key: role for key, roles in found.items() if len(roles) == 1 and (role := next(iter(roles)))
        }
        self._by_entity: defaultdict[str, list[tuple[Use, str]]] = defaultdict(list)
        self._by_use: defaultdict[Use, dict[str, None]] = defaultdict(dict)
        for (entity, use), role in self._roles.items():
            self._by_entity[entity].append((use, role))
            self._by_use[use][role] = None

    def of(self, activity: Row) -> str:
        """Return the id of the description of an activity, or an IRI made of the activity's name."""
        if activity.a_activitydescription_id in self._known:
            return str(activity.a_activitydescription_id)
        return f"{iris.PROGRAM}{quote(activity.a_name or activity.a_id, safe='')}"

    def is_described(self, program: str) -> bool:
        """Return whether *program* is the id of a description."""
        return program in self._known

    def uses(self, entity: str) -> Sequence[tuple[Use, str]]:
        """Return the roles of an entity."""
        return self._by_entity[entity]

    def roles(self, use: Use) -> Iterable[str]:
        """Return the roles of all entities for a program."""
        return self._by_use[use]

    def role(self, direction: str, activity: str, entity: str) -> str | None:
        """Return the role of an entity in a run, as far as the crate has it."""
        return self._roles.get((entity, self._use(direction, activity)))

    def _use(self, direction: str, activity: str) -> Use:
        return Use(direction, self._of_activity[activity])


def made_up_description(activity: Row) -> str:
    """Return the description of a run without a comment and a command line: readers ignore it."""
    return f"Run of {activity.a_name or activity.a_id}"


def checksums(rows: Iterable[Row]) -> list[Row]:
    """Return the checksums that a crate can hold."""
    return [row for row in rows if row.h_algorithm in ALGORITHMS and _DIGEST.fullmatch(row.h_digest)]


def content_size(rows: Iterable[Row]) -> int | None:
    """Return the size of a thing, for all its checksums; None if several are recorded."""
    sizes = {row.h_size for row in checksums(rows)} - {None}
    return sizes.pop() if len(sizes) == 1 else None


def is_remote(location: Row) -> bool:
    """Return whether a location is at a host, so that it is the same for all readers."""
    return bool(iris.authority(location.loc_url) == location.loc_storage)


def alias_text(row: Row) -> str | None:
    """Return the persistent identifier in a row of `alias`, or None: other names have no place in a crate."""
    if row.al_validfrom or row.al_validto:
        return None
    return _text_of(identifiers.Identifier(row.al_kind, row.al_value), identifiers.of_thing)


def agent_text(row: Row) -> str | None:
    """Return the persistent identifier in a row of `agent_id`."""
    return _text_of(identifiers.Identifier(row.ai_scheme, row.ai_value), identifiers.of_agent)


def _text_of(
    identifier: identifiers.Identifier, parse: Callable[[str], identifiers.Identifier | None]
) -> str | None:
    """Return the URL of *identifier* if readers find *identifier* in it, otherwise its value or None."""
    texts = (identifiers.url(identifier), identifier.value) if identifier.scheme in _SCHEMES else ()
    return next((text for text in texts if parse(text) == identifier), None)


class Licences:
    """The rights of entities that a crate can hold: one text for each URI, one holder for each entity."""

    def __init__(self, graph: Graph) -> None:
        self._texts: dict[str, str | None] = {}
        self._by_entity: defaultdict[str, list[Row]] = defaultdict(list)
        for row in graph.of("rights"):
            if row.ri_uri is not None:
                self._texts.setdefault(row.ri_uri, row.ri_text)
        for row in graph.of("rights"):
            if self._fits(row):
                self._by_entity[row.ri_entity_id].append(row)

    def _fits(self, row: Row) -> bool:
        held = self._by_entity[row.ri_entity_id]
        if row.ri_access or row.ri_validfrom or any(row.ri_holder != other.ri_holder for other in held):
            return False
        if row.ri_uri is None and row.ri_text is None:
            return not held
        if any(other.ri_uri is None and other.ri_text is None for other in held):
            return False
        if row.ri_uri is None:
            return _LICENCE.fullmatch(row.ri_text) is None
        text = row.ri_text
        is_short = text is None or 0 < len(text.encode()) <= _TEXT_BYTES
        return is_short and bool(_LICENCE.fullmatch(row.ri_uri)) and bool(text == self._texts[row.ri_uri])

    def of(self, entity: str) -> Sequence[Row]:
        """Return the rights of an entity."""
        return self._by_entity[entity]


@dataclass(frozen=True)
class LeftOut:
    """Rows of one table that are not in a crate, or not with all their values."""

    table: str
    rows: int
    columns: tuple[str, ...] = ()
    """The columns of missing values; none if only whole rows are missing."""

    def __str__(self) -> str:
        return f"{self.table} {self.rows}" + (f" ({', '.join(self.columns)})" if self.columns else "")


def left_out(graph: Graph) -> tuple[LeftOut, ...]:
    """Return what a crate of *graph* does not contain, by table."""
    missing = _Missing(graph)
    counts: Counter[str] = Counter()
    columns: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for table, rows in graph.rows.items():
        for row in rows:
            lost = list(missing.of(table, row))
            if lost:
                counts[table] += 1
                columns[table].update(dict.fromkeys(filter(None, lost)))
    for table, (described, column) in _DESCRIBED.items():
        if table not in graph.rows:
            counts[table] = len({getattr(row, column) for row in graph.of(described)} - {None})
    for table, number in graph.counts.items():
        counts[table] += number
    return tuple(LeftOut(table, counts[table], tuple(columns[table])) for table in sorted(+counts))


class _Missing:
    """What is missing of each row."""

    def __init__(self, graph: Graph) -> None:
        self._programs = Programs(graph)
        self._licences = Licences(graph)
        self._described = {row.ad_id for row in graph.of("activitydescription")}
        self._hashes: defaultdict[str, list[Row]] = defaultdict(list)
        for row in graph.of("hash"):
            self._hashes[row.h_entity_id].append(row)
        self._commands: defaultdict[str, set[str]] = defaultdict(set)
        for row in graph.of("parameter"):
            self._commands[row.p_activity_id].add(row.p_value)
        self._operators = {
            (row.waw_activity_id, row.waw_agent_id, row.waw_role == OPERATOR)
            for row in graph.of("wasassociatedwith")
        }
        self._creators = {
            (row.wat_entity_id, row.wat_agent_id, row.wat_role == CREATOR)
            for row in graph.of("wasattributedto")
        }
        self._checks: Mapping[str, Callable[[Row], Iterator[str]]] = {
            "activity": self._activity,
            "used": self._used,
            "wasgeneratedby": self._generated,
            "run": self._run,
            "wasassociatedwith": self._associated,
            "wasattributedto": self._attributed,
            "hash": self._hash,
            "location": self._location,
            "alias": self._alias,
            "agent_id": self._agent_id,
            "rights": self._rights,
        }

    def of(self, table: str, row: Row) -> Iterator[str]:
        """Yield the columns with a value that is missing; an empty text for a missing row."""
        if table not in _HELD and table not in _WHOLE:
            yield ""
            return
        for column, value in row._asdict().items():
            is_held = table in _WHOLE or column in _HELD[table]
            if value is not None and not is_held or value == "" and column not in _MAY_BE_EMPTY:
                yield column
        if check := self._checks.get(table):
            yield from check(row)

    def _activity(self, row: Row) -> Iterator[str]:
        if row.a_name == row.a_id:
            yield "a_name"
        if row.a_comment in {made_up_description(row), *self._commands[row.a_id]}:
            yield "a_comment"
        if row.a_activitydescription_id is not None and row.a_activitydescription_id not in self._described:
            yield "a_activitydescription_id"

    def _used(self, row: Row) -> Iterator[str]:
        if row.u_role != self._programs.role("input", row.u_activity_id, row.u_entity_id):
            yield "u_role"

    def _generated(self, row: Row) -> Iterator[str]:
        if row.wgb_role != self._programs.role("output", row.wgb_activity_id, row.wgb_entity_id):
            yield "wgb_role"

    def _run(self, row: Row) -> Iterator[str]:
        if row.r_status not in {"completed", "error"}:
            yield "" if row.r_status is None else "r_status"

    def _associated(self, row: Row) -> Iterator[str]:
        both = (row.waw_activity_id, row.waw_agent_id, row.waw_role != OPERATOR) in self._operators
        if row.waw_role not in {None, OPERATOR} or both and row.waw_role == OPERATOR:
            yield "waw_role"

    def _attributed(self, row: Row) -> Iterator[str]:
        if row.wat_role not in {None, CREATOR}:
            yield "wat_role"

    def _hash(self, row: Row) -> Iterator[str]:
        if not checksums([row]):
            yield ""
        elif row.h_size != content_size(self._hashes[row.h_entity_id]):
            yield "h_size"

    def _location(self, row: Row) -> Iterator[str]:
        if not is_remote(row):
            yield ""

    def _alias(self, row: Row) -> Iterator[str]:
        if alias_text(row) is None:
            yield ""

    def _agent_id(self, row: Row) -> Iterator[str]:
        if agent_text(row) is None:
            yield ""

    def _rights(self, row: Row) -> Iterator[str]:
        if row not in self._licences.of(row.ri_entity_id):
            yield ""
