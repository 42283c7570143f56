"""The questions of a page: what `predict`, the exercises and the quiz ask, and what tools/site/answers.js needs to judge.

The right answers are those that torch computed: of `predict`, the one stored in the notebook; of an exercise and of the quiz, the
one their own code gives now.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from pathlib import Path
from random import Random
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from site_explorers import unmarked

from helpers.exercises.answers import as_python, example, format_answer, read_answer
from helpers.exercises.checking import EXERCISES, solution_path
from helpers.exercises.exercise import Predict
from helpers.exercises.guesses import ask_back
from helpers.exercises.questions import LEVELS, TOPICS, Question, ask

ROOT = Path(__file__).resolve().parent.parent
EACH = 25  # questions of the quiz for each level

PREDICTED = re.compile(r"<details><summary><b>Predict:</b> (.*?)</summary><p>The answer is <b>(.*?)</b></p></details>")
CHECKED = re.compile(r'^check\("(\d\d\.\d)", \w+\)$', re.MULTILINE)
ASKING = re.compile(r"(predict|check|explore_quiz)\(|from helpers import (check|explore_quiz)$|question = |\w+ = \.\.\.$")
QUIZ_LINK = '<div class="ask"><p><a href="quiz.html">Play the shape quiz</a>: torch has computed its answers.</p></div>'

# What the notebooks say to somebody who can run them, and what a page says instead.
WORDS = [
    (
        r"^[^.\n]*\*\*Shift \+ Enter\*\*[^.\n]*\.( Do that with each cell[^.\n]*\.)?",
        "Read from the top. Where the page asks you, guess first. Where it has controls, move them.",
    ),
    (r"(Replace|Put your answer in the place of) `\.\.\.`.*?(\band run( the cell)?)\.", "Answer each question on this page."),
    (r"\n\nWrite your answer as `answer = \"a\"`\.", ""),
    (r"\bbefore you\s+run\s+the\s+(next\s+)?cell\b", "before you open what the cell shows"),
    (r"\b(guess|Predict) before you run\b", r"\1 before you look"),
    (
        r"and change things\. You can run any cell again\.",
        "and take the notebook to change things.",
    ),
    (r"^- \*\*To begin in the middle:\*\* run the first cell.*\n", ""),
    (r"^- \*\*Is something broken\?\*\* \*Kernel.*(\n|\Z)", ""),
    (r"Drag the slider `t`, or click its number and type\.", "Drag the slider `t`."),
    (r"Type your answer, and it is checked at once\.", "Your answer is checked at once."),
    (r"\bPress Enter after an answer\. ", ""),
    (
        r"\bempty a sentence, or use a word that does not exist\.",
        "choose nothing as sentence 0, or a word that does not exist.",
    ),
    (r"^Type anything\.", "Choose another sentence."),
    (r"\bNow type a sentence of your own\.", "Now choose another sentence."),
    (r"^Type the first words, and move", "Choose the first words, and move"),
]


def for_readers(markdown: str) -> str:
    """A cell of prose, as it is said to somebody who reads a page and can run nothing.

    >>> for_readers("**Guess** the shape before you run the cell.")
    '**Guess** the shape before you open what the cell shows.'
    """
    for said, instead in WORDS:
        markdown = re.sub(said, instead, markdown, flags=re.MULTILINE)
    return markdown


def as_json(answer: Any) -> Any:
    """An answer for the script, which has one kind of number only: what need not be exact is marked.

    >>> as_json((5, 2)), as_json(0.5), as_json(True), as_json("tanh")
    ([5, 2], {'near': 0.5}, True, 'tanh')
    """
    if isinstance(answer, tuple):
        return [*map(int, answer)]
    return {"near": answer} if isinstance(answer, float) else answer


def asked(answer: Any, why: str = "", exercise: Predict | None = None, axes: Sequence[str] = ()) -> dict[str, Any]:
    """What the script needs to judge an answer: `Asked` in tools/site/answers.js.

    >>> asked(20)["ask"], asked((5, 2), axes=("L", "N"))["axes"], asked(20)["hints"]
    ('a number in digits, please.', ['L', 'N'], [])
    """
    return {
        "answer": as_json(answer),
        "shown": format_answer(answer),
        "why": why,
        "ask": ask_back("?", answer, choices(answer, [*exercise.wrong] if exercise else [])),
        "wrong": [[as_json(as_python(other)), hint] for other, hint in exercise.wrong.items()] if exercise else [],
        "hints": [*exercise.hints] if exercise else [],
        "axes": [*(exercise.axes if exercise else axes)],
        "about": [*exercise.about] if exercise else [],
    }


def choices(answer: Any, wrong: Sequence[Any] = ()) -> list[str]:
    """The answers to choose from, where there are few: yes or no, or the letters of a list.

    >>> choices(False), choices("b", ["a", "c"]), choices("words", ["order"]), choices("c")
    (['yes', 'no'], ['a', 'b', 'c'], [], [])
    """
    if isinstance(answer, bool):
        return ["yes", "no"]
    letters = [answer, *wrong]
    are_letters = wrong and all(isinstance(letter, str) and len(letter) == 1 for letter in letters)
    return sorted(letters) if are_letters else []  # one button alone would tell the answer


def solution(number: str) -> tuple[str, str]:
    """The sentence that says why, and the code, of the solution of an exercise.

    >>> solution("00.2")
    ('h_n is the last state alone, however long the sequence was.', 'answer = 4')
    """
    text = (ROOT / solution_path(number)).read_text(encoding="utf-8")
    found = re.search(rf"^# {re.escape(number)} ([^\n]*\n(?:# [^\n]*\n)*)(.*?)^print\(check\(", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{number} has no solution"
    return " ".join(found[1].replace("\n# ", " ").split()), found[2].strip()


def ask_on_page(notebook: NotebookNode, file: str, made: HTMLExporter) -> NotebookNode:
    """A copy of the notebook in which a page's own forms and links stand for the cells that ask something."""
    page: NotebookNode = nbformat.v4.new_notebook(metadata=notebook.metadata)
    for cell in map(nbformat.from_dict, notebook.cells):
        if cell.cell_type == "markdown":
            cell.source = for_readers(cell.source)
        else:
            cell.source = unmarked(cell.source)  # which tells what to run
        form = _form(cell, file, made) if cell.cell_type == "code" else ""
        if form:
            cell.source, cell.outputs = _without_asking(cell.source), cell.outputs[:-1]  # the last is what the question gave
            cell.metadata["transient"] = {"remove_source": not cell.source}
            page.cells += [cell, nbformat.v4.new_raw_cell(form, metadata={"raw_mimetype": "text/html"})]
        else:
            page.cells.append(cell)
    return page


def _form(cell: NotebookNode, file: str, made: HTMLExporter) -> str:
    """The HTML that asks what the cell asks; empty where it asks nothing."""
    if "explore_quiz(" in cell.source:
        return QUIZ_LINK
    if checked := CHECKED.search(cell.source):
        exercise = EXERCISES[checked[1]]
        if isinstance(exercise, Predict):
            return exercise_form(exercise, made)
        why, code = solution(exercise.number)
        return _rendered(made, "write", file=file, hints=exercise.hints, why=why, solution=code)
    html = cell.outputs[-1].get("data", {}).get("text/html", "") if cell.outputs else ""
    predicted = PREDICTED.fullmatch(html)
    if predicted is None:
        return ""
    question, answer = unescape(predicted[1]), read_answer(unescape(predicted[2]))
    options, sample = choices(answer), example(answer)
    return _rendered(
        made, "ask", id=cell.id, name="Predict", question=question, asked=asked(answer), choices=options, example=sample
    )


def exercise_form(exercise: Predict, made: HTMLExporter) -> str:
    """The form of an exercise that asks for a shape, a number or a word."""
    answer, (why, _) = as_python(exercise.truth()), solution(exercise.number)
    data = asked(answer, why, exercise)
    options, name = choices(answer, [*exercise.wrong]), f"Exercise {exercise.number}"
    return _rendered(made, "ask", id=exercise.number, name=name, asked=data, choices=options, example=example(answer))


def _rendered(made: HTMLExporter, template: str, **values: Any) -> str:
    html: str = made.environment.get_template(f"{template}.html.j2").render(**values)
    return html


def _without_asking(source: str) -> str:
    """The code of a cell without the call that asks, and without what only this call needs.

    >>> _without_asking("x = 2\\npredict(\\n    'What is x?', x\\n)"), _without_asking("answer = ...\\ncheck('03.1', answer)")
    ('x = 2', '')
    """
    lines, tree = source.splitlines(), ast.parse(source)
    for node in reversed(tree.body):
        if ASKING.match(ast.get_source_segment(source, node) or ""):
            assert node.end_lineno is not None
            del lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(lines).strip()


def quiz_questions(seed: int = 0, each: int = EACH) -> list[dict[str, Any]]:
    """The questions of the quiz's page, as many for each level; none is asked twice.

    >>> first = quiz_questions(each=1)[0]
    >>> first["level"], first["topic"], first["shown"]
    (1, 'output and h_n', '(1, 7, 9)')
    """
    return [
        asked(question.answer, question.why) | {"level": level, "topic": question.topic.name, "text": question.text}
        for level in range(1, LEVELS + 1)
        for question in _different_questions(level, each, Random(f"{seed} {level}"))
    ]


def _different_questions(level: int, each: int, rng: Random) -> Iterator[Question]:
    seen: set[str] = set()
    while len(seen) < each:
        question = ask(level, rng)
        if question.text not in seen:
            seen.add(question.text)
            yield question


def quiz_topics(hrefs: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Where to read again about each topic: a link to the section, by the notebook's number in `hrefs`.

    >>> quiz_topics({number: f"{number}.html" for number in ("02", "03", "04", "05", "07", "13")})["RNNCell"]
    {'href': '04.html#rnncell-the-single-step-as-a-module', 'read': '04, "RNNCell: the single step as a module"'}
    """
    return {
        topic.name: {
            "href": f"{hrefs[topic.notebook]}#{heading_id(topic.section)}",
            "read": f'{topic.notebook}, "{topic.section}"',
        }
        for topic in TOPICS.values()
    }


def heading_id(heading: str) -> str:
    """The name that a link gives to a section, from its heading as text or HTML.

    >>> heading_id("7. <code>batch_first</code>: cities first")
    '7-batch-first-cities-first'
    """
    return "-".join(re.findall(r"[^\W_]+", unescape(re.sub(r"<[^>]*>", "", heading)).casefold()))
