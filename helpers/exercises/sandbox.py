"""Running a learner's code: whatever it does, an outcome comes back, and the notebook's global state is as it was."""

import io
import pickle
import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..device import fork_rngs


class _LineCounter(io.TextIOBase):
    """A stream that discards what is written to it and counts the lines, so that it never fills the memory."""

    lines = 0

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        return len(text)


@dataclass(frozen=True)
class Outcome:
    """How a call ended: its value or the error it raised; and its side effects.

    >>> attempt(lambda: 2 + 2)
    Outcome(value=4, error=None, printed_lines=0, used_global_rng=False)

    Parameters
    ----------
    used_global_rng : whether it set torch's seed, or used the global random numbers of NumPy or Python
    """

    value: Any = None
    error: BaseException | None = None
    printed_lines: int = 0
    used_global_rng: bool = False


def attempt(work: Callable[[], Any]) -> Outcome:
    """Call `work`, catch what it raises and prints, and restore the global state.

    >>> attempt(lambda: 1 / 0).error
    ZeroDivisionError('division by zero')
    >>> attempt(lambda: [print(n) for n in range(10_000)]).printed_lines
    10000

    Raises
    ------
    KeyboardInterrupt : the learner has stopped the cell, because of an endless loop for example. The global state is
        restored before this leaves the function.
    """
    output = _LineCounter()
    value: Any = None
    error: BaseException | None = None
    with preserve_global_state() as used_global_rng, redirect_stdout(output), redirect_stderr(output):
        try:
            value = work()
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # SystemExit too: it must end the work, not the notebook
            error = raised
        used = used_global_rng()
    return Outcome(value, error, output.lines, used)


@contextmanager
def preserve_global_state() -> Iterator[Callable[[], bool]]:
    """Restore the global random generators and torch's defaults afterwards; yields a function that asks whether a seed was set.

    >>> before = torch.get_rng_state()
    >>> with preserve_global_state() as used_global_rng:
    ...     _ = torch.manual_seed(5)
    ...     used_global_rng()
    True
    >>> torch.equal(before, torch.get_rng_state())
    True
    """
    dtype, device, grad = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    deterministic = torch.are_deterministic_algorithms_enabled()
    before = _global_rngs()
    with fork_rngs(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield lambda: _global_rngs() != before
        finally:
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(grad)
            if torch.get_default_device() != device:
                torch.set_default_device(device)  # installs a hook that makes each later call slower, hence only if needed
            if torch.are_deterministic_algorithms_enabled() != deterministic:
                torch.use_deterministic_algorithms(deterministic)  # imports half of torch when first called


def _global_rngs() -> tuple[object, ...]:
    """The states of the global random generators; of torch's only the seed, because every new network draws its weights."""
    return torch.initial_seed(), random.getstate(), pickle.dumps(np.random.get_state())
