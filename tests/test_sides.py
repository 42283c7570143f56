"""What was given and expected, drawn: one box for each axis, the wrong ones marked."""

from helpers.pictures.sides import Axis, Side, culprit, draw_sides, shape_side


def test_what_is_wrong_is_red_and_has_a_cross():
    picture = draw_sides([shape_side("input", (5, 2, 7), ("L", "N", "H_in"), [2])], [Side("input", note="H_in=3")])
    assert picture.alt.endswith("Marked in red with a cross: H_in=7.")
    assert picture.data.count("✗") == 1 and "✗ H_in=7" in picture.data and "id=" not in picture.data
    assert picture.width <= 720


def test_without_names_the_axes_are_counted():
    assert str(shape_side("input", (5, 7))) == "input (axis 0=5, axis 1=7)"
    assert str(Side("h_0", (Axis("H_out", 4),))) == "h_0 (H_out=4)"


def test_a_long_value_is_shortened_and_escaped():
    picture = draw_sides([culprit("input", "<b>" * 99)], [Side("input", note="a tensor")])
    assert picture.width <= 720 and "<b>" not in picture.data


def test_on_a_phone_it_shrinks_to_two_thirds():
    picture = draw_sides([shape_side("h_0", (1, 2, 4), ("D*num_layers", "N", "H_out"), wrong=[1])], [])
    assert f"min-width:{picture.width * 2 // 3}px" in picture.style
