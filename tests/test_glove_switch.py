"""Notebook 06 with its one switch turned to "6B.50d": every cell runs unchanged on vectors that came from a server."""

import gzip
import random
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from helpers import load_glove
from helpers.words.vector_sources import is_contraction

NOTEBOOK = next(Path(__file__).parent.parent.glob("notebooks/06_*.ipynb"))
MINI, REAL = 'GLOVE = "mini"', 'GLOVE = "6B.50d"'


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A web server with a file like GloVe's: 50 numbers a word, no contraction, other words between."""
    numbers, lines = random.Random(0), []
    for place, word in enumerate(load_glove("mini").index_to_token):
        lines += [f"other{place}"] + ([] if is_contraction(word) else [word])
    rows = [" ".join([word, *(f"{numbers.gauss(0, 1):.5f}" for _ in range(50))]) for word in lines]
    text = "\n".join([f"{len(rows)} 50", *rows, ""])
    (tmp_path / "glove-wiki-gigaword-50.gz").write_bytes(gzip.compress(text.encode()))

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("UNROLLED_GLOVE_URL", f"http://127.0.0.1:{http.server_port}/{{name}}.gz")
        monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield
        http.shutdown()


@pytest.mark.sweep
def test_every_cell_works_unchanged_with_real_vectors(server):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    switches = [cell for cell in notebook.cells if MINI in cell.source]
    assert len(switches) == 1
    switches[0].source = switches[0].source.replace(MINI, REAL)
    resources = {"metadata": {"path": NOTEBOOK.parent}}
    NotebookClient(notebook, timeout=120, resources=resources).execute()  # a cell that fails raises here
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    assert "653 words of 50 numbers" in printed  # all but the five contractions
    for name in ("mini", "6B.50d"):  # both are compared
        assert f"{name}  king" in printed and f"{name}  cities" in printed
    assert "(L=3, N=1, H_in=50)" in str([output.get("data", {}).get("text/plain") for output in outputs])
