"""What people type where a notebook asks for a guess: each question of the course, with odd answers that are right and others that are not."""

import re
from html import unescape

import nbformat
import pytest
from lab import NOTEBOOKS
from site_answers import PREDICTED

from helpers.exercises.answers import example, is_right, read_answer
from helpers.exercises.guesses import ask_back
from helpers.explorers.predictions import react

WORDS = "zero one two three four five six seven eight nine ten".split()


def asked():
    """Each question of the notebooks, and its stored answer."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in nbformat.read(path, 4).cells:
            for output in cell.get("outputs", []):
                if found := PREDICTED.fullmatch(output.get("data", {}).get("text/html", "")):
                    yield path.name[:2], unescape(found[1]), read_answer(unescape(found[2]))


ASKED = list(asked())
EACH = pytest.mark.parametrize("question, answer", [(q, a) for _, q, a in ASKED], ids=[f"{n} {q}" for n, q, _ in ASKED])


def full_width(text):
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def right_ways(answer):
    if isinstance(answer, bool):
        yes = "yes" if answer else "no"
        return f"{yes}|{yes.upper()}.|{full_width(yes)}|{yes[0]}|{answer}|{yes}, it is so|'{yes}'|({yes})|{yes}!!|I think {yes}|{yes} they do"
    if isinstance(answer, str):
        more = "" if len(answer) == 1 else f"|the {answer}|{answer}, I think"
        return f"{answer}|{answer.upper()}.|'{answer}'|{full_width(answer)}|({answer})|it is {answer}|answer: {answer}{more}"
    if isinstance(answer, tuple):
        sizes = ", ".join(map(str, answer))
        names = ", ".join(f"{name}={size}" for name, size in zip("LNH", answer))
        ways = [f"({sizes})", f"[{sizes}]", f"torch.Size([{sizes}])", sizes, full_width(f"({sizes})"), f"{sizes}.", f"({names})"]
        ways += [sign.join(map(str, answer)) for sign in (" ", "x", " × ", "*", " and ", " by ", ".0, ")]
        return "|".join([*ways, " ".join(WORDS[size] if size < 11 else str(size) for size in answer), f"h.shape = ({sizes})"])
    number = f"{answer:g}"
    ways = f"{number}|{number}.|{full_width(number)}|about {number}|{number} of them|x = {number}|({number})|tensor({number})|≈{number}"
    if isinstance(answer, float):
        return f"{ways}|{number.replace('.', ',')}|{100 * answer:g}%|{100 * answer:g} percent|{answer:.4f}" + "|half" * (
            answer == 0.5
        )
    ways += (
        f"|{answer - 1}+1|2*{answer} - {answer} = {answer}|{answer}x1|{number} of the 1000|{number} out of 1000|{number} numbers"
    )
    if answer < 11:
        ways += f"|{WORDS[answer]}|Only {WORDS[answer]} of them"
    return ways if answer else f"{ways}|none|None of them|nobody"


def wrong_ways(answer):
    """Answers of the right kind that are wrong, and answers to another question."""
    if isinstance(answer, bool):
        no = "no" if answer else "yes"
        return f"{no}|{no}, they are|{not answer}", "maybe|5|(5, 2)|the same|yes and no|yes, no|No difference"
    if isinstance(answer, str):
        return ("x|line x", "5|none of them|a or b") if len(answer) == 1 else ("larger size|yes", "5|(3, 4)")
    if isinstance(answer, tuple):
        return f"{tuple(size + 1 for size in answer)}|{(*answer, 1)}", "yes|the same|5|many"
    return f"{answer + 1:g}|{full_width(f'{answer + 2:g}')}", "yes|many|6 and 2|(1, 2)|a number|six or two"


@EACH
def test_a_right_answer_is_right_however_it_is_typed(question, answer):
    assert [typed for typed in right_ways(answer).split("|") if not is_right(typed, answer)] == []


@EACH
def test_a_wrong_answer_is_wrong_and_another_kind_of_answer_is_asked_back(question, answer):
    wrong, other = wrong_ways(answer)
    assert [typed for typed in wrong.split("|") if is_right(typed, answer) or ask_back(typed, answer)] == []
    assert [typed for typed in other.split("|") if is_right(typed, answer) or not ask_back(typed, answer)] == []


@EACH
def test_the_placeholder_fits_the_question(question, answer):
    """Where the question says which kind of answer it asks for, the placeholder says the same."""
    kind = re.search(r"\((a letter|a word)\)|(How many|how many)|(the shape|its shape|Its shape)", question)
    expected = kind and (kind[1] or "a number" if not kind[3] else "as (5, 2, 4)")
    assert example(answer) == (expected or example(answer)), question
    if isinstance(answer, tuple):  # the axes of a shape, and no two counts
        assert kind and kind[3] and "axis" in react(str(tuple(size + 1 for size in answer)), answer)
