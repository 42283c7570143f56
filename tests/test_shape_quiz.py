"""The endless quiz: every question has one right answer, torch's; it gets harder; the score says what to read again."""

import re
import subprocess
import sys
from collections import Counter
from html import escape
from itertools import permutations
from pathlib import Path
from random import Random
from statistics import mean
from xml.etree import ElementTree

import nbformat
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from helpers import expected_shapes, explore_quiz
from helpers.exercises.answers import is_right
from helpers.exercises.questions import LEVELS, TOPICS, ask
from helpers.exercises.quiz import Quiz, play

ROOT = Path(__file__).parent.parent


def by_formula(question):
    """The answer without running the call: from the course's own formulas, and from counting by hand for packed batches."""
    lines, expression = question.code.splitlines(), question.expression
    numbers = [int(n) for n in re.findall(r"\d+", lines[0])]
    if "RNNCell" in lines[0]:
        L_N = [int(n) for n in re.findall(r"\d+", next(line for line in lines if line.startswith("x =")))][:-1]
        return (*L_N, numbers[1])
    options = dict(re.findall(r"(\w+)=(\w+)", lines[0]))
    kind = getattr(nn, re.search(r"nn\.(\w+)\(", lines[0])[1])
    layers, two = int(options.get("num_layers", 1)), "bidirectional" in options
    rnn = kind(
        numbers[0], numbers[1], layers, bidirectional=two, batch_first="batch_first" in options, bias="bias" not in options
    )
    if "weight" in expression:
        return expected_shapes(rnn, L=1).parameters[expression.split(".")[1]]
    sizes = [int(n) for n in re.findall(r"\d+", lines[1])]
    L, N = (sizes[0], None) if len(sizes) == 2 else (sizes[1], sizes[0]) if rnn.batch_first else (sizes[0], sizes[1])
    shapes = expected_shapes(rnn, L=L, N=N)
    lengths = [int(n) for n in re.search(r"\[(.*)\]", question.code)[1].split(",")] if "pack" in question.code else []
    if "cat" in expression:
        return (N, 2 * rnn.hidden_size)
    return {
        "x.batch_sizes": tuple(sum(length > t for length in lengths) for t in range(L)),
        "x.data.shape": (sum(lengths), rnn.input_size),
        "output.data.shape": (sum(lengths), (1 + two) * rnn.hidden_size),
        "output.shape": shapes.output,
        "h_n.shape": shapes.h_n,
        "c_n.shape": shapes.h_n,
    }[expression]


@pytest.mark.sweep
@settings(max_examples=1000, deadline=None)
@given(level=st.integers(1, LEVELS), seed=st.integers(0, 2**32))
def test_every_question_has_exactly_one_right_answer_and_it_is_torchs(level, seed):
    question = ask(level, Random(seed))
    answer = tuple(question.answer)
    assert answer == tuple(by_formula(question))
    assert is_right(str(answer), question.answer)
    others = {(*order, *answer[4:]) for order in permutations(answer[:4])} - {answer}
    others |= {answer[:-1], (*answer, 1), tuple(n + 1 for n in answer)}
    assert not any(is_right(str(other), question.answer) for other in others)
    assert question.expression.endswith("batch_sizes") or len(set(answer)) == len(answer)
    assert all(0 < size < 1000 for size in answer) and max(map(len, question.text.splitlines())) < 110


def test_what_is_shown_is_what_torch_runs():
    for seed in range(60):
        question = ask(1 + seed % LEVELS, Random(seed))
        names = {"torch": torch, "nn": nn, "pack_padded_sequence": pack_padded_sequence}
        exec(question.code, names)
        assert tuple(eval(question.expression, names)) == question.answer


def test_each_level_is_harder_and_all_topics_occur():
    questions = {level: [ask(level, Random(seed)) for seed in range(40)] for level in range(1, LEVELS + 1)}
    variations = [mean(len(question.variations) for question in questions[level]) for level in questions]
    assert variations == sorted(set(variations)) and variations[-1] >= variations[0] + 5
    options = [
        mean(
            question.text.count("=True")
            + question.text.count("_layers=")
            + question.text.count("pack_")
            + bool(re.search("LSTM|GRU", question.text))
            for question in questions[level]
        )
        for level in questions
    ]
    assert options == sorted(set(options))  # seen from outside: more stands in the code
    counts = Counter(question.topic.name for asked in questions.values() for question in asked)
    assert set(counts) == set(TOPICS)
    for topic in TOPICS.values():
        level = next(level for level in range(1, LEVELS + 1) if topic.fits(level))
        assert ask(level, Random(0), topic.name).topic == topic


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_the_section_to_read_again_is_there(topic):
    (path,) = (ROOT / "notebooks").glob(f"{topic.notebook}_*.ipynb")
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    assert f"## {topic.section}\n" in text + "\n"


def test_a_level_or_topic_that_is_not_there_is_refused():
    for level, topic in [(0, None), (LEVELS + 1, None), (1, "packing"), (2, "knots")]:
        with pytest.raises(ValueError, match="expected a level from 1 to 6"):
            ask(level, Random(0), topic)


def test_the_level_follows_the_answers():
    quiz, levels = Quiz(seed=1), []
    for number, right in enumerate([True] * 12 + [False] * 8, start=1):
        assert quiz.question(number).level == quiz.level
        quiz.count(number, right)
        levels.append(quiz.level)
    assert levels[:12] == [1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 6] and levels[12:] == [5, 4, 3, 2, 1, 1, 1, 1]
    assert len({quiz.question(number).text for number in range(1, 21)}) == 20


def test_only_the_first_answer_counts():
    quiz = Quiz(seed=1)
    quiz.question(1)
    quiz.count(1, 0), quiz.count(1, 1)
    assert quiz.report()[0].startswith("0 of 1 right")


def test_the_score_names_the_weak_topic_first_and_what_to_read():
    quiz, number, weak = Quiz(seed=2), 0, "RNNCell"
    while len({quiz.question(n).topic.name for n in quiz.counted}) < 2 or number < 6:
        number += 1
        quiz.count(number, quiz.question(number).topic.name != weak)
    report = quiz.report()
    assert report[1] == f'{weak}: 0 of 2 right. Read again in notebook 04, "RNNCell: the single step as a module".'
    assert all("Read again" not in line for line in report[2:])


def test_the_same_seed_asks_the_same():
    first, second, other = (Quiz(seed) for seed in (5, 5, None))
    same = [first.question(n).text == second.question(n).text for n in range(1, 8)]
    assert all(same) and [first.question(n).text for n in range(1, 8)] != [other.question(n).text for n in range(1, 8)]


def play_in_terminal(lines):
    run = [sys.executable, "-m", "helpers.exercises.quiz", "7"]
    return subprocess.run(run, input=lines, capture_output=True, text=True, cwd=ROOT, timeout=60, encoding="utf-8")


def test_it_is_played_in_a_terminal():
    first = Quiz(seed=7).question(1)
    done = play_in_terminal(f"help\nxyz\n\n{first.answer}\n9 9 9\nshow\nq\n")
    assert done.returncode == 0 and done.stderr == ""
    assert f"✓ Right. {first.why}" in done.stdout and done.stdout.count("You have two tries") == 2
    assert "numbers, please" in done.stdout and "second try counts half" in done.stdout and "You can read again" in done.stdout
    assert "1 of 2 right" in done.stdout  # "help", "xyz" and Enter are no tries


@pytest.mark.sweep
def test_the_end_of_the_input_ends_the_quiz_with_the_score():
    done = play_in_terminal("")
    assert done.returncode == 0 and "No question is answered yet." in done.stdout


def test_ctrl_c_ends_it_with_the_score(capsys):
    answers = iter(["1 1", "2 2", KeyboardInterrupt])

    def read(prompt):
        if (typed := next(answers)) is KeyboardInterrupt:
            raise KeyboardInterrupt
        return typed

    play(Quiz(seed=0), read)
    assert "0 of 1 right" in capsys.readouterr().out


@pytest.mark.sweep
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_without_the_marks_can_play(encoding):
    run = [sys.executable, "-m", "helpers.exercises.quiz", "7"]
    done = subprocess.run(
        run, input=b"5 5\n6 6\nq\n", capture_output=True, cwd=ROOT, timeout=60, env={"PYTHONIOENCODING": encoding}
    )
    assert done.returncode == 0 and b"0 of 1 right" in done.stdout


def test_in_a_notebook_by_three_controls():
    quiz = explore_quiz(seed=0)
    guess, reveal, forward = (quiz.controls[name] for name in ("guess", "reveal", "forward"))
    first, answer = quiz.html[0], lambda: str(quiz.state.question.answer)
    assert guess.continuous_update is False  # Enter ends an answer: half an answer is no try
    for typed in ("what?", "help"):
        guess.value = typed
        assert "please" in quiz.html[1] and ("You can read again in notebook" in quiz.html[1]) == (typed == "help")
    assert "please" in quiz.html[1] and quiz.html[2] == "No question is answered yet."
    guess.value = answer()
    assert f"✓ Right. {escape(quiz.state.question.why)}" in quiz.html[1] and "1 of 1 right" in quiz.html[2]
    forward.value = True
    assert quiz.html[0] != first and (guess.value, reveal.value, forward.value) == ("", False, False)
    reveal.value = True
    assert f"It is {answer()}." in quiz.html[1] and "1 of 2 right" in quiz.html[2]
    guess.value = answer()
    assert "1 of 2 right" in quiz.html[2]  # it was shown before
    forward.value = True
    guess.value = "9, 9, 9, 9, 9"
    assert "Not yet" in quiz.html[1] and "1 of 2 right" in quiz.html[2]
    guess.value = answer()
    assert "1.5 of 3 right" in quiz.html[2]  # the second try
    forward.value = True
    guess.value, forward.value = "9, 9, 9, 9, 9", True  # left with a wrong answer
    assert "1.5 of 4 right" in quiz.html[2]


def test_the_question_is_above_the_box_for_its_answer():
    quiz = explore_quiz(seed=0)
    _, question, controls, said = quiz.widget.children
    assert [pane.value for pane in (*question.children, *said.children)] == quiz.html
    assert "?" in question.children[0].value and quiz.controls["guess"] in controls.children


@pytest.mark.parametrize("wrong, shown", [("9 9 9 9 9", True), ("9 9 9 9 9", False), ("", True), ("", False)])
def test_a_question_that_nobody_answered_never_counts(wrong, shown):
    quiz = explore_quiz(seed=0)
    guess, reveal, forward = (quiz.controls[name] for name in ("guess", "reveal", "forward"))
    guess.value, reveal.value, forward.value = wrong, shown, True
    forward.value = forward.value = True  # two more, which nobody answers
    expected = "0 of 1 right" if wrong or shown else "No question is answered yet."
    assert quiz.html[2].startswith(expected) and (guess.value, reveal.value) == ("", False)


def test_the_reason_has_the_numbers_of_its_answer():
    for seed in range(150):
        question = ask(1 + seed % LEVELS, Random(seed))
        assert question.why.endswith(".") and question.why.count(". ") == 0 and len(question.why) < 160
        told = {int(n) for n in re.findall(r"\d+", question.why)}
        assert question.answer[-1] in told or "batch_sizes" in question.why, question


def test_its_page_is_sound_and_keeps_the_answer_folded():
    quiz = explore_quiz(seed=0)
    quiz.controls["guess"].value = "<script>alert(1)</script>"
    for html in (*quiz.html, quiz._repr_mimebundle_()["text/html"]):
        root = ElementTree.fromstring(f"<div>{html}</div>")
        assert not list(root.iter("script"))
    (details,) = root.iter("details")
    assert "open" not in details.attrib and str(quiz.state.question.answer) in "".join(details.itertext())


@pytest.mark.sweep
def test_a_seed_that_is_none_is_refused_in_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "helpers.exercises.quiz", "abc"], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.strip() == "quiz takes an integer, for the same questions each time, or nothing: given 'abc'."
