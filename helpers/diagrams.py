"""SVG drawings of a trace beside the key picture: one step as matrices, tensors as boxes, states over time."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from .notation import BIAS, H, H_N, OUTPUT, QUIET, TEXT, W_HH, W_IH, X, Role
from .pictures import Picture
from .shapes import Shape, Shapes
from .svg import abbreviate, batch_cards, cells, limit_of, line, number_cell, picture, require_labels, scale, shorten
from .svg import tag, text
from .traces import Step, Trace, require_index, require_trace

CELL_W, CELL_H, MOST_CELLS = 44, 22, 6
LEFT = 76  # room beside a heat map for its name, and for the slanted words below it


def draw_step(trace: Trace, layer: int = 0, direction: int = 0, t: int = 0, *, n: int = 0) -> Picture:
    """Draw one step as matrices with their numbers: what comes from the input, what from the past, and their sum.

    >>> import torch
    >>> from helpers import trace
    >>> draw_step(trace(torch.nn.RNN(3, 4), torch.ones(5, 2, 3)), t=2)
    Picture: Step t=2 of layer 0 in numbers: ...

    Parameters
    ----------
    layer, direction, t : which step; direction 1 is the reverse one
    n : which sequence of the batch

    Returns
    -------
    Picture : at most 720 wide; beyond 6 rows or columns a matrix is abbreviated.

    Raises
    ------
    TypeError : trace is no Trace.
    ValueError : the step lies outside the trace; names the argument and its range.
    """
    require_trace(trace)
    step = trace.step(layer, direction, t, n)
    limit = limit_of(step.h)
    read, before = f"x[{t}]" if layer == 0 else "h below", _before_name(trace, direction, t, n)
    rows = len(abbreviate(len(step.h), MOST_CELLS))
    inner_rows = len(abbreviate(max(len(step.x), len(step.h)), MOST_CELLS))
    band = max(rows, inner_rows) * CELL_H + 44
    top = _product(14, 30, (step.W_ih, "W_ih", W_IH), (step.x, read, X if layer == 0 else H), (step.b_ih, "b_ih"), limit)
    low = _product(14, 30 + band, (step.W_hh, "W_hh", W_HH), (step.h_before, before, H), (step.b_hh, "b_hh"), limit)
    x = max(top[1], low[1]) + 34
    middle = 30 + band - 22  # half-way down both bands
    result = _result(x, middle, step, t, limit)
    join = _bracket(x - 18, 30, 2 * band - 44)
    size = (result[1] + 14, 30 + 2 * band - 18)
    way, biases = ", reverse" * direction, "without bias" if step.b_ih is None else "plus both biases"
    values = ", ".join(f"{v:.2f}" for v in step.h[:8]) + (", …" if len(step.h) > 8 else "")
    alt = (
        f"Step t={t} of layer {layer}{way} in numbers: W_ih {step.W_ih.shape[0]} by {step.W_ih.shape[1]} times {read}, "
        f"plus W_hh {len(step.h)} by {len(step.h)} times {before}, {biases}, then {step.nonlinearity}, "
        f"gives h[{t}] = ({values})."
    )
    return picture(*size, [top[0], low[0], join, result[0]], alt)


def _bracket(x: float, y: float, height: float) -> str:
    """A bracket with a plus: what it holds, above and below, is added."""
    path = tag("path", d=f"M{x - 8} {y}h8v{height}h-8", stroke=QUIET, stroke_width=1.5, fill="none")
    disc = tag("circle", cx=x, cy=y + height / 2, r=9, fill="#FFFFFF", stroke=QUIET, stroke_width=1.5)
    return path + disc + text(x, y + height / 2 + 5, "+", size=16, text_anchor="middle")


def _before_name(trace: Trace, direction: int, t: int, n: int) -> str:
    earlier = t + 1 if direction else t - 1
    return f"h[{earlier}]" if 0 <= earlier < trace.lengths[n] else "h_0"


def _product(x: float, y: float, weight: tuple, vector: tuple, bias: tuple, limit: float) -> tuple[str, float]:
    """weight @ vector + bias, left to right; returns the drawing and where it ends."""
    W, W_name, W_role = weight
    v, v_name, v_role = vector
    drawn, at = _matrix(x, y, W, W_name, W_role, limit)
    middle = y + len(abbreviate(len(W), MOST_CELLS)) * CELL_H / 2 + 5
    parts = [drawn, text(at + 9, middle, "·", size=18, text_anchor="middle")]
    drawn, at = _matrix(at + 18, y, v[:, None], v_name, v_role, limit)
    parts.append(drawn)
    if bias[0] is not None:
        parts.append(text(at + 10, middle, "+", size=16, text_anchor="middle"))
        drawn, at = _matrix(at + 20, y, bias[0][:, None], bias[1], BIAS, limit)
        parts.append(drawn)
    return "".join(parts), at


def _result(x: float, middle: float, step: Step, t: int, limit: float) -> tuple[str, float]:
    rows = len(abbreviate(len(step.h), MOST_CELLS))
    y = middle - rows * CELL_H / 2
    parts = [text(x + 8, middle + 6, "=", size=18, text_anchor="middle")]
    drawn, at = _matrix(x + 20, y, step.total[:, None], "sum", BIAS, limit)
    parts += [drawn, line(at + 6, middle, at + 52, middle, TEXT)]
    parts += [text(at + 28, middle - 8, step.nonlinearity, size=12, text_anchor="middle", font_weight=600)]
    drawn, at = _matrix(at + 58, y, step.h[:, None], f"h[{t}]", H, limit)
    return "".join([*parts, drawn]), at


def _matrix(x: float, y: float, values: np.ndarray, name: str, role: Role, limit: float) -> tuple[str, float]:
    """A grid of numbers under its name, framed in its role's colour; returns it and its right edge."""
    rows, columns = (abbreviate(size, MOST_CELLS) for size in values.shape)
    parts = []
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            at = (x + j * CELL_W, y + i * CELL_H)
            if row is None or column is None:
                mark = "⋮" if row is None else "…"
                parts.append(text(at[0] + CELL_W / 2, at[1] + 15, mark, fill=QUIET, text_anchor="middle"))
                continue
            tip = f"{name}[{row}]" if values.shape[1] == 1 else f"{name}[{row}, {column}]"
            parts.append(number_cell(*at, CELL_W, CELL_H, float(values[row, column]), limit, tip))
    width, height = len(columns) * CELL_W, len(rows) * CELL_H
    look = dict(fill="none", stroke=role.colour, stroke_width=2, rx=9 if role is H else 2)
    parts.append(tag("rect", x=x - 1, y=y - 1, width=width + 2, height=height + 2, **look))
    parts.append(text(x + width / 2, y - 8, name, fill=role.ink, text_anchor="middle", font_weight=600))
    parts.append(text(x + width / 2, y + height + 13, _by(values), size=10, fill=QUIET, text_anchor="middle"))
    return "".join(parts), x + width


def _by(values: np.ndarray) -> str:
    return f"{values.shape[0]}" if values.shape[1] == 1 else f"{values.shape[0]} × {values.shape[1]}"


def draw_tensors(shapes: Shapes) -> Picture:
    """Draw the four tensors of a call as boxes, the size of each axis on its edge, in the order torch wants them.

    >>> draw_tensors(Shapes(L=5, N=2, H_in=3, H_out=4))
    Picture: Four tensors as boxes. input (L=5, N=2, H_in=3); h_0 (D*num_layers=1, N=2, H_out=4); ...

    Returns
    -------
    Picture : at most 720 wide. Columns are steps, or layers and directions; rows are features; cards are the batch.

    Raises
    ------
    TypeError : shapes are no Shapes.
    """
    if not isinstance(shapes, Shapes):
        raise TypeError(f"shapes: given {type(shapes).__name__}, expected Shapes, as from expected_shapes(rnn, L=5, N=2)")
    parts, right, y = [], 0.0, 46.0
    for pair, names in (("goes in", ("input", "h_0")), ("comes out", ("output", "h_n"))):
        height = max(_box_size(shapes.tensors[name])[1] for name in names)
        parts.append(text(8, y + height / 2 + 4, pair, fill=QUIET))
        at = 92.0
        for name in names:
            drawn, at = _box(at, y, name, shapes.tensors[name], height)
            parts.append(drawn)
        right = max(right, at)
        y += height + 92
    sizes = "; ".join(f"{name} {shape}" for name, shape in shapes.tensors.items())
    alt = f"Four tensors as boxes. {sizes}. Columns are steps or layers, rows are features, cards are the batch."
    return picture(right, y - 46, parts, alt)


_BOX = {"input": X, "h_0": H, "output": OUTPUT, "h_n": H_N}


def _box(x: float, y: float, name: str, shape: Shape, below: float) -> tuple[str, float]:
    """One tensor standing on the line `below` under y; returns it and where the next one may begin."""
    role, sizes, order = _BOX[name], dict(zip(shape.names, shape)), {axis: i for i, axis in enumerate(shape.names)}
    across, down = _across_and_down(shape)
    w, h = _box_size(shape)
    y += below - h
    shift = 6 * min(sizes.get("N", 1) - 1, 2)

    def card(dx: float, dy: float, **look: object) -> str:
        look = dict(fill="#FFFFFF", stroke_width=1.5, stroke_dasharray="5 3" if role is H_N else None) | look
        return tag("rect", x=x + dx * 1.5, y=y + dy * 1.5, width=w, height=h, rx=2, stroke=role.colour, **look)

    front = card(0, 0, fill=role.tint if role in (X, H) else "#FFFFFF", stroke_width=2)
    names = [
        text(x, y - 12 - shift, name, fill=role.ink, font_weight=700),
        text(x, y + h + 15, f"{across}={sizes[across]}", size=11),
        text(x, y + h + 28, f"axis {order[across]}", size=10, fill=QUIET),
        text(x + w + shift + 6, y + h / 2, f"{down}={sizes[down]}", size=11),
        text(x + w + shift + 6, y + h / 2 + 12, f"axis {order[down]}", size=10, fill=QUIET),
    ]
    if "N" in order:
        deep = f"N={sizes['N']}, axis {order['N']}"
        names.append(text(x + 8 * len(name) + 8, y - 12 - shift, deep, size=10, fill=QUIET))
    wide = max(w + shift + 6 + 7 * len(f"{down}={sizes[down]}"), 7 * len(f"{across}={sizes[across]}"), 140)
    drawn = batch_cards(sizes.get("N", 1), card) + front + _grid(x, y, shape) + "".join(names)
    return drawn, x + wide + 24


def _grid(x: float, y: float, shape: Shape) -> str:
    """The cells of a box; a gap of dots where an axis is too long to draw."""
    sizes = dict(zip(shape.names, shape))
    columns, rows = (abbreviate(sizes[axis], 8) for axis in _across_and_down(shape))
    w, h = _box_size(shape)
    dx, dy = w / len(columns), h / len(rows)
    parts = [line(x + i * dx, y, x + i * dx, y + h, QUIET, 0.4, head=False) for i in range(1, len(columns))]
    parts += [line(x, y + i * dy, x + w, y + i * dy, QUIET, 0.4, head=False) for i in range(1, len(rows))]
    for i, column in enumerate(columns):
        for j, row in enumerate(rows):
            if column is None or row is None:
                parts.append(text(x + (i + 0.5) * dx, y + (j + 0.5) * dy + 3, "·", size=10, text_anchor="middle"))
    return "".join(parts)


def _box_size(shape: Shape) -> tuple[float, float]:
    sizes = dict(zip(shape.names, shape))
    columns, rows = (len(abbreviate(sizes[axis], 8)) for axis in _across_and_down(shape))
    return columns * 17, max(rows * 15, 30)


def _across_and_down(shape: Shape) -> tuple[str, str]:
    across = "L" if "L" in shape.names else "D*num_layers"
    return across, shape.names[-1]


def draw_hidden(trace: Trace, labels: Sequence[str] | None = None, *, layer: int = -1, n: int = 0) -> Picture:
    """Draw the hidden states of one layer as a heat map: a column a step, a row a feature.

    >>> import torch
    >>> from helpers import trace
    >>> draw_hidden(trace(torch.nn.RNN(3, 4), torch.ones(2, 1, 3)), ["so", "good"])
    Picture: Heat map of the hidden states of layer 0: 4 features over 2 steps (so, good).

    Parameters
    ----------
    labels : a word for each step
    layer  : counted like a list's index; -1 is the top layer

    Raises
    ------
    TypeError : trace is no Trace.
    ValueError : layer or n lies outside the trace, or there are fewer labels than steps.
    """
    require_trace(trace)
    layers = trace.shapes.num_layers
    require_index("layer", layer, layers, low=-layers)
    layer %= layers
    require_index("n", n, len(trace.lengths))
    steps = trace.lengths[n]
    labels = [f"t={t}" for t in range(steps)] if labels is None else require_labels(labels, steps)
    hidden = np.concatenate(trace.hidden[layer, :, :steps, n], axis=-1)  # (L, D*H_out)
    limit = limit_of(hidden)
    columns = abbreviate(steps, 14)
    wide = min(72, 600 / len(columns))
    tall = min(22, 240 / min(hidden.shape[1], 24))
    height = min(hidden.shape[1], 24) * tall
    parts = [text(8, 24, "hidden states", fill=H.ink, font_weight=600), scale(112, 15, limit)]
    for column, t in enumerate(columns):
        x = LEFT + column * wide
        if t is None:
            parts.append(text(x + wide / 2, 40 + height / 2, "…", size=18, fill=QUIET, text_anchor="middle"))
            continue
        parts.append(cells(x, 40, wide - 2, height, hidden[t], f"h[{t}]", limit, most=24))
        spot = f"rotate(-35 {x + wide / 2:.0f} {56 + height:.0f})"
        parts.append(text(x + wide / 2, 56 + height, shorten(labels[t], 11), fill=X.ink, text_anchor="end", transform=spot))
    parts.append(text(8, 40 + height / 2, "H_out" if trace.shapes.D == 1 else "D*H_out", size=11, fill=H.ink))
    words = ", ".join(labels[t] if t is not None else "…" for t in columns)
    alt = f"Heat map of the hidden states of layer {layer}: {hidden.shape[1]} features over {steps} steps ({words})."
    return picture(max(LEFT + len(columns) * wide + 14, 292), 116 + height, parts, alt)


def draw_response(trace: Trace) -> Picture:
    """Draw one neuron over time: what it reads as bars, what it answers as a line of circles.

    >>> import torch
    >>> from helpers import trace
    >>> draw_response(trace(torch.nn.RNN(1, 1), torch.eye(12)[:, :1]))
    Picture: One neuron over 12 steps. The input is 1.00 at t=0; the answers begin ...

    Parameters
    ----------
    trace : of a network with one input feature and one hidden feature; the first sequence is drawn

    Raises
    ------
    TypeError : trace is no Trace.
    ValueError : there is more than one feature or layer.
    """
    require_trace(trace)
    s = trace.shapes
    if (s.H_in, s.H_out, s.num_layers, s.D) != (1, 1, 1, 1):
        given = f"H_in={s.H_in}, H_out={s.H_out}, num_layers={s.num_layers}, D={s.D}"
        raise ValueError(f"trace: given {given}, expected one neuron: H_in=1, H_out=1, num_layers=1, D=1")
    x, h = trace.input[:, 0, 0], trace.hidden[0, 0, :, 0, 0]
    limit, x_limit = limit_of(h), limit_of(x)
    left, gap = 64, min(48.0, 600 / len(h))
    right = left + gap * len(h)
    parts = _axis(left - 10, right, 62, 38, "x", X, x_limit)
    parts += _axis(left - 10, right, 180, 60, "h", H, limit)
    heights = np.nan_to_num(np.clip(h / limit, -1, 1))  # what has overflowed stands at the edge
    spots = [(left + gap * (t + 0.5), 180 - 60 * float(heights[t])) for t in range(len(h))]
    parts += [line(*a, *b, H.colour, 1.5, head=False) for a, b in pairwise(spots)]
    for t, (at, y) in enumerate(spots):
        bar = 38 * float(np.nan_to_num(x[t], posinf=x_limit, neginf=-x_limit)) / x_limit
        look = dict(fill=X.tint, stroke=X.colour, stroke_width=1.5, rx=3)
        parts.append(tag("rect", x=at - gap * 0.3, y=62 - max(bar, 0), width=gap * 0.6, height=abs(bar), **look))
        tip = tag("title", f"h[{t}] = {h[t]:.3f}")
        parts.append(tag("circle", tip, cx=at, cy=y, r=6, fill=H.tint, stroke=H.colour, stroke_width=2))
        if t % max(1, round(26 / gap)) == 0:  # as many numbers as there is room for
            parts.append(text(at, 262, t, size=11, fill=QUIET, text_anchor="middle"))
    parts.append(text(left - 10, 262, "t", size=12, fill=QUIET, text_anchor="end"))
    first = ", ".join(f"{v:.2f}" for v in h[:4])
    alt = f"One neuron over {len(h)} steps. The input is {x[0]:.2f} at t=0; the answers begin {first} and end at {h[-1]:.2f}."
    return picture(right + 20, 276, parts, alt)


def _axis(left: float, right: float, zero: float, tall: float, name: str, role: Role, limit: float) -> list[str]:
    ends = [(zero - tall, f"+{limit:.3g}"), (zero, "0"), (zero + tall, f"−{limit:.3g}")]
    parts = [line(left, y, right, y, "#DDDDDD" if y != zero else "#999999", 1, head=False) for y, _ in ends]
    parts += [text(left - 6, y + 4, label, size=10, fill=QUIET, text_anchor="end") for y, label in ends]
    return [*parts, text(8, zero + 4, name, size=14, fill=role.ink, font_weight=700)]
