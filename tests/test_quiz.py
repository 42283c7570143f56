"""Predict, then check: whatever is typed is judged, and the answer stays folded until it is wanted."""

import re
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers import check, predict
from helpers.exercises.answers import is_right
from helpers.explorers.predictions import react
from helpers.rnn.shapes import Shape

ANSWERS = [(5, 2, 4), (3,), 20, -3, 0.5, 1 / 3, True, False, "tanh", torch.Size([5, 2, 4])]


@pytest.mark.parametrize(
    "guess, answer",
    [
        ("(5, 2, 4)", (5, 2, 4)),
        ("5,2,4", (5, 2, 4)),
        ("[5, 2, 4]", (5, 2, 4)),
        ("5 2 4", (5, 2, 4)),
        (" (5,2,4,) ", (5, 2, 4)),
        ("(3,)", (3,)),
        ("3", (3,)),
        ("(5, 2, 4)", torch.Size([5, 2, 4])),
        ("torch.Size([5, 2, 4])", (5, 2, 4)),
        ("20", 20),
        ("20.0", 20),
        ("-3", -3),
        ("−3", -3),
        ("0.5", 0.5),
        (".5", 0.5),
        ("5e-1", 0.5),
        ("0.333", 1 / 3),
        ("YES", True),
        ("y", True),
        ("true", True),
        ("No", False),
        ("False", False),
        ("TANH", "tanh"),
        ("'tanh'", "tanh"),
        ("（５，２，４）", (5, 2, 4)),
        ("5*2*4", (5, 2, 4)),
        ("(10/2, 2, 2*2)", (5, 2, 4)),
        ("9+6+3+2", 20),
        ("10x2", 20),
        ("1/3", 1 / 3),
    ],
)
def test_right_however_it_is_spelled(guess, answer):
    assert is_right(guess, answer) is True


@pytest.mark.parametrize(
    "guess, answer",
    [
        ("(5, 4, 2)", (5, 2, 4)),
        ("(5, 2)", (5, 2, 4)),
        ("(5, 2, 4, 1)", (5, 2, 4)),
        ("524", (5, 2, 4)),
        ("five", (5, 2, 4)),
        ("21", 20),
        ("-20", 20),
        ("3", -3),
        ("0.34", 1 / 3),
        ("", 20),
        ("", (5, 2, 4)),
        ("nan", 0.5),
        ("inf", 20),
        ("2 0", 20),
        ("no", True),
        ("yes", False),
        ("1", True),
        ("yes and no", True),
        ("relu", "tanh"),
        ("", "tanh"),
        ("hello", ()),
    ],
)
def test_wrong_is_wrong(guess, answer):
    assert is_right(guess, answer) is False


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
@settings(max_examples=20)
@given(guess=st.one_of(st.text(), st.from_regex(r"[-+()\[\]{}0-9.,eExXjJ_ '\"\\]*", fullmatch=True)))
@example("1e999999")
@example("9" * 5000)
@example("(" * 10_000)
@example("-" * 10_000 + "1")
@example("\x00")
@example("\ud800")
@example("٣")  # a digit, too
@example("²")
@example("1_0")
@example("1/0")
@example("9**9**9")
@example("1" + "+1" * 49)
@example("x" * 9)
def test_any_guess_is_judged(answer, guess):
    assert is_right(guess, answer) in (True, False)
    assert (said := react(guess, answer)) and "\n" not in said and len(said) < 900


@pytest.mark.parametrize(
    "guess, answer, said",
    [
        ("maybe", True, "Yes or no, please."),
        ("the same", (5, 2, 4), "Three numbers, please, as (7, 3, 9)."),
        ("2 0", 20, "One number, please."),
        ("a lot", 20, "A number in digits, please."),
        ("21", 20, "Not yet: your number is too large."),
        ("0.4", 0.5, "Not yet: your number is too small."),
        ("12", "tanh", "A word, please."),
        (
            "(7, 4)",
            (4, 7),
            "axis 0 (H_out) is not 7, axis 1 (H_in) is not 4; neither is right. These are the right sizes in another order",
        ),
        ("(4, 6)", (4, 7), "axis 1 (H_in) is not 6; the other is right"),
        ("4", (4, 7), "Two numbers, please, as (3, 9)."),
        ("(1, 2)", (7, 3, 9), "Not yet: you give 2 numbers, and the shape has 3."),
        ("6+9+3+3", (7, 3, 9), "Three numbers, please, as (11, 12, 13)."),
    ],
)
def test_a_wrong_guess_is_answered_with_what_is_wrong(guess, answer, said):
    asked = predict("What?", Shape(("H_out", 4), ("H_in", 7)) if answer == (4, 7) else answer)
    asked.controls["guess"].value = guess
    assert said in asked.html[0]
    if isinstance(answer, tuple):
        assert str(answer) not in asked.html[0]
    if answer == (5, 2, 4):  # check asks in the same words
        assert check("03.1", guess).sentence == said[0].lower() + said[1:]


@given(st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=4))
def test_the_answer_itself_is_right(sizes):
    assert is_right(str(tuple(sizes)), tuple(sizes)) and is_right(str(sizes), tuple(sizes))
    assert not is_right(str([*sizes, 1]), tuple(sizes))


def test_a_guess_is_checked_at_once_and_the_answer_is_kept_back():
    asked = predict("Which shape has h_n?", (1, 2, 4))
    assert "(1, 2, 4)" not in asked.html[0]
    asked.controls["guess"].value = "(2, 1, 4)"
    assert "Not yet" in asked.html[0] and "(1, 2, 4)" not in asked.html[0]
    asked.controls["guess"].value = "(1, 2, 4)"
    assert "Right: (1, 2, 4)" in asked.html[0] and "Not yet" not in asked.html[0]


def test_reveal_shows_the_answer_and_hides_it_again():
    asked = predict("How many?", 20)
    asked.controls["reveal"].value = True
    assert "The answer is 20" in asked.html[0]
    asked.controls["guess"].value = "21"
    assert "Not yet: your number is too large. The answer is 20" in asked.html[0]
    asked.controls["reveal"].value = False
    assert "20" not in asked.html[0]


@pytest.mark.parametrize(
    "answer, told",
    [(True, "yes"), (False, "no"), (20, "20"), (1 / 3, "0.333"), ("tanh", "tanh"), ((5, 2), "(5, 2)"), ([5, 2], "(5, 2)")],
)
def test_an_answer_is_told_in_plain_words(answer, told):
    asked = predict("What?", answer)
    asked.controls["reveal"].value = True
    assert f"The answer is {told}</b>" in asked.html[0]


def test_the_answer_as_it_is_told_is_taken_for_right():
    for answer in ANSWERS:
        asked = predict("What?", answer)
        asked.controls["reveal"].value = True
        asked.controls["guess"].value = re.search("The answer is ([^<]*)<", asked.html[0])[1]
        assert "Right" in asked.html[0], answer


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", "&", "'\"", "x" * 10_000])
def test_what_is_typed_is_never_run_nor_shown_raw(typed):
    asked = predict("What?", 5)
    asked.controls["guess"].value = typed
    ElementTree.fromstring(f"<div>{asked.html[0]}</div>")
    assert "<script" not in asked.html[0] and re.search("Not yet|please", asked.html[0])


def test_without_a_kernel_the_answer_is_folded_and_escaped():
    html = predict("Is <b>this</b> & that equal?", "<i>no</i>")._repr_mimebundle_()["text/html"]
    root = ElementTree.fromstring(f"<div>{html}</div>")
    (details,) = root.iter("details")
    assert "open" not in details.attrib  # folded
    summary = "".join(details.find("summary").itertext())
    assert "Is <b>this</b> & that equal?" in summary and "<i>no</i>" not in summary
    assert "<i>no</i>" in "".join(details.itertext())


def test_the_question_is_asked_and_escaped_in_the_widget():
    asked = predict("Is 1 < 2?", True)
    bodies = [widget.value for widget in _widgets(asked.widget) if type(widget).__name__ == "HTML"]
    assert any("Is 1 &lt; 2?" in body for body in bodies)


def _widgets(widget):
    return [widget, *(inner for child in getattr(widget, "children", ()) for inner in _widgets(child))]


@pytest.mark.parametrize("question", ["", "  ", None, 5])
def test_an_empty_question_is_refused(question):
    with pytest.raises(ValueError, match="question: given .*, expected a sentence"):
        predict(question, 5)


@pytest.mark.parametrize("answer", [None, object(), {"a": 1}, [None], b"x", 1j])
def test_an_answer_that_cannot_be_typed_is_refused(answer):
    with pytest.raises(TypeError, match="answer: given .*, expected a number, a shape, a bool or a word"):
        predict("What?", answer)
