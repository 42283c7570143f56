"""explain_errors() in a real IPython: what stands above and below the learner's own lines; nothing else changes."""

import subprocess
import sys
import warnings

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from IPython.utils.capture import capture_output

from helpers import explain_errors
from helpers.errors import explain, ipython_hook

WRONG = "rnn(torch.zeros(5, 2, 7))"
SETUP = "import torch\nfrom torch import nn\nrnn = nn.RNN(3, 4)"


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")
    shell.run_cell(SETUP)
    yield shell
    explain_errors(False)
    InteractiveShell.clear_instance()


def ran(shell, code):
    """What a cell prints and displays, and its result."""
    with capture_output() as shown:
        result = shell.run_cell(code)
    return shown.stdout + shown.stderr, [output.data for output in shown.outputs], result


def explained(shown):
    """The explanations among what a cell displays."""
    return [data["text/plain"] for data in shown if "data-way" not in data["text/html"]]


IN_A_MODEL = f"""class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 4)

    def forward(self, x):
        return self.rnn(x)  # a line of the learner's own
{WRONG.replace("rnn", "Model()")}"""


@pytest.mark.parametrize("code", [WRONG, IN_A_MODEL], ids=["a cell", "a model of one's own"])
def test_the_explanation_comes_first_then_the_own_lines_and_torchs_are_folded(shell, code):
    shell._showtraceback = lambda kind, error, lines: display({"text/plain": "\n".join(lines)}, raw=True)
    _, plain, before = ran(shell, code)
    explain_errors()
    _, shown, after = ran(shell, code)
    explanation, own, way = shown
    assert "The last axis of the input is H_in" in explanation["text/plain"] and "<img alt=" in explanation["text/html"]
    assert own["text/plain"].splitlines()[-1] == plain[0]["text/plain"].splitlines()[-1]  # the error itself
    assert "check_input" in plain[0]["text/plain"] and "check_input" not in own["text/plain"]
    assert all(line in own["text/plain"] for line in code.splitlines() if "(x)" in line or line.startswith("Model()"))
    assert way["text/html"].startswith("<details") and "in check_input" in way["text/html"] and "<module>" not in way["text/html"]
    assert way["text/plain"] == "%tb shows the whole traceback."
    assert not after.success and type(after.error_in_exec) is type(before.error_in_exec)
    assert str(after.error_in_exec) == str(before.error_in_exec)
    assert "check_input" in ran(shell, "%tb")[1][0]["text/plain"]


def test_it_can_be_switched_off_and_on_and_on_again(shell):
    show = warnings.showwarning
    for _ in range(2):
        explain_errors()
    assert len(explained(ran(shell, WRONG)[1])) == 1  # on twice, shown once
    explain_errors(False)
    assert ran(shell, WRONG)[1] == [] and warnings.showwarning is show
    explain_errors(False)
    explain_errors()
    assert len(explained(ran(shell, WRONG)[1])) == 1


@pytest.mark.parametrize("code", ["1 / 0", "x = (", "rnn(torch.zeros(5, 2, 3));", "raise KeyboardInterrupt"])
def test_other_cells_show_nothing_more(shell, code):
    explain_errors()
    assert ran(shell, code)[1] == []


def test_a_script_that_is_run_is_explained_once(shell, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import torch\nnet = torch.nn.RNN(3, 4)\ndata = torch.zeros(5, 2, 7)\nnet(data)\n", encoding="utf-8")
    explain_errors()
    text, shown, result = ran(shell, f"%run {script}")
    assert "must be equal to input_size" in text
    assert [text.splitlines()[4] for text in explained(shown)] == ["  fix       net = torch.nn.RNN(7, 4)"]
    assert ran(shell, "1 + 1")[1] == [] and ran(shell, "1 / 0")[1] == []  # said once


@pytest.mark.parametrize("magic", ["%time ", "%%time\n", "%timeit -n1 -r1 "])
def test_a_call_that_is_timed_is_explained(shell, magic):
    explain_errors()
    assert len(explained(ran(shell, magic + WRONG)[1])) == 1


def test_a_mistake_of_ours_leaves_the_plain_traceback(shell, monkeypatch):
    explain_errors()

    def broken(*given):
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(explain, "explain_error", broken)
    monkeypatch.setattr(explain, "explain_warning", broken)
    text, shown, result = ran(shell, WRONG)
    assert shown == [] and "a mistake of ours" not in text
    assert "input.size(-1)" in text and isinstance(result.error_in_exec, RuntimeError)
    text, shown, result = ran(shell, "nn.GRU(3, 4, dropout=0.5);")
    assert result.success and shown == []


def test_another_handler_of_errors_keeps_its_place(shell):
    seen = []
    shell.set_custom_exc((RuntimeError,), lambda shell, kind, value, tb, tb_offset=None: seen.append(kind))
    explain_errors()
    text, shown, result = ran(shell, WRONG)
    assert seen == [RuntimeError] and len(shown) == 1 and "must be equal" not in text


def test_somebody_else_who_shows_tracebacks_keeps_the_place(shell):
    explain_errors()
    ours, seen = shell._showtraceback, []
    shell._showtraceback = theirs = lambda *given: (seen.append(given[0]), ours(*given))
    assert len(explained(ran(shell, WRONG)[1])) == 1
    for on in (False, True):
        explain_errors(on)
        assert len(explained(ran(shell, WRONG)[1])) == on
    assert len(seen) == 3
    explain_errors(False)
    assert shell._showtraceback is theirs


def test_a_warning_is_explained_beneath_it(shell):
    explain_errors()
    text, shown, result = ran(shell, "lazy = nn.LSTM(3, 4, dropout=0.5, batch_first=True)")
    assert result.success and len(shown) == 1
    assert "lazy = nn.LSTM(3, 4, batch_first=True)" in shown[0]["text/plain"]
    text, shown, result = ran(shell, "import warnings; warnings.warn('another')")
    assert result.success and shown == []


def test_somebody_else_who_shows_warnings_keeps_the_place(shell, monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", lambda *given: None)
    explain_errors()
    ours = warnings.showwarning
    monkeypatch.setattr(warnings, "showwarning", lambda *given: ours(*given))
    theirs = warnings.showwarning
    explain_errors(False)
    assert warnings.showwarning is theirs
    theirs("dropout num_layers", UserWarning, "file", 1)  # ours is off, and passes on what it gets


def test_outside_ipython_it_says_so_in_one_sentence(capsys, monkeypatch):
    monkeypatch.setattr(ipython_hook, "_shell", lambda: None)
    explain_errors()
    assert capsys.readouterr().out.count("\n") == 1
    assert ipython_hook._running.shell is None


@pytest.mark.sweep
def test_switched_on_it_loads_nothing_until_there_is_an_error():
    code = "import sys, torch; from helpers import explain_errors; explain_errors()"
    code += "; print(*[m for m in sys.modules if 'helpers.' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1].split() == [
        "helpers.errors",
        "helpers.errors.missing_names",
        "helpers.errors.ipython_hook",
    ]
