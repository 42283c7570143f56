"""A padded batch that is to be packed, and its lengths."""

import ast
import dataclasses
from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from ...wording import listed, plural
from ..calls import Call, PackingCall
from ..explanations import Axis, Explanation, Fix, Side, culprit
from ..facts import described, shape_side, special
from ..fixes import rewrite, spot, with_arguments

EACH = "There is one length for each sequence of the batch."
UNCHECKED = "pack_padded_sequence does not check this: the error comes only when the packed batch is used."


def _first(call: PackingCall) -> bool:
    return bool(call.given.get("batch_first", False))


def _batch(call: PackingCall, shape: Sequence[int], wrong: Sequence[int] = ()) -> Side:
    names = ("N", "L", "H_in") if _first(call) else ("L", "N", "H_in")
    return shape_side("input", shape, names[: len(shape)], wrong)


def _looks(first: bool) -> str:
    return "(N, L, …)" if first else "(L, N, …)"


def check_padded(call: PackingCall) -> Explanation | None:
    """pack_padded_sequence: the padded batch itself."""
    if call.name != "pack_padded_sequence":
        return None
    value, first = call.given.get("input"), _first(call)
    expected = Side("input", tuple(map(Axis, ("N", "L", "H_in") if first else ("L", "N", "H_in"))))
    rule, cause, template = "The padded batch is one tensor.", "Packing takes a dense tensor.", ""
    if not isinstance(value, Tensor) or special(value):
        if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) for v in value):
            cause = "This is a list of sequences: pad it first, or use pack_sequence, which needs no lengths."
            template = "{torch.nn.utils.rnn.pad_sequence}({}" + ", batch_first=True" * first + ")"
        elif type(value).__name__ == "ndarray":
            cause, template = "NumPy made it, and packing takes tensors.", "{torch.as_tensor}({}, dtype={torch.float32})"
        return Explanation(rule, culprit("input", described(value)), expected, cause, rewrite(call, "input", template))
    if value.dim() < 2:
        rule = "A padded batch has an axis for the time steps and one for the sequences."
        given = shape_side("input", value.shape, ("L",), range(value.dim()))
        fix = rewrite(call, "input", f"{{}}.unsqueeze({1 - first})") if value.dim() else Fix()
        return Explanation(rule, given, expected, "This is one sequence alone: its batch axis is missing.", fix)
    if value.numel():
        return None
    given = _batch(call, value.shape, [i for i, size in enumerate(value.shape) if not size])
    cause = "The batch is empty, or its sequences have no time steps: leave it out."
    return Explanation("There must be something to pack.", given, expected, cause)


def check_lengths(call: PackingCall) -> Explanation | None:
    """The lengths: what they are, where they are, how many, how long, in which order."""
    if call.name not in ("pack_padded_sequence", "pack_sequence"):
        return None
    lengths: Any = call.inner.get("lengths", call.given.get("lengths"))
    value = call.given.get("input")
    if call.name == "pack_padded_sequence" and isinstance(value, Tensor):
        found = _not_one_each(call, lengths, value) or _misplaced(call, lengths, value)
        if found:
            return found
    if not isinstance(lengths, Tensor) or lengths.device.type == "meta" or lengths.dim() != 1 or not len(lengths):
        return None
    numbers = lengths.tolist()
    given, fix = culprit("lengths", f"[{listed(numbers, most=8)}]"), Fix()
    if min(numbers) <= 0:
        cause = "There is an empty sequence. Leave it out, together with its label."
        return Explanation("Every sequence has at least one time step.", given, Side("lengths", note=">= 1 each"), cause)
    if numbers == sorted(numbers, reverse=True):
        return None
    rule = "With enforce_sorted=True, the default, the longest sequence comes first."
    cause = "The batch is in its own order. With enforce_sorted=False torch sorts it, and restores the order afterwards."
    fix = with_arguments(call, enforce_sorted="False")
    return Explanation(rule, given, Side("lengths", note="the longest first, or enforce_sorted=False"), cause, fix)


def _not_one_each(call: PackingCall, lengths: Any, value: Tensor) -> Explanation | None:
    """Lengths that are not a row of integers."""
    if isinstance(lengths, Tensor) and lengths.dim() == 1:
        return None
    N = value.size(0 if _first(call) else 1)
    rule, expected = "lengths is one integer for each sequence.", Side("lengths", note=plural(N, "integer"))
    given, cause, template = culprit("lengths", described(lengths)), "These are not lengths.", ""
    if lengths is None:
        cause = "The lengths are missing."
    elif not isinstance(lengths, Tensor):
        if isinstance(lengths, (list, tuple)) and len(lengths) == N and all(hasattr(s, "__len__") for s in lengths):
            cause, template = "These are the sequences, not their lengths.", "[len(s) for s in {}]"
    elif lengths.dim() == 0:
        cause = "This is one number for all: give one for each sequence."
    elif lengths.numel() == N:
        found = spot(call, "lengths")
        own = isinstance(call.line.value(found.node), Tensor) if found else False
        cause, template = "The lengths have an axis too many.", "{}.flatten()" if own else "{torch.as_tensor}({}).flatten()"
    elif lengths.shape == value.shape[:2] and ((lengths == 0) | (lengths == 1)).all():
        cause = "This is a mask, one value for each time step: its sum over the time steps is the length."
        template = f"{{}}.sum({int(_first(call))}).cpu()"
    return Explanation(rule, given, expected, cause, rewrite(call, "lengths", template))


def _misplaced(call: PackingCall, lengths: Tensor, value: Tensor) -> Explanation | None:
    """Lengths on another device than the CPU, or of another number than there are sequences."""
    first, count = _first(call), len(lengths)
    N, L = value.shape[:2] if first else value.shape[1::-1]
    if lengths.device.type != "cpu":
        given, expected = culprit("lengths", str(lengths.device)), Side("lengths", note="cpu")
        cause = "The lengths were moved to the GPU with the rest of the batch, and torch reads them on the CPU."
        fix = rewrite(call, "lengths", "{}.cpu()")
        return Explanation("lengths are on the CPU, wherever the batch is.", given, expected, cause, fix)
    if count == N:
        return None
    expected, numbers = Side("lengths", note=plural(N, "integer")), plural(count, "integer")
    if count == L:
        cause = f"The other axis has size {count}: the input is {_looks(not first)}, and batch_first={first} says otherwise."
        sides = (Side("lengths", note=numbers), _batch(call, value.shape, (0, 1)))
        return Explanation(EACH, sides, expected, cause, with_arguments(call, batch_first=str(not first)))
    cause = "The lengths belong to another batch. Take them from this very batch: the last one is often smaller."
    return Explanation(EACH, (culprit("lengths", numbers), _batch(call, value.shape)), expected, cause)


def check_unpad(call: PackingCall) -> Explanation | None:
    """unpad_sequence: as many lengths as sequences, in a tensor."""
    lengths, value = call.given.get("lengths"), call.given.get("padded_sequences")
    if call.name != "unpad_sequence" or not isinstance(value, Tensor) or value.dim() < 2:
        return None
    N = value.size(0)  # torch has already brought the batch to the front, in place
    if not isinstance(lengths, Tensor):
        given, expected = culprit("lengths", described(lengths)), Side("lengths", note="a tensor")
        fix = rewrite(call, "lengths", "{torch.as_tensor}({})") if isinstance(lengths, (list, tuple)) else Fix()
        return Explanation("unpad_sequence takes the lengths as a tensor.", given, expected, "This is not a tensor.", fix)
    if lengths.dim() != 1 or len(lengths) == N:
        return None
    given, expected = culprit("lengths", plural(len(lengths), "integer")), Side("lengths", note=plural(N, "integer"))
    return Explanation(EACH, given, expected, "The lengths belong to another batch.")


def check_batch_sizes(call: Call, packed: Any, name: str) -> Explanation | None:
    """A packed batch that counts more rows than it has: lengths beyond the padded batch, or parts put together by hand."""
    if not isinstance(packed, PackedSequence) or int(packed.batch_sizes.sum()) == len(packed.data):
        return None
    packing, total = _packed_by(call, name), f"sum {int(packed.batch_sizes.sum())}"
    padded = packing.given.get("input") if packing else None
    if packing is None or not isinstance(padded, Tensor):
        rule = "The batch sizes of a packed batch count its rows: their sum is len(data)."
        cause = f"Some lengths go beyond the padded batch, or batch_first is wrong where it is packed. {UNCHECKED}"
        given, expected = culprit("batch_sizes", total), Side("batch_sizes", note=f"sum {len(packed.data)}")
        fix = with_arguments(packing, batch_first=str(not _first(packing))) if packing else Fix()
        return Explanation(rule, (given, shape_side("data", packed.data.shape)), expected, cause, fix)
    first, longest = _first(packing), len(packed.batch_sizes)
    lengths = [int((packed.batch_sizes > i).sum()) for i in range(int(packed.batch_sizes[0]))]
    L, other = padded.shape[1::-1] if first else padded.shape[:2]
    sides = (culprit("lengths", f"[{listed(lengths, most=8)}]"), _batch(packing, padded.shape, (0, 1)))
    cause = f"The batch looks like {_looks(not first)}, and was packed with batch_first={first}. {UNCHECKED}"
    fix, expected = with_arguments(packing, batch_first=str(not first)), Side("batch_first", note=str(not first))
    if longest > other:
        cause = f"The batch was padded or cut to {L} time steps, and the lengths were counted before. {UNCHECKED}"
        tensor, expected = isinstance(packing.given.get("lengths"), Tensor), Side("lengths", note=f"<= {L}")
        fix = rewrite(packing, "lengths", f"{{}}.clamp(max={L})" if tensor else f"[min(n, {L}) for n in {{}}]")
    return Explanation("No length goes beyond the padded batch.", sides, expected, cause, fix)


def _packed_by(call: Call, name: str) -> PackingCall | None:
    """The learner's call that packed this argument; None if it is not at hand."""
    found, line = spot(call, name), call.line
    before = line.statement.lineno if line.statement else 0
    kept = [s for s in line.statements() if isinstance(s, ast.Assign) and s.lineno < before]
    kept = [s for s in kept if found and ast.unparse(s.targets[0]) == found.code]
    made = max(kept, key=lambda s: s.lineno).value if kept else found.node if found else None
    if not isinstance(made, ast.Call) or line.value(made.func) is not pack_padded_sequence:
        return None
    own = dataclasses.replace(line, node=made, statement=line.statement_of(made))
    blank = PackingCall("pack_padded_sequence", {}, own, True)
    spots = {key: spot(blank, key) for key in blank.order}
    return dataclasses.replace(blank, given={key: own.value(at.node) for key, at in spots.items() if at})
