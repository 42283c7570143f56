"""The drawings, read back as XML: what stands where, in which colour, and that no word lies on another."""

import re
import unicodedata
from functools import cache
from itertools import combinations, pairwise, product
from math import cos, radians, sin
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from sweeps import thinned
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from helpers import draw_gradients, draw_hidden, draw_response, draw_step, draw_tensors, draw_unrolled, expected_shapes, trace
from helpers.colours import BIAS, H_N, OUTPUT, W_HH, W_IH, H, X, contrast, value_colour
from helpers.pictures import unrolled
from helpers.pictures.diagrams import MAX_MATRIX_CELLS
from helpers.pictures.layout import MAX_LAYERS, MAX_STEPS
from helpers.pictures.picture import Picture
from helpers.wording import abbreviate

# ---- reading a drawing back -------------------------------------------------------------------------------------


@cache
def make_trace(L=5, N=2, H_in=3, H_out=4, *, h0=False, batch_first=False, **options):
    """A trace of any size; N=None is one unbatched sequence."""
    torch.manual_seed(0)
    rnn = nn.RNN(H_in, H_out, batch_first=batch_first, **options)
    x = torch.randn(L, H_in) if N is None else torch.randn(*((N, L) if batch_first else (L, N)), H_in)
    rows = rnn.num_layers * (2 if rnn.bidirectional else 1)
    return trace(rnn, x, torch.randn(rows, *(() if N is None else (N,)), H_out) if h0 else None)


BOX = re.compile(r"M(\S+) (\S+?)h(\S+?)v(\S+?)h-\S+?z")


def parse(picture):
    """The drawing as elements without namespaces, each cell of a path as an element; not well-formed XML raises here."""
    root = ElementTree.fromstring(picture.data)
    for element in root.iter():
        element.tag = element.tag.split("}")[1]
    for group in root.iter("g"):
        for child in group:  # what a group says of its look holds for all in it
            child.attrib.update(group.attrib | child.attrib)
        for path in group.findall("path"):
            for box in BOX.findall(path.get("d")):
                ElementTree.SubElement(group, "cell", dict(zip(("x", "y", "width", "height"), box)), fill=path.get("fill"))
    return root


def number(element, name):
    return float(element.get(name, 0))


def words(root):
    return [element.text for element in root.iter("text")]


def find_text(root, wanted):
    return next(element for element in root.iter("text") if element.text == wanted)


def circles(root, colour=H.colour):
    """The states drawn: circles in the hue of h (the batch cards behind are white and thin)."""
    return [c for c in root.iter("circle") if c.get("stroke") == colour and c.get("fill") == H.tint]


def arrows(root, colour):
    """Heads of edges, by colour: the corners of each, the point first; a path has many of them."""
    heads = [d for p in root.iter("path") if p.get("fill") == colour for d in p.get("d").split("Z") if d]
    return [[tuple(map(float, point.split())) for point in head[1:].split("L")] for head in heads]


def frames(root, role):
    """Big outlines without a fill; the small one of the legend (20 wide) is none of them."""
    found = [r for r in root.iter("rect") if r.get("fill") == "none" and r.get("stroke") == role.colour]
    return [(number(r, "x"), number(r, "y"), number(r, "width"), number(r, "height")) for r in found if number(r, "width") > 20]


def told(root):
    """What hovering tells, by name, with the colour that stands there: {'h[0]': (0.123, '#E0C8E4')}."""
    return {name: (value, rect.get("fill")) for name, value, rect in hovered(root)}


def hovered(root):
    """Each number that hovering tells: (its name, the number, the cell), told by the cell itself or by what it stands on."""
    for element in root.iter():
        title = element.find("title")
        if title is None:
            continue
        name, *numbers = title.text.split("\n")
        boxes = [element] if not numbers else cells_on(element, root)
        numbers = numbers or [name[name.index(" = ") :]]
        numbers = [number for number in numbers if number != "⋮"]
        assert len(boxes) == len(numbers)
        for number, box in zip(numbers, boxes):
            index, value = number.split(" = ")
            yield name.split(" = ")[0] + index, float(value), box


def cells_on(element, root):
    """The cells that stand on an element, from the top down; the pointer passes through them to it."""
    (left, top), _, (right, bottom), _ = extent(element)
    groups = [group for group in root.iter("g") if group.get("pointer-events") == "none"]
    found = [
        cell
        for group in groups
        for cell in group.iter("cell")
        if left < number(cell, "x") + number(cell, "width") / 2 < right
        and top < number(cell, "y") + number(cell, "height") / 2 < bottom
    ]
    return sorted(found, key=lambda cell: number(cell, "y"))


def ems(letters):
    """Width of a text: 0.6 em a character; two for the wide ones of East Asia."""
    return sum(1.2 if unicodedata.east_asian_width(c) in "WF" else 0.6 for c in letters or "")


def text_corners(element):
    """The corners of the box of a text, turned with it."""
    x, y, size = number(element, "x"), number(element, "y"), number(element, "font-size")
    wide = size * ems(element.text)
    left = x - {"start": 0, "middle": 0.5, "end": 1}[element.get("text-anchor", "start")] * wide
    corners = [(left, y - 0.75 * size), (left + wide, y - 0.75 * size), (left + wide, y + 0.1 * size), (left, y + 0.1 * size)]
    turn = re.fullmatch(r"rotate\((\S+) (\S+) (\S+)\)", element.get("transform", ""))
    if not turn:
        assert "transform" not in element.attrib
        return corners
    angle, cx, cy = map(float, turn.groups())
    c, s = cos(radians(angle)), sin(radians(angle))
    return [(cx + (px - cx) * c - (py - cy) * s, cy + (px - cx) * s + (py - cy) * c) for px, py in corners]


def overlap(a, b, margin=0.5):
    """Whether two convex outlines cover each other by more than `margin`: no line parallel to a side parts them."""
    for corners in (a, b):
        for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1]):
            length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
            nx, ny = (y2 - y1) / length, (x1 - x2) / length
            along_a, along_b = ([px * nx + py * ny for px, py in shape] for shape in (a, b))
            if max(along_a) < min(along_b) + margin or max(along_b) < min(along_a) + margin:
                return False
    return True


def rect_corners(x, y, width, height):
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def extent(element):
    """The corners of whatever an element covers, its stroke left aside; None for what draws nothing itself."""
    if element.tag == "text":
        return text_corners(element)
    if element.tag == "rect":
        return rect_corners(*(number(element, name) for name in ("x", "y", "width", "height")))
    if element.tag == "circle":
        r = number(element, "r")
        return rect_corners(number(element, "cx") - r, number(element, "cy") - r, 2 * r, 2 * r)
    if element.tag == "path" and "h" not in element.get("d"):
        return [tuple(map(float, point.split())) for point in re.split("[MLZ]+", element.get("d")) if point]
    return None


def complaints(picture):
    """What is wrong with a drawing as a drawing: too wide, outside its paper, a word on another."""
    root = parse(picture)
    left, top, width, height = map(float, root.get("viewBox").split())
    found = [] if (left, top) == (0, 0) and width == picture.width <= 720 else [f"width {width}"]
    labels = [element for element in root.iter("text") if (element.text or "").strip()]
    for element in root.iter():
        if (corners := extent(element)) is None:
            continue
        xs, ys = zip(*corners)
        if min(xs) < -0.5 or min(ys) < -0.5 or max(xs) > width + 0.5 or max(ys) > height + 0.5:
            found.append(f"outside: {element.tag} {element.text or ''} {corners}")
    for a, b in combinations(labels, 2):
        if overlap(text_corners(a), text_corners(b)):
            found.append(f"{a.text!r} lies on {b.text!r}")
    return found


def label_complaints(root):
    """Words of the unrolled picture that lie on a state, an input, or the edge of a frame."""
    found = []
    inputs = [extent(r) for r in root.iter("rect") if r.get("stroke") == X.colour]
    outlines = [rect_corners(*frame) for role in (OUTPUT, H_N) for frame in frames(root, role)]
    for label in root.iter("text"):
        if label.get("font-size") == "9":  # the gap among the cells of one state stands inside it
            continue
        corners = text_corners(label)
        found += [f"{label.text!r} on an input" for outline in inputs if overlap(corners, outline)]
        found += [f"{label.text!r} on a state" for circle in root.iter("circle") if touches(circle, corners)]
        for outline in outlines:
            inside = all(within(corner, outline) for corner in corners)
            if overlap(corners, outline) and not inside:
                found.append(f"{label.text!r} on the edge of a frame")
    return found


def touches(circle, corners):
    """Whether a circle reaches into an upright box by more than half a pixel."""
    (left, top), _, (right, bottom), _ = corners
    cx, cy, r = (number(circle, name) for name in ("cx", "cy", "r"))
    dx, dy = cx - min(max(cx, left), right), cy - min(max(cy, top), bottom)
    return (dx * dx + dy * dy) ** 0.5 < r - 0.5


def within(point, outline):
    (left, top), _, (right, bottom), _ = outline
    return left <= point[0] <= right and top <= point[1] <= bottom


# ---- every drawing, from the smallest to the largest --------------------------------------------------------------

SMALL = [
    dict(L=L, num_layers=layers, bidirectional=both, N=N, H_in=H_in, H_out=H_out)
    for L, layers, both in product((1, 2, MAX_STEPS, MAX_STEPS + 1), (1, 2, MAX_LAYERS + 1), (False, True))
    for N, H_in, H_out in ((None, 1, 1), (3, 3, 4))
]
LARGE = [
    dict(L=200, N=64, H_in=3, H_out=4, num_layers=40, bidirectional=True),
    dict(L=200, N=64, H_in=3, H_out=4, num_layers=40),
    dict(L=200, N=1, H_in=1, H_out=1),
    dict(L=200, N=1, H_in=1, H_out=1, num_layers=2),
    dict(L=12, N=64, H_in=512, H_out=512, num_layers=2, bidirectional=True),
    dict(L=2, N=64, H_in=3, H_out=512),
]
LONG_WORDS = ["internationalization"] * 200


def corner(t):
    """The last step of the top layer, in the last direction: where the longest names stand."""
    return t.shapes.num_layers - 1, t.shapes.D - 1, t.lengths[0] - 1


DRAWINGS = {
    "unrolled": draw_unrolled,
    "unrolled at a step": lambda t: draw_unrolled(t, at=corner(t)),
    "unrolled over words": lambda t: draw_unrolled(t, labels=LONG_WORDS),
    "step": lambda t: draw_step(t, *corner(t)),
    "tensors": lambda t: draw_tensors(t.shapes),
    "hidden": draw_hidden,
    "hidden over words": lambda t: draw_hidden(t, LONG_WORDS),
    "response": lambda t: draw_response(t),
}


def named(sizes):
    return " ".join(f"{name}={value}" for name, value in sizes.items())


def one_neuron(t):
    return (t.shapes.H_in, t.shapes.H_out, t.shapes.num_layers, t.shapes.D) == (1, 1, 1, 1)


@pytest.mark.parametrize("sizes", thinned(SMALL + LARGE, every=3), ids=named)
def test_nothing_is_cut_off_and_no_word_lies_on_another(sizes):
    t = make_trace(**sizes)
    found = {name: complaints(draw(t)) for name, draw in DRAWINGS.items() if name != "response" or one_neuron(t)}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("sizes", thinned(SMALL + LARGE, every=3), ids=named)
def test_no_word_lies_on_a_state_or_a_frame(sizes):
    assert label_complaints(parse(draw_unrolled(make_trace(**sizes)))) == []


def test_overlap_is_measured_rightly():
    square = rect_corners(0, 0, 10, 10)
    assert overlap(square, rect_corners(9, 9, 5, 5)) and not overlap(square, rect_corners(10, 0, 5, 5))
    # A turned text passes beside a corner that the box around it would cover.
    assert not overlap([(12, 0), (0, 12), (4, 16), (16, 4)], rect_corners(0, 0, 5, 5))


# ---- the key picture ----------------------------------------------------------------------------------------------


def states(root):
    """Where each state stands: {(layer, direction, t): (cx, cy)}, named by what hovering its cells tells."""
    found = {}
    for name, _, rect in hovered(root):
        named = re.fullmatch(r"layer (\d+)(, reverse)?, t=(\d+): h\[0\]", name)
        if named:
            x, y = number(rect, "x") + number(rect, "width") / 2, number(rect, "y")
            near = [c for c in circles(root) if number(c, "cx") == x and abs(number(c, "cy") - y) < number(c, "r")]
            assert len(near) == 1, f"{name} lies in {len(near)} circles"
            found[int(named[1]), int(bool(named[2])), int(named[3])] = x, number(near[0], "cy")
    return found


def selected(root, role):
    """The states inside the frames of a role, frame by frame."""
    places = states(root).items()
    outlines = [rect_corners(*frame) for frame in frames(root, role)]
    return [{state for state, place in places if within(place, outline)} for outline in outlines]


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("D", [1, 2])
@pytest.mark.parametrize("L", [1, 2, 5])
def test_as_many_states_and_edges_as_the_network_has(L, D, layers):
    root = parse(draw_unrolled(make_trace(L, 1, num_layers=layers, bidirectional=D == 2)))
    every = set(product(range(layers), range(D), range(L)))
    assert set(states(root)) == every
    assert len(circles(root)) == len(every) + layers * D  # and an h_0 for each layer and direction
    assert len(arrows(root, W_IH.colour)) == len(arrows(root, W_HH.colour)) == len(every)
    inputs = [r for r in root.iter("rect") if r.get("fill") == X.tint]
    assert len(inputs) == L and all(r.get("stroke") == X.colour and r.get("rx") for r in inputs)
    expected = [f"x[{t}]" for t in range(L)] + [f"{name}[{k}]" for name in ("h_0", "h_n") for k in range(layers * D)]
    assert sorted(word for word in words(root) if re.fullmatch(r"(x|h_0|h_n)\[\d+\]", word)) == sorted(expected)
    assert words(root).count("W_ih") == layers and words(root).count("W_hh") == layers * D  # named once, not at each step


@pytest.mark.parametrize("layers", [1, 3])
def test_frames_of_one_direction(layers):
    root = parse(draw_unrolled(make_trace(num_layers=layers)))
    assert selected(root, OUTPUT) == [{(layers - 1, 0, t) for t in range(5)}]  # the top row
    assert selected(root, H_N) == [{(layer, 0, 4) for layer in range(layers)}]  # the last column
    # where they cross is why output[-1] == h_n[-1]
    assert selected(root, OUTPUT)[0] & selected(root, H_N)[0] == {(layers - 1, 0, 4)}


@pytest.mark.parametrize("layers", [1, 3])
def test_frames_of_two_directions(layers):
    root = parse(draw_unrolled(make_trace(num_layers=layers, bidirectional=True)))
    assert selected(root, OUTPUT) == [{(layers - 1, d, t) for d in (0, 1) for t in range(5)}]
    # h_n splits: the reverse half sits at t=0
    assert selected(root, H_N) == [{(layer, d, 0 if d else 4)} for layer in range(layers) for d in (0, 1)]


def test_output_is_a_solid_frame_and_h_n_a_dashed_one():
    root = parse(draw_unrolled(make_trace()))
    for role, dashed in ((OUTPUT, False), (H_N, True)):
        (frame,) = [r for r in root.iter("rect") if r.get("stroke") == role.colour and number(r, "width") > 20]
        assert frame.get("fill") == "none" and ("stroke-dasharray" in frame.attrib) == dashed


def test_h_n_names_stand_beside_their_states():
    root = parse(draw_unrolled(make_trace(num_layers=2, bidirectional=True)))
    places = states(root)
    for layer, direction in product((0, 1), (0, 1)):
        name = find_text(root, f"h_n[{2 * layer + direction}]")
        x, y = places[layer, direction, 0 if direction else 4]
        assert abs(number(name, "y") - y) < 10
        assert number(name, "x") < x if direction else number(name, "x") > x


def test_time_runs_right_and_layers_rise():
    root = parse(draw_unrolled(make_trace(num_layers=2, bidirectional=True)))
    places = states(root)
    inputs = [number(r, "y") for r in root.iter("rect") if r.get("fill") == X.tint]
    for layer, direction in product((0, 1), (0, 1)):
        row = [places[layer, direction, t] for t in range(5)]
        assert [x for x, _ in row] == sorted({x for x, _ in row}) and len({y for _, y in row}) == 1
    heights = [places[layer, direction, 0][1] for layer, direction in product((0, 1), (0, 1))]
    assert heights == sorted(heights, reverse=True) and heights[0] < min(inputs)


def test_reverse_edges_point_left():
    root = parse(draw_unrolled(make_trace(bidirectional=True)))
    ways = {}
    for head in arrows(root, W_HH.colour):
        tip, base, _ = head
        ways.setdefault(tip[1], set()).add(tip[0] > base[0])
    forward, reverse = (states(root)[0, direction, 0][1] for direction in (0, 1))
    assert ways == {forward: {True}, reverse: {False}}


@pytest.mark.parametrize(
    "sizes",
    [
        dict(num_layers=2, h0=True),
        dict(num_layers=2, bidirectional=True, h0=True),
        dict(L=40, num_layers=9),
        dict(N=None, h0=True),
    ],
    ids=named,
)
@pytest.mark.parametrize("n", [0, -1])
def test_every_cell_is_a_value_of_the_trace(sizes, n):
    t = make_trace(**sizes)
    n %= len(t.lengths)
    s, limit = t.shapes, max(1.0, float(abs(t.hidden).max()))
    drawn = dict(columns=abbreviate(s.L, MAX_STEPS), rows=abbreviate(s.num_layers, MAX_LAYERS))
    columns, rows = ([i for i in drawn[key] if i is not None] for key in ("columns", "rows"))
    expected = {f"x[{step}][{i}]": t.input[step, n, i] for step in columns for i in range(s.H_in)}
    for layer, d, i in product(rows, range(s.D), range(s.H_out)):
        expected[f"h_0[{layer * s.D + d}][{i}]"] = t.h_0[layer, d, n, i]
        for step in columns:
            expected[f"layer {layer}{', reverse' * d}, t={step}: h[{i}]"] = t.hidden[layer, d, step, n, i]
    seen = told(parse(draw_unrolled(t, n=n)))
    assert seen.keys() == expected.keys()
    for name, value in expected.items():
        assert seen[name][0] == pytest.approx(value, abs=6e-4)
        assert seen[name][1] == value_colour(float(value), limit)


@pytest.mark.parametrize("N, cards", [(None, 0), (1, 0), (2, 1), (3, 2), (64, 2)])
def test_the_batch_lies_behind(N, cards):
    root = parse(draw_unrolled(make_trace(N=N)))
    behind = [c for c in root.iter("circle") if c.get("stroke") == H.colour and c.get("fill") == "#FFFFFF"]
    assert len(behind) == cards * len(circles(root))
    assert (f"in front: sequence 0 of N={N}" in words(root)) == (cards > 0)


def test_large_networks_are_abbreviated_by_first_and_last():
    root = parse(draw_unrolled(make_trace(L=200, num_layers=40, N=1, bidirectional=True)))
    drawn = product((0, 38, 39), (0, 1), (0, 1, 2, 3, 198, 199))
    assert set(states(root)) == set(drawn)
    assert words(root).count("⋮") >= 1 and words(root).count("…") == 1 + 3 * 2  # one in the input, one in each row
    assert {"x[3]", "x[198]", "x[199]", "layer 0", "layer 39"} <= set(words(root)) and "x[4]" not in words(root)


def test_the_sign_of_a_gap_lets_the_pointer_through_to_the_state_behind():
    gaps = [sign for sign in parse(draw_unrolled(make_trace(H_out=40))).iter("text") if sign.text == "⋮"]
    assert len(gaps) == 6 and all(sign.get("pointer-events") == "none" for sign in gaps)  # of 5 states and h_0


def test_what_is_just_small_enough_is_drawn_whole():
    t = make_trace(L=MAX_STEPS, num_layers=MAX_LAYERS)
    root = parse(draw_unrolled(t))
    assert set(states(root)) == set(product(range(MAX_LAYERS), [0], range(MAX_STEPS)))
    assert "…" not in words(root) and "⋮" not in words(root)


def test_sizes_stand_in_the_picture():
    root = parse(draw_unrolled(make_trace(num_layers=2, bidirectional=True)))
    sizes = {"output (L=5, N=2, D*H_out=8)", "h_n (D*num_layers=4, N=2, H_out=4)", "H_in=3", "H_out=4", "D*H_out=8"}
    assert sizes <= set(words(root))


def emptied(root):
    return [c for c in root.iter("circle") if c.get("stroke") == "#BBBBBB" and "stroke-dasharray" in c.attrib]


FORWARD = [(0, 0, 0), (0, 0, 1), (0, 0, 2)]
BACKWARD = [(0, 1, 2), (0, 1, 1), (0, 1, 0)]


@pytest.mark.parametrize(
    "sizes, at, done",
    [
        # In one direction we walk through time: both layers of a step, then the next step.
        (dict(num_layers=2), (0, 0, 1), [(0, 0, 0), (1, 0, 0), (0, 0, 1)]),
        (dict(num_layers=2), (1, 0, 1), [(0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1)]),
        # In two directions the reverse one begins at the last step,
        (dict(bidirectional=True), (0, 1, 2), [*FORWARD, (0, 1, 2)]),
        (dict(bidirectional=True), (0, 1, 0), [*FORWARD, *BACKWARD]),
        # and the layer above needs the whole of the one below.
        (dict(num_layers=2, bidirectional=True), (1, 0, 0), [*FORWARD, *BACKWARD, (1, 0, 0)]),
    ],
)
def test_at_empties_what_comes_later_and_emphasises_one(sizes, at, done):
    t = make_trace(L=3, N=1, **sizes)
    root = parse(draw_unrolled(t, at=at))
    places = states(parse(draw_unrolled(t)))
    assert set(states(root)) == set(done)  # no later state shows a value
    assert {(number(c, "cx"), number(c, "cy")) for c in emptied(root)} == {places[s] for s in places if s not in done}
    strong = [(number(c, "cx"), number(c, "cy")) for c in circles(root) if c.get("stroke-width") == "4"]
    assert strong == [places[at]]
    for role in (W_IH, W_HH):  # edges to later states are grey
        assert len(arrows(root, role.colour)) == len(done)
    assert len(arrows(root, "#D0D0D0")) == 2 * (len(places) - len(done))


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("D", [1, 2])
def test_reach_shows_the_inputs_that_a_gradient_finds(layers, D):
    """In double precision, and with weights of one sign: no path is lost in rounding, and none cancels another."""
    rnn = nn.RNN(3, 4, num_layers=layers, bidirectional=D == 2)
    with torch.no_grad():
        for parameter in rnn.parameters():
            parameter.uniform_(0.1, 0.3)
    seen, precise = trace(rnn, torch.ones(5, 1, 3)), rnn.double()
    for direction in range(D):
        for t in range(5):
            x = torch.ones(5, 1, 3, dtype=torch.float64, requires_grad=True)
            output, _ = precise(x)
            output.view(5, 1, D, 4)[t, 0, direction].sum().backward()
            read = [f"x[{step}]" for step in range(5) if x.grad[step].abs().sum() > 0]
            picture = draw_unrolled(seen, reach=(layers - 1, direction, t))
            assert f"; it depends on {', '.join(read)};" in picture.alt
            empty = [r for r in parse(picture).iter("rect") if r.get("stroke") == "#BBBBBB"]
            assert len(empty) == 5 - len(read)


@pytest.mark.parametrize("H_out, feature", [(1, 0), (4, 2), (64, 0), (64, 30), (64, 63)])
def test_the_chosen_feature_is_framed_in_the_state_and_never_in_a_gap(H_out, feature):
    t = trace(nn.RNN(3, H_out), torch.ones(5, 2, 3))
    drawn = draw_unrolled(t, at=(0, 0, 2), feature=feature)
    (frame,) = re.findall(r"<path d='([^']*)' fill='none'", drawn.data)
    (fill,) = [colour for colour, boxes in re.findall(r"<path fill='(#\w+)' d='([^']*)'", drawn.data) if frame in boxes]
    assert fill == value_colour(float(t.hidden[0, 0, 2, 0, feature]), 1.0)
    assert f"its feature {feature} framed" in drawn.alt


@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_dropout_drops_is_crossed_out_between_the_layers(bidirectional):
    torch.manual_seed(0)
    t = trace(nn.RNN(3, 4, 3, bidirectional=bidirectional, dropout=0.5), torch.randn(5, 2, 3))
    drawn = draw_unrolled(t, n=1)
    crossed = len(re.findall(r"l[\d.]+ [\d.]+m0 -", drawn.data))
    assert crossed == (t.dropout_factors[:, :, 1] == 0).sum() > 0
    titles = re.findall(r"<title>layer (\d) reads at t=(\d), after dropout\n(.*?)</title>", drawn.data, flags=re.S)
    assert len(titles) == 2 * 5  # two places between three layers, at each step
    for layer, step, values in titles:
        read = [float(value) for value in re.findall(r"= (\S+)", values)]
        assert read == pytest.approx(t.layer_input(int(layer), int(step), 1)[: len(read)], abs=1e-3)
    assert "what dropout set to 0 is crossed out" in drawn.alt


def test_a_short_sequence_of_a_packed_batch_ends_where_it_ends():
    torch.manual_seed(0)
    packed = pack_padded_sequence(torch.randn(5, 2, 3), torch.tensor([5, 3]))
    t = trace(nn.RNN(3, 4, bidirectional=True), packed)
    root = parse(draw_unrolled(t, n=1))
    assert set(states(root)) == set(product([0], (0, 1), range(3)))
    assert selected(root, H_N) == [{(0, 0, 2)}, {(0, 1, 0)}]


def test_what_was_drawn_before_leaves_nothing_in_a_picture():
    """Edges, frames and words are kept from picture to picture; they must be those of a picture drawn alone."""
    packed = trace(nn.RNN(3, 4), pack_padded_sequence(torch.ones(5, 2, 3), torch.tensor([5, 3])))
    calls = [
        *((make_trace(**sizes), {}) for sizes in (dict(), dict(N=None), dict(N=1), dict(batch_first=True), dict(h0=True))),
        *(
            (make_trace(), options)
            for options in (dict(n=1), dict(at=(0, 0, 2)), dict(reach=(0, 0, 2)), dict(reach=(0, 0, 3), feature=1))
        ),
        *((make_trace(), dict(labels=words)) for words in (list("abcde"), list("abcdf"))),
        *((packed, dict(n=n)) for n in (0, 1)),
    ]
    alone = []
    for seen, options in calls:
        unrolled._cached_scaffold.cache_clear()
        alone.append(draw_unrolled(seen, **options).data)
    assert len(set(alone)) == len(calls)
    for _ in range(2):
        assert [draw_unrolled(seen, **options).data for seen, options in calls] == alone


# ---- labels ---------------------------------------------------------------------------------------------------------

EVIL = ["<script>alert(1)</script>", 'a"&b', "]]>", "'%s'", "𝒳😀"]


@pytest.mark.parametrize("draw", [draw_unrolled, draw_hidden], ids=lambda f: f.__name__)
def test_labels_are_escaped(draw):
    drawn = draw(make_trace(), labels=EVIL)
    for form in (drawn.data, drawn._repr_html_()):
        assert "<script" not in form
    shown = words(parse(drawn))
    assert all(any(word.startswith(label[:5]) for word in shown) for label in EVIL)


def test_labels_stand_below_their_inputs():
    labels = ["i", "do", "not", "like", "it"]
    root = parse(draw_unrolled(make_trace(), labels=labels))
    inputs = sorted(number(r, "x") + number(r, "width") / 2 for r in root.iter("rect") if r.get("fill") == X.tint)
    assert [number(find_text(root, label), "x") for label in labels] == inputs
    assert "x[0]" not in words(root)


# ---- one step -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer, direction, t, reads, before",
    [
        (0, 0, 0, "x[0]", "h_0"),
        (0, 0, 2, "x[2]", "h[1]"),
        (0, 1, 2, "x[2]", "h[3]"),
        (0, 1, 4, "x[4]", "h_0"),
        (1, 0, 2, "h below", "h[1]"),
    ],
)
@pytest.mark.parametrize("n", [0, 1])
def test_a_step_shows_each_term_with_its_numbers(layer, direction, t, reads, before, n):
    seen = make_trace(h0=True, num_layers=2, bidirectional=True, H_out=3)
    step = seen.step(layer, direction, t, n)
    parts = {"W_ih": step.W_ih, reads: step.x, "b_ih": step.b_ih, "W_hh": step.W_hh}
    parts |= {before: step.h_before, "b_hh": step.b_hh, "sum": step.total, f"h[{t}]": step.h}
    limit = max(1.0, float(abs(step.h).max()))
    expected = {f"{name}[{', '.join(map(str, at))}]": v for name, values in parts.items() for at, v in np.ndenumerate(values)}
    root = parse(draw_step(seen, layer, direction, t, n=n))
    cells = told(root)
    assert cells.keys() == expected.keys()
    for name, value in expected.items():
        assert cells[name] == (pytest.approx(value, abs=6e-4), value_colour(float(value), limit))
    written = sorted(f"{abs(v):.2f}" for v in expected.values())
    assert sorted(word.strip("−") for word in words(root) if re.fullmatch(r"−?\d\.\d\d", word)) == written
    assert {*parts, "tanh", "=", "+", "·"} <= set(words(root))


def test_a_step_is_framed_in_the_colours_of_its_roles():
    root = parse(draw_step(make_trace(), t=2))
    edged = [r.get("stroke") for r in root.iter("rect") if r.get("fill") == "none"]
    roles = [W_IH, X, BIAS, W_HH, H, BIAS, BIAS, H]  # the sum has no role of its own: it is grey, as a bias is
    assert edged == [role.colour for role in roles]


def test_the_terms_of_a_step_stand_in_reading_order():
    root = parse(draw_step(make_trace(), t=2))
    for row in (("W_ih", "x[2]", "b_ih", "sum", "tanh", "h[2]"), ("W_hh", "h[1]", "b_hh", "sum")):
        places = [number(find_text(root, name), "x") for name in row]
        assert places == sorted(places)
    assert number(find_text(root, "W_ih"), "y") < number(find_text(root, "W_hh"), "y")


def test_numbers_are_legible_on_their_cells():
    root = parse(draw_step(make_trace(H_in=2, H_out=6, nonlinearity="relu"), t=4))
    pairs = [(cell, label) for cell, label in pairwise(root) if cell.find("title") is not None]
    assert len(pairs) == len(told(root)) and "relu" in words(root)
    assert min(contrast(cell.get("fill"), label.get("fill")) for cell, label in pairs) >= 4.5


def test_large_matrices_are_abbreviated():
    root = parse(draw_step(make_trace(H_in=512, H_out=300)))
    shown = [i for i in abbreviate(300, MAX_MATRIX_CELLS) if i is not None]
    assert {name for name in told(root) if name.startswith("h[0]")} == {f"h[0][{i}]" for i in shown}
    assert {"300 × 512", "300 × 300", "…", "⋮"} <= set(words(root))


# ---- tensors as boxes -------------------------------------------------------------------------------------------------

SOLID = [(X, None), (H, None), (OUTPUT, None), (H_N, "dashed")]


@pytest.mark.parametrize("N, behind", [(None, 0), (1, 0), (2, 1), (6, 2)])
def test_four_boxes_in_their_roles(N, behind):
    root = parse(draw_tensors(expected_shapes(nn.RNN(3, 4), L=5, N=N)))
    for role, dash in SOLID:
        boxes = [r for r in root.iter("rect") if r.get("stroke") == role.colour]
        assert len(boxes) == 1 + behind
        assert all(("stroke-dasharray" in box.attrib) == (dash is not None) for box in boxes)
    assert all(words(root).count(name) == 1 for name in ("input", "h_0", "output", "h_n"))
    dots = [path for path in root.iter("path") if path.get("stroke-linecap") == "round"]
    assert len(dots) == (4 if N == 6 else 0)  # in place of the cards that are left out


@pytest.mark.parametrize("batch_first, axis_of_L, axis_of_N", [(False, 0, 1), (True, 1, 0)])
def test_boxes_tell_size_and_order_of_each_axis(batch_first, axis_of_L, axis_of_N):
    rnn = nn.RNN(3, 4, num_layers=2, bidirectional=True, batch_first=batch_first)
    seen = words(parse(draw_tensors(expected_shapes(rnn, L=5, N=2))))
    for size in ("L=5", "H_in=3", "D*H_out=8", "D*num_layers=4", "H_out=4"):
        assert size in seen
        below = seen[seen.index(size) + 1]
        assert below == f"axis {axis_of_L}" if size == "L=5" else below.startswith("axis ")
    # batch_first moves the batch of input and output, and leaves h_0 and h_n alone
    deep = [word for word in seen if word.startswith("N=2")]
    assert deep == [f"N=2, axis {axis_of_N}", "N=2, axis 1"] * 2


def test_boxes_without_a_batch_do_not_speak_of_one():
    seen = words(parse(draw_tensors(expected_shapes(nn.RNN(3, 4), L=5))))
    assert not any("N=" in word for word in seen)
    assert seen.count("axis 0") == 4 and seen.count("axis 1") == 4


@pytest.mark.parametrize("L, columns", [(1, 1), (5, 5), (8, 8), (200, 8)])
def test_a_box_is_as_long_as_its_axis_up_to_8(L, columns):
    root = parse(draw_tensors(expected_shapes(nn.RNN(1, 1), L=L)))
    (box,) = [r for r in root.iter("rect") if r.get("stroke") == X.colour]
    assert number(box, "width") == pytest.approx(columns * 17)
    assert ("…" in words(root)) == (L > 8)


# ---- the heat map -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [0, 1, -1, -2])
@pytest.mark.parametrize("D", [1, 2])
def test_the_heat_map_is_the_hidden_states(layer, D):
    t = make_trace(num_layers=2, bidirectional=D == 2)
    values = np.concatenate(t.hidden[layer, :, :, 1], axis=-1)  # (L, D*H_out)
    seen = told(parse(draw_hidden(t, layer=layer, n=1)))
    limit = max(1.0, float(abs(values).max()))
    expected = {f"h[{step}][{i}]": value for (step, i), value in np.ndenumerate(values)}
    assert seen == {name: (pytest.approx(v, abs=6e-4), value_colour(float(v), limit)) for name, v in expected.items()}


def test_the_heat_map_of_many_steps_and_features_is_abbreviated():
    root = parse(draw_hidden(make_trace(L=40, N=1, H_out=60)))
    steps = [t for t in abbreviate(40, 14) if t is not None]
    features = [i for i in abbreviate(60, 24) if i is not None]
    assert set(told(root)) == {f"h[{t}][{i}]" for t in steps for i in features}
    assert "…" in words(root) and "⋮" in words(root)
    assert [word for word in words(root) if word.startswith("t=")] == [f"t={t}" for t in steps]


# ---- one neuron over time -----------------------------------------------------------------------------------------------


def test_the_response_is_drawn_to_scale():
    t = make_trace(12, 1, 1, 1)
    h, x = t.hidden[0, 0, :, 0, 0], t.input[:, 0, 0]
    root = parse(draw_response(t))
    spots = circles(root)
    assert [spot.find("title").text for spot in spots] == [f"h[{i}] = {v:.3f}" for i, v in enumerate(h)]
    heights = np.array([number(spot, "cy") for spot in spots])
    slope, zero = np.polyfit(h, heights, 1)
    assert slope < 0 and np.allclose(heights, slope * h + zero, atol=0.1)  # a straight scale, upwards; one decimal
    bars = [r for r in root.iter("rect") if r.get("fill") == X.tint]
    tall = np.array([number(bar, "height") for bar in bars])
    assert np.allclose(tall / tall.max(), abs(x) / abs(x).max(), atol=0.01)
    assert np.all(np.diff([number(spot, "cx") for spot in spots]) > 0)


@pytest.mark.parametrize("weight, begin", [(0.5, 0), (1.5, 11)])
def test_a_response_that_is_cut_begins_where_it_is_largest(weight, begin):
    rnn = torch.nn.RNN(1, 1, nonlinearity="relu", bias=False)
    with torch.no_grad():
        rnn.weight_ih_l0.fill_(1.0)
        rnn.weight_hh_l0.fill_(weight)
    picture = draw_response(trace(rnn, torch.eye(12)[:, :1]))
    spots = [number(spot, "cx") for spot in circles(parse(picture))]
    assert abs(picture.chosen - spots[begin]) < 0.1


# ---- what cannot be drawn -------------------------------------------------------------------------------------------------

BAD = {
    "n too high": (ValueError, "n: given 2, expected a whole number from 0 to 1", lambda t: draw_unrolled(t, n=2)),
    "n no number": (ValueError, "n: given 'a', expected a whole number", lambda t: draw_unrolled(t, n="a")),
    "no such t": (ValueError, "t: given 5, expected a whole number from 0 to 4", lambda t: draw_unrolled(t, at=(0, 0, 5))),
    "no such layer": (ValueError, "layer: given 1, expected .* from 0 to 0", lambda t: draw_unrolled(t, at=(1, 0, 0))),
    "no such direction": (ValueError, "direction: given 1, expected", lambda t: draw_unrolled(t, at=(0, 1, 0))),
    "at too short": (ValueError, r"at: given \(0, 0\), expected", lambda t: draw_unrolled(t, at=(0, 0))),
    "two steps": (ValueError, "at, reach: given .* expected one step", lambda t: draw_unrolled(t, at=(0, 0, 1), reach=(0, 0, 2))),
    "feature of no step": (ValueError, "feature: given 1 without at or reach", lambda t: draw_unrolled(t, feature=1)),
    "few labels": (ValueError, "labels: given 1, expected one for each of 5 steps", lambda t: draw_unrolled(t, labels=["a"])),
    "no trace, unrolled": (TypeError, "trace: given RNN, expected a Trace", lambda t: draw_unrolled(nn.RNN(3, 4))),
    "no trace, step": (TypeError, "trace: given RNN, expected a Trace", lambda t: draw_step(nn.RNN(3, 4))),
    "no trace, hidden": (TypeError, "trace: given RNN, expected a Trace", lambda t: draw_hidden(nn.RNN(3, 4))),
    "no trace, response": (TypeError, "trace: given RNN, expected a Trace", lambda t: draw_response(nn.RNN(3, 4))),
    "no shapes": (TypeError, "shapes: given RNN, expected", lambda t: draw_tensors(nn.RNN(3, 4))),
    "step t": (ValueError, "t: given -1, expected a whole number from 0 to 4", lambda t: draw_step(t, t=-1)),
    "step layer": (ValueError, "layer: given 3, expected", lambda t: draw_step(t, 3)),
    "step n": (ValueError, "n: given 9, expected", lambda t: draw_step(t, n=9)),
    "hidden layer": (ValueError, "layer: given 4, expected", lambda t: draw_hidden(t, layer=4)),
    "hidden n": (ValueError, "n: given 7, expected", lambda t: draw_hidden(t, n=7)),
    "hidden labels": (ValueError, "labels: given 2, expected one for each of 5 steps", lambda t: draw_hidden(t, ["a", "b"])),
    "letters": (TypeError, "labels: given 'I love', expected a list of words", lambda t: draw_unrolled(t, labels="I love")),
    "a number for labels": (TypeError, "labels: given 5, expected a list of words", lambda t: draw_hidden(t, 5)),
    "norms none": (ValueError, "norms: given none", lambda t: draw_gradients([], 1.0)),
    "norms no numbers": (TypeError, r"norms: given \['a'\], expected numbers \(L\)", lambda t: draw_gradients(["a"], 1.0)),
    "norms a table": (ValueError, r"norms: given shape \(5, 2\)", lambda t: draw_gradients(np.ones((5, 2)), 1.0)),
    "norms below 0": (ValueError, "norms: given -1, expected numbers from 0 on", lambda t: draw_gradients([1.0, -1.0], 1.0)),
    "no bound": (ValueError, "singular_value: given 'a', expected a number from 0", lambda t: draw_gradients([1.0], "a")),
    "bound nan": (ValueError, "singular_value: given nan", lambda t: draw_gradients([1.0], float("nan"))),
    "no neuron": (ValueError, "trace: given H_in=3, H_out=4, .*, expected one neuron", lambda t: draw_response(t)),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_drawn_is_refused_by_name(case):
    error, message, draw = BAD[case]
    with pytest.raises(error, match=message):
        draw(make_trace())


@pytest.mark.parametrize("draw", [draw_unrolled, draw_step, draw_hidden, draw_response], ids=lambda f: f.__name__)
def test_states_that_exploded_are_drawn_all_the_same(draw):
    rnn = nn.RNN(1, 1, nonlinearity="relu")
    for weight in rnn.parameters():
        nn.init.constant_(weight, 1e30)
    with np.errstate(over="ignore"):
        exploded = trace(rnn, torch.ones(5, 1))
    assert np.isinf(exploded.hidden).any()
    assert complaints(draw(exploded)) == []


# ---- alternative texts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "drawn, facts",
    [
        (
            lambda: draw_unrolled(make_trace(num_layers=2, bidirectional=True)),
            "5 steps|2 layers|4 hidden features|3 input features|two directions|2 sequences"
            "|(L=5, N=2, D*H_out=8)|(D*num_layers=4, N=2, H_out=4)",
        ),
        (
            lambda: draw_unrolled(make_trace(1, 1, 1, 1)),
            "1 step:|1 layer |1 hidden feature |1 input feature,|one direction|1 sequence.",
        ),
        (lambda: draw_unrolled(make_trace(bidirectional=True), at=(0, 1, 3)), "Emphasised: layer 0, reverse, step 3"),
        (lambda: draw_step(make_trace(), t=2), "t=2|layer 0|4 by 3|4 by 4|x[2]|h[1]|tanh"),
        (
            lambda: draw_tensors(make_trace().shapes),
            "input (L=5, N=2, H_in=3)|h_0 (D*num_layers=1, N=2, H_out=4)"
            "|output (L=5, N=2, D*H_out=4)|h_n (D*num_layers=1, N=2, H_out=4)",
        ),
        (lambda: draw_hidden(make_trace(2), ["so", "good"]), "layer 0|4 features over 2 steps|so, good"),
        (lambda: draw_response(make_trace(12, 1, 1, 1)), "12 steps|t=0|begin|end at"),
    ],
)
def test_alternative_texts_name_the_sizes(drawn, facts):
    picture = drawn()
    assert isinstance(picture, Picture)
    assert [fact for fact in facts.split("|") if fact not in picture.alt] == []
    assert parse(picture).get("aria-label") == picture.alt


def test_the_step_tells_its_result_in_words():
    t = make_trace()
    values = ", ".join(f"{v:.2f}" for v in t.hidden[0, 0, 2, 0])
    assert draw_step(t, t=2).alt.endswith(f"gives h[2] = ({values}).")


@pytest.mark.parametrize("draw", [draw_unrolled, draw_hidden], ids=lambda f: f.__name__)
def test_drawing_twice_gives_the_same(draw):
    t = make_trace()
    assert draw(t) == draw(t)  # and no id can clash with another picture's on the page
    assert "id=" not in draw(t).data


@pytest.mark.parametrize("layer, t", [(0, 0), (2, 10), (3, 16), (5, 19)])
def test_the_step_we_stand_at_is_never_in_the_gap(layer, t):
    deep = trace(nn.RNN(3, 4, num_layers=6), torch.ones(20, 1, 3))
    drawn = draw_unrolled(deep, at=(layer, 0, t))
    assert f"layer {layer}, t={t}: h\n[0]" in drawn.data and f"x[{t}]" in drawn.data
    assert drawn.width <= 720


def test_a_step_without_bias_shows_none():
    drawn = draw_step(trace(nn.RNN(3, 4, bias=False), torch.ones(5, 1, 3)))
    assert "b_ih" not in drawn.data and "without bias" in drawn.alt
