"""What the tests share: one thread of torch, a browser, golden files, and the flag that writes them anew."""

import os
from pathlib import Path

import pytest
import torch

os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the kernels; this process has loaded torch already

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption("--rewrite-golden", action="store_true", help="write tests/golden anew, from what is shown today")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """For networks this small more threads only wait for each other, and the workers of xdist share the cores."""
    torch.set_num_threads(1)


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
