"""Words as points on a plane, with arrows from word to word."""

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from ..checks import require_numbers, require_words
from ..colours import QUIET, TEXT, X
from ..wording import plural
from .labels import place_labels
from .picture import Picture
from .svg import lines, svg_picture, tag, text

WIDTH, MARGIN, DOT = 560, 60, 5
LETTER, LINE_HEIGHT = 6.6, 11  # of a label: the width of a letter and the height of a line


def draw_map(words: Sequence[str], points: np.ndarray | Tensor, arrows: Sequence[tuple[str, str]] = ()) -> Picture:
    """Draw words as points on a plane, where one unit is as long across as up, and arrows between some of them.

    >>> draw_map(["man", "woman", "king"], [[0, 0], [0, 1], [2, 0]], arrows=[("man", "woman")])
    Picture: A map of 3 words (man, woman, king), with an arrow from man to woman.

    Parameters
    ----------
    words  : different from each other
    points : (len(words), 2), array, tensor or list
    arrows : pairs of words

    Raises
    ------
    TypeError : words are not a list of words, or points are not numbers.
    ValueError : points have another shape or are not finite, a word comes twice, or an arrow is not a pair of these words.
    """
    words = require_words("words", words)
    plane = require_numbers("points", points, "words", "2").astype(float)
    if plane.shape != (len(words), 2) or not len(words):
        raise ValueError(f"points: given shape {plane.shape}, expected ({max(len(words), 1)}, 2), one pair for each word")
    if not np.isfinite(plane).all():
        raise ValueError("points: given numbers that are not finite, expected points without nan and inf")
    if len(set(words)) < len(words):
        raise ValueError(f"words: given {words}, expected each word once")
    if wrong := [pair for pair in arrows if isinstance(pair, str) or len(pair) != 2]:
        raise ValueError(f"arrows: given {wrong[0]!r}, expected pairs of words")
    if unknown := [word for pair in arrows for word in pair if word not in words]:
        raise ValueError(f"arrows: given {unknown[0]!r}, expected one of the words")
    low, size = plane.min(axis=0), np.ptp(plane, axis=0)
    scale = (WIDTH - 2 * MARGIN) / max(size[0], size[1] * 1.2, 1e-9)
    height = math.ceil(size[1] * scale) + 2 * MARGIN - 20
    left = (WIDTH - size[0] * scale) / 2
    spots = np.stack([left + (plane[:, 0] - low[0]) * scale, height - MARGIN + 10 - (plane[:, 1] - low[1]) * scale], axis=1)
    place = dict(zip(words, spots.round(1)))
    ends = [_shortened(place[start], place[end]) for start, end in arrows]
    joined = [(words.index(start), words.index(end)) for start, end in arrows]
    corners = place_labels(spots * [1, -1], [(LETTER * len(word), LINE_HEIGHT) for word in words], joined)
    parts = [lines(ends, QUIET, 1.5)] if ends else []
    parts += [tag("circle", cx=x, cy=y, r=DOT, fill=X.tint, stroke=X.colour, stroke_width=2) for x, y in spots.tolist()]
    for t, (right, up) in corners.items():
        parts.append(text(round(spots[t, 0] + right, 1), round(spots[t, 1] - up, 1), words[t], size=13, fill=TEXT))
    told = ", ".join(f"an arrow from {start} to {end}" for start, end in arrows)
    return svg_picture(
        WIDTH, height, parts, f"A map of {plural(len(words), 'word')} ({', '.join(words)}){', with ' * bool(told)}{told}."
    )


def _shortened(start: np.ndarray, end: np.ndarray) -> tuple[float, float, float, float]:
    """An edge that begins and ends at the rim of a dot."""
    way = end - start
    rim = way / max(float(np.hypot(*way)), 1e-9) * (DOT + 3)
    (x1, y1), (x2, y2) = (start + rim).round(1).tolist(), (end - rim).round(1).tolist()
    return x1, y1, x2, y2
