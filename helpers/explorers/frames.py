"""All states of an explorer, computed beforehand, for pages on which no kernel runs.

Each state goes through the same `compute` and the same views as in a notebook. Its HTML is cut between tags, and each piece
is kept once: a rendering of a view is a list of the numbers of its pieces, and a state is a list of its renderings.
`tools/site/explorers.js` puts them together again.
"""

import base64
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, NamedTuple

from .live import Explorer

MOST_STATES = 1500
CUT = re.compile(r"(?<=>)(?=<)")


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
    renderings: tuple[tuple[int, ...], ...]  # each of them the numbers of its pieces
    states: tuple[tuple[int, ...], ...]  # of each state, the last control changing first, one rendering for each view
    ends: tuple[Mapping[str, int], ...]  # of each state, which value of a control is its largest

    def html(self, *at: int) -> list[str]:
        """What each view shows where the controls have these values, each counted from 0."""
        number = 0
        for control, i in zip(self.moving, at, strict=True):
            number = number * len(control.values) + i
        return ["".join(self.pieces[piece] for piece in self.renderings[view]) for view in self.states[number]]

    def packed(self) -> str:
        """All of it as text: JSON, compressed by gzip, in base64."""
        ends = {json.dumps(end): end for end in self.ends}
        numbers = {text: number for number, text in enumerate(ends)}
        told = {
            "controls": [[control.name, control.texts] for control in self.moving],
            "pieces": self.pieces,
            "renderings": self.renderings,
            "states": self.states,
            "ends": [*ends.values()],
            "end": [numbers[json.dumps(end)] for end in self.ends],
        }
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def frames(explorer: Explorer) -> Frames:
    """Compute every state in which an explorer is shown on a page.

    >>> from helpers.explorers.live import slider
    >>> made = frames(Explorer("squares", {"n": slider("n", 3, 1, 9)}, lambda n: n * n, [lambda square: f"<b>{square}</b>"]))
    >>> made.moving[0].values, made.html(4)
    ((1, 2, 3, 4, 5, 6, 7, 8, 9), ['<b>25</b>'])

    Raises
    ------
    ValueError : there are too many states, or a control has a first value that is not among those of the page.
    """
    moving = moving_controls(explorer)
    count = prod(len(control.values) for control in moving)
    if count > MOST_STATES:
        raise ValueError(f"page: given {count} states of {explorer.name!r}, expected at most {MOST_STATES}: name fewer values")
    pieces: dict[str, int] = {}
    renderings: dict[tuple[int, ...], int] = {}
    states, ends = [], []
    for at in product(*(range(len(control.values)) for control in moving)):
        views, end = _settled(explorer, moving, at)
        cut = [tuple(pieces.setdefault(piece, len(pieces)) for piece in CUT.split(html)) for html in views]
        states.append(tuple(renderings.setdefault(view, len(renderings)) for view in cut))
        ends.append(end)
    return Frames(moving, tuple(pieces), tuple(renderings), tuple(states), tuple(ends))


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


def _settled(explorer: Explorer, moving: Sequence[Moving], at: Sequence[int]) -> tuple[list[str], Mapping[str, int]]:
    """The views of a state, and its ends; a slider that is beyond its end has gone back to it, as it does in the notebook."""
    values = {control.name: control.values[i] for control, i in zip(moving, at)}
    while True:
        _, views, largest = explorer.at(**values)
        beyond = {name: high for name, high in largest.items() if values.get(name, high) > high}
        if not beyond:
            break
        values |= beyond
    controls = {control.name: control for control in moving}
    ends = {name: sum(value <= high for value in controls[name].values) - 1 for name, high in largest.items() if name in controls}
    return views, ends
