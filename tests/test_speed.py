"""The ways to run one forward pass agree, the clock is fair, and what is stored says where it comes from."""

import importlib.util
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from helpers import explore_speed, forward_ways, measure, stored_speeds
from helpers.speed import STORED_SPEEDS, synchronize

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


def test_the_ways_take_turns_after_one_warm_up_each():
    calls = []
    measure({name: lambda name=name: calls.append(name) for name in "ab"}, device=CPU, rounds=3)
    assert calls == list("ab" + "ab" * 3)


def test_the_median_is_taken_in_ms(monkeypatch):
    now, naps = [100.0], iter([9.0, 0.002, 0.003, 0.05])  # the warm-up, and three rounds with one that was disturbed
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    took = measure({"naps": lambda: now.append(now.pop() + next(naps))}, device=CPU, rounds=3)["naps"]
    assert took == pytest.approx(3)
    with pytest.raises(ValueError, match="rounds: given 0, expected at least 1"):
        measure({}, device=CPU, rounds=0)


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


def test_what_is_stored_names_date_machine_and_versions():
    speeds = stored_speeds()
    assert re.match(r"\d{4}-\d\d-\d\d; .+ cores; .+; Python .+, torch ", speeds.made)
    has_card = "no graphics card" not in speeds.made
    assert has_card == any("CUDA" in way for way in speeds.ways)  # no times of a card that was not there
    assert all(set(ms) == set(speeds.ways) and min(ms.values()) > 0 for _, _, ms in speeds.rows)
    assert len(speeds.table().rows) == len(speeds.rows) and speeds.table().headings[:2] == ("L", "N")
    with pytest.raises(ValueError, match=r"L, N: given \(3, 3\), expected one of \[\(16, 32\)"):
        speeds.times(L=3, N=3)


@pytest.mark.parametrize("with_card", [False, True])
def test_the_benchmark_writes_what_is_read(with_card, tmp_path, monkeypatch, capsys):
    """Where torch finds CUDA as well as where it does not: here the CPU plays the card."""
    spec = importlib.util.spec_from_file_location("forward_speed", SCRIPT)
    script, threads = importlib.util.module_from_spec(spec), torch.get_num_threads()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the script sets them; monkeypatch takes them back
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "LENGTHS", [(2, 3)])
    monkeypatch.setattr(script, "BATCHES", [(2, 1)])
    if with_card:
        monkeypatch.setattr(script, "CARD", "cpu")
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card that is not there")
        monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)  # since 2.14 torch looks for the card itself
    before = STORED_SPEEDS.read_bytes()
    try:
        script.main(["--output", str(tmp_path / "speed.json"), "--rounds", "1"])
    finally:
        torch.set_num_threads(threads)
    speeds = stored_speeds(tmp_path / "speed.json")
    assert [row[:2] for row in speeds.rows] == [(2, 3), (2, 1)] and speeds.made in capsys.readouterr().out
    assert with_card == ("a card that is not there" in speeds.made)
    on_card = ["RNNCell loop, CUDA", "one call, CUDA", "one call, CUDA, not waited for"]
    assert speeds.ways == ["NumPy loop", "RNNCell loop", "one nn.RNN call"] + on_card * with_card
    assert STORED_SPEEDS.read_bytes() == before
    assert json.loads(before)["rows"][0]["L"] == 16


def test_the_explorer_measures_at_each_move_and_stores_no_times():
    explorer = explore_speed()
    first, pale = explorer.state, []
    explorer._views.append(lambda state: pale.append(explorer._panes[0]._dom_classes) or "")  # seen while it is computed
    explorer.controls["L"].value = 32
    assert explorer.state.L == 32 and explorer.state.ms != first.ms and "one nn.RNN call" in explorer.html[0]
    assert "unrolled-pale" in pale[0] and "unrolled-pale" not in explorer._panes[0]._dom_classes
    stored = explorer._repr_mimebundle_()["text/html"]
    assert not re.search(r"\d\.\d", stored) and "measure on your own computer" in stored
