"""The exercises: every right answer passes, each typical wrong one gets its hint, and a learner's code can do no harm."""

import _thread
import random
import re
import runpy
import signal
import warnings
from collections.abc import Mapping
from pathlib import Path
from threading import Timer
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from helpers import check
from helpers.colours import contrast
from helpers.exercises import checking
from helpers.exercises.cases import CASE_COUNT, Case
from helpers.exercises.checking import EXERCISES, solution_path
from helpers.exercises.differences import difference
from helpers.exercises.e02_constructor_arguments import parameter_count
from helpers.exercises.exercise import Predict
from helpers.exercises.verdict import BADGES, Verdict
from helpers.rnn.shapes import Shape

ROOT = Path(__file__).parent.parent
NOTEBOOKS = {path.name[:2]: path for path in (ROOT / "notebooks").glob("*.ipynb")}
EACH = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


@pytest.fixture(autouse=True)
def no_wrong_answers_yet():
    """Each test begins like a fresh notebook."""
    checking._wrong_answers.clear()


def typical(exercise):
    return list(exercise.wrong.items() if isinstance(exercise.wrong, Mapping) else exercise.wrong)


def walk_of_cells(cell, x, h):
    states = []
    for x_t in x:
        states.append(h := cell(x_t, h))
    return torch.stack(states)


def with_states(rnn, x, size, keep):
    outputs, h = [], None
    for chunk in x.split(size):
        output, h = rnn(chunk, h)
        h = keep(h)
        outputs.append(output)
    return torch.cat(outputs)


def packed_states(rnn, padded, lengths):
    return rnn(pack_padded_sequence(padded, lengths.cpu(), enforce_sorted=False))[1][-1]


def masked_mean(output, lengths):
    mask = torch.arange(len(output), device=output.device)[:, None] < lengths
    return (output * mask[:, :, None]).sum(0) / lengths[:, None]


def clipped(grads, max_norm):
    copies = [nn.Parameter(grad) for grad in grads]
    for copy, grad in zip(copies, grads):
        copy.grad = grad.clone()
    nn.utils.clip_grad_norm_(copies, max_norm)
    return [copy.grad for copy in copies]


# What a notebook recommends in its own words, as an answer to its exercise: it must be right.
RECOMMENDED = [
    ("03.3", "`permute` before `reshape`", lambda rnn, x: rnn(x.permute(1, 0, 2))[0]),
    ("03.4", "size `h0` from the batch", lambda rnn, x: torch.zeros_like(rnn(x)[1])),
    ("04.2", "Carry `h` within a sequence", lambda rnn, x, size: with_states(rnn, x, size, lambda h: h)),
    ("04.2", "`detach` it between chunks", lambda rnn, x, size: with_states(rnn, x, size, torch.Tensor.detach)),
    ("04.3", "a loop only when each step needs your decision", walk_of_cells),
    ("05.3", "`torch.cat([h_n[-2], h_n[-1]], dim=-1)` in two", lambda rnn, x: torch.cat([*rnn(x)[1][-2:]], dim=-1)),
    ("05.3", "or the mean over all steps", lambda rnn, x: rnn(x)[0].mean(0)),
    ("05.3", "Bring the batch to the front, *then* regroup", lambda rnn, x: rnn(x)[1][-2:].transpose(0, 1).flatten(1)),
    ("07.2", "pack whenever you use `h_n`", packed_states),
    ("07.3", "mask", masked_mean),
    ("09.2", "comes back by `@ W_hh`", lambda g, h, W_hh: (g * (1 - h**2)) @ W_hh),
    ("09.3", "clip_grad_norm_", clipped),
    ("10.2", "permute", lambda h_n: h_n.permute(1, 0, 2).reshape(h_n.size(1), -1)),
    ("11.2", "x = x.to(device)", lambda rnn, x: rnn.to(torch.float64)(x.to(torch.float64))[0]),
]


@pytest.mark.parametrize("number, words, answer", RECOMMENDED, ids=[f"{number} {words}" for number, words, _ in RECOMMENDED])
def test_what_a_notebook_recommends_is_right(number, words, answer):
    assert words in NOTEBOOKS[number[:2]].read_text(encoding="utf-8")
    verdict = check(number, answer)
    assert verdict.right is True, verdict


WRONG = [(number, place) for number, exercise in EXERCISES.items() for place in range(len(exercise.wrong))]


@EACH
def test_what_torch_gives_is_right(exercise):
    answer = exercise.truth() if isinstance(exercise, Predict) else exercise.truth
    verdict = check(exercise.number, answer)
    assert verdict.right is True and not verdict.hints and not verdict.note, verdict


@pytest.mark.parametrize("number, place", WRONG, ids=[f"{number}-{place}" for number, place in WRONG])
def test_a_typical_wrong_answer_gets_the_hint_that_fits(number, place):
    answer, hint = typical(EXERCISES[number])[place]
    verdict = check(number, answer)
    assert verdict.right is False and list(verdict.hints) == [hint], verdict


@EACH
def test_an_exercise_is_complete(exercise):
    hints = [hint for _, hint in typical(exercise)]
    assert len(hints) >= 3 and len(exercise.hints) == 2
    assert len({*hints}) == len(hints) or exercise.number == "07.1"  # there two orders are the same mistake
    for sentence in (exercise.question, *hints):
        assert len(sentence) < 180 and sentence[-1] in ".?)", sentence
    if not isinstance(exercise, Predict):  # a case is described by their names
        assert len(exercise.make(Case(0))) == exercise.signature.count(",") + 1
    for number in range(CASE_COUNT):
        sizes = Case(number).sizes
        assert len({sizes.L, sizes.N, sizes.H_in, sizes.H_out}) == 4


# Wrong answers as people write them, with a word of the hint that fits: none of these is the function in the exercise.
def padded_with_last_column(rnn, padded, lengths):
    output, _ = rnn(padded)
    return output[padded.size(0) - 1]


def no_time_axis(rnn, x):
    y, h = rnn(x)
    return torch.swapaxes(y, 0, 1)


def tanh_forgotten(x, W_ih, W_hh, b_ih, b_hh):
    h = x.new_zeros(W_hh.size(0))
    for step in range(x.size(0)):
        h = x[step] @ W_ih.T + h @ W_hh.T + b_ih + b_hh
    return h


def h_from_nowhere(cell, x, h):
    out = []
    for t in range(x.size(0)):
        out.append(cell(x[t], torch.zeros_like(h)))
    return out


def clip_each(grads, max_norm):
    return [g / max(1.0, (g.norm() / max_norm).item()) for g in grads]


@pytest.mark.parametrize(
    "number, answer, word",
    [
        ("01.2", tanh_forgotten, "no tanh at all"),
        ("03.3", no_time_axis, "before rnn reads it"),
        ("04.3", h_from_nowhere, "Without a state"),
        ("07.2", padded_with_last_column, "after the padding"),
        ("09.3", clip_each, "measured alone"),
        ("10.2", lambda h: torch.flatten(h, start_dim=1), "N is not in front"),
        ("11.3", lambda a, b: float((a - b).abs().double().mean()), "mean"),
        ("08.3", lambda logits, labels: (logits.gt(0) == labels.bool()).double().mean(), "compares each with all"),
        (
            "03.4",
            lambda rnn, x: x.new_zeros(rnn.num_layers * (rnn.bidirectional + 1), x.shape[0], rnn.hidden_size),
            "batch_first",
        ),
        ("03.1", "20, 32, 64", "batch_first"),
        ("01.1", 620.0, "two biases"),
    ],
)
def test_a_wrong_answer_in_other_words_gets_the_same_hint(number, answer, word):
    verdict = check(number, answer)
    assert verdict.right is False and word in verdict.hints[0], verdict


class Callable7:
    def __call__(self, rnn, padded, lengths):
        output, where = pad_packed_sequence(rnn(pack_padded_sequence(padded, lengths, enforce_sorted=False))[0])
        return np.stack([output[length - 1, n].detach().numpy() for n, length in enumerate(where)])


SHAPE = (32, 20, 64)


@pytest.mark.parametrize(
    "number, answer",
    [
        *[
            ("03.1", spelled)
            for spelled in (
                SHAPE,
                list(SHAPE),
                torch.Size(SHAPE),
                Shape(("N", 32), ("L", 20), ("D*H_out", 64)),
                torch.tensor(SHAPE),
                np.array(SHAPE),
                (32.0, 20, 64),
                "(32, 20, 64)",
                "torch.Size([32, 20, 64])",
                "32 x 20 x 64",
                tuple(map(torch.tensor, SHAPE)),
            )
        ],
        *[("01.1", spelled) for spelled in (640, 640.0, "640", torch.tensor(640), np.int64(640), [640][0])],
        *[("05.2", spelled) for spelled in ((3,), [3], "row 3", "h_n[3]", "2*1 + 1 = 3", "Three")],
        *[("02.4", spelled) for spelled in ("D)", ("d",), "option d", "d: W_hh", "d, because W_hh has both")],
        *[("13.2", spelled) for spelled in ("the forget gate", "Forget-gate!", "forget, I think")],
        ("09.1", torch.tensor(0.01)),
        ("09.1", "1 %"),
        ("09.1", "0,01"),
        ("09.1", 1e-2),
        ("07.1", [3, 3, 2, 2, 1, 1, 1]),
        ("07.2", Callable7()),
        ("07.2", lambda rnn, padded, lengths: torch.cat([rnn(padded[:n, i : i + 1])[1][0] for i, n in enumerate(lengths)])),
        ("07.3", lambda output, lengths: [output[:n, i].mean(0) for i, n in enumerate(lengths.tolist())]),
        ("04.3", lambda cell, x, h: [h := cell(step, h) for step in x]),
        ("05.3", lambda rnn, x: rnn(x)[0].mean(dim=0)),  # recommended by the text: both final states, or the mean over all steps
        ("05.3", lambda rnn, x: rnn(x)[1][-2:].transpose(0, 1).flatten(1)),
        ("05.3", lambda rnn, x: torch.cat([rnn(x)[0][-1, :, : rnn.hidden_size], rnn(x)[0][0, :, rnn.hidden_size :]], 1)),
        ("06.3", lambda tokens, index: [index.get(token, 1) for token in tokens]),
        (
            "06.2",
            lambda vectors, i: sorted(range(len(vectors)), key=lambda j: -torch.cosine_similarity(vectors[i], vectors[j], dim=0))[
                1
            ],
        ),
        ("10.2", lambda h_n: torch.cat(list(h_n), dim=1)),
        ("10.2", lambda h_n: h_n.transpose(0, 1).flatten(1)),
        ("11.3", lambda output, truth: np.abs(output.numpy().astype("float64") - truth.numpy()).max()),
        ("02.3", lambda i, h, n, b: sum(p.numel() for p in nn.RNN(i, h, n, bidirectional=b).parameters())),
    ],
)
def test_every_way_that_is_right_is_right(number, answer):
    verdict = check(number, answer)
    assert verdict.right is True, verdict


def test_hints_grow_by_one_with_each_new_answer_and_stay_for_the_same():
    answers = [(20, 32, 64), (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4)]
    shown = [check("03.1", answer) for answer in answers]
    assert [len(verdict.hints) for verdict in shown] == [1, 2, 3, 4, 4]
    assert solution_path("03.1") in shown[3].hints[3]
    assert [check("03.1", answer) for answer in answers] == shown  # cells run again, in any order
    assert check("02.1", (1, 1, 1)).hints == [EXERCISES["02.1"].about[0]]  # each exercise counts for itself


@pytest.fixture(scope="module")
def run_cell():
    """Run a cell as a notebook does, and return the value of its last line."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")

    def run(source):
        done = shell.run_cell(source)
        done.raise_error()
        return done.result

    run("import functools, torch\nfrom helpers import check")
    yield run
    InteractiveShell.clear_instance()


BODIES = {
    "right": "return rnn(x.transpose(0, 1))[0]",
    "wrong": "return rnn(x)[0]",
    "untouched": "x = x.reshape(x.size(1), x.size(0), x.size(2))\n        return rnn(x)[0]",
    "empty": "...",
}
# How people write a function, as cells; with the bodies that count as unanswered there. "empty" without source returns None.
WAYS = {
    "def": ("if True:\n    def read(rnn, x):\n        BODY", "untouched empty"),
    "comments": (
        'if True:\n    def mine(rnn, x) -> "output":  # :-)\n        "What it does."\n        # so\n        BODY\n\nread = mine',
        "untouched empty",
    ),
    "nested": ("def make():\n    def inner(rnn, x):\n        BODY\n    return inner\n\nread = make()", "untouched empty"),
    "registered": ("if True:\n    @(lambda f: f)\n    def read(rnn, x):\n        BODY", "untouched empty"),
    "wrapped": ("if True:\n    @torch.no_grad()\n    def read(rnn, x):\n        BODY", ""),
    "method": ("class Reader:\n    def read(self, rnn, x):\n        BODY\n\nread = Reader().read", "empty"),
    "static method": (
        "class Reader:\n    @staticmethod\n    def read(rnn, x):\n        BODY\n\nread = Reader.read",
        "untouched empty",
    ),
    "object": ("class Reader:\n    def __call__(self, rnn, x):\n        BODY\n\nread = Reader()", "empty"),
    "partial": ("def full(rnn, x, more=1):\n        BODY\n\nread = functools.partial(full, more=2)", ""),
    "partial of nothing": ("def full(rnn, x):\n        BODY\n\nread = functools.partial(full)", "untouched empty"),
    "without source": ('exec("""def read(rnn, x):\n        BODY""")', ""),
    "two in a cell": ("def read(rnn, x): ...\nif True:\n    def read(rnn, x):\n        BODY", "untouched empty"),
    "after a magic": ("%precision 3\nif True:\n    def read(rnn, x):\n        BODY", "untouched empty"),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_is_recognised_however_it_is_written(way, run_cell):
    cell, unanswered = WAYS[way]
    for name in ("empty", "right", "wrong", "untouched", "empty"):  # as a learner changes one cell, and runs it again
        right = None if name in unanswered else name == "right"
        run_cell(cell.replace("BODY", BODIES[name]))
        assert run_cell('check("03.3", read).right') is right, name


@pytest.mark.parametrize(
    "answer, right",
    [
        ("lambda rnn, x: ...", None),
        ("(lambda rnn, x:\n    rnn(x.transpose(0, 1))[0])", True),
        ("[lambda rnn, x: ..., lambda rnn, x: rnn(x.transpose(0, 1))[0]][1]", True),
        ("[lambda rnn, x: ..., lambda rnn, x: rnn(x)[0]][0]", None),  # which of the two is in doubt: it is called
        ("functools.wraps(EXERCISE.bug)(lambda *arguments: EXERCISE.truth(*arguments))", True),
    ],
)
def test_a_lambda_is_recognised_too(answer, right, run_cell):
    run_cell('from helpers.exercises.checking import EXERCISES\nEXERCISE = EXERCISES["03.3"]')
    assert run_cell(f'check("03.3", {answer}).right') is right


def test_a_function_defined_again_counts_once(run_cell):
    def hints(cell):
        run_cell(cell)
        return len(run_cell('check("03.3", read)').hints)

    cells = ["def read(rnn, x):\n    return rnn(x)[0] + NUMBER".replace("NUMBER", number) for number in "00110"]
    assert [hints(cell) for cell in cells] == [1, 1, 2, 2, 1]
    assert [hints(f"exec({cell!r})") for cell in cells] == [3, 3, 3, 3, 3]  # the solution is shown, and no source is needed


@pytest.mark.parametrize("edited", ["...", "x = x.reshape(x.size(1), x.size(0), x.size(2)); return rnn(x)[0]"])
def test_a_file_edited_after_its_import_is_judged_by_what_runs(edited, tmp_path):
    path = tmp_path / "my_answer.py"
    path.write_text("def answer(rnn, x):\n    return rnn(x.transpose(0, 1))[0]\n")
    answer = runpy.run_path(str(path))["answer"]
    path.write_text(f"def answer(rnn, x):\n    {edited}\n")
    assert check("03.3", answer).right is True
    assert check("03.3", runpy.run_path(str(path))["answer"]).right is None


@EACH
def test_before_an_answer_nothing_is_judged(exercise):
    for blank in [..., getattr(exercise, "bug", None) or ...]:
        verdict = check(exercise.number, blank)
        assert verdict.right is None and not verdict.hints, verdict
    assert checking._wrong_answers == {}


def documented(rnn, x):
    """It says what it will do."""


def half_written(rnn, x):
    h = ...
    return h


def returns_none(rnn, x):
    pass
    return None


@pytest.mark.parametrize("blank", [lambda *arguments: ..., documented, half_written, returns_none])
def test_a_function_with_nothing_in_it_is_no_answer(blank):
    assert check("03.3", blank).right is check("01.1", blank if blank is not half_written else ...).right is None


def raises(rnn, x):
    raise KeyError("a <b>strange</b> one\nwith a second line")


def exits(rnn, x):
    raise SystemExit(3)


def recurses(rnn, x):
    return recurses(rnn, x)


def no_return(rnn, x):
    x = x.transpose(0, 1)
    rnn(x)


def not_numbers(rnn, x):
    return rnn(x.transpose(0, 1))[0] / 0 * 0


def changes_x(rnn, x):
    result = rnn(x.transpose(0, 1))[0]
    x.zero_()
    return result


def changes_rnn(rnn, x):
    result = rnn(x.transpose(0, 1))[0].detach()
    nn.init.zeros_(rnn.weight_hh_l0)
    return result


@pytest.mark.parametrize(
    "answer, word",
    [
        (raises, "KeyError"),
        (exits, "SystemExit"),
        (recurses, "RecursionError"),
        (no_return, "returns None"),
        (not_numbers, "NaN"),
        (changes_x, "changes its argument x"),
        (changes_rnn, "changes its argument rnn"),
        (lambda rnn: 1, "TypeError"),
        (lambda rnn, x: "text", "a str"),
        (lambda rnn, x: rnn, "an RNN"),
        (lambda rnn, x: 5, "shape"),
        (lambda rnn, x: rnn(x), "a tuple"),
        (lambda rnn, x: {}, "a dict"),
        (lambda rnn, x: undefined, "NameError"),  # noqa: F821
        (lambda rnn, x: x.to("meta"), "a Tensor"),
        (lambda rnn, x: x + 1j, "a Tensor"),
        (lambda rnn, x: x.to_sparse(), "a Tensor"),
        (None, "given None"),
        (5, "an int"),
        ("read", "a str"),
        ((1, 2), "a tuple"),
        (torch.zeros(2), "a Tensor"),
    ],
)
def test_whatever_the_code_does_is_one_friendly_sentence(answer, word, capsys):
    verdict = check("03.3", answer)
    assert verdict.right is False and word in verdict.sentence
    assert "\n" not in verdict.sentence and "Traceback" not in repr(verdict) and len(verdict.sentence) < 250
    assert capsys.readouterr() == ("", "")


def misspelled(x, W_ih, W_hh, b_ih, b_hh):
    h = x.new_zeros(len(W_hh))
    return tanh(W_ih @ x[0] + h)  # noqa: F821


def test_the_learners_own_error_comes_first_with_its_line_and_no_hint_of_another_mistake():
    for _ in range(2):
        verdict = check("01.2", misspelled)
        assert verdict.sentence.startswith("it raised NameError: name 'tanh' is not defined.") and not verdict.hints
        assert "Your line: return tanh(W_ih @ x[0] + h)" in verdict.sentence


@pytest.mark.parametrize(
    "number, answer, told",
    [
        ("02.3", lambda i, h, n, b: parameter_count(i, h, n, False), "bidirectional=True"),
        ("02.3", lambda i, h, n, b: parameter_count(i, h, 1, b), "num_layers=2"),
        (
            "03.4",
            lambda rnn, x: torch.zeros(rnn.num_layers * (1 + rnn.bidirectional), x.size(1), rnn.hidden_size),
            "batch_first=True",
        ),
        ("04.2", lambda rnn, x, size: rnn(x)[0] + 1, "size=3"),
    ],
)
def test_a_small_case_is_shown_with_every_argument_that_matters(number, answer, told):
    verdict = check(number, answer)
    assert told in verdict.sentence and verdict.sentence.startswith("for "), verdict
    assert max(map(int, re.findall(r"\d+", re.split(", your|, the shape", verdict.sentence)[0]))) <= 8


@pytest.mark.parametrize(
    "number, answer, sentence",
    [
        (
            "10.2",
            lambda h_n: h_n[-1],
            "for h_n (2, 4, 2), your result has the shape (4, 2), expected (N=4, D*num_layers*H_out=4).",
        ),
        ("07.2", lambda rnn, padded, lengths: rnn(padded)[1], "for rnn=RNN(1, 2), padded (4, 3, 1), lengths=["),
        ("07.4", lambda sentences: sentences[0], "for sentences (3,), (4,), (4,), your"),
        ("08.2", lambda model, optimizer, x, y: 1, "for x (5, 1), y (5, 1), the shape is right"),
        ("06.2", lambda vectors, i: vectors, "for vectors (8, 5), i=0, your result has the shape (8, 5), expected one number."),
    ],
)
def test_a_case_is_described_by_what_the_function_gets(number, answer, sentence):
    assert check(number, answer).sentence.startswith(sentence)


@pytest.mark.parametrize(
    "answer", [None, object(), {}, float("nan"), b"x", 1j, (), [[1]], "", lambda: 3, torch.zeros(32, 20, 64)]
)
def test_what_no_shape_can_be_is_told_in_one_sentence(answer):
    verdict = check("03.1", answer)
    assert verdict.right is (None if answer == "" else False) and "\n" not in verdict.sentence


@pytest.mark.parametrize(
    "number, answer, asked",
    [
        ("00.1", "about a hundred", "three numbers, please, as (7, 3, 9)."),
        ("00.2", "a few", "a number in digits, please."),
        ("01.4", "because of the weights", "a, b, c or d, please."),
        ("02.4", "e", "a, b, c or d, please."),
    ],
)
def test_what_is_no_answer_is_asked_back_and_costs_no_hint(number, answer, asked):
    verdict = check(number, answer)
    assert (verdict.right, verdict.sentence, verdict.hints) == (None, asked, [])


def test_another_good_answer_is_not_said_to_agree_with_torch():
    for summary, said in ((lambda rnn, x: rnn(x)[0].mean(0), "another good"), (EXERCISES["05.3"].truth, "agrees with torch")):
        verdict = check("05.3", summary)
        assert verdict.right and said in verdict.sentence and ("torch" in verdict.sentence) == ("torch" in said)


@pytest.mark.parametrize(
    "value, expected, shown",
    [
        (0.637, 0.64, ("0.637", "0.640")),
        (0.63721, 0.6374, ("0.6372", "0.6374")),
        (2.0, 3.0, ("2", "3")),
        (1e9, 2.5, ("1e+09", "2.5")),
    ],
)
def test_numbers_that_differ_look_different(value, expected, shown):
    said = difference(torch.tensor([value]).double(), torch.tensor([expected]).double(), ("L",))
    assert said.endswith("your value is {}, torch's is {}.".format(*shown))
    assert difference(value, expected, ()) == "your result is {}, expected {}.".format(*shown)


def restless(rnn, x):
    print("text\n" * 1000)
    torch.manual_seed(5), torch.rand(3), np.random.rand(), random.random()
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)
    return rnn(x.transpose(0, 1))[0]


def global_state():
    return (
        torch.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),
        random.getstate(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
    )


@pytest.mark.parametrize("answer", [restless, raises, exits, *(EXERCISES["03.3"].wrong[0][:1]), lambda rnn, x: nn.RNN(3, 4)])
def test_global_state_is_put_back(answer, capsys):
    before = global_state()
    check("03.3", answer)
    check("02.1", (1, 2, 3))  # whose truth makes a network
    assert global_state() == before
    assert capsys.readouterr() == ("", "")


def test_printing_and_seeding_are_noted_and_do_not_count_against_it():
    torch.use_deterministic_algorithms(False)  # loads half of torch when it is first called
    verdict = check("03.3", restless)
    assert verdict.right is True and "It printed 7007 lines" in verdict.note and "random numbers" in verdict.note


def endless(rnn, x):
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(7)
    print("started")
    Timer(0.1, _thread.interrupt_main).start()  # the stop button, while this runs
    while True:
        try:
            torch.rand(3)
        except Exception:
            continue


def test_the_stop_button_ends_an_endless_loop_and_the_state_is_restored(capsys):
    before = global_state()
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background ignore it
    try:
        stopped = check("03.3", endless)
    finally:
        signal.signal(signal.SIGINT, kept)
    assert global_state() == before
    assert stopped.right is False and "it was still running when you stopped it. Your line: " in repr(stopped)
    print("after")
    assert capsys.readouterr() == ("after\n", "")
    assert check("03.3", (EXERCISES["03.3"].truth)).right is True


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_any_value_is_judged(value):
    for number in ("03.1", "01.1", "03.3"):
        verdict = check(number, value)
        assert verdict.right is not None or isinstance(value, str)  # a text that is no shape is asked back
        assert "\n" not in verdict.sentence
        ElementTree.fromstring(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "", verdict._repr_html_()))


@pytest.mark.parametrize("number", ["3.1", 3.1, None, ["03.1"]])
def test_an_unknown_number_is_refused(number):
    with pytest.raises(ValueError, match=r"number: given .*3.1.*|number: given None"):
        check(number, 5)
    with pytest.raises(ValueError, match="expected one from '00.1' to '13.4'"):
        check(number, 5)


@pytest.mark.parametrize(
    "number, answer",
    [("01.1", 10**5000), ("01.1", -(10**5000)), ("03.1", (10**5000, 1, 2)), ("01.1", "9" * 5000)],
    ids=["large", "negative", "in a shape", "typed"],
)
def test_a_number_too_large_to_be_printed_is_wrong_and_no_more(number, answer):
    assert check(number, answer).right is False


class Nasty(Exception):
    def __str__(self):
        raise self


class Touchy:
    """Raises at every question but one: it can be called."""

    def __getattr__(self, name):
        raise Nasty

    def __call__(self, *arguments):
        return 1


class Pretending:
    __code__ = 5

    def __call__(self, *arguments):
        return 1


def odd_tensors():
    return [
        torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        [torch.zeros(2), torch.zeros(2, device="meta")],
        [torch.zeros(2), torch.zeros(2).to_sparse()],
    ]


def test_what_only_looks_like_a_function_or_a_tensor_is_wrong_and_no_more():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of tensors it is still working on
        odd = odd_tensors()
    for answer in (Touchy(), Pretending(), *(lambda *arguments, value=value: value for value in odd)):
        assert check("01.2", answer).right is False, answer
    assert check("03.1", Touchy()).right is False


def test_a_verdict_says_it_in_a_mark_a_word_and_a_legible_colour():
    for right, (mark, word, colour) in BADGES.items():
        verdict = Verdict("03.1", "predict a shape", right, "<script>", ["a & b"], "<i>")
        assert f"{mark} {word}" in repr(verdict) and f"{mark} {word}" in verdict._repr_html_()
        assert contrast(colour, "#FFFFFF") >= 4.5
        text = "".join(ElementTree.fromstring(verdict._repr_html_()).itertext())
        assert "<script>" in text and "a & b" in text and "<i>" in text


def section(number):
    """The cells of a notebook between 'On your own' and what we have seen."""
    cells = nbformat.read(NOTEBOOKS[number], as_version=4).cells
    start = next(place for place, cell in enumerate(cells) if "## On your own" in cell.source)
    end = next(place for place, cell in enumerate(cells) if cell.source.startswith("## What we have seen"))
    return cells[start + 1 : end]


@pytest.mark.parametrize("number", sorted(NOTEBOOKS))
def test_a_notebook_asks_its_exercises_in_order(number):
    ours, cells = [e for e in EXERCISES.values() if e.number[:2] == number], section(number)
    assert (2 if number == "00" else 3) <= len(ours) <= 5
    questions, answers = cells[: 2 * len(ours) : 2], cells[1 : 2 * len(ours) : 2]
    for exercise, question, answer in zip(ours, questions, answers, strict=True):
        assert f"**{exercise.number}** · {exercise.kind}" in question.source
        assert exercise.question in question.source.replace("`", "")
        assert answer.source.splitlines()[-1].startswith(f'check("{exercise.number}", ')
        (stored,) = answer.outputs
        assert stored.data["text/plain"] == f"{exercise.number} ○ Not answered yet: {exercise.question}"
    assert f"(../{solution_path(ours[0].number)})" in questions[0].source


@pytest.mark.parametrize("number", sorted(NOTEBOOKS))
def test_what_to_do_is_said_for_every_kind_of_exercise(number):
    says, cells = section(number)[0].source.partition("Look at the solutions")[0], section(number)
    bugs = [cell for cell in cells if "**" + number in cell.source and "· find the bug" in cell.source]
    assert ("fix the bug" in says) == bool(bugs)  # there nothing is to be replaced
    assert "`...`" in says and any("answer = ...\n" in cell.source or "    ...\n" in cell.source for cell in cells)


def test_one_number_is_one_number():
    assert check("03.1", (5,)).sentence == "you give 1 number, and the shape has 3."
    assert check("07.1", "3 3 2").sentence == "you give 3 numbers, and the list has 7."


def test_what_is_asked_for_is_named_without_a_hint_of_another_mistake():
    for number, answer in [("07.5", None), ("05.1", 2), ("02.1", torch.zeros(6, 10, 8)), ("03.3", "transpose")]:
        assert check(number, answer).right is False and not check(number, answer).hints
    assert check("07.5", None).sentence == "given None, expected a letter."
    assert check("05.1", 2).sentence == "given an int, expected a letter."
    assert check("05.2", 7).sentence == "your number is too large."


def test_every_exercise_has_its_notebook():
    assert {number[:2] for number in EXERCISES} == set(NOTEBOOKS)
    for number in EXERCISES:
        assert solution_path(number).endswith(f"{NOTEBOOKS[number[:2]].stem}.py")


class NastyNumbers:
    def __array__(self, *arguments, **options):
        raise Nasty

    tolist = __repr__ = __len__ = __array__


def raises_nasty(rnn, x):
    raise Nasty("inside")


@pytest.mark.parametrize(
    "number, answer",
    [
        ("03.3", raises_nasty),
        ("03.3", lambda rnn, x: NastyNumbers()),
        ("03.1", NastyNumbers()),
        ("03.3", NastyNumbers()),
        ("03.3", NastyNumbers),
    ],
)
def test_objects_that_fight_back_are_answered_too(number, answer):
    assert check(number, answer).right is False
