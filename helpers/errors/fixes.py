"""Fixes: the learner's own line with one part of its syntax tree written anew, wherever in the line that part is.

A template says how a value is to be written: "{}" stands for the argument, "{x}" for an expression with the sizes of the input,
"{net}" for the network, "{torch.zeros}" for that name as the learner has imported it. A name that is not in scope gives no fix.
"""

import ast
import builtins
import copy
import re
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .calls import Call, ConstructorCall, ForwardCall, argument_order
from .explanations import Fix
from .facts import Facts, after
from .source import Line, is_module, stored_in

# Functions that call the network for the learner, and the position of its inputs among their arguments.
WRAPPERS: dict[Any, int] = {torch.jit.trace: 1, torch.func.functional_call: 2}
PLAIN = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Tuple, ast.List, ast.Starred)
REPEATED = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp, ast.Lambda)


class Spot(NamedTuple):
    """Where a value is written, and how."""

    node: ast.expr
    code: str
    form: str = "{}"  # what goes in the node's place: "{}, *args[1:]" for a part of *args


def spot(call: Call, argument: str) -> Spot | None:
    """Where the learner's line writes an argument of this call; None if it does not."""
    line, node = call.line, call.line.call
    if node is None or not call.direct:
        return _handed_on(call, node, argument) if node and isinstance(call, ForwardCall) else None
    for keyword in node.keywords:
        code = line.text(keyword.value)
        if keyword.arg == argument:
            return Spot(keyword.value, code)
        if keyword.arg is None and argument in (line.value(keyword.value) or ()):
            return Spot(keyword.value, f'{code}["{argument}"]', f'{{**{code}, "{argument}": {{}}}}')
    position = call.order.index(argument) if argument in call.order else len(node.args)
    for arg in node.args:
        if not isinstance(arg, ast.Starred):
            if position == 0:
                return Spot(arg, line.text(arg))
            position -= 1
            continue
        whole, code = line.value(arg.value), line.text(arg.value)
        if not isinstance(whole, (list, tuple)):
            return None
        if position < len(whole):
            front, back = f"*{code}[:{position}], " * (position > 0), f", *{code}[{position + 1}:]" * (position + 1 < len(whole))
            return Spot(arg, f"{code}[{position}]", f"{front}{{}}{back}")
        position -= len(whole)
    return None


def _handed_on(call: ForwardCall, node: ast.Call, argument: str) -> Spot | None:
    """Where a line gives this very value to something that calls the network with it."""
    line, value, func = call.line, call.given.get(argument), call.line.value(node.func)
    parts = [part for arg in [*node.args, *(k.value for k in node.keywords)] for part in ast.walk(arg)]
    same = next((p for p in parts if isinstance(p, ast.expr) and value is not None and line.value(p) is value), None)
    position = next((at for wrapper, at in WRAPPERS.items() if func is wrapper), len(node.args))
    position = 0 if call.first and argument == "input" else position
    if same is None and position < len(node.args):
        same = node.args[position]
        same = same.elts[0] if isinstance(same, ast.Tuple) and same.elts else same
    return Spot(same, line.text(same)) if same is not None and not isinstance(same, ast.Starred) else None


def rewrite(call: Call, argument: str, template: str, facts: Facts | None = None) -> Fix:
    """The learner's line with one argument of the call written anew; no fix if its place or a name is missing."""
    found = spot(call, argument)
    if found is None or not template:
        return Fix()
    known = {name: call.line.spell(name) for name in re.findall(r"\{(torch[\w.]*)\}", template)}
    known |= {"x": sizes_of(facts), "net": network(facts)} if facts else {}
    for name, said in known.items():
        if f"{{{name}}}" in template and said is None:
            return Fix()
        template = template.replace(f"{{{name}}}", str(said))
    bare = found.form != "{}" or isinstance(found.node, PLAIN) or not re.search(r"\{\}[.\[]", template)
    code = template.replace("{}", found.code if bare else f"({found.code})")
    return replace(call.line, found.node, found.form.replace("{}", code))


def network(facts: Facts) -> str | None:
    """How the learner's line can name the network; None if it has no name there."""
    line, node = facts.call.line, facts.call.line.call
    func = node.func if node and facts.call.direct else None
    func = func.value if isinstance(func, ast.Attribute) and func.attr == "forward" else func
    if func is not None and ast.unparse(func) == "super()":
        return "self"
    return line.text(func) if func is not None and line.value(func) is facts.module else line.name_of(facts.module)


def sizes_of(facts: Facts) -> str | None:
    """An expression that has the first sizes of the input and can be written twice: of x.to(device) it is x."""
    found, line = spot(facts.call, "input"), facts.call.line
    for part in ast.walk(found.node) if found else ():
        value = line.value(part)
        same = isinstance(value, Tensor) and not facts.packed and not value.is_nested and value.shape[:2] == facts.shape[:2]
        if isinstance(part, (ast.Name, ast.Attribute, ast.Subscript)) and (value is facts.input or same):
            return line.text(part)
    return found.code if found and isinstance(found.node, ast.Starred) else None


def in_scope(code: str, line: Line) -> bool:
    """Whether every name in a piece of code has a value in the learner's line."""
    tree = ast.parse(f"_({code})", mode="eval")
    known = stored_in(tree) | line.names.keys() | {"_"}
    return all(n.id in known or hasattr(builtins, n.id) for n in ast.walk(tree) if isinstance(n, ast.Name))


def replace(line: Line, node: Any, code: str, elsewhere: bool = False) -> Fix:
    """The lines around a node with that node written anew; `elsewhere`: not where the line's own names are in scope."""
    statement, lines = line.statement_of(node), line.source.splitlines(keepends=True)
    place = _place(node, line, lines)
    if statement is None or place is None or not (elsewhere or in_scope(code, line)):
        return Fix()
    source = line.source[: place[0]] + code + line.source[place[1] :]
    last, body = statement.end_lineno or statement.lineno, getattr(statement, "body", None)
    if isinstance(body, list) and isinstance(body[0], ast.stmt):  # of a block, its heading
        last = max(node.end_lineno, body[0].lineno - 1)
    more = source.count("\n") - line.source.count("\n")
    return _fix(line, source.splitlines()[statement.lineno - 1 : last + more], (statement.lineno, last))


def beside(line: Line, statement: ast.stmt, code: str, place: str) -> Fix:
    """A line of code before or after a statement that has its line for itself."""
    front = line.source.splitlines()[statement.lineno - 1].encode()[: statement.col_offset].decode(errors="replace")
    if front.strip() or not in_scope(code.partition(" = ")[2], line):
        return Fix()
    return _fix(line, [front + code], (statement.lineno, statement.end_lineno or statement.lineno), place)


def _fix(line: Line, written: list[str], lines: tuple[int, int], place: str = "instead") -> Fix:
    """Lines of code that go before, after or instead of some lines; none if the whole would be no Python any more."""
    whole, (first, last) = line.source.splitlines(), lines
    front, back = {"instead": (first - 1, last), "after": (last, last), "before": (first - 1, first - 1)}[place]
    try:
        ast.parse("\n".join([*whole[:front], *written, *whole[back:]]))
    except SyntaxError:
        return Fix()
    indent = len(written[0]) - len(written[0].lstrip())
    code = "\n".join(text[indent:] if not text[:indent].strip() else text for text in written)
    return Fix(code, place, "\n".join(text.strip() for text in whole[first - 1 : last]), lines)


def _place(node: Any, line: Line, lines: list[str]) -> tuple[int, int] | None:
    """From which character of the source to which a node is written; None if that can't be told."""

    def at(number: int, column: int) -> int:  # ast counts bytes
        return sum(map(len, lines[: number - 1])) + len(lines[number - 1].encode()[:column].decode(errors="replace"))

    start, end = at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)
    try:
        same = ast.unparse(ast.parse(f"({line.source[start:end]})", mode="eval")) == ast.unparse(node)
    except SyntaxError:
        same = isinstance(node, (ast.Starred, ast.stmt))
    if same:
        return start, end
    searched = ast.unparse(node)  # inside an f-string the places in the tree may be wrong: look for the text
    start = line.source.find(searched)
    return (start, start + len(searched)) if line.source.count(searched) == 1 else None


def with_arguments(call: Call, **changes: str | None) -> Fix:
    """The call itself with some arguments written anew, or (None) left out."""
    node = call.line.call
    code = changed(node, call.order, changes) if node is not None and call.direct else None
    return replace(call.line, node, code, elsewhere=isinstance(call, ConstructorCall)) if code else Fix()


def changed(node: ast.Call, order: list[str], changes: dict[str, str | None]) -> str | None:
    """A call as text, with some arguments changed; None where they come out of *args or **options."""
    new = copy.deepcopy(node)
    if any(isinstance(arg, ast.Starred) for arg in new.args) or any(k.arg is None for k in new.keywords):
        return None
    for name, value in changes.items():
        position = order.index(name) if name in order else int(name[9:]) - 1 if name.startswith("argument ") else 99
        keyword = next((k for k in new.keywords if k.arg == name), None)
        new.keywords = [k for k in new.keywords if k is not keyword]
        written = ast.parse(value, mode="eval").body if value is not None else None
        if position < len(new.args) and written is not None:
            new.args[position] = written
        elif position < len(new.args):  # those behind it move to their names
            new.keywords[:0] = [ast.keyword(n, a) for n, a in zip(order[position + 1 :], new.args[position + 1 :])]
            new.args = new.args[:position]
        elif written is not None:
            new.keywords.append(ast.keyword(name, written))
    return ast.unparse(ast.fix_missing_locations(new))


def remake(facts: Facts, **changes: Any) -> Fix:
    """The line that makes the network with some arguments changed, if such a network reads the input."""
    if facts.tried(**changes) is None:
        return Fix()
    return remade(facts.call.line, facts.module, **{name: repr(value) for name, value in changes.items()})


def remade(line: Line, module: nn.Module, **changes: str) -> Fix:
    """The line that makes a layer with some numbers changed; where a name is written, it can only be doubled ("2 * {}")."""
    node, order = making(line, module), _order(module)
    written = dict(zip(order, node.args)) | {k.arg: k.value for k in node.keywords if k.arg} if node else {}
    codes: dict[str, str | None] = {}
    for name, value in changes.items():
        old = written.get(name)
        if isinstance(old, ast.Constant) and isinstance(old.value, int):
            value = str(2 * old.value) if value == "2 * {}" else value
        elif old is not None and "{}" not in value:
            return Fix()  # the number has a name or is computed: another line must change
        codes[name] = value.replace("{}", f"({line.text(old)})" if isinstance(old, ast.BinOp) else line.text(old) if old else "")
    code = changed(node, order, codes) if node else None
    return replace(line, node, code, elsewhere=True) if code else Fix()


def _order(module: nn.Module) -> list[str]:
    return ["in_features", "out_features"] if isinstance(module, nn.Linear) else argument_order(type(module))


def making(line: Line, module: nn.Module) -> ast.Call | None:
    """The call in the learner's file that made this layer; None unless it is certain which one it was."""
    found, order = [], _order(module)
    for node in ast.walk(line.tree):
        if isinstance(node, ast.Call) and line.value(node.func) is type(module):
            written = [*zip(order, node.args), *((str(k.arg), k.value) for k in node.keywords)]
            same = all(getattr(module, k, None) == v.value for k, v in written if isinstance(v, ast.Constant))
            found += [node] if same and not any(isinstance(outer, REPEATED) for outer in line.around(node)) else []
    if len(found) > 1:
        whole = [value for value in line.names.values() if is_module(value)]
        places = {place for value in whole for place, part in value.named_modules() if part is module}
        places |= {name for name, value in line.names.items() if value is module}
        found = [n for n in found if (label := _label(line, n)) and any(f".{place}".endswith(f".{label}") for place in places)]
    return found[0] if len(found) == 1 else None


def _label(line: Line, node: ast.AST) -> str:
    """The name that the learner's code gives what this node makes: "rnn" of self.rnn, "rnns.1" of an item of self.rnns."""
    places: list[str] = []
    for parent in line.around(node):
        items = parent.args if isinstance(parent, ast.Call) else getattr(parent, "elts", [])
        if isinstance(parent, ast.Assign):
            target = parent.targets[0]
            if isinstance(target, ast.Tuple) and places and int(places[-1]) < len(target.elts):
                target = target.elts[int(places.pop())]
            return ".".join([getattr(target, "attr", getattr(target, "id", "")), *reversed(places)])
        if isinstance(parent, ast.keyword):
            places.append(str(parent.arg))
        elif node in items and not (isinstance(parent, ast.Call) and isinstance(node, (ast.List, ast.Tuple))):
            places.append(str([*items].index(node)))
        node = parent
    return ""


def layer_between(line: Line, behind: tuple[nn.Sequential, int], name: str, taken: str, returned: str) -> Fix:
    """A small layer put into an nn.Sequential, in the line that makes it."""
    sequential, place = behind
    lists = [n.args for n in ast.walk(line.tree) if isinstance(n, ast.Call) and line.value(n.func) is nn.Sequential]
    kinds = [type(part) for part in sequential]
    lists = [args for args in lists if len(args) == len(kinds) and all(_makes(line, *pair) for pair in zip(args, kinds))]
    module = line.spell("torch.nn.Module")
    if len(lists) != 1 or not module:
        return Fix()
    fix = replace(line, lists[0][place - 1], f"{line.text(lists[0][place - 1])}, {name}()", elsewhere=True)
    head = f"class {name}({module}):\n    def forward(self, {taken}):\n        return {returned}\n\n"
    return fix._replace(code=head + fix.code) if fix else fix


def _makes(line: Line, node: ast.expr, kind: type) -> bool:
    value = line.value(node.func) if isinstance(node, ast.Call) else type(line.value(node))
    return value in (kind, None, type(None))


def first_fix(facts: Facts, argument: str, *templates: str) -> Fix:
    """The first of some changes of an argument that a copy of the network accepts and that can be written in the line."""
    for template in templates:
        value = after(template, facts.call.given.get(argument), x=facts.input, net=facts.module)
        if (value is not None or template == "None") and facts.tried({argument: value}) is not None:
            return rewrite(facts.call, argument, template, facts)
    return Fix()
