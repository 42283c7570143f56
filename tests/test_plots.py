"""The figures, read from matplotlib's own objects: what is drawn is the numbers of the trace."""

import io
from itertools import combinations

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot
from torch import nn

from helpers import (
    plot_accuracies,
    plot_curves,
    plot_nonlinearities,
    plot_reading,
    plot_similarities,
    plot_table,
    plot_training,
    plot_trajectory,
    trace,
)
from helpers.colours import PAPER, TEXT, H, contrast

WORDS = ["i", "do", "not", "like", "it"]


@pytest.fixture(scope="module")
def seen():
    torch.manual_seed(0)
    rnn = nn.RNN(3, 4, num_layers=2)
    return trace(rnn, torch.randn(5, 2, 3), torch.randn(2, 2, 4))


def axes_of(figure):
    (axes,) = figure.axes
    return axes


def data_lines(axes):
    """The lines drawn, but not the grey ones through zero."""
    return [line for line in axes.lines if line.get_color() != "#CCCCCC"]


def test_curves_are_their_functions():
    functions = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0), "half": lambda a: a / 2}
    axes = axes_of(plot_nonlinearities(**functions))
    lines = data_lines(axes)
    assert [line.get_label() for line in lines] == list(functions)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(functions)
    for line, function in zip(lines, functions.values()):
        x, y = line.get_data()
        assert (x[0], x[-1], len(x)) == (-3, 3, 121)
        np.testing.assert_allclose(y, function(x))
    assert len({line.get_linestyle() for line in lines}) == 3  # told apart without colour
    assert axes.get_xlabel() and axes.get_ylabel()


def test_curves_are_seen_whole():
    axes = axes_of(plot_nonlinearities(tanh=np.tanh, relu=lambda a: np.maximum(a, 0)))
    low, high = axes.get_ylim()
    assert all(low < y.min() and y.max() < high for y in (line.get_ydata() for line in data_lines(axes)))


@pytest.mark.parametrize("features, n", [((0, 1), 0), ((3, 1), 1)])
def test_the_trajectory_is_the_hidden_states(seen, features, n):
    axes = axes_of(plot_trajectory(seen, WORDS, features=features, n=n))
    way, points = data_lines(axes)
    states = seen.hidden[-1, 0, :, n][:, list(features)]
    start = seen.h_0[-1, 0, n][list(features)]
    np.testing.assert_array_equal(np.transpose(way.get_data()), np.vstack([start, states]))
    np.testing.assert_array_equal(np.transpose(points.get_data()), states)
    assert points.get_markeredgecolor() == H.colour
    notes = {text.get_text(): text.xy for text in axes.texts}
    assert list(notes) == ["h_0", *(f"{t}. {word}" for t, word in enumerate(WORDS, 1))]
    np.testing.assert_array_equal(list(notes.values()), np.vstack([start, states]))
    assert [f"feature {f} of h" for f in features] == [axes.get_xlabel(), axes.get_ylabel()]


def test_cosines_are_cosines():
    vectors = torch.tensor([[1.0, 0.0], [3.0, 3.0], [-2.0, 0.0]])
    axes = axes_of(plot_similarities(["east", "north-east", "west"], vectors))
    half = 0.5**0.5
    expected = np.array([[1, half, -1], [half, 1, -half], [-1, -half, 1]])
    np.testing.assert_allclose(axes.images[0].get_array(), expected, atol=0.0051)  # drawn as written: two decimals
    assert axes.images[0].get_clim() == (-1, 1)  # centred on zero
    written = {text.get_position(): float(text.get_text()) for text in axes.texts}
    assert written == {(j, i): pytest.approx(expected[i, j], abs=0.0051) for i in range(3) for j in range(3)}
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["east", "north-east", "west"]


def test_cosines_can_be_read_on_their_colour():
    angles = np.linspace(0, np.pi, 16)
    axes = axes_of(plot_similarities([str(i) for i in range(16)], np.c_[np.cos(angles), np.sin(angles)]))
    image = axes.images[0]
    for text in axes.texts:
        j, i = text.get_position()
        fill = matplotlib.colors.to_hex(image.cmap(image.norm(image.get_array()[i, j])))
        assert contrast(text.get_color(), fill) >= min(4.5, max(contrast(TEXT, fill), contrast(PAPER, fill)) - 0.01)


def test_the_most_similar_pair_is_named():
    alt = plot_similarities(["a", "b", "c"], np.array([[1, 0], [0, 1], [0.1, 1]])).alt
    assert "3 words (a, b, c)" in alt and "is 1.00, of b and c" in alt


def test_a_negative_highest_cosine_is_said_to_be_negative():
    assert "is -1.00" in plot_similarities(["a", "b"], np.array([[1, 0], [-1, 0]])).alt.replace("−", "-")


def test_a_zero_vector_has_no_direction_and_breaks_nothing():
    with np.errstate(all="raise"):  # a warning would be compared by nbval
        figure = plot_similarities(["a", "b", "nothing"], np.array([[1, 0], [0, 1], [0, 0]]))
    assert "nan" not in " ".join(text.get_text() for text in axes_of(figure).texts) + figure.alt


def test_a_table_has_its_numbers_and_leaves_empty_what_is_none():
    figure = plot_table(torch.tensor([[1.26, -0.5], [-torch.inf, 4.0]]), ["$a^{$", "b"], ["c", "d"])
    axes = axes_of(figure)
    assert {text.get_position(): text.get_text() for text in axes.texts} == {(0, 0): "1.3", (1, 0): "-0.5", (1, 1): "4.0"}
    assert axes.images[0].get_clim() == (-4, 4)  # zero is white, whatever the numbers
    names = [[label.get_text() for label in labels] for labels in (axes.get_xticklabels(), axes.get_yticklabels())]
    assert names == [["c", "d"], ["$a^{$", "b"]]
    assert figure.alt == "Table of 2 rows ($a^{$, b) and 2 columns (c, d), 1 cell empty; the highest is 4.0, of b and d."
    figure.savefig(io.BytesIO())


def test_alternative_texts(seen):
    assert plot_nonlinearities(tanh=np.tanh, relu=np.abs).alt == "Curves of tanh and relu between -3 and 3."
    assert plot_trajectory(seen, WORDS).alt == "Trajectory of the hidden state over 5 steps: i, do, not, like, it."


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda t: plot_trajectory(t, WORDS[:3]), ValueError, "labels: given 3, expected one for each of 5 steps"),
        (lambda t: plot_trajectory(t, WORDS, features=(0, 4)), ValueError, "features: given 4, expected .* from 0 to 3"),
        (lambda t: plot_trajectory(t, WORDS, n=2), ValueError, "n: given 2, expected .* from 0 to 1"),
        (lambda t: plot_trajectory(nn.RNN(3, 4), WORDS), TypeError, "trace: given RNN, expected a Trace"),
        (lambda t: plot_table(np.zeros((2, 3)), ["a", "b"], ["c"]), ValueError, r"values: given shape \(2, 3\), .*\(2, 1\)"),
        (lambda t: plot_table([[np.nan]], ["a"], ["b"]), ValueError, "values: given no finite number"),
        (lambda t: plot_similarities(["a"], np.eye(1)), ValueError, "vectors: given 1, .*at least 2"),
        (lambda t: plot_similarities(["a", "b"], np.eye(3)), ValueError, "vectors: given 3, expected one for each of 2 words"),
        (lambda t: plot_similarities("a b".split(), np.ones(2)), ValueError, r"vectors: given shape \(2,\), .* \(words, H_in\)"),
        (lambda t: plot_similarities(["a", "b"], np.full((2, 3), np.nan)), ValueError, "vectors: given numbers that are not"),
        (lambda t: plot_similarities(5, np.eye(2)), TypeError, "words: given 5, expected a list of words"),
        (lambda t: plot_trajectory(t, "hello"), TypeError, "labels: given 'hello', expected a list of words"),
        (lambda t: plot_trajectory(t, WORDS, features=(0,)), ValueError, r"features: given \(0,\), expected two"),
        (lambda t: plot_trajectory(t, WORDS, features=(0, 1, 2)), ValueError, r"features: given \(0, 1, 2\), expected two"),
        (lambda t: plot_trajectory(t, WORDS, features=0), ValueError, "features: given 0, expected two"),
        (lambda t: plot_table([["a"]], ["a"], ["b"]), TypeError, r"values: given \[\['a'\]\], expected numbers"),
        (lambda t: plot_table(np.eye(2), 1, 2), TypeError, "rows: given 1, expected a list of words"),
        (lambda t: plot_nonlinearities(), ValueError, "functions: given 0, expected 1 to 3"),
        (lambda t: plot_nonlinearities(a=abs, b=abs, c=abs, d=abs), ValueError, "functions: given 4"),  # the fourth was left out
        (lambda t: plot_nonlinearities(tanh=5), TypeError, "tanh: given 5, expected a function"),
        (lambda t: plot_curves([], {"a": []}, xlabel="x", ylabel="y"), ValueError, "x: given no number"),
        (lambda t: plot_curves([1], [1], xlabel="x", ylabel="y"), TypeError, "curves: given list, expected a dict"),
        (lambda t: plot_curves([1], {"a": 5}, xlabel="x", ylabel="y"), ValueError, r"a: given shape \(\), expected numbers"),
        (lambda t: plot_curves([1], {"a": ["b"]}, xlabel="x", ylabel="y"), TypeError, r"a: given \['b'\], expected numbers"),
        (lambda t: plot_curves([1], {"a": [1]}, xlabel="x", ylabel="y", log="z"), ValueError, "log: given 'z', expected"),
        (lambda t: plot_accuracies([1.0]), TypeError, "groups: given list, expected a dict"),
        (lambda t: plot_accuracies({"plain": 1.0}), ValueError, r"plain: given shape \(\), expected numbers \(runs\)"),
        (lambda t: plot_accuracies({"plain": [98.0]}), ValueError, "plain: given 98, expected numbers from 0 to 1"),
        (lambda t: plot_reading(["a"], [2.0]), ValueError, "verdicts: given 2, expected numbers from 0 to 1"),
        (lambda t: plot_reading("ab", [0.5, 0.5]), TypeError, "labels: given 'ab'"),
        (lambda t: plot_reading(["a"], 5), ValueError, "verdicts: given shape"),
        (lambda t: plot_reading(["a"], [0.5], "x"), TypeError, "states: given 'x', expected numbers"),
    ],
)
def test_bad_input_is_refused_by_name(seen, call, error, message):
    with pytest.raises(error, match=message):
        call(seen)


def test_nothing_is_left_open():
    plot_nonlinearities(tanh=np.tanh)
    assert pyplot.get_fignums() == []  # pyplot knows of none, so none is shown twice


def test_words_of_dollars_are_no_formulas(seen):
    # matplotlib sets $...$ as mathematics, and fails where it is none
    for figure in (plot_trajectory(seen, ["$a^{$"] * 5), plot_similarities(["$a^{$", "b"], np.eye(2))):
        figure.savefig(io.BytesIO())


def test_curves_are_told_apart_by_mark_and_colour():
    names = ["a", "b", "c", "d", "e", "f"]
    figure = plot_curves([1, 2, 4], {name: [1, 2, k + 1] for k, name in enumerate(names)}, xlabel="L", ylabel="ms", log="xy")
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.lines] == names
    assert len({line.get_marker() for line in axes.lines}) == len({line.get_color() for line in axes.lines}) == 6
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "4"]
    assert figure.alt == "Curves of a, b, c, d, e and f: ms over L, from 1 to 4."


@pytest.mark.parametrize("highest, labels", [(50, ["1", "2", "5", "10", "20", "50"]), (1e6, ["$\\mathdefault{10^{0}}$"])])
def test_a_short_logarithmic_axis_has_numbers_between_the_powers_of_ten(highest, labels):
    axes = axes_of(plot_curves([1, 2], {"a": [1, highest]}, xlabel="L", ylabel="ms", log="y"))
    low, high = axes.get_ylim()
    seen = [label.get_text() for label in axes.get_yticklabels() if low <= label.get_position()[1] <= high]
    assert seen[: len(labels)] == labels and ("20" in seen) == (highest == 50)


def test_a_tensor_of_sizes_is_written_as_numbers():
    figure = plot_curves(torch.tensor([8, 32]), {"a": [1, 2]}, xlabel="H", ylabel="ms", log="x")
    assert [label.get_text() for label in axes_of(figure).get_xticklabels()] == ["8", "32"] and "from 8 to 32" in figure.alt


@pytest.mark.parametrize("steps", [6, 11, 21, 30, 200])
def test_an_axis_of_steps_names_whole_steps(steps):
    axes = axes_of(plot_curves(range(steps), {"a": range(steps)}, xlabel="t", ylabel="y"))
    assert all(float(tick).is_integer() for tick in axes.get_xticks())


def test_curves_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="curves: given 0, expected 1 to 6"):
        plot_curves([1], {}, xlabel="x", ylabel="y")
    with pytest.raises(ValueError, match="given 2 numbers for 'a', expected 3"):
        plot_curves([1, 2, 3], {"a": [1, 2]}, xlabel="x", ylabel="y")


# ---- trainings ------------------------------------------------------------------------------------------------------


def test_training_is_the_mean_in_a_band_of_all_runs():
    loss, accuracy = [[0.9, 0.5, 0.1], [0.7, 0.3, 0.3]], [[0.5, 0.75, 1.0], [0.5, 0.25, 1.0]]
    figure = plot_training(loss=loss, accuracy=accuracy)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy"]
    for axes, runs in zip(figure.axes, (loss, accuracy)):
        (line,), (band,) = axes.lines, axes.collections
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
        np.testing.assert_allclose(line.get_ydata(), np.mean(runs, axis=0))
        edge = band.get_paths()[0].vertices
        for epoch, low, high in zip((1, 2, 3), np.min(runs, axis=0), np.max(runs, axis=0)):
            ys = edge[edge[:, 0] == epoch, 1]
            assert (ys.min(), ys.max()) == pytest.approx((low, high))
        assert axes.get_ylim()[0] == 0 and axes.get_ylim()[1] > np.max(runs)
    assert "loss and accuracy over 3 epochs" in figure.alt and "2 runs" in figure.alt


@pytest.mark.parametrize(
    "runs, error, message",
    [
        ({}, ValueError, "runs: given none, expected names, each with runs of the same number of epochs"),
        (dict(loss=[[]]), ValueError, "runs: given none"),
        (dict(loss=[]), ValueError, r"loss: given shape \(0,\), expected numbers \(runs, epochs\)"),
        (dict(loss=[0.7, 0.3]), ValueError, r"loss: given shape \(2,\), expected numbers \(runs, epochs\)"),  # one run, no list
        (dict(loss=[[1.0], [1.0, 2.0]]), TypeError, r"loss: given \[\[1.0\], \[1.0, 2.0\]\], expected numbers"),
        (dict(loss=5), ValueError, "loss: given"),
        (dict(loss=[[1.0, 0.5]], accuracy=[[0.5]]), ValueError, "runs: given .*, expected as many runs and epochs of each"),
    ],
)
def test_trainings_need_runs_of_one_length(runs, error, message):
    with pytest.raises(error, match=f"^{message}"):
        plot_training(**runs)


def test_a_dot_is_a_run_and_a_line_marks_guessing():
    groups = {"pairs": [1.0, 0.98], "words $shuffled": [0.5]}
    figure = plot_accuracies(groups)
    axes = axes_of(figure)
    guessing, *rows = axes.lines
    assert list(guessing.get_xdata()) == [0.5, 0.5] and guessing.get_linestyle() == "--"
    assert [list(row.get_xdata()) for row in rows] == list(groups.values())
    for place, row in enumerate(rows):  # near its name, and no dot hides another
        heights = list(row.get_ydata())
        assert np.mean(heights) == pytest.approx(place) and max(heights) - min(heights) < 0.5
        assert len(set(heights)) == len(heights)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(groups)
    assert axes.get_xlim() == (0, 1) and axes.yaxis_inverted()  # the first on top
    assert "2 rows: pairs, words $shuffled" in figure.alt
    with pytest.raises(ValueError, match="groups: given none"):
        plot_accuracies({})


def test_a_reading_is_its_states_above_its_verdicts(seen):
    states, verdicts = seen.hidden[-1, 0, :, 0], [0.5, 0.6, 0.4, 0.3, 0.9]
    figure = plot_reading(WORDS, verdicts, torch.tensor(states))
    above, below, colours = figure.axes
    figure.draw_without_rendering()
    assert above.get_window_extent().x1 == below.get_window_extent().x1 < colours.get_window_extent().x0
    np.testing.assert_allclose(above.images[0].get_array(), states.T)
    assert above.images[0].get_clim() == (-1, 1)
    line, last = below.lines[-2:]  # the last verdict, which counts, is drawn again and in colour
    np.testing.assert_array_equal(line.get_ydata(), verdicts)
    assert list(last.get_ydata()) == verdicts[-1:] and last.get_color() == H.colour != line.get_color()
    assert [label.get_text() for label in below.get_xticklabels()] == WORDS
    assert [label.get_text() for label in below.get_yticklabels()] == ["blame", "undecided", "praise"]
    assert "in the end praise; above it the 4 features" in figure.alt
    alone = plot_reading(WORDS, [0.1] * 5)
    assert len(alone.axes) == 1 and alone.alt.endswith("in the end blame.")


@pytest.mark.parametrize(
    "labels, verdicts, states", [([], [], None), (["a"], [0.5, 0.5], None), (["a"], [0.5], np.zeros((2, 4)))]
)
def test_a_reading_needs_as_many_of_each(labels, verdicts, states):
    with pytest.raises(ValueError, match="labels, verdicts, states: given .*, expected as many of each, at least 1"):
        plot_reading(labels, verdicts, states)


@pytest.mark.parametrize(
    "make",
    [
        lambda: plot_training(loss=[[1.0, 0.5]], accuracy=[[0.5, 1.0]]),
        lambda: plot_accuracies({"internationalization, not packed": [0.0, 1.0]}),
        lambda: plot_reading(["internationalization"] * 14, [0.5] * 14, np.zeros((14, 16))),
    ],
)
def test_figures_of_a_training_fit_the_page(make):
    figure = make()
    assert figure.get_figwidth() <= 7.2
    figure.savefig(io.BytesIO(), format="png")
    whole, paper = figure.get_tightbbox(), figure.bbox_inches
    assert whole.x0 >= -0.01 and whole.x1 <= paper.x1 + 0.01 and whole.y0 >= -0.01 and whole.y1 <= paper.y1 + 0.01


def test_curves_are_their_numbers_and_each_axis_says_what_it_counts():
    curves = {"one": [0.5, 0.1], "other": [0.4, 0.3]}
    axes = axes_of(plot_curves([1, 2], curves, xlabel="epoch", ylabel="mean loss"))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "mean loss")
    found = [(list(line.get_xdata()), list(line.get_ydata())) for line in data_lines(axes)]
    assert found == [([1, 2], y) for y in curves.values()]


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.sweep) for seed in range(4, 20))])
def test_no_name_of_a_point_lies_on_another(seed):
    torch.manual_seed(seed)
    rnn, words = nn.RNN(3, 4), "the film was good , it was".split()
    figure = plot_trajectory(trace(rnn, torch.randn(7, 1, 3)), words)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes_of(figure).texts]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_a_trajectory_that_overflows_is_named_as_far_as_it_goes():
    rnn = nn.RNN(1, 2, nonlinearity="relu")
    for parameter in rnn.parameters():
        nn.init.constant_(parameter, 1e15)
    exploded = trace(rnn, torch.ones(5, 1, 1))
    figure = plot_trajectory(exploded, WORDS)
    figure.savefig(io.BytesIO())
    assert not np.isfinite(exploded.hidden).all()
    assert [text.get_text() for text in axes_of(figure).texts] == ["h_0", "1. i", "2. do"]
