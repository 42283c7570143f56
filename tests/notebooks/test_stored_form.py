"""The form of a lesson: short cells, prose between them, one skeleton, a file that a page can load."""

import pytest
from reading_time import word_count
from stored import EACH, NOTEBOOKS, ROOT, code, first_line, made_of, prose, prose_cells, read

SKELETON = (
    "**You will**",
    "**You will learn**",
    "**You need**",
    "minutes.**",
    "## On your own",
    "## What we have seen",
    "**Next:**",
)


def too_long(notebook):
    """More lines, columns or words than a reader takes in at a glance; code without a word between, or words without code."""
    found, in_a_row, told = [], 0, 0
    for cell in notebook.cells:
        in_a_row = in_a_row + 1 if cell.cell_type == "code" else 0
        told = told + word_count(cell.source) if cell.cell_type == "markdown" and "-own-" not in cell.id else 0
        if in_a_row > 3:
            found.append(f"{in_a_row} code cells in a row: {first_line(cell)}")
        lines = cell.source.splitlines()
        if cell.cell_type == "code" and (len(lines) > 15 or any(len(line) > 100 for line in lines)):
            found.append(f"{len(lines)} lines, {max(map(len, lines))} columns: {first_line(cell)}")
        if told > 150:
            found.append(f"{told} words and nothing to look at: {first_line(cell)}")
        if cell.cell_type == "markdown" and word_count(cell.source) > 80:
            found.append(f"{word_count(cell.source)} words: {first_line(cell)}")
    return found


def missing_parts(notebook, parts=SKELETON):
    text = "\n".join(cell.source for cell in prose_cells(notebook))
    return [part for part in parts if part not in text]


@EACH
def test_cells_are_short(path):
    assert too_long(read(path)) == []


@EACH
def test_a_lesson_has_its_parts_and_its_length(path):
    notebook = read(path)
    lesson = [cell for cell in notebook.cells if "-own-" not in cell.id]  # without the exercises: tests/test_exercises.py
    assert 15 <= len(lesson) <= 45
    assert missing_parts(notebook) == []


@EACH
def test_the_file_is_small(path):
    assert path.stat().st_size < 1_000_000


def test_every_notebook_is_on_both_maps():
    for page in (ROOT / "README.md", NOTEBOOKS[0]):
        text = page.read_text(encoding="utf-8")
        assert [path.name for path in NOTEBOOKS[1:] if path.name not in text] == []


# ---- each check finds its fault -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells, words",
    [
        ([code("x\n" * 16)], "16 lines"),
        ([code("x = " + "1" * 100)], "104 columns"),
        ([prose("word " * 81)], "81 words"),
        ([prose("word " * 80), prose("word " * 71)], "151 words and nothing to look at"),
        ([code("1") for _ in range(4)], "4 code cells in a row"),
    ],
)
def test_a_cell_that_is_too_long_is_found(cells, words):
    assert words in too_long(made_of(*cells))[0]


def test_what_is_not_read_is_not_counted():
    assert too_long(made_of(prose("| a " * 100), prose("word " * 80 + "$a b c$ [](a_b.ipynb)"), code("1"))) == []


def test_a_missing_part_is_found():
    assert missing_parts(made_of(prose("# T\n\n**You will** run.")), ("**You will**", "**Next:**")) == ["**Next:**"]
