"""The NumPy recurrence and the trace against `nn.RNN`, over the whole grid of options and over random shapes."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sweeps import thinned
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from helpers import expected_shapes, run_recurrence, trace

# float32 sums of a few dozen products, in another order than torch's: a few units in the last place, times the steps.
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
L, N, H_IN, H_OUT = 5, 3, 4, 6
GRID = list(product((1, 2, 3), (False, True), ("tanh", "relu"), (True, False), (False, True)))
KINDS = ("batched", "unbatched", "packed", "packed unsorted")


def make_rnn(layers, bidirectional, nonlinearity, bias, batch_first, dtype=torch.float64, sizes=(H_IN, H_OUT)):
    torch.manual_seed(layers)
    options = dict(nonlinearity=nonlinearity, bias=bias, batch_first=batch_first, bidirectional=bidirectional)
    return nn.RNN(*sizes, num_layers=layers, dtype=dtype, **options)


def make_input(rnn, kind, L=L, N=N):
    shape = (L, rnn.input_size) if kind == "unbatched" else (N, L) if rnn.batch_first else (L, N)
    x = torch.randn(*shape[:2], *(() if kind == "unbatched" else (rnn.input_size,)), dtype=rnn.weight_ih_l0.dtype)
    if not kind.startswith("packed"):
        return x
    lengths = torch.randint(1, L + 1, (N,))
    lengths[0] = L
    is_sorted = kind == "packed"
    if is_sorted:
        lengths = lengths.sort(descending=True).values
    return pack_padded_sequence(x, lengths, batch_first=rnn.batch_first, enforce_sorted=is_sorted)


def make_h0(rnn, kind, N=N):
    batch = () if kind == "unbatched" else (N,)
    D = 2 if rnn.bidirectional else 1
    return torch.randn(D * rnn.num_layers, *batch, rnn.hidden_size, dtype=rnn.weight_ih_l0.dtype)


def assert_same(rnn, x, h0):
    tolerance = dict(rtol=0, atol=TOLERANCE[rnn.weight_ih_l0.dtype])
    with torch.no_grad():
        output, h_n = rnn(x, h0)
    ours, seen = run_recurrence(rnn, x, h0), trace(rnn, x, h0)
    assert ours.h_n.shape == h_n.shape
    np.testing.assert_allclose(ours.h_n, h_n, **tolerance)
    if isinstance(output, PackedSequence):
        assert torch.equal(ours.output.batch_sizes, output.batch_sizes)
        assert ours.output.data.shape == output.data.shape
        np.testing.assert_allclose(ours.output.data, output.data, **tolerance)
        as_called, lengths = pad_packed_sequence(output, batch_first=rnn.batch_first)
        assert seen.lengths == tuple(lengths.tolist())
        np.testing.assert_array_equal(seen.output, as_called)
        by_time = as_called.transpose(0, 1) if rnn.batch_first else as_called
    else:
        assert ours.output.shape == output.shape == expected_shapes(rnn, L=seen.shapes.L, N=seen.shapes.N).output
        np.testing.assert_allclose(ours.output, output, **tolerance)
        np.testing.assert_array_equal(seen.output, output)
        by_time = output[:, None] if output.dim() == 2 else output.transpose(0, 1) if rnn.batch_first else output
    np.testing.assert_array_equal(seen.h_n, h_n)
    top = np.concatenate(seen.hidden[-1], axis=-1)
    np.testing.assert_allclose(top, by_time, **tolerance)  # output is the top row of the grid
    assert_h_n_is_the_last_column(seen, tolerance)


def assert_h_n_is_the_last_column(seen, tolerance):
    h_n = seen.h_n.reshape(seen.shapes.num_layers, seen.shapes.D, len(seen.lengths), -1)
    for n, length in enumerate(seen.lengths):
        np.testing.assert_allclose(h_n[:, 0, n], seen.hidden[:, 0, length - 1, n], **tolerance)
        if seen.shapes.D == 2:
            np.testing.assert_allclose(h_n[:, 1, n], seen.hidden[:, 1, 0, n], **tolerance)


@pytest.mark.parametrize("dtype", thinned(TOLERANCE, every=2), ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_h0", (False, True), ids=("no h0", "h0"))
def test_equals_torch_over_the_whole_grid(dtype, kind, with_h0):
    for options in GRID:
        rnn = make_rnn(*options, dtype=dtype)
        assert_same(rnn, make_input(rnn, kind), make_h0(rnn, kind) if with_h0 else None)


@settings(max_examples=60, deadline=None)
@given(
    options=st.sampled_from(GRID),
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    L=st.integers(1, 8),
    N=st.integers(1, 5),
    kind=st.sampled_from(KINDS),
    with_h0=st.booleans(),
)
def test_equals_torch_for_random_shapes(options, sizes, L, N, kind, with_h0):
    rnn = make_rnn(*options, sizes=sizes)
    assert_same(rnn, make_input(rnn, kind, L, N), make_h0(rnn, kind, N) if with_h0 else None)


def test_the_grid_agrees_with_expected_shapes():
    for options in GRID:
        rnn = make_rnn(*options)
        for kind in ("batched", "unbatched"):
            shapes = expected_shapes(rnn, L=L, N=None if kind == "unbatched" else N)
            x, h0 = make_input(rnn, kind), make_h0(rnn, kind)
            output, h_n = rnn(x, h0)
            given = dict(input=x, h_0=h0, output=output, h_n=h_n)
            assert {name: tuple(t.shape) for name, t in given.items()} == dict(shapes.tensors)
            assert {name: tuple(p.shape) for name, p in rnn.named_parameters()} == dict(shapes.parameters)
            assert list(shapes.parameters) == [name for name, _ in rnn.named_parameters()]
            assert shapes.parameter_count == sum(p.numel() for p in rnn.parameters())


def test_each_step_of_a_trace_is_the_equation():
    rnn = make_rnn(2, True, "tanh", True, False)
    seen = trace(rnn, make_input(rnn, "packed unsorted"), make_h0(rnn, "batched"))
    for layer, direction, n in product(range(2), range(2), range(N)):
        for t in range(seen.lengths[n]):
            step = seen.step(layer, direction, t, n)
            by_hand = np.tanh(step.W_ih @ step.x + step.b_ih + step.W_hh @ step.h_before + step.b_hh)
            np.testing.assert_allclose(step.h, by_hand, atol=1e-12)


def test_a_trace_is_read_only_and_its_own():
    rnn, x = nn.RNN(3, 4), torch.zeros(5, 2, 3)
    seen = trace(rnn, x)
    with pytest.raises(ValueError, match="read-only"):
        seen.hidden[0] = 1
    with pytest.raises(AttributeError):
        seen.hidden = None
    x += 1
    rnn.weight_hh_l0.data.fill_(9)
    assert (seen.input == 0).all() and (np.abs(seen.weights["weight_hh_l0"]) < 1).all()


def test_dropout_in_eval_mode_is_the_plain_equation():
    rnn = nn.RNN(H_IN, H_OUT, num_layers=2, dropout=0.9, dtype=torch.float64).eval()
    assert_same(rnn, make_input(rnn, "batched"), None)


@pytest.mark.parametrize("options", thinned(product((2, 3), (False, True), (False, True), (0.1, 0.5, 1.0)), 5))
def test_a_trace_knows_what_dropout_dropped(options):
    """Layer by layer, from what the trace says that each layer reads, comes the very output of this call."""
    layers, bidirectional, batch_first, p = options
    torch.manual_seed(0)
    rnn = nn.RNN(H_IN, H_OUT, layers, bidirectional=bidirectional, batch_first=batch_first, dropout=p, dtype=torch.float64)
    x = make_input(rnn, "batched")
    torch.manual_seed(1)
    seen, after = trace(rnn, x), torch.get_rng_state()
    torch.manual_seed(1)
    output, _ = rnn(x)
    assert torch.equal(torch.get_rng_state(), after)  # a trace uses as many random numbers as a call
    assert np.array_equal(seen.output, output.detach())
    top = torch.from_numpy(np.concatenate(seen.hidden[-1], axis=-1))
    assert torch.allclose(top.transpose(0, 1) if batch_first else top, output, rtol=0, atol=1e-10)
    assert seen.dropout_factors.shape == (layers - 1, L, N, H_OUT * (2 if bidirectional else 1))
    assert set(np.unique(seen.dropout_factors)) == ({0.0} if p == 1 else {0.0, 1 / (1 - p)})
    step = seen.step(1, 0, t=2, n=1)
    assert np.allclose(step.h, np.tanh(step.total)) and np.allclose(step.x, seen.layer_input(1, 2, 1))
    assert np.allclose(step.x, seen.hidden[0, :, 2, 1].ravel() * seen.dropout_factors[0, 2, 1])
    assert trace(rnn.eval(), x).dropout_factors is None


def test_what_dropout_drops_is_not_known_of_a_packed_batch():
    rnn = nn.RNN(H_IN, H_OUT, 2, dropout=0.5, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"dropout=0.5 is at work.*rnn.eval\(\)"):
        trace(rnn, make_input(rnn, "packed"))


def test_the_equation_by_hand_has_no_dropout():
    with pytest.raises(ValueError, match=r"dropout=0.5 is at work.*rnn.eval\(\)"):
        run_recurrence(nn.RNN(3, 4, 2, dropout=0.5), X)


RNN, X = nn.RNN(3, 4, num_layers=2), torch.zeros(5, 2, 3)


@pytest.mark.parametrize(
    "call, error, words",
    [
        ((nn.Linear(3, 4), torch.zeros(5, 2, 3)), TypeError, "rnn: given Linear, expected a torch.nn.RNN"),
        ((RNN, [[1.0, 2.0, 3.0]]), TypeError, "input: given list, expected a torch.Tensor or PackedSequence"),
        ((RNN, torch.zeros(3)), ValueError, r"input: given 1 axes \(3,\), expected \(L, H_in\)"),
        ((RNN, torch.zeros(5, 2, 7)), ValueError, r"input: given \(5, 2, 7\), expected \(L, N, H_in=3\)"),
        ((RNN, torch.zeros(5, 7)), ValueError, r"input: given \(5, 7\), expected \(L, H_in=3\)"),
        ((RNN, torch.zeros(0, 2, 3)), ValueError, "L: given 0, expected a whole number >= 1"),
        ((RNN, X.double()), ValueError, "input: given torch.float64, expected torch.float32"),
        ((RNN, X.long()), ValueError, "input: given torch.int64, expected torch.float32"),
        ((RNN, X, torch.zeros(2, 4)), ValueError, r"h0: given \(2, 4\), expected \(D\*num_layers=2, N=2, H_out=4\)"),
        ((RNN, X, 0), TypeError, "h0: given int, expected a torch.Tensor or None"),
    ],
)
def test_wrong_arguments_are_named(call, error, words):
    for function in (run_recurrence, trace):
        with pytest.raises(error, match=words):
            function(*call)


@pytest.mark.parametrize(
    "sizes, error, words",
    [
        (dict(L=0), ValueError, "L: given 0"),
        (dict(L=2.5), TypeError, "L: given 2.5"),
        (dict(L=True), ValueError, "L: given True"),
        (dict(L=3, N=0), ValueError, "N: given 0"),
    ],
)
def test_wrong_sizes_are_named(sizes, error, words):
    with pytest.raises(error, match=words):
        expected_shapes(RNN, **sizes)


@pytest.mark.parametrize("where", [(2, 0, 0, 0), (0, 1, 0, 0), (0, 0, 5, 0), (0, 0, 0, 2), (0, 0, -1, 0)])
def test_a_step_outside_the_trace_is_named(where):
    seen = trace(RNN, torch.zeros(5, 2, 3))
    layer, direction, t, n = where
    for look in (seen.step, seen.previous_state, *([] if direction else [lambda *at: seen.layer_input(layer, t, n)])):
        with pytest.raises(ValueError, match="expected a whole number from 0 to"):
            look(*where)


def test_the_articles_printed_example():
    rnn = nn.RNN(2, 3)
    printed = {
        "weight_ih_l0": [[-0.2329, -0.3762], [-0.2569, -0.3311], [-0.4779, 0.2690]],
        "weight_hh_l0": [[0.1738, -0.4826, 0.2800], [-0.5386, -0.0141, -0.2643], [0.5265, 0.1451, -0.1797]],
        "bias_ih_l0": [0.1088, -0.0520, 0.0557],
        "bias_hh_l0": [-0.1980, -0.3961, -0.2472],
    }
    rnn.load_state_dict({name: torch.tensor(values) for name, values in printed.items()})
    x = torch.tensor([[[0.0749, 0.5568]], [[0.2010, -0.1058]], [[-1.7882, 1.2671]]])
    output = torch.tensor([[[-0.3060, -0.5728, -0.0773]], [[0.1050, -0.2649, -0.4977]], [[-0.1418, -0.3181, 0.8042]]])
    h0 = torch.zeros(1, 1, 3)
    for got, h_n in (rnn(x, h0), run_recurrence(rnn, x, h0)[:2]):
        got, h_n = (v.detach() if isinstance(v, torch.Tensor) else torch.from_numpy(v) for v in (got, h_n))
        torch.testing.assert_close(got, output, atol=2e-4, rtol=0)
        torch.testing.assert_close(h_n, output[-1:], atol=2e-4, rtol=0)
    step, h_1 = rnn(x[:1], h0)
    torch.testing.assert_close(step, output[:1], atol=2e-4, rtol=0)
    torch.testing.assert_close(h_1, output[:1], atol=2e-4, rtol=0)


@pytest.mark.parametrize("name", ["weight_hh_l0", "bias_hh_l0"])
def test_a_parametrized_network_is_read_as_it_computes(name):
    class Twice(nn.Module):
        def forward(self, weight):
            return 2 * weight

    rnn, x = nn.RNN(3, 4), torch.ones(5, 2, 3)
    nn.utils.parametrize.register_parametrization(rnn, name, Twice())
    assert_same(rnn, x, None)


def test_a_network_that_is_not_the_plain_equation_is_refused():
    rnn = nn.RNN(3, 4)
    rnn.register_forward_hook(lambda module, inputs, result: (result[0] + 1, result[1] + 1))
    with pytest.raises(ValueError, match="not that of the plain equation"):
        trace(rnn, torch.ones(5, 2, 3))


class Halved(nn.RNN):
    def forward(self, x, h=None):
        return super().forward(x * 0.5, h)


class Residual(nn.RNN):
    def forward(self, x, h=None):
        output, h_n = super().forward(x, h)
        return output + 1, h_n


@pytest.mark.parametrize("kind, changed", [(Halved, "output"), (Residual, "output")])
@pytest.mark.parametrize("L, layers", [(3, 1), (40, 1), (12, 3)])
def test_a_subclass_that_changes_its_result_is_refused_however_long_the_call(kind, changed, L, layers):
    with pytest.raises(ValueError, match=f"its {changed} is not that of the plain equation, because a hook or a subclass"):
        trace(kind(3, 4, layers).eval(), torch.ones(L, 2, 3))


def test_a_hook_that_changes_h_n_alone_is_refused_and_one_that_only_looks_is_not():
    rnn = nn.RNN(3, 4)
    rnn.register_forward_hook(lambda module, inputs, result: None)
    assert trace(rnn, torch.ones(30, 2, 3)).output.shape == (30, 2, 4)
    rnn.register_forward_hook(lambda module, inputs, result: (result[0], result[1] * 2))
    with pytest.raises(ValueError, match="its h_n is not that of the plain equation"):
        trace(rnn, torch.ones(30, 2, 3))


def forward_of_its_own(rnn):
    rnn.forward = lambda x, h=None: nn.RNN.forward(rnn, 2 * x, h)


def hook_before(rnn):
    rnn.register_forward_pre_hook(lambda module, given: (2 * given[0], *given[1:]))


def hook_of_all_modules(rnn):
    return nn.modules.module.register_module_forward_hook(lambda module, given, result: (result[0] + 1, result[1]))


@pytest.mark.parametrize("modify", [forward_of_its_own, hook_before, hook_of_all_modules])
def test_what_changes_a_result_is_found_wherever_it_is(modify):
    rnn = nn.RNN(3, 4)
    handle = modify(rnn)
    try:
        with pytest.raises(ValueError, match="its output is not that of the plain equation"):
            trace(rnn, torch.ones(30, 2, 3))
    finally:
        if handle is not None:
            handle.remove()


def test_a_growing_relu_overflows_as_torch_does_and_says_nothing(recwarn):
    rnn = nn.RNN(3, 4, nonlinearity="relu")
    for parameter in rnn.parameters():
        nn.init.constant_(parameter, 5.0)
    seen = trace(rnn, torch.ones(60, 1, 3))
    assert np.isinf(seen.hidden).any()
    np.testing.assert_array_equal(np.isinf(seen.hidden[-1, 0]), np.isinf(seen.output))
    seen.step(0, 0, 59)
    assert not recwarn.list


def test_large_weights_over_many_steps_are_no_reason_to_refuse():
    torch.manual_seed(0)
    rnn = nn.RNN(3, 32)
    rnn.weight_hh_l0.data.mul_(20)  # chaotic: here a rounding difference grows to any difference
    trace(rnn, torch.randn(300, 1, 3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_shown_in_single(dtype):
    seen = trace(nn.RNN(3, 4, dtype=dtype), torch.ones(5, 2, 3, dtype=dtype))
    assert seen.hidden.dtype == seen.output.dtype == np.float32
    np.testing.assert_allclose(seen.output, seen.hidden[-1, 0], atol=0.02)


def test_weights_without_numbers_are_refused():
    rnn = nn.RNN(3, 4, device="meta")
    with pytest.raises(ValueError, match="on meta, expected real numbers"):
        run_recurrence(rnn, torch.zeros(5, 2, 3, device="meta"))
