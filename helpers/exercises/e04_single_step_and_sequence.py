"""The exercises of notebook 04: one step, and a sequence in chunks."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .cases import Case
from .exercise import Arguments, Exercise, Network, Predict, Write

Cell = Callable[..., Tensor]


def network_and_long_input(case: Case) -> Arguments:
    return case.network(num_layers=2), case.tensor(case.sizes.L + 4, case.sizes.N, case.sizes.H_in), 3


def forgetful_chunks(rnn: Network, x: Tensor, size: int) -> Tensor:
    outputs = []
    for chunk in x.split(size):
        output, h = rnn(chunk)
        outputs.append(output)
    return torch.cat(outputs)


def chunks(rnn: Network, x: Tensor, size: int, dim: int = 0, last_only: bool = False) -> Tensor:
    """The right loop, with a choice of mistakes: chunks joined along another axis, or only the last state of each."""
    outputs, h = [], None
    for chunk in x.split(size):
        output, h = rnn(chunk, h)
        outputs.append(output[-1:] if last_only else output)
    return torch.cat(outputs, dim)


def always_from_first_chunk(rnn: Network, x: Tensor, size: int) -> Tensor:
    outputs, start = [], None
    for chunk in x.split(size):
        output, h = rnn(chunk, start)
        start = h if start is None else start
        outputs.append(output)
    return torch.cat(outputs)


def cell_input_and_state(case: Case) -> Arguments:
    s = case.sizes
    return case.network(nn.RNNCell), case.tensor(s.L, s.N, s.H_in), case.tensor(s.N, s.H_out)


def walk(cell: Cell, x: Tensor, h: Tensor) -> Tensor:
    states = []
    for x_t in x:
        h = cell(x_t, h)
        states.append(h)
    return torch.stack(states)


def walk_by_torch(cell: nn.RNNCell, x: Tensor, h: Tensor) -> Tensor:
    rnn = nn.RNN(cell.input_size, cell.hidden_size, device=x.device)
    rnn.load_state_dict({f"{name}_l0": parameter for name, parameter in cell.state_dict().items()})
    output: Tensor = rnn(x, h[None])[0]
    return output


EXERCISES: list[Exercise] = [
    Predict(
        "04.1",
        "nn.RNNCell(3, 4) gets a tensor of shape (8, 3). What is the shape of what comes out?",
        lambda: nn.RNNCell(3, 4)(torch.zeros(8, 3)).shape,
        {
            (8, 3): "A state has hidden_size numbers.",
            (1, 8, 4): "A cell has no axis of layers: it is one layer.",
            (4,): "A cell knows no time: it takes the 8 for a batch.",
            (1, 4): "8 is a batch for it, not time: 8 states come out.",
        },
        ("A cell makes one step, for each row of its input.", "(N, H_in) goes in, (N, H_out) comes out."),
        axes=("N", "H_out"),
    ),
    Write(
        "04.2",
        "A long sequence is read in chunks, but the result is not that of one call. Where is the bug?",
        "in_chunks(rnn, x, size)",
        network_and_long_input,
        lambda rnn, x, size: rnn(x)[0],
        [
            (lambda rnn, x, size: chunks(rnn, x, size, dim=1), "Chunks follow each other in time: join them along axis 0."),
            (
                always_from_first_chunk,
                "Every chunk starts where the first one ended. Each must start where the one before it ended.",
            ),
            (
                lambda rnn, x, size: chunks(rnn, x, size, last_only=True),
                "Keep all states of a chunk, not its last one.",
            ),
            (lambda rnn, x, size: rnn(x)[1], "That is h_n. All states of the top layer are asked for: output."),
        ],
        ("What does the second chunk know of the first?", "Give h to the next call: rnn(chunk, h), and None to the first."),
        axes=("L", "N", "H_out"),
        bug=forgetful_chunks,
    ),
    Write(
        "04.3",
        "Walk an nn.RNNCell over x, of shape (L, N, H_in), from h, of shape (N, H_out). Return the states of all steps.",
        "walk(cell, x, h)",
        cell_input_and_state,
        walk_by_torch,
        [
            (lambda cell, x, h: walk(cell, x, h)[-1], "That is the last state. Keep each one, and stack them."),
            (
                lambda cell, x, h: torch.stack([cell(x_t, h) for x_t in x]),
                "Every step starts from the first h: carry the new one on.",
            ),
            (
                lambda cell, x, h: torch.stack([cell(x_t) for x_t in x]),
                "Without a state each step starts from zeros, and nothing is remembered.",
            ),
            (lambda cell, x, h: walk(cell, x, torch.zeros_like(h)), "The h that was given is not used."),
            (lambda cell, x, h: torch.cat([h[None], walk(cell, x, h)]), "The start is no step: L states are asked for."),
        ],
        ("A loop over x gives one (N, H_in) a step.", "h = cell(x_t, h); keep it in a list; torch.stack at the end."),
        axes=("L", "N", "H_out"),
    ),
]
