"""No picture without words: `show`, and the form in which a picture is stored."""

import base64
import re
from html import unescape
from urllib.parse import unquote
from xml.etree.ElementTree import canonicalize

import numpy as np
import pytest
import torch
from IPython.display import HTML
from matplotlib.figure import Figure

from helpers import draw_gates, draw_unrolled, plot_nonlinearities, show, trace
from helpers.pictures.picture import Picture
from helpers.pictures.svg import svg_picture, text

EVIL = '<b>"it\'s" & 50 % of #1\n</b>'


@pytest.fixture
def displayed(monkeypatch):
    """What is handed to IPython's display."""
    seen = []
    monkeypatch.setattr("IPython.display.display", seen.append)
    return seen


def attribute(html, name):
    return unescape(re.search(rf'<img[^>]* {name}="([^"]*)"', html)[1])


@pytest.mark.parametrize(
    "figure, alt",
    [
        (Picture("<svg/>", "", 10), None),
        (Picture("<svg/>", "fine", 10), "  \n"),
        (Picture("<svg/>", "fine", 10), ""),
        (Picture("<svg/>", "fine", 10), 5),
        (Figure(), None),
    ],
)
def test_a_missing_text_is_refused(figure, alt, displayed):
    with pytest.raises(ValueError, match="alt: given .*, expected a sentence"):
        show(figure, alt)
    assert displayed == []


@pytest.mark.parametrize("figure", ["<svg/>", None, 3, HTML("<b>x</b>"), np.zeros((2, 2))])
def test_what_is_no_picture_is_refused(figure, displayed):
    for alt in ("something", None):
        with pytest.raises(TypeError, match=f"figure: given {type(figure).__name__}, expected a Picture or a matplotlib Figure"):
            show(figure, alt)
    assert displayed == []


def test_a_picture_brings_its_text_and_another_may_replace_it(displayed):
    picture = Picture("<svg/>", "its own", 300, 20, least=230)
    show(picture)
    show(picture, alt="another")
    assert displayed == [picture, Picture("<svg/>", "another", 300, 20, least=230)]


@pytest.mark.parametrize(
    "drawing",
    [
        draw_unrolled(trace(torch.nn.RNN(3, 4), torch.ones(5, 2, 3)), labels=[EVIL] * 5),
        svg_picture(90, 20, [text(0, 10, EVIL)], EVIL),
    ],
)
def test_the_address_holds_exactly_the_drawing(drawing):
    address = attribute(drawing._repr_html_(), "src")
    kind, data = address.split(",", 1)
    assert kind == "data:image/svg+xml"
    assert canonicalize(unquote(data)) == canonicalize(drawing.data)  # the quotes around attributes may differ
    assert not set('#<>"\n') & set(address)  # these would end the address or the attribute


def test_the_text_is_escaped():
    html = Picture("<svg/>", EVIL, 10)._repr_html_()
    assert attribute(html, "alt") == EVIL
    assert "<b>" not in html


def test_a_picture_is_an_image_of_its_width_that_can_shrink():
    html = Picture("<svg/>", "a", 640)._repr_html_()
    assert re.findall(r"<(\w+)", html) == ["div", "img", "div"]
    style = attribute(html, "style")
    assert "width:640px" in style and "max-width:100%" in style and "min-width:480px" in style


def test_a_terminal_sees_the_text():
    assert repr(Picture("<svg/>", "a cat", 10)) == "Picture: a cat"


def test_a_figure_becomes_a_png_at_twice_the_size_shown(displayed):
    figure = plot_nonlinearities(tanh=np.tanh)
    show(figure)
    (picture,) = displayed
    assert picture.alt == figure.alt and picture.width == 480
    kind, data = attribute(picture._repr_html_(), "src").split(",")
    png = base64.b64decode(data, validate=True)
    assert kind == "data:image/png;base64" and png == picture.data and png[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(png[16:20], "big") == 2 * picture.width  # pixels across, from the PNG's own header


def test_a_figure_of_ones_own_needs_a_text(displayed):
    show(Figure(figsize=(3, 2)), alt="an empty figure")
    assert displayed[0].alt == "an empty figure" and displayed[0].width == 300


@pytest.mark.parametrize("kind", [torch.nn.RNN, torch.nn.LSTM])
def test_where_a_live_picture_is_cut_it_begins_around_the_chosen_step(kind):
    seen = trace(kind(3, 4), torch.ones(5, 3))
    draw = (lambda t: draw_unrolled(seen, at=(0, 0, t))) if kind is torch.nn.RNN else (lambda t: draw_gates(seen, mark=t))
    lefts = []
    for t in range(5):
        html = draw(t).inline()
        least = int(re.search(r"min-width:(\d+)px", html)[1])  # it is as wide as this where it is cut
        right, left = map(int, re.search(r"scroll-margin:0 (-\d+)px 0 (-\d+)px", html).groups())
        assert left + right == -least  # what the page scrolls to has no width
        lefts.append(-left)
    assert lefts == sorted(set(lefts)) and lefts[0] > 0 and lefts[-1] < least


def test_a_picture_without_a_chosen_part_begins_at_its_left():
    assert "scroll-snap" not in draw_unrolled(trace(torch.nn.RNN(3, 4), torch.ones(5, 3))).inline()
