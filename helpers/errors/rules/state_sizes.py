"""The state a network is given: its sizes, its type, its device."""

import ast
from collections.abc import Iterator, Sequence

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..calls import Call
from ..code import statements, value_of
from ..explanations import Explanation, Fix, Side
from ..mends import change, change_states, name_of, network, node_of, replace
from ..sizes import data_of, first_weight, fits, layout, networks_in, shape_after, shape_side, short, state_names
from .states import expected_sides, state_side, states, wanted, zeros


def check_state_shape(call: Call) -> Explanation | None:
    """A state of other sizes than the network and the input call for."""
    given = states(call)
    right = [wanted(call, i) for i in range(len(given))]
    if all(tuple(s.shape) == r for s, r in zip(given, right)):
        return None
    axes = len(right[0])
    wrong = [[i for i in range(axes) if s.shape[i] != r[i]] for s, r in zip(given, right)]
    sides = tuple(state_side(call, i, s, w) for i, (s, w) in enumerate(zip(given, wrong)))
    x = data_of(call.given["input"])
    packed = isinstance(call.given["input"], PackedSequence)
    names = () if packed else layout(call, x.dim())
    moved = "" if call.cell else ", whatever batch_first is"
    rule = f"h_0 has the axes ({', '.join(state_names(call.module, axes))}){moved}."
    cause, fix, blame = _shape_mended(call, given, right, wrong)
    shown = shape_side("input", x.shape, names, blame) if not packed else Side("input", note=f"packed, N={right[0][1]}")
    if blame:  # the input is to blame: the state is what it should be
        sides = tuple(Side(s.name, s.axes) for s in sides)
    return Explanation(rule, (*sides, shown), expected_sides(call), cause, fix)


def _shape_mended(call: Call, given: list[Tensor], right: list[tuple], wrong: list[list[int]]) -> tuple[str, Fix, Sequence[int]]:
    """Cause, mend, and which axes of the input are to blame (none, if it is the state)."""
    shape = tuple(data_of(call.given["input"]).shape)
    packed = isinstance(call.given["input"], PackedSequence)
    if not call.cell and not packed and len(shape) == 3 and wrong[0] == [1] and fits(call, (shape[1], shape[0], shape[2])):
        is_first = call.module.batch_first
        got, reads = ("(L, N, H_in)", "(N, L, H_in)") if is_first else ("(N, L, H_in)", "(L, N, H_in)")
        cause = (
            f"The input looks like {got}, and the network reads {reads}: batch_first={is_first}. Making the network "
            f"with batch_first={not is_first} mends it, too. Less likely: the state was made for another batch."
        )
        if shape[0] != shape[1]:
            return cause, change(call, "input", "{}.transpose(0, 1)"), (0, 1)
    instead = None if call.lstm or call.cell else _output_given(call, right[0])
    if instead is not None:
        return "This is output, the top layer at every step. The state to go on from is h_n, beside it.", instead, ()
    for template, cause in _state_turnings(call):
        if all(shape_after(template, s.shape) == r for s, r in zip(given, right)):
            return cause, change_states(call, template), ()
    return (
        _why_another_size(call, given[0] if wrong[0] else given[1], right[0 if wrong[0] else 1]),
        _refill(call, given, right),
        (),
    )


def _state_turnings(call: Call) -> Iterator[tuple[str, str]]:
    if call.cell:
        yield "{}.transpose(0, 1)", "The two axes are swapped: the batch comes first."
        return
    first = (
        "batch_first moves the batch of input and output, never of the states."
        if call.module.batch_first
        else "The axes are swapped."
    )
    yield "{}.transpose(0, 1).contiguous()", f"The state was given as (N, D*num_layers, H_out). {first}"
    yield "{}.transpose(1, 2).contiguous()", "The last two axes are swapped."
    yield "{}.movedim(0, -1).contiguous()", "The axes are in another order."


def _why_another_size(call: Call, state: Tensor, right: tuple[int, ...]) -> str:
    names = state_names(call.module, len(right))
    wrong = [(name, got, want) for name, got, want in zip(names, state.shape, right) if got != want]
    why = {"D*num_layers": _why_layers, "N": _why_batch, "H_out": _why_features}
    said = " Also, ".join(why[name](call, state, got, want) for name, got, want in wrong)
    return said[0].upper() + said[1:]


def _why_layers(call: Call, state: Tensor, got: int, want: int) -> str:
    module, from_networks = call.module, _origin(state)
    if module.bidirectional and got == module.num_layers:
        more = "a bidirectional network has two states for each layer"
    elif any(part.bidirectional for part in from_networks):
        more = "they come from a bidirectional network, forward and backward in turn"
    elif from_networks:
        more = f"they come from a network of {got} layers; the last ones belong to its top layers"
    else:
        more = f"the network has {module.num_layers} layer{'s' * (module.num_layers > 1)}"
        more += ", in two directions" * module.bidirectional
    return f"there are {got} states, one for each layer and direction, and {want} are expected: {more}."


def _origin(state: Tensor) -> list[nn.Module]:
    """The networks that a state came out of, which have as many layers and directions as it has states."""
    found = [part for part in networks_in([state]) if isinstance(part, nn.RNNBase)]
    return [part for part in found if part.num_layers * (1 + part.bidirectional) == state.size(0)]


def _why_batch(call: Call, state: Tensor, got: int, want: int) -> str:
    sequences = f"{want} sequence{'s' * (want > 1)}"
    if got <= want:
        return f"the state was made for {got} sequence{'s' * (got > 1)}, this batch has {want}."
    return (
        f"this batch has {sequences}, fewer than the state was made for ({got}): the last batch of a DataLoader is "
        "often smaller. Size the state from the batch (or leave it out: it starts at zero)."
    )


def _why_features(call: Call, state: Tensor, got: int, want: int) -> str:
    module = call.module
    if getattr(module, "proj_size", 0) and got == module.hidden_size:
        return f"with proj_size={module.proj_size}, h_0 has {want} features and only c_0 has hidden_size."
    known = {module.input_size: "that is input_size", 2 * want: "both directions side by side"}
    more = known.get(got, "made for another network")
    return f"the state has {got} features, the network's hidden_size is {module.hidden_size}: {more}."


def _output_given(call: Call, right: tuple[int, ...]) -> Fix | None:
    """dec(x, output): the learner's line with h_n instead, which came out beside that output."""
    node = node_of(call, "hx")
    for statement in statements(call.code) if isinstance(node, ast.Name) else ():
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(target, ast.Tuple) and len(target.elts) == 2 and ast.unparse(target.elts[0]) == node.id:
            beside = value_of(target.elts[1], call.code)
            if isinstance(beside, Tensor) and tuple(beside.shape) == right:
                return replace(call, node, ast.unparse(target.elts[1]))
    return None


def _refill(call: Call, given: list[Tensor], right: list[tuple]) -> Fix:
    """States that came out of a network are cut to what is asked for; those that were made of zeros are made anew."""
    from_a_network = all(s.grad_fn is not None for s in given)
    if from_a_network and not call.cell:
        twice = all(s.size(0) == 2 * r[0] and s.shape[1:] == r[1:] for s, r in zip(given, right))
        if twice and any(part.bidirectional for part in _origin(given[0])):
            return _both_directions(call)
        for template in (f"{{}}[-{right[0][0]}:]", f"{{}}[:, :{right[0][1]}]"):
            if all(shape_after(template, s.shape) == r for s, r in zip(given, right)):
                return change_states(call, template + ".contiguous()")
    return zeros(call)


def _both_directions(call: Call) -> Fix:
    """The states of a bidirectional network for one of a single direction: the sum of both, layer by layer."""
    fix = change_states(call, "{}[0::2] + {}[1::2]")
    name, net = name_of(call, "hx"), network(call)
    if name in call.code.parameters:  # it may be this network's own state another time, as in a decoder's second step
        one = f"{name}[0]" if call.lstm else name
        fix = fix._replace(code=f"if {one}.size(0) == 2 * {net}.num_layers: {fix.code}")
    return fix


def check_state_type(call: Call) -> Explanation | None:
    """A state of another type than the input."""
    cause = "NumPy makes float64, and whole numbers make int64."
    return _like_the_input(call, "dtype", "The state has the type of the input and the weights.", cause)


def check_state_device(call: Call) -> Explanation | None:
    """A state on another device than the input."""
    cause = "torch.zeros makes tensors on the CPU."
    return _like_the_input(call, "device", "The state and the input are on one device.", cause)


def _like_the_input(call: Call, kind: str, rule: str, cause: str) -> Explanation | None:
    """A state whose dtype or device (`kind`) is not the input's."""
    given, right = states(call), getattr(data_of(call.given["input"]), kind)
    kinds = [getattr(state, kind) for state in given]
    if all(one == right for one in kinds):
        return None
    sides = tuple(
        state_side(call, i, s, (), note=short(one), wrong_note=one != right) for i, (s, one) in enumerate(zip(given, kinds))
    )
    expected = tuple(Side(s.name, s.axes, short(right)) for s in expected_sides(call))
    fix = change_states(call, f"{{}}.to({network(call)}.{first_weight(call)}.{kind})")
    return Explanation(rule, sides, expected, cause, fix)
