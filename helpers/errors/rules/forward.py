"""How a network is called: its arguments, the kind of the input, its dtype and its device."""

import re
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..explanations import Axis, Explanation, Fix, Side, culprit
from ..facts import Facts, after, axes_of, described, short, special
from ..fixes import first_fix, rewrite, with_arguments
from ..source import is_module
from .padding import PACK

FLOATS = {torch.float32: "float", torch.float64: "double", torch.float16: "half", torch.bfloat16: "bfloat16"}


def check_signature(facts: Facts) -> Explanation | None:
    """rnn(), rnn(x, h0, c0), rnn(x, batch_first=True): not the arguments that forward takes."""
    call, state, node = facts.call, "(h0, c0)" if facts.lstm else "h0", facts.call.line.call if facts.call.direct else None
    unknown = [key for key in call.kwargs if key not in ("input", "hx")]
    if len(call.args) <= 2 and "input" in call.given and not unknown and not (len(call.args) == 2 and "hx" in call.kwargs):
        return None
    words = ", ".join([type(a).__name__ for a in call.args] + [f"{key}=…" for key in call.kwargs])
    given, expected = culprit("arguments", words or "none"), Side("arguments", note=f"input, {state}")
    cause, fix = "There are more arguments than a call takes.", Fix()
    if "input" not in call.given:
        cause = f"The input is missing: a tensor ({', '.join(facts.layout)}) with {facts.H_in} features."
    elif unknown and unknown[0] in ("batch_first", "bidirectional", "dropout", "num_layers", "nonlinearity", "bias"):
        cause = f"{unknown[0]} is chosen when the network is made, not when it is called."
    elif unknown:
        fits = "hx" not in call.given and facts.tried({"hx": call.kwargs[unknown[0]]}) is not None
        code = next((call.line.text(k.value) for k in node.keywords if k.arg == unknown[0]), "") if node else ""
        fix = with_arguments(call, **{unknown[0]: None, "hx": code}) if code and fits else Fix()
        known = fits or bool(re.search(r"^h|state|init", unknown[0]))
        cause = f"The state is called hx, not {unknown[0]}." if known else f"A call has no argument {unknown[0]}."
    elif facts.lstm and len(call.args) == 3:
        cause = "h0 and c0 belong together: they are one argument, a pair."
        if node and len(node.args) == 3 and facts.tried({"hx": tuple(call.args[1:])}) is not None:
            pair = ", ".join(call.line.text(arg) for arg in node.args[1:])
            fix = with_arguments(call, **{"argument 3": None, "hx": f"({pair})"})
    return Explanation(f"A call takes the input and, if you like, the state: rnn(input, {state}).", given, expected, cause, fix)


def check_weights(facts: Facts) -> Explanation | None:
    """A weight that was deleted, as weight normalisation by hand does it."""
    names = getattr(facts.module, "_flat_weights_names", [])
    missing = next((name for name in names if not isinstance(getattr(facts.module, name, None), Tensor)), None)
    if missing is None:
        return None
    near = next((n for n in facts.module._parameters if n.startswith(missing)), "")
    cause = f"{missing} was deleted or is None." + (f" {near} is there: set {missing} from it before each call." if near else "")
    given, expected = culprit("weights", f"no {missing}"), Side("weights", note=f"{missing}, a tensor")
    return Explanation(f"{facts.kind} reads its weights by their names.", given, expected, cause)


def check_kind(facts: Facts) -> Explanation | None:
    """A list, an array, a pair, None, a nested or sparse tensor: not what a network reads."""
    value = facts.input
    names = ("N", "H_in") if facts.cell else ("N", "L", "H_in") if facts.module.batch_first else ("L", "N", "H_in")
    expected = Side("input", axes_of(names, H_in=facts.H_in))
    rule = "The input is a dense tensor." if facts.cell else "The input is a dense tensor, or a packed batch."
    if special(value):
        changes = {"nested": PACK.replace("{}", "list({}.unbind())"), "sparse": "{}.to_dense()", "quantized": "{}.dequantize()"}
        cause = f"Recurrent networks have no kernel for {special(value)} tensors."
        fix = first_fix(facts, "input", changes.get(special(value) or "", "{}"))
    elif isinstance(value, PackedSequence) and facts.cell:
        whole = type(facts.module).__name__.removesuffix("Cell")
        cause, fix = f"A cell reads one time step. A packed batch goes into nn.{whole}.", Fix()
    elif isinstance(value, (Tensor, PackedSequence)):
        return None
    else:
        cause, fix = _into_tensor(facts, value)
    return Explanation(rule, culprit("input", described(value)), expected, cause, fix)


def _into_tensor(facts: Facts, value: Any) -> tuple[str, Fix]:
    """The likely cause and the fix for an input that is no tensor."""
    if isinstance(value, dict):
        tensors = {k: v for k, v in value.items() if isinstance(k, str) and isinstance(v, Tensor)}
        fits = [k for k, v in tensors.items() if facts.tried({"input": v}) is not None]
        fix = rewrite(facts.call, "input", f'{{}}["{fits[0]}"]') if len(fits) == 1 else Fix()
        return f"This is a dictionary with the keys {', '.join(map(str, list(value)[:6]))}. The input is one of its values.", fix
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) and not special(v) for v in value):
        return _tensors(facts, value)
    array = _numeric(value)
    if array is not None and array.dtype.kind != "f" and array.ndim < 3:
        return "These are integers. If they are word ids, an nn.Embedding makes vectors of them.", Fix()
    if array is not None:
        stand_in = torch.empty(array.shape, dtype=facts.weight.dtype, device="meta")
        template = f"{{torch.as_tensor}}({{}}, dtype={{{facts.weight.dtype}}})"
        fix = rewrite(facts.call, "input", template) if facts.tried({"input": stand_in}) is not None else Fix()
        source = "NumPy made it" if isinstance(value, np.ndarray) else "These are Python numbers"
        return f"{source}, and a network reads tensors.", fix
    if isinstance(value, str) or isinstance(value, (list, tuple)) and value and isinstance(value[0], str):
        return "Words are not numbers: give each word an id, then an nn.Embedding makes vectors of the ids.", Fix()
    none = "It is None: the function that made it has no return, or its result was not kept."
    return none if value is None else f"{described(value)} is not a tensor.", Fix()


def _numeric(value: Any) -> Any:
    """The array of numbers that NumPy makes of a value; None if it makes none, or an empty one."""
    try:
        array = np.asarray(value if isinstance(value, (np.ndarray, list, tuple, int, float)) else "none")
    except (ValueError, TypeError, RuntimeError):
        return None
    return array if array.dtype.kind in "fiub" and array.size else None


def _tensors(facts: Facts, value: Any) -> tuple[str, Fix]:
    """A list or tuple of tensors: a batch with its labels, sequences, time steps."""
    first, same = value[0], all(v.shape == value[0].shape and v.dtype == value[0].dtype for v in value)
    if len(value) == 2 and (value[1].dim() < first.dim() or not value[1].is_floating_point()):
        cause = "This is a batch with its labels or lengths, as a DataLoader returns it. Only the first part is the input."
        if facts.tried({"input": first}) is not None:
            return cause, rewrite(facts.call, "input", "{}[0]")
    if not same:
        fix = first_fix(facts, "input", PACK) if first.dim() == 2 and not facts.cell else Fix()
        return "This is a list of sequences of different lengths. Pack them into one batch.", fix
    if first.dim() > 2:
        return "This is a list of batches. Call the network with one of them at a time.", Fix()
    if facts.cell or first.dim() < 2:
        fix = first_fix(facts, "input", "{torch.stack}({})")
        return "A list of tensors is not a tensor. Stacked, the list becomes the first axis.", fix
    stack = "{torch.stack}({})" if facts.module.batch_first else "{torch.stack}({}, dim=1)"
    return "A list of sequences is not a batch. Stacked along the batch axis it is.", first_fix(facts, "input", stack)


def check_dtype(facts: Facts) -> Explanation | None:
    """Integers, or floating-point numbers of another precision than the weights."""
    data, right = facts.data, facts.weight.dtype
    device = "cpu" if data.device.type == "meta" else data.device.type
    if data.dtype == right or data.is_floating_point() and torch.is_autocast_enabled(device):
        return None
    rule = f"The input and the weights have the same dtype: {short(right)}."
    if not (data.is_floating_point() or data.is_complex()):
        return explain_integers(facts, rule)
    cause = f"The network was made in {short(right)}, or turned into it."
    cause = "NumPy and pandas make float64." if data.dtype == torch.float64 else cause
    fix = first_fix(facts, "input", cast(right))
    return Explanation(rule, facts.input_side(note=short(data.dtype)), Side("weights", note=short(right)), cause, fix)


def cast(right: torch.dtype) -> str:
    """The change of a tensor's dtype as a method, which needs no name."""
    return f"{{}}.{FLOATS[right]}()" if right in FLOATS else f"{{}}.to({{{right}}})"


def explain_integers(facts: Facts, rule: str) -> Explanation:
    """Integers where vectors are expected: one-hot vectors of the wrong dtype, or the ids of words."""
    data, line = facts.data, facts.call.line
    given, expected = facts.input_side(note=short(data.dtype)), facts.expected_input(short(facts.weight.dtype))
    ones = data.device.type == "meta" or bool(((data == 0) | (data == 1)).all())
    template = cast(facts.weight.dtype)
    vectors = facts.shape[-1:] == (facts.H_in,) and (data.dim() > 2 or ones)
    if vectors and facts.tried({"input": after(template, facts.input)}) is not None:
        cause = f"The shape is right, but these are of type {short(data.dtype)}, as one_hot or a comparison makes them."
        return Explanation(rule, given, expected, cause, first_fix(facts, "input", template))
    if not facts.packed and not facts.cell and data.dim() == 2:  # ids in two axes are a batch of sentences
        names = ("N", "L") if facts.module.batch_first else ("L", "N")
        given = Side("input", tuple(map(Axis, names, facts.shape)), short(data.dtype), wrong_note=True)
        expected = Side("input", axes_of(facts.layout, H_in=facts.H_in), short(facts.weight.dtype))
    most = int(data.max()) + 1 if data.numel() and data.device.type != "meta" else 0
    layers = [m for whole in line.names.values() if is_module(whole) for m in whole.modules() if isinstance(m, nn.Embedding)]
    name = next((line.name_of(m) for m in layers if m.embedding_dim == facts.H_in and m.num_embeddings >= most), None)
    ids = ("{}.data" if facts.packed else "{}") + ".long()" * (data.dtype not in (torch.int64, torch.int32))
    ids += ".squeeze(-1)" if len(facts.shape) == 3 and facts.shape[-1] == 1 else ""
    fix = rewrite(facts.call, "input", f"{{}}._replace(data={name}({ids}))" if facts.packed else f"{name}({ids})")
    fix = fix if name else Fix()
    cause = "These look like word ids: an nn.Embedding makes a vector of each."
    cause += " Embed before you pack." if facts.packed else ""
    rows = f"at least {most}" if most else "as many rows as there are words"
    cause += "" if fix else f" Make an nn.Embedding({rows}, {facts.H_in}) once, beside the network, and pass its result."
    return Explanation(rule, given, expected, cause, fix)


def check_device(facts: Facts) -> Explanation | None:
    """The input and the weights on different devices."""
    data, here = facts.data, facts.weight.device
    if data.device == here:
        return None
    given, fix = (culprit("input", str(data.device)), Side("weights", note=str(here))), Fix()
    cause = "The data were moved and the network was not. Call model.to(device) once, after the model is made."
    if here.type != "cpu":
        cause = "The network was moved and this batch was not: each batch needs .to(device)."
        fix = rewrite(facts.call, "input", f"{{}}.to({{net}}.{first_weight(facts)}.device)", facts)
    expected = Side("both", note="the same device")
    return Explanation("The input and the network are on the same device.", given, expected, cause, fix)


def first_weight(facts: Facts) -> str:
    return "weight_ih" if facts.cell else "weight_ih_l0"


def check_steps(facts: Facts) -> Explanation | None:
    """An input without any element."""
    if facts.packed or 0 not in facts.shape:
        return None
    given = facts.input_side([i for i, size in enumerate(facts.shape) if not size])
    cause = "There is nothing to read: an empty text, or a slice that begins after the end. Leave such inputs out."
    return Explanation("A sequence has at least one time step, and each step its features.", given, facts.expected_input(), cause)
