"""A picture laid out by time: a column for each recorded time, from the earliest at the left.

Gaps between columns do not show durations. A thing without a time is to the left of the things that used it.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from math import hypot
from typing import NamedTuple

from provtap.provsap.picture import Arrow, Picture
from provtap.provsap.place import Box, Curve, Layout, Point, size

_COLUMN, _ROW, _GAP = 110.0, 54.0, 24.0
_TOP = 34.0
"""Room for the times."""
_MARGIN = 8.0
_HEAD = 9.0  # length of the head of an arrow


class _Column(NamedTuple):
    """The shapes at this time, after those that are only not later."""

    time: datetime
    is_own: bool


def placed_by_time(picture: Picture, times: Mapping[str, datetime]) -> Layout:
    """Return *picture* with coordinates; *times* are the times of shapes, by name."""
    columns = _columns(picture, times)
    numbers = {column: number for number, column in enumerate(sorted(set(columns.values())))}
    ends: list[float] = []  # of each row
    boxes: dict[str, Box] = {}
    first = max((size(shape)[0] for shape in picture.shapes), default=0) / 2 + _MARGIN
    for shape in sorted(picture.shapes, key=lambda shape: numbers[columns[shape.name]]):
        width, height = size(shape)
        x = first + numbers[columns[shape.name]] * _COLUMN
        row = next((row for row, end in enumerate(ends) if end + _GAP < x - width / 2), len(ends))
        ends[row : row + 1] = [x + width / 2]
        boxes[shape.name] = Box(round(x, 1), _TOP + row * _ROW + _ROW / 2, width, height)
    kinds = {shape.name: shape.kind for shape in picture.shapes}
    curves = tuple(_straight(arrow, boxes, kinds) for arrow in picture.arrows)
    ticks = tuple(
        (first + number * _COLUMN, f"{column.time.day} {column.time:%b %H:%M}")
        for column, number in numbers.items()
        if column.is_own
    )
    nothing = (None,) * len(picture.notes)
    boxes |= {note.name: Box(-1000, -1000, 0, 0) for note in picture.notes}
    return Layout(
        picture, max(ends, default=0) + _MARGIN, _TOP + len(ends) * _ROW, boxes, curves + nothing, ticks
    )


def _columns(picture: Picture, times: Mapping[str, datetime]) -> dict[str, _Column]:
    """Return the column of each shape; if there are no times, there is one column."""
    columns = {name: _Column(time, True) for name, time in times.items()}
    users: defaultdict[str, set[str]] = defaultdict(set)
    makers: defaultdict[str, set[str]] = defaultdict(set)
    for arrow in picture.arrows:
        users[arrow.object].add(arrow.subject)
        makers[arrow.subject].add(arrow.object)
    unknown = [shape.name for shape in picture.shapes if shape.name not in columns]
    for near, choose in ((users, min), (makers, max)):
        progress = True
        while unknown and progress:
            found = {
                name: _Column(choose(columns[other] for other in near[name] if other in columns).time, False)
                for name in unknown
                if not near[name].isdisjoint(columns)
            }
            columns |= found
            unknown = [name for name in unknown if name not in columns]
            progress = bool(found)
    earliest = min(columns.values(), default=_Column(datetime.min, False)).time
    return columns | dict.fromkeys(unknown, _Column(earliest, False))


def _straight(arrow: Arrow, boxes: Mapping[str, Box], kinds: Mapping[str, str]) -> Curve | None:
    """Return a line from border to border."""
    here, there = boxes[arrow.subject], boxes[arrow.object]
    length = hypot(there.x - here.x, there.y - here.y)
    if not length:
        return None
    x, y = (there.x - here.x) / length, (there.y - here.y) / length
    begin = _reach(here, kinds[arrow.subject], x, y)
    end = max(length - _reach(there, kinds[arrow.object], x, y), begin + _HEAD + 1)

    def at(distance: float) -> Point:
        return round(here.x + x * distance, 1), round(here.y + y * distance, 1)

    third = (end - _HEAD - begin) / 3
    return Curve(tuple(at(begin + n * third) for n in range(4)), at(end), None)


def _reach(box: Box, kind: str, x: float, y: float) -> float:
    """Return the distance from the centre of *box* to its border in a direction."""
    if kind == "entity":
        return 1 / hypot(2 * x / box.width, 2 * y / box.height)
    return min(box.width / 2 / abs(x) if x else 1e9, box.height / 2 / abs(y) if y else 1e9)
