"""Fixes: the learner's own line with one part of its syntax tree written anew, wherever in the line that part is.

A template is how a value is to be written: "{}" stands for the argument, "{x}" for an expression with the sizes of the input,
"{net}" for the network, "{torch.zeros}" for that name as the learner has imported it. A name that is not in scope gives no fix.
"""

import ast
import builtins
import copy
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .calls import Call, ConstructorCall, ForwardCall, argument_order
from .explanations import Fix
from .facts import Facts, after
from .source import Line, stored_in


class Spot(NamedTuple):
    """Where a value is written, and how."""

    node: ast.AST
    code: str
    form: str = "{}"  # what goes in the node's place: "{}, *args[1:]" for a part of *args


# Functions that call the network for the learner, and the position of its inputs among their arguments.
WRAPPERS: dict[Any, int] = {torch.jit.trace: 1, torch.func.functional_call: 2, torch.onnx.export: 1}


def spot(call: Call, argument: str) -> Spot | None:
    """Where the learner's line writes an argument of this call; None if it does not."""
    line, node = call.line, call.line.call
    if node is None:
        return None
    if not call.direct:
        return _handed_on(line, node, call.given.get(argument)) if isinstance(call, ForwardCall) else None
    for keyword in node.keywords:
        if keyword.arg == argument:
            return Spot(keyword.value, line.text(keyword.value))
        if keyword.arg is None and argument in (line.value(keyword.value) or ()):
            code = line.text(keyword.value)
            return Spot(keyword.value, f'{code}["{argument}"]', f'{{**{code}, "{argument}": {{}}}}')
    position = call.order.index(argument) if argument in call.order else len(node.args)
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            whole, code = line.value(arg.value), line.text(arg.value)
            if not isinstance(whole, (list, tuple)):
                return None
            if position < len(whole):
                front, back = (
                    f"*{code}[:{position}], " * (position > 0),
                    f", *{code}[{position + 1} :]" * (position + 1 < len(whole)),
                )
                return Spot(arg, f"{code}[{position}]", f"{front}{{}}{back}")
            position -= len(whole)
        elif position == 0:
            return Spot(arg, line.text(arg))
        else:
            position -= 1
    return None


def _handed_on(line: Line, node: ast.Call, value: Any) -> Spot | None:
    """Where a line gives this very value to something that calls the network with it."""
    arguments = [*node.args, *(k.value for k in node.keywords)]
    parts = [part for arg in arguments for part in ast.walk(arg) if isinstance(part, ast.expr)]
    same = next((part for part in parts if value is not None and line.value(part) is value), None)
    position = next((at for f, at in WRAPPERS.items() if line.value(node.func) is f), len(node.args))
    if same is None and position < len(node.args):
        same = node.args[position]
        same = same.elts[0] if isinstance(same, ast.Tuple) and same.elts else same
    return Spot(same, line.text(same)) if same is not None and not isinstance(same, ast.Starred) else None


def rewrite(call: Call, argument: str, template: str, facts: Facts | None = None) -> Fix:
    """The learner's line with one argument of the call written anew; no fix if its place or a name is missing."""
    found = spot(call, argument)
    if found is None:
        return Fix()
    code = fill(call.line, template, found, facts)
    return replace(call.line, found.node, found.form.replace("{}", code)) if code else Fix()


def fill(line: Line, template: str, found: Spot, facts: Facts | None = None) -> str | None:
    """A template in the learner's words; None if a name it needs is not in scope."""
    code, missing = template, False

    def word(match: re.Match[str]) -> str:
        nonlocal missing
        name = match[1]
        sizes = sizes_of(facts) if facts and name == "x" else None
        said = line.spell(name) if name.startswith("torch") else sizes if name == "x" else network(facts) if facts else None
        missing |= said is None
        return said or ""

    code = re.sub(r"\{(torch[\w.]*|x|net)\}", word, code)
    written = found.code
    bare = isinstance(
        found.node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Tuple, ast.List, ast.Starred, ast.keyword)
    )
    if found.form == "{}" and not bare and re.search(r"\{\}[.\[]", code):
        written = f"({written})"
    return None if missing else code.replace("{}", written)


def network(facts: Facts) -> str | None:
    """How the learner's line can name the network; None if it has no name there."""
    call, line = facts.call, facts.call.line
    node = line.call
    func = node.func if node and call.direct else None
    if isinstance(func, ast.Attribute) and func.attr == "forward":
        func = func.value
    if isinstance(func, ast.Call) and isinstance(func.func, ast.Name) and func.func.id == "super":
        return "self"
    if func is not None and line.value(func) is facts.module:
        return line.text(func)
    return network_name(line, facts.module)


def network_name(line: Line, module: Any) -> str | None:
    """How the line names a layer, as it is called there or by any name; None for one without a name."""
    if line.call is not None and line.value(line.call.func) is module:
        return line.text(line.call.func)
    return line.name_of(lambda value: value is module)


def sizes_of(facts: Facts) -> str | None:
    """An expression that has the first sizes of the input and can be written twice: of x.to(device) it is x."""
    found, line = spot(facts.call, "input"), facts.call.line
    if found is None:
        return None
    if isinstance(found.node, ast.Starred):
        return found.code
    parts = [n for n in ast.walk(found.node) if isinstance(n, (ast.Name, ast.Attribute, ast.Subscript))]
    for part in parts:
        value = line.value(part)
        kind = PackedSequence if facts.packed else Tensor
        if value is facts.input or isinstance(value, kind) and value.shape[:2] == facts.shape[:2]:
            return line.text(part)
    return None


def in_scope(code: str, line: Line) -> bool:
    """Whether every name in a piece of code has a value in the learner's line."""
    tree = ast.parse(f"f({code})", mode="eval")
    bound = stored_in(tree) | {"f"} | {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)}
    return all(n.id in bound | line.names.keys() or hasattr(builtins, n.id) for n in ast.walk(tree) if isinstance(n, ast.Name))


def replace(line: Line, node: ast.AST, code: str, made_elsewhere: bool = False) -> Fix:
    """The lines around a node with that node written anew."""
    statement, lines = line.statement_of(node), line.source.splitlines(keepends=True)
    place = _place(node, line, lines)
    try:
        scope = made_elsewhere or isinstance(node, ast.stmt) or in_scope(code, line)
    except SyntaxError:
        return Fix()
    if statement is None or place is None or not scope:
        return Fix()
    start, end = place
    source = line.source[:start] + code + line.source[end:]
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    body = getattr(statement, "body", None)
    if body and not isinstance(body, ast.expr):  # of a block, its heading
        last = max(getattr(node, "end_lineno", first), body[0].lineno - 1)
    more = len(source.splitlines()) - len(lines)
    written = source.splitlines()[first - 1 : last + more]
    return _fix(line, written, (first, last))


def _fix(line: Line, written: list[str], lines: tuple[int, int], place: str = "instead") -> Fix:
    """Lines of code that go before, after or instead of some lines; none if the whole would be no Python any more."""
    all_lines, (first, last) = line.source.splitlines(), lines
    front, back = (first - 1, last) if place == "instead" else (last, last) if place == "after" else (first - 1, first - 1)
    if not _parses("\n".join([*all_lines[:front], *written, *all_lines[back:]])):
        return Fix()
    indent = len(written[0]) - len(written[0].lstrip())
    dedented = [text[indent:] if not text[:indent].strip() else text for text in written]
    at = "\n".join(text.strip() for text in all_lines[first - 1 : last])
    return Fix("\n".join(dedented), place, at, lines)


def beside(line: Line, statement: ast.stmt, code: str, place: str) -> Fix:
    """A line of code before or after a statement."""
    text = line.source.splitlines()[statement.lineno - 1]
    if text[: statement.col_offset].strip() or not in_scope(code.partition(" = ")[2], line):
        return Fix()  # another statement is on the same line, or a name is missing
    written = [text[: statement.col_offset] + part for part in code.splitlines()]
    return _fix(line, written, (statement.lineno, statement.end_lineno or statement.lineno), place)


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _place(node: Any, line: Line, lines: list[str]) -> tuple[int, int] | None:
    """From which character of the source to which a node is written; None if that can't be told."""
    starts = [sum(map(len, lines[:n])) for n in range(len(lines) + 1)]
    start = starts[node.lineno - 1] + len(lines[node.lineno - 1].encode()[: node.col_offset].decode(errors="replace"))
    end = starts[node.end_lineno - 1] + len(lines[node.end_lineno - 1].encode()[: node.end_col_offset].decode(errors="replace"))
    written = line.source[start:end]
    if isinstance(node, (ast.Starred, ast.GeneratorExp, ast.stmt, ast.keyword)) or _same(written, node):
        return start, end
    statement = line.statement_of(node)  # inside an f-string the tree's places may be wrong: look for the text
    whole, searched = line.source, ast.unparse(node)
    if statement is None or whole.count(searched) != 1:
        return None
    return whole.index(searched), whole.index(searched) + len(searched)


def _same(written: str, node: ast.AST) -> bool:
    try:
        return ast.unparse(ast.parse(f"({written})", mode="eval")) == ast.unparse(node)
    except SyntaxError:
        return False


def with_arguments(call: Call, **changes: str | None) -> Fix:
    """The call itself with some arguments written anew, or (None) left out."""
    node, line = call.line.call, call.line
    if node is None or not call.direct:
        return Fix()
    return replace(line, node, _changed(node, call.order, changes) or "", made_elsewhere=isinstance(call, ConstructorCall))


def _changed(node: ast.Call, order: list[str], changes: dict[str, str | None]) -> str | None:
    """A call as text, with some arguments changed; None where they come out of *args or **options."""
    new = copy.deepcopy(node)
    for name, value in changes.items():
        position = order.index(name) if name in order else len(new.args)
        position = int(name[9:]) - 1 if name.startswith("argument ") else position
        if any(isinstance(arg, ast.Starred) for arg in new.args) or any(k.arg is None for k in new.keywords):
            return None
        written = ast.parse(value, mode="eval").body if value is not None else None
        keyword = next((k for k in new.keywords if k.arg == name), None)
        if position < len(new.args) and written is not None:
            new.args[position] = written
        elif position < len(new.args):  # those behind it move to their names
            new.keywords[:0] = [ast.keyword(n, a) for n, a in zip(order[position + 1 :], new.args[position + 1 :])]
            new.args = new.args[:position]
        elif keyword is not None and written is not None:
            keyword.value = written
        elif keyword is not None:
            new.keywords.remove(keyword)
        elif written is not None:
            new.keywords.append(ast.keyword(name, written))
    return ast.unparse(ast.fix_missing_locations(new))


def remake(facts: Facts, **changes: Any) -> Fix:
    """The line that makes the network with some arguments changed, if such a network reads the input."""
    if facts.tried(**changes) is None:
        return Fix()
    return remade(facts.call.line, facts.module, **{name: repr(value) for name, value in changes.items()})


def remade(line: Line, module: nn.Module, **changes: str) -> Fix:
    """The line that makes a layer with some of its arguments changed; where a name is written, only doubled ("2 * {}")."""
    node = making(line, module)
    if node is None:
        return Fix()
    order = _order(module)
    written = dict(zip(order, node.args)) | {k.arg: k.value for k in node.keywords if k.arg}
    codes: dict[str, str | None] = {}
    for name, value in changes.items():
        old = written.get(name)
        if old is not None and not isinstance(old, ast.Constant) and "{}" not in value:
            return Fix()  # the number has a name or is computed: another line must change
        kept = line.text(old) if old is not None else ""
        codes[name] = value.replace("{}", f"({kept})" if isinstance(old, (ast.BinOp, ast.IfExp)) else kept)
        codes[name] = str(2 * old.value) if value == "2 * {}" and isinstance(old, ast.Constant) else codes[name]
    code = _changed(node, order, codes)
    return replace(line, node, code, made_elsewhere=True) if code else Fix()


def _order(module: nn.Module) -> list[str]:
    return ["in_features", "out_features"] if isinstance(module, nn.Linear) else argument_order(type(module))


def making(line: Line, module: nn.Module) -> ast.Call | None:
    """The call in the learner's file that made this layer; None unless it is certain which one it was."""
    many = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp, ast.Lambda)

    def may_be(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call) or line.value(node.func) is not type(module):
            return False
        written = [*zip(_order(module), node.args), *((k.arg, k.value) for k in node.keywords)]
        return all(getattr(module, str(k), None) == v.value for k, v in written if isinstance(v, ast.Constant))

    found = [node for node in ast.walk(line.tree) if isinstance(node, ast.Call) and may_be(node)]
    found = [node for node in found if not any(isinstance(outer, many) for outer in line.around(node))]
    if len(found) > 1:
        places = _places_of(line, module)
        found = [n for n in found if (label := _label(line, n)) and any(p == label or p.endswith("." + label) for p in places)]
    return found[0] if len(found) == 1 else None


def _places_of(line: Line, module: nn.Module) -> set[str]:
    """The names a layer goes by: plain ones, and its places in the modules in scope."""
    places = {name for name, value in line.names.items() if value is module}
    for value in line.names.values():
        if isinstance(value, nn.Module) and "_modules" in vars(value):
            places |= {place for place, part in value.named_modules() if part is module}
    return places


def _label(line: Line, node: ast.AST) -> str:
    """The name that the learner's code gives what this node makes: "rnn" of self.rnn, "rnns.1" of an item."""
    outer, label = line.around(node), ""
    for parent in outer:
        items = parent.args if isinstance(parent, ast.Call) else getattr(parent, "elts", [])
        place = next((i for i, item in enumerate(items) if item is node), None)
        if isinstance(parent, ast.keyword) and parent.arg:
            label = parent.arg
        elif isinstance(parent, ast.Assign):
            target = parent.targets[0]
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            head, _, rest = label.partition(".") if isinstance(target, ast.Tuple) else ("0", "", label)
            named = names[int(head)] if head.isdigit() and int(head) < len(names) else target
            return ".".join(filter(None, [getattr(named, "attr", getattr(named, "id", "")), rest]))
        elif place is not None and not (
            isinstance(parent, (ast.List, ast.Tuple)) and isinstance(line.around(parent)[0], ast.Call)
        ):
            label = ".".join(filter(None, [str(place), label]))
        elif place is not None:
            node, label = parent, str(place)
            continue
        node = parent
    return label


def layer_between(line: Line, behind: tuple[nn.Sequential, int], name: str, taken: str, returned: str) -> Fix:
    """A small layer put into an nn.Sequential, in the line that makes it."""
    sequential, place = behind
    lists = [n.args for n in ast.walk(line.tree) if isinstance(n, ast.Call) and line.value(n.func) is nn.Sequential]
    fitting = [args for args in lists if len(args) == len(sequential) and _makes(line, args, sequential)]
    if len(fitting) != 1 or not (module := line.spell("torch.nn.Module")):
        return Fix()
    before = fitting[0][place - 1]
    fix = replace(line, before, f"{line.text(before)}, {name}()", made_elsewhere=True)
    head = f"class {name}({module}):\n    def forward(self, {taken}):\n        return {returned}\n\n"
    return fix._replace(code=head + fix.code) if fix else fix


def _makes(line: Line, args: list[ast.expr], sequential: nn.Sequential) -> bool:
    """Whether the layers that are written are of the kinds that the nn.Sequential has."""
    kinds = [line.value(arg.func) if isinstance(arg, ast.Call) else type(line.value(arg)) for arg in args]
    return all(kind is type(part) or kind is None for kind, part in zip(kinds, sequential))


def first_fix(facts: Facts, argument: str, *templates: str, accept: Callable[[Any], bool] = lambda answer: True) -> Fix:
    """The first of some changes of an argument that gives the right answer on a copy and can be written in the line."""
    for template in templates:
        value = after(template, facts.call.given.get(argument), x=facts.input, net=facts.module)
        answer = None if value is None else facts.tried({argument: value})
        if answer is not None and accept(answer):
            fix = rewrite(facts.call, argument, template, facts)
            if fix:
                return fix
    return Fix()
