"""A padded batch that is to be packed, and its lengths."""

import ast
import dataclasses
from typing import Any

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from ...wording import listed, plural
from ..calls import Call, PackingCall
from ..explanations import Axis, Explanation, Fix, Side, culprit
from ..facts import described, shape_side
from ..fixes import rewrite, spot, with_arguments


def _first(call: PackingCall) -> bool:
    return bool(call.given.get("batch_first", False))


def _axes(call: PackingCall, count: int) -> tuple[str, ...]:
    rest = ["H_in"] if count == 3 else [f"axis {i}" for i in range(2, count)]
    return (*(("N", "L") if _first(call) else ("L", "N")), *rest)


def _batch(call: PackingCall, value: Tensor, wrong: tuple[int, ...] = ()) -> Side:
    return shape_side("input", value.shape, _axes(call, value.dim()), wrong)


def _row(numbers: list[Any]) -> str:
    return f"[{listed(numbers, most=8)}]"


def check_padded(call: PackingCall) -> Explanation | None:
    """pack_padded_sequence: the padded batch itself."""
    if call.name != "pack_padded_sequence":
        return None
    value, expected = call.given.get("input"), Side("input", tuple(map(Axis, _axes(call, 3))))
    if not isinstance(value, Tensor):
        given, cause, template = culprit("input", described(value)), "Packing takes a tensor.", ""
        if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) for v in value):
            cause = "This is a list of sequences: pad it first, or use pack_sequence, which needs no lengths."
            template = "{torch.nn.utils.rnn.pad_sequence}({}" + ", batch_first=True" * _first(call) + ")"
        elif type(value).__name__ == "ndarray":
            cause, template = "NumPy made it, and packing takes tensors.", "{torch.as_tensor}({}, dtype={torch.float32})"
        fix = rewrite(call, "input", template) if template else Fix()
        return Explanation("The padded batch is one tensor.", given, expected, cause, fix)
    rule = "A padded batch has an axis for the time steps and one for the sequences."
    if value.dim() < 2:
        given = shape_side("input", value.shape, ("L",), range(value.dim()))
        fix = rewrite(call, "input", f"{{}}.unsqueeze({0 if _first(call) else 1})") if value.dim() else Fix()
        return Explanation(rule, given, expected, "This is one sequence alone: its batch axis is missing.", fix)
    if value.numel():
        return None
    given = _batch(call, value, tuple(i for i, size in enumerate(value.shape) if not size))
    cause = "The batch is empty, or its sequences have no time steps: leave it out."
    return Explanation("There must be something to pack.", given, expected, cause)


def check_lengths(call: PackingCall) -> Explanation | None:
    """The lengths: what they are, where they are, how many, how long, in which order."""
    if call.name not in ("pack_padded_sequence", "pack_sequence"):
        return None
    lengths, value = call.inner.get("lengths", call.given.get("lengths")), call.given.get("input")
    if call.name == "pack_padded_sequence" and isinstance(value, Tensor):
        found = _not_one_each(call, lengths, value) or _elsewhere(call, lengths) or _not_as_many(call, lengths, value)
        if found:
            return found
    if not isinstance(lengths, Tensor) or lengths.device.type == "meta" or lengths.dim() != 1 or not len(lengths):
        return None
    numbers = lengths.tolist()
    if min(numbers) <= 0:
        where = [str(i) for i, n in enumerate(numbers) if n <= 0][:3]
        where = [] if call.given.get("enforce_sorted", True) is False else where
        cause = (
            f"There is an empty sequence{', number ' if where else ''}{', '.join(where)}. Leave it out, together with its label."
        )
        expected = Side("lengths", note=">= 1 each")
        return Explanation("Every sequence has at least one time step.", culprit("lengths", _row(numbers)), expected, cause)
    if numbers == sorted(numbers, reverse=True):
        return None
    rule = "With enforce_sorted=True, the default, the longest sequence comes first."
    cause = "The batch is in its own order. With enforce_sorted=False torch sorts it, and restores the order afterwards."
    expected = Side("lengths", note=f"{_row(numbers)} with enforce_sorted=False")
    return Explanation(rule, culprit("lengths", _row(numbers)), expected, cause, with_arguments(call, enforce_sorted="False"))


def _own_lengths(call: PackingCall) -> Any:
    """What the learner's own expression for the lengths stands for; torch has overwritten its own."""
    found = spot(call, "lengths")
    return None if found is None else call.line.value(found.node)


def _not_one_each(call: PackingCall, lengths: Any, value: Tensor) -> Explanation | None:
    """No row of integers."""
    if isinstance(lengths, Tensor) and lengths.dim() == 1:
        return None
    N, L = value.shape[:2] if _first(call) else value.shape[1::-1]
    rule, expected = "lengths is one integer for each sequence.", Side("lengths", note=plural(N, "integer"))
    if not isinstance(lengths, Tensor):
        sequences = isinstance(lengths, (list, tuple)) and len(lengths) == N and all(hasattr(s, "__len__") for s in lengths)
        fix = rewrite(call, "lengths", "[len(s) for s in {}]") if sequences else Fix()
        cause = "These are the sequences, not their lengths." if sequences else "These are no integers."
        cause = "The lengths are missing." if lengths is None else cause
        return Explanation(rule, culprit("lengths", described(lengths)), expected, cause, fix)
    note = f"{lengths.dim()} axes" if lengths.dim() else "one number"
    given = shape_side("lengths", lengths.shape, (), range(lengths.dim()), note=note, wrong_note=True)
    if lengths.dim() == 0:
        return Explanation(
            rule,
            given,
            expected,
            "This is one number for all: repeat it for each sequence.",
            rewrite(call, "lengths", f"[int({{}})] * {N}"),
        )
    if lengths.numel() == N:
        template = "{}.flatten()" if isinstance(_own_lengths(call), Tensor) else "{torch.as_tensor}({}).flatten()"
        return Explanation(rule, given, expected, "The lengths have an axis too many.", rewrite(call, "lengths", template))
    if lengths.shape == value.shape[:2]:
        cause = "This is a mask, one value for each time step: its sum over the time steps is the length."
        return Explanation(rule, given, expected, cause, rewrite(call, "lengths", f"{{}}.sum({int(_first(call))}).cpu()"))
    return Explanation(rule, given, expected, "These are not lengths. Are they the sequences?")


def _elsewhere(call: PackingCall, lengths: Tensor) -> Explanation | None:
    if lengths.device.type == "cpu":
        return None
    given, expected = culprit("lengths", str(lengths.device)), Side("lengths", note="cpu")
    cause = "The lengths were moved to the GPU with the rest of the batch, and torch reads them in Python."
    return Explanation(
        "lengths are on the CPU, wherever the batch is.", given, expected, cause, rewrite(call, "lengths", "{}.cpu()")
    )


def _not_as_many(call: PackingCall, lengths: Tensor, value: Tensor) -> Explanation | None:
    first, count = _first(call), len(lengths)
    N, L = value.shape[:2] if first else value.shape[1::-1]
    if count == N:
        return None
    rule, expected = (
        "There is one length for each sequence of the batch.",
        Side("lengths", note=f"{plural(N, 'integer')}, one for each sequence"),
    )
    if count == L:
        looks = "(L, N, …)" if first else "(N, L, …)"
        cause = f"The other axis has size {count}: the input is {looks}, and batch_first={first} says otherwise."
        fix = with_arguments(call, batch_first=str(not first))
        return Explanation(
            rule, (Side("lengths", note=plural(count, "integer")), _batch(call, value, (0, 1))), expected, cause, fix
        )
    given = (culprit("lengths", plural(count, "integer")), _batch(call, value))
    cause = "The lengths belong to another batch. Take them from this very batch: the last one is often smaller."
    return Explanation(rule, given, expected, cause)


def check_unpad(call: PackingCall) -> Explanation | None:
    """unpad_sequence: as many lengths as sequences, in a tensor."""
    lengths, value = call.given.get("lengths"), call.given.get("padded_sequences")
    if call.name != "unpad_sequence" or not isinstance(value, Tensor) or value.dim() < 2:
        return None
    if not isinstance(lengths, Tensor):
        given, expected = culprit("lengths", described(lengths)), Side("lengths", note="a tensor")
        fix = rewrite(call, "lengths", "{torch.as_tensor}({})") if isinstance(lengths, (list, tuple)) else Fix()
        return Explanation(
            "unpad_sequence takes the lengths as a tensor.", given, expected, f"This is of type {type(lengths).__name__}.", fix
        )
    N = value.size(0)  # torch has already brought the batch to the front, in place
    if lengths.dim() != 1 or len(lengths) == N:
        return None
    given, expected = culprit("lengths", plural(len(lengths), "integer")), Side("lengths", note=plural(N, "integer"))
    rule = "There is one length for each sequence of the batch."
    return Explanation(rule, given, expected, "The lengths belong to another batch.")


def check_batch_sizes(call: Call, packed: Any, name: str) -> Explanation | None:
    """A packed batch that counts more rows than it has: lengths beyond the padded batch, or parts put together by hand."""
    if not isinstance(packed, PackedSequence) or int(packed.batch_sizes.sum()) == len(packed.data):
        return None
    packing = _packed_by(call, name)
    if packing is not None:
        return _too_long(packing, packed)
    given = (culprit("batch_sizes", f"sum {int(packed.batch_sizes.sum())}"), shape_side("data", packed.data.shape))
    rule, expected = (
        "The batch sizes of a packed batch count its rows: their sum is len(data).",
        Side("batch_sizes", note=f"sum {len(packed.data)}"),
    )
    cause = "Some lengths went beyond the padded batch, which pack_padded_sequence does not check. Or it was made by hand."
    return Explanation(rule, given, expected, cause)


def _packed_by(call: Call, name: str) -> PackingCall | None:
    """The learner's call that packed this argument; None if it is not at hand."""
    found, line = spot(call, name), call.line
    if found is None or line.statement is None:
        return None
    kept = [s for s in line.statements() if isinstance(s, ast.Assign) and s.lineno < line.statement.lineno]
    kept = [s for s in kept if ast.unparse(s.targets[0]) == found.code]
    made = max(kept, key=lambda s: s.lineno).value if kept else found.node
    if not isinstance(made, ast.Call) or line.value(made.func) is not pack_padded_sequence:
        return None
    own = dataclasses.replace(line, node=made, statement=line.statement_of(made))
    blank = PackingCall("pack_padded_sequence", {}, own, True)
    spots = {key: spot(blank, key) for key in blank.order}
    return dataclasses.replace(blank, given={key: own.value(at.node) for key, at in spots.items() if at})


def _too_long(packing: PackingCall, packed: PackedSequence) -> Explanation:
    """Lengths beyond the padded batch: packing accepts them, and the next call fails."""
    longest, padded, first = len(packed.batch_sizes), packing.given.get("input"), _first(packing)
    lengths = [int((packed.batch_sizes > i).sum()) for i in range(int(packed.batch_sizes[0]))]
    rule, given = "No length goes beyond the padded batch.", culprit("lengths", _row(lengths))
    unchecked = "pack_padded_sequence does not check this: the error comes only when the packed batch is used."
    if not isinstance(padded, Tensor):
        cause = f"{unchecked} Most often batch_first is wrong or missing where the batch is packed."
        return Explanation(rule, given, Side("lengths", note="<= L"), cause)
    L, other = padded.shape[1::-1] if first else padded.shape[:2]
    sides = (given, _batch(packing, padded, (0, 1)))
    if longest <= other:
        looks = "(L, N, …)" if first else "(N, L, …)"
        cause = f"The batch looks like {looks}, and was packed with batch_first={first}. {unchecked}"
        expected = (Side("lengths", note=f"<= {other}"), Side("batch_first", note=str(not first)))
        return Explanation(rule, sides, expected, cause, with_arguments(packing, batch_first=str(not first)))
    cause = f"The batch was padded or cut to {L} time steps, and the lengths were counted before. {unchecked}"
    template = f"{{}}.clamp(max={L})" if isinstance(packing.given.get("lengths"), Tensor) else f"[min(n, {L}) for n in {{}}]"
    return Explanation(rule, sides, Side("lengths", note=f"<= {L}"), cause, rewrite(packing, "lengths", template))
