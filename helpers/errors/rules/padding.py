"""Lists of sequences that are to be padded or packed, packed batches that are to be unpacked, and the options of both."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ..calls import PackingCall
from ..explanations import Axis, Explanation, Fix, Side, culprit
from ..facts import described, shape_side, special
from ..fixes import rewrite, with_arguments

PACK = "{torch.nn.utils.rnn.pack_sequence}({}, enforce_sorted=False)"


def check_arguments(call: PackingCall) -> Explanation | None:
    """An argument that the function does not have, or one that is missing."""
    if not call.refused:
        return None
    needed, expected = call.order[: 1 + ("lengths" in call.order)], Side(call.name, note=f"({', '.join(call.order)})")
    unknown = next((name for name in call.given if name not in call.order and not name.startswith("argument ")), None)
    missing = next((name for name in needed if name not in call.given), None)
    rule = f"{call.name} takes {' and '.join(needed)}, and options by name."
    if unknown is not None:
        near = next((n for n in difflib.get_close_matches(unknown, call.order, 1, 0.5) if n not in call.given), "")
        keywords = call.line.call.keywords if call.line.call else []
        code = next((call.line.text(k.value) for k in keywords if k.arg == unknown), "…")
        fix = with_arguments(call, **{unknown: None, near: code}) if near else Fix()
        cause = f"It is called {near} here." if near else "It may belong to another function."
        given = culprit(call.name, f"{unknown}={code}")
        return Explanation(f"{call.name} has no argument {unknown}.", given, expected, cause, fix)
    if missing is None:
        given = culprit(call.name, f"{len(call.given)} arguments")
        return Explanation(rule, given, expected, "There are too many arguments, or one of them is given twice.")
    cause = "It is one integer for each sequence, len(sequence)." if missing == "lengths" else "It is the first argument."
    return Explanation(rule, culprit(call.name, f"no {missing}"), expected, f"{missing} is missing. {cause}")


def check_by_hand(call: PackingCall) -> Explanation | None:
    """PackedSequence(...) written by the learner."""
    if call.name != "PackedSequence":
        return None
    data, sizes = call.given.get("data"), call.given.get("batch_sizes")
    rule = "A PackedSequence is made by pack_sequence or pack_padded_sequence, not by hand."
    if isinstance(sizes, Tensor):
        given, expected = culprit("batch_sizes", str(sizes.device)), Side("batch_sizes", note="cpu")
        cause = "batch_sizes are always on the CPU, wherever the data are."
        return Explanation(rule, given, expected, cause, rewrite(call, "batch_sizes", "{}.cpu()"))
    expected = Side("arguments", note="a list of sequences, for pack_sequence")
    return Explanation(rule, culprit("arguments", f"{described(data)} alone"), expected, "The batch sizes are missing.")


def check_sequences(call: PackingCall) -> Explanation | None:
    """pad_sequence and pack_sequence: no list, an empty one, not of tensors, tensors that do not fit together."""
    value = call.given.get("sequences")
    value = call.inner.get("sequences", value) if isinstance(value, Iterator) else value  # by now it is used up
    if call.name not in ("pad_sequence", "pack_sequence") or isinstance(value, Tensor):
        return None
    rule = f"{call.name} takes a list of tensors, one for each sequence: (L, H_in)."
    given, expected = culprit("sequences", described(value)), Side("sequences", note="a list of tensors (L, H_in)")
    if not isinstance(value, Iterable):
        return Explanation(rule, given, expected, "This is not a list: has the function that made it no return?")
    value = list(value)
    if not value:
        cause = "The batch is empty: all its sequences were filtered out, or the list is filled later. Leave it out."
        return Explanation(rule, culprit("sequences", "an empty list"), expected, cause)
    if not all(isinstance(s, Tensor) and not special(s) for s in value):
        cause = "Each sequence must be a dense tensor: turn arrays and lists of numbers into tensors one by one."
        floats = any(isinstance(s, np.ndarray) and s.dtype.kind == "f" for s in value)
        template = f"[{{torch.as_tensor}}(s{', dtype={torch.float32}' * floats}) for s in {{}}]"
        fix = rewrite(call, "sequences", template) if all(map(_able, value)) else Fix()
        return Explanation(rule, given, expected, cause, fix)
    if any(s.dim() == 0 for s in value):
        return Explanation(rule, given, expected, "These are single numbers, tensors without any axis, and no sequences.")
    empty = [i for i, s in enumerate(value) if s.dim() > 1 and s.size(-1) == 0]
    if empty:
        given = shape_side(f"sequence {empty[0]}", value[empty[0]].shape, ("L", "H_in"), (1,))
        cause = "There is nothing to read: no features were found, or a slice begins after the end. Leave such sequences out."
        return Explanation("Every time step has at least one feature.", given, expected, cause)
    return _unlike(call, value)


def _able(value: Any) -> bool:
    """Whether torch.as_tensor makes a tensor of it."""
    try:
        torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        return False
    return True


def _unlike(call: PackingCall, value: list[Tensor]) -> Explanation | None:
    """Sequences that differ in more than their length, or are on different devices."""
    first = value[0]
    other = next((i for i, s in enumerate(value) if s.shape[1:] != first.shape[1:]), None)
    if other is not None:
        rule, last = "Sequences of one batch differ in their length only; all other sizes are the same.", value[other]
        shapes = ((0, first.shape, ()), (other, last.shape, range(1, last.dim())))
        sides = tuple(shape_side(f"sequence {i}", shape, ("L", "H_in"), wrong) for i, shape, wrong in shapes)
        expected, fix = Side("each sequence", (Axis("L"), *(Axis("H_in", n) for n in first.shape[1:]))), Fix()
        differ = "features" if first.dim() == last.dim() else "axes"
        cause = f"The number of {differ} differs: they were not made in the same way."
        if all(s.dim() == 2 for s in value) and len({s.size(0) for s in value}) == 1:
            cause = "The axes of each sequence look swapped: the time steps must come first."
            fix = rewrite(call, "sequences", "[s.transpose(0, 1) for s in {}]")
        return Explanation(rule, sides, expected, cause, fix)
    away = next((s for s in value if s.device != first.device), None)
    if away is None:
        return None
    sides = (Side("first sequence", note=str(first.device)), culprit("another", str(away.device)))
    fix = rewrite(call, "sequences", "[s.cpu() for s in {}]" if first.device.type == "cpu" else "[s.cuda() for s in {}]")
    rule, expected = "Sequences of one batch are on the same device.", Side("all", note=str(first.device))
    return Explanation(rule, sides, expected, "Some were moved and others were not.", fix)


def check_options(call: PackingCall) -> Explanation | None:
    """padding_side, padding_value, total_length."""
    given = call.given
    packed, total = given.get("sequence"), given.get("total_length")
    longest = len(packed.batch_sizes) if isinstance(packed, PackedSequence) else 0
    checks = (
        ("padding_side", given.get("padding_side", "right") in ("left", "right"), "padding_side is 'left' or 'right'.",
         "'right', or 'left'", "Padding is before or after the time steps."),
        ("padding_value", isinstance(given.get("padding_value", 0.0), (int, float)), "padding_value is a number.",
         "a number, usually 0.0", "Padding fills a tensor of numbers. For words, use the id of your padding word."),
        ("total_length", not isinstance(total, int) or total >= longest, "total_length is at least the longest sequence.",
         f">= {longest}, or None", "It only adds padding and never cuts: it is no limit, and is not counted from another batch."),
    )  # fmt: skip
    for name, right, rule, expected, cause in checks:
        if not right:
            return Explanation(rule, culprit(name, repr(given[name])), Side(name, note=expected), cause)
    return None


def check_packed(call: PackingCall) -> Explanation | None:
    """pad_packed_sequence or unpack_sequence of something that is not packed."""
    name = {"pad_packed_sequence": "sequence", "unpack_sequence": "packed_sequences"}.get(call.name, "")
    value: Any = call.given.get(name)
    if not name or isinstance(value, PackedSequence):
        return None
    rule = f"{call.name} takes a PackedSequence, as a network returns it for packed input."
    expected = Side(name, note="PackedSequence")
    cause, template = "This is not packed.", ""
    pair = isinstance(value, tuple) and len(value) == 2
    if pair and isinstance(value[0], PackedSequence):
        cause, template = "This is all that the network returned, (output, h_n). Only output is packed.", "{}[0]"
    elif isinstance(value, Tensor) or pair and isinstance(value[0], Tensor):
        cause = "The network was called with a plain tensor, so its output is not packed. Pack its input, or leave this call out."
    elif isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) for v in value):
        cause, template = "A list of sequences is not packed yet.", PACK
    return Explanation(rule, culprit(name, described(value)), expected, cause, rewrite(call, name, template))
