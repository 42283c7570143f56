"""Pictures of mix-ups: what they tell and frame is what the tensors say."""

import re

import numpy as np
import pytest
import torch

from helpers import draw_difference, draw_owners, draw_reading
from helpers.colours import TEXT, H, contrast
from helpers.pictures.mixups import SEQUENCE_COLOURS, largest_magnitude
from helpers.pictures.picture import Picture

WORDS = [["the", "film", "was"], ["I", "love", ""]]


def arrows(picture):
    """Each arrow's x1, y1, x2, y2."""
    paths = re.findall(rf"d='M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)' stroke='{H.colour}'", picture.data)
    return [tuple(map(float, path)) for path in paths]


def frames(picture):
    return len(re.findall(f"stroke='{TEXT}' stroke-width='2.5'", picture.data))


def test_time_across_has_arrows_along_each_sequence():
    drawn = arrows(draw_reading(WORDS))
    assert len(drawn) == 2 * 2
    assert all(y1 == y2 and x1 < x2 for x1, y1, x2, y2 in drawn)


def test_time_down_has_arrows_from_one_row_into_the_next_and_labels_what_is_read():
    picture = draw_reading(WORDS, time="down")
    assert len(arrows(picture)) == 3
    assert all(x1 == x2 and y1 < y2 for x1, y1, x2, y2 in arrows(picture))
    assert "reads 3 sequences of 2 steps" in picture.alt and "the → I; film → love; was → padding" in picture.alt
    assert "sequence 2" in picture.data and "step 1" in picture.data and "step 2" not in picture.data


def test_one_step_has_no_arrows():
    assert arrows(draw_reading([["I"], ["love"]])) == []


@pytest.mark.parametrize(
    "taken, where", [("last", "was in row 0, padding in row 1"), ("last word", "was in row 0, love in row 1")]
)
def test_the_state_that_is_taken_is_framed_and_named(taken, where):
    picture = draw_reading(WORDS, taken=taken)
    assert where in picture.alt and frames(picture) == 2
    assert frames(draw_reading(WORDS)) == 0


@pytest.mark.parametrize(
    "bad, name",
    [
        ([[["a", "b"], ["c"]]], "sentences: given rows of 2, 1"),
        ([[]], "sentences: given rows of no"),
        ([[[]]], "sentences: given rows of 0"),
        ([[["a"] * 13]], "sentences: given rows of 13"),
        ([WORDS, "up"], "time: given 'up'"),
        ([WORDS, "across", "first"], "taken: given 'first'"),
    ],
)
def test_reading_refuses(bad, name):
    with pytest.raises(ValueError, match=name):
        draw_reading(*bad)


@pytest.mark.parametrize("bad", [None, 5, "I love you", ["I love", "you me"]])
def test_reading_wants_words_and_not_letters(bad):
    with pytest.raises(TypeError, match="^sentences: given .*, expected a list of words"):
        draw_reading(bad)


def test_reading_refuses_numbers_instead_of_turning_them_into_text():
    with pytest.raises(TypeError, match="^sentences: given .1, 2., expected a list of words"):
        draw_reading([[1, 2], [3, 4]])


def test_a_large_table_of_owners_is_abbreviated():
    picture = draw_owners(view=torch.arange(1000).repeat_interleave(50).view(1000, 50))
    assert "row 0 holds 50 of sequence 0" in picture.alt and "row 999 holds 50 of sequence 999" in picture.alt
    assert ">⋮<" in picture.data and picture.data.count("<rect") < 1000


def test_owners_tells_who_is_in_each_row():
    owner = torch.arange(3).view(1, 3, 1).expand(2, 3, 4).contiguous()
    picture = draw_owners(view=owner.view(3, -1), by_hand=owner.permute(1, 0, 2).reshape(3, -1))
    assert "view, row 0 holds 4 of sequence 0, 4 of sequence 1; row 1 holds 4 of sequence 0, 4 of sequence 2" in picture.alt
    assert "by hand, row 0 holds 8 of sequence 0; row 1 holds 8 of sequence 1; row 2 holds 8 of sequence 2" in picture.alt
    for n, colour in enumerate(SEQUENCE_COLOURS[:3]):
        assert picture.data.count(f"fill='{colour}'") == 16, n  # 8 numbers in each of two tables


@pytest.mark.parametrize("table", [None, "a", [[1, 2], [3]]])
def test_owners_names_what_holds_no_numbers(table):
    with pytest.raises(TypeError, match="^view: given .*, expected numbers"):
        draw_owners(view=table)


@pytest.mark.parametrize(
    "table", [torch.zeros(2, 3), torch.zeros(4, dtype=torch.long), torch.tensor([[-1]]), torch.zeros(0, 2, dtype=torch.long)]
)
def test_owners_names_the_table_that_is_none(table):
    with pytest.raises(ValueError, match="^view: given"):
        draw_owners(view=table)


def test_owners_wants_a_table():
    with pytest.raises(ValueError, match="^tables: given none"):
        draw_owners()


def test_a_number_is_legible_on_every_sample():
    assert min(contrast(TEXT, colour) for colour in SEQUENCE_COLOURS) >= 4.5


def test_difference_frames_what_differs_and_nothing_else():
    a = torch.zeros(3, 2)
    b = a.clone()
    b[1, 0], b[2, 1] = 0.5, 1e-7  # the second is rounding
    picture = draw_difference(one=a, other=b)
    assert frames(picture) == 1 and "1 of 6 numbers differs, by up to 0.5." in picture.alt
    assert frames(draw_difference(one=a, other=a)) == 0
    assert "0 of 6 numbers differ." in draw_difference(one=a, other=a).alt


def test_difference_shows_the_rows_and_columns_that_differ_most():
    a = torch.zeros(50, 40)
    b = a.clone()
    b[47, 33] = 1.0
    picture = draw_difference(one=a, other=b)
    assert ">row 47<" in picture.data and ">33<" in picture.data and frames(picture) == 1
    # Of 40 columns 0 to 4 and 33 are shown: something is left out before and behind 33, in both tables; rows likewise.
    assert picture.data.count("…") == picture.data.count("⋮") == 4
    assert picture.width <= 720
    assert "…" not in draw_difference(one=torch.zeros(2, 6), other=torch.ones(2, 6)).data


def test_difference_names_its_rows():
    picture = draw_difference(one=torch.zeros(2, 1), other=torch.ones(2, 1), rows=["Bergen", "Cairo"])
    assert picture.data.count(">Bergen<") == picture.data.count(">Cairo<") == 2 and "row 0" not in picture.data
    assert "of 2 rows, Bergen, Cairo: 2 of 2 numbers differ" in picture.alt


@pytest.mark.parametrize("apart, written", [(0.5, "1.50"), (0.004, "1.004"), (0.0004, "1.0004")])
def test_numbers_that_differ_are_written_with_different_digits(apart, written):
    assert f">{written}<" in draw_difference(one=torch.ones(1, 2), other=torch.tensor([[1.0, 1.0 + apart]])).data


def test_difference_takes_any_shape_and_numbers_that_are_none():
    b = torch.tensor([np.nan, np.inf, 1.0])
    picture = draw_difference(one=torch.ones(3), other=b)
    assert isinstance(picture, Picture) and "2 of 3 numbers differ, by up to inf" in picture.alt
    assert "0 of 3 numbers differ" in draw_difference(one=b, other=b).alt
    assert "of 2 rows" in draw_difference(one=torch.ones(2, 3, 4), other=torch.ones(2, 3, 4)).alt
    assert "of 1 row:" in draw_difference(one=torch.tensor(1.0), other=torch.tensor(1)).alt


@pytest.mark.parametrize("answers", [{}, {"a": torch.ones(2)}, {"a": torch.ones(2), "b": torch.ones(3)}])
def test_difference_wants_two_of_one_shape(answers):
    with pytest.raises(ValueError, match="^answers: given"):
        draw_difference(**answers)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda a: draw_difference(a=a, b=None), TypeError, "b: given None, expected numbers"),
        (lambda a: draw_difference(a=a, b="b"), TypeError, "b: given 'b', expected numbers"),
        (lambda a: draw_difference(a=a, b=a + 1j), TypeError, "b: given tensor.*, expected numbers"),
        (lambda a: draw_difference(a=a, b=a, rows=["x"]), ValueError, "rows: given 1 name, expected 2, one for each row"),
        (lambda a: draw_difference("x", a=a, b=a), ValueError, "tolerance: given 'x', expected a number from 0 on"),
        (lambda a: draw_difference(float("nan"), a=a, b=a), ValueError, "tolerance: given nan"),
    ],
)
def test_difference_refuses_by_name(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call(torch.ones(2))


def test_difference_takes_lists_too():
    assert "1 of 2 numbers differs" in draw_difference(a=[1.0, 2.0], b=np.array([1.0, 3.0])).alt


def test_the_scale_is_the_largest_finite_number():
    assert largest_magnitude(np.zeros(2), np.zeros(2)) == 1.0
    assert largest_magnitude(np.array([np.inf, -3.0]), np.array([np.nan, 2.0])) == 3.0


@pytest.mark.parametrize(
    "picture",
    [
        draw_reading([[f"extraordinary{n}" for n in range(12)]] * 6, taken="last"),
        draw_reading([["a"]]),
        draw_owners(many=torch.arange(6).repeat(6, 50)),
        draw_difference(one=torch.randn(9, 9), other=torch.randn(9, 9)),
    ],
    ids=["reading", "one word", "owners", "difference"],
)
def test_a_picture_is_at_most_720_wide_and_nothing_leaves_it(picture):
    assert picture.width <= 720
    rights = [float(x) + float(w) for x, w in re.findall(r"<rect [^>]*?x='([\d.]+)'[^>]*? width='([\d.]+)'", picture.data)]
    assert max(rights) <= picture.width
