"""Mistakes that a learner makes in the exercises, as they would be typed: what `check` says first must fit.

None of them is a function of the exercises themselves. For each: the exercise, what is wrong, the answer, and words of the first
hint, or of the sentence where the learner's own error comes first.
"""

import pytest
import torch
from torch import nn
from torch.nn.functional import cosine_similarity, cross_entropy, mse_loss
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from helpers import check
from helpers.exercises import checking


def loop(x, W_ih, W_hh, b_ih, b_hh, step):
    h, states = torch.zeros(len(W_hh)), []
    for x_t in x:
        h = step(x_t, h, W_ih, W_hh, b_ih, b_hh)
        states.append(h)
    return states


def right_step(x_t, h, W_ih, W_hh, b_ih, b_hh):
    return torch.tanh(W_ih @ x_t + b_ih + W_hh @ h + b_hh)


def in_chunks(rnn, x, size, returned):
    outputs, h = [], None
    for chunk in x.split(size):
        output, h = rnn(chunk, h)
        outputs.append(output)
    return returned(outputs, h)


def walk(cell, x, h):
    states = []
    for x_t in x:
        h = cell(x_t, h)
        states.append(h)
    return states


def packed(padded, lengths):
    return pack_padded_sequence(padded, lengths, enforce_sorted=False)


def padded_at(rnn, padded, lengths, back):
    return rnn(padded)[0][lengths - back, torch.arange(len(lengths))]


def step_of_training(model, optimizer, x, y, order):
    loss = mse_loss(model(x), y)
    for what in order.split():
        {"zero": optimizer.zero_grad, "back": loss.backward, "step": optimizer.step}[what]()
    return loss.item()


def shared_clip(grads, max_norm, factor):
    total = torch.stack([grad.norm() for grad in grads]).norm()
    return [grad * factor(total.item(), max_norm) for grad in grads]


def gru(x, h, W_ih, W_hh, b_ih, b_hh, new_state, chunks=lambda t: t.chunk(3, dim=1), squash=torch.sigmoid):
    r_x, z_x, n_x = chunks(x @ W_ih.T + b_ih)
    r_h, z_h, n_h = chunks(h @ W_hh.T + b_hh)
    r, z = squash(r_x + r_h), squash(z_x + z_h)
    return new_state(r, z, n_x, n_h, h)


def forget_bias(lstm, bias, first, last, other):
    H = lstm.hidden_size
    nn.init.constant_(lstm.bias_ih_l0.data[first * H : last * H], bias)
    nn.init.constant_(lstm.bias_hh_l0.data[first * H : last * H], other)


PREDICTED = [
    ("00.1", "batch and time exchanged", (1, 100, 4), "Axis 0 of output is time: one"),
    ("00.1", "the hidden size forgotten", (100, 1, 3), "3 is what comes in at a"),
    ("00.1", "h_n", (1, 1, 4), "That is h_n, the last state alone."),
    ("00.1", "both sizes together", (100, 1, 7), "The last axis is a state, and"),
    ("00.2", "all states", 400, "That is output, with 100 states. h_n"),
    ("00.2", "the inputs", 3, "That is how many come in at"),
    ("01.1", "no biases", 600, "These are the two matrices. What is"),
    ("01.1", "one bias", 620, "There are two biases, one with each"),
    ("02.1", "one direction", (3, 10, 8), "That is one direction. Each layer ends"),
    ("02.1", "directions in the features", (3, 10, 16), "In h_n each direction has a row"),
    ("02.1", "right sizes, the batch last", (6, 8, 10), "Axis 1 of h_n is the batch:"),
    ("02.1", "input_size for hidden_size", (6, 10, 5), "The last axis of h_n is one"),
    ("02.1", "only the top layer", (2, 10, 8), "Axis 0 of h_n has one row"),
    ("02.1", "layers and directions apart", (3, 2, 10, 8), "One row for each layer and direction."),
    ("02.2", "layer 0", (8, 5), "That is l0. What does layer 1"),
    ("02.2", "one direction", (8, 8), "Layer 1 reads both directions of the"),
    ("02.2", "reads x and the states", (8, 21), "The columns are what comes in. Layer"),
    ("02.2", "all layers", (24, 16), "The rows are what comes out: one"),
    ("03.1", "time first", (20, 32, 64), "With batch_first=True the batch is the first"),
    ("03.1", "h_n", (1, 32, 64), "That is the shape of h_n. output"),
    ("03.1", "features in the middle", (32, 64, 20), "Axis 1 is time: how many words"),
    ("03.1", "no batch", (20, 64), "output has the axes of input, in"),
    ("04.1", "the input", (8, 3), "A state has hidden_size features."),
    ("04.1", "with a layer axis", (1, 8, 4), "The result of a cell has no"),
    ("04.1", "transposed", (4, 8), "Axis 0 is the batch: a cell"),
    ("05.2", "all forward rows first", 4, "Do all forward rows come first, or"),
    ("05.2", "forward", 2, "Row 2 is layer 1, forward."),
    ("06.1", "batch first", (10, 12, 100), "That is batch first. Time, the tokens,"),
    ("06.1", "one long sequence", (120, 100), "That is one long sequence: the ten"),
    ("06.1", "features first", (100, 12, 10), "Axis 0 is time: how many tokens"),
    ("06.1", "one sentence", (12, 1, 100), "Axis 1 is the batch: how many"),
    ("07.1", "lengths", (2, 7, 4), "These are the lengths. batch_sizes counts sentences,"),
    ("07.1", "lengths, sorted", (7, 4, 2), "These are the lengths. batch_sizes counts sentences,"),
    ("08.1", "the last batch left out", 180, "The last batch is smaller, but it"),
    ("08.1", "one epoch", 19, "That is one epoch."),
    ("09.1", "made longer", 1, "Clipping only ever shortens. This one is"),
    ("09.1", "set to zero", 0, "Nothing is set to zero."),
    ("11.1", "all steps", 64, "The first step has no step before"),
    ("11.1", "all sequences", 252, "Of each sequence 63 steps wait, but"),
    ("08.5", "the label", "label", "Their labels are opposite: one is praise,"),
    ("08.5", "the length", "length", "They do have the same length. But"),
    ("08.5", "one of them alone", "word", "What does a bag of words look"),
    ("12.1", "one answer for each row", (16, 659), "That is one answer per row, as"),
    ("12.1", "states", (20, 16, 96), "These are the hidden states. The linear"),
    ("12.1", "the vocabulary in front", (659, 20, 16), "Axis 0 is time, as in ids:"),
    ("13.1", "a plain RNN", (16, 16), "That is the weight of a plain"),
    ("13.1", "weight_ih", (64, 10), "That is weight_ih_l0, which multiplies the input."),
    ("13.2", "input", "input", "The input gate acts once, when the"),
    ("13.2", "output", "output", "The output gate changes what is shown"),
]

WRITTEN = [
    (
        "01.2",
        "bias outside",
        lambda *a: loop(*a, lambda x_t, h, W, U, b, c: torch.tanh(W @ x_t + b + U @ h) + c)[-1],
        "Now b_hh alone is outside the bracket.",
    ),
    ("01.2", "all states", lambda *a: torch.stack(loop(*a, right_step)), "All states come back. Only the last"),
    ("01.2", "the new axis", lambda *a: loop(*a, right_step)[-1][None], "There is one axis too many: axis"),
    ("01.3", "the last state", lambda *a: loop(*a, right_step)[-1], "That is the last state. Keep each"),
    (
        "01.3",
        "no tanh",
        lambda *a: torch.stack(loop(*a, lambda x_t, h, W, U, b, c: W @ x_t + b + U @ h + c)),
        "The tanh around the sum is missing.",
    ),
    ("01.3", "cat", lambda *a: torch.cat(loop(*a, right_step)), "The values and their order are right."),
    ("01.3", "stacked along 1", lambda *a: torch.stack(loop(*a, right_step), dim=1), "The values are right, but their axes"),
    ("01.3", "reversed", lambda *a: torch.stack(loop(*a, right_step)[::-1]), "The values are right, but in reverse"),
    ("02.3", "one direction", lambda i, h, n, b: n * h * (h + h + 2) + h * (i - h), "Two directions have twice as many weights."),
    (
        "02.3",
        "no biases",
        lambda i, h, n, b: sum(p.numel() for p in nn.RNN(i, h, n, bidirectional=b, bias=False).parameters()),
        "The biases are missing.",
    ),
    (
        "02.3",
        "only trainable weights, as a list",
        lambda i, h, n, b: [p.numel() for p in nn.RNN(i, h, n, bidirectional=b).parameters()],
        "One number is asked for: take the",
    ),
    ("03.3", "the pair", lambda rnn, x: rnn(x.transpose(0, 1)), "Your function returns several results together, and"),
    (
        "03.4",
        "no batch",
        lambda rnn, x: torch.zeros((1 + rnn.bidirectional) * rnn.num_layers, rnn.hidden_size),
        "The axis of the batch",
    ),
    ("03.3", "h_n", lambda rnn, x: rnn(x.transpose(0, 1))[1], "That is h_n, the state after the"),
    ("03.3", "h_n without layer", lambda rnn, x: rnn(x.transpose(0, 1))[1][0], "That is only the last one along"),
    ("03.3", "the pair, untransposed", lambda rnn, x: rnn(x), "Your function returns several results together. Only"),
    ("03.3", "transposed after", lambda rnn, x: rnn(x)[0].transpose(0, 1), "Transpose x before rnn reads it. Afterwards"),
    ("03.3", "wrong axes", lambda rnn, x: rnn(x.transpose(1, 2))[0], "it raised RuntimeError: input.size(-1) must be"),
    (
        "03.3",
        "batch_first set",
        lambda rnn, x: nn.RNN(rnn.input_size, rnn.hidden_size, batch_first=True)(x)[0],
        "rnn must read x with time first.",
    ),
    (
        "03.4",
        "D forgotten",
        lambda rnn, x: torch.zeros(rnn.num_layers, x.size(0) if rnn.batch_first else x.size(1), rnn.hidden_size),
        "Two directions need two rows for each",
    ),
    (
        "03.4",
        "always axis 1",
        lambda rnn, x: torch.zeros((1 + rnn.bidirectional) * rnn.num_layers, x.size(1), rnn.hidden_size),
        "With batch_first=True, N is x.size(0).",
    ),
    (
        "03.4",
        "batch in front",
        lambda rnn, x: torch.zeros(
            x.size(0) if rnn.batch_first else x.size(1), (1 + rnn.bidirectional) * rnn.num_layers, rnn.hidden_size
        ),
        "The values are right, but their axes",
    ),
    ("03.4", "randn", lambda rnn, x: torch.randn_like(rnn(x)[1]), "Its shape is (D*num_layers, N, H_out), whatever"),
    ("03.4", "shape", lambda rnn, x: rnn(x)[1].shape, "That is the right shape. Return a"),
    (
        "04.2",
        "chunks apart",
        lambda rnn, x, size: in_chunks(rnn, x, size, lambda outputs, h: outputs),
        "These are the right parts. Join them",
    ),
    (
        "04.2",
        "stacked",
        lambda rnn, x, size: in_chunks(rnn, x, size, lambda outputs, h: torch.stack(outputs)),
        "The last chunk can be shorter, so",
    ),
    (
        "04.2",
        "last chunk",
        lambda rnn, x, size: in_chunks(rnn, x, size, lambda outputs, h: outputs[-1]),
        "That is the last chunk alone. Keep",
    ),
    (
        "04.2",
        "pair",
        lambda rnn, x, size: in_chunks(rnn, x, size, lambda outputs, h: (torch.cat(outputs), h)),
        "Your function returns several results together, and",
    ),
    ("04.3", "last state", lambda cell, x, h: walk(cell, x, h)[-1], "That is only the last state. Keep"),
    ("04.3", "cat", lambda cell, x, h: torch.cat(walk(cell, x, h)), "torch.cat makes no new axis. torch.stack makes"),
    ("04.3", "stacked along 1", lambda cell, x, h: torch.stack(walk(cell, x, h), dim=1), "The values are right, but their axes"),
    (
        "04.3",
        "pair",
        lambda cell, x, h: (torch.stack(walk(cell, x, h)), walk(cell, x, h)[-1]),
        "Your function returns several results together, and",
    ),
    (
        "05.3",
        "unflipped half",
        lambda rnn, x: torch.cat([rnn(x)[0][-1, :, : rnn.hidden_size], rnn(x)[0][-1, :, rnn.hidden_size :]], -1),
        "The reverse direction ends at the first",
    ),
    ("05.3", "cat without a list", lambda rnn, x: torch.cat(rnn(x)[1][-2], rnn(x)[1][-1]), "Give the tensors as one list"),
    ("05.3", "no return", lambda rnn, x: print(rnn(x)[1].shape), "None"),
    ("05.3", "first step", lambda rnn, x: rnn(x)[0][0], "Now the forward half is the state"),
    (
        "05.3",
        "halves exchanged",
        lambda rnn, x: torch.cat([rnn(x)[0][0, :, : rnn.hidden_size], rnn(x)[0][-1, :, rnn.hidden_size :]], -1),
        "It is the other way round: forward",
    ),
    ("05.3", "stack", lambda rnn, x: torch.stack([rnn(x)[1][-2], rnn(x)[1][-1]]), "These are the right parts. Join them"),
    ("05.4", "not flipped at all", lambda f, b, x: torch.cat([f(x)[0], b(x)[0]], -1), "backward must read from the end: flip"),
    (
        "05.4",
        "not flipped back",
        lambda f, b, x: torch.cat([f(x)[0], b(x.flip(0))[0]], -1),
        "The states of backward are in reverse",
    ),
    (
        "05.4",
        "stack",
        lambda f, b, x: torch.stack([f(x)[0], b(x.flip(0))[0].flip(0)], -1),
        "These are the right parts. Join them",
    ),
    (
        "05.4",
        "forgot [0]",
        lambda f, b, x: torch.cat([f(x), b(x.flip(0)).flip(0)], -1),
        "A tuple is used as one tensor.",
    ),
    (
        "05.4",
        "last step",
        lambda f, b, x: torch.cat([f(x)[0], b(x.flip(0))[0].flip(0)], -1)[-1],
        "That is only the last one along",
    ),
    ("05.4", "a pair", lambda f, b, x: (f(x)[0], b(x.flip(0))[0].flip(0)), "These are the right parts. Join them"),
    ("06.2", "itself", lambda v, i: cosine_similarity(v, v[i], dim=-1).argmax(), "The nearest row of all is the"),
    ("06.2", "dot product", lambda v, i: (v @ v[i]).topk(2).indices[1], "Without dividing by the lengths, long vectors"),
    (
        "06.3",
        "left out",
        lambda tokens, index: torch.tensor([index[t] for t in tokens if t in index]),
        "You leave the unknown tokens out, so",
    ),
    (
        "06.3",
        "KeyError",
        lambda tokens, index: torch.tensor([index[t] for t in tokens]),
        "index[token] raises an error where the token",
    ),
    (
        "06.3",
        "floats of another shape",
        lambda tokens, index: torch.tensor([[index.get(t, index["<unk>"]) for t in tokens]]),
        "There is one axis too many: axis",
    ),
    (
        "06.3",
        "words",
        lambda tokens, index: [t if t in index else "<unk>" for t in tokens],
        "A dictionary has a method that returns",
    ),
    ("06.5", "no pad", lambda v: torch.cat([v.mean(0, keepdim=True), v]), "Your table has no row for <pad>:"),
    ("06.5", "no unk", lambda v: torch.cat([torch.zeros(1, v.size(1)), v]), "Your table has no row for <unk>,"),
    (
        "06.5",
        "mean of each word",
        lambda v: (
            torch.cat([torch.zeros(1, v.size(1)), v.mean(1)[: v.size(1)].expand(1, -1), v]) if v.size(0) >= v.size(1) else v
        ),
        "torch.cat puts tables with the same number",
    ),
    ("07.2", "after the padding", lambda rnn, padded, lengths: rnn(padded)[0][-1], "That is after the padding too: the"),
    (
        "07.2",
        "lengths, not lengths - 1",
        lambda rnn, padded, lengths: padded_at(rnn, padded, lengths, 0),
        "Off by one: a sentence of 3",
    ),
    (
        "07.2",
        "lengths, on a padded output",
        lambda rnn, padded, lengths: torch.cat([rnn(padded)[0], torch.zeros(1, len(lengths), rnn.hidden_size)])[
            lengths, torch.arange(len(lengths))
        ],
        "The network reads on, through the padding.",
    ),
    (
        "07.2",
        "the pair",
        lambda rnn, padded, lengths: rnn(packed(padded, lengths)),
        "Your function returns several results together. Only",
    ),
    (
        "07.2",
        "packed output",
        lambda rnn, padded, lengths: rnn(packed(padded, lengths))[0],
        "That is a packed batch, a PackedSequence.",
    ),
    (
        "07.2",
        "first sentence's",
        lambda rnn, padded, lengths: rnn(packed(padded, lengths))[1][:, 0],
        "That is only the first one along",
    ),
    ("07.3", "plain mean", lambda output, lengths: output.mean(0), "That counts the padding as well."),
    ("07.3", "the wrong axis", lambda output, lengths: output.mean(1), "Axis 1 is the batch. The steps"),
    (
        "07.3",
        "transposed",
        lambda output, lengths: torch.stack([output[:n, i].mean(0) for i, n in enumerate(lengths)], dim=1),
        "The values are right, but their axes",
    ),
    ("07.4", "batch_first", lambda s: pad_sequence(s, batch_first=True), "That is (N, L): the sentences are"),
    ("07.4", "stack", lambda s: torch.stack(s), "Sentences of different lengths can't be stacked:"),
    ("07.4", "pack", lambda s: nn.utils.rnn.pack_sequence(s, enforce_sorted=False), "That is a packed batch, a PackedSequence."),
    (
        "07.4",
        "with lengths",
        lambda s: (pad_sequence(s), torch.tensor([len(t) for t in s])),
        "Your function returns several results together, and",
    ),
    (
        "08.2",
        "zero_grad before step",
        lambda *a: step_of_training(*a, "back zero step"),
        "Nothing is learned: the order is zero_grad(),",
    ),
    ("08.2", "no zero_grad", lambda *a: step_of_training(*a, "back step"), "The gradients of earlier calls are still"),
    ("08.3", "broadcast", lambda logits, labels: ((logits > 0) == labels).float().mean(), "(N, 1) == (N,) compares each with"),
    ("08.3", "a count", lambda logits, labels: ((logits[:, 0] > 0) == labels).sum(), "That is how many. The share is"),
    ("08.3", "each answer", lambda logits, labels: ((logits[:, 0] > 0) == labels).float(), "One number is asked for: take the"),
    ("08.4", "forgot [0]", lambda rnn, decide, x: decide(rnn(x).mean(0)), "A tuple is used as one tensor."),
    ("08.4", "last", lambda rnn, decide, x: decide(rnn(x)[0][-1]), "That decides from the last state. `output`"),
    ("08.4", "batch axis", lambda rnn, decide, x: decide(rnn(x)[0].mean(1)), "Axis 1 is the batch. Take the"),
    ("08.4", "squeezed", lambda rnn, decide, x: decide(rnn(x)[0].mean(0))[:, 0], "One axis is missing: axis 1, whose"),
    ("08.4", "per step", lambda rnn, decide, x: decide(rnn(x)[0]), "There is one axis too many: take"),
    ("08.4", "keepdim", lambda rnn, decide, x: decide(rnn(x)[0].mean(0, keepdim=True)), "There is one axis too many: axis"),
    ("08.4", "features", lambda rnn, decide, x: rnn(x)[0].mean(-1), "Which tensor has the states of all"),
    ("09.2", "no slope", lambda g, h, W: g @ W, "The slope of tanh is missing: 1"),
    ("09.2", "transposed", lambda g, h, W: (g * (1 - h**2)) @ W.T, "Forward it is @ W_hh.T, so backward"),
    ("09.2", "transposed all", lambda g, h, W: W.T @ (g * (1 - h**2)).T, "The values are right, but their axes"),
    (
        "09.3",
        "each alone",
        lambda grads, m: [g * min(1, m / g.norm().item()) for g in grads],
        "Each was measured alone. The length is",
    ),
    (
        "09.3",
        "always scaled",
        lambda grads, m: shared_clip(grads, m, lambda total, m: m / total),
        "Short gradients were made longer: clipping only",
    ),
    ("10.2", "feature first", lambda h_n: h_n.permute(1, 2, 0).reshape(h_n.size(1), -1), "The numbers of one state must stay"),
    ("10.2", "view", lambda h_n: h_n.view(h_n.size(1), -1), "reshape reads the numbers in the order"),
    ("10.2", "transposed only", lambda h_n: h_n.transpose(0, 1), "The values and their order are right."),
    (
        "10.2",
        "transposed view",
        lambda h_n: h_n.transpose(0, 1).view(h_n.size(1), -1),
        "permute leaves the elements where they are,",
    ),
    (
        "10.3",
        "last step of time, untransposed",
        lambda rnn, head, x: head(rnn(x)[0][-1]),
        "It still reads across the sentences, and",
    ),
    (
        "10.3",
        "transposed, still [:, -1]",
        lambda rnn, head, x: head(rnn(x.transpose(0, 1))[0][:, -1]),
        "Now time is in front: the last",
    ),
    ("10.3", "h_n with its axis", lambda rnn, head, x: head(rnn(x.transpose(0, 1))[1]), "There is one axis too many: axis"),
    ("10.3", "all steps", lambda rnn, head, x: head(rnn(x.transpose(0, 1))[0]), "There is one axis too many: only"),
    ("10.3", "forgot [0]", lambda rnn, head, x: head(rnn(x.transpose(0, 1))), "A tuple is used as one tensor."),
    (
        "10.3",
        "wrong axes",
        lambda rnn, head, x: head(rnn(x.transpose(1, 2))[0][-1]),
        "it raised RuntimeError: input.size(-1) must be",
    ),
    (
        "10.4",
        "padding counts",
        lambda logits, labels: cross_entropy(logits.flatten(0, 1), labels.flatten()),
        "This counts the padding too: leave out",
    ),
    (
        "10.4",
        "no flatten",
        lambda logits, labels: cross_entropy(logits, labels, ignore_index=0),
        "cross_entropy expects the classes on axis 1.",
    ),
    (
        "10.4",
        "argmax",
        lambda logits, labels: cross_entropy(logits.argmax(-1).float(), labels.float()),
        "cross_entropy has an argument that names a",
    ),
    ("11.2", "result only", lambda rnn, x: rnn(x)[0].double(), "That computes in float32, and only stores"),
    ("11.2", "only x", lambda rnn, x: rnn(x.double())[0], "Now only x is float64: the weights"),
    ("11.2", "pair", lambda rnn, x: rnn.double()(x.double()), "Your function returns several results together, and"),
    ("11.3", "signed", lambda output, truth: (output - truth).max(), "An error below zero is an error"),
    ("11.3", "mean", lambda output, truth: (output - truth).abs().mean(), "That is the mean. One large error"),
    ("11.3", "all", lambda output, truth: (output - truth).abs(), "One number is asked for: take the"),
    ("11.3", "along an axis", lambda output, truth: (output - truth).abs().max(0), "Subtract, and look at the largest."),
    ("12.2", "after", lambda logits, t: logits.softmax(-1) / t, "These do not sum to 1: divide"),
    ("12.2", "times", lambda logits, t: (logits * t).softmax(-1), "This is upside down: a high temperature"),
    (
        "12.2",
        "sampled",
        lambda logits, t: torch.multinomial((logits / t).softmax(-1), 1),
        "First the temperature, then the softmax.",
    ),
    (
        "13.3",
        "z swapped",
        lambda *a: gru(*a, lambda r, z, n_x, n_h, h: z * torch.tanh(n_x + r * n_h) + (1 - z) * h),
        "z keeps: it multiplies the old state,",
    ),
    (
        "13.3",
        "no reset",
        lambda *a: gru(*a, lambda r, z, n_x, n_h, h: (1 - z) * torch.tanh(n_x + n_h) + z * h),
        "The reset gate is missing: it multiplies",
    ),
    ("13.4", "twice", lambda lstm, bias: forget_bias(lstm, bias, 1, 2, bias), "The two biases are added, so this"),
    ("13.4", "first block", lambda lstm, bias: forget_bias(lstm, bias, 0, 1, 0), "The first block of rows is the"),
    (
        "13.4",
        "half each",
        lambda lstm, bias: forget_bias(lstm, bias / 4, 1, 2, bias / 4),
        "Which rows of bias_ih_l0 and bias_hh_l0 belong",
    ),
]

MISTAKES = PREDICTED + WRITTEN


@pytest.fixture(autouse=True)
def no_wrong_answers_yet():
    checking._wrong_answers.clear()


@pytest.mark.parametrize(
    "number, answer, words",
    [(number, *more) for number, _, *more in MISTAKES],
    ids=[f"{number} {what}" for number, what, *_ in MISTAKES],
)
def test_the_first_hint_fits_the_mistake(number, answer, words):
    verdict = check(number, answer)
    assert verdict.right is False and words in (*verdict.hints, verdict.sentence)[0], verdict
