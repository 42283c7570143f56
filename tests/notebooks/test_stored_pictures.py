"""The stored pictures: each has a text of its own that tells what is seen and how large, and none is blank.

What a picture shows is asserted where it is drawn: test_diagrams, test_plots, test_packing, test_mixups.
"""

import base64
import io
import re
from html import unescape
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from matplotlib.image import imread
from stored import EACH, code, code_cells, first_line, made_of, page, pages, read

MARKS = {"rect", "circle", "ellipse", "line", "polyline", "polygon", "path", "text"}
VAGUE = re.compile(r"^(an? )?(image|picture|figure|plot|chart|diagram)( of .{0,20})?\W*$", re.I)


def images(notebook):
    """Each image tag as (cell, alternative text or None, source)."""
    for cell in code_cells(notebook):
        for html in pages(cell):
            for tag in re.findall(r"<img\b[^>]*>", html):
                alt, source = re.search(r'\balt="([^"]*)"', tag), re.search(r'\bsrc="([^"]*)"', tag)
                yield cell, alt and unescape(alt.group(1)), source and unescape(source.group(1))


def bad_texts(notebook):
    """What is wrong with the pictures' alternative texts."""
    found, told = [], {}
    for cell, alt, source in images(notebook):
        if not (alt or "").strip():
            found.append(f"{first_line(cell)}: no text")
        elif len(alt) < 30 or VAGUE.match(alt) or not re.search(r"\d|^Given: ", alt):  # some boxes are words
            found.append(f"{first_line(cell)}: tells not what is seen and how large: {alt}")
        elif told.setdefault(alt, source) != source:
            found.append(f"{first_line(cell)}: the text of another picture: {alt}")
    return found


def blank_pictures(notebook):
    return [first_line(cell) for cell, alt, source in images(notebook) if is_blank(source or "")]


def is_blank(source):
    """Whether nothing is drawn: an SVG with fewer than three marks, a PNG nearly all of one colour, or no picture."""
    kind, _, data = source.partition(",")
    if kind == "data:image/svg+xml":
        marks = [e for e in ElementTree.fromstring(unquote(data)).iter() if e.tag.rpartition("}")[2] in MARKS]
        return len(marks) < 3
    if kind == "data:image/png;base64":
        pixels = imread(io.BytesIO(base64.b64decode(data)))[..., :3]
        inner = pixels[len(pixels) // 4 : -len(pixels) // 4, pixels.shape[1] // 4 : -pixels.shape[1] // 4]
        return (abs(inner - inner[0, 0]).max(axis=-1) > 0.1).mean() < 0.001  # the middle: empty axes have a frame, too
    return True


@EACH
def test_every_picture_tells_what_it_shows(path):
    assert list(images(read(path))) and bad_texts(read(path)) == []


@EACH
def test_no_picture_is_blank(path):
    assert blank_pictures(read(path)) == []


# ---- each check finds its fault -----------------------------------------------------------------------------------------

SVG = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'%3E{}%3C/svg%3E"
DRAWN = SVG.format("%3Ccircle r='1'/%3E%3Crect width='1'/%3E%3Cpath d='M0 0'/%3E")
GOOD = "An RNN unrolled over 5 steps: 1 layer of 4 features."


def showing(*tags):
    return made_of(*(code("show(x)", page(f"<div>{tag}</div>")) for tag in tags))


@pytest.mark.parametrize(
    "alt, words",
    [
        ('alt=""', "no text"),
        ("", "no text"),
        ('alt="   "', "no text"),
        ('alt="A picture of an RNN"', "tells not"),
        ('alt="Something that is long enough, but no size in it"', "tells not"),
        (f'alt="{GOOD}"', None),
    ],
)
def test_a_missing_or_empty_text_is_found(alt, words):
    found = bad_texts(showing(f'<img {alt} src="{DRAWN}">'))
    assert words in found[0] if words else found == []


def test_one_text_for_two_pictures_is_found():
    other = DRAWN.replace("r='1'", "r='2'")
    assert "another picture" in bad_texts(showing(f'<img alt="{GOOD}" src="{DRAWN}">', f'<img alt="{GOOD}" src="{other}">'))[0]


def png(draw):
    from matplotlib.figure import Figure

    figure, buffer = Figure(), io.BytesIO()
    draw(figure)
    figure.savefig(buffer, format="png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize(
    "source, blank",
    [
        (DRAWN, False),
        (SVG.format(""), True),
        (SVG.format("%3Crect width='9'/%3E"), True),
        ("", True),
        ("missing.png", True),
        (lambda figure: figure.subplots(), True),
        (lambda figure: figure.subplots().plot([0, 1, 0]), False),
        (lambda figure: figure.subplots().imshow([[0, 1], [1, 0]]), False),
    ],
)
def test_a_blank_picture_is_found(source, blank):
    source = png(source) if callable(source) else source
    assert bool(blank_pictures(showing(f'<img alt="{GOOD}" src="{source}">'))) == blank
