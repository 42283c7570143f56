"""The ways to run one forward pass agree, the clock is fair, and what is stored says where it comes from."""

import importlib.util
import inspect
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from helpers import explore_speed, forward_ways, measure, stored_speeds, training_parts
from helpers.speed import MEASURED, STORED_SPEEDS, synchronize

CPU = torch.device("cpu")
SCRIPT = Path(__file__).parent.parent / "benchmarks" / "forward_speed.py"


@pytest.mark.parametrize("dtype, close", [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_all_ways_give_the_same_output(dtype, close):
    torch.manual_seed(0)
    rnn, x = nn.RNN(6, 8, dtype=dtype), torch.randn(40, 3, 6, dtype=dtype)
    expected = rnn(x)[0].detach().numpy()
    ways = forward_ways(rnn, x)
    assert list(ways) == ["NumPy loop", "RNNCell loop", "one nn.RNN call"]
    for run in ways.values():
        np.testing.assert_allclose(np.asarray(run()), expected, rtol=0, atol=close)


@pytest.mark.parametrize(
    "options", [dict(num_layers=2), dict(bidirectional=True), dict(nonlinearity="relu"), dict(bias=False), dict(batch_first=True)]
)
def test_another_kind_of_network_is_refused(options):
    with pytest.raises(ValueError, match="rnn: given RNN.*expected one layer"):
        forward_ways(nn.RNN(3, 4, **options), torch.ones(5, 2, 3))


@pytest.mark.parametrize(
    "input, error, message",
    [
        (torch.ones(5, 3), ValueError, r"input: given \(5, 3\), expected \(L, N, H_in\)"),  # NumPy took 3 features for a batch
        (torch.ones(5, 2, 7), ValueError, r"input: given \(5, 2, 7\), expected \(L, N, H_in=3\)"),
        (torch.ones(5, 2, 3).double(), ValueError, "input: given torch.float64, expected torch.float32"),
        ([[[1.0]]], TypeError, "input: given list, expected a torch.Tensor"),
    ],
)
def test_another_input_is_refused_by_name(input, error, message):
    with pytest.raises(error, match=message):
        forward_ways(nn.RNN(3, 4), input)


def test_a_step_in_parts_is_a_step_of_adam():
    torch.manual_seed(0)
    rnn, x = nn.RNN(3, 4), torch.randn(5, 2, 3)
    before = [parameter.detach().clone() for parameter in rnn.parameters()]
    parts = training_parts(rnn, x)
    assert list(parts) == ["forward", "backward", "optimizer"]
    copied = inspect.getclosurevars(parts["forward"]).nonlocals["reader"]
    parts["forward"]()
    assert all(parameter.grad is None for parameter in copied.parameters())
    parts["backward"]()
    assert all(parameter.grad.abs().sum() > 0 for parameter in copied.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, copied.parameters()))
    parts["optimizer"]()
    moved = [(a - b).abs().max().item() for a, b in zip(before, copied.parameters())]
    assert moved == pytest.approx([1e-3] * len(before), rel=1e-2)  # the first step of Adam is as long as its learning rate
    assert all(torch.equal(a, b) for a, b in zip(before, rnn.parameters()))  # it is a copy that is trained
    with pytest.raises(TypeError, match="rnn"):
        training_parts(nn.Linear(3, 4), x)


def test_the_ways_take_turns_after_one_warm_up_each():
    calls = []
    measure({name: lambda name=name: calls.append(name) for name in "ab"}, device=CPU, rounds=3)
    assert calls == list("ab" + "ab" * 3)


def test_the_median_is_taken_in_ms(monkeypatch):
    now, naps = [100.0], iter([9.0, 0.002, 0.003, 0.05])  # the warm-up, and three rounds with one that was disturbed
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    took = measure({"naps": lambda: now.append(now.pop() + next(naps))}, device=CPU, rounds=3)["naps"]
    assert took == pytest.approx(3)
    with pytest.raises(ValueError, match="rounds: given 0, expected a whole number >= 1"):
        measure({}, device=CPU, rounds=0)


def test_another_clock_can_be_asked():
    ticks = iter(range(0, 100, 2))
    assert measure({"nothing": lambda: None}, device=CPU, rounds=3, clock=lambda: next(ticks)) == {"nothing": 2000}
    idle = measure({"a nap": lambda: time.sleep(0.05)}, device="cpu", rounds=1, clock=time.process_time)["a nap"]
    assert idle < 25  # of 50 ms: the process did not work


def test_the_clock_waits_for_cuda_before_it_starts_and_before_it_stops(monkeypatch):
    events = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: events.append("wait"))
    measure({"work": lambda: events.append("work")}, device=torch.device("cuda"), rounds=2)
    assert events == ["work", *["wait", "work", "wait"] * 2]
    synchronize(CPU)
    assert len(events) == 7  # a CPU needs no waiting
    events.clear()
    measure({"work": lambda: events.append("work")}, device=torch.device("cuda"), rounds=2, too_early=True)
    assert events == ["work", *["wait", "work"] * 2]


@pytest.mark.parametrize("what", MEASURED)
def test_what_is_stored_names_date_machine_and_versions(what):
    speeds = stored_speeds(what)
    assert re.match(r"\d{4}-\d\d-\d\d; .+ cores; .+; Python .+, torch ", speeds.made)
    if "no GPU" in speeds.made:
        assert not any("CUDA" in way for way in speeds.ways)  # no times of a GPU that was not there
    assert all(set(ms) == set(speeds.ways) and min(ms.values()) > 0 for *_, ms in speeds.rows)
    assert len(speeds.table().rows) == len(speeds.rows) and speeds.table().headings[:3] == ("H", "L", "N")
    H, L, N, ms = speeds.rows[-1]
    assert speeds.times(H=H, L=L, N=N) == ms


def test_sizes_or_tables_that_were_not_measured_are_refused():
    with pytest.raises(ValueError, match=r"H, L, N: given \(128, 3, 3\), expected one of \[\(128, 16, 32\)"):
        stored_speeds().times(L=3, N=3)
    with pytest.raises(ValueError, match="what: given 'cuda', expected one of"):
        stored_speeds("cuda")


@pytest.mark.parametrize("with_gpu", [False, True])
def test_the_benchmark_writes_what_is_read(with_gpu, tmp_path, monkeypatch, capsys):
    """Where torch finds CUDA as well as where it does not: here the CPU plays the GPU."""
    spec = importlib.util.spec_from_file_location("forward_speed", SCRIPT)
    script, threads = importlib.util.module_from_spec(spec), torch.get_num_threads()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the script sets them; monkeypatch takes them back
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "LENGTHS", [(4, 2, 3)])
    monkeypatch.setattr(script, "BATCHES", [(4, 2, 1)])
    monkeypatch.setattr(script, "TRAININGS", [(4, 2, 3)])
    if with_gpu:
        monkeypatch.setattr(script, "GPU", "cpu")
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU that is not there")
        monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)  # since 2.14 torch looks for the GPU itself
    before = {what: (STORED_SPEEDS / f"{what}_speed.json").read_bytes() for what in MEASURED}
    try:
        script.main(["--output", str(tmp_path), "--rounds", "1"])
    finally:
        torch.set_num_threads(threads)
    printed = capsys.readouterr().out
    found = {what: stored_speeds(what, tmp_path) for what in MEASURED}
    assert [row[:3] for row in found["forward"].rows] == [(4, 2, 3), (4, 2, 1)]
    on_gpu = ["RNNCell loop, CUDA", "one call, CUDA", "one call, CUDA, not waited for"]
    assert found["forward"].ways == ["NumPy loop", "RNNCell loop", "one nn.RNN call"] + on_gpu * with_gpu
    parts = ["forward", "backward", "optimizer"]
    on_gpu = [f"{part}, CUDA" for part in parts]
    assert found["training"].ways == parts + ["RNNCell loop", "one nn.RNN call"] + on_gpu * with_gpu
    first, usual = found["first_call"].rows[0][3].values()
    assert first > usual
    for speeds in found.values():
        assert with_gpu == ("a GPU that is not there" in speeds.made) and speeds.made in printed
    assert before == {what: (STORED_SPEEDS / f"{what}_speed.json").read_bytes() for what in MEASURED}
    assert json.loads(before["forward"])["rows"][0]["L"] == 16


def test_the_explorer_measures_at_each_move_and_stores_no_times():
    explorer = explore_speed()
    first, pale = explorer.state, []
    explorer.views.append(lambda state: pale.append(explorer._panes[0]._dom_classes) or "")  # seen while it is computed
    explorer.controls["L"].value = 32
    assert explorer.state.L == 32 and explorer.state.ms != first.ms and "one nn.RNN call" in explorer.html[0]
    assert "unrolled-pale" in pale[0] and "unrolled-pale" not in explorer._panes[0]._dom_classes
    stored = explorer._repr_mimebundle_()["text/html"]
    assert not re.search(r"\d\.\d", stored) and "measure on your own computer" in stored
