"""The views of the explorers: functions from a state to a picture, a table or HTML text."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple, Protocol

import numpy as np

from ..pictures.contributions import draw_contributions
from ..pictures.diagrams import draw_step, draw_tensors
from ..pictures.gates import draw_gates
from ..pictures.picture import Picture
from ..pictures.tables import Table, parameter_table, shape_table, state_table
from ..pictures.timelines import draw_response
from ..pictures.unrolled import draw_unrolled
from ..rnn import gradients
from ..rnn.shapes import Shapes
from ..rnn.traces import Trace
from ..wording import plural
from .live import full_width
from .marks import keyed_line, place_of_changes
from .snippets import run_code

DIRECTIONS = ("forward", "reverse")


class Cursor(NamedTuple):
    """Which element of which hidden state is looked at."""

    layer: int = 0
    direction: int = 0
    t: int = 0
    n: int = 0
    feature: int = 0


# ---- states, one class for each kind of explorer ------------------------------------------------------------------


@dataclass(frozen=True)
class CallState:
    """The code of a network and a call, and the trace of this call."""

    code: str
    trace: Trace

    @classmethod
    def from_code(cls, code: str) -> "CallState":
        """Run the code: the picture shows what the code shown computes."""
        return cls(code, run_code(code))

    @property
    def shapes(self) -> Shapes:
        return self.trace.shapes


@dataclass(frozen=True)
class CursorState(CallState):
    """A call of the learner's own network, and a cursor in it."""

    cursor: Cursor
    labels: Sequence[str] | None = None  # one word per step

    @property
    def hidden_states(self) -> np.ndarray:
        """(L, H_out): the hidden states of the cursor's layer, direction and sequence."""
        layer, direction, _, n, _ = self.cursor
        return self.trace.hidden[layer, direction, : self.trace.lengths[n], n]


@dataclass(frozen=True)
class SpeedState:
    """How long a forward pass took in each of several ways, and each part of a training step."""

    L: int
    N: int
    H: int
    device: str
    ms: dict[str, float]


class HasCode(Protocol):
    @property
    def code(self) -> str: ...


class HasShapes(Protocol):
    @property
    def shapes(self) -> Shapes: ...


# ---- pictures -----------------------------------------------------------------------------------------------------


def network_picture(state: CallState) -> Picture:
    return draw_unrolled(state.trace)


def chosen_state_picture(state: CursorState) -> Picture:
    return draw_unrolled(state.trace, reach=state.cursor[:3])


@full_width
def cursor_picture(state: CursorState) -> Picture:
    cursor = state.cursor
    return draw_unrolled(state.trace, at=cursor[:3], n=cursor.n, feature=cursor.feature, labels=state.labels)


def step_picture(state: CursorState) -> Picture:
    layer, direction, t, n, feature = state.cursor
    return draw_step(state.trace, layer, direction, t, n=n, feature=feature)


def gates_picture(state: CursorState) -> Picture:
    layer, direction, t, n, _ = state.cursor
    return draw_gates(state.trace, state.labels, layer=layer, direction=direction, n=n, mark=t)


def all_gates_picture(state: CallState) -> Picture:
    return draw_gates(state.trace)


def tensor_boxes(state: HasShapes) -> Picture:
    return draw_tensors(state.shapes)


def response_picture(state: CallState) -> Picture:
    return draw_response(state.trace)


def contributions_picture(state: CallState) -> Picture:
    return draw_contributions(gradients.gradient_contributions(state.trace))


# ---- tables -------------------------------------------------------------------------------------------------------


def marked_shapes(state: HasShapes) -> Table:
    """The shapes of the tensors; those that just changed are marked."""
    return shape_table(state.shapes, keys="tensor")


def marked_parameters(state: HasShapes) -> Table:
    """The shapes of the parameters; those that just changed are marked, and the total also where some are gone."""
    return parameter_table(state.shapes, keys="parameter")


def hidden_state_table(state: CursorState) -> Table:
    return state_table(state.hidden_states, state.cursor.t, state.cursor.feature)


def final_state_table(state: CursorState) -> Table:
    s = state.shapes
    rows = []
    for k in range(s.h_n[0]):
        layer, direction = divmod(k, s.D)
        after = f"t={0 if direction else s.L - 1}"
        rows.append((f"h_n[{k}]", f"layer {layer}, {DIRECTIONS[direction]}", f"[{layer}, {direction}]", after))
    layer, direction, t, _, _ = state.cursor
    is_last = t == (0 if direction else s.L - 1)  # an earlier state is emphasised in the picture, and is in no row
    headings = ("row", "last state of", "h_n.view", "last step")
    return Table(headings, tuple(rows), here=f"h_n[{layer * s.D + direction}]" if is_last else "")


def speed_table(state: SpeedState) -> Table:
    rows = [(name, f"{ms:.3f}", "cpu" if "NumPy" in name else state.device) for name, ms in state.ms.items()]
    return Table((f"L={state.L}, N={state.N}, H={state.H}", "ms (median of 5)", "on"), tuple(rows))


# ---- code and equations -------------------------------------------------------------------------------------------


def marked_code(state: HasCode) -> str:
    """The lines of code that make the network and the call; those that just changed are marked."""
    return preformatted("\n".join(map(keyed_line, state.code.split("\n"))), 13)


def cursor_code(state: CursorState) -> str:
    """The code, and the expression that reads the element at the cursor from what the call returns."""
    layer, direction, t, n, feature = state.cursor
    s = state.shapes
    column = f"{feature}" if not direction else f"{s.H_out} + {feature}"
    axes = f"{t}" if s.N is None else f"{n}, {t}" if s.batch_first else f"{t}, {n}"
    top = layer == s.num_layers - 1
    value = state.trace.hidden[layer, direction, t, n, feature]
    here = f"output[{axes}, {column}]  # {value:.3f}" if top else f"# {value:.3f} is in a lower layer: output does not hold it"
    return preformatted(escape(f"{state.code}\n{here}"), 13)


@full_width
def cursor_equation(state: CursorState) -> str:
    layer, direction, t, n, i = state.cursor
    step = state.trace.step(layer, direction, t, n)
    terms = [("from the input", step.from_input), ("b_ih", step.b_ih), ("from the past", step.from_past), ("b_hh", step.b_hh)]
    written = " + ".join(f"({name}) {values[i]:.3f}" for name, values in terms if values is not None)
    f = step.nonlinearity
    return preformatted(escape(f"h[{t}][{i}] = {f}({written})\n        = {f}({step.total[i]:.3f}) = {step.h[i]:.3f}"), 14)


@full_width
def gate_equation(state: CursorState) -> str:
    """The equations that end in the element at the cursor, with the values of the gates."""
    layer, direction, t, n, i = state.cursor
    seen = state.trace
    here = {name: values[layer, direction, t, n, i] for name, values in seen.gates.items()}
    h, at = seen.hidden[layer, direction, t, n, i], f"[{t}][{i}]"
    if seen.cell is None:
        before = seen.previous_state(layer, direction, t, n)[i]
        z, new = here["z"], here["n"]
        lines = [f"h{at} = z·(h before) + (1 − z)·n = {z:.3f}·{before:.3f} + {1 - z:.3f}·{new:.3f} = {h:.3f}"]
    else:
        before, c = seen.previous_cell(layer, direction, t, n)[i], seen.cell[layer, direction, t, n, i]
        f, new = here["f"], f"{here['i']:.3f}·{here['g']:.3f}"
        lines = [f"c{at} = f·(c before) + i·g = {f:.3f}·{before:.3f} + {new} = {c:.3f}"]
        lines.append(f"h{at} = o·tanh(c) = {here['o']:.3f}·tanh({c:.3f}) = {h:.3f}")
    return preformatted(escape("\n".join(lines).replace("-", "−")), 14)


@full_width
def neuron_equation(state: CallState) -> str:
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0")
    w_ih, w_hh, bias = (float(state.trace.weights[name].flat[0]) for name in names)
    equation = f"h[t] = {state.trace.nonlinearity}({w_ih:.1f}·x[t] + {w_hh:.1f}·h[t-1] + {bias:.1f})"
    return preformatted(escape(equation.replace("+ -", "- ").replace("-", "−")), 15)


def preformatted(html: str, size: int) -> str:
    """Code or an equation, in a fixed-width font of that size in pixels; long lines are wrapped.

    >>> preformatted("x = 1", 13).endswith(">x = 1</pre>")
    True
    """
    wrapped = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"  # JupyterLab would break inside words
    return f'<pre style="margin:4px 0;font-size:{size}px;line-height:1.5;{wrapped}">{html}</pre>'


# ---- notes --------------------------------------------------------------------------------------------------------


def note(text: str) -> str:
    """A sentence above or below the other views; its text is escaped.

    >>> note("L < 3").endswith(">L &lt; 3</p>")
    True
    """
    return _paragraph(escape(text))


def _paragraph(html: str) -> str:
    return f'<p style="margin:4px 0;line-height:150%">{html}</p>'


@full_width
def constructor_note(state: CallState) -> str:
    """The names whose shapes have just changed, which may be below the edge of the screen, and what dropout does."""
    changes = place_of_changes("Move a control: what changes is marked.")
    return _paragraph(f"{changes} {escape(_dropout_words(state))}".strip())


def _dropout_words(state: CallState) -> str:
    if "dropout=" not in state.code:
        return ""
    if state.shapes.num_layers == 1:
        return "dropout acts between layers. With num_layers=1 there is no between: torch warns, and nothing is dropped."
    factors = state.trace.dropout_factors
    if factors is None:
        return "dropout acts only in training mode: now nothing is dropped."
    dropped = f"dropout sets {(factors == 0).sum()} of {plural(factors.size, 'element')} between the layers to 0 at this call"
    return f"{dropped}, and multiplies the others by {factors.max():.2f}." if factors.any() else f"{dropped}."


@full_width
def batch_note(state: CallState) -> str:
    if state.shapes.N is not None:
        return note("Columns are steps or layers, rows are features, cards are the batch.")
    return note("Not batched: one sequence, no N axis. N and batch_first mean nothing then.")


@full_width
def final_state_note(state: CursorState) -> str:
    layer, direction, t, _, _ = state.cursor
    rows, k = state.shapes.h_n[0], layer * state.shapes.D + direction
    there = f"{rows} rows, 0 to {rows - 1}" if rows > 1 else "one row"
    said = f"h_n has {there}. Row {k} is layer {layer}, {DIRECTIONS[direction]}, after its own last step."
    earlier = t if direction else state.shapes.L - 1 - t
    if earlier:
        said += f" You see it {plural(earlier, 'step')} earlier, at t={t}."
    return note(f"{said} What does not reach it is left empty.")


@full_width
def forgetting_note(state: CallState) -> str:
    forget, cell = state.trace.gates["f"], state.trace.cell
    assert cell is not None
    f, steps, first, last = float(forget[0, 0, -1, 0, 0]), len(cell[0, 0]) - 1, *(float(cell[0, 0, t, 0, 0]) for t in (0, -1))
    power = f"{f**steps:.1e}" if f**steps < 0.001 else f"{f**steps:.3f}"
    return note(
        f"The forget gate is {f:.5g} at each step, and {f:.5g} to the power of {steps} is {power}. "
        f"The cell state begins at {first:.3f} and ends at {last:.3f}."
    )


@full_width
def contributions_note(state: CallState) -> str:
    """How long the whole gradient of W_hh is, and the part of it that comes from the first half of the steps."""
    contributions = gradients.gradient_contributions(state.trace).astype(float)
    early, whole = (float(np.linalg.norm(part.sum(0))) for part in (contributions[: len(contributions) // 2], contributions))
    return note(
        f"The loss is the sum of the last state. dL/dW_hh has the length {whole:.2g}. "
        f"The contributions of the first half of the steps add up to the length {early:.1e}."
    )


def unmeasured_note(state: SpeedState) -> str:
    """This is stored in place of the times, which would be out of date when they are read."""
    return note("Explorer: where the time goes here. Run this notebook to measure on your own computer.")
