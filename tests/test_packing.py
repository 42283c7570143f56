"""A batch of sentences: packed is one by one, the staircase is batch_sizes, and the pictures say so."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sweeps import thinned
from test_diagrams import complaints, extent, frames, number, overlap, parse, text_corners, within, words
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_sequence

from helpers import draw_buckets, draw_final_states, draw_packed, draw_padded, draw_verdicts, pack
from helpers.colours import H_N, X
from helpers.pictures.packing import CELL_HEIGHT, CELL_WIDTH, GRID_LEFT, GRID_TOP, H_N_TOLERANCE, MAX_BATCH_ROWS, MAX_BATCH_STEPS
from helpers.pictures.svg import svg_picture, tag, text

LENGTHS = [[1], [3, 3], [1, 9, 3, 4], [9, 4, 3, 1], [1, 1, 1], [2, 1], [5, 30], [7, 7, 2, 7]]
LARGE = [[30, 2, 17, 17, 1, 9, 8, 7, 6, 5, 4, 3], [2] * 30, [1] * 200, [200, 1], [120] * 40, [9] * 8, [10] * 9, [8, 1, 8]]
ANY = st.lists(st.integers(1, 14), min_size=1, max_size=12)


def batch(lengths, H_in=3):
    return [torch.full((length, H_in), float(n + 1)) for n, length in enumerate(lengths)]


def row_cells(root):
    """The cells of sentences and of padding: {(row, column): what hovering tells}."""
    found = {}
    for rect in root.iter("rect"):
        title = rect.find("title")
        if title is not None and number(rect, "width") == CELL_WIDTH - 4:
            found[round((number(rect, "y") - GRID_TOP) / CELL_HEIGHT), round((number(rect, "x") - GRID_LEFT) / CELL_WIDTH)] = (
                title.text
            )
    return found


def framed(root):
    """(row, column) of each cell h_n is taken from."""
    return {(round((y - GRID_TOP) / CELL_HEIGHT), round((x - GRID_LEFT) / CELL_WIDTH)) for x, y, _, _ in frames(root, H_N)}


# ---- torch's packing, as the notebook teaches it ----------------------------------------------------------------------


@pytest.mark.parametrize("lengths", LENGTHS + LARGE[:2], ids=str)
@pytest.mark.parametrize("options", [{}, dict(num_layers=2), dict(bidirectional=True), dict(nonlinearity="relu")], ids=str)
def test_packed_h_n_is_that_of_each_sentence_alone(lengths, options):
    torch.manual_seed(0)
    rnn, sentences = nn.RNN(3, 4, **options), [torch.randn(length, 3) for length in lengths]
    alone = torch.stack([rnn(sentence)[1] for sentence in sentences], dim=1)
    assert torch.allclose(rnn(pack(sentences))[1], alone, atol=1e-5)
    padded_h_n = rnn(pad_sequence(sentences))[1]
    short = torch.tensor(lengths) < max(lengths)
    assert torch.allclose(padded_h_n[:, ~short], alone[:, ~short], atol=1e-5)
    if short.any():  # padding harms the shorter ones, and torch does not say so
        assert not torch.allclose(padded_h_n[:, short], alone[:, short], atol=1e-2)


@given(ANY)
def test_batch_sizes_is_how_many_are_still_being_read(lengths):
    packed = pack(batch(lengths))
    assert packed.batch_sizes.tolist() == [sum(length > t for length in lengths) for t in range(max(lengths))]


# ---- the pictures ---------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.integers(1, MAX_BATCH_STEPS), min_size=1, max_size=MAX_BATCH_ROWS))
def test_the_staircase_drawn_is_batch_sizes(lengths):
    packed = pack(batch(lengths))
    root = parse(draw_packed(packed))
    order = packed.sorted_indices.tolist()
    cells = row_cells(root)
    expected = {(row, t): f"t={t}, n={n}" for row, n in enumerate(order) for t in range(lengths[n])}
    assert cells == expected
    heights = [sum(column == t for _, column in cells) for t in range(max(lengths))]
    assert heights == packed.batch_sizes.tolist()
    y = number(next(e for e in root.iter("text") if e.text == "batch_sizes"), "y")
    beside = [e.text for e in root.iter("text") if number(e, "y") == y][1:]
    assert beside == [str(size) for size in packed.batch_sizes.tolist()]
    assert framed(root) == {(row, lengths[n] - 1) for row, n in enumerate(order)}


@settings(deadline=None)
@given(st.lists(st.integers(1, MAX_BATCH_STEPS), min_size=1, max_size=MAX_BATCH_ROWS))
def test_the_small_number_is_the_row_of_data(lengths):
    packed = pack([torch.tensor([[t, n] for t in range(length)]) for n, length in enumerate(lengths)])
    root = parse(draw_packed(packed))
    small = {}
    for element in root.iter("text"):
        row, column = (number(element, "y") - GRID_TOP) / CELL_HEIGHT, (number(element, "x") - GRID_LEFT) / CELL_WIDTH
        if element.get("font-size") == "11" and row < len(lengths) and element.text.isdigit():
            small[int(row), int(column)] = int(element.text)
    for place, told in row_cells(root).items():
        assert told == "t={}, n={}".format(*packed.data[small[place]].tolist())
    assert sorted(small.values()) == list(range(sum(lengths)))


@settings(deadline=None)
@given(st.lists(st.integers(1, MAX_BATCH_STEPS), min_size=1, max_size=MAX_BATCH_ROWS), st.booleans())
def test_the_grid_drawn_is_the_batch(lengths, to_the_end):
    L = max(lengths)
    root = parse(draw_padded(pad_sequence(batch(lengths)), lengths, to_the_end=to_the_end))
    expected = {
        (n, t): f"t={t}, n={n}" if t < length else f"padding at t={t}, n={n}: zeros"
        for n, length in enumerate(lengths)
        for t in range(L)
    }
    assert row_cells(root) == expected
    assert framed(root) == {(n, (L if to_the_end else length) - 1) for n, length in enumerate(lengths)}


def test_memory_is_drawn_step_by_step():
    root = parse(draw_packed(pack(batch([1, 9, 3, 4]))))
    strip = [r for r in root.iter("rect") if number(r, "width") == 18 and r.get("fill") == X.tint]
    xs = [number(r, "x") for r in strip]
    gaps = [i for i, (a, b) in enumerate(zip(xs, xs[1:]), start=1) if b - a > 20]
    assert len(strip) == 17 and gaps == [4, 7, 10, 12, 13, 14, 15, 16]  # where each step begins


@pytest.mark.parametrize("lengths", thinned(LENGTHS + LARGE, every=3), ids=lambda lengths: str(lengths)[:30])
@pytest.mark.parametrize(
    "label", [pytest.param(label, marks=pytest.mark.sweep) for label in (None, "<b>&", "ok")] + ["internationalization"]
)
def test_nothing_is_cut_off_and_no_word_lies_on_another(lengths, label):
    labels = label and [[label] * length for length in lengths]
    padded = pad_sequence(batch(lengths))
    names = [label or "" for _ in lengths]
    states = torch.arange(len(lengths) * 4.0).view(-1, 4)
    for drawn in (
        draw_padded(padded, lengths, labels),
        draw_padded(padded, lengths, labels, to_the_end=False),
        draw_packed(pack(batch(lengths)), labels),
        draw_final_states(states, states * 9, names),
        draw_final_states(states, states, names),
    ):
        assert complaints(drawn) == []
        assert off_their_cells(parse(drawn)) == []


def off_their_cells(root):
    """Words that reach over the edge of a cell."""
    outlines = [extent(rect) for rect in root.iter("rect") if rect.find("title") is not None]
    found = []
    for label in (element for element in root.iter("text") if element.text):
        corners = text_corners(label)
        found += [
            label.text
            for outline in outlines
            if overlap(corners, outline) and not all(within(corner, outline) for corner in corners)
        ]
    return found


def test_a_word_over_the_edge_would_be_seen():
    cell = tag("rect", tag("title", "a"), x=0, y=0, width=30, height=20)
    planted = svg_picture(90, 30, [cell, text(20, 12, "long")], alt="planted")
    assert off_their_cells(parse(planted)) == ["long"]


@pytest.mark.parametrize("lengths", LARGE, ids=lambda lengths: str(lengths)[:30])
def test_a_large_batch_is_drawn_by_its_first_and_last(lengths):
    packed = pack(batch(lengths))
    for drawn in (draw_padded(pad_sequence(batch(lengths)), lengths), draw_packed(packed)):
        rows, columns = ({place[axis] for place in row_cells(parse(drawn))} for axis in (0, 1))
        assert len(rows) <= MAX_BATCH_ROWS and len(columns) <= MAX_BATCH_STEPS and len(drawn.data) < 60_000
    drawn = words(parse(draw_packed(packed)))
    assert str(sum(lengths) - 1) in drawn and f"t={max(lengths) - 1}" in drawn


def test_words_stand_in_their_cells_and_in_the_order_of_the_staircase():
    labels = [["hello"], ["i", "love", "you"]]
    root = parse(draw_packed(pack(batch([1, 3])), labels))
    drawn = words(root)
    assert [word for word in drawn if word in ("i", "love", "you", "hello")] == ["i", "love", "you", "hello"]
    assert drawn.index("n=1") < drawn.index("n=0")
    assert draw_packed(pack(batch([1, 3])), labels).alt.endswith("Rows from the top: n=1, n=0.")


def test_a_batch_sorted_by_hand_keeps_its_order():
    packed = pack_padded_sequence(pad_sequence(batch([3, 1])), [3, 1])
    assert packed.sorted_indices is None
    assert draw_packed(packed).alt.endswith("Rows from the top: n=0, n=1.")


def test_rows_of_h_n_that_differ_are_named_and_rounding_is_no_difference():
    alone = torch.zeros(3, 4)
    h_n = alone.clone()
    h_n[1, 2], h_n[2, 0] = 0.5, H_N_TOLERANCE / 2
    drawn = draw_final_states(h_n, alone, ["one", "two", "three"])
    assert drawn.alt.endswith("1 of 3 rows differ: two.")
    said = [word for word in words(parse(drawn)) if word[0] in "=≠"]
    assert said == ["= the same", "≠ differs by 0.50", "= the same"]
    told = re.findall(r"<title>([^<]*)</title>", drawn.data)
    assert "h_n[1], feature 2: 0.500" in told and "alone[1], feature 2: 0.000" in told
    assert draw_final_states(alone, alone, ["a", "b", "c"]).alt.endswith("All rows are the same.")


def test_states_that_are_no_numbers_differ_from_those_that_are():
    none = torch.full((1, 4), torch.nan)
    drawn = draw_final_states(torch.cat([none, none]), torch.cat([none, torch.zeros(1, 4)]), ["both", "one"])
    assert drawn.alt.endswith("1 of 2 rows differ: one.")
    assert [word for word in words(parse(drawn)) if word[0] in "=≠"] == ["= the same", "≠ differs by nan"]


def test_a_verdict_that_is_no_number_has_no_bar():
    drawn = draw_verdicts(["not", "good"], [0.4, float("nan")])
    bars = [bar for bar in parse(drawn).iter("rect") if bar.find("title") is not None]
    assert [float(bar.get("height")) > 0 for bar in bars] == [True, False]
    assert drawn.alt == "The verdict after each of 2 words: not 0.40, good nan. In the end it is no number."
    assert "In the end: it is no number" in drawn.data


PADDED, PACKED, STATES = torch.zeros(3, 2, 4), pack_sequence([torch.zeros(3, 4)]), torch.zeros(2, 4)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: draw_padded([1], [1]), TypeError, "padded: given list"),
        (lambda: draw_padded(torch.zeros(3, 2), [3, 1]), ValueError, r"padded: given 2 axes \(3, 2\), expected 3"),
        (lambda: draw_padded(torch.zeros(3, 0, 4), []), ValueError, r"padded: given \(3, 0, 4\), expected at least one sentence"),
        (lambda: draw_padded(PADDED, [3]), ValueError, r"lengths: given \[3\], expected 2 numbers from 1 to 3"),
        (lambda: draw_padded(PADDED, [3, 0]), ValueError, r"lengths: given \[3, 0\]"),
        (lambda: draw_padded(PADDED, [4, 1]), ValueError, r"lengths: given \[4, 1\]"),
        (lambda: draw_padded(PADDED, [3, 1], [["a"], ["b"]]), ValueError, r"labels: given rows of \[1, 1\] words, expected"),
        (lambda: draw_packed(PADDED), TypeError, "packed: given Tensor, expected a PackedSequence"),
        (lambda: draw_packed(PACKED, [["a"]]), ValueError, r"labels: given rows of \[1\] words, expected \[3\]"),
        (lambda: draw_final_states(STATES, torch.zeros(3, 4), ["a", "b"]), ValueError, r"alone: given \(3, 4\)"),
        (lambda: draw_final_states(STATES, STATES, ["a"]), ValueError, "names: given 1, expected one for each of 2 rows"),
        (lambda: draw_verdicts([], []), ValueError, "verdicts: given none"),
        (lambda: draw_verdicts(["a"], [0.5, 0.5]), ValueError, "labels: given 1"),
        (lambda: draw_padded(PADDED, None), TypeError, "lengths: given None, expected a whole number for each sentence"),
        (lambda: draw_padded(PADDED, [2.5, 3]), TypeError, r"lengths: given \[2.5, 3\]"),  # a half word was cut off unsaid
        (lambda: draw_padded(PADDED, [3, 1], 5), TypeError, "labels: given 5, expected a list of words for each sentence"),
        (lambda: draw_padded(PADDED, [3, 1], ["abc", "d"]), TypeError, "labels: given 'abc', expected a list of words"),
        (lambda: draw_packed(PACKED, ["abc"]), TypeError, "labels: given 'abc', expected a list of words"),
        (lambda: draw_final_states("ab", STATES, ["a", "b"]), TypeError, r"h_n: given 'ab', expected numbers \(N, H_out\)"),
        (lambda: draw_final_states(STATES, STATES[None], ["a", "b"]), ValueError, r"alone: given shape \(1, 2, 4\), expected"),
        (lambda: draw_final_states(STATES, STATES, "ab"), TypeError, "names: given 'ab'"),
        (lambda: draw_verdicts(["a"], None), TypeError, r"verdicts: given None, expected numbers \(L\)"),
        (lambda: draw_verdicts(["a"], [[0.5]]), ValueError, r"verdicts: given shape \(1, 1\)"),
        (lambda: draw_verdicts(["a"], [5.0]), ValueError, r"verdicts: given 5, expected numbers from 0 to 1"),
        (lambda: draw_verdicts("ab", [0.5, 0.5]), TypeError, "labels: given 'ab'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---- verdicts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 13, 14, 15, 500])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_verdicts_fit_their_paper(count, value):
    drawn = draw_verdicts(["internationalization"] * count, [value] * count)
    assert complaints(drawn) == []
    assert drawn.alt.startswith(f"The verdict after each of {count} word{'s' * (count > 1)}: ")


def test_a_bar_is_as_long_as_the_verdict_is_sure_and_points_its_way():
    root = parse(draw_verdicts(["a", "b", "c"], [1.0, 0.25, 0.5]))
    bars = [r for r in root.iter("rect") if r.find("title") is not None]
    middle = number(bars[1], "y")  # the one of blame hangs from the line
    assert [number(bar, "height") for bar in bars] == [52, 26, 0]
    assert number(bars[0], "y") == middle - 52
    assert [bar.find("title").text for bar in bars] == ["after a: 1.00", "after b: 0.25", "after c: 0.50"]


# Buckets


@pytest.mark.parametrize("batch_size", [1, 3, 4, 99])
def test_buckets_count_the_padding_of_real_batches(batch_size):
    """As many words and crossed cells as pad_sequence makes of the same mini-batches, in both orders."""
    given = [9, 1, 4, 4, 12, 2, 7]
    picture = draw_buckets(given, batch_size)
    counts = []
    for order in (given, sorted(given)):
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        cells = sum(pad_sequence(batch(lengths)).shape[:2].numel() for lengths in batches)
        counts.append((cells - sum(given), cells))
    told = [tuple(map(int, found)) for found in re.findall(r"(\d+) of (\d+)", picture.alt)]
    root = parse(picture)
    assert told == [counts[0], counts[1]] if counts[1][1] != counts[0][1] else told[0] == counts[0]
    assert len([*root.iter("path")]) == sum(padding for padding, _ in counts)
    assert len([*root.iter("rect")]) == 1 + sum(cells for _, cells in counts)  # one is the paper


@pytest.mark.parametrize(
    "arguments, kind, message",
    [
        (([], 2), ValueError, "lengths: given none"),
        (([3], True), ValueError, "batch_size: given True"),
        (([1] * 41, 2), ValueError, "lengths: given 1, 1, .*, …, expected 1 to 40 numbers from 1 to 24"),
        (([0, 3], 2), ValueError, "1 to 40 numbers from 1 to 24"),
        (([3], 0), ValueError, "batch_size: given 0"),
        (([3], 2.0), TypeError, "batch_size: given 2.0"),
        ((["a"], 2), TypeError, "lengths"),
    ],
)
def test_buckets_of_wrong_arguments(arguments, kind, message):
    with pytest.raises(kind, match=message):
        draw_buckets(*arguments)
