"""Errors of backward() through a recurrent network: a graph that is walked twice, a tensor that was changed in place."""

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import Tensor

from ..explanations import Explanation, Fix, Side, culprit
from ..facts import graph_of, networks_in
from ..fixes import beside, replace
from ..source import Line, Step, is_module, line_at, stored_in


class Holder(NamedTuple):
    """What holds a graph from one time to the next: how it is written in a line, and its value."""

    name: str
    value: Any
    line: Line
    kind: str  # "state", "sum", "list", "once" (made before the loop), "attribute"


def explain_backward(steps: list[Step], message: str) -> Explanation | None:
    """An error of backward() whose graph goes through a recurrent network; None if it does not."""
    second = "backward" in message and "second time" in message
    changed = "modified" in message and ("inplace" in message or "in-place" in message)
    own, roots = [step for step in steps if not step.in_a_package], _roots(steps)
    if not own or not (second or changed) or not networks_in(roots):
        return None
    nodes, lines = graph_of(roots), [line_at(step) for step in reversed(own)]
    holders = next(filter(None, ([*_holders(line, nodes)] for line in lines)), [])
    if changed:
        return _changed(lines[0], [h for h in holders if h.kind in ("state", "attribute")])
    return _walked_twice(holders)


def _roots(steps: list[Step]) -> list[Tensor]:
    """The tensors that backward was called on, from the frames of torch's that were given them."""
    roots: list[Tensor] = []
    for step in steps:
        if step.in_torch and step.function in ("backward", "grad"):
            for name in ("self", "tensors", "outputs"):
                value = step.frame.f_locals.get(name)
                roots += [v for v in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(v, Tensor)]
    return roots


def _tensors(value: Any, deep: int = 3) -> Iterator[Tensor]:
    """The tensors in a value and in its lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple, dict)) and deep and len(value) < 1000:
        for part in value.values() if isinstance(value, dict) else value:
            yield from _tensors(part, deep - 1)


def _holds(value: Any, nodes: set[Any]) -> bool:
    """Whether a value keeps a part of this graph that has a past."""
    return any(t.grad_fn is not None and t.grad_fn in nodes for t in _tensors(value))


def _holders(line: Line, nodes: set[Any]) -> Iterator[Holder]:
    """What holds a part of the graph from one round of the line's loop to the next, the likeliest first."""
    loops = line.loops()
    body: list[ast.stmt] = loops[-1].body if loops else line.tree.body if isinstance(line.tree, ast.Module) else []
    inside = not loops and line.parameters  # a function without a loop: its caller has the loop
    events = [] if inside else list(_events(body))
    first = {name: kind for name, kind in reversed(events)}
    cut = {ast.unparse(s.targets[0]) for s in line.statements() if isinstance(s, ast.Assign) and "detach" in ast.unparse(s.value)}
    found = [name for name, kind in first.items() if kind == "read" and name not in cut and _holds(line.names.get(name), nodes)]
    stored = {name for name, kind in events if kind == "write"}
    summed = {n.target.id for s in body for n in ast.walk(s) if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    items = {
        n.value.id
        for s in body
        for n in ast.walk(s)
        if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store) and isinstance(n.value, ast.Name)
    }
    for name in found:
        value = line.names[name]
        kind = "sum" if name in summed else "state" if name in stored | items else "list" if isinstance(value, list) else "once"
        if kind == "once" and not isinstance(value, (Tensor, tuple)) or kind in ("once", "list") and not loops:
            continue
        yield Holder(name, value, line, kind)
    if not found:
        yield from _attributes(line, nodes)


def _events(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """The names that some statements read and write, in the order in which Python does."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            continue
        yield from _of_node(statement)


def _of_node(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Name):
        yield node.id, "write" if isinstance(node.ctx, ast.Store) else "read"
    elif isinstance(node, ast.AugAssign):
        yield from _of_node(node.value)
        yield from (
            (name, kind)
            for n in ast.walk(node.target)
            if isinstance(n, ast.Name)
            for name in [n.id]
            for kind in ("read", "write")
        )
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
        parts: list[ast.AST] = [
            *([node.value] if node.value else []),
            *(node.targets if isinstance(node, ast.Assign) else [node.target]),
        ]
        for part in parts:
            yield from _of_node(part)
    elif isinstance(node, (ast.For, ast.comprehension)):
        for part in (node.iter, node.target, *(node.body if isinstance(node, ast.For) else node.ifs)):
            yield from _of_node(part)
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)):
        own = stored_in(node)
        yield from ((name, kind) for child in ast.iter_child_nodes(node) for name, kind in _of_node(child) if name not in own)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _of_node(child)


def _attributes(line: Line, nodes: set[Any]) -> Iterator[Holder]:
    """Attributes, private ones too, of the objects in reach that keep a part of the graph and are read again."""
    read = {n.attr for n in ast.walk(line.tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)}
    cut = {
        n.value.attr
        for n in ast.walk(line.tree)
        if isinstance(n, ast.Attribute) and n.attr == "detach" and isinstance(n.value, ast.Attribute)
    }
    waiting, seen = [(name, value, 0) for name, value in line.names.items() if not name.startswith("_")], set()
    while waiting:
        path, owner, depth = waiting.pop(0)
        plain = type(owner).__module__.partition(".")[0] not in ("torch", "builtins", "numpy") and hasattr(owner, "__dict__")
        if id(owner) in seen or isinstance(owner, type) or not (plain or is_module(owner)):
            continue
        seen.add(id(owner))
        for name, value in vars(owner).items():
            if name in ("_modules", "_parameters", "_buffers"):
                waiting += [(_path(path, key), part, depth + 1) for key, part in value.items()] if name == "_modules" else []
            elif _holds(value, nodes) and name not in cut and (name in read or not any(f".{name}" in line.source for _ in [0])):
                yield Holder(f"{path}.{name}", value, line, "attribute")
            elif depth < 4 and not isinstance(value, Tensor):
                waiting.append((f"{path}.{name}", value, depth + 1))


def _path(owner: str, key: str) -> str:
    return f"{owner}[{key}]" if key.isdigit() else f"{owner}.{key}"


def detached(name: str, value: Any, deep: int = 0) -> str | None:
    """The code that keeps the values of a state and cuts off its past, item by item; None if it has other things in it.

    >>> detached("hidden", [Tensor(1), (Tensor(1), Tensor(1))])
    '[h.detach() if isinstance(h, torch.Tensor) else tuple(s.detach() for s in h) for h in hidden]'
    """
    each = "hsru"[deep]
    if isinstance(value, Tensor):
        return f"{name}.detach()"
    if not isinstance(value, (list, tuple, dict)) or deep > 2 or hasattr(value, "_fields"):
        return None
    codes = dict.fromkeys(detached(each, part, deep + 1) for part in (value.values() if isinstance(value, dict) else value))
    if None in codes or not codes or len(codes) > 2:
        return None
    first, *other = sorted(codes, key=lambda code: len(code or ""))
    code = f"{first} if isinstance({each}, torch.Tensor) else {other[0]}" if other else first
    if isinstance(value, dict):
        return f"{{key: {code} for key, {each} in {name}.items()}}"
    return f"[{code} for {each} in {name}]" if isinstance(value, list) else f"tuple({code} for {each} in {name})"


def _walked_twice(holders: list[Holder]) -> Explanation:
    rule = "backward() walks a graph once: on its way it frees what the forward pass had kept."
    expected = Side("each backward()", note="a graph of its own")
    if not holders:
        cause = "Look for one of three usual causes. A state is carried from call to call: detach() it. Something with a graph was made "
        cause += "once, before the loop: make it inside. Two losses share a graph: add them up, and call backward() once."
        return Explanation(rule, culprit("graph", "freed by an earlier backward()"), expected, cause)
    holder = holders[0]
    name, line = holder.name, holder.line
    if holder.kind == "sum":
        given = culprit(name, "adds up the losses with their graphs")
        cause = f"{name} has the graphs of all rounds so far. Call backward() on the loss of this round, and add up its value: loss.item()."
        return Explanation(rule, given, expected, cause, _one_loss(holder))
    if holder.kind == "list":
        cause = f"{name} keeps tensors of earlier rounds, whose graphs are used up. Keep values (loss.item(), output.detach()), or call "
        return Explanation(
            rule, culprit(name, "keeps the graphs of earlier rounds"), expected, f"{cause}backward() once, after the loop."
        )
    once = (
        holder.kind == "once"
        or holder.kind == "attribute"
        and not networks_in(_tensors(holder.value))
        and _made_in_init(holder) is not None
    )
    if once:
        cause = f"{name} was made once and has a graph of its own, which the first backward() uses up. Make it anew each time."
        return Explanation(rule, culprit(name, "made once"), expected, cause, _each_time(holder))
    alike = [h for h in holders if h.kind == holder.kind]
    given = culprit(", ".join(h.name for h in alike), "carries the graph of earlier calls")
    cause = f"{name} came out of one call and goes into the next with its whole past. detach() keeps its values and cuts off the past."
    return Explanation(rule, given, expected, cause, _cut(alike))


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
    block = next((getattr(n, "body", []) for n in line.around(call)), []) if call else []
    place = block.index(call) if call in block else 0
    before = block[place - 1] if place else None
    if (
        not isinstance(before, ast.AugAssign)
        or not call
        or ast.unparse(before.target) != holder.name
        or ast.unparse(call) != f"{holder.name}.backward()"
    ):
        return Fix()
    loss = (
        line.text(before.value)
        if isinstance(before.value, ast.Name)
        else next(n for n in ("loss", "one_loss", "this_loss") if n not in line.names)
    )
    made = "" if isinstance(before.value, ast.Name) else f"{loss} = {line.text(before.value)}\n"
    indent = " " * before.col_offset
    code = f"{made}{loss}.backward()\n{holder.name} += {loss}.item()"
    fix = replace(line, call, code.replace("\n", "\n" + indent))
    first = replace(line, before, "pass")
    return fix._replace(lines=(before.lineno, fix.lines[1]), at=f"{first.at}\n{fix.at}") if fix and first else Fix()


def _each_time(holder: Holder) -> Fix:
    """What was made once, made where it is used: at the start of the loop, or in the one line that reads the attribute."""
    line = holder.line
    if holder.kind == "attribute":
        made, attr = _made_in_init(holder), holder.name.rpartition(".")[2]
        uses = [n for n in ast.walk(line.tree) if isinstance(n, ast.Attribute) and n.attr == attr and isinstance(n.ctx, ast.Load)]
        if made is None or len(uses) != 1:
            return Fix()
        known = {"self", *(name for name, value in line.names.items() if name not in line.parameters)}
        parts = made.args if isinstance(made, ast.Call) else []
        code = line.text(made)
        for i, part in enumerate(parts):
            if isinstance(part, ast.Name) and part.id not in known:  # a size that only __init__ was given
                code = (
                    ast.unparse(made).replace(f"{part.id}", f"{ast.unparse(uses[0])}.size({i})", 1)
                    if code.count(part.id) == 1
                    else code
                )
        names = {n.id for n in ast.walk(ast.parse(code, mode="eval")) if isinstance(n, ast.Name)}
        return replace(line, uses[0], code, made_elsewhere=True) if names <= known else Fix()
    loop = next(reversed(line.loops()), None)
    made_by = [
        s
        for s in line.statements()
        if isinstance(s, ast.Assign) and holder.name in stored_in(s) and loop and s.lineno < loop.lineno
    ]
    if len(made_by) != 1 or loop is None or not isinstance(loop.body[0], ast.stmt):
        return Fix()
    return beside(line, loop.body[0], "\n".join(line.text(s) for s in _way_to(made_by[0], line)), "before")


def _way_to(statement: ast.Assign, line: Line) -> list[ast.Assign]:
    """This statement, and before it those that made what it reads, as far back as the graph goes."""
    read = {n.id for n in ast.walk(statement.value) if isinstance(n, ast.Name)}
    read = {name for name in read if any(t.grad_fn is not None for t in _tensors(line.names.get(name)))}
    earlier = [s for s in line.statements() if isinstance(s, ast.Assign) and s.lineno < statement.lineno and stored_in(s) & read]
    way = [step for before in earlier for step in _way_to(before, line)] + [statement]
    return sorted(dict.fromkeys(way), key=lambda s: s.lineno)


def _made_in_init(holder: Holder) -> ast.expr | None:
    """The expression in __init__ that made an attribute, if nothing else in the file assigns it."""
    attr, line = holder.name.rpartition(".")[2], holder.line
    made = [
        s
        for s in line.statements()
        if isinstance(s, ast.Assign) and any(isinstance(t, ast.Attribute) and t.attr == attr for t in s.targets)
    ]
    inits = [o for s in made for o in line.around(s) if isinstance(o, ast.FunctionDef) and o.name == "__init__"]
    return made[0].value if len(made) == len(inits) == 1 else None


def _changed(line: Line, holders: list[Holder]) -> Explanation:
    found = _in_place(line)
    if holders and (found is None or "retain_graph" in ast.unparse(line.statement or ast.Pass())):
        given = culprit(holders[0].name, "carries the graph of earlier calls, made with the old weights")
        cause = (
            f"The optimizer has changed the weights in place since {holders[0].name} was made. detach() cuts off its past; then "
        )
        cause += "retain_graph=True is not needed either."
        rule = "The weights that a graph was made with must be unchanged when backward() walks it."
        return Explanation(rule, given, Side("each backward()", note="a graph of its own"), cause, _cut(holders))
    rule, expected = "A tensor that backward() still needs must not be changed in place.", Side("a change", note="in a copy")
    if found is None:
        cause = "A line such as y += 1, y[0] = 0 or y.zero_() changed a tensor after the forward pass, or optimizer.step() changed the weights."
        return Explanation(rule, culprit("a tensor", "changed in place"), expected, cause)
    name, statement = found
    given = culprit(name, f"changed in place by {line.text(statement).splitlines()[0]}")
    cause = "The gradient is computed from the values of the forward pass. Change a copy."
    return Explanation(rule, given, expected, cause, _in_a_copy(line, name, statement))


def _in_a_copy(line: Line, name: str, statement: ast.stmt) -> Fix:
    """The statement that changes a tensor, changing a copy instead."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        new = ast.Assign([statement.target], ast.BinOp(ast.Name(name, ast.Load()), statement.op, statement.value))
        return replace(line, statement, ast.unparse(ast.fix_missing_locations(new)))
    if (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Attribute)
    ):
        call = line.text(statement.value)
        method = statement.value.func.attr
        return (
            replace(line, statement, f"{name} = {call.replace('.' + method + '(', '.' + method.rstrip('_') + '(', 1)}")
            if method != "zero_"
            else beside(line, statement, f"{name} = {name}.clone()", "before")
        )
    calls = [n for n in ast.walk(statement.value) if isinstance(n, ast.Call)] if isinstance(statement, ast.Assign) else []
    parts = [arg for call_ in calls for arg in call_.args if isinstance(arg, ast.Subscript) and ast.unparse(arg.value) == name]
    if parts:  # states[t + 1] = cell(x, states[t]): what is read must be a copy, too
        return replace(line, parts[0], f"{line.text(parts[0])}.clone()")
    return beside(line, statement, f"{name} = {name}.clone()", "before")


def _in_place(line: Line) -> tuple[str, ast.stmt] | None:
    """The first statement that changes a tensor in place: y += 1, y[0] = 0, y.zero_()."""
    for statement in sorted(line.statements(), key=lambda s: s.lineno):
        target: ast.AST | None = None
        if isinstance(statement, ast.AugAssign):
            target = statement.target
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
            target = statement.targets[0]
        elif (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Call)
            and isinstance(statement.value.func, ast.Attribute)
        ):
            attr = statement.value.func.attr
            target = statement.value.func.value if attr.endswith("_") and not attr.endswith("__") else None
        while isinstance(target, ast.Subscript):
            target = target.value
        value = line.names.get(target.id) if isinstance(target, ast.Name) else None
        if (
            isinstance(target, ast.Name)
            and isinstance(value, Tensor)
            and value._version
            and (value.grad_fn is not None or not value.requires_grad)
        ):
            return target.id, statement
    return None
