"""Mistakes that a learner makes in the exercises, as they would be typed: none of them is a function of the exercises themselves.

For each: the exercise, what is wrong, the answer, and words of what `check` says first about it.
"""

import torch
from torch import nn
from torch.nn.functional import cosine_similarity, cross_entropy, mse_loss
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


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


def unpacked_last(rnn, padded, lengths):
    output, lengths = pad_packed_sequence(rnn(packed(padded, lengths))[0])
    return output[-1]


def padded_at(rnn, padded, lengths, back):
    return rnn(padded)[0][lengths - back, torch.arange(len(lengths))]


def mask_of(output, lengths):
    return (torch.arange(len(output))[:, None] < lengths)[..., None]


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
    ("00.1", "batch and time exchanged", (1, 100, 4)),
    ("00.1", "the hidden size forgotten", (100, 1, 3)),
    ("00.1", "h_n", (1, 1, 4)),
    ("00.1", "features first", (4, 100, 1)),
    ("00.1", "both sizes together", (100, 1, 7)),
    ("00.2", "all states", 400),
    ("00.2", "the inputs", 3),
    ("00.2", "one for each step", 100),
    ("00.2", "its shape", (1, 1, 4)),
    ("01.1", "no biases", 600),
    ("01.1", "one bias", 620),
    ("01.1", "biases of the input's size", 620 + 10),
    ("01.1", "only W_ih", 200),
    ("01.1", "W_hh as W_ih", 200 + 200 + 40),
    ("02.1", "one direction", (3, 10, 8)),
    ("02.1", "directions in the features", (3, 10, 16)),
    ("02.1", "batch first", (10, 6, 8)),
    ("02.1", "right sizes, the batch last", (6, 8, 10)),
    ("02.1", "the steps for the batch", (6, 7, 8)),
    ("02.1", "input_size for hidden_size", (6, 10, 5)),
    ("02.1", "only the top layer", (2, 10, 8)),
    ("02.1", "directions twice", (6, 10, 16)),
    ("02.1", "layers and directions apart", (3, 2, 10, 8)),
    ("02.1", "only one layer and one direction", (1, 10, 8)),
    ("02.1", "one for each step", (7, 10, 8)),
    ("02.2", "layer 0", (8, 5)),
    ("02.2", "one direction", (8, 8)),
    ("02.2", "transposed", (16, 8)),
    ("02.2", "one direction of its own, both rows", (16, 16)),
    ("02.2", "reads x and the states", (8, 21)),
    ("02.2", "all layers", (24, 16)),
    ("03.1", "time first", (20, 32, 64)),
    ("03.1", "h_n", (1, 32, 64)),
    ("03.1", "the features of the input", (32, 20, 50)),
    ("03.1", "features in the middle", (32, 64, 20)),
    ("03.1", "no batch", (20, 64)),
    ("04.1", "the input", (8, 3)),
    ("04.1", "with a layer axis", (1, 8, 4)),
    ("04.1", "transposed", (4, 8)),
    ("04.1", "one state", (4,)),
    ("05.2", "all forward rows first", 4),
    ("05.2", "forward", 2),
    ("05.2", "counting from one", 4),
    ("05.2", "layer 0", 1),
    ("06.1", "batch first", (10, 12, 100)),
    ("06.1", "one long sequence", (120, 100)),
    ("06.1", "features first", (100, 12, 10)),
    ("06.1", "features in the middle", (12, 100, 10)),
    ("06.1", "one sentence", (12, 1, 100)),
    ("07.1", "lengths", (2, 7, 4)),
    ("07.1", "lengths, sorted", (7, 4, 2)),
    ("07.1", "upside down", (1, 1, 1, 2, 2, 3, 3)),
    ("07.1", "one step late", (3, 3, 3, 2, 2, 1, 1)),
    ("07.1", "one step early", (3, 2, 2, 1, 1, 1, 1)),
    ("07.1", "how many have ended", (0, 0, 1, 1, 2, 2, 2)),
    ("08.1", "the last batch left out", 180),
    ("08.1", "one epoch", 19),
    ("08.1", "a part of a step", 187.5),
    ("08.1", "rounded once", 188),
    ("08.1", "one for each review", 12000),
    ("08.1", "reviews in one epoch", 1200),
    ("09.1", "made longer", 1),
    ("09.1", "set to zero", 0),
    ("09.1", "divided", 100),
    ("11.1", "all steps", 64),
    ("11.1", "all sequences", 252),
    ("11.1", "none", 0),
    ("11.1", "half", 32),
    ("08.5", "the label", "label"),
    ("08.5", "the length", "length"),
    ("08.5", "one of them alone", "word"),
    ("08.5", "an article", "the words"),
    ("08.5", "another word", "vectors"),
    ("12.1", "one answer for each row", (16, 659)),
    ("12.1", "states", (20, 16, 96)),
    ("12.1", "batch first", (16, 20, 659)),
    ("12.1", "the vocabulary in front", (659, 20, 16)),
    ("12.1", "embedding", (20, 16, 32)),
    ("13.1", "a plain RNN", (16, 16)),
    ("13.1", "weight_ih", (64, 10)),
    ("13.1", "a GRU", (48, 16)),
    ("13.1", "transposed", (16, 64)),
    ("13.1", "both directions", (128, 16)),
    ("13.2", "input", "input"),
    ("13.2", "output", "output"),
    ("13.2", "with its noun", "forget gate"),
    ("13.2", "input with its noun", "the input gate"),
    ("13.2", "gate of a GRU", "reset"),
]

WRITTEN = [
    ("01.2", "bias outside", lambda *a: loop(*a, lambda x_t, h, W, U, b, c: torch.tanh(W @ x_t + b + U @ h) + c)[-1]),
    ("01.2", "all states", lambda *a: torch.stack(loop(*a, right_step))),
    ("01.2", "a list of all states", lambda *a: loop(*a, right_step)),
    ("01.2", "the first state", lambda *a: loop(*a, right_step)[0]),
    (
        "01.2",
        "tanh of each part",
        lambda *a: loop(*a, lambda x_t, h, W, U, b, c: torch.tanh(W @ x_t + b) + torch.tanh(U @ h + c))[-1],
    ),
    ("01.2", "tanh twice", lambda *a: loop(*a, lambda x_t, h, W, U, b, c: torch.tanh(torch.tanh(W @ x_t + b) + U @ h + c))[-1]),
    ("01.2", "the new axis", lambda *a: loop(*a, right_step)[-1][None]),
    ("01.3", "the last state", lambda *a: loop(*a, right_step)[-1]),
    ("01.3", "no tanh", lambda *a: torch.stack(loop(*a, lambda x_t, h, W, U, b, c: W @ x_t + b + U @ h + c))),
    ("01.3", "cat", lambda *a: torch.cat(loop(*a, right_step))),
    ("01.3", "stacked along 1", lambda *a: torch.stack(loop(*a, right_step), dim=1)),
    ("01.3", "reversed", lambda *a: torch.stack(loop(*a, right_step)[::-1])),
    ("01.3", "no biases", lambda *a: torch.stack(loop(*a, lambda x_t, h, W, U, b, c: torch.tanh(W @ x_t + U @ h)))),
    (
        "01.3",
        "state not carried",
        lambda x, W, U, b, c: torch.stack([torch.tanh(W @ x_t + b + U @ torch.zeros(len(U)) + c) for x_t in x]),
    ),
    ("01.3", "batch axis", lambda *a: torch.stack(loop(*a, right_step))[:, None]),
    ("02.3", "one direction", lambda i, h, n, b: n * h * (h + h + 2) + h * (i - h)),
    ("02.3", "no biases", lambda i, h, n, b: sum(p.numel() for p in nn.RNN(i, h, n, bidirectional=b, bias=False).parameters())),
    ("02.3", "one layer only", lambda i, h, n, b: (1 + b) * h * (i + h + 2)),
    ("02.3", "all layers read x", lambda i, h, n, b: n * (1 + b) * h * (i + h + 2)),
    (
        "02.3",
        "only trainable weights, as a list",
        lambda i, h, n, b: [p.numel() for p in nn.RNN(i, h, n, bidirectional=b).parameters()],
    ),
    ("02.3", "bidirectional forgotten", lambda i, h, n, b: sum(p.numel() for p in nn.RNN(i, h, n).parameters())),
    ("02.3", "number of tensors", lambda i, h, n, b: len(list(nn.RNN(i, h, n, bidirectional=b).parameters()))),
    ("03.3", "the pair", lambda rnn, x: rnn(x.transpose(0, 1))),
    ("03.3", "h_n", lambda rnn, x: rnn(x.transpose(0, 1))[1]),
    ("03.3", "h_n without layer", lambda rnn, x: rnn(x.transpose(0, 1))[1][0]),
    ("03.3", "last step", lambda rnn, x: rnn(x.transpose(0, 1))[0][-1]),
    ("03.3", "the pair, untransposed", lambda rnn, x: rnn(x)),
    ("03.3", "the pair, reshaped", lambda rnn, x: rnn(x.reshape(x.size(1), x.size(0), x.size(2)))),
    ("03.3", "transposed after", lambda rnn, x: rnn(x)[0].transpose(0, 1)),
    ("03.3", "view", lambda rnn, x: rnn(x.view(x.size(1), x.size(0), x.size(2)))[0]),
    ("03.3", "wrong axes", lambda rnn, x: rnn(x.transpose(1, 2))[0]),
    ("03.3", "back again", lambda rnn, x: rnn(x.transpose(0, 1))[0].transpose(0, 1)),
    ("03.3", "batch_first set", lambda rnn, x: nn.RNN(rnn.input_size, rnn.hidden_size, batch_first=True)(x)[0]),
    (
        "03.4",
        "D forgotten",
        lambda rnn, x: torch.zeros(rnn.num_layers, x.size(0) if rnn.batch_first else x.size(1), rnn.hidden_size),
    ),
    ("03.4", "always axis 1", lambda rnn, x: torch.zeros((1 + rnn.bidirectional) * rnn.num_layers, x.size(1), rnn.hidden_size)),
    ("03.4", "always axis 0", lambda rnn, x: torch.zeros((1 + rnn.bidirectional) * rnn.num_layers, x.size(0), rnn.hidden_size)),
    (
        "03.4",
        "axes swapped",
        lambda rnn, x: torch.zeros(
            (1 + rnn.bidirectional) * rnn.num_layers,
            x.size(1 - (not rnn.batch_first)) if False else x.size(1 if rnn.batch_first else 0),
            rnn.hidden_size,
        ),
    ),
    (
        "03.4",
        "input_size",
        lambda rnn, x: torch.zeros(
            (1 + rnn.bidirectional) * rnn.num_layers, x.size(0) if rnn.batch_first else x.size(1), rnn.input_size
        ),
    ),
    (
        "03.4",
        "batch in front",
        lambda rnn, x: torch.zeros(
            x.size(0) if rnn.batch_first else x.size(1), (1 + rnn.bidirectional) * rnn.num_layers, rnn.hidden_size
        ),
    ),
    (
        "03.4",
        "layers forgotten",
        lambda rnn, x: torch.zeros(1 + rnn.bidirectional, x.size(0) if rnn.batch_first else x.size(1), rnn.hidden_size),
    ),
    ("03.4", "only one row", lambda rnn, x: torch.zeros(1, x.size(0) if rnn.batch_first else x.size(1), rnn.hidden_size)),
    ("03.4", "ones", lambda rnn, x: torch.ones_like(rnn(x)[1])),
    ("03.4", "randn", lambda rnn, x: torch.randn_like(rnn(x)[1])),
    ("03.4", "h_n itself", lambda rnn, x: rnn(x)[1]),
    ("03.4", "shape", lambda rnn, x: rnn(x)[1].shape),
    ("04.2", "chunks apart", lambda rnn, x, size: in_chunks(rnn, x, size, lambda outputs, h: outputs)),
    ("04.2", "stacked", lambda rnn, x, size: in_chunks(rnn, x, size, lambda outputs, h: torch.stack(outputs))),
    ("04.2", "last chunk", lambda rnn, x, size: in_chunks(rnn, x, size, lambda outputs, h: outputs[-1])),
    ("04.2", "h", lambda rnn, x, size: in_chunks(rnn, x, size, lambda outputs, h: h)),
    ("04.2", "dim 1", lambda rnn, x, size: in_chunks(rnn, x, size, lambda outputs, h: torch.cat(outputs, 1))),
    ("04.2", "pair", lambda rnn, x, size: in_chunks(rnn, x, size, lambda outputs, h: (torch.cat(outputs), h))),
    ("04.2", "one call, pair", lambda rnn, x, size: rnn(x)),
    ("04.3", "last state", lambda cell, x, h: walk(cell, x, h)[-1]),
    ("04.3", "cat", lambda cell, x, h: torch.cat(walk(cell, x, h))),
    ("04.3", "stacked along 1", lambda cell, x, h: torch.stack(walk(cell, x, h), dim=1)),
    ("04.3", "h not carried", lambda cell, x, h: torch.stack([cell(x_t, h) for x_t in x])),
    ("04.3", "whole x", lambda cell, x, h: cell(x, h)),
    ("04.3", "over the batch", lambda cell, x, h: torch.stack(walk(cell, x.transpose(0, 1), h))),
    ("04.3", "with the first", lambda cell, x, h: torch.stack([h, *walk(cell, x, h)])),
    ("04.3", "before each step", lambda cell, x, h: torch.stack([h, *walk(cell, x, h)[:-1]])),
    ("04.3", "unpacked as an RNN", lambda cell, x, h: torch.stack([(h := cell(x_t, h)[0]) for x_t in x])),
    ("04.3", "pair", lambda cell, x, h: (torch.stack(walk(cell, x, h)), walk(cell, x, h)[-1])),
    (
        "05.3",
        "unflipped half",
        lambda rnn, x: torch.cat([rnn(x)[0][-1, :, : rnn.hidden_size], rnn(x)[0][-1, :, rnn.hidden_size :]], -1),
    ),
    ("05.3", "first step", lambda rnn, x: rnn(x)[0][0]),
    (
        "05.3",
        "halves exchanged",
        lambda rnn, x: torch.cat([rnn(x)[0][0, :, : rnn.hidden_size], rnn(x)[0][-1, :, rnn.hidden_size :]], -1),
    ),
    ("05.3", "cat along 0", lambda rnn, x: torch.cat([rnn(x)[1][-2], rnn(x)[1][-1]])),
    ("05.3", "stack", lambda rnn, x: torch.stack([rnn(x)[1][-2], rnn(x)[1][-1]])),
    ("05.3", "h_n[-1]", lambda rnn, x: rnn(x)[1][-1]),
    ("05.3", "h_n[-2:]", lambda rnn, x: rnn(x)[1][-2:]),
    ("05.3", "h_n[-2]", lambda rnn, x: rnn(x)[1][-2]),
    ("05.3", "sum", lambda rnn, x: rnn(x)[1][-2] + rnn(x)[1][-1]),
    ("05.3", "h_n", lambda rnn, x: rnn(x)[1]),
    ("05.3", "view", lambda rnn, x: rnn(x)[1][-2:].view(x.size(1), -1)),
    ("05.3", "swapped", lambda rnn, x: torch.cat([rnn(x)[1][-1], rnn(x)[1][-2]], -1)),
    ("05.3", "all rows", lambda rnn, x: torch.cat([*rnn(x)[1]], -1)),
    ("05.3", "first rows", lambda rnn, x: torch.cat([rnn(x)[1][0], rnn(x)[1][1]], -1)),
    ("05.3", "max", lambda rnn, x: rnn(x)[0].max(0).values),
    ("05.4", "not flipped at all", lambda f, b, x: torch.cat([f(x)[0], b(x)[0]], -1)),
    ("05.4", "not flipped back", lambda f, b, x: torch.cat([f(x)[0], b(x.flip(0))[0]], -1)),
    ("05.4", "only flipped back", lambda f, b, x: torch.cat([f(x)[0], b(x)[0].flip(0)], -1)),
    ("05.4", "flip of the batch", lambda f, b, x: torch.cat([f(x)[0], b(x.flip(1))[0].flip(1)], -1)),
    ("05.4", "backward first", lambda f, b, x: torch.cat([b(x.flip(0))[0].flip(0), f(x)[0]], -1)),
    ("05.4", "cat 0", lambda f, b, x: torch.cat([f(x)[0], b(x.flip(0))[0].flip(0)])),
    ("05.4", "cat 1", lambda f, b, x: torch.cat([f(x)[0], b(x.flip(0))[0].flip(0)], 1)),
    ("05.4", "stack", lambda f, b, x: torch.stack([f(x)[0], b(x.flip(0))[0].flip(0)], -1)),
    ("05.4", "forgot [0]", lambda f, b, x: torch.cat([f(x), b(x.flip(0)).flip(0)], -1)),
    ("05.4", "last states", lambda f, b, x: torch.cat([f(x)[1], b(x.flip(0))[1]], -1)),
    ("05.4", "last states, no layer axis", lambda f, b, x: torch.cat([f(x)[1][0], b(x.flip(0))[1][0]], -1)),
    ("05.4", "last step", lambda f, b, x: torch.cat([f(x)[0], b(x.flip(0))[0].flip(0)], -1)[-1]),
    ("05.4", "a pair", lambda f, b, x: (f(x)[0], b(x.flip(0))[0].flip(0))),
    ("05.4", "added", lambda f, b, x: f(x)[0] + b(x.flip(0))[0].flip(0)),
    ("05.4", "flipped twice too often", lambda f, b, x: torch.cat([f(x.flip(0))[0], b(x.flip(0))[0].flip(0)], -1)),
    (
        "05.4",
        "one after the other",
        lambda f, b, x: (
            torch.cat([f(x)[0], b(f(x)[0])[0]], -1) if f.hidden_size == b.input_size else torch.cat([f(x)[0], b(x)[0]], -1)
        ),
    ),
    ("05.4", "both forward", lambda f, b, x: torch.cat([f(x)[0], f(x.flip(0))[0].flip(0)], -1)),
    ("05.4", "flip both axes", lambda f, b, x: torch.cat([f(x)[0], b(x.flip(0, 1))[0].flip(0, 1)], -1)),
    ("05.4", "negative step", lambda f, b, x: torch.cat([f(x)[0], b(x[::-1])[0][::-1]], -1)),
    ("06.2", "itself", lambda v, i: cosine_similarity(v, v[i], dim=-1).argmax()),
    ("06.2", "dot product", lambda v, i: (v @ v[i]).topk(2).indices[1]),
    ("06.2", "both", lambda v, i: cosine_similarity(v, v[i], dim=-1).topk(2).indices),
    ("06.2", "topk itself", lambda v, i: cosine_similarity(v, v[i], dim=-1).topk(2)),
    ("06.2", "distance", lambda v, i: (v - v[i]).norm(dim=-1).topk(2, largest=False).indices[1]),
    ("06.2", "wrong dim", lambda v, i: cosine_similarity(v, v[i], dim=0).topk(2).indices[1]),
    ("06.2", "worst", lambda v, i: cosine_similarity(v, v[i], dim=-1).argmin()),
    ("06.2", "cosines", lambda v, i: cosine_similarity(v, v[i], dim=-1)),
    ("06.2", "removed row shifts", lambda v, i: cosine_similarity(torch.cat([v[:i], v[i + 1 :]]), v[i], dim=-1).argmax()),
    ("06.2", "dot, with itself", lambda v, i: (v @ v[i]).argmax()),
    ("06.3", "left out", lambda tokens, index: torch.tensor([index[t] for t in tokens if t in index])),
    ("06.3", "KeyError", lambda tokens, index: torch.tensor([index[t] for t in tokens])),
    ("06.3", "None", lambda tokens, index: torch.tensor([index.get(t) for t in tokens])),
    ("06.3", "zero", lambda tokens, index: torch.tensor([index.get(t, 0) for t in tokens])),
    ("06.3", "the word", lambda tokens, index: torch.tensor([index.get(t, "<unk>") for t in tokens])),
    ("06.3", "minus one", lambda tokens, index: torch.tensor([index.get(t, -1) for t in tokens])),
    ("06.3", "floats of another shape", lambda tokens, index: torch.tensor([[index.get(t, index["<unk>"]) for t in tokens]])),
    ("06.3", "words", lambda tokens, index: [t if t in index else "<unk>" for t in tokens]),
    ("06.5", "no pad", lambda v: torch.cat([v.mean(0, keepdim=True), v])),
    ("06.5", "no unk", lambda v: torch.cat([torch.zeros(1, v.size(1)), v])),
    ("06.5", "behind", lambda v: torch.cat([v, torch.zeros(1, v.size(1)), v.mean(0, keepdim=True)])),
    ("06.5", "swapped", lambda v: torch.cat([v.mean(0, keepdim=True), torch.zeros(1, v.size(1)), v])),
    ("06.5", "mean of all numbers", lambda v: torch.cat([torch.zeros(1, v.size(1)), v.mean().expand(1, v.size(1)), v])),
    (
        "06.5",
        "mean of each word",
        lambda v: (
            torch.cat([torch.zeros(1, v.size(1)), v.mean(1)[: v.size(1)].expand(1, -1), v]) if v.size(0) >= v.size(1) else v
        ),
    ),
    ("06.5", "no keepdim", lambda v: torch.cat([torch.zeros(1, v.size(1)), v.mean(0), v])),
    ("06.5", "sum", lambda v: torch.cat([torch.zeros(1, v.size(1)), v.sum(0, keepdim=True), v])),
    ("06.5", "zeros both", lambda v: torch.cat([torch.zeros(2, v.size(1)), v])),
    (
        "06.5",
        "mean with pad",
        lambda v: torch.cat([torch.zeros(1, v.size(1)), torch.cat([torch.zeros(1, v.size(1)), v]).mean(0, keepdim=True), v]),
    ),
    ("07.2", "after the padding", lambda rnn, padded, lengths: rnn(padded)[0][-1]),
    ("07.2", "lengths, not lengths - 1", lambda rnn, padded, lengths: padded_at(rnn, padded, lengths, 0)),
    (
        "07.2",
        "lengths, on a padded output",
        lambda rnn, padded, lengths: torch.cat([rnn(padded)[0], torch.zeros(1, len(lengths), rnn.hidden_size)])[
            lengths, torch.arange(len(lengths))
        ],
    ),
    (
        "07.2",
        "lengths, sentence by sentence",
        lambda rnn, padded, lengths: torch.stack([rnn(padded)[0][n, i] for i, n in enumerate(lengths)]),
    ),
    ("07.2", "lengths - 2", lambda rnn, padded, lengths: padded_at(rnn, padded, lengths, 2)),
    ("07.2", "no arange", lambda rnn, padded, lengths: rnn(padded)[0][lengths - 1]),
    ("07.2", "axes swapped", lambda rnn, padded, lengths: rnn(padded)[0][torch.arange(len(lengths)), lengths - 1]),
    ("07.2", "layer axis", lambda rnn, padded, lengths: rnn(packed(padded, lengths))[1]),
    ("07.2", "the pair", lambda rnn, padded, lengths: rnn(packed(padded, lengths))),
    ("07.2", "packed output", lambda rnn, padded, lengths: rnn(packed(padded, lengths))[0]),
    ("07.2", "packed output, last", lambda rnn, padded, lengths: rnn(packed(padded, lengths))[0][-1]),
    ("07.2", "packed data", lambda rnn, padded, lengths: rnn(packed(padded, lengths))[0].data),
    ("07.2", "unpacked, last step", unpacked_last),
    ("07.2", "unpacked, all steps", lambda rnn, padded, lengths: pad_packed_sequence(rnn(packed(padded, lengths))[0])[0]),
    ("07.2", "unpacked, pair", lambda rnn, padded, lengths: pad_packed_sequence(rnn(packed(padded, lengths))[0])),
    ("07.2", "enforce_sorted", lambda rnn, padded, lengths: rnn(pack_padded_sequence(padded, lengths))[1][-1]),
    (
        "07.2",
        "batch_first",
        lambda rnn, padded, lengths: rnn(pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False))[1][-1],
    ),
    ("07.2", "first sentence's", lambda rnn, padded, lengths: rnn(packed(padded, lengths))[1][:, 0]),
    (
        "07.2",
        "sorted",
        lambda rnn, padded, lengths: rnn(
            pack_padded_sequence(padded[:, lengths.argsort(descending=True)], lengths.sort(descending=True).values)
        )[1][-1],
    ),
    ("07.2", "first step", lambda rnn, padded, lengths: rnn(padded)[0][0]),
    ("07.2", "longest cut", lambda rnn, padded, lengths: rnn(padded[: lengths.min()])[1][-1]),
    ("07.3", "plain mean", lambda output, lengths: output.mean(0)),
    ("07.3", "the wrong axis", lambda output, lengths: output.mean(1)),
    ("07.3", "sum", lambda output, lengths: (output * mask_of(output, lengths)).sum(0)),
    ("07.3", "masked mean over L", lambda output, lengths: (output * mask_of(output, lengths)).mean(0)),
    ("07.3", "lengths without an axis", lambda output, lengths: (output * mask_of(output, lengths)).sum(0) / lengths),
    (
        "07.3",
        "mask without an axis",
        lambda output, lengths: (output * mask_of(output, lengths)[..., 0]).sum(0) / lengths[:, None],
    ),
    (
        "07.3",
        "one word too many",
        lambda output, lengths: torch.stack([output[: n + 1, i].mean(0) for i, n in enumerate(lengths)]),
    ),
    (
        "07.3",
        "one word too few",
        lambda output, lengths: torch.stack([output[: max(1, n - 1), i].mean(0) for i, n in enumerate(lengths)]),
    ),
    ("07.3", "last words", lambda output, lengths: torch.stack([output[n - 1, i] for i, n in enumerate(lengths)])),
    ("07.3", "one number", lambda output, lengths: torch.stack([output[:n, i].mean() for i, n in enumerate(lengths)])),
    ("07.3", "transposed", lambda output, lengths: torch.stack([output[:n, i].mean(0) for i, n in enumerate(lengths)], dim=1)),
    ("07.3", "all words together", lambda output, lengths: torch.cat([output[:n, i] for i, n in enumerate(lengths)]).mean(0)),
    ("07.4", "batch_first", lambda s: pad_sequence(s, batch_first=True)),
    ("07.4", "stack", lambda s: torch.stack(s)),
    ("07.4", "cat", lambda s: torch.cat(s)),
    ("07.4", "pack", lambda s: nn.utils.rnn.pack_sequence(s, enforce_sorted=False)),
    ("07.4", "value 1", lambda s: pad_sequence(s, padding_value=1)),
    ("07.4", "value -100", lambda s: pad_sequence(s, padding_value=-100)),
    ("07.4", "zeros in front", lambda s: pad_sequence([t.flip(0) for t in s]).flip(0)),
    ("07.4", "with lengths", lambda s: (pad_sequence(s), torch.tensor([len(t) for t in s]))),
    ("08.2", "zero_grad before step", lambda *a: step_of_training(*a, "back zero step")),
    ("08.2", "no zero_grad", lambda *a: step_of_training(*a, "back step")),
    ("08.2", "no step", lambda *a: step_of_training(*a, "zero back")),
    ("08.2", "no backward", lambda *a: step_of_training(*a, "zero step")),
    ("08.2", "step before backward", lambda *a: step_of_training(*a, "zero step back")),
    ("08.2", "step twice", lambda *a: step_of_training(*a, "zero back step step")),
    ("08.3", "broadcast", lambda logits, labels: ((logits > 0) == labels).float().mean()),
    ("08.3", "a count", lambda logits, labels: ((logits[:, 0] > 0) == labels).sum()),
    ("08.3", "percent", lambda logits, labels: 100 * ((logits[:, 0] > 0) == labels).float().mean()),
    ("08.3", "threshold one half", lambda logits, labels: ((logits[:, 0] > 0.5) == labels).float().mean()),
    ("08.3", "wrong answers", lambda logits, labels: ((logits[:, 0] > 0) != labels).float().mean()),
    ("08.3", "share of praise", lambda logits, labels: (logits > 0).float().mean()),
    ("08.3", "each answer", lambda logits, labels: ((logits[:, 0] > 0) == labels).float()),
    ("08.3", "logits equal labels", lambda logits, labels: (logits[:, 0] == labels).float().mean()),
    ("08.3", "no float", lambda logits, labels: ((logits[:, 0] > 0) == labels).mean()),
    ("08.4", "forgot [0]", lambda rnn, decide, x: decide(rnn(x).mean(0))),
    ("08.4", "last", lambda rnn, decide, x: decide(rnn(x)[0][-1])),
    ("08.4", "batch axis", lambda rnn, decide, x: decide(rnn(x)[0].mean(1))),
    ("08.4", "all axes", lambda rnn, decide, x: decide(rnn(x)[0].mean())),
    ("08.4", "no decide", lambda rnn, decide, x: rnn(x)[0].mean(0)),
    ("08.4", "squeezed", lambda rnn, decide, x: decide(rnn(x)[0].mean(0))[:, 0]),
    ("08.4", "sigmoid", lambda rnn, decide, x: decide(rnn(x)[0].mean(0)).sigmoid()),
    ("08.4", "per step", lambda rnn, decide, x: decide(rnn(x)[0])),
    ("08.4", "mean of h_n", lambda rnn, decide, x: decide(rnn(x)[1].mean(0))),
    ("08.4", "keepdim", lambda rnn, decide, x: decide(rnn(x)[0].mean(0, keepdim=True))),
    ("08.4", "features", lambda rnn, decide, x: rnn(x)[0].mean(-1)),
    ("09.2", "no slope", lambda g, h, W: g @ W),
    ("09.2", "transposed", lambda g, h, W: (g * (1 - h**2)) @ W.T),
    ("09.2", "W first", lambda g, h, W: W @ (g * (1 - h**2))),
    ("09.2", "slope not squared", lambda g, h, W: (g * (1 - h)) @ W),
    ("09.2", "tanh again", lambda g, h, W: (g * (1 - torch.tanh(h) ** 2)) @ W),
    ("09.2", "order", lambda g, h, W: (g @ W) * (1 - h**2)),
    ("09.2", "multiplied", lambda g, h, W: g * (1 - h**2)),
    ("09.2", "transposed all", lambda g, h, W: W.T @ (g * (1 - h**2)).T),
    ("09.2", "no g", lambda g, h, W: (1 - h**2) @ W),
    ("09.3", "each alone", lambda grads, m: [g * min(1, m / g.norm().item()) for g in grads]),
    ("09.3", "always scaled", lambda grads, m: shared_clip(grads, m, lambda total, m: m / total)),
    ("09.3", "max for min", lambda grads, m: shared_clip(grads, m, lambda total, m: max(1, m / total))),
    ("09.3", "upside down", lambda grads, m: shared_clip(grads, m, lambda total, m: min(1, total / m))),
    ("09.3", "clamp", lambda grads, m: [g.clamp(-m, m) for g in grads]),
    ("09.3", "max only", lambda grads, m: [g.clamp(max=m) for g in grads]),
    ("09.3", "sum of lengths", lambda grads, m: [g * min(1, m / sum(o.norm().item() for o in grads)) for g in grads]),
    ("09.3", "nothing", lambda grads, m: grads),
    ("09.3", "in place, no return", lambda grads, m: clip_grad_norm_([nn.Parameter(g) for g in grads], m) and None),
    ("09.3", "the norm", lambda grads, m: torch.stack([g.norm() for g in grads]).norm()),
    ("09.3", "clip_grad_norm_ on tensors", lambda grads, m: clip_grad_norm_(grads, m)),
    ("10.2", "feature first", lambda h_n: h_n.permute(1, 2, 0).reshape(h_n.size(1), -1)),
    ("10.2", "view", lambda h_n: h_n.view(h_n.size(1), -1)),
    ("10.2", "transposed only", lambda h_n: h_n.transpose(0, 1)),
    ("10.2", "transposed view", lambda h_n: h_n.transpose(0, 1).view(h_n.size(1), -1)),
    ("10.2", "transpose after", lambda h_n: h_n.reshape(-1, h_n.size(1)).T),
    ("10.2", "last row", lambda h_n: h_n[-1]),
    ("10.2", "flatten", lambda h_n: h_n.flatten(1)),
    ("10.2", "last two", lambda h_n: torch.cat([h_n[-2], h_n[-1]], -1)),
    ("10.2", "flat", lambda h_n: h_n.flatten()),
    ("10.2", "cat along 0", lambda h_n: torch.cat([*h_n])),
    ("10.2", "mean", lambda h_n: h_n.mean(0)),
    ("10.3", "last step of time, untransposed", lambda rnn, head, x: head(rnn(x)[0][-1])),
    ("10.3", "transposed, still [:, -1]", lambda rnn, head, x: head(rnn(x.transpose(0, 1))[0][:, -1])),
    ("10.3", "h_n with its axis", lambda rnn, head, x: head(rnn(x.transpose(0, 1))[1])),
    ("10.3", "all steps", lambda rnn, head, x: head(rnn(x.transpose(0, 1))[0])),
    ("10.3", "h_n untransposed", lambda rnn, head, x: head(rnn(x)[1][-1])),
    ("10.3", "forgot [0]", lambda rnn, head, x: head(rnn(x.transpose(0, 1)))),
    ("10.3", "no head", lambda rnn, head, x: rnn(x.transpose(0, 1))[0][-1]),
    ("10.3", "first step", lambda rnn, head, x: head(rnn(x.transpose(0, 1))[0][0])),
    ("10.3", "reshape", lambda rnn, head, x: head(rnn(x.reshape(x.size(1), x.size(0), -1))[0][-1])),
    ("10.3", "wrong axes", lambda rnn, head, x: head(rnn(x.transpose(1, 2))[0][-1])),
    ("10.4", "padding counts", lambda logits, labels: cross_entropy(logits.flatten(0, 1), labels.flatten())),
    ("10.4", "no flatten", lambda logits, labels: cross_entropy(logits, labels, ignore_index=0)),
    (
        "10.4",
        "view",
        lambda logits, labels: cross_entropy(logits.reshape(labels.size(0), -1, labels.size(1)), labels, ignore_index=0),
    ),
    ("10.4", "softmax", lambda logits, labels: cross_entropy(logits.softmax(-1).flatten(0, 1), labels.flatten(), ignore_index=0)),
    (
        "10.4",
        "sum",
        lambda logits, labels: cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0, reduction="sum"),
    ),
    (
        "10.4",
        "none",
        lambda logits, labels: cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0, reduction="none"),
    ),
    (
        "10.4",
        "mean of zeros",
        lambda logits, labels: cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0, reduction="none").mean(),
    ),
    ("10.4", "argmax", lambda logits, labels: cross_entropy(logits.argmax(-1).float(), labels.float())),
    (
        "10.4",
        "divided by N",
        lambda logits, labels: (
            cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0, reduction="sum") / len(labels)
        ),
    ),
    ("10.4", "share of right words", lambda logits, labels: (logits.argmax(-1) == labels).float().mean()),
    ("11.2", "result only", lambda rnn, x: rnn(x)[0].double()),
    ("11.2", "only x", lambda rnn, x: rnn(x.double())[0]),
    ("11.2", "pair", lambda rnn, x: rnn.double()(x.double())),
    ("11.2", "h_n", lambda rnn, x: rnn.double()(x.double())[1]),
    ("11.2", "only rnn", lambda rnn, x: rnn.double()(x)[0]),
    ("11.2", "neither", lambda rnn, x: rnn(x)[0]),
    ("11.3", "signed", lambda output, truth: (output - truth).max()),
    ("11.3", "mean", lambda output, truth: (output - truth).abs().mean()),
    ("11.3", "abs late", lambda output, truth: (output - truth).max().abs()),
    ("11.3", "all", lambda output, truth: (output - truth).abs()),
    ("11.3", "float32", lambda output, truth: (output - truth.float()).abs().max()),
    ("11.3", "allclose", lambda output, truth: torch.allclose(output.double(), truth)),
    ("11.3", "smallest", lambda output, truth: (output - truth).abs().min()),
    ("11.3", "squared", lambda output, truth: ((output - truth) ** 2).max()),
    ("11.3", "minimum", lambda output, truth: (output - truth).min()),
    ("11.3", "along an axis", lambda output, truth: (output - truth).abs().max(0)),
    ("12.2", "after", lambda logits, t: logits.softmax(-1) / t),
    ("12.2", "times", lambda logits, t: (logits * t).softmax(-1)),
    ("12.2", "no softmax", lambda logits, t: logits / t),
    ("12.2", "log_softmax", lambda logits, t: (logits / t).log_softmax(-1)),
    ("12.2", "sampled", lambda logits, t: torch.multinomial((logits / t).softmax(-1), 1)),
    ("12.2", "exp alone", lambda logits, t: (logits / t).exp()),
    ("12.2", "the word", lambda logits, t: (logits / t).softmax(-1).argmax()),
    ("12.2", "sigmoid", lambda logits, t: (logits / t).sigmoid()),
    ("13.3", "z swapped", lambda *a: gru(*a, lambda r, z, n_x, n_h, h: z * torch.tanh(n_x + r * n_h) + (1 - z) * h)),
    ("13.3", "no reset", lambda *a: gru(*a, lambda r, z, n_x, n_h, h: (1 - z) * torch.tanh(n_x + n_h) + z * h)),
    ("13.3", "reset of all", lambda *a: gru(*a, lambda r, z, n_x, n_h, h: (1 - z) * torch.tanh(r * (n_x + n_h)) + z * h)),
    ("13.3", "r and z swapped", lambda *a: gru(*a, lambda z, r, n_x, n_h, h: (1 - z) * torch.tanh(n_x + r * n_h) + z * h)),
    ("13.3", "no tanh", lambda *a: gru(*a, lambda r, z, n_x, n_h, h: (1 - z) * (n_x + r * n_h) + z * h)),
    ("13.3", "no old state", lambda *a: gru(*a, lambda r, z, n_x, n_h, h: (1 - z) * torch.tanh(n_x + r * n_h))),
    (
        "13.3",
        "gates by tanh",
        lambda *a: gru(*a, lambda r, z, n_x, n_h, h: (1 - z) * torch.tanh(n_x + r * n_h) + z * h, squash=torch.tanh),
    ),
    ("13.3", "only the new content", lambda *a: gru(*a, lambda r, z, n_x, n_h, h: torch.tanh(n_x + r * n_h))),
    ("13.4", "twice", lambda lstm, bias: forget_bias(lstm, bias, 1, 2, bias)),
    ("13.4", "first block", lambda lstm, bias: forget_bias(lstm, bias, 0, 1, 0)),
    ("13.4", "third block", lambda lstm, bias: forget_bias(lstm, bias, 2, 3, 0)),
    ("13.4", "all", lambda lstm, bias: forget_bias(lstm, bias, 0, 4, 0)),
    (
        "13.4",
        "added to what is there",
        lambda lstm, bias: lstm.bias_ih_l0.data[lstm.hidden_size : 2 * lstm.hidden_size].add_(bias),
    ),
    ("13.4", "other bias kept", lambda lstm, bias: lstm.bias_ih_l0.data[lstm.hidden_size : 2 * lstm.hidden_size].fill_(bias)),
    ("13.4", "in place with grad", lambda lstm, bias: lstm.bias_ih_l0[lstm.hidden_size : 2 * lstm.hidden_size].fill_(bias)),
    ("13.4", "half each", lambda lstm, bias: forget_bias(lstm, bias / 4, 1, 2, bias / 4)),
    ("13.4", "nothing", lambda lstm, bias: lstm),
]
