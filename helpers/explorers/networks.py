"""The explorers: each is a handful of controls, one state, and the views that look at it. No arithmetic here."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..device import one_thread, pick_device, to_numpy
from ..rnn.recurrence import time_first
from ..rnn.shapes import expected_shapes
from ..rnn.traces import Trace, trace
from ..speed import forward_ways, measure
from . import views
from .live import Explorer, choice, player, slider, switch
from .snippets import call_code, neuron_code, run_code, scaled_code
from .views import Gated, Place, State, Timing

STEPS = 12  # of the neuron's input
SIGNALS = {
    "impulse": [1.0] + [0.0] * (STEPS - 1),
    "step": [0.0] * 2 + [1.0] * (STEPS - 2),
    "alternating": [1.0, -1.0] * (STEPS // 2),
}


# ---- the explorers ----------------------------------------------------------------------------------------------


def explore(rnn: nn.RNN | nn.GRU | nn.LSTM, input: Tensor | PackedSequence, h0: Any = None) -> Explorer:
    """Look into a call of your own: step by step through an `nn.RNN`; shapes and outputs of an `nn.GRU` or `nn.LSTM`.

    >>> explore(nn.LSTM(3, 4), torch.ones(5, 2, 3)).state.shapes.tensors["c_n"]
    (1, 2, 4)

    Parameters
    ----------
    input : as the network takes it; packed only for an nn.RNN
    h0    : as the network takes it, for an LSTM (h_0, c_0); None for zeros

    Raises
    ------
    TypeError : rnn is no recurrent network of torch.
    ValueError : as `trace`, or as torch says it of a GRU or LSTM.
    """
    if isinstance(rnn, nn.RNN):
        return explore_steps(rnn, input, h0)
    return _explore_gated(rnn, input, h0)


def explore_constructor() -> Explorer:
    """Every argument of `nn.RNN` that changes its shape, as a control beside the network it makes.

    >>> explorer = explore_constructor()
    >>> explorer.controls["bidirectional"].value = True
    >>> print(explorer.state.trace.shapes.output)
    (L=5, N=2, D*H_out=8)

    Views: the unrolled picture, the code of exactly this network and call, the shapes and the parameters.
    """
    controls = _size_controls() | {
        "nonlinearity": choice("nonlinearity", ["tanh", "relu"]),
        "bias": switch("bias", True),
        "dropout": slider("dropout", 0.0, 0.0, 0.9, 0.1),
    }
    shown = [views.note_dropout, views.picture, views.code, views.shapes, views.parameters]
    return Explorer("every argument of nn.RNN", controls, _call, shown)


def explore_shapes() -> Explorer:
    """The four tensors of a call as boxes, whatever the sizes, the layout and the initial state.

    >>> explorer = explore_shapes()
    >>> explorer.controls["batched"].value = False
    >>> print(explorer.state.trace.shapes.input)
    (L=5, H_in=3)

    Views: the boxes, the code of exactly this call, and the shapes with what just changed.
    """
    controls = _size_controls() | {
        "batched": switch("batched", True),
        "h0": choice("h0", ["None", "zeros", "random"]),
    }

    def compute(batched: bool, N: int, **sizes: Any) -> State:
        return _call(N=N if batched else None, **sizes)

    shown = [views.note_batched, views.boxes, views.code, views.shapes]
    return Explorer("shapes of input, h_0, output and h_n", controls, compute, shown)


def explore_steps(rnn: nn.RNN | None = None, input: Tensor | PackedSequence | None = None, h0: Tensor | None = None) -> Explorer:
    """Walk through a call step by step: where we stand in the picture, the equation, its numbers and the states.

    >>> explorer = explore_steps(nn.RNN(3, 4), torch.ones(5, 1, 3))
    >>> explorer.controls["t"].value = 2
    >>> explorer.state.place.t
    2

    Parameters
    ----------
    rnn, input, h0 : a call of your own, batched, unbatched or packed; without them, a small network is made

    Raises
    ------
    TypeError, ValueError : as `trace`, and if input or h0 comes without rnn.
    """
    if rnn is None and (input is not None or h0 is not None):
        raise TypeError("rnn: not given, but input or h0 is; expected a whole call, or nothing")
    if rnn is None:
        code, seen, _ = _call(input_size=3, hidden_size=4, L=5, N=1)
    else:
        code, seen = _own_code(rnn, "h_n", h0), trace(rnn, input, h0)
    controls = _place_controls(seen)

    def compute(**place: int) -> State:
        return State(code, seen, _place(seen, **place))

    shown = [views.walk, views.equation, views.step, views.states, views.place_code, views.shapes]
    return Explorer("one step after the other", controls, compute, shown, extras=[player(controls["t"])])


def explore_neuron() -> Explorer:
    """One neuron: three numbers and a nonlinearity, and how long it remembers.

    >>> explorer = explore_neuron()
    >>> explorer.controls["w_hh"].value = 0.0
    >>> float(explorer.state.trace.hidden[0, 0, 1, 0, 0])  # no memory: after one step the impulse is gone
    0.0

    Views: its equation, what it answers to an impulse, a step or an alternating input, its code and its shapes.
    """
    controls = {
        "w_ih": slider("w_ih", 1.0, -2.0, 2.0, 0.1),
        "w_hh": slider("w_hh", 0.9, -1.5, 1.5, 0.1),
        "bias": slider("bias", 0.0, -1.0, 1.0, 0.1),
        "nonlinearity": choice("nonlinearity", ["tanh", "relu"]),
        "signal": choice("input", list(SIGNALS)),
    }

    def compute(w_ih: float, w_hh: float, bias: float, nonlinearity: str, signal: str) -> State:
        # A slider at 0.3 says 0.30000000000000004, and one at 0 may say -1.4e-15: + 0.0 turns −0.0 into 0.0.
        numbers = (round(value, 1) + 0.0 for value in (w_ih, w_hh, bias))
        return _run(neuron_code(*numbers, nonlinearity, SIGNALS[signal]))

    shown = [views.neuron_equation, views.response, views.code, views.shapes]
    return Explorer("one neuron and its memory", controls, compute, shown)


def explore_layers() -> Explorer:
    """Layers and directions: choose one final state, and see where it lies in `h_n` and whether it is in `output`.

    >>> explorer = explore_layers()
    >>> explorer.controls["k"].value = 1  # of two layers in one direction: the top one
    >>> explorer.state.place.layer
    1

    Views: the picture with the chosen state marked, the table of all final states, the code, shapes and parameters.
    """
    controls = {
        "num_layers": slider("num_layers", 2, 1, 4),
        "bidirectional": switch("bidirectional"),
        "hidden_size": slider("hidden_size", 4, 1, 8),
        "L": slider("L (steps)", 5, 1, 12),
        "k": slider("k (row of h_n)", 0, 0, 7),
    }

    def compute(k: int, **sizes: Any) -> State:
        seen = _call(input_size=3, N=1, **sizes)
        s = seen.trace.shapes
        layer, direction = divmod(min(k, s.h_n[0] - 1), s.D)  # layer by layer, in each forward before reverse
        return seen._replace(place=Place(layer, direction, 0 if direction else s.L - 1))

    shown = [views.note_k, views.picture, views.final_states, views.code, views.shapes, views.parameters]
    return Explorer("layers and directions", controls, compute, shown)


def explore_gradient() -> Explorer:
    """How far a gradient reaches back, by the size of W_hh: it vanishes, holds on, or explodes.

    >>> explorer = explore_gradient()
    >>> explorer.controls["scale"].value = 0.5
    >>> from helpers import gradient_norms
    >>> bool(gradient_norms(explorer.state.trace)[0] < 1e-6)  # of the first of 30 steps, next to nothing is left
    True

    Views: the largest |eigenvalue| and singular value of W_hh, the gradient over time with its bound, code and shapes.
    """
    controls = {
        "scale": slider("weight scale", 1.0, 0.1, 3.0, 0.1),
        "L": slider("L (steps)", 30, 2, 60),
        "nonlinearity": choice("nonlinearity", ["tanh", "relu"]),
    }

    def compute(scale: float, L: int, nonlinearity: str) -> State:
        return _run(scaled_code(round(scale, 1), nonlinearity, L))

    shown = [views.spectrum, views.gradient, views.code, views.shapes]
    return Explorer("weights and the gradient through time", controls, compute, shown)


def explore_speed() -> Explorer:
    """Measure on this computer, now: one forward pass of the same RNN in three ways.

    >>> sorted(explore_speed().state.ms)
    ['NumPy loop', 'RNNCell loop', 'one nn.RNN call']

    Views: the times. They are of this moment, so a stored notebook does not keep them.
    """
    controls = {
        "L": choice("L (steps)", [16, 32, 64, 128, 256]),
        "N": choice("N (sequences)", [1, 4, 16, 64]),
        "H": choice("H_in and H_out", [32, 128]),
    }

    def compute(L: int, N: int, H: int) -> Timing:
        device = pick_device()
        with torch.random.fork_rng(devices=[]):
            rnn, x = nn.RNN(H, H).to(device), torch.randn(L, N, H).to(device)
        with one_thread():
            return Timing(L, N, H, device.type, measure(forward_ways(rnn, x), device=device, rounds=5))

    return Explorer("how long a forward pass takes here", controls, compute, [views.timing], views.timing_later)


def _explore_gated(rnn: nn.GRU | nn.LSTM, input: Tensor, h0: Any) -> Explorer:
    expected_shapes(rnn, L=1)  # refuses anything else, by name
    if not isinstance(input, Tensor):
        raise TypeError(f"input: given {type(input).__name__}, expected a torch.Tensor")
    if input.dim() == 3 and not input.size(0 if rnn.batch_first else 1):
        raise ValueError(f"input: given {tuple(input.shape)}, a batch of no sequences, expected at least one")
    with torch.no_grad():
        output, _ = rnn(input, h0)
    states = to_numpy(time_first(rnn, output))  # (L, N, D*H_out)
    L, sequences, _ = states.shape
    code = _own_code(rnn, "(h_n, c_n)" if isinstance(rnn, nn.LSTM) else "h_n", h0)
    shapes = expected_shapes(rnn, L=L, N=None if input.dim() == 2 else sequences)
    controls = {"t": slider("t", 0, 0, L - 1)}
    if sequences > 1:
        controls["n"] = slider("n (sequence)", 0, 0, sequences - 1)

    def compute(t: int, n: int = 0) -> Gated:
        return Gated(code, shapes, states[:, n], Place(t=t, n=n))

    shown = [views.boxes, views.code, views.shapes, views.states, views.parameters]
    return Explorer(f"a call of nn.{type(rnn).__name__}", controls, compute, shown, extras=[player(controls["t"])])


def _own_code(rnn: nn.Module, states: str, h0: Any) -> str:
    """The call that a learner has made of a network of their own."""
    return f"rnn = nn.{rnn!r}\noutput, {states} = rnn(input{', h0' * (h0 is not None)})"


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


def _place_controls(seen: Trace) -> dict[str, Any]:
    """Only what this call has more than one of."""
    s = seen.shapes
    controls = {"t": slider("t (step)", 0, 0, s.L - 1)}
    for name, label, size in (
        ("feature", "feature", s.H_out),
        ("layer", "layer", s.num_layers),
        ("n", "n (sequence)", len(seen.lengths)),
    ):
        if size > 1:
            controls[name] = slider(label, 0, 0, size - 1)
    return controls | ({"direction": switch("reverse")} if s.D == 2 else {})


def _place(seen: Trace, t: int, direction: bool = False, n: int = 0, **rest: int) -> Place:
    return Place(t=min(t, seen.lengths[n] - 1), direction=int(direction), n=n, **rest)  # a short sequence ends early


def _run(code: str) -> State:
    return State(code, run_code(code))


def _call(**sizes: Any) -> State:
    return _run(call_code(**sizes))
