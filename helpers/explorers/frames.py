"""All states of an explorer, computed beforehand, for pages on which no kernel runs.

Each state goes through the same `compute` and the same views as in a notebook. Its HTML is cut between tags, and each piece is
kept once. The pieces that make an element of a picture, or a row of a table, are a unit, which is kept once too. A rendering of
a view is a list of units, and a state is a list of renderings. So `tools/site/page.js` can tell which units a move changes.
"""

import base64
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, product, takewhile
from math import prod
from typing import Any, NamedTuple

from .live import Explorer

MOST_STATES = 1500
CUT = re.compile(r"(?<=>)(?=<)")
TAG = re.compile(r"<(/?)(\w+)[^>]*?(/?)>")
Known = dict[tuple[Any, ...], tuple[Sequence[str], Mapping[str, int]]]  # by all values: the views, and the largest values
VOID = {"br", "hr", "img", "input", "col", "wbr"}  # elements without an end


class Moving(NamedTuple):
    """A control that moves on a page: its name, what is written beside it, its kind, and the values that it takes."""

    name: str
    label: str
    kind: str  # "slider", "checkbox" or "menu"
    values: tuple[Any, ...]
    first: int  # which of the values it has at first

    @property
    def texts(self) -> list[str]:
        """The values as they are written."""
        return [*map(str, self.values)]


@dataclass(frozen=True)
class Frames:
    """The states of an explorer: see `frames`."""

    moving: tuple[Moving, ...]
    pieces: tuple[str, ...]
    units: tuple[tuple[int, ...], ...]  # each of them the numbers of its pieces
    renderings: tuple[tuple[int, ...], ...]  # each of them the numbers of its units, of which two are around the others
    states: tuple[tuple[int, ...], ...]  # of each state, the last control changing first, one rendering for each view
    ends: tuple[Mapping[str, int], ...]  # of each state, which value of a control is its largest

    def html(self, *at: int) -> list[str]:
        """What each view shows where the controls have these values, each counted from 0."""
        number = 0
        for control, i in zip(self.moving, at, strict=True):
            number = number * len(control.values) + i
        return [*map(self.view, self.states[number])]

    def view(self, rendering: int) -> str:
        """The HTML of a rendering of a view."""
        return "".join(self.pieces[piece] for unit in self.renderings[rendering] for piece in self.units[unit])

    def packed(self) -> str:
        """All of it as text: JSON, compressed by gzip, in base64."""
        ends = {json.dumps(end): end for end in self.ends}
        numbers = {text: number for number, text in enumerate(ends)}
        told = {
            "controls": [[control.name, control.texts] for control in self.moving],
            "pieces": self.pieces,
            "units": self.units,
            "renderings": self.renderings,
            "states": self.states,
            "ends": [*ends.values()],
            "end": [numbers[json.dumps(end)] for end in self.ends],
        }
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def frames(explorer: Explorer, known: Known | None = None) -> Frames:
    """Compute every state in which an explorer is shown on a page; those in `known` are not computed again.

    >>> from helpers.explorers.live import slider
    >>> made = frames(Explorer("squares", {"n": slider("n", 3, 1, 9)}, lambda n: n * n, [lambda square: f"<b>{square}</b>"]))
    >>> made.moving[0].values, made.html(4)
    ((1, 2, 3, 4, 5, 6, 7, 8, 9), ['<b>25</b>'])

    Raises
    ------
    ValueError : there are too many states, or a control has a first value that is not among those of the page.
    """
    moving, known = moving_controls(explorer), {} if known is None else known
    count = prod(len(control.values) for control in moving)
    if count > MOST_STATES:
        raise ValueError(f"page: given {count} states of {explorer.name!r}, expected at most {MOST_STATES}: name fewer values")
    pieces: dict[str, int] = {}
    units: dict[tuple[int, ...], int] = {}
    renderings: dict[tuple[int, ...], int] = {}
    states, ends = [], []
    for at in product(*(range(len(control.values)) for control in moving)):
        views, end = _settled(explorer, moving, at, known)
        state = []
        for html in views:
            cut = [tuple(pieces.setdefault(piece, len(pieces)) for piece in unit) for unit in in_units(html)]
            view = tuple(units.setdefault(unit, len(units)) for unit in cut)
            state.append(renderings.setdefault(view, len(renderings)))
        states.append(tuple(state))
        ends.append(end)
    return Frames(moving, tuple(pieces), tuple(units), tuple(renderings), tuple(states), tuple(ends))


def in_units(html: str) -> list[list[str]]:
    """HTML cut into what is before its elements, each of them, and what is after them; each is a list of pieces.

    >>> in_units("<div><svg><rect/><g><text>h</text></g></svg></div>")
    [['<div>', '<svg>'], ['<rect/>'], ['<g>', '<text>h</text>', '</g>'], ['</svg>', '</div>']]
    >>> in_units("<p>All of <b>this</b></p>")
    [[], ['<p>All of <b>this</b>', '</p>'], []]
    """
    pieces = CUT.split(html)
    depths = [*accumulate(map(_depth_after, pieces))]
    around = len([*takewhile(lambda piece: TAG.fullmatch(piece[1]) and depths[piece[0]] == piece[0] + 1, enumerate(pieces))])
    for inside in range(around, 0, -1):
        end = next(i for i in range(inside, len(pieces)) if depths[i] < inside)
        if depths[end : end + inside] == [*range(inside - 1, -1, -1)]:  # nothing follows in the elements around these
            break
    else:
        return [[], pieces, []]
    units: list[list[str]] = [[]]
    for piece, depth in zip(pieces[inside:end], depths[inside:]):
        units[-1].append(piece)
        if depth == inside:
            units.append([])
    return [pieces[:inside], *units[:-1], pieces[end:]]


def _depth_after(piece: str) -> int:
    """How many more elements are open after a piece than before it."""
    return sum(0 if empty or name in VOID else -1 if closes else 1 for closes, name, empty in TAG.findall(piece))


def moving_controls(explorer: Explorer) -> tuple[Moving, ...]:
    """The controls that move on a page, in the order of the notebook; none if nothing of the explorer moves there.

    >>> from helpers.explorers.live import checkbox
    >>> moving_controls(Explorer("bias", {"bias": checkbox("bias")}, lambda bias: bias, [str]))[0].texts
    ['False', 'True']
    """
    chosen = explorer.page
    names = [name for name in explorer.controls if chosen is None or name in chosen]
    return tuple(_moving(name, explorer.controls[name], chosen[name] if chosen else None) for name in names)


def _moving(name: str, control: Any, values: Sequence[Any] | None) -> Moving:
    if hasattr(control, "options"):
        kind, all_values = "menu", control.options
    elif isinstance(control.value, bool):
        kind, all_values = "checkbox", (False, True)
    elif isinstance(control.value, str):
        kind, all_values = "menu", ()  # a text box: its values are what is prepared for the page
    else:
        count = round((control.max - control.min) / control.step)
        kind, all_values = "slider", [round(control.min + i * control.step, 6) for i in range(count + 1)]
    values = tuple(all_values if values is None else values)
    if control.value not in values:
        raise ValueError(f"page: given {values} for {name}, expected its first value {control.value!r} among them")
    return Moving(name, control.description, kind, values, values.index(control.value))


def _settled(
    explorer: Explorer, moving: Sequence[Moving], at: Sequence[int], known: Known
) -> tuple[Sequence[str], Mapping[str, int]]:
    """The views of a state, and its ends; a slider that is beyond its end has gone back to it, as it does in the notebook."""
    values = {name: control.value for name, control in explorer.controls.items()}
    values |= {control.name: control.values[i] for control, i in zip(moving, at)}
    while True:
        key = tuple(values.values())
        if key not in known:
            known[key] = explorer.at(**values)[1:]
        views, largest = known[key]
        beyond = {name: high for name, high in largest.items() if values[name] > high}
        if not beyond:
            break
        values |= beyond
    controls = {control.name: control for control in moving}
    ends = {name: sum(value <= high for value in controls[name].values) - 1 for name, high in largest.items() if name in controls}
    return views, ends
