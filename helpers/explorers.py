"""The explorers: each is a handful of controls, one state, and the views that look at it. No arithmetic here."""

from html import escape
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .diagrams import draw_hidden, draw_response, draw_step, draw_tensors
from .live import Explorer, choice, slider, switch, wide, words
from .sentences import Sentence, embed, tokenize
from .snippets import call_code, run_code
from .svg import shorten
from .tables import parameter_table, shape_table
from .traces import Trace, trace
from .unrolled import draw_unrolled

State = tuple[str, Trace]  # the code, and the trace of the call it makes
STEPS = 12  # steps of the neuron's input
SIGNALS = {
    "impulse": [1.0] + [0.0] * (STEPS - 1),
    "step": [0.0] * 2 + [1.0] * (STEPS - 2),
    "alternating": [1.0, -1.0] * (STEPS // 2),
}
MOST_TOKENS = 500  # of a typed sentence; a learner who pastes a book is told so


class Reading(NamedTuple):
    """A typed sentence, as far as it was read."""

    sentence: Sentence
    typed: int  # tokens in the whole text
    trace: Trace | None  # None: there was no word to read


def explore_constructor() -> Explorer:
    """Every argument of `nn.RNN` that changes its shape, as a control beside the network it makes.

    >>> explorer = explore_constructor()
    >>> explorer.controls["bidirectional"].value = True
    >>> print(explorer.state[1].shapes.output)
    (L=5, N=2, D*H_out=8)

    Views: the unrolled picture, the code of exactly this network and call, the shapes and the parameters.
    """
    controls = _size_controls() | {
        "nonlinearity": choice("nonlinearity", ["tanh", "relu"]),
        "bias": switch("bias", True),
        "dropout": slider("dropout", 0.0, 0.0, 0.9, 0.1),
    }
    views = [_note_dropout, _picture, _code, _shapes, _parameters]
    return Explorer("every argument of nn.RNN", controls, _call, views)


def explore_shapes() -> Explorer:
    """The four tensors of a call as boxes, whatever the sizes, the layout and the initial state.

    >>> explorer = explore_shapes()
    >>> explorer.controls["batched"].value = False
    >>> print(explorer.state[1].shapes.input)
    (L=5, H_in=3)

    Views: the boxes, the code of exactly this call, and the shapes with what just changed.
    """
    controls = _size_controls() | {
        "batched": switch("batched", True),
        "h0": choice("h0", ["None", "zeros", "random"]),
    }

    def compute(batched: bool, N: int, **sizes: Any) -> State:
        return _call(N=N if batched else None, **sizes)

    views = [lambda new, old: draw_tensors(new[1].shapes), _code, _shapes]
    return Explorer("shapes of input, h_0, output and h_n", controls, compute, views)


def explore_steps(rnn: nn.RNN | None = None, input: Tensor | None = None, h0: Tensor | None = None) -> Explorer:
    """Walk through a call step by step: where we stand in the picture, and that step's numbers.

    >>> explorer = explore_steps(nn.RNN(3, 4), torch.ones(5, 1, 3))
    >>> explorer.controls["t"].value = 2
    >>> "h[2]" in explorer.html[1]
    True

    Parameters
    ----------
    rnn, input, h0 : a call of your own, batched, unbatched or packed; without them, a small network is made

    Raises
    ------
    TypeError, ValueError : as `trace`, and if input or h0 comes without rnn.
    """
    if rnn is None and (input is not None or h0 is not None):
        raise TypeError("rnn: not given, but input or h0 is; expected a whole call, or nothing")
    seen = run_code(call_code(input_size=3, hidden_size=4, L=5, N=1)) if rnn is None else trace(rnn, input, h0)
    s = seen.shapes
    controls = {"t": slider("t", 0, 0, s.L - 1)}
    if s.num_layers > 1:
        controls["layer"] = slider("layer", 0, 0, s.num_layers - 1)
    if s.D == 2:
        controls["reverse"] = switch("reverse")

    if len(seen.lengths) > 1:
        controls["n"] = slider("n (sequence)", 0, 0, len(seen.lengths) - 1)

    def where(t: int, layer: int = 0, reverse: bool = False, n: int = 0) -> tuple[tuple[int, int, int], int]:
        return (layer, int(reverse), min(t, seen.lengths[n] - 1)), n  # a short sequence ends before the slider does

    views = [
        lambda new, old: draw_unrolled(seen, at=new[0], n=new[1]),
        lambda new, old: draw_step(seen, *new[0], n=new[1]),
    ]
    return Explorer("one step after the other", controls, where, views)


def explore_neuron() -> Explorer:
    """One neuron: three numbers and a nonlinearity, and how long it remembers.

    >>> explorer = explore_neuron()
    >>> explorer.controls["w_hh"].value = 0.0
    >>> float(explorer.state.hidden[0, 0, 1, 0, 0])  # no memory: after one step the impulse is gone
    0.0

    Views: its equation, and what it answers to an impulse, a step or an alternating input.
    """
    controls = {
        "w_ih": slider("w_ih", 1.0, -2.0, 2.0, 0.1),
        "w_hh": slider("w_hh", 0.9, -1.5, 1.5, 0.1),
        "bias": slider("bias", 0.0, -1.0, 1.0, 0.1),
        "nonlinearity": choice("nonlinearity", ["tanh", "relu"]),
        "signal": choice("input", list(SIGNALS)),
    }
    return Explorer("one neuron and its memory", controls, _neuron, [_equation, lambda new, old: draw_response(new)])


def explore_sentence(text: str = "I love you", vectors: Any = None) -> Explorer:
    """Type a sentence: its tokens, the words without a vector, and the hidden states of an RNN that reads it.

    >>> explorer = explore_sentence("I love snarks")
    >>> explorer.state.sentence.unknown
    ('snarks',)

    Parameters
    ----------
    vectors : from `load_glove`; None loads the bundled ones
    """
    if vectors is None:
        from .glove import load_glove  # here, not above: torchnlp is slow to import, and only this explorer needs it

        vectors = load_glove()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rnn = nn.RNN(vectors.dim, 6)

    def read(text: str) -> Reading:
        tokens = tokenize(text)
        sentence = embed(tokens[:MOST_TOKENS], vectors)
        return Reading(sentence, len(tokens), trace(rnn, sentence.input) if sentence.known else None)

    controls = {"text": words("sentence", text, hint="type a sentence")}
    return Explorer("a sentence read word by word", controls, read, [_tokens, _heat, _reading_shapes])


# ---- controls to state ------------------------------------------------------------------------------------------


def _size_controls() -> dict[str, Any]:
    return {
        "input_size": slider("input_size", 3, 1, 8),
        "hidden_size": slider("hidden_size", 4, 1, 8),
        "num_layers": slider("num_layers", 1, 1, 5),
        "L": slider("L (steps)", 5, 1, 12),
        "N": slider("N (sequences)", 2, 1, 6),
        "bidirectional": switch("bidirectional"),
        "batch_first": switch("batch_first"),
    }


def _call(**sizes: Any) -> State:
    code = call_code(**sizes)
    return code, run_code(code)


def _neuron(w_ih: float, w_hh: float, bias: float, nonlinearity: str, signal: str) -> Trace:
    with torch.random.fork_rng(devices=[]):  # making a network draws random weights: leave the learner's draws alone
        rnn = nn.RNN(1, 1, nonlinearity=nonlinearity)
    values = {"weight_ih_l0": [[w_ih]], "weight_hh_l0": [[w_hh]], "bias_ih_l0": [bias], "bias_hh_l0": [0.0]}
    rnn.load_state_dict({name: torch.tensor(value) for name, value in values.items()})
    return trace(rnn, torch.tensor(SIGNALS[signal])[:, None])


# ---- views ------------------------------------------------------------------------------------------------------


def _picture(new: State, old: State | None) -> Any:
    return draw_unrolled(new[1])


def _shapes(new: State, old: State | None) -> Any:
    return shape_table(new[1].shapes, _changed(new, old, "tensors"))


def _parameters(new: State, old: State | None) -> Any:
    return parameter_table(new[1].shapes, _changed(new, old, "parameters"))


def _changed(new: State, old: State | None, kind: str) -> set[str]:
    """The names whose shape is not what it was before the last move."""
    if old is None:
        return set()
    before = getattr(old[1].shapes, kind)
    return {name for name, shape in getattr(new[1].shapes, kind).items() if str(before.get(name)) != str(shape)}


def _code(new: State, old: State | None) -> str:
    return f'<pre style="margin:4px 0;font-size:13px;line-height:1.5;white-space:pre-wrap">{escape(new[0])}</pre>'


@wide
def _note_dropout(new: State, old: State | None) -> str:
    sizes = new[1].shapes
    if "dropout" not in new[0]:
        words = "Move a slider: the rows that change are marked."
    elif sizes.num_layers == 1:
        words = "dropout acts between layers. With num_layers=1 there is no between: torch warns, and nothing changes."
    else:
        words = "dropout acts between layers while training, never after the last. It changes no shape; here it rests."
    return f'<p style="margin:4px 0">{escape(words)}</p>'


@wide
def _equation(new: Trace, old: Trace | None) -> str:
    w_ih, w_hh, bias = (float(new.weights[name].flat[0]) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"))
    equation = f"h[t] = {new.nonlinearity}({w_ih:.1f}·x[t] + {w_hh:.1f}·h[t−1] + {bias:.1f})"
    return f'<pre style="margin:4px 0;font-size:15px">{escape(equation)}</pre>'


@wide
def _tokens(new: Reading, old: Reading | None) -> str:
    if not new.typed:
        return "<p>Nothing to read yet: a sentence of no words has L=0, and an RNN needs at least one step.</p>"
    known = set(new.sentence.known)
    shown = [_token(token, token in known) for token in new.sentence.tokens[:60]]
    more = f" … and {new.typed - len(shown)} more" if new.typed > len(shown) else ""
    notes = []
    if new.sentence.unknown:
        names = ", ".join(map(_visible, new.sentence.unknown[:12])) + (", …" if len(new.sentence.unknown) > 12 else "")
        notes.append(f"No vector for: {names}. These are left out, not read as zeros.")
    if new.typed > MOST_TOKENS:
        notes.append(f"You typed {new.typed} tokens; the first {MOST_TOKENS} are read here.")
    if new.trace is None:
        notes.append("No word left to read, so there is no input: L=0.")
    said = "".join(f'<p style="margin:4px 0">{escape(note)}</p>' for note in notes)
    return f'<div style="line-height:2">{" ".join(shown)}{more}</div><div>{said}</div>'


def _token(token: str, known: bool) -> str:
    # The dashed edge and the line through say what the colour says.
    look = "1px solid #0072B2" if known else "1px dashed #888;text-decoration:line-through;opacity:.8"
    return f'<span style="border:{look};border-radius:4px;padding:2px 6px">{escape(_visible(token))}</span>'


def _visible(token: str) -> str:
    """A token as it can be shown: not too long, and an invisible character by its code."""
    bare = "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in token[:24])
    return shorten(bare if len(token) <= 24 else bare + "…", 26)


def _heat(new: Reading, old: Reading | None) -> Any:
    return "" if new.trace is None else draw_hidden(new.trace, new.sentence.known)


def _reading_shapes(new: Reading, old: Reading | None) -> Any:
    return "" if new.trace is None else shape_table(new.trace.shapes)
