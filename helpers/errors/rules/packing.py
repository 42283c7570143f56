"""Lists to pad or pack, padded batches with their lengths, packed batches, and the options of the packing functions."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ...pictures.sides import Side, culprit, shape_side
from ...wording import listed, plural
from ..calls import PackingCall
from ..explanations import Explanation, Fix, about
from ..facts import after, described, special, tensors_only
from ..fixes import rewrite, with_arguments
from .constructor import Finding, check_names, explain_finding
from .inputs import PACK


def _about(
    call: PackingCall, name: str, rule: str, expected: str, cause: str, change: str | Fix = "", given: str = ""
) -> Explanation:
    """An argument that is not what the function takes, and how it is to be written."""
    value, side = call.given.get(name), culprit(name, given or described(call.given.get(name)))
    if isinstance(change, str):
        change = rewrite(call, name, change if isinstance(value, Tensor) or after(change, value) is not None else "")
    return Explanation(rule, side, Side(name, note=expected), cause, change)


def check_arguments(call: PackingCall) -> Explanation | None:
    """An argument that the function does not have, or one that is missing; PackedSequence(...) written by the learner."""
    if call.name == "PackedSequence":
        rule = "A PackedSequence is made by pack_sequence or pack_padded_sequence, not by hand."
        sizes = call.given.get("batch_sizes")
        if isinstance(sizes, Tensor):
            cause = "batch_sizes are always on the CPU, wherever the data are."
            return _about(call, "batch_sizes", rule, "cpu", cause, "{}.cpu()", str(sizes.device))
        return _about(call, "batch_sizes", rule, "one for each time step", "The batch sizes are missing.")
    if not call.refused:
        return None
    return explain_finding(call, next(check_names(call), Finding(call.order[0], "One of the arguments is given twice.")))


def check_sequences(call: PackingCall) -> Explanation | None:
    """pad_sequence and pack_sequence: no list, an empty one, not of tensors, tensors that do not fit together."""
    value: Any = call.given.get("sequences")
    value = call.inner.get("sequences", value) if isinstance(value, Iterator) else value  # by now it is used up
    if call.name not in ("pad_sequence", "pack_sequence") or isinstance(value, Tensor):
        return None
    cause, change = next(_no_sequences(value, list(value) if isinstance(value, Iterable) else [None]), ("", ""))
    rule = f"{call.name} takes a list of tensors, one for each sequence: (L, H_in). Only L may differ."
    given = described(value) if value or not isinstance(value, list) else "an empty list"
    return _about(call, "sequences", rule, "a list of tensors (L, H_in)", cause, change, given) if cause else None


def _no_sequences(value: Any, whole: list[Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Iterable):
        yield "This is not a list: has the function that made it no return?", ""
    if not whole:
        yield "The batch is empty: all its sequences were filtered out, or the list is filled later. Leave it out.", ""
    if whole and not tensors_only(whole):
        floats = any(isinstance(s, np.ndarray) and s.dtype.kind == "f" for s in whole)
        cause = "Each sequence must be a dense tensor: turn arrays and lists of numbers into tensors one by one."
        yield cause, f"[{{torch.as_tensor}}(s{', dtype={torch.float32}' * floats}) for s in {{}}]"
    if any(s.dim() == 0 for s in whole):
        yield "These are single numbers, tensors without any axis, and no sequences.", ""
    if any(s.dim() > 1 and s.size(-1) == 0 for s in whole):
        yield "There is nothing to read in one of them: no features were found. Leave such sequences out.", ""
    if len({s.shape[1:] for s in whole}) > 1:
        if all(s.dim() == 2 for s in whole) and len({s.size(0) for s in whole}) == 1:
            yield "The axes of each sequence look swapped: the time steps must come first.", "[s.transpose(0, 1) for s in {}]"
        differ = "features" if len({s.dim() for s in whole}) == 1 else "axes"
        yield f"The number of {differ} differs: they were not made in the same way.", ""
    if len({s.device for s in whole}) > 1:
        yield "They are on two devices: some were moved and others were not.", "[s.cpu() for s in {}]"


def check_total(call: PackingCall) -> Explanation | None:
    """A total_length of pad_packed_sequence below the longest sequence."""
    total, packed = call.given.get("total_length"), call.given.get("sequence")
    if not isinstance(total, int) or not isinstance(packed, PackedSequence) or total >= len(packed.batch_sizes):
        return None
    rule, cause = "total_length is at least the longest sequence.", "It only adds padding and never cuts: it is no limit."
    return _about(call, "total_length", rule, f">= {len(packed.batch_sizes)}, or None", cause)


def check_packed(call: PackingCall) -> Explanation | None:
    """pad_packed_sequence or unpack_sequence of something that is not packed."""
    name = {"pad_packed_sequence": "sequence", "unpack_sequence": "packed_sequences"}.get(call.name, "")
    value: Any = call.given.get(name)
    if not name or isinstance(value, PackedSequence):
        return None
    pair, cause, change = isinstance(value, tuple) and len(value) == 2, "This is not packed.", ""
    if pair and isinstance(value[0], PackedSequence):
        cause, change = "This is all that the network returned, (output, h_n). Only output is packed.", "{}[0]"
    elif isinstance(value, Tensor) or pair and isinstance(value[0], Tensor):
        cause = "The network was called with a plain tensor, so its output is not packed. Pack its input, or leave this call out."
    elif tensors_only(value):
        cause, change = "A list of sequences is not packed yet.", PACK
    rule = f"{call.name} takes a PackedSequence, as a network returns it for packed input."
    return _about(call, name, rule, "PackedSequence", cause, change)


def _names(first: bool) -> tuple[str, ...]:
    return ("N", "L", "H_in") if first else ("L", "N", "H_in")


def check_lengths(call: PackingCall) -> Explanation | None:
    """pack_padded_sequence: the padded batch and its lengths; pack_sequence: the order of the sequences."""
    lengths: Any = call.inner.get("lengths", call.given.get("lengths"))
    value: Any = call.given.get("input")
    first = bool(call.given.get("batch_first", False))
    if call.name not in ("pack_padded_sequence", "pack_sequence"):
        return None
    if call.name == "pack_padded_sequence":
        found = next(_no_batch(value, first), None)
        if found is not None:
            return _about(call, "input", found[0], f"({', '.join(_names(first))})", *found[1:])
        N, L = value.shape[:2] if first else value.shape[1::-1]
        found = next(_no_lengths(lengths, value, N, first), None)
        if found is not None:
            if "CPU" in found[0]:
                return _about(call, "lengths", found[0], "cpu", *found[1:], str(lengths.device))
            return _about(call, "lengths", found[0], plural(N, "integer"), *found[1:])
        if len(lengths) != N:
            cause = "The lengths belong to another batch. Take them from this very batch: the last one is often smaller."
            fix = Fix()
            if len(lengths) == L:
                cause = f"The other axis has size {L}: the input is ({', '.join(_names(not first)[:2])}, …), and "
                cause, fix = f"{cause}batch_first={first} says otherwise.", with_arguments(call, batch_first=str(not first))
            side = shape_side("input", value.shape, _names(first)[: value.dim()], (0, 1) if fix else ())
            given, expected = culprit("lengths", plural(len(lengths), "integer")), Side("lengths", note=plural(N, "integer"))
            return Explanation("There is one length for each sequence of the batch.", (given, side), expected, cause, fix)
    if not isinstance(lengths, Tensor) or lengths.device.type == "meta" or lengths.dim() != 1 or not len(lengths):
        return None
    numbers = lengths.tolist()
    said = f"[{listed(numbers, most=8)}]"
    if min(numbers) <= 0:
        cause = "There is an empty sequence. Leave it out, together with its label."
        return _about(call, "lengths", "Every sequence has at least one time step.", ">= 1 each", cause, "", said)
    if numbers == sorted(numbers, reverse=True):
        return None
    rule = "With enforce_sorted=True, the default, the longest sequence comes first."
    cause = "The batch is in its own order. With enforce_sorted=False torch sorts it, and restores the order afterwards."
    fix = with_arguments(call, enforce_sorted="False")
    return _about(call, "lengths", rule, "the longest first, or enforce_sorted=False", cause, fix, said)


def _no_batch(value: Any, first: bool) -> Iterator[tuple[str, str, str]]:
    """A padded batch that is none: the rule, the cause, the change."""
    rule = "The padded batch is one tensor."
    if tensors_only(value):
        cause = "This is a list of sequences: pad it first, or use pack_sequence, which needs no lengths."
        yield rule, cause, "{torch.nn.utils.rnn.pad_sequence}({}" + ", batch_first=True" * first + ")"
    if isinstance(value, np.ndarray):
        yield rule, "NumPy made it, and packing takes tensors.", "{torch.as_tensor}({}, dtype={torch.float32})"
    if not isinstance(value, Tensor) or special(value):
        yield rule, "Packing takes a dense tensor.", ""
    if value.dim() < 2:
        rule = "A padded batch has an axis for the time steps and one for the sequences."
        cause = "This is one sequence alone: its batch axis is missing."
        yield rule, cause, f"{{}}.unsqueeze({1 - first})" if value.dim() else ""
    if not value.numel():
        cause = "The batch is empty, or its sequences have no time steps: leave it out."
        yield "There must be something to pack.", cause, ""


def _no_lengths(lengths: Any, value: Tensor, N: int, first: bool) -> Iterator[tuple[str, str, str]]:
    """Lengths that are not a row of integers on the CPU: the rule, the cause, the change."""
    rule, tensor = "lengths is one integer for each sequence.", isinstance(lengths, Tensor)
    if tensor and lengths.dim() == 1 and lengths.device.type != "cpu":
        cause = "The lengths were moved to the GPU with the rest of the batch, and torch reads them on the CPU."
        yield "lengths are on the CPU, wherever the batch is.", cause, "{}.cpu()"
    if tensor and lengths.dim() == 1:
        return
    if lengths is None:
        yield rule, "The lengths are missing.", ""
    if isinstance(lengths, (list, tuple)) and len(lengths) == N and all(hasattr(s, "__len__") for s in lengths):
        yield rule, "These are the sequences, not their lengths.", "[len(s) for s in {}]"
    if tensor and lengths.dim() == 0:
        yield rule, "This is one number for all: give one for each sequence.", ""
    if tensor and lengths.numel() == N:
        yield rule, "The lengths have an axis too many.", "{torch.as_tensor}({}).flatten()"
    if tensor and lengths.shape == value.shape[:2] and ((lengths == 0) | (lengths == 1)).all():
        cause = "This is a mask, one value for each time step: its sum over the time steps is the length."
        yield rule, cause, f"{{}}.sum({int(first)}).cpu()"
    yield rule, "These are not lengths.", ""


def check_batch_sizes(packed: Any) -> Explanation | None:
    """A packed batch that counts more rows than it has."""
    if not isinstance(packed, PackedSequence) or int(packed.batch_sizes.sum()) == len(packed.data):
        return None
    rule = "The batch sizes of a packed batch count its rows: their sum is len(data)."
    cause = "pack_padded_sequence does not check this. The likeliest cause is batch_first: the batch was packed with another "
    cause += "value than its axes have. Or the batch was cut to fewer time steps after the lengths were counted."
    return about("batch_sizes", rule, f"sum {int(packed.batch_sizes.sum())}", f"sum {len(packed.data)}", cause)
