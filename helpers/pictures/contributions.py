"""What each step contributes to the gradient of W_hh, as bars and on a logarithmic axis."""

from math import ceil, floor

import numpy as np
from torch import Tensor

from ..checks import require_numbers
from ..colours import QUIET, W_HH
from .log_axis import draw_axis, draw_point
from .picture import Picture
from .svg import escape_text, line, svg_picture, tag, text

LEFT, WIDE = 64, 600
BARS, RINGS, TALL = 130, 294, 100  # the lower edges of the two panels, and their height


def draw_contributions(contributions: np.ndarray | Tensor) -> Picture:
    """Draw how long the contribution of each step to dL/dW_hh is: as bars, and below on a logarithmic axis.

    >>> draw_contributions(np.array([[[0.0]], [[0.01]], [[1.0]]]))
    Picture: What each of 3 steps contributes to the gradient of W_hh, as a length: 1.0e+00 at the last step, ...

    Parameters
    ----------
    contributions : (L, H_out, H_out), from `gradient_contributions`

    Raises
    ------
    TypeError : contributions are not numbers.
    ValueError : contributions are empty, or have not three axes.
    """
    # In doubles, because the square of a small float32 number may be zero.
    contributions = require_numbers("contributions", contributions, "L", "H_out", "H_out").astype(float)
    if not contributions.size:
        raise ValueError("contributions: given none, expected a matrix for each step")
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(contributions, axis=(1, 2))
        total = float(np.linalg.norm(contributions.sum(axis=0)))
    lengths = np.where(np.isnan(lengths), np.inf, lengths)
    gap = WIDE / len(lengths)
    parts = [
        text(LEFT, 16, "length of each step's contribution to dL/dW_hh", fill=W_HH.ink, font_weight=600),
        text(LEFT, BARS + 40, "the same lengths on a logarithmic axis", fill=W_HH.ink, font_weight=600),
        *_bars(lengths, gap),
        *_rings(lengths, gap),
    ]
    for t in range(0, len(lengths), max(1, round(30 / gap))):
        for y in (BARS, RINGS):
            parts.append(text(LEFT + gap * (t + 0.5), y + 20, t, size=11, fill=QUIET, text_anchor="middle"))
    for y in (BARS, RINGS):
        parts.append(text(LEFT - 24, y + 20, "t", size=12, fill=QUIET, text_anchor="end"))
    early = f", {lengths[1]:.1e} at t=1" if len(lengths) > 2 else ""
    alt = f"What each of {len(lengths)} steps contributes to the gradient of W_hh, as a length: "
    alt += f"{lengths[-1]:.1e} at the last step{early}; the whole gradient has the length {total:.1e}."
    return svg_picture(LEFT + WIDE + 24, RINGS + 34, parts, alt)


def _bars(lengths: np.ndarray, gap: float) -> list[str]:
    finite = lengths[np.isfinite(lengths)]
    limit = float(finite.max(initial=0)) or 1.0
    parts = [line(LEFT, BARS, LEFT + WIDE, BARS, "#999999", 1, head=False)]
    parts += [text(LEFT - 8, y, name, size=11, fill=QUIET, text_anchor="end") for y, name in ((BARS, "0"), (36, f"{limit:.2g}"))]
    for t, length in enumerate(lengths):
        tip = tag("title", escape_text(f"t={t}: {length:.2e}"))
        tall = TALL * float(min(length, limit)) / limit
        box = dict(x=LEFT + gap * (t + 0.15), y=BARS - tall, width=gap * 0.7, height=tall)
        parts.append(tag("rect", tip, **box, fill=W_HH.tint, stroke=W_HH.colour))
    return parts


def _rings(lengths: np.ndarray, gap: float) -> list[str]:
    """A ring for each length; a triangle points to where zero and infinity are, which have no place on the axis."""
    with np.errstate(divide="ignore"):
        powers = np.log10(lengths)
    finite = powers[np.isfinite(powers)]
    smallest, largest = float(finite.min(initial=0)), float(finite.max(initial=0))
    distance = max(1, ceil((largest - smallest) / 5))  # powers of ten from line to line
    low = distance * floor(smallest / distance)
    high = max(low + distance, distance * ceil(largest / distance))

    def height(power: float) -> float:
        return RINGS - TALL * (min(max(power, low), high) - low) / (high - low)

    lines = range(low, high + 1, distance)
    parts = draw_axis(lines, height, LEFT, WIDE)
    for t, power in enumerate(powers.tolist()):
        parts.append(draw_point(LEFT + gap * (t + 0.5), height(power), power, lines, f"t={t}: {lengths[t]:.2e}", W_HH))
    return parts
