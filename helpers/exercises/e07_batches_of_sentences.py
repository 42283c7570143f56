"""The exercises of notebook 07: batches of sentences."""

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence, pad_sequence

from .cases import Case
from .exercise import Arguments, Exercise, Network, Predict, Write


def pack_three() -> PackedSequence:
    padded = pad_sequence([torch.zeros(length, 5) for length in (2, 7, 4)])
    return pack_padded_sequence(padded, torch.tensor([2, 7, 4]), enforce_sorted=False)


def network_and_padded_batch(case: Case) -> Arguments:
    lengths = case.lengths()
    sentences = [case.tensor(int(length), case.sizes.H_in) for length in lengths]
    return case.network(), pad_sequence(sentences), lengths


def states_after_padding(rnn: Network, padded: Tensor, lengths: Tensor) -> Tensor:
    output, h_n = rnn(padded)
    return h_n[-1]


def in_any_order(padded: Tensor, lengths: Tensor) -> PackedSequence:
    return pack_padded_sequence(padded, lengths, enforce_sorted=False)


def last_states(rnn: Network, padded: Tensor, lengths: Tensor) -> Tensor:
    return rnn(in_any_order(padded, lengths))[1][-1]


def longest_first(rnn: Network, padded: Tensor, lengths: Tensor) -> Tensor:
    order = lengths.argsort(descending=True, stable=True)
    return rnn(pack_padded_sequence(padded[:, order], lengths[order]))[1][-1]


def one_step_late(rnn: Network, padded: Tensor, lengths: Tensor) -> Tensor:
    output, _ = rnn(padded)
    return output[lengths.clamp(max=len(output) - 1), torch.arange(len(lengths))]


def states_and_lengths(case: Case) -> Arguments:
    return case.tensor(case.sizes.L, case.sizes.N, case.sizes.H_out), case.lengths()


def sum_of_words(output: Tensor, lengths: Tensor, extra_steps: int = 0) -> Tensor:
    steps = torch.arange(len(output), device=output.device)
    mask = steps[:, None] < lengths.to(output.device) + extra_steps  # (L, N)
    return (output * mask[..., None]).sum(0)


def lists_of_indices(case: Case) -> Arguments:
    return ([torch.randint(1, 90, (int(length),), generator=case.generator) for length in case.lengths()],)


def padded_indices(sentences: list[Tensor], value: int = 0, batch_first: bool = False) -> Tensor:
    return pad_sequence(sentences, padding_value=value, batch_first=batch_first)


def column(lengths: Tensor, output: Tensor) -> Tensor:
    return lengths.to(output.device)[:, None]


def mean_of_each(output: Tensor, lengths: Tensor) -> Tensor:
    return torch.stack([output[:length, n].mean(0) for n, length in enumerate(lengths)])


EXERCISES: list[Exercise] = [
    Predict(
        "07.1",
        "Sentences of 2, 7 and 4 words are packed. What is batch_sizes? (seven numbers)",
        lambda: pack_three().batch_sizes,
        {
            (7, 4, 2): "These are the lengths. batch_sizes counts sentences, at each step.",
            (2, 7, 4): "These are the lengths. batch_sizes counts sentences, at each step.",
            (1, 1, 1, 2, 2, 3, 3): "All sentences begin together, so the numbers go down.",
            (3, 3, 3, 3, 3, 3, 3): "That would be a padded batch. Short sentences have stopped by then.",
            (3, 3, 3, 2, 2, 1, 1): "The sentence of 2 words has its last word at t=1, so it has stopped at t=2.",
            (3, 2, 2, 1, 1, 1, 1): "The sentence of 2 words still has a word at t=1: its second one.",
            (0, 0, 1, 1, 2, 2, 2): "That counts the sentences that have ended. batch_sizes counts those that still have a word.",
        },
        ("How many sentences still have a word at step 0, at step 1, ...?", "It starts with 3, and the seventh number is 1."),
        axes=("t",),
    ),
    Write(
        "07.2",
        "padded is (L, N, H_in). Only the longest sentence gets its own last state. Where is the bug?",
        "last_states(rnn, padded, lengths)",
        network_and_padded_batch,
        last_states,
        [
            (lambda rnn, padded, lengths: rnn(padded)[0][-1], "That is after the padding too: the last column of the batch."),
            (longest_first, "The sentences come back longest first: put them in your order again."),
            (one_step_late, "That is one step too late: a sentence of 3 words ends at t=2."),
            (
                lambda rnn, padded, lengths: last_states(rnn, padded, lengths)[None],
                "One row per sentence is asked for, (N, H_out), without the axis of layers.",
            ),
            (
                lambda rnn, padded, lengths: rnn(padded)[0][lengths, torch.arange(len(lengths))],
                "Off by one: a sentence of 3 words ends at t=2, so lengths - 1 is its last step.",
            ),
            (
                lambda rnn, padded, lengths: rnn(padded)[0][lengths - 1],
                "lengths - 1 alone picks whole time steps. Say which sentence, too: torch.arange(N).",
            ),
            (
                lambda rnn, padded, lengths: rnn(padded)[0][torch.arange(len(lengths)), lengths - 1],
                "Time is axis 0 of output, and the sentences are axis 1: exchange the two indices.",
            ),
            (
                lambda rnn, padded, lengths: rnn(in_any_order(padded, lengths))[0][-1],
                "A packed output is no tensor, and its [-1] is no state. The last states are in h_n.",
            ),
            (
                lambda rnn, padded, lengths: rnn(in_any_order(padded, lengths))[0].data,
                "That is data, with all words of all sentences. The last states are in h_n.",
            ),
            (
                lambda rnn, padded, lengths: pad_packed_sequence(rnn(in_any_order(padded, lengths))[0])[0][-1],
                "After unpacking, a short sentence has zeros at the last step. Take h_n, or the step lengths - 1.",
            ),
            (
                lambda rnn, padded, lengths: pad_packed_sequence(rnn(in_any_order(padded, lengths))[0])[0],
                "These are all steps. Return the last state of each sentence.",
            ),
            (
                lambda rnn, padded, lengths: rnn(pack_padded_sequence(padded, lengths))[1][-1],
                "The sentences are not sorted by length: pass enforce_sorted=False.",
            ),
            (lambda rnn, padded, lengths: rnn(padded)[0][0], "That is the state after the first word of each sentence."),
            (
                lambda rnn, padded, lengths: rnn(padded)[0][lengths - 2, torch.arange(len(lengths))],
                "That is one step too early: a sentence of 3 words ends at t=2.",
            ),
            (
                lambda rnn, padded, lengths: rnn(pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False))[
                    1
                ][-1],
                "padded has time first, (L, N, H_in): leave batch_first=True out.",
            ),
        ],
        (
            "The network reads on, through the padding. How could it know the lengths?",
            "pack_padded_sequence(padded, lengths, enforce_sorted=False), or pick output at lengths - 1.",
        ),
        axes=("N", "H_out"),
        bug=states_after_padding,
    ),
    Write(
        "07.3",
        "output is (L, N, H_out), with padding after each sentence's end. Write the mean over its own steps.",
        "mean_of_words(output, lengths)",
        states_and_lengths,
        mean_of_each,
        [
            (lambda output, lengths: output.mean(0), "That counts the padding as well."),
            (
                lambda output, lengths: output.sum(0) / column(lengths, output),
                "You divide by the right number, but the sum still has the padding in it.",
            ),
            (
                sum_of_words,
                "That is the sum: divide by the lengths.",
            ),
            (
                lambda output, lengths: sum_of_words(output, lengths) / len(output),
                "Divide by each sentence's own length, not by L.",
            ),
            (
                lambda output, lengths: sum_of_words(output, lengths, extra_steps=1) / column(lengths, output),
                "Off by one: step t is real where t < length.",
            ),
            (lambda output, lengths: output.mean(1), "Axis 1 is the batch. The steps are axis 0."),
            (
                lambda output, lengths: mean_of_each(output, lengths + 1),
                "One step too many: the words of a sentence are output[:length].",
            ),
            (
                lambda output, lengths: mean_of_each(output, (lengths - 1).clamp(min=1)),
                "One step too few: output[:length] has the last word, too.",
            ),
            (
                lambda output, lengths: torch.stack([output[length - 1, n] for n, length in enumerate(lengths)]),
                "That is the last state of each sentence. The mean over its steps is asked for.",
            ),
            (
                lambda output, lengths: torch.stack([output[:length, n].mean() for n, length in enumerate(lengths)]),
                "That is the mean over the features, too. Take it over the steps alone: mean(0).",
            ),
            (
                lambda output, lengths: torch.cat([output[:length, n] for n, length in enumerate(lengths)]).mean(0),
                "That is one mean for all sentences. Each sentence has a mean of its own.",
            ),
            (
                lambda output, lengths: sum_of_words(output, lengths) / lengths,
                "The sum is (N, H_out), and lengths is (N,): divide by lengths[:, None].",
            ),
            (
                lambda output, lengths: (output * (torch.arange(len(output))[:, None] < lengths)).sum(0) / lengths[:, None],
                "The mask is (L, N), and output (L, N, H_out). Add an axis to the mask: mask[..., None].",
            ),
        ],
        (
            "A mask says which cells are real: t < length.",
            "(output * mask).sum(0) / lengths, with an axis added to mask and to lengths.",
        ),
        axes=("N", "H_out"),
    ),
    Write(
        "07.4",
        "Design the padding of a collate_fn: sentences is a list of index tensors, and <pad> has index 0. Return indices (L, N).",
        "pad_indices(sentences)",
        lists_of_indices,
        padded_indices,
        [
            (lambda sentences: padded_indices(sentences, batch_first=True), "That is (N, L): the sentences are on axis 0."),
            (lambda sentences: padded_indices(sentences, value=1), "Index 1 is <unk>. Padding has an index of its own, 0."),
            (lambda sentences: padded_indices(sentences, value=-1), "nn.Embedding has no row -1. Padding has index 0."),
            (
                lambda sentences: torch.stack([sentence[: min(map(len, sentences))] for sentence in sentences], dim=1),
                "You cut all sentences to the shortest one, and lose words.",
            ),
            (
                lambda sentences: torch.stack(sentences),
                "Sentences of different lengths can't be stacked: they need padding first.",
            ),
            (lambda sentences: torch.cat(sentences), "That is one long sequence. Each sentence needs a column of its own."),
            (
                lambda sentences: padded_indices(sentences, value=-100),
                "-100 is for labels. An index must be a row of the embedding: 0.",
            ),
            (
                lambda sentences: padded_indices([sentence.flip(0) for sentence in sentences]).flip(0),
                "The padding is in front. It belongs behind the words.",
            ),
        ],
        (
            "A function of torch.nn.utils.rnn makes one tensor of sequences with different lengths.",
            "pad_sequence(sentences, padding_value=0); time is axis 0 unless you say batch_first=True.",
        ),
        axes=("L", "N"),
    ),
    Predict(
        "07.5",
        "Why does h_n of a short sentence change when it is padded with zeros? (a letter)",
        lambda: "b",
        {
            "a": "A time step takes as long with zeros, and time changes no value.",
            "c": "No zero reaches the weights: nothing is trained here.",
            "d": "torch gives no warning: zeros are an input like any other.",
        },
        ("Write down the equation of one step with x = 0.", "tanh(b_ih + W_hh h + b_hh) is not h."),
    ),
]
