"""The shape of the input: too few or too many axes, features that are not last, another number of features."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

import torch

from ..explanations import Explanation, Fix
from ..facts import Facts, after
from ..fixes import layer_between, network, remake, replace, rewrite, spot
from ..source import stored_in
from .forward import check_steps, explain_integers


class Reading(NamedTuple):
    """What the axes of the given input may be: their true names, "1" for one too many, "H_in" twice to be flattened."""

    axes: tuple[str, ...]
    cause: str
    template: str = ""  # the change, where it is not to bring the axes into another order


def change_for(facts: Facts, axes: tuple[str, ...]) -> str:
    """The change that brings axes of these names into the order in which the network reads them.

    >>> from helpers.errors.calls import ForwardCall
    >>> from helpers.errors.source import Line
    >>> facts = Facts(ForwardCall(torch.nn.GRU(6, 4), (torch.zeros(5, 6, 9),), {}, Line({}), True))
    >>> change_for(facts, ("N", "H_in", "L")), change_for(facts, ("L", "1", "N", "H_in"))
    ('{}.permute(2, 0, 1)', '{}.squeeze(1)')
    """
    code, left = "{}", list(axes)
    if left.count("H_in") > 1:
        code += f".flatten({left.index('H_in')})"
        left = list(dict.fromkeys(left))
    while "1" in left:
        code += f".squeeze({left.index('1')})"
        left.remove("1")
    wanted = [name for name in facts.layout if name in left]
    order = [left.index(name) for name in wanted]
    moved = [i for i, place in enumerate(order) if i != place]
    if len(moved) == 2:
        return f"{code}.transpose({moved[0]}, {moved[1]})"
    return f"{code}.permute({', '.join(map(str, order))})" if moved else code


def fix_input(facts: Facts, template: str) -> Fix:
    """A change of the input, if a copy of the network reads the result; none where the next round would change it again."""
    value, found, line = after(template, facts.input) if template else None, spot(facts.call, "input"), facts.call.line
    if value is None or facts.tried({"input": value}) is None or found is None:
        return between(facts, template) if value is not None and facts.call.behind else Fix()
    names = {n.id for n in ast.walk(found.node) if isinstance(n, ast.Name)}
    simple = line.statement is not None and not isinstance(line.statement, (ast.For, ast.While))
    if line.statement and simple and line.loops() and names & stored_in(line.statement):
        return Fix()
    return rewrite(facts.call, "input", template, facts)


def between(facts: Facts, template: str) -> Fix:
    """The same as a small layer, where an nn.Sequential calls the network."""
    behind = facts.call.behind
    return layer_between(facts.call.line, behind, "Reorder", "x", template.replace("{}", "x")) if behind else Fix()


def check_axes(facts: Facts) -> Explanation | None:
    """One axis too many or too few."""
    shape, n = facts.shape, len(facts.shape)
    if n in ((2,) if facts.packed else (1, 2) if facts.cell else (2, 3)):
        return None
    rule = f"The input has 3 axes ({', '.join(facts.layout)}), or 2 axes (L, H_in) without a batch."
    if facts.packed:
        rule = "The data of a packed batch have two axes: all time steps of all sequences, and the features."
    elif facts.cell:
        rule = "A cell reads one time step: 2 axes (N, H_in), or 1 axis (H_in) without a batch."
    if 0 in shape:
        return check_steps(facts)
    if not (facts.data.is_floating_point() or facts.data.is_complex()):
        return explain_integers(facts, rule)
    ones = [i for i, size in enumerate(shape) if size == 1] if n > 2 else []
    given, expected = facts.input_side(ones[:1] or range(n)), facts.expected_input()
    if facts.cell and n == 3 and shape[-1] == facts.H_in:
        return Explanation(rule, given, expected, *_loop(facts))
    if facts.packed:
        return Explanation(rule, given, expected, *_packed(facts))
    for template, cause in _reshaped(facts):
        value = after(template, facts.input)
        if value is not None and facts.tried({"input": value}) is not None:
            return Explanation(rule, given, expected, cause, fix_input(facts, template))
    return Explanation(rule, given, expected, f"No axis has the {facts.H_in} features that this network reads.")


def _reshaped(facts: Facts) -> Iterator[tuple[str, str]]:
    """Ways to another number of axes, the likelier first."""
    n, H_in, shape, first = len(facts.shape), facts.H_in, facts.shape, facts.layout[:-1]
    if n == 0:
        yield "{}.reshape(1, 1, 1)", "This is a single number: one time step of one feature."
    if n == 1:
        if H_in == 1:
            yield "{}.unsqueeze(-1)", "A series of numbers has one feature at each time step, and that needs an axis of its own."
        yield "{}.unsqueeze(0)", "This is one time step: the axis of time steps is missing."
        yield "{}.reshape(1, 1, -1)", "This is one time step of one sequence: the axes of both are missing."
        yield f"{{}}.reshape(-1, {H_in})", "The time steps are in one row, one after the other."
    if n == 4:
        names = ("N", "L", "H_in")  # as images come, with a channel
        why = "Axis {} has size 1: {}."
        for axis, axes, what in (
            (1, (*names[:1], "1", *names[1:]), "the channel of an image, or an unsqueeze(1) too many"),
            (1, ("N", "1", "H_in", "L"), "it is the channel of an image, and the features are not last"),
            (0, ("1", *first, "H_in"), "an unsqueeze(0) too many"),
            (3, (*first, "H_in", "1"), "an unsqueeze(3) too many"),
            (2, (*first, "1", "H_in"), "an unsqueeze(2) too many"),
        ):
            if shape[axis] == 1 and not facts.cell:
                yield change_for(facts, axes), why.format(axis, what)
    if n > 3 and not facts.cell:
        cause = "The features of each time step are in several axes, such as channels and rows: flatten them."
        yield change_for(facts, (*first, *["H_in"] * (n - 2))), cause
    if facts.cell and n > 2:
        for axis in range(n):
            if shape[axis] == 1:
                yield f"{{}}.squeeze({axis})", f"Axis {axis} has size 1: an unsqueeze too many."


def _packed(facts: Facts) -> tuple[str, Fix]:
    cause = "The features have no axis of their own: give them one before you pack."
    if len(facts.shape) > 2:
        cause = "The features of each time step are in several axes: flatten them before you pack."
    return cause, fix_input(facts, f"{{}}._replace(data={{}}.data.{'flatten(1)' if len(facts.shape) > 2 else 'unsqueeze(-1)'})")


def _loop(facts: Facts) -> tuple[str, Fix]:
    """A whole sequence given to a cell: the loop over its time steps, if the learner's line can be put into one."""
    call, line = facts.call, facts.call.line
    whole = type(facts.module).__name__.removesuffix("Cell")
    cause = f"This is a whole sequence, and a cell reads one time step: write the loop, or use nn.{whole}, which has it inside."
    found, state, statement = spot(call, "input"), spot(call, "hx"), line.statement
    h0 = facts.states[0] if facts.states else None
    sizes = [h0.size(0) == size for size in facts.shape[:2]] if isinstance(h0, torch.Tensor) and h0.dim() == 2 else []
    if not (found and state and isinstance(statement, ast.Assign) and statement.value is line.call and sum(sizes) == 1):
        return cause, Fix()
    if ast.unparse(statement.targets[0]).strip("()") != state.code.strip("()") or line.names.get("step") is not None:
        return cause, Fix()
    steps = found.code + ".transpose(0, 1)" * sizes[0]
    fix = replace(line, found.node, "step", elsewhere=True)
    alone = fix.at.startswith(line.text(statement).splitlines()[0])
    return cause, fix._replace(code=f"for step in {steps}: {fix.code}") if fix and alone else Fix()


def check_features(facts: Facts) -> Explanation | None:
    """The last axis is not input_size."""
    shape, H_in = facts.shape, facts.H_in
    if shape[-1] == H_in:
        return None
    rule = f"The last axis of the input is H_in, the features of a time step: this network has input_size={H_in}."
    given, expected = facts.input_side([len(shape) - 1]), facts.expected_input()
    if shape[-1] == 0:
        return check_steps(facts)
    if _ids(facts):
        return explain_integers(facts, rule)
    return Explanation(rule, given, expected, *_fewer_or_more(facts))


def _ids(facts: Facts) -> bool:
    """Whether a table of floating-point numbers has nothing but integers in it, as ids.float() does."""
    data = facts.data
    if facts.cell or facts.packed or data.dim() != 2 or data.device.type == "meta" or not data.numel() or facts.H_in == 1:
        return False
    return bool((data == data.round()).all() and (data >= 0).all() and data.max() > 1)


def _fewer_or_more(facts: Facts) -> tuple[str, Fix]:
    """The cause of another number of features, and the fix."""
    shape, H_in, H_out, last = facts.shape, facts.H_in, facts.module.hidden_size, facts.shape[-1]
    joined = _joined(facts)
    if joined:
        return "torch.cat joined them along another axis. Along the last axis, their features add up.", joined
    if last == 1 and len(shape) == 3 and H_in in shape[:2]:
        cause = f"input_size is not a length: it is the number of features of each time step, here 1. The {H_in} time steps"
        return f"{cause} are in the data themselves.", remake(facts, input_size=1)
    for reading in _readings(facts):
        template = change_for(facts, reading.axes) if reading.axes else reading.template
        if template and facts.tried({"input": after(template, facts.input)}) is None:
            continue
        cause = f"{reading.cause} If the data are right as they are, the network needs input_size={last}."
        return cause, fix_input(facts, template)
    if len(shape) == 2 and H_in > 1 and last % H_in == 0 and last // H_in > 2 and not facts.cell and not facts.packed:
        rows = f"{{}}.unflatten(-1, (-1, {H_in}))" + ".transpose(0, 1)" * (not facts.module.batch_first)
        cause = f"{last} is {last // H_in} * {H_in}: each row is a whole sequence, and its time steps need an axis."
        return cause, fix_input(facts, rows)
    if last == H_out and not facts.states and facts.tried(input_size=H_out, hidden_size=H_in) is not None:
        cause = f"{last} is this network's hidden_size: input_size and hidden_size look swapped. Or its own output came back."
        alone = "[" not in (network(facts) or "") and facts.call.behind is None  # not one of several made for one another
        return cause, remake(facts, input_size=H_out, hidden_size=H_in) if alone else Fix()
    below = " The layer below is bidirectional: it returns both directions side by side." if last == 2 * H_in else ""
    fix = remake(facts, input_size=last)
    cause = f"The data have {last} features at each time step, and the network was made for {H_in}.{below}"
    name = network(facts) or "the network"
    return cause + ("" if fix else f" Where {name} is made, write input_size={last}."), fix


def _readings(facts: Facts) -> Iterator[Reading]:
    """What the axes may be where the features are not last, the likelier first; no axes: it is not certain which they are."""
    shape, H_in, H_out, n = facts.shape, facts.H_in, facts.module.hidden_size, len(facts.shape)
    if facts.packed:
        return
    if n == 3 and shape[1] == H_in and (shape[2] != H_out or shape[0] != H_in):
        yield Reading(("N", "H_in", "L"), "The features are in the middle, as nn.Conv1d has them, instead of last.")
    if n == 3 and shape[0] == H_in and shape[2] != H_out:
        yield Reading((), "The features are first instead of last.")
    if n == 2 and H_in == 1 and not facts.cell:
        cause = "A series of numbers has one feature at each time step, and that needs an axis of its own."
        yield Reading((), cause, "{}.unsqueeze(-1)" if facts.module.batch_first else "")
    if n == 2 and shape[0] == H_in and shape[1] != H_out:
        axes = ("H_in", "N") if facts.cell else ("H_in", "L")
        yield Reading(axes, "The two axes are swapped: the features are first instead of last.")


def _joined(facts: Facts) -> Fix:
    """torch.cat along another axis than the features: its line, with dim=-1."""
    line, found = facts.call.line, spot(facts.call, "input")
    before = line.statement.lineno if line.statement else 0
    for statement in line.statements():
        value = getattr(statement, "value", None)
        if not (isinstance(statement, ast.Assign) and isinstance(value, ast.Call) and value.args and statement.lineno < before):
            continue
        parts = value.args[0].elts if isinstance(value.args[0], (ast.List, ast.Tuple)) else []
        named = found is not None and ast.unparse(statement.targets[0]) == found.code and line.value(value.func) is torch.cat
        if named and len(parts) * facts.shape[-1] == facts.H_in:
            made = f"{line.text(value.func)}({line.text(value.args[0])}, dim=-1)"
            return replace(line, value, made, elsewhere=True)
    return Fix()
