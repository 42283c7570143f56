"""An RNN, GRU or LSTM computed step by step in torch, with the same outputs, the same gradients, and access to every state.

A call of torch returns only `output` and `h_n`. Here each state is a tensor of its own in the graph that the gradient goes
back through, and `state.retain_grad()` makes it keep dL/dh_t. The states are collected in lists: if they were written into
one tensor in place, each would overwrite values that the backward pass still needs. Notebook 13 prints `gru_step`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from .recurrence import State, cell_weights, like_input, normalise_arguments, require_no_dropout, time_first
from .shapes import Shapes, require_rnn


class Steps(NamedTuple):
    """What `step_by_step` returns: `output` and `h_n` as torch returns them, and the states they consist of."""

    output: Tensor | PackedSequence
    h_n: Tensor
    states: list[list[Tensor]]  # [layer * D + direction][t]: (N, H_out)


def step_by_step(rnn: nn.RNN, input: Tensor | PackedSequence, h0: Tensor | None = None) -> Steps:
    """Compute `rnn(input, h0)` one step at a time, with every state as a tensor that gradients pass through.

    >>> rnn, x = nn.RNN(3, 4), torch.ones(5, 2, 3)
    >>> output, h_n, states = step_by_step(rnn, x)
    >>> torch.allclose(output, rnn(x)[0], atol=1e-6)
    True
    >>> states[0][1].retain_grad()  # layer 0, t=1
    >>> h_n.sum().backward()
    >>> states[0][1].grad.shape  # dL/dh_1
    torch.Size([2, 4])

    Parameters
    ----------
    input : (L, N, H_in), (N, L, H_in) if batch_first, (L, H_in) unbatched, or a PackedSequence
    h0    : (D*num_layers, N, H_out), without N if unbatched; None for zeros

    Returns
    -------
    output : (L, N, D*H_out) in the layout of `input`
    h_n    : (D*num_layers, N, H_out), without N if unbatched
    states : for each row of h_n a list with one (N, H_out) per time step. After the end of a packed sequence its last
             state is repeated, which is not part of the output.

    Raises
    ------
    TypeError, ValueError : as `run_recurrence`.

    Source: the equation in the torch.nn.RNN documentation.
    """
    require_rnn(rnn)
    sizes, weights, below, alive, first = _prepare(rnn, input, h0)
    h_0 = first["h"]
    L, D, activation = sizes.L, sizes.D, getattr(torch, rnn.nonlinearity)  # torch.tanh or torch.relu
    rows, finals = [], []
    for layer in range(sizes.num_layers):
        for direction in range(D):
            W_ih, W_hh, b_ih, b_hh = cell_weights(weights, layer, direction)
            h = h_0[layer, direction]
            states = [h] * L
            for t in reversed(range(L)) if direction else range(L):
                new = activation(below[t] @ W_ih.T + b_ih + h @ W_hh.T + b_hh)  # (N, H_out)
                h = states[t] = torch.where(alive[t], new, h)  # ended, or not begun: the state stays
            rows.append(states)
            finals.append(h)
        below = torch.cat([torch.stack(states) for states in rows[-D:]], dim=-1)  # (L, N, D*H_out)
    return Steps(like_input(below, rnn, input), torch.stack(finals).reshape(sizes.h_n), rows)


class GatedSteps(NamedTuple):
    """What `gated_steps` returns: the results as torch returns them, and the gates and states they consist of."""

    output: Tensor | PackedSequence
    h_n: Tensor
    c_n: Tensor | None  # only of an LSTM
    steps: list[list[dict[str, Tensor]]]  # [layer * D + direction][t]: each gate and state by its name, (N, H_out)


def gated_steps(rnn: nn.GRU | nn.LSTM, input: Tensor | PackedSequence, h0: State = None) -> GatedSteps:
    """Compute a call of a GRU or an LSTM one step at a time, with every gate as a tensor that gradients pass through.

    >>> lstm, x = nn.LSTM(3, 4), torch.ones(5, 2, 3)
    >>> output, h_n, c_n, steps = gated_steps(lstm, x)
    >>> torch.allclose(output, lstm(x)[0], atol=1e-6)
    True
    >>> steps[0][1]["f"].shape  # the forget gate of layer 0 at t=1
    torch.Size([2, 4])

    Parameters
    ----------
    input : (L, N, H_in), (N, L, H_in) if batch_first, (L, H_in) unbatched, or a PackedSequence
    h0    : (D*num_layers, N, H_out), without N if unbatched; (h_0, c_0) for an LSTM; None for zeros

    Returns
    -------
    output, h_n, c_n : as torch returns them; c_n is None for a GRU
    steps : for each row of h_n a list with one dictionary per time step, from torch's names to tensors (N, H_out): the
            gates i, f, g and o and the states c and h of an LSTM, or the gates r, z and n and the state h of a GRU.
            After the end of a packed sequence its last state is repeated, which is not part of the output.

    Raises
    ------
    TypeError : rnn is not an nn.GRU or nn.LSTM (without proj_size), or input or h0 has the wrong type.
    ValueError : a shape or dtype does not match, L is 0, or dropout is active (call `rnn.eval()` first).

    Source: the equations in the documentation of torch.nn.LSTM and torch.nn.GRU.
    """
    if isinstance(rnn, nn.RNN):
        raise TypeError("rnn: given RNN, which has no gates, expected a torch.nn.GRU or torch.nn.LSTM")
    sizes, weights, below, alive, first = _prepare(rnn, input, h0)
    steps = walk_gates(sizes, weights, below, alive, first)
    finals = [row[0 if k % sizes.D else -1] for k, row in enumerate(steps)]  # a reverse row ends at t=0
    h_n, *c_n = (torch.stack([final[name] for final in finals]).reshape(sizes.h_n) for name in first)
    top = torch.cat([torch.stack([step["h"] for step in row]) for row in steps[-sizes.D :]], dim=-1)  # (L, N, D*H_out)
    return GatedSteps(like_input(top, rnn, input), h_n, c_n[0] if c_n else None, steps)


def walk_gates(
    sizes: Shapes, weights: Mapping[str, Tensor], below: Tensor, alive: Tensor, first: Mapping[str, Tensor]
) -> list[list[dict[str, Tensor]]]:
    """The three loops (layers, directions, steps), which compute every gate and state of one call.

    >>> rnn = nn.GRU(3, 4, num_layers=2)
    >>> steps = walk_gates(*_prepare(rnn, torch.ones(5, 2, 3), None))
    >>> len(steps), len(steps[0]), list(steps[0][0])
    (2, 5, ['r', 'z', 'n', 'h'])

    Parameters
    ----------
    below : (L, N, H_in), with time first
    alive : (L, N, 1), whether a step is inside its sequence
    first : h_0, and c_0 of an LSTM, by the names "h" and "c": (num_layers, D, N, H_out)
    """
    one_step, rows = lstm_step if sizes.has_cell_state else gru_step, []
    for layer in range(sizes.num_layers):
        for direction in range(sizes.D):
            cell = cell_weights(weights, layer, direction)
            state = {name: tensor[layer, direction] for name, tensor in first.items()}
            steps = [state] * sizes.L
            for t in reversed(range(sizes.L)) if direction else range(sizes.L):
                new = one_step(below[t], state, *cell)
                state = {name: torch.where(alive[t], new[name], state[name]) for name in state}
                steps[t] = new | state
            rows.append(steps)
        below = torch.cat([torch.stack([step["h"] for step in row]) for row in rows[-sizes.D :]], dim=-1)
    return rows


def lstm_step(
    x: Tensor, state: Mapping[str, Tensor], W_ih: Tensor, W_hh: Tensor, b_ih: Tensor | float, b_hh: Tensor | float
) -> dict[str, Tensor]:
    """One step of an LSTM: its gates i, f, g and o, and its new states c and h.

    >>> zeros = torch.zeros(2, 4)  # (N, H_out)
    >>> list(lstm_step(torch.ones(2, 3), dict(h=zeros, c=zeros), *nn.LSTM(3, 4).parameters()))
    ['i', 'f', 'g', 'o', 'c', 'h']
    """
    i, f, g, o = (x @ W_ih.T + b_ih + state["h"] @ W_hh.T + b_hh).chunk(4, dim=-1)  # four blocks of H_out
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c = f * state["c"] + i * g
    return dict(i=i, f=f, g=g, o=o, c=c, h=o * torch.tanh(c))


def gru_step(
    x: Tensor, state: Mapping[str, Tensor], W_ih: Tensor, W_hh: Tensor, b_ih: Tensor | float, b_hh: Tensor | float
) -> dict[str, Tensor]:
    """One step of a GRU: its gates r, z and n, and its new state h.

    >>> list(gru_step(torch.ones(2, 3), dict(h=torch.zeros(2, 4)), *nn.GRU(3, 4).parameters()))
    ['r', 'z', 'n', 'h']
    """
    r_x, z_x, n_x = (x @ W_ih.T + b_ih).chunk(3, dim=-1)  # three blocks of H_out
    r_h, z_h, n_h = (state["h"] @ W_hh.T + b_hh).chunk(3, dim=-1)
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    n = torch.tanh(n_x + r * n_h)  # torch's convention: r acts after W_hh and b_hh, not on the state itself
    return dict(r=r, z=z, n=n, h=(1 - z) * n + z * state["h"])


def _prepare(
    rnn: nn.RNN | nn.GRU | nn.LSTM, input: Tensor | PackedSequence, h0: State
) -> tuple[Shapes, dict[str, Tensor], Tensor, Tensor, dict[str, Tensor]]:
    """The sizes, the weights by name, the input with time first, a mask (L, N, 1) of the steps inside each sequence, and h_0."""
    sizes, lengths, *_ = normalise_arguments(rnn, input, h0)  # checks all arguments
    require_no_dropout(rnn)
    weights = {name: getattr(rnn, name) for name in sizes.parameters}
    steps = pad_packed_sequence(input)[0] if isinstance(input, PackedSequence) else time_first(rnn, input)
    grid = (sizes.num_layers, sizes.D, steps.size(1), sizes.H_out)
    names = ("h", "c") if sizes.has_cell_state else ("h",)
    given = (None,) * len(names) if h0 is None else h0 if isinstance(h0, tuple) else (h0,)
    first = {name: steps.new_zeros(grid) if state is None else state.reshape(grid) for name, state in zip(names, given)}
    alive = (torch.arange(sizes.L)[:, None] < torch.from_numpy(lengths))[..., None].to(steps.device)
    return sizes, weights, steps, alive, first
