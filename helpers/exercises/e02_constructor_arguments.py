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


def which_network_answers_at_once() -> str:
    """The letter of the only network that reads one value per step, and whose first answer does not depend on later values."""
    found = []
    options = {"a": nn.RNN(10, 8), "b": nn.RNN(1, 8), "c": nn.RNN(1, 8, bidirectional=True), "d": nn.RNN(8, 1)}
    for letter, rnn in options.items():
        if rnn.input_size == 1:
            first, whole = rnn(torch.ones(1, 1))[0], rnn(torch.ones(5, 1))[0]
            found += [letter] if torch.allclose(first[0], whole[0], atol=1e-5) else []
    (answer,) = found
    return answer


EXERCISES: list[Exercise] = [
    Predict(
        "02.1",
        "nn.RNN(5, 8, num_layers=3, bidirectional=True) reads L=7 steps of N=10 sequences. What is the shape of h_n?",
        lambda: nn.RNN(5, 8, num_layers=3, bidirectional=True)(torch.zeros(7, 10, 5))[1].shape,
        {
            (3, 10, 8): "That is one direction. Each layer ends in two states, one for each.",
            (3, 10, 16): "In h_n each direction has a row of its own. Only output concatenates the two directions.",
            (7, 10, 16): "That is output, which has every step.",
            (10, 6, 8): "In h_n the batch is never the first axis.",
        },
        ("One row for each layer and direction.", "(D*num_layers, N, H_out)"),
        axes=("D*num_layers", "N", "H_out"),
        about=(
            "Axis 0 of h_n has one row for each layer and direction.",
            "Axis 1 of h_n is the batch: how many sequences are read?",
            "The last axis of h_n is one state of one direction, and a state has hidden_size numbers.",
        ),
    ),
    Predict(
        "02.2",
        "The same network. What is the shape of weight_ih_l1?",
        lambda: nn.RNN(5, 8, num_layers=3, bidirectional=True).weight_ih_l1.shape,
        {
            (8, 5): "That is l0. What does layer 1 read?",
            (8, 8): "Layer 1 reads both directions of the layer below.",
            (16, 8): "It has one row for each element that comes out: swap the two sizes.",
            (16, 16): "Each direction has a matrix of its own, with H_out rows.",
        },
        ("Layer 1 does not read x.", "(H_out, D*H_out): what comes out, then what comes in."),
        axes=("H_out", "D*H_out"),
        about=(
            "The rows are what comes out: one for each element of a state.",
            "The columns are what comes in. Layer 1 reads both directions of layer 0, and not x.",
        ),
    ),
    Write(
        "02.3",
        "How many learnable parameters does an nn.RNN have, with both biases? Write it for any sizes, layers and directions.",
        "count(H_in, H_out, num_layers, bidirectional)",
        sizes_and_options,
        parameter_count,
        [
            (formula(lambda H_in, H_out, D: D * H_out, biases=1), "Each layer and direction has two biases."),
            (formula(lambda H_in, H_out, D: D * H_out, biases=0), "The biases are missing."),
            (formula(lambda H_in, H_out, D: H_in), "Upper layers do not read x, but the states below them."),
            (formula(lambda H_in, H_out, D: H_out), "With two directions, an upper layer reads 2*H_out elements."),
            (formula(lambda H_in, H_out, D: D * H_out, directions=lambda D: 1), "Two directions have twice as many weights."),
            (
                lambda H_in, H_out, num_layers, bidirectional: parameter_count(H_in, H_out, 1, bidirectional),
                "That is one layer. Count every layer.",
            ),
            (
                lambda H_in, H_out, num_layers, bidirectional: 4 * num_layers * (1 + bidirectional),
                "That is how many tensors there are. Count their elements with numel().",
            ),
        ],
        (
            "Make one, and add up numel() over its parameters; or use a formula.",
            "Each layer and direction has H_out * (what it reads + H_out + 2) parameters.",
        ),
    ),
    Predict(
        "02.4",
        "hidden_size becomes four times as large, and there are far more than four times as many parameters. Why? (a letter)",
        lambda: "d",
        {
            "a": "No parameter belongs to a step: L is nowhere in the table of parameters.",
            "b": "The output is computed at each call. It is no parameter.",
            "c": "The biases become four times as long, and no more than that.",
        },
        (
            "Look at the shape of each parameter: in which one is hidden_size twice?",
            "How many rows has W_hh, and how many columns?",
        ),
    ),
    Predict(
        "02.5",
        "A thermometer sends one value every hour. After each value, and without waiting, the network must say whether a window "
        "should be opened. Which one do you choose? (a letter)",
        which_network_answers_at_once,
        {
            "a": "It reads 10 values at each step, so it has to wait for ten hours.",
            "c": "Its backward direction begins at the last value, so it has to wait until all values are there.",
            "d": "The first argument is input_size. It would read 8 values at each step and keep a state of one.",
        },
        ("How many values are there at each step?", "Which direction needs values that have not come yet?"),
    ),
]
