"""How a learner's result differs from torch's: in words, with the names of the axes."""

from collections.abc import Sequence
from typing import Any

import torch

from ..wording import plural, with_article


def as_tensor(value: Any) -> torch.Tensor | None:
    """A result as one tensor of real numbers; None where it is none: text, complex numbers, tensors of different shapes.

    >>> as_tensor([torch.ones(2), torch.ones(2)]).shape, as_tensor(0.5).item(), as_tensor("0.5"), as_tensor(None)
    (torch.Size([2, 2]), 0.5, None, None)
    """
    try:
        return _to_tensor(value)
    except Exception:  # a learner's own object can raise anything, and torch has tensors that cannot be read
        return None


def _to_tensor(value: Any) -> torch.Tensor | None:
    if isinstance(value, (list, tuple)) and value and all(isinstance(part, torch.Tensor) for part in value):
        value = torch.stack([part.detach() for part in value]) if len({part.shape for part in value}) == 1 else None
    elif not isinstance(value, torch.Tensor) and hasattr(value, "__array__") or isinstance(value, (list, tuple, int, float)):
        value = torch.as_tensor(value)
    if not isinstance(value, torch.Tensor) or value.layout != torch.strided or value.is_meta or value.is_complex():
        return None
    return None if value.is_nested or value.is_quantized else value.detach().cpu().double()


def tolerance(expected: Any) -> float:
    """How much two computations of the same result may differ by rounding.

    >>> tolerance(torch.ones(1)), tolerance(torch.ones(1).double()), tolerance(3)
    (0.0001, 1e-09, 0.0001)
    """
    return 1e-9 if isinstance(expected, torch.Tensor) and expected.dtype == torch.float64 else 1e-4


def results_agree(value: Any, expected: Any) -> bool:
    """Whether a result is torch's, up to rounding; the shapes must be the same, axes of length 1 included.

    >>> results_agree([1.0, 2.0], torch.tensor([1.0, 2.0])), results_agree(torch.ones(1, 2), torch.ones(2))
    (True, False)
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
    "the shape is right, but 1 of 2 elements differs: at index [0, 1], which is [L, N], your value is 1, torch's is 0."
    """
    given, wanted = as_tensor(value), as_tensor(expected)
    if value is None:
        return "it returns None: is a `return` missing?"
    if wanted is None:
        raise TypeError(f"expected: given {type(expected).__name__}, expected a number or a tensor")
    shape = _with_names(wanted.shape, axes) if wanted.dim() else "one number"
    if given is None or isinstance(value, bool) != isinstance(expected, bool):
        kind = f"a tensor of shape {shape}" if wanted.dim() else shape
        return f"it returns {with_article(type(value).__name__)}, expected {kind}."
    if given.shape != wanted.shape:
        return f"your result has the shape {_format_shape(given.shape)}, expected {shape}."
    if given.isnan().any():
        return f"{int(given.isnan().sum())} of its {given.numel()} elements are NaN, 'not a number'."
    if wanted.dim() == 0:
        return "your result is {}, expected {}.".format(*_numbers(given, wanted))
    allowed = tolerance(expected)
    apart = (~torch.isclose(given, wanted, rtol=allowed, atol=allowed)).nonzero()
    if not len(apart):
        return "the elements agree."
    first = tuple(map(int, apart[0]))
    own, right = _numbers(given[first], wanted[first])
    where = f"index {list(first)}" + (f", which is [{', '.join(axes)}]," if len(axes) == len(first) else "")
    return (
        f"the shape is right, but {len(apart)} of {given.numel()} elements {'differs' if len(apart) == 1 else 'differ'}: "
        f"at {where} your value is {own}, torch's is {right}."
    )


def shape_difference(value: Sequence[float], truth: Sequence[int], axes: Sequence[str] = ()) -> str:
    """Which axes of a predicted shape are wrong, without giving away the right sizes; named where the names are known.

    >>> shape_difference((2, 5), (5, 2))
    'axis 0 is not 2, axis 1 is not 5; neither is right. These are the right sizes in another order.'

    >>> shape_difference((1, 20, 64), (32, 20, 64), ("N", "L", "D*H_out"))
    'axis 0 (N) is not 1; the others are right.'
    """
    if len(value) != len(truth):
        whole = "list" if len(axes) == 1 != len(truth) else "shape"
        return f"you give {plural(len(value), 'number')}, and the {whole} has {len(truth)}."
    off = [place for place in range(len(truth)) if value[place] != truth[place]]
    names = [f" ({name})" for name in axes] if len(axes) == len(truth) else [""] * len(truth)
    sentence = ", ".join(f"axis {place}{names[place]} is not {value[place]}" for place in off)
    if len(axes) == 1 != len(truth):  # a list of numbers along one axis, as batch_sizes
        sentence = ", ".join(f"at {axes[0]}={place} it is not {value[place]}" for place in off)
    none = "neither is right" if len(truth) == 2 else "none is right"
    rest = {0: none, 1: "the other is right"}.get(len(truth) - len(off), "the others are right")
    swapped = " These are the right sizes in another order." if sorted(value) == sorted(truth) else ""
    return f"{sentence}; {rest}.{swapped}"


def _with_names(shape: Sequence[int], axes: Sequence[str]) -> str:
    if len(axes) != len(shape):
        return _format_shape(shape)
    return "(" + ", ".join(str(size) if name.isdigit() else f"{name}={size}" for name, size in zip(axes, shape)) + ")"


def _format_shape(shape: Sequence[int]) -> str:
    return str(tuple(shape)) if len(shape) else "() of a single number"


def _numbers(value: torch.Tensor, expected: torch.Tensor) -> list[str]:
    """Both with as many decimals, and with so many that they look different."""
    pair = [value.item(), expected.item()]
    shown = [[f"{number:.{digits}g}" for number in pair] for digits in range(3, 17)]
    texts = next((texts for texts in shown if texts[0] != texts[1]), shown[0])
    decimals = max(len(text.partition(".")[2]) for text in texts)
    return texts if "e" in "".join(texts) else [f"{number:.{decimals}f}" for number in pair]
