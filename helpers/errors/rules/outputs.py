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
from ..facts import described, networks_in, shape_side, tensors_in
from ..fixes import layer_between, remade, replace
from ..source import Frame, Line, is_module, line_of, stored_in


@dataclass(frozen=True, eq=False)
class Use:
    """A value that was used as one tensor: what it is, where it is written, and what took it."""

    value: Any
    node: ast.expr | None  # the expression in the learner's line; None if it is not there
    line: Line
    layer: Any = None  # the module that was given it
    behind: tuple[nn.Sequential, int] | None = None

    def explained(self, rule: str, cause: str, fix: Fix = Fix(), expected: str = "one tensor") -> Explanation:  # noqa: B008
        own, node = type(self.layer).__module__.startswith("torch."), self.line.node
        taker = f"nn.{type(self.layer).__name__} takes" if self.layer is not None and own else "This line takes"
        taker = f".{node.attr} belongs to" if self.layer is None and isinstance(node, ast.Attribute) else taker
        said = "a tuple" if isinstance(self.value[0], RECURRENT) else described(self.value)
        given = culprit("value", said)
        return Explanation(f"{rule} {taker} {expected}.", given, Side("value", note=expected), cause, fix)

    def fixed(self, template: str) -> Fix:
        """The line with another expression in the place of the value, whenever it is a plain tuple."""
        if self.node is None:
            return Fix()
        code = self.line.text(self.node)
        new = template.replace("{}", code)
        if isinstance(self.node, ast.Name) and any(code in stored_in(loop) for loop in self.line.loops()):
            new = f"{new} if type({code}) is tuple else {code}"
            new = new if isinstance(self.line.around(self.node)[0], ast.Call) else f"({new})"
        return replace(self.line, self.node, new)


def explain_output(error: BaseException, steps: list[Frame]) -> Explanation | None:
    """All that a network returned, used as if it were one tensor, or taken apart in another way than it is made."""
    last = max((i for i, step in enumerate(steps) if not step.in_torch), default=-1)
    line, below = line_of(steps[: last + 1]), steps[last + 1 :]
    unpacked = _taken_apart(line) if not below and isinstance(error, (ValueError, TypeError)) else None
    if unpacked is not None:
        return unpacked
    reach = networks_in_reach(line, below)
    for use in _uses(line, below):
        found = _directions(use, reach) if isinstance(use.value, Tensor) and isinstance(use.layer, nn.Linear) else None
        if isinstance(error, (TypeError, AttributeError)) and isinstance(use.value, tuple) and use.value:
            found = _explain(use, reach)
        if found is not None:
            return found
    return None


def _uses(line: Line, below: list[Frame]) -> Iterator[Use]:
    """The values that may have been taken for one tensor: what a layer or function of torch was given, or the line touches."""
    layer = next((s for s in reversed(below) if s.function == "_call_impl"), None)
    if not below:
        for part in _touched(line.node):
            called = line.value(part.func) if isinstance(part, ast.Call) else None
            yield Use((called,) if isinstance(called, RECURRENT) else line.value(part), part, line)
        return
    names = ("input", "tensors", "target")
    values = [s.frame.f_locals[name] for s in reversed(below) for name in names if name in s.frame.f_locals]
    owner = layer.owner if layer else None
    count = 1 if isinstance(owner, RECURRENT) else 2  # a network's state is looked at elsewhere
    for value in layer.frame.f_locals.get("args", ())[:count] if layer else values[:2]:
        parts = [part for part in ast.walk(line.node or ast.Pass()) if isinstance(part, ast.expr)]
        node = next((part for part in parts if value is not None and line.value(part) is value), None)
        first = line.call.args[0] if line.call is not None and line.call.args and below[0].owner is owner else None
        direct = first if isinstance(first, ast.Call) and isinstance(line.value(first.func), RECURRENT) else None
        yield Use(value, node or direct, line, owner, behind(below, owner))


def _touched(node: ast.AST | None) -> list[ast.expr]:
    """The parts of an expression that an operation works on: out in out.shape and out[-1], the arguments of a call."""
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        return [node.value]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    parts = node.args if isinstance(node, ast.Call) else []
    return [item for part in parts for item in (part.elts if isinstance(part, (ast.List, ast.Tuple)) else [part])]


def _explain(use: Use, reach: list[Any]) -> Explanation | None:
    before = use.behind[0][use.behind[1] - 1] if use.behind else None
    while isinstance(before, nn.Sequential) and len(before):
        before = before[-1]
    known = [before] if isinstance(before, RECURRENT) else []
    known += sorted(reach, key=lambda rnn: rnn is use.layer)  # what failed is seldom what returned it
    if isinstance(use.value, PackedSequence):
        return None if isinstance(use.layer, RECURRENT) else _packed(use, known)
    giver = next((rnn for rnn in known if returned(rnn, use.value)), None)
    if giver is None:
        return _padded(use) or _own_model(use, reach)
    names = "h, c" if isinstance(giver, CELLS) else "output, (h_n, c_n)" if isinstance(giver, LSTMS) else "output, h_n"
    rule = f"{known_as(type(giver))} returns two things: {names}."
    if returned(giver, use.value) == "states":
        each = _of_each(use)
        cause = "This is the pair (h_n, c_n) of an LSTM: do it to each of the two."
        cause = cause if each else "This is the pair (h_n, c_n) of an LSTM. The last of h_n is the top layer's."
        return use.explained(rule, cause, each or use.fixed("{}[0][-1]"))
    if before is giver and use.behind:
        last = "pair[0][:, -1]" if giver.batch_first else "pair[0][-1]"
        cause = "nn.Sequential hands on all that a layer returned. A small layer in between picks output; "
        fix = layer_between(use.line, use.behind, "Output", "pair", "pair[0]")
        return use.explained(rule, f"{cause}for one answer per sequence, let it return {last}.", fix)
    cause = f"All that it returned was used as one value. Take it apart, {names}, or pick the part you need."
    return use.explained(rule, cause, use.fixed("{}[0]"))


def returned(rnn: Any, value: Any) -> str:
    """What this is of all that such a network returns: "all", the "states" of an LSTM, or nothing."""
    cell, lstm = isinstance(rnn, CELLS), isinstance(rnn, LSTMS)
    if value == (rnn,):  # the call itself, whose result nobody kept
        return "all" if lstm or not cell else ""
    if len(value) != 2:
        return ""
    (first, second), width = value, getattr(rnn, "proj_size", 0) or rnn.hidden_size
    if lstm and _is_state(rnn, first, width) and _is_state(rnn, second, rnn.hidden_size):
        return "all" if cell else "states"
    if cell or isinstance(second, tuple) != lstm:
        return ""
    second, output = second[0] if lstm and second else second, first.data if isinstance(first, PackedSequence) else first
    if not isinstance(output, Tensor) or output.is_nested or output.shape[-1:] != ((1 + rnn.bidirectional) * width,):
        return ""
    N = 0 if rnn.batch_first else 1
    same = first is not output or output.dim() == 2 or output.dim() == 3 and output.size(N) == second.shape[-2]
    return "all" if _is_state(rnn, second, width) and same and (first is not output or output.dim() == second.dim()) else ""


def _is_state(rnn: Any, value: Any, width: int) -> bool:
    if not isinstance(value, Tensor) or value.is_nested or value.shape[-1:] != (width,):
        return False
    return isinstance(rnn, CELLS) or value.dim() > 1 and value.size(0) == rnn.num_layers * (1 + rnn.bidirectional)


def _of_each(use: Use) -> Fix:
    """state.detach() of a pair of states: the same of each."""
    node, line = use.line.node, use.line
    whole = next((n for n in line.around(node) if isinstance(n, ast.Call) and n.func is node), None) if node else None
    if whole is None or not isinstance(node, ast.Attribute) or node.attr not in ("detach", "clone", "to", "cpu", "cuda", "float"):
        return Fix()
    code = line.text(node.value)
    return replace(line, whole, f"tuple(s{line.text(whole).removeprefix(code)} for s in {code})")


def _packed(use: Use, known: list[Any]) -> Explanation:
    """A packed batch where a padded tensor was expected."""
    line, width, call = use.line, use.value.data.shape[-1:], use.line.call
    cause, padded = "A PackedSequence has no padding and no axis of time steps.", "one padded tensor"
    if isinstance(use.layer, nn.Embedding):
        code = line.text(use.node) if isinstance(use.node, (ast.Name, ast.Attribute)) else ""
        own = code and call is not None and line.value(call.func) is use.layer
        fix = replace(line, call, f"{code}._replace(data={line.text(call.func)}({code}.data))") if own and call else Fix()
        cause = "The ids were packed before the embedding. Embed first and pack the vectors, or embed the packed data."
        return use.explained("A packed batch is not a tensor.", cause, fix, "a tensor of ids")
    rnns = [n for n in known if isinstance(n, nn.RNNBase)]
    giver = next((n for n in rnns if width == ((1 + n.bidirectional) * (n.proj_size or n.hidden_size),)), None)
    rule = "The output of a packed batch is packed, too." if giver is not None else "This batch is packed."
    if isinstance(line.node, ast.Subscript):
        cause += " For the last time step of each sequence use h_n: the last column of a padded output is padding for most."
        return use.explained(rule, cause, Fix(), padded)
    pad = line.spell("torch.nn.utils.rnn.pad_packed_sequence")
    first = ", batch_first=True" if giver is not None and giver.batch_first else ""
    fix = use.fixed(f"{pad}({{}}{first})[0]") if pad and giver is not None else Fix()
    return use.explained(rule, f"{cause} Pad it again with pad_packed_sequence; after each length there are zeros.", fix, padded)


def _padded(use: Use) -> Explanation | None:
    """The pair of pad_packed_sequence, (padded, lengths)."""
    padded, lengths = use.value if len(use.value) == 2 else (None, None)
    if not isinstance(padded, Tensor) or not isinstance(lengths, Tensor) or padded.is_nested or padded.dim() < 2:
        return None
    if lengths.dim() != 1 or lengths.dtype != torch.int64 or len(lengths) not in padded.shape[:2]:
        return None
    cause = "Both were kept under one name. Take them apart, padded, lengths, or pick the padded batch."
    return use.explained("pad_packed_sequence returns two things: padded, lengths.", cause, use.fixed("{}[0]"))


def _own_model(use: Use, reach: list[Any]) -> Explanation | None:
    """What the learner's own model returned, an answer with its state or more, where one tensor was expected."""
    value, line, made = use.value, use.line, None
    for statement in line.statements():
        call = statement.value if isinstance(statement, ast.Assign) else None
        if use.node and isinstance(call, ast.Call) and ast.unparse(statement.targets[0]) == ast.unparse(use.node):  # type: ignore
            made = call if is_module(line.value(call.func)) else made
    givers, rest = networks_in(tensors_in(value)), [*tensors_in(value[1:])]
    states = [t for t in rest for rnn in givers or reach if t.dim() > 1 and _is_state(rnn, t, rnn.hidden_size)]
    pair = value[-1] if isinstance(value[-1], tuple) and len(value) == 2 else ()
    lstm = len(pair) == 2 and all(isinstance(t, Tensor) and t.dim() == 3 for t in (value[0], *pair))
    if not givers and not lstm and not (states and made is not None):
        return None
    rule = f"{line.text(made) if made is not None else 'The model'} returned a tuple of {len(value)}."
    cause = "All that it returned was used as one value. Take it apart"
    cause += (
        ": the first part looks like the answer, the rest like the state."
        if states or lstm
        else ", and use the part that is meant."
    )
    return use.explained(rule, cause, use.fixed("{}[0]") if (states or lstm) and isinstance(value[0], Tensor) else Fix())


def _directions(use: Use, reach: list[Any]) -> Explanation | None:
    """A head made for one direction of a bidirectional network, or for both when it is given one."""
    layer, value, line = use.layer, use.value, use.line
    if value.is_nested or not value.dim() or value.shape[-1] == layer.in_features:
        return None
    before, last = networks_in([value]), value.shape[-1]
    two = [n for n in reach if isinstance(n, nn.RNNBase) and n.bidirectional]
    two = [n for n in two if n in before or not before and _flows(line, n)]
    widths = [n.proj_size or n.hidden_size for n in two]
    name = line.name_of(layer) or "The layer"
    given, need = shape_side("input", value.shape, wrong=[value.dim() - 1]), layer.in_features
    if need in widths and last == 2 * need:
        rule = "With two directions the output has 2*H_out features: forward and backward side by side."
        cause, fix = f"{name} was made for {need} features, as for one direction.", remade(line, layer, in_features="2 * {}")
        return Explanation(rule, given, Side("layer", note=f"nn.Linear({last}, …)"), cause, fix)
    if last not in widths or need != 2 * last:
        return None
    rule = "With two directions, h_n[-2] is the final state of the forward direction, and h_n[-1] of the backward direction."
    cause = f"{name} was made for both directions, {need} features, and was given one of them. Join the two."
    return Explanation(rule, given, Side("input", note=f"{need} features"), cause, _joined(line))


def _joined(line: Line) -> Fix:
    """head(h_n[-1]) with both directions of the top layer side by side."""
    node = line.call.args[0] if line.call is not None and line.call.args else None
    if isinstance(node, ast.Name):  # last = h_n[-1] on a line of its own
        kept = [s for s in line.statements() if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == node.id]
        node = kept[0].value if len(kept) == 1 else None
    whole, cat = line.value(node.value) if isinstance(node, ast.Subscript) else None, line.spell("torch.cat")
    if not isinstance(node, ast.Subscript) or not isinstance(whole, Tensor) or whole.dim() != 3 or not cat:
        return Fix()
    name, one = line.text(node.value), ast.unparse(node.slice) in ("-1", "-2", "0", "1")
    return replace(line, node, f"{cat}([{name}[-2], {name}[-1]], dim=1)") if one else Fix()


def _flows(line: Line, rnn: Any) -> bool:
    """Whether the argument is computed from a name that a call of this network was kept under."""
    names = {n.id for arg in (line.call.args if line.call else []) for n in ast.walk(arg) if isinstance(n, ast.Name)}
    kept = [s for s in line.statements() if isinstance(s, ast.Assign) and isinstance(s.value, ast.Call)]
    return any(names & stored_in(s) for s in kept if isinstance(s.value, ast.Call) and line.value(s.value.func) is rnn)


def _taken_apart(line: Line) -> Explanation | None:
    """output, h, c = lstm(x), or h, c = gru_cell(x): not as many names as there are parts."""
    statement = line.statement if isinstance(line.statement, ast.Assign) else None
    value, target = (statement.value, statement.targets[0]) if statement else (None, None)
    rnn = line.value(value.func) if isinstance(value, ast.Call) else None
    inside = line.node is None or target is not None and line.node in ast.walk(target)
    if not isinstance(rnn, RECURRENT) or not isinstance(target, ast.Tuple) or not inside:
        return None
    parts = [n for n in ast.walk(target) if isinstance(n, (ast.Name, ast.Attribute)) and isinstance(n.ctx, ast.Store)]
    names = [ast.unparse(n) for n in parts]
    n = len(names)
    what, code, cause = {
        nn.LSTMCell: ("h, c", ", ".join(names[1:]) * (n == 3), "It has no output beside its two states: h is its output."),
        CELLS: ("h", " = ".join(names) * (n == 2), "A cell returns its new state alone, which is its output as well."),
        nn.LSTM: ("output, (h_n, c_n)", "{}, ({}, {})".format(*names) if n == 3 else "", "The two states are a pair."),
        nn.RNNBase: ("output, h_n", ", ".join(names[:2]) * (n > 1), "Only an LSTM has a cell state c."),
    }[next(kind for kind in (nn.LSTMCell, CELLS, nn.LSTM, nn.RNNBase) if isinstance(rnn, kind))]
    read = {n.id for n in ast.walk(line.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    dropped = {name for name in names if name not in code}
    fix = replace(line, target, code, elsewhere=True) if code and not read & dropped else Fix()
    rule, given = f"{known_as(type(rnn))} returns {what}.", culprit("names", ast.unparse(target))
    return Explanation(rule, given, Side("names", note=what), cause, fix)
