"""Tried as a new user would: ten programs with the mistakes people make; is the named cause the right one?"""

import pytest
import torch
from error_rows import PRELUDE, explained
from torch import nn

SENTIMENT = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

class Sentiment(nn.Module):
    def __init__(self, words=50, features=8, hidden=16):
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Embedding(words, features)
        self.lstm = nn.LSTM(features, hidden, num_layers=2, dropout=0.2)
        self.answer = nn.Linear(hidden, 2)

    def forward(self, reviews):
        batch = reviews.size(0)
        h0 = torch.zeros(2, batch, self.hidden)
        c0 = torch.zeros(2, batch, self.hidden)
        embedded = self.embedding(reviews)
        output, (h_n, c_n) = self.lstm(embedded, (h0, c0))
        return self.answer(h_n[-1])

torch.manual_seed(0)
data = TensorDataset(torch.randint(0, 50, (12, 7)), torch.randint(0, 2, (12,)))
model, loss_of = Sentiment(), nn.CrossEntropyLoss()
for reviews, labels in DataLoader(data, batch_size=4):
    loss = loss_of(model(reviews), labels)
    loss.backward()
"""

SEQ2SEQ = """
import torch
import torch.nn as nn

class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, batch_first=True)

    def forward(self, source):
        outputs, (hidden, cell) = self.rnn(source)
        return hidden

class Decoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, features)

    def forward(self, step, hidden):
        output, hidden = self.rnn(step, hidden)
        return self.out(output), hidden

encoder, decoder = Encoder(3, 8), Decoder(3, 8)
source, target = torch.randn(4, 6, 3), torch.randn(4, 5, 3)
state = encoder(source)
step = target[:, :1]
for _ in range(4):
    step, state = decoder(step, state)
"""

CHARACTERS = """
import torch
from torch import nn

text = "hello world, hello moon, hello sun"
letters = sorted(set(text))
ids = torch.tensor([letters.index(letter) for letter in text])

class CharRNN(nn.Module):
    def __init__(self, size, hidden=12):
        super().__init__()
        self.embedding = nn.Embedding(size, hidden)
        self.rnn = nn.GRU(hidden, hidden)
        self.head = nn.Linear(hidden, size)

    def forward(self, x, hidden):
        output, hidden = self.rnn(self.embedding(x), hidden)
        return self.head(output), hidden

model = CharRNN(len(letters))
optimizer = torch.optim.Adam(model.parameters())
hidden = torch.zeros(1, 1, 12)
for epoch in range(2):
    for start in range(0, 24, 8):
        x = ids[start : start + 8].unsqueeze(1)
        y = ids[start + 1 : start + 9]
        logits, hidden = model(x, hidden)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""

SERIES = """
import numpy as np
import torch
from torch import nn

signal = np.sin(np.linspace(0, 10, 60))
windows = np.stack([signal[i : i + 10] for i in range(50)])
X = torch.from_numpy(windows).unsqueeze(-1)
y = torch.from_numpy(signal[10:]).float()

class Forecast(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(input_size=1, hidden_size=6, batch_first=True)
        self.fc = nn.Linear(6, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out[:, -1]).squeeze(-1)

model = Forecast()
for epoch in range(2):
    prediction = model(X)
    loss = ((prediction - y) ** 2).mean()
    loss.backward()
"""

UNSQUEEZED = """
import torch
from torch import nn

class Rows(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.RNN(28, 10, batch_first=True)
        self.classify = nn.Linear(10, 3)

    def forward(self, image):
        rows = image.unsqueeze(1)
        output, h_n = self.layers(rows)
        return self.classify(h_n[-1])

images = torch.rand(4, 28, 28)
answers = Rows()(images)
"""

CLASSIFIER = """
import torch
from torch import nn

class Gestures(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(6, 12),
            nn.ReLU(),
            nn.GRU(12, 8, batch_first=True),
            nn.Linear(8, 4),
        )

    def forward(self, x):
        return self.net(x)[:, -1]

model = Gestures()
scores = model(torch.randn(5, 9, 6))
"""

TRANSLATOR = """
import torch
from torch import nn

class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(30, 8)
        self.rnn = nn.GRU(8, 12, bidirectional=True, batch_first=True)

    def forward(self, source):
        return self.rnn(self.embedding(source))

class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(30, 8)
        self.rnn = nn.GRU(8, 12, batch_first=True)
        self.out = nn.Linear(12, 30)

    def forward(self, token, hidden):
        output, hidden = self.rnn(self.embedding(token.unsqueeze(1)), hidden)
        return self.out(output[:, 0]), hidden

encoder, decoder = Encoder(), Decoder()
outputs, hidden = encoder(torch.randint(0, 30, (4, 9)))
target = torch.randint(0, 30, (4, 6))
for t in range(5):
    scores, hidden = decoder(target[:, t], hidden)
"""

TRUNCATED = """
import torch
from torch import nn

lstm, head = nn.LSTM(3, 4, batch_first=True), nn.Linear(4, 1)
optimizer = torch.optim.SGD([*lstm.parameters(), *head.parameters()], lr=0.1)
hidden = (torch.zeros(1, 2, 4), torch.zeros(1, 2, 4))
for piece in torch.randn(2, 15, 3).split(5, dim=1):
    hidden = hidden.detach()
    output, hidden = lstm(piece, hidden)
    loss = head(output).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""

CELLS = """
import torch
from torch import nn

class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.out = nn.GRUCell(3, 4), nn.Linear(4, 1)

    def forward(self, x):
        h = torch.zeros(x.size(0), 4)
        h = self.cell(x, h)
        return self.out(h)

answers = Loop()(torch.randn(2, 5, 3))
"""

PADDED = """
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence

reviews = [torch.randn(n, 4) for n in (3, 5)]
lengths = [len(review) for review in reviews]
padded = pad_sequence(reviews, batch_first=True)
packed = pack_padded_sequence(padded, lengths, enforce_sorted=False)
rnn = nn.LSTM(4, 6, batch_first=True)
output, (h_n, c_n) = rnn(packed)
"""

TRIED = {
    "a layer behind the network in an nn.Sequential": (
        CLASSIFIER,
        "nn.Sequential hands on all that a layer returned",
        "class Output(nn.Module):",
    ),
    "a bidirectional encoder before a decoder of one direction": (
        TRANSLATOR,
        "bidirectional network, forward and backward in turn",
        "hidden[0::2] + hidden[1::2] if hidden.size(0) != self.rnn.num_layers else hidden)",
    ),
    "a pair of states detached at once": (TRUNCATED, "do it to each of the two", "hidden = tuple(s.detach() for s in hidden)"),
    "a whole batch of sequences for a cell": (
        CELLS,
        "a cell reads one time step",
        "for step in x.transpose(0, 1): h = self.cell(step, h)",
    ),
    "batch_first forgotten where the batch is packed": (
        PADDED,
        "packed with batch_first=False",
        "packed = pack_padded_sequence(padded, lengths, enforce_sorted=False, batch_first=True)",
    ),
    "a sentiment model with the wrong batch_first": (
        SENTIMENT,
        "the input is (N, L, H_in), and the network reads (L, N, H_in)",
        "self.lstm = nn.LSTM(features, hidden, num_layers=2, dropout=0.2, batch_first=True)",
    ),
    "a seq2seq that forgets the cell state": (
        SEQ2SEQ,
        "Only h_0 was given",
        "self.rnn(step, hidden if isinstance(hidden, tuple) else (hidden, torch.zeros_like(hidden)))",
    ),
    "a character network whose state is not detached": (CHARACTERS, "with its whole past", "hidden = hidden.detach()"),
    "a time series of float64": (SERIES, "NumPy and pandas make float64", "out, _ = self.rnn(x.float())"),
    "an unsqueeze in the wrong place": (UNSQUEEZED, "Axis 1 has size 1", "output, h_n = self.layers(rows.squeeze(1))"),
}


@pytest.mark.parametrize("script, cause, fix", TRIED.values(), ids=TRIED.keys())
def test_the_named_cause_is_the_right_one(script, cause, fix):
    explanation, after = explained(script)  # with the fix the whole program runs
    assert cause in explanation.cause
    assert fix in explanation.fix.code and after is not None


STARTS = """
class Reader(nn.Module):
    def __init__(self, n=2):
        super().__init__()
        self.rnn = nn.GRU(3, 4, batch_first=True)
        self.start = nn.Parameter(torch.full((1, 1, 4), 0.5))
        self.h0 = torch.tanh(self.start).expand(1, n, 4).contiguous()
    def forward(self, x):
        return self.rnn(x, {state})[0]
torch.manual_seed(0)
reader = Reader()
for step in range(2):
    reader.zero_grad()
    reader(torch.rand(2, 5, 3)).sum().backward()
"""


@pytest.mark.parametrize("state, fix", [("self.start", "self.start.expand(-1, x.size(0), -1)"), ("torch.tanh(self.h0)", "")])
def test_a_start_that_is_learned_still_learns(state, fix):
    """It is repeated for each sequence where it is used; what __init__ made once is named, whatever wraps it."""
    explanation, after = explained(PRELUDE + STARTS.format(state=state))
    assert fix in explanation.fix.code
    if after:
        assert after["reader"].start.grad.abs().sum() > 0 and isinstance(after["reader"].start, nn.Parameter)
    else:
        assert "made once" in explanation.given


LAST = """
rnn, hidden, carried = nn.LSTM(3, 4, batch_first=True), {start}, []
for x in torch.ones(10, 5, 3).split(4):
    out, hidden = rnn(x, hidden)
    carried.append(out.detach())
"""


@pytest.mark.parametrize("start", ["None", "(torch.zeros(1, 4, 4), torch.zeros(1, 4, 4))"])
def test_a_carried_state_starts_anew_only_for_the_smaller_batch(start):
    explanation, after = explained(PRELUDE + LAST.format(start=start))
    assert " if " in explanation.fix.code and "drop_last=True" in explanation.cause
    first, second, third = after["carried"]
    assert not torch.allclose(first, second) and torch.allclose(first[:2], third)


HOLDERS = {
    "a list": ("states = [None]", "x, states[0] = rnn(x, states[0])", "", "states = [h.detach()"),
    "a dictionary": ('memory = {"h": None}', 'x, memory["h"] = rnn(x, memory["h"])', "", "memory = {key: h.detach() for"),
    "an object": (
        "memory = type('Memory', (), {})()\nmemory._h = None",
        "x, memory._h = rnn(x, memory._h)",
        "",
        "memory._h = memory._h.detach()",
    ),
    "a sum of losses": ("total = 0", "x, _ = rnn(x)", "total += x.sum()\n    total", "total += loss.item()"),
    "a list of losses": ("losses = []", "x, _ = rnn(x)", "losses.append(x.sum())\n    sum(losses)", ""),
}


@pytest.mark.parametrize("made, call, root, fix", HOLDERS.values(), ids=HOLDERS.keys())
def test_who_holds_the_old_graph_is_named(made, call, root, fix):
    loop = f"for x in torch.ones(3, 5, 2, 3):\n    {call}\n    {root or 'x.sum()'}.backward()\n"
    explanation, _ = explained(PRELUDE + f"rnn = nn.GRU(3, 3)\n{made}\n{loop}")
    assert made.split()[0] in explanation.given and fix in explanation.fix.code
