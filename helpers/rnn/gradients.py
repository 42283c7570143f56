"""How a gradient goes back through time, and what decides whether it vanishes or explodes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..checks import require_index, require_numbers
from .traces import Trace, require_plain

# Of the activation, as a function of its result.
DERIVATIVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": lambda h: 1 - h**2,
    "relu": lambda h: (h > 0).astype(h.dtype),
}


def gradient_norms(trace: Trace, *, n: int = 0) -> np.ndarray:
    """|dL/dh_t| at each step, where L is the sum of the last state, by backpropagation through time.

    >>> import torch
    >>> from helpers import trace
    >>> rnn = torch.nn.RNN(1, 1, nonlinearity="relu")
    >>> for parameter, value in zip(rnn.parameters(), (1.0, 0.5, 0.0, 0.0)):
    ...     _ = torch.nn.init.constant_(parameter, value)
    >>> gradient_norms(trace(rnn, torch.ones(4, 1))).tolist()  # each step back multiplies by w_hh
    [0.125, 0.25, 0.5, 1.0]

    Parameters
    ----------
    trace : a trace of a network with one layer and one direction
    n     : the index of the sequence in the batch

    Returns
    -------
    (L,) : the Euclidean norm of the gradient at each step, in the order of time

    Raises
    ------
    ValueError : there is more than one layer or direction, or n is out of range.

    Source: dL/dh_(t-1) = W_hh.T @ (activation'(a_t) * dL/dh_t), the chain rule on the recurrence.
    """
    gradients = _walk_back(trace, n).gradients
    # In doubles: the square of a number that float32 still holds may be too small, or too large, for float32.
    norms: np.ndarray = np.linalg.norm(gradients.astype(float), axis=1).astype(gradients.dtype)
    return norms


def gradient_contributions(trace: Trace, *, n: int = 0) -> np.ndarray:
    """What each step contributes to dL/dW_hh, where L is the sum of the last state. Their sum over the steps is the gradient.

    >>> import torch
    >>> from helpers import trace
    >>> rnn = torch.nn.RNN(1, 1, nonlinearity="relu")
    >>> for parameter, value in zip(rnn.parameters(), (1.0, 0.5, 0.0, 0.0)):
    ...     _ = torch.nn.init.constant_(parameter, value)
    >>> gradient_contributions(trace(rnn, torch.ones(4, 1))).flatten().tolist()  # dL/dh_t times the state before
    [0.0, 0.25, 0.75, 1.75]

    Parameters
    ----------
    trace : a trace of a network with one layer and one direction
    n     : the index of the sequence in the batch

    Returns
    -------
    (L, H_out, H_out) : one matrix per step, with the shape of W_hh

    Raises
    ------
    ValueError : there is more than one layer or direction, or n is out of range.
    """
    before, derivative, gradients = _walk_back(trace, n)
    with np.errstate(over="ignore", invalid="ignore"):
        contributions: np.ndarray = (derivative * gradients)[:, :, None] * before[:, None, :]
    return contributions


class _Walk(NamedTuple):
    """The way back through one sequence, each (L, H_out)."""

    before: np.ndarray  # the state that each step starts from
    derivative: np.ndarray  # of the activation, at each step
    gradients: np.ndarray  # dL/dh_t, in the order of time


def _walk_back(trace: Trace, n: int) -> _Walk:
    require_plain(trace)
    if (trace.shapes.num_layers, trace.shapes.D) != (1, 1):
        given = f"num_layers={trace.shapes.num_layers}, D={trace.shapes.D}"
        raise ValueError(f"trace: given {given}, expected one layer and one direction")
    require_index("n", n, len(trace.lengths))
    h, W_hh = trace.hidden[0, 0, : trace.lengths[n], n], trace.weights["weight_hh_l0"]
    derivative = DERIVATIVES[trace.nonlinearity](h)
    gradients = [np.ones(h.shape[1], h.dtype)]
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(len(h) - 1, 0, -1):
            gradients.append(W_hh.T @ (derivative[t] * gradients[-1]))
    before = np.concatenate([trace.h_0[0, 0, n][None], h[:-1]])
    return _Walk(before, derivative, np.array(gradients[::-1]))


class Spectrum(NamedTuple):
    """The two numbers that decide whether a gradient vanishes or explodes: see `spectrum`."""

    eigenvalue: float
    singular_value: float


def spectrum(W_hh: np.ndarray) -> Spectrum:
    """The largest |eigenvalue| and the largest singular value of a matrix.

    >>> spectrum(np.array([[0.0, 2.0], [0.0, 0.0]]))
    Spectrum(eigenvalue=0.0, singular_value=2.0)

    The derivative of tanh and of relu is at most 1. So one step back multiplies the norm of the gradient by at most the
    singular value, and k steps by at most its k-th power. If the singular value is below 1, the gradient must vanish. Over many
    steps the eigenvalue tells the likely rate.

    Raises
    ------
    TypeError : W_hh does not consist of numbers.
    ValueError : W_hh is not a square matrix, or has an element that is not finite.
    """
    W_hh = require_numbers("W_hh", W_hh)
    if W_hh.ndim != 2 or W_hh.shape[0] != W_hh.shape[1] or not W_hh.size:
        raise ValueError(f"W_hh: given {W_hh.shape}, expected a square matrix")
    if not np.isfinite(W_hh).all():
        raise ValueError("W_hh: given numbers that are not finite, expected a matrix without nan and inf")
    return Spectrum(float(np.abs(np.linalg.eigvals(W_hh)).max()), float(np.linalg.norm(W_hh, 2)))
