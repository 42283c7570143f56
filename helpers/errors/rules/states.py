"""The state a network is given: one tensor, or the pair of an LSTM; its axes, sizes, dtype and device."""

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..explanations import Explanation, Fix, Side, culprit
from ..facts import Facts, after, described, networks_in, shape_side, short, special
from ..fixes import first_fix, remade, replace, rewrite, sizes_of, spot
from .forward import cast, first_weight


def check_state_kind(facts: Facts) -> Explanation | None:
    """An LSTM takes a pair, all others one tensor."""
    hx = facts.call.given.get("hx")
    if (
        hx is None
        or len(facts.states) == len(facts.wanted)
        and all(isinstance(s, Tensor) and special(s) is None for s in facts.states)
    ):
        return None
    rule = f"{facts.kind} has one state: hx is a single tensor, h_0."
    if facts.lstm:
        rule = "An LSTM has two states, and they are one argument, a pair: (h_0, c_0)."
    given = shape_side("hx", hx.shape, note="one tensor", wrong_note=True) if isinstance(hx, Tensor) and not special(hx) else None
    for cause, *templates in (_pair if facts.lstm else _single)(facts, hx):
        fix = first_fix(facts, "hx", *templates)
        if fix or not templates:
            break
        if any((value := after(t, hx, x=facts.input)) is not None and facts.tried({"hx": value}) is not None for t in templates):
            break  # the cause is right, only the fix can't be written in this line
    return Explanation(rule, given or culprit("hx", described(hx)), facts.state_sides(), cause, fix)


def _pair(facts: Facts, hx: Any) -> Iterator[tuple[str, ...]]:
    """Causes with their fixes, for an LSTM whose hx is no pair of tensors."""
    if isinstance(hx, Tensor):
        yield "Both states are stacked in one tensor.", "tuple({})"
        zeros = "({}, {torch.zeros_like}({}))"
        if facts.call.line.given_again(_node(facts)):
            zeros = "{} if isinstance({}, tuple) else ({}, {torch.zeros_like}({}))"
        yield "Only h_0 was given, and an LSTM needs c_0 as well: here it starts at zero.", zeros
        yield ("Only one state was given, and it does not have the shape of h_0.",)
    if isinstance(hx, (tuple, list)) and hx:
        nested = [part for part in hx if isinstance(part, (tuple, list)) and len(part) == 2]
        if len(hx) == 2 and isinstance(hx[1], tuple):
            yield "This is all that an LSTM returned, (output, (h_n, c_n)). Only the inner pair is the state.", "{}[1]"
        if len(hx) == 2 and nested:
            node = _node(facts)
            name = f"{ast.unparse(node.elts[0])} is" if isinstance(node, ast.Tuple) else "One part is"
            fix = f"{name} a pair itself: what the LSTM returned for both states was kept under one name. Take it apart, (h_n, c_n)."
            yield (fix,)
        if len(hx) == 1:
            yield "c_0 is missing. It may start at zero, like h_0.", "({}[0], {torch.zeros_like}({}[0]))"
        if all(part is None for part in hx):
            yield "A pair of None: leave the state out, or pass None, and both start at zero.", "None"
        if len(hx) > 2 and all(isinstance(part, Tensor) for part in hx):
            yield (f"There are {len(hx)} states, and an LSTM has two. Stack those of several layers: one h_0, one c_0.",)
    yield ("This is not a pair of tensors." + _called(hx), *_call_it(facts, hx))


def _single(facts: Facts, hx: Any) -> Iterator[tuple[str, ...]]:
    """Causes with their fixes, for a network of one state whose hx is no tensor."""
    if special(hx):
        yield (
            f"This is a {special(hx)} tensor. The state must be dense.",
            "{}.to_dense()" if special(hx) == "sparse" else "{}.dequantize()",
        )
    if isinstance(hx, (tuple, list)) and hx and all(isinstance(part, Tensor) for part in hx):
        if len(hx) == 2 and isinstance(hx, tuple) and hx[0].dim() == hx[1].dim() and hx[0].shape != hx[1].shape:
            yield "This is all that a network returned, (output, h_n): only h_n is the state.", "{}[1]"
        if len(hx) == facts.wanted[0][0] and not facts.cell:
            yield "There is one state for each layer, in a list: stack them.", "{torch.stack}(list({}))", "{torch.cat}(list({}))"
        if len(hx) == 1:
            yield "The state is in a list or tuple of its own.", "{}[0]"
        node = _node(facts)
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            yield "This is a pair of states, as an LSTM takes it. This network has no c_0.", "{}[0]"
        yield "This is the pair (h, c) of an LSTM, and this network has no c.", "{}[0]"
    if isinstance(hx, np.ndarray):
        yield "NumPy made it, and a state is a tensor.", f"{{torch.as_tensor}}({{}}, dtype={{{facts.weight.dtype}}})"
    if isinstance(hx, (int, float)) and not hx:
        yield ("A number is not a tensor. A state that starts at zero can be left out, or be None.",)
    yield (f"This is of type {type(hx).__name__}, not a tensor.{_called(hx)}", *_call_it(facts, hx))


def _called(hx: Any) -> str:
    return f" {getattr(hx, '__name__', 'It')} is a function: were its parentheses forgotten?" if callable(hx) else ""


def _call_it(facts: Facts, hx: Any) -> list[str]:
    """h.detach, made by a tensor, is called in the line that forgot it; self.init_hidden is the learner's to call."""
    return ["{}()"] if isinstance(getattr(hx, "__self__", None), Tensor) else []


def _node(facts: Facts) -> ast.AST:
    found = spot(facts.call, "hx")
    return found.node if found else ast.Pass()


def explain_uncalled(facts: Facts) -> Explanation | None:
    """A method of a tensor in the place of the state, h = h.detach: the line that forgot the parentheses."""
    hx, line = facts.call.given.get("hx"), facts.call.line
    if not callable(hx) or isinstance(hx, Tensor):
        return None
    name, node = getattr(hx, "__name__", ""), _node(facts)
    given, rule = (
        culprit("hx", f"the method {name}" if name else described(hx)),
        "The state is a tensor, or an LSTM's pair of tensors.",
    )
    kept = [s for s in line.statements() if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == ast.unparse(node)]
    kept = [s for s in kept if isinstance(s.value, ast.Attribute) and s.value.attr == name]
    fix = Fix()
    if len(kept) == 1 and line.statement_of(kept[0]) is not None and name:
        fix = replace(line, kept[0].value, f"{line.text(kept[0].value)}()", made_elsewhere=True)
    return Explanation(rule, given, facts.state_sides(), f"The parentheses are missing: {name}() returns the tensor.", fix)


def check_state_axes(facts: Facts) -> Explanation | None:
    """A state with an axis too many or too few."""
    need = len(facts.wanted[0]) if facts.wanted else 0
    if all(state.dim() == need for state in facts.states):
        return None
    batched = "batched" if facts.N is not None else "without a batch"
    rule = f"The input is {batched}, so the state has {need} {'axis' if need == 1 else 'axes'}, too."
    given, expected = _given(facts, every=True), facts.state_sides()
    step = _one_step(facts)
    if step:
        return Explanation(rule, given, expected, *step)
    for cause, template, carried in _other_axes(facts):
        fix = change_states(facts, template, carried)
        if fix or _fitting(facts, template):
            return Explanation(rule, given, expected, cause, fix)
    cause = (
        "Both states have the same shape, and these have not."
        if len({s.dim() for s in facts.states}) > 1
        else "The state has other axes."
    )
    return Explanation(rule, given, expected, cause)


def _other_axes(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """Causes with a change, and the condition under which a carried state still needs it."""
    dims, want = facts.states[0].dim(), facts.wanted[0]
    still = f"{{}}.dim() == {dims}"
    if facts.cell:
        yield "It has an axis for the layers, as a whole network returns it: this is the top layer's.", "{}[-1]", still
        yield "It has a batch axis, and the input has none.", "{}.squeeze(0)", still
        yield "There is one state for all sequences: repeat it for each.", f"{{}}.expand({_count(facts)}, -1)", still
        return
    if len(want) == 3:
        yield "There is no axis for the layers: torch wants one even for a single layer.", "{}.unsqueeze(0)", still
        yield "There is no batch axis.", "{}.unsqueeze(1)", still
        yield (
            "There is one state for all sequences: repeat it for each.",
            f"{{}}.expand({want[0]}, {_count(facts)}, -1).contiguous()",
            still,
        )
        yield "It has an axis too many.", "{}.squeeze(0)", still
    yield "It has a batch axis, and the input has none.", "{}.squeeze(1)", still
    yield "There is no axis for the layers: torch wants one even for a single layer.", "{}.unsqueeze(0)", still


def _one_step(facts: Facts) -> tuple[str, Fix] | None:
    """One time step of a batch (N, H_in), which the network reads as one sequence without a batch."""
    if (
        facts.cell
        or facts.packed
        or facts.N is not None
        or facts.states[0].dim() != 3
        or facts.states[0].size(1) != facts.shape[0]
    ):
        return None
    if facts.shape[0] == 1 and facts.shape[-1] != facts.H_in:
        return None
    template = "{}.unsqueeze(1)" if facts.module.batch_first else "{}.unsqueeze(0)"
    if facts.tried({"input": after(template, facts.input)}) is None:
        return None
    return "The input is one time step of a batch: its axis of time steps is missing.", first_fix(facts, "input", template)


def check_state_sizes(facts: Facts) -> Explanation | None:
    """A state of the right number of axes and of another size."""
    if not facts.states or all(tuple(s.shape) == w for s, w in zip(facts.states, facts.wanted)):
        return None
    names = facts.state_axes(len(facts.wanted[0]))
    rule = f"h_0 has the axes ({', '.join(names)})" + ("." if facts.cell else ", whatever batch_first is.")
    cause, fix = next(filter(None, (check(facts) for check in _SIZES)))
    return Explanation(rule, _given(facts), facts.state_sides(), cause, fix)


def _swapped_input(facts: Facts) -> tuple[str, Fix] | None:
    """The state fits if the input's axes are read the other way round."""
    if facts.cell or facts.packed or len(facts.shape) != 3 or facts.tried(batch_first=not facts.module.batch_first) is None:
        return None
    first = bool(facts.module.batch_first)
    axes = "(N, L, H_in)", "(L, N, H_in)"
    cause = f"By the state, the input is {axes[first]}, and the network reads {axes[not first]}: batch_first={first}."
    fix = remade(facts.call.line, facts.module, batch_first=str(not first))
    return cause + ("" if fix else f" Make the network with batch_first={not first}, or transpose the input."), fix


def _swapped_state(facts: Facts) -> tuple[str, Fix] | None:
    batch = "" if facts.cell else ".contiguous()"
    still = f"{{}}.size(0) != {_layers(facts)}" if not facts.cell else "{}.size(-1) != {net}.hidden_size"
    if not _fitting(facts, f"{{}}.transpose(0, 1){batch}"):
        return None
    cause = "The axes of the state are swapped: the batch comes first in a cell's state."
    if not facts.cell:
        cause = "batch_first changes the axes of input and output, never those of the states: there the batch is second."
    return cause, change_states(facts, f"{{}}.transpose(0, 1){batch}", still)


def _output_given(facts: Facts) -> tuple[str, Fix] | None:
    """dec(x, output): the learner's line with h_n instead, which came out beside that output."""
    state, want, line, node = facts.states[0], facts.wanted[0], facts.call.line, _node(facts)
    if facts.cell or state.shape == want or state.shape[-1] != want[-1] or state.dim() != 3 or state.size(0) == want[0]:
        return None
    for statement in line.statements():
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(target, ast.Tuple) and len(target.elts) == 2 and ast.unparse(target.elts[0]) == ast.unparse(node):
            beside = line.value(target.elts[1])
            if isinstance(beside, Tensor) and facts.tried({"hx": beside}) is not None:
                cause = f"This is output, of all time steps. The state is h_n: {ast.unparse(target.elts[1])}."
                return cause, replace(line, node, ast.unparse(target.elts[1]))
    return None


def _split(facts: Facts) -> tuple[str, Fix] | None:
    """DataParallel cuts everything along axis 0, and that is not the batch axis of a state."""
    state, want = facts.states[0], facts.wanted[0]
    if facts.cell or state.dim() != 3 or state.size(2) != want[2] or state.size(0) == want[0] or state.size(1) == want[1]:
        return None
    if state.size(0) * state.size(1) != want[0] * want[1] or state.size(0) > want[0]:
        return None
    cause = "The state was split along axis 0, as DataParallel does it, and axis 0 of a state is the layers, not the batch. "
    return cause + "Keep the state as (N, D*num_layers, H_out) outside, and transpose it inside forward.", Fix()


def _from_a_network(facts: Facts) -> tuple[str, Fix] | None:
    """States that came out of a network of other layers or directions."""
    state, want, layers = facts.states[0], facts.wanted[0], len(facts.wanted[0]) == 3
    if facts.cell or not layers or state.size(0) == want[0]:
        return None
    givers = [
        rnn
        for rnn in networks_in([state])
        if isinstance(rnn, nn.RNNBase) and rnn.num_layers * (1 + rnn.bidirectional) == state.size(0)
    ]
    still = f"{{}}.size(0) != {_layers(facts)}"
    if any(rnn.bidirectional for rnn in givers) and not facts.module.bidirectional and _fitting(facts, "{}[0::2] + {}[1::2]"):
        cause = (
            "The state comes from a bidirectional network, forward and backward in turn. Add up both directions of each layer."
        )
        return cause, change_states(facts, "{}[0::2] + {}[1::2]", still)
    top = f"{{}}[-{want[0]}:].contiguous()"
    if givers and state.size(0) > want[0] and _fitting(facts, top):
        cause = f"The state comes from a network of {state.size(0)} layers, and this one has {want[0]}. The last of them are its top layers."
        return cause, change_states(facts, top, still)
    return None


def _another_batch(facts: Facts) -> tuple[str, Fix] | None:
    """A state that is right but for the number of its sequences."""
    wrong = [(s, w) for s, w in zip(facts.states, facts.wanted) if tuple(s.shape) != w]
    axis = 0 if facts.cell else 1
    if facts.N is None or any([*s.shape[:axis], *s.shape[axis + 1 :]] != [*w[:axis], *w[axis + 1 :]] for s, w in wrong):
        return None
    got, N, count = wrong[0][0].size(axis), facts.N, _count(facts)
    if got == 1 < N:
        sizes = f"{count}, -1" if facts.cell else f"-1, {count}, -1"
        cause = f"The state was made for 1 sequence, and this batch has {N}: repeat it for each."
        return cause, change_states(facts, f"{{}}.expand({sizes})" + ".contiguous()" * (not facts.cell))
    cause = f"The state was made for {got} sequences, and this batch has {N}."
    if got > N:
        cause += " The last batch of a DataLoader is often smaller: drop_last=True leaves it out."
    cause += " Where the sizes differ, let the state start anew: None is zeros."
    found, node = spot(facts.call, "hx"), _node(facts)
    first = ast.unparse(node.elts[0]) if isinstance(node, ast.Tuple) and node.elts else "{}[0]" if facts.lstm else "{}"
    if found is None or "size" not in count or all(isinstance(s, nn.Parameter) for s in facts.states):
        return cause, Fix()
    return cause, rewrite(facts.call, "hx", f"{{}} if {first}.size({axis}) == {count} else None", facts)


def _another_size(facts: Facts) -> tuple[str, Fix]:
    """Layers or features that differ: the cause, and zeros of the right size in the place of zeros."""
    module, causes = facts.module, []
    for state, want in zip(facts.states, facts.wanted):
        for name, got, right in zip(facts.state_axes(len(want)), state.shape, want):
            if got == right:
                continue
            if name == "D*num_layers":
                two = module.bidirectional and got == module.num_layers
                more = "a bidirectional network has two for each layer" if two else f"the network has {right}"
                causes.append(f"The state has {got} layers and directions, and {right} are expected: {more}.")
            elif name == "N":
                causes.append(f"The state was made for {got} sequences, and this batch has {right}.")
            else:
                known = {module.input_size: "that is input_size", 2 * right: "that is both directions side by side"}
                more = known.get(got, "it was made for another network")
                if getattr(module, "proj_size", 0) and got == module.hidden_size:
                    more = "with proj_size, only c_0 has hidden_size features"
                causes.append(f"The state has {got} features, and {right} are expected: {more}.")
    return " ".join(dict.fromkeys(causes)), _zeros(facts)


def _zeros(facts: Facts) -> Fix:
    """New zeros for states of nothing but zeros; a state that has been learned or computed is never thrown away."""
    if any(s.requires_grad or s.device.type == "meta" or bool(s.any()) for s in facts.states):
        return Fix()
    batch = [] if facts.N is None else [_count(facts)]
    names = ["proj_size" if getattr(facts.module, "proj_size", 0) else "hidden_size", "hidden_size"][: len(facts.wanted)]
    dtype = "" if facts.weight.dtype == torch.float32 else f", dtype={{{facts.weight.dtype}}}"
    layers = [] if facts.cell else [_layers(facts)]
    made = [f"{{torch.zeros}}({', '.join([*layers, *batch, '{net}.' + name])}{dtype})" for name in names]
    new = f"({', '.join(made)})" if facts.lstm else made[0]
    if facts.call.line.given_again(_node(facts)):
        node = _node(facts)
        first = ast.unparse(node.elts[0]) if isinstance(node, ast.Tuple) and node.elts else "{}[0]" if facts.lstm else "{}"
        sizes = f"({', '.join([*layers, *batch, '{net}.' + names[0]])})"
        new = f"{{}} if {first}.shape == {sizes} else {new}"
    return rewrite(facts.call, "hx", new, facts)


_SIZES = (_swapped_input, _swapped_state, _output_given, _from_a_network, _another_batch, _split, _another_size)


def _layers(facts: Facts) -> str:
    return "2 * {net}.num_layers" if facts.module.bidirectional else "{net}.num_layers"


def _count(facts: Facts) -> str:
    """The number of sequences, as it can be written: x.size(0), or a number where no name has it."""
    if facts.packed:
        return "int({x}.batch_sizes[0])" if sizes_of(facts) else str(facts.N)
    return f"{{x}}.size({facts.axes.index('N')})" if facts.N is not None and sizes_of(facts) else str(facts.N)


def _fitting(facts: Facts, template: str) -> bool:
    """Whether a change of every state that needs it makes the call right."""
    changed = [
        s if tuple(s.shape) == w else after(template, s, x=facts.input, net=facts.module)
        for s, w in zip(facts.states, facts.wanted)
    ]
    hx = tuple(changed) if facts.lstm else changed[0]
    return all(isinstance(s, Tensor) for s in changed) and facts.tried({"hx": hx}) is not None


def change_states(facts: Facts, template: str, still: str = "") -> Fix:
    """A change of the state, or of each in an LSTM's pair; of one that comes again, only while it is `still` wrong."""
    if not _fitting(facts, template):
        return Fix()
    node, line = _node(facts), facts.call.line
    still = still if still and line.given_again(node) else ""
    if not facts.lstm:
        return rewrite(facts.call, "hx", f"{template} if {still} else {{}}" if still else template, facts)
    if isinstance(node, ast.Tuple) and len(node.elts) == 2 and not still:
        parts = []
        for part, state, want in zip(node.elts, facts.states, facts.wanted):
            plain = isinstance(part, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
            code = line.text(part) if plain else f"({line.text(part)})"
            parts.append(
                line.text(part) if tuple(state.shape) == want and "expand" not in template else template.replace("{}", code)
            )
        return rewrite(facts.call, "hx", f"({', '.join(parts)})", facts)
    first = ast.unparse(node.elts[0]) if isinstance(node, ast.Tuple) else "{}[0]"
    each = f"tuple({template.replace('{}', 's')} for s in {{}})"
    return rewrite(facts.call, "hx", f"{each} if {still.replace('{}', first)} else {{}}" if still else each, facts)


def _given(facts: Facts, every: bool = False) -> tuple[Side, ...]:
    """The states as given, with what is wrong; and the input, whose axes they belong to."""
    sides = []
    for name, state, want in zip(("h_0", "c_0"), facts.states, facts.wanted):
        wrong = (
            range(state.dim()) if state.dim() != len(want) else [i for i, (a, b) in enumerate(zip(state.shape, want)) if a != b]
        )
        sides.append(shape_side(name, state.shape, facts.state_axes(state.dim()) if state.dim() == len(want) else (), wrong))
    return (*sides, facts.input_side())


def check_state_dtype(facts: Facts) -> Explanation | None:
    """A state of another dtype than the input."""
    right = facts.data.dtype
    rule, cause = "The state has the dtype of the input and the weights.", "NumPy makes float64, and integers make int64."
    return _like_the_input(facts, "dtype", rule, cause, cast(facts, right), right)


def check_state_device(facts: Facts) -> Explanation | None:
    """A state on another device than the input."""
    rule, cause = (
        "The state and the input are on the same device.",
        "torch.zeros makes tensors on the CPU unless it is told a device.",
    )
    return _like_the_input(facts, "device", rule, cause, f"{{}}.to({{net}}.{first_weight(facts)}.device)", facts.data.device)


def _like_the_input(facts: Facts, kind: str, rule: str, cause: str, template: str, right: Any) -> Explanation | None:
    """A state whose dtype or device is not the input's."""
    if all(getattr(state, kind) == right for state in facts.states) or kind == "dtype" and torch.is_autocast_enabled("cpu"):
        return None
    names = facts.state_axes(len(facts.wanted[0]))
    sides = tuple(
        shape_side(name, s.shape, names, note=short(getattr(s, kind)), wrong_note=getattr(s, kind) != right)
        for name, s in zip(("h_0", "c_0"), facts.states)
    )
    if kind == "dtype":
        return Explanation(rule, sides, facts.state_sides(short(right)), cause, change_states(facts, template))
    node, line = _node(facts), facts.call.line
    pair = isinstance(node, ast.Tuple) and len(node.elts) == 2
    each = (
        f"({', '.join(template.replace('{}', line.text(e)) for e in node.elts)})"
        if pair and isinstance(node, ast.Tuple)
        else f"tuple({template.replace('{}', 's')} for s in {{}})"
    )
    return Explanation(
        rule, sides, facts.state_sides(short(right)), cause, rewrite(facts.call, "hx", each if facts.lstm else template, facts)
    )
