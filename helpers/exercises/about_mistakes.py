"""Exercises of the notebooks 10 and 11: silent mistakes, devices and digits."""

import torch
from torch import nn
from torch.utils.data import DataLoader

from .exercise import Predict, Write


def drop_last():
    return sum(map(len, DataLoader(torch.zeros(100, 3), batch_size=32, drop_last=True)))


def mixed_rows(h_n):
    return h_n.reshape(h_n.size(1), -1)


def swapped_reading(rnn, head, x):
    output, h_n = rnn(x)
    return head(output[:, -1])


def classifier(case):
    s = case.sizes
    return case.network(), case.network(nn.Linear, s.H_out, 2), case.tensor(s.N, s.L, s.H_in)


def answers(rnn, head, x):
    return head(rnn(x.transpose(0, 1))[1][-1])


def lost_cast(rnn, x):
    rnn.to(torch.float64)
    x.to(torch.float64)
    return rnn(x)[0]


def in_float64(rnn, x):
    return rnn.to(torch.float64)(x.to(torch.float64))[0]


def network_and_input(case):
    return case.network(), case.tensor(case.sizes.L, case.sizes.N, case.sizes.H_in)


def output_and_truth(case):
    truth = case.tensor(case.sizes.L, case.sizes.N, case.sizes.H_out, dtype=torch.float64)
    off = 0.01 * case.tensor(*truth.shape, dtype=torch.float64)
    off.view(-1)[0] = -0.2  # the largest difference is below zero
    return (truth + off).float(), truth


def largest_error(output, truth):
    return (output.double() - truth).abs().max().item()


EXERCISES = [
    Predict(
        "10.1",
        "100 sentences, batch_size=32, drop_last=True: how many sentences are read in an epoch?",
        drop_last,
        {
            100: "drop_last leaves out the last batch, because it is not full.",
            4: "That is what is lost. And how many are read?",
            3: "That is how many batches there are. And sentences?",
            128: "There are only 100 sentences.",
        },
        ("How many full batches are there?", "3 batches of 32."),
    ),
    Write(
        "10.2",
        "Each sentence should get one row with the states of all layers and directions. The shape is right, "
        "the rows are mixed. Where is the bug?",
        "flatten(h_n)",
        lambda case: (case.tensor(2 * case.whole(1, 2), case.sizes.N + 1, case.sizes.H_out),),
        lambda h_n: h_n.permute(1, 0, 2).reshape(h_n.size(1), -1),
        [
            (
                lambda h_n: h_n.permute(1, 2, 0).reshape(h_n.size(1), -1),
                "The numbers of one state must stay together: features last.",
            ),
            (lambda h_n: h_n.reshape(-1, h_n.size(-1)), "One row a sentence is asked for, not one a state."),
            (lambda h_n: h_n[-1], "That is one row of h_n alone: all of them are asked for."),
            (lambda h_n: h_n.flatten(1), "That is one row for each layer and direction: N is not in front."),
        ],
        (
            "reshape reads the numbers in the order of memory. Is N in front there?",
            "Bring N to the front with permute(1, 0, 2), then reshape.",
        ),
        axes=("N", "D*num_layers*H_out"),
        bug=mixed_rows,
    ),
    Write(
        "10.3",
        "x is (N, L, H_in), and rnn was made without batch_first. The answers have the right shape. Where is the bug?",
        "classify(rnn, head, x)",
        classifier,
        answers,
        [
            (
                lambda rnn, head, x: head(rnn(x)[0][-1]),
                "It still reads across the sentences, and now it answers once for each step.",
            ),
            (lambda rnn, head, x: head(rnn(x)[0].transpose(0, 1)[-1]), "Turn x before rnn reads it. Afterwards is too late."),
            (lambda rnn, head, x: head(rnn(x.transpose(0, 1))[0][:, -1]), "Now time is in front: the last step is output[-1]."),
            (
                lambda rnn, head, x: head(rnn(x.reshape(x.size(1), x.size(0), -1))[0][-1]),
                "reshape turns nothing: it mixes the sentences.",
            ),
            (lambda rnn, head, x: rnn(x.transpose(0, 1))[1][-1], "That is the state. head makes the answer of it."),
        ],
        (
            "Permute the sentences in your mind: do the answers follow?",
            "rnn wants (L, N, H_in): x.transpose(0, 1); then the last step, or h_n[-1].",
        ),
        axes=("N", "classes"),
        bug=swapped_reading,
    ),
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
        bug=lost_cast,
        changes=True,
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
