"""Every fault still applies, and a few of them, planted, are caught. All of them: `python start.py mutations`."""

import pytest
from mutations import FAULTS, ROOT, faulty, run, sample


def test_there_are_many_different_faults():
    assert len(FAULTS) >= 40 and len({fault["what"] for fault in FAULTS}) == len(FAULTS)
    assert {fault["file"].partition("/")[0] for fault in FAULTS} >= {"helpers", "notebooks"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["what"])
def test_each_fault_still_applies(fault):
    assert faulty(fault, ROOT) != (ROOT / fault["file"]).read_text(encoding="utf-8")
    assert all((ROOT / test.partition("::")[0]).is_file() for test in fault["tests"])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"find": "a text that is nowhere"}, "0 times"),
        ({"find": "import"}, "times, expected 1"),
        ({"replace": FAULTS[0]["find"]}, "nothing would change"),
        ({"do": "strip the output", "cell": "a cell that is nowhere", "file": "notebooks/00_start_here.ipynb"}, "no cell"),
    ],
)
def test_a_fault_that_no_longer_applies_is_an_error(change, message):
    with pytest.raises(ValueError, match=message):
        faulty(FAULTS[0] | change, ROOT)


@pytest.mark.sweep
def test_a_few_faults_are_caught():
    assert run(sample(3))["survived"] == []


@pytest.mark.sweep
def test_a_fault_that_no_test_sees_survives():
    harmless = dict(
        what="a word in a comment",
        file="helpers/rnn/shapes.py",
        find="int = 1  # directions",
        replace="int = 1  # ways",
        tests=["tests/notebooks/test_stored_form.py"],
    )
    assert run([harmless], workers=1)["survived"] == ["a word in a comment"]


@pytest.mark.sweep
def test_tests_that_fail_anyway_are_an_error():
    missing = dict(FAULTS[0], tests=["tests/test_recurrence.py::test_that_is_not_there"])
    with pytest.raises(RuntimeError, match="without any fault"):
        run([missing], workers=1)
