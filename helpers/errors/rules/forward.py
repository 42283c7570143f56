"""How a network is called: its arguments, the kind of the input, its dtype and its device."""

import re
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..explanations import Axis, Explanation, Fix, Side, culprit
from ..facts import Facts, after, described, short, special
from ..fixes import first_fix, rewrite, with_arguments

FLOATS = {torch.float32: "float", torch.float64: "double", torch.float16: "half", torch.bfloat16: "bfloat16"}


def check_signature(facts: Facts) -> Explanation | None:
    """rnn(), rnn(x, h0, c0), rnn(x, batch_first=True): not the arguments that forward takes."""
    call, state = facts.call, "(h0, c0)" if facts.lstm else "h0"
    unknown = [key for key in call.kwargs if key not in ("input", "hx")]
    if len(call.args) <= 2 and "input" in call.given and not unknown and not (len(call.args) == 2 and "hx" in call.kwargs):
        return None
    rule = f"A call takes the input and, if you like, the state: rnn(input, {state})."
    words = ", ".join([type(a).__name__ for a in call.args] + [f"{key}=…" for key in call.kwargs])
    given, expected = culprit("arguments", words or "none"), Side("arguments", note=f"input, {state}")
    if "input" not in call.given:
        cause = f"The input is missing: a tensor ({', '.join(facts.layout)}) with {facts.H_in} features."
        return Explanation(rule, given, expected, cause)
    if unknown:
        return Explanation(rule, given, expected, *_unknown(facts, unknown[0]))
    if facts.lstm and len(call.args) == 3:
        node = call.line.call
        pair = [call.line.text(arg) for arg in node.args[1:]] if node and call.direct and len(node.args) == 3 else []
        fix = Fix()
        if pair and facts.tried({"hx": tuple(call.args[1:])}) is not None:
            fix = with_arguments(call, **{"argument 3": None, "hx": f"({', '.join(pair)})"})
        return Explanation(rule, given, expected, "h0 and c0 belong together: they are one argument, a pair.", fix)
    return Explanation(rule, given, expected, "There are more arguments than a call takes.")


def _unknown(facts: Facts, name: str) -> tuple[str, Fix]:
    """An argument with a name that forward does not have."""
    call, value = facts.call, facts.call.kwargs[name]
    if name in ("batch_first", "bidirectional", "dropout", "num_layers", "nonlinearity", "bias"):
        return f"{name} is chosen when the network is made, not when it is called.", Fix()
    fits = "hx" not in call.given and facts.tried({"hx": value}) is not None
    if fits or re.search(r"^h|state|init", name):
        node = call.line.call
        code = next((call.line.text(k.value) for k in node.keywords if k.arg == name), None) if node and call.direct else None
        fix = with_arguments(call, **{name: None, "hx": code}) if code and fits else Fix()
        return f"The state is called hx, not {name}.", fix
    return f"A call has no argument {name}.", Fix()


def check_weights(facts: Facts) -> Explanation | None:
    """A weight that was deleted, as weight normalisation by hand does it."""
    names = getattr(facts.module, "_flat_weights_names", [])
    missing = [name for name in names if not isinstance(getattr(facts.module, name, None), Tensor)]
    if not missing:
        return None
    near = [name for name in facts.module._parameters if name.startswith(missing[0])]
    cause = f"{missing[0]} was deleted or replaced by None."
    cause += f" {near[0]} is there: set {missing[0]} from it before each call." if near else ""
    given, expected = culprit("weights", f"no {missing[0]}"), Side("weights", note=f"{missing[0]}, a tensor")
    return Explanation(f"{facts.kind} reads its weights by their names.", given, expected, cause)


def check_kind(facts: Facts) -> Explanation | None:
    """A list, an array, a pair, None, a nested or sparse tensor: not what a network reads."""
    value = facts.input
    if isinstance(value, PackedSequence) and facts.cell:
        cause = f"A cell reads one time step; a packed batch goes into nn.{type(facts.module).__name__.removesuffix('Cell')}."
        return Explanation("The input of a cell is a tensor.", culprit("input", "PackedSequence"), _expected(facts), cause)
    strange = special(value)
    if strange:
        cause, template = {
            "nested": (
                "Recurrent networks have no kernel for nested tensors.",
                "{torch.nn.utils.rnn.pack_sequence}(list({}.unbind()), enforce_sorted=False)",
            ),
            "sparse": ("Recurrent networks have no kernel for sparse tensors.", "{}.to_dense()"),
            "quantized": ("Recurrent networks have no kernel for quantized tensors.", "{}.dequantize()"),
        }[strange]
        given = culprit("input", f"a {strange} tensor")
        return Explanation(
            "The input is a dense tensor, or a packed batch.", given, _expected(facts), cause, _fitting(facts, template)
        )
    if isinstance(value, (Tensor, PackedSequence)):
        return None
    cause, fix = _into_tensor(facts, value)
    rule = "The input is a tensor." if facts.cell else "The input is a tensor, or a packed batch."
    return Explanation(rule, culprit("input", described(value)), _expected(facts), cause, fix)


def _expected(facts: Facts) -> Side:
    names = ("N", "H_in") if facts.cell else ("N", "L", "H_in") if facts.module.batch_first else ("L", "N", "H_in")
    return Side("input", tuple(Axis(n, facts.H_in if n == "H_in" else None) for n in names))


def _fitting(facts: Facts, *templates: str) -> Fix:
    return first_fix(facts, "input", *templates)


def _into_tensor(facts: Facts, value: Any) -> tuple[str, Fix]:
    """The likely cause and the fix for an input that is no tensor."""
    if isinstance(value, dict):
        fitting = [
            k for k, v in value.items() if isinstance(k, str) and isinstance(v, Tensor) and facts.tried({"input": v}) is not None
        ]
        fix = rewrite(facts.call, "input", f'{{}}["{fitting[0]}"]') if len(fitting) == 1 else Fix()
        return f"This is a dictionary with the keys {', '.join(map(str, list(value)[:6]))}. The input is one of its values.", fix
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, Tensor) and not special(v) for v in value):
        return _tensors(facts, value)
    if isinstance(value, (np.ndarray, list, tuple, int, float)) and (array := _numeric(value)) is not None:
        template = f"{{torch.as_tensor}}({{}}, dtype={{{facts.weight.dtype}}})"
        answer = facts.tried({"input": torch.empty(array.shape, dtype=facts.weight.dtype, device="meta")})
        source = "NumPy made it" if isinstance(value, np.ndarray) else "These are Python's own numbers"
        fix = rewrite(facts.call, "input", template) if answer is not None else Fix()
        if array.dtype.kind == "f" or not facts.cell and array.ndim == 3:
            return f"{source}, and a network reads tensors.", fix
        return f"{source}, and they are integers. If they are word ids, an nn.Embedding makes vectors of them.", Fix()
    if value is None:
        return "It is None: the function that made it has no return, or its result was not kept.", Fix()
    if isinstance(value, str) or isinstance(value, (list, tuple)) and value and isinstance(value[0], str):
        return "Words are not numbers: give each word an id, then an nn.Embedding makes vectors of the ids.", Fix()
    if isinstance(value, (list, tuple)) and not value:
        return "It is empty: all its sequences were filtered out, or it is filled later.", Fix()
    return f"{type(value).__name__} is not a tensor.", Fix()


def _numeric(value: Any) -> Any:
    """The array of numbers that NumPy makes of a value; None if it makes none, or an empty one."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):
        return None
    return array if array.dtype.kind in "fiub" and array.size else None


def _tensors(facts: Facts, value: Any) -> tuple[str, Fix]:
    """A list or tuple of tensors: a batch with its labels, sequences, time steps."""
    first, same = value[0], all(v.shape == value[0].shape and v.dtype == value[0].dtype for v in value)
    alone = facts.tried({"input": first}) is not None
    if len(value) == 2 and alone and (value[1].dim() < first.dim() or not value[1].is_floating_point()):
        cause = (
            "This is a batch together with its labels or lengths, as a DataLoader returns it. Only the first part is the input."
        )
        return cause, rewrite(facts.call, "input", "{}[0]")
    if not same:
        alike = {v.shape[1:] for v in value} == {first.shape[1:]} and first.dim() == 2
        template = "{torch.nn.utils.rnn.pack_sequence}({}, enforce_sorted=False)"
        fix = _fitting(facts, template) if alike and not facts.cell else Fix()
        return (
            "This is a list of sequences of different lengths. Pack them into one batch."
            if alike
            else "This is a list of tensors.",
            fix,
        )
    if facts.cell or first.dim() < 2:
        return "A list of tensors is not a tensor. Stacked, the list becomes the first axis.", _fitting(
            facts, "{torch.stack}({})"
        )
    if first.dim() > 2:
        return "This is a list of batches. Call the network with one of them at a time.", Fix()
    axis = 0 if facts.module.batch_first else 1
    stacked = "{torch.stack}({})" if axis == 0 else "{torch.stack}({}, dim=1)"
    return f"A list of {len(value)} sequences is not a batch. Stacked along the batch axis it is.", _fitting(facts, stacked)


def check_dtype(facts: Facts) -> Explanation | None:
    """Integers, or floating-point numbers of another precision than the weights."""
    data, right = facts.data, facts.weight.dtype
    if (
        data.dtype == right
        or data.is_floating_point()
        and torch.is_autocast_enabled(data.device.type if data.device.type != "meta" else "cpu")
    ):
        return None
    rule = f"The input and the weights have the same dtype: {short(right)}."
    if not (data.is_floating_point() or data.is_complex()):
        return explain_integers(facts, rule)
    cause = (
        "NumPy and pandas make float64."
        if data.dtype == torch.float64
        else f"The network was made in {short(right)}, or turned into it."
    )
    fix = _fitting(facts, cast(facts, right))
    return Explanation(rule, facts.input_side(note=short(data.dtype)), Side("weights", note=short(right)), cause, fix)


def cast(facts: Facts, right: torch.dtype) -> str:
    """The change of a tensor's dtype as a method: a packed batch has fewer of them."""
    return f"{{}}.{FLOATS[right]}()" if right in FLOATS else f"{{}}.to({{{right}}})"


def explain_integers(facts: Facts, rule: str) -> Explanation:
    """Integers where vectors are expected: one-hot vectors of the wrong dtype, or the ids of words."""
    data, expected = facts.data, facts.expected_input(short(facts.weight.dtype))
    given = facts.input_side(note=short(data.dtype))
    ones = data.device.type == "meta" or bool(((data == 0) | (data == 1)).all())
    fix = _fitting(facts, cast(facts, facts.weight.dtype))
    if (
        facts.shape[-1:] == (facts.H_in,)
        and (data.dim() > 2 or ones)
        and (fix or facts.tried({"input": after("{}.float()", facts.input)}))
    ):
        cause = f"The shape is right, but these are of type {short(data.dtype)}, as one_hot or a comparison makes them."
        return Explanation(rule, given, expected, cause, fix)
    if not facts.packed and not facts.cell and data.dim() == 2:  # ids in two axes are a batch of sentences
        names = ("N", "L") if facts.module.batch_first else ("L", "N")
        given = Side("input", tuple(map(Axis, names, facts.shape)), short(data.dtype), wrong_note=True)
    most = int(data.max()) + 1 if data.numel() and data.device.type != "meta" else 0
    cause = "These look like word ids: an nn.Embedding makes a vector of each."
    fix = _embedded(facts, most)
    if not fix:
        rows = f"at least {most}" if most else "as many rows as there are words"
        cause += f" Make an nn.Embedding({rows}, {facts.H_in}) once, beside the network, and call the network with its result."
        cause += " Embed before you pack." if facts.packed else ""
    return Explanation(rule, given, expected, cause, fix)


def _embedded(facts: Facts, rows: int) -> Fix:
    """The ids through an embedding that is already in scope."""

    def fits(value: Any) -> bool:
        return isinstance(value, nn.Embedding) and value.embedding_dim == facts.H_in and value.num_embeddings >= rows

    name = facts.call.line.name_of(fits)
    if name is None:
        return Fix()
    ids = "{}.data" if facts.packed else "{}"
    ids += "" if facts.data.dtype in (torch.int64, torch.int32) else ".long()"
    ids += ".squeeze(-1)" if len(facts.shape) == 3 and facts.shape[-1] == 1 else ""
    template = f"{{}}._replace(data={name}({ids}))" if facts.packed else f"{name}({ids})"
    return rewrite(facts.call, "input", template)


def check_device(facts: Facts) -> Explanation | None:
    """The input and the weights on different devices."""
    data, here = facts.data, facts.weight.device
    if data.device == here:
        return None
    given = (culprit("input", str(data.device)), Side("weights", note=str(here)))
    expected, rule = Side("both", note="the same device"), "The input and the network are on the same device."
    if here.type == "cpu":
        cause = "The data were moved and the network was not. Call model.to(device) once, after the model is made."
        return Explanation(rule, given, expected, cause)
    cause = "The network was moved and this batch was not: each batch needs .to(device)."
    fix = rewrite(facts.call, "input", f"{{}}.to({{net}}.{first_weight(facts)}.device)", facts)
    return Explanation(rule, given, expected, cause, fix)


def first_weight(facts: Facts) -> str:
    return "weight_ih" if facts.cell else "weight_ih_l0"


def check_steps(facts: Facts) -> Explanation | None:
    """An input without any element."""
    if facts.packed or 0 not in facts.shape:
        return None
    wrong = [i for i, size in enumerate(facts.shape) if not size]
    cause = "There is nothing to read: an empty text, or a slice that begins after the end. Leave such inputs out."
    return Explanation("A sequence has at least one time step.", facts.input_side(wrong), facts.expected_input(), cause)
