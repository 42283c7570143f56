"""How long a forward pass and the parts of a training step take: measured now, and stored with the course."""

import copy
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .checks import require_count
from .pictures.tables import Table
from .rnn.recurrence import normalise_arguments, numpy_weights
from .rnn.shapes import require_rnn

STORED_SPEEDS = Path(__file__).parent / "data"  # written by benchmarks/forward_speed.py
MEASURED = ("forward", "training", "first_call")


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
    TypeError : rnn is not an nn.RNN, or input is not a tensor.
    ValueError : rnn has other options than these, or input is no batch that fits it.
    """
    require_rnn(rnn)
    kind = (rnn.num_layers, rnn.bidirectional, rnn.nonlinearity, rnn.bias, rnn.batch_first)
    if kind != (1, False, "tanh", True, False):
        raise ValueError(f"rnn: given {rnn}, expected one layer, one direction, tanh, with bias, time first")
    if not isinstance(input, Tensor):
        raise TypeError(f"input: given {type(input).__name__}, expected a torch.Tensor")
    if input.dim() != 3:  # by hand, NumPy would read one sequence as a batch of its features
        raise ValueError(f"input: given {tuple(input.shape)}, expected (L, N, H_in)")
    weights, steps = numpy_weights(rnn), normalise_arguments(rnn, input).input
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


def training_parts(rnn: nn.RNN, input: Tensor) -> dict[str, Callable[[], None]]:
    """The three parts of one training step, to be called in this order: "forward", "backward", "optimizer".

    A copy of the network is trained, with nn.Linear on its last hidden state, the mean squared error, and Adam.

    >>> for name, run in training_parts(nn.RNN(3, 4), torch.ones(5, 2, 3)).items():
    ...     run()
    ...     print(name)
    forward
    backward
    optimizer

    Parameters
    ----------
    rnn   : an nn.RNN
    input : (L, N, H_in), or what else this network takes as a batch

    Raises
    ------
    TypeError : rnn is not an nn.RNN.
    """
    require_rnn(rnn)
    reader = copy.deepcopy(rnn)
    head = nn.Linear(rnn.hidden_size, 1, device=input.device, dtype=input.dtype)
    optimizer = torch.optim.Adam([*reader.parameters(), *head.parameters()])
    losses: list[Tensor] = []

    def forward() -> None:
        losses[:] = [head(reader(input)[1][-1]).square().mean()]

    def backward() -> None:
        torch.autograd.backward(losses.pop())

    def step() -> None:
        optimizer.step()
        optimizer.zero_grad()

    return {"forward": forward, "backward": backward, "optimizer": step}


def synchronize(device: torch.device) -> None:
    """Wait until a device has finished. CUDA works through a queue, a CPU has finished when a call returns.

    >>> synchronize(torch.device("cpu"))

    Source: torch.cuda.synchronize.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure(
    ways: Mapping[str, Callable[[], object]],
    *,
    device: torch.device | str,
    rounds: int = 10,
    too_early: bool = False,
    clock: Callable[[], float] | None = None,
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
    clock     : time.process_time counts only the work of this process on the CPU, whatever else the machine does;
                None takes time.perf_counter, which counts the waiting too

    Raises
    ------
    TypeError : rounds is not a whole number.
    ValueError : rounds is less than 1.
    """
    rounds = require_count("rounds", rounds)
    device, now = torch.device(device), clock or time.perf_counter
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for run in ways.values():
        run()
    for _ in range(rounds):
        for name, run in ways.items():
            synchronize(device)
            began = now()
            run()
            if not too_early:
                synchronize(device)
            seconds[name].append(now() - began)
    return {name: 1000 * statistics.median(each) for name, each in seconds.items()}


@dataclass(frozen=True)
class Speeds:
    """Stored measurements, with the machine and the date on which they were made.

    >>> speeds = stored_speeds()
    >>> sorted(speeds.times(L=128, N=32))[:2]
    ['NumPy loop', 'RNNCell loop']
    """

    made: str  # the date, the machine and the versions, in one line
    rows: tuple[tuple[int, int, int, dict[str, float]], ...]  # (H, L, N, ms by way); H is both H_in and H_out

    def times(self, *, L: int, N: int, H: int = 128) -> dict[str, float]:
        """The time of each way in ms. Raises a ValueError if these sizes were not measured."""
        for row in self.rows:
            if row[:3] == (H, L, N):
                return row[3]
        raise ValueError(f"H, L, N: given {(H, L, N)}, expected one of {[row[:3] for row in self.rows]}")

    @property
    def ways(self) -> list[str]:
        return list(self.rows[0][3])

    def table(self) -> Table:
        """All measurements, one row for each H, L and N."""
        rows = ((str(H), str(L), str(N), *(f"{ms[way]:.2f}" for way in self.ways)) for H, L, N, ms in self.rows)
        return Table(("H", "L", "N", *(f"{way}, ms" for way in self.ways)), tuple(rows))


def stored_speeds(what: str = "forward", folder: Path | None = None) -> Speeds:
    """The measurements that came with the course, from `benchmarks/forward_speed.py`.

    >>> stored_speeds().made
    '20...'
    >>> stored_speeds("training").ways
    ['forward', 'backward', 'optimizer', 'RNNCell loop', 'one nn.RNN call']

    Parameters
    ----------
    what   : "forward" (a forward pass in several ways), "training" (the parts of a training step, for small and large
             networks) or "first_call" (the first call in a fresh Python)
    folder : another folder into which the benchmark has written

    Raises
    ------
    ValueError : what is none of these.
    """
    if what not in MEASURED:
        raise ValueError(f"what: given {what!r}, expected one of {MEASURED}")
    data = json.loads(((folder or STORED_SPEEDS) / f"{what}_speed.json").read_text(encoding="utf-8"))
    return Speeds(data["made"], tuple((row["H"], row["L"], row["N"], row["ms"]) for row in data["rows"]))
