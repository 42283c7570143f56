"""Models of many shapes, right ones and faulty ones, in our own words after what people publish and report.

Each has its batch and the marks that `check_habits` gives it: of batch, padding, dropout and state.
"""

import random
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence, pad_sequence

N, L, V = 4, 7, 30
MODELS = {}


def vectors(*sizes):
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(0))


def padded(x, lengths, value=0):
    for row, length in zip(x, lengths):
        row[length:] = value
    return x


def word_ids(*lengths):
    return padded(torch.randint(1, V, (len(lengths), max(lengths)), generator=torch.Generator().manual_seed(0)), lengths)


LENGTHS = torch.tensor([7, 3, 5, 2])
IDS, X = word_ids(7, 3, 5, 2), vectors(N, L, 3)
PADDED, MASK, ENDING = (IDS, LENGTHS), IDS != 0, padded(vectors(N, L, 3), LENGTHS)
RAGGED = [row[:length] for row, length in zip(IDS, LENGTHS)]


def gru(size=6, hidden=5, *args, kind=nn.GRU, **keywords):
    return lambda: kind(size, hidden, *args, **{"batch_first": True, **keywords})


def linear(size=5, out=3):
    return lambda: nn.Linear(size, out)


WORDS = dict(emb=lambda: nn.Embedding(V, 6, padding_idx=0), rnn=gru())
CLASSIFIER = dict(**WORDS, fc=linear())
UNDECLARED = dict(emb=lambda: nn.Embedding(V, 6), rnn=gru())  # no padding_idx
SCORED = dict(**CLASSIFIER, score=linear(5, 1))
READER = dict(rnn=gru(3), fc=linear())
TIME_FIRST = dict(rnn=gru(3, batch_first=False))
HEADS = dict(emb=WORDS["emb"], rnn=gru(6, 4), attention=lambda: nn.MultiheadAttention(4, 2, batch_first=True), fc=linear(4))


def model(name, marks, batch, forward=None, **parts):
    """Put a model with this forward and these parts into the table; without a forward, as a decorator of one."""
    if forward is None:
        return lambda forward: model(name, marks, batch, forward, **parts)

    def make():
        torch.manual_seed(0)
        made = type("Net", (nn.Module,), {"forward": forward})()
        for key, part in parts.items():
            setattr(made, key, part())
        return made

    MODELS[name] = make, batch, marks


def pack(x, lengths, **keywords):
    return pack_padded_sequence(x, lengths, **{"batch_first": True, "enforce_sorted": False, **keywords})


def last_state(m, ids, lengths):
    return m.fc(m.rnn(pack(m.emb(ids), lengths))[1][-1])


def unpacked(m, ids, lengths, **keywords):
    return pad_packed_sequence(m.rnn(pack(m.emb(ids), lengths))[0], batch_first=True, **keywords)[0]


def tagger(m, ids):
    return m.fc(m.rnn(m.emb(ids))[0])


def mean(m, ids, mask):
    return m.fc((m.rnn(m.emb(ids))[0] * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True))


def attended(m, output, padding, value=float("-inf")):
    weights = m.score(output).masked_fill(padding.unsqueeze(-1), value).softmax(1)
    return {"scores": m.fc((weights * output).sum(1)), "weights": weights}


def heads(m, ids, key_padding_mask):
    output = m.rnn(m.emb(ids))[0]
    return m.fc(m.attention(output[:, :1], output, output, key_padding_mask=key_padding_mask)[0].squeeze(1))


@dataclass(frozen=True)
class Scores:
    logits: Tensor
    states: Tensor | None = None


@dataclass
class Sentences:
    ids: Tensor
    lengths: Tensor
    title: str = "a batch"


# ---- right: lengths and masks -------------------------------------------------------------------------------------------------

DOWN = torch.tensor([7, 5, 3, 2])
model("packed, last state", "✓✓✓✓", PADDED, last_state, **CLASSIFIER)
model("lengths in a list", "✓✓✓✓", (IDS, LENGTHS.tolist()), last_state, **CLASSIFIER)
model("lengths in an array", "✓✓✓✓", (IDS, LENGTHS.numpy()), lambda m, x, n: last_state(m, x, torch.from_numpy(n)), **CLASSIFIER)
model("lengths in a dictionary", "✓✓✓✓", (IDS, {"n": LENGTHS}), lambda m, x, info: last_state(m, x, info["n"]), **CLASSIFIER)
model("sorted", "✓✓✓✓", (word_ids(*DOWN), DOWN), lambda m, x, n: m.rnn(pack(m.emb(x), n, enforce_sorted=True))[1], **WORDS)
model("shares", "✓✓✓✓", (ENDING, LENGTHS / 7), lambda m, x, n: m.rnn(pack(x, (n * x.size(1)).round().long()))[1], rnn=gru(3))
model("last word by its length", "✓✓✓✓", PADDED, lambda m, x, n: tagger(m, x)[torch.arange(len(x)), n - 1], **CLASSIFIER)
model("masked mean", "✓✓✓✓", (IDS, MASK), mean, **CLASSIFIER)
model("masked mean of 0.0 and 1.0", "✓✓✓✓", (IDS, MASK.float()), mean, **CLASSIFIER)
model("masked mean, by name", "✓✓✓✓", dict(x=IDS, y=MASK), lambda m, x, y: SimpleNamespace(a=mean(m, x, y)), **CLASSIFIER)
model(
    "masked attention", "✓✓✓✓", PADDED, lambda m, x, n: attended(m, unpacked(m, x, n, total_length=x.size(1)), x == 0), **SCORED
)
model("a mask of ones", "✓✓✓✓", (IDS, torch.ones(N, L)), mean, **CLASSIFIER)
model("True is padding", "✓✓✓✓", (IDS, ~MASK), heads, **HEADS)
model("no padding at all", "✓✓✓✓", (word_ids(7, 7, 7), torch.zeros(3, 7, dtype=torch.bool)), heads, **HEADS)


@model("a mask with an axis for heads", "✓✓✓✓", (IDS, MASK.long().unsqueeze(1)), **WORDS)
def _(m, ids, mask):
    output = m.rnn(m.emb(ids))[0]
    return ((output @ output[:, :1].mT).mT.masked_fill(mask == 0, float("-inf")).softmax(-1) @ output).squeeze(1)


@model("both final states", "✓✓✓✓", PADDED, emb=WORDS["emb"], rnn=gru(kind=nn.LSTM, bidirectional=True))
def _(m, ids, lengths):
    _, (h, _) = m.rnn(pack(m.emb(ids), lengths.cpu()))
    return torch.cat([h[-2], h[-1]], dim=1)


@model("sorted and unsorted", "✓✓✓✓", (ENDING, LENGTHS.numpy()), rnn=gru(3, kind=nn.LSTM))
def _(m, x, lengths):
    order = np.argsort(-lengths, kind="stable")
    packed = pack(x[order], lengths[order].copy(), enforce_sorted=True)
    return pad_packed_sequence(m.rnn(packed)[0], batch_first=True)[0][np.argsort(order)]


@model("two texts", "✓✓✓✓", (IDS, word_ids(2, 7, 4, 6), LENGTHS, torch.tensor([2, 7, 4, 6])), **CLASSIFIER)
def _(m, one, other, one_lengths, other_lengths):
    return (last_state(m, one, one_lengths) - last_state(m, other, other_lengths)).abs().sum(1)


# ---- right: what is given and what is returned ----------------------------------------------------------------------------------

model("a dataclass returned", "✓✓✓✓", PADDED, lambda m, ids, n: Scores(last_state(m, ids, n)), **CLASSIFIER)
model("a dataclass given", "✓✓✓✓", Sentences(*PADDED), lambda m, batch: last_state(m, batch.ids, batch.lengths), **CLASSIFIER)
model("a pair given", "✓✓✓✓", PADDED, lambda m, batch: last_state(m, *batch), **CLASSIFIER)
model("a dictionary given", "✓✓✓✓", dict(a=IDS, b=LENGTHS), lambda m, batch: last_state(m, *batch.values()), **CLASSIFIER)
model("a list of steps", "✓✓✓✓", X, lambda m, x: list(m.rnn(x)[0].unbind(1)), rnn=gru(3))
model("a list of steps, N == L", "✓✓✓✓", vectors(5, 5, 3), lambda m, x: list(m.rnn(x)[0].unbind(1)), rnn=gru(3))
model("a list of sequences given", "✓✓✓✓", RAGGED, lambda m, x: m.rnn(pack_sequence([*map(m.emb, x)], False))[1], **WORDS)
model("a list returned", "✓✓✓✓", PADDED, lambda m, x, n: [row[:k] for row, k in zip(unpacked(m, x, n), n)], **WORDS)
model("a packed batch", "✓✓✓✓", pack_sequence([vectors(5, 3), vectors(2, 3)]), lambda m, packed: m.rnn(packed), rnn=gru(3))
model("packed answers", "✓✓✓✓", PADDED, lambda m, ids, n: dict(zip("ab", m.rnn(pack(m.emb(ids), n)))), **WORDS)
model("transposes itself", "✓✓✓✓", X, lambda m, x: m.rnn(x.transpose(0, 1))[0].transpose(0, 1), **TIME_FIRST)
model("tagger", "✓✓✓✓", IDS, tagger, **CLASSIFIER)
model("tagger, flat", "✓✓✓✓", IDS, lambda m, ids: tagger(m, ids).reshape(-1, 3), **CLASSIFIER)
model("each with each", "✓?✓✓", (X, vectors(N, 5, 3) + 1), lambda m, x, y: m.rnn(x)[1][-1] @ m.rnn(y)[1][-1].T, rnn=gru(3))
model("squeezed", "✓?✓✓", vectors(2, 7, 3), lambda m, x: m.fc(m.rnn(x)[1][-1]).squeeze(), rnn=gru(3), fc=linear(5, 1))
for labels in ([0, 2, 1, 1], [7, 2, 1, 3], [1, 1, 1, 1]):  # they fit as lengths, but there is no padding behind them

    @model(f"loss and logits, {labels}", "✓?✓✓", (X, torch.tensor(labels)), rnn=gru(3, 8))
    def _(m, x, labels):
        logits = m.rnn(x)[0][:, -1]
        return F.cross_entropy(logits, labels), logits


# ---- right: how it reads --------------------------------------------------------------------------------------------------------

STATES = vectors(2, N, 5)
model("a given start", "✓?✓✓", (X, (STATES, STATES + 1)), lambda m, x, state: m.rnn(x, state), rnn=gru(3, 5, 2, kind=nn.LSTM))
model("as many layers as sequences", "✓?✓✓", (vectors(2, 5, 3), vectors(2, 2, 5)), lambda m, x, h: m.rnn(x, h), rnn=gru(3, 5, 2))
model(
    "states (N, N, H)",
    "✓✓✓✓",
    (X, vectors(N, 4, 5)),
    lambda m, x, h: m.rnn(x, h.transpose(0, 1).contiguous())[0],
    rnn=gru(3, 5, 4),
)
model("norm made later", "✓?✓✓", X, lambda m, x: m.norm(m.rnn(x)[1][-1]), rnn=gru(3), norm=lambda: nn.LazyBatchNorm1d())
model(
    "two heads",
    "✓✓✓✓",
    X,
    lambda m, x: (y := m.rnn(x)[0].unflatten(2, (2, 2)).transpose(1, 2).flatten(0, 1)) @ y.mT,
    rnn=gru(3, 4),
)
model("a head made later", "✓✓✓✓", IDS, tagger, **{**CLASSIFIER, "fc": lambda: nn.LazyLinear(3)})
model(
    "time first with a state, H == L",
    "✓✓✓✓",
    (vectors(5, 4, 3), vectors(2, 4, 5)),
    lambda m, x, h: m.rnn(x, h)[0].flatten(0, 1),
    rnn=gru(3, 5, 2, batch_first=False),
)
model("a fixed size", "✓?✓✓", X, lambda m, x: m.rnn(x, torch.zeros(1, 4, 5))[0][:, -1], rnn=gru(3))
model("one by one", "✓?✓✓", X, lambda m, x: torch.stack([m.rnn(row)[0][-1] for row in x]), rnn=gru(3))
model("half", "✓?✓✓", X.half(), lambda m, x: m.rnn(x)[1][-1], rnn=lambda: gru(3)().half())
model("long", "✓?✓✓", vectors(5, 200, 3), lambda m, x: m.rnn(x * 3)[0][:, -1], rnn=gru(3, 40, kind=nn.RNN))
model("batch norm", "✓?✓✓", X, lambda m, x: m.norm(m.rnn(x)[1][-1]), rnn=gru(3), norm=lambda: nn.BatchNorm1d(5))
model(
    "convolved", "✓?✓✓", X, lambda m, x: m.rnn(m.conv(x.mT).mT)[0][:, -1], rnn=gru(), conv=lambda: nn.Conv1d(3, 6, 3, padding=1)
)
model("dropout as a function", "✓?✓✓", X, lambda m, x: F.dropout(m.rnn(x)[1][-1], 0.4, m.training), rnn=gru(3))
model("ends in 0", "✓?✓✓", torch.tensor([[3, 0, 5], [4, 1, 0]]), lambda m, x: m.rnn(m.emb(x).flip(1))[1], **UNDECLARED)
model(
    "time first",
    "✓?✓✓",
    (vectors(7, 4, 3), vectors(5, 4, 5)),
    lambda m, x, y: m.top(y, m.rnn(x)[1]),
    **TIME_FIRST,
    top=lambda: nn.GRU(5, 5),
)
model("a weight for each", "✓✓✓✓", (X, vectors(4)), lambda m, x, weight: m.rnn(x)[0] * weight[:, None, None], rnn=gru(3))


@model("cells in a loop", "✓?✓✓", X, cell=lambda: nn.LSTMCell(3, 5))
def _(m, x):
    state = None
    for step in x.unbind(1):
        state = m.cell(step, state)
    return state[0]


@model("teacher forcing", "✓?✓✓", (X, vectors(N, 5, 5)), rnn=gru(3), decoder=gru(5))
def _(m, source, target):
    (_, h), step, answers = m.rnn(source), target[:, :1], []
    for t in range(target.size(1)):
        output, h = m.decoder(step, h)
        answers.append(output)
        step = target[:, t : t + 1] if m.training and random.random() < 0.5 else output
    return torch.cat(answers, 1)


@model("directions merged", "✓?✓✓", X, rnn=gru(3, 5, 2, bidirectional=True))
def _(m, x):
    return m.rnn(x)[1].view(2, 2, len(x), 5).transpose(1, 2).reshape(2, len(x), 10)[-1]


@model("words and sentences", "✓?✓✓", torch.randint(1, V, (N, 3, 5), generator=torch.Generator()), **WORDS, upper=gru(5))
def _(m, documents):
    words = m.rnn(m.emb(documents.flatten(0, 1)))[1][-1]
    return m.upper(words.view(*documents.shape[:2], -1))[1][-1]


@model("noise and dropout", "✓?✓✓", X, rnn=gru(3), drop=lambda: nn.Dropout(0.01))
def _(m, x):
    return m.drop(m.rnn(x + 0.01 * torch.randn_like(x) * m.training)[1][-1])


@model("stateful with a reset", "✓?✓✓", X, rnn=gru(3), h=lambda: None)
def _(m, x):
    m.h = torch.zeros(1, len(x), 5)
    output, m.h = m.rnn(x, m.h)
    return output[:, -1]


# ---- faulty: padding is read -----------------------------------------------------------------------------------------------------

model("last step of padded", "✓✗✓✓", IDS, lambda m, ids: tagger(m, ids)[:, -1], **CLASSIFIER)
model("last state of padded", "✓✗✓✓", ENDING, lambda m, x: m.rnn(x)[1][-1], rnn=gru(3))
model("padding in front", "✓✗✓✓", IDS.flip(1), lambda m, ids: m.rnn(m.emb(ids))[1], **WORDS)
model("unpacked, last column", "✓✗✓✓", PADDED, lambda m, ids, n: unpacked(m, ids, n)[:, -1], **WORDS)
model("mean of all", "✓✗✓✓", PADDED, lambda m, ids, n: unpacked(m, ids, n).mean(1), **WORDS)
model(
    "attention", "✓✗✓✓", PADDED, lambda m, x, n: attended(m, unpacked(m, x, n), torch.zeros(*x.shape).bool())["scores"], **SCORED
)
model("mask inverted", "✓✗✓✓", (IDS, MASK), lambda m, ids, mask: attended(m, m.rnn(m.emb(ids))[0], mask), **SCORED)
model("backward direction", "✓✗✓✓", IDS, lambda m, ids: m.rnn(m.emb(ids))[0], emb=WORDS["emb"], rnn=gru(bidirectional=True))
model("normalised in time", "✓✗✓✓", (ENDING, LENGTHS), lambda m, x, n: m.rnn(pack(x - x.mean(1, True), n))[1], rnn=gru(3))
model("padded inside", "✓✗✓✓", (RAGGED,), lambda m, x: m.rnn(m.emb(pad_sequence(x, True)))[0][:, -1], **WORDS)
CONVOLVED = dict(rnn=gru(), conv=lambda: nn.Conv1d(3, 6, 3, padding=1))
model("convolved, then packed", "✓✗✓✓", (X, LENGTHS), lambda m, x, n: m.rnn(pack(m.conv(x.mT).mT, n))[1], **CONVOLVED)
for batch, marks in (((X, LENGTHS), "✓?✓✓"), ((ENDING + (ENDING == 0), LENGTHS), "✓✗✓✓")):  # unlike padding may be no padding
    model(f"convolved, {marks}", marks, batch, lambda m, x, n: m.rnn(m.conv(x.mT).mT)[0][torch.arange(N), n - 1], **CONVOLVED)
model("only a loss", "?✗✓✓", IDS, lambda m, ids: tagger(m, ids)[:, -1].mean(), **CLASSIFIER)


model("a row for each step", "??✓✓", PADDED, lambda m, ids, n: m.fc(unpacked(m, ids, n).sum(0)), **CLASSIFIER)
model("a masked loss", "??✓✓", (IDS, MASK), lambda m, ids, mask: (tagger(m, ids).sum(-1) * mask).sum(), **CLASSIFIER)


@model("a dataclass, padding and state", "✓✗✓✗", IDS, **CLASSIFIER, h=lambda: None)
def _(m, ids):
    output, h = m.rnn(m.emb(ids), m.h)
    m.h = h.detach()
    return Scores(m.fc(output[:, -1]))


# ---- faulty: sequences are mixed -------------------------------------------------------------------------------------------------

model("the first length for all", "✗?✓✓", PADDED, lambda m, ids, n: tagger(m, ids)[:, n[0] - 1], **CLASSIFIER)
model("h_n by view", "✗?✓✓", X, lambda m, x: m.rnn(x)[1].view(len(x), -1), rnn=gru(3, 5, 2))
model("softmax over the batch", "✗?✓✓", X, lambda m, x: m.rnn(x)[1][-1].softmax(0), rnn=gru(3))
model("swapped", "✗?✓✓", IDS, lambda m, ids: m.rnn(m.emb(ids))[0][:, -1], emb=WORDS["emb"], rnn=gru(batch_first=False))
model("swapped by position", "✗?✓✓", X, lambda m, x: m.rnn(x)[0][:, -1], rnn=lambda: nn.GRU(3, 5, 1, True))
model("swapped, N == L", "✗?✓✓", vectors(5, 5, 3), lambda m, x: m.rnn(x)[0][:, -1], **TIME_FIRST)
model("swapped, last state", "✗?✓✓", X, lambda m, x: m.rnn(x)[1][-1], **TIME_FIRST)
model("swapped cells", "✗?✓✓", X, lambda m, x: torch.stack([m.cell(step) for step in x])[-1], cell=lambda: nn.GRUCell(3, 5))
model("view for transpose", "✗?✓✓", X, lambda m, x: m.rnn(x.view(L, N, 3))[0][-1], **TIME_FIRST)
model("centred", "✗?✓✓", X[:3], lambda m, x: m.rnn(x)[1][-1] - m.rnn(x)[1][-1].mean(0), rnn=gru(3))
model("two axes", "✗?✓✓", vectors(6, 3), lambda m, x: m.rnn(x)[0], rnn=gru(3))
model("normalised over the batch", "✗?✓✓", X, lambda m, x: m.rnn((x - x.mean()) / x.std())[1][-1], rnn=gru(3))
model("one start for all", "✗?✓✓", X, lambda m, x: m.rnn(x, x.mean().expand(1, N, 5)[:, : len(x)].contiguous())[1], rnn=gru(3))


@model("sorted, not unsorted", "✗?✓✓", PADDED, **CLASSIFIER)
def _(m, ids, lengths):
    lengths, order = lengths.sort(descending=True)
    return last_state(m, ids[order], lengths)


@model("swapped, the decoder only", "✗?✓✓", (X, vectors(N, 6, 2)), encoder=gru(3), decoder=gru(2, batch_first=False))
def _(m, source, target):
    h = m.encoder(source)[1].mean(1, keepdim=True)
    return m.decoder(target, h.expand(-1, target.size(1), -1).contiguous())[0]


STATIC = (vectors(N, 5), ENDING, LENGTHS)  # what is no sequence stands first
model("static features first", "✓✗✓✓", STATIC, lambda m, s, x, n: torch.cat([s, m.rnn(x)[1][-1]], 1), rnn=gru(3))

# ---- faulty: state and random numbers ---------------------------------------------------------------------------------------------


@model("a state carried over", "✓?✓✗", X, rnn=gru(3), h=lambda: None)
def _(m, x):
    output, h = m.rnn(x, m.h if m.h is not None and m.h.size(1) == len(x) else None)
    m.h = h.detach()
    return output[:, -1]


@model("dropout behind noise", "✓?✗✓", X, rnn=gru(3, dropout=0.5))
def _(m, x):
    return m.rnn(x + 0.01 * torch.randn_like(x) * m.training)[1][-1]


model("a random start", "??✗✓", X, lambda m, x: m.rnn(x, torch.randn(1, len(x), 5))[1][-1], rnn=gru(3))
model("dropout that never rests", "??✗✓", X, lambda m, x: F.dropout(m.rnn(x)[1][-1], 0.4), rnn=gru(3))
model("dropout of one layer", "✓?✗✓", X, lambda m, x: m.rnn(x)[1][-1], rnn=gru(3, dropout=0.5))
