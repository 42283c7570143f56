"""A class on one machine: N learners start at once, run a whole notebook, and move its sliders. Does every cell pass?

    .venv/bin/python benchmarks/classroom.py --users 2             a table
    .venv/bin/python benchmarks/classroom.py --users 40 --json     one object
    .venv/bin/python benchmarks/classroom.py --users 2 --faults    and then: a kernel killed, a server stopped, the hub restarted

The hub is that of deploy/ on the loopback. A learner is what a JupyterLab page is to the hub: it asks for a server, saves the
notebook there, starts a kernel, and talks to it over the websocket, one cell after the other. What it needs beside the course
is said in deploy/README.md.
"""

import argparse
import asyncio
import json
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from hub import DEPLOY, MISSING, Hub, pss_mib  # noqa: E402
from learner import Learner, Report  # noqa: E402
from store_notebooks import NOTEBOOKS, choose  # noqa: E402

Notebook = Mapping[str, Any]  # as JSON has it


class Seat:
    """One learner's place in the class: a name, a server, a notebook on its disk, and a kernel."""

    def __init__(self, hub: Hub, name: str, notebook: Notebook):
        self.hub, self.name, self.notebook, self.kernel = hub, name, notebook, ""
        self.ready_s: float | None = None
        self.report = Report()

    def api(self, method: str, path: str, body: object = None) -> Awaitable[Any]:
        return self.hub.call(method, path, body, user=self.name)

    async def sit_down(self) -> None:
        """Start the server, save the notebook to the learner's disk, and start its kernel."""
        began = time.monotonic()
        await self.hub.start_server(self.name)
        await self.save(self.notebook)
        await self.open_kernel()
        self.ready_s = time.monotonic() - began

    async def save(self, notebook: Notebook) -> None:
        await self.api("PUT", "contents/lesson.ipynb", {"type": "notebook", "format": "json", "content": notebook})

    async def saved(self) -> Notebook:
        notebook: Notebook = (await self.api("GET", "contents/lesson.ipynb"))["content"]
        return notebook

    async def open_kernel(self) -> None:
        asked = {"path": "lesson.ipynb", "name": "lesson", "type": "notebook", "kernel": {"name": "python3"}}
        self.kernel = (await self.api("POST", "sessions", asked))["kernel"]["id"]

    def page(self) -> Learner:
        address = self.hub.address.replace("http", "ws", 1)
        return Learner(f"{address}/user/{self.name}/api/kernels/{self.kernel}/channels", self.hub.token)

    async def work(self) -> None:
        """The whole lesson; what goes wrong before its first cell counts as all cells failed."""
        try:
            await self.sit_down()
            async with self.page() as page:
                await page.run(self.notebook, self.report)
        except Exception as error:  # one learner's trouble is a figure of the benchmark, not the end of it
            self.report.failures += [f"{type(error).__name__}: {error}"] * (code_cells(self.notebook) - self.report.passed)


def code_cells(notebook: Notebook) -> int:
    return sum(cell["cell_type"] == "code" for cell in notebook["cells"])


async def lesson(hub: Hub, seats: list[Seat]) -> dict[str, Any]:
    """All at once; then the memory, while everything that was opened is still open."""
    began = time.monotonic()
    await asyncio.gather(*(seat.work() for seat in seats))
    wall = time.monotonic() - began
    servers: list[float] = []
    kernels: list[float] = []
    for seat in seats:
        if seat.ready_s is None:
            continue  # it never sat down: that is counted in cells_failed
        server, children = await hub.processes(seat.name)
        servers.append(pss_mib([server]))
        kernels.append(pss_mib(children))
    moves = sorted(ms for seat in seats for ms in seat.report.moves_ms)
    return {
        "users": len(seats),
        "cells_passed": sum(seat.report.passed for seat in seats),
        "cells_failed": sum(code_cells(seat.notebook) - seat.report.passed for seat in seats),
        "wall_s": round(wall, 1),
        "memory_mib_per_user": round(statistics.fmean(servers or [0]) + statistics.fmean(kernels or [0]), 1),
        "memory_mib_server": round(statistics.fmean(servers or [0]), 1),
        "memory_mib_kernel": round(statistics.fmean(kernels or [0]), 1),
        "slowest_start_s": round(max(seat.ready_s or wall for seat in seats), 1),
        "slider_moves": len(moves),
        "slider_median_ms": round(statistics.median(moves), 1) if moves else None,
        "failures": sorted({failure for seat in seats for failure in seat.report.failures}),
    }


# ---- what can break, and whether the learner goes on ---------------------------------------------------------------


async def kernel_killed(hub: Hub, seat: Seat) -> bool:
    """The kernel dies; the server starts another one under the same name, and the notebook runs in it from the top."""
    _, (kernel, *_) = await hub.processes(seat.name)
    kernel.send_signal(signal.SIGKILL)
    await until("the kernel is gone", lambda: not kernel.is_running())
    return await goes_on(seat)


async def server_stopped(hub: Hub, seat: Seat) -> bool:
    """The server is stopped in mid-notebook, and started again by the learner's next click."""
    async with seat.page() as page:
        await page.run({"cells": seat.notebook["cells"][:10]})
        await hub.stop_server(seat.name)
    await hub.start_server(seat.name)
    await seat.open_kernel()
    return await goes_on(seat)


async def hub_restarted(hub: Hub, seat: Seat) -> bool:
    """The hub and its proxy end and start again, and the kernel never notices: its variables are still there."""
    async with seat.page() as page:
        await page.execute("kept = 41")
    hub.stop()
    await hub.start()
    async with seat.page() as page:
        if await page.execute("assert kept + 1 == 42") != ("ok", ""):
            return False
    return await goes_on(seat)


async def goes_on(seat: Seat) -> bool:
    """Whether what was saved is still on the disk, and every cell of it passes."""
    saved = await seat.saved()
    if saved["metadata"].get("note") != seat.name:
        return False
    async with seat.page() as page:
        report = await page.run(saved)
    return not report.failures and report.passed == code_cells(saved)


async def until(what: str, is_so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"after {seconds} s it is still not so: {what}")
        await asyncio.sleep(0.1)


FAULTS = (kernel_killed, server_stopped, hub_restarted)


async def measure(users: int, name: str, faults: bool) -> dict[str, Any]:
    try:
        (path,) = choose([name], NOTEBOOKS)
    except ValueError as error:
        sys.exit(str(error))
    with tempfile.TemporaryDirectory(prefix="u", ignore_cleanup_errors=True) as folder:
        async with Hub(folder) as hub:
            seats = []
            for n in range(users):
                notebook = json.loads(path.read_text(encoding="utf-8"))
                notebook["metadata"]["note"] = f"learner-{n}"  # the learner's own work, to be found again
                seats.append(Seat(hub, f"learner-{n}", notebook))
            result = await lesson(hub, seats)
            if faults:
                result["goes_on_after"] = {fault.__name__: await fault(hub, seats[0]) for fault in FAULTS}
    return result


def table(result: dict[str, Any]) -> str:
    rows = [(name, value) for name, value in result.items() if name not in ("failures", "goes_on_after")]
    rows += result.get("goes_on_after", {}).items()
    lines: list[str] = ["| | |", "| --- | ---: |", *(f"| `{name}` | {value} |" for name, value in rows)]
    return "\n".join([*lines, *result["failures"]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=2)
    parser.add_argument("--notebook", default="03", help="its name, or its number")
    parser.add_argument("--faults", action="store_true", help="then break things, and see whether a learner goes on")
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    arguments = parser.parse_args()
    if find_spec("jupyterhub") is None or not (DEPLOY / "node_modules").is_dir():
        sys.exit(MISSING)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # also then the hub and its servers are ended
    result = asyncio.run(measure(arguments.users, arguments.notebook, arguments.faults))
    print(json.dumps(result, indent=2) if arguments.json else table(result))
    broken = [name for name, fine in result.get("goes_on_after", {}).items() if not fine]
    return 1 if result["cells_failed"] or broken else 0


if __name__ == "__main__":
    sys.exit(main())
