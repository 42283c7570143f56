"""How long the same forward pass takes in several ways: measured now, and measurements stored with the course."""

import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .pictures.tables import Table
from .rnn.recurrence import numpy_weights
from .rnn.shapes import require_rnn

STORED_SPEEDS = Path(__file__).parent / "data" / "forward_speed.json"  # written by benchmarks/forward_speed.py


def forward_ways(rnn: nn.RNN, input: Tensor) -> dict[str, Callable[[], np.ndarray | Tensor]]:
    """The same forward pass in three ways, each as a function without arguments that returns `output`.

    >>> rnn, x = nn.RNN(3, 4), torch.ones(5, 2, 3)
    >>> for name, run in forward_ways(rnn, x).items():
    ...     print(name, np.allclose(run(), rnn(x)[0].detach(), atol=1e-6))
    NumPy loop True
    RNNCell loop True
    one nn.RNN call True

    Parameters
    ----------
    rnn   : an nn.RNN with one layer, one direction, tanh, bias, and time first
    input : (L, N, H_in), on the device of the weights. NumPy always computes on the CPU.

    Raises
    ------
    TypeError : rnn is not an nn.RNN.
    ValueError : rnn has other options than these.
    """
    require_rnn(rnn)
    kind = (rnn.num_layers, rnn.bidirectional, rnn.nonlinearity, rnn.bias, rnn.batch_first)
    if kind != (1, False, "tanh", True, False):
        raise ValueError(f"rnn: given {rnn}, expected one layer, one direction, tanh, with bias, time first")
    weights, steps = numpy_weights(rnn), input.detach().cpu().numpy()
    cell = nn.RNNCell(rnn.input_size, rnn.hidden_size, device=input.device, dtype=input.dtype)
    cell.load_state_dict({name.removesuffix("_l0"): weight for name, weight in rnn.state_dict().items()})

    def by_numpy() -> np.ndarray:
        W_ih, W_hh = weights["weight_ih_l0"].T, weights["weight_hh_l0"].T
        bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
        h, states = np.zeros((steps.shape[1], rnn.hidden_size), steps.dtype), []
        for x_t in steps:
            h = np.tanh(x_t @ W_ih + h @ W_hh + bias)
            states.append(h)
        return np.stack(states)

    @torch.no_grad()
    def by_cell() -> Tensor:
        h, states = None, []
        for x_t in input:
            h = cell(x_t, h)
            states.append(h)
        return torch.stack(states)

    @torch.no_grad()
    def by_call() -> Tensor:
        output: Tensor = rnn(input)[0]
        return output

    return {"NumPy loop": by_numpy, "RNNCell loop": by_cell, "one nn.RNN call": by_call}


def synchronize(device: torch.device) -> None:
    """Wait until a device has finished. CUDA works through a queue, a CPU has finished when a call returns.

    >>> synchronize(torch.device("cpu"))

    Source: torch.cuda.synchronize.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure(
    ways: Mapping[str, Callable[[], object]], *, device: torch.device, rounds: int = 10, too_early: bool = False
) -> dict[str, float]:
    """The median time of each way, in ms. The ways take turns, so that other load on the machine affects all of them.

    >>> times = measure({"nothing": lambda: None, "a nap": lambda: time.sleep(0.002)}, device=torch.device("cpu"))
    >>> times["nothing"] < 1 < times["a nap"]
    True

    Parameters
    ----------
    ways      : functions without arguments, by name. Each is called once before the clock starts, to warm up.
    device    : the device they run on. The clock stops when it has finished.
    rounds    : how often each way is timed
    too_early : stop the clock without waiting for the device, to show that this measures a wrong time

    Raises
    ------
    ValueError : rounds is less than 1.
    """
    if rounds < 1:
        raise ValueError(f"rounds: given {rounds}, expected at least 1")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for run in ways.values():
        run()
    for _ in range(rounds):
        for name, run in ways.items():
            synchronize(device)
            began = time.perf_counter()
            run()
            if not too_early:
                synchronize(device)
            seconds[name].append(time.perf_counter() - began)
    return {name: 1000 * statistics.median(each) for name, each in seconds.items()}


@dataclass(frozen=True)
class Speeds:
    """Stored measurements, with the machine and the date on which they were made.

    >>> speeds = stored_speeds()
    >>> sorted(speeds.times(L=128, N=32))[:2]
    ['NumPy loop', 'RNNCell loop']
    """

    made: str  # the date, the machine and the versions, in one line
    H: int  # H_in and H_out of the network that was measured
    rows: tuple[tuple[int, int, dict[str, float]], ...]  # (L, N, ms by way)

    def times(self, *, L: int, N: int) -> dict[str, float]:
        """The time of each way in ms. Raises a ValueError if these sizes were not measured."""
        for row in self.rows:
            if row[:2] == (L, N):
                return row[2]
        raise ValueError(f"L, N: given {(L, N)}, expected one of {[row[:2] for row in self.rows]}")

    @property
    def ways(self) -> list[str]:
        return list(self.rows[0][2])

    def table(self) -> Table:
        """All measurements, one row for each L and N."""
        rows = ((str(L), str(N), *(f"{ms[way]:.2f}" for way in self.ways)) for L, N, ms in self.rows)
        return Table(("L", "N", *(f"{way}, ms" for way in self.ways)), tuple(rows))


def stored_speeds(path: Path | None = None) -> Speeds:
    """The measurements that came with the course, from `benchmarks/forward_speed.py`.

    >>> stored_speeds().made
    '20...'

    Parameters
    ----------
    path : another file that the benchmark has written
    """
    data = json.loads((path or STORED_SPEEDS).read_text(encoding="utf-8"))
    return Speeds(data["made"], data["H"], tuple((row["L"], row["N"], row["ms"]) for row in data["rows"]))
