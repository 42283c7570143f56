"""Where a learner's result and torch's part: in words, with the names of the axes."""

from collections.abc import Sequence
from typing import Any

import torch


def as_tensor(value: Any) -> torch.Tensor | None:
    """A result as one tensor of numbers, however it is spelled; None where it is none.

    >>> as_tensor([torch.ones(2), torch.ones(2)]).shape, as_tensor(0.5).item(), as_tensor("0.5"), as_tensor(None)
    (torch.Size([2, 2]), 0.5, None, None)
    """
    try:
        return _read(value)
    except Exception:  # whatever a learner's own object raises, or a tensor of a kind without plain numbers
        return None


def _read(value: Any) -> torch.Tensor | None:
    if isinstance(value, (list, tuple)) and value and all(isinstance(part, torch.Tensor) for part in value):
        value = torch.stack([part.detach() for part in value]) if len({part.shape for part in value}) == 1 else None
    elif not isinstance(value, torch.Tensor) and hasattr(value, "__array__") or isinstance(value, (list, tuple, int, float)):
        value = torch.as_tensor(value)
    if not isinstance(value, torch.Tensor) or value.layout != torch.strided or value.is_meta or value.is_complex():
        return None
    return None if value.is_nested or value.is_quantized else value.detach().cpu().double()


def tolerance(expected: Any) -> float:
    """How far two computations of the same thing may part: float32 rounds, float64 hardly.

    >>> tolerance(torch.ones(1)), tolerance(torch.ones(1).double()), tolerance(3)
    (0.0001, 1e-09, 0.0001)
    """
    return 1e-9 if isinstance(expected, torch.Tensor) and expected.dtype == torch.float64 else 1e-4


def same(value: Any, expected: Any) -> bool:
    """Whether a result is torch's, within rounding; an axis of one step or one sequence counts.

    >>> same([1.0, 2.0], torch.tensor([1.0, 2.0])), same(torch.ones(1, 2), torch.ones(2)), same(True, 1)
    (True, False, False)
    """
    if isinstance(value, bool) != isinstance(expected, bool):
        return False
    given, wanted, allowed = as_tensor(value), as_tensor(expected), tolerance(expected)
    if given is None or wanted is None:
        return False
    return given.shape == wanted.shape and torch.allclose(given, wanted, rtol=allowed, atol=allowed)


def difference(value: Any, expected: Any, axes: Sequence[str]) -> str:
    """One sentence on how a result differs from torch's.

    >>> difference(torch.zeros(2, 5), torch.zeros(5, 2), ("L", "N"))
    'your result has the shape (2, 5), expected (L=5, N=2).'
    >>> difference(torch.tensor([[0.0, 1.0]]), torch.zeros(1, 2), ("L", "N"))
    "the shape is right, but 1 of 2 numbers differ: at [L=0, N=1] yours is 1, torch's 0."
    """
    given, wanted = as_tensor(value), as_tensor(expected)
    if value is None:
        return "it gives back None: is a `return` missing?"
    if given is None or isinstance(value, bool) != isinstance(expected, bool):
        kind = "one number" if wanted.dim() == 0 else f"a tensor of shape {_named(wanted.shape, axes)}"
        return f"it gives back {with_article(type(value).__name__)}, expected {kind}."
    if given.shape != wanted.shape:
        return f"your result has the shape {_plain(given.shape)}, expected {_named(wanted.shape, axes)}."
    if given.isnan().any():
        return f"{int(given.isnan().sum())} of its {given.numel()} numbers are NaN, which is no number at all."
    if wanted.dim() == 0:
        return f"yours is {_number(given)}, torch's {_number(wanted)}."
    allowed = tolerance(expected)
    apart = (~torch.isclose(given, wanted, rtol=allowed, atol=allowed)).nonzero()
    if not len(apart):
        return "the numbers agree."
    first = tuple(apart[0].tolist())
    where = ", ".join(f"{name}={place}" for name, place in zip(axes, first)) if len(axes) == len(first) else str(first)
    return (
        f"the shape is right, but {len(apart)} of {given.numel()} numbers differ: "
        f"at [{where}] yours is {_number(given[first])}, torch's {_number(wanted[first])}."
    )


def shape_difference(value: Any, truth: tuple, axes: Sequence[str]) -> str:
    """Which axes of a predicted shape are not right, without giving them away.

    >>> shape_difference((20, 32, 64), (32, 20, 64), ("N", "L", "D*H_out"))
    'axis 0 (N) is not 20, axis 1 (L) is not 32; the other is right.'
    """
    if len(value) != len(truth):
        return f"you give {len(value)} numbers, and it has {len(truth)}."
    names = axes if len(axes) == len(truth) else [axes[0]] * len(truth)
    off = [place for place in range(len(truth)) if value[place] != truth[place]]
    told = ", ".join(f"axis {place} ({names[place]}) is not {value[place]}" for place in off)
    if len(axes) != len(truth):
        told = ", ".join(f"at {axes[0]}={place} it is not {value[place]}" for place in off)
    rest = {0: "none is right", 1: "the other is right"}.get(len(truth) - len(off), "the others are right")
    return f"{told}; {rest}."


def _named(shape: Sequence[int], axes: Sequence[str]) -> str:
    return "(" + ", ".join(f"{a}={s}" for a, s in zip(axes, shape)) + ")" if len(axes) == len(shape) else _plain(shape)


def _plain(shape: Sequence[int]) -> str:
    return str(tuple(shape)) if len(shape) else "() of a single number"


def _number(value: torch.Tensor) -> str:
    return f"{value.item():.3g}"


def with_article(word: str) -> str:
    """A word with a or an.

    >>> with_article("tuple"), with_article("int"), with_article("RNN")
    ('a tuple', 'an int', 'an RNN')
    """
    vowel = word[:1] in "AEFHILMNORSX" if word.isupper() else word[:1].lower() in "aeiou"  # an RNN, read letter by letter
    return f"{'an' if vowel else 'a'} {word}"
