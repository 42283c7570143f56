"""An RNN, GRU and LSTM step by step in torch, against torch's own: the same forward, and the same gradients back to every tensor."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from helpers import gated_steps, gradient_norms, step_by_step, trace

CLOSE = dict(rtol=1e-9, atol=1e-12)  # float64
SIZES = dict(input_size=3, hidden_size=4, dtype=torch.float64)
GATED_CLOSE = dict(rtol=0, atol=1e-10)
LENGTHS = {"sorted": [5, 3, 1], "unsorted": [2, 5, 3]}


def random_call(rnn, layout, with_h0):
    """Input and h_0 as leaves that gradients reach; the input packed, where asked for, only on the way."""
    torch.manual_seed(1)
    shape = {"unbatched": (5, 3), "batch first": (3, 5, 3)}.get(layout, (5, 3, 3))
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    rows = rnn.num_layers * (2 if rnn.bidirectional else 1)
    h_shape = (rows, 4) if layout == "unbatched" else (rows, 3, 4)
    h0 = torch.randn(h_shape, dtype=torch.float64, requires_grad=True) if with_h0 else None
    if layout in LENGTHS:
        return x, h0, pack_padded_sequence(x, LENGTHS[layout], enforce_sorted=layout == "sorted")
    return x, h0, x


def gradients(run, rnn, x, h0, given):
    """All numbers of a call, and the gradient of a random weighing of them, by what it belongs to."""
    output, h_n, *_ = run(given, h0)
    flat = output.data if isinstance(output, PackedSequence) else output
    torch.manual_seed(2)
    loss = (flat * torch.randn_like(flat)).sum() + (h_n * torch.randn_like(h_n)).sum()
    leaves = {"input": x, "h_0": h0, **dict(rnn.named_parameters())}
    leaves = {name: leaf for name, leaf in leaves.items() if leaf is not None}
    backward = dict(zip(leaves, torch.autograd.grad(loss, leaves.values(), retain_graph=True)))
    return output, h_n, flat, backward


@pytest.mark.parametrize("layout", ["time first", "batch first", "unbatched", *LENGTHS])
@pytest.mark.parametrize("with_h0", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_forward_and_backward_equal_one_call(num_layers, bidirectional, with_h0, layout):
    torch.manual_seed(0)
    options = dict(num_layers=num_layers, bidirectional=bidirectional, batch_first=layout == "batch first")
    rnn = nn.RNN(**SIZES, **options)
    x, h0, given = random_call(rnn, layout, with_h0)
    output, h_n, flat, backward = gradients(rnn, rnn, x, h0, given)
    ours, our_h_n, our_flat, our_backward = gradients(lambda *call: step_by_step(rnn, *call), rnn, x, h0, given)
    torch.testing.assert_close(our_flat, flat, **CLOSE)
    torch.testing.assert_close(our_h_n, h_n, **CLOSE)
    torch.testing.assert_close(our_backward, backward, **CLOSE)
    assert type(ours) is type(output)
    if isinstance(output, PackedSequence):
        for mine, theirs in zip(ours[1:], output[1:]):  # batch_sizes and both orders
            assert mine is theirs is None or torch.equal(mine, theirs)


@pytest.mark.parametrize("options", [dict(nonlinearity="relu"), dict(bias=False)])
def test_relu_and_no_bias(options):
    torch.manual_seed(0)
    rnn = nn.RNN(**SIZES, num_layers=2, **options)
    x, h0, given = random_call(rnn, "time first", True)
    theirs = gradients(rnn, rnn, x, h0, given)
    ours = gradients(lambda *call: step_by_step(rnn, *call), rnn, x, h0, given)
    torch.testing.assert_close(ours, theirs, **CLOSE)


# ---- gates --------------------------------------------------------------------------------------------------------------


def gated_gradients(run, rnn, x, given, states):
    """All numbers of a call, and the gradient of a random weighing of them, by what it belongs to."""
    h0 = None if not states else tuple(states) if isinstance(rnn, nn.LSTM) else states[0]
    output, h_n, c_n = run(given, h0)
    flat = output.data if isinstance(output, PackedSequence) else output
    torch.manual_seed(2)
    loss = sum((tensor * torch.randn_like(tensor)).sum() for tensor in (flat, h_n, c_n) if tensor is not None)
    leaves = {"input": x, **{f"state {k}": state for k, state in enumerate(states)}, **dict(rnn.named_parameters())}
    return flat, h_n, c_n, dict(zip(leaves, torch.autograd.grad(loss, leaves.values(), retain_graph=True)))


def torchs_own(rnn, *call):
    output, states = rnn(*call)
    return (output, *states) if isinstance(rnn, nn.LSTM) else (output, states, None)


def require_equal_to_one_call(rnn, layout, with_h0):
    x, h0, given = random_call(rnn, layout, with_h0)
    states = [] if h0 is None else [h0, torch.randn_like(h0, requires_grad=True)][: 2 if isinstance(rnn, nn.LSTM) else 1]
    theirs = gated_gradients(lambda *call: torchs_own(rnn, *call), rnn, x, given, states)
    ours = gated_gradients(lambda *call: gated_steps(rnn, *call)[:3], rnn, x, given, states)
    torch.testing.assert_close(ours[:2], theirs[:2], **GATED_CLOSE)
    assert (ours[2] is None) == (theirs[2] is None) == isinstance(rnn, nn.GRU)
    if theirs[2] is not None:
        torch.testing.assert_close(ours[2], theirs[2], **GATED_CLOSE)
    torch.testing.assert_close(ours[3], theirs[3], **GATED_CLOSE)


@pytest.mark.parametrize("layout", ["time first", "batch first", "unbatched", *LENGTHS])
@pytest.mark.parametrize("with_h0", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_gates_forward_and_backward_equal_one_call(kind, num_layers, bidirectional, with_h0, layout):
    torch.manual_seed(0)
    rnn = kind(**SIZES, num_layers=num_layers, bidirectional=bidirectional, batch_first=layout == "batch first")
    require_equal_to_one_call(rnn, layout, with_h0)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_gates_without_bias(kind):
    torch.manual_seed(0)
    require_equal_to_one_call(kind(**SIZES, num_layers=2, bias=False), "time first", True)


@pytest.mark.parametrize("kind, names", [(nn.LSTM, "ifgo"), (nn.GRU, "rzn")])
def test_a_trace_holds_each_gate_once_and_nothing_after_the_end_of_a_sequence(kind, names):
    torch.manual_seed(0)
    rnn = kind(**SIZES, num_layers=2, bidirectional=True)
    packed = pack_padded_sequence(torch.randn(5, 3, 3, dtype=torch.float64), [2, 5, 3], enforce_sorted=False)
    seen, (_, h_n, c_n, steps) = trace(rnn, packed), gated_steps(rnn, packed)
    assert "".join(seen.gates) == names
    for name, gate in (dict(seen.gates) | {"h": seen.hidden} | ({} if seen.cell is None else {"c": seen.cell})).items():
        for k, row in enumerate(steps):
            for n, length in enumerate(seen.lengths):
                own = torch.stack([step[name][n] for step in row[:length]])
                torch.testing.assert_close(torch.from_numpy(gate[k // 2, k % 2, :length, n].copy()), own)
                assert not gate[k // 2, k % 2, length:, n].any()
        assert not gate.flags.writeable
    torch.testing.assert_close(torch.from_numpy(seen.h_n.copy()), h_n)
    if c_n is not None:
        torch.testing.assert_close(torch.from_numpy(seen.c_n.copy()), c_n)


def test_the_step_of_an_lstm_starts_from_both_states_before():
    torch.manual_seed(0)
    rnn, x = nn.LSTM(3, 4, bidirectional=True), torch.randn(5, 1, 3)
    first = torch.randn(2, 1, 4), torch.randn(2, 1, 4)
    seen = trace(rnn, x, first)
    for direction, start, later, before in ((0, 0, 3, 2), (1, 4, 1, 2)):
        assert (seen.previous_cell(0, direction, start) == first[1][direction, 0].numpy()).all()
        assert (seen.previous_cell(0, direction, later) == seen.cell[0, direction, before, 0]).all()
        assert (seen.previous_state(0, direction, later) == seen.hidden[0, direction, before, 0]).all()


def test_what_has_other_gates_or_none_is_refused_by_name():
    lstm, x = nn.LSTM(3, 4), torch.ones(5, 2, 3)
    for call, error, words in (
        ((nn.RNN(3, 4), x), TypeError, "rnn: given RNN, which has no gates"),
        ((nn.LSTM(3, 4, proj_size=2), x), TypeError, "given LSTM with proj_size"),
        ((lstm, x, torch.zeros(1, 2, 4)), TypeError, r"h0: given Tensor, expected \(h0, c0\)"),
        ((lstm, x, (torch.zeros(1, 2, 4), torch.zeros(1, 3, 4))), ValueError, "c0: given"),
        ((lstm, x, (torch.zeros(1, 2, 4), None)), TypeError, r"h0: given \(h0, c0\) with None, expected \(h0, c0\)"),
        ((nn.GRU(3, 4), x, (torch.zeros(1, 2, 4),) * 2), TypeError, "h0: given tuple"),
    ):
        with pytest.raises(error, match=words):
            gated_steps(*call)
    with pytest.raises(ValueError, match="trace of an LSTM, expected one of an nn.RNN"):
        trace(lstm, x).step(0, 0, 0)
    with pytest.raises(ValueError, match="trace of a GRU, expected one of an LSTM"):
        trace(nn.GRU(3, 4), x).previous_cell(0, 0, 0)
    lstm.register_forward_hook(lambda *call: (call[2][0], (call[2][1][0], call[2][1][1] + 1)))
    with pytest.raises(ValueError, match="c_n is not that of the plain equation.*; expected an nn.LSTM without hooks of its own"):
        trace(lstm, x)


# ---- the plain RNN again ------------------------------------------------------------------------------------------------


def test_a_long_batch_of_float32_stays_within_rounding():
    torch.manual_seed(0)
    rnn, x = nn.RNN(8, 16, num_layers=2), torch.randn(50, 4, 8)
    torch.testing.assert_close(step_by_step(rnn, x)[:2], rnn(x), rtol=0, atol=1e-5)


def test_every_state_is_at_hand_and_keeps_its_gradient():
    """In time's order, in both directions; the gradient of the last one is that of backpropagation by hand."""
    torch.manual_seed(0)
    rnn, x = nn.RNN(3, 4, bidirectional=True), torch.randn(5, 1, 3)
    states = step_by_step(rnn, x).states
    hidden = torch.from_numpy(trace(rnn, x).hidden.copy())  # (num_layers, D, L, N, H_out)
    torch.testing.assert_close(torch.stack([torch.stack(row) for row in states])[None], hidden)
    one_way = nn.RNN(3, 4)
    _, h_n, (row,) = step_by_step(one_way, x)
    for state in row:
        state.retain_grad()
    h_n.sum().backward()
    norms = torch.stack([state.grad.norm() for state in row])
    torch.testing.assert_close(norms, torch.from_numpy(gradient_norms(trace(one_way, x))))


def test_what_does_not_fit_is_refused_by_name():
    rnn = nn.RNN(3, 4)
    with pytest.raises(TypeError, match="rnn"):
        step_by_step(nn.LSTM(3, 4), torch.ones(5, 1, 3))
    with pytest.raises(ValueError, match="input: given .*H_in=3"):
        step_by_step(rnn, torch.ones(5, 1, 7))
    with pytest.raises(ValueError, match="h0: given"):
        step_by_step(rnn, torch.ones(5, 2, 3), torch.zeros(1, 1, 4))
