"""Containers of any kind, walked and rebuilt: tuples, lists, dictionaries, dataclasses and other objects, one in another."""

import copy
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence, pad_sequence

DEPTH = 6  # containers in containers, at most: an object may hold itself


def children(value: object) -> dict[Any, object]:
    """What a container of any kind holds: a tuple, list, mapping, dataclass, or another object with attributes."""
    if isinstance(value, (Tensor, PackedSequence, np.ndarray, nn.Module)) or callable(value):
        return {}
    if isinstance(value, (Mapping, tuple, list)):
        return dict(value) if isinstance(value, Mapping) else dict(enumerate(value))
    slots = [field.name for field in fields(value)] if is_dataclass(value) else []
    return {name: getattr(value, name, None) for name in getattr(value, "__dict__", slots)}


def leaves(value: object, lists: bool = False, depth: int = DEPTH) -> Iterator[object]:
    """All that stands in nested containers, whatever it is; a list with one item for each sequence whole, if asked for."""
    parts = {} if lists and is_sequences(value) else children(value) if depth else {}
    if not parts or isinstance(value, (list, tuple)) and integers(value):
        yield value
    else:
        for part in parts.values():
            yield from leaves(part, lists, depth - 1)


def map_leaves(value: Any, change: Callable[[Any], Any], depth: int = DEPTH) -> Any:
    """A copy of nested containers with `change` made of all that it changes: whole lists, or what stands in them."""
    changed = change(value)
    inside = children(value) if depth and changed is value else {}
    if not inside:
        return changed
    parts = {name: map_leaves(part, change, depth - 1) for name, part in inside.items()}
    if isinstance(value, tuple):
        return value._make(parts.values()) if hasattr(value, "_make") else type(value)(parts.values())
    if isinstance(value, list) or isinstance(value, Mapping) and not isinstance(value, MutableMapping):
        return parts if isinstance(value, Mapping) else list(parts.values())
    twin = copy.copy(value)
    for name, part in parts.items():
        if isinstance(value, Mapping):
            twin[name] = part
        else:
            object.__setattr__(twin, name, part)  # a frozen dataclass, too
    return twin


def cloned(part: Any, double: bool) -> Any:
    """A copy without history, so that a model that writes into its arguments does no harm."""
    if isinstance(part, PackedSequence):
        return PackedSequence(cloned(part.data, double), *part[1:])
    if isinstance(part, Tensor):
        return (part.double() if double and part.is_floating_point() else part).detach().clone()
    if isinstance(part, np.ndarray):
        return part.astype(np.float64) if double and part.dtype.kind == "f" else part.copy()
    return part if children(part) else copy.deepcopy(part)


def tensors(value: object, n: int, depth: int = DEPTH) -> Iterator[Tensor]:
    """Every tensor in what a model of n sequences returned; a list with one item for each of them as one tensor."""
    if isinstance(value, (Tensor, PackedSequence)):
        yield pad_packed_sequence(value, batch_first=True)[0] if isinstance(value, PackedSequence) else value
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        yield torch.from_numpy(value)
    elif isinstance(value, list) and n and len(value) == n and (is_sequences(value) or is_numbers(value)):
        items = [torch.as_tensor(part) for part in value]
        steps = all(item.dim() and len(item) == n for item in items)  # an item for each step, with a row for each sequence
        if steps or len({item.shape[1:] for item in items}) > 1:
            yield from items
        elif items[0].dim() == 0:
            yield torch.stack(items)
        else:
            yield pad_sequence(items, batch_first=True, padding_value=float("nan") if items[0].is_floating_point() else -1)
    else:
        for part in children(value).values() if depth else ():
            yield from tensors(part, n, depth - 1)


def is_numbers(value: object) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(part, (bool, int, float)) for part in value)


def is_sequences(value: object) -> bool:
    """Whether this is a list with one item for each sequence: its vectors or numbers, or a text."""
    if not isinstance(value, list) or not value:
        return False
    if all(isinstance(part, Tensor) for part in value):
        return all(part.dim() == 1 or part.dim() == 2 and part.is_floating_point() for part in value)
    return all(isinstance(part, str) or is_numbers(part) for part in value)


def is_rows(part: object, N: int) -> bool:
    """Whether this is a list or tuple with one number or text, or one sequence, for each of N."""
    if not isinstance(part, (list, tuple)) or type(part) not in (list, tuple) or len(part) != N:
        return False
    return is_sequences(part) or all(isinstance(item, (bool, int, float, str)) for item in part)


def integers(arg: object) -> list[int]:
    """The whole numbers of a one-dimensional argument, as lengths are; nothing for any other argument.

    >>> integers(torch.tensor([3, 1])), integers([3, 1]), integers([True, False]), integers(torch.ones(2))
    ([3, 1], [3, 1], [], [])
    """
    if isinstance(arg, (Tensor, np.ndarray)):
        arg = arg.tolist() if arg.ndim == 1 else []
    if not isinstance(arg, (list, tuple)) or isinstance(arg, PackedSequence):
        return []
    return list(arg) if all(isinstance(part, int) and not isinstance(part, bool) for part in arg) else []
