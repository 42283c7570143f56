"""What the gates of an LSTM and a GRU do: one step as a drawing, all steps as heat maps."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil

import numpy as np

from ..checks import require_index, require_labels
from ..colours import PAPER, QUIET, TEXT, W_HH, W_IH, H, Role, X
from ..rnn.traces import Trace, require_trace
from ..wording import abbreviate, listed, plural, shorten, with_article
from .cells import Cells, colour_scale, tooltip
from .picture import Picture
from .svg import line, outline, svg_picture, tag, text

NAMES = {  # of torch's gates, and of the states
    "i": "input gate",
    "f": "forget gate",
    "g": "new content",
    "o": "output gate",
    "r": "reset gate",
    "z": "update gate",
    "n": "new content",
    "c": "cell state",
    "h": "hidden state",
}
R = 19  # radius of a state
PATH, MEET, ROW, RECURRENT, INPUT = 74, 140, 206, 290, 330  # heights: the path of the state, products, gates, and both inputs
LEFT, RIGHT = 72, 640  # x of the states before and of the new ones
MOST_STEPS, MOST_FEATURES = 44, 8  # drawn in a heat map


# ---- one step ---------------------------------------------------------------------------------------------------------


def draw_gated_step(
    trace: Trace, layer: int = 0, direction: int = 0, t: int = 0, *, n: int = 0, feature: int | None = None
) -> Picture:
    """Draw one step of an LSTM or a GRU: what each gate reads, and what it is multiplied by.

    >>> import torch
    >>> from helpers import trace
    >>> draw_gated_step(trace(torch.nn.LSTM(3, 4), torch.ones(5, 2, 3)), t=2)
    Picture: Step t=2 of layer 0 of an LSTM: ...

    Parameters
    ----------
    layer, direction, t : the step; direction 1 is the backward direction
    n       : the index of the sequence in the batch
    feature : the feature whose values are written beside its cells; None writes no values

    Raises
    ------
    TypeError : trace is not a Trace.
    ValueError : the trace has no gates, or the step is out of range. The message names the argument and its range.
    """
    require_trace(trace)
    if not trace.gates:
        raise ValueError("trace: given a trace of an RNN, expected one of a torch.nn.LSTM or torch.nn.GRU, which have gates")
    trace.require_step(layer, direction, t, n)
    if feature is not None:
        require_index("feature", feature, trace.shapes.H_out)
    step = _GatedStep(trace, (layer, direction, t, n), feature)
    kind = trace.shapes.kind
    (step.lstm if kind == "LSTM" else step.gru)()
    step.inputs()
    where = f"t={t} of layer {layer}{', reverse,' * direction} of {with_article(kind)}"
    written = step.cells.render() + "".join(step.words)
    parts = [
        text(14, 24, f"{kind}: layer {layer}, step t={t}", font_weight=600),
        *step.parts,
        written,
        colour_scale(560, 14, 1.0),
    ]
    values = [f"{NAMES[name]} {name} ({listed([f'{v:.2f}' for v in gate], most=4)})" for name, gate in step.gates.items()]
    alt = f"Step {where}: {'; '.join(values)}; then h[{t}] = ({listed([f'{v:.2f}' for v in step.h], most=4)})."
    return svg_picture(720, 376, parts, alt)


class _GatedStep:
    """The drawing of one step, as it grows: lines and outlines, their cells, and the words on top."""

    def __init__(self, trace: Trace, step: tuple[int, int, int, int], feature: int | None) -> None:
        self.trace, self.step, self.feature = trace, step, feature
        self.gates = {name: gate[step] for name, gate in trace.gates.items()}
        self.h, self.h_before = trace.hidden[step], trace.previous_state(*step)
        self.parts: list[str] = []
        self.words: list[str] = []
        self.cells = Cells(limit=1.0)
        layer, direction, t, n = step
        before = t + 1 if direction else t - 1
        self.before, self.t = (before if 0 <= before < trace.lengths[n] else None), t

    def lstm(self) -> None:
        f, i, g, o = self.columns = [170, 290, 410, 530]
        assert self.trace.cell is not None
        self.path(LEFT, f, g)
        for x, name in zip(self.columns, "figo"):
            self.gate(x, name)
        self.route((i, ROW - 24), (i, MEET), (g - 9, MEET))  # i times g
        self.route((o, ROW - 24), (o, MEET), (RIGHT - 9, MEET))
        self.parts.append(line(RIGHT, PATH + R, RIGHT, MEET - 9, H.colour, 3))
        self.parts.append(line(RIGHT, MEET + 9, RIGHT, ROW - R, H.colour, 3))
        self.words.append(text(RIGHT + 8, MEET - 18, "tanh", size=11, fill=QUIET))
        self.operation(RIGHT, MEET, "×")
        self.state(LEFT, PATH, "c", self.trace.previous_cell(*self.step), self.before, -1)
        self.state(LEFT, ROW, "h", self.h_before, self.before)
        self.state(RIGHT, PATH, "c", self.trace.cell[self.step], self.t, -1)
        self.state(RIGHT, ROW, "h", self.h, self.t)
        self.start = [(LEFT + R, ROW), (122, ROW), (122, RECURRENT)]

    def gru(self) -> None:
        z, r, n = self.columns = [170, 290, 410]
        self.path(LEFT, z, n)
        for x, name in zip(self.columns, "zrn"):
            self.gate(x, name)
        self.route((z, MEET), (n - 9, MEET))
        self.words.append(text(z + 12, MEET - 6, "1 − z", size=11, fill=QUIET))
        self.route((r + 26, ROW + 16), (350, ROW + 16), (350, 258), (n, 258))
        self.state(LEFT, PATH, "h", self.h_before, self.before, -1)
        self.state(RIGHT, PATH, "h", self.h, self.t, -1)
        self.start = [(LEFT, PATH + R), (LEFT, RECURRENT)]

    def path(self, x: float, keep: float, add: float) -> None:
        """The path on which a state goes on: times a gate that keeps, plus new content times a gate."""
        for x1, x2 in ((x + R, keep - 9), (keep + 9, add - 9), (add + 9, RIGHT - R), (RIGHT + R, 706)):
            self.parts.append(line(x1, PATH, x2, PATH, H.colour, 3))
        for x1, y1, y2 in ((keep, ROW - 24, PATH + 9), (add, ROW - 24, MEET + 9), (add, MEET - 9, PATH + 9)):
            self.parts.append(line(x1, y1, x1, y2, TEXT, 1.5))
        self.operation(keep, PATH, "×")
        self.operation(add, MEET, "×")
        self.operation(add, PATH, "+")

    def inputs(self) -> None:
        """What every gate reads: the input by its block of W_ih, and the state before by its block of W_hh."""
        last, count = self.columns[-1], len(self.columns)
        x_t = self.trace.layer_input(self.step[0], self.t, self.step[3])
        paths = (([*self.start, (last + 9, RECURRENT)], W_HH, 9), ([(LEFT + R, INPUT), (last - 9, INPUT)], W_IH, -9))
        for corners, role, beside in paths:
            y = corners[-1][1]
            self.parts += [line(*a, *b, role.colour, head=False) for a, b in pairwise(corners)]
            self.parts += [line(x + beside, y, x + beside, ROW + 24, role.colour) for x in self.columns]
            words = f"{role.symbol}: {count} blocks of rows"
            self.words.append(text(last + 24, y + 4, words, fill=role.ink, font_weight=600))
        self.state(LEFT, INPUT, "x" if self.step[0] == 0 else "below", x_t, self.t)
        if count == 3:  # of a GRU: the reset gate acts on what the new content reads of the state
            self.operation(last + 9, 258, "×")

    def gate(self, x: float, name: str) -> None:
        values, curve = self.gates[name], "tanh" if name in "gn" else "σ"
        box = dict(x=x - 26, y=ROW - 24, width=52, height=48, rx=3, fill=PAPER, stroke=TEXT, stroke_width=1.5)
        self.parts.append(tag("rect", tooltip(f"{NAMES[name]} {name}[{self.t}]", values), **box))
        self.cells.column(x - 19, ROW - 18, 12, 36, values)
        self.words.append(text(x + 9, ROW - 2, name, size=15, font_weight=700, text_anchor="middle"))
        self.words.append(text(x + 9, ROW + 14, curve, size=11, fill=QUIET, text_anchor="middle"))
        self.words.append(text(x + 7, ROW - 32, NAMES[name], size=11, fill=QUIET))
        self.value(x + 31, ROW + 2, values)

    def state(self, x: float, y: float, name: str, values: np.ndarray, t: int | None, side: int = 1) -> None:
        """A state or the input, with its name below it, or above it if `side` is -1."""
        role: Role = X if name == "x" else H
        shown = f"{name}_0" if t is None else "h below" if name == "below" else f"{name}[{t}]"
        node = outline(role.mark, x, y, R) % tooltip(shown, values)
        self.parts.append(tag("g", node, fill=role.tint, stroke=role.colour, stroke_width=2))
        self.cells.column(x - 6, y - R * 0.72, 12, R * 1.44, values)
        self.words.append(text(x, y + (R + 15 if side > 0 else -R - 7), shown, fill=role.ink, text_anchor="middle"))
        if role is H and name != "below":
            self.value(x - R - 4, y - R + 2 if side > 0 else y + R + 6, values, "end")

    def value(self, x: float, y: float, values: np.ndarray, anchor: str = "start") -> None:
        if self.feature is not None:
            self.words.append(text(x, y, f"{values[self.feature]:.2f}".replace("-", "−"), size=12, text_anchor=anchor))

    def operation(self, x: float, y: float, sign: str) -> None:
        disc = tag("circle", cx=x, cy=y, r=9, fill=PAPER, stroke=TEXT, stroke_width=1.5)
        self.parts.append(disc + text(x, y + 5, sign, size=15, text_anchor="middle"))

    def route(self, *corners: tuple[float, float]) -> None:
        """A gate's way to where it multiplies."""
        edges = list(pairwise(corners))
        self.parts += [line(*a, *b, TEXT, 1.5, head=(a, b) == edges[-1]) for a, b in edges]


# ---- all steps --------------------------------------------------------------------------------------------------------


def draw_gates(
    trace: Trace,
    labels: Sequence[str] | None = None,
    *,
    layer: int = -1,
    direction: int = 0,
    n: int = 0,
    mark: int | None = None,
) -> Picture:
    """Draw every gate and state of one layer as heat maps, with one column per step and one row per feature.

    >>> import torch
    >>> from helpers import trace
    >>> draw_gates(trace(torch.nn.GRU(3, 4), torch.ones(2, 1, 3)), ["so", "good"])
    Picture: Heat maps of the gates r, z, n and the state h of layer 0 of a GRU: 4 features over 2 steps (so, good)...

    Parameters
    ----------
    labels : one word per step; None writes the numbers of the steps
    layer  : an index as in a list; -1 is the top layer
    mark   : the step whose column is framed

    Returns
    -------
    Picture : at most 720 wide. Of more than 44 steps the first and the last are drawn, and of more than 8 features the first.

    Raises
    ------
    TypeError : trace is not a Trace, or labels are not a list of words.
    ValueError : the trace has no gates, an index is out of range, or there are fewer labels than steps.
    """
    require_trace(trace)
    layers = trace.shapes.num_layers
    require_index("layer", layer, layers, low=-layers)
    trace.require_step(layer % layers, direction, 0 if mark is None else mark, n)
    if not trace.gates:
        raise ValueError("trace: given a trace of an RNN, expected one of a torch.nn.LSTM or torch.nn.GRU, which have gates")
    steps = trace.lengths[n]
    labels = [str(t) for t in range(steps)] if labels is None else require_labels(labels, steps)
    rows = _rows(trace, layer, direction, n)
    columns = abbreviate(steps, MOST_STEPS, mark)
    wide, tall = min(72, 590 / len(columns)), max(18, 8 * min(trace.shapes.H_out, MOST_FEATURES))
    left, cells, parts, y = 112, Cells(limit=1.0), [colour_scale(112, 12, 1.0)], 34.0
    for name, values in rows.items():
        parts.append(text(8, y + tall / 2 + 4, name, size=14, font_weight=700, fill=H.ink if name in "ch" else TEXT))
        parts.append(text(24, y + tall / 2 + 4, NAMES[name], size=11, fill=QUIET))
        for column, t in enumerate(columns):
            if t is None:
                continue
            box = dict(x=left + column * wide, y=y, width=wide - 1, height=tall, fill=PAPER)
            parts.append(tag("rect", tooltip(f"{name}[{t}]", values[t]), **box))
            cells.column(left + column * wide, y, wide - 1, tall, values[t])
        y += tall + 8
    parts += [cells.render(), *_step_names(labels, columns, left, wide, y)]
    if mark is not None:
        spot = dict(x=left + columns.index(mark) * wide - 1.5, y=32, width=wide + 2, height=y - 38)
        parts.append(tag("rect", **spot, fill="none", stroke=TEXT, stroke_width=2, rx=2))
    height = y + (44 if max(map(len, labels)) > 3 else 20)
    shown = listed([labels[t] for t in columns if t is not None])
    picture = svg_picture(max(left + len(columns) * wide + 14, 292), height, parts, _alt(trace, layer % layers, rows, shown))
    return picture if mark is None else replace(picture, chosen=left + (columns.index(mark) + 0.5) * wide)


def _rows(trace: Trace, layer: int, direction: int, n: int) -> dict[str, np.ndarray]:
    """Each gate, then each state, by its name: (L, H_out) of the layer, direction and sequence."""
    states = {"h": trace.hidden} if trace.cell is None else {"c": trace.cell, "h": trace.hidden}
    end = trace.lengths[n]
    return {name: values[layer, direction, :end, n, :MOST_FEATURES] for name, values in (dict(trace.gates) | states).items()}


def _alt(trace: Trace, layer: int, rows: dict[str, np.ndarray], steps: str) -> str:
    H_out, states = trace.shapes.H_out, "states c and h" if "c" in rows else "state h"
    some = f"the first {MOST_FEATURES} of " if H_out > MOST_FEATURES else ""
    size = f"{some}{plural(H_out, 'feature')} over {plural(len(rows['h']), 'step')} ({steps})"
    means = ", ".join(f"{name} {values.mean():.2f}" for name, values in rows.items())
    whose = f"layer {layer} of {with_article(trace.shapes.kind)}"
    return f"Heat maps of the gates {', '.join(trace.gates)} and the {states} of {whose}: {size}. Means: {means}."


def _step_names(labels: list[str], columns: list[int | None], left: float, wide: float, y: float) -> list[str]:
    """The names of the steps below the columns, as many as there is room for."""
    parts, every = [], ceil(22 / wide)
    for column, t in enumerate(columns):
        x = left + (column + 0.5) * wide
        if t is None:
            parts.append(text(x, y / 2 + 17, "…", fill=QUIET, text_anchor="middle"))
        elif column % every:
            continue
        elif len(labels[t]) <= 3:
            parts.append(text(x, y + 10, labels[t], size=11, fill=X.ink, text_anchor="middle"))
        else:
            spot = f"rotate(-35 {x:.0f} {y + 10:.0f})"
            parts.append(text(x, y + 10, shorten(labels[t], 8), size=11, fill=X.ink, text_anchor="end", transform=spot))
    return parts
