"""A graph for the page of a lineage: a picture with coordinates, and the facts about each shape."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from provtap.provsap.graph import Graph, Key
from provtap.provsap.picture import DRAWN, Picture, Shape
from provtap.provsap.place import Layout, best_placed
from provtap.provsap.timeline import placed_by_time
from provtap.web.site.words import cut, duration, when

CANVAS = 860, 560
"""Size of the picture on a wide screen, in pixels: the layout with the larger scale on it is used."""
GROUP = "group:"
_TOLD = ("id", "kind", "name", "text", "program", "status", "facts", "here", "bad", "more", "matches", "fits")
"""Fields of a node for the interactive graph, besides its coordinates."""
_MANY = 200
"""Maximum choices of a filter."""


@dataclass(frozen=True)
class Filters:
    """The filters of the page; other shapes are dimmed."""

    role: str | None = None
    """The role in which a thing was used or generated."""
    program: str | None = None
    """A program with version: selects its runs, and the things that they used or generated."""
    status: str | None = None
    """The status of a run."""

    @property
    def any(self) -> bool:
        """Whether any filter is set."""
        return any((self.role, self.program, self.status))


@dataclass(frozen=True)
class Member:
    """One thing of a group."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Node:
    """A shape of the picture, for the list beside it."""

    shape: str
    """The name in the picture."""
    id: str
    """The id of the thing; for a group, `group:` and the id of its first member."""
    kind: str
    name: str
    text: str
    """The text on it."""
    program: str
    status: str
    facts: tuple[tuple[str, str], ...]
    members: tuple[Member, ...]
    here: bool
    """Whether it is the thing of the page."""
    bad: bool
    """Whether the run did not complete."""
    more: bool
    """Whether it has further relatives that are not drawn."""
    matches: bool
    """Whether it matches the filters."""
    fits: bool
    """Whether its members can be shown separately."""


class Facts:
    """Facts about the single things of a graph."""

    def __init__(self, graph: Graph) -> None:
        self._entities = {row.e_id: row for row in graph.of("entity")}
        self._activities = {row.a_id: row for row in graph.of("activity")}
        self._agents = {row.ag_id: row for row in graph.of("agent")}
        self._runs = {row.r_activity_id: row for row in graph.of("run")}
        versions = {row.ad_id: row.ad_version for row in graph.of("activitydescription")}
        self._programs = {
            row.a_id: " ".join(filter(None, (row.a_name, versions.get(row.a_activitydescription_id))))
            for row in graph.of("activity")
        }
        self._roles: defaultdict[Key, set[str]] = defaultdict(set)
        self._runs_of: defaultdict[Key, set[str]] = defaultdict(set)
        self._made: dict[str, str] = {}
        for relation, subject, object_, role in graph.edges():
            for key, other in ((subject, object_), (object_, subject)):
                if role:
                    self._roles[key].add(role)
                if other.kind == "activity":
                    self._runs_of[key].add(other.id)
            if relation == "wasGeneratedBy":
                self._made[subject.id] = object_.id
        for id_ in self._activities:
            self._runs_of[Key("activity", id_)] = {id_}

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles of the graph."""
        return _few({role for roles in self._roles.values() for role in roles})

    @property
    def programs(self) -> tuple[str, ...]:
        """All programs, with their versions."""
        return _few(set(self._programs.values()))

    @property
    def statuses(self) -> tuple[str, ...]:
        """All statuses of runs."""
        return _few({row.r_status for row in self._runs.values() if row.r_status})

    def program(self, key: Key) -> str:
        """Return the program of a run, with its version."""
        return self._programs.get(key.id, "") if key.kind == "activity" else ""

    def status(self, key: Key) -> str:
        """Return the status of a run."""
        run = self._runs.get(key.id) if key.kind == "activity" else None
        return (run.r_status or "") if run else ""

    def is_made(self, key: Key) -> bool:
        """Return whether a run of the graph generated a thing."""
        return key.id in self._made

    def time(self, key: Key) -> datetime | None:
        """Return when a run started, or a file was completed."""
        if key.kind == "activity":
            return self._began(key.id)
        if key.kind == "agent":
            return None
        made = self._activities.get(self._made.get(key.id, ""))
        return self._entities[key.id].e_generatedattime or (made and (made.a_endtime or made.a_starttime))

    def _began(self, id_: str) -> datetime | None:
        time: datetime | None = self._activities[id_].a_starttime
        return time

    def fits(self, key: Key, filters: Filters) -> bool:
        """Return whether a thing matches the filters; a run matches together with its inputs and outputs."""
        if filters.role and filters.role not in self._roles[key]:
            return False
        if not filters.program and not filters.status:
            return True
        return any(
            (not filters.program or self._programs.get(run) == filters.program)
            and (not filters.status or self.status(Key("activity", run)) == filters.status)
            for run in self._runs_of[key]
        )

    def of(self, members: tuple[Key, ...], is_origin: bool) -> Iterator[tuple[str, str]]:
        """Yield the facts in the panel of a thing, or the times of a group."""
        if len(members) > 1:
            times = [time for key in members if (time := self.time(key)) is not None]
            if times:
                yield "First (UTC)", when(min(times))
                yield "Last (UTC)", when(max(times))
            return
        (key,) = members
        yield from {"entity": self._of_entity, "activity": self._of_run, "agent": self._of_agent}[key.kind](
            key
        )
        if is_origin:
            yield "Origin", "from outside"
        yield "Identifier", key.id

    def _of_entity(self, key: Key) -> Iterator[tuple[str, str]]:
        row = self._entities[key.id]
        if time := self.time(key):
            yield "Complete at (UTC)", when(time)
        if row.e_location:
            yield "Where", cut(row.e_location)

    def _of_run(self, key: Key) -> Iterator[tuple[str, str]]:
        run = self._runs.get(key.id)
        if began := self._began(key.id):
            yield "Began (UTC)", when(began)
        if run is not None:
            if run.r_duration is not None:
                yield "Took", duration(run.r_duration)
            if run.r_status:
                code = "" if run.r_exitcode is None else f" (exit code {run.r_exitcode})"
                yield "Ended", f"{run.r_status}{code}"
            if run.r_host:
                yield "Machine", cut(run.r_host)

    def _of_agent(self, key: Key) -> Iterator[tuple[str, str]]:
        row = self._agents[key.id]
        if row.ag_affiliation:
            yield "Affiliation", cut(row.ag_affiliation)


def _few(values: set[str]) -> tuple[str, ...]:
    return tuple(sorted(values)[:_MANY])


class Sketch:
    """The picture of one graph, with all data of its page.

    *opened* is the id of the first member of a group whose members are shown separately; *looks_back* is
    whether the graph contains ancestors.
    """

    def __init__(
        self,
        graph: Graph,
        by: str = "step",
        opened: str | None = None,
        filters: Filters = Filters(),
        looks_back: bool = True,
    ) -> None:
        self.picture = Picture(graph, opened=() if opened is None else (opened,))
        self._by = by
        self._looks_back = looks_back
        self._filters = filters
        self.facts = Facts(graph)

    @cached_property
    def layout(self) -> Layout:
        """The picture with coordinates. Raises: Busy, QueryTimeout, TooLarge."""
        return self._by_time if self._by == "time" else self._by_step

    @cached_property
    def _by_step(self) -> Layout:
        return best_placed(self.picture, *CANVAS)

    @cached_property
    def _by_time(self) -> Layout:
        times = {
            shape.name: min(known)
            for shape in self.picture.shapes
            if (known := [time for key in shape.members if (time := self.facts.time(key)) is not None])
        }
        return placed_by_time(self.picture, times)

    def matches(self, shape: Shape) -> bool:
        """Return whether one of the things of *shape* matches the filters."""
        return any(self.facts.fits(key, self._filters) for key in shape.members)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The shapes, ordered by distance."""
        return tuple(map(self._node, self.picture.shapes))

    @property
    def things(self) -> int:
        """The number of things in the picture."""
        return sum(len(shape.members) for shape in self.picture.shapes)

    @property
    def matching(self) -> int:
        """The number of shapes that match the filters."""
        return sum(node.matches for node in self.nodes)

    def _node(self, shape: Shape) -> Node:
        first, *others = shape.members
        is_first = first.kind == "entity" and not shape.truncated and not self.facts.is_made(first)
        return Node(
            shape=shape.name,
            id=f"{GROUP}{first.id}" if others else first.id,
            kind=shape.kind,
            name=shape.lines[0] if others else self.picture.labels.name(first),
            text="\n".join(shape.lines),
            program=self.facts.program(first),
            status=self.facts.status(first),
            facts=tuple(self.facts.of(shape.members, is_first and self._looks_back)),
            members=tuple(Member(key.id, self.picture.labels.name(key)) for key in shape.members),
            here=shape.root,
            bad=bool(shape.failed),
            more=shape.truncated,
            matches=self.matches(shape),
            fits=len(self.picture.shapes) + len(shape.members) - 1 <= DRAWN,
        )

    def as_graph(self) -> dict[str, Any]:
        """Return the data of the interactive graph. Raises: Busy, QueryTimeout, TooLarge."""
        ids = {node.shape: node.id for node in self.nodes}
        return {
            "all": self.things,
            "captions": self.picture.captions,
            "states": {
                "": {
                    "nodes": [self._placed(node) for node in self.nodes],
                    "edges": [
                        [ids[arrow.subject], ids[arrow.object], arrow.label, arrow.count, arrow.to_agent]
                        for arrow in self.picture.arrows
                    ],
                    "ticks": self._by_time.ticks,
                }
            },
            "members": {
                node.id: [asdict(member) for member in node.members]
                for node in self.nodes
                if len(node.members) > 1
            },
        }

    def _placed(self, node: Node) -> dict[str, Any]:
        step, time = self._by_step.boxes[node.shape], self._by_time.boxes[node.shape]
        told = {each: getattr(node, each) for each in _TOLD}
        places = {"w": step.width, "h": step.height, "x": step.x, "y": step.y, "tx": time.x, "ty": time.y}
        return told | places | ({"count": len(node.members)} if len(node.members) > 1 else {})
