"""Exercises of the notebooks 06 and 07: words as vectors, batches of sentences."""

import torch
from torch.nn.functional import cosine_similarity
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from .exercise import Predict, Write


def vectors_and_a_word(case):
    count = case.sizes.L + 5
    vectors = case.tensor(count, case.sizes.H_in + 3) * (1 + torch.arange(count, device=case.tensor(1).device))[:, None]
    return vectors, case.whole(0, count - 1)


def by_cosine(vectors, i):
    return cosine_similarity(vectors, vectors[i], dim=-1)


def nearest(vectors, i):
    near = by_cosine(vectors, i)
    near[i] = -2.0  # below every cosine
    return near.argmax().item()


def padded_batch(case):
    lengths = case.lengths()
    sentences = [case.tensor(int(length), case.sizes.H_in) for length in lengths]
    return case.network(), pad_sequence(sentences), lengths


def padded_last_states(rnn, padded, lengths):
    output, h_n = rnn(padded)
    return h_n[-1]


def last_states(rnn, padded, lengths):
    return rnn(pack_padded_sequence(padded, lengths, enforce_sorted=False))[1][-1]


def longest_first(rnn, padded, lengths):
    order = lengths.argsort(descending=True, stable=True)
    return rnn(pack_padded_sequence(padded[:, order], lengths[order]))[1][-1]


def at_the_end(rnn, padded, lengths, step=-1):
    output, _ = rnn(padded)
    return output[(lengths + step).clamp(max=len(output) - 1), torch.arange(len(lengths))]


def states_and_lengths(case):
    return case.tensor(case.sizes.L, case.sizes.N, case.sizes.H_out), case.lengths()


def mean_until(output, lengths, more=0):
    lengths = lengths.to(output.device)
    mask = torch.arange(len(output), device=output.device)[:, None] < lengths + more  # (L, N)
    return (output * mask[..., None]).sum(0) / lengths[:, None]


def each_alone(output, lengths):
    return torch.stack([output[:length, n].mean(0) for n, length in enumerate(lengths)])


def packed_three():
    return pack_padded_sequence(pad_sequence([torch.zeros(n, 5) for n in (2, 7, 4)]), [2, 7, 4], enforce_sorted=False)


EXERCISES = [
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
        lambda case: (3 * case.tensor(case.sizes.H_in), case.tensor(case.sizes.H_in)),
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
        vectors_and_a_word,
        nearest,
        [
            (
                lambda vectors, i: by_cosine(vectors, i).argmax().item(),
                "The nearest row of all is the word itself: leave it out.",
            ),
            (lambda vectors, i: by_cosine(vectors, i).argmin().item(), "That is the row farthest away."),
            (
                lambda vectors, i: (vectors @ vectors[i]).argsort()[-2].item(),
                "Without dividing by the lengths, long vectors win.",
            ),
            (lambda vectors, i: vectors[nearest(vectors, i)], "That is the vector. Its number is asked for."),
            (
                lambda vectors, i: by_cosine(vectors, i).topk(2).values[1].item(),
                "That is the cosine. The number of the row is asked for.",
            ),
        ],
        (
            "The cosine of every row with row i; then leave row i out.",
            "nn.functional.cosine_similarity(vectors, vectors[i], dim=-1), and argmax or topk(2).",
        ),
    ),
    Predict(
        "07.1",
        "Sentences of 2, 7 and 4 words are packed. What is batch_sizes? (seven numbers)",
        lambda: packed_three().batch_sizes,
        {
            (7, 4, 2): "These are the lengths. batch_sizes counts sentences, at each step.",
            (2, 7, 4): "These are the lengths. batch_sizes counts sentences, at each step.",
            (1, 1, 1, 2, 2, 3, 3): "All sentences begin together: the stairs go down.",
            (3, 3, 3, 3, 3, 3, 3): "That would be a padded box. Short sentences have stopped by then.",
        },
        ("How many sentences still have a word at step 0, at step 1, ...?", "It starts with 3, and the seventh number is 1."),
        axes=("t",),
    ),
    Write(
        "07.2",
        "padded is (L, N, H_in). Only the longest sentence gets its own last state. Where is the bug?",
        "last_states(rnn, padded, lengths)",
        padded_batch,
        last_states,
        [
            (lambda rnn, padded, lengths: rnn(padded)[0][-1], "That is after the padding too: the last column of the box."),
            (longest_first, "The sentences come back longest first: put them in your order again."),
            (lambda *a: at_the_end(*a, step=0), "Off by one: a sentence of 3 words ends at t=2."),
            (
                lambda rnn, padded, lengths: last_states(rnn, padded, lengths)[None],
                "One row a sentence is asked for, (N, H_out), without the axis of layers.",
            ),
        ],
        (
            "The network reads on, through the padding. How could it know the lengths?",
            "pack_padded_sequence(padded, lengths, enforce_sorted=False), or pick output at lengths - 1.",
        ),
        axes=("N", "H_out"),
        bug=padded_last_states,
    ),
    Write(
        "07.3",
        "output is (L, N, H_out), with padding after each sentence's end. Write the mean over its own steps.",
        "mean_of_words(output, lengths)",
        states_and_lengths,
        each_alone,
        [
            (lambda output, lengths: output.mean(0), "That counts the padding as well."),
            (
                lambda output, lengths: output.sum(0) / lengths.to(output.device)[:, None],
                "You divide by the right number, but the sum still has the padding in it.",
            ),
            (
                lambda output, lengths: mean_until(output, lengths) * lengths.to(output.device)[:, None],
                "That is the sum: divide by the lengths.",
            ),
            (
                lambda output, lengths: mean_until(output, lengths) * lengths.to(output.device)[:, None] / len(output),
                "Divide by each sentence's own length, not by L.",
            ),
            (lambda output, lengths: mean_until(output, lengths, more=1), "Off by one: step t is real where t < length."),
        ],
        (
            "A mask says which cells are real: t < length.",
            "(output * mask).sum(0) / lengths, with an axis added to mask and to lengths.",
        ),
        axes=("N", "H_out"),
    ),
]
