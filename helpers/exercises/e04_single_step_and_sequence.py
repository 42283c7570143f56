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
        "nn.RNNCell(3, 4) gets a tensor of shape (8, 3). What is the shape of its result?",
        lambda: nn.RNNCell(3, 4)(torch.zeros(8, 3)).shape,
        {
            (8, 3): "A state has hidden_size features.",
            (1, 8, 4): "The result of a cell has no axis for layers, because a cell is one layer.",
            (4,): "A cell has no time axis: it treats the 8 as the batch size.",
            (1, 4): "To a cell, 8 is the batch size, not the sequence length. It returns 8 states.",
        },
        ("A cell makes one step for each row of its input.", "The input is (N, H_in), and the result is (N, H_out)."),
        axes=("N", "H_out"),
        about=(
            "Axis 0 is the batch: a cell returns one state for each row of its input.",
            "The last axis is a state, and a state has hidden_size numbers.",
        ),
    ),
    Write(
        "04.2",
        "A long sequence is read in chunks, but the result differs from that of one call. Where is the bug?",
        "in_chunks(rnn, x, size)",
        network_and_long_input,
        lambda rnn, x, size: rnn(x)[0],
        [
            (lambda rnn, x, size: chunks(rnn, x, size, dim=1), "The chunks follow each other in time: join them along axis 0."),
            (
                always_from_first_chunk,
                "Every chunk starts where the first one ended. Each must start where the one before it ended.",
            ),
            (
                lambda rnn, x, size: chunks(rnn, x, size, last_only=True),
                "Keep all states of a chunk, not only the last one.",
            ),
            (lambda rnn, x, size: rnn(x)[1], "That is h_n. The function must return all states of the top layer: output."),
            (
                lambda rnn, x, size: rnn(x)[0][-((len(x) - 1) % size + 1) :],
                "That is the last chunk alone. Keep every chunk in a list, and join them at the end.",
            ),
            (
                lambda rnn, x, size: torch.stack([*rnn(x)[0].split(size)]),
                "The last chunk can be shorter, so torch.stack can't join them. torch.cat can.",
            ),
        ],
        ("What does the second chunk know of the first?", "Pass h to the next call, as rnn(chunk, h), and None to the first."),
        axes=("L", "N", "H_out"),
        bug=forgetful_chunks,
    ),
    Write(
        "04.3",
        "Let an nn.RNNCell read x, of shape (L, N, H_in), step by step. It starts from h, of shape (N, H_out). "
        "Return the states of all steps.",
        "walk(cell, x, h)",
        cell_input_and_state,
        walk_by_torch,
        [
            (lambda cell, x, h: walk(cell, x, h)[-1], "That is only the last state. Keep every state, and stack them."),
            (
                lambda cell, x, h: torch.stack([cell(x_t, h) for x_t in x]),
                "Every step starts from the first h. Carry the new state on.",
            ),
            (
                lambda cell, x, h: torch.stack([cell(x_t) for x_t in x]),
                "Without a state every step starts from zeros, and nothing is remembered.",
            ),
            (lambda cell, x, h: walk(cell, x, torch.zeros_like(h)), "Your function ignores the h that it was given."),
            (lambda cell, x, h: torch.cat([h[None], walk(cell, x, h)]), "The start is not a step: return L states."),
            (
                lambda cell, x, h: torch.cat([h[None], walk(cell, x, h)[:-1]]),
                "You keep the state before each step. Append the new state, after the step.",
            ),
            (
                lambda cell, x, h: torch.cat([*walk(cell, x, h)]),
                "torch.cat makes no new axis. torch.stack makes one axis for the steps.",
            ),
            (lambda cell, x, h: cell(x, h), "A cell reads one time step at a time: give it x_t, in a loop over x."),
            (
                lambda cell, x, h: walk(cell, x.transpose(0, 1), h),
                "Axis 0 of x is already the time. Loop over x as it is.",
            ),
            (
                lambda cell, x, h: [h := cell(x_t, h)[0] for x_t in x],
                "A cell returns one tensor, the new state. With [0] you take only its first row.",
            ),
        ],
        (
            "A loop over x gives one (N, H_in) per step.",
            "Write h = cell(x_t, h), append h to a list, and use torch.stack at the end.",
        ),
        axes=("L", "N", "H_out"),
    ),
    Predict(
        "04.4",
        "A sequence is read in chunks, with the state detached in between. "
        "Why are the numbers still those of one call? (a letter)",
        lambda: "b",
        {
            "a": "After zeros the second chunk would be different. You saw that when the state was left out.",
            "c": "backward computes gradients. It never changes an output.",
            "d": "They depend on it: without the state, Wednesday to Friday were different.",
        },
        ("Compare the printed states of Friday, with and without detach.", "Which of the two is cut: the numbers, or the graph?"),
    ),
    Predict(
        "04.5",
        "A keyboard suggests the next word after each word that you type, message after message. Which design fits? (a letter)",
        lambda: "c",
        {
            "a": "Then every suggestion comes too late: the message is already written.",
            "b": "From zeros, each suggestion knows only the last word.",
            "d": "Then the last message influences the next one, which may be to somebody else.",
        },
        (
            "When is a suggestion needed, and what must it know?",
            "Carry a state within a sequence, and reset it between sequences.",
        ),
    ),
]
