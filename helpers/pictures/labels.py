"""The positions of the labels of points: each is where it covers least of the lines, the points and other labels."""

from collections.abc import Sequence

import numpy as np

GAP, SPACING = 6, 3  # between a point and its label, and between the dots that represent what is drawn already


def place_labels(
    path: np.ndarray, sizes: Sequence[tuple[float, float]], joined: Sequence[tuple[int, int]] | None = None
) -> dict[int, tuple[float, float]]:
    """The lower left corner of each label, relative to its point, by the index of the point.

    >>> place_labels(np.array([[0., 0.], [0., 1.]]), [(30, 10), (30, 10)])  # one below its point, one above
    {0: (6, -16), 1: (6, 6)}

    Parameters
    ----------
    path   : (points, 2), in any unit. A point that is not finite has no label.
    sizes  : the width and height of each label, in the same unit
    joined : which points straight lines join, all of them finite; None for each with the next
    """
    ends = zip(path, path[1:]) if joined is None else [(path[a], path[b]) for a, b in joined]
    paths = [_dots_along(a, b) for a, b in ends if np.isfinite([a, b]).all()]
    shown = np.flatnonzero(np.isfinite(path).all(axis=1)).tolist()
    path, sizes = path[shown], [sizes[t] for t in shown]
    drawn = np.vstack([*paths, np.repeat(path, 9, axis=0)])  # points count more
    places = []
    for t, (point, (width, height)) in enumerate(zip(path, sizes)):
        beside, beneath, left = -height / 2, -GAP - height, -GAP - width
        around = [(GAP, GAP), (GAP, beneath), (left, GAP), (left, beneath), (GAP, beside), (left, beside)]
        costs = [
            _count_covered(drawn, point + place, (width, height)) + _ambiguity(path, t, place, (width, height))
            for place in around
        ]
        places.append(around[int(np.argmin(costs))])
        drawn = np.vstack([drawn, _dots_in(point + places[-1], (width, height))])
    return dict(zip(shown, places))


def _ambiguity(path: np.ndarray, t: int, place: tuple[float, float], size: tuple[float, float]) -> float:
    """High if the middle of a label is so near to another point that it could be taken for the label of that point."""
    middle = path[t] + place + np.divide(size, 2)
    distances = np.linalg.norm(np.delete(path, t, axis=0) - middle, axis=1)
    return float(30 - distances.min(initial=30))


def _count_covered(dots: np.ndarray, corner: np.ndarray, size: tuple[float, float]) -> int:
    return int(((dots >= corner - 2) & (dots <= corner + size + 2)).all(axis=1).sum())


def _dots_along(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linspace(a, b, 2 + int(np.linalg.norm(b - a) / SPACING))


def _dots_in(corner: np.ndarray, size: tuple[float, float]) -> np.ndarray:
    across, up = (np.arange(0, side + SPACING, SPACING) for side in size)
    dots: np.ndarray = corner + np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    return dots
