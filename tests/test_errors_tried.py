"""Errors whose fix must do more than run: what is learned goes on learning, what is carried is carried, names are in scope."""

import pytest
import torch
from error_rows import PRELUDE, explained
from torch import nn

GONE = """
def answers(x):
    network = nn.GRU(3, 4)
    pair = network(x)
    return pair
pair = answers(torch.zeros(5, 2, 3))
{use}
"""


@pytest.mark.parametrize("use", ["y = nn.Linear(4, 1)(pair)", "pair.shape"])
def test_of_a_network_that_is_gone_no_name_is_said(use):
    explanation, after = explained(PRELUDE + GONE.format(use=use))
    assert after is not None and "pair[0]" in explanation.fix.code and "network" not in repr(explanation)


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
    "a list": ("states = [None]", "x, states[0] = rnn(x, states[0])", "states = [h.detach()"),
    "a dictionary": ('memory = {"h": None}', 'x, memory["h"] = rnn(x, memory["h"])', "memory = {key: h.detach() for"),
    "a name that is None in the first round": (
        "i = 0",
        "h = h if i else None\n    x, h = rnn(x, h)\n    i += 1",
        "h = h.detach()",
    ),
    "an object": (
        "memory = type('Memory', (), {})()\nmemory._h = None",
        "x, memory._h = rnn(x, memory._h)",
        "memory._h = memory._h.detach()",
    ),
    "a sum of losses": ("total = 0", "total += rnn(x)[0].sum()\n    x = total", ""),
    "a list of losses": ("losses = []", "losses.append(rnn(x)[0].sum())\n    x = sum(losses)", ""),
}


@pytest.mark.parametrize("made, call, fix", HOLDERS.values(), ids=HOLDERS.keys())
def test_who_holds_the_old_graph_is_named(made, call, fix):
    loop = f"for x in torch.ones(3, 5, 2, 3):\n    {call}\n    x.sum().backward()\n"
    explanation, _ = explained(PRELUDE + f"rnn = nn.GRU(3, 3)\n{made}\n{loop}")
    assert (fix or made).split()[0] in explanation.given and fix in explanation.fix.code
    assert fix or "loss.item()" in explanation.cause
