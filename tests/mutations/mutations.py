"""Plant faults in a copy of the course, one at a time, and count how many its tests catch.

    python start.py mutations                 plant all of them
    python start.py mutations --sample 5      only some, drawn by what the course's files hold today
    python start.py mutations --json          one object: planted, caught, survived, too_slow, seconds

The faults are in faults.toml. The working tree is never touched.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import queue
import random
import re
import shutil
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
FAULTS = tomllib.loads((Path(__file__).parent / "faults.toml").read_text(encoding="utf-8"))["fault"]
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", "build", "node_modules", "__pycache__", ".pytest_cache", ".hypothesis", "*.egg-info", ".ipynb_checkpoints"
)
PATIENCE = 600  # seconds for the tests of one fault, sweeps too; one that takes longer is not counted as caught
WANTED = 0.95


def main(arguments):
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sample", type=int, metavar="N", help="plant only N of them")
    options.add_argument("--json", action="store_true", help="one object instead of lines")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="copies worked on at once")
    chosen = options.parse_args(arguments)
    report = run(sample(chosen.sample), chosen.workers, quiet=chosen.json)
    if chosen.json:
        print(json.dumps(report))
    else:
        print(f"{report['caught']} of {report['planted']} faults caught in {report['seconds']:.0f} s")
    return 0 if report["caught"] >= WANTED * report["planted"] else 1


def sample(count):
    """All faults, or `count` of them: others whenever a file of the course changes, and the same ones until then."""
    if count is None or count >= len(FAULTS):
        return FAULTS
    files = sorted({ROOT / fault["file"] for fault in FAULTS})
    seed = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    return random.Random(seed).sample(FAULTS, count)


def run(faults, workers=2, quiet=True):
    """Plant each fault and run its tests; first make sure that these tests pass without it.

    Raises RuntimeError if they do not, and ValueError if a fault cannot be planted.
    """
    began, ends = time.monotonic(), {}
    with tempfile.TemporaryDirectory() as folder:
        copies = queue.Queue()
        for number in range(workers):
            copies.put(shutil.copytree(ROOT, Path(folder) / str(number), ignore=NOT_COPIED))
        for fault in faults:
            faulty(fault, ROOT)
        with ThreadPoolExecutor(workers) as pool:
            require_passing(sorted({test for fault in faults for test in fault["tests"]}), copies, pool)
            for fault, end in zip(faults, pool.map(lambda fault: plant(fault, copies), faults)):
                ends.setdefault(end, []).append(fault["what"])
                if not quiet:
                    print(f"{end:8}", fault["file"], "-", fault["what"], flush=True)
    return dict(
        planted=len(faults),
        caught=len(ends.get("caught", [])),
        survived=ends.get("SURVIVED", []),
        too_slow=ends.get("TOO SLOW", []),
        seconds=round(time.monotonic() - began, 1),
    )


def require_passing(tests, copies, pool):
    def attempt(some):
        copy = copies.get()
        try:
            return run_tests(copy, some)
        finally:
            copies.put(copy)

    shares = [tests[at :: copies.qsize()] for at in range(copies.qsize())]
    for status, said in pool.map(attempt, [share for share in shares if share]):
        if status != 0:
            raise RuntimeError(f"without any fault the tests do not pass (pytest ended with {status}):\n{said}")


def plant(fault, copies):
    """What becomes of the fault, planted in one of the copies: "caught" if its tests fail, "SURVIVED", or "TOO SLOW"."""
    copy = copies.get()
    path = copy / fault["file"]
    whole = path.read_bytes()
    try:
        path.write_text(faulty(fault, copy), encoding="utf-8", newline="\n")
        status, said = run_tests(copy, fault["tests"])
    finally:
        path.write_bytes(whole)
        copies.put(copy)
    if status not in (0, 1, None):
        raise RuntimeError(f"{fault['what']}: pytest ended with {status}:\n{said}")
    return {0: "SURVIVED", 1: "caught", None: "TOO SLOW"}[status]


def run_tests(copy, tests):
    """pytest's exit status in a copy, up to the first test that fails, and its last words; no status if it took too long.

    Each run has a process of its own, branched off from one that has imported torch and matplotlib already.
    """
    said = copy / "said.txt"
    process = PROCESSES.Process(target=_pytest, args=(copy, tests, said))
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        return None, ""
    return process.exitcode, said.read_text(encoding="utf-8")[-3000:]


def _pytest(copy, tests, said):
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    sys.dont_write_bytecode = True  # else a fault of the same length, planted within a second, would hide behind a .pyc
    os.environ |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}  # for kernels
    sys.stdout = sys.stderr = open(said, "w", encoding="utf-8")
    status = pytest.main(["-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "--numprocesses=0", "--all", *tests])
    sys.stdout.flush()
    os._exit(status)


WAY = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
PROCESSES = multiprocessing.get_context(WAY)
if WAY == "forkserver":
    PROCESSES.set_forkserver_preload(["torch", "matplotlib.pyplot", "hypothesis", "ipywidgets", "nbclient", "pytest"])


# ---- a fault in a file ---------------------------------------------------------------------------------------------------


def faulty(fault, folder):
    """The text of the fault's file with the fault in it; ValueError if it no longer applies."""
    path = folder / fault["file"]
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if "do" in fault:
        notebook = json.loads(text or '{"cells": []}')
        cell = next((cell for cell in notebook["cells"] if fault["cell"] in "".join(cell["source"])), None)
        if cell is None:
            raise ValueError(f"{fault['what']}: no cell of {fault['file']} has {fault['cell']!r}")
        DEEDS[fault["do"]](cell)
        changed = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    else:
        find, replace = fault["find"], fault["replace"]
        if path.suffix == ".ipynb" and not fault.get("raw"):
            find, replace = (json.dumps(part, ensure_ascii=False)[1:-1] for part in (find, replace))
        if text.count(find) != fault.get("count", 1):
            raise ValueError(
                f"{fault['what']}: {fault['file']} has {fault['find']!r} {text.count(find)} times, "
                f"expected {fault.get('count', 1)}"
            )
        changed = text.replace(find, replace)
    if changed == text:
        raise ValueError(f"{fault['what']}: nothing would change in {fault['file']}")
    return changed


def in_html(pattern, replacement):
    def deed(cell):
        for output in cell["outputs"]:
            html = "".join(output.get("data", {}).get("text/html", ""))
            if html:
                output["data"]["text/html"] = re.sub(pattern, replacement, html)

    return deed


DEEDS = {
    "strip the output": lambda cell: cell.update(outputs=[]),
    "forget the count": lambda cell: cell.update(execution_count=None),
    "turn into prose": lambda cell: (cell.update(cell_type="markdown"), cell.pop("outputs"), cell.pop("execution_count")),
    "tag nbval-skip": lambda cell: cell["metadata"].update(tags=["nbval-skip"]),
    "print it as a warning": lambda cell: cell["outputs"][0].update(name="stderr"),
    "no longer needed below": lambda cell: cell.update(source="".join(cell["source"]).replace("# needed below\n", "")),
    "take away the alternative text": in_html(r'alt="[^"]*"', ""),
    "say only that it is a picture": in_html(r'alt="[^"]*"', 'alt="A picture of a recurrent network"'),
    "blank the picture": in_html(r'src="[^"]*"', "src=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E\""),
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
