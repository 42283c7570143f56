"""Running a learner's code: whatever it does, an answer comes back, and the notebook around it is as it was."""

import ctypes
import io
import random
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..device import fork_rngs

SECONDS = 5.0  # for all sizes together; the model solutions need some milliseconds


class OutOfTime(BaseException):
    """Not an Exception, so that `except Exception` in a learner's loop does not keep it."""


class _Sink(io.TextIOBase):
    """Takes any amount of text, and keeps only how many lines it was."""

    lines = 0

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        return len(text)


@dataclass(frozen=True)
class Outcome:
    """What became of a piece of work: its value, or the error that ended it; and what it did beside.

    >>> attempt(lambda: 2 + 2)
    Outcome(value=4, error=None, printed=0, seeded=False)
    """

    value: Any = None
    error: BaseException | None = None  # OutOfTime where it did not end
    printed: int = 0  # lines, kept back
    seeded: bool = False  # it set torch's seed, or drew from NumPy's or Python's global numbers; they were put back


def attempt(work: Callable[[], Any], seconds: float | None = None) -> Outcome:
    """Run `work` in a thread of its own, for a limited time, and put global state back.

    >>> attempt(lambda: 1 / 0).error
    ZeroDivisionError('division by zero')
    >>> attempt(lambda: [print(n) for n in range(10_000)]).printed
    10000

    Parameters
    ----------
    seconds : after this long the work is stopped; None: SECONDS. A thread, because signals do not exist on every system
    """
    sink, box = _Sink(), {}

    def run() -> None:
        try:
            box["value"] = work()
        except BaseException as error:  # SystemExit too: it must end the work, not the notebook
            box["error"] = error

    with undisturbed() as moved, redirect_stdout(sink), redirect_stderr(sink):
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            thread.join(SECONDS if seconds is None else seconds)
        finally:  # also when the learner interrupts the kernel
            in_time = not thread.is_alive()
            _stop(thread)
        if not in_time:
            box = {"error": OutOfTime()}
        seeded = moved()
    return Outcome(box.get("value"), box.get("error"), sink.lines, seeded)


def _stop(thread: threading.Thread) -> None:
    """Raise OutOfTime in the thread; again, should it be caught. What waits inside C code is left behind."""
    end = time.monotonic() + 1
    while thread.is_alive() and time.monotonic() < end:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(OutOfTime))
        thread.join(0.05)


@contextmanager
def undisturbed() -> Iterator[Callable[[], bool]]:
    """Put the global random numbers and torch's defaults back afterwards; gives a way to ask whether anyone set a seed.

    >>> kept = torch.get_rng_state()
    >>> with undisturbed() as seeded:
    ...     _ = torch.manual_seed(5)
    ...     seeded()
    True
    >>> torch.equal(kept, torch.get_rng_state())
    True
    """
    seed, python, numpy = torch.initial_seed(), random.getstate(), np.random.get_state()
    defaults = [
        (torch.get_default_dtype, torch.set_default_dtype),
        (torch.get_default_device, torch.set_default_device),
        (torch.is_grad_enabled, torch.set_grad_enabled),
        (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    ]
    kept = [read() for read, _ in defaults]

    def seeded() -> bool:
        now = np.random.get_state()
        drew = random.getstate() != python or now[2] != numpy[2] or any(now[1] != numpy[1])
        return drew or torch.initial_seed() != seed

    with fork_rngs(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield seeded
        finally:
            for (read, write), before in zip(defaults, kept):
                if read() != before:
                    write(before)
