"""Numbers as colours: columns of cells, their tooltips, and the scale that explains the colours."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from ..colours import QUIET, TEXT, text_on, value_colour
from ..wording import abbreviate
from .svg import escape_text, tag, text

MAX_STATE_CELLS = 8  # drawn in the column of a state
MAX_STRIPE_CELLS = 16  # drawn in a stripe between layers, which may hold two directions


def colour_limit(values: np.ndarray) -> float:
    """The absolute value at which a colour is full: that of the largest finite number, but at least 1.

    >>> colour_limit(np.array([0.5, -3.0, np.inf, np.nan])), colour_limit(np.array([]))
    (3.0, 1.0)
    """
    return max(1.0, float(np.abs(values[np.isfinite(values)]).max(initial=0)))


class Cells:
    """Columns of numbers as coloured cells, from the top down. All cells of one colour are one path.

    >>> cells = Cells(limit=1)
    >>> cells.column(0, 0, 10, 20, [1.0, -1.0, 1.0])
    >>> cells.render().count("<path")
    2

    With one element per cell, the cells would be most of a picture, and of the time in which a page draws it. The pointer
    passes through the cells to the element behind them, which has a `title`.
    """

    def __init__(self, limit: float, gaps: Sequence[str] = (), frames: Sequence[str] = ()) -> None:
        self.limit, self.gaps, self.frames = limit, [*gaps], [*frames]
        self.boxes: dict[str, list[str]] = {}  # the outlines of the cells, by their colour
        self.crosses: list[str] = []

    def column(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        values: Iterable[float],
        most: int = MAX_STATE_CELLS,
        chosen: int | None = None,
    ) -> None:
        """Add a column. If there are more than `most` values, it has gaps. A chosen value is always shown, and is framed."""
        numbers = [float(value) for value in values]
        shown, boxes, gaps = column_shapes(x, y, w, h, len(numbers), most, chosen)
        self.add(boxes, [numbers[i] for i in shown])
        self.frames += [box for i, box in zip(shown, boxes) if i == chosen]
        self.gaps += gaps

    def add(self, boxes: Iterable[str], values: Iterable[float]) -> None:
        """Add cells whose outlines are known."""
        for box, value in zip(boxes, values):
            self.boxes.setdefault(value_colour(value, self.limit), []).append(box)

    def stripe(self, x: float, y: float, w: float, h: float, values: Iterable[float], factors: Iterable[float]) -> None:
        """Add a row, or a column if it is higher than wide. A cell whose factor is 0 is crossed out."""
        numbers, kept = [float(value) for value in values], [float(factor) for factor in factors]
        shown = abbreviate(len(numbers), MAX_STRIPE_CELLS)
        dx, dy = (w / len(shown), 0.0) if w > h else (0.0, h / len(shown))
        wide, high = dx or w, dy or h
        for place, i in enumerate(shown):
            if i is None:
                continue
            left, top = x + place * dx, y + place * dy
            box = f"M{left:.5g} {top:.5g}h{wide:.4g}v{high:.4g}h-{wide:.4g}z"
            self.add([box], [numbers[i]])
            if kept[i] == 0:
                self.crosses.append(f"M{left:.5g} {top:.5g}l{wide:.4g} {high:.4g}m0 -{high:.4g}l-{wide:.4g} {high:.4g}")

    def render(self) -> str:
        paths = [f"<path fill='{colour}' d='{''.join(boxes)}'/>" for colour, boxes in self.boxes.items()]
        frames = [tag("path", d=box, fill="none", stroke=TEXT, stroke_width=2.5) for box in self.frames]
        if self.crosses:
            paths.append(tag("path", d="".join(self.crosses), fill="none", stroke=TEXT, stroke_width=1))
        return tag("g", *paths, stroke=QUIET, stroke_width=0.6, pointer_events="none") + "".join([*self.gaps, *frames])


@lru_cache(512)  # from move to move the columns of a picture stay where they are, and only their colours change
def column_shapes(
    x: float, y: float, w: float, h: float, size: int, most: int = MAX_STATE_CELLS, chosen: int | None = None
) -> tuple[list[int], list[str], list[str]]:
    """The indices of the values that a column shows, the outlines of their cells, and the signs of the gaps.

    >>> column_shapes(0, 0, 5, 20, size=2)
    ([0, 1], ['M0 0h5v10h-5z', 'M0 10h5v10h-5z'], [])
    """
    shown = abbreviate(size, most, chosen)
    step = h / len(shown)
    boxes = [f"M{x:g} {y + row * step:.5g}h{w:g}v{step:.4g}h-{w:g}z" for row, i in enumerate(shown) if i is not None]
    gaps = [
        text(x + w / 2, y + (row + 0.5) * step + 3, "⋮", size=9, text_anchor="middle", pointer_events="none")
        for row, i in enumerate(shown)
        if i is None
    ]
    return [i for i in shown if i is not None], boxes, gaps


def tooltip(name: str, values: Iterable[float], most: int = MAX_STATE_CELLS) -> str:
    """The title of a column, which the page shows when the pointer is on it: its name and its numbers.

    >>> tooltip("h[0]", [0.5, -1.0])
    '<title>h[0]\\n[0] = 0.500\\n[1] = -1.000</title>'
    """
    numbers = [float(value) for value in values]
    shown, title = tooltip_template(name, len(numbers), most)
    return title % tuple([numbers[i] for i in shown])


@lru_cache(512)
def tooltip_template(name: str, size: int, most: int = MAX_STATE_CELLS) -> tuple[list[int], str]:
    """The indices of the values that a tooltip shows, and its text with a place for each of them.

    >>> tooltip_template("h[0]", 2)
    ([0, 1], '<title>h[0]\\n[0] = %.3f\\n[1] = %.3f</title>')
    """
    shown = abbreviate(size, most)
    words = "".join("\n⋮" if i is None else f"\n[{i}] = %.3f" for i in shown)
    title = escape_text(name).replace("%", "%%")
    return [i for i in shown if i is not None], f"<title>{title}{words}</title>"


def number_cell(x: float, y: float, w: float, h: float, value: float, limit: float, name: str, digits: int = 2) -> str:
    """One number, written on a cell of its colour.

    >>> "0.50" in number_cell(0, 0, 40, 20, 0.5, 1.0, "h[0]")
    True
    """
    fill = value_colour(value, limit)
    tip = tag("title", escape_text(f"{name} = {value:.{digits + 1}f}"))
    box = tag("rect", tip, x=x, y=y, width=w, height=h, fill=fill, stroke="#BBBBBB", stroke_width=0.5)
    written = f"{value:.{digits}f}"
    written = written.replace("-", "−") if float(written) else f"{0:.{digits}f}"  # not −0.00
    written = written if len(written) <= 4 + digits else f"{value:.0e}".replace("-", "−")
    return box + text(x + w / 2, y + h / 2 + 4, written, size=11, fill=text_on(fill), text_anchor="middle")


@lru_cache(64)
def colour_scale(x: float, y: float, limit: float) -> str:
    """The legend of the colours, 150 wide: olive below zero, white at zero, purple above.

    >>> colour_scale(0, 0, 1.0).count("<rect")
    11
    """
    boxes = [tag("rect", x=x + 36 + i * 8, y=y, width=8, height=10, fill=value_colour(i / 5 - 1)) for i in range(11)]
    ends = text(x + 32, y + 9, f"−{limit:.3g}", size=11, text_anchor="end") + text(x + 128, y + 9, f"+{limit:.3g}", size=11)
    return "".join(boxes) + ends
