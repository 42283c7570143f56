"""The map of words: points where they are, arrows from word to word, a text that says it all; and the labels of the points."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from helpers import draw_map
from helpers.pictures.labels import place_labels

WORDS = ["man", "woman", "king", "queen"]
POINTS = np.array([[0.0, 0.0], [0.5, -1.0], [2.0, 0.1], [2.5, -0.9]])


def dots(picture):
    return [
        (float(dot.get("cx")), float(dot.get("cy"))) for dot in ElementTree.fromstring(picture.data).iter() if "circle" in dot.tag
    ]


def test_points_are_where_they_are_and_a_unit_is_as_long_across_as_up():
    drawn = np.array(dots(draw_map(WORDS, POINTS)))
    scale = (drawn[2, 0] - drawn[0, 0]) / 2
    assert np.allclose(drawn - drawn[0], POINTS * [scale, -scale], atol=0.11)  # up is up, and pixels have one decimal


def test_an_arrow_goes_from_one_dot_to_the_other():
    picture = draw_map(WORDS, POINTS, arrows=[("man", "woman")])
    assert picture.alt == "A map of 4 words (man, woman, king, queen), with an arrow from man to woman."
    start, end = (np.array(dots(picture)[i]) for i in (0, 1))
    found = np.array(re.search(r"d='M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)'", picture.data).groups(), dtype=float).reshape(2, 2)
    for tip, dot, other in ((found[0], start, end), (found[1], end, start)):
        assert 7 < np.hypot(*(tip - dot)) < 9 < np.hypot(*(tip - other))


def test_each_word_is_written_once_inside_the_picture():
    picture = draw_map(["<b>", *WORDS[1:]], POINTS)
    texts = [element for element in ElementTree.fromstring(picture.data).iter() if element.tag.endswith("text")]
    assert [element.text for element in texts] == ["<b>", *WORDS[1:]]
    for element in texts:
        assert 0 <= float(element.get("x")) <= picture.width and 0 <= float(element.get("y")) <= picture.height


@pytest.mark.parametrize("points", [np.zeros((4, 2)), POINTS * 1e6, POINTS * [1, 0]])
def test_any_points_fit(points):
    picture = draw_map(WORDS, points)
    assert picture.width == 560 and 60 <= picture.height < 560
    assert all(0 <= x <= 560 and 0 <= y <= picture.height for x, y in dots(picture))


@pytest.mark.parametrize(
    "arguments, kind, message",
    [
        ((WORDS, POINTS[:3]), ValueError, r"points: given shape \(3, 2\), expected \(4, 2\)"),
        ((WORDS, POINTS * np.nan), ValueError, "points: given numbers that are not finite"),
        ((["a"] * 4, POINTS), ValueError, "expected each word once"),
        ((WORDS, POINTS, [("man", "cat")]), ValueError, "arrows: given 'cat'"),
        ((WORDS, POINTS, ["ab"]), ValueError, "arrows: given 'ab', expected pairs of words"),
        ((WORDS, POINTS, [("man", "king", "man")]), ValueError, "arrows: given .*, expected pairs of words"),
        ((WORDS, "abc"), TypeError, "points: given 'abc'"),
    ],
)
def test_wrong_arguments(arguments, kind, message):
    with pytest.raises(kind, match=message):
        draw_map(*arguments)


def test_a_label_avoids_only_the_lines_that_are_drawn():
    path, sizes = np.array([[0.0, 0.0], [300.0, 120.0]]), [(30, 10)] * 2
    assert place_labels(path, sizes)[0] != place_labels(path, sizes, joined=[])[0]
