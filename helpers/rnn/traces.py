"""Trace: one call of an `nn.RNN` with all its hidden states, computed once and then shown in many ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from ..device import one_thread, to_numpy
from .recurrence import CallArguments, cell_weights, hidden_states, normalise_arguments, numpy_weights
from .shapes import Shapes


@dataclass(frozen=True, eq=False)
class Step:
    """One step of one layer and direction for one sequence, term by term.

    h = activation(W_ih @ x + b_ih + W_hh @ h_before + b_hh), with every array in it.
    """

    W_ih: np.ndarray  # (H_out, H_in), or (H_out, D*H_out) above the first layer
    x: np.ndarray  # (H_in,): the input of the layer at this step
    b_ih: np.ndarray | None  # (H_out,); None if the network has no bias
    W_hh: np.ndarray  # (H_out, H_out)
    h_before: np.ndarray  # (H_out,)
    b_hh: np.ndarray | None  # (H_out,)
    from_input: np.ndarray  # (H_out,): W_ih @ x
    from_past: np.ndarray  # (H_out,): W_hh @ h_before
    total: np.ndarray  # (H_out,): the sum of all four terms, before the activation
    h: np.ndarray  # (H_out,)
    nonlinearity: str


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """One call of an `nn.RNN`: sizes, weights, input, h_0, every hidden state, output and h_n. Read-only.

    >>> seen = trace(nn.RNN(3, 4), torch.ones(5, 2, 3))
    >>> print(seen.shapes.output, seen.lengths)
    (L=5, N=2, D*H_out=4) (5, 5)

    `input`, `h_0` and `hidden` always have a batch axis, and time comes first. `output` and `h_n` have exactly the layout
    in which torch returned them, but a packed output is padded again.
    """

    shapes: Shapes
    nonlinearity: str
    lengths: tuple[int, ...]  # in steps, of each sequence in the batch
    weights: Mapping[str, np.ndarray]
    input: np.ndarray  # (L, N, H_in)
    h_0: np.ndarray  # (num_layers, D, N, H_out)
    hidden: np.ndarray  # (num_layers, D, L, N, H_out)
    output: np.ndarray  # shapes.output
    h_n: np.ndarray  # shapes.h_n

    def layer_input(self, layer: int, t: int, n: int = 0) -> np.ndarray:
        """The input of `layer` at step t: x_t in layer 0, and the states of the layer below in any other layer.

        >>> trace(nn.RNN(3, 4, 2, bidirectional=True), torch.zeros(5, 1, 3)).layer_input(layer=1, t=0).shape
        (8,)
        """
        read: np.ndarray = self.input[t, n] if layer == 0 else self.hidden[layer - 1, :, t, n].ravel()
        return read

    def previous_state(self, layer: int, direction: int, t: int, n: int = 0) -> np.ndarray:
        """The state that step t starts from: the state of the step before, or h_0 at the first step of this direction.

        >>> trace(nn.RNN(3, 4), torch.zeros(5, 1, 3)).previous_state(layer=0, direction=0, t=0)
        array([0., 0., 0., 0.], dtype=float32)
        """
        earlier = t + 1 if direction else t - 1
        begins = not 0 <= earlier < self.lengths[n]
        state: np.ndarray = self.h_0[layer, direction, n] if begins else self.hidden[layer, direction, earlier, n]
        return state

    def step(self, layer: int, direction: int, t: int, n: int = 0) -> Step:
        """Step t of one layer and direction for sequence n of the batch, term by term.

        >>> t = trace(nn.RNN(3, 4), torch.ones(5, 1, 3))
        >>> step = t.step(layer=0, direction=0, t=2)
        >>> np.allclose(step.h, np.tanh(step.total), atol=1e-6)
        True

        Raises
        ------
        ValueError : layer, direction, t or n is out of range. The message names it and the range.
        """
        ranges = {
            "layer": (layer, self.shapes.num_layers),
            "direction": (direction, self.shapes.D),
            "n": (n, len(self.lengths)),
        }
        for name, (value, size) in ranges.items():
            require_index(name, value, size)
        require_index("t", t, self.lengths[n])
        W_ih, W_hh, b_ih, b_hh = cell_weights(self.weights, layer, direction)
        x, h_before = self.layer_input(layer, t, n), self.previous_state(layer, direction, t, n)
        with np.errstate(over="ignore", invalid="ignore"):
            from_input, from_past = W_ih @ x, W_hh @ h_before
            total = from_input + b_ih + from_past + b_hh
        h = self.hidden[layer, direction, t, n]
        biases = [bias if isinstance(bias, np.ndarray) else None for bias in (b_ih, b_hh)]
        return Step(W_ih, x, biases[0], W_hh, h_before, biases[1], from_input, from_past, total, h, self.nonlinearity)

    def __repr__(self) -> str:
        return f"Trace of a {self.nonlinearity} RNN: input {self.shapes.input}, output {self.shapes.output}"


def trace(rnn: nn.RNN, input: Tensor | PackedSequence, h0: Tensor | None = None) -> Trace:
    """Call `rnn` once, without gradients, and keep its input, its result and every hidden state.

    >>> rnn = nn.RNN(3, 4, num_layers=2)
    >>> t = trace(rnn, torch.ones(5, 2, 3))
    >>> t.hidden.shape  # (num_layers, D, L, N, H_out)
    (2, 1, 5, 2, 4)
    >>> np.allclose(t.output, t.hidden[-1, 0], atol=1e-6)  # the top layer, at every step
    True

    Parameters
    ----------
    input : (L, N, H_in), (N, L, H_in) if batch_first, (L, H_in) unbatched, or a PackedSequence
    h0    : (D*num_layers, N, H_out), without N if unbatched; None for zeros

    Returns
    -------
    Trace : `output` and `h_n` are the results of the call itself, `hidden` is computed as in `run_recurrence`.

    Raises
    ------
    TypeError, ValueError : as in `run_recurrence`, with the argument, its value and what was expected. Also if
        `output` or `h_n` is not, element by element, what the forward of nn.RNN itself returns, because a subclass or a
        hook changes it.
    """
    call = normalise_arguments(rnn, input, h0)
    with torch.no_grad(), one_thread():
        output, h_n = rnn(input, h0)  # before the weights are read: a spectral norm, for example, updates them in the call
        plain_output, plain_h_n = nn.RNN.forward(rnn, input, h0)  # without hooks, and without what a subclass adds
    output, plain_output = _padded_again(rnn, output), _padded_again(rnn, plain_output)
    _require_unmodified_result("output", output, plain_output)
    _require_unmodified_result("h_n", h_n, plain_h_n)
    weights = {name: _read_only_copy(value) for name, value in numpy_weights(rnn, call.shapes).items()}
    hidden, own_h_n = hidden_states(rnn, call, weights)
    _require_own_weights(call, to_numpy(h_n), own_h_n)
    return Trace(
        shapes=call.shapes,
        nonlinearity=rnn.nonlinearity,
        lengths=tuple(int(n) for n in call.lengths),
        weights=MappingProxyType(weights),
        input=_read_only_copy(call.input),
        h_0=_read_only_copy(call.h_0),
        hidden=_read_only_copy(hidden),
        output=_read_only_copy(to_numpy(output)),
        h_n=_read_only_copy(to_numpy(h_n)),
    )


def require_trace(value: Trace) -> None:
    """Raise a TypeError unless `value` is a Trace, and say how to make one.

    >>> require_trace(nn.RNN(3, 4))
    Traceback (most recent call last):
    TypeError: trace: given RNN, expected a Trace, as from trace(rnn, input)
    """
    if not isinstance(value, Trace):
        raise TypeError(f"trace: given {type(value).__name__}, expected a Trace, as from trace(rnn, input)")


def require_index(name: str, value: int, size: int, low: int = 0) -> None:
    """Raise a ValueError unless `value` is an integer from `low` to `size - 1`.

    >>> require_index("t", 7, size=5)
    Traceback (most recent call last):
    ValueError: t: given 7, expected a whole number from 0 to 4
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value < size:
        raise ValueError(f"{name}: given {value!r}, expected a whole number from {low} to {size - 1}")


def _padded_again(rnn: nn.RNN, output: Tensor | PackedSequence) -> Tensor:
    return pad_packed_sequence(output, batch_first=rnn.batch_first)[0] if isinstance(output, PackedSequence) else output


def _require_unmodified_result(name: str, result: Tensor, plain: Tensor) -> None:
    """Refuse a network whose result is not that of nn.RNN itself, because every picture of it would be wrong.

    The same lines of torch compute both, so a rounding error does not grow between them over many steps.
    """
    same = isinstance(result, Tensor) and result.shape == plain.shape
    if not same or not np.allclose(to_numpy(result), to_numpy(plain), rtol=1e-3, atol=1e-3, equal_nan=True):
        changed = f"rnn: its {name} is not that of the plain equation, because a hook or a subclass changes it"
        raise ValueError(f"{changed}; expected an nn.RNN without hooks of its own")


def _require_own_weights(call: CallArguments, h_n: np.ndarray, own_h_n: np.ndarray) -> None:
    """Refuse weights that torch does not use. Only short calls can tell: over many steps, a rounding error may grow."""
    short = call.shapes.L * call.shapes.num_layers <= 8
    if short and not np.allclose(h_n, own_h_n, rtol=0.05, atol=0.05, equal_nan=True):
        raise ValueError("rnn: its result is not that of the plain equation with its own weights; expected a plain nn.RNN")


def _read_only_copy(array: np.ndarray) -> np.ndarray:
    array = array.copy()  # the learner's own tensor stays writable, and later changes of it do not reach the trace
    array.setflags(write=False)
    return array
