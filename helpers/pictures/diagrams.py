"""More SVG drawings: one step as matrices with their numbers, and tensors as boxes."""

from itertools import accumulate

import numpy as np

from ..checks import require_index
from ..colours import BIAS, H_N, QUIET, TEXT, W_HH, W_IH, H, Role, X, role_of
from ..rnn.shapes import Shape, Shapes
from ..rnn.traces import Step, Trace, require_trace
from ..wording import abbreviate, listed
from .cells import colour_limit, number_cell
from .gates import draw_gated_step
from .picture import Picture
from .svg import batch_card_offsets, line, svg_picture, tag, text

CELL_W, CELL_H, MAX_MATRIX_CELLS = 44, 22, 6
Term = tuple[np.ndarray, str, Role]  # of the equation: its numbers, its name and its role


def draw_step(trace: Trace, layer: int = 0, direction: int = 0, t: int = 0, *, n: int = 0, feature: int | None = None) -> Picture:
    """Draw one step as matrices with their numbers: the term of the input, the term of the previous state, and their sum.

    A step of a GRU or an LSTM is drawn with its gates instead, as by `draw_gated_step`.

    >>> import torch
    >>> from helpers import trace
    >>> draw_step(trace(torch.nn.RNN(3, 4), torch.ones(5, 2, 3)), t=2)
    Picture: Step t=2 of layer 0 in numbers: ...

    Parameters
    ----------
    layer, direction, t : the step; direction 1 is the backward direction
    n : the index of the sequence in the batch
    feature : the row of every matrix to frame, which is everything that h[t][feature] is computed from

    Returns
    -------
    Picture : at most 720 wide. A matrix of more than 6 rows or columns is abbreviated.

    Raises
    ------
    TypeError : trace is not a Trace.
    ValueError : the step is out of range. The message names the argument and its range.
    """
    require_trace(trace)
    if trace.gates:
        return draw_gated_step(trace, layer, direction, t, n=n, feature=feature)
    step = trace.step(layer, direction, t, n)
    if feature is not None:
        require_index("feature", feature, len(step.h))
    limit = colour_limit(step.h)
    read, before = f"x[{t}]" if layer == 0 else "h below", _previous_state_name(trace, direction, t, n)
    rows = len(abbreviate(len(step.h), MAX_MATRIX_CELLS))
    inner_rows = len(abbreviate(max(len(step.x), len(step.h)), MAX_MATRIX_CELLS))
    band = max(rows, inner_rows) * CELL_H + 44
    read_as = X if layer == 0 else H
    top = _product(14, 30, (step.W_ih, "W_ih", W_IH), (step.x, read, read_as), (step.b_ih, "b_ih"), limit, feature)
    low = _product(14, 30 + band, (step.W_hh, "W_hh", W_HH), (step.h_before, before, H), (step.b_hh, "b_hh"), limit, feature)
    x = max(top[1], low[1]) + 34
    middle = 30 + band - 22  # between both bands
    result = _result(x, middle, step, t, limit, feature)
    join = _bracket(x - 18, 30, 2 * band - 44)
    size = (result[1] + 14, 30 + 2 * band - 18)
    way, biases = ", reverse" * direction, "without bias" if step.b_ih is None else "plus both biases"
    values = listed([f"{v:.2f}" for v in step.h], most=8)
    alt = (
        f"Step t={t} of layer {layer}{way} in numbers: W_ih {step.W_ih.shape[0]} by {step.W_ih.shape[1]} times {read}, "
        f"plus W_hh {len(step.h)} by {len(step.h)} times {before}, {biases}, then {step.nonlinearity}, "
        f"gives h[{t}] = ({values})." + (f" Framed: all that goes into h[{t}][{feature}]." if feature is not None else "")
    )
    return svg_picture(*size, [top[0], low[0], join, result[0]], alt)


def _bracket(x: float, y: float, height: float) -> str:
    """A bracket with a plus: the products above and below are added."""
    path = tag("path", d=f"M{x - 8} {y}h8v{height}h-8", stroke=QUIET, stroke_width=1.5, fill="none")
    disc = tag("circle", cx=x, cy=y + height / 2, r=9, fill="#FFFFFF", stroke=QUIET, stroke_width=1.5)
    return path + disc + text(x, y + height / 2 + 5, "+", size=16, text_anchor="middle")


def _previous_state_name(trace: Trace, direction: int, t: int, n: int) -> str:
    earlier = t + 1 if direction else t - 1
    return f"h[{earlier}]" if 0 <= earlier < trace.lengths[n] else "h_0"


def _product(
    x: float, y: float, weight: Term, vector: Term, bias: tuple[np.ndarray | None, str], limit: float, row: int | None
) -> tuple[str, float]:
    """weight @ vector + bias from left to right. Returns the drawing and its right edge."""
    W, W_name, W_role = weight
    v, v_name, v_role = vector
    drawn, at = _matrix(x, y, W, W_name, W_role, limit, row)
    middle = y + len(abbreviate(len(W), MAX_MATRIX_CELLS)) * CELL_H / 2 + 5
    parts = [drawn, text(at + 9, middle, "·", size=18, text_anchor="middle")]
    drawn, at = _matrix(at + 18, y, v[:, None], v_name, v_role, limit)
    parts.append(drawn)
    if bias[0] is not None:
        parts.append(text(at + 10, middle, "+", size=16, text_anchor="middle"))
        drawn, at = _matrix(at + 20, y, bias[0][:, None], bias[1], BIAS, limit, row)
        parts.append(drawn)
    return "".join(parts), at


def _result(x: float, middle: float, step: Step, t: int, limit: float, row: int | None) -> tuple[str, float]:
    rows = len(abbreviate(len(step.h), MAX_MATRIX_CELLS))
    y = middle - rows * CELL_H / 2
    parts = [text(x + 8, middle + 6, "=", size=18, text_anchor="middle")]
    drawn, at = _matrix(x + 20, y, step.total[:, None], "sum", BIAS, limit, row)
    parts += [drawn, line(at + 6, middle, at + 52, middle, TEXT)]
    parts += [text(at + 28, middle - 8, step.nonlinearity, size=12, text_anchor="middle", font_weight=600)]
    drawn, at = _matrix(at + 58, y, step.h[:, None], f"h[{t}]", H, limit, row)
    return "".join([*parts, drawn]), at


def _matrix(
    x: float, y: float, values: np.ndarray, name: str, role: Role, limit: float, marked: int | None = None
) -> tuple[str, float]:
    """A grid of numbers under its name, framed in the colour of its role. Returns the drawing and its right edge."""
    rows, columns = abbreviate(values.shape[0], MAX_MATRIX_CELLS, marked), abbreviate(values.shape[1], MAX_MATRIX_CELLS)
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
    style = dict(fill="none", stroke=role.colour, stroke_width=2, rx=9 if role is H else 2)
    parts.append(tag("rect", x=x - 1, y=y - 1, width=width + 2, height=height + 2, **style))
    if marked is not None:
        spot = dict(x=x - 3, y=y + rows.index(marked) * CELL_H - 1, width=width + 6, height=CELL_H + 2)
        parts.append(tag("rect", **spot, fill="none", stroke=TEXT, stroke_width=2.5, rx=3))
    parts.append(text(x + width / 2, y - 8, name, fill=role.ink, text_anchor="middle", font_weight=600))
    parts.append(text(x + width / 2, y + height + 13, _size_text(values), size=11, fill=QUIET, text_anchor="middle"))
    return "".join(parts), x + width


def _size_text(values: np.ndarray) -> str:
    return f"{values.shape[0]}" if values.shape[1] == 1 else f"{values.shape[0]} × {values.shape[1]}"


def draw_tensors(shapes: Shapes) -> Picture:
    """Draw the tensors of a call as boxes, with the name, the size and the number of each axis.

    >>> draw_tensors(Shapes(L=5, N=2, H_in=3, H_out=4))
    Picture: 4 tensors as boxes. input (L=5, N=2, H_in=3); h_0 (D*num_layers=1, N=2, H_out=4); ...

    Returns
    -------
    Picture : at most 720 wide, or 800 for an LSTM. Columns are steps, or layers and directions. Rows are features, and
        cards are the batch.

    Raises
    ------
    TypeError : shapes is not a Shapes.
    """
    if not isinstance(shapes, Shapes):
        raise TypeError(f"shapes: given {type(shapes).__name__}, expected Shapes, as from expected_shapes(rnn, L=5, N=2)")
    rows = {"goes in": ("input", "h_0", "c_0"), "comes out": ("output", "h_n", "c_n")}
    named = [[name for name in names if name in shapes.tensors] for names in rows.values()]  # only an LSTM has c
    spacings = [max(_box_spacing(shapes.tensors[name]) for name in column) for column in zip(*named)]
    *starts, right = accumulate(spacings, initial=92.0)  # h_n is below h_0, and c_n below c_0
    parts, y = [], 46.0
    for pair, names in zip(rows, named):
        height = max(_box_size(shapes.tensors[name])[1] for name in names)
        parts.append(text(8, y + height / 2 + 4, pair, fill=QUIET))
        parts += [_tensor_box(x, y, name, shapes.tensors[name], height) for x, name in zip(starts, names)]
        y += height + 92
    sizes = "; ".join(f"{name} {shape}" for name, shape in shapes.tensors.items())
    alt = f"{len(shapes.tensors)} tensors as boxes. {sizes}. Columns are steps or layers, rows are features, cards are the batch."
    return svg_picture(right, y - 46, parts, alt)


def _tensor_box(x: float, y: float, name: str, shape: Shape, below: float) -> str:
    """One tensor, whose lower edge is `below` under y."""
    role, sizes, order = role_of(name), dict(zip(shape.names, shape)), {axis: i for i, axis in enumerate(shape.names)}
    across, down = _across_and_down(shape)
    w, h = _box_size(shape)
    y += below - h
    shift = _card_shift(sizes)

    def card(dx: float, dy: float, **style: object) -> str:
        style = dict(fill="#FFFFFF", stroke_width=1.5, stroke_dasharray="5 3" if role is H_N else None) | style
        return tag("rect", x=x + dx * 1.5, y=y + dy * 1.5, width=w, height=h, rx=2, stroke=role.colour, **style)

    front = card(0, 0, fill=role.tint if role in (X, H) else "#FFFFFF", stroke_width=2)
    names = [
        text(x, y - 12 - shift, name, fill=role.ink, font_weight=700),
        text(x, y + h + 15, f"{across}={sizes[across]}", size=11),
        text(x, y + h + 29, f"axis {order[across]}", size=11, fill=QUIET),
        text(x + w + shift + 6, y + h / 2 - 1, f"{down}={sizes[down]}", size=11),
        text(x + w + shift + 6, y + h / 2 + 14, f"axis {order[down]}", size=11, fill=QUIET),
    ]
    if "N" in order:
        deep = f"N={sizes['N']}, axis {order['N']}"
        names.append(text(x + 8 * len(name) + 8, y - 12 - shift, deep, size=11, fill=QUIET))
    drawn = batch_card_offsets(sizes.get("N", 1))
    cards = "".join(card(dx, dy) for dx, dy in drawn)
    if sizes.get("N", 1) > 1 + len(drawn):  # three dots in place of the other cards
        cards += tag("path", d=f"M{x + w + shift + 3} {y - shift - 3}L{x + w + shift + 9} {y - shift - 9}", **_DOTS)
    return cards + front + _grid_lines(x, y, shape) + "".join(names)


_DOTS = dict(stroke=TEXT, stroke_width=1.8, stroke_linecap="round", stroke_dasharray="0 4", fill="none")


def _box_spacing(shape: Shape) -> float:
    """The distance from the left edge of a box to that of the next one."""
    sizes = dict(zip(shape.names, shape))
    beneath, beside = (7 * len(f"{axis}={sizes[axis]}") for axis in _across_and_down(shape))
    return max(_box_size(shape)[0] + _card_shift(sizes) + 6 + beside, beneath, 140) + 24


def _card_shift(sizes: dict[str, int]) -> int:
    """How far the last card of the batch is to the right of the front one."""
    return 6 * min(sizes.get("N", 1) - 1, 2)


def _grid_lines(x: float, y: float, shape: Shape) -> str:
    """The cells of a box, with dots where an axis is too long to draw."""
    sizes = dict(zip(shape.names, shape))
    columns, rows = (abbreviate(sizes[axis], 8) for axis in _across_and_down(shape))
    w, h = _box_size(shape)
    dx, dy = w / len(columns), h / len(rows)
    parts = [line(x + i * dx, y, x + i * dx, y + h, QUIET, 0.4, head=False) for i in range(1, len(columns))]
    parts += [line(x, y + i * dy, x + w, y + i * dy, QUIET, 0.4, head=False) for i in range(1, len(rows))]
    for i, column in enumerate(columns):
        for j, row in enumerate(rows):
            if column is None or row is None:
                mark = "⋮" if row is None else "…"
                parts.append(text(x + (i + 0.5) * dx, y + (j + 0.5) * dy + 4, mark, fill=QUIET, text_anchor="middle"))
    return "".join(parts)


def _box_size(shape: Shape) -> tuple[float, float]:
    sizes = dict(zip(shape.names, shape))
    columns, rows = (len(abbreviate(sizes[axis], 8)) for axis in _across_and_down(shape))
    return columns * 17, max(rows * 15, 30)


def _across_and_down(shape: Shape) -> tuple[str, str]:
    across = "L" if "L" in shape.names else "D*num_layers"
    return across, shape.names[-1]
