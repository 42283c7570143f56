"""The explorers of networks: each has a few controls, one state, and the views that show it. There is no arithmetic here."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..device import one_thread, pick_device
from ..rnn.shapes import expected_shapes
from ..rnn.traces import Trace, trace
from ..speed import forward_ways, measure, training_parts
from . import views
from .live import Explorer, View, checkbox, dropdown, slider
from .snippets import call_code, forgetting_code, run_code, scaled_code
from .views import CallState, Cursor, CursorState, SpeedState

_BOTH = dict(bidirectional=(False, True), batch_first=(False, True))  # on a page

# ---- the explorers ----------------------------------------------------------------------------------------------


def explore(rnn: nn.RNN | nn.GRU | nn.LSTM, input: Tensor | PackedSequence, h0: Any = None) -> Explorer:
    """Explore a call of your own step by step: an `nn.RNN`, or an `nn.GRU` or `nn.LSTM` with its gates.

    >>> explore(nn.LSTM(3, 4), torch.ones(5, 2, 3)).state.shapes.tensors["c_n"]
    (1, 2, 4)

    Parameters
    ----------
    input : in a layout that the network accepts, or packed
    h0    : as the network accepts it, so (h_0, c_0) for an LSTM; None for zeros

    Raises
    ------
    TypeError : rnn is no recurrent network of torch.
    ValueError : the same errors as `trace`.
    """
    expected_shapes(rnn, L=1)  # raises a TypeError for any other module
    return explore_steps(rnn, input, h0)


def explore_constructor() -> Explorer:
    """Every argument of `nn.RNN`, as a control beside the network that it makes.

    >>> explorer = explore_constructor()
    >>> explorer.controls["bidirectional"].value = True
    >>> print(explorer.state.trace.shapes.output)
    (L=5, N=2, D*H_out=8)

    Views: what has just changed, the unrolled picture with what dropout drops, the code of exactly this network and call, the
    shapes and the parameters.
    """
    controls = _size_controls() | {
        "nonlinearity": dropdown("nonlinearity", ["tanh", "relu"]),
        "bias": checkbox("bias", True),
        "dropout": slider("dropout", 0.0, 0.0, 0.9, 0.1),
        "training": checkbox("training mode", True),
    }

    def compute(**sizes: Any) -> CallState:
        return CallState.from_code(call_code(**sizes))

    shown: list[View] = [
        views.constructor_note,
        views.network_picture,
        views.marked_code,
        views.marked_shapes,
        views.marked_parameters,
    ]
    page = dict(input_size=range(2, 6), hidden_size=(2, 3, 4, 6, 8), num_layers=range(1, 4), L=range(4, 7), **_BOTH)
    return Explorer("every argument of nn.RNN", controls, compute, shown, page=page)


def explore_shapes() -> Explorer:
    """The four tensors of a call as boxes, for any sizes, layout and initial state.

    >>> explorer = explore_shapes()
    >>> explorer.controls["batched"].value = False
    >>> print(explorer.state.trace.shapes.input)
    (L=5, H_in=3)

    Views: the boxes, the code of exactly this call, and the shapes, of which those that just changed are marked.
    """
    controls = _size_controls() | {
        "batched": checkbox("batched", True),
        "h0": dropdown("h0", ["None", "zeros", "random"]),
    }

    def compute(batched: bool, N: int, **sizes: Any) -> CallState:
        return CallState.from_code(call_code(N=N if batched else None, **sizes))

    shown: list[View] = [views.batch_note, views.tensor_boxes, views.marked_code, views.marked_shapes]
    sizes = dict(hidden_size=range(3, 6), num_layers=range(1, 3), L=range(4, 7), N=range(1, 4))
    page: dict[str, Sequence[Any]] = {**sizes, **_BOTH, "batched": (False, True), "h0": ("None", "zeros")}
    return Explorer("shapes of input, h_0, output and h_n", controls, compute, shown, page=page)


def explore_steps(
    rnn: nn.RNN | nn.GRU | nn.LSTM | None = None,
    input: Tensor | PackedSequence | None = None,
    h0: Any = None,
    labels: Sequence[str] | None = None,
) -> Explorer:
    """Go through a call step by step: the cursor in the picture, the equation of this step, its values and the states.

    >>> explorer = explore_steps(nn.RNN(3, 4), torch.ones(5, 1, 3))
    >>> explorer.controls["t"].value = 2
    >>> explorer.state.cursor.t
    2

    Parameters
    ----------
    rnn, input, h0 : a call of your own, batched, unbatched or packed; without them, a small network is made
    labels         : one word per step, written below the input in place of x[t]

    Raises
    ------
    TypeError, ValueError : the same errors as `trace`; TypeError also if input or h0 is given without rnn.
    """
    if rnn is None and (input is not None or h0 is not None):
        raise TypeError("rnn: not given, but input or h0 is; expected a whole call, or nothing")
    if rnn is None:
        code = call_code(input_size=3, hidden_size=4, L=5, N=1)
        seen = run_code(code)
    elif input is None:
        raise TypeError("input: given NoneType, expected a torch.Tensor or a PackedSequence")
    else:
        seen = trace(rnn, input, h0)
        code = _own_code(rnn, input, h0)
    controls = _cursor_controls(seen)

    def compute(**cursor: int) -> CursorState:
        return CursorState(code, seen, _cursor(seen, **cursor), labels)

    shown: list[View] = [views.cursor_picture, views.cursor_equation, views.step_picture, views.hidden_state_table]
    if seen.gates:
        shown = [views.gate_equation, views.step_picture, views.gates_picture, views.cursor_picture, views.hidden_state_table]
    folded: list[View] = [views.cursor_code, views.marked_shapes]
    steps = seen.lengths
    return Explorer(
        "one step after the other",
        controls,
        compute,
        shown,
        played="t",
        largest=lambda state: {"t": steps[state.cursor.n] - 1},
        folded=folded,
    )


def explore_layers() -> Explorer:
    """Layers and directions: choose a final state, or one some steps earlier, and see which inputs and states reach it.

    >>> explorer = explore_layers()
    >>> explorer.controls["k"].value = 3  # of two layers in two directions: the top layer, reverse
    >>> explorer.state.cursor.layer, explorer.state.cursor.t
    (1, 0)

    Views: the picture with the chosen state emphasised and with only what reaches it, the table of all final states,
    the code, shapes and parameters.
    """
    controls = {
        "num_layers": slider("num_layers", 2, 1, 3),  # with four, the picture is higher than a low window
        "bidirectional": checkbox("bidirectional", True),
        "hidden_size": slider("hidden_size", 4, 1, 8),
        "L": slider("L (steps)", 5, 1, 12),
        "k": slider("k (row of h_n)", 0, 0, 3),
        "earlier": slider("steps earlier", 0, 0, 4),
    }

    def compute(k: int, earlier: int, **sizes: Any) -> CursorState:
        code = call_code(input_size=3, N=1, **sizes)
        seen = run_code(code)
        s = seen.shapes
        layer, direction = divmod(min(k, s.h_n[0] - 1), s.D)  # layer by layer, and per layer forward before reverse
        earlier = min(earlier, s.L - 1)
        return CursorState(code, seen, Cursor(layer, direction, earlier if direction else s.L - 1 - earlier))

    shown: list[View] = [
        views.final_state_note,
        views.chosen_state_picture,
        views.final_state_table,
    ]
    return Explorer(
        "layers and directions",
        controls,
        compute,
        shown,
        largest=lambda state: {"k": state.shapes.h_n[0] - 1, "earlier": state.shapes.L - 1},
        folded=[views.marked_code, views.marked_shapes, views.marked_parameters],
        page=dict(num_layers=range(1, 4), bidirectional=(False, True), k=range(6), earlier=range(5)),
    )


def explore_gradient() -> Explorer:
    """What each step contributes to the gradient of W_hh: early contributions vanish, stay, or explode.

    >>> explorer = explore_gradient()
    >>> explorer.controls["scale"].value = 0.5
    >>> from helpers import gradient_norms
    >>> bool(gradient_norms(explorer.state.trace)[0] < 1e-6)  # at the first of 30 steps, almost nothing is left
    True

    Views: the length of the gradient of W_hh, the contribution of each step to it, code and shapes.
    """
    controls = {
        "scale": slider("weight scale", 1.0, 0.1, 3.0, 0.1),
        "L": slider("L (steps)", 30, 2, 60),
        "nonlinearity": dropdown("nonlinearity", ["tanh", "relu"]),
    }

    def compute(scale: float, L: int, nonlinearity: str) -> CallState:
        return CallState.from_code(scaled_code(round(scale, 1), nonlinearity, L))

    shown: list[View] = [views.contributions_note, views.contributions_picture, views.marked_code, views.marked_shapes]
    page = dict(scale=[round(0.1 * i, 1) for i in range(1, 31)], L=(5, 10, 20, 30, 45, 60), nonlinearity=("tanh", "relu"))
    return Explorer("weights and the gradient through time", controls, compute, shown, played="L", page=page)


def explore_forgetting() -> Explorer:
    """One LSTM cell that stores a number at the first step: see how long it keeps it, for any bias of the forget gate.

    >>> explorer = explore_forgetting()
    >>> explorer.controls["bias"].value = 5.0
    >>> bool(explorer.state.trace.cell[0, 0, -1, 0, 0] > 0.8)  # 20 steps later, most of it is still there
    True

    Views: what is left, the hidden state over time, the gates and states over time, the code and the shapes.
    """
    controls = {
        "bias": slider("bias of the forget gate", 0.0, -2.0, 6.0, 0.5),
        "T": slider("T (steps to keep it)", 20, 1, 40),
    }

    def compute(bias: float, T: int) -> CallState:
        return CallState.from_code(forgetting_code(bias, T))

    shown: list[View] = [views.forgetting_note, views.all_gates_picture, views.response_picture]
    folded: list[View] = [views.marked_code, views.marked_shapes]
    page = dict(bias=[0.5 * i for i in range(-4, 13)], T=(1, 2, 5, 10, 15, 20, 30, 40))
    return Explorer("a forget gate and its memory", controls, compute, shown, played="T", folded=folded, page=page)


def explore_speed() -> Explorer:
    """Measure on this computer how long a forward pass of the same RNN takes in three ways, and the parts of a training step.

    >>> list(explore_speed().state.ms)
    ['NumPy loop', 'RNNCell loop', 'one nn.RNN call', 'training: forward', 'training: backward', 'training: optimizer']

    Views: the times. A stored notebook does not keep them, because they differ each time.
    """
    controls = {
        "L": dropdown("L (steps)", [16, 32, 64, 128, 256]),
        "N": dropdown("N (sequences)", [1, 4, 16, 64]),
        "H": dropdown("H_in and H_out", [8, 32, 128]),
    }

    def compute(L: int, N: int, H: int) -> SpeedState:
        device = pick_device()
        with torch.random.fork_rng(devices=[]):
            rnn, x = nn.RNN(H, H).to(device), torch.randn(L, N, H).to(device)
            training = {f"training: {part}": run for part, run in training_parts(rnn, x).items()}
        with one_thread():
            return SpeedState(L, N, H, device.type, measure({**forward_ways(rnn, x), **training}, device=device, rounds=5))

    shown: list[View] = [views.speed_table]
    return Explorer("where the time goes here", controls, compute, shown, views.unmeasured_note, is_slow=True, page={})


def _own_code(rnn: nn.RNN | nn.GRU | nn.LSTM, input: Tensor | PackedSequence, h0: Any) -> str:
    """The code of the learner's own call; a packed output has no axis of time, so it is padded again."""
    states = "(h_n, c_n)" if isinstance(rnn, nn.LSTM) else "h_n"
    code = f"rnn = nn.{rnn!r}\noutput, {states} = rnn(input{', h0' * (h0 is not None)})"
    if isinstance(input, PackedSequence):
        code += f"\noutput, lengths = pad_packed_sequence(output{', batch_first=True' * rnn.batch_first})"
    return code


# ---- controls, and the cursor they set --------------------------------------------------------------------------


def _size_controls() -> dict[str, Any]:
    return {
        "input_size": slider("input_size", 3, 1, 8),
        "hidden_size": slider("hidden_size", 4, 1, 8),
        "num_layers": slider("num_layers", 1, 1, 5),
        "L": slider("L (steps)", 5, 1, 12),
        "N": slider("N (sequences)", 2, 1, 6),
        "bidirectional": checkbox("bidirectional"),
        "batch_first": checkbox("batch_first"),
    }


def _cursor_controls(seen: Trace) -> dict[str, Any]:
    """A control for every axis on which this call has more than one element."""
    s = seen.shapes
    controls = {"t": slider("t (step)", 0, 0, s.L - 1)}
    for name, label, size in (
        ("feature", "feature", s.H_out),
        ("layer", "layer", s.num_layers),
        ("n", "n (sequence)", len(seen.lengths)),
    ):
        if size > 1:
            controls[name] = slider(label, 0, 0, size - 1)
    return controls | ({"direction": checkbox("reverse")} if s.D == 2 else {})


def _cursor(seen: Trace, t: int, direction: int = 0, n: int = 0, **rest: int) -> Cursor:
    return Cursor(t=min(t, seen.lengths[n] - 1), direction=int(direction), n=n, **rest)  # a short sequence ends earlier
