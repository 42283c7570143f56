"""Errors whose fix must do more than run: what is learned goes on learning, what is carried is carried, names are in scope."""

import pytest
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
rnn, hidden = nn.LSTM(3, 4, batch_first=True), {start}
for x in torch.ones(11, 5, 3).split(4):
    out, hidden = rnn(x, hidden)
"""


@pytest.mark.parametrize("start", ["None", "(torch.zeros(1, 4, 4), torch.zeros(1, 4, 4))"])
def test_no_line_throws_a_carried_state_away(start):
    """At the smaller batch the cause is said in words: only the learner knows whether the state may start anew."""
    explanation, _ = explained(PRELUDE + LAST.format(start=start))
    assert not explanation.fix and "make the state with the size of each batch" in explanation.cause


@pytest.mark.parametrize("rows, of", [(6, "6 is 2 * 3"), (9, "9 is 3 * 3"), (5, "belongs to the sequences of one batch")])
@pytest.mark.parametrize("kind, axes", [("GRUCell", "{}, 4"), ("RNN", "1, {}, 4")])
def test_of_a_state_that_was_computed_no_part_is_left_out(rows, of, kind, axes):
    """It has a graph that does not come from this network: it is not left from an earlier batch, and zeros would not train it."""
    made = f"latent = nn.Linear(2, 4)(torch.rand({axes.format(rows)[:-1]}2))\n"
    explanation, _ = explained(
        PRELUDE + f"{made}net, x = nn.{kind}(3, 4), torch.rand({axes.format(3)[:-1]}3)\nout = net(x, latent)\n"
    )
    assert of in explanation.cause and not explanation.fix
    assert not any(words in explanation.cause for words in ("often smaller", "anew", "left out", "None"))


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
