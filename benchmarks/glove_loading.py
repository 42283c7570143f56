"""How long until 200 words of a GloVe file have their vectors, and how much memory does it take?

    python benchmarks/glove_loading.py             a table, after about two minutes
    python benchmarks/glove_loading.py --json      one object

One made-up file of 400,000 words and 100 numbers each, 344 MB, the size of glove.6B.100d.txt. The 200 words are spread
evenly and one is the last, so nobody gains by stopping early. Each way runs in a fresh process:

torchnlp             GloVe, as its documentation shows it: the whole table
torchnlp is_include  the same with `is_include`, which keeps the 200 words only
torchnlp .pt         the whole table once more, from the .pt file that the first way leaves behind
ours, first          load_glove(path, words)
ours, kept           the same again, in another process: what was found is kept

All of them have imported torch, torchnlp and helpers before the clock starts. Memory is the growth of the process's
peak (ru_maxrss) over what it has in memory after these imports. All must give the same vectors.

streamed             load_glove("6B.100d", words) from a server on this machine, which has the same file as .gz; the words
                     as in a text, the rarest the 30,000th of the file: how much was read until all were found
"""

import argparse
import contextlib
import gzip
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, AnyStr
from unittest.mock import patch

if TYPE_CHECKING:
    from _typeshed import SupportsRead, SupportsWrite

DIM, WANTED, RAREST = 100, 200, 30_000
WAYS = ["torchnlp", "torchnlp is_include", "torchnlp .pt", "ours, first", "ours, kept"]
NAME = f"glove.made.{DIM}d.txt"


def make_file(path: Path, count: int) -> None:
    """Rows repeat after 997 lines, which no reader and no packer notices."""
    numbers = random.Random(0)
    rows = [b" ".join(b"%.5f" % numbers.gauss(0, 0.4) for _ in range(DIM)) for _ in range(997)]
    with open(path, "wb") as file:
        file.writelines(b"word%d %s\n" % (place, rows[place % 997]) for place in range(count))


def evenly(count: int) -> list[str]:
    return [f"word{(place + 1) * count // WANTED - 1}" for place in range(WANTED)]


def as_in_a_text(count: int) -> list[str]:
    """Frequent words mostly: each as much rarer than the one before as that one was, and the last the rarest."""
    ranks = [0]
    for place in range(1, WANTED):
        ranks.append(max(ranks[-1] + 1, round(min(RAREST, count) ** (place / (WANTED - 1))) - 1))
    return [f"word{rank}" for rank in ranks]


# In the fresh process


def resident() -> float:
    """MB in memory now; where the system does not say, the most there ever was."""
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20
    except OSError:
        return peak()


def peak() -> float:
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def one_way(way: str, folder: str, count: int) -> None:
    import torch
    from torchnlp.word_to_vector import GloVe

    from helpers.words.glove import load_glove

    words = evenly(count)
    path = Path(folder, NAME)

    class Made(GloVe):
        url = {"made": None}

    def load() -> GloVe:
        if way.startswith("ours"):
            return load_glove(path, words)
        return Made("made", DIM, cache=folder, is_include=set(words).__contains__ if "include" in way else None)

    sys.stderr = open(os.devnull, "w")  # torchnlp's bar, which costs it little
    before, began = resident(), time.perf_counter()
    vectors = load()
    seconds, grown = time.perf_counter() - began, peak() - before
    answer = torch.stack([vectors[word] for word in words]).double().sum().item()
    print(json.dumps({"seconds": seconds, "mb": grown, "answer": answer}))


# In the main process


def run_one(way: str, folder: str, count: int) -> dict[str, float]:
    # torchnlp's table must not be found by the ways that shall read the text, nor the other way round.
    table = Path(folder, NAME + ".pt")
    if way in ("torchnlp", "torchnlp is_include", "ours, first"):
        table.unlink(missing_ok=True)
    if way == "ours, first":
        shutil.rmtree(Path(folder, "kept"), ignore_errors=True)
    root = str(Path(__file__).resolve().parent.parent)
    environment = {**os.environ, "UNROLLED_CACHE": str(Path(folder, "kept")), "PYTHONPATH": root}
    command = [sys.executable, __file__, "--way", way, "--folder", folder, "--count", str(count)]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(told)
    return figures


def measure_ways(folder: str, count: int, rounds: int) -> dict[str, dict[str, float]]:
    took: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        # The table of "torchnlp" is what ".pt" reads, so these two stay together.
        for way in ("torchnlp is_include", "ours, first", "ours, kept", "torchnlp", "torchnlp .pt"):
            took[way].append(run_one(way, folder, count))
    answers = [one["answer"] for runs in took.values() for one in runs]
    assert max(answers) - min(answers) < 1e-6, answers
    return {
        way: {
            "seconds": statistics.median(one["seconds"] for one in runs),
            "mb": statistics.median(one["mb"] for one in runs),
            "slowest": max(one["seconds"] for one in runs),
        }
        for way, runs in took.items()
    }


def measure_stream(folder: str, count: int) -> dict[str, float]:
    """Bytes and seconds until the words of a text are found."""
    from helpers.words import vector_sources
    from helpers.words.downloads import Download

    packed = Path(folder, "glove-wiki-gigaword-100.gz")
    with open(Path(folder, NAME), "rb") as text, gzip.open(packed, "wb", compresslevel=4) as file:
        file.write(b"%d %d\n" % (count, DIM))
        shutil.copyfileobj(text, file, 1 << 20)

    class Quiet(SimpleHTTPRequestHandler):
        def copyfile(self, source: "SupportsRead[AnyStr]", target: "SupportsWrite[AnyStr]") -> None:
            with contextlib.suppress(ConnectionError):  # who has enough hangs up
                super().copyfile(source, target)

        def log_message(self, *args: object) -> None:
            pass

    made: list[Download] = []

    class Noted(Download):
        def __init__(self, url: str):
            super().__init__(url)
            made.append(self)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ.update(
            UNROLLED_GLOVE_URL=f"http://127.0.0.1:{server.server_port}/{{name}}.gz",
            UNROLLED_CACHE=str(Path(folder, "streamed")),
            no_proxy="127.0.0.1",
        )
        began = time.perf_counter()
        with patch.object(vector_sources, "Download", Noted):
            found = vector_sources.find_vectors("6B.100d", as_in_a_text(count))
        seconds = time.perf_counter() - began
        server.shutdown()
    assert not found.missing
    return {"bytes": made[0].received, "of_bytes": packed.stat().st_size, "seconds": seconds}


def measure(count: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        make_file(Path(folder, NAME), count)
        streamed = measure_stream(folder, count)
        time.sleep(2.1)  # a file that was changed just now is not kept: it might change again
        ways = measure_ways(folder, count, rounds)
    ours, torchnlp = ways["ours, first"], (ways["torchnlp"], ways["torchnlp is_include"])
    return {
        # Against the better of torchnlp's two ways, in each of the two respects.
        "speedup_over_torchnlp": min(way["seconds"] for way in torchnlp) / ours["seconds"],
        "memory_ratio": ours["mb"] / min(way["mb"] for way in torchnlp),
        "cached_ms": 1000 * ways["ours, kept"]["seconds"],
        "speedup_over_torchnlp_plain": ways["torchnlp"]["seconds"] / ours["seconds"],
        "memory_ratio_to_torchnlp_plain": ours["mb"] / ways["torchnlp"]["mb"],
        "cached_slowest_ms": 1000 * ways["ours, kept"]["slowest"],
        "streamed_share": streamed["bytes"] / streamed["of_bytes"],
        "streamed": streamed,
        "words": count,
        "rounds": rounds,
        "ways": ways,
    }


REACH = {  # what the course promises
    "speedup_over_torchnlp": ("at least", 10),
    "memory_ratio": ("at most", 0.1),
    "cached_ms": ("under", 20),
}


def table(result: dict[str, Any]) -> str:
    lines = ["| way | seconds | MB |", "| --- | ---: | ---: |"]
    lines += [f"| {way} | {took['seconds']:.3f} | {took['mb']:.1f} |" for way, took in result["ways"].items()]
    lines += ["", "| ours | measured | wanted |", "| --- | ---: | --- |"]
    lines += [f"| `{name}` | {result[name]:.3g} | {words} {limit} |" for name, (words, limit) in REACH.items()]
    streamed = result["streamed"]
    lines += [
        "",
        f"Streamed: {streamed['bytes'] / 1e6:.1f} of {streamed['of_bytes'] / 1e6:.1f} MB were read until the "
        f"{WANTED} words were found, in {streamed['seconds']:.2f} s.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    parser.add_argument("--count", type=int, default=400_000, help="words in the file")
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many runs of each way")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        return one_way(arguments.way, arguments.folder, arguments.count)
    result = measure(arguments.count, arguments.rounds)
    print(json.dumps(result, indent=2) if arguments.json else table(result))


if __name__ == "__main__":
    main()
