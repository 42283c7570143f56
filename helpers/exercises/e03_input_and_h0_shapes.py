"""The exercises of notebook 03: which axis is which."""

from typing import Any

import torch
from torch import Tensor, nn

from .cases import Case
from .exercise import Arguments, Exercise, Network, Predict, Write


def read_32_sentences() -> tuple[Tensor, Tensor]:
    output, h_n = nn.RNN(50, 64, batch_first=True)(torch.zeros(32, 20, 50))
    return output, h_n


def batch_in_front(case: Case) -> Arguments:
    return case.network(), case.tensor(case.sizes.N, case.sizes.L, case.sizes.H_in)


def reshaped_input(rnn: Network, x: Tensor) -> Tensor:
    x = x.reshape(x.size(1), x.size(0), x.size(2))
    return rnn(x)[0]


def any_network_and_batch(case: Case) -> Arguments:
    options: dict[str, Any] = {
        "num_layers": case.randint(1, 3),
        "bidirectional": bool(case.randint(0, 1)),
        "batch_first": bool(case.randint(0, 1)),
    }
    L, N, H_in = case.sizes.L, case.sizes.N, case.sizes.H_in
    return case.network(**options), case.tensor(N, L, H_in) if options["batch_first"] else case.tensor(L, N, H_in)


def zero_state(rnn: Network, x: Tensor, N: int, D: int | None = None, batch_first: bool = False) -> Tensor:
    """An h0 for N sequences, with a choice of mistakes: a wrong number of directions, or the batch in front."""
    rows = (D or 1 + rnn.bidirectional) * rnn.num_layers
    return torch.zeros((N, rows, rnn.hidden_size) if batch_first else (rows, N, rnn.hidden_size), device=x.device)


def batch_size(rnn: Network, x: Tensor) -> int:
    return x.size(0 if rnn.batch_first else 1)


EXERCISES: list[Exercise] = [
    Predict(
        "03.1",
        "nn.RNN(50, 64, batch_first=True) reads 32 sentences of 20 words. What is the shape of output?",
        lambda: read_32_sentences()[0].shape,
        {
            (20, 32, 64): "With batch_first=True the batch stands in front, in output too.",
            (1, 32, 64): "That is h_n. output has a state for each word.",
            (32, 20, 50): "50 numbers come in at a step; a state has hidden_size numbers.",
        },
        ("output has the axes of input, in the same order.", "Only its last axis differs: it is D*H_out."),
        axes=("N", "L", "D*H_out"),
    ),
    Predict(
        "03.2",
        "The same network, the same sentences. What is the shape of h_n?",
        lambda: read_32_sentences()[1].shape,
        {
            (32, 1, 64): "batch_first never moves the axes of h_0 and h_n.",
            (32, 64): "There is an axis for layers and directions, also when there is only one of each.",
            (20, 32, 64): "h_n is taken after the last word: it has no axis of time.",
        },
        ("One row for each layer and direction.", "(D*num_layers, N, H_out), whatever batch_first says."),
        axes=("D*num_layers", "N", "H_out"),
    ),
    Write(
        "03.3",
        "x is (N, L, H_in), rnn wants (L, N, H_in). This gives an output of the right shape, with the wrong "
        "numbers. Where is the bug?",
        "read(rnn, x)",
        batch_in_front,
        lambda rnn, x: rnn(x.transpose(0, 1))[0],
        [
            (lambda rnn, x: rnn(x)[0], "Now rnn takes the batch for time. The axes must change places first."),
            (lambda rnn, x: rnn(x)[0].transpose(0, 1), "Turn x before rnn reads it: afterwards is too late."),
            (lambda rnn, x: rnn(x.transpose(0, 1))[0].transpose(0, 1), "The output is asked for with time first: turn x only."),
            (
                lambda rnn, x: rnn(x.reshape(x.size(1), x.size(0), -1))[0],
                "reshape and view keep the order of the numbers in memory.",
            ),
        ],
        ("reshape fills a new box in the order of memory. Does it turn anything?", "Two axes change places by transpose(0, 1)."),
        axes=("L", "N", "H_out"),
        bug=reshaped_input,
    ),
    Write(
        "03.4",
        "Make the zeros to start from, for any nn.RNN and any batch x: layers, directions, batch_first.",
        "make_h0(rnn, x)",
        any_network_and_batch,
        lambda rnn, x: torch.zeros_like(rnn(x)[1]),
        [
            (lambda rnn, x: zero_state(rnn, x, x.size(0)), "Where the batch stands depends on rnn.batch_first."),
            (lambda rnn, x: zero_state(rnn, x, x.size(1)), "With batch_first=True, N is x.size(0)."),
            (
                lambda rnn, x: zero_state(rnn, x, batch_size(rnn, x), D=1),
                "Two directions need two rows for each layer.",
            ),
            (
                lambda rnn, x: zero_state(rnn, x, batch_size(rnn, x), batch_first=rnn.batch_first),
                "h_0 is never turned round for batch_first.",
            ),
            (
                lambda rnn, x: zero_state(rnn, x, batch_size(rnn, x))[0],
                "h_0 has an axis for layers and directions, before the batch.",
            ),
        ],
        (
            "(D*num_layers, N, H_out), whatever batch_first says.",
            "Sizes: rnn.num_layers, rnn.bidirectional, rnn.hidden_size, and one of x.",
        ),
        axes=("D*num_layers", "N", "H_out"),
    ),
]
