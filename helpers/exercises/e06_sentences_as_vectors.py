"""The exercises of notebook 06: words as vectors."""

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from .cases import Case
from .exercise import Arguments, Exercise, Predict, Write


def two_vectors(case: Case) -> Arguments:
    return 3 * case.tensor(case.sizes.H_in), case.tensor(case.sizes.H_in)


def vectors_and_row(case: Case) -> Arguments:
    count = case.sizes.L + 5
    vectors = case.tensor(count, case.sizes.H_in + 3)
    lengthened = vectors * (1 + torch.arange(count, device=vectors.device))[:, None]
    return lengthened, case.randint(0, count - 1)


def cosines(vectors: Tensor, i: int) -> Tensor:
    return cosine_similarity(vectors, vectors[i], dim=-1)


def nearest(vectors: Tensor, i: int) -> int:
    near = cosines(vectors, i)
    near[i] = -2.0  # less than every cosine
    return int(near.argmax())


EXERCISES: list[Exercise] = [
    Predict(
        "06.1",
        "Ten sentences of 12 words each become one input, time first. Each word has 100 numbers. What is its shape?",
        lambda: torch.stack([torch.zeros(12, 100)] * 10, dim=1).shape,
        {
            (10, 12, 100): "That is batch first. Time, the words, is axis 0 here.",
            (120, 100): "One long sequence: the ten sentences would run into each other.",
            (12, 100, 10): "The numbers of a word are always the last axis.",
        },
        ("Steps, then sentences, then the numbers of a word.", "(L, N, H_in)"),
        axes=("L", "N", "H_in"),
    ),
    Write(
        "06.2",
        "Write the cosine of two word vectors: 1 for the same direction, 0 for a right angle.",
        "cosine_of(a, b)",
        two_vectors,
        lambda a, b: cosine_similarity(a, b, dim=0),
        [
            (lambda a, b: a @ b, "Longer vectors give more: divide by both lengths."),
            (lambda a, b: a @ b / a.norm(), "Divide by both lengths, that of b too."),
            (lambda a, b: a @ b / (a @ a * (b @ b)), "a @ a is the length squared: take a.norm()."),
            (lambda a, b: 1 - cosine_similarity(a, b, dim=0), "That is a distance: it is 0 for the same direction."),
        ],
        ("a @ b, and then the lengths.", "a @ b / (a.norm() * b.norm())"),
    ),
    Write(
        "06.3",
        "vectors has a row for each word. Which other row is nearest to row i, by cosine? Return its number.",
        "nearest(vectors, i)",
        vectors_and_row,
        nearest,
        [
            (
                lambda vectors, i: cosines(vectors, i).argmax().item(),
                "The nearest row of all is the word itself: leave it out.",
            ),
            (lambda vectors, i: cosines(vectors, i).argmin().item(), "That is the row farthest away."),
            (
                lambda vectors, i: (vectors @ vectors[i]).argsort()[-2].item(),
                "Without dividing by the lengths, long vectors win.",
            ),
            (lambda vectors, i: vectors[nearest(vectors, i)], "That is the vector. Its number is asked for."),
            (
                lambda vectors, i: cosines(vectors, i).topk(2).values[1].item(),
                "That is the cosine. The number of the row is asked for.",
            ),
        ],
        (
            "The cosine of every row with row i; then leave row i out.",
            "nn.functional.cosine_similarity(vectors, vectors[i], dim=-1), and argmax or topk(2).",
        ),
    ),
]
