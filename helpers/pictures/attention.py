"""Attention: one query reads all hidden states at once, each with a weight of its own."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from ..checks import require_labels, require_numbers
from ..colours import H_N, PAPER, W_HH, H, X
from ..wording import plural, shorten
from .picture import Picture
from .svg import line, outline, svg_picture, tag, text

R = 19  # radius of a state


def draw_attention(weights: np.ndarray | Tensor, labels: Sequence[str]) -> Picture:
    """Draw which states one query attends to: an edge to each of them, as thick as its weight.

    >>> draw_attention(np.array([0.75, 0.25]), ["so", "good"])
    Picture: Attention over 2 states. The weights are so 0.75, good 0.25, and each state is one edge away; ...

    Parameters
    ----------
    weights : (L,), at most 12 numbers from 0 to 1, array or tensor
    labels  : one word per state

    Raises
    ------
    TypeError : weights are not numbers, or labels are not a list of words.
    ValueError : there is no weight or more than 12, one is not between 0 and 1, or there are fewer labels than weights.
    """
    weights = require_numbers("weights", weights, "L")
    if not 1 <= len(weights) <= 12 or not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError(f"weights: given {weights}, expected 1 to 12 numbers from 0 to 1")
    labels = require_labels(labels, len(weights))
    gap, left, top, row = 600 / len(weights), 60 + 300 / len(weights), 52, 190
    middle, parts = 360.0, []
    for t, weight in enumerate(weights):
        x = left + t * gap
        width = 0.5 + 9 * float(weight)
        parts.append(line(middle, top + R, x, row - R, H_N.colour, width, head=False))
        if t:
            parts.append(line(x - gap + R, row, x - R, row, W_HH.colour))
        node = outline(H.mark, x, row, R) % tag("title", f"weight {weight:.2f}")
        parts.append(tag("g", node, fill=H.tint, stroke=H.colour, stroke_width=2))
        parts.append(text(x, row + 5, f"{weight:.2f}", size=11, text_anchor="middle"))
        parts.append(text(x, row + R + 16, shorten(labels[t], 9), fill=X.ink, text_anchor="middle"))
    parts.append(tag("circle", cx=middle, cy=top, r=R, fill=PAPER, stroke=H_N.colour, stroke_width=2))
    parts.append(text(middle, top + 5, "Σ", size=15, text_anchor="middle"))
    parts.append(text(middle + R + 8, top - 4, "sum of all states, each times its weight"))
    steps = plural(len(weights) - 1, "step")
    parts.append(text(60, row + 62, f"orange: an RNN carries the first state through {steps}", fill=W_HH.ink))
    parts.append(text(60, row + 82, "black: attention reads each state directly; a thicker line has a larger weight"))
    shown = ", ".join(f"{label} {weight:.2f}" for label, weight in zip(labels, weights))
    alt = f"Attention over {plural(len(weights), 'state')}. The weights are {shown}, and each state is one edge away; "
    return svg_picture(720, row + 98, parts, f"{alt}the orange chain of the RNN needs {steps} from the first to the last.")
