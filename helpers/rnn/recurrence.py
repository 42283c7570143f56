"""The equation itself in NumPy, which computes every hidden state of any `nn.RNN`.

    h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)

There is no trick in it: `nn.RNN` consists of three loops (layers, directions, steps) and two lines of arithmetic.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from ..device import to_numpy
from .shapes import Shapes, expected_shapes, require_rnn

Weight = TypeVar("Weight", np.ndarray, Tensor)
State = Tensor | tuple[Tensor, Tensor] | None  # h_0, or (h_0, c_0) of an LSTM; None is zeros

ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}


class Recurrence(NamedTuple):
    """What `run_recurrence` returns: `output` and `h_n` as torch returns them, and all hidden states."""

    output: np.ndarray | PackedSequence
    h_n: np.ndarray
    hidden: np.ndarray  # (num_layers, D, L, N, H_out), zero after the end of a packed sequence


class CallArguments(NamedTuple):
    """The arguments of a call in one form: NumPy arrays that always have a batch axis, with time first."""

    shapes: Shapes
    lengths: np.ndarray  # (N,), in steps
    input: np.ndarray  # (L, N, H_in)
    h_0: np.ndarray  # (num_layers, D, N, H_out)
    c_0: np.ndarray | None = None  # the same, only of an LSTM


def run_recurrence(rnn: nn.RNN, input: Tensor | PackedSequence, h0: Tensor | None = None) -> Recurrence:
    """Compute `rnn(input, h0)` by hand, and return every hidden state too.

    >>> rnn = nn.RNN(3, 4)
    >>> x = torch.ones(5, 2, 3)
    >>> by_hand = run_recurrence(rnn, x)
    >>> by_hand.hidden.shape  # (num_layers, D, L, N, H_out)
    (1, 1, 5, 2, 4)
    >>> np.allclose(by_hand.output, rnn(x)[0].detach(), atol=1e-6)
    True

    Parameters
    ----------
    input : (L, N, H_in), (N, L, H_in) if batch_first, (L, H_in) unbatched, or a PackedSequence
    h0    : (D*num_layers, N, H_out), without N if unbatched; None for zeros

    Returns
    -------
    output : (L, N, D*H_out) in the layout of `input`: the top layer at every step, both directions concatenated
    h_n    : (D*num_layers, N, H_out): every layer and direction at its own last step
    hidden : (num_layers, D, L, N, H_out): all hidden states

    Raises
    ------
    TypeError : rnn, input or h0 has the wrong type.
    ValueError : a shape or dtype does not match, L is 0, or dropout is active (call `rnn.eval()` first).

    Source: the equation in the torch.nn.RNN documentation. A float64 network is computed in float64, any other in float32.
    """
    require_rnn(rnn)
    call = normalise_arguments(rnn, input, h0)
    require_no_dropout(rnn)
    hidden, h_n = hidden_states(rnn, call)
    top = np.concatenate(hidden[-1], axis=-1)  # (L, N, D*H_out)
    output = like_input(torch.from_numpy(top), rnn, input)
    return Recurrence(output if isinstance(output, PackedSequence) else output.numpy(), h_n, hidden)


@np.errstate(over="ignore", invalid="ignore")  # with relu the states may overflow, in torch too
def hidden_states(
    rnn: nn.RNN,
    call: CallArguments,
    weights: Mapping[str, np.ndarray] | None = None,
    factors: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The three loops, which compute every hidden state of one call, and h_n.

    >>> rnn = nn.RNN(3, 4, num_layers=2)
    >>> hidden, h_n = hidden_states(rnn, normalise_arguments(rnn, torch.ones(5, 2, 3)))
    >>> hidden.shape, h_n.shape
    ((2, 1, 5, 2, 4), (2, 2, 4))

    Parameters
    ----------
    weights : the result of `numpy_weights(rnn)`, if it is known already
    factors : (num_layers - 1, L, N, D*H_out), what dropout multiplies the states of each lower layer by; None for no dropout
    """
    s, weights, act = call.shapes, weights or numpy_weights(rnn), ACTIVATIONS[rnn.nonlinearity]
    hidden = np.zeros((s.num_layers, s.D, *call.input.shape[:2], s.H_out), call.input.dtype)
    last = call.h_0.copy()  # (num_layers, D, N, H_out)
    same_length = (call.lengths == s.L).all()
    below = call.input  # what the current layer reads at each step
    for layer in range(s.num_layers):
        for direction in range(s.D):
            W_ih, W_hh, b_ih, b_hh = cell_weights(weights, layer, direction)
            from_input = below @ W_ih.T + b_ih  # (L, N, H_out): all steps at once, because they do not depend on each other
            h, states = call.h_0[layer, direction], hidden[layer, direction]  # (N, H_out), (L, N, H_out)
            for t in reversed(range(s.L)) if direction else range(s.L):
                new = act(from_input[t] + h @ W_hh.T + b_hh)
                if same_length:
                    h = states[t] = new
                    continue
                alive = (t < call.lengths)[:, None]  # outside its own sequence a row keeps its state
                h = np.where(alive, new, h)
                states[t] = np.where(alive, new, 0)
            last[layer, direction] = h
        below = np.concatenate(hidden[layer], axis=-1)  # (L, N, D*H_out)
        if factors is not None and layer + 1 < s.num_layers:
            below = below * factors[layer]
    return hidden, last.reshape(s.h_n)


def like_input(output: Tensor, rnn: nn.RNNBase, input: Tensor | PackedSequence) -> Tensor | PackedSequence:
    """Bring `output`, here (L, N, D*H_out), into the layout in which torch returns it.

    >>> like_input(torch.zeros(5, 2, 4), nn.RNN(3, 4, batch_first=True), torch.zeros(2, 5, 3)).shape
    torch.Size([2, 5, 4])
    """
    if isinstance(input, PackedSequence):
        rows = output if input.sorted_indices is None else output[:, input.sorted_indices.to(output.device)]
        return input._replace(data=torch.cat([step[:n] for step, n in zip(rows, input.batch_sizes)]))
    if input.dim() == 2:
        return output[:, 0]
    return output.transpose(0, 1) if rnn.batch_first else output


def time_first(rnn: nn.RNNBase, tensor: Tensor) -> Tensor:
    """The reverse of `like_input`: an input or output of `rnn` as (L, N, features), with N=1 if it is unbatched.

    >>> time_first(nn.RNN(3, 4, batch_first=True), torch.zeros(2, 5, 3)).shape
    torch.Size([5, 2, 3])
    """
    if tensor.dim() == 2:
        return tensor[:, None]
    return tensor.transpose(0, 1) if rnn.batch_first else tensor


def numpy_weights(rnn: nn.RNN | nn.GRU | nn.LSTM) -> dict[str, np.ndarray]:
    """Every parameter as a NumPy array, by its name in `named_parameters()`.

    >>> sorted(numpy_weights(nn.RNN(2, 3, bias=False)))
    ['weight_hh_l0', 'weight_ih_l0']
    """
    # By the names that torch's forward reads: in named_parameters() a parametrized weight has another name.
    return {name: to_numpy(getattr(rnn, name)) for name in rnn._flat_weights_names}


def cell_weights(
    weights: Mapping[str, Weight], layer: int, direction: int
) -> tuple[Weight, Weight, Weight | float, Weight | float]:
    """W_ih, W_hh, b_ih, b_hh of one layer and direction. Without bias, each bias is 0.

    >>> [np.shape(w) for w in cell_weights(numpy_weights(nn.RNN(2, 3)), layer=0, direction=0)]
    [(3, 2), (3, 3), (3,), (3,)]
    """
    name = f"l{layer}" + "_reverse" * direction
    b_ih, b_hh = (weights.get(f"{bias}_{name}", 0.0) for bias in ("bias_ih", "bias_hh"))
    return weights[f"weight_ih_{name}"], weights[f"weight_hh_{name}"], b_ih, b_hh


def dropout_acts(rnn: nn.RNN | nn.GRU | nn.LSTM) -> bool:
    """Whether a call of `rnn` sets random elements to zero: in training mode, between layers.

    >>> rnn = nn.RNN(3, 4, num_layers=2, dropout=0.5)
    >>> dropout_acts(rnn), dropout_acts(rnn.eval())
    (True, False)
    """
    return rnn.training and rnn.dropout > 0 and rnn.num_layers > 1


def require_no_dropout(rnn: nn.RNN | nn.GRU | nn.LSTM) -> None:
    """Raise a ValueError if dropout acts in a call of `rnn`.

    >>> require_no_dropout(nn.RNN(3, 4, num_layers=2, dropout=0.5))
    Traceback (most recent call last):
    ValueError: rnn: dropout=0.5 is at work, so every call differs; call rnn.eval() first
    """
    if dropout_acts(rnn):
        raise ValueError(f"rnn: dropout={rnn.dropout} is at work, so every call differs; call rnn.eval() first")


def normalise_arguments(rnn: nn.RNN | nn.GRU | nn.LSTM, input: Tensor | PackedSequence, h0: State = None) -> CallArguments:
    """Check the arguments of a call and bring them into one form: time first, and with a batch axis.

    >>> normalise_arguments(nn.RNN(3, 4), torch.zeros(5, 3)).input.shape
    (5, 1, 3)
    """
    expected_shapes(rnn, L=1)  # raises a TypeError for any other module
    layout: tuple[str, ...] = ("L", "N", "H_in")
    if isinstance(input, PackedSequence):
        padded, lengths = pad_packed_sequence(input)
    else:
        padded, lengths = _require_tensor("input", input), None
        layout = _input_layout(rnn, input)
    _require_weights_kind("input", padded, rnn)
    if padded.dim() != len(layout) or padded.size(-1) != rnn.input_size:
        raise ValueError(f"input: given {tuple(padded.shape)}, expected {_format_layout(layout, H_in=rnn.input_size)}")
    L, N = padded.size(layout.index("L")), padded.size(layout.index("N")) if "N" in layout else None
    shapes = expected_shapes(rnn, L=L, N=N)
    steps = to_numpy(padded if isinstance(input, PackedSequence) else time_first(rnn, padded))
    steps_of_each = np.full(steps.shape[1], L) if lengths is None else lengths.numpy()
    first = [_initial_state(name, rnn, shapes, state, steps) for name, state in _states_by_name(shapes, h0).items()]
    return CallArguments(shapes, steps_of_each, steps, *first)


def _states_by_name(shapes: Shapes, h0: State) -> dict[str, Tensor | tuple[Tensor, Tensor] | None]:
    if not shapes.has_cell_state:
        return {"h0": h0}
    if h0 is None:
        return {"h0": None, "c0": None}
    if not isinstance(h0, tuple) or len(h0) != 2 or any(state is None for state in h0):  # torch refuses a single None too
        given = "(h0, c0) with None" if isinstance(h0, tuple) and len(h0) == 2 else type(h0).__name__
        raise TypeError(f"h0: given {given}, expected (h0, c0), because an LSTM has two states")
    return dict(zip(("h0", "c0"), h0))


def _initial_state(name: str, rnn: nn.RNNBase, shapes: Shapes, state: State, steps: np.ndarray) -> np.ndarray:
    grid = (shapes.num_layers, shapes.D, steps.shape[1], shapes.H_out)
    if state is None:
        return np.zeros(grid, steps.dtype)
    state = _require_tensor(name, state)
    _require_weights_kind(name, state, rnn)
    if tuple(state.shape) != shapes.h_0:
        raise ValueError(f"{name}: given {tuple(state.shape)}, expected {shapes.h_0}")
    return to_numpy(state).reshape(grid)


def _input_layout(rnn: nn.RNNBase, input: Tensor) -> tuple[str, ...]:
    if input.dim() == 2:
        return "L", "H_in"
    if input.dim() == 3:
        return ("N", "L", "H_in") if rnn.batch_first else ("L", "N", "H_in")
    layouts = "(L, H_in), (L, N, H_in) or, with batch_first, (N, L, H_in)"
    raise ValueError(f"input: given {input.dim()} axes {tuple(input.shape)}, expected {layouts}")


def _format_layout(layout: tuple[str, ...], **sizes: int) -> str:
    return "(" + ", ".join(f"{axis}={sizes[axis]}" if axis in sizes else axis for axis in layout) + ")"


def _require_tensor(name: str, value: object) -> Tensor:
    if not isinstance(value, Tensor):
        expected = "a torch.Tensor" + (" or PackedSequence" if name == "input" else " or None")
        raise TypeError(f"{name}: given {type(value).__name__}, expected {expected}")
    return value


def _require_weights_kind(name: str, value: Tensor, rnn: nn.RNNBase) -> None:
    """Refuse a tensor whose dtype, device or layout differs from the weights, and weights that NumPy cannot compute with."""
    weight = rnn.weight_ih_l0
    assert isinstance(weight, Tensor)
    for kind in ("dtype", "device", "layout"):
        given, expected = getattr(value, kind), getattr(weight, kind)
        if given != expected:
            raise ValueError(f"{name}: given {given}, expected {expected}, the {kind} of rnn's weights")
    if weight.device.type == "meta" or not weight.is_floating_point():
        raise ValueError(f"rnn: given {weight.dtype} weights on {weight.device}, expected real numbers to compute with")
