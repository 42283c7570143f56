"""The rule that turns a notebook into slides, and that a deck asks nobody for anything."""

import re
from types import SimpleNamespace

import make_slides
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from store_notebooks import NOTEBOOKS

from helpers import explore_steps

PARTS = {"css": "", "reveal_css": "/* the style */", "reveal_js": "/* the script */", "mathjax": "/* formulas */"}
PICTURE = new_output("display_data", data={"text/html": '<img alt="a picture">', "text/plain": "Picture"})
TEXT = new_output("stream", name="stdout", text="True\n")


def kinds(*cells):
    return [(cell.metadata.slideshow.slide_type, cell.source) for cell in make_slides.deck(new_notebook(cells=cells)).cells]


def test_a_heading_begins_a_slide_wherever_it_stands():
    cells = new_markdown_cell("# Title"), new_markdown_cell("Said of the last.\n\n## Next\n\nText.\n\n### Not one")
    assert kinds(*cells) == [
        ("slide", "# Title"),
        ("subslide", "Said of the last."),
        ("slide", "## Next\n\nText.\n\n### Not one"),
    ]


def test_a_picture_stands_apart_from_the_code_that_made_it():
    cells = make_slides.deck(
        new_notebook(
            cells=[new_markdown_cell("# Title"), new_code_cell("rnn = nn.RNN(3, 4)\nshow(rnn)", outputs=[TEXT, PICTURE])]
        )
    ).cells
    assert [(cell.source, cell.get("outputs")) for cell in cells[1:]] == [
        ("rnn = nn.RNN(3, 4)\nshow(rnn)", [TEXT]),
        ("", [PICTURE]),
    ]


@pytest.mark.parametrize("source", ["show(a)", "explore_steps(rnn, x)", 'predict(\n    "Is it?",\n    True,\n)'])
def test_code_that_only_shows_is_left_out(source):
    assert kinds(new_markdown_cell("# T"), new_code_cell(source, outputs=[PICTURE]))[1:] == [("subslide", "")]


def test_imports_are_skipped_and_slide_types_set_by_hand_are_kept():
    notes = new_markdown_cell("Say it aloud.\n\n## Heading", metadata={"slideshow": {"slide_type": "notes"}})
    assert kinds(new_markdown_cell("# T"), new_code_cell("import torch\nx = 1"), notes)[1:] == [
        ("skip", "import torch\nx = 1"),
        ("notes", "Say it aloud.\n\n## Heading"),
    ]


def test_an_explorer_is_its_sentence_and_first_picture():
    html = explore_steps()._repr_mimebundle_()["text/html"]
    (shown,) = make_slides.cut(new_code_cell("explore_steps()", outputs=[new_output("display_data", data={"text/html": html})]))
    kept = shown[1].outputs[0].data["text/html"]
    assert re.fullmatch(r"<p [^>]*>Explorer: one step after the other\..*</p><img [^>]*>", kept)
    assert html.count("<img ") == 2 and html.index(re.search("<img .*", kept)[0]) == html.index("<img ")  # the first of two


def test_of_an_error_the_last_line_is_shown():
    error = new_output("error", ename="ValueError", evalue="expected 7, got 3", traceback=["long"])
    (shown,) = make_slides.cut(new_code_cell("rnn(x)", outputs=[error]))
    assert shown[1].outputs[0].text == "ValueError: expected 7, got 3\n"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_notebook_makes_slides_of_one_idea(path):
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in make_slides.deck(notebook).cells if cell.metadata.slideshow.slide_type != "skip"]
    headings = re.findall(r"^##? .+", "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown"), re.M)
    assert len([cell for cell in cells if cell.metadata.slideshow.slide_type == "slide"]) == len(headings)
    for cell in cells:
        assert sum("text/html" in output.get("data", {}) for output in cell.get("outputs", [])) <= 1


def test_a_deck_stands_alone():
    page = make_slides.build(nbformat.read(NOTEBOOKS / "01_rnn_theory.ipynb", as_version=4), "01", PARTS)
    assert all(part in page for part in PARTS.values())
    assert not re.findall(
        r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["'](?!data:)|@import|url\((?!["']?(?:data:|#))""", page
    )


def test_formulas_are_brought_only_where_there_are_some():
    page = make_slides.build(new_notebook(cells=[new_markdown_cell("# No formula")]), "none", PARTS)
    assert PARTS["mathjax"] not in page and PARTS["reveal_js"] in page


def test_without_npm_one_sentence_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(make_slides, "BUILD", tmp_path)
    monkeypatch.setattr(make_slides.shutil, "which", lambda name: None)
    assert make_slides.main(["00"]) == 1
    assert "install Node.js" in capsys.readouterr().err


def test_without_network_one_sentence_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(make_slides, "BUILD", tmp_path / "build")
    monkeypatch.setattr(make_slides.shutil, "which", lambda name: "npm")
    monkeypatch.setattr(make_slides.subprocess, "run", lambda *_, **options: SimpleNamespace(returncode=1))
    assert make_slides.main(["00"]) == 1
    assert capsys.readouterr().err == "npm could not bring reveal.js: connect to the internet and start again.\n"
