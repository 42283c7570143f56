"""The exercises of notebook 02: what each argument of the constructor changes."""

from collections.abc import Callable

import torch
from torch import nn

from .cases import Case
from .exercise import Arguments, Exercise, Predict, Write


def sizes_and_options(case: Case) -> Arguments:
    return case.sizes.H_in, case.sizes.H_out, case.randint(2, 4), bool(case.randint(0, 1))


def parameter_count(H_in: int, H_out: int, num_layers: int, bidirectional: bool) -> int:
    rnn = nn.RNN(H_in, H_out, num_layers, bidirectional=bidirectional)
    return sum(parameter.numel() for parameter in rnn.parameters())


def formula(
    upper_input: Callable[[int, int, int], int], biases: int = 2, directions: Callable[[int], int] = lambda D: D
) -> Callable[[int, int, int, bool], int]:
    """A formula for the count, with a choice of what an upper layer reads and of how many biases and directions it counts."""

    def count(H_in: int, H_out: int, num_layers: int, bidirectional: bool) -> int:
        D = directions(2 if bidirectional else 1)
        inputs = [H_in] + [upper_input(H_in, H_out, D)] * (num_layers - 1)
        return D * sum(H_out * (size + H_out + biases) for size in inputs)

    return count


EXERCISES: list[Exercise] = [
    Predict(
        "02.1",
        "nn.RNN(5, 8, num_layers=3, bidirectional=True) reads L=7 steps of N=10 sequences. What is the shape of h_n?",
        lambda: nn.RNN(5, 8, num_layers=3, bidirectional=True)(torch.zeros(7, 10, 5))[1].shape,
        {
            (3, 10, 8): "That is one direction. Each layer ends in two states, one for each.",
            (3, 10, 16): "In h_n the two directions are rows of their own; side by side they stand in output.",
            (7, 10, 16): "That is output, which has every step.",
            (10, 6, 8): "The batch never comes first in h_n.",
        },
        ("One row for each layer and direction.", "(D*num_layers, N, H_out)"),
        axes=("D*num_layers", "N", "H_out"),
    ),
    Predict(
        "02.2",
        "The same network. What is the shape of weight_ih_l1?",
        lambda: nn.RNN(5, 8, num_layers=3, bidirectional=True).weight_ih_l1.shape,
        {
            (8, 5): "That is l0. What does layer 1 read?",
            (8, 8): "Layer 1 reads both directions of the layer below.",
            (16, 8): "One row for each number that comes out: the other way round.",
            (16, 16): "Each direction has a weight of its own, with H_out rows.",
        },
        ("Layer 1 does not read x.", "(H_out, D*H_out): what comes out, then what comes in."),
        axes=("H_out", "D*H_out"),
    ),
    Write(
        "02.3",
        "How many learned numbers has an nn.RNN, both biases included? Write it for any sizes, layers and directions.",
        "count(H_in, H_out, num_layers, bidirectional)",
        sizes_and_options,
        parameter_count,
        [
            (formula(lambda H_in, H_out, D: D * H_out, biases=1), "There are two biases in each cell."),
            (formula(lambda H_in, H_out, D: D * H_out, biases=0), "The biases are missing."),
            (formula(lambda H_in, H_out, D: H_in), "Upper layers do not read x, but the states below them."),
            (formula(lambda H_in, H_out, D: H_out), "With two directions, an upper layer reads 2*H_out numbers."),
            (formula(lambda H_in, H_out, D: D * H_out, directions=lambda D: 1), "Two directions have twice the weights."),
        ],
        (
            "Make one, and add up numel() over its parameters; or use a formula.",
            "Each layer and direction: H_out * (what it reads + H_out + 2).",
        ),
    ),
]
