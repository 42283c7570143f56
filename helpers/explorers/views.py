"""The views of the explorers: each from a state (and the one before) to a picture, a table or HTML text."""

from html import escape
from typing import Any, NamedTuple

import numpy as np

from ..pictures.diagrams import draw_step, draw_tensors
from ..pictures.tables import Table, parameter_table, shape_table, state_table
from ..pictures.timelines import draw_gradients, draw_hidden, draw_response
from ..pictures.unrolled import draw_unrolled
from ..rnn import gradients
from ..rnn.shapes import Shapes
from ..rnn.traces import Trace
from ..wording import listed, shorten
from ..words.sentences import Sentence
from .live import wide

MOST_TOKENS = 500  # of a typed sentence; a learner who pastes a book is told so


class Place(NamedTuple):
    """One number of one hidden state: where the learner stands."""

    layer: int = 0
    direction: int = 0
    t: int = 0
    n: int = 0
    feature: int = 0


class State(NamedTuple):
    """What most views look at: the code, the trace of the call it makes, and perhaps a place in it."""

    code: str
    trace: Trace
    place: Place | None = None

    @property
    def shapes(self) -> Shapes:
        return self.trace.shapes

    @property
    def states(self) -> np.ndarray:
        """(L, H_out): the hidden states of the layer, direction and sequence we stand in."""
        layer, direction, _, n, _ = self.place
        return self.trace.hidden[layer, direction, : self.trace.lengths[n], n]


class Gated(NamedTuple):
    """A call of an nn.GRU or nn.LSTM, of which only the output is known."""

    code: str
    shapes: Shapes
    states: np.ndarray  # (L, D*H_out): the top layer, of the sequence we stand in
    place: Place


class Reading(NamedTuple):
    """A typed sentence, as far as it was read."""

    code: str
    sentence: Sentence
    typed: int  # tokens in the whole text
    trace: Trace | None  # None: there was no word to read

    @property
    def shapes(self) -> Shapes:
        return self.trace.shapes


class Timing(NamedTuple):
    """How long one forward pass took in each way."""

    L: int
    N: int
    H: int
    device: str
    ms: dict[str, float]


# ---- the call ----------------------------------------------------------------------------------------------------


def picture(new: State, old: State | None) -> Any:
    return draw_unrolled(new.trace, mark=new.place and new.place[:3])


def boxes(new: Any, old: Any) -> Any:
    return draw_tensors(new.shapes)


def response(new: State, old: State | None) -> Any:
    return draw_response(new.trace)


@wide
def walk(new: State, old: State | None) -> Any:
    return draw_unrolled(new.trace, at=new.place[:3], n=new.place.n)


def step(new: State, old: State | None) -> Any:
    return draw_step(new.trace, *new.place[:3], n=new.place.n, feature=new.place.feature)


def states(new: Any, old: Any) -> Any:
    return state_table(new.states, new.place.t, new.place.feature)


def shapes(new: Any, old: Any) -> Any:
    return shape_table(new.shapes, _changed(new, old, "tensors"))


def parameters(new: Any, old: Any) -> Any:
    return parameter_table(new.shapes, _changed(new, old, "parameters"))


def _changed(new: Any, old: Any, kind: str) -> set[str]:
    """The names whose shape is not what it was before the last move."""
    if old is None:
        return set()
    before = getattr(old.shapes, kind)
    return {name for name, shape in getattr(new.shapes, kind).items() if str(before.get(name)) != str(shape)}


def code(new: Any, old: Any) -> str:
    """The lines that make this network and call; those that just changed are marked."""
    before = old.code.split("\n") if old else new.code.split("\n")
    marked = [
        f'<span style="background:rgba(204,121,167,.22);font-weight:700">{escape(line)}</span>'
        if line not in before
        else escape(line)
        for line in new.code.split("\n")
    ]
    return _pre("\n".join(marked), 13)


def place_code(new: State, old: State | None) -> str:
    """The code, and how to read the chosen number from what the call returns."""
    layer, direction, t, n, feature = new.place
    s = new.shapes
    column = f"{feature}" if not direction else f"{s.H_out} + {feature}"
    axes = f"{t}" if s.N is None else f"{n}, {t}" if s.batch_first else f"{t}, {n}"
    top = layer == s.num_layers - 1
    value = new.trace.hidden[layer, direction, t, n, feature]
    here = f"output[{axes}, {column}]  # {value:.3f}" if top else f"# {value:.3f} is in a lower layer: output does not hold it"
    return _pre(escape(f"{new.code}\n{here}"), 13)


def _pre(html: str, size: int) -> str:
    wrapped = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"  # JupyterLab breaks inside words
    return f'<pre style="margin:4px 0;font-size:{size}px;line-height:1.5;{wrapped}">{html}</pre>'


def note(text: str) -> str:
    return f'<p style="margin:4px 0;line-height:150%">{escape(text)}</p>'


@wide
def note_dropout(new: State, old: State | None) -> str:
    sizes = new.shapes
    if "dropout=" not in new.code:
        return note("Move a slider: what changes is marked.")
    if sizes.num_layers == 1:
        return note("dropout acts between layers. With num_layers=1 there is no between: torch warns, and nothing changes.")
    return note("dropout acts between layers while training, never after the last. It changes no shape; here it rests.")


@wide
def note_batched(new: State, old: State | None) -> str:
    if new.shapes.N is not None:
        return note("Columns are steps or layers, rows are features, cards are the batch.")
    return note("Not batched: one sequence, no N axis. N and batch_first mean nothing then.")


@wide
def note_k(new: State, old: State | None) -> str:
    layer, direction, _, _, _ = new.place
    rows, k = new.shapes.h_n[0], layer * new.shapes.D + direction
    way = ("forward", "reverse")[direction]
    there = f"{rows} rows, 0 to {rows - 1}" if rows > 1 else "one row"
    return note(f"h_n has {there}. Row {k} is layer {layer}, {way}, after its own last step.")


def final_states(new: State, old: State | None) -> Table:
    s = new.shapes
    rows = []
    for k in range(s.h_n[0]):
        layer, direction = divmod(k, s.D)
        top = layer == s.num_layers - 1
        part = f"{s.H_out}:" if direction else f":{s.H_out}"
        where = f"output[{'0' if direction else '-1'}, 0, {part}]" if top else "not in output"
        rows.append((f"h_n[{k}]", f"layer {layer}, {('forward', 'reverse')[direction]}", f"[{layer}, {direction}]", where))
    chosen = new.place.layer * s.D + new.place.direction
    headings = ("row", "whose last state", "in h_n.view(num_layers, D, N, H_out)", "the same numbers")
    return Table(headings, tuple(rows), {f"h_n[{chosen}]"}, "here")


@wide
def neuron_equation(new: State, old: State | None) -> str:
    w_ih, w_hh, bias = (float(new.trace.weights[name].flat[0]) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"))
    equation = f"h[t] = {new.trace.nonlinearity}({w_ih:.1f}·x[t] + {w_hh:.1f}·h[t-1] + {bias:.1f})"
    return _pre(escape(equation.replace("+ -", "- ").replace("-", "−")), 15)


@wide
def equation(new: State, old: State | None) -> str:
    layer, direction, t, n, i = new.place
    step = new.trace.step(layer, direction, t, n)
    terms = [("from the input", step.from_input), ("b_ih", step.b_ih), ("from the past", step.from_past), ("b_hh", step.b_hh)]
    written = " + ".join(f"({name}) {values[i]:.3f}" for name, values in terms if values is not None)
    f = step.nonlinearity
    return _pre(escape(f"h[{t}][{i}] = {f}({written})\n        = {f}({step.total[i]:.3f}) = {step.h[i]:.3f}"), 14)


@wide
def spectrum(new: State, old: State | None) -> str:
    eigenvalue, singular_value = gradients.spectrum(new.trace.weights["weight_hh_l0"])
    return note(f"W_hh: largest |eigenvalue| {eigenvalue:.2f}, largest singular value {singular_value:.2f}.")


def gradient(new: State, old: State | None) -> Any:
    bound = gradients.spectrum(new.trace.weights["weight_hh_l0"]).singular_value
    return draw_gradients(gradients.gradient_norms(new.trace), bound)


@wide
def tokens(new: Any, old: Any) -> str:
    if not new.typed:
        return note("Nothing to read yet: a sentence of no words has L=0, and an RNN needs at least one step.")
    known = set(new.sentence.known)
    shown = [_token(token, token in known) for token in new.sentence.tokens[:60]]
    more = f" … and {new.typed - len(shown)} more" if new.typed > len(shown) else ""
    notes = []
    if new.sentence.unknown:
        notes.append(f"No vector for: {listed([*map(visible, new.sentence.unknown)])}. These are left out, not read as zeros.")
    if new.typed > MOST_TOKENS:
        notes.append(f"You typed {new.typed} tokens; the first {MOST_TOKENS} are read here.")
    if not new.sentence.known:
        notes.append("No word left to read, so there is no input: L=0.")
    return f'<div style="line-height:2">{" ".join(shown)}{more}</div>{"".join(map(note, notes))}'


def _token(token: str, known: bool) -> str:
    # The dashed edge and the line through say what the colour says.
    look = "1px solid #0072B2" if known else "1px dashed #888;text-decoration:line-through;opacity:.8"
    # <bdi>: Arabic and Hebrew words stand in the order of time too, as in the picture below.
    return f'<bdi style="border:{look};border-radius:4px;padding:2px 6px">{escape(visible(token))}</bdi>'


def visible(token: str) -> str:
    """A token as it can be shown: not too long, and an invisible character by its code; but what joins others stays.

    >>> visible(chr(0x200D)), visible("👩\u200d🚀") == "👩\u200d🚀"
    ('U+200D', True)
    """
    joins = "\u200c\u200d" if token[:1].isprintable() else ""  # of several characters it makes one emoji, or one word
    bare = "".join(c if c.isprintable() or c in joins else f"U+{ord(c):04X}" for c in token[:24])
    return shorten(bare if len(token) <= 24 else bare + "…", 26)


def heat(new: Reading, old: Reading | None) -> Any:
    return "" if new.trace is None else draw_hidden(new.trace, new.sentence.known)


def reading_code(new: Reading, old: Reading | None) -> str:
    return "" if new.trace is None else code(new, old)


def reading_shapes(new: Reading, old: Reading | None) -> Any:
    return "" if new.trace is None else shapes(new, old if old and old.trace else None)


def timing(new: Timing, old: Timing | None) -> Table:
    rows = [(name, f"{ms:.3f}", "cpu" if "NumPy" in name else new.device) for name, ms in new.ms.items()]
    return Table((f"L={new.L}, N={new.N}, H={new.H}", "ms (median of 5)", "on"), tuple(rows))


def timing_later(new: Timing) -> str:
    """In place of times, which would be old when they are read."""
    return note("Explorer: how long a forward pass takes here. Run this notebook to measure on your own computer.")
