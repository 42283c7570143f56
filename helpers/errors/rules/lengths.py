"""What can be wrong with a padded batch that is to be packed, and with its lengths."""

import ast
from typing import Any

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from ...wording import listed
from ..calls import Call
from ..code import Code, statements, value_of
from ..explanations import Axis, Explanation, Side, culprit
from ..mends import PACKING_ORDER, change, name_of, node_of, only_if, spell
from ..sizes import described, shape_side
from .padding import batch_first, edit


def _axes(call: Call, shape: tuple[int, ...]) -> tuple[str, ...]:
    rest = [f"axis {i}" for i in range(2, len(shape))]
    rest = ["H_in"] if len(rest) == 1 else rest
    return (*(("N", "L") if batch_first(call) else ("L", "N")), *rest)


def _lengths(call: Call) -> Any:
    """The lengths as the learner gave them, or as torch had already turned them."""
    return call.inner.get("lengths", call.given.get("lengths"))


def check_padded(call: Call) -> Explanation | None:
    """pack_padded_sequence: the padded batch itself."""
    if call.what != "pack_padded_sequence":
        return None
    value = call.given.get("input")
    if not isinstance(value, Tensor):
        rule, given = "The padded batch is one tensor.", culprit("input", described(value))
        expected = Side("input", tuple(map(Axis, (*_axes(call, (1, 1)), "H_in"))))
        pad, first = spell(call, "torch.nn.utils.rnn.pad_sequence"), ", batch_first=True" * batch_first(call)
        if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) for v in value):
            return Explanation(
                rule,
                given,
                expected,
                "A list of sequences: pad it first (or use pack_sequence).",
                change(call, "input", f"{pad}({{}}{first})"),
            )
        cause = "NumPy or Python made it, and packing takes tensors."
        return Explanation(
            rule,
            given,
            expected,
            cause,
            change(call, "input", f"{spell(call, 'torch.as_tensor')}({{}}, dtype={spell(call, 'torch.float32')})"),
        )
    if value.dim() < 2:
        given = shape_side("input", value.shape, ("L",), range(value.dim()))
        axis = 0 if batch_first(call) else 1
        return Explanation(
            "A padded batch has an axis for the steps and one for the sequences.",
            given,
            Side("input", tuple(map(Axis, _axes(call, (1, 1)))), "and perhaps features"),
            "One sequence alone: give it a batch axis.",
            change(call, "input", f"{{}}.unsqueeze({axis})" if value.dim() else "{}.reshape(1, 1)"),
        )
    if not value.numel():
        name = name_of(call, "input")
        names = _axes(call, tuple(value.shape))
        given = shape_side("input", value.shape, names, [i for i, size in enumerate(value.shape) if not size])
        return Explanation(
            "There must be something to pack.",
            given,
            Side("input", tuple(map(Axis, names))),
            "An empty batch, or sequences without steps: leave them out.",
            only_if(call, f"{name}.numel()", f"{call.what}({name}, lengths)"),
        )
    return None


def check_lengths(call: Call) -> Explanation | None:
    """The lengths: what they are, where they are, how many, how long, in which order."""
    if call.what not in ("pack_padded_sequence", "pack_sequence"):
        return None
    lengths, value = _lengths(call), call.given.get("input")
    if call.what == "pack_padded_sequence":
        N = value.size(0 if batch_first(call) else 1)
        found = _no_row_of_numbers(call, lengths, N) or _elsewhere(call, lengths) or _not_as_many(call, lengths, value, N)
        if found:
            return found
    if not isinstance(lengths, Tensor) or lengths.device.type == "meta":
        return None
    numbers = lengths.tolist()
    given = culprit("lengths", _row(numbers))
    if min(numbers) <= 0:
        rule = "Every sequence has at least one step: each length >= 1."
        expected = Side("lengths", note=_row([max(n, 1) for n in numbers]))
        where = [i for i, n in enumerate(numbers) if n <= 0][:3]
        cause = (
            f"An empty sequence (number {', '.join(map(str, where))} of the lengths): leave it out, or count one step of padding."
        )
        if call.what == "pack_sequence":
            fix = change(call, "sequences", "[s for s in {} if len(s)]")
        else:
            each = "[max(1, int(n)) for n in {}]"
            fix = change(call, "lengths", "{}.clamp(min=1)" if isinstance(_given_lengths(call), Tensor) else each)
        return Explanation(rule, given, expected, cause, fix)
    if numbers != sorted(numbers, reverse=True):
        rule = "With enforce_sorted=True (the default) the longest sequence comes first."
        cause = "The batch is in its own order. With enforce_sorted=False torch sorts, and restores the order afterwards."
        expected = (Side("lengths", note=f"{_row(numbers)} with enforce_sorted=False"),)
        return Explanation(rule, given, expected, cause, edit(call, enforce_sorted="False"))
    return None


def _given_lengths(call: Call) -> Any:
    """What the learner's own name for the lengths stands for; torch has overwritten its own."""
    node = node_of(call, "lengths")
    return None if node is None else value_of(node, call.code)


def _row(numbers: list) -> str:
    return f"[{listed(numbers, most=8)}]"


def _no_row_of_numbers(call: Call, lengths: Any, N: int) -> Explanation | None:
    rule, expected = "lengths is one whole number for each sequence.", (Side("lengths", note=f"{N} whole numbers"),)
    L = call.given["input"].size(1 if batch_first(call) else 0)
    if isinstance(lengths, Tensor) and lengths.dim() == 1:
        return None
    if isinstance(lengths, Tensor):
        given = shape_side(
            "lengths", lengths.shape, (), range(lengths.dim()), wrong_note=True, note=f"{lengths.dim()} axes, not one"
        )
        if lengths.numel() == N and lengths.dim():
            own = _given_lengths(call)
            template = "{}.flatten()" if isinstance(own, Tensor) else f"{spell(call, 'torch.as_tensor')}({{}}).flatten()"
            return Explanation(rule, given, expected, "The lengths have an axis too many.", change(call, "lengths", template))
        if lengths.dim() == 0:
            return Explanation(
                rule,
                given,
                expected,
                "One number for all: repeat it for each sequence.",
                change(call, "lengths", f"[int({{}})] * {N}"),
            )
        value, first = call.given["input"], batch_first(call)
        if lengths.shape == value.shape[:2]:
            cause = "This is a mask, one number for each step: the sum over the steps is the length."
            return Explanation(rule, given, expected, cause, change(call, "lengths", f"{{}}.sum({int(first)}).cpu()"))
        cause = "These are not lengths; perhaps they are the sequences. Without padding all are as long as the batch:"
        return Explanation(rule, given, expected, cause, change(call, "lengths", f"[{L}] * {N}"))
    given = culprit("lengths", described(lengths))
    cause = (
        "These are no numbers. Without padding all are as long as the batch:"
        if lengths is not None
        else "The lengths are missing."
    )
    if isinstance(lengths, (list, tuple)) and len(lengths) == N and all(hasattr(s, "__len__") for s in lengths):
        return Explanation(
            rule,
            given,
            expected,
            "These are the sequences, not their lengths.",
            change(call, "lengths", "[len(s) for s in {}]"),
        )
    return Explanation(rule, given, expected, cause, change(call, "lengths", f"[{L}] * {N}"))


def _elsewhere(call: Call, lengths: Tensor) -> Explanation | None:
    if lengths.device.type == "cpu":
        return None
    given, expected = culprit("lengths", str(lengths.device)), Side("lengths", note="cpu")
    cause = "The lengths went to the device with the rest of the batch. torch reads them in Python: they stay on the CPU."
    return Explanation(
        "lengths live on the CPU, wherever the batch is.", given, expected, cause, change(call, "lengths", "{}.cpu()")
    )


def _not_as_many(call: Call, lengths: Tensor, value: Tensor, N: int) -> Explanation | None:
    count = len(lengths)
    if count == N:
        return None
    first = batch_first(call)
    rule = "There is one length for each sequence of the batch."
    expected = (Side("lengths", note=f"{N} numbers, one for each sequence"),)
    if value.size(1 if first else 0) == count:
        shown = shape_side("input", value.shape, _axes(call, tuple(value.shape)), (0, 1))
        cause = (
            f"The other axis has {count}: the input is {'(L, N, …)' if first else '(N, L, …)'}, and "
            f"batch_first={first} says otherwise."
        )
        fix = edit(call, batch_first=str(not first))
        return Explanation(rule, (Side("lengths", note=f"{count} numbers"), shown), expected, cause, fix)
    given = (culprit("lengths", f"{count} numbers"), shape_side("input", value.shape, _axes(call, tuple(value.shape))))
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
        given, expected = culprit("lengths", described(lengths)), Side("lengths", note="a tensor")
        fix = change(call, "lengths", f"{spell(call, 'torch.as_tensor')}({{}})")
        return Explanation("unpad_sequence takes the lengths as a tensor.", given, expected, "A list was given.", fix)
    N = value.size(0)  # torch has already brought the batch to the front, in place
    if len(lengths) == N:
        return None
    given = culprit("lengths", f"{len(lengths)} numbers")
    expected = Side("lengths", note=f"{N} numbers")
    fix = change(call, "lengths", f"{{}}[:{N}]")
    return Explanation(
        "There is one length for each sequence of the batch.",
        given,
        expected,
        "The lengths belong to another batch.",
        fix,
    )


def check_batch_sizes(call: Call) -> Explanation | None:
    """A packed batch that counts more rows than it has: lengths beyond the padded batch, or parts put together by hand."""
    name = "input" if call.kind == "forward" else "sequence"
    packed = call.given.get(name)
    if not isinstance(packed, PackedSequence) or int(packed.batch_sizes.sum()) == len(packed.data):
        return None
    packing = _packed_by(call, name)
    if packing is not None:
        return _too_long(packing, packed)
    given = culprit("batch_sizes", f"sum {int(packed.batch_sizes.sum())}")
    rule = "The batch sizes of a packed batch count its rows: their sum is len(data)."
    cause = (
        "It was made by hand, or its lengths went beyond the padded batch, which pack_padded_sequence lets "
        "pass. As one single sequence it is:"
    )
    fix = change(call, name, f"{spell(call, 'torch.nn.utils.rnn.pack_sequence')}([{{}}.data])")
    expected = Side("batch_sizes", note=f"sum {len(packed.data)}")
    return Explanation(rule, (given, shape_side("data", packed.data.shape)), expected, cause, fix)


def _packed_by(call: Call, name: str) -> Call | None:
    """The learner's line that packed this argument, as a call of its own; None if it is not at hand."""
    code, node = call.code, node_of(call, name)
    line = code.statement.lineno if code.statement else 0
    for statement in sorted(statements(code), key=lambda s: s.lineno, reverse=True):
        value = getattr(statement, "value", None)
        kept = isinstance(statement, ast.Assign) and node and ast.unparse(statement.targets[0]) == ast.unparse(node)
        made = value if kept else node if statement is code.statement else None
        if isinstance(made, ast.Call) and statement.lineno <= line and value_of(made.func, code) is pack_padded_sequence:
            own = Code(code.names, code.file, statement, made, code.source, code.parameters)
            return Call("pack", "pack_padded_sequence", None, None, _read(made, own), (), {}, own, True)
    return None


def _read(made: ast.Call, code: Code) -> dict[str, Any]:
    """The arguments of a call that is written in the learner's code, as far as they are names or plain values."""
    written = dict(zip(PACKING_ORDER["pack_padded_sequence"], made.args, strict=False))
    written |= {keyword.arg: keyword.value for keyword in made.keywords if keyword.arg}
    return {k: v.value if isinstance(v, ast.Constant) else value_of(v, code) for k, v in written.items()}


def _too_long(packing: Call, packed: PackedSequence) -> Explanation:
    """Lengths beyond the padded batch: packing accepts them, and the next call fails."""
    longest, N, padded = len(packed.batch_sizes), int(packed.batch_sizes[0]), packing.given.get("input")
    first = batch_first(packing)
    lengths = [int((packed.batch_sizes > i).sum()) for i in range(N)]
    rule = "No length goes beyond the padded batch."
    given = culprit("lengths", _row(lengths))
    if not isinstance(padded, Tensor):
        fix = edit(packing, batch_first=str(not first))
        cause = "pack_padded_sequence does not check this. Most often its batch_first is missing:"
        return Explanation(rule, given, Side("lengths", note="<= L"), cause, fix)
    L, other = padded.shape[1::-1] if first else padded.shape[:2]
    sides = (given, shape_side("input", padded.shape, _axes(packing, tuple(padded.shape)), (0, 1)))
    if longest <= other:
        cause = (
            f"The batch looks like {'(L, N, …)' if first else '(N, L, …)'}, and was packed with batch_first={first}. "
            "pack_padded_sequence does not check this; the error comes only when the packed batch is used."
        )
        expected = (Side("lengths", note=f"<= {other}"), Side("batch_first", note=str(not first)))
        return Explanation(rule, sides, expected, cause, edit(packing, batch_first=str(not first)))
    cause = (
        f"The batch was padded or cut to {L} steps, the lengths were counted before. pack_padded_sequence does not "
        "check this; the error comes only when the packed batch is used."
    )
    fix = change(packing, "lengths", f"[min(int(n), {L}) for n in {{}}]")
    return Explanation(rule, sides, Side("lengths", note=f"<= {L}"), cause, fix)
