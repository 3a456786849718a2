"""The labels and tooltips of the nodes of a picture or a tree."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from datetime import datetime
from os.path import commonprefix
from typing import Any

from provtap.provsap.graph import Graph, Key, Row

_WIDTH = 34  # characters of a line
_LONG = 60  # characters of an attribute
_LINES = 25  # of a tooltip
_WELL = {"completed", None}
_NAME = {"entity": "e_name", "activity": "a_name", "agent": "ag_name"}
_COLUMN = {"entity": "e_id", "activity": "a_id", "agent": "ag_id"}


class Labels:
    """The texts for the nodes of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._rows = {
            Key(kind, getattr(row, column)): row for kind, column in _COLUMN.items() for row in graph.of(kind)
        }
        self._runs = {row.r_activity_id: row for row in graph.of("run")}
        self._kinds = {row.ad_id: row for row in graph.of("activitydescription")}
        self._roles = _roles(graph)
        self._marks = graph.marks
        self._parameters: defaultdict[str, list[str]] = defaultdict(list)
        for row in graph.of("parameter"):
            self._parameters[row.p_activity_id].append(f"{row.p_name} = {row.p_value}")
        for row in graph.of("configfile"):
            self._parameters[row.cf_activity_id].append(f"{row.cf_name}: {row.cf_location}")

    def label(self, key: Key) -> str:
        """Return the name, and on a second line the most important attribute."""
        return "\n".join(_short(line) for line in (self.name(key), self._second(key)) if line)

    def name(self, key: Key) -> str:
        """Return the name of a thing, or its id."""
        row = self._rows[key]
        if key.kind == "entity" and row.e_value is not None:
            return f"{row.e_name or 'value'} = {row.e_value}"
        return str(getattr(row, _NAME[key.kind]) or key.id)

    def _second(self, key: Key) -> str:
        """Return version and failure of an activity, or the class of an entity other than a data set."""
        row = self._rows[key]
        if key.kind == "activity":
            return ", ".join(part for part in (self._version(row), self.failed(key)) if part)
        if key.kind == "entity":
            class_ = "" if row.e_class in {"DatasetEntity", "Entity", "ValueEntity"} else str(row.e_class)
            return ", ".join(part for part in (class_, self.failed(key)) if part)
        return row.ag_affiliation or ""

    def _version(self, row: Row) -> str:
        kind = self._kinds.get(row.a_activitydescription_id)
        return kind.ad_version or "" if kind else ""

    def failed(self, key: Key) -> str:
        """Return how the run of an activity ended, unless it succeeded; the mark of an entity."""
        if key.kind == "entity":
            return self._marks.word(key.id)
        run = self._runs.get(key.id) if key.kind == "activity" else None
        if run is None or run.r_status in _WELL:
            return ""
        return f"{run.r_status} ({run.r_exitcode})" if run.r_exitcode else str(run.r_status)

    def look(self, key: Key) -> Hashable:
        """Return the properties that must be equal for things shown as one."""
        row = self._rows[key]
        if key.kind == "activity":
            return (row.a_name, self._version(row), self.failed(key))
        if key.kind == "entity":
            return (row.e_class, self.failed(key))
        return str(row.ag_type)

    def group(self, group: list[Key]) -> str:
        """Return the label of a group of things: their number and common name."""
        alike = group[0].kind == "activity" and len({self.look(key) for key in group}) == 1
        return f"{len(group)} × {self.label(group[0]) if alike else _short(self._common(group))}"

    def _common(self, group: list[Key]) -> str:
        """Return the common name of things: the end of names, the most frequent role or name, or class."""
        entities = group[0].kind == "entity"
        if entities and (end := _common_end([self.name(key) for key in group])):
            return end
        names = [self._roles.get(key) if entities else self.name(key) for key in group]
        [(name, uses)] = Counter(names).most_common(1)
        if name and 2 * uses > len(group):
            return name
        return str(self._rows[group[0]].e_class) if entities else group[0].kind

    def tooltip(self, group: list[Key]) -> str:
        """Return the attributes of a thing, or the names of several."""
        if len(group) > 1:
            return cut([self.name(key) for key in group])
        lines = [f"{name}: {text[:120]}" for name, text in self._attributes(group[0])]
        return cut([*lines, *(self.configuration(group[0]) or ())[:1]])

    def attributes(self, key: Key) -> list[str]:
        """Return the attributes of a thing except its name, one on each line, without references."""
        return [
            _short(f"{name}: {text}", _LONG)
            for name, text in self._attributes(key)
            if name not in {"class", "name"} and not name.endswith("_id")
        ]

    def _attributes(self, key: Key) -> Iterator[tuple[str, str]]:
        run = self._runs.get(key.id) if key.kind == "activity" else None
        for row in (self._rows[key], run) if run else (self._rows[key],):
            for column, value in zip(row._fields, row, strict=True):
                if value is not None and column != "r_activity_id":
                    yield column.partition("_")[2], _text(value)
        if key.kind == "entity" and (mark := self.failed(key)):
            yield "valid", f"no: {mark}"

    def configuration(self, key: Key) -> tuple[str, str] | None:
        """Return the number of parameters of an activity, and their values."""
        lines = self._parameters.get(key.id, []) if key.kind == "activity" else []
        if not lines:
            return None
        return f"{len(lines)} parameter{'s' if len(lines) > 1 else ''}", cut([line[:120] for line in lines])


def _roles(graph: Graph) -> dict[Key, str]:
    """Return the role of each entity, as an input in preference to an output."""
    roles: dict[Key, str] = {}
    for relation, subject, object_, role in graph.edges():
        if role and relation in {"used", "wasGeneratedBy"}:
            roles.setdefault(object_ if relation == "used" else subject, role)
    return roles


def _common_end(names: list[str]) -> str:
    """Return the common extensions of *names* as a pattern, such as `*.dl1.h5`; empty if there are none."""
    common = commonprefix([name.split(".")[:0:-1] for name in names])
    return "".join(["*", *(f".{part}" for part in reversed(common))]) if common else ""


def _text(value: Any) -> str:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)


def _short(text: str, width: int = _WIDTH) -> str:
    """Return *text* on one line; a long one is cut in the middle, because names differ at both ends."""
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width // 2]}…{text[-width // 2 + 1 :]}"


def cut(lines: list[str]) -> str:
    """Return *lines* as a text that fits on a screen."""
    more = [f"… and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
    return "\n".join([*lines[:_LINES], *more])
