"""What is said about an error: the rule, what was given, what was expected, the causes, and the line that fixes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from ..notation import PAPER, QUIET, TEXT, WRONG
from ..pictures.picture import Picture
from ..pictures.svg import line, svg_picture, tag, text
from ..wording import shorten

GREY = "#8A8A8A"
PLACES = {
    "before": "Before this line",
    "instead": "Instead of this line",
    "after": "After this line",
}


class Axis(NamedTuple):
    """One axis of a tensor: its name, and its size if that is known."""

    name: str
    size: int | None = None

    def __str__(self) -> str:
        if self.size is None:
            return self.name
        return f"{self.name}={self.size}" if self.name else str(self.size)


@dataclass(frozen=True)
class Side:
    """What was given, or what was expected: a tensor with named axes, or a value in words.

    >>> print(Side("input", (Axis("L", 5), Axis("H_in", 3)), note="float32"))
    input (L=5, H_in=3) float32
    """

    name: str
    axes: tuple[Axis, ...] | None = None  # None: no tensor, or one whose shape is not the matter
    note: str = ""  # what stands behind the shape: a type, a device, a value
    wrong: frozenset[int] = frozenset()  # which axes are the culprits
    wrong_note: bool = False

    def __str__(self) -> str:
        shape = "" if self.axes is None else f"({', '.join(map(str, self.axes))}{',' * (len(self.axes) == 1)})"
        return " ".join(filter(None, (self.name, shape, self.note)))


def culprit(name: str, note: str) -> Side:
    """A value in words that was given, and is what is wrong.

    >>> print(culprit("lengths", "[2, 0]"))
    lengths [2, 0]
    """
    return Side(name, note=note, wrong_note=True)


class Fix(NamedTuple):
    """A piece of code and where it goes; without any code there is no fix that is certain.

    >>> bool(Fix()), bool(Fix("output, h_n = rnn(x.float())"))
    (False, True)
    """

    code: str = ""
    place: str = "instead"  # a key of PLACES
    at: str = ""  # the learner's line that it belongs to
    lines: tuple[int, int] = (0, 0)  # first and last number of that line in its file or cell; 0 if unknown

    def __bool__(self) -> bool:
        return bool(self.code)


@dataclass(frozen=True, repr=False)
class Explanation:
    """One error explained. Prints as text; in a notebook it is a table with a picture.

    >>> given, expected = Side("input", (Axis("L", 5), Axis("H_in", 7))), Side("input", (Axis("L"), Axis("H_in", 3)))
    >>> Explanation("The last axis is H_in.", given, expected, "The input has other features.", Fix("rnn(x[:, :3])"))
    The last axis is H_in.
      given     input (L=5, H_in=7)
      expected  input (L, H_in=3)
      cause     The input has other features.
      fix       rnn(x[:, :3])
    """

    rule: str
    sides_given: Side | tuple[Side, ...]
    sides_expected: Side | tuple[Side, ...]
    cause: str  # the likeliest first
    fix: Fix = Fix()

    @property
    def given(self) -> str:
        return "; ".join(map(str, _sides(self.sides_given)))

    @property
    def expected(self) -> str:
        return "; ".join(map(str, _sides(self.sides_expected)))

    @property
    def where(self) -> str:
        """Where the fix goes, with the learner's own line."""
        at = " ".join(self.fix.at.split())
        return f"{PLACES[self.fix.place]}: {shorten(at, 90)}" if at else ""

    def _rows(self) -> list[tuple[str, str]]:
        rows = [("given", self.given), ("expected", self.expected), ("cause", self.cause), ("fix", self.fix.code)]
        return [(name, words) for name, words in [*rows, ("where", self.where)] if words]

    def __repr__(self) -> str:
        said = (f"  {name:8}  {words}".replace("\n", "\n" + " " * 12) for name, words in self._rows())
        return "\n".join([self.rule, *said])

    def _repr_html_(self) -> str:
        code = '<code style="white-space:pre-wrap;overflow-wrap:anywhere;color:inherit;background:transparent">{}</code>'
        body = "".join(
            f'<tr style="background:transparent"><th scope="row" style="{_CELL};white-space:nowrap">{name.capitalize()}</th>'
            f'<td style="{_CELL};overflow-wrap:anywhere">'
            f"{escape(words) if name in ('cause', 'where') else code.format(escape(words))}</td></tr>"
            for name, words in self._rows()
        )
        rule = f'<p style="margin:0 0 4px;color:inherit"><b>{escape(self.rule)}</b></p>'
        table = f'<table style="border-collapse:collapse;color:inherit;font-size:13px;margin:4px 0">{body}</table>'
        return f'<div style="{_FRAME}">{rule}{self.picture._repr_html_()}{table}</div>'

    @property
    def picture(self) -> Picture:
        """Given above, expected below; what is wrong is red and has a cross."""
        return draw_sides(_sides(self.sides_given), _sides(self.sides_expected))


def _sides(sides: Side | tuple[Side, ...]) -> tuple[Side, ...]:
    return (sides,) if isinstance(sides, Side) else sides


# Colours are the page's own: the explanation must be readable in light and dark themes alike.
_FRAME = "border-left:4px solid #C4574F;padding:4px 0 4px 12px;margin:6px 0;color:inherit;max-width:720px;line-height:1.45"
_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0;color:inherit"
_TILE, _HIGH, _DEEP, _ROW = 92, 56, 30, 150


def draw_sides(given: Sequence[Side], expected: Sequence[Side]) -> Picture:
    """Two rows of boxes with their sizes on the edges: what was given, and below it what was expected.

    >>> draw_sides([Side("input", (Axis("L", 5), Axis("H_in", 7)), wrong=frozenset({1}))], [Side("input", note="3")])
    Picture: Given: input (L=5, H_in=7). Expected: input 3. Marked in red with a cross: H_in=7.
    """
    parts, right, y = [], 0.0, 8.0
    for words, row in (("given", given), ("expected", expected)):
        deep = max(_depth(side) for side in row)  # a row of flat boxes needs no room for their depth
        high = max(66 if side.axes is None else 100 if len(side.axes) > 3 else _ROW - _DEEP + deep for side in row)
        x = 10.0
        for i, side in enumerate(row):
            parts.append(text(x, y + 14, f"{words}: {side.name}" if i == 0 else side.name, font_weight=700))
            flat = side.axes is None or len(side.axes) not in (1, 2)
            drawn, wide = (_words if side.axes is None else _tensor)(x, y + 22 + (0 if flat else deep), side)
            parts.append(drawn)
            x += max(wide, 8 * len(f"{words}: {side.name}")) + 16
        right = max(right, x)
        y += high
    wrong = [str(side.axes[i]) for side in given if side.axes for i in sorted(side.wrong)]
    wrong += [side.note for side in given if side.wrong_note]
    alt = f"Given: {'; '.join(map(str, given))}. Expected: {'; '.join(map(str, expected))}."
    alt += f" Marked in red with a cross: {', '.join(wrong)}." if wrong else ""
    return svg_picture(min(max(right, 240), 720), y, parts, alt)


def _ink(wrong: bool) -> dict[str, object]:
    return dict(fill=WRONG, font_weight=700) if wrong else dict(fill=TEXT)


def _label(x: float, y: float, words: str, wrong: bool, **more: object) -> str:
    return text(x, y, f"✗ {words}" if wrong else words, **_ink(wrong), **more)


def _depth(side: Side) -> int:
    return _DEEP if side.axes is not None and len(side.axes) == 3 else 0


def _tensor(x: float, y: float, side: Side) -> tuple[str, float]:
    """A box: the first axis along its bottom, the last one up its side, one between them into the depth."""
    axes = side.axes
    if len(axes) > 3 or not axes:
        return _chips(x, y, side)
    deep = _depth(side)
    high = _HIGH if len(axes) > 1 else 18
    top, bottom = y, y + deep + high
    front = tag("rect", x=x, y=top + deep, width=_TILE, height=high, fill="#F2F2F2", stroke=GREY, stroke_width=1.5)
    ends = {0: (x, bottom, x + _TILE, bottom)}
    if len(axes) > 1:
        ends[len(axes) - 1] = (x + _TILE + deep, top, x + _TILE + deep, top + high)
    parts = [front]
    if deep:
        roof = f"M{x} {top + deep}l{deep} {-deep}h{_TILE}l{-deep} {deep}m{deep} {-deep}v{high}l{-deep} {deep}"
        parts.append(tag("path", d=roof, fill="none", stroke=GREY, stroke_width=1.5))
        ends[1] = (x + _TILE, bottom, x + _TILE + deep, bottom - deep)
    for i, (x1, y1, x2, y2) in ends.items():
        if i in side.wrong:
            parts.append(line(x1, y1, x2, y2, WRONG, 4, head=False))
    spots = {0: (x, bottom + 16)}
    if len(axes) > 1:
        spots[len(axes) - 1] = (x + _TILE + deep + 8, top + high / 2)
    if deep:
        spots[1] = (x + _TILE + deep / 2 + 12, bottom - 2)
    parts += [_label(*spots[i], str(axis), i in side.wrong) for i, axis in enumerate(axes)]
    if side.note:
        parts.append(_label(x, bottom + 32, side.note, side.wrong_note))
    beside = max((len(str(axes[i])) for i in spots if i), default=0)
    return "".join(parts), max(_TILE + deep + 34 + 8 * beside, 8 * len(side.note) + 20, 8 * len(str(axes[0])) + 20)


def _chips(x: float, y: float, side: Side) -> tuple[str, float]:
    """More axes than a box has: one chip for each, in their order."""
    at, parts = x, []
    for i, axis in enumerate(side.axes or ()):
        wrong = i in side.wrong
        wide = 8 * len(str(axis)) + (30 if wrong else 14)
        look = dict(fill="#F2F2F2", stroke=WRONG if wrong else GREY, stroke_width=3 if wrong else 1.5, rx=3)
        parts += [tag("rect", x=at, y=y + 20, width=wide, height=30, **look), _label(at + 7, y + 40, str(axis), wrong)]
        at += wide + 6
    if not side.axes:
        parts.append(text(x, y + 40, "a single number, no axis", fill=QUIET))
        at = x + 160
    if side.note:
        parts.append(_label(x, y + 74, side.note, side.wrong_note))
    return "".join(parts), max(at - x, 8 * len(side.note))


def _words(x: float, y: float, side: Side) -> tuple[str, float]:
    """A value in a frame."""
    said = shorten(side.note, 76)
    wide = (8.2 if side.wrong_note else 7.4) * len(said) + (36 if side.wrong_note else 20)
    look = dict(fill=PAPER, stroke=WRONG if side.wrong_note else GREY, stroke_width=3 if side.wrong_note else 1.5, rx=4)
    return tag("rect", x=x, y=y + 2, width=wide, height=28, **look) + _label(x + 9, y + 21, said, side.wrong_note), wide
