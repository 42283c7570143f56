"""matplotlib figures: curves, trajectories and tables of colours. No other module imports matplotlib.

Figures are made without pyplot, so none is shown twice or kept open. Each has its own alternative text.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from torch import Tensor

from ..checks import require_fractions, require_index, require_labels, require_mapping, require_numbers, require_words
from ..colours import NEGATIVE, PAPER, POSITIVE, QUIET, TEXT, H, X, text_on, value_colour
from ..rnn.traces import Trace, require_trace
from ..wording import plural
from .labels import place_labels

# Of curves that are compared. The marker repeats what the colour says.
LINE_STYLES = [("o-", "#D55E00"), ("s-", "#0072B2"), ("^-", "#009E73"), ("D--", "#B0568A"), ("v--", "#555555"), ("x:", "#A87400")]
Series = Sequence[float] | np.ndarray | Tensor
VALUE_COLOURMAP = LinearSegmentedColormap.from_list("values", [NEGATIVE, PAPER, POSITIVE])


class DescribedFigure(Figure):
    """A matplotlib figure with an alternative text."""

    def __init__(self, alt: str, figsize: tuple[float, float]) -> None:
        super().__init__(figsize=figsize, layout="constrained")
        self.alt = alt


def _figure(width: float, height: float, alt: str) -> tuple[DescribedFigure, Axes]:
    figure = DescribedFigure(alt, (width, height))
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def plot_nonlinearities(**functions: Callable[[np.ndarray], np.ndarray]) -> DescribedFigure:
    """Plot functions of one number, from -3 to 3.

    >>> plot_nonlinearities(tanh=np.tanh).alt
    'Curves of tanh between -3 and 3.'

    Parameters
    ----------
    functions : at most 3, each by its name in the legend

    Raises
    ------
    TypeError : an argument is not a function. The message names it.
    ValueError : there are no functions, or more than 3.
    """
    if not 1 <= len(functions) <= 3:
        raise ValueError(f"functions: given {len(functions)}, expected 1 to 3, as tanh=np.tanh")
    for name, function in functions.items():
        if not callable(function):
            raise TypeError(f"{name}: given {function!r}, expected a function of an array")
    figure, axes = _figure(4.8, 2.8, f"Curves of {' and '.join(functions)} between -3 and 3.")
    at = np.linspace(-3, 3, 121)
    for style, (name, function) in zip(("-", "--", ":"), functions.items()):
        axes.plot(at, function(at), style, color=H.colour if style == "-" else QUIET, label=name, linewidth=2)
    for rule in (axes.axhline, axes.axvline):
        rule(0, color="#CCCCCC", linewidth=0.8, zorder=0)
    axes.set(xlabel="the sum that goes in", ylabel="what comes out", ylim=(-1.5, 3.1))
    axes.legend(frameon=False)
    return figure


def plot_curves(x: Series, curves: Mapping[str, Series], *, xlabel: str, ylabel: str, log: str = "") -> DescribedFigure:
    """Plot curves to be compared, each with its own marker.

    >>> plot_curves([1, 2, 4], {"loop": [1, 2, 4], "call": [1, 1, 2]}, xlabel="steps", ylabel="ms").alt
    'Curves of loop and call: ms over steps, from 1 to 4.'

    Parameters
    ----------
    curves : at most 6, each by its name in the legend, with as many numbers as x
    log    : "x", "y" or "xy", the axes with a logarithmic scale

    Raises
    ------
    TypeError : curves is not a dict, or a curve does not consist of numbers.
    ValueError : there is no curve or more than 6, or one is not as long as x, or log is none of these.
    """
    require_mapping("curves", curves)
    if not 1 <= len(curves) <= len(LINE_STYLES):
        raise ValueError(f"curves: given {len(curves)}, expected 1 to {len(LINE_STYLES)}")
    if log not in ("", "x", "y", "xy"):
        raise ValueError(f"log: given {log!r}, expected 'x', 'y', 'xy' or ''")
    x = require_numbers("x", x, "steps").tolist()  # a tensor would be written as tensor(8)
    if not x:
        raise ValueError("x: given no number, expected at least one")
    names = " and ".join(", ".join(curves).rsplit(", ", 1))
    figure, axes = _figure(6.8, 3.6, f"Curves of {names}: {ylabel} over {xlabel}, from {x[0]:g} to {x[-1]:g}.")
    for (style, colour), (name, values) in zip(LINE_STYLES, curves.items()):
        y = require_numbers(name, values, "steps")
        if len(y) != len(x):
            raise ValueError(f"curves: given {len(y)} numbers for {name!r}, expected {len(x)}, as many as x")
        axes.plot(x, y, style, color=colour, label=name, markersize=5, markevery=max(1, len(x) // 12))
    axes.set(xlabel=xlabel, ylabel=ylabel)
    for axis in log:
        getattr(axes, f"set_{axis}scale")("log")
    if "x" in log:
        axes.set_xticks(x, [f"{number:g}" for number in x])
        axes.minorticks_off()
    elif all(number == int(number) for number in x):  # there is no step 2.5
        axes.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True))
    low, high = axes.get_ylim()
    if "y" in log and high < 1000 * low:  # powers of ten alone would be too few labels
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def plot_trajectory(trace: Trace, labels: Sequence[str], *, features: tuple[int, int] = (0, 1), n: int = 0) -> DescribedFigure:
    """Plot the path of the hidden state of the top layer through two of its features, with one point per step.

    >>> import torch
    >>> from helpers import trace
    >>> plot_trajectory(trace(torch.nn.RNN(2, 3), torch.ones(2, 1, 2)), ["so", "good"]).alt
    'Trajectory of the hidden state over 2 steps: so, good.'

    Parameters
    ----------
    labels   : one word per step
    features : the two of the H_out features that are the axes

    Raises
    ------
    TypeError : trace is not a Trace, or labels are not a list of words.
    ValueError : features are not two features of h, n is out of range, or there are fewer labels than steps.
    """
    require_trace(trace)
    require_index("n", n, len(trace.lengths))
    if trace.shapes.H_out < 2:
        raise ValueError(f"trace: given H_out={trace.shapes.H_out}, expected at least 2 features to draw a path through")
    if not isinstance(features, (tuple, list)) or len(features) != 2:
        raise ValueError(f"features: given {features!r}, expected two of the H_out features, as (0, 1)")
    for feature in features:
        require_index("features", feature, trace.shapes.H_out)
    steps = trace.lengths[n]
    labels = require_labels(labels, steps)
    figure, axes = _figure(5.4, 4.2, f"Trajectory of the hidden state over {plural(steps, 'step')}: {', '.join(labels[:steps])}.")
    path = np.vstack([trace.h_0[-1, 0, n], trace.hidden[-1, 0, :steps, n]])[:, list(features)]
    axes.plot(*path.T, color=H.colour, linewidth=1.5)
    axes.plot(*path[1:].T, "o", markersize=9, markerfacecolor=H.tint, markeredgecolor=H.colour, markeredgewidth=2)
    for rule in (axes.axhline, axes.axvline):
        rule(0, color="#CCCCCC", linewidth=0.8, zorder=0)
    axes.set(xlabel=f"feature {features[0]} of h", ylabel=f"feature {features[1]} of h", xmargin=0.2, ymargin=0.2)
    names = ["h_0", *(f"{t}. {label}" for t, label in enumerate(labels[:steps], start=1))]
    figure.draw_without_rendering()  # this sets the size of the axes
    corners = place_labels(axes.transData.transform(path) * 72 / figure.dpi, [(6.2 * len(name), 9) for name in names])
    for t, corner in corners.items():
        note = axes.annotate(names[t], path[t], corner, textcoords="offset points", zorder=3, color=X.ink if t else TEXT)
        note.set(path_effects=[withStroke(linewidth=3, foreground=PAPER)], parse_math=False)  # legible on the path
    return figure


def plot_similarities(words: Sequence[str], vectors: np.ndarray) -> DescribedFigure:
    """Plot the cosine of every pair of words as a table of colours and numbers.

    >>> plot_similarities(["a", "b"], np.eye(2)).alt
    'Table of cosines of 2 words (a, b); the highest between two different words is 0.00, of a and b.'

    Parameters
    ----------
    vectors : (len(words), H_in), array or tensor

    Raises
    ------
    TypeError : words are not a list of words, or vectors are not numbers.
    ValueError : there are not as many vectors as words, fewer than two words, or a number that is not finite.
    """
    vectors = require_numbers("vectors", vectors, "words", "H_in").astype(float)
    words = require_words("words", words)
    if len(vectors) != len(words) or len(words) < 2:
        raise ValueError(f"vectors: given {len(vectors)}, expected one for each of {len(words)} words, and at least 2")
    if not np.isfinite(vectors).all():
        raise ValueError("vectors: given numbers that are not finite, expected vectors without nan and inf")
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)  # the zero vector has no direction
    cosines = (unit @ unit.T).round(2) + 0.0  # + 0 turns −0.00 into 0.00
    apart = np.where(np.eye(len(words), dtype=bool), -2, cosines)
    a, b = np.unravel_index(apart.argmax(), apart.shape)
    best = f"the highest between two different words is {apart.max():.2f}, of {words[a]} and {words[b]}"
    return _colour_table(cosines, words, words, f"Table of cosines of {len(words)} words ({', '.join(words)}); {best}.")


def plot_table(values: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> DescribedFigure:
    """Plot a table of numbers as colours and numbers. A cell whose number is not finite stays empty.

    >>> plot_table(np.array([[1.1, np.nan]]), ["king"], ["crown", "cup"]).alt
    'Table of 1 row (king) and 2 columns (crown, cup), 1 cell empty; the highest is 1.1, of king and crown.'

    Parameters
    ----------
    values : (len(rows), len(columns)), array or tensor

    Raises
    ------
    TypeError : rows or columns are not a list of words, or values are not numbers.
    ValueError : values have another shape, or no finite number.
    """
    values = require_numbers("values", values).astype(float)
    rows, columns = require_words("rows", rows), require_words("columns", columns)
    if values.shape != (len(rows), len(columns)):
        raise ValueError(f"values: given shape {values.shape}, expected ({len(rows)}, {len(columns)}), as rows and columns")
    filled = np.isfinite(values)
    if not filled.any():
        raise ValueError("values: given no finite number, expected at least one")
    i, j = np.unravel_index(np.where(filled, values, -np.inf).argmax(), values.shape)
    size = f"{plural(len(rows), 'row')} ({', '.join(rows)}) and {plural(len(columns), 'column')} ({', '.join(columns)})"
    empty = f", {plural(int((~filled).sum()), 'cell')} empty" if not filled.all() else ""
    best = f"the highest is {values[i, j]:.1f}, of {rows[i]} and {columns[j]}"
    return _colour_table(values, rows, columns, f"Table of {size}{empty}; {best}.", digits=1)


def _colour_table(values: np.ndarray, rows: Sequence[str], columns: Sequence[str], alt: str, digits: int = 2) -> DescribedFigure:
    """A table of colours with its numbers. Zero is white, and the number with the largest absolute value has the full colour."""
    figure, axes = _figure(1.6 + 0.55 * len(columns), 1.2 + 0.55 * len(rows), alt)
    limit = max(1.0, np.abs(values[np.isfinite(values)]).max())
    axes.imshow(np.ma.masked_invalid(values), cmap=VALUE_COLOURMAP, vmin=-limit, vmax=limit)
    axes.set_xticks(range(len(columns)), columns, rotation=40, ha="right", parse_math=False)  # "$" can be a word
    axes.set_yticks(range(len(rows)), rows, parse_math=False)
    for (i, j), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = text_on(value_colour(value / limit))
            axes.text(j, i, f"{value:.{digits}f}", ha="center", va="center", fontsize=9, color=colour)
    return figure


def plot_training(**runs: Sequence[Sequence[float]]) -> DescribedFigure:
    """Plot one panel per quantity over the epochs: the mean of several runs, and their range.

    >>> plot_training(loss=[[0.7, 0.3], [0.6, 0.2]], accuracy=[[0.5, 0.9], [0.6, 1.0]]).alt
    'Curves of loss and accuracy over 2 epochs: the mean of 2 runs, in a band from the lowest to the highest.'

    Parameters
    ----------
    runs : for each quantity, by its name, a list of runs with one number per epoch

    Raises
    ------
    TypeError : a quantity does not consist of numbers, or its runs differ in length. The message names it.
    ValueError : there is nothing to plot, or a quantity is not a list of runs. The message names it.
    """
    panels = {name: require_numbers(name, group, "runs", "epochs") for name, group in runs.items()}
    if not panels or not all(values.size for values in panels.values()):
        raise ValueError("runs: given none, expected names, each with runs of the same number of epochs, at least 1")
    shapes = {name: values.shape for name, values in panels.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"runs: given {shapes}, expected as many runs and epochs of each")
    count, length = next(iter(panels.values())).shape
    alt = f"Curves of {' and '.join(runs)} over {plural(length, 'epoch')}: the mean of {plural(count, 'run')}, in a band"
    figure = DescribedFigure(f"{alt} from the lowest to the highest.", (2.8 * len(runs), 2.6))
    for axes, (name, values) in zip(figure.subplots(1, len(runs), squeeze=False)[0], panels.items()):
        epochs = np.arange(1, values.shape[1] + 1)
        axes.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=H.tint)
        axes.plot(epochs, values.mean(axis=0), color=H.colour, linewidth=2)
        axes.set(xlabel="epoch", ylabel=name, ylim=(0, max(1.02, values.max() * 1.05)))
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def plot_accuracies(groups: dict[str, Sequence[float]]) -> DescribedFigure:
    """Plot accuracies with one row per group and one dot per run, and a dashed line at 0.5, the accuracy of guessing.

    >>> plot_accuracies({"plain": [1.0, 0.9], "shuffled": [0.5, 0.6]}).alt
    'Dots of accuracies from 0 to 1, one a run, in 2 rows: plain, shuffled. A dashed line marks 0.5, guessing.'

    Raises
    ------
    TypeError : groups is not a dict, or a group does not consist of numbers.
    ValueError : there are no groups, or an accuracy is not between 0 and 1.
    """
    require_mapping("groups", groups)
    for name, values in groups.items():
        require_fractions(name, values, "runs")
    if not groups:
        raise ValueError("groups: given none, expected names, each with accuracies")
    alt = f"Dots of accuracies from 0 to 1, one a run, in {plural(len(groups), 'row')}: {', '.join(groups)}. "
    figure, axes = _figure(5.2, 0.9 + 0.44 * len(groups), alt + "A dashed line marks 0.5, guessing.")
    axes.axvline(0.5, color=QUIET, linestyle="--", linewidth=1)
    for row, values in enumerate(groups.values()):
        # The dots are at different heights, so that equal ones can be counted.
        heights = row + 0.28 * np.linspace(-1, 1, len(values) + 2)[1:-1]
        (dots,) = axes.plot(list(values), heights, "o", clip_on=False, markersize=8, markeredgewidth=1.5, alpha=0.8)
        dots.set(markerfacecolor=H.tint, markeredgecolor=H.colour)
    axes.set_yticks(range(len(groups)), groups, parse_math=False)
    axes.set(xlabel="accuracy", xlim=(0, 1), ylim=(len(groups) - 0.5, -0.5))
    return figure


def plot_reading(labels: Sequence[str], verdicts: Sequence[float], states: np.ndarray | None = None) -> DescribedFigure:
    """Plot the verdict of a trained network after each word, and above it the hidden states. All but the last are grey.

    >>> plot_reading(["not", "good"], [0.4, 0.1], np.zeros((2, 4))).alt
    'Reading 2 words: not good. The verdict after each word, in the end blame; above it the 4 features of h as colours.'

    Parameters
    ----------
    labels   : one word per step
    verdicts : L numbers between 0 (blame) and 1 (praise), from `verdicts`
    states   : (L, H_out), array or tensor, the hidden state after each word; None draws no states

    Raises
    ------
    TypeError : labels are not a list of words, or verdicts or states are not numbers.
    ValueError : there are no words, labels, verdicts and states differ in length, or a verdict is not between 0 and 1.
    """
    labels, praise = require_words("labels", labels), require_fractions("verdicts", verdicts, "L")
    states = None if states is None else require_numbers("states", states, "L", "H_out")
    counts = [len(labels), len(praise)] + ([] if states is None else [len(states)])
    if len(set(counts)) != 1 or not counts[0]:
        raise ValueError(f"labels, verdicts, states: given {counts}, expected as many of each, at least 1")
    alt = f"Reading {plural(counts[0], 'word')}: {' '.join(labels)}. The verdict after each word, in the end "
    alt += "praise" if praise[-1] > 0.5 else "blame"
    alt += "." if states is None else f"; above it the {states.shape[1]} features of h as colours."
    figure = DescribedFigure(alt, (min(1.6 + 0.5 * len(labels), 7.2), 2.2 if states is None else 3.6))
    *above, below = figure.subplots(1 if states is None else 2, 1, sharex=True, squeeze=False)[:, 0]
    if states is not None:
        (axes,) = above
        image = axes.imshow(states.T, cmap=VALUE_COLOURMAP, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
        axes.set(ylabel="features of h", yticks=range(states.shape[1]) if states.shape[1] <= 8 else [])
        figure.colorbar(image, ax=[axes, below], ticks=[-1, 0, 1], aspect=12, shrink=0.45, anchor=(0, 1))
    below.axhline(0.5, color=QUIET, linestyle="--", linewidth=1)
    below.plot(praise, "o-", color="#999999", markerfacecolor=PAPER, linewidth=1.5, clip_on=False)
    below.plot([len(praise) - 1], praise[-1:], "o", color=H.colour, markerfacecolor=H.tint, markersize=9, clip_on=False)
    below.set(ylim=(0, 1))
    below.set_yticks([0, 0.5, 1], ["blame", "undecided", "praise"])
    below.set_xticks(range(len(labels)), labels, rotation=40, ha="right", parse_math=False)
    below.spines[["top", "right"]].set_visible(False)
    return figure
