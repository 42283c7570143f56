"""The code an explorer shows makes exactly the network and the call it draws."""

import warnings
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from helpers.explorers.snippets import DEFAULTS, call_code, run_code
from helpers.rnn.traces import trace

SIZES = dict(input_size=3, hidden_size=4, L=5)
GRID = [
    dict(zip(("num_layers", "bidirectional", "nonlinearity", "bias", "batch_first", "dropout", "N", "h0"), values))
    for values in product(
        (1, 3),
        (False, True),
        ("tanh", "relu"),
        (True, False),
        (False, True),
        (0.0, 0.5),
        (None, 1, 2),
        ("None", "zeros", "random"),
    )
]


def run_as_a_learner(code):
    """The names that there are when the lines were copied into an empty notebook."""
    made = {}
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "dropout option adds dropout")
        exec("import torch\nfrom torch import nn\n" + code, made)
    return made


@pytest.mark.parametrize("grid", [GRID[::13], pytest.param(GRID, marks=pytest.mark.sweep)], ids=["some", "all"])
def test_the_code_makes_the_network_and_call_that_is_traced(grid):
    for options in grid:
        code = call_code(**SIZES, **options)
        made, seen = run_as_a_learner(code), run_code(code)
        rnn, D = made["rnn"], 2 if options["bidirectional"] else 1
        # the network that was asked for
        assert {name: getattr(rnn, name) for name in DEFAULTS} == {name: options[name] for name in DEFAULTS}
        assert (rnn.input_size, rnn.hidden_size) == (3, 4)
        # the call that was asked for
        batch = options["N"]
        axes = [5] if batch is None else [batch, 5] if options["batch_first"] else [5, batch]
        assert made["x"].shape == (*axes, 3)
        if options["h0"] == "None":
            assert "h0" not in made
        else:
            assert made["h0"].shape == (D * options["num_layers"], *(() if batch is None else (batch,)), 4)
            assert bool(made["h0"].any()) == (options["h0"] == "random")
        # and what it gives
        np.testing.assert_allclose(seen.output, made["output"].detach(), atol=1e-6, err_msg=code)
        np.testing.assert_allclose(seen.h_n, made["h_n"].detach(), atol=1e-6, err_msg=code)
        for name, weight in rnn.named_parameters():
            np.testing.assert_array_equal(seen.weights[name], weight.detach())


def test_the_states_of_a_network_with_dropout_are_its_states():
    # Were dropout at work, the states by hand could not give the output of the call.
    seen = run_code(call_code(**SIZES, N=2, num_layers=2, dropout=0.9))
    np.testing.assert_allclose(seen.output, seen.hidden[-1, 0], atol=1e-6)


def test_only_what_differs_from_the_defaults_is_written():
    assert "nn.RNN(3, 4)\n" in call_code(**SIZES, N=2, **DEFAULTS)
    code = call_code(**SIZES, N=2, bias=False, nonlinearity="relu")
    assert "nn.RNN(3, 4, nonlinearity='relu', bias=False)" in code


def test_the_defaults_are_those_of_torch():
    rnn = nn.RNN(3, 4)
    assert {name: getattr(rnn, name) for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    "N, batch_first, axes", [(2, False, "(L, N, H_in)"), (2, True, "(N, L, H_in)"), (None, True, "(L, H_in)")]
)
def test_shapes_are_named_in_comments(N, batch_first, axes):
    lines = call_code(**SIZES, N=N, batch_first=batch_first, h0="zeros").splitlines()
    assert lines[1].endswith(f"# {axes}")
    assert lines[3].endswith("# (D*num_layers, H_out)" if N is None else "# (D*num_layers, N, H_out)")


def test_the_seed_is_written_and_counts():
    one, other = (call_code(**SIZES, N=2, seed=seed) for seed in (0, 10))
    assert one.startswith("torch.manual_seed(0)\n") and other.startswith("torch.manual_seed(10)\n")
    assert not np.allclose(run_code(one).output, run_code(other).output)


def test_an_unknown_h0_is_refused():
    with pytest.raises(ValueError, match="h0: given 'ones', expected"):
        call_code(**SIZES, N=2, h0="ones")


@pytest.mark.parametrize("h0", ["None", "random"])
def test_torch_random_state_stays_as_it_was(h0):
    torch.manual_seed(123)
    before = torch.get_rng_state()
    run_code(call_code(**SIZES, N=2, h0=h0))
    assert torch.equal(torch.get_rng_state(), before)


def test_torch_random_state_stays_as_it_was_when_the_code_fails():
    before = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError):
        run_code("torch.manual_seed(5)\n1 / 0\noutput, h_n = rnn(x)")
    assert torch.equal(torch.get_rng_state(), before)


def test_code_must_end_in_the_call_that_is_traced():
    with pytest.raises(ValueError, match="code: given a last line of '1 / 0', expected a call"):
        run_code("rnn = nn.RNN(3, 4)\n1 / 0")


def test_no_warning_reaches_the_notebook():
    # nbval compares stderr, and a slider at dropout=0.1, num_layers=1 is no mistake to be warned of twice
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seen = run_code(call_code(**SIZES, N=2, dropout=0.5))
    assert seen.shapes == trace(nn.RNN(3, 4), torch.zeros(5, 2, 3)).shapes
