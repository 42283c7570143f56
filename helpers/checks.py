"""Checks of arguments: each returns them in one form, or raises an error that says in one sentence what was expected."""

import operator
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from .device import to_numpy


def require_words(name: str, words: Iterable[object]) -> list[str]:
    """Words as a list of strings. A single string is refused, because it would be split into its letters, and so are numbers.

    >>> require_words("labels", "I love you")
    Traceback (most recent call last):
    TypeError: labels: given 'I love you', expected a list of words, as 'I love you'.split() makes it
    """
    given = words if isinstance(words, str) or not isinstance(words, Iterable) else list(words)
    if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
        raise TypeError(f"{name}: given {reprlib.repr(given)}, expected a list of words, as 'I love you'.split() makes it")
    return [str(word) for word in given]


def require_rows(name: str, rows: Iterable[Iterable[object]]) -> list[list[str]]:
    """The words of each sentence of a batch.

    >>> require_rows("labels", [["I", "love", "you"], "hello"])
    Traceback (most recent call last):
    TypeError: labels: given 'hello', expected a list of words, as 'I love you'.split() makes it
    """
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise TypeError(f"{name}: given {reprlib.repr(rows)}, expected a list of words for each sentence")
    return [require_words(name, row) for row in rows]


def require_labels(labels: Sequence[str], steps: int) -> list[str]:
    """The labels as a list of strings, at least one for each step.

    >>> require_labels(["so"], steps=2)
    Traceback (most recent call last):
    ValueError: labels: given 1, expected one for each of 2 steps
    """
    labels = require_words("labels", labels)
    if len(labels) < steps:
        raise ValueError(f"labels: given {len(labels)}, expected one for each of {steps} steps")
    return labels


def require_mapping(name: str, value: object) -> None:
    """Raise a TypeError unless `value` is a dict.

    >>> require_mapping("curves", [1, 2])
    Traceback (most recent call last):
    TypeError: curves: given list, expected a dict: names, each with its numbers
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: given {type(value).__name__}, expected a dict: names, each with its numbers")


def require_numbers(name: str, values: Any, *axes: str) -> np.ndarray:
    """Real numbers, given as a tensor, an array or a list, as an array. Anything else is refused.

    >>> require_numbers("verdicts", [0.5, 1], "L")
    array([0.5, 1. ])
    >>> require_numbers("verdicts", ["praise"], "L")
    Traceback (most recent call last):
    TypeError: verdicts: given ['praise'], expected numbers (L)

    Parameters
    ----------
    axes : the names of the axes that the array must have; without any name, any number of axes is allowed
    """
    named = f"numbers ({', '.join(axes)})" if axes else "numbers"
    try:
        is_float = isinstance(values, Tensor) and values.is_floating_point()  # to_numpy converts bfloat16, which NumPy lacks
        array = to_numpy(values) if is_float else np.asarray(values.numpy(force=True) if isinstance(values, Tensor) else values)
    except (TypeError, ValueError, RuntimeError):  # rows of different lengths, or a tensor without data
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name}: given {reprlib.repr(values)}, expected {named}")
    if axes and array.ndim != len(axes):
        raise ValueError(f"{name}: given shape {array.shape}, expected {named}")
    return array


def require_fractions(name: str, values: Any, *axes: str) -> np.ndarray:
    """Numbers from 0 to 1, as `require_numbers` takes them. NaN is let through.

    >>> require_fractions("accuracies", [0.5, 1.5], "runs")
    Traceback (most recent call last):
    ValueError: accuracies: given 1.5, expected numbers from 0 to 1
    """
    array = require_numbers(name, values, *axes)
    if (outside := array[(array < 0) | (array > 1)]).size:
        raise ValueError(f"{name}: given {outside[0]:g}, expected numbers from 0 to 1")
    return array


def require_index(name: str, value: int, size: int, low: int = 0) -> None:
    """Raise a ValueError unless `value` is an integer from `low` to `size - 1`.

    >>> require_index("t", 7, size=5)
    Traceback (most recent call last):
    ValueError: t: given 7, expected a whole number from 0 to 4
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value < size:
        raise ValueError(f"{name}: given {value!r}, expected a whole number from {low} to {size - 1}")


def require_count(name: str, value: int, low: int = 1) -> int:
    """A whole number that is at least `low`, as an int.

    >>> require_count("N", 0)
    Traceback (most recent call last):
    ValueError: N: given 0, expected a whole number >= 1
    """
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: given {value!r}, expected a whole number >= {low}") from None
    if count < low or isinstance(value, bool):
        raise ValueError(f"{name}: given {value!r}, expected a whole number >= {low}")
    return count
