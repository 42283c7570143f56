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

bundled              load_glove(), the vectors that come with the course
fetched              load_glove("6B.100d", words) from a server on this machine, which has the same file as .gz; the words
                     as in a text, the rarest the 30,000th of the file
fetched, other words the same with other words: the file is there, and its checksum is compared
"""

import argparse
import dataclasses
import gzip
import hashlib
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
from typing import Any
from unittest.mock import patch

DIM, WANTED, RAREST = 100, 200, 30_000
WAYS = ["torchnlp", "torchnlp is_include", "torchnlp .pt", "ours, first", "ours, kept", "bundled"]
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
        if way == "bundled":
            return load_glove()
        if way.startswith("ours"):
            return load_glove(path, words)
        return Made("made", DIM, cache=folder, is_include=set(words).__contains__ if "include" in way else None)

    sys.stderr = open(os.devnull, "w")  # torchnlp's bar, which costs it little
    before, began = resident(), time.perf_counter()
    vectors = load()
    seconds, grown = time.perf_counter() - began, peak() - before
    answer = 0.0 if way == "bundled" else torch.stack([vectors[word] for word in words]).double().sum().item()
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
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "UNROLLED_CACHE": str(Path(folder, "kept")), "PYTHONPATH": paths}
    command = [sys.executable, __file__, "--way", way, "--folder", folder, "--count", str(count)]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(told)
    return figures


def measure_ways(folder: str, count: int, rounds: int) -> dict[str, dict[str, float]]:
    took: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        # The table of "torchnlp" is what ".pt" reads, so these two stay together.
        for way in ("bundled", "torchnlp is_include", "ours, first", "ours, kept", "torchnlp", "torchnlp .pt"):
            took[way].append(run_one(way, folder, count))
    answers = [one["answer"] for way, runs in took.items() if way != "bundled" for one in runs]
    assert max(answers) - min(answers) < 1e-6, answers
    return {
        way: {
            "seconds": statistics.median(one["seconds"] for one in runs),
            "mb": statistics.median(one["mb"] for one in runs),
            "slowest": max(one["seconds"] for one in runs),
        }
        for way, runs in took.items()
    }


def measure_fetch(folder: str, count: int) -> dict[str, float]:
    """Seconds until the words of a text are found: in a file that must be fetched first, and in a file that is there."""
    from helpers.words import vector_sources

    packed = Path(folder, "glove-wiki-gigaword-100.gz")
    with open(Path(folder, NAME), "rb") as text, gzip.open(packed, "wb", compresslevel=4) as file:
        file.write(b"%d %d\n" % (count, DIM))
        shutil.copyfileobj(text, file, 1 << 20)
    md5 = hashlib.md5(packed.read_bytes()).hexdigest()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    release = dataclasses.replace(vector_sources.RELEASES["6B.100d"], md5=md5)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ.update(
            UNROLLED_GLOVE_URL=f"http://127.0.0.1:{server.server_port}/{{name}}.gz",
            UNROLLED_CACHE=str(Path(folder, "fetched")),
            no_proxy="127.0.0.1",
        )
        seconds = []
        with patch.dict(vector_sources.RELEASES, {"6B.100d": release}):
            for words in (as_in_a_text(count), as_in_a_text(count)[1:]):
                began = time.perf_counter()
                found = vector_sources.find_vectors("6B.100d", words)
                seconds.append(time.perf_counter() - began)
                assert not found.missing
        server.shutdown()
    return {"bytes": packed.stat().st_size, "seconds": seconds[0], "other_words_seconds": seconds[1]}


def measure(count: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        make_file(Path(folder, NAME), count)
        fetched = measure_fetch(folder, count)
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
        "bundled_ms": 1000 * ways["bundled"]["seconds"],
        "fetched": fetched,
        "words": count,
        "rounds": rounds,
        "ways": ways,
    }


REACH = {  # what the course promises
    "speedup_over_torchnlp": ("at least", 10),
    "memory_ratio": ("at most", 0.1),
    "cached_ms": ("under", 20),
    "bundled_ms": ("under", 60),
}


def table(result: dict[str, Any]) -> str:
    lines = ["| way | seconds | MB |", "| --- | ---: | ---: |"]
    lines += [f"| {way} | {took['seconds']:.3f} | {took['mb']:.1f} |" for way, took in result["ways"].items()]
    lines += ["", "| ours | measured | wanted |", "| --- | ---: | --- |"]
    lines += [f"| `{name}` | {result[name]:.3g} | {words} {limit} |" for name, (words, limit) in REACH.items()]
    fetched = result["fetched"]
    lines += [
        "",
        f"Fetched: {fetched['bytes'] / 1e6:.1f} MB, and the {WANTED} words found, in {fetched['seconds']:.2f} s; other words "
        f"afterwards in {fetched['other_words_seconds']:.2f} s.",
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
