"""SVG as text, made by a few functions. Every text and attribute is escaped, and no element needs an id."""

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape

from ..colours import PAPER, TEXT
from .picture import Picture

FONT = "system-ui, Segoe UI, DejaVu Sans, sans-serif"
Ends = tuple[float, float, float, float]  # of an edge: x1, y1, x2, y2


def tag(name: str, *children: str, **attributes: object) -> str:
    """One element. `_` in the name of an attribute is written as `-`, and an attribute that is None is left out.

    >>> tag("rect", x=1.25, stroke_width=2, rx=None)
    "<rect x='1.2' stroke-width='2'/>"
    """
    # Single quotes: a picture is sent to the page as a string in JSON, where a double quote takes two characters.
    parts = [f" {key.replace('_', '-')}='{_attribute_value(value)}'" for key, value in attributes.items() if value is not None]
    inside = "".join(children)
    return f"<{name}{''.join(parts)}>{inside}</{name}>" if inside else f"<{name}{''.join(parts)}/>"


def _attribute_value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value) if isinstance(value, int) else escape_text(value)


@lru_cache(1024)  # a picture repeats the same few colours and widths hundreds of times
def escape_text(words: object) -> str:
    """Any text, escaped. A character that XML does not allow becomes the replacement character, U+FFFD.

    >>> escape_text("<b>"), escape_text(chr(0)) == chr(0xFFFD)
    ('&lt;b&gt;', True)
    """
    text = str(words)
    return escape(text) if text.isprintable() else escape(_FORBIDDEN.sub("\ufffd", text))


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@lru_cache(1024)
def text(x: float, y: float, words: object, *, size: int = 12, fill: str = TEXT, **attributes: object) -> str:
    """A line of text, escaped.

    >>> text(0, 0, "<b>")
    "<text x='0' y='0' font-size='12' fill='#222222'>&lt;b&gt;</text>"
    """
    return tag("text", escape_text(words), x=x, y=y, font_size=size, fill=fill, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 2, head: bool = True) -> str:
    """A straight edge with a small arrow head. The head is a path of its own, because an SVG marker would need an id.

    >>> line(0, 0, 10, 0, "#000000", head=False)
    "<path d='M0 0L10 0' stroke='#000000' stroke-width='2' fill='none'/>"
    """
    return lines([(x1, y1, x2, y2)], colour, width, head)


def lines(ends: Iterable[Ends], colour: str, width: float = 2, head: bool = True) -> str:
    """Edges of one style, each (x1, y1, x2, y2), as one path, and their heads as another.

    >>> lines([(0, 0, 9, 0), (0, 5, 9, 5)], "#000000", head=False)
    "<path d='M0 0L9 0M0 5L9 5' stroke='#000000' stroke-width='2' fill='none'/>"
    """
    return _edge_paths(tuple(ends), colour, width, head)


@lru_cache(64)  # most edges of a picture are those of the picture before
def _edge_paths(ends: tuple[Ends, ...], colour: str, width: float, head: bool) -> str:
    shafts = "".join(f"M{x1:g} {y1:g}L{x2:g} {y2:g}" for x1, y1, x2, y2 in ends)
    edges = tag("path", d=shafts, stroke=colour, stroke_width=width, fill="none")
    return edges + tag("path", d="".join(_arrow_head(*edge, 3 + width) for edge in ends), fill=colour) if head else edges


def _arrow_head(x1: float, y1: float, x2: float, y2: float, size: float) -> str:
    length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1e-9)
    dx, dy = (x2 - x1) / length * size, (y2 - y1) / length * size
    bx, by, w = x2 - dx, y2 - dy, 0.55
    return f"M{x2:g} {y2:g}L{bx - dy * w:.1f} {by + dx * w:.1f}L{bx + dy * w:.1f} {by - dx * w:.1f}Z"


class StyleGroup:
    """Elements, grouped by their style in a `g` for each, so that the page has less text to read.

    >>> group = StyleGroup()
    >>> for r in (1, 2):
    ...     group.add(tag("circle", r=r), fill="#FFFFFF")
    >>> group.render()
    "<g fill='#FFFFFF'><circle r='1'/><circle r='2'/></g>"
    """

    def __init__(self) -> None:
        self.groups: dict[tuple[tuple[str, object], ...], list[str]] = {}  # the elements, by their style

    def add(self, element: str, **style: object) -> None:
        self.groups.setdefault(tuple(style.items()), []).append(element)

    def text(self, x: float, y: float, words: object, *, size: int = 12, fill: str = TEXT, **style: object) -> None:
        """Add a line of text, as `text` writes it."""
        self.add(_text_at(x, y, escape_text(words)), font_size=size, fill=fill, **style)

    def render(self) -> str:
        return "".join(tag("g", *elements, **dict(style)) for style, elements in self.groups.items())


@lru_cache(1024)  # most labels of a picture are where they were before the last move
def _text_at(x: float, y: float, words: str) -> str:
    return tag("text", words, x=x, y=y)


def svg_picture(width: float, height: float, parts: Iterable[str], alt: str) -> Picture:
    """The complete drawing, on paper of its own, so that it can be read on any page; explorers turn it dark on a dark one.

    >>> svg_picture(10, 20, [], alt="nothing").width
    10
    """
    width, height = round(width), round(height)
    paper = tag("rect", width=width, height=height, fill=PAPER, rx=6)
    attributes = dict(xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}", width=width, height=height)
    drawing = tag("svg", paper, *parts, **attributes, role="img", aria_label=alt, font_family=FONT)
    return Picture(drawing, alt, width, height)


def batch_card_offsets(N: int) -> list[tuple[int, int]]:
    """The offsets (dx, dy) of up to two more cards that are drawn for a batch behind the front one, the last card first.

    >>> batch_card_offsets(1), batch_card_offsets(9)
    ([], [(8, -8), (4, -4)])
    """
    return [(4 * k, -4 * k) for k in range(min(N - 1, 2), 0, -1)]


@lru_cache(512)  # most outlines are where they were, too
def outline(mark: str, cx: float, cy: float, r: float) -> str:
    """A circle (for a state) or a rounded square (for an input), with `%s` in the place of its title.

    >>> outline("circle", 20, 20, 10)
    "<circle cx='20' cy='20' r='10'>%s</circle>"
    """
    if mark == "circle":
        return tag("circle", "%s", cx=cx, cy=cy, r=r)
    return tag("rect", "%s", x=cx - r, y=cy - r, width=2 * r, height=2 * r, rx=7)


def empty_node(cx: float, cy: float, r: float, mark: str = "circle") -> str:
    """A state that is not computed yet, or a state or an input that does not matter here: a grey, empty outline.

    >>> empty_node(20, 20, 10).count("<circle")
    1
    """
    style = dict(fill=PAPER, stroke="#BBBBBB", stroke_width=1.5, stroke_dasharray="3 3")
    if mark == "circle":
        return tag("circle", cx=cx, cy=cy, r=r, **style)
    return tag("rect", x=cx - r, y=cy - r, width=2 * r, height=2 * r, rx=7, **style)
