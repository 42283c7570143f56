"""What a network returns, where one tensor was expected: the pair (output, h_n), a packed batch, both directions."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..calls import CELLS, LSTMS, RECURRENT, behind, known_as, networks_in_reach
from ..explanations import Explanation, Fix, Side, culprit
from ..facts import described, networks_in, shape_side
from ..fixes import layer_between, network_name, remade, replace
from ..source import Line, Step, is_module, line_of


@dataclass(frozen=True, eq=False)
class Use:
    """A value that was used as one tensor: what it is, where it is written, and what took it."""

    value: Any
    node: ast.expr | None  # the expression in the learner's line; None if it is not there
    line: Line
    layer: Any = None  # the module that was given it
    behind: tuple[nn.Sequential, int] | None = None

    @property
    def taker(self) -> str:
        if self.layer is not None:
            return (
                f"nn.{type(self.layer).__name__} takes"
                if type(self.layer).__module__.startswith("torch.")
                else "This layer takes"
            )
        return f".{self.line.node.attr} belongs to" if isinstance(self.line.node, ast.Attribute) else "This line takes"

    def fixed(self, template: str) -> Fix:
        """The line with another expression in the place of the value, whenever it is a plain tuple."""
        if self.node is None:
            return Fix()
        code = self.line.text(self.node)
        again = isinstance(self.node, ast.Name) and self.line.statement and self.line.loops()
        new = template.replace("{}", code)
        if again and self.node.id in {n for loop in self.line.loops() for n in _stored_beside(loop)}:  # type: ignore[union-attr]
            new = f"({new} if type({code}) is tuple else {code})"
        return replace(self.line, self.node, new)


def _stored_beside(loop: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def explain_output(error: BaseException, steps: list[Step]) -> Explanation | None:
    """All that a network returned, used as if it were one tensor, or taken apart in another way than it is made."""
    last = max((i for i, step in enumerate(steps) if not step.in_torch), default=None)
    if last is None:
        return None
    line, below = line_of(steps[: last + 1]), steps[last + 1 :]
    reach = networks_in_reach(line, below)
    if not below and isinstance(error, (ValueError, TypeError)):
        unpacked = _taken_apart(line)
        if unpacked is not None:
            return unpacked
    for use in _uses(line, below):
        if isinstance(use.value, Tensor):
            found = _directions(use, reach) if isinstance(use.layer, nn.Linear) else None
        elif isinstance(error, (TypeError, AttributeError)) and isinstance(use.value, (tuple, list)):
            found = _explain(use, reach)
        else:
            found = None
        if found is not None:
            return found
    return None


def _uses(line: Line, below: list[Step]) -> Iterator[Use]:
    """The values that may have been taken for one tensor: what a layer or function of torch was given, or the line touches."""
    layer = next((s for s in reversed(below) if s.function == "_call_impl"), None)
    if layer is not None:
        for value in layer.frame.f_locals.get("args", ())[:2]:
            yield Use(value, _written(line, value, below[0].owner is layer.owner), line, layer.owner, behind(below, layer.owner))
    elif below:
        seen = [
            s.frame.f_locals[name] for s in reversed(below) for name in ("input", "tensors", "target") if name in s.frame.f_locals
        ]
        for value in seen[:2]:
            yield Use(value, _written(line, value, len(below) == 1), line)
    else:
        for part in _touched(line.node):
            yield Use(_value(part, line), part, line)


def _touched(node: ast.AST | None) -> list[ast.expr]:
    """The parts of an expression that an operation works on: out in out.shape and out[-1], the arguments of a call."""
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        return [node.value]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    parts = node.args if isinstance(node, ast.Call) else []
    return [item for part in parts for item in (part.elts if isinstance(part, (ast.List, ast.Tuple)) else [part])]


def _value(node: ast.AST, line: Line) -> Any:
    """The value of a name; of a network's call that was not kept, the network in a tuple."""
    called = line.value(node.func) if isinstance(node, ast.Call) else None
    return (called,) if isinstance(called, RECURRENT) else line.value(node)


def _written(line: Line, value: Any, direct: bool) -> ast.expr | None:
    """Where the learner's line writes a value that it gives to torch."""
    parts = [part for part in ast.walk(line.node or ast.Pass()) if isinstance(part, ast.expr)]
    same = next((part for part in parts if value is not None and line.value(part) is value), None)
    first = line.call.args[0] if direct and line.call is not None and line.call.args else None
    return same or (first if isinstance(first, ast.Call) and isinstance(line.value(first.func), RECURRENT) else None)


def _explain(use: Use, reach: list[Any]) -> Explanation | None:
    before = use.behind[0][use.behind[1] - 1] if use.behind else None
    while isinstance(before, nn.Sequential) and len(before):
        before = before[-1]
    known = [before] if isinstance(before, RECURRENT) else []
    known += [rnn for rnn in reach if rnn is not use.layer] + [rnn for rnn in reach if rnn is use.layer]
    if isinstance(use.value, PackedSequence):
        return _packed(use, known)
    giver = next((rnn for rnn in known if returned(rnn, use.value)), None)
    if giver is not None:
        return _too_much(use, giver, returned(giver, use.value), before is giver)
    return _padded(use) or _own_model(use, reach)


def returned(rnn: Any, value: Any) -> str:
    """What this is of all that such a network returns: "all", the "states" of an LSTM, or nothing."""
    cell, lstm = isinstance(rnn, CELLS), isinstance(rnn, LSTMS)
    if not isinstance(value, tuple) or isinstance(value, PackedSequence):
        return ""
    if value == (rnn,):  # the call itself, whose result nobody kept
        return "all" if lstm or not cell else ""
    if len(value) != 2:
        return ""
    (first, second), width = value, getattr(rnn, "proj_size", 0) or rnn.hidden_size
    if lstm and _is_state(rnn, first, width) and _is_state(rnn, second, rnn.hidden_size):
        return "all" if cell else "states"
    if cell or isinstance(second, tuple) != lstm:
        return ""
    second = second[0] if lstm and second else second
    output = first.data if isinstance(first, PackedSequence) else first
    if not isinstance(output, Tensor) or output.is_nested or output.shape[-1:] != ((1 + rnn.bidirectional) * width,):
        return ""
    if not _is_state(rnn, second, width):
        return ""
    if isinstance(first, PackedSequence):
        return "all"
    same = first.dim() == second.dim() and (first.dim() < 3 or first.size(0 if rnn.batch_first else 1) == second.size(1))
    return "all" if same else ""


def _is_state(rnn: Any, value: Any, width: int) -> bool:
    if not isinstance(value, Tensor) or value.is_nested or value.shape[-1:] != (width,):
        return False
    return isinstance(rnn, CELLS) or value.dim() > 1 and value.size(0) == rnn.num_layers * (1 + rnn.bidirectional)


def _too_much(use: Use, giver: Any, which: str, in_sequential: bool) -> Explanation:
    """All of (output, h_n), or both states of an LSTM, where one tensor was expected."""
    names = "h, c" if isinstance(giver, CELLS) else "output, (h_n, c_n)" if isinstance(giver, LSTMS) else "output, h_n"
    rule = f"{known_as(type(giver))} returns two things: {names}. {use.taker} one tensor."
    given, expected = _sides(giver, use.value, which)
    if which == "states":
        each = _of_each(use)
        if each:
            both = (expected, Side(given[1].name, given[1].axes))
            return Explanation(rule, given, both, "The state of an LSTM is a pair (h_n, c_n): do it to each of the two.", each)
        cause = "This is the pair (h_n, c_n) of an LSTM. The last of h_n is the top layer's."
        return Explanation(rule, given, expected, cause, use.fixed("{}[0][-1]"))
    if in_sequential and use.behind:
        last = "pair[0][:, -1]" if giver.batch_first else "pair[0][-1]"
        cause = "nn.Sequential hands on all that a layer returned. A small layer in between picks output; "
        cause += f"for one answer per sequence, let it return {last}."
        fix = layer_between(use.line, use.behind, "Output", "pair", "pair[0]")
        return Explanation(rule, given, expected, cause, fix)
    cause = f"All that it returned was used as one value. Take it apart, {names}, or pick the part you need."
    return Explanation(rule, given, expected, cause, use.fixed("{}[0]"))


def _sides(giver: Any, value: tuple[Any, ...], which: str) -> tuple[tuple[Side, ...], Side]:
    """The parts of what was returned, the second of them too much; and the one that should go on."""
    if value == (giver,):
        return (Side("output"), culprit("h_n", "in one tuple")), Side("output", note="alone")
    first, second = value
    cell = isinstance(giver, CELLS)
    names = ("h", "c") if cell else ("h_n", "c_n") if which == "states" else ("output", "h_n")
    second = second[0] if isinstance(second, tuple) else second
    states = ("N", "H_out") if cell else ("D*num_layers", "N", "H_out") if second.dim() == 3 else ("D*num_layers", "H_out")
    outputs = (("N", "L") if getattr(giver, "batch_first", False) else ("L", "N"))[: 2 if second.dim() == 3 else 0] or ("L",)
    if isinstance(first, PackedSequence):
        one = Side(names[0], note="packed")
    else:
        one = shape_side(names[0], first.shape, states if which == "states" or cell else (*outputs, "D*H_out"))
    more = shape_side(names[1], second.shape, states, note="in one tuple", wrong_note=True)
    return (one, more), one


def _of_each(use: Use) -> Fix:
    """state.detach() of a pair of states: the same of each."""
    node, line = use.line.node, use.line
    if not isinstance(node, ast.Attribute) or node.attr not in ("detach", "clone", "to", "cpu", "cuda", "contiguous", "float"):
        return Fix()
    whole = next((n for n in line.around(node) if isinstance(n, ast.Call) and n.func is node), None)
    if whole is None:
        return Fix()
    rest = line.text(whole).removeprefix(line.text(node.value))
    return replace(line, whole, f"tuple(s{rest} for s in {line.text(node.value)})")


def _packed(use: Use, known: list[Any]) -> Explanation:
    """A packed batch where a padded tensor was expected."""
    line, data = use.line, use.value.data
    given, expected = culprit("input", "PackedSequence"), Side("input", note="a padded tensor")
    if isinstance(use.layer, nn.Embedding):
        node, written = use.node, use.line.text(use.node) if use.node else ""
        call = line.call
        fix = Fix()
        if isinstance(node, (ast.Name, ast.Attribute)) and call is not None and line.value(call.func) is use.layer:
            fix = replace(line, call, f"{written}._replace(data={line.text(call.func)}({written}.data))")
        cause = (
            "The ids were packed before the embedding. Embed first and pack the vectors, or embed the data of the packed batch."
        )
        return Explanation("nn.Embedding takes a tensor of ids, not a packed batch.", given, expected, cause, fix)
    giver = next(
        (
            n
            for n in known
            if data.shape[-1:] == ((1 + getattr(n, "bidirectional", 0)) * (getattr(n, "proj_size", 0) or n.hidden_size),)
        ),
        None,
    )
    rule = f"{'The output of a packed batch is packed, too' if giver is not None else 'This batch is packed'}. {use.taker} one padded tensor."
    cause = "A PackedSequence has no padding and no axis of time steps."
    if isinstance(line.node, ast.Subscript):
        cause += " For the last time step of each sequence, use h_n: the last column of the padded output is padding for the shorter ones."
        return Explanation(rule, given, expected, cause)
    pad, first = line.spell("torch.nn.utils.rnn.pad_packed_sequence"), giver is not None and getattr(giver, "batch_first", False)
    fix = use.fixed(f"{pad}({{}}{', batch_first=True' * bool(first)})[0]") if pad and giver is not None else Fix()
    return Explanation(
        rule, given, expected, f"{cause} Pad it again with pad_packed_sequence; after each length there are zeros.", fix
    )


def _padded(use: Use) -> Explanation | None:
    """The pair of pad_packed_sequence, (padded, lengths)."""
    value = use.value
    if not isinstance(value, tuple) or len(value) != 2 or not all(isinstance(v, Tensor) and not v.is_nested for v in value):
        return None
    padded, lengths = value
    if lengths.dim() != 1 or lengths.dtype != torch.int64 or padded.dim() < 2 or len(lengths) not in padded.shape[:2]:
        return None
    given = (shape_side("padded", padded.shape), shape_side("lengths", lengths.shape, note="in one tuple", wrong_note=True))
    rule = f"pad_packed_sequence returns two things: padded, lengths. {use.taker} one tensor."
    cause = "Both were kept under one name. Take them apart, padded, lengths, or pick the padded batch."
    return Explanation(rule, given, given[0], cause, use.fixed("{}[0]"))


def _own_model(use: Use, reach: list[Any]) -> Explanation | None:
    """What the learner's own model returned, an answer with its state or more, where one tensor was expected."""
    value, tensors = use.value, [*_tensors(use.value)]
    if not tensors or not isinstance(value, tuple):
        return None
    givers = networks_in(tensors)
    rest = [t for part in value[1:] for t in _tensors(part)]
    states = [
        t
        for t in rest
        for rnn in givers or reach
        if t.dim() > 1 and _is_state(rnn, t, t.shape[-1]) and t.shape[-1] == rnn.hidden_size
    ]
    if not givers and not (states and use.line.value(use.node) is value and _kept_call(use)):
        return None
    made = _kept_call(use)
    what = f"{use.line.text(made)} returned" if made is not None else "The model returned"
    rule = f"{what} a tuple of {len(value)}. {use.taker} one tensor."
    cause = "All that it returned was used as one value. Take it apart"
    cause += (
        ": the first part looks like the answer, the rest like the state." if states else ", and use the part that is meant here."
    )
    fix = use.fixed("{}[0]") if states and isinstance(value[0], Tensor) else Fix()
    return Explanation(rule, culprit("value", described(value)), Side("value", note="one tensor"), cause, fix)


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in tuples and lists of them."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        for part in value:
            yield from _tensors(part)


def _kept_call(use: Use) -> ast.Call | None:
    """The call whose result was kept under the name that is used here."""
    code, line = use.line.text(use.node) if use.node is not None else "", use.line
    kept = [s.value for s in line.statements() if isinstance(s, ast.Assign) and [ast.unparse(t) for t in s.targets] == [code]]
    calls = [call for call in kept if isinstance(call, ast.Call) and is_module(line.value(call.func))]
    return calls[-1] if calls else None


def _directions(use: Use, reach: list[Any]) -> Explanation | None:
    """A head made for one direction of a bidirectional network, or for both when it is given one."""
    layer, value, line = use.layer, use.value, use.line
    if value.is_nested or not value.dim() or value.shape[-1] == layer.in_features:
        return None
    two = [n for n in reach if isinstance(n, nn.RNNBase) and n.bidirectional]
    behind_it = networks_in([value])
    two = [n for n in two if n in behind_it or not behind_it and _flows(line, use.node, n)]
    widths = [n.proj_size or n.hidden_size for n in two]
    name = network_name(line, layer) or "the layer"
    if layer.in_features in widths and value.shape[-1] == 2 * layer.in_features:
        width = layer.in_features
        given = shape_side("input", value.shape, [*[""] * (value.dim() - 1), "D*H_out"], [value.dim() - 1])
        rule = "With two directions the output has 2*H_out features: forward and backward side by side."
        cause, fix = f"{name} was made for {width} features, as for one direction.", remade(line, layer, in_features="2 * {}")
        return Explanation(rule, given, Side(name, note=f"nn.Linear({2 * width}, …)"), cause, fix)
    if value.shape[-1] not in widths or layer.in_features != 2 * value.shape[-1]:
        return None
    given = shape_side("input", value.shape, [*[""] * (value.dim() - 1), "H_out"], [value.dim() - 1])
    rule = "With two directions, h_n has the states of each direction apart: h_n[-2] is the forward one's, h_n[-1] the backward one's."
    cause = f"{name} was made for both directions, {layer.in_features} features, and was given one of them. Join the two."
    return Explanation(rule, given, Side("input", note=f"{layer.in_features} features"), cause, _joined(use))


def _joined(use: Use) -> Fix:
    """head(h_n[-1]) with both directions of the top layer side by side."""
    line = use.line
    node = line.call.args[0] if line.call is not None and line.call.args else None
    if isinstance(node, ast.Name):  # last = h_n[-1] on a line of its own
        kept = [s for s in line.statements() if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == node.id]
        node = kept[0].value if len(kept) == 1 else None
    whole = line.value(node.value) if isinstance(node, ast.Subscript) else None
    cat = line.spell("torch.cat")
    if (
        not isinstance(node, ast.Subscript)
        or not isinstance(whole, Tensor)
        or whole.dim() != 3
        or not cat
        or ast.unparse(node.slice) not in ("-1", "0", "1", "-2")
    ):
        return Fix()
    name = line.text(node.value)
    return replace(line, node, f"{cat}([{name}[-2], {name}[-1]], dim=1)")


def _flows(line: Line, node: ast.AST | None, rnn: Any) -> bool:
    """Whether the argument is computed from a name that a call of this network was kept under."""
    call = line.call
    names = {n.id for arg in (call.args if call else []) for n in ast.walk(arg) if isinstance(n, ast.Name)}
    kept = [
        s
        for s in line.statements()
        if isinstance(s, ast.Assign) and isinstance(s.value, ast.Call) and line.value(s.value.func) is rnn
    ]
    return any(names & _stored_beside(statement) for statement in kept)


def _taken_apart(line: Line) -> Explanation | None:
    """output, h, c = lstm(x), or h, c = gru_cell(x): not as many names as there are parts."""
    statement = line.statement
    value = statement.value if isinstance(statement, ast.Assign) else None
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    rnn = line.value(value.func) if isinstance(value, ast.Call) else None
    if (
        not isinstance(rnn, RECURRENT)
        or not isinstance(target, ast.Tuple)
        or (line.node is not None and line.node is not target and line.node not in ast.walk(target))
    ):
        return None
    names = [
        ast.unparse(n) for n in ast.walk(target) if isinstance(n, (ast.Name, ast.Attribute)) and isinstance(n.ctx, ast.Store)
    ]
    if isinstance(rnn, nn.LSTMCell):
        parts, cause, new = "h, c", "An LSTMCell returns its two states, and no output beside them: h is its output.", names[1:]
        code = ", ".join(new) if len(new) == 2 else ""
    elif isinstance(rnn, CELLS):
        parts, cause = "h", "A cell returns its new state alone, which is its output as well."
        code = " = ".join(names) if len(names) == 2 else ""
    elif isinstance(rnn, nn.LSTM):
        parts, cause = "output, (h_n, c_n)", "The two states of an LSTM are a pair of their own."
        code = f"{names[0]}, ({names[1]}, {names[2]})" if len(names) == 3 else ""
    else:
        parts, cause = "output, h_n", "Only an LSTM has a cell state c."
        code = ", ".join(names[:2]) if len(names) > 1 else ""
    dropped = [name for name in names if name not in code]
    used = {n.id for n in ast.walk(line.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    fix = replace(line, target, code, made_elsewhere=True) if code and not used & set(dropped) else Fix()
    rule, given = f"{known_as(type(rnn))} returns {parts}.", culprit("names", ast.unparse(target))
    return Explanation(rule, given, Side("names", note=parts), cause, fix)
