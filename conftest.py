"""How the suite runs: what `--all` adds to it, one thread of torch, a browser, and golden files.

What is asked of a notebook while nbval has its kernel is in tests/notebooks/kernel_checks.py.
"""

import os
from pathlib import Path

import forked_kernels
import pytest

pytest_plugins = ["kernel_checks"]

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded, here and in the kernels

KERNELS = pytest.StashKey()
GOLDEN = Path(__file__).parent / "tests" / "golden"


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="also the sweeps: tests that try many states, and take minutes")
    parser.addoption("--rewrite-golden", action="store_true", help="write tests/golden again, from what is shown today")


def pytest_configure(config):
    """Let the notebooks' kernels begin with their imports done, the workers' too."""
    if forked_kernels.CAN_FORK:
        if not hasattr(config, "workerinput"):
            config.stash[KERNELS] = forked_kernels.start()
        config.option.nbval_current_env, config.option.nbval_kernel_name = False, "python3"


def pytest_collection_modifyitems(config, items):
    """Leave out the sweeps if they were not asked for."""
    sweeps = [] if config.option.all else [item for item in items if item.get_closest_marker("sweep")]
    config.hook.pytest_deselected(items=sweeps)
    wanted = [item for item in items if config.option.all or not item.get_closest_marker("sweep")]
    # The longest begin: the browser's file on one worker, meanwhile the notebooks on the other. Short files then end together.
    items[:] = sorted(wanted, key=lambda item: (item.path.name != "test_browser.py", item.path.suffix != ".ipynb"))


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """For networks this small more threads only wait for each other, and the workers of xdist share the cores."""
    import torch  # here, not above: the process that only hands out tests needs no torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def printed_as_usual():
    """Notebooks set how torch prints numbers, and some tests run their cells in this process."""
    import torch

    torch.set_printoptions(profile="default")


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; without one the test is skipped, and says so."""
    from lab import NO_CHROMIUM, chromium  # here, not above: most tests need no browser

    with chromium() as browser:
        if browser is None:
            pytest.skip(NO_CHROMIUM)
        yield browser


@pytest.fixture
def golden(request):
    """Compare a text with the file of that name in tests/golden; with --rewrite-golden, write the file instead."""

    def compare(name, text):
        path = GOLDEN / name
        if request.config.getoption("--rewrite-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8", newline="\n")
        assert path.is_file(), f"no golden file {name}; `pytest tests/test_tables.py --rewrite-golden` writes it"
        assert text + "\n" == path.read_text(encoding="utf-8")

    return compare
