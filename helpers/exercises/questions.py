"""Endless questions about shapes: a few lines of torch code are generated, and run to compute the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from .reasons import reason
from .sandbox import preserve_global_state

LEVELS = 6  # from a network with the default options to one with five changes at once


@dataclass(frozen=True)
class Topic:
    """What a question is about, and the section that teaches it.

    >>> TOPICS["batch_first"].section
    '7. batch_first: cities first or days first'

    Parameters
    ----------
    first    : the lowest level with this topic
    required : the variations that the topic is about, such as "bidirectional"
    optional : the variations that make it harder
    """

    name: str
    first: int
    required: Sequence[str]
    optional: Sequence[str]
    notebook: str
    section: str

    def fits(self, level: int) -> bool:
        return max(self.first, 1 + len(self.required)) <= level <= 1 + len(self.required) + len(self.optional)


COMMON = ("num_layers", "bidirectional", "batch_first", "gated")


def _common_without(*excluded: str) -> tuple[str, ...]:
    return tuple(variation for variation in COMMON if variation not in excluded)


TOPICS = {
    topic.name: topic
    for topic in [
        Topic("output and h_n", 1, (), ("num_layers",), "03", "Four tensors"),
        Topic("RNNCell", 1, (), ("sequence",), "04", "RNNCell: the single step as a module"),
        Topic(
            "batch_first",
            2,
            ("batch_first",),
            (*_common_without("batch_first"), "packed"),
            "02",
            "7. batch_first: cities first or days first",
        ),
        Topic("one sequence, no batch", 2, ("unbatched",), COMMON, "03", "One sequence, no batch: (L, H_in)"),
        Topic(
            "layers", 2, ("num_layers",), (*_common_without("num_layers"), "unbatched"), "05", "Layers: one on top of the other"
        ),
        Topic(
            "directions",
            2,
            ("bidirectional",),
            (*_common_without("bidirectional"), "unbatched"),
            "05",
            "Directions: forward and backward",
        ),
        Topic("weights", 2, (), (*COMMON, "bias"), "05", "One small network"),
        Topic("packing", 2, ("packed",), COMMON, "07", "What a packed batch looks like inside"),
        Topic(
            "a summary for a classifier",
            3,
            ("bidirectional",),
            (*_common_without("bidirectional"), "packed"),
            "05",
            "A summary for a classifier",
        ),
        Topic("GRU and LSTM", 3, ("gated",), (*_common_without("gated"), "packed"), "13", "The shapes"),
    ]
}


@dataclass(frozen=True)
class Question:
    """Lines of torch code, and an expression whose value is asked for.

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
    variations: frozenset[str]
    code: str
    expression: str
    answer: tuple[int, ...]

    @property
    def text(self) -> str:
        return f"{self.code}\n{self.expression} = ?"

    @property
    def why(self) -> str:
        """One sentence that says why the answer is right."""
        return reason(self.code, self.expression, self.answer)


def ask(level: int, rng: Random, topic: str | None = None) -> Question:
    """A random question of a level from 1 to 6; each level has one more variation. All sizes in the answer are different.

    >>> question = ask(4, Random(0), topic="packing")
    >>> len(question.variations), question.topic.notebook
    (3, '07')

    Parameters
    ----------
    topic : a name in TOPICS; None: any that has questions of this level

    Raises
    ------
    ValueError : there is no such question.
    """
    fitting = [t for t in TOPICS.values() if t.fits(level) and topic in (None, t.name)]
    if not fitting:
        wanted = f"a level from 1 to {LEVELS} and a topic of that level"
        raise ValueError(f"level, topic: given {level!r} and {topic!r}, expected {wanted}")
    while True:
        chosen = rng.choice(fitting)
        more = rng.sample(sorted(set(chosen.optional) - set(chosen.required)), level - 1 - len(chosen.required))
        variations = frozenset((*chosen.required, *more))
        code, expression = _cell(variations, rng) if chosen.name == "RNNCell" else _network(chosen.name, variations, rng)
        answer = run(code, expression)
        if len(set(answer)) == len(answer) or expression.endswith("batch_sizes"):
            return Question(chosen, level, variations, code, expression, answer)


def run(code: str, expression: str) -> tuple[int, ...]:
    """Run the code of a question, and evaluate its expression.

    >>> run("x = torch.zeros(5, 2)", "x.shape")
    (5, 2)
    """
    names: dict[str, Any] = {"torch": torch, "nn": nn, "pack_padded_sequence": pack_padded_sequence}
    with preserve_global_state(), torch.no_grad():
        exec(code, names)
        return tuple(map(int, eval(expression, names)))


def _cell(variations: frozenset[str], rng: Random) -> tuple[str, str]:
    L, N, H_in, H_out = rng.sample(range(2, 10), 4)
    if "sequence" not in variations:
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


def _network(topic: str, variations: frozenset[str], rng: Random) -> tuple[str, str]:
    L, N, H_in, H_out = rng.sample(range(2, 10), 4)
    layers = rng.randint(2, 4) if "num_layers" in variations else 1
    kind = rng.choice(("GRU", "LSTM")) if "gated" in variations else "RNN"
    options = [f"num_layers={layers}"] * ("num_layers" in variations) + ["bidirectional=True"] * ("bidirectional" in variations)
    options += ["batch_first=True"] * ("batch_first" in variations) + ["bias=False"] * ("bias" in variations)
    made = f"rnn = nn.{kind}({', '.join([str(H_in), str(H_out), *options])})"
    if topic == "weights":
        return made, f"rnn.weight_{rng.choice(('ih', 'ih', 'hh'))}_l{layers - 1}.shape"
    sizes = [L, H_in] if "unbatched" in variations else [N, L, H_in] if "batch_first" in variations else [L, N, H_in]
    lines = [made, f"x = torch.zeros({', '.join(map(str, sizes))})"]
    if "packed" in variations:
        lengths = rng.sample([L] + [rng.randint(1, L) for _ in range(N - 1)], N)
        first = ", batch_first=True" if "batch_first" in variations else ""
        lines.append(f"x = pack_padded_sequence(x, {lengths}{first}, enforce_sorted=False)")
    lines.append(f"output, {'(h_n, c_n)' if kind == 'LSTM' else 'h_n'} = rnn(x)")
    return "\n".join(lines), rng.choice(_expressions(topic, variations, kind))


def _expressions(topic: str, variations: frozenset[str], kind: str) -> list[str]:
    """The expressions that can be asked about such a call."""
    if topic == "a summary for a classifier":
        return ["torch.cat([h_n[-2], h_n[-1]], dim=-1).shape"]
    if topic == "packing":
        return ["x.data.shape", "x.batch_sizes", "output.data.shape", "h_n.shape"]
    if topic == "GRU and LSTM":
        return ["rnn.weight_hh_l0.shape", "rnn.weight_ih_l0.shape", "c_n.shape" if kind == "LSTM" else "h_n.shape"]
    return ["output.data.shape" if "packed" in variations else "output.shape", "h_n.shape"]
