"""A line of code that mends a call, written with the learner's own names."""

import ast
import copy
import re
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from .calls import Call, argument_order
from .code import Code, loops, targets, value_of
from .explanations import Fix

GENERIC = {"input": "x", "hx": "h0", "lengths": "lengths", "sequence": "packed", "sequences": "sequences", "data": "x"}
GENERIC |= {"packed_sequences": "packed", "padded_sequences": "x"}


def node_of(call: Call, argument: str) -> ast.expr | None:
    """Where the learner's line writes this argument; None if it does not, or there is no such line."""
    handed_on = call.handed_on and argument == "input"
    if call.code.call is None or not (call.direct or handed_on):
        return None
    orders = {"forward": ["input", "hx"], "make": argument_order(call.made) if call.made else []}
    order = orders.get(call.kind) or PACKING_ORDER.get(call.what, [])
    for keyword in call.code.call.keywords:
        if keyword.arg == argument:
            return keyword.value
    written = call.code.call.args
    if argument in order and order.index(argument) < len(written):
        upto = written[: order.index(argument) + 1]
        return None if any(isinstance(arg, ast.Starred) for arg in upto) else upto[-1]
    return None


PACKING_ORDER = {
    "pack_padded_sequence": ["input", "lengths", "batch_first", "enforce_sorted"],
    "pack_sequence": ["sequences", "enforce_sorted"],
    "pad_packed_sequence": ["sequence", "batch_first", "padding_value", "total_length"],
    "pad_sequence": ["sequences", "batch_first", "padding_value", "padding_side"],
    "unpack_sequence": ["packed_sequences"],
    "unpad_sequence": ["padded_sequences", "lengths", "batch_first"],
    "PackedSequence": ["data", "batch_sizes", "sorted_indices", "unsorted_indices"],
}


def name_of(call: Call, argument: str) -> str:
    """What the learner calls this argument: as in their line, else any name of theirs for it, else a usual one."""
    node = node_of(call, argument)
    if node is not None:
        return call.code.segment(node)
    value = call.given.get(argument)
    same = [k for k, v in call.code.names.items() if v is value and not k.startswith("_") and v is not None]
    fallback = "(h0, c0)" if argument == "hx" and call.lstm else GENERIC.get(argument, argument)
    return same[0] if same else fallback


def network(call: Call) -> str:
    """What the learner calls the network."""
    if call.direct and call.code.call is not None:
        written = call.code.segment(call.code.call.func).removesuffix(".forward")
        if not isinstance(call.code.call.func, ast.Call) and re.fullmatch(r"[\w.]+(\[[^\[\]()]+\])?", written):
            return written
        if written == "super()":
            return "self"
    same = [k for k, v in call.code.names.items() if v is call.module and not k.startswith("_")]
    inside = [
        _path(k, place)
        for k, v in call.code.names.items()
        if isinstance(v, nn.Module) and not k.startswith("_")
        for place, part in v.named_modules()
        if part is call.module
    ]
    return (same + inside + ["cell" if call.cell else "rnn"])[0]


def _path(name: str, place: str) -> str:
    """A module's place in a bigger one, as code: numbers are items of an nn.Sequential."""
    return name + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in place.split(".") if part)


def spell(call: Call, full: str) -> str:
    """How the learner can write this name of torch's with what they have imported: "torch.nn.RNN" as "nn.RNN"."""
    parts = full.split(".")
    modules = [torch]
    for part in parts[1:]:
        modules.append(getattr(modules[-1], part))
    for depth in range(len(parts) - 1, -1, -1):
        rest = parts[depth + 1 :]
        for name, value in call.code.names.items():
            same = value is modules[depth] and (isinstance(value, ModuleType) or callable(value))
            if same and not name.startswith("_"):
                return ".".join([name, *rest])
    return full


def fill(template: str, name: str) -> str:
    """A template with the name in its places.

    >>> fill("{}.transpose(0, 1)", "x")
    'x.transpose(0, 1)'
    """
    return template.replace("{}", name)


def put(call: Call, code: str, place: str = "before") -> Fix:
    """This very line, before (or instead of) the learner's."""
    statement = call.code.statement
    if statement is None:
        return Fix(code, place)
    return Fix(code, place, _heading(call), (statement.lineno, statement.end_lineno or statement.lineno))


def at(statement: ast.stmt | None, code: Code, line: str, place: str) -> Fix:
    """A line that goes before, after or instead of any statement of the learner's."""
    if statement is None:
        return Fix(line, place)
    text = code.segment(statement).splitlines()[0]
    return Fix(line, place, text, (statement.lineno, statement.end_lineno or statement.lineno))


def _heading(call: Call) -> str:
    """The learner's line; of a block only its first line."""
    statement = call.code.statement
    return call.code.text.splitlines()[0] if hasattr(statement, "body") else call.code.text


def change(call: Call, argument: str, template: str) -> Fix:
    """Change one argument of the call: "{}.transpose(0, 1)" stands for `x = x.transpose(0, 1)`."""
    node, name = node_of(call, argument), name_of(call, argument)
    if node is None and argument == "input" and call.behind and template.startswith("{}.") and "weight" not in template:
        return layer_between(call, "Change", "x", fill(template, "x"))
    pair = pair_of(call) if argument == "hx" else []
    if pair and not call.lstm:
        return replace(call, node, pair[0])
    assignable = isinstance(node, (ast.Name, ast.Attribute)) or _is_item(call, node)
    if node is None or assignable and not _read_elsewhere(call, node):
        return once(call, f"{name} = {fill(template, name)}", {name})
    if pair:
        return once(call, f"{', '.join(pair)} = {fill(template, name)}", set(pair))
    if not assignable and not isinstance(node, (ast.Call, ast.Tuple, ast.List, ast.Subscript)) and "{}." in template:
        name = f"({name})"
    return replace(call, node, fill(template, name))


def _is_item(call: Call, node: ast.expr | None) -> bool:
    """Whether this is an item of a list or a dictionary, which can be given a value; not a part of a tensor."""
    return isinstance(node, ast.Subscript) and not isinstance(value_of(node.value, call.code), Tensor | None)


def once(call: Call, line: str, names: set[str]) -> Fix:
    """A line that changes these names: before the learner's, or before the loop in which nothing else makes them."""
    own, before = call.code.statement, call.code.statement
    for loop in loops(call.code):
        made = set().union(*(targets(s) for s in ast.walk(loop) if isinstance(s, ast.stmt) and s not in (own, loop)))
        head = targets(loop.target) if isinstance(loop, ast.For) else set()
        if names & (made - (targets(own) if own in loop.body else set()) | head) or own not in ast.walk(loop):
            break
        before = loop
    return at(before, call.code, line, "before")


def only_if(call: Call, condition: str, generic: str) -> Fix:
    """The learner's line, done only if there is something to do; `generic` where the line is not at hand."""
    simple = call.code.text and not hasattr(call.code.statement, "body")
    return put(call, f"if {condition}: {call.code.text if simple else generic}", "instead")


def layer_between(call: Call, name: str, taken: str, returned: str) -> Fix:
    """A small layer put into the nn.Sequential before this call: into its line, if it is made in the failing one."""
    sequential, place = call.behind
    code, module = call.code, spell(call, "torch.nn.Module")
    head = f"class {name}({module}):\n    def forward(self, {taken}):\n        return {returned}\n"
    for node in ast.walk(code.statement or ast.Pass()):
        made = isinstance(node, ast.Call) and value_of(node.func, code) is nn.Sequential
        if made and len(node.args) == len(sequential):
            before = node.args[place - 1]
            fix = replace(call, before, f"{code.segment(before)}, {name}()")
            return fix._replace(code=head + fix.code)
    whole = network(Call("forward", "", nn.Sequential, sequential, {}, (), {}, code, False))
    return put(call, f"{head}{whole}.insert({place}, {name}())", "make")


def _read_elsewhere(call: Call, node: ast.expr) -> bool:
    """Whether another argument is computed from this one: rnn(x, torch.zeros(1, x.size(0), 4))."""
    arguments = [*call.code.call.args, *(keyword.value for keyword in call.code.call.keywords)]
    parts = (part for argument in arguments if argument is not node for part in ast.walk(argument))
    return any(ast.unparse(part) == ast.unparse(node) for part in parts if isinstance(part, type(node)))


def pair_of(call: Call) -> list[str]:
    """The names in rnn(x, (h0, c0)); nothing if the state is no pair of names."""
    node = node_of(call, "hx")
    if not isinstance(node, ast.Tuple) or len(node.elts) != 2:
        return []
    plain = all(isinstance(part, (ast.Name, ast.Attribute)) for part in node.elts)
    names = [ast.unparse(part) for part in node.elts]
    return names if plain and names[0] != names[1] else []


def change_states(call: Call, template: str) -> Fix:
    """Change every state of a call: h0 of an RNN, or both of an LSTM's (h0, c0)."""
    if not call.lstm:
        return change(call, "hx", template)
    each = fill(template, "s")
    if pair_of(call):
        names = pair_of(call)
        return once(call, f"{', '.join(names)} = ({each} for s in {name_of(call, 'hx')})", set(names))
    return change(call, "hx", f"tuple({each} for s in {{}})")


def replace(call: Call, node: ast.AST, code: str) -> Fix:
    """The learner's statement with one part of it written anew."""
    source, statement = call.code.source, call.code.statement
    lines = source.splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + _characters(lines[node.lineno - 1], node.col_offset)
    end = sum(map(len, lines[: node.end_lineno - 1])) + _characters(lines[node.end_lineno - 1], node.end_col_offset)
    if isinstance(node, ast.GeneratorExp):  # its place in the source takes in the call's own brackets
        code = f"({code})"
    if hasattr(statement, "body"):  # a for or with: its heading alone can't be pasted
        return put(call, code)
    first = sum(map(len, lines[: statement.lineno - 1])) + _characters(lines[statement.lineno - 1], statement.col_offset)
    last = sum(map(len, lines[: statement.end_lineno - 1]))
    last += _characters(lines[statement.end_lineno - 1], statement.end_col_offset)
    return put(call, source[first:start] + code + source[end:last], "instead")


def _characters(line: str, column: int) -> int:
    return len(line.encode()[:column].decode())  # ast counts bytes


def with_arguments(call: Call, generic: str, **changes: str | None) -> Fix:
    """The learner's call with some arguments written anew, or (None) left out."""
    node = call.code.call
    if node is None or not call.direct:
        return put(call, generic, "instead")
    if _starred(node):
        return replace(call, node, generic)
    new = copy.deepcopy(node)
    order = argument_order(call.made) if call.kind == "make" else PACKING_ORDER[call.what]
    for name, value in changes.items():
        position = order.index(name) if name in order else len(new.args)
        keyword = next((k for k in new.keywords if k.arg == name), None)
        if position < len(new.args):
            if value is None:  # those behind it move to their names
                new.keywords = [ast.keyword(n, a) for n, a in zip(order[position + 1 :], new.args[position + 1 :])] + new.keywords
                new.args = new.args[:position]
            else:
                new.args[position] = ast.parse(value, mode="eval").body
        elif keyword is not None:
            new.keywords.remove(keyword)
            if value is not None:
                new.keywords.append(ast.keyword(name, ast.parse(value, mode="eval").body))
        elif value is not None:
            new.keywords.append(ast.keyword(name, ast.parse(value, mode="eval").body))
    return replace(call, node, ast.unparse(ast.fix_missing_locations(new)))


def _starred(node: ast.Call) -> bool:
    return any(isinstance(arg, ast.Starred) for arg in node.args) or any(k.arg is None for k in node.keywords)


def remake(call: Call, **changes: Any) -> Fix:
    """The line that makes the network, with some of its arguments changed."""
    name = network(call)
    return put(call, f"{name} = {spell(call, 'torch.' + call.what)}({made_with(call.module, **changes)})", "make")


def made_with(module: nn.Module, **changes: Any) -> str:
    """The arguments a network was made with, those left out that have torch's default.

    >>> made_with(nn.LSTM(3, 4, batch_first=True), input_size=7)
    '7, 4, batch_first=True'
    """
    usual = dict(num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, dropout=0.0, bidirectional=False)
    usual |= dict(proj_size=0)
    sizes = [str(changes.pop(key, getattr(module, key))) for key in ("input_size", "hidden_size")]
    options = {key: getattr(module, key) for key in usual if hasattr(module, key)}
    # An LSTM and a GRU have no nonlinearity to choose.
    options = {key: value for key, value in options.items() if not isinstance(value, Tensor)} | changes
    return ", ".join(sizes + [f"{key}={value!r}" for key, value in options.items() if value != usual.get(key)])
