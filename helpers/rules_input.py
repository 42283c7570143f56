"""What can be wrong with the input of a recurrent network: no tensor, too few or too many axes, the wrong last one."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .calls import Call
from .explanations import Axis, Explanation, Fix, Side
from .mends import change, fill, made_with, name_of, network, node_of, put, remake, replace, spell


def layout(call: Call, axes: int = 3) -> tuple[str, ...]:
    """The names of the input's axes, as this network reads them.

    >>> from .calls import Code
    >>> layout(Call("forward", "nn.RNN", nn.RNN, nn.RNN(3, 4), {}, (), {}, Code({}), True), 2)
    ('L', 'H_in')
    """
    if call.cell:
        return ("N", "H_in")[-axes:]
    order = ("N", "L") if call.module.batch_first else ("L", "N")
    return (*order, "H_in") if axes == 3 else ("L", "H_in")


def shape_side(name: str, shape: Sequence[int], names: Sequence[str] = (), wrong: Sequence[int] = (), **more: Any) -> Side:
    """A tensor that was given, its axes named if there are as many names as axes."""
    names = names if len(names) == len(shape) else [f"axis {i}" for i in range(len(shape))]
    return Side(name, tuple(map(Axis, names, shape)), wrong=frozenset(wrong), **more)


def input_side(call: Call, axes: int = 3) -> Side:
    """The input this network expects: only its last size is fixed."""
    if isinstance(call.given.get("input"), PackedSequence):
        return Side("input.data", (Axis("all steps"), Axis("H_in", call.module.input_size)))
    names = layout(call, 2 if call.cell else axes)
    return Side("input", tuple(Axis(n, call.module.input_size if n == "H_in" else None) for n in names))


def weight(call: Call) -> Tensor:
    """The first weight of the network: its type and device are those of all."""
    return next(call.module.parameters())


def data_of(value: Any) -> Any:
    """The tensor with the numbers: of a packed batch, its data."""
    return value.data if isinstance(value, PackedSequence) else value


def shape_after(template: str, shape: Sequence[int]) -> tuple[int, ...] | None:
    """The shape a change gives, worked out on a tensor without numbers; None if it can't be done."""
    try:
        return tuple(eval(fill(template, "t"), {"t": torch.empty(tuple(shape), device="meta")}).shape)
    except (RuntimeError, IndexError, ValueError):
        return None


def state_shape(call: Call, shape: Sequence[int], which: int = 0) -> tuple[int, ...]:
    """The shape of the state that belongs to an input of this shape."""
    module = call.module
    if call.cell:
        return (*shape[:-1], module.hidden_size)
    layers = module.num_layers * (2 if module.bidirectional else 1)
    width = module.proj_size if getattr(module, "proj_size", 0) and which == 0 else module.hidden_size
    if isinstance(call.given.get("input"), PackedSequence):
        return (layers, int(call.given["input"].batch_sizes[0]), width)
    return (layers, *([shape[0 if module.batch_first else 1]] if len(shape) == 3 else []), width)


def first_state(call: Call) -> Tensor | None:
    """h_0 as it was given: of an LSTM's pair the first; None if there is none or it is no tensor."""
    hx = call.given.get("hx")
    if call.lstm:
        hx = hx[0] if isinstance(hx, (tuple, list)) and len(hx) == 2 else None
    return hx if isinstance(hx, Tensor) else None


def fits(call: Call, shape: tuple[int, ...] | None, with_state: bool = True) -> bool:
    """Whether the network would take an input of this shape, together with the state it was given."""
    if shape is None or len(shape) not in ((1, 2) if call.cell else (2, 3)) or shape[-1] != call.module.input_size:
        return False
    h0 = first_state(call)
    return h0 is None or not with_state or tuple(h0.shape) == state_shape(call, shape)


def check_signature(call: Call) -> Explanation | None:
    """rnn(), rnn(x, h0, c0), rnn(x, batch_first=True): not the arguments that forward takes."""
    unknown = [key for key in call.kwargs if key not in ("input", "hx")]
    if len(call.args) <= 2 and "input" in call.given and not unknown and not (len(call.args) == 2 and "hx" in call.kwargs):
        return None
    state = "(h0, c0)" if call.lstm else "h0"
    given = Side("arguments", note=", ".join([type(a).__name__ for a in call.args] + [f"{k}=…" for k in call.kwargs]) or "none",
                 wrong_note=True)
    expected = Side("arguments", note=f"input, {state}" if "input" in call.given else "input, and perhaps " + state)
    rule = f"Calling the network takes the input and, if you like, the state: rnn(input, {state})."
    if "input" not in call.given:
        names = layout(call, 3)
        data = f"{spell(call, 'torch.zeros')}({', '.join(['1'] * (len(names) - 1))}, {call.module.input_size})"
        cause = f"The input is missing. Put your own data in the place of the zeros: ({', '.join(names)})."
        return Explanation(rule, (given,), (expected,), cause, _call_again(call, data))
    words = [name_of(call, "input")]
    node = call.code.call
    if call.direct and node is not None and len(node.args) > 2:
        words = [call.code.segment(arg) for arg in node.args]
    elif len(call.args) > 1:
        words.append(name_of(call, "hx"))
    if call.lstm and len(call.args) == 3:
        cause = "h0 and c0 belong together: they are one argument, a pair."
        pair = words[1:3] if len(words) > 2 else ["h0", "c0"]
        return Explanation(rule, (given,), (expected,), cause, _call_again(call, f"{words[0]}, ({', '.join(pair)})"))
    options = [key for key in unknown if key in ("batch_first", "bidirectional", "dropout", "num_layers")]
    cause = f"{options[0]} is chosen when the network is made, not when it is called." if options else (
        f"The state is called hx, not {unknown[0]}." if unknown else "There are more arguments than the network takes.")
    return Explanation(rule, (given,), (expected,), cause, _call_again(call, ", ".join(words[:2])))


def _call_again(call: Call, arguments: str) -> Fix:
    code = f"{network(call)}({arguments})"
    return replace(call, call.code.call, code) if call.direct and call.code.call else put(call, code, "instead")


def check_kind(call: Call) -> Explanation | None:
    """A list, an array, a tuple, None: no tensor."""
    value = call.given["input"]
    if isinstance(value, Tensor) or (isinstance(value, PackedSequence) and not call.cell):
        return None
    rule = "The input must be a tensor of numbers" + ("." if call.cell else ", or a packed batch.")
    given = Side("input", note=described(value), wrong_note=True)
    cause, fix = _into_tensor(call, value)
    return Explanation(rule, (given,), (input_side(call),), cause, fix)


def described(value: Any) -> str:
    kind = type(value).__name__
    if value is None or isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, np.ndarray):
        return f"NumPy array ({', '.join(map(str, value.shape))}) {value.dtype}"
    if isinstance(value, (list, tuple)) and value:
        inside = type(value[0]).__name__
        sizes = [tuple(v.shape) for v in value[:3] if isinstance(v, Tensor)]
        more = ", …" if len(value) > 3 else ""
        return f"{kind} of {len(value)}: " + (", ".join(map(str, sizes)) + more if sizes else f"{inside}{more}")
    return kind


def _into_tensor(call: Call, value: Any) -> tuple[str, Fix]:
    """The likely cause and the mend, for an input that is no tensor."""
    kind = str(weight(call).dtype)
    if isinstance(value, PackedSequence):
        code = "{}.data[:int({}.batch_sizes[0])]".replace("{}", name_of(call, "input"))
        return "A cell reads one step, a tensor; a packed batch goes into nn.RNN. This is its first step.", put(
            call, f"{name_of(call, 'input')} = {code}")
    if isinstance(value, tuple) and value and isinstance(value[0], (Tensor, PackedSequence)):
        if isinstance(value[0], PackedSequence) or fits(call, tuple(value[0].shape)):
            return "This is what another recurrent network returned: (output, h_n). Only output goes on.", change(call, "input", "{}[0]")
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) for v in value):
        stack, axis = spell(call, "torch.stack"), int(not call.cell and not call.module.batch_first)
        if any(v.shape != value[0].shape for v in value):
            pad = spell(call, "torch.nn.utils.rnn.pad_sequence")
            first = "" if call.cell or not call.module.batch_first else ", batch_first=True"
            return "A list of sequences of different lengths: padding makes one batch of them.", change(call, "input", f"{pad}({{}}{first})")
        if fits(call, (len(value), *value[0].shape)) and (value[0].dim() < 2 or not axis):
            return "A list of tensors is not a tensor. Stacked, the list becomes the first axis.", change(call, "input", f"{stack}({{}})")
        return "A list of sequences is not a batch. Stacked along the batch axis it is.", change(call, "input", f"{stack}({{}}, dim={axis})")
    if isinstance(value, (np.ndarray, list, tuple, int, float)) and np.asarray(value, dtype=object).size and _numeric(value):
        make = spell(call, "torch.as_tensor")
        source = "NumPy gave it" if isinstance(value, np.ndarray) else "These are Python's own numbers"
        return f"{source}, and the network reads tensors.", change(call, "input", f"{make}({{}}, dtype={spell(call, kind)})")
    names = layout(call)
    data = f"{spell(call, 'torch.zeros')}({', '.join(['1'] * (len(names) - 1))}, {call.module.input_size})"
    fix = change(call, "input", data)
    where = f"Put your own data in the place of the zeros: ({', '.join(names)})."
    if value is None:
        return f"A function that made it has no return, or its result was thrown away. {where}", fix
    if isinstance(value, str) or (isinstance(value, (list, tuple)) and value and isinstance(value[0], str)):
        return f"Words are no numbers: give each word a number, then an nn.Embedding makes vectors of them. {where}", fix
    return f"{type(value).__name__} holds no tensor the network could read. {where}", fix


def _numeric(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "fiub"
    except ValueError:
        return False


def check_axes(call: Call) -> Explanation | None:
    """One axis too many or too few."""
    value = call.given["input"]
    shape = tuple(data_of(value).shape)
    packed = isinstance(value, PackedSequence)
    allowed = (2,) if packed else (1, 2) if call.cell else (2, 3)
    if len(shape) in allowed:
        return None
    if packed:
        rule = "The data of a packed batch have two axes: all steps of all sequences, and the features."
    elif call.cell:
        rule = "A cell reads one step: 2 axes (N, H_in), or 1 axis (H_in) without a batch."
    else:
        names = ", ".join(layout(call))
        rule = f"The input has 3 axes ({names}), or 2 axes (L, H_in) without a batch."
    wrong = [i for i, size in enumerate(shape) if size == 1][:1] if len(shape) > max(allowed) else range(len(shape))
    given = shape_side("input.data" if packed else "input", shape, (), wrong or range(len(shape)))
    if not data_of(value).is_floating_point():
        return Explanation(rule, (given,), (input_side(call),), *embed(call, shape))
    cause, fix = _axes_mended(call, shape)
    return Explanation(rule, (given,), (input_side(call),), cause, fix)


def _axes_mended(call: Call, shape: tuple[int, ...]) -> tuple[str, Fix]:
    if call.cell and len(shape) == 3 and shape[-1] == call.module.input_size:
        return _loop(call)
    if isinstance(call.given["input"], PackedSequence):
        name, H_in = name_of(call, "input"), call.module.input_size
        cause, flat = "The features have no axis of their own; give them one before you pack.", len(shape) == 1
        code = f"{name} = {name}._replace(data={name}.data.{'unsqueeze(-1)' if flat else 'flatten(1)'})"
        after = 1 if flat else math.prod(shape[1:])
        if after == H_in:
            return cause, put(call, code)
        made = f"{spell(call, 'torch.' + call.what)}({made_with(call.module, input_size=after)})"
        return f"{cause} Then each step has {after}: the network needs input_size={after}.", put(call, f"{code}\n{network(call)} = {made}")
    for with_state in (True, False):
        for template, cause in _reshapings(call, shape):
            if fits(call, shape_after(template, shape), with_state):
                return cause, change(call, "input", template)
    if len(shape) < 2:
        template, more = ("{}.reshape(1, 1, -1)", "one step with all the numbers as its features")
    else:
        template, more = ("{}.flatten(1)", "all axes behind the batch become features") if call.cell else (
            "{}.flatten(2)", "all axes behind the second become features")
    after = shape_after(template, shape)
    line = change(call, "input", template)
    code = f"{line.code}\n{network(call)} = {spell(call, 'torch.' + call.what)}({made_with(call.module, input_size=after[-1])})"
    return f"No axis has the {call.module.input_size} features of this network. If {more}, it needs input_size={after[-1]}.", put(call, code)


def _reshapings(call: Call, shape: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Ways to another number of axes, the likelier first, each with the cause it would be the mend of."""
    n, H_in = len(shape), call.module.input_size
    if n == 0:
        yield "{}.reshape(1, 1, 1)", "A single number has no axes; it may be one step of one feature."
    if n == 1:
        if H_in == 1:
            yield "{}.unsqueeze(-1)", "A series of numbers: each step has one feature, and that needs an axis of its own."
        yield "{}.unsqueeze(0)", "This is one step: it needs an axis for the steps."
        yield "{}.reshape(1, 1, -1)", "This is one step of one sequence: it needs axes for both."
        yield f"{{}}.reshape(-1, {H_in})", "The steps stand in one row; each has its features."
    for axis in (1, 0, 3, 2, *range(4, n)):
        if axis < n and shape[axis] == 1:
            which = {1: "the channel of an image, or an unsqueeze too many", 0: "an unsqueeze(0) too many"}
            yield f"{{}}.squeeze({axis})", f"Axis {axis} has size 1: {which.get(axis, 'an unsqueeze too many')}."
            yield f"{{}}.squeeze({axis}).transpose(1, 2)", f"Axis {axis} has size 1, and the features do not stand last."
    if n > 3:
        yield f"{{}}.flatten({2})", "Each step's features still have several axes (channels, rows): flatten them."
        yield "{}.flatten(0, 1)", "There are two batch axes: make one of them."
        yield "{}.flatten(1, 2)", "There are two axes of steps: make one of them."


def _loop(call: Call) -> tuple[str, Fix]:
    """A whole sequence given to a cell: the loop over its steps, if the learner's line lets itself be put into one."""
    cause = "A whole sequence went into a cell. A cell reads one step; you write the loop (or take nn."
    cause += f"{call.made.__name__.removesuffix('Cell')}, which has it inside)."
    node, name, text = call.code.call, name_of(call, "input"), call.code.text
    state = name_of(call, "hx") if "hx" in call.given and call.given["hx"] is not None else ""
    if node is not None and state and text.startswith(f"{state.strip('()')} = ") or text.startswith(f"{state} = ") and state:
        fixed = replace(call, node_of(call, "input"), "step")
        return cause, fixed._replace(code=f"for step in {name}: {fixed.code}")
    return cause + " This is its first step.", change(call, "input", "{}[0]")


def check_size(call: Call) -> Explanation | None:
    """The last axis is not input_size."""
    value, module = call.given["input"], call.module
    shape, H_in = tuple(data_of(value).shape), module.input_size
    if shape[-1] == H_in:
        return None
    packed = isinstance(value, PackedSequence)
    rule = f"The last axis of the input is H_in: as many features as the network's input_size, {H_in}."
    names = ("all steps", "H_in") if packed else layout(call, len(shape))
    given = shape_side("input.data" if packed else "input", shape, names, [len(shape) - 1])
    cause, fix = _size_mended(call, shape, packed)
    return Explanation(rule, (given,), (input_side(call, len(shape)),), cause, fix)


def _size_mended(call: Call, shape: tuple[int, ...], packed: bool) -> tuple[str, Fix]:
    module, last = call.module, shape[-1]
    H_in, H_out = module.input_size, module.hidden_size
    another = f"Or the data are right: then the network needs input_size={last}."
    for with_state in () if packed else (True, False):
        for template, cause in _turnings(call, shape):
            if fits(call, shape_after(template, shape), with_state):
                return f"{cause} {another}", change(call, "input", template)
    if last == H_out:
        cause = f"{last} is this network's hidden_size: input_size and hidden_size look swapped. Or its own output came back as input."
        if not call.cell and first_state(call) is None or first_state(call) is not None and first_state(call).size(-1) == H_in:
            return cause, remake(call, input_size=H_out, hidden_size=H_in)
        return cause, remake(call, input_size=last)
    if last == 2 * H_in:
        cause = f"{last} is 2 * {H_in}: the layer below is bidirectional and gives both directions side by side."
    else:
        cause = f"The data have {last} features at each step, the network was made for {H_in}."
    return cause, remake(call, input_size=last)


def _turnings(call: Call, shape: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Ways to bring the features to the end, the likelier first."""
    n, H_in = len(shape), call.module.input_size
    if n == 3 and shape[1] == H_in and shape[2] != call.module.hidden_size:
        yield "{}.transpose(1, 2)", "The features stand in the middle, as nn.Conv1d has them, instead of last."
    if n == 2 and H_in == 1:
        yield "{}.unsqueeze(-1)", "A series of numbers: each step has one feature, and that needs an axis of its own."
    if n == 2 and shape[0] == H_in and shape[1] != call.module.hidden_size:
        yield "{}.transpose(0, 1)", "The two axes are swapped: the features stand first instead of last."
    if n == 3 and shape[0] == H_in and shape[2] != call.module.hidden_size:
        yield "{}.movedim(0, -1)", "The features stand first instead of last."


def embed(call: Call, shape: tuple[int, ...]) -> tuple[str, Fix]:
    """Whole numbers where vectors are expected: one-hot vectors of the wrong type, or the numbers of words."""
    value, H_in = call.given["input"], call.module.input_size
    packed = isinstance(value, PackedSequence)
    data = data_of(value)
    if fits(call, shape, with_state=False) and not packed or packed and len(shape) == 2 and shape[-1] == H_in:
        template = "{}.to(" + f"{network(call)}.{_first_name(call)}.dtype)"
        return "The shape is right, but these are whole numbers, as one_hot makes them; the network computes with fractions.", change(
            call, "input", template)
    most = int(data.max()) + 1 if data.numel() and data.device.type != "meta" else 1000
    layer = f"{spell(call, 'torch.nn.Embedding')}({most}, {H_in})"
    cause = "These are whole numbers, as the numbers of words: an embedding makes a vector of each. Make it once, beside the network."
    name = name_of(call, "input")
    if packed:
        return cause, put(call, f"{name} = {name}._replace(data={layer}({name}.data))")
    squeeze = ".squeeze(-1)" if len(shape) == 3 and shape[-1] == 1 else ""
    return cause, change(call, "input", f"{layer}({{}}{squeeze})")


def _first_name(call: Call) -> str:
    return "weight_ih" if call.cell else "weight_ih_l0"


def check_type(call: Call) -> Explanation | None:
    """Whole numbers, or fractions of another precision than the weights."""
    value, right = call.given["input"], weight(call).dtype
    data = data_of(value)
    if data.dtype == right:
        return None
    rule = f"The input and the weights have one type: {short(right)}."
    given = shape_side("input", data.shape, layout(call, data.dim()) if not isinstance(value, PackedSequence) else (),
                       note=short(data.dtype), wrong_note=True)
    expected = Side("weights", note=short(right))
    if not data.is_floating_point() and not data.is_complex():
        ids = input_side(call)
        return Explanation(rule, (given,), (Side(ids.name, ids.axes, short(right)),), *embed(call, tuple(data.shape)))
    cause = "NumPy and pandas make float64." if data.dtype == torch.float64 else f"The network was made or turned into {short(right)}."
    fix = change(call, "input", f"{{}}.to({network(call)}.{_first_name(call)}.dtype)")
    return Explanation(rule, (given,), (expected,), cause, fix)


def short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def check_device(call: Call) -> Explanation | None:
    """The input and the weights on different devices."""
    data, here = data_of(call.given["input"]), weight(call).device
    if data.device == here:
        return None
    rule = "The input and the network are on one device."
    given = (Side("input", note=str(data.device), wrong_note=True), Side("weights", note=str(here)))
    expected = Side("both", note=f"the same, such as {here}")
    if here.type == "cpu":
        name = network(call)
        fix = put(call, f"{name} = {name}.to({name_of(call, 'input')}.{'data.' * isinstance(call.given['input'], PackedSequence)}device)")
        return Explanation(rule, given, (expected,), "The data were moved, the network was not: model.to(device) once, before training.", fix)
    fix = change(call, "input", f"{{}}.to({network(call)}.{_first_name(call)}.device)")
    return Explanation(rule, given, (expected,), "The network was moved, this batch was not: each batch needs .to(device).", fix)


def check_steps(call: Call) -> Explanation | None:
    """A sequence without any step."""
    value, data = call.given["input"], data_of(call.given["input"])
    steps = data.shape[layout(call, data.dim()).index("L")] if not call.cell and not isinstance(value, PackedSequence) else 1
    if steps:
        return None
    names = layout(call, data.dim())
    given = shape_side("input", data.shape, names, [names.index("L")])
    cause = "There is nothing to read: an empty text, or a slice that begins behind the end. Leave such sequences out."
    name = name_of(call, "input")
    line = call.code.text if call.code.statement and not hasattr(call.code.statement, "body") else f"{network(call)}({name})"
    fix = put(call, f"if {name}.numel(): {line}", "instead")
    return Explanation("A sequence has at least one step: L >= 1.", (given,), (input_side(call, data.dim()),), cause, fix)


def check_batch_sizes(call: Call) -> Explanation | None:
    """A PackedSequence made by hand whose parts do not belong together."""
    value = call.given["input"]
    if not isinstance(value, PackedSequence) or int(value.batch_sizes.sum()) == len(value.data):
        return None
    given = (Side("batch_sizes", note=f"sum {int(value.batch_sizes.sum())}", wrong_note=True), shape_side("data", value.data.shape))
    rule = "The batch sizes of a packed batch count its rows: their sum is len(data)."
    cause = "A PackedSequence made by hand. Let pack_sequence or pack_padded_sequence make it."
    fix = change(call, "input", f"{spell(call, 'torch.nn.utils.rnn.pack_sequence')}([{{}}.data])")
    return Explanation(rule, given, (Side("batch_sizes", note=f"sum {len(value.data)}"),), cause, fix)
