"""What a network returns, where one tensor was expected: the pair (output, h_n), a packed batch, both directions."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ...pictures.sides import shape_side
from ..calls import CELLS, LSTMS, RECURRENT, behind, known_as
from ..explanations import Explanation, Fix, Rule
from ..facts import described, networks_in, tensors_in, weights_in
from ..fixes import layer_between, remade, replace
from ..source import COMPREHENSIONS, Frame, Line, is_module, line_of, stored_in

PAIR = "All that it returned was used as one value. Take it apart"


@dataclass(frozen=True, eq=False)
class Use:
    """A value that was used as one tensor: what it is, where it is written, and what took it."""

    value: Any
    node: ast.expr | None  # the expression in the learner's line; None if it is not there
    line: Line
    layer: Any = None  # the module that was given it
    behind: tuple[nn.Sequential, int] | None = None

    def explained(self, rule: str, cause: str, fix: Fix | str, expected: str = "one tensor") -> Explanation:
        """The explanation; its fix may be given as another expression in the place of the value."""
        own, node = type(self.layer).__module__.startswith("torch."), self.line.node
        taker = f"nn.{type(self.layer).__name__} takes" if self.layer is not None and own else "This line takes"
        taker = f".{node.attr} belongs to" if self.layer is None and isinstance(node, ast.Attribute) else taker
        given = "a tuple" if isinstance(self.value[0], RECURRENT) else described(self.value)
        fix = self.fixed(fix) if isinstance(fix, str) else fix
        return Rule("value", f"{rule} {taker} {expected}.", given, expected).explained(cause, fix)

    def fixed(self, template: str) -> Fix:
        """The line with another expression in the place of the value; not of a name that may be a tensor in the next round."""
        around = self.line.around(self.node) if isinstance(self.node, ast.Name) else []
        rounds = [outer for outer in around if isinstance(outer, COMPREHENSIONS)] or (self.line.loops() if around else [])
        if self.node is None or not template or any(self.line.text(self.node) in stored_in(outer) for outer in rounds):
            return Fix()
        return replace(self.line, self.node, template.replace("{}", self.line.text(self.node)))


def explain_output(error: BaseException, steps: list[Frame]) -> Explanation | None:
    """All that a network returned, used as if it were one tensor, or taken apart in another way than it is made."""
    last = max((i for i, step in enumerate(steps) if not step.in_torch), default=-1)
    line, below = line_of(steps[: last + 1]), steps[last + 1 :]
    # The networks that the learner's names, or the modules on the way to the error, lead to; each once.
    whole = [module for module in (*line.names.values(), *(step.owner for step in steps)) if is_module(module)]
    reach = list(dict.fromkeys(part for module in whole for part in module.modules() if isinstance(part, RECURRENT)))
    for use in _uses(line, below):
        if isinstance(use.value, Tensor) and isinstance(use.layer, nn.Linear):
            found = _directions(use, reach)
        else:
            single = isinstance(error, (TypeError, AttributeError)) and isinstance(use.value, tuple) and use.value
            found = _explain(use, reach) if single else None
        if found is not None:
            return found
    return _taken_apart(line) if not below and isinstance(error, (ValueError, TypeError)) else None


def _uses(line: Line, below: list[Frame]) -> Iterator[Use]:
    """The values that may have been taken for one tensor: what a layer or function of torch was given, or the line touches."""
    for part in () if below else _touched(line.node):
        called = line.value(part.func) if isinstance(part, ast.Call) else None
        yield Use((called,) if isinstance(called, RECURRENT) else line.value(part), part, line)
    layer = next((s for s in reversed(below) if s.function == "_call_impl"), None)
    owner = layer.owner if layer else None
    seen = [s.frame.f_locals for s in reversed(below)]
    values = [names[name] for names in seen for name in ("input", "tensors", "target") if name in names][:2]
    if layer:  # a network's state is looked at elsewhere
        values = [*layer.frame.f_locals.get("args", ())][: 1 if isinstance(owner, RECURRENT) else 2]
    for value in values:
        parts = [part for part in ast.walk(line.node or ast.Pass()) if isinstance(part, ast.expr)]
        node = next((part for part in parts if value is not None and line.value(part) is value), None)
        first = line.call.args[0] if line.call is not None and line.call.args and below[0].owner is owner else None
        direct = first if isinstance(first, ast.Call) and isinstance(line.value(first.func), RECURRENT) else None
        yield Use(value, node or direct, line, owner, behind(below, owner))


def _touched(node: ast.AST | None) -> list[ast.expr]:
    """The parts of an expression that an operation works on: out in out.shape and out[-1], the arguments of a call."""
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        return [node.value]
    parts = [node.left, node.right] if isinstance(node, ast.BinOp) else node.args if isinstance(node, ast.Call) else []
    each = [getattr(part, "elts", [getattr(part, "elt", part)]) for part in parts]  # of a list, a tuple, a comprehension
    return [item for items in each for item in items]


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
        return _padded(use) or _own_model(use)
    names = _parts(giver)
    rule = f"{known_as(type(giver))} returns two things: {names}."
    if returned(giver, use.value) == "states":
        node, line, cause = use.line.node, use.line, "This is the pair (h_n, c_n) of an LSTM"
        if isinstance(node, ast.Attribute) and node.attr in ("detach", "clone", "to", "cpu", "cuda", "float"):
            whole = line.around(node)[0]
            code = line.text(node.value)
            fix = replace(line, whole, f"tuple(s{line.text(whole).removeprefix(code)} for s in {code})")
            return use.explained(rule, f"{cause}: do it to each of the two.", fix)
        return use.explained(rule, f"{cause}. The last of h_n is the top layer's.", "{}[0][-1]")
    if before is giver and use.behind:
        last = "pair[0][:, -1]" if giver.batch_first else "pair[0][-1]"
        cause = "nn.Sequential hands on all that a layer returned. A small layer in between picks output; "
        fix = layer_between(use.line, use.behind)
        return use.explained(rule, f"{cause}for one answer per sequence, let it return {last}.", fix)
    return use.explained(rule, f"{PAIR}, {names}, or pick the part you need.", "{}[0]")


def _parts(rnn: Any) -> str:
    """The names of all that a network returns."""
    if isinstance(rnn, CELLS):
        return "h, c" if isinstance(rnn, LSTMS) else "h"
    return "output, (h_n, c_n)" if isinstance(rnn, LSTMS) else "output, h_n"


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
    if not isinstance(output, Tensor) or output.is_nested or not _is_state(rnn, second, width):
        return ""
    N = 0 if rnn.batch_first else 1
    same = output.dim() == second.dim() and (output.dim() == 2 or output.size(N) == second.shape[-2])
    right = output.shape[-1:] == ((1 + rnn.bidirectional) * width,)
    return "all" if right and (first is not output or same) else ""


def _is_state(rnn: Any, value: Any, width: int) -> bool:
    if not isinstance(value, Tensor) or value.is_nested or value.shape[-1:] != (width,):
        return False
    return isinstance(rnn, CELLS) or value.dim() > 1 and value.size(0) == rnn.num_layers * (1 + rnn.bidirectional)


def _packed(use: Use, known: list[Any]) -> Explanation:
    """A packed batch where a padded tensor was expected."""
    line, width, cause = use.line, use.value.data.shape[-1:], "A PackedSequence has no padding and no axis of time steps."
    if isinstance(use.layer, nn.Embedding):
        packed = "The ids were packed before the embedding. Embed first and pack the vectors, or embed the packed data."
        return use.explained("A packed batch is not a tensor.", packed, "", "a tensor of ids")
    rnns = [n for n in known if isinstance(n, nn.RNNBase)]
    giver = next((n for n in rnns if width == ((1 + n.bidirectional) * (n.proj_size or n.hidden_size),)), None)
    rule = "The output of a packed batch is packed, too." if giver is not None else "This batch is packed."
    cause += " pad_packed_sequence pads it; after each length there are zeros."
    pad, name = line.spell("torch.nn.utils.rnn.pad_packed_sequence"), getattr(use.node, "id", "")
    own = name in line.parameters or any(name in stored_in(loop) for loop in line.loops())
    if isinstance(line.node, ast.Subscript):
        cause += " For the last time step of each sequence use h_n: the last column of a padded output is padding for most."
    elif isinstance(line.node, ast.Attribute) and line.node.attr in ("size", "shape"):
        cause += " The number of its sequences is int(x.batch_sizes[0]), for a packed x."
    elif own or len(set(rnns)) != 1:
        cause += " If a network reads it next, keep it packed: x._replace(data=layer(x.data))."
    elif giver is not None and pad:
        return use.explained(rule, cause, f"{pad}({{}}{', batch_first=True' * giver.batch_first})[0]", "one padded tensor")
    return use.explained(rule, cause, "", "one padded tensor")


def _padded(use: Use) -> Explanation | None:
    """The pair of pad_packed_sequence, (padded, lengths)."""
    padded, lengths = use.value if len(use.value) == 2 else (None, None)
    if not isinstance(padded, Tensor) or not isinstance(lengths, Tensor) or padded.is_nested or padded.dim() < 2:
        return None
    if lengths.dim() != 1 or lengths.dtype != torch.int64 or len(lengths) not in padded.shape[:2]:
        return None
    cause = "Both were kept under one name. Take them apart, padded, lengths, or pick the padded batch."
    return use.explained("pad_packed_sequence returns two things: padded, lengths.", cause, "{}[0]")


def _own_model(use: Use) -> Explanation | None:
    """What the learner's own model returned, an answer with its state or more, where one tensor was expected."""
    value, rest = use.value, [t for t in tensors_in(use.value[1:]) if t.dim() > 1]
    # Even of a model that is gone, the graph of a state leads to its weights, of gates * H_out rows, and H_out columns.
    shapes = [(t.shape[-1], [w.shape for w in weights_in([t]) if w.dim() == 2]) for t in rest]
    pairs = [(H_out, rows, columns, [r for r, _ in found].count(rows)) for H_out, found in shapes for rows, columns in found]
    state = any(H_out == columns and rows % columns == 0 and count > 1 for H_out, rows, columns, count in pairs)
    if not state and not networks_in(tensors_in(value)):
        return None
    cause = f"{PAIR}, and use the part you need." + " The first part looks like the answer, the rest like the state." * state
    return use.explained(
        f"The model returned a tuple of {len(value)}.", cause, "{}[0]" if state and isinstance(value[0], Tensor) else ""
    )


def _directions(use: Use, reach: list[Any]) -> Explanation | None:
    """A head made for one direction of a bidirectional network, or for both when it is given one."""
    layer, value, line = use.layer, use.value, use.line
    if value.is_nested or not value.dim() or value.shape[-1] == layer.in_features:
        return None
    before, last, need = networks_in([value]), value.shape[-1], layer.in_features
    widths = [n.proj_size or n.hidden_size for n in reach if isinstance(n, nn.RNNBase) and n.bidirectional and n in before]
    name, given = line.name_of(layer) or "The layer", shape_side("input", value.shape, wrong=[value.dim() - 1])
    if need in widths and last == 2 * need:
        rule = "With two directions the output has 2*H_out features: forward and backward side by side."
        cause, fix = f"{name} was made for {need} features, as for one direction.", remade(line, layer, in_features=str(last))
    elif last in widths and need == 2 * last:
        rule = "h_n[-2] is the final state of the forward direction, and h_n[-1] of the backward direction."
        cause = f"{name} was made for both directions, {need} features, and was given one of them. Join the two."
        node, cat = line.call.args[0] if line.call is not None and line.call.args else None, line.spell("torch.cat")
        one = isinstance(node, ast.Subscript) and ast.unparse(node.slice) in ("-1", "-2", "0", "1")
        h_n = line.text(node.value) if one and isinstance(node, ast.Subscript) else ""
        fix = replace(line, node, f"{cat}([{h_n}[-2], {h_n}[-1]], dim=1)") if cat and h_n else Fix()
    else:
        return None
    return Rule("input", rule, given, f"{need} features").explained(cause, fix)


def _taken_apart(line: Line) -> Explanation | None:
    """output, h, c = lstm(x), or h, c = gru_cell(x): not as many names as there are parts."""
    if not isinstance(line.statement, ast.Assign) or not isinstance(line.statement.value, ast.Call):
        return None
    target, rnn = line.statement.targets[0], line.value(line.statement.value.func)
    inside = any(part is line.node for part in ast.walk(target))
    if not isinstance(rnn, RECURRENT) or not isinstance(target, ast.Tuple) or not inside:
        return None
    cause, names, fix = "Only an LSTM has a cell state c.", [ast.unparse(name) for name in target.elts], Fix()
    if isinstance(rnn, CELLS):
        cause = "A cell has no output beside its state: h is its output as well."
    elif isinstance(rnn, nn.LSTM):
        cause = "The two states are a pair."
        fix = replace(line, target, f"{names[0]}, ({names[1]}, {names[2]})", elsewhere=True) if len(names) == 3 else fix
    what = _parts(rnn)
    return Rule("names", f"{known_as(type(rnn))} returns {what}.", ast.unparse(target), what).explained(cause, fix)
