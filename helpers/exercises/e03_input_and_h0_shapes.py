"""The exercises of notebook 03: which axis is which."""

from typing import Any

import torch
from torch import Tensor, nn

from .cases import Case
from .exercise import Arguments, Exercise, Network, Predict, Write


def output_of_32_sentences() -> Tensor:
    output: Tensor = nn.RNN(50, 64, batch_first=True)(torch.zeros(32, 20, 50))[0]
    return output


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
        lambda: output_of_32_sentences().shape,
        {
            (20, 32, 64): "With batch_first=True the batch is the first axis of output, too.",
            (1, 32, 64): "That is the shape of h_n. output has a state for each word.",
            (32, 20, 50): "Each input step has 50 features, and each state has hidden_size features.",
        },
        ("output has the axes of input, in the same order.", "Only the last axis differs: its size is D*H_out."),
        axes=("N", "L", "D*H_out"),
        about=(
            "Axis 0 is the batch, because of batch_first=True: how many sentences are there?",
            "Axis 1 is time: how many words does a sentence have?",
            "The last axis is a state, and a state has hidden_size numbers.",
        ),
    ),
    Predict(
        "03.2",
        "Your data is (N, L, H_in), and you forgot batch_first=True. Why does the call raise no error? (a letter)",
        lambda: "b",
        {
            "a": "torch can't see that: (5, 2, 3) may be 5 days of 2 cities, or 2 days of 5 cities.",
            "c": "The numbers differ: with swapped axes the memory runs from one sequence into the next.",
            "d": "h_n differs: it has one state for each sequence that was read. Its shape is the first test.",
        },
        ("Which of the three sizes does the network know beforehand?", "It knows only H_in, from its weight_ih_l0."),
    ),
    Write(
        "03.3",
        "x is (N, L, H_in), and rnn needs (L, N, H_in). The output has the right shape and the wrong numbers. Where is the bug?",
        "read(rnn, x)",
        batch_in_front,
        lambda rnn, x: rnn(x.transpose(0, 1))[0],
        [
            (lambda rnn, x: rnn(x)[0], "Now rnn treats the batch axis as the time axis. Exchange the two axes first."),
            (lambda rnn, x: rnn(x)[0].transpose(0, 1), "Transpose x before rnn reads it. Afterwards it is too late."),
            (lambda rnn, x: rnn(x.transpose(0, 1))[0].transpose(0, 1), "The output must have time first: transpose x only."),
            (
                lambda rnn, x: rnn(x.reshape(x.size(1), x.size(0), -1))[0],
                "reshape and view keep the order of the elements in memory.",
            ),
            (lambda rnn, x: rnn(x.transpose(0, 1))[1], "That is h_n, the state after the last step. output has all steps: [0]."),
        ],
        (
            "rnn must read x with time first. reshape only regroups the elements. Which function exchanges two axes?",
            "x.transpose(0, 1) exchanges the two axes, and rnn(...)[0] is output.",
        ),
        axes=("L", "N", "H_out"),
        bug=reshaped_input,
    ),
    Write(
        "03.4",
        "Make an h0 of zeros for any nn.RNN and any batch x. Think of layers, directions and batch_first.",
        "make_h0(rnn, x)",
        any_network_and_batch,
        lambda rnn, x: torch.zeros_like(rnn(x)[1]),
        [
            (
                lambda rnn, x: zero_state(rnn, x, x.size(0)),
                "rnn.batch_first says which axis of x is the batch.",
            ),
            (lambda rnn, x: zero_state(rnn, x, x.size(1)), "With batch_first=True, N is x.size(0)."),
            (
                lambda rnn, x: zero_state(rnn, x, batch_size(rnn, x), D=1),
                "Two directions need two rows for each layer.",
            ),
            (
                lambda rnn, x: zero_state(rnn, x, batch_size(rnn, x), batch_first=rnn.batch_first),
                "h_0 is never transposed for batch_first.",
            ),
            (
                lambda rnn, x: zero_state(rnn, x, batch_size(rnn, x))[0],
                "h_0 has an axis for layers and directions, before the batch.",
            ),
            (
                lambda rnn, x: zero_state(rnn, x, batch_size(rnn, x))[:, 0],
                "The axis of the batch is missing, between the layers and the features.",
            ),
            (
                lambda rnn, x: zero_state(rnn, x, x.size(1) if rnn.batch_first else x.size(0)),
                "It is the other way round: with batch_first=True, N is x.size(0), and otherwise x.size(1).",
            ),
            (
                lambda rnn, x: zero_state(rnn, x, batch_size(rnn, x))[..., :1].repeat(1, 1, rnn.input_size),
                "input_size is what comes in at a step. A state has hidden_size features.",
            ),
            (
                lambda rnn, x: zero_state(rnn, x, batch_size(rnn, x))[: 1 + rnn.bidirectional],
                "Each layer needs rows of its own: there are D*num_layers.",
            ),
            (
                lambda rnn, x: zero_state(rnn, x, batch_size(rnn, x))[:1],
                "One row is not enough: each layer and direction needs one of its own.",
            ),
            (lambda rnn, x: torch.ones_like(rnn(x)[1]), "The shape is right, but an h0 of zeros is asked for."),
            (lambda rnn, x: rnn(x)[1], "That is h_n, the state after the last step. h0 is the state before the first one."),
        ],
        (
            "Its shape is (D*num_layers, N, H_out), whatever batch_first says, and each element is zero.",
            "You need rnn.num_layers, rnn.bidirectional, rnn.hidden_size, and one size of x.",
        ),
        axes=("D*num_layers", "N", "H_out"),
    ),
    Predict(
        "03.5",
        "A hospital stores 24 hourly measurements of 6 values for each of 8 patients, as (8, 24, 6). "
        "Which design gives one verdict per patient? (a letter)",
        lambda: "d",
        {
            "a": "input_size is the number of features at each step: 6 values, not 24 hours.",
            "b": "Without batch_first=True it reads 24 sequences of 8 steps: the memory runs from patient to patient.",
            "c": "With the batch in front, output[-1] is the last patient: all 24 states of one person.",
        },
        ("Say for each axis what it counts: patients, hours, values.", "One verdict per patient needs one state per patient."),
    ),
]
