"""SVG drawings over time: hidden states as a heat map, the response of one neuron, the norm of a gradient, a verdict."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil, floor

import numpy as np

from ..checks import require_fractions, require_index, require_labels, require_numbers
from ..colours import NEGATIVE, PAPER, POSITIVE, QUIET, H, Role, X, value_colour
from ..rnn.traces import Trace, require_trace
from ..wording import abbreviate, plural, shorten
from .cells import Cells, colour_limit, colour_scale, tooltip
from .log_axis import draw_axis, draw_point
from .picture import Picture
from .svg import escape_text, line, svg_picture, tag, text

HEATMAP_LEFT = 76  # room for the name of a heat map, and for the slanted words below it


def draw_hidden(trace: Trace, labels: Sequence[str] | None = None, *, layer: int = -1, n: int = 0) -> Picture:
    """Draw the hidden states of one layer as a heat map, with one column per step and one row per feature.

    >>> import torch
    >>> from helpers import trace
    >>> draw_hidden(trace(torch.nn.RNN(3, 4), torch.ones(2, 1, 3)), ["so", "good"])
    Picture: Heat map of the hidden states of layer 0: 4 features over 2 steps (so, good).

    Parameters
    ----------
    labels : one word per step
    layer  : an index as in a list; -1 is the top layer

    Raises
    ------
    TypeError : trace is not a Trace, or labels are not a list of words.
    ValueError : layer or n is out of range, or there are fewer labels than steps.
    """
    require_trace(trace)
    layers = trace.shapes.num_layers
    require_index("layer", layer, layers, low=-layers)
    layer %= layers
    require_index("n", n, len(trace.lengths))
    steps = trace.lengths[n]
    labels = [f"t={t}" for t in range(steps)] if labels is None else require_labels(labels, steps)
    hidden = np.concatenate(trace.hidden[layer, :, :steps, n], axis=-1)  # (L, D*H_out)
    limit = colour_limit(hidden)
    columns = abbreviate(steps, 14)
    wide = min(72, 600 / len(columns))
    tall = min(22, 240 / min(hidden.shape[1], 24))
    height = min(hidden.shape[1], 24) * tall
    parts = [text(8, 24, "hidden states", fill=H.ink, font_weight=600), colour_scale(112, 15, limit)]
    cells = Cells(limit)
    for column, t in enumerate(columns):
        x = HEATMAP_LEFT + column * wide
        if t is None:
            parts.append(text(x + wide / 2, 40 + height / 2, "…", size=18, fill=QUIET, text_anchor="middle"))
            continue
        parts.append(tag("rect", tooltip(f"h[{t}]", hidden[t], 24), x=x, y=40, width=wide - 2, height=height, fill=PAPER))
        cells.column(x, 40, wide - 2, height, hidden[t], 24)
        spot = f"rotate(-35 {x + wide / 2:.0f} {56 + height:.0f})"
        parts.append(text(x + wide / 2, 56 + height, shorten(labels[t], 11), fill=X.ink, text_anchor="end", transform=spot))
    parts.append(cells.render())
    parts.append(text(8, 40 + height / 2, "H_out" if trace.shapes.D == 1 else "D*H_out", size=11, fill=H.ink))
    words = ", ".join(labels[t] if t is not None else "…" for t in columns)
    size = f"{plural(hidden.shape[1], 'feature')} over {plural(steps, 'step')} ({words})"
    alt = f"Heat map of the hidden states of layer {layer}: {size}."
    return svg_picture(max(HEATMAP_LEFT + len(columns) * wide + 14, 292), 116 + height, parts, alt)


def draw_response(trace: Trace) -> Picture:
    """Draw one neuron over time: its input as bars, its state as a line of circles.

    >>> import torch
    >>> from helpers import trace
    >>> draw_response(trace(torch.nn.RNN(1, 1), torch.eye(12)[:, :1]))
    Picture: One neuron over 12 steps. The input is 1.00 at t=0; the answers begin ...

    Parameters
    ----------
    trace : a trace of a network with one input feature and one hidden feature. The first sequence is drawn.

    Raises
    ------
    TypeError : trace is not a Trace.
    ValueError : there is more than one feature, layer or direction.
    """
    require_trace(trace)
    s = trace.shapes
    if (s.H_in, s.H_out, s.num_layers, s.D) != (1, 1, 1, 1):
        given = f"H_in={s.H_in}, H_out={s.H_out}, num_layers={s.num_layers}, D={s.D}"
        raise ValueError(f"trace: given {given}, expected one neuron: H_in=1, H_out=1, num_layers=1, D=1")
    x, h = trace.input[:, 0, 0], trace.hidden[0, 0, :, 0, 0]
    limit, x_limit = colour_limit(h), colour_limit(x)
    left, gap = 64, min(48.0, 600 / len(h))
    right = left + gap * len(h)
    parts = _value_axis(left - 10, right, 62, 38, "x", X, x_limit)
    parts += _value_axis(left - 10, right, 180, 60, "h", H, limit)
    heights = np.nan_to_num(np.clip(h / limit, -1, 1))  # what has overflowed is drawn at the edge
    spots = [(left + gap * (t + 0.5), 180 - 60 * float(heights[t])) for t in range(len(h))]
    parts += [line(*a, *b, colour=H.colour, width=1.5, head=False) for a, b in pairwise(spots)]
    for t, (at, y) in enumerate(spots):
        bar = 38 * float(np.nan_to_num(x[t], posinf=x_limit, neginf=-x_limit)) / x_limit
        style = dict(fill=X.tint, stroke=X.colour, stroke_width=1.5, rx=3)
        parts.append(tag("rect", x=at - gap * 0.3, y=62 - max(bar, 0), width=gap * 0.6, height=abs(bar), **style))
        tip = tag("title", f"h[{t}] = {h[t]:.3f}")
        parts.append(tag("circle", tip, cx=at, cy=y, r=6, fill=H.tint, stroke=H.colour, stroke_width=2))
        if t % max(1, round(26 / gap)) == 0:  # as many labels as there is room for
            parts.append(text(at, 262, t, size=11, fill=QUIET, text_anchor="middle"))
    parts.append(text(left - 10, 262, "t", size=12, fill=QUIET, text_anchor="end"))
    first = ", ".join(f"{v:.2f}" for v in h[:4])
    alt = f"One neuron over {plural(len(h), 'step')}. The input is {x[0]:.2f} at t=0; "
    alt += f"the answers begin {first} and end at {h[-1]:.2f}."
    size = np.abs(heights)
    largest = int(np.argmax(size >= 0.95 * size.max()))  # the first of them, so that nothing jumps where the state stays
    return replace(svg_picture(right + 20, 276, parts, alt), chosen=spots[largest][0])


def draw_gradients(norms: np.ndarray, singular_value: float) -> Picture:
    """Draw |dL/dh_t| over t on a logarithmic axis, with an upper bound.

    >>> draw_gradients(np.array([0.01, 0.1, 1.0]), singular_value=0.5)
    Picture: Length of the gradient over 3 steps, on a logarithmic axis: 1.0e+00 at the last step, 1.0e-02 at the first. ...

    Parameters
    ----------
    norms : (L,), from `gradient_norms`
    singular_value : the largest one of W_hh, from `spectrum`. The bound k steps back is its k-th power.

    Raises
    ------
    TypeError : norms are not numbers.
    ValueError : norms is empty, has a negative number or has not one axis, or singular_value is not a number >= 0.
    """
    norms = require_numbers("norms", norms, "L")
    if not len(norms):
        raise ValueError("norms: given none, expected one for each step")
    if (negative := norms[norms < 0]).size:
        raise ValueError(f"norms: given {negative[0]:g}, expected numbers from 0 on, because they are lengths")
    if not isinstance(singular_value, (int, float, np.floating)) or not singular_value >= 0:
        raise ValueError(f"singular_value: given {singular_value!r}, expected a number from 0 on, as spectrum gives it")
    left, tall, L = 64, 220, len(norms)
    gap = 600 / max(L - 1, 1)

    def spot(t: int, log: float) -> tuple[float, float]:
        return left + t * gap, 30 + tall * (high - float(np.clip(log, low, high))) / (high - low)

    with np.errstate(divide="ignore", invalid="ignore"):
        powers = np.log10(norms)
        bound = powers[-1] + np.log10(max(singular_value, 1e-30)) * np.arange(L - 1, -1, -1)
        logs, bound = (np.where(np.isnan(values), np.inf, values) for values in (powers, bound))
    # The axis goes as far as the gradients do; infinity, and a zero that has no logarithm, are drawn at its edge.
    finite = logs[np.isfinite(logs)]
    distance = 2 * ceil(max(12.0, finite.max(initial=4) - finite.min(initial=-8)) / 12)  # powers of ten from line to line
    low = distance * floor(min(-8.0, finite.min(initial=0)) / distance)
    high = distance * ceil(max(4.0, finite.max(initial=0)) / distance)
    lines = range(low, high + 1, distance)
    parts = draw_axis(lines, lambda power: spot(0, power)[1], left, 600, one="#999999")
    for draw, values in ((_dashed_line, bound), (_gradient_line, logs)):
        for t, (a, b) in enumerate(pairwise(values)):
            if not (max(a, b) < low or min(a, b) > high):  # a line along the edge would show values that are not there
                parts.append(draw(*spot(t, a), *spot(t + 1, b)))
    for t, log in enumerate(logs):
        x, y = spot(t, log)
        parts.append(draw_point(x, y, log, lines, f"t={t}: {norms[t]:.2e}", H))
        if t % max(1, round(30 / gap)) == 0:
            parts.append(text(x, tall + 48, t, size=11, fill=QUIET, text_anchor="middle"))
    parts.append(text(left, 16, "○ length of dL/dh[t]", fill=H.ink, font_weight=600))
    parts.append(_dashed_line(left + 190, 12, left + 220, 12))
    parts.append(text(left + 228, 16, "bound: singular value, once for each step back", fill=QUIET))
    parts.append(text(left - 24, tall + 48, "t", size=12, fill=QUIET, text_anchor="end"))
    alt = (
        f"Length of the gradient over {plural(L, 'step')}, on a logarithmic axis: {norms[-1]:.1e} at the last step, "
        f"{norms[0]:.1e} at the first. A dashed line is the bound, with singular value {singular_value:.2f}."
    )
    return svg_picture(left + 624, tall + 60, parts, alt)


def draw_verdicts(labels: Sequence[str], verdicts: Sequence[float]) -> Picture:
    """Draw the answer of a classifier after each word: a bar up for praise, down for blame.

    Only the last bar has a colour: the model was trained to answer after the last word. The others are grey.

    >>> draw_verdicts(["not", "good"], [0.4, 0.1])
    Picture: The verdict after each of 2 words: not 0.40, good 0.10. In the end blame.

    Parameters
    ----------
    labels   : one word per verdict
    verdicts : numbers from 0 (certainly blame) to 1 (certainly praise), from `verdicts`. NaN has no bar.

    Raises
    ------
    TypeError : verdicts are not numbers, or labels are not a list of words.
    ValueError : there are no verdicts, one is not between 0 and 1, or there are fewer labels than verdicts.
    """
    praise = require_fractions("verdicts", verdicts, "L")  # of each word, the probability
    if not len(praise):
        raise ValueError("verdicts: given none, expected one for each word")
    labels = require_labels(labels, len(praise))
    columns, left, middle, tall = abbreviate(len(praise), 14), 84, 104, 52
    wide = min(72, 600 / len(columns))
    right = left + len(columns) * wide
    end = "praise" if praise[-1] > 0.5 else "blame" if praise[-1] <= 0.5 else "it is no number"
    parts = [text(8, 18, f"In the end: {end}", size=13, font_weight=700)]
    for word, y, colour in (("praise", -tall, POSITIVE), ("undecided", 0, QUIET), ("blame", tall, NEGATIVE)):
        parts.append(line(left, middle + y, right, middle + y, "#DDDDDD" if y else "#999999", 1, head=False))
        parts.append(text(left - 8, middle + y + 4, word, size=11, fill=colour, text_anchor="end"))
    for column, t in enumerate(columns):
        x = left + column * wide
        if t is None:
            parts.append(text(x + wide / 2, middle - 8, "…", size=18, fill=QUIET, text_anchor="middle"))
            continue
        bar = 2 * float(np.nan_to_num(praise[t], nan=0.5)) - 1
        tip = tag("title", escape_text(f"after {labels[t]}: {praise[t]:.2f}"))
        box = dict(x=x + wide * 0.15, y=middle - max(bar, 0.0) * tall, width=wide * 0.7, height=abs(bar) * tall)
        look = dict(fill="#EEEEEE", stroke="#BBBBBB")
        if t == len(praise) - 1:
            look = dict(fill=value_colour(bar), stroke=POSITIVE if bar > 0 else NEGATIVE)
        parts.append(tag("rect", tip, **box, **look))
        y = middle + (-tall - 8 if bar > 0 else tall + 14)
        parts.append(text(x + wide / 2, y, f"{praise[t]:.2f}", size=11, fill=QUIET, text_anchor="middle"))
        spot = f"rotate(-35 {x + wide / 2:.0f} {middle + tall + 34:.0f})"
        style = dict(fill=X.ink, text_anchor="end", transform=spot)
        parts.append(text(x + wide / 2, middle + tall + 34, shorten(labels[t], 11), **style))
    after = ", ".join("…" if t is None else f"{labels[t]} {praise[t]:.2f}" for t in columns)
    alt = f"The verdict after each of {plural(len(praise), 'word')}: {after}. In the end {end}."
    return svg_picture(max(right + 14, 200), middle + tall + 92, parts, alt)  # room for the sentence above one word


def _gradient_line(x1: float, y1: float, x2: float, y2: float) -> str:
    return line(x1, y1, x2, y2, H.colour, head=False)


def _dashed_line(x1: float, y1: float, x2: float, y2: float) -> str:
    return tag("path", d=f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", stroke=QUIET, stroke_width=1.5, stroke_dasharray="5 4")


def _value_axis(left: float, right: float, zero: float, tall: float, name: str, role: Role, limit: float) -> list[str]:
    ends = [(zero - tall, f"+{limit:.3g}"), (zero, "0"), (zero + tall, f"−{limit:.3g}")]
    parts = [line(left, y, right, y, "#DDDDDD" if y != zero else "#999999", 1, head=False) for y, _ in ends]
    parts += [text(left - 6, y + 4, label, size=11, fill=QUIET, text_anchor="end") for y, label in ends]
    return [*parts, text(8, zero + 4, name, size=14, fill=role.ink, font_weight=700)]
