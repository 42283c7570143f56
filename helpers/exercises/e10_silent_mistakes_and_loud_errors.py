"""The exercises of notebook 10: silent mistakes."""

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from .cases import Case
from .exercise import Arguments, Exercise, Layer, Network, Predict, Write


def sentences_in_full_batches() -> int:
    batches = DataLoader(TensorDataset(torch.zeros(100, 3)), batch_size=32, drop_last=True)
    return sum(len(sentences) for (sentences,) in batches)


def final_states(case: Case) -> Arguments:
    return (case.tensor(2 * case.randint(1, 2), case.sizes.N + 1, case.sizes.H_out),)


def mixed_rows(h_n: Tensor) -> Tensor:
    return h_n.reshape(h_n.size(1), -1)


def classifier_and_batch(case: Case) -> Arguments:
    s = case.sizes
    return case.network(), case.network(nn.Linear, s.H_out, 2), case.tensor(s.N, s.L, s.H_in)


def swapped_axes(rnn: Network, head: Layer, x: Tensor) -> Tensor:
    output, h_n = rnn(x)
    return head(output[:, -1])


def classify(rnn: Network, head: Layer, x: Tensor) -> Tensor:
    return head(rnn(x.transpose(0, 1))[1][-1])


EXERCISES: list[Exercise] = [
    Predict(
        "10.1",
        "100 sentences, batch_size=32, drop_last=True: how many sentences are read in an epoch?",
        sentences_in_full_batches,
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
        final_states,
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
        classifier_and_batch,
        classify,
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
        bug=swapped_axes,
    ),
]
