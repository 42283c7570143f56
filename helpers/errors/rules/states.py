"""The state a network is given: one tensor, or the pair of an LSTM; its axes, sizes, dtype and device."""

import ast
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from ...pictures.sides import shape_side
from ...wording import plural
from ..explanations import Fix, Rule
from ..facts import STATES, Facts, described, networks_in, short, special, tensors_only
from ..fixes import Check, remade, replace, rewrite, sizes_of, spot
from .inputs import DENSE, cast

ZEROS = "({}, {torch.zeros_like}({}))"
PAIR = [  # what the pair of an LSTM is taken for, and the change that makes it one
    ("Both states are stacked in one tensor.", "tuple({})"),
    ("Only h_0 was given, and an LSTM needs c_0 as well: here it starts at zero.", ZEROS),
    ("This is all that an LSTM returned, (output, (h_n, c_n)). Only the inner pair is the state.", "{}[1]"),
    ("c_0 is missing. It may start at zero, like h_0.", ZEROS.replace("{}", "{}[0]")),
]


def each(facts: Facts, change: str) -> str:
    """A change of each state."""
    return f"tuple({change.replace('{}', 's')} for s in {{}})" if facts.lstm else change


def sequences(facts: Facts) -> str:
    """The number of sequences, or an expression that has it."""
    if facts.N is None or sizes_of(facts) is None:
        return str(facts.N)
    return "int({x}.batch_sizes[0])" if facts.packed else f"{{x}}.size({facts.axes.index('N')})"


def check_state_kind(facts: Facts) -> Check:
    """An LSTM takes a pair, all others one tensor."""
    hx, line, found = facts.call.given.get("hx"), facts.call.line, spot(facts.call, "hx")
    if hx is None or len(facts.states) == len(facts.wanted) and tensors_only(facts.states):
        return
    if callable(hx) and not isinstance(hx, Tensor):  # h = h.detach: the line that forgot the parentheses
        name = getattr(hx, "__name__", "it")
        kept = [v for v in line.assigned(found.node) if getattr(v, "attr", "") == name] if found else []
        yield Rule("hx", "A state is a tensor, or a pair of tensors.", f"the method {name}", facts.state_sides())
        fix = replace(line, kept[0], f"{line.text(kept[0])}()", elsewhere=True) if len(kept) == 1 else Fix()
        yield f"The parentheses are missing: {name}() returns the state.", fix
    rule = "An LSTM has two states, and they are one argument, a pair: (h_0, c_0)."
    rule = rule if facts.lstm else f"{facts.kind} has one state: hx is a single tensor, h_0."
    yield Rule("hx", rule, described(hx), facts.state_sides())
    if special(hx):
        yield f"The state must be dense, and this is a {special(hx)} tensor.", DENSE.get(str(special(hx)), "")
    if isinstance(hx, Iterator):
        yield "This is a generator, which can be read only once: make a tuple of it, tuple(…)."
    if isinstance(hx, (tuple, list)) and hx and all(part is None for part in hx):
        yield "A pair of None: leave the state out, or pass None, and both start at zero.", "None"
    if facts.lstm:
        yield from PAIR
        yield "This is not a pair of tensors, one h_0 and one c_0. If one part is a pair itself, take that apart: (h_n, c_n)."
    if tensors_only(hx):
        yield "There is one state for each layer, in a list: stack them.", "{torch.stack}(list({}))"
        if len(hx) == 2 and hx[0].shape != hx[1].shape:
            yield "This is all that a network returned, (output, h_n): only h_n is the state.", "{}[1]"
        pair = "This is a pair (h, c), and only an LSTM has c."
        yield pair if len(hx) > 1 else "The state is in a list or tuple of its own.", "{}[0]"
    if isinstance(hx, np.ndarray):
        yield "NumPy made it, and a state is a tensor.", facts.to_tensor
    yield f"This is of type {type(hx).__name__}, not a tensor."


def check_state_shape(facts: Facts) -> Check:
    """A state with other axes, or axes of other sizes."""
    if all(tuple(state.shape) == want for state, want in zip(facts.states, facts.wanted)):
        return
    need = len(facts.wanted[0])
    names, other = facts.state_axes(need), any(state.dim() != need for state in facts.states)
    rule = f"h_0 must have the axes ({', '.join(names)})" + ("." if facts.cell else ", whatever batch_first is.")
    if other:
        batch = "batched" if facts.N is not None else "without a batch"
        rule = f"The input is {batch}, so the state must have {need} {'axis' if need == 1 else 'axes'}, too."
    given = []
    for name, state, want in zip(STATES, facts.states, facts.wanted):
        wrong = [i for i in range(state.dim()) if state.dim() != need or state.shape[i] != want[i]]
        given.append(shape_side(name, state.shape, names, wrong))
    yield Rule("hx", rule, (*given, facts.input_side()), facts.state_sides())
    yield from _directions(facts)
    yield from _other_axes(facts) if other else _other_sizes(facts)


def _other_axes(facts: Facts) -> Check:
    n, step, count = facts.states[0].dim(), f"{{}}.unsqueeze({int(facts.first)})", sequences(facts)
    if facts.N is None and not facts.cell and facts.changed("input", step) is not None:
        yield "The input is one time step of a batch: its axis of time steps is missing.", rewrite(facts.call, "input", step)
    if facts.lstm and (whole := facts.states[0]._base) is not None and whole is facts.states[1]._base:
        makers = [type(n).__name__ for n in networks_in([whole]) if isinstance(n, (nn.RNN, nn.GRU))]
        yield from (f"h and c are two layers of one state: {m} returns h_n alone, and only an LSTM has c." for m in makers)
    if len({s.dim() for s in facts.states}) > 1:
        yield "The two states have different axes, and they must have the same."
    repeated = f"{{}}.unsqueeze(1).expand(-1, {count}, -1)" if n == 2 else f"{{}}.expand({facts.wanted[0][0]}, {count}, -1)"
    changes = {
        "There is no axis for the layers: torch wants one even of size 1.": "{}.unsqueeze(0)",
        "There is no batch axis.": "{}.unsqueeze(1)",
        "There is one state for all sequences: repeat it for each.": f"{repeated}.contiguous()",
    }
    if facts.cell:
        changes = {
            "It has an axis for the layers, as a whole network returns it: take the top one.": "{}[-1]",
            "There is one state for all sequences: repeat it for each.": f"{{}}.expand({count}, -1)",
        }
    yield from ((cause, each(facts, change)) for cause, change in changes.items())
    cause = "It has a batch axis, and the input has none." if facts.N is None else "It has an axis too many."
    yield from ((cause, each(facts, f"{{}}.squeeze({axis})")) for axis in range(n))
    yield f"It has {n} {'axis' if n == 1 else 'axes'}, and no change of them alone makes it fit."


def _other_sizes(facts: Facts) -> Check:
    state, want, line, first = facts.states[0], facts.wanted[0], facts.call.line, facts.first
    if facts.cell:
        cause = "The axes of the state are swapped: the batch comes first in a cell's state."
        yield cause, each(facts, "{}.transpose(0, 1)")
    if not facts.cell and not facts.packed and facts.N is not None and facts.tried(batch_first=not first):
        looks, reads = ("(L, N, H_in)", "(N, L, H_in)") if first else ("(N, L, H_in)", "(L, N, H_in)")
        cause = f"By the state, the input is {looks}, and the network reads {reads}: batch_first={first}. Make it with "
        # What follows may read the output as it is now: of one step it takes [0] or squeezes it.
        kept = ast.unparse(line.statement or ast.Pass()).partition(" = ")[0].split(",")[0]
        read_so = not first and (f"{kept}[0]" in line.source or f"{kept}[-1]" in line.source)
        certain = facts.data.size(1 - first) > 1 and not read_so
        fix = remade(line, facts.module, batch_first=str(not first)) if certain else ""
        yield (
            f"{cause}batch_first={not first}, or transpose the input. If the input is right, make the state for N={facts.N}.",
            fix,
        )
    if not facts.cell:
        cause = "batch_first changes the axes of input and output, never those of the states: there the batch is second."
        yield cause, each(facts, "{}.transpose(0, 1).contiguous()")
    if len(want) == 3 and state.size(0) != want[0] and state.size(2) == want[2]:
        for n in (n for n in networks_in([state]) if isinstance(n, nn.RNNBase)):
            two = [f"{plural(m.num_layers, 'layer')}{' in two directions' * m.bidirectional}" for m in (n, facts.module)]
            if n.num_layers * (1 + n.bidirectional) == state.size(0):
                yield f"It comes from a network of {two[0]}, and this one has {two[1]}: make both alike."
            if state.size(2) == n.hidden_size * (1 + n.bidirectional):
                yield "This is output, of all time steps. The state is h_n, which the network returns beside it."
        split = getattr(facts.module, "_is_replica", False) or state._base is not None and state._base.shape[:1] == want[:1]
        if split and state.numel() == want[0] * want[1] * want[2] and state.size(0) < want[0]:
            cause = "It was split along axis 0, as DataParallel does it, and axis 0 of a state is the layers, not the batch. "
            yield f"{cause}Keep it as (N, D*num_layers, H_out) outside, and transpose it inside forward."
    if len(want) == 3 and state.size(0) == facts.N != want[0] and state.size(1) not in want[:2]:
        cause = f"It looks like (N, L, features), a vector for each of {state.size(1)} time steps, as an encoder returns them. "
        yield f"{cause}A state is one vector for each sequence: choose one, or their mean. nn.Linear can give it H_out features."
    yield from _other_batch(facts, 0 if facts.cell else 1)
    yield _unlike(facts)


def _directions(facts: Facts) -> Check:
    """The state of a bidirectional network for one of a single direction: only the graph can tell that it is one."""
    here, *below = [getattr(n, "bidirectional", False) for n in (facts.module, *networks_in(facts.states[:1]))]
    if any(below) and not here:
        one, other = ("{}[-2]", "{}[-1]") if facts.cell else ("{}[0::2]", "{}[1::2]")
        cause = "It comes from a bidirectional network, forward and backward in turn. What to hand on is your choice: "
        both = "the sum of both directions of each layer, as here, or a layer over both."
        yield cause + both, each(facts, f"{one} + {other}")
        cause += f"side by side they have the {facts.H_out} features that fit, torch.cat([h{one[2:]}, h{other[2:]}], dim=-1)."
        yield cause, each(facts, f"{{torch.cat}}([{one}, {other}], dim=-1)")


def _other_batch(facts: Facts, axis: int) -> Check:
    """A state that is right but for the number of its sequences."""
    pairs = [([*s.shape], [*w]) for s, w in zip(facts.states, facts.wanted)]
    got, N, count = pairs[0][0][axis], facts.N, sequences(facts)
    if N is None or any(s[:axis] + s[axis + 1 :] != w[:axis] + w[axis + 1 :] for s, w in pairs):
        return
    cause = f"The state was made for {plural(got, 'sequence')}, and this batch has {N}"
    steps = facts.shape[facts.axes.index("L")] if "L" in facts.axes else 0
    if N == 1 and steps > got and steps % got == 0:
        behind = "If they hold the sequences one behind the other, give each sequence its place on axis N."
        yield f"{cause}, of {steps} steps. {behind}"
    if got == 1 < N:
        change = f"{{}}.expand(-1, {count}, -1).contiguous()" if axis else f"{{}}.expand({count}, -1)"
        yield f"{cause}: repeat it for each.", each(facts, change)
    cause += ". A state belongs to the sequences of one batch."
    if N > got > 1 and N % got == 0:
        cause += f" If each is here {N // got} times, as in a beam search, use repeat_interleave({N // got}, dim={axis})."
    if N > 1 and got % N == 0:
        cause += f" {got} is {got // N} * {N}: if these are the states of several layers or directions, take them apart."
    if got > N and (not any(s.requires_grad for s in facts.states) or facts.module in networks_in(facts.states)):
        cause += " The last batch is often smaller than the others: make the state with the size of each batch."
    yield cause


def _unlike(facts: Facts) -> str:
    """Layers or features that differ, in words: a state that was learned or computed is never thrown away."""
    causes = []
    for state, want in zip(facts.states, facts.wanted):
        for name, got, right in zip(facts.state_axes(len(want)), state.shape, want):
            known = {facts.H_out: "hidden_size, and with proj_size only c_0 has that", facts.H_in: "input_size"}
            more = f" That is {known[got]}." if got in known and name == "H_out" else ""
            causes += [f"Its axis {name} has size {got}, and {right} is expected.{more}"] if got != right else []
    return " ".join(dict.fromkeys(causes))


def check_state_like_input(facts: Facts) -> Check:
    """A state of another dtype than the input, or on another device."""
    for kind, cause, change in (
        ("device", "torch.zeros makes tensors on the CPU by default.", facts.to_device),
        ("dtype", "torch makes float32 by default, and NumPy float64.", cast(facts.data.dtype)),
    ):
        kinds, right = [getattr(state, kind) for state in facts.states], getattr(facts.data, kind)
        if all(one == right for one in kinds) or kind == "dtype" and torch.is_autocast_enabled("cpu"):
            continue
        names, parts = facts.state_axes(len(facts.wanted[0])), zip(STATES, facts.states, kinds)
        given = tuple(shape_side(n, s.shape, names, note=short(k), wrong_note=k != right) for n, s, k in parts)
        yield Rule("hx", f"The state must have the {kind} of the input and the weights.", given, facts.state_sides(short(right)))
        yield cause, rewrite(facts.call, "hx", each(facts, change), facts)
