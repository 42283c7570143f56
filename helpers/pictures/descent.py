"""Gradient descent on one weight, as a path on the curve of its loss."""

from collections.abc import Sequence
from itertools import pairwise

from ..colours import PAPER, QUIET, H, X
from .picture import Picture
from .svg import line, svg_picture, tag, text

LEFT, BOTTOM, WIDE, TALL = 60, 230, 560, 190


def draw_descent(weights: Sequence[float], target: float, x: float) -> Picture:
    """Draw the loss (x·w − target)² over w, and on it the weight after each step.

    >>> draw_descent([1.0, 2.6, 2.92], target=6.0, x=2.0)
    Picture: The loss over one weight w, and the weight after each of 2 steps: 1.00, 2.60, 2.92. The lowest loss is at w = 3.00.

    A weight that has left the picture is drawn at its edge.
    """
    best = target / x
    low, high = best - 3, best + 3
    most = (x * 3) ** 2

    def spot(w: float) -> tuple[float, float]:
        inside = min(max(w, low), high)
        return LEFT + WIDE * (inside - low) / (high - low), BOTTOM - TALL * min((x * inside - target) ** 2 / most, 1.0)

    curve = [spot(low + (high - low) * i / 80) for i in range(81)]
    parts = [line(LEFT, BOTTOM, LEFT + WIDE, BOTTOM, "#999999", 1, head=False)]
    parts.append(
        tag("path", d="M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in curve), stroke="#999999", stroke_width=2, fill="none")
    )
    spots = [spot(w) for w in weights]
    for one, other in pairwise(spots):
        if one != other:
            parts.append(line(*one, *other, colour=H.colour, width=1.5))
    for step, ((at, y), w) in enumerate(zip(spots, weights)):
        tip = tag("title", f"after step {step}: w = {w:.2f}")
        parts.append(tag("circle", tip, cx=at, cy=y, r=5, fill=H.tint if step else PAPER, stroke=H.colour, stroke_width=2))
    for w in range(round(low), round(high) + 1, 2):
        parts.append(text(spot(w)[0], BOTTOM + 18, w, fill=QUIET, text_anchor="middle"))
    parts.append(text(LEFT + WIDE, BOTTOM + 38, "weight w", fill=X.ink, text_anchor="end"))
    parts.append(text(8, 24, "loss", fill=H.ink, font_weight=600))
    path = ", ".join(f"{w:.2f}" for w in weights[:6]) + (", …" if len(weights) > 6 else "")
    alt = f"The loss over one weight w, and the weight after each of {len(weights) - 1} steps: {path}. "
    return svg_picture(LEFT + WIDE + 20, BOTTOM + 50, parts, f"{alt}The lowest loss is at w = {best:.2f}.")
