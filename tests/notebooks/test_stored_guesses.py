"""A guess is a guess: whoever reads a notebook from the top sees no answer before a click.

What answers a guess is folded: the outputs of the cells after it, and the words, in a block that opens with "After your guess".
The rest of that section is still searched for the answer, and for names that tell it. `tools/store_notebooks.py` folds the outputs,
and gives them the tag by which the course's JupyterLab keeps them folded when all cells run. `tests/test_browser.py` looks for
spoilers in the notebooks as they are then.
"""

import ast
import re
import tokenize
from io import StringIO

import pytest
from nbformat.v4 import new_output
from store_notebooks import ANSWERS
from stored import EACH, code, code_cells, made_of, page, printed, prose, read, words

ASKS = re.compile(
    r"\b(Guess|Predict)\b|\*\*(guess|predict)|\b(guess|predict) (before|how|its|what|which)|what do you think", re.I
)
FOLDED = re.compile(r"<details><summary>After your guess</summary>\n\n.+?\n\n</details>", re.S)
HEADING = re.compile(r"^## .*", re.M)
ANSWER = re.compile(r"The answer is <b>(.*?)</b>")
LONE_EXPLORER = re.compile(r"explore\w*\([^\n]*\)\s*\Z")  # its still picture is the one before any move
TELLS = set("bad broken correct forgetful forgotten good misread missing mistake mixed right wasted worse wrong".split())
HEADING_TELLS = TELLS | set("little nobody repair stays swapped".split())  # in a heading
SCREEN = 4  # cells after a guess that can be on the screen with it


def spoilers(notebook):
    """What tells an answer in view, such as "predict(...): shows its output: `print(x)`"."""
    found = []
    for place, cell in enumerate(notebook.cells):
        if place == 0 or "-own-" in cell.id or not is_guess(notebook.cells, place):
            continue
        answer = answer_of(cell)
        later = rest_of_section(notebook.cells, place)
        told = [
            *tells(cell),
            *heading_tells(notebook.cells[: place + 1]),
            *in_view(later),
            *in_text(later[:SCREEN], answer),
            *in_text(notebook.cells[place + 1 :][:SCREEN], long(answer)),
            *in_text(above(notebook.cells, place), long(answer)),
        ]
        found += [f"{name_of(cell)}: {what}" for what in dict.fromkeys(told)]
    return found


def is_guess(cells, place):
    cell = cells[place]
    if cell.cell_type == "code":
        return bool(re.search(r"^predict\(", cell.source, re.M))
    asked = ASKS.search(HEADING.split(FOLDED.sub("", cell.source))[-1])
    return bool(asked) and cells[place + 1].cell_type == "code" and not is_guess(cells, place + 1)


def name_of(cell):
    return " ".join((ASKS if cell.cell_type == "markdown" else re.compile("predict")).split(cell.source)[-1].split())[:60]


def answer_of(cell):
    found = ANSWER.findall("".join(words_of_pages(cell)))
    return found[-1] if found else ""


def words_of_pages(cell):
    return [output.data["text/html"] for output in cell.get("outputs", []) if "text/html" in output.get("data", {})]


def long(answer):
    """What may not stand above a guess either: a shape or a word. A number of one digit stands everywhere."""
    return answer if len(answer) > 3 else ""


def rest_of_section(cells, place):
    """The cells after a guess; the last is cut at the next heading."""
    found = []
    for cell in cells[place + 1 :]:
        if cell.cell_type == "markdown" and HEADING.search(cell.source):
            return [*found, prose(HEADING.split(cell.source)[0])]
        found.append(cell)
    return found


def above(cells, place):
    found = []
    for cell in reversed(cells[:place]):
        if cell.cell_type == "code" and "predict(" not in cell.source:
            found.append(cell)
        if cell.cell_type == "markdown" and HEADING.search(cell.source):
            break
    return found


def is_hidden(cell):
    """Whether its outputs are folded, for JupyterLab and for Colab, and stay so when all cells run."""
    stays = ANSWERS in cell.metadata.get("tags", [])
    return bool(stays and cell.metadata.get("jupyter", {}).get("outputs_hidden") and cell.metadata.get("collapsed"))


def first_lines(notebook):
    """The cells of which a line is in view: in the place of folded outputs any JupyterLab writes the first line of the first one."""
    return [cell.source for cell in code_cells(notebook) if is_hidden(cell) and cell.outputs[0].get("data") != {}]


def in_view(cells):
    """Outputs, and words after the last of them, that stand in view before the block "After your guess"."""
    found, told = [], ""
    for cell in cells:
        if cell.cell_type == "markdown":
            if FOLDED.search(cell.source):
                return found
            told = cell.source
            continue
        told = ""
        if cell.outputs and not is_hidden(cell) and not LONE_EXPLORER.match(cell.source):
            found.append(f"shows its output: `{cell.source.splitlines()[0]}`")
    return found + ([f"is told: {told.strip()[:40]}"] if told.strip() else [])


def in_text(cells, answer):
    """The answer itself, in visible words or outputs; and code that tells."""
    pattern = as_pattern(answer)
    found = []
    for cell in cells:
        if cell.cell_type == "markdown":
            seen = FOLDED.sub("", cell.source)
            found += ["a habit tells what went wrong"] * ("**Habit" in seen)
        else:
            found += tells(cell)
            seen = comments(cell.source) if is_hidden(cell) else comments(cell.source) + words(cell).removeprefix(cell.source)
        if pattern and pattern.search(seen):
            found.append(f"the answer {answer} stands in: {' '.join(seen.split())[:50]}")
    return found


def as_pattern(answer):
    """A number or a word for itself; a shape with or without the names of its axes; a yes or no only where it is said."""
    if answer in ("", "yes", "no"):
        return re.compile(rf"^\W*{answer}\b", re.I) if answer else None
    if answer.startswith("("):
        return re.compile(r"[(\[]" + r", ".join(rf"(?:[\w*]+=)?{n}" for n in re.findall(r"\d+", answer)) + r",?[)\]]")
    return re.compile(rf"(?<![\w.=,(\[]){re.escape(answer)}(?![\w\])]|\.\d|, \d)")


def tells(cell):
    """Names and comments of a cell that say what is right."""
    if cell.cell_type == "markdown":
        return []
    names = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.keyword) and node.arg}
    found = [f"the name `{name}`" for name in sorted(names) if TELLS & set(name.split("_"))]
    said = TELLS & set(re.findall(r"\w+", comments(cell.source).lower()))
    return found + [f"a comment says {word}" for word in sorted(said)]


def heading_tells(cells):
    """Words of the heading above a guess that say what is wrong."""
    headings = [line for cell in cells if cell.cell_type == "markdown" for line in HEADING.findall(cell.source)]
    said = HEADING_TELLS & set(re.findall(r"\w+", headings[-1].lower())) if headings else set()
    return [f"the heading says {word}" for word in sorted(said)]


def comments(source):
    return "\n".join(
        token.string for token in tokenize.generate_tokens(StringIO(source).readline) if token.type == tokenize.COMMENT
    )


@EACH
def test_no_answer_is_in_view_before_the_guess(path):
    assert spoilers(read(path)) == [] == first_lines(read(path))


# ---- each check finds its fault -----------------------------------------------------------------------------------------


ASKED = "<details><summary><b>Predict:</b> Q</summary><p>The answer is <b>{}</b></p></details>"
AFTER = "<details><summary>After your guess</summary>\n\n{}\n\n</details>"


def hidden(source, *outputs):
    cell = code(source, new_output("display_data"), *outputs)
    cell.metadata = {"collapsed": True, "jupyter": {"outputs_hidden": True}, "tags": [ANSWERS]}
    return cell


def asked(answer, *after, source='predict("Q", x)'):
    return made_of(prose("# T"), code(source, page(ASKED.format(answer))), *after)


@pytest.mark.parametrize(
    "after",
    [
        [],
        [prose("## Next"), code("f()", printed("7"))],
        [hidden("f()", printed("7")), prose(AFTER.format("7, of course.") + "\n\nNow:\n\n## Next\n\n7")],
        [prose("A row is a word."), hidden("f()", printed("7")), prose(AFTER.format("Seven: 7."))],
        [code("explore()", page("<p>moves</p>")), prose(AFTER.format("7"))],
    ],
)
def test_a_secret_is_kept(after):
    assert spoilers(asked("7", *after)) == []


@pytest.mark.parametrize(
    "answer, after, told",
    [
        ("no", [code("f()", printed("False")), prose(AFTER.format("No."))], "shows its output: `f()`"),
        ("no", [prose("They differ.")], "is told: They differ."),
        ("no", [hidden("f()", printed("False")), prose("They differ.\n\n## Next")], "is told: They differ."),
        ("7", [hidden("f()  # 7 words", printed("7")), prose(AFTER.format("7"))], "the answer 7 stands in: # 7 words"),
        ("7", [prose(AFTER.format("7") + "\n\nWith 7 words:")], "the answer 7 stands in: With 7 words:"),
        ("(4, 7)", [prose(AFTER.format("So.")), code("f()", printed("(H_out=4, H_in=7)"))], "the answer (4, 7) stands in:"),
        ("(4, 7)", [prose(AFTER.format("So.") + "\n\n## Next"), code("f()", printed("[4, 7]"))], "the answer (4, 7) stands in:"),
        ("queen", [prose(AFTER.format("So.") + "\n\nA queen is near.")], "the answer queen stands in: A queen is near."),
        ("no", [hidden("wrong = f()", printed("1")), prose(AFTER.format("No."))], "the name `wrong`"),
        ("no", [hidden("f(right=1)  # a mistake", printed("1")), prose(AFTER.format("No."))], "a comment says mistake"),
    ],
)
def test_a_spoiler_is_found(answer, after, told):
    assert any(told in found for found in spoilers(asked(answer, *after)))


def test_a_spoiler_in_the_question_or_above_it_is_found():
    assert "the name `wrong`" in spoilers(asked("no", source='wrong = 1\npredict("Q", wrong)'))[0]
    assert "a comment says wrong" in spoilers(asked("no", source='y = 1  # wrong\npredict("Q", y)'))[0]
    table = made_of(prose("# T"), code("f()", printed("(4, 7)")), *asked("(4, 7)").cells[1:])
    assert "the answer (4, 7) stands in" in spoilers(table)[0]


def test_a_heading_and_a_habit_that_tell_are_found():
    kept = asked("no", prose(AFTER.format("No.\n\n**Habit: permute.**"))).cells[1:]
    assert spoilers(made_of(prose("# T"), prose("## Two calls"), *kept)) == []
    assert "the heading says swapped" in spoilers(made_of(prose("# T"), prose("## Axes swapped"), *kept))[0]
    assert "a habit tells" in spoilers(asked("no", prose(AFTER.format("No.") + "\n\n**Habit: permute.**")))[0]


def test_the_first_line_of_a_folded_output_is_found():
    leaks = hidden("f()", printed("7"))
    assert first_lines(made_of(leaks)) == []
    del leaks.outputs[0]
    assert first_lines(made_of(leaks)) == ["f()"]


def test_an_output_that_opens_when_all_cells_run_is_found():
    opens = hidden("f()", printed("7"))
    del opens.metadata["tags"]
    assert "shows its output: `f()`" in spoilers(asked("7", opens, prose(AFTER.format("7"))))[0]


@pytest.mark.parametrize("text", ["Will it complain? Guess, then run.", "**Guess** what comes.", "What do you think: is it 5?"])
def test_a_guess_in_the_prose_is_one_too(text):
    assert "shows its output" in spoilers(made_of(prose("# T"), prose(text), code("f()", printed("1"))))[0]
    kept = [prose("# T"), prose(text), hidden("f()", printed("1")), prose(AFTER.format("1"))]
    assert spoilers(made_of(*kept)) == []
