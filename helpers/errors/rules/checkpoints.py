"""Weights that were saved from one network and are loaded into another: what the file was made with, read from its keys."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ...pictures.sides import Side
from ..calls import CELLS, RECURRENT, known_as
from ..explanations import Explanation, Fix
from ..facts import DEFAULTS, options_of
from ..fixes import remade
from ..source import Frame, is_module, line_of

_KEY = re.compile(r"(weight|bias)_(ih|hh|hr)(?:_l(\d+)(_reverse)?)?$")


def explain_loading(steps: list[Frame]) -> Explanation | None:
    """An error of load_state_dict whose weights do not fit a recurrent network in the model."""
    step = next((s for s in reversed(steps) if s.function == "load_state_dict" and s.in_torch and is_module(s.owner)), None)
    saved: Any = step.frame.f_locals.get("state_dict") if step else None
    for place, part in step.owner.named_modules() if step and isinstance(saved, Mapping) else ():
        if not isinstance(part, RECURRENT):
            continue
        prefix, cell, what = f"{place}." * bool(place), "Cell" * isinstance(part, CELLS), known_as(type(part))
        kind, made = made_with(saved, prefix)
        own = {k: v for k, v in options_of(part).items() if k in made}
        moved = next((k for k in saved if (m := _KEY.search(k)) and k.endswith(f".{prefix}{m[0]}")), None)
        if not made and moved is not None:
            rule, front = "The keys of a state_dict are the names in the model that loads it.", moved.partition(".")
            cause = f"Each key begins with {front[0]}: the weights were saved from a model around this one, as nn.DataParallel "
            given, expected = Side("keys", note=moved, wrong_note=True), Side("keys", note=front[2])
            return Explanation(rule, given, expected, f"{cause}makes it. Take that part off each key.")
        if made and (own != made or kind + cell != what):
            wrong = {k: repr(v) for k, v in made.items() if own.get(k) != v}
            given = Side("the file", note=f"{kind}{cell}({_written(made)})", wrong_note=True)
            expected = Side(place or "the network", note=f"{what}({_written(own)})")
            cause = f"The weights were saved from {given.note}, and are loaded into {expected.note}. Make both in the same way."
            fix = remade(line_of(steps), part, **wrong) if kind + cell == what else Fix()
            return Explanation("A state_dict fits a network that was made with the same arguments.", given, expected, cause, fix)
    return None


def _written(options: dict[str, Any]) -> str:
    return ", ".join(f"{k}={v!r}" for k, v in options.items() if v != DEFAULTS.get(k))


def made_with(saved: Mapping[str, Any], prefix: str = "") -> tuple[str, dict[str, Any]]:
    """The class and the arguments of the network that these weights come from; no arguments if there are no such weights.

    >>> import torch
    >>> made_with(torch.nn.GRU(3, 4, bidirectional=True).state_dict())
    ('nn.GRU', {'input_size': 3, 'hidden_size': 4, 'bias': True, 'num_layers': 1, 'bidirectional': True})
    """
    found = {k.removeprefix(prefix): v for k, v in saved.items() if isinstance(k, str) and k.startswith(prefix)}
    keys = {k: m for k in found if (m := _KEY.fullmatch(k)) and isinstance(found[k], Tensor)}
    first, hidden, narrow = (found.get(n, found.get(f"{n}_l0")) for n in ("weight_ih", "weight_hh", "weight_hr"))
    if first is None or hidden is None or first.dim() != 2 or hidden.dim() != 2:
        return "", {}
    H_out = hidden.shape[1] if narrow is None else narrow.shape[1]
    made: dict[str, Any] = dict(input_size=first.shape[1], hidden_size=H_out, bias=any(m[1] == "bias" for m in keys.values()))
    gates = {1: "nn.RNN", 3: "nn.GRU", 4: "nn.LSTM"}.get(first.shape[0] // H_out, "another network")
    if "weight_ih" not in keys:
        made |= dict(num_layers=1 + max(int(m[3]) for m in keys.values()), bidirectional=any(m[4] for m in keys.values()))
        made |= {"proj_size": 0 if narrow is None else narrow.shape[0]} if gates == "nn.LSTM" else {}
    return gates, made
