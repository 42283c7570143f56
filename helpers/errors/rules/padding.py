"""What can be wrong where a list of sequences is padded, and where a packed batch is unpacked."""

from collections.abc import Iterable, Sequence

import numpy as np
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ..calls import Call
from ..explanations import Axis, Explanation, Fix, Side, culprit
from ..mends import change, name_of, only_if, put, replace, spell, with_arguments
from ..sizes import described, shape_side


def batch_first(call: Call) -> bool:
    return bool(call.given.get("batch_first", False))


def edit(call: Call, **changes: str | None) -> Fix:
    known = {"pack_padded_sequence": "x, lengths", "pack_sequence": "sequences", "pad_sequence": "sequences"}
    more = ", ".join(f"{key}={value}" for key, value in changes.items())
    written = f"{call.what}({known.get(call.what, 'packed')}, {more})"
    return with_arguments(call, written, **changes)


def check_by_hand(call: Call) -> Explanation | None:
    """PackedSequence(...) written by the learner."""
    if call.what != "PackedSequence":
        return None
    data, sizes = call.given.get("data"), call.given.get("batch_sizes")
    rule = "A PackedSequence is made by pack_sequence or pack_padded_sequence, not by hand."
    if isinstance(sizes, Tensor):
        given, expected = culprit("batch_sizes", str(sizes.device)), Side("batch_sizes", note="cpu")
        cause = "batch_sizes always stay on the CPU, wherever the data are."
        return Explanation(rule, given, expected, cause, edit(call, batch_sizes=f"{name_of(call, 'batch_sizes')}.cpu()"))
    given = culprit("arguments", f"{described(data)} alone")
    pack = spell(call, "torch.nn.utils.rnn.pack_sequence")
    listed = f"[{name_of(call, 'data')}]" if isinstance(data, Tensor) else name_of(call, "data")
    written = f"{pack}({listed}, enforce_sorted=False)"
    fix = replace(call, call.code.call, written) if call.direct and call.code.call else put(call, written, "instead")
    return Explanation(
        rule,
        given,
        Side("arguments", note="a list of sequences, to pack_sequence"),
        "The batch sizes are missing.",
        fix,
    )


def check_sequences(call: Call) -> Explanation | None:
    """pad_sequence and pack_sequence: no list, an empty one, not of tensors, tensors that do not fit together."""
    if call.what not in ("pad_sequence", "pack_sequence"):
        return None
    value = call.given.get("sequences")
    rule = f"{call.what} takes a list of tensors, one for each sequence: (L, H_in)."
    expected = Side("sequences", note="a list of tensors (L, H_in)")
    given = culprit("sequences", described(value))
    if isinstance(value, Tensor):
        return None
    if not isinstance(value, Iterable):
        zeros = f"[{spell(call, 'torch.zeros')}(1, 1)]"
        cause = "This is no list: did a function forget its return? Put your own sequences in the place of the zeros."
        return Explanation(rule, given, expected, cause, change(call, "sequences", zeros))
    value = call.inner.get("sequences", value)  # an iterator has been used up: torch has made a tuple of it
    if not isinstance(value, (list, tuple)):
        return None
    if not value:
        name = name_of(call, "sequences")
        cause = "An empty batch: all its sequences were filtered out, or the list is filled later."
        return Explanation(
            rule, culprit("sequences", "an empty list"), expected, cause, only_if(call, name, f"{call.what}({name})")
        )
    if not all(isinstance(s, Tensor) for s in value):
        cause = "Each sequence must be a tensor; NumPy arrays and lists of numbers are turned into tensors one by one."
        float64 = any(isinstance(s, np.ndarray) and s.dtype.kind == "f" for s in value)
        dtype = f", dtype={spell(call, 'torch.float32')}" if float64 else ""
        fix = change(call, "sequences", f"[{spell(call, 'torch.as_tensor')}(s{dtype}) for s in {{}}]")
        return Explanation(rule, given, expected, cause, fix)
    if any(s.dim() == 0 for s in value):
        cause = "These are single numbers, tensors without any axis. Each is one step of one feature."
        return Explanation(rule, given, expected, cause, change(call, "sequences", "[s.reshape(1, 1) for s in {}]"))
    return _without_features(call, value) or _apart(call, value, rule)


def _without_features(call: Call, value: Sequence[Tensor]) -> Explanation | None:
    """Sequences whose last axis is empty: padding takes them, packing does not."""
    empty = [i for i, s in enumerate(value) if s.dim() > 1 and s.size(-1) == 0]
    if not empty:
        return None
    given = shape_side(f"sequence {empty[0]}", value[empty[0]].shape, ("L", "H_in"), (1,))
    cause = "There is nothing to read: no features were found, or a slice begins behind the end."
    name = name_of(call, "sequences")
    if len(empty) < len(value):
        fix = change(call, "sequences", "[s for s in {} if s.numel()]")
    else:
        fix = only_if(call, f"any(s.numel() for s in {name})", f"{call.what}({name})")
    return Explanation(
        "Every step has at least one feature.", given, Side("each sequence", (Axis("L"), Axis("H_in"))), cause, fix
    )


def _apart(call: Call, value: Iterable[Tensor], rule: str) -> Explanation | None:
    """Sequences that differ in more than their length."""
    first = value[0]
    other = next((s for s in value if s.shape[1:] != first.shape[1:]), None)
    if other is not None:
        rule = "Sequences of one batch differ in their length only; all other sizes are the same."
        sides = tuple(
            shape_side(f"sequence {i}", s.shape, ("L", "H_in"), range(1 if s is other else 9, s.dim()))
            for i, s in ((0, first), (next(i for i, s in enumerate(value) if s is other), other))
        )
        turned = {tuple(s.shape[:-2] + s.shape[:-3:-1]) if s.dim() == 2 else None for s in value}
        same_rows = first.dim() == 2 and len({s.size(0) for s in value}) == 1
        expected = Side("each sequence", (Axis("L"), *(Axis("H_in", n) for n in first.shape[1:])))
        if same_rows and turned:
            expected = Side("each sequence", (Axis("L"), Axis("H_in", first.size(0))))
            cause = "The axes of each sequence look swapped: the steps must come first."
            return Explanation(rule, sides, expected, cause, change(call, "sequences", "[s.transpose(0, 1) for s in {}]"))
        least = min(s.size(-1) for s in value if s.dim() > 1) if all(s.dim() > 1 for s in value) else 1
        cause = (
            "The features were counted differently; made the same for all, for example by keeping the "
            f"first {least}, they can be padded."
        )
        keep = f"[s[..., :{least}] for s in {{}}]" if first.dim() == other.dim() else "[s.flatten() for s in {}]"
        return Explanation(rule, sides, expected, cause, change(call, "sequences", keep))
    away = next((s for s in value if s.device != first.device), None)
    if away is not None:
        sides = (Side("first sequence", note=str(first.device)), culprit("another", str(away.device)))
        there = str(first.device)
        moved = "[s.cpu() for s in {}]" if there == "cpu" else f"[s.to('{there}') for s in {{}}]"
        fix = change(call, "sequences", moved)
        return Explanation(
            "Sequences of one batch are on one device.",
            sides,
            Side("all", note=there),
            "Some were moved, others not.",
            fix,
        )
    return None


def check_options(call: Call) -> Explanation | None:
    """padding_side, padding_value, total_length."""
    side, value = call.given.get("padding_side", "right"), call.given.get("padding_value", 0.0)
    if side not in ("left", "right"):
        given, expected = culprit("padding_side", repr(side)), Side("padding_side", note="'right', or 'left'")
        fix = edit(call, padding_side="'right'")
        return Explanation(
            "padding_side is 'left' or 'right'.", given, expected, "Padding stands before or behind the steps.", fix
        )
    if isinstance(value, str) or value is None:
        given, expected = culprit("padding_value", repr(value)), Side("padding_value", note="a number, usually 0")
        cause = "Padding fills a tensor of numbers; for words, use the number of your <pad> word."
        return Explanation("padding_value is a number.", given, expected, cause, edit(call, padding_value="0.0"))
    total, packed = call.given.get("total_length"), call.given.get("sequence")
    if total is not None and isinstance(packed, PackedSequence) and total < len(packed.batch_sizes):
        longest = len(packed.batch_sizes)
        cause = (
            "It only ever adds padding; it does not cut a sequence. Here it was taken for a limit, or counted from another batch."
        )
        return Explanation(
            "total_length is at least the longest sequence of the batch.",
            culprit("total_length", str(total)),
            Side("total_length", note=f">= {longest}"),
            cause,
            edit(call, total_length=str(longest)),
        )
    return None


def check_packed(call: Call) -> Explanation | None:
    """pad_packed_sequence or unpack_sequence of something that is not packed."""
    name = {"pad_packed_sequence": "sequence", "unpack_sequence": "packed_sequences"}.get(call.what)
    value = call.given.get(name)
    if name is None or isinstance(value, PackedSequence):
        return None
    given, expected = culprit(name, described(value)), Side(name, note="PackedSequence")
    rule = f"{call.what} takes a PackedSequence, as a network returns it for packed input."
    if isinstance(value, tuple) and value and isinstance(value[0], PackedSequence):
        cause = "This is all the network returned: (output, h_n). Only output is packed."
        return Explanation(rule, given, expected, cause, change(call, name, "{}[0]"))
    if isinstance(value, Tensor) and value.dim() > 1:
        given = shape_side(name, value.shape, note="a tensor", wrong_note=True)
        cause = (
            "This tensor is padded already: the network was called with a plain tensor, so its output "
            "needs no padding. Leave this line out."
        )
        pack = spell(call, "torch.nn.utils.rnn.pack_padded_sequence")
        L, N = value.shape[1::-1] if batch_first(call) else value.shape[:2]
        first = ", batch_first=True" if batch_first(call) else ""
        cause += " Or pack the input before the network:"
        return Explanation(rule, given, expected, cause, change(call, name, f"{pack}({{}}, [{L}] * {N}{first})"))
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], Tensor) and value[0].dim() > 1:
        cause = (
            "This is all a network returned, (output, h_n), and its input was not packed. Pack the input "
            "before the network. Or, here:"
        )
        pack = spell(call, "torch.nn.utils.rnn.pack_padded_sequence")
        L, N = value[0].shape[1::-1] if batch_first(call) else value[0].shape[:2]
        first = ", batch_first=True" if batch_first(call) else ""
        return Explanation(rule, given, expected, cause, change(call, name, f"{pack}({{}}[0], [{L}] * {N}{first})"))
    pack = spell(call, "torch.nn.utils.rnn.pack_sequence")
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) for v in value):
        return Explanation(
            rule,
            given,
            expected,
            "A list of sequences is not packed yet.",
            change(call, name, f"{pack}({{}}, enforce_sorted=False)"),
        )
    zeros = f"{pack}([{spell(call, 'torch.zeros')}(1, 1)])"
    return Explanation(
        rule,
        given,
        expected,
        "Nothing packed came in. Put your own batch in the place of the zeros.",
        change(call, name, zeros),
    )
