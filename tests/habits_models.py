"""Models of many shapes, right ones and faulty ones, rebuilt in our own words after what people publish and report."""

import random
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence, pad_sequence

N, L, V = 4, 7, 30
LENGTHS = torch.tensor([7, 3, 5, 2])


def generator():
    return torch.Generator().manual_seed(0)


def vectors(*sizes):
    return torch.randn(*sizes, generator=generator())


def word_ids(lengths=LENGTHS, low=1):
    ids = torch.randint(low, V, (len(lengths), int(max(lengths))), generator=generator())
    for n, length in enumerate(lengths):
        ids[n, length:] = 0
    return ids


def padded(lengths=LENGTHS, features=3, value=0.0):
    x = vectors(len(lengths), int(max(lengths)), features)
    for n, length in enumerate(lengths):
        x[n, length:] = value
    return x


IDS, X = word_ids(), vectors(N, L, 3)
MASK = IDS != 0


def net(forward, **parts):
    """A module that has these parts, and this method for its forward."""
    torch.manual_seed(0)
    model = type("Net", (nn.Module,), {"forward": forward})()
    for name, part in parts.items():
        setattr(model, name, part() if callable(part) and not isinstance(part, nn.Module) else part)
    return model


def embed(**keywords):
    return lambda: nn.Embedding(V, 6, padding_idx=0, **keywords)


def gru(size=6, hidden=5, *args, **keywords):
    return lambda: nn.GRU(size, hidden, *args, **{"batch_first": True, **keywords})


def lstm(size=6, hidden=5, *args, **keywords):
    return lambda: nn.LSTM(size, hidden, *args, **{"batch_first": True, **keywords})


def linear(size=5, out=3):
    return lambda: nn.Linear(size, out)


def unpacked(rnn, x, lengths, **keywords):
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(rnn(packed)[0], batch_first=True, **keywords)[0]


def last_of(output, lengths):
    return output[torch.arange(len(output)), lengths - 1]


@dataclass(frozen=True)
class Scores:
    logits: Tensor
    states: Tensor | None = None


@dataclass
class Sentences:
    ids: Tensor
    lengths: Tensor
    title: str = "a batch"


# ---- right models: (a function that makes one, its batch, keywords of check_habits) -----------------------------------------


def packed_last_state(self, ids, lengths):
    packed = pack_padded_sequence(self.emb(ids), lengths, batch_first=True, enforce_sorted=False)
    return self.fc(self.rnn(packed)[1][-1])


def both_final_states(self, ids, lengths):
    packed = pack_padded_sequence(self.emb(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, (h, _) = self.rnn(packed)
    return self.fc(torch.cat([h[-2], h[-1]], dim=1))


def sorted_packing(self, ids, lengths):  # enforce_sorted=True: no other order will do
    packed = pack_padded_sequence(self.emb(ids), lengths, batch_first=True)
    return self.fc(self.rnn(packed)[1][-1])


def sorts_and_unsorts(self, x, lengths):
    order = np.argsort(-np.asarray(lengths), kind="stable")
    packed = pack_padded_sequence(x[order], np.asarray(lengths)[order].copy(), batch_first=True)
    output = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0]
    return output[np.argsort(order)]


def masked_mean(self, ids, mask):
    output = self.rnn(self.emb(ids))[0] * mask.unsqueeze(-1)
    return self.fc(output.sum(1) / mask.sum(1, keepdim=True))


def masked_max(self, ids):
    output = self.rnn(self.emb(ids))[0].masked_fill((ids == 0).unsqueeze(-1), float("-inf"))
    return self.fc(output.max(1).values)


def last_word(self, ids, lengths):
    return self.fc(last_of(self.rnn(self.emb(ids))[0], lengths))


def attention(self, ids, lengths):
    output = unpacked(self.rnn, self.emb(ids), lengths, total_length=ids.size(1))
    scores = self.score(output).squeeze(-1).masked_fill(ids == 0, -1e9)
    weights = scores.softmax(1)
    return {"scores": self.fc(torch.bmm(weights.unsqueeze(1), output).squeeze(1)), "weights": weights}


def multihead(self, ids, key_padding_mask):
    output = self.rnn(self.emb(ids))[0]
    return self.fc(self.attention(output[:, :1], output, output, key_padding_mask=key_padding_mask)[0].squeeze(1))


def wide_mask(self, ids, mask):  # (N, 1, L), as for attention over heads
    output = self.rnn(self.emb(ids))[0]
    weights = (output @ output[:, 0].unsqueeze(-1)).transpose(1, 2).masked_fill(mask == 0, float("-inf")).softmax(-1)
    return (weights @ output).squeeze(1)


def relative_lengths(self, x, relative):
    lengths = (relative * x.size(1)).round().long()
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return self.rnn(packed)[1][-1]


def tagger(self, ids):
    return self.fc(self.rnn(self.emb(ids))[0])


def flat_tagger(self, ids):
    return self.fc(self.rnn(self.emb(ids))[0].reshape(-1, 5))  # (N*L, 3)


def teacher_forcing(self, source, target):
    _, h = self.encoder(source)
    step, answers = target[:, :1], []
    for t in range(target.size(1)):
        output, h = self.decoder(step, h)
        answers.append(self.fc(output))
        step = target[:, t : t + 1] if self.training and random.random() < 0.5 else answers[-1]
    return torch.cat(answers, 1)


def list_of_steps(self, x):
    h, answers = x.new_zeros(len(x), 5), []
    for t in range(x.size(1)):
        h = self.cell(x[:, t], h)
        answers.append(self.fc(h))
    return answers


def lstm_cells(self, x):
    state = None
    for t in range(x.size(1)):
        state = self.cell(x[:, t], state)
    return self.fc(state[0])


def returns_dataclass(self, ids, lengths):
    return Scores(self.fc(last_of(self.rnn(self.emb(ids))[0], lengths)))


def reads_dataclass(self, batch):
    return packed_last_state(self, batch.ids, batch.lengths)


def reads_pair(self, batch):
    ids, lengths = batch
    return packed_last_state(self, ids, lengths)


def reads_dictionary(self, batch):
    return packed_last_state(self, batch["ids"], batch["lengths"])


def reads_list(self, sequences):
    packed = pack_sequence([self.emb(sequence) for sequence in sequences], enforce_sorted=False)
    return self.fc(self.rnn(packed)[1][-1])


def returns_list(self, ids, lengths):
    output = unpacked(self.rnn, self.emb(ids), lengths)
    return [self.fc(row[:length]) for row, length in zip(output, lengths.tolist())]


def stateful_reset(self, x):
    self.h = torch.zeros(1, len(x), 5)
    output, self.h = self.rnn(x, self.h)
    return self.fc(output[:, -1])


def residual_norm(self, x):
    for rnn, norm in zip(self.rnns, self.norms):
        x = norm(x + rnn(x)[0])
    return x[:, -1]


def convolved(self, x):
    return self.fc(self.rnn(self.conv(x.transpose(1, 2)).transpose(1, 2))[0][:, -1])


def batch_norm(self, x):
    return self.fc(self.norm(self.rnn(x)[1][-1]))


def learned_start(self, x):
    return self.rnn(x, self.h0.expand(-1, len(x), -1).contiguous())[0]


def given_start(self, x, state):
    output, (h, c) = self.rnn(x, state)
    return output, (h, c)


def merged_directions(self, x):
    h = self.rnn(x)[1]  # (layers*2, N, H)
    return h.view(2, 2, len(x), 5).transpose(1, 2).reshape(2, len(x), 10)[-1]


def dual_encoder(self, questions, answers):
    return self.rnn(questions)[1][-1] @ self.rnn(answers)[1][-1].T  # (N, N)


def siamese(self, one, other, one_lengths, other_lengths):
    def read(ids, lengths):
        packed = pack_padded_sequence(self.emb(ids), lengths, batch_first=True, enforce_sorted=False)
        h = self.rnn(packed)[1]
        return torch.cat([h[-2], h[-1]], 1)

    return (read(one, one_lengths) - read(other, other_lengths)).abs().sum(1)


def hierarchical(self, documents):  # (N, sentences, words)
    n, s, w = documents.shape
    words = self.rnn(self.emb(documents.view(n * s, w)))[1][-1]
    return self.fc(self.upper(words.view(n, s, -1))[1][-1])


def loss_and_logits(self, x, labels):
    logits = self.fc(self.rnn(x)[0][:, -1])
    return F.cross_entropy(logits, labels), logits


def noise_in_training(self, x):
    if self.training:
        x = x + 0.01 * torch.randn_like(x)
    return self.fc(self.drop(self.rnn(x)[1][-1]))


def functional_dropout(self, x):
    return self.fc(F.dropout(self.rnn(x)[1][-1], 0.4, self.training))


def fixed_batch(self, x):
    h0 = torch.zeros(1, self.batch_size, 5)
    return self.fc(self.rnn(x, h0)[0][:, -1])


def squeezed(self, x):
    return self.fc(self.rnn(x)[0][:, -1]).squeeze()


def one_by_one(self, x):
    return torch.stack([self.fc(self.rnn(row)[0][-1]) for row in x])


def time_first(self, source, target):
    return self.decoder(target, self.encoder(source)[1])[0]


def numpy_lengths(self, ids, lengths):
    return packed_last_state(self, ids, torch.as_tensor(np.asarray(lengths)))


def named_arguments(self, ids, mask, labels=None):
    return SimpleNamespace(logits=masked_mean(self, ids, mask), loss=None)


def lazily_built(self, x):
    if self.head is None:
        self.head = nn.Linear(5, 3)
    return self.head(self.rnn(x)[1][-1])


CLASSIFIER = dict(emb=embed(), rnn=gru(), fc=linear())
BY_LENGTH = LENGTHS.sort(descending=True).values
RAGGED = [row[:length] for row, length in zip(IDS, LENGTHS.tolist())]
DOCUMENTS = torch.randint(1, V, (N, 3, 5), generator=generator())


def reversed_state():
    return net(lambda self, x, h: self.rnn(x, h.transpose(0, 1).contiguous())[0], rnn=gru(3, 5, 4))


RIGHT = {
    "packed, last state": (lambda: net(packed_last_state, **CLASSIFIER), (IDS, LENGTHS)),
    "packed, lengths in a list": (lambda: net(packed_last_state, **CLASSIFIER), (IDS, LENGTHS.tolist())),
    "packed, lengths in an array": (lambda: net(numpy_lengths, **CLASSIFIER), (IDS, LENGTHS.numpy())),
    "packed, both final states": (
        lambda: net(both_final_states, emb=embed(), rnn=lstm(bidirectional=True), fc=linear(10)),
        (IDS, LENGTHS),
    ),
    "packed, must be sorted": (lambda: net(sorted_packing, **CLASSIFIER), (word_ids(BY_LENGTH), BY_LENGTH)),
    "sorted and unsorted": (lambda: net(sorts_and_unsorts, rnn=lstm(3)), (padded(), LENGTHS.numpy())),
    "masked mean": (lambda: net(masked_mean, **CLASSIFIER), (IDS, MASK)),
    "masked mean, mask of 0.0 and 1.0": (lambda: net(masked_mean, **CLASSIFIER), (IDS, MASK.float())),
    "masked max, mask from the ids": (lambda: net(masked_max, **CLASSIFIER), IDS),
    "last word by its length": (lambda: net(last_word, **CLASSIFIER), (IDS, LENGTHS)),
    "attention with a mask": (lambda: net(attention, score=linear(5, 1), **CLASSIFIER), (IDS, LENGTHS)),
    "multihead, True is padding": (
        lambda: net(
            multihead, emb=embed(), rnn=gru(6, 4), attention=lambda: nn.MultiheadAttention(4, 2, batch_first=True), fc=linear(4)
        ),
        (IDS, ~MASK),
    ),
    "multihead, no padding at all": (
        lambda: net(
            multihead, emb=embed(), rnn=gru(6, 4), attention=lambda: nn.MultiheadAttention(4, 2, batch_first=True), fc=linear(4)
        ),
        (word_ids([7, 7, 7]), torch.zeros(3, 7, dtype=torch.bool)),
    ),
    "mask with an axis for heads": (lambda: net(wide_mask, emb=embed(), rnn=gru()), (IDS, MASK.long().unsqueeze(1))),
    "lengths as shares of the longest": (lambda: net(relative_lengths, rnn=gru(3)), (padded(), LENGTHS / 7)),
    "tagger": (lambda: net(tagger, **CLASSIFIER), IDS),
    "tagger, flat": (lambda: net(flat_tagger, **CLASSIFIER), IDS),
    "teacher forcing": (
        lambda: net(teacher_forcing, encoder=gru(3), decoder=gru(2), fc=linear(5, 2)),
        (X, vectors(N, 5, 2)),
    ),
    "RNNCell in a loop": (lambda: net(list_of_steps, cell=lambda: nn.RNNCell(3, 5), fc=linear()), X),
    "RNNCell in a loop, N == L": (lambda: net(list_of_steps, cell=lambda: nn.RNNCell(3, 5), fc=linear()), vectors(5, 5, 3)),
    "LSTMCell in a loop": (lambda: net(lstm_cells, cell=lambda: nn.LSTMCell(3, 5), fc=linear()), X),
    "returns a dataclass": (lambda: net(returns_dataclass, **CLASSIFIER), (IDS, LENGTHS)),
    "reads a dataclass": (lambda: net(reads_dataclass, **CLASSIFIER), Sentences(IDS, LENGTHS)),
    "reads a pair": (lambda: net(reads_pair, **CLASSIFIER), (IDS, LENGTHS)),
    "reads a dictionary": (lambda: net(reads_dictionary, **CLASSIFIER), {"ids": IDS, "lengths": LENGTHS}),
    "arguments by name": (lambda: net(named_arguments, **CLASSIFIER), {"ids": IDS, "mask": MASK}),
    "reads a list of sequences": (lambda: net(reads_list, **CLASSIFIER), (RAGGED,)),
    "reads a bare list of sequences": (lambda: net(reads_list, **CLASSIFIER), RAGGED),
    "returns a list of sequences": (lambda: net(returns_list, **CLASSIFIER), (IDS, LENGTHS)),
    "a packed batch": (gru(3), pack_sequence([vectors(5, 3), vectors(2, 3)])),
    "stateful with a reset": (lambda: net(stateful_reset, rnn=gru(3), fc=linear(), h=lambda: None), X),
    "residual and layer norm": (
        lambda: net(
            residual_norm,
            rnns=lambda: nn.ModuleList(nn.GRU(3, 3, batch_first=True) for _ in range(3)),
            norms=lambda: nn.ModuleList(nn.LayerNorm(3) for _ in range(3)),
        ),
        X,
    ),
    "convolution first": (lambda: net(convolved, conv=lambda: nn.Conv1d(3, 6, 3, padding=1), rnn=gru(), fc=linear()), X),
    "batch norm": (lambda: net(batch_norm, rnn=gru(3), norm=lambda: nn.BatchNorm1d(5), fc=linear()), X),
    "a learned start": (lambda: net(learned_start, rnn=gru(3), h0=lambda: nn.Parameter(torch.randn(1, 1, 5))), X),
    "a given start": (lambda: net(given_start, rnn=lstm(3, 5, 2)), (X, (vectors(2, N, 5), vectors(2, N, 5) + 1))),
    "a given start, as many layers as sequences": (gru(3, 5, 2), (vectors(2, 5, 3), vectors(2, 2, 5))),
    "a start with the batch in front, N layers": (reversed_state, (X, vectors(N, 4, 5))),
    "directions merged": (lambda: net(merged_directions, rnn=gru(3, 5, 2, bidirectional=True)), X),
    "each with each": (lambda: net(dual_encoder, rnn=gru(3)), (X, vectors(N, 5, 3) + 1)),
    "two texts": (
        lambda: net(siamese, emb=embed(), rnn=gru(bidirectional=True)),
        (IDS, word_ids([2, 7, 4, 6]), LENGTHS, torch.tensor([2, 7, 4, 6])),
    ),
    "words and sentences": (lambda: net(hierarchical, emb=embed(), rnn=gru(), upper=gru(5), fc=linear()), DOCUMENTS),
    "loss and logits": (lambda: net(loss_and_logits, rnn=gru(3), fc=linear()), (X, torch.tensor([0, 2, 1, 1]))),
    "loss and logits, labels from 1 on": (
        lambda: net(loss_and_logits, rnn=gru(3), fc=linear(5, 8)),
        (X, torch.tensor([7, 2, 1, 3])),
    ),
    "noise and dropout": (lambda: net(noise_in_training, rnn=gru(3), drop=lambda: nn.Dropout(0.01), fc=linear()), X),
    "dropout as a function": (lambda: net(functional_dropout, rnn=gru(3), fc=linear()), X),
    "a batch size fixed when made": (lambda: net(fixed_batch, rnn=gru(3), fc=linear(), batch_size=lambda: N), X),
    "a batch of one squeezed away": (lambda: net(squeezed, rnn=gru(3), fc=linear(5, 1)), vectors(2, 7, 3)),
    "each sequence read alone": (lambda: net(one_by_one, rnn=gru(3), fc=linear()), X),
    "time first, by its arguments": (
        lambda: net(time_first, encoder=lambda: nn.GRU(3, 4), decoder=lambda: nn.GRU(2, 4)),
        (vectors(7, 4, 3), vectors(5, 4, 2)),
    ),
    "lazy modules": (lambda: net(tagger, emb=embed(), rnn=gru(), fc=lambda: nn.LazyLinear(3)), IDS),
    "a head made by the first call": (lambda: net(lazily_built, rnn=gru(3), head=lambda: None), X),
    "ids that happen to end in 0": (
        lambda: net(tagger, emb=lambda: nn.Embedding(V, 6), rnn=gru(bidirectional=True), fc=linear(10)),
        torch.tensor([[3, 0, 5, 2], [4, 1, 1, 0], [2, 2, 0, 9]]),
    ),
    "half precision": (lambda: net(batch_norm, rnn=gru(3), norm=nn.Identity, fc=linear()).half(), X.half()),
    "long, with large weights": (
        lambda: net(lambda self, x: self.rnn(x * 3)[0][:, -1], rnn=lambda: nn.RNN(3, 40, batch_first=True)),
        vectors(5, 200, 3),
    ),
}


# ---- faulty models: (a function that makes one, its batch, which habit it breaks) --------------------------------------------


def unmasked_attention(self, ids, lengths):
    output = unpacked(self.rnn, self.emb(ids), lengths)
    weights = self.score(output).softmax(1)
    return self.fc((weights * output).sum(1))


def mean_of_all(self, ids, lengths):
    return self.fc(unpacked(self.rnn, self.emb(ids), lengths).mean(1))


def max_of_all(self, ids, lengths):
    return self.fc(unpacked(self.rnn, self.emb(ids), lengths).max(1).values)


def first_length_for_all(self, ids, lengths):
    return self.fc(self.rnn(self.emb(ids))[0][:, lengths[0] - 1])


def sorted_not_unsorted(self, ids, lengths):
    lengths, order = lengths.sort(descending=True)
    packed = pack_padded_sequence(self.emb(ids[order]), lengths, batch_first=True)
    return self.fc(self.rnn(packed)[1][-1])


def unsorted_wrongly(self, ids, lengths):
    lengths, order = lengths.sort(descending=True)
    packed = pack_padded_sequence(self.emb(ids[order]), lengths, batch_first=True)
    return self.fc(self.rnn(packed)[1][-1])[order]  # the same order again, not its inverse


def hidden_by_view(self, x):
    return self.fc(self.rnn(x)[1].view(len(x), -1))


def merged_by_view(self, x):
    h = self.rnn(x)[1]
    return h.view(2, len(x), 2, 5).reshape(2, len(x), 10)[-1]


def softmax_over_batch(self, x):
    return self.fc(self.rnn(x)[1][-1]).softmax(0)


def swapped_decoder(self, source, target):
    _, h = self.encoder(source)
    return self.decoder(target, h.mean(1, keepdim=True).expand(-1, target.size(1), -1).contiguous())[0]


def steps_as_batch(self, x):
    return torch.cat([self.rnn(x[:, t : t + 1])[0] for t in range(x.size(1))], 1)[:, -1]


def unpacked_time_first(self, x, lengths):
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    output, _ = pad_packed_sequence(self.rnn(packed)[0])
    return output.reshape(len(x), -1, 5)[:, 0]


def one_start_for_all(self, x):
    h0 = x.mean((0, 1), keepdim=True)[..., :1].expand(1, len(x), 5).contiguous()
    return self.rnn(x, h0)[0][:, -1]


def carried(self, x):
    if self.h is None or self.h.size(1) != len(x):
        self.h = torch.zeros(1, len(x), 5)
    output, h = self.rnn(x, self.h)
    self.h = h.detach()
    return self.fc(output[:, -1])


def random_start(self, x):
    return self.rnn(x, torch.randn(1, len(x), 5))[1][-1]


def sampled(self, x):
    h = self.rnn(x)[1][-1]
    return self.fc(h + torch.randn_like(h))


def normalised_over_time(self, x, lengths):
    x = (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return self.rnn(packed)[1][-1]


def pads_itself(self, sequences):
    return self.fc(self.rnn(pad_sequence([self.emb(part) for part in sequences], batch_first=True))[0][:, -1])


def inverted_mask(self, ids, mask):
    output = self.rnn(self.emb(ids))[0]
    weights = self.score(output).squeeze(-1).masked_fill(mask, float("-inf")).softmax(1)  # True is a word here
    return self.fc((weights.unsqueeze(-1) * output).sum(1))


def unpacks_and_takes_last(self, packed):
    return pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0][:, -1]


def idle_dropout(self, x):
    return self.fc(self.rnn(x)[1][-1])


def cells_swapped(self, x):
    h = x.new_zeros(x.size(1), 5)
    for step in x:
        h = self.cell(step, h)
    return h


PADDED = (IDS, LENGTHS)
SCORED = dict(score=linear(5, 1), **CLASSIFIER)
TURNED = dict(emb=embed(), fc=linear(), rnn=lambda: nn.GRU(6, 5))
FAULTY = {
    "last step of padded ids": (
        lambda: net(lambda self, ids: self.fc(self.rnn(self.emb(ids))[0][:, -1]), **CLASSIFIER),
        IDS,
        "padding",
    ),
    "last state of padded ids": (
        lambda: net(lambda self, ids: self.fc(self.rnn(self.emb(ids))[1][-1]), **CLASSIFIER),
        IDS,
        "padding",
    ),
    "last step of padded vectors": (lambda: net(lambda self, x: self.rnn(x)[0][:, -1], rnn=gru(3)), padded(), "padding"),
    "padding in front": (
        lambda: net(lambda self, ids: self.rnn(self.emb(ids))[1], emb=embed(), rnn=gru()),
        IDS.flip(1),
        "padding",
    ),
    "unpacked, last column": (
        lambda: net(lambda self, ids, lengths: unpacked(self.rnn, self.emb(ids), lengths)[:, -1], **CLASSIFIER),
        PADDED,
        "padding",
    ),
    "attention without a mask": (lambda: net(unmasked_attention, **SCORED), PADDED, "padding"),
    "mean of all steps": (lambda: net(mean_of_all, **CLASSIFIER), PADDED, "padding"),
    "max of all steps": (lambda: net(max_of_all, **CLASSIFIER), PADDED, "padding"),
    "normalised with its padding": (lambda: net(normalised_over_time, rnn=gru(3)), (padded(), LENGTHS), "padding"),
    "a list, padded inside": (lambda: net(pads_itself, **CLASSIFIER), (RAGGED,), "padding"),
    "a packed batch, unpacked": (
        lambda: net(unpacks_and_takes_last, rnn=gru(3)),
        pack_sequence([vectors(3, 3), vectors(6, 3)], enforce_sorted=False),
        "padding",
    ),
    "the mask the wrong way round": (lambda: net(inverted_mask, **SCORED), PADDED[:1] + (MASK,), "padding"),
    "backward reader of padding": (
        lambda: net(tagger, emb=embed(), rnn=gru(bidirectional=True), fc=linear(10)),
        IDS,
        "padding",
    ),
    "the first length for all": (lambda: net(first_length_for_all, **CLASSIFIER), PADDED, "batch"),
    "sorted, not unsorted": (lambda: net(sorted_not_unsorted, **CLASSIFIER), PADDED, "batch"),
    "unsorted by the wrong index": (
        lambda: net(unsorted_wrongly, **CLASSIFIER),
        (word_ids([3, 7, 2, 5]), torch.tensor([3, 7, 2, 5])),
        "batch",
    ),
    "h_n by view": (lambda: net(hidden_by_view, rnn=gru(3, 5, 2), fc=linear(10)), X, "batch"),
    "directions merged by view": (lambda: net(merged_by_view, rnn=gru(3, 5, 2, bidirectional=True)), X, "batch"),
    "softmax over the batch": (lambda: net(softmax_over_batch, rnn=gru(3), fc=linear()), X, "batch"),
    "batch and time swapped": (lambda: net(lambda self, ids: self.fc(self.rnn(self.emb(ids))[0][:, -1]), **TURNED), IDS, "batch"),
    "swapped, N == L": (lambda: net(lambda self, x: self.rnn(x)[0][:, -1], rnn=lambda: nn.GRU(3, 5)), vectors(5, 5, 3), "batch"),
    "swapped, the last state": (lambda: net(lambda self, x: self.rnn(x)[1][-1], rnn=lambda: nn.GRU(3, 5)), X, "batch"),
    "swapped, the decoder only": (
        lambda: net(swapped_decoder, encoder=gru(3), decoder=lambda: nn.GRU(2, 5)),
        (X, vectors(N, 6, 2)),
        "batch",
    ),
    "one step at a time, read as batch": (lambda: net(steps_as_batch, rnn=lambda: nn.LSTM(3, 5)), X, "batch"),
    "unpacked time first": (lambda: net(unpacked_time_first, rnn=gru(3)), (X, torch.tensor([7, 7, 7, 7])), "batch"),
    "view for transpose": (lambda: net(lambda self, x: self.rnn(x.view(L, N, 3))[0][-1], rnn=lambda: nn.GRU(3, 5)), X, "batch"),
    "two axes": (lambda: net(lambda self, x: self.rnn(x)[0], rnn=gru(3)), vectors(6, 3), "batch"),
    "normalised over the batch": (lambda: net(lambda self, x: self.rnn(x / x.std())[1][-1], rnn=gru(3)), X, "batch"),
    "a start from the whole batch": (lambda: net(one_start_for_all, rnn=gru(3)), X, "batch"),
    "cells, swapped": (lambda: net(cells_swapped, cell=lambda: nn.GRUCell(3, 5)), X, "batch"),
    "a state carried over": (lambda: net(carried, rnn=gru(3), fc=linear(), h=lambda: None), X, "state"),
    "a random start": (lambda: net(random_start, rnn=gru(3)), X, "dropout"),
    "a sample in evaluation": (lambda: net(sampled, rnn=gru(3), fc=linear()), X, "dropout"),
    "dropout that never rests": (lambda: net(lambda self, x: F.dropout(self.rnn(x)[1][-1], 0.4), rnn=gru(3)), X, "dropout"),
    "dropout that does nothing": (lambda: net(idle_dropout, rnn=gru(3, 5, dropout=0.5), fc=linear()), X, "dropout"),
}
