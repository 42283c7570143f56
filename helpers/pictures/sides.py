"""What was given, and below it what was expected: tensors with named axes, and values in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..colours import PAPER, TEXT, WRONG
from ..wording import shorten
from .picture import Picture
from .svg import svg_picture, tag, text

GREY = "#8A8A8A"


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
    note: str = ""  # what is written after the shape: a type, a device, a value
    wrong: frozenset[int] = frozenset()  # which axes are the culprits
    wrong_note: bool = False

    def __str__(self) -> str:
        sizes = ", ".join(map(str, self.axes or ()))
        shape = "" if self.axes is None else f"({sizes}{',' * sizes.isdigit()})"  # (4,) as in Python, and (H_out=4)
        return " ".join(filter(None, (self.name, shape, self.note)))


def culprit(name: str, note: str) -> Side:
    """A value in words that was given, and is what is wrong."""
    return Side(name, note=note, wrong_note=True)


def axes_of(names: Iterable[str], **sizes: int) -> tuple[Axis, ...]:
    return tuple(Axis(name, sizes.get(name)) for name in names)


def shape_side(name: str, shape: Sequence[int], names: Sequence[str] = (), wrong: Iterable[int] = (), **more: Any) -> Side:
    """A tensor that was given, its axes named if there are as many names as axes."""
    names = names if len(names) == len(shape) else [f"axis {i}" for i in range(len(shape))]
    return Side(name, tuple(map(Axis, names, shape)), wrong=frozenset(wrong), **more)


def draw_sides(given: Sequence[Side], expected: Sequence[Side]) -> Picture:
    """A row of boxes for each tensor, one box per axis: what was given, and below it what was expected.

    >>> draw_sides([Side("input", (Axis("L", 5), Axis("H_in", 7)), wrong=frozenset({1}))], [Side("input", note="3")])
    Picture: Given: input (L=5, H_in=7). Expected: input 3. Marked in red with a cross: H_in=7.
    """
    rows = [("given", side) for side in given] + [("expected", side) for side in expected]
    titles = [f"{words}: {side.name}" for words, side in rows]
    left, right, parts, marked = 26 + 8.2 * max(map(len, titles)), 240.0, [], []
    for i, (title, (words, side)) in enumerate(zip(titles, rows)):
        y, x = 8 + 38 * i, left
        parts.append(text(10, y + 20, title, font_weight=700))
        boxes = [(str(axis), k in side.wrong) for k, axis in enumerate(side.axes or ())]
        boxes += [(shorten(side.note, 64), side.wrong_note)] if side.note else []
        for label, wrong in boxes or [("no axis", False)]:
            width = (8.2 if wrong else 7.4) * len(label) + (36 if wrong else 18)
            look = dict(stroke=WRONG if wrong else GREY, stroke_width=3 if wrong else 1.5, rx=4)
            ink: dict[str, object] = dict(fill=WRONG, font_weight=700) if wrong else dict(fill=TEXT)
            parts.append(tag("rect", x=x, y=y + 2, width=width, height=28, fill=PAPER, **look))
            parts.append(text(x + 9, y + 21, f"✗ {label}" if wrong else label, **ink))
            marked += [label] if wrong and words == "given" else []
            x += width + 6
        right = max(right, x)
    alt = f"Given: {'; '.join(map(str, given))}. Expected: {'; '.join(map(str, expected))}."
    alt += f" Marked in red with a cross: {', '.join(marked)}." if marked else ""
    picture = svg_picture(min(right, 720), 8 + 38 * len(rows), parts, alt)
    return replace(picture, least=max(230, picture.width * 2 // 3))  # its text is large, and fits on a phone
