"""The state a network is given: one tensor, or an LSTM's pair, with as many axes as the input calls for."""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ..calls import Call
from ..code import loops, targets, value_of
from ..explanations import Explanation, Fix, Side, culprit
from ..mends import at, change, change_states, name_of, network, node_of, pair_of, put, replace, spell
from ..sizes import data_of, described, fits, layout, shape_after, shape_side, short, state_names, state_shape, weight


def states(call: Call) -> list[Any]:
    """The states as given, h_0 first; empty if there are none."""
    hx = call.given.get("hx")
    return [] if hx is None else list(hx) if call.lstm and isinstance(hx, (tuple, list)) else [hx]


def wanted(call: Call, which: int = 0) -> tuple[int, ...]:
    """The shape the network expects of a state, for the input it was given."""
    return state_shape(call, tuple(data_of(call.given["input"]).shape), which)


def expected_sides(call: Call) -> tuple[Side, ...]:
    """h_0, and an LSTM's c_0, as they should be."""
    names = ("h_0", "c_0") if call.lstm else ("h_0",)
    shapes = [wanted(call, i) for i in range(len(names))]
    return tuple(shape_side(name, shape, state_names(call.module, len(shape))) for name, shape in zip(names, shapes))


def zeros(call: Call) -> Fix:
    """A line that makes states of the right shape, from the sizes of the network and this very input."""
    torch, node = spell(call, "torch.zeros"), node_of(call, "hx")
    codes = [f"{torch}({_sizes(call, i)}{_like(call)})" for i in range(1 + call.lstm)]
    whole = f"({', '.join(codes)})" if call.lstm else codes[0]
    single = [ast.unparse(node)] if isinstance(node, (ast.Name, ast.Attribute)) else []
    names = pair_of(call) if call.lstm and pair_of(call) else single
    if node is not None and not names:
        return replace(call, node, whole)
    line = f"{name_of(call, 'hx')} = {whole}"
    if len(names) > 1:
        line = f"{' = '.join(names)} = {codes[0]}" if codes[0] == codes[1] else f"{', '.join(names)} = {', '.join(codes)}"
    if names and loops(call.code) and set(names) & targets(call.code.statement):  # only the first state is wrong
        first = f"{names[0]}[0]" if call.lstm and len(names) == 1 else names[0]
        line = f"if {first}.shape != ({_sizes(call, 0)}): {line}"
    return put(call, line)


def _same_sizes(call: Call) -> str:
    """A name that has the sizes of the input: of x.to(device) it is x; empty if the line has none."""
    node, name, given = node_of(call, "input"), name_of(call, "input"), call.given["input"]
    if re.fullmatch(r"[A-Za-z_][\w.]*", name):
        return name
    parts = [part for part in ast.walk(node or ast.Pass()) if isinstance(part, (ast.Name, ast.Attribute))]
    shapes = {ast.unparse(part): getattr(value_of(part, call.code), "shape", None) for part in parts}
    return next((part for part, shape in shapes.items() if shape == getattr(given, "shape", ())), "")


def _sizes(call: Call, which: int) -> str:
    module, shape, x, net = call.module, wanted(call, which), _same_sizes(call), network(call)
    packed = isinstance(call.given["input"], PackedSequence)
    batch = f"int({x}.batch_sizes[0])" if packed else f"{x}.size({layout(call, 3).index('N') if not call.cell else 0})"
    width = f"{net}.{'proj_size' if getattr(module, 'proj_size', 0) and which == 0 else 'hidden_size'}"
    layers = [] if call.cell else [f"{'2 * ' * module.bidirectional}{net}.num_layers"]
    has_batch = len(shape) == (2 if call.cell else 3)
    return ", ".join([*layers, *([batch if x else str(shape[-2])] if has_batch else []), width])


def _like(call: Call) -> str:
    data = data_of(call.given["input"])
    x = name_of(call, "input") + ".data" * isinstance(call.given["input"], PackedSequence)
    more = f", dtype={x}.dtype" if short(data.dtype) != "float32" else ""
    return more + (f", device={x}.device" if data.device.type != "cpu" else "")


def state_side(call: Call, which: int, state: Tensor, wrong: Sequence[int], **more: Any) -> Side:
    return shape_side(
        ("h_0", "c_0")[which % 2] if call.lstm else "h_0",
        state.shape,
        state_names(call.module, state.dim()),
        wrong,
        **more,
    )


def check_state_kind(call: Call) -> Explanation | None:
    """An LSTM wants a pair of tensors, the others want one tensor."""
    hx = call.given.get("hx")
    if hx is None:
        return None
    if call.lstm:
        # torch takes a list as well, except for a cell
        fine = isinstance(hx, (tuple, list)) and len(hx) == 2 and all(isinstance(s, Tensor) for s in hx)
        if fine:
            return None
        rule = "An LSTM has two states, and they come as a pair: (h_0, c_0)."
    else:
        if isinstance(hx, Tensor):
            return None
        rule = f"{call.what} has one state: hx is a single tensor, h_0."
    given = culprit("hx", described(hx))
    if isinstance(hx, Tensor):
        given = shape_side("hx", hx.shape, note="one tensor", wrong_note=True)
    cause, fix = _pair_mended(call, hx) if call.lstm else _single_mended(call, hx)
    return Explanation(rule, given, expected_sides(call), cause, fix)


def _pair_mended(call: Call, hx: Any) -> tuple[str, Fix]:
    right = wanted(call), wanted(call, 1)
    like = spell(call, "torch.zeros_like")
    if isinstance(hx, Tensor):
        if hx.dim() and hx.size(0) == 2 and tuple(hx.shape[1:]) == right[0] == right[1]:
            return "Both states are stacked in one tensor: take them apart.", change(call, "hx", "tuple({})")
        if tuple(hx.shape) == right[0] == right[1]:
            return _second_state(call, hx, change(call, "hx", f"({{}}, {like}({{}}))"))
        return "One tensor, and not of the shape of h_0 either. Zeros of the right shape for both:", zeros(call)
    parts = list(hx) if isinstance(hx, (tuple, list)) else []
    if parts and isinstance(parts[0], (tuple, list)) and len(parts[0]) == 2:
        return _pair_in_a_pair(call)
    if len(parts) == 2 and isinstance(parts[1], (tuple, list)) and len(parts[1]) == 2:
        return "This is all an LSTM returned: (output, (h_n, c_n)). Only the inner pair goes on.", change(call, "hx", "{}[1]")
    if len(parts) == 1 and isinstance(parts[0], Tensor) and tuple(parts[0].shape) == right[0] == right[1]:
        return "The cell state c_0 is missing.", change(call, "hx", f"({{}}[0], {like}({{}}[0]))")
    if len(parts) > 2 and all(isinstance(s, Tensor) for s in parts[:2]):
        return "More than two states: perhaps one for each layer. All layers of a network share one pair.", change(
            call, "hx", "tuple({}[:2])"
        )
    return "A state is missing, or is no tensor. Without hx at all, both start at zero.", change(call, "hx", "None")


def _pair_in_a_pair(call: Call) -> tuple[str, Fix]:
    """h = cell(x, (h, c)): from the second step on, h is a pair itself."""
    cause = "The first of the pair is a pair itself: what an LSTM gives back, (h, c), was kept under one name."
    code = call.code
    names, statement = pair_of(call), code.statement
    if not names or not isinstance(statement, ast.Assign):
        return cause, change(call, "hx", "{}[0]")
    target = code.segment(statement.targets[0])
    kept = target.replace(names[0], f"({', '.join(names)})") if "," in target else ", ".join(names)
    return cause, at(statement, code, f"{kept} = {code.segment(statement.value)}", "instead")


def _second_state(call: Call, hx: Tensor, fix: Fix) -> tuple[str, Fix]:
    """A second state beside the one that was given."""
    cause = "Only h_0 was given, as an RNN or a GRU has it. The cell state c_0 starts at zero."
    name = name_of(call, "hx")
    if hx.grad_fn is not None:
        cause += " If it came out of another LSTM, let that return both, (h_n, c_n): half of what it knows is in c_n."
    if name in call.code.parameters:  # it may be the pair another time, as in a decoder's second step
        fix = fix._replace(code=f"if not isinstance({name}, tuple): {fix.code}")
    return cause, fix


def _single_mended(call: Call, hx: Any) -> tuple[str, Fix]:
    right = wanted(call)
    if isinstance(hx, (tuple, list)) and hx:
        shapes = [tuple(s.shape) if isinstance(s, Tensor) else None for s in hx]
        if len(hx) == 2 and shapes == [right, right]:
            return "This is the pair (h, c) of an LSTM; here there is no c.", change(call, "hx", "{}[0]")
        if right in shapes:
            i = len(shapes) - 1 - shapes[::-1].index(right)
            cause = (
                "This is all a network returned, (output, h_n); only h_n goes on."
                if i
                else "The state sits in a list or tuple of its own."
            )
            return cause, change(call, "hx", f"{{}}[{i}]")
        if all(shape == right[1:] for shape in shapes) and len(shapes) == right[0]:
            return "One state for each layer: stacked, they are h_0.", change(
                call, "hx", f"{spell(call, 'torch.stack')}(list({{}}))"
            )
    if type(hx).__name__ == "ndarray" and hx.shape == right:
        dtype = spell(call, str(weight(call).dtype))
        return "NumPy made it, and the network reads tensors.", change(
            call, "hx", f"{spell(call, 'torch.as_tensor')}({{}}, dtype={dtype})"
        )
    return "This is no tensor. Without hx, the state starts at zero.", change(call, "hx", "None")


def check_state_axes(call: Call) -> Explanation | None:
    """A state with an axis too many or too few for this input."""
    given, axes = states(call), len(data_of(call.given["input"]).shape)
    if isinstance(call.given["input"], PackedSequence):
        axes = 3
    if all(s.dim() == axes for s in given):
        return None
    if call.cell and axes == 2 and all(s.dim() == 1 for s in given):
        rule = "A batch of N inputs needs N states: (N, H_out)."
    else:
        batched = "batched" if axes == (2 if call.cell else 3) else "without a batch"
        rule = f"The input is {batched}, so the state has {axes} ax{'e' if axes > 1 else 'i'}s, too."
    sides = tuple(state_side(call, i, s, range(s.dim()) if s.dim() != axes else ()) for i, s in enumerate(given))
    shape = tuple(data_of(call.given["input"]).shape)
    x = shape_side("input", shape, layout(call, len(shape)))
    cause, fix = _axes_mended(call, given[0] if given[0].dim() != axes else given[-1], shape)
    return Explanation(rule, (*sides, x), expected_sides(call), cause, fix)


def _axes_mended(call: Call, state: Tensor, shape: tuple[int, ...]) -> tuple[str, Fix]:
    """Cause and mend: the input may be what lacks an axis; else the state is brought to the axes of the input."""
    for template, cause in _input_turnings(call, state):
        after = shape_after(template, shape)
        if after and fits(call, after) and all(tuple(s.shape) == state_shape(call, after) for s in states(call)):
            return cause, change(call, "input", template)
    for template, cause in _state_turnings(call, wanted(call)):
        if all(shape_after(template, s.shape) == wanted(call, i) for i, s in enumerate(states(call))):
            return cause, change_states(call, template)
    return "The state was made for another input. Zeros of the right shape:", zeros(call)


def _input_turnings(call: Call, state: Tensor) -> Iterator[tuple[str, str]]:
    """Ways to give the input the batch axis that the state has; a state for a batch of one can do without it."""
    if isinstance(call.given["input"], PackedSequence) or call.cell or state.dim() != 3 or state.size(1) == 1:
        return
    step, one = "this looks like one step of a batch.", "give it one."
    says = "The state has a batch axis, the input has none: "
    first = call.module.batch_first
    yield "{}.unsqueeze(1)", says + (step if first else one)
    yield "{}.unsqueeze(0)", says + (one if first else step)


def _state_turnings(call: Call, right: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Ways to give the state the axes of the input, the likelier first."""
    no_batch, single = "The state has no batch axis.", "One state for all sequences: repeat it for each of the batch."
    sizes = ", ".join(map(str, right))
    yield "{}.unsqueeze(0)", no_batch if call.cell else "The state has no axis for layers and directions."
    yield "{}.unsqueeze(1)", no_batch
    yield "{}.squeeze(1)", "The state has a batch axis, the input has none."
    whole = "The state has an axis too many, as h_n of a whole network has it."
    yield "{}.squeeze(0)", whole if len(right) > 1 else "The state has a batch axis, the input has none."
    yield "{}[-1]", "This is h_n of a whole network, with an axis for the layers; a cell wants the state of one."
    yield (
        f"{{}}.reshape({sizes})",
        "The numbers are right, the axes are not: a squeeze() too many, or two states with different axes.",
    )
    yield f"{{}}.expand({sizes})", single
    yield f"{{}}.unsqueeze(1).expand({sizes})", single
