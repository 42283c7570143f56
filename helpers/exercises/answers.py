"""What an answer means, however it is written: a shape, a number, yes or no, a word."""

import ast
import math
import operator
import re
from collections.abc import Sequence
from typing import Any

YES, NO = ("yes", "y", "true"), ("no", "n", "false")
_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0x3001: ","}
_ARABIC = {zero + digit: str(digit) for zero in (0x0660, 0x06F0) for digit in range(10)}
UNITS = "one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_NUMBERS = ["zero", *UNITS, *_TEENS, *(f"{ten}-{unit}".rstrip("-") for ten in _TENS for unit in ("", *UNITS))]
_DIGITS = {word: str(number) for number, word in enumerate(_NUMBERS)}
_OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


def is_right(guess: str, answer: Any) -> bool:
    """Whether a typed guess means the answer, however it is written.

    >>> [is_right(g, (5, 2, 4)) for g in ("(5, 2, 4)", "5x2x4", "torch.Size([5, 2, 4])", "(L=5, N=2, H=4)", "5, 4, 2")]
    [True, True, True, True, False]
    >>> is_right("Yes!", True), is_right("0.333", 1 / 3), is_right("Tanh ", "tanh"), is_right("b)", "b")
    (True, True, True, True)
    """
    typed = plain(guess)
    if isinstance(answer, bool):
        return yes_or_no(guess) is answer
    if isinstance(answer, str):
        return word(guess, answer) == answer.casefold()
    numbers = read_numbers(guess, answer)
    expected = list(answer) if isinstance(answer, Sequence) else [answer]
    if not numbers:  # right only where the answer has no numbers either, as the shape () of a single number
        return not expected and not re.sub(r"[()\[\]\s]|torch\.size", "", typed)
    return len(numbers) == len(expected) and all(map(_close, numbers, expected))


def plain(guess: str) -> str:
    """A typed answer in ASCII where it can be, in small letters, without the mark at its end.

    The page's script reads an answer by the same steps: `plain` in tools/site/answers.js.

    >>> plain(" Ｙｅｓ ! ")
    'yes'
    """
    return " ".join(guess.translate(_FULL_WIDTH | _ARABIC).split()).rstrip(".!? ").casefold()


def yes_or_no(guess: str) -> bool | None:
    """Whether a typed guess means yes or no; None where it means neither.

    >>> yes_or_no("I think yes, it is."), yes_or_no("(no: they differ)"), yes_or_no("yes and no"), yes_or_no("No difference")
    (True, False, None, None)
    """
    typed = re.sub("^i think ", "", plain(guess).strip("'\"()"))
    first, *more = re.split("[,;:.]| [-–—] | (?:it|they|because|of course)\\b", typed, maxsplit=1)
    said = {name: re.search(rf"\b(?:{'|'.join(words)})\b", "".join(more)) for name, words in (("yes", YES), ("no", NO))}
    if first in YES and not said["no"]:
        return True
    return False if first in NO and not said["yes"] else None


def word(guess: str, answer: str) -> str:
    """The letter or the word in a typed guess, without what is often written around it; the answer tells which is asked for.

    >>> word("line C", "b"), word("b: the biases", "b"), word("The forget gate", "input"), word("a b", "b")
    ('c', 'b', 'forget', 'a b')
    >>> word("answer: smaller, I think", "smaller"), word("b, because of W_hh", "b"), word("b, or c", "b")
    ('smaller', 'b', 'b, or c')
    """
    typed = re.sub("^answer ?[:=] ?", "", plain(guess)).strip("'\"()")
    if len(answer) == 1:
        typed = re.sub(r"^(?:(?:it is|it's|line|answer|option|letter|plan|design|network) )+", "", typed)
        typed = re.sub(r"^([a-z])[,;] (?!(?:.*\b)?[b-f]\b|a$).*$", r"\1", typed)  # and a reason, without another letter
        return re.sub(r"^([a-z])[:).](?: .*)?$", r"\1", typed).strip("'\"()")
    typed = re.split("[,;:]", typed, maxsplit=1)[0]
    return re.sub(r"^(?:(?:i think|it is|it's|the|an?|same) )+|[ _-](?:gate|part|pass|step)$", "", typed).strip("'\"()")


def read_numbers(guess: str, answer: Any) -> list[float]:
    """The numbers in a typed guess; a sum or a product is worked out. The answer tells which of two readings is meant.

    >>> read_numbers("6+9+3+3", 20), read_numbers("2*4, 3", (8, 3)), read_numbers("5*2*4", (5, 2, 4))
    ([21.0], [8.0, 3.0], [5.0, 2.0, 4.0])
    >>> read_numbers("0,5", 0.5), read_numbers("（５，２）", (5, 2))
    ([0.5], [5.0, 2.0])
    >>> read_numbers("Twenty-one words", 21), read_numbers("two hundred", 200)
    ([21.0], [])
    >>> read_numbers("none of them", 20), read_numbers("two of the 3", 2), read_numbers("50 %", 0.5), read_numbers("1 of 2", 0.5)
    ([0.0], [2.0], [0.5], [0.5])
    >>> read_numbers("(4, 2×4)", (4, 8)), read_numbers("9 × 4 − 17", 19), read_numbers("not 8", 8)
    ([4.0, 8.0], [19.0], [])
    """
    typed = plain(guess).replace("−", "-").replace("·", "×")
    if re.search(r"\bnot\b|n't\b|≠|!=", typed):
        return []  # what it is not
    typed = _in_digits(typed) if isinstance(answer, Sequence) else _one_number(typed, isinstance(answer, float))
    if isinstance(answer, float) and typed.count(",") == 1 and "." not in typed:
        typed = typed.replace(",", ".")  # a decimal comma: 0,5 is 0.5
    if isinstance(answer, Sequence) and len(answer) > 1:
        if not re.search("[,;]", typed):
            typed = typed.replace("*", " ")  # 5*2*4 is a shape here, as 5x2x4 is
        elif len(_numbers(typed)) != len(answer):
            typed = re.sub(r"(?<=\d) ?[x×] ?(?=\d)", "*", typed)  # and (4, 2x4) is (4, 8)
    elif isinstance(answer, (int, float)) and re.fullmatch(r"[\d.\s()+/x×-]+", typed):
        typed = re.sub("[x×]", "*", typed)  # and 2x4 is a product where one number is asked for
    return _numbers(typed)


def _one_number(typed: str, is_part: bool) -> str:
    """One number in digits: none is 0, 2*9 = 18 is 18, and 2 of 3 is 2, or 2/3 where a part is asked for."""
    typed = re.sub(r"^[\d\s.()+*/x×-]+=(?=.*\d)", "", typed)
    typed = re.sub(r"\b(?:none|nothing|nobody|no one)\b", "0", typed)
    typed = _in_digits(re.sub(r"\b(?:(?:one|a) )?half\b", "0.5", typed) if is_part else typed)
    typed = re.sub(r"(\d) ?(?:%|percent\b)", r"\1/100", typed) if is_part else typed
    return re.sub(r"(\d) (?:out )?of (?:the |all )?(\d+)\b.*", r"\1/\2" if is_part else r"\1", typed)


def _in_digits(typed: str) -> str:
    """A text with digits where it has the words of numbers below one hundred; other numbers in words stay as they are."""
    if re.search("hundred|thousand|million|minus|point|half|third|quarter|but|except", typed):
        return typed
    word = rf"(?<!\w)(?:[a-z]+ty[ -](?:{'|'.join(UNITS)})|[a-z]+)(?!\w)"
    return re.sub(word, lambda found: _DIGITS.get(found[0].replace(" ", "-"), found[0]), typed)


def _close(typed: float, answer: float) -> bool:
    """Integers must be equal; other numbers must agree to the three digits that are asked for."""
    return typed == answer if isinstance(answer, int) else math.isclose(typed, answer, rel_tol=1e-3, abs_tol=5e-4)


def as_python(value: Any) -> Any:
    """A tensor, an array or a list as Python's own numbers and tuples; anything else is returned as it is.

    >>> import torch
    >>> as_python(torch.tensor([5, 2])), as_python(torch.Size([5, 2])), as_python([5, torch.tensor(2)])
    ((5, 2), (5, 2), (5, 2))
    >>> as_python(torch.tensor(0.5))
    0.5
    """
    value = value.tolist() if hasattr(value, "tolist") else value
    return tuple(map(as_python, value)) if isinstance(value, (tuple, list)) else value


def matches(value: Any, answer: Any) -> bool:
    """Whether a value of Python or torch means the answer; a string is read as if it had been typed.

    >>> matches([5, 2], (5, 2)), matches("5 x 2", (5, 2)), matches(5.0, 5), matches(True, 1), matches(None, 5)
    (True, True, True, False, False)
    """
    value, answer = as_python(value), as_python(answer)
    if isinstance(value, str):
        return is_right(value, answer)
    if isinstance(value, bool) or isinstance(answer, (bool, str)):
        return type(value) is type(answer) and value == answer
    if isinstance(value, tuple) and isinstance(answer, tuple):
        return len(value) == len(answer) and all(map(matches, value, answer))
    return isinstance(value, (int, float)) and isinstance(answer, (int, float)) and _close(value, answer)


def _numbers(typed: str) -> list[float]:
    """The numbers in what was typed, without brackets, crosses, names of axes and units.

    >>> _numbers("torch.Size([4, 7])"), _numbers("(h_out=4, h_in=7)"), _numbers("row 3")
    ([4.0, 7.0], [4.0, 7.0], [3.0])
    """
    # A digit inside a name (h_n, l0, conv2d) belongs to the name, not to the answer.
    bare = typed.replace("x", " ").replace("×", " ")
    bare = re.sub(r"(?<![\d.])[^\W\d]\w*(?:\.\w+)*\s*=?", " ", bare).strip()
    bare = re.sub(r"(?<=\d)_(?=\d)", "", bare)  # Python's 1_240
    worked_out = _worked_out(bare)
    if worked_out is not None:
        return worked_out
    return [float(number) for number in re.findall(r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?", bare)]


def _worked_out(text: str) -> list[float] | None:
    """The value of each part of an expression such as (2*4, 3); None where it is no such expression."""
    if len(text) > 100 or re.search(r"[^\d\s.,()\[\]+*/e-]", text):  # nobody types such a sum, or it is more than one
        return None
    try:
        tree = ast.parse(text, mode="eval").body
        parts = tree.elts if isinstance(tree, (ast.Tuple, ast.List)) else [tree]
        return [float(_value(part)) for part in parts]
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr) -> float:
    """The value of numbers with + - * / between them. There are no powers, so it can't grow beyond what was typed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        return -_value(node.operand) if isinstance(node.op, ast.USub) else _value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        result: float = _OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
        return result
    raise ValueError("it is more than arithmetic")


def format_answer(answer: Any) -> str:
    """An answer as it is shown, which is also one way to type it.

    >>> format_answer((7, 1)), format_answer(True), format_answer(1 / 3)
    ('(7, 1)', 'yes', '0.333')

    Raises
    ------
    TypeError : nobody could type such an answer.
    """
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, (int, str)):
        return str(answer)
    if isinstance(answer, float):
        return f"{answer:.3f}"
    sequence = isinstance(answer, Sequence) and not isinstance(answer, bytes)
    if sequence and all(isinstance(part, (int, float)) for part in answer):
        return "(" + ", ".join(map(format_answer, answer)) + ("," if len(answer) == 1 else "") + ")"
    raise TypeError(f"answer: given {type(answer).__name__}, expected a number, a shape, a bool or a word")


def read_answer(text: str) -> bool | int | float | str | tuple[int | float, ...]:
    """The answer that `format_answer` wrote.

    >>> [read_answer(text) for text in ("(7, 1)", "yes", "0.333", "20", "tanh")]
    [(7, 1), True, 0.333, 20, 'tanh']
    """
    if text in ("yes", "no"):
        return text == "yes"
    try:
        value: int | float | tuple[int | float, ...] = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value


def example(answer: Any) -> str:
    """What an answer of this kind looks like, without giving it away.

    >>> example((7, 1)), example(3), example(True), example("b"), example("tanh")
    ('as (5, 2, 4)', 'a number', 'yes or no', 'a letter', 'a word')
    >>> example((3, 3, 2, 2, 1))  # no shape, but a list
    'as 5, 2, 4, ...'
    """
    if isinstance(answer, bool):
        return "yes or no"
    if isinstance(answer, str):
        return "a letter" if len(answer) == 1 else "a word"
    return "a number" if isinstance(answer, (int, float)) else "as (5, 2, 4)" if len(answer) < 5 else "as 5, 2, 4, ..."
