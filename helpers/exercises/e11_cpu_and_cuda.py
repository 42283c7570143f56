"""The exercises of notebook 11: what runs in parallel, and digits."""

import torch
from torch import Tensor, nn

from .cases import Case
from .exercise import Arguments, Exercise, Network, Predict, Write


def network_and_input(case: Case) -> Arguments:
    return case.network(), case.tensor(case.sizes.L, case.sizes.N, case.sizes.H_in)


def input_left_in_float32(rnn: Network, x: Tensor) -> Tensor:
    rnn.to(torch.float64)
    x.to(torch.float64)
    return rnn(x)[0]


def in_float64(rnn: Network, x: Tensor) -> Tensor:
    return rnn.to(torch.float64)(x.to(torch.float64))[0]


def output_and_truth(case: Case) -> Arguments:
    truth = case.tensor(case.sizes.L, case.sizes.N, case.sizes.H_out, dtype=torch.float64)
    error = 0.01 * case.tensor(*truth.shape, dtype=torch.float64)
    error.view(-1)[0] = -0.2  # the largest error is negative
    return (truth + error).float(), truth


def largest_error(output: Tensor, truth: Tensor) -> float:
    return (output.double() - truth).abs().max().item()


EXERCISES: list[Exercise] = [
    Predict(
        "11.1",
        "nn.RNN(8, 16) reads 4 sequences of 64 steps. How many of the 64 steps must wait for the one before?",
        lambda: len(nn.RNN(8, 16)(torch.zeros(64, 4, 8))[0]) - 1,
        {
            64: "The first step waits for nobody.",
            256: "The four sequences do not wait for each other: they go side by side.",
            252: "Of each sequence 63 wait, but the four sequences go side by side.",
            16: "The numbers of one state are computed together.",
        },
        ("Only time is a chain.", "All steps but the first."),
    ),
    Write(
        "11.2",
        "This should compute in float64, but raises an error about types. Where is the bug?",
        "in_float64(rnn, x)",
        network_and_input,
        in_float64,
        [
            (lambda rnn, x: rnn(x)[0].to(torch.float64), "That computes in float32, and only writes it with more digits."),
            (lambda rnn, x: rnn(x.to(torch.float64))[0], "Now only x is float64: the weights must be, too."),
            (lambda rnn, x: in_float64(rnn, x).float(), "The result is rounded to float32 again."),
            (lambda rnn, x: rnn.to(torch.float64)(x.to(torch.float64))[1], "That is h_n. The output is asked for."),
        ],
        (".to works in place on one of the two, and not on the other.", "x = x.to(torch.float64)"),
        axes=("L", "N", "H_out"),
        bug=input_left_in_float32,
        mutates=True,
    ),
    Write(
        "11.3",
        "output is float32, truth is float64. Write the largest error, as one number.",
        "largest_error(output, truth)",
        output_and_truth,
        largest_error,
        [
            (
                lambda output, truth: (output.double() - truth).max().item(),
                "An error below zero is an error too: take abs() first.",
            ),
            (
                lambda output, truth: (output.double() - truth).abs().mean().item(),
                "That is the mean. One large error would hide in it.",
            ),
            (
                lambda output, truth: (output.double() - truth).norm().item(),
                "That is the length of all errors together, which grows with their number.",
            ),
            (
                lambda output, truth: torch.allclose(output.double(), truth, atol=1e-5),
                "allclose says yes or no. The size of the error is asked for.",
            ),
        ],
        ("Subtract, and look at the largest.", "(output.double() - truth).abs().max().item()"),
    ),
]
