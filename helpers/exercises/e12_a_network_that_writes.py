"""The exercises of notebook 12: the logits of a language model, temperature, and what may be read."""

import torch
from torch import Tensor, nn

from ..generation import next_probabilities
from .cases import Case
from .exercise import Arguments, Exercise, Predict, Write


def shape_of_logits() -> torch.Size:
    ids = torch.zeros(20, 16, dtype=torch.long)
    output, _ = nn.RNN(32, 96)(nn.Embedding(659, 32)(ids))
    logits: Tensor = nn.Linear(96, 659)(output)
    return logits.shape


def logits_and_temperature(case: Case) -> Arguments:
    return 3 * case.tensor(case.sizes.H_out + 2), 0.5 + 0.25 * case.sizes.L


def what_detach_does() -> str:
    h = nn.RNN(3, 4)(torch.ones(2, 1, 3))[1]
    if not torch.equal(h.detach(), h):
        return "a" if h.detach().any() else "b"
    return "c" if h.requires_grad and not h.detach().requires_grad else "a"


def network_that_reads_only_the_past() -> str:
    names = {"b": nn.RNN(3, 4, bidirectional=True), "c": nn.RNN(3, 4)}
    x = torch.zeros(2, 1, 3)
    later = x.clone()
    later[1] = 1.0  # another second word, which the answer after the first must not know
    return next(name for name, net in names.items() if torch.equal(net(x)[0][0], net(later)[0][0]))


def scaled_after_softmax(logits: Tensor, temperature: float) -> Tensor:
    return logits.softmax(-1) / temperature


EXERCISES: list[Exercise] = [
    Predict(
        "12.1",
        "Writer reads ids of the shape (20, 16). The vocabulary has 659 words. What is the shape of its logits?",
        shape_of_logits,
        {
            (16, 659): "That is one answer per row, as in notebook 08. Here every step has an answer.",
            (20, 16, 96): "These are the hidden states. The linear layer turns each of them into logits.",
            (20, 16): "That is the shape of the labels. The logits have one number per word of the vocabulary.",
            (320, 659): "That is the shape after flatten(0, 1), for the loss.",
            (16, 20, 659): "Time first: ids has 20 steps of 16 rows, and the logits have the same first two axes.",
            (20, 16, 32): "These are the vectors of the words. The linear layer returns one logit per word of the vocabulary.",
        },
        ("Every step of every row has its own logits.", "How many logits does one state give? One per word of the vocabulary."),
        axes=("L", "N", "V"),
        about=(
            "Axis 0 is time, as in ids: every step has its own logits.",
            "Axis 1 is the batch, as in ids: every row has its own logits.",
            "The last axis is the vocabulary: one logit for each word.",
        ),
    ),
    Write(
        "12.2",
        "logits is (V,). Return the probability of each word at this temperature.",
        "with_temperature(logits, temperature)",
        logits_and_temperature,
        next_probabilities,
        [
            (lambda logits, temperature: logits.softmax(-1), "The temperature is not used."),
            (scaled_after_softmax, "These do not sum to 1: divide the logits, before the softmax."),
            (
                lambda logits, temperature: (logits * temperature).softmax(-1),
                "This is upside down: a high temperature must make the probabilities more equal.",
            ),
            (lambda logits, temperature: logits / temperature, "These are still logits. The softmax is missing."),
            (
                lambda logits, temperature: (logits / temperature).log_softmax(-1),
                "These are logarithms. The probabilities are asked for: softmax.",
            ),
            (
                lambda logits, temperature: (logits / temperature).exp(),
                "These do not sum to 1: divide by their sum, as softmax does.",
            ),
            (
                lambda logits, temperature: (logits / temperature).sigmoid(),
                "sigmoid looks at each word alone, so these do not sum to 1. Take softmax.",
            ),
            (
                lambda logits, temperature: logits.argmax(),
                "That is the most probable word. The probability of each word is asked for.",
            ),
        ],
        ("First the temperature, then the softmax.", "(logits / temperature).softmax(-1)"),
        axes=("V",),
    ),
    Predict(
        "12.3",
        "Why do we detach h between two chunks? (a letter)",
        what_detach_does,
        {
            "a": "Print h before and after: detach() changes no value.",
            "b": "The values are carried on, so the chunk before is remembered. h = None would forget it.",
            "d": "The batch has N sequences before and after.",
        },
        ("What does detach() cut: the values, or the way back of the gradient?", "It cuts the gradient, so the answer is c."),
    ),
    Predict(
        "12.4",
        "Design a keyboard that suggests the next word while you type. Which network do you choose? (a letter)",
        network_that_reads_only_the_past,
        {
            "a": "The mean does not know the order of the words, and the last words matter most.",
            "b": "Its backward direction reads from the end, but the next words are not typed yet.",
            "d": "That is a bigram model: it remembers nothing before the last word.",
        },
        ("Which words exist when the suggestion is needed?", "Only the past exists, and all of it can matter: c."),
    ),
]
