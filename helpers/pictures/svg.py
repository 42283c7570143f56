"""SVG as text: a handful of plain functions. Every text and attribute is escaped, nothing needs an id."""

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape

from ..notation import PAPER, TEXT
from .picture import Picture

FONT = "system-ui, Segoe UI, DejaVu Sans, sans-serif"


def tag(name: str, *children: str, **attributes: object) -> str:
    """One element; `_` in an attribute's name stands for `-`, None leaves the attribute out.

    >>> tag("rect", x=1.25, stroke_width=2, rx=None)
    "<rect x='1.2' stroke-width='2'/>"
    """
    # Single quotes: on its way to the page a picture is a string in JSON, where each double one takes two characters.
    parts = [f" {key.replace('_', '-')}='{_attribute_value(value)}'" for key, value in attributes.items() if value is not None]
    inside = "".join(children)
    return f"<{name}{''.join(parts)}>{inside}</{name}>" if inside else f"<{name}{''.join(parts)}/>"


def _attribute_value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value) if isinstance(value, int) else escape_text(value)


@lru_cache(1024)  # a picture says the same few colours and widths hundreds of times
def escape_text(words: object) -> str:
    """Any text, escaped; a character that XML does not allow becomes a question mark in a diamond.

    >>> escape_text("<b>"), escape_text(chr(0)) == chr(0xFFFD)
    ('&lt;b&gt;', True)
    """
    text = str(words)
    return escape(text) if text.isprintable() else escape(_FORBIDDEN.sub("\ufffd", text))


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@lru_cache(1024)
def text(x: float, y: float, words: str, *, size: int = 12, fill: str = TEXT, **attributes: object) -> str:
    """A line of text, escaped.

    >>> text(0, 0, "<b>")
    "<text x='0' y='0' font-size='12' fill='#222222'>&lt;b&gt;</text>"
    """
    return tag("text", escape_text(words), x=x, y=y, font_size=size, fill=fill, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 2, head: bool = True) -> str:
    """A straight edge, with a small arrow head drawn as a shape of its own: a marker would need an id.

    >>> line(0, 0, 10, 0, "#000000", head=False)
    "<path d='M0 0L10 0' stroke='#000000' stroke-width='2' fill='none'/>"
    """
    return lines([(x1, y1, x2, y2)], colour, width, head)


def lines(ends: Iterable[tuple[float, ...]], colour: str, width: float = 2, head: bool = True) -> str:
    """Edges that look alike, each (x1, y1, x2, y2): one path for all of them and one for their heads.

    >>> lines([(0, 0, 9, 0), (0, 5, 9, 5)], "#000000", head=False)
    "<path d='M0 0L9 0M0 5L9 5' stroke='#000000' stroke-width='2' fill='none'/>"
    """
    return _edge_paths(tuple(ends), colour, width, head)


@lru_cache(64)  # so do most edges
def _edge_paths(ends: tuple[tuple[float, ...], ...], colour: str, width: float, head: bool) -> str:
    shafts = "".join(f"M{x1:g} {y1:g}L{x2:g} {y2:g}" for x1, y1, x2, y2 in ends)
    edges = tag("path", d=shafts, stroke=colour, stroke_width=width, fill="none")
    return edges + tag("path", d="".join(_arrow_head(*edge, 3 + width) for edge in ends), fill=colour) if head else edges


def _arrow_head(x1: float, y1: float, x2: float, y2: float, size: float) -> str:
    length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1e-9)
    dx, dy = (x2 - x1) / length * size, (y2 - y1) / length * size
    bx, by, w = x2 - dx, y2 - dy, 0.55
    return f"M{x2:g} {y2:g}L{bx - dy * w:.1f} {by + dx * w:.1f}L{bx + dy * w:.1f} {by - dx * w:.1f}Z"


class StyleGroup:
    """Elements that look alike, together in one `g` that says the look once: a page has less to read.

    >>> alike = StyleGroup()
    >>> for r in (1, 2):
    ...     alike.add(tag("circle", r=r), fill="#FFFFFF")
    >>> alike.render()
    "<g fill='#FFFFFF'><circle r='1'/><circle r='2'/></g>"
    """

    def __init__(self) -> None:
        self.groups: dict[tuple, list[str]] = {}  # by their look

    def add(self, element: str, **look: object) -> None:
        self.groups.setdefault(tuple(look.items()), []).append(element)

    def text(self, x: float, y: float, words: object, *, size: int = 12, fill: str = TEXT, **look: object) -> None:
        """Add a line of text, as `text` writes it."""
        self.add(_text_at(x, y, escape_text(words)), font_size=size, fill=fill, **look)

    def render(self) -> str:
        return "".join(tag("g", *elements, **dict(look)) for look, elements in self.groups.items())


@lru_cache(1024)  # most labels of a picture stand where they stood before the last move
def _text_at(x: float, y: float, words: str) -> str:
    return tag("text", words, x=x, y=y)


def svg_picture(width: float, height: float, parts: Iterable[str], alt: str) -> Picture:
    """The finished drawing, on white paper so that it reads the same on a light and on a dark page.

    >>> svg_picture(10, 20, [], alt="nothing").width
    10
    """
    width, height = round(width), round(height)
    paper = tag("rect", width=width, height=height, fill=PAPER, rx=6)
    attributes = dict(xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}", width=width, height=height)
    drawing = tag("svg", paper, *parts, **attributes, role="img", aria_label=alt, font_family=FONT)
    return Picture(drawing, alt, width)


def batch_card_offsets(N: int) -> list[tuple[int, int]]:
    """Where the batch stands behind the front card, the last card first: up to two more, up and to the right.

    >>> batch_card_offsets(1), batch_card_offsets(9)
    ([], [(8, -8), (4, -4)])
    """
    return [(4 * k, -4 * k) for k in range(min(N - 1, 2), 0, -1)]


@lru_cache(512)  # outlines, too, mostly stand where they stood
def outline(mark: str, cx: float, cy: float, r: float) -> str:
    """A circle (of a state) or a rounded square (of an input), `%s` where its title goes.

    >>> outline("circle", 20, 20, 10)
    "<circle cx='20' cy='20' r='10'>%s</circle>"
    """
    if mark == "circle":
        return tag("circle", "%s", cx=cx, cy=cy, r=r)
    return tag("rect", "%s", x=cx - r, y=cy - r, width=2 * r, height=2 * r, rx=7)


def empty_node(cx: float, cy: float, r: float) -> str:
    """A state that is not computed yet: a grey, empty circle.

    >>> empty_node(20, 20, 10).count("<circle")
    1
    """
    return tag("circle", cx=cx, cy=cy, r=r, fill=PAPER, stroke="#BBBBBB", stroke_width=1.5, stroke_dasharray="3 3")
