"""How long is one forward pass of the same RNN: as a loop in NumPy, as a loop of nn.RNNCell, as one call of nn.RNN?

    python benchmarks/forward_speed.py                  measure, print, and store for notebook 11
    python benchmarks/forward_speed.py --only training  measure only a part: forward, training or first_call
    python benchmarks/forward_speed.py --output folder  store elsewhere

It also measures the parts of a training step, for small and large networks, and the first call in a fresh Python.

Where torch finds CUDA, the loop of cells, the one call and the training are measured there as well, the call also with the
wrong number one gets without `torch.cuda.synchronize`, and the name of the GPU is stored. The ways take turns, each was
called once before the clock starts, and the clock stops when the device has finished. On the CPU each has one thread, which
is as quick for networks of this size, and the time is that of the process, so that other programs disturb less.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # read at import

import torch
from torch import nn

from helpers import forward_ways, measure, stored_speeds, training_parts
from helpers.speed import MEASURED, STORED_SPEEDS

GPU = "cuda"
LENGTHS = [(128, L, 32) for L in (16, 32, 64, 128, 256)]  # (H, L, N); H is both H_in and H_out
BATCHES = [(128, 128, N) for N in (1, 4, 16, 64, 256)]
TRAININGS = [(H, 64, N) for N in (1, 32) for H in (8, 32, 128, 512)]
FIRST_CALLS = [(4, 5, 2)]
FRESH = """
import time, torch
torch.set_num_threads(1)
rnn, x, times = torch.nn.RNN({H}, {H}), torch.randn({L}, {N}, {H}), []
for _ in range(200):
    began = time.process_time()
    rnn(x)
    times.append(1000 * (time.process_time() - began))
print(times[0], sorted(times)[100])
"""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=MEASURED, default=MEASURED)
    parser.add_argument("--output", type=Path, default=STORED_SPEEDS)
    parser.add_argument("--rounds", type=int, default=30)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    measured: dict[str, tuple[list[tuple[int, int, int]], Callable[[int, int, int, int], dict[str, float]]]] = {
        "forward": (LENGTHS + BATCHES, forward),
        "training": (TRAININGS, training),
        "first_call": (FIRST_CALLS, first_call),
    }
    for what in chosen.only:
        sizes, run = measured[what]
        rows = []
        for H, L, N in sizes:
            ms = run(H, L, N, chosen.rounds)
            rows.append({"H": H, "L": L, "N": N, "ms": {name: round(time, 4) for name, time in ms.items()}})
        text = json.dumps({"made": made(), "rows": rows}, indent=1) + "\n"
        (chosen.output / f"{what}_speed.json").write_text(text, encoding="utf-8")
        speeds = stored_speeds(what, chosen.output)
        print(speeds.made, speeds.table(), sep="\n")


def network(H: int, L: int, N: int) -> tuple[nn.RNN, torch.Tensor]:
    torch.manual_seed(0)
    return nn.RNN(H, H), torch.randn(L, N, H)


def forward(H: int, L: int, N: int, rounds: int) -> dict[str, float]:
    """ms of each way, on the CPU and, where there is one, on CUDA."""
    rnn, x = network(H, L, N)
    found = measure(forward_ways(rnn, x), device=torch.device("cpu"), rounds=rounds, clock=time.process_time)
    if torch.cuda.is_available():
        cuda = torch.device(GPU)
        loop, call = list(forward_ways(rnn.to(cuda), x.to(cuda)).values())[1:]  # NumPy knows no CUDA
        found |= measure({"RNNCell loop, CUDA": loop, "one call, CUDA": call}, device=cuda, rounds=rounds)
        found |= measure({"one call, CUDA, not waited for": call}, device=cuda, rounds=rounds, too_early=True)
    return found


def training(H: int, L: int, N: int, rounds: int) -> dict[str, float]:
    """ms of each part of a training step; and, to be compared with them, of a forward pass that records no graph."""
    rnn, x = network(H, L, N)
    cells_and_call = dict(list(forward_ways(rnn, x).items())[1:])
    found = measure(
        {**training_parts(rnn, x), **cells_and_call}, device=torch.device("cpu"), rounds=rounds, clock=time.process_time
    )
    if torch.cuda.is_available():
        cuda = torch.device(GPU)
        on_gpu = {f"{part}, CUDA": run for part, run in training_parts(rnn.to(cuda), x.to(cuda)).items()}
        found |= measure(on_gpu, device=cuda, rounds=rounds)
    return found


def first_call(H: int, L: int, N: int, rounds: int) -> dict[str, float]:
    """ms of the first call in a fresh Python, and the median of 200 calls; each is the median of some runs."""
    program = [sys.executable, "-c", FRESH.format(H=H, L=L, N=N)]
    runs = [subprocess.run(program, capture_output=True, text=True, check=True).stdout.split() for _ in range(min(rounds, 9))]
    first, usual = (sorted(float(run[k]) for run in runs)[len(runs) // 2] for k in (0, 1))
    return {"first call": first, "median of 200 calls": usual}


def made() -> str:
    """When and on what, in one line."""
    gpu = f"{torch.cuda.get_device_name()}, cuDNN {torch.backends.cudnn.version()}" if torch.cuda.is_available() else ""
    facts = [
        datetime.date.today().isoformat(),
        f"{processor()}, {os.cpu_count()} cores",
        gpu or "no GPU",
        f"Python {platform.python_version()}, torch {torch.__version__}, one thread, CPU time",
    ]
    return "; ".join(facts)


def processor() -> str:
    """What the processor calls itself, where Linux tells; else its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
