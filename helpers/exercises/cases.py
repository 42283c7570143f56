"""Random sizes, tensors and networks to call a learner's function with; the same ones each time."""

from dataclasses import astuple, dataclass
from typing import Any

import torch
from torch import nn

from ..device import pick_device

CASE_COUNT = 7
SMALL_CASE_COUNT = 12  # further ones, from which the smallest is chosen that shows a mistake


@dataclass(frozen=True)
class Sizes:
    """The sizes of one case, all different, so that no axis can be mistaken for another.

    >>> print(Sizes(5, 2, 3, 4))
    L=5, N=2, H_in=3, H_out=4
    """

    L: int
    N: int
    H_in: int
    H_out: int

    def __str__(self) -> str:
        return ", ".join(f"{name}={size}" for name, size in zip(("L", "N", "H_in", "H_out"), astuple(self)))


class Case:
    """One set of random sizes, with tensors and networks from its own random generator.

    >>> case = Case(0)
    >>> case.tensor(2, 3).shape, Case(0).sizes == case.sizes
    (torch.Size([2, 3]), True)

    Cases from 7 on are small, with sizes from 1 to 4.

    Case 5 has a batch of one sequence, and case 6 has one time step: code that squeezes axes away fails there.
    """

    def __init__(self, number: int) -> None:
        self.generator = torch.Generator().manual_seed(number)
        low, count = (1, 4) if number >= CASE_COUNT else (2, 6)
        L, N, H_in, H_out = (low + torch.randperm(count, generator=self.generator)[:4]).tolist()
        self.sizes = Sizes(1 if number == 6 else L, 1 if number == 5 else N, H_in, H_out)

    def tensor(self, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Normal random numbers, on the course's device."""
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64).to(pick_device(), dtype)

    def randint(self, low: int, high: int) -> int:
        """A random integer from `low` to `high`, both included."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def lengths(self) -> torch.Tensor:
        """The lengths of N sequences in random order; the longest is L."""
        lengths = torch.randint(1, self.sizes.L + 1, (self.sizes.N,), generator=self.generator)
        lengths[self.randint(0, self.sizes.N - 1)] = self.sizes.L
        return lengths  # on the CPU, as pack_padded_sequence requires

    def network(self, kind: type[nn.Module] = nn.RNN, *sizes: int, **options: Any) -> nn.Module:
        """A network of that class, from H_in to H_out unless other sizes are given, with this case's own random weights."""
        shape = sizes or (self.sizes.H_in, self.sizes.H_out)
        net = kind(*shape, **options, dtype=torch.float32).to(pick_device())  # even if the learner has changed the default dtype
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.copy_(0.5 * self.tensor(*parameter.shape))
        return net
