"""The colours: legible on paper, apart for colour-blind readers, and no value looks like a role."""

import re
from colorsys import rgb_to_hls
from itertools import combinations

import numpy as np
import pytest

from helpers.colours import NEGATIVE, PAPER, POSITIVE, QUIET, ROLES, TEXT, WRONG, contrast, role_of, text_on, value_colour

LEGIBLE = 4.5  # WCAG 2.2, 1.4.3
# Machado, Oliveira & Fernandes 2009, severity 1.0: what a linear RGB colour looks like to each.
BLINDNESS = {
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "none": np.eye(3),
}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
VALUES = np.linspace(-1.5, 1.5, 301)


def rgb(colour):
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def lab(colour, blindness):
    """CIE L*a*b* (D65) of a colour as seen with a kind of colour blindness."""
    c = rgb(colour)
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(BLINDNESS[blindness]) @ linear, 0, 1)
    x, y, z = np.cbrt(np.maximum(XYZ @ seen / XYZ.sum(axis=1), 0.008856))  # the dark end does not matter here
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def hue(colour):
    """In degrees."""
    return 360 * rgb_to_hls(*rgb(colour))[0]


def is_grey(colour):
    return np.ptp(rgb(colour)) < 0.05


def test_the_ruler_is_right():
    # Known pairs: L*a*b* of the sRGB red, and a red and green that a deutan confuses while others do not.
    assert lab("#FF0000", "none") == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    far, near = (np.linalg.norm(lab("#A65E00", who) - lab("#5B7B00", who)) for who in ("none", "deutan"))
    assert near < far / 2


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.symbol)
def test_a_role_can_be_read_and_seen(role):
    assert contrast(role.ink, PAPER) >= LEGIBLE
    assert contrast(TEXT, role.tint) >= LEGIBLE
    if not is_grey(role.colour):  # its text and its area are shades of the same hue
        assert all(abs(hue(shade) - hue(role.colour)) < 3 for shade in (role.ink, role.tint))
    assert role.tint != PAPER


@pytest.mark.parametrize("colour", [TEXT, QUIET, WRONG])
def test_text_can_be_read(colour):
    assert contrast(colour, PAPER) >= LEGIBLE


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("one, other", list(combinations(ROLES, 2)), ids=lambda role: role.symbol)
def test_roles_stay_apart(one, other, blindness):
    # A distance of 2.3 can just be seen side by side; 10 is told apart at a glance. Shape and label say it again.
    assert np.linalg.norm(lab(one.colour, blindness) - lab(other.colour, blindness)) >= 10


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_above_and_below_zero_stay_apart(blindness):
    assert np.linalg.norm(lab(POSITIVE, blindness) - lab(NEGATIVE, blindness)) >= 10


@pytest.mark.parametrize("value", [POSITIVE, NEGATIVE])
@pytest.mark.parametrize("role", [role for role in ROLES if not is_grey(role.colour)], ids=lambda role: role.symbol)
def test_values_share_no_hue_with_a_role(value, role):
    apart = abs(hue(value) - hue(role.colour)) % 360
    assert min(apart, 360 - apart) >= 15


def test_numbers_can_be_read_on_their_colour():
    assert min(contrast(text_on(fill), fill) for fill in map(value_colour, VALUES)) >= LEGIBLE


def test_values_darken_away_from_zero_and_stop_at_the_limit():
    for sign, full in ((1, POSITIVE), (-1, NEGATIVE)):
        shades = [contrast(value_colour(sign * size, 2.0), PAPER) for size in np.linspace(0, 2, 50)]
        assert shades == sorted(shades) and shades[0] == 1
        assert value_colour(sign * 2.0, 2.0) == value_colour(sign * 99.0, 2.0) == full


INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize("value, limit", [(NAN, 1.0), (INF, 1.0), (-INF, 1.0), (INF, INF), (1e-300, 1e-300), (0.0, 1e300)])
def test_any_number_has_a_colour(value, limit):
    assert re.fullmatch("#[0-9A-F]{6}", value_colour(value, limit))


def test_not_a_number_is_grey():
    assert is_grey(value_colour(float("nan"))) and value_colour(float("nan")) not in (PAPER, value_colour(0.0))


@pytest.mark.parametrize("name", ["", "weights", "lstm", "input2"])
def test_an_unknown_name_has_no_role(name):
    with pytest.raises(ValueError, match=f"name: given '{name}', expected one of input, h_0"):
        role_of(name)
