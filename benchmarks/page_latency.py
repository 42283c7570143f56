"""How long after a key is a new picture painted, on a page without a kernel, and beside a kernel?

    python benchmarks/page_latency.py                       a table
    python benchmarks/page_latency.py --json                one object
    python benchmarks/page_latency.py --site build/site     of a site that was built before, by `python start.py site`

page    every explorer of the site, opened from its folder: a key on one of its sliders or menus
kernel  the way "ours" of slider_latency.py, in a JupyterLab on this computer; and again with 50 ms before each message to
        the kernel and 50 ms before each answer, as from a server that is 100 ms away

All are measured in one run and in one browser. A move is timed from the time stamp that the browser gives the key to the moment
at which the frame with the new picture has been handed to the compositor. A callback of requestAnimationFrame runs at the
beginning of this frame, and a message that it posts is read right after its layout and its painting. A timer in the place of
the message would add a millisecond or more. `page_work_ms` is the processor time of the page's main thread for a move: other
programs that run at the same time lengthen it much less.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ElementHandle, Page
from slider_latency import Bench

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import build_site
from lab import NO_CHROMIUM, chromium, jupyterlab

WARM_UP = 2
REACH = {"page_p95_ms": 17, "ready_ms": 300, "site_mb": 12, "largest_frames_kb": 700}  # at most

# What is in the page before its own scripts: every message to and from the kernel waits.
DELAY = """window.delay = 0;
const { send } = WebSocket.prototype;
const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
const later = act => window.delay ? setTimeout(act, window.delay) : act();
WebSocket.prototype.send = function (...sent) { later(() => send.apply(this, sent)); };
Object.defineProperty(WebSocket.prototype, 'onmessage', {
    set(heard) { set.call(this, event => later(() => heard.call(this, event))); } });"""
# From the moment at which an explorer is in view to its first state.
COME = """place => new Promise(tell => {
    place.scrollIntoView();
    const began = performance.now();
    const look = () => place.dataset.ready ? tell(performance.now() - began) : setTimeout(look);
    look(); })"""
# Notes how long each move took, in the element of its explorer.
WATCH_PAGE = """place => {
    let pressed = 0;
    const painted = new MessageChannel();
    place.took = [];
    place.addEventListener('keydown', event => { pressed = event.timeStamp; }, true);
    place.addEventListener('input', () => requestAnimationFrame(() => painted.port1.postMessage(pressed)));
    painted.port2.onmessage = ({ data }) => place.took.push(performance.now() - data); }"""
# The key that moves a control, which may be at its end.
KEY = """control => {
    const [at, last] = control.options ? [control.selectedIndex, control.options.length - 1] : [+control.value, +control.max];
    return at == last ? 'ArrowUp' : at == 0 ? 'ArrowDown' : '';  }"""
MOVES = "control => control.options || +control.max > 0"  # a slider whose end is its beginning does not
PLACE = "[data-explorer]"


def page_moves(page: Page, place: ElementHandle, changes: int) -> tuple[list[float], float]:
    """For so many keys on the controls of an explorer: the ms from each to its painted picture, and the ms of work for one."""
    place.evaluate(WATCH_PAGE)
    controls = place.query_selector_all(".controls select, .controls [type=range]")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def work() -> float:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    began = work()
    for number in range(1, 1 + WARM_UP + changes):
        control = random.choice([one for one in controls if one.evaluate(MOVES)])
        control.focus()
        is_menu = control.evaluate("control => !!control.options")
        key = control.evaluate(KEY) or random.choice(["ArrowUp", "ArrowDown"])
        if not is_menu:  # upwards is more on a slider, and the option before in a menu
            key = {"ArrowUp": "ArrowDown", "ArrowDown": "ArrowUp"}[key]
        # A person has come to the control before the key: the frame that draws its focus is not the key's. The key comes at any
        # moment between two frames of the screen.
        page.wait_for_timeout(40 + random.uniform(0, 17))
        page.keyboard.press(key)
        page.wait_for_function("([place, number]) => place.took.length == number", arg=[place, number], polling=20)
    took: list[float] = place.evaluate("place => place.took")
    return took[WARM_UP:], 1000 * (work() - began) / len(took)


def measure_pages(browser: Browser, site: Path, changes: int) -> tuple[dict[str, tuple[list[float], float]], list[float]]:
    """The ms of each explorer's moves and of its work, and the ms until each was ready."""
    moves, ready = {}, []
    for path in sorted(site.glob("*.html")):
        if "data-explorer=" not in path.read_text(encoding="utf-8"):
            continue
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(path.as_uri())
        for place in page.query_selector_all(PLACE):
            ready.append(place.evaluate(COME))
            page.wait_for_timeout(300)
            moves[f"{path.stem[:2]} {place.get_attribute('data-explorer')}"] = page_moves(page, place, changes)
        page.close()
    return moves, ready


def measure_kernel(browser: Browser, changes: int) -> tuple[float, float]:
    """The median ms of a move with a kernel on this computer, and with one that is 100 ms away."""
    with tempfile.TemporaryDirectory() as folder, jupyterlab(folder) as address:
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.add_init_script(DELAY)
        bench = Bench(page, address, Path(folder))
        medians = []
        for delay in (0, 50):
            page.evaluate("delay => { window.delay = delay; }", delay)
            bench.turn("ours")
            medians.append(statistics.median(bench.one_change("ours")[0] for _ in range(changes)))
        page.close()
    return medians[0], medians[1]


def measure(site: Path, changes: int) -> dict[str, Any]:
    with chromium() as browser:
        if browser is None:
            sys.exit(NO_CHROMIUM)
        moves, ready = measure_pages(browser, site, changes)
        local, remote = measure_kernel(browser, changes)
    p95 = {name: statistics.quantiles(took, n=20)[-1] for name, (took, _) in moves.items()}
    return {
        "page_p95_ms": max(p95.values()),  # of the slowest explorer
        "page_median_ms": statistics.median(ms for took, _ in moves.values() for ms in took),
        "page_work_ms": max(work for _, work in moves.values()),  # of the explorer that needs most
        "ready_ms": max(ready),
        "kernel_local_ms": local,
        "remote_100ms_ms": remote,
        "site_mb": sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6,
        "largest_frames_kb": max(path.stat().st_size for path in (site / "frames").iterdir()) / 1e3,
        "explorers": {
            name: {"median_ms": statistics.median(took), "p95_ms": p95[name], "work_ms": work}
            for name, (took, work) in moves.items()
        },
    }


def table(result: dict[str, Any]) -> str:
    lines = ["| figure | measured | at most |", "| --- | ---: | ---: |"]
    lines += [f"| `{name}` | {value:.1f} | {REACH.get(name, '')} |" for name, value in result.items() if name != "explorers"]
    lines += ["", "| explorer | median ms | p95 ms | work ms |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {name} | {' | '.join(f'{ms:.1f}' for ms in took.values())} |" for name, took in result["explorers"].items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    parser.add_argument("--site", type=Path, help="the folder of a site; without it, one is built")
    parser.add_argument("--changes", type=int, default=40, help="of each explorer; at least 30 for a p95 that means something")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = arguments.site or build_site.build(Path(folder) / "site").parent
        result = measure(site.resolve(), arguments.changes)
    print(json.dumps(result, indent=2) if arguments.json else table(result))


if __name__ == "__main__":
    main()
