"""The exercises of notebook 11: what runs in parallel, where the time goes, and digits."""

import torch
from torch import Tensor, nn

from ..speed import stored_speeds
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


def what_takes_the_time() -> str:
    """The letter of 11.4: by the stored measurements, 32 times the arithmetic takes less than twice the time."""
    one, many = (stored_speeds("training").times(H=8, L=64, N=N)["one nn.RNN call"] for N in (1, 32))
    return "c" if many < 2 * one else "b"


def way_with_the_fewest_calls() -> str:
    """The letter of 11.5: how often Python calls the network for 1000 sentences of 8 words, in batches of 50."""
    calls = {"a": 1000, "b": 1000 * 8, "c": 1000 // 50, "d": 1000}
    return min(calls, key=lambda way: calls[way])


EXERCISES: list[Exercise] = [
    Predict(
        "11.1",
        "nn.RNN(8, 16) reads 4 sequences of 64 steps. How many of the 64 steps must wait for the step before?",
        lambda: len(nn.RNN(8, 16)(torch.zeros(64, 4, 8))[0]) - 1,
        {
            64: "The first step has no step before it.",
            256: "The four sequences do not wait for each other: they are read side by side.",
            252: "Of each sequence 63 steps wait, but the four sequences are read side by side.",
            16: "The elements of one state are computed together.",
            0: "A state is needed for the next one, so most steps must wait.",
            32: "Every step but the first must wait, not every second one.",
        },
        ("Which steps need the state of another step?", "All steps but the first."),
    ),
    Write(
        "11.2",
        "This should compute in float64, but raises an error about types. Where is the bug?",
        "in_float64(rnn, x)",
        network_and_input,
        in_float64,
        [
            (
                lambda rnn, x: rnn(x)[0].to(torch.float64),
                "That computes in float32, and only stores the result with more digits.",
            ),
            (lambda rnn, x: rnn(x.to(torch.float64))[0], "Now only x is float64: the weights must be, too."),
            (lambda rnn, x: in_float64(rnn, x).float(), "The result is rounded to float32 again."),
            (lambda rnn, x: rnn.to(torch.float64)(x.to(torch.float64))[1], "That is h_n. The output is asked for."),
            (lambda rnn, x: rnn.to(torch.float64)(x)[0], "Now only the weights are float64: x must be, too."),
        ],
        (".to works in place on one of the two, and not on the other.", "x = x.to(torch.float64)"),
        axes=("L", "N", "H_out"),
        bug=input_left_in_float32,
        mutates=True,
    ),
    Write(
        "11.3",
        "output is float32, and truth is float64. Return the largest error, as one number.",
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
            (
                lambda output, truth: ((output.double() - truth) ** 2).max().item(),
                "That is the square of the error. Take abs() in place of the square.",
            ),
            (
                lambda output, truth: (output.double() - truth).abs().min().item(),
                "That is the smallest error. The largest one is asked for.",
            ),
            (
                lambda output, truth: (output.double() - truth).min().item(),
                "That is the most negative error. Take abs(), and then the largest.",
            ),
            (
                lambda output, truth: (output.double() - truth).abs().amax(0),
                "That is the largest error for each sequence and feature. One number is asked for.",
            ),
        ],
        ("Subtract, and look at the largest.", "(output.double() - truth).abs().max().item()"),
    ),
    Predict(
        "11.4",
        "Why does a small network take hardly more time for 32 sequences than for one? (a letter)",
        what_takes_the_time,
        {
            "a": "Each sequence has a hidden state of its own: h_n has one row per sequence.",
            "b": "Then the other 31 rows of h_n would be empty. Each sequence is read.",
            "d": "No step is skipped: output has all steps of all sequences.",
        },
        (
            "How long does one multiplication of two small matrices take, and how long a call in Python?",
            "The arithmetic is soon done, and each call costs the same, so the answer is c.",
        ),
    ),
    Predict(
        "11.5",
        "Design: a classifier reads 1000 short sentences, and the time matters. Which way is the fastest? (a letter)",
        way_with_the_fewest_calls,
        {
            "a": "That is 1000 calls for 1000 sentences. One call can read many of them.",
            "b": "That is one call per word, from Python. It has the most calls of all.",
            "d": "A GPU is fast when it has many sequences at once. Here each call has one.",
        },
        ("Which way makes the fewest calls?", "Many sentences per call, without computing their padding: c."),
    ),
]
