"""Lists to pad or pack, padded batches with their lengths, packed batches, and the options of the packing functions."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ...pictures.sides import Side, culprit, shape_side
from ...wording import listed, plural
from ..calls import PackingCall
from ..explanations import Rule
from ..facts import described, special, tensors_only
from ..fixes import Check, with_arguments
from .constructor import Finding, check_names, said_of


def check_arguments(call: PackingCall) -> Check:
    """An argument that the function does not have, or one that is missing."""
    if call.refused:
        yield from said_of(call, next(check_names(call), Finding(call.order[0], "One of the arguments is given twice.")))


def check_sequences(call: PackingCall) -> Check:
    """pad_sequence and pack_sequence: no list, an empty one, not of tensors, tensors that do not fit together."""
    value: Any = call.given.get("sequences")
    value = call.inner.get("sequences", value) if isinstance(value, Iterator) else value  # by now it is used up
    if isinstance(value, Tensor):
        return
    rule = f"{call.name} takes a list of tensors, one for each sequence: (L, H_in). Only L may differ."
    yield Rule("sequences", rule, described(value), "a list of tensors (L, H_in)")
    if not isinstance(value, Iterable):
        yield "This is not a list: has the function that made it no return?"
        return
    whole: list[Any] = list(value)
    if not whole:
        yield "The batch is empty: all its sequences were filtered out, or the list is filled later. Leave it out."
    elif not tensors_only(whole):
        floats = any(isinstance(s, np.ndarray) and s.dtype.kind == "f" for s in whole)
        cause = "Each sequence must be a dense tensor: turn arrays and lists of numbers into tensors one by one."
        yield cause, f"[{{torch.as_tensor}}(s{', dtype={torch.float32}' * floats}) for s in {{}}]"
    elif any(s.dim() == 0 or s.dim() > 1 and s.size(-1) == 0 for s in whole):
        yield "There is nothing to read in one of them: it has no axis of time steps, or no features. Leave it out."
    elif len({s.shape[1:] for s in whole}) > 1:
        if all(s.dim() == 2 for s in whole) and len({s.size(0) for s in whole}) == 1:
            yield "The axes of each sequence look swapped: the time steps must come first.", "[s.transpose(0, 1) for s in {}]"
        differ = "features" if len({s.dim() for s in whole}) == 1 else "axes"
        yield f"The number of {differ} differs: they were not made in the same way."
    elif len({s.device for s in whole}) > 1:
        yield "They are on two devices: some were moved and others were not."


def check_made_by_hand(call: PackingCall) -> Check:
    """PackedSequence(...) written by the learner."""
    sizes, rule = call.given.get("batch_sizes"), "A PackedSequence is made by pack_sequence or pack_padded_sequence, not by hand."
    given = str(sizes.device) if isinstance(sizes, Tensor) else described(sizes)
    yield Rule("batch_sizes", rule, given, "one for each time step, on the CPU")
    if isinstance(sizes, Tensor):
        yield "batch_sizes are always on the CPU, wherever the data are.", "{}.cpu()"
    yield "The batch sizes are missing."


def check_packed(call: PackingCall) -> Check:
    """What is not packed, and a total_length that is too small."""
    name, total = call.order[0], call.given.get("total_length")
    value: Any = call.given.get(name)
    if isinstance(value, PackedSequence):
        if isinstance(total, int) and total < len(value.batch_sizes):
            rule, expected = "total_length is at least the longest sequence.", f">= {len(value.batch_sizes)}, or None"
            yield Rule("total_length", rule, str(total), expected)
            yield "It only adds padding and never cuts: it is no limit."
        yield from check_batch_sizes(value)
        return
    rule = f"{call.name} takes a PackedSequence, as a network returns it for packed input."
    yield Rule(name, rule, described(value), "PackedSequence")
    front = value[0] if isinstance(value, tuple) and len(value) == 2 else value
    if isinstance(front, PackedSequence):
        yield "This is all that the network returned, (output, h_n). Only output is packed.", "{}[0]"
    if isinstance(front, Tensor):
        yield "The network was called with a plain tensor, so its output is not packed: pack its input, or leave this out."
    yield "This is not packed."


def _names(first: bool) -> tuple[str, ...]:
    return ("N", "L", "H_in") if first else ("L", "N", "H_in")


def check_padded(call: PackingCall) -> Check:
    """pack_padded_sequence: a padded batch that is none."""
    value, first = call.given.get("input"), bool(call.given.get("batch_first", False))
    fits = isinstance(value, Tensor) and not special(value) and value.dim() > 1 and value.numel()
    if fits:
        return
    rule = "The padded batch must be one tensor, with an axis for the time steps and one for the sequences."
    yield Rule("input", rule, described(value), f"({', '.join(_names(first))})")
    if tensors_only(value):
        cause = "This is a list of sequences: pad it first, or use pack_sequence, which needs no lengths."
        yield cause, "{torch.nn.utils.rnn.pad_sequence}({}" + ", batch_first=True" * first + ")"
    if isinstance(value, np.ndarray):
        yield "NumPy made it, and packing takes tensors.", "{torch.as_tensor}({}, dtype={torch.float32})"
    if not isinstance(value, Tensor) or special(value):
        yield "Packing takes a dense tensor."
    yield "The batch is empty, or has no axis of sequences or of time steps."


def check_lengths(call: PackingCall) -> Check:
    """pack_padded_sequence: lengths that are not one integer for each sequence, in a row on the CPU."""
    lengths: Any = call.inner.get("lengths", call.given.get("lengths"))
    value: Any = call.given.get("input")
    first, tensor = bool(call.given.get("batch_first", False)), isinstance(lengths, Tensor)
    N, L = value.shape[:2] if first else value.shape[1::-1]
    if tensor and lengths.dim() == 1 and lengths.device.type != "cpu":
        yield Rule("lengths", "lengths must be on the CPU, wherever the batch is.", str(lengths.device), "cpu")
        yield "The lengths were moved to the GPU with the rest of the batch, and torch reads them on the CPU.", "{}.cpu()"
    if tensor and lengths.dim() == 1 and len(lengths) != N:
        side = shape_side("input", value.shape, _names(first)[: value.dim()], (0, 1) if len(lengths) == L else ())
        given = (culprit("lengths", plural(len(lengths), "integer")), side)
        rule = "There must be one length for each sequence of the batch."
        yield Rule("lengths", rule, given, Side("lengths", note=plural(N, "integer")))
        if len(lengths) == L:
            cause = f"The other axis has size {L}: the input is ({', '.join(_names(not first)[:2])}, …), and "
            yield f"{cause}batch_first={first} says otherwise.", with_arguments(call, batch_first=str(not first))
        yield "The lengths belong to another batch. Take them from this very batch: the last one is often smaller."
    if tensor and lengths.dim() == 1:
        return
    yield Rule("lengths", "lengths must be one integer for each sequence.", described(lengths), plural(N, "integer"))
    if lengths is None:
        yield "The lengths are missing."
    if isinstance(lengths, (list, tuple)) and len(lengths) == N and all(hasattr(s, "__len__") for s in lengths):
        yield "These are the sequences, not their lengths.", "[len(s) for s in {}]"
    if tensor and lengths.dim() and lengths.numel() == N:
        yield "The lengths have an axis too many.", "{torch.as_tensor}({}).flatten()"
    if tensor and lengths.shape == value.shape[:2] and ((lengths == 0) | (lengths == 1)).all():
        yield "This is a mask: its sum over the time steps is the length.", f"{{}}.sum({int(first)}).cpu()"
    yield "These are not lengths."


def check_order(call: PackingCall) -> Check:
    """The values of the lengths: an empty sequence, or an order that is not the longest first."""
    lengths: Any = call.inner.get("lengths", call.given.get("lengths"))
    if not isinstance(lengths, Tensor) or lengths.dim() != 1 or lengths.device.type == "meta" or not len(lengths):
        return
    order = call.inner.get("sorted_indices")  # torch has sorted them
    numbers = (lengths[order.argsort()] if isinstance(order, Tensor) else lengths).tolist()
    said = f"[{listed(numbers, most=8)}]"
    if min(numbers) <= 0:
        yield Rule("lengths", "Every sequence must have at least one time step.", said, ">= 1 each")
        yield "There is an empty sequence. Leave it out, together with its label."
    elif numbers != sorted(numbers, reverse=True):
        rule = "With enforce_sorted=True, the default, the longest sequence must come first."
        yield Rule("lengths", rule, said, "the longest first, or enforce_sorted=False")
        cause = "The batch is in its own order. With enforce_sorted=False torch sorts it, and restores the order afterwards."
        yield cause, with_arguments(call, enforce_sorted="False")


def check_batch_sizes(packed: Any) -> Check:
    """A packed batch that counts more rows than it has."""
    if not isinstance(packed, PackedSequence) or int(packed.batch_sizes.sum()) == len(packed.data):
        return
    rule = "The batch sizes of a packed batch count its rows: their sum is len(data)."
    yield Rule("batch_sizes", rule, f"sum {int(packed.batch_sizes.sum())}", f"sum {len(packed.data)}")
    N, longest = int(packed.batch_sizes[0]), len(packed.batch_sizes)
    cause = f"The longest length is {longest}, and the batch has {len(packed.data)} rows, for {N} sequences: packing checks "
    yield f"{cause}nothing. Lengths count the time steps of this very batch, and batch_first says which of its axes they are."
