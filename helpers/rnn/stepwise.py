"""An `nn.RNN` computed step by step in torch, with the same outputs, the same gradients, and access to every state.

A call of torch returns only `output` and `h_n`. Here each state is a tensor of its own in the graph that the gradient goes
back through, and `state.retain_grad()` makes it keep dL/dh_t. The states are collected in lists: if they were written into
one tensor in place, each would overwrite values that the backward pass still needs. Notebook 09 prints `step_by_step`.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from .recurrence import cell_weights, like_input, normalise_arguments, time_first
from .shapes import Shapes


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
    sizes, weights, below, alive, h_0 = _prepare(rnn, input, h0)
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


def _prepare(
    rnn: nn.RNN, input: Tensor | PackedSequence, h0: Tensor | None
) -> tuple[Shapes, dict[str, Tensor], Tensor, Tensor, Tensor]:
    """The sizes, the weights by name, the input with time first, a mask (L, N, 1) of the steps inside each sequence, and h_0."""
    sizes, lengths, _, _ = normalise_arguments(rnn, input, h0)  # checks all arguments
    weights = {name: getattr(rnn, name) for name in sizes.parameters}
    steps = pad_packed_sequence(input)[0] if isinstance(input, PackedSequence) else time_first(rnn, input)
    grid = (sizes.num_layers, sizes.D, steps.size(1), sizes.H_out)
    h_0 = steps.new_zeros(grid) if h0 is None else h0.reshape(grid)
    alive = (torch.arange(sizes.L)[:, None] < torch.from_numpy(lengths))[..., None].to(steps.device)
    return sizes, weights, steps, alive, h_0
