"""The key picture: a network unrolled in time, with `output` and `h_n` as frames around the grid of hidden states.

`output` and `h_n` are no new tensors. They are two selections of the same grid: the top row (solid frame) and the last
column (dashed frame). Where the frames cross lies the reason why `output[-1]` equals `h_n[-1]`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..notation import H_N, OUTPUT, QUIET, W_HH, W_IH, H, X
from ..rnn.traces import Trace, require_index, require_trace
from .picture import Picture
from .svg import (
    Cells,
    abbreviate,
    empty_node,
    limit_of,
    lines,
    node,
    picture,
    plural,
    require_labels,
    scale,
    shorten,
    tag,
    text,
    title,
)

R = 19  # radius of a state
OUTSIDE = 72  # from a first state to its h_0, which stands outside the output frame
SPLIT = 58  # from the forward to the reverse row of one layer
MOST_STEPS, MOST_LAYERS = 7, 4


def draw_unrolled(
    trace: Trace,
    *,
    n: int = 0,
    at: tuple[int, int, int] | None = None,
    mark: tuple[int, int, int] | None = None,
    labels: Sequence[str] | None = None,
) -> Picture:
    """Draw a trace unrolled in time, left to right, layer above layer.

    >>> import torch
    >>> from helpers import trace
    >>> draw_unrolled(trace(torch.nn.RNN(3, 4), torch.ones(5, 2, 3)))
    Picture: An RNN unrolled over 5 steps: 1 layer of 4 hidden features reading 3 input features, in one direction, ...

    Parameters
    ----------
    n      : which sequence of the batch stands in front; the others lie behind it as cards
    at     : (layer, direction, t): this step is emphasised, and what would be computed later is left empty
    mark   : (layer, direction, t): this step is emphasised, and nothing is left empty
    labels : a word for each step, written below the input in place of x[t]

    Returns
    -------
    Picture : at most 720 wide. Beyond 7 steps or 4 layers the first and the last are drawn, with an ellipsis between.

    Raises
    ------
    TypeError : trace is no Trace, or labels are no list of words.
    ValueError : n or at lies outside the trace, or there are fewer labels than steps.
    """
    require_trace(trace)
    require_index("n", n, len(trace.lengths))
    steps = trace.lengths[n]
    for name, spot in (("at", at), ("mark", mark)):
        if spot is not None:
            _require_spot(name, spot, (trace.shapes.num_layers, trace.shapes.D, steps))
    labels = None if labels is None else require_labels(labels, steps)
    return _Drawing(trace, n, at, at or mark, labels).finish()


def _require_spot(argument: str, spot: tuple[int, int, int], sizes: tuple[int, int, int]) -> None:
    if not (isinstance(spot, tuple) and len(spot) == 3):
        raise ValueError(f"{argument}: given {spot!r}, expected (layer, direction, t)")
    for name, value, size in zip(("layer", "direction", "t"), spot, sizes):
        require_index(name, value, size)


@dataclass
class _Drawing:
    """Where everything stands, and the parts drawn so far."""

    trace: Trace
    n: int
    at: tuple[int, int, int] | None  # where the walk stands
    mark: tuple[int, int, int] | None  # what is emphasised
    labels: Sequence[str] | None

    def __post_init__(self) -> None:
        s = self.trace.shapes
        self.s, self.N = s, len(self.trace.lengths)
        self.steps = self.trace.lengths[self.n]
        at_layer, _, at_t = self.mark or (None, None, None)
        self.columns = abbreviate(self.steps, MOST_STEPS, at_t)
        self.layers = abbreviate(s.num_layers, MOST_LAYERS, at_layer)
        self.limit = limit_of(self.trace.hidden)
        self.lean = 15 if s.D == 2 else 0  # forward states stand left of the column, reverse ones right of it
        self.gap = (420 if s.D == 2 else 440) // max(len(self.columns) - 1, 5)
        self.side = R + 11 + self.lean  # from a column to the edge of the output frame
        self.left = 74 + R + OUTSIDE + self.lean
        self.right = self.left + self.gap * (len(self.columns) - 1)
        beyond = R + OUTSIDE + self.lean + 2 if s.D == 2 else self.side + 56
        captions = self.left - self.side + 7.4 * len(f"output {s.output}"), 36 + 7.4 * len(f"h_n {s.h_n}")
        self.width = max(self.right + beyond, *captions) + 8
        self.up = self.climb()  # of each row of states, above the input
        self.bottom = self.up[-1] + (SPLIT if s.D == 2 else 0) + R + 45  # y of the input row
        self.height = self.bottom + R + 72
        self.parts: list[str] = []
        self.lines: dict[tuple, list[tuple[float, ...]]] = {}  # the edges, by their look
        self.cells = Cells(self.limit)

    def climb(self) -> list[float]:
        """How far above the input each row of states stands; an ellipsis takes less room than a layer."""
        split = SPLIT if self.s.D == 2 else 0
        rise = 98 + split if split else 84
        up = [78.0]
        for layer, above in zip(self.layers, self.layers[1:]):
            up.append(up[-1] + (rise if None not in (layer, above) else 48 + split * (above is None)))
        return up

    # ---- places -------------------------------------------------------------------------------------------------

    def x(self, column: int, direction: int | None = None) -> float:
        return self.left + self.gap * column + {None: 0, 0: -self.lean, 1: self.lean}[direction]

    def y(self, row: int, direction: int = 0) -> float:
        return self.bottom - self.up[row] - (SPLIT if direction else 0)

    def last_column(self, direction: int) -> int:
        return 0 if direction else len(self.columns) - 1

    def is_later(self, layer: int, direction: int, t: int) -> bool:
        """Whether this state is computed after the step we stand at."""
        if self.at is None:
            return False
        at_layer, at_direction, at_t = self.at
        if self.s.D == 1:
            return t > at_t or (t == at_t and layer > at_layer)
        # With two directions a layer needs the whole of the one below: layer by layer, then direction by direction.
        order = -t if direction else t
        at_order = -at_t if at_direction else at_t
        return (layer, direction, order) > (at_layer, at_direction, at_order)

    # ---- the drawing, back to front -----------------------------------------------------------------------------

    def finish(self) -> Picture:
        for row, layer in enumerate(self.layers):
            if layer is None:
                middle = (self.left + self.right) / 2
                self.parts.append(text(middle, self.y(row) + 4, "⋮", size=20, fill=QUIET, text_anchor="middle"))
                continue
            for direction in range(self.s.D):
                self.edges(row, layer, direction)
        self.parts = [lines(ends, *look) for look, ends in self.lines.items()] + self.parts
        for row, layer in enumerate(self.layers):
            if layer is not None:
                for direction in range(self.s.D):
                    self.states(row, layer, direction)
                self.layer_name(row, layer)
        self.inputs()
        self.parts.append(self.cells.drawn())
        self.frames()
        self.legend()
        return picture(self.width, self.height, self.parts, self.alt())

    def edges(self, row: int, layer: int, direction: int) -> None:
        y = self.y(row, direction)
        for column, t in enumerate(self.columns):
            if t is None:
                continue
            x = self.x(column, direction)
            here = (layer, direction, t) == self.mark
            later = self.is_later(layer, direction, t)
            below = self.bottom - R if row == 0 else self.y(row - 1) - R if self.s.D == 1 else self.bar(row)
            if row == 0 or self.layers[row - 1] is not None:
                self.arrow(x, below, x, y + R, W_IH, later, here)
            self.recurrent_edge(column, t, row, direction, later, here)
        if self.s.D == 2 and row > 0 and direction == 0 and self.layers[row - 1] is not None:
            self.bars(row)
        if direction == 0 and (row == 0 or self.layers[row - 1] is not None):
            name_y = y + R + 24 if row == 0 or self.s.D == 1 else self.bar(row) - 9
            # With a single column the dashed frame stands where the name would.
            beside = R + 10 if len(self.columns) == 1 and self.s.D == 1 and self.s.num_layers > 1 else 5
            self.parts.append(text(self.x(0, 0) - beside, name_y, "W_ih", size=11, fill=W_IH.ink, text_anchor="end"))

    def recurrent_edge(self, column: int, t: int, row: int, direction: int, later: bool, here: bool) -> None:
        x, y = self.x(column, direction), self.y(row, direction)
        source = column + 1 if direction else column - 1
        begins = not 0 <= source < len(self.columns)
        side = 1 if direction else -1
        from_x = x + side * (R + OUTSIDE - 14) if begins else self.x(source, direction)
        hidden_source = not begins and self.columns[source] is None
        start = from_x - side * (R - 5 if begins else 12 if hidden_source else R)
        self.arrow(start, y, x + side * R, y, W_HH, later, here)
        if hidden_source:
            self.parts.append(text(from_x, y + 4, "…", size=16, fill=QUIET, text_anchor="middle"))
        if begins:
            middle = x + side * (R + OUTSIDE / 2 - 7)  # between the frame and h_0
            self.parts.append(text(middle, y + 15, "W_hh", size=11, fill=W_HH.ink, text_anchor="middle"))

    def arrow(self, x1: float, y1: float, x2: float, y2: float, role, later: bool, here: bool) -> None:
        self.edge((x1, y1, x2, y2), "#D0D0D0" if later else role.colour, 4 if here else 2, True)

    def edge(self, ends: tuple[float, ...], *look: object) -> None:
        self.lines.setdefault(look, []).append(ends)

    def bar(self, row: int) -> float:
        """The height at which both directions of the layer below are laid side by side."""
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
        self.parts.append(text(self.x(0) - 30, y + 8, f"D*H_out={2 * self.s.H_out}", size=11, fill=H.ink, text_anchor="end"))

    def states(self, row: int, layer: int, direction: int) -> None:
        y, n = self.y(row, direction), self.n
        for column, t in enumerate(self.columns):
            if t is None:
                continue
            x = self.x(column, direction)
            if self.is_later(layer, direction, t):
                self.parts.append(empty_node(x, y, R))
                continue
            values = self.trace.hidden[layer, direction, t, n]
            name = f"layer {layer}{', reverse' * direction}, t={t}: h"
            here = (layer, direction, t) == self.mark
            self.node(x, y, R, values, name, H, here)
        side = 1 if direction else -1
        x = self.x(len(self.columns) - 1 if direction else 0, direction) + side * (R + OUTSIDE - 14)
        k = layer * self.s.D + direction
        self.node(x, y, R - 5, self.trace.h_0[layer, direction, n], f"h_0[{k}]", H)
        self.parts.append(text(x, y + R + 8, f"h_0[{k}]", size=11, fill=H.ink, text_anchor="middle"))

    def node(self, x: float, y: float, r: float, values, name: str, role, strong: bool = False) -> None:
        self.parts.append(node(x, y, r, title(name, values), self.N, role, strong))
        self.cells.column(x - 6, y - r * 0.72, 12, r * 1.44, values)

    def layer_name(self, row: int, layer: int) -> None:
        y = self.y(row)
        for direction, arrow in enumerate(("→", "←")[: self.s.D]):
            words = f"layer {layer}" if self.s.D == 1 else arrow
            self.parts.append(text(8, self.y(row, direction) + (-2 if self.s.D == 1 else 4), words, size=12))
        if self.s.D == 2:
            self.parts.append(text(8, y - 32, f"layer {layer}"))
            self.parts.append(text(8, y - 18, f"H_out={self.s.H_out}", size=11, fill=H.ink))
        else:
            self.parts.append(text(8, y + 14, f"H_out={self.s.H_out}", size=11, fill=H.ink))

    def inputs(self) -> None:
        y = self.bottom
        for column, t in enumerate(self.columns):
            x = self.x(column)
            if t is None:
                self.parts.append(text(x, y + 4, "…", size=16, fill=QUIET, text_anchor="middle"))
                continue
            strong = self.mark is not None and self.mark[0] == 0 and self.mark[2] == t
            self.node(x, y, R, self.trace.input[t, self.n], f"x[{t}]", X, strong)
            word = f"x[{t}]" if self.labels is None else shorten(self.labels[t], self.gap // 8)
            self.parts.append(text(x, y + R + 16, word, fill=X.ink, text_anchor="middle"))
        self.parts.append(text(8, y - 2, "input"))
        self.parts.append(text(8, y + 14, f"H_in={self.s.H_in}", size=11, fill=X.ink))

    def frames(self) -> None:
        top = len(self.layers) - 1
        head = self.y(top, self.s.D - 1) - R - 11
        foot = self.y(top) + R + 11
        side = self.side
        look = dict(fill="none", stroke=OUTPUT.colour, stroke_width=2.5, rx=6)
        box = dict(x=self.left - side, y=head, width=self.right - self.left + 2 * side, height=foot - head)
        self.parts.append(tag("rect", **box, **look))
        self.parts.append(text(self.left - side, head - 8, f"output {self.s.output}", fill=OUTPUT.ink, font_weight=600))
        self.h_n_frames()

    def h_n_frames(self) -> None:
        look = dict(fill="none", stroke=H_N.colour, stroke_width=1.8, stroke_dasharray="6 4", rx=6)
        r = R + 5
        if self.s.D == 1:
            x, head = self.x(len(self.columns) - 1), self.y(len(self.layers) - 1) - r
            self.parts.append(tag("rect", x=x - r, y=head, width=2 * r, height=self.y(0) + r - head, **look))
        for row, layer in enumerate(self.layers):
            for direction in range(self.s.D) if layer is not None else ():
                x, y = self.x(self.last_column(direction), direction), self.y(row, direction)
                if self.s.D == 2:
                    self.parts.append(tag("rect", x=x - r, y=y - r, width=2 * r, height=2 * r, **look))
                k, outward = layer * self.s.D + direction, -1 if direction else 1
                anchor, beside = ("start", self.right + self.side + 7) if outward > 0 else ("end", self.left - self.side - 7)
                self.parts.append(text(beside, y + 4, f"h_n[{k}]", size=11, text_anchor=anchor))

    def legend(self) -> None:
        y, s = self.bottom + R + 40, self.s
        words = f"h_n {s.h_n}"
        look = dict(fill="none", stroke=H_N.colour, stroke_dasharray="4 3")
        self.parts.append(tag("rect", x=8, y=y - 10, width=20, height=12, **look))
        self.parts.append(text(36, y, words, font_weight=600))
        if self.N > 1:
            self.parts.append(text(8, y + 18, f"in front: sequence {self.n} of N={self.N}", size=11, fill=QUIET))
        else:
            self.parts.append(text(8, y + 18, "one sequence", size=11, fill=QUIET))
        self.parts.append(scale(140 if self.N == 1 else 190, y + 9, self.limit))

    def alt(self) -> str:
        s = self.s
        parts = [
            f"An RNN unrolled over {plural(self.steps, 'step')}: {plural(s.num_layers, 'layer')} of "
            f"{plural(s.H_out, 'hidden feature')} reading {plural(s.H_in, 'input feature')}, "
            f"in {'two directions' if s.D == 2 else 'one direction'}, {plural(self.N, 'sequence')}.",
            f"A solid frame marks output {s.output}, the top layer at every step;",
            f"dashed frames mark h_n {s.h_n}, each layer and direction at its own last step.",
        ]
        if self.mark is not None:
            layer, direction, t = self.mark
            later = "; later states are left empty" if self.at else ""
            parts.append(f"Emphasised: layer {layer}{', reverse' * direction}, step {t}{later}.")
        return " ".join(parts)
