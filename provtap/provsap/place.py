"""The coordinates of the nodes and arrows of a picture: Graphviz places shapes with sizes computed here.

Sizes do not depend on the fonts of this machine, so that pictures are the same everywhere.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from provtap.provsap.dot import quoted
from provtap.provsap.picture import Picture, Shape
from provtap.provsap.render import render

Point = tuple[float, float]
LINE = 15.0
"""Height of a line of text, in CSS pixels."""
_WIDTHS = {"configuration": 5.6, "attributes": 5.6}  # of a character
_WIDTH = 6.9
_MARGIN = 8.0
_UNIT = 72.0  # pixels in an inch, the unit of sizes in Graphviz


@dataclass(frozen=True)
class Box:
    """The centre and size of a shape."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Curve:
    """The path of an arrow: points of a Bézier curve, its tip, and the middle of its label."""

    points: tuple[Point, ...]
    tip: Point | None
    label: Point | None


@dataclass(frozen=True)
class Layout:
    """A picture with coordinates."""

    picture: Picture
    width: float
    height: float
    boxes: Mapping[str, Box]
    """By the name of the shape."""
    curves: tuple[Curve | None, ...]
    """The curves of the arrows, in order, then those of the notes."""
    ticks: tuple[tuple[float, str], ...] = ()
    """The coordinates of times, for a picture laid out by time."""


def place(picture: Picture, gd: str) -> Layout:
    """Return *picture* with coordinates, with arrows in the direction *gd* (RL, LR, BT, TB).

    Raises: Busy, QueryTimeout, TooLarge.
    """
    sizes = {shape.name: size(shape) for shape in (*picture.shapes, *picture.notes)}
    laid_out = json.loads(render("\n".join(_lines(picture, gd, sizes)), "json"))
    _, _, width, height = map(float, laid_out["bb"].split(","))
    turned = _Turned(height + _MARGIN)
    boxes = {
        found["name"]: Box(*turned(found["pos"]), *sizes[found["name"]])
        for found in laid_out.get("objects", ())
        if found["name"] in sizes
    }
    curves: list[Curve | None] = [None] * (len(picture.arrows) + len(picture.notes))
    for edge in laid_out.get("edges", ()):
        curves[int(edge["id"])] = turned.curve(edge)
    return Layout(picture, width + 2 * _MARGIN, height + 2 * _MARGIN, boxes, tuple(curves))


def best_placed(picture: Picture, width: float, height: float) -> Layout:
    """Return *picture* laid out to the left or upwards, whichever has the larger scale on this canvas."""
    layouts = [place(picture, gd) for gd in ("RL", "BT")]
    return max(layouts, key=lambda layout: min(width / layout.width, height / layout.height, 1))


def size(shape: Shape) -> tuple[float, float]:
    """Return the width and height of a shape with room for its text."""
    wide = max((sum(map(_columns, line)) for line in shape.lines), default=0)
    width = wide * _WIDTHS.get(shape.kind, _WIDTH)
    height = LINE * max(len(shape.lines), 1)
    match shape.kind:
        case "entity":
            return width * 1.06 + 34, height + (18 if len(shape.lines) > 1 else 25)
        case "agent":
            return width + 30, height + 24
        case "activity":
            return width + 26, height + (14 if len(shape.lines) > 1 else 22)
    return width + 20, height + 8


def _columns(character: str) -> float:
    return 1.7 if east_asian_width(character) in {"W", "F"} else 1


def _lines(picture: Picture, gd: str, sizes: Mapping[str, Point]) -> Iterator[str]:
    yield f"digraph {{ graph [rankdir={gd}, nodesep=0.22, ranksep=0.55, splines=spline]"
    yield 'node [fixedsize=true, label=""] edge [fontname="Helvetica", fontsize=11]'
    for shape in (*picture.shapes, *picture.notes):
        width, height = (length / _UNIT for length in sizes[shape.name])
        form = "ellipse" if shape.kind == "entity" else "box"
        yield f"{shape.name} [shape={form}, width={width:.3f}, height={height:.3f}]"
    for number, arrow in enumerate(picture.arrows):
        label = f", label={quoted(f' {arrow.label} ')}" if arrow.label else ""
        yield f"{arrow.subject} -> {arrow.object} [id={number}{label}]"
    for number, note in enumerate(picture.notes, len(picture.arrows)):
        yield f"{{rank=same {note.beside} {note.name}}}"
        yield f"{note.beside} -> {note.name} [id={number}, arrowhead=none]"
    yield "}"


class _Turned:
    """Converts Graphviz's coordinates, which increase upwards, to those of SVG."""

    def __init__(self, height: float) -> None:
        self._height = height

    def __call__(self, text: str) -> Point:
        x, y = map(float, text.split(","))
        return round(x + _MARGIN, 1), round(self._height - y, 1)

    def curve(self, edge: Mapping[str, Any]) -> Curve | None:
        """Return the curve of an edge from Graphviz's form `e,tip point point …` (3 n + 1 points)."""
        if "pos" not in edge:
            return None
        words = edge["pos"].split(";")[0].split()
        tips = [word[2:] for word in words if word.startswith("e,")]
        points = tuple(self(word) for word in words if word[:2] not in {"e,", "s,"})
        label = self(edge["lp"]) if "lp" in edge else None
        return Curve(points, self(tips[0]) if tips else None, label)
