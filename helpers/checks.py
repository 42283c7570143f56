"""What a caller gave, checked: the same words and numbers in one form, or one sentence that says what was expected."""

import reprlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from .device import to_numpy


def require_words(name: str, words: Iterable[object]) -> list[str]:
    """Words as a list of texts. One text alone is refused: it would fall into its letters.

    >>> require_words("labels", "I love you")
    Traceback (most recent call last):
    TypeError: labels: given 'I love you', expected a list of words, as 'I love you'.split() makes it
    """
    if isinstance(words, str) or not isinstance(words, Iterable):
        raise TypeError(f"{name}: given {reprlib.repr(words)}, expected a list of words, as 'I love you'.split() makes it")
    return [str(word) for word in words]


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
    """One text for each step, or one sentence saying what is missing.

    >>> require_labels(["so"], steps=2)
    Traceback (most recent call last):
    ValueError: labels: given 1, expected one for each of 2 steps
    """
    labels = require_words("labels", labels)
    if len(labels) < steps:
        raise ValueError(f"labels: given {len(labels)}, expected one for each of {steps} steps")
    return labels


def require_numbers(name: str, values: Any, *axes: str) -> np.ndarray:
    """Real numbers as an array, given as a tensor, an array or a list; anything else is refused in one sentence.

    >>> require_numbers("verdicts", [0.5, 1], "L")
    array([0.5, 1. ])
    >>> require_numbers("verdicts", ["praise"], "L")
    Traceback (most recent call last):
    TypeError: verdicts: given ['praise'], expected numbers (L)

    Parameters
    ----------
    axes : the names of the axes it must have; without any, it may have any number of them
    """
    named = f"numbers ({', '.join(axes)})" if axes else "numbers"
    try:
        is_float = isinstance(values, Tensor) and values.is_floating_point()  # bfloat16 too, which NumPy has not
        array = to_numpy(values) if is_float else np.asarray(values.numpy(force=True) if isinstance(values, Tensor) else values)
    except (TypeError, ValueError, RuntimeError):  # rows of different lengths; a tensor that has no numbers
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name}: given {reprlib.repr(values)}, expected {named}")
    if axes and array.ndim != len(axes):
        raise ValueError(f"{name}: given shape {array.shape}, expected {named}")
    return array
