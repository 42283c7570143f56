"""The shape of the input: too few or too many axes, or features that are not last."""

import ast
import math
from collections.abc import Iterator

import torch
from torch.nn.utils.rnn import PackedSequence

from ..calls import Call
from ..code import statements, value_of
from ..explanations import Explanation, Fix
from ..mends import at, change, name_of, node_of, put, remake, replace
from ..sizes import data_of, first_state, fits, input_side, layout, shape_after, shape_side
from .calling import embed, no_numbers


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
    if call.cell and 0 in shape or shape[-1:] == (0,):
        return no_numbers(call, rule, shape_side("input", shape, (), [i for i, size in enumerate(shape) if not size]))
    wrong = [i for i, size in enumerate(shape) if size == 1][:1] if len(shape) > max(allowed) else range(len(shape))
    given = shape_side("input.data" if packed else "input", shape, (), wrong or range(len(shape)))
    if not data_of(value).is_floating_point():
        return Explanation(rule, given, input_side(call), *embed(call, shape))
    cause, fix = _axes_reshaped(call, shape)
    return Explanation(rule, given, input_side(call), cause, fix)


def _axes_reshaped(call: Call, shape: tuple[int, ...]) -> tuple[str, Fix]:
    if call.cell and len(shape) == 3 and shape[-1] == call.module.input_size:
        return _loop(call)
    if isinstance(call.given["input"], PackedSequence):
        name, H_in = name_of(call, "input"), call.module.input_size
        cause, flat = "The features have no axis of their own; give them one before you pack.", len(shape) == 1
        code = f"{name} = {name}._replace(data={name}.data.{'unsqueeze(-1)' if flat else 'flatten(1)'})"
        after = 1 if flat else math.prod(shape[1:])
        if after == H_in:
            return cause, put(call, code)
        return f"{cause} Then each step has {after}: the network needs input_size={after}.", put(
            call, f"{code}\n{remake(call, input_size=after).code}"
        )
    for with_state in (True, False):
        for template, cause in _reshapings(call, shape):
            if fits(call, shape_after(template, shape), with_state):
                return cause, change(call, "input", template)
    if len(shape) < 2:
        template, more = ("{}.reshape(1, 1, -1)", "one step with all the numbers as its features")
    else:
        template, more = (
            ("{}.flatten(1)", "all axes behind the batch become features")
            if call.cell
            else ("{}.flatten(2)", "all axes behind the second become features")
        )
    after = shape_after(template, shape)
    line = change(call, "input", template)
    code = f"{line.code}\n{remake(call, input_size=after[-1]).code}"
    return (
        f"No axis has the {call.module.input_size} features of this network. If {more}, it needs input_size={after[-1]}.",
        put(call, code),
    )


def _reshapings(call: Call, shape: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Ways to another number of axes, the likelier first, each with the cause it would be the mend of."""
    n, H_in = len(shape), call.module.input_size
    if n == 0:
        yield "{}.reshape(1, 1, 1)", "A single number has no axes; it may be one step of one feature."
    if n == 1:
        if H_in == 1:
            yield (
                "{}.unsqueeze(-1)",
                "A series of numbers: each step has one feature, and that needs an axis of its own.",
            )
        yield "{}.unsqueeze(0)", "This is one step: it needs an axis for the steps."
        yield "{}.reshape(1, 1, -1)", "This is one step of one sequence: it needs axes for both."
        yield f"{{}}.reshape(-1, {H_in})", "The steps stand in one row; each has its features."
    for axis in (1, 0, 3, 2, *range(4, n)):
        if axis < n and shape[axis] == 1:
            which = {1: "the channel of an image, or an unsqueeze too many", 0: "an unsqueeze(0) too many"}
            yield f"{{}}.squeeze({axis})", f"Axis {axis} has size 1: {which.get(axis, 'an unsqueeze too many')}."
            yield (
                f"{{}}.squeeze({axis}).transpose(1, 2)",
                f"Axis {axis} has size 1, and the features do not stand last.",
            )
    if n > 3:
        yield f"{{}}.flatten({2})", "Each step's features still have several axes (channels, rows): flatten them."
        yield "{}.flatten(0, 1)", "There are two batch axes: make one of them."
        yield "{}.flatten(1, 2)", "There are two axes of steps: make one of them."


def _loop(call: Call) -> tuple[str, Fix]:
    """A whole sequence given to a cell: the loop over its steps, if the learner's line lets itself be put into one."""
    cause = "A whole sequence went into a cell. A cell reads one step; you write the loop (or take nn."
    cause += f"{call.made.__name__.removesuffix('Cell')}, which has it inside)."
    node, name, text = call.code.call, name_of(call, "input"), call.code.text
    h0, shape = first_state(call), call.given["input"].shape
    if h0 is not None and h0.dim() == 2 and h0.size(0) == shape[0] != shape[1]:
        name += ".transpose(0, 1)"  # the batch is in front
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
    if shape[-1] == 0:
        return no_numbers(call, rule, given)
    if _numbers_of_words(call):
        given = shape_side("input", shape, layout(call)[:2], [1])
        return Explanation(rule, given, input_side(call), *embed(call, shape))
    return Explanation(rule, given, input_side(call, len(shape)), *_size_mended(call, shape, packed))


def _numbers_of_words(call: Call) -> bool:
    """Whether a table of fractions holds nothing but whole numbers, as ids.float() does."""
    data = call.given["input"]
    if call.cell or isinstance(data, PackedSequence) or data.dim() != 2 or data.device.type == "meta" or not data.numel():
        return False
    return bool((data == data.round()).all() and (data >= 0).all() and data.max() > 1)


def _size_mended(call: Call, shape: tuple[int, ...], packed: bool) -> tuple[str, Fix]:
    module, last = call.module, shape[-1]
    joined = _joined(call, last)
    if joined is not None:
        return "torch.cat put them behind each other along another axis. Side by side, their features add up.", joined
    if last == 1 and len(shape) == 3 and module.input_size in shape[:2] and not packed:
        cause = f"input_size is no length: it counts the features of one step, here 1. The {module.input_size} steps "
        return cause + "are found in the data themselves.", remake(call, input_size=1)
    H_in, H_out = module.input_size, module.hidden_size
    another = f"Or the data are right: then the network needs input_size={last}."
    for with_state in () if packed else (True, False):
        for template, cause in _turnings(call, shape):
            if fits(call, shape_after(template, shape), with_state):
                return f"{cause} {another}", change(call, "input", template)
    if last == H_out:
        cause = (
            f"{last} is this network's hidden_size: input_size and hidden_size look swapped. Or its own "
            "output came back as input."
        )
        if not call.cell and first_state(call) is None or first_state(call) is not None and first_state(call).size(-1) == H_in:
            return cause, remake(call, input_size=H_out, hidden_size=H_in)
        return cause, remake(call, input_size=last)
    if last == 2 * H_in:
        cause = f"{last} is 2 * {H_in}: the layer below is bidirectional and gives both directions side by side."
    else:
        cause = f"The data have {last} features at each step, the network was made for {H_in}."
    return cause, remake(call, input_size=last)


def _joined(call: Call, last: int) -> Fix | None:
    """torch.cat with another axis than the features: the learner's line, with dim=-1."""
    node, line = node_of(call, "input"), call.code.statement.lineno if call.code.statement else 0
    for statement in statements(call.code):
        value = getattr(statement, "value", None)
        if not isinstance(statement, ast.Assign) or not isinstance(value, ast.Call) or statement.lineno >= line:
            continue
        parts = value.args[0].elts if value.args and isinstance(value.args[0], (ast.List, ast.Tuple)) else []
        named = node is not None and ast.unparse(statement.targets[0]) == ast.unparse(node)
        if named and value_of(value.func, call.code) is torch.cat and len(parts) * last == call.module.input_size:
            made = f"{call.code.segment(value.func)}({call.code.segment(value.args[0])}, dim=-1)"
            return at(statement, call.code, f"{ast.unparse(node)} = {made}", "instead")
    return None


def _turnings(call: Call, shape: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Ways to bring the features to the end, the likelier first."""
    n, H_in = len(shape), call.module.input_size
    if n == 2 and H_in > 1 and shape[-1] % H_in == 0 and shape[-1] // H_in > 2 and not call.cell:
        cause = f"{shape[-1]} is {shape[-1] // H_in} * {H_in}: each row holds a whole sequence. Give its steps an axis."
        yield f"{{}}.unflatten(-1, (-1, {H_in}))" + ".transpose(0, 1)" * (not call.module.batch_first), cause
    if n == 3 and shape[1] == H_in and shape[2] != call.module.hidden_size:
        yield "{}.transpose(1, 2)", "The features stand in the middle, as nn.Conv1d has them, instead of last."
    if n == 2 and H_in == 1:
        yield "{}.unsqueeze(-1)", "A series of numbers: each step has one feature, and that needs an axis of its own."
    if n == 2 and shape[0] == H_in and shape[1] != call.module.hidden_size:
        yield "{}.transpose(0, 1)", "The two axes are swapped: the features stand first instead of last."
    if n == 3 and shape[0] == H_in and shape[2] != call.module.hidden_size:
        yield "{}.movedim(0, -1)", "The features stand first instead of last."
