"""Endless questions about shapes: a few lines of torch are put together, and run to know the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from .answers import plain
from .sandbox import undisturbed

LEVELS = 6  # from one network as it comes to five twists at once


@dataclass(frozen=True)
class Topic:
    """What a question is about, the twists it needs and may have, and the section that teaches it.

    >>> TOPICS["batch_first"].section
    '7. batch_first: where the batch stands'
    """

    name: str
    first: int  # the lowest level it is asked at
    needs: Sequence[str]
    may: Sequence[str]
    notebook: str
    section: str

    def fits(self, level: int) -> bool:
        return max(self.first, 1 + len(self.needs)) <= level <= 1 + len(self.needs) + len(self.may)


MANY = ("num_layers", "bidirectional", "batch_first", "gated")


def _but(*taken: str) -> tuple[str, ...]:
    return tuple(twist for twist in MANY if twist not in taken)


TOPICS = {
    topic.name: topic
    for topic in [
        Topic("output and h_n", 1, (), ("num_layers",), "03", "input: (L, N, H_in)"),
        Topic("RNNCell", 1, (), ("walk",), "04", "RNNCell: the single step as a module"),
        Topic(
            "batch_first", 2, ("batch_first",), (*_but("batch_first"), "packed"), "02", "7. batch_first: where the batch stands"
        ),
        Topic("one sequence, no batch", 2, ("unbatched",), MANY, "03", "One sequence, no batch: (L, H_in)"),
        Topic("layers", 2, ("num_layers",), (*_but("num_layers"), "unbatched"), "05", "Layers: one on top of the other"),
        Topic(
            "directions", 2, ("bidirectional",), (*_but("bidirectional"), "unbatched"), "05", "Directions: one there, one back"
        ),
        Topic("weights", 2, (), (*MANY, "bias"), "05", "One piece"),
        Topic("packing", 2, ("packed",), MANY, "07", "What a packed batch looks like inside"),
        Topic(
            "a summary for a classifier",
            3,
            ("bidirectional",),
            (*_but("bidirectional"), "packed"),
            "05",
            "The right summary for a classifier",
        ),
        Topic("GRU and LSTM", 3, ("gated",), (*_but("gated"), "packed"), "09", "After the plain RNN: LSTM and GRU"),
    ]
}


@dataclass(frozen=True)
class Question:
    """Lines of torch, and what is asked about them.

    >>> question = ask(1, Random(1))
    >>> print(question.text)
    rnn = nn.RNN(2, 5)
    x = torch.zeros(3, 4, 2)
    output, h_n = rnn(x)
    h_n.shape = ?
    >>> question.answer
    (1, 4, 5)
    """

    topic: Topic
    level: int
    twists: frozenset[str]
    code: str
    asked: str
    answer: tuple[int, ...]

    @property
    def text(self) -> str:
        return f"{self.code}\n{self.asked} = ?"


def ask(level: int, rng: Random, topic: str | None = None) -> Question:
    """A question of a level, from 1 to 6: each level has one twist more. All sizes in its answer are different.

    >>> question = ask(4, Random(0), topic="packing")
    >>> len(question.twists), question.topic.notebook
    (3, '07')

    Parameters
    ----------
    topic : a name in TOPICS; None: any that is asked at this level

    Raises
    ------
    ValueError : no topic fits.
    """
    fitting = [t for t in TOPICS.values() if t.fits(level) and topic in (None, t.name)]
    if not fitting:
        wanted = f"a level from 1 to {LEVELS} and a topic of that level"
        raise ValueError(f"level, topic: given {level!r} and {topic!r}, expected {wanted}")
    while True:
        chosen = rng.choice(fitting)
        more = rng.sample(sorted(set(chosen.may) - set(chosen.needs)), level - 1 - len(chosen.needs))
        twists = frozenset((*chosen.needs, *more))
        code, asked = _cell(twists, rng) if chosen.name == "RNNCell" else _network(chosen.name, twists, rng)
        answer = run(code, asked)
        if len(set(answer)) == len(answer) or asked.endswith("batch_sizes"):
            return Question(chosen, level, twists, code, asked, answer)


def run(code: str, asked: str) -> tuple[int, ...]:
    """The answer to a question: its code is run, by torch.

    >>> run("x = torch.zeros(5, 2)", "x.shape")
    (5, 2)
    """
    names: dict[str, Any] = {"torch": torch, "nn": nn, "pack_padded_sequence": pack_padded_sequence}
    with undisturbed(), torch.no_grad():
        exec(code, names)
        return plain(eval(asked, names))


def _cell(twists: frozenset[str], rng: Random) -> tuple[str, str]:
    L, N, H_in, H_out = rng.sample(range(2, 10), 4)
    if "walk" not in twists:
        return f"cell = nn.RNNCell({H_in}, {H_out})\nx = torch.zeros({N}, {H_in})\nh = cell(x)", "h.shape"
    lines = [
        f"cell, h = nn.RNNCell({H_in}, {H_out}), torch.zeros({N}, {H_out})",
        f"x = torch.zeros({L}, {N}, {H_in})",
        "states = []",
        "for x_t in x:",
        "    h = cell(x_t, h)",
        "    states.append(h)",
    ]
    return "\n".join(lines), "torch.stack(states).shape"


def _network(topic: str, twists: frozenset[str], rng: Random) -> tuple[str, str]:
    L, N, H_in, H_out = rng.sample(range(2, 10), 4)
    layers = rng.randint(2, 4) if "num_layers" in twists else 1
    kind = rng.choice(("GRU", "LSTM")) if "gated" in twists else "RNN"
    options = [f"num_layers={layers}"] * ("num_layers" in twists) + ["bidirectional=True"] * ("bidirectional" in twists)
    options += ["batch_first=True"] * ("batch_first" in twists) + ["bias=False"] * ("bias" in twists)
    made = f"rnn = nn.{kind}({', '.join([str(H_in), str(H_out), *options])})"
    if topic == "weights":
        return made, f"rnn.weight_{rng.choice(('ih', 'ih', 'hh'))}_l{layers - 1}.shape"
    sizes = [L, H_in] if "unbatched" in twists else [N, L, H_in] if "batch_first" in twists else [L, N, H_in]
    lines = [made, f"x = torch.zeros({', '.join(map(str, sizes))})"]
    if "packed" in twists:
        lengths = rng.sample([L] + [rng.randint(1, L) for _ in range(N - 1)], N)
        first = ", batch_first=True" if "batch_first" in twists else ""
        lines.append(f"x = pack_padded_sequence(x, {lengths}{first}, enforce_sorted=False)")
    lines.append(f"output, {'(h_n, c_n)' if kind == 'LSTM' else 'h_n'} = rnn(x)")
    return "\n".join(lines), rng.choice(_asked(topic, twists, kind))


def _asked(topic: str, twists: frozenset[str], kind: str) -> list[str]:
    """What can be asked about such a call."""
    if topic == "a summary for a classifier":
        return ["torch.cat([h_n[-2], h_n[-1]], dim=-1).shape"]
    if topic == "packing":
        return ["x.data.shape", "x.batch_sizes", "output.data.shape", "h_n.shape"]
    if topic == "GRU and LSTM":
        return ["rnn.weight_hh_l0.shape", "rnn.weight_ih_l0.shape", "c_n.shape" if kind == "LSTM" else "h_n.shape"]
    return ["output.data.shape" if "packed" in twists else "output.shape", "h_n.shape"]
