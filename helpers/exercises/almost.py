"""Results that are right but for one change: the wrong part is returned, an axis is too many, the order is another one."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import permutations, product
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from .differences import as_tensor, tolerance

Change = Callable[[Any], Any]
Changes = Iterator[tuple[str, Change, Change]]  # what to do, the result with it done, and what that must be equal to
ENDS = {-1: "last", 0: "first"}
REDUCTIONS: dict[str, Callable[..., Tensor]] = {"sum": torch.sum, "mean": torch.mean, "largest": torch.amax}


def almost_right(results: Sequence[Any], expected: Sequence[Any], axes: Sequence[str]) -> str:
    """What is left to do, where the same one change makes each result right; empty where there is no such change.

    >>> almost_right([torch.ones(1, 2, 3)], [torch.ones(2, 3)], ("N", "H_out"))
    'There is one axis too many: axis 0, whose length is 1. Take it away with [0].'
    >>> almost_right([torch.arange(6.0).view(2, 3)], [torch.arange(6.0).view(2, 3).T], ("L", "N"))
    'The values are right, but their axes are in another order: exchange axis 0 and axis 1.'
    """
    for sentence, change, goal in _changes(results, expected, axes):
        if all(map(partial(_agree_after, change, goal), results, expected)):
            return sentence
    if all(isinstance(result, tuple) for result in results) and any(as_tensor(result) is None for result in results):
        return "Your function returns several results together. Only one tensor is asked for."
    return ""


def _agree_after(change: Change, goal: Change, result: Any, expected: Any) -> bool:
    try:
        given, wanted, allowed = _tensor(change(result)), _tensor(goal(expected)), tolerance(expected)
    except (RuntimeError, IndexError, TypeError, ValueError):  # it cannot be changed so
        return False
    return given.shape == wanted.shape and torch.allclose(given, wanted, rtol=allowed, atol=allowed)


def _changes(results: Sequence[Any], expected: Sequence[Any], axes: Sequence[str]) -> Changes:
    """Every change to try, the most telling ones first."""
    wanted = list(map(_tensor, expected))
    goal = wanted[0].dim()
    yield from _kinds(results, goal, axes)
    given = [tensor for result in results if (tensor := as_tensor(result)) is not None]
    if len(given) < len(results) or len({tensor.dim() for tensor in given}) > 1:
        return
    rank = given[0].dim()
    if goal == 0:
        for name, reduce in REDUCTIONS.items():
            yield f"One number is asked for: take the {name} of yours.", partial(_reduced, reduce), _tensor
    if rank == goal + 1:
        yield from _one_axis_too_many(rank, _of_length_1(given))
    if rank == goal - 1:
        yield from _one_axis_missing(goal, _of_length_1(wanted), axes)
    if rank == goal:
        yield from _another_order(rank, axes)
    yield "The values and their order are right. Only the shape is another one.", _flat, _flat
    if rank == goal + 1:
        for place, along in product(range(rank), range(goal)):
            sentence = f"These are the right parts. Join them along {_axis(along, axes)}: torch.cat makes no new axis."
            yield sentence, partial(_parts_joined, along, place), _tensor


def _kinds(results: Sequence[Any], goal: int, axes: Sequence[str]) -> Changes:
    """Results of another kind: a packed batch, a shape, several results together."""
    if all(isinstance(result, PackedSequence) for result in results):
        yield "That is a packed batch, a PackedSequence. A tensor is asked for.", _nothing, _nothing
    if all(isinstance(result, torch.Size) for result in results):
        yield "That is the right shape. Return a tensor that has it.", torch.tensor, _shape
    counts = {len(result) if isinstance(result, (tuple, list)) else 0 for result in results}
    if len(counts) == 1 and all(isinstance(result, tuple) for result in results):
        for place in range(min(counts)):
            sentence = f"Your function returns several results together, and [{place}] of them is right. Return that one alone."
            yield sentence, itemgetter(place), _tensor
    if 0 not in counts:
        for place in range(goal):
            sentence = f"These are the right parts. Join them along {_axis(place, axes)} with torch.cat."
            yield sentence, partial(_joined, place), _tensor


def _one_axis_too_many(rank: int, ones: set[int]) -> Changes:
    for place in range(rank):
        if place in ones:
            how = "[0]" if place == 0 else f"squeeze({place})"
            too_many = f"There is one axis too many: axis {place}, whose length is 1. Take it away with {how}."
            yield too_many, partial(_selected, place, 0), _tensor
        for end, name in ENDS.items():
            only = f"There is one axis too many: only the {name} one along axis {place} is asked for."
            yield only, partial(_selected, place, end), _tensor
        for name, reduce in REDUCTIONS.items():
            sentence = f"There is one axis too many: take the {name} along axis {place}."
            yield sentence, partial(_reduced, reduce, dim=place), _tensor


def _one_axis_missing(goal: int, ones: set[int], axes: Sequence[str]) -> Changes:
    for place in range(goal):
        if place in ones:
            yield f"One axis is missing: {_axis(place, axes)}, whose length is 1.", _tensor, partial(_selected, place, 0)
        for end, name in ENDS.items():
            yield _only(name, place, axes), _tensor, partial(_selected, place, end)


def _another_order(rank: int, axes: Sequence[str]) -> Changes:
    for place in range(rank):
        for end, name in ENDS.items():
            yield _only(name, place, axes), _tensor, partial(_kept, place, end)
        reverse = f"The values are right, but in reverse order along {_axis(place, axes)}."
        yield reverse, partial(_flipped, place), _tensor
        halves = f"The values are right, but the two halves along {_axis(place, axes)} are exchanged."
        yield halves, partial(_exchanged, place), _tensor
    for order in permutations(range(rank)) if 2 <= rank <= 4 else ():
        moved = [place for place in range(rank) if order[place] != place]
        exchange = f": exchange axis {moved[0]} and axis {moved[1]}" if len(moved) == 2 else ""
        sentence = f"The values are right, but their axes are in another order{exchange}."
        yield sentence, partial(_permuted, order), _tensor


def _tensor(value: Any) -> Tensor:
    tensor = as_tensor(value)
    if tensor is None:
        raise TypeError(f"value: given {type(value).__name__}, expected what a tensor can be made of")
    return tensor


def _of_length_1(tensors: Sequence[Tensor]) -> set[int]:
    """The axes whose length is 1 in all of these tensors."""
    return set.intersection(*({place for place, size in enumerate(tensor.shape) if size == 1} for tensor in tensors))


def _nothing(value: Any) -> float:
    return 0.0


def _shape(value: Any) -> Tensor:
    return torch.tensor(_tensor(value).shape)


def _flat(value: Any) -> Tensor:
    return _tensor(value).flatten()


def _reduced(reduce: Callable[..., Tensor], value: Any, **options: int) -> Tensor:
    return reduce(_tensor(value), **options)


def _selected(place: int, end: int, value: Any) -> Tensor:
    return _tensor(value).select(place, end)


def _kept(place: int, end: int, value: Any) -> Tensor:
    return _selected(place, end, value).unsqueeze(place)


def _flipped(place: int, value: Any) -> Tensor:
    return _tensor(value).flip(place)


def _exchanged(place: int, value: Any) -> Tensor:
    first, second = _tensor(value).chunk(2, place)
    return torch.cat([second, first], place)


def _permuted(order: Sequence[int], value: Any) -> Tensor:
    return _tensor(value).permute(*order)


def _joined(along: int, value: Any) -> Tensor:
    return torch.cat([_tensor(part) for part in value], along)


def _parts_joined(along: int, place: int, value: Any) -> Tensor:
    return torch.cat(_tensor(value).unbind(place), along)


def _only(name: str, place: int, axes: Sequence[str]) -> str:
    return f"That is only the {name} one along {_axis(place, axes)}. All of them are asked for."


def _axis(place: int, axes: Sequence[str]) -> str:
    return f"axis {place} ({axes[place]})" if place < len(axes) and not axes[place].isdigit() else f"axis {place}"
