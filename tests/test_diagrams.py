"""The drawings, read back as XML: what stands where, in which colour, and that no word lies on another."""

import re
import unicodedata
from itertools import combinations, product
from math import cos, radians, sin
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

from helpers import draw_hidden, draw_response, draw_step, draw_tensors, draw_unrolled, expected_shapes, trace
from helpers.diagrams import MOST_CELLS
from helpers.notation import BIAS, H, H_N, OUTPUT, W_HH, W_IH, X, value_colour
from helpers.pictures import Picture
from helpers.svg import abbreviate
from helpers.unrolled import MOST_LAYERS, MOST_STEPS

# ---- reading a drawing back -------------------------------------------------------------------------------------


def make_trace(L=5, N=2, H_in=3, H_out=4, *, h0=False, batch_first=False, **options):
    """A trace of any size; N=None is one unbatched sequence."""
    torch.manual_seed(0)
    rnn = nn.RNN(H_in, H_out, batch_first=batch_first, **options)
    x = torch.randn(L, H_in) if N is None else torch.randn(*((N, L) if batch_first else (L, N)), H_in)
    rows = rnn.num_layers * (2 if rnn.bidirectional else 1)
    return trace(rnn, x, torch.randn(rows, *(() if N is None else (N,)), H_out) if h0 else None)


def parse(picture):
    """The drawing as elements without namespaces; not well-formed XML raises here."""
    root = ElementTree.fromstring(picture.data)
    for element in root.iter():
        element.tag = element.tag.split("}")[1]
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
    """Heads of edges, by colour."""
    return [p for p in root.iter("polygon") if p.get("fill") == colour]


def frames(root, role):
    """Big outlines without a fill; the small one of the legend (20 wide) is none of them."""
    found = [r for r in root.iter("rect") if r.get("fill") == "none" and r.get("stroke") == role.colour]
    return [(number(r, "x"), number(r, "y"), number(r, "width"), number(r, "height")) for r in found if number(r, "width") > 20]


def told(root):
    """What hovering tells, by name, with the colour that stands there: {'h[0]': (0.123, '#E0C8E4')}."""
    found = {}
    for rect in root.iter("rect"):
        title = rect.find("title")
        if title is not None:
            name, value = title.text.rsplit(" = ", 1)
            found[name] = float(value), rect.get("fill")
    return found


def ems(letters):
    """Width of a text: 0.6 em a character; two for the wide ones of East Asia."""
    return sum(1.2 if unicodedata.east_asian_width(c) in "WF" else 0.6 for c in letters)


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
    if element.tag == "polygon":
        return [tuple(map(float, point.split(","))) for point in element.get("points").split()]
    if element.tag == "path" and "h" not in element.get("d"):
        return [tuple(map(float, point.split())) for point in element.get("d")[1:].split("L")]
    return None


def complaints(picture):
    """What is wrong with a drawing as a drawing: too wide, outside its paper, a word on another."""
    root = parse(picture)
    left, top, width, height = map(float, root.get("viewBox").split())
    found = [] if (left, top) == (0, 0) and width == picture.width <= 720 else [f"width {width}"]
    labels = [element for element in root.iter("text") if element.text.strip()]
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
