"""Errors of backward() through a recurrent network: a graph that is walked twice, a tensor that was changed in place."""

import ast
import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import Tensor

from ..explanations import Explanation, Fix, Side, culprit
from ..facts import graph_of, networks_in, tensors_in
from ..fixes import beside, replace
from ..source import Frame, Line, is_module, line_at, stored_in


class Holder(NamedTuple):
    """What holds a graph from one time to the next: how it is written in a line, and its value."""

    name: str
    value: Any
    line: Line
    kind: str  # "state", "sum", "list", or "once": made before the loop, or in __init__


def explain_backward(steps: list[Frame], message: str) -> Explanation | None:
    """An error of backward() whose graph goes through a recurrent network; None if it does not."""
    second = "backward" in message and "second time" in message
    changed = "modified" in message and ("inplace" in message or "in-place" in message)
    own, roots = [step for step in steps if not step.in_a_package], _roots(steps)
    if not own or not (second or changed) or not networks_in(roots):
        return None
    nodes, lines = _past(roots), [line_at(step) for step in reversed(own)]
    holders = next(filter(None, ([*_holders(line, nodes)] for line in lines)), [])
    return _walked_twice(holders) if second else _changed(lines[0], holders)


def _roots(steps: list[Frame]) -> list[Tensor]:
    """The tensors that backward was called on, from the frames of torch's that were given them."""
    frames = [step.frame.f_locals for step in steps if step.in_torch and step.function in ("backward", "grad")]
    return [t for seen in frames for name in ("self", "tensors", "outputs") for t in tensors_in(seen.get(name))]


def _past(value: Any) -> set[Any]:
    """The graph behind the tensors in a value, without the parameters at its ends."""
    return {node for node in graph_of(tensors_in(value)) if not hasattr(node, "variable")}


def _holders(line: Line, nodes: set[Any]) -> Iterator[Holder]:
    """What holds a part of the graph from one round of the line's loop to the next."""
    loops = line.loops()
    outer = loops[-1] if loops else None
    target = [outer.target] if isinstance(outer, ast.For) else []
    body: list[ast.AST] = [*target, *outer.body] if outer else [] if line.parameters else [*ast.iter_child_nodes(line.tree)]
    events = [event for statement in body for event in _events(statement)]
    first = dict(sorted(dict(reversed(events)).items(), key=events.index))
    stored = {name for name, kind in events if kind == "write"}
    parts = [n for statement in body for n in ast.walk(statement)]
    summed = {ast.unparse(n.target) for n in parts if isinstance(n, ast.AugAssign)}
    stored |= {ast.unparse(n.value) for n in parts if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)}
    cut = {ast.unparse(n.value) for n in ast.walk(line.tree) if isinstance(n, ast.Attribute) and n.attr in ("detach", "data")}
    found = [n for n, kind in first.items() if kind == "read" and n not in cut and _past(line.names.get(n)) & nodes]
    for name in found:
        kept = "list" if isinstance(line.names[name], list) else "once"
        kind = "sum" if name in summed else "state" if name in stored else kept
        if kind in ("sum", "state") or loops:
            yield Holder(name, line.names[name], line, kind)
    if not found:
        yield from _attributes(line, nodes, {code.rpartition(".")[2] for code in cut if "." in code})


def _events(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that some code reads and writes, in the order in which Python does."""
    children: list[ast.AST] = [*ast.iter_child_nodes(node)]
    own: set[str] = set()
    if isinstance(node, ast.Name):
        yield node.id, "write" if isinstance(node.ctx, ast.Store) else "read"
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, "read"
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and node.value is not None:
        children = [node.value, *(child for child in children if child is not node.value)]
    elif isinstance(node, (ast.For, ast.comprehension)):
        children = [node.iter, *(child for child in children if child is not node.iter)]
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)):
        own = stored_in(node)
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
        children = []
    for child in children:
        yield from (event for event in _events(child) if event[0] not in own)


def _attributes(line: Line, nodes: set[Any], cut: set[str]) -> Iterator[Holder]:
    """Attributes, private ones too, of the objects in reach that keep a part of the graph and are read again."""
    read = {n.attr for n in ast.walk(line.tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)}
    waiting, seen = [(name, value) for name, value in line.names.items() if not name.startswith("_")], set()
    while waiting:
        path, owner = waiting.pop(0)
        plain = type(owner).__module__.partition(".")[0] not in ("torch", "builtins", "numpy") and hasattr(owner, "__dict__")
        if id(owner) in seen or isinstance(owner, type) or not (plain or is_module(owner)) or path.count(".") > 4:
            continue
        seen.add(id(owner))
        parts = {} if not is_module(owner) else owner._modules
        waiting += [(f"{path}[{key}]" if key.isdigit() else f"{path}.{key}", part) for key, part in parts.items()]
        for name, value in vars(owner).items():
            if _past(value) & nodes and name in read - cut:
                code = f"{path}.{name}"
                once = not networks_in(tensors_in(value)) and _made_in_init(code, line) is not None
                yield Holder(code, value, line, "once" if once else "state")
            elif not isinstance(value, Tensor) and not name.startswith(("_parameters", "_buffers", "_modules")):
                waiting.append((f"{path}.{name}", value))


def detached(name: str, value: Any, deep: int = 0) -> str | None:
    """The code that keeps the values of a state and cuts off its past; None if it has other things in it.

    >>> detached("hidden", [(Tensor(1), Tensor(1)), (Tensor(1), Tensor(1))])
    '[tuple(s.detach() for s in h) for h in hidden]'
    """
    if isinstance(value, Tensor):
        return f"{name}.detach()"
    if not isinstance(value, (list, tuple, dict)) or deep > 2 or hasattr(value, "_fields"):
        return None
    each = "hsu"[deep]
    codes = {detached(each, part, deep + 1) for part in (value.values() if isinstance(value, dict) else value)}
    if len(codes) != 1 or None in codes:
        return None
    code = codes.pop()
    if isinstance(value, dict):
        return f"{{key: {code} for key, {each} in {name}.items()}}"
    return f"[{code} for {each} in {name}]" if isinstance(value, list) else f"tuple({code} for {each} in {name})"


def _walked_twice(holders: list[Holder]) -> Explanation:
    rule = "backward() walks a graph once: on its way it frees what the forward pass had kept."
    expected, fix, held = Side("each backward()", note="a graph of its own"), Fix(), "freed by an earlier backward()"
    name, kind = (holders[0].name, holders[0].kind) if holders else ("graph", "")
    if kind == "sum":
        held, fix = "adds up the losses with their graphs", _one_loss(holders[0])
        cause = f"{name} has the graphs of all rounds. Call backward() on this round's loss, and add up its value: loss.item()."
    elif kind == "list":
        held, cause = "keeps the graphs of earlier rounds", f"{name} keeps tensors of earlier rounds, whose graphs are used up. "
        cause += "Keep values (loss.item(), output.detach()), or call backward() once, after the loop."
    elif kind == "once":
        held, fix = "made once, before the first backward()", _each_time(holders[0])
        cause = f"{name} was made once and has a graph of its own, which the first backward() uses up. Make it anew each time."
    elif kind == "state":
        alike = [h for h in holders if h.kind == "state"]
        name, held, fix = ", ".join(h.name for h in alike), "carries the graph of earlier calls", _cut(alike)
        cause = f"{name} came out of one call and goes into the next with its whole past. detach() keeps the values only."
    else:
        cause = "There are three usual causes. A state is carried from call to call: detach() it. Something is made once, before "
        cause += "the loop: make it inside. Two losses share a graph: add them up, and call backward() once."
    return Explanation(rule, culprit(name, held), expected, cause, fix)


def _cut(holders: list[Holder]) -> Fix:
    """The line after backward() that cuts the past off."""
    line, codes = holders[0].line, [detached(h.name, h.value) for h in holders]
    if line.statement is None or None in codes:
        return Fix()
    code = f"{', '.join(h.name for h in holders)} = {', '.join(map(str, codes))}"
    return beside(line, line.statement, code, "after")


def _one_loss(holder: Holder) -> Fix:
    """total += loss; total.backward() as loss.backward(); total += loss.item(), where the two lines follow each other."""
    line, call = holder.line, holder.line.statement
    block = getattr(line.around(call)[0], "body", []) if call else []
    before = block[block.index(call) - 1] if call in block[1:] else None
    if not isinstance(before, ast.AugAssign) or call is None or ast.unparse(call) != f"{ast.unparse(before.target)}.backward()":
        return Fix()
    code, loss, indent = line.text(before.value), "loss", "\n" + " " * before.col_offset
    if isinstance(before.value, ast.Name):
        loss = code
    elif "loss" in line.names:
        return Fix()
    made = "" if loss == code else f"{loss} = {code}{indent}"
    first, last = (replace(line, part, "pass", elsewhere=True) for part in (before, call))
    fix = replace(line, call, f"{made}{loss}.backward(){indent}{holder.name} += {loss}.item()", elsewhere=True)
    return fix._replace(lines=(first.lines[0], last.lines[1]), at=f"{first.at}\n{last.at}") if fix and first else Fix()


def _each_time(holder: Holder) -> Fix:
    """What __init__ made once, made in the one place that reads it."""
    line, attr = holder.line, holder.name.rpartition(".")[2]
    made = copy.deepcopy(_made_in_init(holder.name, line))
    uses = [n for n in ast.walk(line.tree) if isinstance(n, ast.Attribute) and n.attr == attr and isinstance(n.ctx, ast.Load)]
    if made is None or len(uses) != 1:
        return Fix()
    for i, arg in enumerate(made.args if isinstance(made, ast.Call) else []):
        if isinstance(arg, ast.Name) and isinstance(made, ast.Call):  # a size that only __init__ was given
            made.args[i] = ast.parse(f"{ast.unparse(uses[0])}.size({i})", mode="eval").body
    names = {n.id for n in ast.walk(made) if isinstance(n, ast.Name)} - {"self"}
    return replace(line, uses[0], ast.unparse(made), elsewhere=True) if names <= line.names.keys() else Fix()


def _made_in_init(name: str, line: Line) -> ast.expr | None:
    """The expression in __init__ that made an attribute, if nothing else in the file assigns it."""
    code = "self." + name.rpartition(".")[2]
    made = [s for s in line.statements() if isinstance(s, ast.Assign) and code in map(ast.unparse, s.targets)]
    inits = [o for s in made for o in line.around(s) if isinstance(o, ast.FunctionDef) and o.name == "__init__"]
    return made[0].value if len(made) == len(inits) == 1 and "." in name else None


def _changed(line: Line, holders: list[Holder]) -> Explanation:
    found, states = _in_place(line), [h for h in holders if h.kind == "state"]
    if states and (found is None or "retain_graph" in ast.unparse(line.statement or ast.Pass())):
        rule = "The weights that a graph was made with must be unchanged when backward() walks it."
        cause = f"The optimizer has changed the weights in place since {states[0].name} was made. detach() drops its past; then "
        given = culprit(states[0].name, "carries a graph made with the old weights")
        expected = Side("each graph", note="of this round")
        return Explanation(rule, given, expected, cause + "retain_graph=True is not needed either.", _cut(states))
    rule, expected = "A tensor that backward() still needs must not be changed in place.", Side("a change", note="in a copy")
    if found is None:
        cause = "A line such as y += 1 or y[0] = 0 changed a tensor after the forward pass, or optimizer.step() the weights."
        return Explanation(rule, culprit("a tensor", "changed in place"), expected, cause)
    name, statement = found
    given = culprit(name, f"changed in place by {line.text(statement).splitlines()[0]}")
    cause = "The gradient is computed from the values of the forward pass. Change a copy."
    reads = [n for n in ast.walk(statement) if isinstance(n, ast.Call)] if isinstance(statement, ast.Assign) else []
    parts = [arg for call in reads for arg in call.args if isinstance(arg, ast.Subscript) and ast.unparse(arg.value) == name]
    if parts:  # states[t + 1] = cell(x, states[t]): what is read must be a copy
        return Explanation(rule, given, expected, cause, replace(line, parts[0], f"{line.text(parts[0])}.clone()"))
    return Explanation(rule, given, expected, cause, beside(line, statement, f"{name} = {name}.clone()", "before"))


def _in_place(line: Line) -> tuple[str, ast.stmt] | None:
    """The first statement that changes a tensor in place: y += 1, y[0] = 0, y.zero_()."""
    for statement in sorted(line.statements(), key=lambda s: s.lineno):
        target: ast.AST | None = None
        if isinstance(statement, ast.AugAssign):
            target = statement.target
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
            target = statement.targets[0]
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            method = statement.value.func
            target = method.value if isinstance(method, ast.Attribute) and method.attr.endswith("_") else None
        while isinstance(target, ast.Subscript):
            target = target.value
        value = line.value(target)
        changed = isinstance(value, Tensor) and value._version and not (value.is_leaf and value.requires_grad)
        if isinstance(target, ast.Name) and changed:
            return target.id, statement
    return None
