"""SVG as text: a handful of plain functions. Every text and attribute is escaped, nothing needs an id."""

import re
import reprlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape

import numpy as np

from ..notation import PAPER, QUIET, TEXT, H, Role, text_on, value_colour
from .picture import Picture

MOST_CELLS = 8  # in the column of a state
FONT = "system-ui, Segoe UI, DejaVu Sans, sans-serif"


def tag(name: str, *children: str, **attributes: object) -> str:
    """One element; `_` in an attribute's name stands for `-`, None leaves the attribute out.

    >>> tag("rect", x=1.25, stroke_width=2, rx=None)
    "<rect x='1.2' stroke-width='2'/>"
    """
    # Single quotes: on its way to the page a picture is a string in JSON, where each double one takes two characters.
    parts = [f" {key.replace('_', '-')}='{_number(value)}'" for key, value in attributes.items() if value is not None]
    inside = "".join(children)
    return f"<{name}{''.join(parts)}>{inside}</{name}>" if inside else f"<{name}{''.join(parts)}/>"


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value) if isinstance(value, int) else plain(value)


@lru_cache(1024)  # a picture says the same few colours and widths hundreds of times
def plain(words: object) -> str:
    """Any text, escaped; a character that XML does not allow becomes a question mark in a diamond.

    >>> plain("<b>"), plain(chr(0)) == chr(0xFFFD)
    ('&lt;b&gt;', True)
    """
    text = str(words)
    return escape(text) if text.isprintable() else escape(_FORBIDDEN.sub("\ufffd", text))


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@lru_cache(1024)  # most labels of a picture stand where they stood before the last move
def text(x: float, y: float, words: str, *, size: int = 12, fill: str = TEXT, **attributes: object) -> str:
    """A line of text, escaped.

    >>> text(0, 0, "<b>")
    "<text x='0' y='0' font-size='12' fill='#222222'>&lt;b&gt;</text>"
    """
    return tag("text", plain(words), x=x, y=y, font_size=size, fill=fill, **attributes)


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
    return _paths(tuple(ends), colour, width, head)


@lru_cache(64)  # so do most edges
def _paths(ends: tuple[tuple[float, ...], ...], colour: str, width: float, head: bool) -> str:
    shafts = "".join(f"M{x1:g} {y1:g}L{x2:g} {y2:g}" for x1, y1, x2, y2 in ends)
    edges = tag("path", d=shafts, stroke=colour, stroke_width=width, fill="none")
    return edges + tag("path", d="".join(_head(*edge, 3 + width) for edge in ends), fill=colour) if head else edges


def _head(x1: float, y1: float, x2: float, y2: float, size: float) -> str:
    length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1e-9)
    dx, dy = (x2 - x1) / length * size, (y2 - y1) / length * size
    bx, by, w = x2 - dx, y2 - dy, 0.55
    return f"M{x2:g} {y2:g}L{bx - dy * w:.1f} {by + dx * w:.1f}L{bx + dy * w:.1f} {by - dx * w:.1f}Z"


class Cells:
    """Columns of numbers as coloured cells, first on top. All cells of one colour are one path.

    >>> cells = Cells(limit=1)
    >>> cells.column(0, 0, 10, 20, [1.0, -1.0, 1.0])
    >>> cells.drawn().count("<path")
    2

    An element for each cell would be most of a picture, and of the time a page takes to draw it. Hovering passes through
    them, to what stands behind and has a `title`.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.boxes: dict[str, list[str]] = {}  # by their colour
        self.gaps: list[str] = []

    def column(self, x: float, y: float, w: float, h: float, values: Iterable, most: int = MOST_CELLS) -> None:
        """Add a column. More than `most` values are abbreviated by a gap after the first ones."""
        numbers = [float(value) for value in values]
        shown, boxes, gaps = _column(x, y, w, h, len(numbers), most)
        for i, box in zip(shown, boxes):
            self.boxes.setdefault(value_colour(numbers[i], self.limit), []).append(box)
        self.gaps += gaps

    def drawn(self) -> str:
        paths = [f"<path fill='{colour}' d='{''.join(boxes)}'/>" for colour, boxes in self.boxes.items()]
        return tag("g", *paths, stroke=QUIET, stroke_width=0.6, pointer_events="none") + "".join(self.gaps)


@lru_cache(512)  # from move to move the columns of a picture stand where they stood; only their colours change
def _column(x: float, y: float, w: float, h: float, size: int, most: int) -> tuple[list[int], list[str], list[str]]:
    """Which of `size` values a column shows, the outline of each one's cell, and the sign of the gap."""
    shown = abbreviate(size, most)
    step = h / len(shown)
    boxes = [f"M{x:g} {y + row * step:.5g}h{w:g}v{step:.4g}h-{w:g}z" for row, i in enumerate(shown) if i is not None]
    gaps = [text(x + w / 2, y + (row + 0.5) * step + 3, "⋮", size=9, text_anchor="middle")
            for row, i in enumerate(shown) if i is None]
    return [i for i in shown if i is not None], boxes, gaps


def title(name: str, values: Iterable, most: int = MOST_CELLS) -> str:
    """What hovering a column tells: its name and its numbers.

    >>> title("h[0]", [0.5, -1.0])
    '<title>h[0]\\n[0] = 0.500\\n[1] = -1.000</title>'
    """
    numbers = [float(value) for value in values]
    shown, words = _words(len(numbers), most)
    return f"<title>{plain(name)}{words % tuple([numbers[i] for i in shown])}</title>"


@lru_cache(64)
def _words(size: int, most: int) -> tuple[list[int], str]:
    shown = abbreviate(size, most)
    words = "".join("\n⋮" if i is None else f"\n[{i}] = %.3f" for i in shown)
    return [i for i in shown if i is not None], words


def abbreviate(size: int, most: int, around: int | None = None) -> list[int | None]:
    """Which of `size` things to draw when there is room for `most`: the first ones, a gap (None), the last two.

    >>> abbreviate(4, 6), abbreviate(100, 6)
    ([0, 1, 2, 3], [0, 1, 2, None, 98, 99])
    >>> abbreviate(100, 7, around=50)
    [0, None, 49, 50, 51, None, 99]

    Parameters
    ----------
    around : one that must not fall into the gap
    """
    if size <= most:
        return list(range(size))
    shown = [*range(most - 3), None, size - 2, size - 1]
    if around is None or around in shown:
        return shown
    reach = max(most - 5, 0) // 2
    kept = sorted({0, *range(around - reach, around + reach + 1), size - 1})
    after = {a: [None] * (b - a > 1) for a, b in zip(kept, kept[1:])}
    return [i for a in kept for i in (a, *after.get(a, ()))]


def limit_of(values: np.ndarray) -> float:
    """The size at which a colour is full: the largest finite number, but at least 1.

    >>> limit_of(np.array([0.5, -3.0, np.inf, np.nan])), limit_of(np.array([]))
    (3.0, 1.0)
    """
    return max(1.0, float(np.abs(values[np.isfinite(values)]).max(initial=0)))


def plural(count: int, noun: str) -> str:
    """A number and its noun.

    >>> plural(1, "step"), plural(2, "step")
    ('1 step', '2 steps')
    """
    return f"{count} {noun}{'s' * (count != 1)}"


def listed(things: Sequence, most: int = 12) -> str:
    """The first `most` of some things in one line; an ellipsis stands for the others.

    >>> listed([3, 2, 2, 1]), listed([3, 2, 2, 1], most=2)
    ('3, 2, 2, 1', '3, 2, …')
    """
    return ", ".join(map(str, things[:most])) + (", …" if len(things) > most else "")


def shorten(word: str, most: int) -> str:
    """A word cut to `most` characters, the last of them an ellipsis.

    >>> shorten("extraordinary", 6)
    'extra…'
    """
    return word if len(word) <= most else word[: most - 1] + "…"


def require_words(name: str, words: Iterable[object]) -> list[str]:
    """Words as a list of texts. One text alone is refused: it would fall into its letters.

    >>> require_words("labels", "I love you")
    Traceback (most recent call last):
    TypeError: labels: given 'I love you', expected a list of words, as 'I love you'.split() makes it
    """
    if isinstance(words, str) or not isinstance(words, Iterable):
        raise TypeError(f"{name}: given {reprlib.repr(words)}, expected a list of words, as 'I love you'.split() makes it")
    return [str(word) for word in words]


def require_rows(name: str, rows: Iterable[Iterable[object]]) -> list[list[str]]:
    """The words of each sentence of a batch.

    >>> require_rows("labels", [["I", "love", "you"], "hello"])
    Traceback (most recent call last):
    TypeError: labels: given 'hello', expected a list of words, as 'I love you'.split() makes it
    """
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise TypeError(f"{name}: given {reprlib.repr(rows)}, expected a list of words for each sentence")
    return [require_words(name, row) for row in rows]


def require_labels(labels: Sequence[str], steps: int) -> list[str]:
    """One text for each step, or one sentence saying what is missing.

    >>> require_labels(["so"], steps=2)
    Traceback (most recent call last):
    ValueError: labels: given 1, expected one for each of 2 steps
    """
    labels = require_words("labels", labels)
    if len(labels) < steps:
        raise ValueError(f"labels: given {len(labels)}, expected one for each of {steps} steps")
    return labels


def number_cell(x: float, y: float, w: float, h: float, value: float, limit: float, name: str) -> str:
    """One number, written on its colour.

    >>> "0.50" in number_cell(0, 0, 40, 20, 0.5, 1.0, "h[0]")
    True
    """
    fill = value_colour(value, limit)
    tip = tag("title", plain(f"{name} = {value:.3f}"))
    box = tag("rect", tip, x=x, y=y, width=w, height=h, fill=fill, stroke="#BBBBBB", stroke_width=0.5)
    written = f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00")
    written = written if len(written) <= 6 else f"{value:.0e}".replace("-", "−")
    return box + text(x + w / 2, y + h / 2 + 4, written, size=11, fill=text_on(fill), text_anchor="middle")


def picture(width: float, height: float, parts: Iterable[str], alt: str) -> Picture:
    """The finished drawing, on white paper so that it reads the same on a light and on a dark page.

    >>> picture(10, 20, [], alt="nothing").width
    10
    """
    width, height = round(width), round(height)
    paper = tag("rect", width=width, height=height, fill=PAPER, rx=6)
    attributes = dict(xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}", width=width, height=height)
    drawing = tag("svg", paper, *parts, **attributes, role="img", aria_label=alt, font_family=FONT)
    return Picture(drawing, alt, width)


@lru_cache(64)
def scale(x: float, y: float, limit: float) -> str:
    """The legend of the values: olive below zero, white at zero, purple above; 150 wide.

    >>> scale(0, 0, 1.0).count("<rect")
    11
    """
    boxes = [tag("rect", x=x + 36 + i * 8, y=y, width=8, height=10, fill=value_colour(i / 5 - 1)) for i in range(11)]
    ends = text(x + 32, y + 9, f"−{limit:.3g}", size=11, text_anchor="end") + text(x + 128, y + 9, f"+{limit:.3g}", size=11)
    return "".join(boxes) + ends


def batch_cards(N: int, draw) -> str:
    """The batch behind the front card: up to two more outlines, offset up and to the right.

    >>> batch_cards(1, lambda dx, dy: "card"), batch_cards(9, lambda dx, dy: "card")
    ('', 'cardcard')
    """
    return "".join(draw(4 * k, -4 * k) for k in range(min(N - 1, 2), 0, -1))


def node(cx: float, cy: float, r: float, title: str = "", N: int = 1, role: Role = H, strong: bool = False) -> str:
    """A circle (h) or rounded square (x) in which a column of `Cells` will stand, and the batch behind it.

    >>> node(20, 20, 10, title("h", [0.0])).count("<circle")
    1
    """

    def outline(dx: float, dy: float, fill: str = PAPER, width: float = 1, inside: str = "") -> str:
        look = dict(fill=fill, stroke=role.colour, stroke_width=width)
        if role.mark == "circle":
            return tag("circle", inside, cx=cx + dx, cy=cy + dy, r=r, **look)
        return tag("rect", inside, x=cx + dx - r, y=cy + dy - r, width=2 * r, height=2 * r, rx=7, **look)

    return batch_cards(N, outline) + outline(0, 0, role.tint, 4 if strong else 2, title)


def empty_node(cx: float, cy: float, r: float) -> str:
    """A state that is not computed yet: a grey, empty circle.

    >>> empty_node(20, 20, 10).count("<circle")
    1
    """
    return tag("circle", cx=cx, cy=cy, r=r, fill=PAPER, stroke="#BBBBBB", stroke_width=1.5, stroke_dasharray="3 3")
