"""Errors that show only on the way back: a graph walked twice, a tensor changed in place."""

import ast
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from ..calls import Call
from ..code import Code, Step, code_of, loops, statements, value_of
from ..explanations import Explanation, Fix, Side, culprit
from ..mends import at, network
from ..sizes import networks_in


def explain_backward(steps: list[Step], message: str) -> Explanation | None:
    """An error of backward() whose graph goes through a recurrent network; None if it does not."""
    second = "backward" in message and "second time" in message
    changed = "modified" in message and ("inplace" in message or "in-place" in message)
    code = code_of(steps)
    if code is None or not (second or changed):
        return None
    found = networks_in(_roots(steps))
    if not found:
        return None
    call = Call("backward", "backward", type(found[0]), found[0], {}, (), {}, code, direct=False)
    state = _carried(code, found)
    return _walked_twice(call, state) if second else _changed(call, state)


def _roots(steps: list[Step]) -> list[Tensor]:
    """The tensors backward was called on, from the frames of torch's that were told them."""
    roots = []
    for step in steps:
        if step.in_torch and step.frame.f_code.co_name in ("backward", "grad"):
            for name in ("self", "tensors", "outputs"):
                value = step.frame.f_locals.get(name)
                roots += [v for v in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(v, Tensor)]
    return roots


def _carried(code: Code, found: list[nn.Module]) -> tuple[str, Any] | None:
    """A state that goes out of one call and into the next with its whole past: what it is called, and its value."""
    loop = _loop(code)
    for statement in ast.walk(loop) if loop else statements(code):
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
            continue
        read = {ast.unparse(arg) for arg in [*statement.value.args, *(k.value for k in statement.value.keywords)]}
        for target in _targets(statement.targets[0]):
            text = ast.unparse(target)
            if text not in read or loop and _renewed(loop, target, statement):
                continue
            value = _state_value(target, code)
            if value is not None and _has_past(value):
                return text.strip("()"), value
    for owner, name in _owners(code, found):
        for key, value in vars(owner).items():
            if _has_past(value) and not key.startswith("_"):
                return f"{name}.{key}", value
    return None


def _targets(target: ast.expr) -> Iterator[ast.expr]:
    yield target
    if isinstance(target, ast.Tuple):
        for part in target.elts:
            yield from _targets(part)


def _state_value(target: ast.expr, code: Code) -> Any:
    if isinstance(target, ast.Tuple):
        return tuple(value_of(part, code) for part in target.elts)
    return value_of(target, code)


def _has_past(value: Any) -> bool:
    parts = value if isinstance(value, (tuple, list)) else [value]
    return bool(parts) and all(isinstance(p, Tensor) and p.grad_fn is not None for p in parts)


def _loop(code: Code) -> ast.stmt | None:
    """The outermost loop around the learner's line."""
    return next(reversed(loops(code)), None)


def _renewed(loop: ast.stmt, target: ast.expr, carrying: ast.stmt) -> bool:
    """Whether the loop gives the state another value as well, so that nothing is carried over."""
    others = (s for s in ast.walk(loop) if isinstance(s, ast.Assign) and s is not carrying)
    return any(ast.unparse(part) == ast.unparse(target) for s in others for whole in s.targets for part in _targets(whole))


def _owners(code: Code, found: list[nn.Module]) -> Iterator[tuple[nn.Module, str]]:
    """The learner's own modules around these networks, with their names."""
    for name, value in code.names.items():
        if isinstance(value, nn.Module) and not name.startswith("_"):
            for place, part in value.named_modules():
                if any(inner is network for inner in part.modules() for network in found):
                    yield part, ".".join(filter(None, [name, place]))


def _cut(state: tuple[str, Any]) -> str:
    """The line that keeps a state's numbers and lets go of its past."""
    name, value = state
    if isinstance(value, Tensor):
        return f"{name} = {name}.detach()"
    parts = [part.strip() for part in name.split(",")]
    if len(parts) == len(value) > 1:
        return f"{name} = {', '.join(f'{part}.detach()' for part in parts)}"
    return f"{name} = tuple(s.detach() for s in {name})"


def _walked_twice(call: Call, state: tuple[str, Any] | None) -> Explanation:
    rule = "backward() walks a graph once: it frees on its way what the forward pass had kept."
    expected = (Side("each backward()", note="a graph of its own"),)
    code, net = call.code, network(call)
    if state is not None:
        given = (culprit(state[0], "carries the graph of earlier batches"),)
        cause = (
            f"{state[0]} came out of {net} for the last batch and goes into the next with its whole past. "
            "detach() keeps its numbers and lets go of the past."
        )
        return Explanation(rule, given, expected, cause, at(code.statement, code, _cut(state), "after"))
    once = _made_once(code)
    if once is not None:
        name, statement = once
        given = (culprit(name, "made once, before the loop"),)
        cause = f"{name} has a graph of its own, and that is used up by the first backward(). Make it inside the loop."
        first = _loop(code).body[0]
        made = "\n".join(code.segment(s) for s in _way_to(statement, code))
        return Explanation(rule, given, expected, cause, at(first, code, made, "before"))
    given = (culprit("graph", "freed by an earlier backward()"),)
    cause = "backward() went through the same graph before. Call the network again, or add up the losses and call it once."
    earlier = _earlier_backward(code)
    if earlier is None:
        return Explanation(
            rule, given, expected, cause, at(code.statement, code, f"# call {net} again, then: {code.text}", "instead")
        )
    kept = code.segment(earlier).rstrip()
    kept = kept.replace(".backward()", ".backward(retain_graph=True)", 1)
    cause += " Where both are needed, the first one keeps the graph."
    return Explanation(rule, given, expected, cause, at(earlier, code, kept, "instead"))


def _made_once(code: Code) -> tuple[str, ast.stmt] | None:
    """Something with a graph that the loop reads but does not make: its name, and the line that made it."""
    loop = _loop(code)
    if loop is None:
        return None
    names = [n for n in ast.walk(loop) if isinstance(n, ast.Name)]
    written = {n.id for n in names if isinstance(n.ctx, ast.Store)}
    for name in dict.fromkeys(n.id for n in names if n.id not in written):
        value = code.names.get(name)
        if isinstance(value, Tensor) and value.grad_fn is not None:
            for statement in statements(code):
                if isinstance(statement, ast.Assign) and name in map(ast.unparse, statement.targets):
                    return name, statement
    return None


def _way_to(statement: ast.stmt, code: Code) -> list[ast.stmt]:
    """This line, and before it those that made what it reads, as far back as the graph goes."""
    read = {n.id for n in ast.walk(statement.value) if isinstance(n, ast.Name)}
    read = {name for name in read if getattr(code.names.get(name), "grad_fn", None) is not None}
    earlier = [s for s in statements(code) if isinstance(s, ast.Assign) and s.lineno < statement.lineno]
    made = {ast.unparse(part): s for s in earlier for whole in s.targets for part in _targets(whole)}
    way = [step for name in read & made.keys() for step in _way_to(made[name], code)] + [statement]
    return sorted(set(way), key=lambda s: s.lineno)


def _earlier_backward(code: Code) -> ast.stmt | None:
    """The last line before this one that calls backward(), on the same thing or on another with the same graph."""
    line = code.statement.lineno if code.statement else 0
    earlier = [s for s in statements(code) if isinstance(s, ast.Expr) and s.lineno < line]
    earlier = [s for s in earlier if ast.unparse(s).endswith(".backward()")]
    return max(earlier, key=lambda s: s.lineno, default=None)


def _changed(call: Call, state: tuple[str, Any] | None) -> Explanation:
    code = call.code
    found = _in_place(code)
    if state is not None and (found is None or "retain_graph" in code.text):
        rule = "The weights that a graph was made with must be unchanged when backward() walks it."
        given = (culprit(state[0], "carries the graph of earlier batches, made with the old weights"),)
        cause = (
            f"The optimizer has changed the weights in place since {state[0]} was made. "
            "detach() lets go of its past; then retain_graph=True is not needed either."
        )
        return Explanation(
            rule,
            given,
            Side("each backward()", note="a graph of its own"),
            cause,
            at(code.statement, code, _cut(state), "after"),
        )
    rule = "A tensor that backward() still needs must not be changed in place."
    expected = (Side("a change", note="in a copy: y = y.clone()"),)
    if found is None:
        given = (culprit("a tensor", "changed in place"),)
        cause = (
            "A line such as y += 1, y[0] = 0 or y.zero_() changed it after the forward pass. "
            "Or optimizer.step() changed the weights before this backward()."
        )
        return Explanation(rule, given, expected, cause, Fix("y = y.clone()", "before", "the line that changes it"))
    name, statement = found
    text = code.segment(statement).splitlines()[0]
    given = (culprit(name, f"changed in place by {text}"),)
    cause = "The gradient is computed from the numbers as they were in the forward pass. Change a copy."
    read = _read_too(name, statement)
    if read is not None:  # buffer[t] = cell(x, buffer[t - 1]): what is read must be a copy, too
        part = code.segment(read)
        fix = at(statement, code, code.segment(statement).replace(f"{part}", f"{part}.clone()"), "instead")
        return Explanation(
            rule, given, expected, f"{cause} Here {part} is read by the network, and {name} changes after it.", fix
        )
    return Explanation(rule, given, expected, cause, at(statement, code, f"{name} = {name}.clone()", "before"))


def _read_too(name: str, statement: ast.stmt) -> ast.Subscript | None:
    """Where a line that writes a part of a tensor also reads a part of it, into a call."""
    calls = (
        (node for node in ast.walk(statement.value) if isinstance(node, ast.Call)) if isinstance(statement, ast.Assign) else ()
    )
    parts = (arg for call in calls for arg in call.args if isinstance(arg, ast.Subscript))
    return next((part for part in parts if isinstance(part.value, ast.Name) and part.value.id == name), None)


def _in_place(code: Code) -> tuple[str, ast.stmt] | None:
    """The first line that changes a tensor in place: y += 1, y[0] = 0, y.zero_()."""
    for statement in sorted(statements(code), key=lambda s: s.lineno):
        target = None
        if isinstance(statement, ast.AugAssign):
            target = statement.target
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
            target = statement.targets[0]
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            function = statement.value.func
            ends = isinstance(function, ast.Attribute) and function.attr.endswith("_") and not function.attr.endswith("__")
            target = function.value if ends else None
        while isinstance(target, ast.Subscript):
            target = target.value
        value = code.names.get(target.id) if isinstance(target, ast.Name) else None
        if (
            isinstance(value, Tensor)
            and value._version
            and (value.grad_fn is not None or value.is_leaf and not value.requires_grad)
        ):
            return target.id, statement
    return None
