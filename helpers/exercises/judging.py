"""From an exercise and an answer to a judgement: whether it is right, what differs, and which typical mistake it is."""

import math
from dataclasses import astuple, dataclass
from functools import lru_cache, partial
from typing import Any

import torch
from torch import nn

from ..device import seed_torch
from ..wording import plural, shorten, with_article
from .almost import almost_right
from .answers import as_python, format_answer, matches, read_numbers
from .cases import CASE_COUNT, SMALL_CASE_COUNT, Case
from .differences import difference, results_agree, shape_difference
from .exercise import Arguments, Exercise, Function, Predict, Write
from .guesses import about_wrong_axis, ask_back, too_far, what_differs
from .own_errors import describe_error, own_line
from .sandbox import Outcome, attempt, preserve_global_state
from .syntax import read_syntax


@dataclass(frozen=True)
class Judgement:
    """What is known about an answer.

    >>> Judgement(True, "4 is right.").right
    True

    Parameters
    ----------
    right    : True, False, or None while there is no answer
    sentence : what is asked, what differs, or what was done
    hint     : for the typical mistake that this answer is; empty where it is none of them
    note     : a sentence about side effects
    complete : whether the sentence says it all, as of an error that the learner's code raises; a hint would be of another mistake
    """

    right: bool | None
    sentence: str
    hint: str = ""
    note: str = ""
    complete: bool = False


def judge(exercise: Exercise, answer: Any) -> Judgement:
    """Judge an answer; nothing the learner's code does comes out of here.

    >>> two = Predict("99.1", "What is 1 + 1?", lambda: 2, {11: "Add, do not append."}, ())
    >>> judge(two, 11)
    Judgement(right=False, sentence='11 is not it.', hint='Add, do not append.', note='', complete=False)
    >>> judge(two, 1).sentence
    'your number is too small.'
    >>> judge(two, ...).sentence
    'What is 1 + 1?'
    """
    try:
        if answer is ... or unanswered(exercise, answer):
            return Judgement(None, exercise.question)
        # Making a network draws its weights. The seed, because the same answer must always get the same judgement.
        with preserve_global_state(), torch.enable_grad():
            seed_torch(0)
            return _judge_prediction(exercise, answer) if isinstance(exercise, Predict) else _judge_function(exercise, answer)
    except KeyboardInterrupt as stopped:  # an endless loop, and the stop button
        return Judgement(False, f"it was still running when you stopped it.{own_line(stopped, answer)}", complete=True)


def unanswered(exercise: Exercise, answer: Any) -> bool:
    """Whether a function is still as the notebook has it: nothing but `...`, or the bug untouched.

    >>> two = Predict("99.1", "", lambda: 2, {}, ())
    >>> unanswered(two, lambda x: ...)
    True
    >>> unanswered(two, lambda x: 2)
    False

    The source alone never decides, because Python may show another text than the one that runs, for example after an edit of
    the file. The function must also do what its source says. Without source it is unanswered only if it returns `...`.
    """
    syntax = read_syntax(answer)
    if syntax is None:
        return False
    if isinstance(exercise, Predict):
        return syntax.is_blank
    if syntax.is_blank:
        return _same_results(exercise, answer, lambda *arguments: None)
    return exercise.bug is not None and syntax == read_syntax(exercise.bug) and _same_results(exercise, answer, exercise.bug)


def _same_results(exercise: Write, function: Function, other: Function) -> bool:
    def agree(number: int) -> bool:
        result, expected = (_call_with_case(exercise, tried, number)[0] for tried in (function, other))
        return result is expected or result is ... or _agree(result, expected)

    return attempt(lambda: all(map(agree, range(CASE_COUNT)))).value is True


def _judge_prediction(exercise: Predict, answer: Any) -> Judgement:
    truth, given = as_python(exercise.truth()), _readable(answer)
    alone = isinstance(given, tuple) and len(given) == 1 and not isinstance(truth, tuple)
    if alone and isinstance(given[0], str) == isinstance(truth, str):
        (given,) = given  # 3, is 3 with a comma too many
    wanted = "a shape, such as (5, 2, 4)" if isinstance(truth, tuple) else f"a {_kind_of_answer(truth)}"
    if given is None or isinstance(truth, str) and not isinstance(given, str):
        advice = ": its .shape is what is asked" if isinstance(answer, torch.Tensor) and isinstance(truth, tuple) else ""
        return Judgement(False, f"given {_type_name(answer)}, expected {wanted}{advice}.", complete=True)
    if matches(given, truth):
        chosen = isinstance(truth, str) and len(truth) == 1  # one of the answers of a list, which torch does not compute
        return Judgement(True, f"{format_answer(truth)} is {'the answer' if chosen else 'what torch gives'}.")
    hint = next((hint for wrong, hint in exercise.wrong.items() if matches(given, wrong)), "")
    if isinstance(given, str) and not hint:
        offered = sorted([truth, *exercise.wrong]) if isinstance(truth, str) else ()  # letters, where it is one of a list
        if asked := ask_back(given, truth, offered):
            return Judgement(None, asked)
        if differs := what_differs(given, truth, exercise.axes):
            return Judgement(False, differs, about_wrong_axis(read_numbers(given, truth), truth, exercise.about))
    if isinstance(truth, tuple) and isinstance(given, tuple) and all(isinstance(size, int) for size in given):
        return Judgement(
            False, shape_difference(given, truth, exercise.axes), hint or about_wrong_axis(given, truth, exercise.about)
        )
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (truth, given))
    if not hint and numbers and given == given:  # not NaN
        return Judgement(False, too_far([given], truth))
    return Judgement(False, f"{shorten(str(given), 40)} is not it.", hint)


def _readable(answer: Any) -> Any:
    """A number, shape or string as Python's own; None for anything that cannot be an answer."""
    if isinstance(answer, torch.Tensor) and (answer.dim() > 1 or answer.is_meta):
        return None
    try:
        given = _huge_to_infinite(as_python(answer))
    except Exception:  # an object whose own tolist fails
        return None
    flat = given if isinstance(given, tuple) else (given,)
    return given if len(flat) < 20 and all(isinstance(part, (bool, int, float, str)) for part in flat) else None


def _huge_to_infinite(given: Any) -> Any:
    """Replace integers over 63 bits by infinity: Python refuses to print them, and to compare them with floats."""
    if isinstance(given, tuple):
        return tuple(map(_huge_to_infinite, given))
    too_large = isinstance(given, int) and given.bit_length() > 63
    return given if not too_large else math.inf if given > 0 else -math.inf


def _judge_function(exercise: Write, answer: Any) -> Judgement:
    if not callable(answer):
        return Judgement(False, f"given {_type_name(answer)}, expected the function {exercise.signature} itself.", complete=True)
    outcome = attempt(lambda: [_call_with_case(exercise, answer, number) for number in range(CASE_COUNT)])
    note = _note(outcome)
    if outcome.error is not None:
        return Judgement(False, describe_error(outcome.error, answer), note=note, complete=True)
    results = outcome.value
    if any(result is ... for result, _ in results):
        return Judgement(None, exercise.question)
    if not any(_gives(exercise, right, results) for right in (exercise.truth, *exercise.also)):
        case, what, raised = _smallest_failure(exercise, answer, results)
        hint = _matching_hint(exercise, results) or _hint_of_almost_right(exercise, results) or _hint_of_tuple(exercise, results)
        sentence = what if raised else f"for {describe_case(exercise, case)}, {what}"
        nothing = all(result is None for result, _ in results)  # a forgotten return, and no mistake that a hint knows
        return Judgement(False, sentence, hint, note, (raised or nothing) and not hint)
    changed = next((changed for _, changed in results if changed), "")
    if changed:
        sentence = f"the result is right, but the function changes its argument {changed}."
        return Judgement(False, sentence, "Work on a copy of it.", note)
    like_torch = _gives(exercise, exercise.truth, results)
    what = "it agrees with torch" if like_torch else "it is another good answer than the solution's,"
    return Judgement(True, f"{what} for {CASE_COUNT} random sizes.", note=note)


def _gives(exercise: Write, function: Function, results: list[tuple[Any, str]]) -> bool:
    """Whether a function of the exercise's own gives just these results."""
    dtype = torch.get_default_dtype()
    return all(_agree(result, _given_by(exercise, function, number, dtype)) for number, (result, _) in enumerate(results))


def _smallest_failure(exercise: Write, answer: Function, results: list[tuple[Any, str]]) -> tuple[int, str, bool]:
    """The smallest case in which the answer fails, how it fails there, and whether by an error of its own."""

    def failure(number: int) -> tuple[int, str, bool] | None:
        expected = _given_by(exercise, exercise.truth, number, torch.get_default_dtype())
        result = results[number][0] if number < CASE_COUNT else _call_with_case(exercise, answer, number)[0]
        if result is ... or number >= CASE_COUNT and isinstance(expected, Exception) or _agree(result, expected):
            return None
        raised = isinstance(result, Exception)
        return number, describe_error(result, answer) if raised else difference(result, expected, exercise.axes), raised

    own = [found for number in range(CASE_COUNT) if (found := failure(number))]
    if first := next((found for found in own if found[2]), None):
        return first
    numbers = range(CASE_COUNT, CASE_COUNT + SMALL_CASE_COUNT)
    small: list[tuple[int, str, bool]] = [found for number in numbers if (found := attempt(partial(failure, number)).value)]
    return min([found for found in own + small if not found[2]], key=lambda found: _size(exercise, found[0]))


def _named_arguments(exercise: Write, number: int) -> dict[str, Any]:
    names = exercise.signature.partition("(")[2].rstrip(")").split(", ")
    return dict(zip(names, _untouched(exercise, number)))


def _size(exercise: Write, number: int) -> int:
    """How much there is to imagine in a case: its sizes, layers and directions."""
    total = sum(astuple(Case(number).sizes))
    for value in _named_arguments(exercise, number).values():
        if isinstance(value, nn.RNNBase):
            total += 2 * (int(value.num_layers) + bool(value.bidirectional) + bool(value.batch_first))
        elif isinstance(value, int):
            total += 2 * value
    return int(total)


def describe_case(exercise: Write, number: int) -> str:
    """What a function was called with: tensors by their shapes, numbers, and networks with the options they were made with.

    >>> two = Write("99.2", "", "add(rnn, x, n)", lambda case: (case.network(num_layers=2), case.tensor(4, 5), 3), max, [], ())
    >>> describe_case(two, 0)
    'rnn=RNN(5, 2, num_layers=2), x (4, 5), n=3'
    """
    return ", ".join(filter(None, (_described(name, value) for name, value in _named_arguments(exercise, number).items())))


def _described(name: str, value: Any) -> str:
    if isinstance(value, torch.Tensor) and (value.is_floating_point() or value.dim() > 1):
        return f"{name} {tuple(value.shape)}"
    if isinstance(value, list) and isinstance(value[0], torch.Tensor):
        return f"{name} {', '.join(str(tuple(part.shape)) for part in value)}"
    value = value.tolist() if isinstance(value, torch.Tensor) else value  # lengths
    return f"{name}={value}" if isinstance(value, (int, float, list, nn.RNNBase, nn.RNNCellBase)) else ""


class _Unwritten(BaseException):
    """The function returned `...`: it is not finished."""


@lru_cache(2000)
def _untouched(exercise: Write, number: int) -> Arguments:
    """The arguments of a case, to look at only: no function ever gets these."""
    return exercise.make(Case(number))


@lru_cache(2000)
def _given_by(exercise: Write, function: Function, number: int, dtype: torch.dtype) -> Any:
    """What a function of the exercise's own returns for a case: the same each time, while torch's default dtype is the same."""
    return _call_with_case(exercise, function, number)[0]


def _call_with_case(exercise: Write, function: Function, number: int) -> tuple[Any, str]:
    """What the function returns for one case, or the error it raises; and the name of an argument it has changed."""
    arguments, untouched = exercise.make(Case(number)), _untouched(exercise, number)

    def checked(*given: Any) -> Any:
        if (result := function(*given)) is ...:
            raise _Unwritten  # before `use` can compute with it
        return result

    try:
        result = exercise.use(checked, *arguments)
    except _Unwritten:
        return ..., ""
    except Exception as error:
        return error, ""
    names = _named_arguments(exercise, number)
    changed = [name for name, now, then in zip(names, arguments, untouched) if not _unchanged(now, then)]
    return _snapshot(result), "" if exercise.mutates or not changed else changed[0]


def _snapshot(result: Any) -> Any:
    """A copy of the result: a view of an argument could still be written to."""
    return result.detach().clone() if isinstance(result, torch.Tensor) else result


def _unchanged(now: Any, then: Any) -> bool:
    if isinstance(now, nn.Module):
        now, then = list(now.state_dict().values()), list(then.state_dict().values())
    if isinstance(now, list):
        return len(now) == len(then) and all(map(_unchanged, now, then))
    if isinstance(now, torch.Tensor):
        return now.dtype == then.dtype and torch.equal(now, then)
    return bool(now == then)


def _agree(result: Any, expected: Any) -> bool:
    if isinstance(result, Exception) or isinstance(expected, Exception):
        return type(result) is type(expected) and result.args == expected.args
    return results_agree(result, expected)


def _matching_hint(exercise: Write, results: list[tuple[Any, str]]) -> str:
    """The hint of the typical mistake that gives just these results."""
    for wrong, hint in exercise.wrong:
        if attempt(partial(_gives, exercise, wrong, results)).value:
            return hint
    return ""


def _hint_of_almost_right(exercise: Write, results: list[tuple[Any, str]]) -> str:
    """What is left to do where one change would make all results right."""
    dtype = torch.get_default_dtype()
    expected = [_given_by(exercise, exercise.truth, number, dtype) for number in range(CASE_COUNT)]
    found = attempt(lambda: almost_right([result for result, _ in results], expected, exercise.axes)).value
    return str(found or "")


def _hint_of_tuple(exercise: Write, results: list[tuple[Any, str]]) -> str:
    """What a network returns, where its result was used as if it were one tensor, and Python or torch has complained."""
    errors = [result for result, _ in results if isinstance(result, (AttributeError, TypeError))]
    if any("must be tuple of Tensors, not Tensor" in str(error) for error in errors):
        return "Give the tensors as one list, as in torch.cat([a, b], dim=-1)."
    networks = [value for value in _named_arguments(exercise, 0).values() if isinstance(value, nn.RNNBase)]
    if networks and any("tuple" in str(error) for error in errors):
        return "A tuple is used as one tensor. A network, for example, returns a tuple: [0] is output, and [1] is h_n."
    return ""


def _note(outcome: Outcome) -> str:
    notes = []
    if outcome.printed_lines:
        notes.append(f"It printed {plural(outcome.printed_lines, 'line')}; call it yourself to see them.")
    if outcome.used_global_rng:
        notes.append("It set a seed or drew global random numbers; their state was restored.")
    return " ".join(notes)


def _kind_of_answer(truth: Any) -> str:
    if isinstance(truth, str):
        return "letter" if len(truth) == 1 else "word"
    return "yes or no" if isinstance(truth, bool) else "number"


def _type_name(answer: Any) -> str:
    return "None" if answer is None else with_article(type(answer).__name__)
