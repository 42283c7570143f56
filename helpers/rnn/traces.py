"""Trace: one call of an RNN, GRU or LSTM with all its states and gates, computed once and then shown in many ways."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules import module
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from ..checks import require_index
from ..device import one_thread, to_numpy
from ..wording import with_article
from .recurrence import (
    CallArguments,
    State,
    cell_weights,
    dropout_acts,
    hidden_states,
    normalise_arguments,
    numpy_weights,
    require_no_dropout,
)
from .shapes import Shapes
from .stepwise import walk_gates


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
    """One call of an RNN, GRU or LSTM: sizes, weights, input, h_0, every hidden state, output and h_n. Read-only.

    >>> seen = trace(nn.RNN(3, 4), torch.ones(5, 2, 3))
    >>> print(seen.shapes.output, seen.lengths)
    (L=5, N=2, D*H_out=4) (5, 5)

    `input`, `h_0` and `hidden` always have a batch axis, and time comes first. `output` and `h_n` have exactly the layout
    in which torch returned them, but a packed output is padded again. `nonlinearity` is that of the new content: a GRU
    and an LSTM always use tanh.

    >>> seen = trace(nn.LSTM(3, 4), torch.ones(5, 2, 3))
    >>> list(seen.gates), seen.gates["f"].shape
    (['i', 'f', 'g', 'o'], (1, 1, 5, 2, 4))
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
    gates: Mapping[str, np.ndarray] = field(default_factory=dict)  # as `hidden`: i f g o of an LSTM, r z n of a GRU
    cell: np.ndarray | None = None  # as `hidden`: the cell states of an LSTM
    c_0: np.ndarray | None = None  # as h_0
    c_n: np.ndarray | None = None  # as h_n
    dropout_factors: np.ndarray | None = None  # (num_layers - 1, L, N, D*H_out): 0 or 1 / (1 - p); None without dropout

    def layer_input(self, layer: int, t: int, n: int = 0) -> np.ndarray:
        """The input of `layer` at step t: x_t in layer 0, and what dropout leaves of the states below in any other layer.

        >>> trace(nn.RNN(3, 4, 2, bidirectional=True), torch.zeros(5, 1, 3)).layer_input(layer=1, t=0).shape
        (8,)
        """
        self.require_step(layer, 0, t, n)
        read: np.ndarray = self.input[t, n] if layer == 0 else self.hidden[layer - 1, :, t, n].ravel()
        if layer > 0 and self.dropout_factors is not None:
            read = read * self.dropout_factors[layer - 1, t, n] + 0.0  # + 0.0 turns −0.0 into 0.0
        return read

    def previous_state(self, layer: int, direction: int, t: int, n: int = 0) -> np.ndarray:
        """The state that step t starts from: the state of the step before, or h_0 at the first step of this direction.

        >>> trace(nn.RNN(3, 4), torch.zeros(5, 1, 3)).previous_state(layer=0, direction=0, t=0)
        array([0., 0., 0., 0.], dtype=float32)
        """
        return self._state_before(self.hidden, self.h_0, layer, direction, t, n)

    def previous_cell(self, layer: int, direction: int, t: int, n: int = 0) -> np.ndarray:
        """The cell state that step t of an LSTM starts from, as `previous_state`.

        >>> trace(nn.LSTM(3, 2), torch.zeros(5, 1, 3)).previous_cell(layer=0, direction=0, t=0)
        array([0., 0.], dtype=float32)
        """
        if self.cell is None or self.c_0 is None:
            raise ValueError(f"trace: given a trace of {with_article(self.shapes.kind)}, expected one of an LSTM")
        return self._state_before(self.cell, self.c_0, layer, direction, t, n)

    def _state_before(self, states: np.ndarray, first: np.ndarray, layer: int, direction: int, t: int, n: int) -> np.ndarray:
        self.require_step(layer, direction, t, n)
        earlier = t + 1 if direction else t - 1
        begins = not 0 <= earlier < self.lengths[n]
        state: np.ndarray = first[layer, direction, n] if begins else states[layer, direction, earlier, n]
        return state

    def require_step(self, layer: int, direction: int, t: int, n: int = 0) -> None:
        """Raise a ValueError unless the call has this step.

        >>> trace(nn.RNN(3, 4), torch.ones(5, 1, 3)).require_step(layer=0, direction=0, t=5)
        Traceback (most recent call last):
        ValueError: t: given 5, expected a whole number from 0 to 4
        """
        ranges = {
            "layer": (layer, self.shapes.num_layers),
            "direction": (direction, self.shapes.D),
            "n": (n, len(self.lengths)),
        }
        for name, (value, size) in ranges.items():
            require_index(name, value, size)
        require_index("t", t, self.lengths[n])

    def step(self, layer: int, direction: int, t: int, n: int = 0) -> Step:
        """Step t of one layer and direction for sequence n of the batch, term by term.

        >>> t = trace(nn.RNN(3, 4), torch.ones(5, 1, 3))
        >>> step = t.step(layer=0, direction=0, t=2)
        >>> np.allclose(step.h, np.tanh(step.total), atol=1e-6)
        True

        Raises
        ------
        ValueError : layer, direction, t or n is out of range. The message names it and the range. Also if the network
            is a GRU or an LSTM, whose steps have other terms.
        """
        require_plain(self)
        x, h_before = self.layer_input(layer, t, n), self.previous_state(layer, direction, t, n)
        W_ih, W_hh, b_ih, b_hh = cell_weights(self.weights, layer, direction)
        with np.errstate(over="ignore", invalid="ignore"):
            from_input, from_past = W_ih @ x, W_hh @ h_before
            total = from_input + b_ih + from_past + b_hh
        h = self.hidden[layer, direction, t, n]
        biases = [bias if isinstance(bias, np.ndarray) else None for bias in (b_ih, b_hh)]
        return Step(W_ih, x, biases[0], W_hh, h_before, biases[1], from_input, from_past, total, h, self.nonlinearity)

    def __repr__(self) -> str:
        kind = f"a {self.nonlinearity} RNN" if not self.gates else with_article(self.shapes.kind)
        return f"Trace of {kind}: input {self.shapes.input}, output {self.shapes.output}"


def trace(rnn: nn.RNN | nn.GRU | nn.LSTM, input: Tensor | PackedSequence, h0: State = None) -> Trace:
    """Call `rnn` once, without gradients, and keep its input, its result and every hidden state; the gates too, if it has any.

    >>> rnn = nn.RNN(3, 4, num_layers=2)
    >>> t = trace(rnn, torch.ones(5, 2, 3))
    >>> t.hidden.shape  # (num_layers, D, L, N, H_out)
    (2, 1, 5, 2, 4)
    >>> np.allclose(t.output, t.hidden[-1, 0], atol=1e-6)  # the top layer, at every step
    True

    Parameters
    ----------
    input : (L, N, H_in), (N, L, H_in) if batch_first, (L, H_in) unbatched, or a PackedSequence
    h0    : (D*num_layers, N, H_out), without N if unbatched; (h_0, c_0) for an LSTM; None for zeros

    Returns
    -------
    Trace : `output` and `h_n` are the results of the call itself, `hidden` is computed as in `run_recurrence`, or, with the
        gates, as in `gated_steps`. If dropout acts in an nn.RNN, the trace has what it dropped at this call; this is known
        only for a tensor on the CPU.

    Raises
    ------
    TypeError, ValueError : as in `run_recurrence`, with the argument, its value and what was expected. Also if
        `output` or `h_n` is not, element by element, what the forward of torch's class itself returns, because a subclass or a
        hook changes it.
    """
    call = normalise_arguments(rnn, input, h0)
    with torch.no_grad(), one_thread():
        factors, random_state = _dropout_factors(rnn, call, input), torch.get_rng_state() if _may_be_modified(rnn) else None
        results = _results(rnn, rnn(input, h0))  # before the weights are read: a spectral norm, for example, updates them here
        if random_state is not None:
            with torch.random.fork_rng(devices=[]):
                torch.set_rng_state(random_state)  # so that dropout drops the same elements
                plain = getattr(nn, call.shapes.kind).forward  # without hooks, and without what a subclass adds
                _require_unmodified_results(call, results, _results(rnn, plain(rnn, input, h0)))
    weights = {name: _read_only_copy(value) for name, value in numpy_weights(rnn).items()}
    gates: dict[str, np.ndarray] = {}
    if isinstance(rnn, nn.RNN):
        hidden, own_h_n = hidden_states(rnn, call, weights, factors)
    else:
        gates, own_h_n = _gates_and_states(call, weights)
        hidden = gates.pop("h")
    _require_own_weights(call, results["h_n"], own_h_n)
    cell = gates.pop("c", None)
    return Trace(
        shapes=call.shapes,
        nonlinearity=rnn.nonlinearity if isinstance(rnn, nn.RNN) else "tanh",
        lengths=tuple(int(n) for n in call.lengths),
        weights=MappingProxyType(weights),
        input=_read_only_copy(call.input),
        h_0=_read_only_copy(call.h_0),
        hidden=_read_only_copy(hidden),
        output=_read_only_copy(results["output"]),
        h_n=_read_only_copy(results["h_n"]),
        dropout_factors=None if factors is None else _read_only_copy(factors),
        gates=MappingProxyType({name: _read_only_copy(gate) for name, gate in gates.items()}),
        cell=None if cell is None else _read_only_copy(cell),
        c_0=None if call.c_0 is None else _read_only_copy(call.c_0),
        c_n=_read_only_copy(results["c_n"]) if "c_n" in results else None,
    )


def _gates_and_states(call: CallArguments, weights: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Each gate and state of a GRU or an LSTM by its name, shaped and padded as `Trace.hidden`, and h_n."""
    s = call.shapes
    alive = np.arange(s.L)[:, None, None] < call.lengths[:, None]  # (L, N, 1)
    first = {"h": call.h_0} | ({} if call.c_0 is None else {"c": call.c_0})
    tensors, states = ({name: torch.tensor(array) for name, array in arrays.items()} for arrays in (weights, first))
    steps = walk_gates(s, tensors, torch.tensor(call.input), torch.from_numpy(alive), states)
    rows = {name: torch.stack([torch.stack([step[name] for step in row]) for row in steps]) for name in steps[0][0]}
    h_n = torch.stack([row[0 if k % s.D else -1]["h"] for k, row in enumerate(steps)])
    grid = (s.num_layers, s.D, *call.input.shape[:2], s.H_out)
    return {name: np.where(alive, row.numpy().reshape(grid), 0) for name, row in rows.items()}, h_n.numpy().reshape(s.h_n)


def require_trace(value: Trace) -> None:
    """Raise a TypeError unless `value` is a Trace, and say how to make one.

    >>> require_trace(nn.RNN(3, 4))
    Traceback (most recent call last):
    TypeError: trace: given RNN, expected a Trace, as from trace(rnn, input)
    """
    if not isinstance(value, Trace):
        raise TypeError(f"trace: given {type(value).__name__}, expected a Trace, as from trace(rnn, input)")


def require_plain(trace: Trace) -> None:
    """Raise a ValueError if the trace has gates, where only the steps of an nn.RNN can be shown.

    >>> require_plain(trace(nn.GRU(3, 4), torch.ones(5, 3)))
    Traceback (most recent call last):
    ValueError: trace: given a trace of a GRU, expected one of an nn.RNN, which has no gates
    """
    require_trace(trace)
    if trace.gates:
        raise ValueError(
            f"trace: given a trace of {with_article(trace.shapes.kind)}, expected one of an nn.RNN, which has no gates"
        )


def _dropout_factors(rnn: nn.RNN | nn.GRU | nn.LSTM, call: CallArguments, input: Tensor | PackedSequence) -> np.ndarray | None:
    """What dropout will multiply the states of each lower layer by at the next call; torch's random state stays as it is.

    A call of torch does not return it. On the CPU it draws one random tensor for each lower layer, and nothing else.
    """
    if not dropout_acts(rnn):
        return None
    if not (isinstance(rnn, nn.RNN) and isinstance(input, Tensor) and input.device.type == "cpu"):
        require_no_dropout(rnn)
    s = call.shapes
    with torch.random.fork_rng(devices=[]):
        ones = torch.ones(s.L, len(call.lengths), s.D * s.H_out, dtype=input.data.dtype)
        return to_numpy(torch.stack([nn.functional.dropout(ones, rnn.dropout) for _ in range(s.num_layers - 1)]))


def _results(rnn: nn.RNNBase, returned: tuple[Tensor | PackedSequence, Tensor | tuple[Tensor, Tensor]]) -> dict[str, np.ndarray]:
    """What a call returned, by its names in torch's documentation; a packed output is padded again."""
    output, states = returned
    output = pad_packed_sequence(output, batch_first=rnn.batch_first)[0] if isinstance(output, PackedSequence) else output
    named = zip(("output", "h_n", "c_n"), (output, *((states,) if isinstance(states, Tensor) else states)))
    return {name: to_numpy(tensor) for name, tensor in named if isinstance(tensor, Tensor)}  # a hook may return anything


def _may_be_modified(rnn: nn.RNNBase) -> bool:
    """Whether a call may do something else than the forward of torch's own class: a subclass, hooks, or a forward of its own."""
    hooks = rnn._forward_hooks or rnn._forward_pre_hooks or module._global_forward_hooks or module._global_forward_pre_hooks
    return type(rnn) not in (nn.RNN, nn.GRU, nn.LSTM) or bool(hooks) or "forward" in vars(rnn)


def _require_unmodified_results(call: CallArguments, results: Mapping[str, np.ndarray], plain: Mapping[str, np.ndarray]) -> None:
    """Refuse a network whose results are not those of torch's class itself, because every picture of it would be wrong.

    The same lines of torch compute both, so a rounding error does not grow between them over many steps.
    """
    for name, expected in plain.items():
        result = results.get(name, np.empty(0))
        if result.shape != expected.shape or not np.allclose(result, expected, rtol=1e-3, atol=1e-3, equal_nan=True):
            changed = f"rnn: its {name} is not that of the plain equation, because a hook or a subclass changes it"
            raise ValueError(f"{changed}; expected an nn.{call.shapes.kind} without hooks of its own")


def _require_own_weights(call: CallArguments, h_n: np.ndarray, own_h_n: np.ndarray) -> None:
    """Refuse weights that torch does not use. Only short calls can tell: over many steps, a rounding error may grow."""
    short = call.shapes.L * call.shapes.num_layers <= 8
    if short and not np.allclose(h_n, own_h_n, rtol=0.05, atol=0.05, equal_nan=True):
        expected = f"expected a plain nn.{call.shapes.kind}"
        raise ValueError(f"rnn: its result is not that of the plain equation with its own weights; {expected}")


def _read_only_copy(array: np.ndarray) -> np.ndarray:
    array = array.copy()  # the learner's own tensor stays writable, and later changes of it do not reach the trace
    array.setflags(write=False)
    return array
