"""Lists of sequences that are to be padded or packed, packed batches that are to be unpacked, and the options of both."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ..calls import PackingCall, Written
from ..explanations import Axis, Explanation, Fix, Side, culprit
from ..facts import described, shape_side
from ..fixes import rewrite, with_arguments


def check_signature(call: PackingCall) -> Explanation | None:
    """An argument that the function does not have, or one that is missing."""
    if not call.refused:
        return None
    needed = call.order[: 2 if "lengths" in call.order else 1]
    expected = Side(call.name, note=f"({', '.join(call.order)})")
    unknown = next((name for name in call.given if name not in call.order), None)
    missing = next((name for name in needed if name not in call.given), None)
    if unknown is not None and not unknown.startswith("argument "):
        near = next(iter(difflib.get_close_matches(unknown, call.order, 1, 0.5)), "")
        near = "" if near in call.given else near
        value = call.given[unknown]
        code = str(value) if isinstance(value, Written) else repr(value)
        node = call.line.call
        code = next((call.line.text(k.value) for k in node.keywords if k.arg == unknown), code) if node else code
        fix = with_arguments(call, **{unknown: None, near: code}) if near else Fix()
        cause = f"It is called {near} here." if near else "It may belong to another function."
        return Explanation(
            f"{call.name} has no argument {unknown}.", culprit(call.name, f"{unknown}={code}"), expected, cause, fix
        )
    rule = f"{call.name} takes {' and '.join(needed)}" + (", and options." if len(call.order) > len(needed) else ".")
    if missing is None:
        return Explanation(
            rule,
            culprit(call.name, f"{len(call.given)} arguments"),
            expected,
            "There are too many arguments, or one of them twice.",
        )
    causes = {"lengths": "The lengths are missing: one integer for each sequence, len(sequence) before it was padded."}
    return Explanation(rule, culprit(call.name, f"no {missing}"), expected, causes.get(missing, f"{missing} is missing."))


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
    value = call.inner.get("sequences", call.given.get("sequences"))  # torch has made a tuple of an iterator that is used up
    if call.name not in ("pad_sequence", "pack_sequence") or isinstance(value, Tensor):
        return None
    if call.name == "pack_sequence" and isinstance(call.given.get("sequences"), (list, tuple)):
        value = call.given["sequences"]
    rule = f"{call.name} takes a list of tensors, one for each sequence: (L, H_in)."
    given, expected = culprit("sequences", described(value)), Side("sequences", note="a list of tensors (L, H_in)")
    if not isinstance(value, Iterable):
        return Explanation(rule, given, expected, "This is not a list: has the function that made it no return?")
    if not isinstance(value, (list, tuple)):
        return None
    if not value:
        cause = "The batch is empty: all its sequences were filtered out, or the list is filled later. Leave it out."
        return Explanation(rule, culprit("sequences", "an empty list"), expected, cause)
    if not all(isinstance(s, Tensor) for s in value):
        cause = "Each sequence must be a tensor: turn arrays and lists of numbers into tensors one by one."
        floats = any(isinstance(s, np.ndarray) and s.dtype.kind == "f" for s in value)
        template = f"[{{torch.as_tensor}}(s{', dtype={torch.float32}' * floats}) for s in {{}}]"
        able = all(isinstance(s, Tensor) or isinstance(s, (list, np.ndarray)) and _numeric(s) for s in value)
        return Explanation(rule, given, expected, cause, rewrite(call, "sequences", template) if able else Fix())
    if any(s.dim() == 0 for s in value):
        return Explanation(rule, given, expected, "These are single numbers, tensors without any axis, and no sequences.")
    return _without_features(value) or _unlike(call, value)


def _numeric(value: Any) -> bool:
    try:
        torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        return False
    return True


def _without_features(value: Sequence[Tensor]) -> Explanation | None:
    """Sequences whose last axis is empty: padding accepts them, packing does not."""
    empty = [i for i, s in enumerate(value) if s.dim() > 1 and s.size(-1) == 0]
    if not empty:
        return None
    given = shape_side(f"sequence {empty[0]}", value[empty[0]].shape, ("L", "H_in"), (1,))
    cause = "There is nothing to read: no features were found, or a slice begins after the end. Leave such sequences out."
    expected = Side("each sequence", (Axis("L"), Axis("H_in")))
    return Explanation("Every time step has at least one feature.", given, expected, cause)


def _unlike(call: PackingCall, value: Sequence[Tensor]) -> Explanation | None:
    """Sequences that differ in more than their length, or are on different devices."""
    first, rule = value[0], "Sequences of one batch differ in their length only; all other sizes are the same."
    other = next((i for i, s in enumerate(value) if s.shape[1:] != first.shape[1:]), None)
    if other is not None:
        sides = tuple(
            shape_side(f"sequence {i}", value[i].shape, ("L", "H_in"), range(1 if i else 9, value[i].dim())) for i in (0, other)
        )
        if all(s.dim() == 2 for s in value) and len({s.size(0) for s in value}) == 1:
            expected = Side("each sequence", (Axis("L"), Axis("H_in", first.size(0))))
            cause = "The axes of each sequence look swapped: the time steps must come first."
            return Explanation(rule, sides, expected, cause, rewrite(call, "sequences", "[s.transpose(0, 1) for s in {}]"))
        expected = Side("each sequence", (Axis("L"), *(Axis("H_in", n) for n in first.shape[1:])))
        cause = "The number of features differs" if first.dim() == value[other].dim() else "The number of axes differs"
        return Explanation(rule, sides, expected, f"{cause}: these sequences were not made in the same way.")
    away = next((s for s in value if s.device != first.device), None)
    if away is None:
        return None
    sides = (Side("first sequence", note=str(first.device)), culprit("another", str(away.device)))
    moved = "[s.cpu() for s in {}]" if first.device.type == "cpu" else f"[s.to('{first.device}') for s in {{}}]"
    fix, rule = rewrite(call, "sequences", moved), "Sequences of one batch are on the same device."
    return Explanation(rule, sides, Side("all", note=str(first.device)), "Some were moved and others were not.", fix)


def check_options(call: PackingCall) -> Explanation | None:
    """padding_side, padding_value, total_length."""
    side, value = call.given.get("padding_side", "right"), call.given.get("padding_value", 0.0)
    total, packed = call.given.get("total_length"), call.given.get("sequence")
    if side not in ("left", "right"):
        given, expected = culprit("padding_side", repr(side)), Side("padding_side", note="'right', or 'left'")
        return Explanation("padding_side is 'left' or 'right'.", given, expected, "Padding is before or after the time steps.")
    if isinstance(value, str) or value is None:
        given, expected = culprit("padding_value", repr(value)), Side("padding_value", note="a number, usually 0.0")
        cause = "Padding fills a tensor of numbers. For words, use the id of your padding word."
        return Explanation("padding_value is a number.", given, expected, cause)
    if not isinstance(total, int) or not isinstance(packed, PackedSequence) or total >= len(packed.batch_sizes):
        return None
    longest = len(packed.batch_sizes)
    cause = "total_length only adds padding and never cuts a sequence. It was taken for a limit, or counted from another batch."
    given, expected = culprit("total_length", str(total)), Side("total_length", note=f">= {longest}, or None")
    return Explanation("total_length is at least the longest sequence of the batch.", given, expected, cause)


def check_packed(call: PackingCall) -> Explanation | None:
    """pad_packed_sequence or unpack_sequence of something that is not packed."""
    name = {"pad_packed_sequence": "sequence", "unpack_sequence": "packed_sequences"}.get(call.name, "")
    value = call.given.get(name)
    if not name or isinstance(value, PackedSequence):
        return None
    given = (
        shape_side(name, value.shape, note="a tensor", wrong_note=True)
        if isinstance(value, Tensor)
        else culprit(name, described(value))
    )
    rule, expected = (
        f"{call.name} takes a PackedSequence, as a network returns it for packed input.",
        Side(name, note="PackedSequence"),
    )
    cause, template = next(_not_packed(value))
    return Explanation(rule, given, expected, cause, rewrite(call, name, template) if template else Fix())


def _not_packed(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, tuple) and value and isinstance(value[0], PackedSequence):
        yield "This is all that the network returned, (output, h_n). Only output is packed.", "{}[0]"
    unpacked = "The network was called with a plain tensor, so its output is not packed. Pack its input, or leave this call out."
    if isinstance(value, Tensor):
        yield unpacked, ""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], Tensor):
        yield f"This is all that a network returned, (output, h_n). {unpacked}", ""
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) for v in value):
        yield "A list of sequences is not packed yet.", "{torch.nn.utils.rnn.pack_sequence}({}, enforce_sorted=False)"
    yield "This is not packed.", ""
