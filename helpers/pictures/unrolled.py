"""The key picture: a network unrolled in time, with `output` and `h_n` as frames around the grid of hidden states.

`output` and `h_n` are two selections of the same grid: the top row (solid frame) and the last column (dashed frame). They
share the state where the frames cross, and this is why `output[-1]` equals `h_n[-1]`.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from ..checks import require_index, require_labels
from ..colours import H_N, OUTPUT, PAPER, QUIET, W_HH, W_IH, H, Role, X
from ..rnn.traces import Trace, require_trace
from ..wording import capitalised, plural, shorten, with_article
from .cells import Cells, colour_limit, colour_scale, column_shapes, tooltip, tooltip_template
from .layout import H_0_DISTANCE, Layout, R, StepIndex
from .picture import Picture
from .svg import Ends, StyleGroup, batch_card_offsets, empty_node, lines, outline, svg_picture, tag


def draw_unrolled(
    trace: Trace,
    *,
    n: int = 0,
    at: StepIndex | None = None,
    feature: int | None = None,
    labels: Sequence[str] | None = None,
    reach: StepIndex | None = None,
) -> Picture:
    """Draw a trace unrolled in time: steps from left to right, layers from the bottom up.

    >>> import torch
    >>> from helpers import trace
    >>> draw_unrolled(trace(torch.nn.RNN(3, 4), torch.ones(5, 2, 3)))
    Picture: An RNN unrolled over 5 steps: 1 layer of 4 hidden features reading 3 input features, in one direction, ...

    Parameters
    ----------
    n      : the index of the sequence in front. The others are drawn as cards behind it.
    at     : (layer, direction, t), a step to emphasise. States that are computed later are left empty.
    feature: the index of the element of the emphasised state to frame
    labels : one word per step, written below the input in place of x[t]
    reach  : (layer, direction, t), a step to emphasise. States and inputs that it does not depend on are left empty.

    Returns
    -------
    Picture : at most 720 wide. Of more than 7 steps or 4 layers the first and the last are drawn, with an ellipsis between.

    Raises
    ------
    TypeError : trace is not a Trace, or labels are not a list of words.
    ValueError : n, at, feature or reach is out of range, two steps are emphasised, a feature of none is framed, or there
        are fewer labels than steps.
    """
    require_trace(trace)
    require_index("n", n, len(trace.lengths))
    steps = trace.lengths[n]
    if at is not None and reach is not None:
        raise ValueError(f"at, reach: given {at} and {reach}, expected one step to emphasise")
    for name, step in (("at", at), ("reach", reach)):
        if step is not None:
            _require_step(name, step, (trace.shapes.num_layers, trace.shapes.D, steps))
    if feature is not None and at is None and reach is None:
        raise ValueError(f"feature: given {feature!r} without at or reach, expected a step in whose state to frame it")
    if feature is not None:
        require_index("feature", feature, trace.shapes.H_out)
    words = None if labels is None else tuple(require_labels(labels, steps))
    emphasised, has_dropout = at or reach, trace.dropout_factors is not None
    return _cached_scaffold(trace.shapes, steps, n, at, emphasised, feature, words, reach, has_dropout).render(trace)


def _require_step(argument: str, step: StepIndex, sizes: StepIndex) -> None:
    if not (isinstance(step, tuple) and len(step) == 3):
        raise ValueError(f"{argument}: given {step!r}, expected (layer, direction, t)")
    for name, value, size in zip(("layer", "direction", "t"), step, sizes):
        require_index(name, value, size)


class _Stripe(NamedTuple):
    """What a layer reads where dropout acts: its box, and the layer and step."""

    x: float
    y: float
    w: float
    h: float
    layer: int
    t: int


class Scaffold(Layout):
    """Everything that stays the same while the numbers change: edges, frames, words, and the places of the numbers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.s, self.N = self.shapes, self.shapes.N or 1
        self.number_places()
        self.stripes: list[_Stripe] = []  # between the layers, where dropout acts
        self.lines: dict[tuple[str, float, bool], list[Ends]] = {}  # the edges, by colour, width and whether they have heads
        self.parts: list[str] = []
        self.words = StyleGroup()
        for row, layer in enumerate(self.layers):
            if layer is None:
                self.words.text((self.left + self.right) / 2, self.y(row) + 4, "⋮", size=20, fill=QUIET, text_anchor="middle")
                continue
            for direction in range(self.s.D):
                self.edges(row, layer, direction)
                self.states(row, layer, direction)
            self.layer_name(row, layer)
        self.inputs()
        self.below = [lines(ends, *style) for style, ends in self.lines.items()] + self.parts + [self.cards.render()]
        self.titled, self.told = self.nodes.render(), [place for places in self.titles.values() for place in places]
        self.parts = []
        self.frames()
        self.legend()
        self.above = [*self.parts, self.words.render()]
        self.alt_text = self.alt()

    def number_places(self) -> None:
        """Count the numbers of the sequence in front: all of its input, then of its h_0, then of its states."""
        s = self.s
        sizes = {"input": (s.L, s.H_in), "h_0": (s.num_layers, s.D, s.H_out), "hidden": (s.num_layers, s.D, s.L, s.H_out)}
        starts = np.cumsum([0, *map(prod, sizes.values())])
        self.places = {name: first + np.arange(prod(size)).reshape(size) for first, (name, size) in zip(starts, sizes.items())}
        self.titles: dict[tuple[Role, bool], list[int]] = {}  # the places of the numbers in the nodes' titles, by their style
        self.coloured: list[int] = []  # the places of the numbers that the cells show
        self.boxes: list[str] = []  # the outlines of these cells
        self.gaps: list[str] = []
        self.framed: list[str] = []
        self.cards, self.nodes = StyleGroup(), StyleGroup()

    def node(self, x: float, y: float, r: float, name: str, role: Role, marked: bool, tensor: str, *where: int) -> None:
        """A state, an input or an h_0: its outline, which has a title, and its cells. Its numbers are at `where` in a tensor."""
        for dx, dy in batch_card_offsets(self.N):
            self.cards.add(outline(role.mark, x + dx, y + dy, r) % "", fill=PAPER, stroke=role.colour, stroke_width=1)
        places = self.places[tensor][where].tolist()
        shown, title = tooltip_template(name, len(places))
        self.nodes.add(outline(role.mark, x, y, r) % title, fill=role.tint, stroke=role.colour, stroke_width=4 if marked else 2)
        self.titles.setdefault((role, marked), []).extend(places[i] for i in shown)
        chosen = self.feature if marked and tensor == "hidden" else None
        shown, boxes, gaps = column_shapes(x - 6, y - r * 0.72, 12, r * 1.44, len(places), chosen=chosen)
        self.coloured += [places[i] for i in shown]
        self.boxes += boxes
        self.gaps += gaps
        self.framed += [box for i, box in zip(shown, boxes) if i == chosen]

    def render(self, trace: Trace) -> Picture:
        """The complete picture, with the numbers of a trace of these sizes."""
        n, nodes, cells = self.n, StyleGroup(), Cells(self.limit(trace), self.gaps, self.framed)
        numbers = np.concatenate([trace.input[:, n], trace.h_0[:, :, n], trace.hidden[:, :, :, n]], axis=None)
        cells.add(self.boxes, numbers[self.coloured].tolist())
        titled = self.titled % tuple(numbers[self.told].tolist())
        for x, y, w, h, layer, t in self.stripes:
            assert trace.dropout_factors is not None
            read = trace.layer_input(layer, t, self.n).tolist()
            title = tooltip(f"layer {layer} reads at t={t}, after dropout", read)
            nodes.add(tag("rect", title, x=x, y=y, width=w, height=h), fill=PAPER, stroke=QUIET, stroke_width=1)
            cells.stripe(x, y, w, h, read, trace.dropout_factors[layer - 1, t, self.n])
        legend = colour_scale(140 if self.N == 1 else 190, self.bottom + R + 49, cells.limit)
        moving = [titled, nodes.render(), cells.render()]
        picture = svg_picture(self.width, self.height, [*self.below, *moving, *self.above, legend], self.alt_text)
        return picture if self.mark is None else replace(picture, chosen=self.x(self.columns.index(self.mark[2]), self.mark[1]))

    def limit(self, trace: Trace) -> float:
        read = [trace.layer_input(stripe.layer, stripe.t, self.n) for stripe in self.stripes]
        return colour_limit(np.concatenate([trace.hidden.ravel(), *read]))

    # ---- the scaffold, from back to front -------------------------------------------------------------------------

    def edges(self, row: int, layer: int, direction: int) -> None:
        y = self.y(row, direction)
        for column, t in enumerate(self.columns):
            if t is None:
                continue
            x = self.x(column, direction)
            here = (layer, direction, t) == self.mark
            later = self.is_left_empty(layer, direction, t)
            below = self.bottom - R if row == 0 else self.y(row - 1) - R if self.s.D == 1 else self.bar(row)
            if row == 0 or self.layers[row - 1] is not None:
                self.arrow(x, below, x, y + R, W_IH, later, here)
            self.recurrent_edge(column, row, direction, later, here)
            if self.has_dropout and direction == 0 and not later and row > 0 and self.layers[row - 1] is not None:
                middle = (below + y + R) / 2
                box = (x - 6, middle - 13, 12, 24) if self.s.D == 1 else (self.x(column) - 24, self.bar(row) - 1, 48, 9)
                self.stripes.append(_Stripe(*box, layer, t))
        if self.s.D == 2 and row > 0 and direction == 0 and self.layers[row - 1] is not None:
            self.bars(row)
        if direction == 0 and (row == 0 or self.layers[row - 1] is not None):
            name_y = y + R + 24 if row == 0 or self.s.D == 1 else self.bar(row) - 9
            # With a single column the dashed frame would cover the name.
            beside = R + 10 if len(self.columns) == 1 and self.s.D == 1 and self.s.num_layers > 1 else 5
            beside += 5 if self.has_dropout and row > 0 else 0
            self.words.text(self.x(0, 0) - beside, name_y, "W_ih", size=11, fill=W_IH.ink, text_anchor="end")

    def recurrent_edge(self, column: int, row: int, direction: int, later: bool, here: bool) -> None:
        x, y = self.x(column, direction), self.y(row, direction)
        source = column + 1 if direction else column - 1
        begins = not 0 <= source < len(self.columns)
        side = 1 if direction else -1
        from_x = x + side * (R + H_0_DISTANCE - 14) if begins else self.x(source, direction)
        hidden_source = not begins and self.columns[source] is None
        start = from_x - side * (R - 5 if begins else 12 if hidden_source else R)
        self.arrow(start, y, x + side * R, y, W_HH, later, here)
        if hidden_source:
            self.words.text(from_x, y + 4, "…", size=16, fill=QUIET, text_anchor="middle")
        if begins:
            middle = x + side * (R + H_0_DISTANCE / 2 - 7)  # between the frame and h_0
            self.words.text(middle, y + 15, "W_hh", size=11, fill=W_HH.ink, text_anchor="middle")

    def arrow(self, x1: float, y1: float, x2: float, y2: float, role: Role, later: bool, here: bool) -> None:
        self.edge((x1, y1, x2, y2), "#D0D0D0" if later else role.colour, 4 if here else 2, True)

    def edge(self, ends: Ends, colour: str, width: float, head: bool) -> None:
        self.lines.setdefault((colour, width, head), []).append(ends)

    def bar(self, row: int) -> float:
        """The y at which both directions of the layer below are concatenated."""
        return self.y(row - 1, 1) - R - 18

    def bars(self, row: int) -> None:
        y, bars = self.bar(row), []
        for column, t in enumerate(self.columns):
            if t is None:
                continue
            for direction in (0, 1):
                x = self.x(column, direction)
                self.edge((x, self.y(row - 1, direction) - R, x, y + 7), "#AAAAAA", 1.5, False)
            bars.append(tag("rect", x=self.x(column) - 24, y=y, width=48, height=7, rx=2))
        self.parts.append(tag("g", *bars, fill=H.tint, stroke=H.colour, stroke_width=1.2))
        self.words.text(self.x(0) - 30, y + 8, f"D*H_out={2 * self.s.H_out}", size=11, fill=H.ink, text_anchor="end")

    def states(self, row: int, layer: int, direction: int) -> None:
        y = self.y(row, direction)
        for column, t in enumerate(self.columns):
            if t is None:
                continue
            x = self.x(column, direction)
            if self.is_left_empty(layer, direction, t):
                self.parts.append(empty_node(x, y, R))
                continue
            name = f"layer {layer}{', reverse' * direction}, t={t}: h"
            here = (layer, direction, t) == self.mark
            self.node(x, y, R, name, H, here, "hidden", layer, direction, t)
        side = 1 if direction else -1
        x = self.x(len(self.columns) - 1 if direction else 0, direction) + side * (R + H_0_DISTANCE - 14)
        k = layer * self.s.D + direction
        self.node(x, y, R - 5, f"h_0[{k}]", H, False, "h_0", layer, direction)
        self.words.text(x, y + R + 8, f"h_0[{k}]", size=11, fill=H.ink, text_anchor="middle")

    def layer_name(self, row: int, layer: int) -> None:
        y = self.y(row)
        for direction, arrow in enumerate(("→", "←")[: self.s.D]):
            words = f"layer {layer}" if self.s.D == 1 else arrow
            self.words.text(8, self.y(row, direction) + (-2 if self.s.D == 1 else 4), words, size=12)
        if self.s.D == 2:
            self.words.text(8, y - 32, f"layer {layer}")
            self.words.text(8, y - 18, f"H_out={self.s.H_out}", size=11, fill=H.ink)
        else:
            self.words.text(8, y + 14, f"H_out={self.s.H_out}", size=11, fill=H.ink)

    def inputs(self) -> None:
        y = self.bottom
        for column, t in enumerate(self.columns):
            x = self.x(column)
            if t is None:
                self.words.text(x, y + 4, "…", size=16, fill=QUIET, text_anchor="middle")
                continue
            if self.input_reaches(t):
                strong = self.reach is not None or (self.mark is not None and self.mark[0] == 0 and self.mark[2] == t)
                self.node(x, y, R, f"x[{t}]", X, strong, "input", t)
            else:
                self.parts.append(empty_node(x, y, R, X.mark))
            word = f"x[{t}]" if self.labels is None else shorten(self.labels[t], self.gap // 8)
            self.words.text(x, y + R + 16, word, fill=X.ink, text_anchor="middle")
        self.words.text(8, y - 2, "input")
        self.words.text(8, y + 14, f"H_in={self.s.H_in}", size=11, fill=X.ink)

    def frames(self) -> None:
        top = len(self.layers) - 1
        head = self.y(top, self.s.D - 1) - R - 11
        foot = self.y(top) + R + 11
        side = self.side
        style = dict(fill="none", stroke=OUTPUT.colour, stroke_width=2.5, rx=6)
        box = dict(x=self.left - side, y=head, width=self.right - self.left + 2 * side, height=foot - head)
        self.parts.append(tag("rect", **box, **style))
        self.words.text(self.left - side, head - 8, f"output {self.s.output}", fill=OUTPUT.ink, font_weight=600)
        self.h_n_frames()

    def h_n_frames(self) -> None:
        style = dict(fill="none", stroke=H_N.colour, stroke_width=1.8, stroke_dasharray="6 4", rx=6)
        r = R + 5
        if self.s.D == 1:
            x, head = self.x(len(self.columns) - 1), self.y(len(self.layers) - 1) - r
            self.parts.append(tag("rect", x=x - r, y=head, width=2 * r, height=self.y(0) + r - head, **style))
        for row, layer in enumerate(self.layers):
            if layer is None:
                continue
            for direction in range(self.s.D):
                x, y = self.x(self.last_column(direction), direction), self.y(row, direction)
                if self.s.D == 2:
                    self.parts.append(tag("rect", x=x - r, y=y - r, width=2 * r, height=2 * r, **style))
                k, outward = layer * self.s.D + direction, -1 if direction else 1
                anchor, beside = ("start", self.right + self.side + 7) if outward > 0 else ("end", self.left - self.side - 7)
                self.words.text(beside, y + 4, f"h_n[{k}]", size=11, text_anchor=anchor)

    def legend(self) -> None:
        y, s = self.bottom + R + 40, self.s
        words = f"h_n {s.h_n}"
        style = dict(fill="none", stroke=H_N.colour, stroke_dasharray="4 3")
        self.parts.append(tag("rect", x=8, y=y - 10, width=20, height=12, **style))
        self.words.text(36, y, words, font_weight=600)
        if self.N > 1:
            self.words.text(8, y + 18, f"in front: sequence {self.n} of N={self.N}", size=11, fill=QUIET)
        else:
            self.words.text(8, y + 18, "one sequence", size=11, fill=QUIET)
        if self.has_dropout:
            self.words.text(8, y + 36, "crossed out: set to 0 by dropout at this call", size=11, fill=QUIET)

    def alt(self) -> str:
        s = self.s
        parts = [
            f"{capitalised(with_article(s.kind))} unrolled over {plural(self.steps, 'step')}: {plural(s.num_layers, 'layer')} of "
            f"{plural(s.H_out, 'hidden feature')} reading {plural(s.H_in, 'input feature')}, "
            f"in {'two directions' if s.D == 2 else 'one direction'}, {plural(self.N, 'sequence')}.",
            f"A solid frame marks output {s.output}, the top layer at every step;",
            f"dashed frames mark h_n {s.h_n}, each layer and direction at its own last step.",
        ]
        if self.has_dropout:
            parts.append("Stripes between the layers show what the layer above reads; what dropout set to 0 is crossed out.")
        if self.mark is not None:
            layer, direction, t = self.mark
            later = "; later states are left empty" if self.at else ""
            if self.reach:
                read = ", ".join(f"x[{t}]" for t in range(self.steps) if self.input_reaches(t))
                later = f"; it depends on {read}; what does not reach it is left empty"
            framed = "" if self.feature is None else f", its feature {self.feature} framed"
            parts.append(f"Emphasised: layer {layer}{', reverse' * direction}, step {t}{framed}{later}.")
        return " ".join(parts)


# From move to move most of a picture stays the same, and only its numbers are drawn again.
_cached_scaffold = lru_cache(64)(Scaffold)
