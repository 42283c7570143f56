"""Shapes and parameters as tables: plain text for the terminal, HTML for the notebook."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from math import prod

import numpy as np
from torch import Tensor, nn

from ..colours import H_N, role_of
from ..rnn.shapes import Shape, Shapes, expected_shapes
from ..rnn.traces import Trace
from ..wording import abbreviate


@dataclass(frozen=True)
class Table:
    """Rows under headings: aligned text when printed, HTML in a notebook.

    >>> Table(("tensor", "shape"), (("input", "(L=5, H_in=3)"), ("h_n", "(H_out=4)")))
    tensor  shape
    input   (L=5, H_in=3)
    h_n     (H_out=4)
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    here: str | None = None  # the first cell of the row that is marked; "" marks none, but there is room for a mark
    keys: str = ""  # with a word, such as "tensor", each row has a key, by which an explorer sees whether it has changed

    def __repr__(self) -> str:
        lines = (self.headings, *self.rows)
        widths = [max(map(len, column)) for column in zip(*lines)]
        text = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
        return "\n".join(text)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="{_CELL_STYLE};text-align:left">{escape(cell)}</th>' for cell in self.headings)
        head += f'<td style="{_CELL_STYLE}"></td>' if self._has_marks else ""
        body = "".join(self._row(row) for row in self.rows)
        table = f'<table style="{_TABLE_STYLE}"><tr>{head}</tr>{body}</table>'
        return f'<div style="overflow-x:auto">{table}</div>'

    @property
    def _has_marks(self) -> bool:
        return self.here is not None or bool(self.keys)

    def _row(self, row: tuple[str, ...]) -> str:
        name, *cells = row
        marked = name == self.here
        swatch, style = _swatch(name), f"{_CELL_STYLE};text-align:left;font-weight:400"
        style += ";white-space:nowrap" if swatch else ""  # a swatch and its name stay on one line
        style += ";text-shadow:.04em 0,-.04em 0" if marked else ""  # a bold font would make the column wider
        first = f'<th scope="row" style="{style}">{swatch}{escape(name)}</th>'
        rest = "".join(f'<td style="{_CELL_STYLE};text-align:left">{escape(cell)}</td>' for cell in cells)
        if self._has_marks:  # there is always room for the mark, so that the table does not move when it appears
            rest += f'<td style="{_CELL_STYLE};min-width:5em">{"◂ here" if marked else ""}</td>'
        key = f' data-key="{self.keys} {escape(name)}"' if self.keys else ""
        # The tint is visible on a light and on a dark page, and it is never the only sign: the mark is a word.
        return f'<tr{key} style="background:{"rgba(204,121,167,.22)" if marked else "transparent"}">{first}{rest}</tr>'


# The colours are those of the page, so that the table is readable in light and dark themes.
_TABLE_STYLE = "border-collapse:collapse;margin:4px 0;font-size:13px;line-height:1.45;color:inherit"
_CELL_STYLE = "padding:2px 12px 2px 8px;"  # on a narrow page the words of a cell are wrapped
_CELL_STYLE += "border-bottom:1px solid rgba(128,128,128,.3);font-variant-numeric:tabular-nums"


def _swatch(name: str) -> str:
    try:
        role = role_of(name)
    except ValueError:
        return ""
    thick = 1 if role is H_N else 2  # the dashes of a thicker line would meet
    line = "dashed" if role is H_N else f"solid {role.colour}"
    fill = role.colour if role.mark not in ("solid frame", "dashed frame") else "transparent"
    radius = {"circle": "50%", "rounded square": "3px"}.get(role.mark, "0")
    side = f"{12 - 2 * thick}px"
    style = f"display:inline-block;width:{side};height:{side};margin-right:7px;border:{thick}px {line}"
    return f'<span aria-hidden="true" style="{style};background:{fill};border-radius:{radius}"></span>'


def show_shapes(
    call: nn.RNN | nn.GRU | nn.LSTM | Trace, *, L: int | None = None, N: int | None = None, **tensors: Tensor | None
) -> Table:
    """The tensors of a call with their named axes: those you pass, or those that a call would take and return.

    >>> import torch
    >>> rnn = nn.RNN(3, 4)
    >>> show_shapes(rnn, L=5, N=2)
    tensor  shape                           numbers
    input   (L=5, N=2, H_in=3)              30
    h_0     (D*num_layers=1, N=2, H_out=4)  8
    output  (L=5, N=2, D*H_out=4)           40
    h_n     (D*num_layers=1, N=2, H_out=4)  8
    >>> show_shapes(rnn, output=rnn(torch.zeros(5, 2, 3))[0])
    tensor  shape                  numbers
    output  (L=5, N=2, D*H_out=4)  40

    Parameters
    ----------
    call    : an nn.RNN, nn.GRU or nn.LSTM, or a Trace, which has its own sizes
    L, N    : the sequence length and the batch size (None for an unbatched sequence), if no tensors are given
    tensors : any of input=, h_0=, output=, h_n= (and c_0=, c_n= for an LSTM). None means a state of zeros.

    Raises
    ------
    TypeError : there are no sizes, or they are given twice, or a name is unknown.
    ValueError : the shape of a tensor does not match the network and the other tensors. The message has both shapes.

    Source: torch.nn.RNN documentation, "Inputs" and "Outputs".
    """
    if isinstance(call, Trace):
        if tensors or (L, N) != (None, None):
            raise TypeError("call: given a Trace, which knows its own sizes, and more; expected the Trace alone")
        return shape_table(call.shapes)
    expected_shapes(call, L=1)  # refuses anything but a network
    if not tensors:
        if L is None:
            raise TypeError("L: not given; expected L= (and N=), or tensors as input=, h_0=, output=, h_n=")
        return shape_table(expected_shapes(call, L=L, N=N))
    if (L, N) != (None, None):
        raise TypeError("L, N: given beside tensors, which have their own sizes; expected one or the other")
    shapes = _infer_shapes(call, tensors)
    return _make_table(("tensor", "shape", "numbers"), (_checked_row(name, t, shapes) for name, t in tensors.items()))


def _infer_shapes(rnn: nn.RNN | nn.GRU | nn.LSTM, tensors: dict[str, Tensor | None]) -> Shapes:
    """The shapes with L and N of the given tensors. If two tensors disagree, `_checked_row` refuses the later one."""
    L: int = 1
    N: int | None = 1
    known = expected_shapes(rnn, L=1).tensors
    for name, tensor in reversed(tensors.items()):
        if name not in known:
            raise TypeError(f"tensors: given {name}, expected {', '.join(known)}")
        if tensor is None and name in ("h_0", "c_0"):
            continue
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name}: given {type(tensor).__name__}, expected a torch.Tensor")
        if tensor.dim() not in (2, 3):
            raise ValueError(f"{name}: given {tensor.dim()} axes {tuple(tensor.shape)}, expected 2 or 3")
        names = expected_shapes(rnn, L=1, N=None if tensor.dim() == 2 else 1).tensors[name].names
        sizes = dict(zip(names, tensor.shape))
        L, N = sizes.get("L", L), sizes.get("N")
    return expected_shapes(rnn, L=L, N=N)


def _checked_row(name: str, tensor: Tensor | None, shapes: Shapes) -> tuple[str, Shape | str, str]:
    if tensor is None:
        return name, "None: zeros", ""
    expected = shapes.tensors[name]
    if tuple(tensor.shape) != expected:
        raise ValueError(f"{name}: given {tuple(tensor.shape)}, expected {expected}")
    return name, expected, str(tensor.numel())


def show_parameters(rnn: nn.RNN | nn.GRU | nn.LSTM) -> Table:
    """Every parameter of `rnn` with its named axes and its number of elements.

    >>> show_parameters(nn.RNN(3, 4))
    parameter     shape               numbers
    weight_ih_l0  (H_out=4, H_in=3)   12
    weight_hh_l0  (H_out=4, H_out=4)  16
    bias_ih_l0    (H_out=4)           4
    bias_hh_l0    (H_out=4)           4
    total                             36

    Raises
    ------
    TypeError : rnn is not one of these networks.

    Source: torch.nn.RNN documentation, "Variables"; the names are those of `named_parameters()`.
    """
    return parameter_table(expected_shapes(rnn, L=1))


def shape_table(shapes: Shapes, keys: str = "") -> Table:
    """The tensors of a call.

    >>> shape_table(Shapes(L=5, N=None, H_in=3, H_out=4)).rows[0]
    ('input', '(L=5, H_in=3)', '15')
    """
    return _make_table(("tensor", "shape", "numbers"), _shape_rows(shapes.tensors.items()), keys)


def parameter_table(shapes: Shapes, keys: str = "") -> Table:
    """The parameters of a network, and their total.

    >>> parameter_table(Shapes(L=1, N=1, H_in=3, H_out=4, bias=False)).rows[-1]
    ('total', '', '28')
    """
    total = ("total", "", str(shapes.parameter_count))
    return _make_table(("parameter", "shape", "numbers"), [*_shape_rows(shapes.parameters.items()), total], keys)


def state_table(states: np.ndarray, t: int, feature: int | None = None) -> Table:
    """Hidden states over time, with one row per step and one column per feature, and a mark at step t.

    >>> state_table(np.array([[0.5, -1.0], [0.25, 0.0]]), t=1)
    t    feature 0  feature 1
    t=0   0.500     -1.000
    t=1   0.250      0.000

    Parameters
    ----------
    states  : (L, H_out). Of more than 12 steps or 8 features the first, the last and the marked ones are shown.
    t       : the step to mark
    feature : the feature whose heading is marked
    """
    steps, features = abbreviate(len(states), 12, around=t), abbreviate(states.shape[1], 8, around=feature)
    heads = ["…" if i is None else f"feature {i}" + " ◂" * (i == feature) for i in features]
    rows = [
        ["…"] * (len(features) + 1)
        if step is None
        else [f"t={step}", *("…" if i is None else f"{states[step, i]:>6.3f}" for i in features)]
        for step in steps
    ]
    return Table(("t", *heads), tuple(map(tuple, rows)), here=f"t={t}")


def _shape_rows(shapes: Iterable[tuple[str, Shape]]) -> list[tuple[str, Shape, str]]:
    return [(name, shape, str(prod(shape))) for name, shape in shapes]


def _make_table(headings: tuple[str, ...], rows: Iterable[tuple[object, ...]], keys: str = "") -> Table:
    return Table(headings, tuple(tuple(map(str, row)) for row in rows), keys=keys)
