"""The exercises of notebook 06: words as vectors."""

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from .cases import Case
from .exercise import Arguments, Exercise, Predict, Write

WORDS = ("the", "film", "was", "not", "good", "but", "music", "is", "great", "we", "laughed")


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


def tokens_and_index(case: Case) -> Arguments:
    """A sentence in which some words are not in the vocabulary, and the vocabulary."""
    vocabulary = ["<pad>", "<unk>", *WORDS[: case.sizes.L + 1]]
    known = [vocabulary[case.randint(2, len(vocabulary) - 1)] for _ in range(case.sizes.H_in)]
    unknown = [f"zorb{case.randint(0, 9)}" for _ in range(case.sizes.N)]
    return [*unknown[:1], *known, *unknown[1:]], {word: place for place, word in enumerate(vocabulary)}


def with_unknown(tokens: list[str], index: dict[str, int], place: int) -> Tensor:
    return torch.tensor([index.get(token, place) for token in tokens])


def indices(tokens: list[str], index: dict[str, int]) -> Tensor:
    return with_unknown(tokens, index, index["<unk>"])


def left_out(tokens: list[str], index: dict[str, int]) -> Tensor:
    return torch.tensor([index[token] for token in tokens if token in index])


def word_vectors(case: Case) -> Arguments:
    return (case.tensor(case.sizes.L + 2, case.sizes.H_in) + 1,)


def make_table(vectors: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(vectors[:1]), vectors.mean(dim=0, keepdim=True), vectors])


EXERCISES: list[Exercise] = [
    Predict(
        "06.1",
        "Ten sentences of 12 tokens each become one input, time first. Each token has 100 numbers. What is its shape?",
        lambda: torch.stack([torch.zeros(12, 100)] * 10, dim=1).shape,
        {
            (10, 12, 100): "That is batch first. Time, the tokens, is axis 0 here.",
            (120, 100): "That is one long sequence: the ten sentences would run into each other.",
            (12, 100, 10): "The features of a token are always the last axis.",
        },
        ("First the time steps, then the sentences, then the features of one token.", "(L, N, H_in)"),
        axes=("L", "N", "H_in"),
        about=(
            "Axis 0 is time: how many tokens does each sentence have?",
            "Axis 1 is the batch: how many sentences are there?",
            "The last axis is the features: how many numbers does a token have?",
        ),
    ),
    Write(
        "06.2",
        "vectors has one row per word. Which other row is nearest to row i, by cosine? Return its number.",
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
            (
                lambda vectors, i: cosines(vectors, i).topk(2).indices.tolist(),
                "These are two rows, and the first of them is i itself. Return the other one.",
            ),
            (
                lambda vectors, i: cosines(vectors, i).topk(2),
                "topk returns values and indices, two of each. The second index is the answer: .indices[1].",
            ),
            (
                lambda vectors, i: cosines(vectors, i),
                "These are the cosines of all rows. The number of the best other row is asked for.",
            ),
            (
                lambda vectors, i: (vectors - vectors[i]).norm(dim=-1).topk(2, largest=False).indices[1].item(),
                "That is the nearest by distance. By cosine only the direction counts.",
            ),
            (
                lambda vectors, i: cosine_similarity(vectors, vectors[i], dim=0).topk(2).indices[1].item(),
                "dim=0 compares columns. Compare rows: dim=-1.",
            ),
            (
                lambda vectors, i: nearest(vectors, i) - (nearest(vectors, i) > i),
                "Without row i, all rows behind it have moved up by one. Set its cosine to -2 instead.",
            ),
            (
                lambda vectors, i: (vectors @ vectors[i]).argmax().item(),
                "That is the largest product, of row i too. Divide by the lengths, and leave row i out.",
            ),
        ],
        (
            "Compute the cosine of every row with row i. Then leave row i out.",
            "nn.functional.cosine_similarity(vectors, vectors[i], dim=-1), and argmax or topk(2).",
        ),
    ),
    Write(
        "06.3",
        "Return a tensor with the index of each token. A token that is not in the vocabulary gets the index of <unk>.",
        "indices(tokens, index)",
        tokens_and_index,
        indices,
        [
            (left_out, "You leave the unknown tokens out, so the sentence gets shorter."),
            (lambda tokens, index: with_unknown(tokens, index, 0), "Index 0 is <pad>. Unknown words have a row of their own."),
            (
                lambda tokens, index: with_unknown(tokens, index, len(index)),
                "That index is one past the end of the vocabulary: the table has no such row.",
            ),
            (
                lambda tokens, index: indices(tokens, index)[:, None],
                "One number per token is asked for, (L,), without another axis.",
            ),
            (
                lambda tokens, index: with_unknown(tokens, index, -1),
                'The table has no row -1. The index of <unk> is index["<unk>"].',
            ),
            (
                lambda tokens, index: torch.tensor([index[token] for token in tokens]),
                "index[token] raises an error where the token is missing. A dictionary has a method for that: get.",
            ),
            (
                lambda tokens, index: torch.tensor([index.get(token) for token in tokens]),
                "Where the token is missing, get returns None. Give it a second argument.",
            ),
            (
                lambda tokens, index: torch.tensor([index.get(token, "<unk>") for token in tokens]),
                "The second argument of get must be a number: the index of <unk>.",
            ),
        ],
        (
            "A dictionary has a method that returns another value where a key is missing.",
            'index.get(token, index["<unk>"]) for each token, and torch.tensor around the list.',
        ),
        axes=("L",),
    ),
    Predict(
        "06.4",
        "Why are the vectors of good and bad near each other? (a letter)",
        lambda: "b",
        {
            "a": "GloVe knows no grammar. It only counts which words occur near each other.",
            "c": "GloVe does not look at the letters of a word.",
            "d": "How frequent a word is goes into the two numbers b and b̃, not into the direction of its vector.",
        },
        ("What does GloVe count?", "Both fit the gap in: a … film, a … idea."),
    ),
    Write(
        "06.5",
        "Design a table for nn.Embedding: a row of zeros for <pad>, the mean of all vectors for <unk>, then the vectors.",
        "make_table(vectors)",
        word_vectors,
        make_table,
        [
            (
                lambda vectors: torch.cat([make_table(vectors)[:1], vectors]),
                "Your table has no row for <unk>, so every index would pick the row before its own.",
            ),
            (
                lambda vectors: torch.cat([vectors, make_table(vectors)[:2]]),
                "padding_idx=0 expects the row of <pad> first, before all words.",
            ),
            (
                lambda vectors: torch.cat([torch.zeros_like(vectors[:2]), vectors]),
                "With zeros for <unk>, the network could not tell an unknown word from padding.",
            ),
            (
                lambda vectors: torch.cat([make_table(vectors)[1:2], make_table(vectors)[:1], vectors]),
                "You exchanged the two: <pad> has index 0, and <unk> has index 1.",
            ),
            (lambda vectors: make_table(vectors)[1:], "Your table has no row for <pad>: a row of zeros comes first."),
            (
                lambda vectors: torch.cat([make_table(vectors)[:1], vectors.mean().expand_as(vectors[:1]), vectors]),
                "That is one mean for all numbers. Each column has a mean of its own: dim=0.",
            ),
            (
                lambda vectors: torch.cat([make_table(vectors)[:1], vectors.sum(0, keepdim=True), vectors]),
                "That is the sum of all vectors. The mean is asked for.",
            ),
            (
                lambda vectors: torch.cat([make_table(vectors)[:1], vectors.mean(0), vectors]),
                "The mean has one axis, and the table two. With keepdim=True the mean is a row.",
            ),
        ],
        (
            "torch.cat puts tables with the same number of columns below each other.",
            "torch.zeros(1, vectors.size(1)) and vectors.mean(dim=0, keepdim=True) have one row each.",
        ),
        axes=("V", "H_in"),
    ),
]
