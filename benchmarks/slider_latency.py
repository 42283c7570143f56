"""How long after a key is a new picture painted? Four ways in one real browser, in one run.

    python benchmarks/slider_latency.py             a table
    python benchmarks/slider_latency.py --json      one object

ours    an Explorer: a slider, and SVG text in one widgets.HTML
usual   `interact` and matplotlib's inline figure of the same network, as most would write it: a patch for each circle,
        an `imshow` for each heat map, an `annotate` for each arrow
tuned   the same with three collections in their place, which is as quick as we could make a new figure
floor   a slider and a Label that repeats its number: what any picture that asks the kernel has to wait for

All of them stand in one page and take turns, so that whatever else the machine does hits each of them; the ratios hold
where the milliseconds do not. The network has 6 steps, 3 layers and two directions; each move runs it anew.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import start_new_kernel
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from lab import ANSWERED, EXPLORER, NO_CHROMIUM, chromium, jupyterlab, open_lab, open_notebook, run_all
from store_notebooks import KERNEL

ROUNDS, EVENTS, PER_SECOND, WARM_UP = 6, 90, 30, 2

NETWORK = """
import ipywidgets as widgets
from helpers import draw_unrolled
from helpers.explorers.live import Explorer, slider
from helpers.explorers.snippets import call_code, run_code

def network(seed):
    return run_code(call_code(input_size=4, hidden_size=4, L=6, N=1, num_layers=3, bidirectional=True, seed=seed))
"""
OURS = """
Explorer("a seed", {"seed": slider("seed", 0, 0, 400)}, network, [draw_unrolled])
"""
USUAL = """
import matplotlib.pyplot as plt

def figure(seed):
    seen = network(seed)
    fig, ax = plt.subplots(figsize=(7.2, 5.4))

    def node(t, row, values):
        ax.add_patch(plt.Circle((t, row), 0.36, facecolor="#F7DFCC", edgecolor="#D55E00"))
        place = (t - 0.08, t + 0.08, row - 0.24, row + 0.24)
        return ax.imshow(values[:, None], cmap="PuOr", vmin=-1, vmax=1, extent=place, zorder=3)

    def arrow(start, end):
        ax.annotate("", end, start, arrowprops=dict(arrowstyle="->", color="#E69F00"))

    for t in range(6):
        heat = node(t, 0, seen.input[t, 0])
        ax.text(t, -0.6, f"x[{t}]", ha="center")
        for layer in range(3):
            for d in range(2):
                row, ahead = 1 + 2 * layer + d, 1 - 2 * d
                node(t, row, seen.hidden[layer, d, t, 0])
                arrow((t, row - 0.64), (t, row - 0.36))
                if 0 <= t - ahead < 6:
                    arrow((t - 0.64 * ahead, row), (t - 0.36 * ahead, row))
    for layer in range(3):
        ax.text(-1.2, 1.5 + 2 * layer, f"layer {layer}")
    ax.set(xlim=(-1.3, 5.6), ylim=(-0.8, 6.6))
    ax.axis("off")
    fig.colorbar(heat)
    plt.show()

widgets.VBox([widgets.HTML("usual"), widgets.interactive(figure, seed=widgets.IntSlider(0, 0, 400))])
"""
TUNED = """
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.patches import Circle, Rectangle

def tuned(seed):
    seen = network(seed)
    values = {(t, 0): seen.input[t, 0] for t in range(6)}
    values |= {(t, 1 + 2 * layer + d): seen.hidden[layer, d, t, 0]
               for t in range(6) for layer in range(3) for d in range(2)}
    fig, ax = plt.subplots(figsize=(7.2, 5.4))
    circles = [Circle((t, row), 0.36) for t, row in values]
    cells = [Rectangle((t - 0.08, row + 0.12 - 0.12 * i), 0.16, 0.12) for t, row in values for i in range(4)]
    ax.add_collection(PatchCollection(circles, facecolor="#F7DFCC", edgecolor="#D55E00"))
    heat = PatchCollection(cells, cmap="PuOr", edgecolor="#888888", linewidth=0.3)
    heat.set_array(np.concatenate(list(values.values())))
    heat.set_clim(-1, 1)
    ax.add_collection(heat)
    along = [(t + 0.36, row, 0.28, 0) for t, row in values if row % 2 and t < 5]
    along += [(t - 0.36, row, -0.28, 0) for t, row in values if row and row % 2 == 0 and t]
    up = [(t, row + 0.36, 0, 0.28) for t, row in values if row < 6]
    ax.quiver(*np.array(along + up).T, angles="xy", scale_units="xy", scale=1, width=0.003, color="#E69F00")
    for t in range(6):
        ax.text(t, -0.6, f"x[{t}]", ha="center")
    for layer in range(3):
        ax.text(-1.2, 1.5 + 2 * layer, f"layer {layer}")
    ax.set(xlim=(-1.3, 5.6), ylim=(-0.8, 6.6))
    ax.axis("off")
    plt.colorbar(heat, ax=ax)
    plt.show()

widgets.VBox([widgets.HTML("tuned"), widgets.interactive(tuned, seed=widgets.IntSlider(0, 0, 400))])
"""
FLOOR = """
number, label = widgets.IntSlider(0, 0, 400), widgets.Label("0")
number.observe(lambda change: setattr(label, "value", str(change["new"])), names="value")
widgets.VBox([widgets.HTML("floor"), number, label])
"""
WAYS = {  # the cell, and where in its output the picture stands
    "ours": (OURS, ".widget-html-content:has(svg)"),  # an explorer's first text holds its style sheet alone
    "usual": (USUAL, ".widget-output"),
    "tuned": (TUNED, ".widget-output"),
    "floor": (FLOOR, ".widget-label.widget-inline-hbox"),
}

# Notes, in the page: when a key came, when what stands at `selector` was painted anew, and the heights it had.
WATCH = """([area, selector]) => {
    const seen = area.querySelector(selector);
    const notes = { pressed: 0, painted: [], heights: [] };
    area.notes = notes;
    area.addEventListener('keydown', event => { notes.pressed = event.timeStamp; }, true);
    const painted = () => { notes.painted.push(performance.now()); notes.tell?.(); };
    new MutationObserver(async () => {
        const image = seen.querySelector('img');
        if (image) await image.decode().catch(() => null);
        requestAnimationFrame(() => setTimeout(painted));  // a frame is painted right after its callbacks
    }).observe(seen, { subtree: true, childList: true, characterData: true });
    new ResizeObserver(() => notes.heights.push(area.offsetHeight)).observe(area);
}"""
# Only the way that is measured is to be seen: what the others show would be painted along with it.
ALONE = """([areas, area]) => {
    for (const other of areas) other.style.visibility = other == area ? 'visible' : 'hidden';
    area.scrollIntoView({ block: 'start' });
}"""
FORGET = "area => { area.notes.painted = []; area.next = new Promise(tell => { area.notes.tell = tell; }); }"
NEXT = """area => Promise.race([
    area.next.then(() => area.notes.painted[0] - area.notes.pressed),
    new Promise((_, fail) => setTimeout(() => fail(new Error('no new picture within 20 s')), 20000)),
])"""
LAST = "area => area.notes.painted.at(-1) - area.notes.pressed"
HEIGHT = "area => Math.max(...area.notes.heights) - Math.min(...area.notes.heights)"

# From the kernel's own clock: how long it was busy with what a move sent to it.
CLOCK = """() => {
    window.busy = [];
    const began = {};
    window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.iopubMessage.connect((_, message) => {
        const { parent_header, header, content } = message;
        if (header.msg_type != 'status' || parent_header.msg_type != 'comm_msg') return;
        if (content.execution_state == 'busy') began[parent_header.msg_id] = header.date;
        else window.busy.push([began[parent_header.msg_id], header.date]);
    });
}"""


Change = tuple[float, float, int]  # ms to the painted picture, ms the kernel was busy, bytes received


class Bench:
    """A page with every way in it."""

    def __init__(self, page: Page, address: str, folder: Path):
        cells = [new_code_cell(code) for code in (NETWORK, *(cell for cell, _ in WAYS.values()))]
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), folder / "bench.ipynb")
        self.page, self.received = page, 0
        page.on("websocket", lambda socket: socket.on("framereceived", self.count))
        open_lab(page, address)
        open_notebook(page, "bench.ipynb")
        run_all(page)
        page.wait_for_timeout(1000)
        self.areas = dict(zip(WAYS, page.query_selector_all(EXPLORER), strict=True))
        for way, (_, selector) in WAYS.items():
            page.evaluate(WATCH, [self.areas[way], selector])
        page.evaluate(CLOCK)

    def count(self, frame: str | bytes) -> None:
        self.received += len(frame)

    def turn(self, way: str) -> None:
        """Let one way have the page to itself, with its slider in focus."""
        self.page.evaluate(ALONE, [list(self.areas.values()), self.areas[way]])
        handle = self.areas[way].query_selector("[role=slider]")
        assert handle is not None, f"{way} has no slider"
        handle.focus()
        for _ in range(WARM_UP):
            self.one_change(way)

    def one_change(self, way: str) -> Change:
        """Press a key and wait: (ms to the painted picture, ms the kernel was busy, bytes the browser received)."""
        area = self.areas[way]
        area.evaluate(FORGET)
        before = self.received
        self.page.evaluate("window.busy.length = 0")
        self.page.keyboard.press("ArrowRight")
        painted = area.evaluate(NEXT)
        # For what may follow the picture, the kernel's last word; and the next key shall come at any moment between two
        # of the screen's frames, which are 17 ms apart.
        self.page.wait_for_timeout(60 + random.uniform(0, 17))
        received = self.received - before
        busy = self.page.evaluate("window.busy.reduce((sum, [a, b]) => sum + (new Date(b) - new Date(a)), 0)")
        return painted, busy, received

    def drag(self, way: str) -> float:
        """Hold the key down for 3 s: ms from its last event to the last picture."""
        area = self.areas[way]
        self.turn(way)
        area.evaluate(FORGET)
        began = time.monotonic()
        for event in range(EVENTS):
            time.sleep(max(0, began + event / PER_SECOND - time.monotonic()))
            self.page.keyboard.down("ArrowRight")
        self.page.keyboard.up("ArrowRight")
        self.page.evaluate(ANSWERED)
        self.page.wait_for_timeout(1500)
        ms: float = area.evaluate(LAST)
        return ms


def measure_ways(changes: int) -> dict[str, dict[str, float]]:
    """For each way what it took: {way: {median_ms, p95_ms, kernel_ms, bytes, last_picture_ms, height_change_px}}."""
    with tempfile.TemporaryDirectory() as folder, jupyterlab(folder) as address, chromium() as browser:
        if browser is None:
            sys.exit(NO_CHROMIUM)
        bench = Bench(browser.new_page(viewport={"width": 1200, "height": 900}), address, Path(folder))
        took: dict[str, list[Change]] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way in WAYS:
                bench.turn(way)
                took[way] += [bench.one_change(way) for _ in range(-(-changes // ROUNDS))]
        return {way: summary(took[way], bench.drag(way), bench.areas[way].evaluate(HEIGHT)) for way in WAYS}


def summary(changes: list[Change], last_picture: float, height_change: float) -> dict[str, float]:
    painted, busy, received = zip(*changes)
    return {
        "median_ms": statistics.median(painted),
        "p95_ms": statistics.quantiles(painted, n=20)[-1],
        "kernel_ms": statistics.median(busy),
        "bytes": statistics.median(received),
        "last_picture_ms": last_picture,
        "height_change_px": height_change,
    }


def first_picture_ratio(times: int = 5) -> float:
    """From a fresh kernel to the first explorer's picture, over the bare imports of torch and ipywidgets."""
    bare, ours = "import torch, ipywidgets", "from helpers import explore_constructor\nexplore_constructor()"
    took: dict[str, list[float]] = {bare: [], ours: []}
    for _ in range(times):
        for code, seconds in took.items():
            seconds.append(first_cell(code))
    return statistics.median(took[ours]) / statistics.median(took[bare])


def first_cell(code: str) -> float:
    """Seconds that `code` takes as the first cell of a new kernel."""
    manager, client = start_new_kernel(extra_arguments=["--IPKernelApp.log_level=ERROR"])
    try:
        began = time.perf_counter()
        reply = client.execute_interactive(code, output_hook=lambda message: None, timeout=60)
        assert reply["content"]["status"] == "ok", reply["content"]
        return time.perf_counter() - began
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def measure(changes: int) -> dict[str, Any]:
    ways = measure_ways(changes)
    ours, usual, floor = ways["ours"], ways["usual"], ways["floor"]
    return {
        "ratio_to_floor": ours["median_ms"] / floor["median_ms"],
        "speedup_over_interact": usual["median_ms"] / ours["median_ms"],
        "speedup_over_tuned": ways["tuned"]["median_ms"] / ours["median_ms"],
        "kernel_ms": ours["kernel_ms"],
        "last_picture_ms": ours["last_picture_ms"],
        "first_picture_ratio": first_picture_ratio(),
        "height_change_px": ours["height_change_px"],
        "changes": changes,
        "ways": ways,
    }


REACH = {  # what the course promises
    "ratio_to_floor": ("at most", 1.4),
    "speedup_over_interact": ("at least", 6),
    "kernel_ms": ("under", 12),
    "last_picture_ms": ("within", 150),
    "height_change_px": ("at most", 0),
    "first_picture_ratio": ("at most", 1.3),
}


def table(result: dict[str, Any]) -> str:
    columns = list(result["ways"]["ours"])
    lines = ["| way | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for way, took in result["ways"].items():
        lines.append(f"| {way} | " + " | ".join(f"{took[column]:.0f}" for column in columns) + " |")
    lines += ["", "| ours | measured | wanted |", "| --- | ---: | --- |"]
    lines += [f"| {name} | {result[name]:.2f} | {words} {limit} |" for name, (words, limit) in REACH.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    parser.add_argument("--changes", type=int, default=60, help="of each way; at least 30 for a p95 that means something")
    arguments = parser.parse_args()
    result = measure(arguments.changes)
    print(json.dumps(result, indent=2) if arguments.json else table(result))


if __name__ == "__main__":
    main()
