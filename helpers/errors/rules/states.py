"""The state a network is given: one tensor, or the pair of an LSTM; its axes, sizes, dtype and device."""

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...wording import plural
from ..explanations import Explanation, Fix, Side, culprit
from ..facts import Facts, after, described, networks_in, shape_side, short, special
from ..fixes import first_fix, remade, replace, rewrite, sizes_of, spot
from .forward import cast, first_weight

Found = tuple[str, Fix]  # a cause, and its fix


def check_state_kind(facts: Facts) -> Explanation | None:
    """An LSTM takes a pair, all others one tensor."""
    hx = facts.call.given.get("hx")
    tensors = all(isinstance(s, Tensor) and special(s) is None for s in facts.states)
    if hx is None or len(facts.states) == len(facts.wanted) and tensors:
        return None
    if callable(hx) and not isinstance(hx, Tensor):
        return _uncalled(facts, hx)
    rule = "An LSTM has two states, and they are one argument, a pair: (h_0, c_0)."
    rule = rule if facts.lstm else f"{facts.kind} has one state: hx is a single tensor, h_0."
    cause, templates = next(
        (cause, templates)
        for cause, *templates in (_pair if facts.lstm else _single)(facts, hx)
        if not templates or any(facts.tried({"hx": after(t, hx)}) is not None for t in templates)
    )
    given = culprit("hx", described(hx))
    return Explanation(rule, given, facts.state_sides(), cause, first_fix(facts, "hx", *templates))


def _pair(facts: Facts, hx: Any) -> Iterator[tuple[str, ...]]:
    """Causes with changes, for an LSTM whose hx is no pair of tensors."""
    zeros = "({}, {torch.zeros_like}({}))"
    if isinstance(hx, Tensor):
        again = facts.call.line.given_again(_node(facts))
        yield "Both states are stacked in one tensor.", "tuple({})"
        cause = "Only h_0 was given, and an LSTM needs c_0 as well: here it starts at zero."
        yield cause, f"{{}} if isinstance({{}}, tuple) else {zeros}" if again else zeros
        yield ("Only one state was given, and it does not have the shape of h_0.",)
    if isinstance(hx, (tuple, list)) and hx:
        if isinstance(hx[-1], tuple) and len(hx) == 2 and isinstance(hx[0], Tensor) and hx[0].dim() == 3:
            yield "This is all that an LSTM returned, (output, (h_n, c_n)). Only the inner pair is the state.", "{}[1]"
        if any(isinstance(part, (tuple, list)) for part in hx):
            yield ("One part is a pair itself: both states were kept under one name. Take them apart, (h_n, c_n).",)
        if len(hx) == 1:
            yield "c_0 is missing. It may start at zero, like h_0.", zeros.replace("{}", "{}[0]")
        if all(part is None for part in hx):
            yield "A pair of None: leave the state out, or pass None, and both start at zero.", "None"
    yield ("This is not a pair of tensors, one h_0 and one c_0.",)


def _single(facts: Facts, hx: Any) -> Iterator[tuple[str, ...]]:
    """Causes with changes, for a network of one state whose hx is no dense tensor."""
    if special(hx):
        yield f"The state must be dense, and this is a {special(hx)} tensor.", "{}.to_dense()", "{}.dequantize()"
    if isinstance(hx, (tuple, list)) and hx and all(isinstance(part, Tensor) for part in hx):
        if len(hx) == facts.wanted[0][0] and not facts.cell:
            yield "There is one state for each layer, in a list: stack them.", "{torch.stack}(list({}))"
        if len(hx) == 2 and hx[0].dim() == hx[1].dim() and hx[0].shape != hx[1].shape:
            yield "This is all that a network returned, (output, h_n): only h_n is the state.", "{}[1]"
        pair = "This is a pair (h, c), and only an LSTM has c."
        yield pair if len(hx) > 1 else "The state is in a list or tuple of its own.", "{}[0]"
    if isinstance(hx, np.ndarray):
        yield "NumPy made it, and a state is a tensor.", f"{{torch.as_tensor}}({{}}, dtype={{{facts.weight.dtype}}})"
    yield (f"This is of type {type(hx).__name__}, not a tensor. A state that starts at zero can be left out.",)


def _node(facts: Facts) -> ast.AST:
    found = spot(facts.call, "hx")
    return found.node if found else ast.Pass()


def _first(facts: Facts) -> str:
    """How the first state is written: h of (h, c), hidden[0] of a pair hidden."""
    node = _node(facts)
    return ast.unparse(node.elts[0]) if isinstance(node, ast.Tuple) and node.elts else "{}[0]" if facts.lstm else "{}"


def _guard(facts: Facts) -> str:
    """The condition that a state is there, where the file has a None that it may be."""
    line, node = facts.call.line, _node(facts)
    none = any(isinstance(n, ast.Constant) and n.value is None for n in ast.walk(line.tree))
    return "{} is not None and " if none and isinstance(node, (ast.Name, ast.Attribute)) and line.given_again(node) else ""


def _uncalled(facts: Facts, hx: Any) -> Explanation:
    """A method in the place of the state, h = h.detach: the line that forgot the parentheses."""
    line, name, code = facts.call.line, getattr(hx, "__name__", "it"), ast.unparse(_node(facts))
    kept = [s.value for s in line.statements() if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == code]
    kept = [value for value in kept if isinstance(value, ast.Attribute) and value.attr == name]
    fix = replace(line, kept[0], f"{line.text(kept[0])}()", elsewhere=True) if len(kept) == 1 else Fix()
    rule = "A state is a tensor, or an LSTM's pair of tensors."
    cause = f"The parentheses are missing: {name}() returns the state."
    return Explanation(rule, culprit("hx", f"the method {name}"), facts.state_sides(), cause, fix)


def check_state_shape(facts: Facts) -> Explanation | None:
    """A state with other axes, or axes of other sizes."""
    if all(tuple(state.shape) == want for state, want in zip(facts.states, facts.wanted)):
        return None
    names, need = facts.state_axes(len(facts.wanted[0])), len(facts.wanted[0])
    rule = f"h_0 has the axes ({', '.join(names)})" + ("." if facts.cell else ", whatever batch_first is.")
    other = any(state.dim() != need for state in facts.states)
    if other:
        batch = "batched" if facts.N is not None else "without a batch"
        rule = f"The input is {batch}, so the state has {need} {'axis' if need == 1 else 'axes'}, too."
    given = []
    for name, state, want in zip(("h_0", "c_0"), facts.states, facts.wanted):
        wrong = [i for i in range(state.dim()) if state.dim() != need or state.shape[i] != want[i]]
        given.append(shape_side(name, state.shape, names, wrong))
    cause, fix = next(_other_axes(facts) if other else _other_sizes(facts))
    return Explanation(rule, (*given, facts.input_side()), facts.state_sides(), cause, fix)


def _change(facts: Facts, cause: str, template: str, still: str = "") -> Iterator[Found]:
    """A change of each state, if it makes the call right."""
    if _fits(facts, template):
        yield cause, change_states(facts, template, still)


def _other_axes(facts: Facts) -> Iterator[Found]:
    shape, state, want = facts.shape, facts.states[0], facts.wanted[0]
    step = "{}.unsqueeze(1)" if not facts.cell and facts.module.batch_first else "{}.unsqueeze(0)"
    one = facts.N is None and not facts.cell and state.dim() == 3 and state.size(1) == shape[0] and shape[-1] == facts.H_in
    if one and facts.tried({"input": after(step, facts.input)}) is not None:
        yield "The input is one time step of a batch: its axis of time steps is missing.", first_fix(facts, "input", step)
    if len({s.dim() for s in facts.states}) > 1:
        yield "The two states have different axes, and they must have the same.", Fix()
    still, repeat = f"{{}}.dim() == {state.dim()}", "There is one state for all sequences: repeat it for each."
    if facts.cell:
        cause = "It has an axis for the layers, as a whole network returns it: this is the top layer's."
        yield from _change(facts, cause, "{}[-1]", still)
        yield from _change(facts, repeat, f"{{}}.expand({_count(facts)}, -1)", still)
    if len(want) > state.dim():
        cause = "There is no axis for the layers: torch wants one even for a single layer."
        yield from _change(facts, cause, "{}.unsqueeze(0)", still)
        yield from _change(facts, "There is no batch axis.", "{}.unsqueeze(1)", still)
        yield from _change(facts, repeat, f"{{}}.expand({want[0]}, {_count(facts)}, -1).contiguous()", still)
    for axis in range(state.dim()):
        cause = "It has a batch axis, and the input has none." if facts.N is None else "It has an axis too many."
        yield from _change(facts, cause, f"{{}}.squeeze({axis})", still)
    yield f"It has {plural(state.dim(), 'axis').replace('axiss', 'axes')}, and no change of them alone makes it fit.", Fix()


def _other_sizes(facts: Facts) -> Iterator[Found]:
    state, want = facts.states[0], facts.wanted[0]
    if facts.cell:
        cause = "The axes of the state are swapped: the batch comes first in a cell's state."
        yield from _change(facts, cause, "{}.transpose(0, 1)", "{}.size(-1) != {net}.hidden_size")
        yield from _other_batch(facts, 0)
        yield _unlike(facts)
    still = f"{{}}.size(0) != {_layers(facts)}"
    if not facts.packed and len(facts.shape) == 3 and facts.tried(batch_first=not facts.module.batch_first) is not None:
        first = bool(facts.module.batch_first)
        looks, reads = ("(L, N, H_in)", "(N, L, H_in)") if first else ("(N, L, H_in)", "(L, N, H_in)")
        cause = f"By the state, the input is {looks}, and the network reads {reads}: batch_first={first}. "
        fix = remade(facts.call.line, facts.module, batch_first=str(not first))
        yield f"{cause}Make it with batch_first={not first}, or transpose the input.", fix
    cause = "batch_first changes the axes of input and output, never those of the states: there the batch is second."
    yield from _change(facts, cause, "{}.transpose(0, 1).contiguous()", still)
    if state.dim() == 3 and state.size(0) != want[0] and state.size(2) == want[2]:
        yield from _output_given(facts)
        networks = [n for n in networks_in([state]) if isinstance(n, nn.RNNBase)]
        givers = [n for n in networks if n.num_layers * (1 + n.bidirectional) == state.size(0)]
        if any(n.bidirectional for n in givers) and not facts.module.bidirectional:
            cause = "It comes from a bidirectional network, forward and backward in turn. Add up both directions of each layer."
            yield from _change(facts, cause, "{}[0::2] + {}[1::2]", still)
        elif givers and state.size(0) > want[0]:
            cause = f"It comes from a network of {state.size(0)} layers, and this one has {want[0]}. The last are its top layers."
            yield from _change(facts, cause, f"{{}}[-{want[0]}:].contiguous()", still)
        elif state.numel() == want[0] * want[1] * want[2] and state.size(0) < want[0] and len(want) == 3:
            cause = "It was split along axis 0, as DataParallel does it, and axis 0 of a state is the layers, not the batch. "
            yield f"{cause}Keep it as (N, D*num_layers, H_out) outside, and transpose it inside forward.", Fix()
    yield from _other_batch(facts, 1)
    yield _unlike(facts)


def _output_given(facts: Facts) -> Iterator[Found]:
    """dec(x, output): the learner's line with h_n instead, which came out beside that output."""
    line, node = facts.call.line, _node(facts)
    for statement in line.statements():
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(target, ast.Tuple) and len(target.elts) == 2 and ast.unparse(target.elts[0]) == ast.unparse(node):
            state = ast.unparse(target.elts[1])
            if facts.tried({"hx": line.value(target.elts[1])}) is not None and line.value(target.elts[1]) is not None:
                yield f"This is output, of all time steps. The state is h_n: {state}.", replace(line, node, state)


def _other_batch(facts: Facts, axis: int) -> Iterator[Found]:
    """A state that is right but for the number of its sequences."""
    pairs = [([*s.shape], [*w]) for s, w in zip(facts.states, facts.wanted)]
    got, N, count = pairs[0][0][axis], facts.N, _count(facts)
    if N is None or any(s[:axis] + s[axis + 1 :] != w[:axis] + w[axis + 1 :] for s, w in pairs):
        return
    cause = f"The state was made for {plural(got, 'sequence')}, and this batch has {N}"
    if got == 1 < N:
        template = f"{{}}.expand({count}, -1)" if facts.cell else f"{{}}.expand(-1, {count}, -1).contiguous()"
        yield f"{cause}: repeat it for each.", change_states(facts, template)
    cause += ". The last batch of a DataLoader is often smaller: drop_last=True leaves it out." if got > N else "."
    again = facts.call.line.given_again(_node(facts)) or not any(s.any() for s in facts.states if s.device.type != "meta")
    learned = any(isinstance(s, nn.Parameter) for s in facts.states)
    template = f"{{}} if {_guard(facts)}{_first(facts)}.size({axis}) == {count} else None"
    fix = rewrite(facts.call, "hx", template, facts) if "size" in count and again and not learned else Fix()
    yield f"{cause} Where the sizes differ, the state can start anew: None is zeros.", fix


def _unlike(facts: Facts) -> Found:
    """Layers or features that differ: the cause, and zeros of the right size in the place of zeros."""
    module, narrow, causes = facts.module, getattr(facts.module, "proj_size", 0), []
    for state, want in zip(facts.states, facts.wanted):
        for name, got, right in zip(facts.state_axes(len(want)), state.shape, want):
            two = name == "D*num_layers" and module.bidirectional and got == module.num_layers
            known = {module.input_size: " That is input_size.", 2 * right: " That is both directions side by side."}
            more = " A bidirectional network has two for each layer." if two else known.get(got, "") if name == "H_out" else ""
            if name == "H_out" and narrow and got == module.hidden_size:
                more = " With proj_size, only c_0 has hidden_size features."
            causes += [f"Its axis {name} has size {got}, and {right} is expected.{more}"] if got != right else []
    if any(s.requires_grad or s.device.type == "meta" or bool(s.any()) for s in facts.states):
        return " ".join(dict.fromkeys(causes)), Fix()  # a state that was learned or computed is never thrown away
    widths = ["proj_size" if narrow else "hidden_size", "hidden_size"][: len(facts.wanted)]
    front = ([] if facts.cell else [_layers(facts)]) + ([] if facts.N is None else [_count(facts)])
    dtype = "" if facts.weight.dtype == torch.float32 else f", dtype={{{facts.weight.dtype}}}"
    sizes = [", ".join([*front, f"{{net}}.{width}"]) for width in widths]
    new = ", ".join(f"{{torch.zeros}}({size}{dtype})" for size in sizes)
    new = f"({new})" if facts.lstm else new
    if isinstance(_node(facts), (ast.Name, ast.Attribute)) and facts.call.line.given_again(_node(facts)):
        new = f"{{}} if {_first(facts)}.shape == ({sizes[0]}) else {new}"
    return " ".join(dict.fromkeys(causes)), rewrite(facts.call, "hx", new, facts)


def _layers(facts: Facts) -> str:
    return "2 * {net}.num_layers" if facts.module.bidirectional else "{net}.num_layers"


def _count(facts: Facts) -> str:
    """The number of sequences, as it can be written: x.size(0), or a number where no name has it."""
    if facts.N is None or sizes_of(facts) is None:
        return str(facts.N)
    return "int({x}.batch_sizes[0])" if facts.packed else f"{{x}}.size({facts.axes.index('N')})"


def _fits(facts: Facts, template: str) -> bool:
    """Whether a change of every state that needs it makes the call right."""
    pairs, others = zip(facts.states, facts.wanted), dict(x=facts.input, net=facts.module)
    new = [s if tuple(s.shape) == w else after(template, s, **others) for s, w in pairs]
    right = all(isinstance(s, Tensor) and tuple(s.shape) == w for s, w in zip(new, facts.wanted))
    return right and facts.tried({"hx": tuple(new) if facts.lstm else new[0]}) is not None


def change_states(facts: Facts, template: str, still: str = "") -> Fix:
    """A change of the state, or of each in an LSTM's pair; of one that comes again, only while it is `still` wrong."""
    node, line = _node(facts), facts.call.line
    still = _guard(facts) + still.replace("{}", _first(facts)) if still and line.given_again(node) else ""
    new = template
    if facts.lstm:
        new = f"tuple({template.replace('{}', 's')} for s in {{}})"
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            plain = (ast.Name, ast.Attribute, ast.Call)
            codes = [line.text(e) if isinstance(e, plain) else f"({line.text(e)})" for e in node.elts]
            new = f"({', '.join(template.replace('{}', code) for code in codes)})"
    return rewrite(facts.call, "hx", f"{new} if {still} else {{}}" if still else new, facts)


def check_state_dtype(facts: Facts) -> Explanation | None:
    """A state of another dtype than the input."""
    rule, cause = "The state has the dtype of the input and the weights.", "NumPy makes float64, and integers make int64."
    return _unlike_the_input(facts, "dtype", rule, cause, cast(facts.data.dtype))


def check_state_device(facts: Facts) -> Explanation | None:
    """A state on another device than the input."""
    rule, cause = "The state and the input are on the same device.", "torch.zeros makes tensors on the CPU by default."
    return _unlike_the_input(facts, "device", rule, cause, f"{{}}.to({{net}}.{first_weight(facts)}.device)")


def _unlike_the_input(facts: Facts, kind: str, rule: str, cause: str, template: str) -> Explanation | None:
    """A state whose dtype or device is not the input's."""
    kinds, right = [getattr(state, kind) for state in facts.states], getattr(facts.data, kind)
    if all(one == right for one in kinds) or kind == "dtype" and torch.is_autocast_enabled("cpu"):
        return None
    names = facts.state_axes(len(facts.wanted[0]))
    parts = zip(("h_0", "c_0"), facts.states, kinds)
    given: tuple[Side, ...] = tuple(shape_side(n, s.shape, names, note=short(k), wrong_note=k != right) for n, s, k in parts)
    return Explanation(rule, given, facts.state_sides(short(right)), cause, change_states(facts, template))
