"""Backpropagation through time by hand against autograd, and its picture."""

from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch import nn

from helpers import (
    draw_contributions,
    draw_gradients,
    gradient_contributions,
    gradient_norms,
    learn_to_recall,
    spectrum,
    trace,
)
from helpers.colours import H
from helpers.wording import plural


def by_autograd(rnn, x):
    """|dL/dh_t| of the sum of the last state, with every state kept as a leaf of its own chain."""
    h, states = torch.zeros(1, x.size(1), rnn.hidden_size, dtype=x.dtype), []
    for x_t in x.split(1):
        _, h = rnn(x_t, h)
        h.retain_grad()
        states.append(h)
    h.sum().backward()
    return [state.grad[0, 0].norm().item() for state in states]


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_equals_autograd(nonlinearity, scale):
    torch.manual_seed(0)
    rnn = nn.RNN(3, 8, nonlinearity=nonlinearity, dtype=torch.float64)
    rnn.weight_hh_l0.data.mul_(scale)
    x = torch.randn(12, 1, 3, dtype=torch.float64)
    np.testing.assert_allclose(gradient_norms(trace(rnn, x)), by_autograd(rnn, x), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("n, steps", [(0, 12), (1, 1), (2, 7)])
def test_contributions_equal_autograd_and_add_up_to_the_gradient(nonlinearity, n, steps):
    """Each step uses a copy of W_hh of its own, so autograd gives its contribution alone."""
    torch.manual_seed(0)
    rnn = nn.RNN(3, 8, nonlinearity=nonlinearity, dtype=torch.float64)
    rows = [torch.randn(length, 3, dtype=torch.float64) for length in (12, 1, 7)]
    h_0 = torch.randn(1, 3, 8, dtype=torch.float64)
    W_ih, W_hh, b_ih, b_hh = rnn.parameters()
    copies = [W_hh.detach().clone().requires_grad_() for _ in range(steps)]
    h, bend = h_0[0, n], getattr(torch, nonlinearity)
    for x_t, W in zip(rows[n], copies):
        h = bend(W_ih @ x_t + b_ih + W @ h + b_hh)
    truth = torch.stack(torch.autograd.grad(h.sum(), copies))
    packed = nn.utils.rnn.pack_sequence(rows, enforce_sorted=False)
    ours = torch.from_numpy(gradient_contributions(trace(rnn, packed, h_0), n=n))
    torch.testing.assert_close(ours, truth, rtol=1e-9, atol=1e-15)
    (whole,) = torch.autograd.grad(rnn(rows[n][:, None], h_0[:, n : n + 1])[1].sum(), W_hh)
    torch.testing.assert_close(ours.sum(0), whole, rtol=1e-9, atol=1e-12)


def test_no_gradient_passes_the_bound():
    torch.manual_seed(0)
    rnn = nn.RNN(3, 8)
    norms = gradient_norms(trace(rnn, torch.randn(20, 1, 3)))
    singular_value = spectrum(rnn.weight_hh_l0.detach().numpy()).singular_value
    bound = norms[-1] * singular_value ** np.arange(19, -1, -1)
    assert (norms <= bound * 1.0001).all() and norms[0] < norms[-1]


def test_the_spectrum_of_a_rotation_and_of_a_shear():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert spectrum(turn) == pytest.approx((1.0, 1.0))
    eigenvalue, singular_value = spectrum(np.array([[1.0, 5.0], [0.0, 1.0]]))
    assert eigenvalue == pytest.approx(1.0) and singular_value > 5


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="given num_layers=2, D=2, expected one layer and one direction"):
        gradient_norms(trace(nn.RNN(3, 4, 2, bidirectional=True), torch.ones(5, 1, 3)))
    with pytest.raises(TypeError, match="trace: given RNN"):
        gradient_norms(nn.RNN(3, 4))
    with pytest.raises(ValueError, match="n: given 5, expected a whole number from 0 to"):
        gradient_norms(trace(nn.RNN(3, 4), torch.ones(5, 2, 3)), n=5)
    with pytest.raises(ValueError, match="W_hh: given numbers that are not finite"):
        spectrum(np.full((2, 2), np.nan))
    with pytest.raises(TypeError, match="W_hh: given None, expected numbers"):
        spectrum(None)
    assert spectrum(nn.Parameter(torch.eye(2))) == (1.0, 1.0)  # as a network has it
    with pytest.raises(ValueError, match=r"W_hh: given \(2, 3\), expected a square matrix"):
        spectrum(np.ones((2, 3)))
    with pytest.raises(ValueError, match="given num_layers=2, D=1, expected one layer and one direction"):
        gradient_contributions(trace(nn.RNN(3, 4, 2), torch.ones(5, 1, 3)))
    with pytest.raises(ValueError, match="contributions: given none, expected a matrix for each step"):
        draw_contributions(np.ones((0, 4, 4)))
    with pytest.raises(ValueError, match="contributions: given"):
        draw_contributions(np.ones(3))


@pytest.mark.parametrize("norms", [[1.0], [0.0, 1.0], [np.inf, np.nan, 1.0], list(np.logspace(-30, 30, 200))])
def test_any_gradient_can_be_drawn(norms):
    drawn = draw_gradients(np.array(norms), singular_value=0.0)
    root = ElementTree.fromstring(drawn.data)
    points = [element for element in root.iter() if element.find("{*}title") is not None]
    assert len(points) == len(norms) and drawn.width <= 720 and f"over {plural(len(norms), 'step')}," in drawn.alt
    # Rings are on the axis, which goes as far as they do. Zero has no place on it, infinity neither: each is a triangle that
    # points down or up; its last edge leads back from the tip.
    shown = [0 if "cy" in point.attrib else 1 if "l-4 -8" in point.get("d") else -1 for point in points]
    assert shown == [-1 if norm == 0 else 0 if norm < np.inf else 1 for norm in norms]
    heights = [float(point.get("cy") or point.get("d").split()[1].partition("h")[0]) for point in points]
    assert all(0 <= y <= float(root.get("height")) for y in heights)
    assert heights == sorted(heights, reverse=True) or not np.isfinite(norms).all()  # larger stands higher


@pytest.mark.parametrize("norm, drawn", [(1.0, 2), (1e-3, 2), (1e-30, 2), (0.0, 0), (np.inf, 0)])
def test_gradients_that_stay_as_long_are_joined_by_level_lines(norm, drawn):
    """As those of an RNN that begins with the identity; to zero or infinity no line leads."""
    root = ElementTree.fromstring(draw_gradients(np.full(3, norm), singular_value=1.0).data)
    paths = [path for path in root.findall(".//{*}path") if path.find("{*}title") is None]
    *bound, _ = [path for path in paths if path.get("stroke-dasharray")]  # the last one stands beside its name
    joins = [path for path in paths if path.get("stroke") == H.colour]
    assert len(bound) == len(joins) == drawn


@pytest.mark.parametrize("sizes", [[1.0], [0.0, 1.0], [0.0, 0.0], [np.inf, np.nan, 1.0], list(np.logspace(-30, 30, 60))])
def test_any_contributions_can_be_drawn(sizes):
    """The upper half has a bar per step, whose height is its share of the longest; the lower half a ring or a triangle."""
    drawn = draw_contributions(np.array(sizes)[:, None, None])
    root = ElementTree.fromstring(drawn.data)
    points = [element for element in root.iter() if element.find("{*}title") is not None]
    bars, rings = points[: len(sizes)], points[len(sizes) :]
    assert len(rings) == len(sizes) and drawn.width <= 720 and f"each of {len(sizes)} steps" in drawn.alt
    finite = [size for size in sizes if np.isfinite(size)]
    tallest = max(finite) or 1.0
    for bar, size in zip(bars, sizes):
        share = min(size, tallest) / tallest if np.isfinite(size) else 1.0
        assert float(bar.get("height")) == pytest.approx(100 * share, abs=0.06)  # drawings have one decimal
    shown = [0 if "cy" in ring.attrib else 1 if "l-4 -8" in ring.get("d") else -1 for ring in rings]
    assert shown == [-1 if size == 0 else 0 if np.isfinite(size) else 1 for size in sizes]
    heights = [float(ring.get("cy")) for ring in rings if "cy" in ring.attrib]
    assert heights == sorted(heights, reverse=True) and all(180 < y <= 294 for y in heights)


# ---- what notebook 09 says of twenty seeds ------------------------------------------------------------------------------


class Truncated(nn.RNN):
    def forward(self, x):
        _, h = super().forward(x[:-5])
        return super().forward(x[-5:], h.detach())


def orthogonal():
    net = nn.RNN(4, 32)
    nn.init.orthogonal_(net.weight_hh_l0)
    return net


@pytest.mark.sweep
@pytest.mark.parametrize(
    "make, T, share, learned",
    [
        (lambda: nn.RNN(4, 32), 5, 2 / 3, 20),
        (lambda: nn.RNN(4, 32), 40, 2 / 3, 5),
        (lambda: nn.RNN(4, 32), 20, 0.9, 15),
        (lambda: Truncated(4, 32), 20, 0.9, 0),
        (orthogonal, 40, 0.9, 14),
        (lambda: nn.RNN(4, 32), 40, 0.9, 2),
    ],
)
def test_so_many_of_twenty_networks_learn_to_recall(make, T, share, learned):
    count = sum(learn_to_recall(make, T, seed).share > share for seed in range(20))
    assert abs(count - learned) <= 2  # other processors round otherwise, and a training may turn out otherwise
