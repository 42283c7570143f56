"""How a recurrent network is called: the right arguments, a tensor, of the right type, on the right device."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ..calls import Call
from ..explanations import Explanation, Fix, Side, culprit
from ..mends import change, name_of, network, put, replace, spell
from ..sizes import data_of, described, first_weight, fits, input_side, layout, shape_side, short, weight


def check_signature(call: Call) -> Explanation | None:
    """rnn(), rnn(x, h0, c0), rnn(x, batch_first=True): not the arguments that forward takes."""
    unknown = [key for key in call.kwargs if key not in ("input", "hx")]
    if len(call.args) <= 2 and "input" in call.given and not unknown and not (len(call.args) == 2 and "hx" in call.kwargs):
        return None
    state = "(h0, c0)" if call.lstm else "h0"
    given = Side(
        "arguments",
        note=", ".join([type(a).__name__ for a in call.args] + [f"{k}=…" for k in call.kwargs]) or "none",
        wrong_note=True,
    )
    expected = Side("arguments", note=f"input, {state}" if "input" in call.given else "input, and perhaps " + state)
    rule = f"Calling the network takes the input and, if you like, the state: rnn(input, {state})."
    if "input" not in call.given:
        names = layout(call, 3)
        data = f"{spell(call, 'torch.zeros')}({', '.join(['1'] * (len(names) - 1))}, {call.module.input_size})"
        cause = f"The input is missing. Put your own data in the place of the zeros: ({', '.join(names)})."
        return Explanation(rule, given, expected, cause, _call_again(call, data))
    words = [name_of(call, "input")]
    node = call.code.call
    if call.direct and node is not None and len(node.args) > 2:
        words = [call.code.segment(arg) for arg in node.args]
    elif len(call.args) > 1:
        words.append(name_of(call, "hx"))
    if call.lstm and len(call.args) == 3:
        cause = "h0 and c0 belong together: they are one argument, a pair."
        pair = words[1:3] if len(words) > 2 else ["h0", "c0"]
        return Explanation(rule, given, expected, cause, _call_again(call, f"{words[0]}, ({', '.join(pair)})"))
    options = [key for key in unknown if key in ("batch_first", "bidirectional", "dropout", "num_layers")]
    cause = (
        f"{options[0]} is chosen when the network is made, not when it is called."
        if options
        else (f"The state is called hx, not {unknown[0]}." if unknown else "There are more arguments than the network takes.")
    )
    return Explanation(rule, given, expected, cause, _call_again(call, ", ".join(words[:2])))


def _call_again(call: Call, arguments: str) -> Fix:
    code = f"{network(call)}({arguments})"
    return replace(call, call.code.call, code) if call.direct and call.code.call else put(call, code, "instead")


def check_kind(call: Call) -> Explanation | None:
    """A list, an array, a tuple, None: no tensor."""
    value = call.given["input"]
    if isinstance(value, Tensor) or (isinstance(value, PackedSequence) and not call.cell):
        return None
    rule = "The input must be a tensor of numbers" + ("." if call.cell else ", or a packed batch.")
    given = culprit("input", described(value))
    cause, fix = _into_tensor(call, value)
    return Explanation(rule, given, input_side(call), cause, fix)


def _into_tensor(call: Call, value: Any) -> tuple[str, Fix]:
    """The likely cause and the mend, for an input that is no tensor."""
    kind = str(weight(call).dtype)
    if isinstance(value, PackedSequence):
        code = "{}.data[:int({}.batch_sizes[0])]".replace("{}", name_of(call, "input"))
        return "A cell reads one step, a tensor; a packed batch goes into nn.RNN. This is its first step.", put(
            call, f"{name_of(call, 'input')} = {code}"
        )
    if isinstance(value, tuple) and len(value) == 2 and _returned(call, *value):
        return "This is what another recurrent network returned: (output, h_n). Only output goes on.", change(
            call, "input", "{}[0]"
        )
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) for v in value):
        stack, axis = spell(call, "torch.stack"), int(not call.cell and not call.module.batch_first)
        if any(v.shape != value[0].shape for v in value):
            pad = spell(call, "torch.nn.utils.rnn.pad_sequence")
            first = "" if call.cell or not call.module.batch_first else ", batch_first=True"
            return "A list of sequences of different lengths: padding makes one batch of them.", change(
                call, "input", f"{pad}({{}}{first})"
            )
        if fits(call, (len(value), *value[0].shape)) and (value[0].dim() < 2 or not axis):
            return "A list of tensors is not a tensor. Stacked, the list becomes the first axis.", change(
                call, "input", f"{stack}({{}})"
            )
        return "A list of sequences is not a batch. Stacked along the batch axis it is.", change(
            call, "input", f"{stack}({{}}, dim={axis})"
        )
    if isinstance(value, (np.ndarray, list, tuple, int, float)) and _numeric(value):
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
        return (
            f"Words are no numbers: give each word a number, then an nn.Embedding makes vectors of them. {where}",
            fix,
        )
    return f"{type(value).__name__} holds no tensor the network could read. {where}", fix


def _returned(call: Call, output: Any, state: Any) -> bool:
    """Whether a pair is a network's (output, h_n), though no such network is in reach; not two sequences."""
    if isinstance(output, PackedSequence):
        return True
    axes = 3 if isinstance(state, tuple) else getattr(state, "dim", int)()
    return isinstance(output, Tensor) and axes == 3 and fits(call, tuple(output.shape))


def _numeric(value: Any) -> bool:
    """Whether NumPy would make an array of numbers of it, and not an empty one."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):
        return False
    return array.dtype.kind in "fiub" and array.size > 0


def check_type(call: Call) -> Explanation | None:
    """Whole numbers, or fractions of another precision than the weights."""
    value, right = call.given["input"], weight(call).dtype
    data = data_of(value)
    if data.dtype == right:
        return None
    rule = f"The input and the weights have one type: {short(right)}."
    given = shape_side(
        "input",
        data.shape,
        layout(call, data.dim()) if not isinstance(value, PackedSequence) else (),
        note=short(data.dtype),
        wrong_note=True,
    )
    expected = Side("weights", note=short(right))
    if not data.is_floating_point() and not data.is_complex():
        cause, fix = embed(call, tuple(data.shape))
        ids = "Embedding(" in fix.code and data.dim() == 2 and not call.cell and not isinstance(value, PackedSequence)
        if ids:  # two axes of numbers of words are a batch of sentences, not one sentence of vectors
            names = ("N", "L") if call.module.batch_first else ("L", "N")
            given = shape_side("input", data.shape, names, note=short(data.dtype), wrong_note=True)
        right_input = input_side(call)
        return Explanation(rule, given, (Side(right_input.name, right_input.axes, short(right)),), cause, fix)
    cause = (
        "NumPy and pandas make float64."
        if data.dtype == torch.float64
        else f"The network was made or turned into {short(right)}."
    )
    fix = change(call, "input", f"{{}}.to({network(call)}.{first_weight(call)}.dtype)")
    return Explanation(rule, given, expected, cause, fix)


def embed(call: Call, shape: tuple[int, ...]) -> tuple[str, Fix]:
    """Whole numbers where vectors are expected: one-hot vectors of the wrong type, or the numbers of words."""
    value, H_in = call.given["input"], call.module.input_size
    packed = isinstance(value, PackedSequence)
    data = data_of(value)
    fitting = shape[-1:] == (H_in,) if packed else fits(call, shape, with_state=False)
    if fitting and (packed or len(shape) > 2 or _one_hot(data)):
        template = "{}.to(" + f"{network(call)}.{first_weight(call)}.dtype)"
        return (
            "The shape is right, but these are whole numbers, as one_hot makes them; the network computes with fractions.",
            change(call, "input", template),
        )
    most = int(data.max()) + 1 if data.numel() and data.device.type != "meta" else 1000
    layer = f"{spell(call, 'torch.nn.Embedding')}({most}, {H_in})"
    cause = (
        "These are whole numbers, as the numbers of words: an embedding makes a vector of each. Make "
        f"it once, beside the network, with as many rows as your vocabulary has words (here at least {most})."
    )
    name = name_of(call, "input")
    if packed:
        return cause, put(call, f"{name} = {name}._replace(data={layer}({name}.data))")
    squeeze = ".squeeze(-1)" if len(shape) == 3 and shape[-1] == 1 else ""
    squeeze += ".long()" * data.is_floating_point()
    return cause, change(call, "input", f"{layer}({{}}{squeeze})")


def _one_hot(data: Tensor) -> bool:
    """Whether each row has a single one and zeros: of two axes, the last might as well be steps."""
    return data.device.type == "meta" or bool(((data == 0) | (data == 1)).all() and (data.sum(-1) == 1).all())


def check_device(call: Call) -> Explanation | None:
    """The input and the weights on different devices."""
    data, here = data_of(call.given["input"]), weight(call).device
    if data.device == here:
        return None
    rule = "The input and the network are on one device."
    given = (culprit("input", str(data.device)), Side("weights", note=str(here)))
    expected = Side("both", note=f"the same, such as {here}")
    if here.type == "cpu":
        name, data_name = network(call), name_of(call, "input")
        data_name += ".data" * isinstance(call.given["input"], PackedSequence)
        fix = put(call, f"{name} = {name}.to({data_name}.device)")
        return Explanation(
            rule,
            given,
            expected,
            "The data were moved, the network was not: model.to(device) once, before training.",
            fix,
        )
    fix = change(call, "input", f"{{}}.to({network(call)}.{first_weight(call)}.device)")
    return Explanation(rule, given, expected, "The network was moved, this batch was not: each batch needs .to(device).", fix)


def check_steps(call: Call) -> Explanation | None:
    """A sequence without any step."""
    value, data = call.given["input"], data_of(call.given["input"])
    steps = data.shape[layout(call, data.dim()).index("L")] if not call.cell and not isinstance(value, PackedSequence) else 1
    if steps:
        return None
    names = layout(call, data.dim())
    given = shape_side("input", data.shape, names, [names.index("L")])
    return no_numbers(call, "A sequence has at least one step: L >= 1.", given)


def no_numbers(call: Call, rule: str, given: Side) -> Explanation:
    """An input without any number in it: it can only be left out."""
    cause = "There is nothing to read: an empty text, or a slice that begins behind the end. Leave such inputs out."
    name, simple = name_of(call, "input"), call.code.statement and not hasattr(call.code.statement, "body")
    data_name = name + ".data" * isinstance(call.given["input"], PackedSequence)
    line = call.code.text if simple and call.direct else f"{network(call)}({name})"
    fix = put(call, f"if {data_name}.numel(): {line}", "instead")
    return Explanation(rule, given, (input_side(call, len(given.axes or ())),), cause, fix)
