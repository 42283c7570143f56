"""Fixes: the learner's own line with one part of its syntax tree written anew, wherever in the line that part is.

A template says how to write a value. In it "{}" is the argument, "{x}" an expression with the sizes of the input, "{net}" the
network. "{torch.zeros}" is that name as the learner has imported it. A name that is not in scope gives no fix.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .calls import Call, ConstructorCall, ForwardCall, argument_order
from .explanations import Explanation, Fix, Rule
from .facts import Facts, after
from .source import Line, names_in, stored_in

Cause = str | tuple[str, str | Fix]  # in words; with a change: a template for the argument, or a whole fix
Check = Iterator[Rule | Cause]  # a rule that is broken, and its causes, the likeliest first
# Functions that call the network for the learner, and the position of its inputs among their arguments.
WRAPPERS: dict[Any, int] = {torch.jit.trace: 1, torch.func.functional_call: 2}
PLAIN = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Tuple, ast.List, ast.Starred)
REPEATED = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp, ast.Lambda)


class Spot(NamedTuple):
    """Where a value is written, and how."""

    node: ast.expr
    code: str
    form: str = "{}"  # what goes in the node's place: "{}, args[1]" for a part of *args


def spot(call: Call, argument: str) -> Spot | None:
    """Where the learner's line writes an argument of this call; None if it does not."""
    line, node = call.line, call.line.call
    if node is None or not call.direct:
        return _handed_on(call, node, argument) if node and isinstance(call, ForwardCall) else None
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    if argument in named:
        return Spot(named[argument], line.text(named[argument]))
    position = call.order.index(argument) if argument in call.order else len(node.args)
    for arg in node.args:
        if position == 0 and not isinstance(arg, ast.Starred):
            return Spot(arg, line.text(arg))
        whole = line.value(arg.value) if isinstance(arg, ast.Starred) else [arg]
        if not isinstance(whole, (list, tuple)):
            return None
        if position < len(whole) and isinstance(arg, ast.Starred):
            parts = [f"{line.text(arg.value)}[{i}]" for i in range(len(whole))]
            return Spot(arg, parts[position], ", ".join([*parts[:position], "{}", *parts[position + 1 :]]))
        position -= len(whole)
    return None


def _handed_on(call: ForwardCall, node: ast.Call, argument: str) -> Spot | None:
    """Where a line gives this very value to something that calls the network with it."""
    line, value = call.line, call.given.get(argument)
    parts = [part for part in ast.walk(node) if isinstance(part, ast.expr) and value is not None]
    same = next((part for part in parts if line.value(part) is value), None)
    position = next((at for wrapper, at in WRAPPERS.items() if line.value(node.func) is wrapper), len(node.args))
    position = 0 if call.first and argument == "input" else position
    if same is None and position < len(node.args):
        same = node.args[position]
        same = same.elts[0] if isinstance(same, ast.Tuple) and same.elts else same
    return Spot(same, line.text(same)) if same is not None and not isinstance(same, ast.Starred) else None


def rewrite(call: Call, argument: str, template: str, facts: Facts | None = None) -> Fix:
    """The learner's line with one argument of the call written anew; no fix if its place or a name is missing."""
    found = spot(call, argument)
    code = _filled(call, found, template, facts) if found and template else None
    return replace(call.line, found.node, found.form.replace("{}", code)) if found and code else Fix()


def _filled(call: Call, found: Spot, template: str, facts: Facts | None) -> str | None:
    """A template as code of the learner's; None if a name is missing."""
    known = {name: call.line.spell(name) for name in re.findall(r"\{(torch[\w.]*)\}", template)}
    known |= {"x": sizes_of(facts), "net": network(facts)} if facts else {}
    for name, said in known.items():
        if f"{{{name}}}" in template and said is None:
            return None
        template = template.replace(f"{{{name}}}", str(said))
    bare = found.form != "{}" or isinstance(found.node, PLAIN) or not re.search(r"\{\}[.\[]", template)
    return template.replace("{}", found.code if bare else f"({found.code})")


def explained(subject: Facts | Call, found: Check) -> Explanation | None:
    """What a check says: the rule that is broken, and the first of its causes whose change is possible; None without causes."""
    rule, cause = None, ""
    for each in found:
        if isinstance(each, Rule):
            rule = each
        elif rule is not None:
            cause, change = (each, "") if isinstance(each, str) else each
            fix = change if isinstance(change, Fix) else _tried(subject, rule.argument, change) if change else Fix()
            if isinstance(fix, str):
                return rule.explained(f"{cause} {fix}")
            if fix is not None:
                return rule.explained(cause, fix)
    return rule.explained(cause) if rule is not None and cause else None


def _tried(subject: Facts | Call, argument: str, change: str) -> Fix | str | None:
    """The fix that a change of an argument makes, or words where it is not certain; None if the changed call breaks a rule."""
    if not isinstance(subject, Facts):  # the causes of a packing function are certain: each was seen in the values
        return rewrite(subject, argument, change) if after(change, subject.given.get(argument)) is not None else Fix()
    line, found, value = subject.call.line, spot(subject.call, argument), subject.changed(argument, change)
    if value is None and change != "None":
        return None
    fix = rewrite(subject.call, argument, change, subject)
    if found is None or not fix:
        return fix
    if subject.module._forward_pre_hooks and line.value(found.node) is not subject.call.given[argument]:
        return "But a forward pre-hook of this network changes what it is given: look there."
    if argument == "input" and line.assigned_here(found.node) and value.shape != subject.shape:
        return Fix()  # the next round would change it again
    again = argument == "hx" and line.given_again(found.node)  # then it may be right already the next time
    if again and (line.has_none() or subject.changed(argument, change, value) is None):
        code = _filled(subject.call, found, change, subject)
        return f"This call takes {code}, but the next may be given another state: change it where it is made."
    return fix


def network(facts: Facts) -> str | None:
    """How the learner's line can name the network; None if it has no name there."""
    line, node = facts.call.line, facts.call.line.call
    func = node.func if node and facts.call.direct else None
    func = func.value if isinstance(func, ast.Attribute) and func.attr == "forward" else func
    return line.text(func) if func is not None and line.value(func) is facts.module else line.name_of(facts.module)


def sizes_of(facts: Facts) -> str | None:
    """How the input is written, if that can be written twice; of x.to(device) it is x."""
    found = spot(facts.call, "input")
    node = (
        found.node.func.value
        if found and isinstance(found.node, ast.Call) and isinstance(found.node.func, ast.Attribute)
        else None
    )
    same = isinstance(facts.call.line.value(node), Tensor) and facts.call.line.value(node).shape == facts.shape
    plain = found and isinstance(found.node, (ast.Name, ast.Attribute, ast.Subscript, ast.Starred))
    return found.code if found and plain else facts.call.line.text(node) if node and same else None


def in_scope(code: str, line: Line, before: Iterable[str] = ()) -> bool:
    """Whether every name in a piece of code has a value in the learner's line, or was there before."""
    tree = ast.parse(f"_({code})", mode="eval")
    known = stored_in(tree) | line.names.keys() | {"_", *before}
    return all(n.id in known or hasattr(builtins, n.id) for n in ast.walk(tree) if isinstance(n, ast.Name))


def replace(line: Line, node: Any, code: str, elsewhere: bool = False) -> Fix:
    """The lines around a node with that node written anew; `elsewhere`: not where the line's own names are in scope."""
    statement, place = line.statement_of(node), _place(node, line)
    if statement is None or place is None or not (elsewhere or in_scope(code, line, names_in(node))):
        return Fix()
    source = (line.source.encode()[: place[0]] + code.encode() + line.source.encode()[place[1] :]).decode()
    last, body = statement.end_lineno or statement.lineno, getattr(statement, "body", None)
    if isinstance(body, list) and isinstance(body[0], ast.stmt):  # of a block, its heading
        last = max(node.end_lineno, body[0].lineno - 1)
    more = source.count("\n") - line.source.count("\n")
    written = source.splitlines()[statement.lineno - 1 : last + more]
    behind = line.source.splitlines()[last - 1].encode()[statement.end_col_offset :].decode(errors="replace")
    if last == statement.end_lineno and behind.lstrip().startswith("#"):  # a comment about what was there before
        written[-1] = written[-1].removesuffix(behind)
    return _fix(line, written, (statement.lineno, last))


def line_after(line: Line, code: str) -> Fix:
    """A line of code after the learner's, where that has its line for itself."""
    statement = line.statement
    front = line.source.splitlines()[statement.lineno - 1][: statement.col_offset] if statement else "-"
    if statement is None or front.strip() or not in_scope(code.partition(" = ")[2], line):
        return Fix()
    return _fix(line, [front + code], (statement.lineno, statement.end_lineno or statement.lineno), "after")


def _fix(line: Line, written: list[str], lines: tuple[int, int], place: str = "instead") -> Fix:
    """Lines of code that go after or instead of some lines; none if the whole would be no Python any more."""
    whole, (first, last) = line.source.splitlines(), lines
    try:
        ast.parse("\n".join([*whole[: first - 1 if place == "instead" else last], *written, *whole[last:]]))
    except SyntaxError:
        return Fix()
    indent = len(written[0]) - len(written[0].lstrip())
    code = "\n".join(text[indent:] if not text[:indent].strip() else text for text in written)
    return Fix(code, place, "\n".join(text.strip() for text in whole[first - 1 : last]), lines)


def _place(node: Any, line: Line) -> tuple[int, int] | None:
    """From which byte of the source to which a node is written; None if that can't be told."""
    starts = [0, *accumulate(map(len, line.source.encode().splitlines(keepends=True)))]
    start, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
    written = line.source.encode()[start:end].decode(errors="replace")
    try:
        same = ast.unparse(ast.parse(f"({written})", mode="eval")) == ast.unparse(node)
    except SyntaxError:
        same = isinstance(node, ast.Starred)
    return (start, end) if same else None  # inside an f-string the places in the tree may be wrong


def with_arguments(call: Call, **changes: str | None) -> Fix:
    """The call itself with some arguments written anew, or (None) left out."""
    node = call.line.call
    code = changed(call.line, node, call.order, changes) if node is not None and call.direct else None
    return replace(call.line, node, code, elsewhere=isinstance(call, ConstructorCall)) if code else Fix()


def arguments_in(node: ast.Call, order: list[str]) -> dict[str, ast.expr]:
    """The arguments of a call by their names, as they are written."""
    names = [*order, *(f"argument {i}" for i in range(len(order) + 1, 99))]
    return dict(zip(names, node.args)) | {str(keyword.arg): keyword.value for keyword in node.keywords}


def changed(line: Line, node: ast.Call, order: list[str], changes: dict[str, str | None]) -> str | None:
    """A call as text, with some arguments changed; None where they come out of *args or **options."""
    if any(isinstance(arg, ast.Starred) for arg in node.args) or any(k.arg is None for k in node.keywords):
        return None
    given = {name: line.text(value) for name, value in arguments_in(node, order).items()}
    written = {name: value for name, value in (given | changes).items() if value is not None}
    place = [name == own for name, own in zip(written, order[: len(node.args)])]
    by_position = [*place, False].index(False)  # those behind an argument that is left out move to their names
    codes = [value if i < by_position else f"{name}={value}" for i, (name, value) in enumerate(written.items())]
    return f"{line.text(node.func)}({', '.join(codes)})"


def remake(facts: Facts, **changes: Any) -> Fix:
    """The line that makes the network with some arguments changed, if such a network reads the input."""
    line, written = facts.call.line, {name: repr(value) for name, value in changes.items()}
    return remade(line, facts.module, **written) if facts.tried(**changes) else Fix()


def remade(line: Line, module: nn.Module, **changes: str | None) -> Fix:
    """The line that makes a layer with some numbers changed, if it is certain which one it is; a name in it is not changed."""
    order = ["in_features", "out_features"] if isinstance(module, nn.Linear) else argument_order(type(module))
    found = []
    for node in ast.walk(line.tree):
        if isinstance(node, ast.Call) and line.value(node.func) is type(module):
            written = arguments_in(node, order)
            constants = {k: v.value for k, v in written.items() if isinstance(v, ast.Constant)}
            same = all(getattr(module, k, None) == v for k, v in constants.items())
            kept = line.names.get(ast.unparse(line.around(node)[0]).partition(" = ")[0])  # another layer, made by this call?
            same = same and not (isinstance(kept, nn.Module) and module not in kept.modules())
            if same and not any(isinstance(outer, REPEATED) for outer in line.around(node)):
                found.append((node, ast.unparse(line.around(node)[0]), written.keys() - constants.keys()))
    if len(found) > 1:  # of several, the one that is kept under the layer's own name
        own = (line.name_of(module) or "").rpartition(".")[2]
        found = [each for each in found if re.match(rf"(.*\.)?{re.escape(own)} = ", each[1])]
    if len(found) != 1 or found[0][2] & changes.keys():
        return Fix()
    code = changed(line, found[0][0], order, changes)
    return replace(line, found[0][0], code, elsewhere=True) if code else Fix()


def layer_between(line: Line, behind: tuple[nn.Sequential, int]) -> Fix:
    """A small layer that picks output, put into an nn.Sequential in the line that makes it."""
    sequential, place = behind
    module, found = line.spell("torch.nn.Module"), []
    for call in ast.walk(line.tree):
        if isinstance(call, ast.Call) and line.value(call.func) is nn.Sequential and len(call.args) == len(sequential):
            made = [line.value(getattr(arg, "func", arg)) for arg in call.args]
            found += [call.args] if all(one in (part, type(part), None) for one, part in zip(made, sequential)) else []
    if len(found) != 1 or not module:
        return Fix()
    before = found[0][place - 1]
    fix = replace(line, before, f"{line.text(before)}, Output()", elsewhere=True)
    head = f"class Output({module}):\n    def forward(self, pair):\n        return pair[0]\n\n"
    return fix._replace(code=head + fix.code) if fix else fix
