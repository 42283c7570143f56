"""What can be wrong with the state a recurrent network is given: hx, or an LSTM's pair of h_0 and c_0."""

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from .calls import Call
from .explanations import Axis, Explanation, Fix, Side
from .mends import change, change_states, name_of, network, node_of, put, spell
from .rules_input import data_of, described, fits, layout, shape_after, shape_side, short, state_shape, weight


def state_names(call: Call, axes: int) -> tuple[str, ...]:
    """The names of a state's axes: batch_first does not change them."""
    if call.cell:
        return ("N", "H_out")[-axes:]
    return ("D*num_layers", "N", "H_out") if axes == 3 else ("D*num_layers", "H_out")


def states(call: Call) -> list[Any]:
    """The states as given, h_0 first; empty if there are none."""
    hx = call.given.get("hx")
    return [] if hx is None else list(hx) if call.lstm and isinstance(hx, (tuple, list)) else [hx]


def wanted(call: Call, which: int = 0) -> tuple[int, ...]:
    """The shape the network expects of a state, for the input it was given."""
    return state_shape(call, tuple(data_of(call.given["input"]).shape), which)


def expected_sides(call: Call) -> tuple[Side, ...]:
    """h_0, and an LSTM's c_0, as they should be."""
    names = ("h_0", "c_0") if call.lstm else ("h_0",)
    shapes = [wanted(call, i) for i in range(len(names))]
    return tuple(shape_side(name, shape, state_names(call, len(shape))) for name, shape in zip(names, shapes))


def zeros(call: Call) -> Fix:
    """A line that makes states of the right shape, from the sizes of the network and this very input."""
    torch, x, net = spell(call, "torch.zeros"), name_of(call, "input"), network(call)
    codes = [f"{torch}({_sizes(call, i, x, net)}{_like(call, x)})" for i in range(1 + call.lstm)]
    node = node_of(call, "hx")
    both = ", ".join(codes)
    return change(call, "hx", f"({both})" if call.lstm else both) if node is None or not _pair(call) else put(
        call, f"{_pair(call)} = {both}")


def _pair(call: Call) -> str:
    parts = change_states(call, "{}").code.partition(" = ")[0]
    return parts if call.lstm and ", " in parts and "(" not in parts else ""


def _sizes(call: Call, which: int, x: str, net: str) -> str:
    module, shape = call.module, wanted(call, which)
    known = x.replace(".", "").replace("_", "").isalnum() and not x[0].isdigit()
    packed = isinstance(call.given["input"], PackedSequence)
    batch = f"int({x}.batch_sizes[0])" if packed else f"{x}.size({layout(call, 3).index('N') if not call.cell else 0})"
    width = f"{net}.{'proj_size' if getattr(module, 'proj_size', 0) and which == 0 else 'hidden_size'}"
    layers = [] if call.cell else [f"{'2 * ' * module.bidirectional}{net}.num_layers"]
    has_batch = len(shape) == (2 if call.cell else 3)
    return ", ".join([*layers, *([batch if known else str(shape[-2])] if has_batch else []), width])


def _like(call: Call, x: str) -> str:
    data = data_of(call.given["input"])
    more = f", dtype={x}.dtype" if short(data.dtype) != "float32" else ""
    return more + (f", device={x}.device" if data.device.type != "cpu" else "")


def check_state_kind(call: Call) -> Explanation | None:
    """An LSTM wants a pair of tensors, the others want one tensor."""
    hx = call.given.get("hx")
    if hx is None:
        return None
    if call.lstm:
        # torch takes a list as well, except for a cell
        fine = isinstance(hx, (tuple, list)) and len(hx) == 2 and all(isinstance(s, Tensor) for s in hx)
        if fine:
            return None
        rule = "An LSTM has two states, and they come as a pair: (h_0, c_0)."
    else:
        if isinstance(hx, Tensor):
            return None
        rule = f"{call.what} has one state: hx is a single tensor, h_0."
    given = Side("hx", note=described(hx), wrong_note=True)
    if isinstance(hx, Tensor):
        given = shape_side("hx", hx.shape, note="one tensor", wrong_note=True)
    cause, fix = _pair_mended(call, hx) if call.lstm else _single_mended(call, hx)
    return Explanation(rule, (given,), expected_sides(call), cause, fix)


def _pair_mended(call: Call, hx: Any) -> tuple[str, Fix]:
    right = wanted(call), wanted(call, 1)
    like = spell(call, "torch.zeros_like")
    if isinstance(hx, Tensor):
        if hx.dim() and hx.size(0) == 2 and tuple(hx.shape[1:]) == right[0] == right[1]:
            return "Both states are stacked in one tensor: take them apart.", change(call, "hx", "tuple({})")
        if tuple(hx.shape) == right[0] == right[1]:
            return "Only h_0 was given, as an RNN or a GRU has it. The cell state c_0 starts at zero.", change(
                call, "hx", f"({{}}, {like}({{}}))")
        return "One tensor, and not of the shape of h_0 either. Zeros of the right shape for both:", zeros(call)
    parts = list(hx) if isinstance(hx, (tuple, list)) else []
    if len(parts) == 2 and isinstance(parts[1], (tuple, list)) and len(parts[1]) == 2:
        return "This is all an LSTM returned: (output, (h_n, c_n)). Only the inner pair goes on.", change(call, "hx", "{}[1]")
    if len(parts) == 1 and isinstance(parts[0], Tensor) and tuple(parts[0].shape) == right[0] == right[1]:
        return "The cell state c_0 is missing.", change(call, "hx", f"({{}}[0], {like}({{}}[0]))")
    if len(parts) > 2 and all(isinstance(s, Tensor) for s in parts[:2]):
        return "More than two states: perhaps one for each layer. All layers of a network share one pair.", change(call, "hx", "tuple({}[:2])")
    return "A state is missing, or is no tensor. Without hx at all, both start at zero.", change(call, "hx", "None")


def _single_mended(call: Call, hx: Any) -> tuple[str, Fix]:
    right = wanted(call)
    if isinstance(hx, (tuple, list)) and hx:
        shapes = [tuple(s.shape) if isinstance(s, Tensor) else None for s in hx]
        if len(hx) == 2 and shapes == [right, right]:
            return "This is the pair (h, c) of an LSTM; here there is no c.", change(call, "hx", "{}[0]")
        if right in shapes:
            i = len(shapes) - 1 - shapes[::-1].index(right)
            cause = "This is all a network returned, (output, h_n); only h_n goes on." if i else "The state sits in a list or tuple of its own."
            return cause, change(call, "hx", f"{{}}[{i}]")
        if all(shape == right[1:] for shape in shapes) and len(shapes) == right[0]:
            return "One state for each layer: stacked, they are h_0.", change(call, "hx", f"{spell(call, 'torch.stack')}(list({{}}))")
    if type(hx).__name__ == "ndarray" and hx.shape == right:
        dtype = spell(call, str(weight(call).dtype))
        return "NumPy made it, and the network reads tensors.", change(call, "hx", f"{spell(call, 'torch.as_tensor')}({{}}, dtype={dtype})")
    return "This is no tensor. Without hx, the state starts at zero.", change(call, "hx", "None")


def check_state_axes(call: Call) -> Explanation | None:
    """A state with an axis too many or too few for this input."""
    given, axes = states(call), len(data_of(call.given["input"]).shape)
    if isinstance(call.given["input"], PackedSequence):
        axes = 3
    if all(s.dim() == axes for s in given):
        return None
    if call.cell and axes == 2 and all(s.dim() == 1 for s in given):
        rule = "A batch of N inputs needs N states: (N, H_out)."
    else:
        batched = "batched" if axes == (2 if call.cell else 3) else "without a batch"
        rule = f"The input is {batched}, so the state has {axes} ax{'e' if axes > 1 else 'i'}s, too."
    sides = tuple(_state_side(call, i, s, range(s.dim()) if s.dim() != axes else ()) for i, s in enumerate(given))
    shape = tuple(data_of(call.given["input"]).shape)
    x = shape_side("input", shape, layout(call, len(shape)))
    cause, fix = _axes_mended(call, given[0] if given[0].dim() != axes else given[-1], shape)
    return Explanation(rule, (*sides, x), expected_sides(call), cause, fix)


def _state_side(call: Call, which: int, state: Tensor, wrong: Sequence[int], **more: Any) -> Side:
    return shape_side(("h_0", "c_0")[which % 2] if call.lstm else "h_0", state.shape, state_names(call, state.dim()), wrong, **more)


def _axes_mended(call: Call, state: Tensor, shape: tuple[int, ...]) -> tuple[str, Fix]:
    right = wanted(call)
    if not isinstance(call.given["input"], PackedSequence):
        inputs = [("{}.unsqueeze(0)", "The state has a batch axis, the input has none: this looks like one step of a batch.")]
        if not call.cell:
            first, one = call.module.batch_first, "The state has a batch axis, the input has none: give it one."
            inputs = [("{}.unsqueeze(1)", inputs[0][1] if first else one), ("{}.unsqueeze(0)", one if first else inputs[0][1])]
        same = {tuple(s.shape) for s in states(call)}
        for template, cause in inputs:
            fitting = shape_after(template, shape)
            # Of one sequence alone nothing is lost by leaving the batch axis out of the state, so that comes first.
            if len(same) == 1 and fitting and fitting[-1] == call.module.input_size and state_shape(call, fitting) in same:
                if len(fitting) <= (2 if call.cell else 3) and (1 not in state.shape[-2:-1] or state.dim() < 2):
                    return cause, change(call, "input", template)
    batch, layers = "The state has no batch axis.", "The state has no axis for layers and directions."
    for template, cause in [
        ("{}.unsqueeze(0)", batch if call.cell else layers),
        ("{}.unsqueeze(1)", batch),
        ("{}.squeeze(1)", "The state has a batch axis, the input has none."),
        ("{}.squeeze(0)", "The state has an axis too many, as h_n of a whole network has it."),
        ("{}[-1]", "This is h_n of a whole network, with an axis for the layers; a cell wants the state of one."),
        (f"{{}}.expand({', '.join(map(str, right))})", "One state for all sequences: repeat it for each of the batch."),
        (f"{{}}.unsqueeze(1).expand({', '.join(map(str, right))})", "One state for all sequences: repeat it for each of the batch."),
    ]:
        if all(shape_after(template, s.shape) == wanted(call, i) for i, s in enumerate(states(call))):
            return cause, change_states(call, template)
    return "The state was made for another input. Zeros of the right shape:", zeros(call)


def check_state_shape(call: Call) -> Explanation | None:
    """A state of other sizes than the network and the input call for."""
    given = states(call)
    right = [wanted(call, i) for i in range(len(given))]
    if all(tuple(s.shape) == r for s, r in zip(given, right)):
        return None
    axes = len(right[0])
    wrong = [[i for i in range(axes) if s.shape[i] != r[i]] for s, r in zip(given, right)]
    sides = tuple(_state_side(call, i, s, w) for i, (s, w) in enumerate(zip(given, wrong)))
    x = data_of(call.given["input"])
    packed = isinstance(call.given["input"], PackedSequence)
    names = () if packed else layout(call, x.dim())
    moved = "" if call.cell else ", whatever batch_first is"
    rule = f"h_0 has the axes ({', '.join(state_names(call, axes))}){moved}."
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
        cause = (f"The input looks like {got}, and the network reads {reads}: batch_first={is_first}. "
                 f"Or the batch is smaller than the state was made for.")
        if shape[0] != shape[1]:
            return cause, change(call, "input", "{}.transpose(0, 1)"), (0, 1)
    for template, cause in _state_turnings(call):
        if all(shape_after(template, s.shape) == r for s, r in zip(given, right)):
            return cause, change_states(call, template), ()
    return _why_another_size(call, given[0] if wrong[0] else given[1], right[0 if wrong[0] else 1]), _refill(call, given, right), ()


def _state_turnings(call: Call) -> Iterator[tuple[str, str]]:
    if call.cell:
        yield "{}.transpose(0, 1)", "The two axes are swapped: the batch comes first."
        return
    first = "batch_first moves the batch of input and output, never of the states." if call.module.batch_first else "The axes are swapped."
    yield "{}.transpose(0, 1).contiguous()", f"The state was given as (N, D*num_layers, H_out). {first}"
    yield "{}.transpose(1, 2).contiguous()", "The last two axes are swapped."
    yield "{}.movedim(0, -1).contiguous()", "The axes are in another order."


def _why_another_size(call: Call, state: Tensor, right: tuple[int, ...]) -> str:
    module, wrong = call.module, [i for i, (a, b) in enumerate(zip(state.shape, right)) if a != b]
    names = state_names(call, len(right))
    causes = []
    for axis in wrong:
        got, want = state.shape[axis], right[axis]
        if names[axis] == "D*num_layers":
            forgot = module.bidirectional and got == module.num_layers
            more = "a bidirectional network has two states for each layer" if forgot else (
                "they come from a bidirectional network" if got == 2 * want else f"the network has {module.num_layers} layer"
                + "s" * (module.num_layers > 1) + (", in two directions" if module.bidirectional else ""))
            causes.append(f"there are {got} states, one for each layer and direction, and {want} are expected: {more}.")
        elif names[axis] == "N" and got > want:
            causes.append(f"this batch has {want} sequence{'s' * (want > 1)}, fewer than the state was made for ({got}): the last batch of a "
                          "DataLoader is often smaller. Size the state from the batch (or leave it out: it starts at zero).")
        elif names[axis] == "N":
            causes.append(f"the state was made for {got} sequence{'s' * (got > 1)}, this batch has {want}.")
        elif getattr(module, "proj_size", 0) and got == module.hidden_size:
            causes.append(f"with proj_size={module.proj_size}, h_0 has {want} features and only c_0 has hidden_size.")
        else:
            more = {module.input_size: "that is input_size", 2 * want: "both directions side by side"}.get(got, "made for another network")
            causes.append(f"the state has {got} features, the network's hidden_size is {module.hidden_size}: {more}.")
    said = " Also, ".join(causes)
    return said[0].upper() + said[1:]


def _refill(call: Call, given: list[Tensor], right: list[tuple]) -> Fix:
    """States that came out of a network are cut to what is asked for; those that were made of zeros are made anew."""
    from_a_network = all(s.grad_fn is not None for s in given)
    if from_a_network and not call.cell:
        for template in (f"{{}}[-{right[0][0]}:]", f"{{}}[:, :{right[0][1]}]"):
            if all(shape_after(template, s.shape) == r for s, r in zip(given, right)):
                return change_states(call, template + ".contiguous()")
    return zeros(call)


def check_state_type(call: Call) -> Explanation | None:
    """A state of another type than the input."""
    given, right = states(call), data_of(call.given["input"]).dtype
    if all(s.dtype == right for s in given):
        return None
    sides = tuple(_state_side(call, i, s, (), note=short(s.dtype), wrong_note=s.dtype != right) for i, s in enumerate(given))
    expected = tuple(Side(s.name, s.axes, short(right)) for s in expected_sides(call))
    cause = "NumPy makes float64, and whole numbers make int64."
    fix = change_states(call, f"{{}}.to({network(call)}.{'weight_ih' if call.cell else 'weight_ih_l0'}.dtype)")
    return Explanation("The state has the type of the input and the weights.", sides, expected, cause, fix)


def check_state_device(call: Call) -> Explanation | None:
    """A state on another device than the input."""
    given, here = states(call), data_of(call.given["input"]).device
    if all(s.device == here for s in given):
        return None
    sides = tuple(_state_side(call, i, s, (), note=str(s.device), wrong_note=s.device != here) for i, s in enumerate(given))
    expected = tuple(Side(s.name, s.axes, str(here)) for s in expected_sides(call))
    fix = change_states(call, f"{{}}.to({network(call)}.{'weight_ih' if call.cell else 'weight_ih_l0'}.device)")
    return Explanation("The state and the input are on one device.", sides, expected, "torch.zeros makes tensors on the CPU.", fix)
