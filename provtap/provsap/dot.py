"""A picture in Graphviz's language: PROV's shapes and colours.

Entities are yellow ellipses, activities blue boxes, agents orange houses (W3C PROV graph layout conventions),
and configuration is green. Arrows point back in time as in PROV, so time runs from left to right unless
another direction is requested.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

from provtap.provsap.graph import Key
from provtap.provsap.naming import legal
from provtap.provsap.picture import Arrow, Picture, Shape

Link = Callable[[Key], str]
"""Returns the link of a thing."""
_HEAD = """\
digraph provenance {{
  graph [rankdir={gd}, ranksep=0.55, nodesep=0.18, bgcolor=white, fontname="Helvetica", fontsize=11, pad=0.15]
  node [fontname="Helvetica", fontsize=11, style=filled, penwidth=0.8, color="#333333", margin="0.12,0.06"]
  edge [fontname="Helvetica", fontsize=9, arrowsize=0.65, penwidth=0.8, color="#555555", fontcolor="#333333"]
"""
_NOTE = {"shape": "note", "fontsize": "9", "height": "0.3", "margin": "0.1,0.04"}
_SHAPES = {
    "entity": {"shape": "ellipse", "fillcolor": "#FFFC87", "margin": "0.02,0.02"},
    "activity": {"shape": "box", "fillcolor": "#9FB1FC"},
    "agent": {"shape": "house", "fillcolor": "#FED37F"},
    "configuration": _NOTE | {"fillcolor": "#CDE8B5"},
    "attributes": _NOTE | {"fillcolor": "#F4F4F4", "color": "#999999"},
}
_FAILED = {"color": "#C00000", "fontcolor": "#A00000", "penwidth": "2"}
_TO_AGENT = {"color": "#C98F2B", "fontcolor": "#8A5F14"}


def dot_lines(picture: Picture, gd: str, link: Link) -> Iterator[str]:
    """Yield the lines of *picture*, with arrows in the direction *gd* (RL, LR, BT, TB)."""
    yield _HEAD.format(gd=gd)
    if picture.captions:
        yield f"  graph [label={quoted('. '.join(picture.captions))}, labelloc=t]"
    for shape in picture.shapes:
        yield f"  {shape.name} [{_attributes(_looks(shape, link))}]"
    for place, notes in groupby(picture.notes, lambda note: note.beside):
        yield from _beside(str(place), notes)
    for arrow in picture.arrows:
        yield f"  {arrow.subject} -> {arrow.object} [{_attributes(_arrow_looks(arrow))}]"
    yield "}"


def _looks(shape: Shape, link: Link) -> dict[str, str]:
    """Return the attributes of a node; a folded node is a stack without a link."""
    looks = _SHAPES[shape.kind] | {"tooltip": shape.tooltip, "label": "\n".join(shape.lines)}
    if shape.truncated:
        looks |= {"style": "filled,dashed", "penwidth": "1.4"}
    if shape.failed:
        looks |= _FAILED
    if shape.root:
        looks |= {"penwidth": "3"}
    if len(shape.members) > 1:
        return looks | {"peripheries": "2"}
    return looks | {"URL": link(shape.members[0]), "target": "_top"}


def _beside(name: str, notes: Iterator[Shape]) -> Iterator[str]:
    for note in notes:
        looks = _attributes(_SHAPES[note.kind] | {"tooltip": note.tooltip})
        yield f"  {note.name} [{looks}, label={_left(note.lines)}]"
        yield f"  {{rank=same {name} {note.name}}}"
        yield f'  {name} -> {note.name} [style=dotted, arrowhead=none, tooltip=""]'


def _arrow_looks(arrow: Arrow) -> dict[str, str]:
    looks = {"label": arrow.label, "tooltip": arrow.tooltip}
    if arrow.dashed:
        looks["style"] = "dashed"
    return looks | _TO_AGENT if arrow.to_agent else looks


def _attributes(attributes: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={quoted(value)}" for name, value in attributes.items())


def _left(lines: tuple[str, ...]) -> str:
    """Return *lines* as a label of DOT; several lines are aligned to the left."""
    if len(lines) == 1:
        return quoted(lines[0])
    return '"' + "".join(f"{quoted(line)[1:-1]}\\l" for line in lines) + '"'


def quoted(text: str) -> str:
    """Return *text* as a string of DOT, with escaped backslashes and ampersands."""
    for character, escape in (
        ("&", "&amp;"),
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("\n", "\\n"),
        ("\r", ""),
        ("\t", " "),
    ):
        text = text.replace(character, escape)
    return f'"{legal(text)}"'
