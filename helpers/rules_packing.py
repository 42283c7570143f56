"""What can be wrong where sequences are padded and packed."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from .calls import Call, value_of
from .explanations import Axis, Explanation, Fix, Side
from .mends import change, name_of, node_of, put, replace, spell, with_arguments
from .rules_input import described, shape_side


def _batch_first(call: Call) -> bool:
    return bool(call.given.get("batch_first", False))


def _axes(call: Call, shape: tuple[int, ...]) -> tuple[str, ...]:
    rest = [f"axis {i}" for i in range(2, len(shape))]
    rest = ["H_in"] if len(rest) == 1 else rest
    return (*(("N", "L") if _batch_first(call) else ("L", "N")), *rest)


def _lengths(call: Call) -> Any:
    """The lengths as the learner gave them, or as torch had already turned them."""
    return call.inner.get("lengths", call.given.get("lengths"))


def _edit(call: Call, **changes: str | None) -> Fix:
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
        given, expected = Side("batch_sizes", note=str(sizes.device), wrong_note=True), Side("batch_sizes", note="cpu")
        cause = "batch_sizes always stay on the CPU, wherever the data are."
        return Explanation(rule, (given,), (expected,), cause, _edit(call, batch_sizes=f"{name_of(call, 'batch_sizes')}.cpu()"))
    given = Side("arguments", note=f"{described(data)} alone", wrong_note=True)
    pack = spell(call, "torch.nn.utils.rnn.pack_sequence")
    listed = f"[{name_of(call, 'data')}]" if isinstance(data, Tensor) else name_of(call, "data")
    written = f"{pack}({listed}, enforce_sorted=False)"
    fix = replace(call, call.code.call, written) if call.direct and call.code.call else put(call, written, "instead")
    return Explanation(rule, (given,), (Side("arguments", note="a list of sequences, to pack_sequence"),), "The batch sizes are missing.", fix)


def check_sequences(call: Call) -> Explanation | None:
    """pad_sequence and pack_sequence: no list, an empty one, not of tensors, tensors that do not fit together."""
    if call.what not in ("pad_sequence", "pack_sequence"):
        return None
    value = call.given.get("sequences")
    rule, expected = f"{call.what} takes a list of tensors, one for each sequence: (L, H_in).", Side("sequences", note="a list of tensors (L, H_in)")
    given = Side("sequences", note=described(value), wrong_note=True)
    tensor, dtype = spell(call, "torch.as_tensor"), spell(call, "torch.float32")
    if isinstance(value, Tensor):
        return None
    if not isinstance(value, Iterable):
        zeros = f"[{spell(call, 'torch.zeros')}(1, 1)]"
        cause = "This is no list: did a function forget its return? Put your own sequences in the place of the zeros."
        return Explanation(rule, (given,), (expected,), cause, change(call, "sequences", zeros))
    value = call.inner.get("sequences", value)  # an iterator has been used up: torch has made a tuple of it
    if not isinstance(value, (list, tuple)):
        return None
    if not value:
        name, text = name_of(call, "sequences"), call.code.text
        line = text if text and not hasattr(call.code.statement, "body") else f"{call.what}({name})"
        cause = "An empty batch: all its sequences were filtered out, or the list is filled later."
        return Explanation(rule, (Side("sequences", note="an empty list", wrong_note=True),), (expected,), cause,
                           put(call, f"if {name}: {line}", "instead"))
    if not all(isinstance(s, Tensor) for s in value):
        cause = "Each sequence must be a tensor; NumPy arrays and lists of numbers are turned into tensors one by one."
        return Explanation(rule, (given,), (expected,), cause, change(call, "sequences", f"[{tensor}(s, dtype={dtype}) for s in {{}}]"))
    if any(s.dim() == 0 for s in value):
        cause = "These are single numbers, tensors without any axis. Each is one step of one feature."
        return Explanation(rule, (given,), (expected,), cause, change(call, "sequences", "[s.reshape(1, 1) for s in {}]"))
    return _apart(call, value, rule)


def _apart(call: Call, value: Iterable[Tensor], rule: str) -> Explanation | None:
    """Sequences that differ in more than their length."""
    first = value[0]
    other = next((s for s in value if s.shape[1:] != first.shape[1:]), None)
    if other is not None:
        rule = "Sequences of one batch differ in their length only; all other sizes are the same."
        sides = tuple(shape_side(f"sequence {i}", s.shape, ("L", "H_in"), range(1 if s is other else 9, s.dim()))
                      for i, s in ((0, first), (next(i for i, s in enumerate(value) if s is other), other)))
        turned = {tuple(s.shape[:-2] + s.shape[:-3:-1]) if s.dim() == 2 else None for s in value}
        same_rows = first.dim() == 2 and len({s.size(0) for s in value}) == 1
        expected = Side("each sequence", (Axis("L"), *(Axis("H_in", n) for n in first.shape[1:])))
        if same_rows and turned:
            expected = Side("each sequence", (Axis("L"), Axis("H_in", first.size(0))))
            cause = "The axes of each sequence look swapped: the steps must come first."
            return Explanation(rule, sides, (expected,), cause, change(call, "sequences", "[s.transpose(0, 1) for s in {}]"))
        least = min(s.size(-1) for s in value if s.dim() > 1) if all(s.dim() > 1 for s in value) else 1
        cause = f"The features were counted differently; made the same for all, for example by keeping the first {least}, they can be padded."
        keep = f"[s[..., :{least}] for s in {{}}]" if first.dim() == other.dim() else "[s.flatten() for s in {}]"
        return Explanation(rule, sides, (expected,), cause, change(call, "sequences", keep))
    away = next((s for s in value if s.device != first.device), None)
    if away is not None:
        sides = (Side("first sequence", note=str(first.device)), Side("another", note=str(away.device), wrong_note=True))
        there = str(first.device)
        fix = change(call, "sequences", f"[s.to('{there}') for s in {{}}]")
        return Explanation("Sequences of one batch are on one device.", sides, (Side("all", note=there),), "Some were moved, others not.", fix)
    return None


def check_options(call: Call) -> Explanation | None:
    """padding_side, padding_value, total_length."""
    side, value = call.given.get("padding_side", "right"), call.given.get("padding_value", 0.0)
    if side not in ("left", "right"):
        return Explanation("padding_side is 'left' or 'right'.", (Side("padding_side", note=repr(side), wrong_note=True),),
                           (Side("padding_side", note="'right', or 'left'"),), "Padding stands before or behind the steps.",
                           _edit(call, padding_side="'right'"))
    if isinstance(value, str) or value is None:
        cause = "Padding fills a tensor of numbers; for words, use the number of your <pad> word."
        return Explanation("padding_value is a number.", (Side("padding_value", note=repr(value), wrong_note=True),),
                           (Side("padding_value", note="a number, usually 0"),), cause, _edit(call, padding_value="0.0"))
    total, packed = call.given.get("total_length"), call.given.get("sequence")
    if total is not None and isinstance(packed, PackedSequence) and total < len(packed.batch_sizes):
        longest = len(packed.batch_sizes)
        cause = "It only ever adds padding; it does not cut a sequence. Here it was taken for a limit, or counted from another batch."
        return Explanation("total_length is at least the longest sequence of the batch.", (Side("total_length", note=str(total), wrong_note=True),),
                           (Side("total_length", note=f">= {longest}"),), cause, _edit(call, total_length=str(longest)))
    return None


def check_packed(call: Call) -> Explanation | None:
    """pad_packed_sequence or unpack_sequence of something that is not packed."""
    name = {"pad_packed_sequence": "sequence", "unpack_sequence": "packed_sequences"}.get(call.what)
    value = call.given.get(name)
    if name is None or isinstance(value, PackedSequence):
        return None
    given, expected = Side(name, note=described(value), wrong_note=True), Side(name, note="PackedSequence")
    rule = f"{call.what} takes a PackedSequence, as a network returns it for packed input."
    if isinstance(value, tuple) and value and isinstance(value[0], PackedSequence):
        cause = "This is all the network returned: (output, h_n). Only output is packed."
        return Explanation(rule, (given,), (expected,), cause, change(call, name, "{}[0]"))
    if isinstance(value, Tensor) and value.dim() > 1:
        given = shape_side(name, value.shape, note="a tensor", wrong_note=True)
        cause = "This tensor is padded already: the network was called with a plain tensor, so its output needs no padding. Leave this line out."
        pack = spell(call, "torch.nn.utils.rnn.pack_padded_sequence")
        L, N = value.shape[1::-1] if _batch_first(call) else value.shape[:2]
        first = ", batch_first=True" if _batch_first(call) else ""
        cause += " Or pack the input before the network:"
        return Explanation(rule, (given,), (expected,), cause, change(call, name, f"{pack}({{}}, [{L}] * {N}{first})"))
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], Tensor) and value[0].dim() > 1:
        cause = "This is all a network returned, (output, h_n), and its input was not packed. Pack the input before the network. Or, here:"
        pack = spell(call, "torch.nn.utils.rnn.pack_padded_sequence")
        L, N = value[0].shape[1::-1] if _batch_first(call) else value[0].shape[:2]
        first = ", batch_first=True" if _batch_first(call) else ""
        return Explanation(rule, (given,), (expected,), cause, change(call, name, f"{pack}({{}}[0], [{L}] * {N}{first})"))
    pack = spell(call, "torch.nn.utils.rnn.pack_sequence")
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) for v in value):
        return Explanation(rule, (given,), (expected,), "A list of sequences is not packed yet.", change(call, name, f"{pack}({{}}, enforce_sorted=False)"))
    zeros = f"{pack}([{spell(call, 'torch.zeros')}(1, 1)])"
    return Explanation(rule, (given,), (expected,), "Nothing packed came in. Put your own batch in the place of the zeros.", change(call, name, zeros))


def check_padded(call: Call) -> Explanation | None:
    """pack_padded_sequence: the padded batch itself."""
    if call.what != "pack_padded_sequence":
        return None
    value = call.given.get("input")
    if not isinstance(value, Tensor):
        rule, given = "The padded batch is one tensor.", Side("input", note=described(value), wrong_note=True)
        expected = Side("input", tuple(map(Axis, (*_axes(call, (1, 1)), "H_in"))))
        pad, first = spell(call, "torch.nn.utils.rnn.pad_sequence"), ", batch_first=True" * _batch_first(call)
        if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) for v in value):
            return Explanation(rule, (given,), (expected,), "A list of sequences: pad it first (or use pack_sequence).",
                               change(call, "input", f"{pad}({{}}{first})"))
        cause = "NumPy or Python made it, and packing takes tensors."
        return Explanation(rule, (given,), (expected,), cause,
                           change(call, "input", f"{spell(call, 'torch.as_tensor')}({{}}, dtype={spell(call, 'torch.float32')})"))
    if value.dim() < 2:
        given = shape_side("input", value.shape, ("L",), range(value.dim()))
        axis = 0 if _batch_first(call) else 1
        return Explanation("A padded batch has an axis for the steps and one for the sequences.", (given,),
                           (Side("input", tuple(map(Axis, _axes(call, (1, 1)))), "and perhaps features"),),
                           "One sequence alone: give it a batch axis.", change(call, "input", f"{{}}.unsqueeze({axis})" if value.dim() else "{}.reshape(1, 1)"))
    if not value.numel():
        name, text = name_of(call, "input"), call.code.text
        names = _axes(call, tuple(value.shape))
        given = shape_side("input", value.shape, names, [i for i, size in enumerate(value.shape) if not size])
        line = text if text and not hasattr(call.code.statement, "body") else f"{call.what}({name}, lengths)"
        return Explanation("There must be something to pack.", (given,), (Side("input", tuple(map(Axis, names))),),
                           "An empty batch, or sequences without steps: leave them out.", put(call, f"if {name}.numel(): {line}", "instead"))
    return None


def check_lengths(call: Call) -> Explanation | None:
    """The lengths: what they are, where they are, how many, how long, in which order."""
    if call.what not in ("pack_padded_sequence", "pack_sequence"):
        return None
    lengths, value = _lengths(call), call.given.get("input")
    if call.what == "pack_padded_sequence":
        N = value.size(0 if _batch_first(call) else 1)
        found = _no_row_of_numbers(call, lengths, N) or _elsewhere(call, lengths) or _not_as_many(call, lengths, value, N)
        if found:
            return found
    if not isinstance(lengths, Tensor) or lengths.device.type == "meta":
        return None
    numbers = lengths.tolist()
    given = Side("lengths", note=_row(numbers), wrong_note=True)
    if min(numbers) <= 0:
        rule = "Every sequence has at least one step: each length >= 1."
        expected = Side("lengths", note=_row([max(n, 1) for n in numbers]))
        where = [i for i, n in enumerate(numbers) if n <= 0][:3]
        cause = f"An empty sequence (number {', '.join(map(str, where))} of the lengths): leave it out, or count one step of padding."
        if call.what == "pack_sequence":
            fix = change(call, "sequences", "[s for s in {} if len(s)]")
        else:
            listed = "[max(1, int(n)) for n in {}]"
            fix = change(call, "lengths", "{}.clamp(min=1)" if isinstance(_given_lengths(call), Tensor) else listed)
        return Explanation(rule, (given,), (expected,), cause, fix)
    if numbers != sorted(numbers, reverse=True):
        rule = "With enforce_sorted=True (the default) the longest sequence comes first."
        cause = "The batch is in its own order. With enforce_sorted=False torch sorts, and restores the order afterwards."
        expected = (Side("lengths", note=f"{_row(numbers)} with enforce_sorted=False"),)
        return Explanation(rule, (given,), expected, cause, _edit(call, enforce_sorted="False"))
    return None


def _given_lengths(call: Call) -> Any:
    """What the learner's own name for the lengths stands for; torch has overwritten its own."""
    node = node_of(call, "lengths")
    return None if node is None else value_of(node, call.code)


def _row(numbers: list) -> str:
    return f"[{', '.join(map(str, numbers[:8]))}{', …' if len(numbers) > 8 else ''}]"


def _no_row_of_numbers(call: Call, lengths: Any, N: int) -> Explanation | None:
    rule, expected = "lengths is one whole number for each sequence.", (Side("lengths", note=f"{N} whole numbers"),)
    L = call.given["input"].size(1 if _batch_first(call) else 0)
    if isinstance(lengths, Tensor) and lengths.dim() == 1:
        return None
    if isinstance(lengths, Tensor):
        given = shape_side("lengths", lengths.shape, (), range(lengths.dim()), wrong_note=True, note=f"{lengths.dim()} axes, not one")
        if lengths.numel() == N and lengths.dim():
            own = _given_lengths(call)
            template = "{}.flatten()" if isinstance(own, Tensor) else f"{spell(call, 'torch.as_tensor')}({{}}).flatten()"
            return Explanation(rule, (given,), expected, "The lengths have an axis too many.", change(call, "lengths", template))
        if lengths.dim() == 0:
            return Explanation(rule, (given,), expected, "One number for all: repeat it for each sequence.", change(call, "lengths", f"[int({{}})] * {N}"))
        cause = "These are not lengths; perhaps the sequences or a mask. Of a mask, the sum of each row is its length."
        return Explanation(rule, (given,), expected, cause, change(call, "lengths", f"[{L}] * {N}"))
    given = Side("lengths", note=described(lengths), wrong_note=True)
    cause = "These are no numbers. Without padding all are as long as the batch:" if lengths is not None else "The lengths are missing."
    if isinstance(lengths, (list, tuple)) and len(lengths) == N and all(hasattr(s, "__len__") for s in lengths):
        return Explanation(rule, (given,), expected, "These are the sequences, not their lengths.", change(call, "lengths", "[len(s) for s in {}]"))
    return Explanation(rule, (given,), expected, cause, change(call, "lengths", f"[{L}] * {N}"))


def _elsewhere(call: Call, lengths: Tensor) -> Explanation | None:
    if lengths.device.type == "cpu":
        return None
    given, expected = Side("lengths", note=str(lengths.device), wrong_note=True), Side("lengths", note="cpu")
    cause = "The lengths went to the device with the rest of the batch. torch reads them in Python: they stay on the CPU."
    return Explanation("lengths live on the CPU, wherever the batch is.", (given,), (expected,), cause, change(call, "lengths", "{}.cpu()"))


def _not_as_many(call: Call, lengths: Tensor, value: Tensor, N: int) -> Explanation | None:
    count = len(lengths)
    if count == N:
        return None
    first = _batch_first(call)
    rule = "There is one length for each sequence of the batch."
    expected = (Side("lengths", note=f"{N} numbers, one for each sequence"),)
    if value.size(1 if first else 0) == count:
        shown = shape_side("input", value.shape, _axes(call, tuple(value.shape)), (0, 1))
        cause = f"The other axis has {count}: the input is {'(L, N, …)' if first else '(N, L, …)'}, and batch_first={first} says otherwise."
        fix = _edit(call, batch_first=str(not first))
        return Explanation(rule, (Side("lengths", note=f"{count} numbers"), shown), expected, cause, fix)
    given = (Side("lengths", note=f"{count} numbers", wrong_note=True), shape_side("input", value.shape, _axes(call, tuple(value.shape))))
    if count > N:
        cause = "The lengths belong to a larger batch; the last batch is often smaller. Take them from this very batch."
        return Explanation(rule, given, expected, cause, change(call, "lengths", f"{{}}[:{N}]"))
    cause = "Some lengths are missing. Without padding, each sequence is as long as the batch:"
    return Explanation(rule, given, expected, cause, change(call, "lengths", f"[{value.size(1 if first else 0)}] * {N}"))


def check_unpad(call: Call) -> Explanation | None:
    """unpad_sequence: as many lengths as sequences, in a tensor."""
    if call.what != "unpad_sequence":
        return None
    lengths, value = call.given.get("lengths"), call.given.get("padded_sequences")
    if not isinstance(value, Tensor) or value.dim() < 2:
        return None
    if not isinstance(lengths, Tensor):
        given, expected = Side("lengths", note=described(lengths), wrong_note=True), Side("lengths", note="a tensor")
        fix = change(call, "lengths", f"{spell(call, 'torch.as_tensor')}({{}})")
        return Explanation("unpad_sequence takes the lengths as a tensor.", (given,), (expected,), "A list was given.", fix)
    N = value.size(0)  # torch has already brought the batch to the front, in place
    if len(lengths) == N:
        return None
    given, expected = Side("lengths", note=f"{len(lengths)} numbers", wrong_note=True), Side("lengths", note=f"{N} numbers")
    fix = change(call, "lengths", f"{{}}[:{N}]")
    return Explanation("There is one length for each sequence of the batch.", (given,), (expected,), "The lengths belong to another batch.", fix)


CHECKS: list[Callable[[Call], Explanation | None]] = [
    check_by_hand, check_packed, check_sequences, check_options, check_padded, check_lengths, check_unpad,
]
