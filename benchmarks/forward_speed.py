"""How long is one forward pass of the same RNN: as a loop in NumPy, as a loop of nn.RNNCell, as one call of nn.RNN?

    python benchmarks/forward_speed.py                      measure, print, and store for notebook 11
    python benchmarks/forward_speed.py --output file.json   store elsewhere

Where torch finds CUDA, the loop of cells and the one call are measured there as well, the call also with the wrong
number one gets without `torch.cuda.synchronize`, and the card's name is stored. The ways take turns, each was called once
before the clock starts, and the clock stops when the device has finished. On the CPU each has one thread: for networks of
this size that is as quick, and steadier when the machine does other things.
"""

import argparse
import datetime
import json
import os
import platform
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # read at import

import torch
from torch import nn

from helpers import forward_ways, measure, stored_speeds
from helpers.speed import STORED_SPEEDS

CARD = "cuda"
H = 128  # H_in and H_out
LENGTHS = [(L, 32) for L in (16, 32, 64, 128, 256)]
BATCHES = [(128, N) for N in (1, 4, 16, 64, 256)]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=STORED_SPEEDS)
    parser.add_argument("--rounds", type=int, default=30)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = [{"L": L, "N": N, "ms": times(L, N, chosen.rounds)} for L, N in LENGTHS + BATCHES]
    chosen.output.write_text(json.dumps({"made": made(), "H": H, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    speeds = stored_speeds(chosen.output)
    print(speeds.made, speeds.table(), sep="\n")


def times(L: int, N: int, rounds: int) -> dict[str, float]:
    """ms of each way, on the CPU and, where there is one, on CUDA."""
    torch.manual_seed(0)
    rnn, x = nn.RNN(H, H), torch.randn(L, N, H)
    found = measure(forward_ways(rnn, x), device=torch.device("cpu"), rounds=rounds)
    if torch.cuda.is_available():
        cuda = torch.device(CARD)
        loop, call = list(forward_ways(rnn.to(cuda), x.to(cuda)).values())[1:]  # NumPy knows no CUDA
        found |= measure({"RNNCell loop, CUDA": loop, "one call, CUDA": call}, device=cuda, rounds=rounds)
        found |= measure({"one call, CUDA, not waited for": call}, device=cuda, rounds=rounds, too_early=True)
    return {name: round(ms, 4) for name, ms in found.items()}


def made() -> str:
    """When and on what, in one line."""
    card = f"{torch.cuda.get_device_name()}, cuDNN {torch.backends.cudnn.version()}" if torch.cuda.is_available() else ""
    facts = [
        datetime.date.today().isoformat(),
        f"{processor()}, {os.cpu_count()} cores",
        card or "no graphics card",
        f"Python {platform.python_version()}, torch {torch.__version__}, one thread",
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
