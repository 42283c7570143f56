"""What a network returns, where one tensor was expected: the pair (output, h_n), a packed batch, both directions."""

import ast
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..calls import RECURRENT, Call, in_sequential, known_as
from ..code import Code, Step, code_of, statements, value_of
from ..explanations import Explanation, Fix, Side, culprit
from ..mends import at, fill, layer_between, network, put, replace, spell
from ..sizes import output_names, shape_side, state_names


def explain_returned(error: BaseException, steps: list[Step]) -> Explanation | None:
    """All that a network returned, used as if it were one tensor, or taken apart in another way than it is made."""
    code = code_of(steps)
    if code is None:
        return None
    steps = steps[1 + max(i for i, step in enumerate(steps) if not step.in_torch) :]  # torch's, below the learner's line
    if not steps and isinstance(error, (ValueError, TypeError)) and isinstance(code.node, ast.Tuple):
        return _unpacked(code)
    layer = next((s for s in reversed(steps) if s.frame.f_code.co_name == "_call_impl"), None)
    value = _taken(steps, layer, code)
    if isinstance(value, Tensor) and isinstance(layer and layer.owner, nn.Linear):
        return _both_directions(_call(code, steps, layer, value))
    if not isinstance(error, (TypeError, AttributeError)):
        return None
    call = _call(code, steps, layer, value)
    before = [call.behind[0][call.behind[1] - 1]] if call.behind else []
    known = [part for part in before if isinstance(part, RECURRENT)] + _in_reach(code, steps)
    giver = next((rnn for rnn in known if _returned(rnn, value)), None)
    if giver is None:
        return None
    if _returned(giver, value) == "packed":
        return _still_packed(call, giver)
    return _too_much(call, giver, _returned(giver, value))


def _taken(steps: list[Step], layer: Step | None, code: Code) -> Any:
    """What was used as a tensor: the input of the layer, of torch's function, or what the learner's own line touches."""
    if layer is not None:
        return next(iter(layer.frame.f_locals.get("args", ())), None)
    if steps:
        return next((s.frame.f_locals["input"] for s in reversed(steps) if "input" in s.frame.f_locals), None)
    return next((value for value in (_value(part, code) for part in _touched(code.node)) if isinstance(value, tuple)), None)


def _touched(node: ast.AST | None) -> list[ast.expr]:
    """The parts of an expression that an operation works on: out in out.shape and in out[-1], the arguments of a call."""
    return [node.value] if isinstance(node, (ast.Attribute, ast.Subscript)) else getattr(node, "args", [])


def _value(node: ast.AST, code: Code) -> Any:
    """The value of a name; of a network's call that was not kept, what such a call returns."""
    if not isinstance(node, ast.Call):
        return value_of(node, code)
    called = value_of(node.func, code)
    return (called,) if isinstance(called, RECURRENT) else None


def _in_reach(code: Code, steps: list[Step]) -> list[nn.Module]:
    """The recurrent networks that the learner's names, or the modules on the way to the error, lead to."""
    owners = [step.owner for step in steps]
    whole = [m for m in [*code.names.values(), *owners] if isinstance(m, nn.Module) and "_modules" in vars(m)]
    found = {id(part): part for module in whole for part in module.modules() if isinstance(part, RECURRENT)}
    return sorted(found.values(), key=lambda part: part in owners)  # what failed is seldom what gave


def _returned(rnn: nn.Module, value: Any) -> str:
    """What this is of all that such a network returns: "all", the "states" of an LSTM, a "packed" output, or nothing."""
    cell, lstm = isinstance(rnn, RECURRENT[1]), isinstance(rnn, (nn.LSTM, nn.LSTMCell))
    if not isinstance(value, tuple):
        return ""
    if value == (rnn,):  # the call itself, whose result nobody kept
        return "all" if lstm or not cell else ""
    both = 1 if cell else 1 + rnn.bidirectional
    width = getattr(rnn, "proj_size", 0) or rnn.hidden_size
    if isinstance(value, PackedSequence):
        return "packed" if not cell and value.data.shape[-1:] == (both * width,) else ""
    if len(value) != 2:
        return ""
    first, second = value
    if lstm and _state(rnn, first, width) and _state(rnn, second, rnn.hidden_size):
        return "all" if cell else "states"
    if isinstance(second, tuple) != lstm:
        return ""
    second = second[0] if lstm and second else second
    output = first.data if isinstance(first, PackedSequence) else first
    right = not cell and isinstance(output, Tensor) and output.shape[-1:] == (both * width,) and _state(rnn, second, width)
    if right and isinstance(first, Tensor) and first.dim() == second.dim() == 3:
        right = first.size(0 if rnn.batch_first else 1) == second.size(1)  # else it came from another, batch_first or not
    return "all" if right else ""


def _state(rnn: nn.Module, value: Any, width: int) -> bool:
    if not isinstance(value, Tensor) or value.shape[-1:] != (width,):
        return False
    return isinstance(rnn, RECURRENT[1]) or value.dim() > 1 and value.size(0) == rnn.num_layers * (1 + rnn.bidirectional)


def _call(code: Code, steps: list[Step], layer: Step | None, value: Any) -> Call:
    """The layer's call; of a line of the learner's own, just that line."""
    module = layer.owner if layer else None
    direct = layer is None or steps[0].owner is module
    what = "" if module is None else known_as(type(module))
    behind = in_sequential(steps, module)
    return Call("forward", what, type(module), module, {"input": value}, (), {}, code, direct, behind=behind)


def _too_much(call: Call, giver: nn.Module, which: str) -> Explanation:
    """All of (output, h_n), or both states of an LSTM, where one tensor was expected."""
    lstm, cell = isinstance(giver, (nn.LSTM, nn.LSTMCell)), isinstance(giver, RECURRENT[1])
    names = "h, c" if cell else "output, (h_n, c_n)" if lstm else "output, h_n"
    rule = f"{known_as(type(giver))} returns two things: {names}. {_taker(call)} one tensor."
    given, expected = _sides(giver, call.given["input"], which)
    if call.behind is not None and call.behind[0][call.behind[1] - 1] is giver:
        last = "pair[0][:, -1]" if giver.batch_first else "pair[0][-1]"
        cause = (
            "nn.Sequential hands on all that a layer returned. A small layer between picks the output. "
            f"For one answer a sequence, let it return {last}."
        )
        return Explanation(rule, given, expected, cause, layer_between(call, "Output", "pair", "pair[0]"))
    if which == "states":
        each = _of_each(call)
        if each is not None:
            cause = "An LSTM's state is a pair (h_n, c_n): do it to each of both."
            both = (expected, Side(given[1].name, given[1].axes))
            return Explanation(rule, given, both, cause, each)
        cause = "This is an LSTM's pair (h_n, c_n). Of h_n, the last one is the top layer's."
        return Explanation(rule, given, expected, cause, _in_the_line(call, "{}[0][-1]"))
    cause = f"All that it returned was kept under one name: take it apart, {names}."
    return Explanation(rule, given, expected, cause, _apart(call, names) or _in_the_line(call, "{}[0]"))


def _taker(call: Call) -> str:
    """What happens to it there."""
    node = call.code.node
    if call.module is None and isinstance(node, ast.Attribute):
        return f".{node.attr} belongs to"
    return f"{call.what or 'This line'} takes"


def _sides(giver: nn.Module, value: tuple, which: str) -> tuple[tuple[Side, ...], Side]:
    """The parts of what was returned, the second of them too much; and the one that should go on."""
    if value == (giver,):
        return (Side("output"), culprit("h_n", "in one tuple")), Side("output", note="alone")
    first, second = value
    names = ("h", "c") if isinstance(giver, nn.LSTMCell) else ("h_n", "c_n") if which == "states" else ("output", "h_n")
    second = second[0] if isinstance(second, tuple) else second
    if isinstance(first, PackedSequence):
        one = Side(names[0], note="packed")
    elif which == "states" or names[0] == "h":
        one = shape_side(names[0], first.shape, state_names(giver, first.dim()))
    else:
        one = shape_side(names[0], first.shape, output_names(giver, first.dim()))
    more = shape_side(names[1], second.shape, state_names(giver, second.dim()), note="in one tuple", wrong_note=True)
    return (one, more), one


def _of_each(call: Call) -> Fix | None:
    """state.detach() of a pair of states: the same of each."""
    node, code = call.code.node, call.code
    if not isinstance(node, ast.Attribute) or node.attr not in ("detach", "clone", "to", "cpu", "cuda", "contiguous"):
        return None
    whole = next((n for n in ast.walk(code.statement) if isinstance(n, ast.Call) and n.func is node), None)
    if whole is None:
        return None
    rest = code.segment(whole).removeprefix(code.segment(node.value))
    return replace(call, whole, f"tuple(s{rest} for s in {code.segment(node.value)})")


def _apart(call: Call, names: str) -> Fix | None:
    """The line that kept all under one name, written anew: output, h_n = rnn(x)."""
    code = call.code
    nodes = [_argument(call)] if call.module is not None else _touched(code.node)
    name = next((n.id for n in nodes if isinstance(n, ast.Name)), None)
    line = code.statement.lineno if code.statement else 0
    kept = [
        s
        for s in statements(code)
        if isinstance(s, ast.Assign) and s.lineno <= line and [ast.unparse(t) for t in s.targets] == [name]
        and isinstance(s.value, ast.Call) and isinstance(value_of(s.value.func, code), RECURRENT)
    ]  # fmt: skip
    if not kept:
        return None
    rest = names.partition(", ")[2]
    return at(kept[-1], code, f"{name}, {rest} = {code.segment(kept[-1].value)}", "instead")


def _argument(call: Call) -> ast.expr | None:
    node = call.code.call
    return node.args[0] if call.direct and node is not None and node.args else None


def _in_the_line(call: Call, template: str) -> Fix:
    """The learner's line with the one tensor picked."""
    nodes = [_argument(call)] if call.module is not None else _touched(call.code.node)
    node = next((n for n in nodes if n is not None and isinstance(_value(n, call.code), tuple)), None)
    if node is None:
        name = next((k for k, v in call.code.names.items() if v is call.given["input"]), "x")
        return put(call, f"{name} = {fill(template, name)}")
    name = call.code.segment(node)
    if isinstance(node, ast.Name) and template == "{}[0]":  # it may be a tensor the next time round
        return put(call, f"if isinstance({name}, tuple): {name} = {name}[0]")
    return replace(call, node, fill(template, name))


def _still_packed(call: Call, giver: nn.Module) -> Explanation:
    rule = f"The output of a packed batch is packed, too. {_taker(call)} one padded tensor."
    given, expected = culprit("input", "PackedSequence"), Side("input", note="a padded tensor")
    pad = spell(call, "torch.nn.utils.rnn.pad_packed_sequence")
    node = _argument(call) if call.module is not None else next(iter(_touched(call.code.node)), None)
    name = call.code.segment(node) if isinstance(node, (ast.Name, ast.Attribute)) else "output"
    fix = put(call, f"{name}, lengths = {pad}({name}{', batch_first=True' * giver.batch_first})")
    cause = "A PackedSequence holds no padding and has no axis of steps. Pad it again; behind each length stand zeros."
    return Explanation(rule, given, expected, cause, fix)


def _both_directions(call: Call) -> Explanation | None:
    """A layer made for hidden_size numbers behind a bidirectional network, which gives twice as many."""
    layer, value = call.module, call.given["input"]
    networks = [n for n in _in_reach(call.code, []) if isinstance(n, RECURRENT[0]) and n.bidirectional]
    width = next((n.proj_size or n.hidden_size for n in networks if (n.proj_size or n.hidden_size) == layer.in_features), 0)
    if not width or value.shape[-1:] != (2 * width,):
        return None
    name, more = network(call), "" if layer.bias is not None else ", bias=False"
    names = ["rows", "2*H_out"] if value.dim() == 2 else output_names(networks[0], value.dim())
    given = shape_side("input", value.shape, names, [value.dim() - 1])
    fix = put(call, f"{name} = {spell(call, 'torch.nn.Linear')}({2 * width}, {layer.out_features}{more})", "make")
    rule = "With two directions the output has 2*H_out features: forward and backward side by side."
    cause = f"{name} was made for {width}, as for one direction."
    return Explanation(rule, given, Side(name, note=f"nn.Linear({2 * width}, …)"), cause, fix)


def _unpacked(code: Code) -> Explanation | None:
    """output, h, c = lstm(x), or h, c = gru_cell(x): not as many names as there are parts."""
    statement = code.statement
    value = statement.value if isinstance(statement, ast.Assign) else None
    rnn = value_of(value.func, code) if isinstance(value, ast.Call) else None
    if not isinstance(rnn, RECURRENT):
        return None
    names = [ast.unparse(n) for n in ast.walk(statement.targets[0]) if isinstance(n, (ast.Name, ast.Attribute))]
    if isinstance(rnn, nn.LSTMCell):
        parts, cause = "h, c", "An LSTMCell returns its two states, and no output beside them."
        target = ", ".join(names[-2:])
    elif isinstance(rnn, RECURRENT[1]):
        parts, cause = "h", "A cell returns its new state alone; that is its output as well."
        target = " = ".join(names[:2])
    elif isinstance(rnn, nn.LSTM):
        parts, cause = "output, (h_n, c_n)", "An LSTM's two states come as a pair of their own."
        output, h_n, c_n = [*names, "h_n", "c_n"][:3] if len(names) > 2 else (names[0], "h_n", "c_n")
        target = f"{output}, ({h_n}, {c_n})"
    else:
        parts, cause = "output, h_n", "Only an LSTM has a cell state c."
        target = ", ".join(names[:2])
    given = culprit("names", ast.unparse(statement.targets[0]))
    fix = at(statement, code, f"{target} = {code.segment(value)}", "instead")
    return Explanation(f"{known_as(type(rnn))} returns {parts}.", given, Side("names", note=parts), cause, fix)
