"""The step-by-step RNN in torch against nn.RNN: the same forward, and the same gradients back to every tensor."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from helpers import gradient_norms, step_by_step, trace

CLOSE = dict(rtol=1e-9, atol=1e-12)  # float64
SIZES = dict(input_size=3, hidden_size=4, dtype=torch.float64)
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
