"""A real JupyterLab in a real Chromium: what the browser tests and the benchmark drive, and a way to take pictures of the course.

    python tools/lab.py 02 picture.png --width 390 --dark     all of notebook 02, as a learner sees it after "run all"
    python tools/lab.py 02 picture.png --explorer 1 --press End     its first explorer, every slider at its largest

It changes nothing in the checkout: JupyterLab sees a copy of the notebooks, and has settings of its own. It listens on
the loopback alone, and Chromium is told to find no other host.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from store_notebooks import NOTEBOOKS, WIDGET_VIEW, choose

NO_CHROMIUM = "No Chromium here: install your system's `chromium`, or run `python -m playwright install chromium`."

CONFIG = Path(__file__).parent / "jupyter"  # what start.py gives a learner's JupyterLab
# And over that: every cell in the page at once, also those out of sight, so that all of them can be counted and measured.
SETTINGS = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}
OPTIONS = [
    "--allow-root",
    "--no-browser",
    "--ip=127.0.0.1",
    "--LabApp.expose_app_in_browser=True",
    # Should this process be killed before it can end the server: five idle minutes end the kernels, then the server.
    "--MappingKernelManager.cull_idle_timeout=300",
    "--ServerApp.shutdown_no_activity_timeout=300",
]
OWN_FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}
# Beyond what Playwright itself passes to keep Chromium quiet; the last holds even for what forgets to be.
FLAGS = ["--disable-gpu", "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]

EXPLORER = ".jp-OutputArea-output:has(> .jupyter-widgets)"  # the output area of one explorer
VIEWS = ".widget-html-content"  # what an explorer shows, each a widgets.HTML
SPLASH = "#jupyterlab-splash"  # over the page while it starts, or changes its theme
OPEN = "window.jupyterapp.shell.currentWidget"  # the notebook on top
READY = f"{OPEN}?.sessionContext?.session?.kernel?.connectionStatus == 'connected'"
# A request that does nothing is answered after all that was asked of the kernel before.
ANSWERED = f"{OPEN}.sessionContext.session.kernel.requestExecute({{ code: '' }}).done.then(() => {{}})"
CLEAR = "window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
RUN_ALL = "window.jupyterapp.commands.execute('notebook:run-all-cells')"  # comes back before the last cell does
CLOSE = f"(panel => {{ panel.sessionContext.shutdown(); panel.dispose(); }})({OPEN})"  # without waiting for the kernel
NOTEBOOK = f"{OPEN}.content.model.toJSON()"
DRAWN = f"count => document.querySelectorAll('{EXPLORER}:has({VIEWS})').length == count"


@contextlib.contextmanager
def copied_notebooks() -> Iterator[Path]:
    """A temporary folder with a copy of every notebook."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for path in NOTEBOOKS.glob("*.ipynb"):
            shutil.copy(path, folder)
        yield Path(folder)


@contextlib.contextmanager
def jupyterlab(folder: str | Path) -> Iterator[str]:
    """A JupyterLab on `folder`, ended at the end of the block; yields its address."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        own = Path(name)
        folders = {variable: str(own / place) for variable, place in OWN_FOLDERS.items()}
        variables = os.environ | folders | {"JUPYTER_CONFIG_PATH": str(CONFIG)}
        overrides = own / "config" / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir(parents=True)
        overrides.write_text(json.dumps(SETTINGS), encoding="utf-8")
        command = [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--ServerApp.root_dir={folder}"]
        with open(own / "log.txt", "w+", encoding="utf-8") as log:
            process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
            try:
                yield wait_for_address(process, own)
            finally:
                process.terminate()  # it ends its kernels first
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def wait_for_address(process: "subprocess.Popen[bytes] | subprocess.Popen[str]", own: Path, seconds: float = 60) -> str:
    """The address JupyterLab notes down once it listens: it takes a port that is free, and makes a key of its own."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        for note in (own / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # half written
                told = json.loads(note.read_text(encoding="utf-8"))
                return f"{told['url']}lab?reset&token={told['token']}"
        time.sleep(0.1)
    raise RuntimeError("JupyterLab did not start:\n" + (own / "log.txt").read_text(encoding="utf-8"))


def find_chromium(playwright: Playwright) -> str | None:
    """The path of Playwright's own Chromium, else of the system's; None if there is none."""
    own = playwright.chromium.executable_path
    system = map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])
    return own if Path(own).exists() else next(filter(None, system), None)


@contextlib.contextmanager
def chromium() -> Iterator[Browser | None]:
    """A headless Chromium with an empty profile, closed at the end of the block; None where there is none."""
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            yield None
            return
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def open_lab(page: Page, address: str) -> None:
    """Load JupyterLab into the page, with its side bar folded away."""
    page.goto(address)
    page.wait_for_function("window.jupyterapp")
    page.evaluate("window.jupyterapp.restored.then(() => window.jupyterapp.shell.collapseLeft())")


def open_notebook(page: Page, name: str) -> None:
    """Open a notebook of JupyterLab's folder and wait for its kernel, which has run nothing yet."""
    page.evaluate("async path => { await window.jupyterapp.commands.execute('docmanager:open', { path }); }", name)
    page.wait_for_function(READY, timeout=120_000)  # on a busy machine a kernel needs long


def close_notebook(page: Page) -> None:
    """End the open notebook's kernel, and close it without a question about saving."""
    page.evaluate(CLOSE)


def set_theme(page: Page, dark: bool) -> None:
    name = "JupyterLab Dark" if dark else "JupyterLab Light"
    # JupyterLab covers itself while it changes, and complains if it has to do so twice at once ("removeChild").
    page.wait_for_selector(SPLASH, state="detached")
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
    page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")
    page.wait_for_selector(SPLASH, state="detached")


def run_all(page: Page) -> dict[str, Any]:
    """Run every cell and wait until each explorer is drawn; return the notebook as JupyterLab has it then."""
    for step in (CLEAR, RUN_ALL, ANSWERED):
        page.evaluate(step)
    notebook: dict[str, Any] = page.evaluate(NOTEBOOK)
    opened = [cell for cell in notebook["cells"] if not cell["metadata"].get("collapsed")]  # what is folded is not drawn
    outputs = [output for cell in opened for output in cell.get("outputs", [])]
    page.wait_for_function(DRAWN, arg=sum(WIDGET_VIEW in output.get("data", {}) for output in outputs))
    return notebook


def press_sliders(page: Page, key: str) -> None:
    """Press Home or End on every slider, which moves it to its smallest or largest value, and wait for the pictures."""
    for handle in page.query_selector_all(f"{EXPLORER} [role=slider]"):
        handle.press(key)
    page.evaluate(ANSWERED)
    page.wait_for_timeout(200)  # JupyterLab lays itself out


def photograph(name: str, picture: str, width: int, dark: bool, explorer: int | None, press: str | None) -> None:
    """Run a notebook, and store its picture."""
    try:
        (path,) = choose([name], NOTEBOOKS)
    except ValueError as error:
        sys.exit(str(error))
    with copied_notebooks() as folder, jupyterlab(folder) as address, chromium() as browser:
        if browser is None:
            sys.exit(NO_CHROMIUM)
        page = browser.new_page(viewport={"width": width, "height": 900})
        open_lab(page, address)
        set_theme(page, dark)
        open_notebook(page, path.name)
        run_all(page)
        if press:
            press_sliders(page, press)
        height = page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
        page.set_viewport_size({"width": width, "height": height + 120})  # room for the menu and the tool bar
        page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
        page.wait_for_timeout(1000)
        (page.locator(EXPLORER).nth(explorer - 1) if explorer else page).screenshot(path=picture)


def main() -> None:
    summary, *details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog="".join(details), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="of a notebook, or its number, such as 02")
    parser.add_argument("picture", help="the file to write, such as picture.png")
    parser.add_argument("--width", type=int, default=1200, help="of the window, in pixels")
    parser.add_argument("--dark", action="store_true", help="JupyterLab's dark theme")
    parser.add_argument("--explorer", type=int, metavar="N", help="only the Nth explorer, counted from 1")
    parser.add_argument("--press", choices=["Home", "End"], help="first press this key on every slider")
    photograph(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
