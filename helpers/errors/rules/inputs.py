"""How a network is called, and its input: the arguments, kind, dtype, device, axes and features."""

import re

import numpy as np
import torch
from torch import Tensor

from ...pictures.sides import Side, axes_of, culprit, shape_side
from ..explanations import Fix, Rule
from ..facts import DEFAULTS, Facts, after, described, networks_in, short, special, tensors_only
from ..fixes import Check, remake, rewrite, spot, with_arguments

FLOATS = {torch.float32: "float", torch.float64: "double", torch.float16: "half", torch.bfloat16: "bfloat16"}
PACK = "{torch.nn.utils.rnn.pack_sequence}({}, enforce_sorted=False)"
DENSE = {"nested": PACK.replace("{}", "list({}.unbind())"), "sparse": "{}.to_dense()", "quantized": "{}.dequantize()"}
SERIES = "A series of numbers has one feature at each time step, and that needs an axis of its own."


def cast(right: torch.dtype) -> str:
    """The change of a tensor's dtype as a method, which needs no name."""
    return f"{{}}.{FLOATS[right]}()" if right in FLOATS else f"{{}}.to({{{right}}})"


def check_signature(facts: Facts) -> Check:
    """rnn(), rnn(x, h0, c0), rnn(x, batch_first=True): not the arguments that forward takes."""
    call, state = facts.call, "(h0, c0)" if facts.lstm else "h0"
    unknown = next((key for key in call.kwargs if key not in call.order), "")
    if len(call.args) + ("hx" in call.kwargs) <= 2 and "input" in call.given and not unknown:
        return
    words = ", ".join([type(a).__name__ for a in call.args] + [f"{key}=…" for key in call.kwargs])
    rule = f"A call takes the input and, if you like, the state: rnn(input, {state})."
    yield Rule("arguments", rule, words or "none", f"input, {state}")
    if "input" not in call.given:
        yield f"The input is missing: a tensor ({', '.join(facts.layout)}) with {facts.H_in} features."
    if unknown in DEFAULTS:
        yield f"{unknown} is chosen when the network is made, not when it is called."
    if unknown:
        fits = "hx" not in call.given and facts.tried("hx", call.kwargs[unknown])
        found = spot(call, unknown) if fits and call.direct else None
        state_like = fits or re.search(r"^h|state|init", unknown)
        cause = f"The state is called hx, not {unknown}." if state_like else f"A call has no argument {unknown}."
        yield cause, with_arguments(call, **{unknown: None, "hx": found.code}) if found else ""
    if facts.lstm and len(call.args) == 3:
        pair = [call.line.text(arg) for arg in call.line.call.args[1:]] if call.direct and call.line.call else []
        fits = len(pair) == 2 and facts.tried("hx", tuple(call.args[1:]))
        fix = with_arguments(call, **{"argument 3": None, "hx": f"({', '.join(pair)})"}) if fits else Fix()
        yield "h0 and c0 belong together: they are one argument, a pair.", fix
    yield "There are more arguments than a call takes."


def check_kind(facts: Facts) -> Check:
    """A list, an array, a pair, None, a nested or sparse tensor: not what a network reads."""
    value = facts.input
    if isinstance(value, Tensor) and special(value) is None or facts.packed and not facts.cell:
        return
    rule = "The input must be a dense tensor." if facts.cell else "The input must be a dense tensor, or a packed batch."
    yield Rule("input", rule, described(value), Side("input", axes_of(facts.batch, H_in=facts.H_in)))
    if isinstance(value, Tensor):
        yield f"Recurrent networks have no kernel for {special(value)} tensors.", DENSE.get(str(special(value)), "")
        return
    if facts.packed:
        yield f"A cell reads one time step. A packed batch goes into {facts.whole}."
    if isinstance(value, dict):
        cause = f"This is a dictionary with the keys {', '.join(map(str, list(value)[:6]))}. The input is one of its values."
        fits = [f'{{}}["{k}"]' for k, v in value.items() if isinstance(v, Tensor) and facts.tried("input", v)]
        yield cause, fits[0] if len(fits) == 1 else ""
    if tensors_only(value):
        alike = len({(v.shape, v.dtype) for v in value}) == 1
        if len(value) == 2 and (value[1].dim() < value[0].dim() or not value[1].is_floating_point()):
            yield (
                "This is a batch with its labels or lengths, as a DataLoader returns it. Only the first part is the input.",
                "{}[0]",
            )
        if not alike:
            yield "This is a list of sequences of different lengths. Pack them into one batch.", "" if facts.cell else PACK
            return
        if value[0].dim() > 1 and not facts.cell:
            stack = "{torch.stack}({})" if facts.first else "{torch.stack}({}, dim=1)"
            yield "A list of sequences is not a batch. Stacked along the batch axis it is.", stack
        yield "A list of tensors is not a tensor. Stacked, the list becomes the first axis.", "{torch.stack}({})"
        yield "A list of tensors is not a tensor: make one of them, or call the network with one at a time."
    array = after("{torch.as_tensor}({})", value) if isinstance(value, (np.ndarray, list, tuple, int, float)) else None
    if array is not None and array.numel():
        if not array.is_floating_point() and array.dim() < 3:
            yield "These are integers. If they are word ids, an nn.Embedding makes vectors of them."
        cause = "NumPy made it" if isinstance(value, np.ndarray) else "These are Python numbers"
        yield f"{cause}, and a network reads tensors.", facts.to_tensor
        return
    if isinstance(value, (str, list, tuple)) and value and isinstance(value[0], str):
        yield "Words are not numbers: give each word an id, then an nn.Embedding makes vectors of the ids."
    if value is None:
        yield "It is None: the function that made it has no return, or its result was not kept."
    yield f"{described(value)} is not a tensor."


def check_axes(facts: Facts) -> Check:
    """One axis too many or too few."""
    shape, n, H_in = facts.shape, len(facts.shape), facts.H_in
    if n in ((2,) if facts.packed else (1, 2) if facts.cell else (2, 3)):
        return
    rule = f"The input must have 3 axes ({', '.join(facts.layout)}), or 2 axes (L, H_in) without a batch."
    if facts.packed:
        rule = "The data of a packed batch must have two axes: all time steps of all sequences, and the features."
    elif facts.cell:
        rule = "A cell reads one time step: 2 axes (N, H_in), or 1 axis (H_in) without a batch."
    if not (facts.data.is_floating_point() or facts.data.is_complex()):
        yield from _integers(facts, rule)
    ones = [i for i, size in enumerate(shape) if size == 1] if n > 2 else []
    yield Rule("input", rule, facts.input_side(ones[:1] or range(n)), facts.expected_input())
    if facts.cell and n == 3 and shape[-1] == H_in:
        yield f"This is a whole sequence, and a cell reads one time step: loop over the time steps, or use {facts.whole}."
    if facts.packed:
        yield "The features are in several axes: flatten them before you pack.", "{}._replace(data={}.data.flatten(1))"
        yield "The features have no axis of their own: add it before you pack.", "{}._replace(data={}.data.unsqueeze(-1))"
        return
    channel, turned = "Axis 1 has size 1: ", (".squeeze(1)", ".squeeze(1).transpose(1, 2)")
    if not facts.first:
        turned = (".squeeze(1).transpose(0, 1)", ".squeeze(1).permute(2, 0, 1)")
    if n == 0:
        yield "This is a single number: one time step of one feature.", "{}.reshape(1, 1, 1)"
    if n == 1:
        yield SERIES, "{}.unsqueeze(-1)"
        yield "This is one time step: the axis of time steps is missing.", "{}.unsqueeze(0)"
        yield "This is one time step of one sequence: the axes of both are missing.", "{}.reshape(1, 1, -1)"
    if n == 4 and shape[1] == 1:  # (N, 1, L, H_in), as images come
        yield f"{channel}the channel of an image, or an unsqueeze(1) too many.", "{}" + turned[0]
        yield f"{channel}it is the channel of an image, and the features are not last.", "{}" + turned[1]
    yield from ((f"Axis {i} has size 1: an unsqueeze({i}) too many.", f"{{}}.squeeze({i})") for i in range(n))
    yield "The features of each time step are in several axes, such as channels and rows: flatten them.", "{}.flatten(2)"
    yield f"No axis has the {H_in} features that this network reads."


def check_dtype(facts: Facts) -> Check:
    """Integers, or floating-point numbers of another precision than the weights."""
    data, right = facts.data, facts.weight.dtype
    device = "cpu" if data.device.type == "meta" else data.device.type
    if data.dtype == right or data.is_floating_point() and torch.is_autocast_enabled(device):
        return
    rule = f"The input and the weights must have the same dtype: {short(right)}."
    if not (data.is_floating_point() or data.is_complex()):
        yield from _integers(facts, rule)
    yield Rule("input", rule, facts.input_side(note=short(data.dtype)), Side("weights", note=short(right)))
    cause = f"The network was made in {short(right)}, or turned into it."
    yield "NumPy and pandas make float64." if data.dtype == torch.float64 else cause, cast(right)


def _integers(facts: Facts, rule: str) -> Check:
    """Integers where vectors are expected: one-hot vectors of the wrong dtype, or the ids of words."""
    data, right, change = facts.data, short(facts.weight.dtype), cast(facts.weight.dtype)
    ones = data.device.type == "meta" or bool(((data == 0) | (data == 1)).all())
    if facts.shape[-1:] == (facts.H_in,) and (data.dim() > 2 or ones) and facts.changed("input", change) is not None:
        yield Rule("input", rule, facts.input_side(note=short(data.dtype)), facts.expected_input(right))
        yield f"The shape is right, but these are of type {short(data.dtype)}, as one_hot or a comparison makes them.", change
    # Ids in two axes are a batch of sentences.
    names = facts.batch[:2] if not facts.packed and not facts.cell and data.dim() == 2 else facts.axes
    given = shape_side("input", facts.shape, names, note=short(data.dtype), wrong_note=True)
    yield Rule("input", rule, given, Side("input", axes_of(facts.layout, H_in=facts.H_in), right))
    most = int(data.max()) + 1 if data.numel() and data.device.type != "meta" else 0
    rows = f"at least {most}" if most else "as many rows as there are words"
    cause = "These look like word ids: an nn.Embedding makes a vector of each. " + "Embed before you pack. " * facts.packed
    made = [k for k, v in facts.call.line.names.items() if isinstance(v, Tensor) and v.shape == (*facts.shape, facts.H_in)]
    if made:
        yield f"{cause}{made[0]} has the shape of its result: pass that."
    yield f"{cause}Make an nn.Embedding({rows}, {facts.H_in}) once, beside the network, and pass its result."


def check_features(facts: Facts) -> Check:
    """The last axis is not input_size."""
    shape, H_in, H_out, data, n = facts.shape, facts.H_in, facts.H_out, facts.data, len(facts.shape)
    if shape[-1] == H_in:
        return
    last, whole = shape[-1], not facts.packed and not facts.cell
    rule = f"The last axis of the input is H_in, the features of a time step: this network has input_size={H_in}."
    table = whole and n == 2 and data.device.type != "meta" and H_in > 1
    if table and bool((data == data.round()).all() and (data >= 0).all() and data.max() > 1):  # as ids.float() has them
        yield from _integers(facts, rule)
    yield Rule("input", rule, facts.input_side([n - 1]), facts.expected_input())
    if last == 1 and n == 3 and H_in in shape[:2]:
        cause = f"input_size is not a length: it is the number of features of each time step, here 1. The {H_in} time steps"
        yield f"{cause} are in the data themselves.", remake(facts, input_size=1)
    right = f" If the data are right as they are, the network needs input_size={last}."
    if n == 3 and shape[1] == H_in and (last != H_out or shape[0] != H_in):
        cause = "The features are in the middle, as nn.Conv1d has them, instead of last."
        yield cause + right, "{}.transpose(1, 2)" if facts.first else "{}.permute(2, 0, 1)"
    if n == 2 and H_in == 1 and whole:
        yield SERIES + right, "{}.unsqueeze(-1)" if facts.first else ""
    if n == 2 and shape[0] == H_in and last != H_out and not facts.packed:
        yield f"The two axes are swapped: the features are first instead of last.{right}", "{}.transpose(0, 1)"
    if n == 2 and H_in > 1 and last % H_in == 0 and last // H_in > 2 and whole:
        cause = f"{last} is {last // H_in} * {H_in}: each row is a whole sequence, and its time steps need an axis."
        yield cause, f"{{}}.unflatten(-1, (-1, {H_in}))" + ".transpose(0, 1)" * (not facts.first)
    line, below = facts.call.line, networks_in([data])
    if last == H_out and not below and not facts.states and facts.tried(input_size=H_out, hidden_size=H_in):
        cause = f"{last} is this network's hidden_size: input_size and hidden_size look swapped. Or its own output came back."
        yield cause, remake(facts, input_size=H_out, hidden_size=H_in) if facts.call.behind is None else ""
    cause = f"The data have {last} features at each time step, and the network was made for {H_in}."
    lower = [rnn for rnn in below if rnn is not facts.module]
    if any(last == (getattr(rnn, "proj_size", 0) or rnn.hidden_size) for rnn in lower):
        cause += f" They come from {len(lower) == 1 and line.name_of(lower[0]) or 'the layer below'}, which returns {last}."
    if any(getattr(rnn, "bidirectional", False) for rnn in lower):
        cause += " The layer below is bidirectional: it returns both directions side by side."
    fix = remake(facts, input_size=last) if facts.module not in below else Fix()  # not where its own output came back
    name = line.name_of(facts.module) or "the network"
    yield cause + ("" if fix else f" Where {name} is made, write input_size={last}."), fix


def check_device(facts: Facts) -> Check:
    """The input and the weights on different devices."""
    data, here = facts.data.device, facts.weight.device
    if data == here:
        return
    given = (culprit("input", str(data)), Side("weights", note=str(here)))
    yield Rule("input", "The input and the network must be on the same device.", given, Side("both", note="the same device"))
    if here.type == "meta":
        yield "The weights have no values: they are on the meta device. Load them with load_state_dict(saved, assign=True)."
    if here.type == "cpu":
        yield "The data were moved and the network was not. Call model.to(device) once, after the model is made."
    cause = "The network was moved and this batch was not: each batch needs .to(device)."
    yield cause, rewrite(facts.call, "input", facts.to_device, facts)


def check_steps(facts: Facts) -> Check:
    """An input without any element."""
    empty = [i for i, size in enumerate(facts.shape) if not size and (not facts.axes or facts.axes[i] != "N")]
    if empty:
        rule = "A sequence must have at least one time step, and each step its features."
        yield Rule("input", rule, facts.input_side(empty), facts.expected_input())
        if empty == [len(facts.shape) - 1]:
            yield "Each time step has 0 features: its vectors were never loaded, or are an empty slice. Look where they are made."
        yield "There is nothing to read: an empty text, or a slice that begins after the end. Leave such inputs out."


def check_weights(facts: Facts) -> Check:
    """A weight that was deleted, as weight normalisation by hand does it."""
    names = getattr(facts.module, "_flat_weights_names", [])
    missing = next((name for name in names if not isinstance(getattr(facts.module, name, None), Tensor)), None)
    if missing is not None:
        yield Rule("weights", f"{facts.kind} reads its weights by their names.", f"no {missing}", f"{missing}, a tensor")
        near = next((n for n in facts.module._parameters if n.startswith(missing)), "")
        cause = f"{missing} was deleted or is None."
        yield cause + (f" {near} is there: set {missing} from it before each call." if near else "")
