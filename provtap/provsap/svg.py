"""A picture with coordinates as SVG: shapes have classes, coloured by a style sheet (light, dark, print).

The site embeds it in pages. ProvSAP sends it as a separate document with its own style.
"""

from collections.abc import Callable, Container, Iterator
from html import escape
from math import hypot

from provtap.provsap.dot import Link
from provtap.provsap.naming import legal
from provtap.provsap.picture import Arrow, Shape
from provtap.provsap.place import LINE, Box, Curve, Layout, Point

Matches = Callable[[Shape], bool]
"""Returns whether a shape matches the filters; others are dimmed."""
Unfold = Callable[[Shape], str | None]
"""Returns the link of a shape of several things, if any."""
_LONG = 900  # pixels: a wider picture scrolls on a narrow screen
_STYLE = """\
svg { background: #fff }
text { font: 13px Helvetica, Arial, sans-serif; text-anchor: middle; fill: #222 }
.n .sub, .n-configuration text, .n-attributes text { font-size: 11px }
.n .shape { stroke: #333; stroke-width: 1 }
.n-entity .shape { fill: #fffc87 } .n-activity .shape { fill: #9fb1fc } .n-agent .shape { fill: #fed37f }
.n-configuration .shape { fill: #cde8b5 } .n-attributes .shape { fill: #f4f4f4; stroke: #999 }
.n-attributes text { text-anchor: start }
.n.here .shape { stroke-width: 3 } .n.here text { font-weight: bold }
.n.bad .shape { stroke: #c00000; stroke-width: 2 } .n.bad text { fill: #a00000 }
.n.more .shape { stroke-dasharray: 5 3 }
.dim { opacity: .25 }
.e path { fill: none; stroke: #555; stroke-width: 1 } .e polygon { fill: #555 }
.e text { font-size: 11px; fill: #333; stroke: #fff; stroke-width: 4px; paint-order: stroke }
.to-agent path { stroke: #c98f2b } .to-agent polygon { fill: #c98f2b } .to-agent text { fill: #8a5f14 }
.ticks line { stroke: #ccc; stroke-dasharray: 3 4 } .ticks text { font-size: 11px; fill: #666 }
.dashed path { stroke-dasharray: 5 3 } .tie path { stroke-dasharray: 1 3 }
"""


def svg(
    layout: Layout,
    link: Link,
    title: str,
    matches: Matches = lambda shape: True,
    unfold: Unfold = lambda shape: None,
) -> str:
    """Return the picture for a page, with links from *link* for single things and from *unfold* for groups.

    Shapes that do not match are dimmed, with their arrows.
    """
    return "".join(_parts(layout, link, title, matches, unfold))


def svg_document(layout: Layout, link: Link, title: str, matches: Matches = lambda shape: True) -> bytes:
    """Return the picture as a separate document."""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    style = f"<style>\n{_STYLE}</style>\n"
    picture = "".join(_parts(layout, link, title, matches, lambda shape: None, style))
    return f"{head}{picture}\n".encode()


def _parts(
    layout: Layout, link: Link, title: str, matches: Matches, unfold: Unfold, style: str = ""
) -> Iterator[str]:
    picture = layout.picture
    captions = [_text(f"{caption}.") for caption in picture.captions]
    top = (LINE + 4) * len(captions) if style else 0  # a page writes them outside
    width, height = round(layout.width), round(layout.height + top)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{"long" if width > _LONG else "picture"}"'
        f' width="{width}" height="{height}" viewBox="0 {-top:g} {width} {height}"'
        f' role="group" aria-label="{_text(title)}">\n{style}'
    )
    if style:
        for number, caption in enumerate(captions):
            yield f'<text x="{width / 2:g}" y="{number * (LINE + 4) + 16 - top:g}">{caption}</text>\n'
    if layout.ticks:
        yield f'<g class="ticks">{"".join(_ticks(layout))}</g>\n'
    yield '<g aria-hidden="true">\n'
    ties = [None] * len(picture.notes)
    dim = {shape.name for shape in picture.shapes if not matches(shape)}
    for arrow, curve in zip((*picture.arrows, *ties), layout.curves, strict=True):
        if curve is not None:
            yield _arrow(arrow, curve, dim)
    yield "</g>\n"
    for shape in picture.shapes:
        to = link(shape.members[0]) if len(shape.members) == 1 else unfold(shape)
        yield _node(shape, layout.boxes[shape.name], to, shape.name in dim)
    for note in picture.notes:
        yield _node(note, layout.boxes[note.name], None, note.beside in dim)
    yield "</svg>"


def _ticks(layout: Layout) -> Iterator[str]:
    """Yield a line for each time, and the time if there is room for it."""
    end = 0.0
    for x, text in layout.ticks:
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="22" y2="{layout.height:.1f}"/>'
        if x >= end:
            yield f'<text x="{x:.1f}" y="15">{_text(text)}</text>'
            end = x + 84


def _arrow(arrow: Arrow | None, curve: Curve, dim: Container[str]) -> str:
    (x, y), *rest = curve.points
    parts = [f'<path d="M{x},{y}C{" ".join(f"{a},{b}" for a, b in rest)}"/>']
    if arrow is None:
        return f'<g class="e tie">{parts[0]}</g>\n'
    if curve.tip is not None:
        parts.append(f'<polygon points="{_tip(curve.points[-1], curve.tip)}"/>')
    if curve.label is not None:
        parts.append(f'<text x="{curve.label[0]}" y="{curve.label[1] + 3.5:.1f}">{_text(arrow.label)}</text>')
    off = arrow.subject in dim or arrow.object in dim
    marks = {"dashed": arrow.dashed, "to-agent": arrow.to_agent, "dim": off}
    names = " ".join(["e", *(name for name, holds in marks.items() if holds)])
    return f'<g class="{names}"><title>{_text(arrow.tooltip)}</title>{"".join(parts)}</g>\n'


def _tip(end: Point, tip: Point) -> str:
    """Return the corners of the head of an arrow that reaches from *end* to *tip*."""
    length = hypot(tip[0] - end[0], tip[1] - end[1]) or 1
    x, y = (tip[0] - end[0]) / length, (tip[1] - end[1]) / length
    back = tip[0] - 9 * x, tip[1] - 9 * y
    corners = (tip, (back[0] - 3.6 * y, back[1] + 3.6 * x), (back[0] + 3.6 * y, back[1] - 3.6 * x))
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)


def _node(shape: Shape, box: Box, to: str | None, dim: bool) -> str:
    marks = {"here": shape.root, "bad": shape.failed, "more": shape.truncated, "dim": dim}
    names = " ".join(["n", f"n-{shape.kind}", *(name for name, holds in marks.items() if holds)])
    many = len(shape.members) > 1
    parts = [f"<title>{_text(shape.tooltip)}</title>"] if shape.tooltip else []
    if many:
        parts.append(_form(shape.kind, box, 5, "shape back"))
    parts.append(_form(shape.kind, box, 0, "shape"))
    parts += _lines(shape, box)
    group = f'<g class="{names}">{"".join(parts)}</g>'
    return f"{group}\n" if to is None else f'<a href="{_text(to)}" target="_top">{group}</a>\n'


def _form(kind: str, box: Box, off: float, name: str) -> str:
    x, y = box.x + off, box.y + off
    left, right, top, bottom = (
        x - box.width / 2,
        x + box.width / 2,
        y - box.height / 2,
        y + box.height / 2,
    )
    if kind == "entity":
        radii = f'rx="{box.width / 2:.1f}" ry="{box.height / 2:.1f}"'
        return f'<ellipse class="{name}" cx="{x:.1f}" cy="{y:.1f}" {radii}/>'
    if kind == "agent":
        corners = ((left, top + 10), (x, top - 4), (right, top + 10), (right, bottom), (left, bottom))
        return f'<polygon class="{name}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}"/>'
    size = f'width="{box.width:.1f}" height="{box.height:.1f}"'
    return f'<rect class="{name}" x="{left:.1f}" y="{top:.1f}" {size} rx="3"/>'


def _lines(shape: Shape, box: Box) -> Iterator[str]:
    """Yield the text of a shape; for things, lines after the first are small."""
    note = shape.beside is not None
    x = box.x - box.width / 2 + 10 if shape.kind == "attributes" else box.x
    first = box.y - LINE * (len(shape.lines) - 1) / 2 + 4.5 + (3 if shape.kind == "agent" else 0)
    for number, line in enumerate(shape.lines):
        sub = ' class="sub"' if number and not note else ""
        yield f'<text{sub} x="{x:.1f}" y="{first + LINE * number:.1f}">{_text(line)}</text>'


def _text(text: str) -> str:
    return escape(str(legal(text)))
