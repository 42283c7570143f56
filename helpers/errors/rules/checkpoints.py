"""Weights that were saved from one network and are loaded into another: what the file was made with, read from its keys."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..calls import CELLS, RECURRENT, known_as
from ..explanations import Explanation, Fix, Side
from ..facts import options_of
from ..fixes import network_name, remade
from ..source import Step, is_module, line_of

_KEY = re.compile(r"(weight|bias)_(ih|hh|hr)(?:_l(\d+)(_reverse)?)?$")
_GATES = {1: "nn.RNN", 3: "nn.GRU", 4: "nn.LSTM"}


def explain_loading(steps: list[Step]) -> Explanation | None:
    """An error of load_state_dict whose weights do not fit a recurrent network in the model."""
    step = next((s for s in reversed(steps) if s.in_torch and s.function == "load_state_dict" and is_module(s.owner)), None)
    saved = step.frame.f_locals.get("state_dict") if step else None
    if step is None or not isinstance(saved, Mapping):
        return None
    parts = [(place, part) for place, part in step.owner.named_modules() if isinstance(part, RECURRENT)]
    for place, part in parts:
        prefix = f"{place}." if place else ""
        kind, made = made_with(saved, prefix)
        if not made:
            moved = next((k for k in saved if _KEY.search(k) and k.endswith("." + prefix + _KEY.search(k)[0])), None)  # type: ignore[index]
            if moved is None:
                continue
            extra = moved.removesuffix(prefix + _KEY.search(moved)[0])  # type: ignore[index]
            given, expected = Side("keys", note=moved, wrong_note=True), Side("keys", note=moved.removeprefix(extra))
            cause = f"Each key begins with {extra!r}: the weights were saved from a model around this one, as nn.DataParallel makes it."
            return Explanation("The keys of a state_dict are the names in the model that loads it.", given, expected, cause)
        own = {k: v for k, v in options_of(part).items() if k in made}
        wrong = {k: v for k, v in made.items() if own[k] != v}
        right = known_as(type(part)).removesuffix("Cell")
        if wrong or kind != right:
            return _other(steps, part, kind, made, wrong if kind == right else {}, place)
    return None


def _other(steps: list[Step], part: Any, kind: str, made: dict[str, Any], wrong: dict[str, Any], place: str) -> Explanation:
    cell = "Cell" if isinstance(part, CELLS) else ""
    line, own = line_of(steps), {k: v for k, v in options_of(part).items() if k in made}
    name = f"{known_as(type(part))} {place}".strip()
    sides = tuple(Side(title, note=f"{what}({_written(values)})", wrong_note=bad) for title, what, values, bad in (
        ("the file", kind + cell, made, True), (place or "the network", known_as(type(part)), own, False),
    ))  # fmt: skip
    cause = f"The weights were saved from {kind + cell}({_written(made)}), and {name} was made otherwise. Make it as the file was made."
    fix = remade(line, part, **{k: repr(v) for k, v in wrong.items()}) if wrong else Fix()
    shown = network_name(line, part)
    cause += f" Here: {', '.join(f'{k}={v!r}' for k, v in wrong.items())}." if wrong and shown else ""
    return Explanation("A state_dict fits a network that was made with the same arguments.", sides[0], sides[1], cause, fix)


def _written(options: dict[str, Any]) -> str:
    usual = dict(num_layers=1, bias=True, bidirectional=False, proj_size=0)
    return ", ".join(f"{k}={v!r}" for k, v in options.items() if v != usual.get(k))


def made_with(saved: Mapping[str, Any], prefix: str = "") -> tuple[str, dict[str, Any]]:
    """The class and the arguments of the network that these weights come from; no arguments if there are no such weights.

    >>> made_with(nn.GRU(3, 4, bidirectional=True).state_dict())
    ('nn.GRU', {'input_size': 3, 'hidden_size': 4, 'num_layers': 1, 'bias': True, 'bidirectional': True})
    """
    found = {k.removeprefix(prefix): v for k, v in saved.items() if isinstance(k, str) and k.startswith(prefix)}
    keys = {k: m for k in found if (m := _KEY.fullmatch(k))}
    first, hidden, narrow = (
        next((found[k] for k in (name, name + "_l0") if k in keys), None) for name in ("weight_ih", "weight_hh", "weight_hr")
    )
    if not isinstance(first, Tensor) or not isinstance(hidden, Tensor) or first.dim() != 2 or hidden.dim() != 2:
        return "", {}
    H_out = narrow.shape[1] if isinstance(narrow, Tensor) else hidden.shape[1]
    made: dict[str, Any] = dict(input_size=first.shape[1], hidden_size=H_out)
    bias = any(m[1] == "bias" for m in keys.values())
    if "weight_ih" in keys:
        made["bias"] = bias
    else:
        layers, two = 1 + max(int(m[3]) for m in keys.values() if m[3]), any(m[4] for m in keys.values())
        made |= dict(num_layers=layers, bias=bias, bidirectional=two) | (
            dict(proj_size=narrow.shape[0]) if isinstance(narrow, Tensor) else {}
        )
    return _GATES.get(first.shape[0] // H_out, "a network"), made
