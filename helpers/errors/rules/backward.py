"""Errors of backward() through a recurrent network: a graph that is walked twice, a tensor that was changed in place."""

import ast
import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import Tensor

from ...pictures.sides import Side
from ..calls import RECURRENT
from ..explanations import Explanation, Fix, Rule
from ..facts import graph_of, networks_in, tensors_in
from ..fixes import line_after, replace
from ..source import COMPREHENSIONS, Frame, Line, is_module, line_at, names_in, stored_in


class Holder(NamedTuple):
    """What holds a graph from one time to the next: how it is written in a line, and its value."""

    name: str
    value: Any
    line: Line
    kind: str  # "state", "sum", "list"; "once": made before the loop; "init": made in __init__


def explain_backward(steps: list[Frame], message: str) -> Explanation | None:
    """An error of backward() whose graph goes through a recurrent network; None if it does not."""
    without = "does not require grad" in message and "grad_fn" in message
    second = "backward" in message and "second time" in message
    changed = "modified" in message and ("inplace" in message or "in-place" in message)
    own = [step for step in steps if not step.in_a_package]
    # The tensors that backward was called on, from the frames of torch's that were given them.
    frames = [step.frame.f_locals for step in steps if step.in_torch and step.function in ("backward", "grad")]
    roots = [t for seen in frames for name in ("self", "tensors", "outputs") for t in tensors_in(seen.get(name))]
    # Such a loss leads to no network, so it is enough that the line could have used one.
    modules = [value for value in line_at(own[-1]).names.values() if is_module(value)] if without and own else []
    if any(isinstance(part, RECURRENT) for module in modules for part in module.modules()):
        rule = "backward() walks the graph that the forward pass kept, and this loss has none."
        cause = "There are four usual causes: the forward pass ran under torch.no_grad() or inference_mode(); detach(), item(), "
        cause += "argmax() or NumPy stand between the network and the loss; the loss was made anew, as a tensor of numbers; or "
        cause += "requires_grad is False for all parameters. Setting it on the loss only silences this: nothing would train."
        return Rule("loss", rule, "without a graph", Side("loss", note="made from the network's output")).explained(cause)
    if not own or not (second or changed) or not networks_in(roots):
        return None
    nodes = _past(roots)
    holders = next(filter(None, ([*_holders(line_at(step), nodes)] for step in reversed(own))), [])
    return _walked_twice(holders) if second else _changed(line_at(own[-1]), holders)


def _past(value: Any) -> set[Any]:
    """The graph behind the tensors in a value, without the parameters at its ends."""
    return {node for node in graph_of(tensors_in(value)) if not hasattr(node, "variable")}


def _holders(line: Line, nodes: set[Any]) -> Iterator[Holder]:
    """What holds a part of the graph from one round of a loop around the line to the next, the innermost loop first."""
    reads = [n for n in ast.walk(line.tree) if isinstance(n, ast.Attribute)]
    cut = {ast.unparse(n.value) for n in reads if n.attr in ("detach", "data")}
    whole = [] if line.parameters else [[*ast.iter_child_nodes(line.tree)]]  # without a loop: a cell that is run again
    for body in [[loop.target, *loop.body] if isinstance(loop, ast.For) else loop.body for loop in line.loops()] or whole:
        parts = [n for statement in body for n in ast.walk(statement)]
        summed = {ast.unparse(n.target) for n in parts if isinstance(n, ast.AugAssign)}
        stored = {name for statement in body for name in stored_in(statement)}
        stored |= {ast.unparse(n.value) for n in parts if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)}
        found = [name for name in _read_first(line, parts) if name not in cut and _past(line.names.get(name)) & nodes]
        for name in found:
            kept = "list" if isinstance(line.names[name], list) else "once"
            kind = "sum" if name in summed else "state" if name in stored else kept
            if kind in ("sum", "state") or line.loops():
                yield Holder(name, line.names[name], line, kind)
        if found:
            return
    read = {n.attr for n in reads if isinstance(n.ctx, ast.Load)}
    yield from _attributes(line, nodes, read - {code.rpartition(".")[2] for code in cut if "." in code})


def _read_first(line: Line, parts: list[ast.AST]) -> list[str]:
    """The names that some code reads before it writes them; a write under a condition does not count."""
    events = []
    for node in parts:
        outer, statement = line.around(node), line.statement_of(node)
        if not isinstance(node, ast.Name) or statement is None or line.function_of(node) is not line.function_of(line.statement):
            continue
        write = isinstance(node.ctx, ast.Store) and not isinstance(statement, ast.AugAssign)
        of_its_own = any(isinstance(o, COMPREHENSIONS) and node.id in stored_in(o) for o in outer)
        if not of_its_own and not (write and any(isinstance(o, ast.If) and o in parts for o in outer)):
            events.append((statement.lineno, statement.col_offset, write, node.id))  # a statement reads before it writes
    first = {name: write for _, _, write, name in sorted(events, reverse=True)}
    return [name for name in dict.fromkeys(event[3] for event in sorted(events)) if not first[name]]


def _attributes(line: Line, nodes: set[Any], read: set[str]) -> Iterator[Holder]:
    """Attributes, private ones too, of the objects in reach that keep a part of the graph and are read again."""
    waiting, seen = [(name, value) for name, value in line.names.items() if not name.startswith("_")], set()
    for path, owner in waiting:  # it grows on the way
        own = is_module(owner) or type(owner).__module__.partition(".")[0] not in ("torch", "builtins", "numpy")
        if id(owner) in seen or isinstance(owner, type) or not own or not hasattr(owner, "__dict__") or path.count(".") > 4:
            continue
        seen.add(id(owner))
        waiting += [
            (f"{path}[{k}]" if k.isdigit() else f"{path}.{k}", part) for k, part in vars(owner).get("_modules", {}).items()
        ]
        for name, value in vars(owner).items():
            code = f"{path}.{name}"
            if name in read and _past(value) & nodes:
                once = not networks_in(tensors_in(value)) and _made_in_init(code, line) is not None
                yield Holder(code, value, line, "init" if once else "state")
            elif not isinstance(value, Tensor) and not name.startswith("_modules"):
                waiting.append((code, value))


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
    code, *others = {detached(each, v, deep + 1) for v in (value.values() if isinstance(value, dict) else value)} or [None]
    if others or code is None:
        return None
    if isinstance(value, dict):
        return f"{{key: {code} for key, {each} in {name}.items()}}"
    return f"[{code} for {each} in {name}]" if isinstance(value, list) else f"tuple({code} for {each} in {name})"


CAUSES = {  # by the kind of what holds the graph: what is given, and the cause
    "sum": ("adds up the losses with their graphs",
            "{} has the graphs of all rounds. Call backward() on this round's loss, and add up its value: loss.item()."),
    "list": ("keeps the graphs of earlier rounds",
             "{} keeps tensors of earlier rounds, whose graphs are used up. Keep values (loss.item(), output.detach()), "
             "or call backward() once, after the loop."),
    "once": ("made once, before the first backward()",
             "{} was made once and has a graph of its own, which the first backward() uses up. Make it anew each time."),
    "state": ("carries the graph of earlier calls",
              "{} came out of one call and goes into the next with its whole past. detach() keeps the values only."),
    "": ("freed by an earlier backward()",
         "There are three usual causes. A state is carried from call to call: detach() it. Something is made once, before "
         "the loop: make it inside. Two losses share a graph: add them up, or detach() what only the other loss trains."),
}  # fmt: skip


def _walked_twice(holders: list[Holder]) -> Explanation:
    rule = "backward() walks a graph once: on its way it frees what the forward pass had kept."
    kind = holders[0].kind if holders else ""
    held, cause = CAUSES["once" if kind == "init" else kind]
    name = ", ".join(h.name for h in holders if h.kind == kind == "state") or (holders[0].name if holders else "graph")
    fix = _cut(holders) if kind == "state" else _each_time(holders[0]) if kind == "init" else Fix()
    return Rule(name, rule, held, Side("each backward()", note="a graph of its own")).explained(cause.format(name), fix)


def _cut(holders: list[Holder]) -> Fix:
    """The line after backward() that cuts the past off."""
    codes = {h.name: detached(h.name, h.value) for h in holders if h.kind == "state"}
    code = f"{', '.join(codes)} = {', '.join(map(str, codes.values()))}"
    return line_after(holders[0].line, code) if codes and None not in codes.values() else Fix()


def _each_time(holder: Holder) -> Fix:
    """What __init__ made once, made in the one place that reads it, with the sizes that only __init__ was given."""
    line, made = holder.line, copy.deepcopy(_made_in_init(holder.name, holder.line))
    reads = [n for n in ast.walk(line.tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)]
    uses = [n for n in reads if n.attr == holder.name.rpartition(".")[2]]
    if not isinstance(made, ast.Call) or len(uses) != 1:
        return Fix()
    sizes = [ast.parse(f"{ast.unparse(uses[0])}.size({i})", mode="eval").body for i in range(len(made.args))]
    made.args = [size if isinstance(arg, ast.Name) else arg for arg, size in zip(made.args, sizes)]
    known = names_in(made) <= line.names.keys() | {"self"}
    return replace(line, uses[0], ast.unparse(made), elsewhere=True) if known else Fix()


def _made_in_init(name: str, line: Line) -> ast.expr | None:
    """The expression in __init__ that made an attribute, if nothing else in the file assigns it."""
    made = line.assigned("self." + name.rpartition(".")[2])
    inside = line.function_of(made[0]) if len(made) == 1 else None
    return made[0] if isinstance(inside, ast.FunctionDef) and inside.name == "__init__" else None


def _changed(line: Line, holders: list[Holder]) -> Explanation:
    if "retain_graph" in ast.unparse(line.statement or ast.Pass()):
        rule, states = "The weights that a graph was made with must not change before backward() walks it.", holders[:1]
        name = states[0].name if states else "a state"
        cause = f"The optimizer has changed the weights in place since {name} was made. A state that is carried on needs "
        cause += "detach(), which drops its past; then retain_graph=True is not needed either."
        given, expected = "carries a graph made with the old weights", "a graph of this round"
        return Rule(name, rule, given, expected).explained(cause, _cut(holders))
    rule, cause = "A tensor that backward() still needs must not be changed in place.", "A line such as y += 1 or y[t] = h "
    cause += "changed a tensor after the forward pass had read it: change a copy, y = y + 1, or collect h in a list and "
    cause += "torch.stack it. Or optimizer.step() changed the weights before this backward()."
    return Rule("a tensor", rule, "changed in place", "unchanged").explained(cause)
