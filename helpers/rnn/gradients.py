"""How a gradient travels back through time, and what decides whether it vanishes or explodes."""

from typing import NamedTuple

import numpy as np

from ..checks import require_numbers
from .traces import Trace, require_index, require_trace

DERIVATIVES = {"tanh": lambda h: 1 - h**2, "relu": lambda h: (h > 0).astype(h.dtype)}  # of the activation, from its result


def gradient_norms(trace: Trace, *, n: int = 0) -> np.ndarray:
    """|dL/dh_t| at each step, where L is the sum of the last state: backpropagation through time, by hand.

    >>> import torch
    >>> from helpers import trace
    >>> rnn = torch.nn.RNN(1, 1, nonlinearity="relu")
    >>> for parameter, value in zip(rnn.parameters(), (1.0, 0.5, 0.0, 0.0)):
    ...     _ = torch.nn.init.constant_(parameter, value)
    >>> gradient_norms(trace(rnn, torch.ones(4, 1))).tolist()  # each step back: times w_hh
    [0.125, 0.25, 0.5, 1.0]

    Parameters
    ----------
    trace : of a network with one layer and one direction
    n     : which sequence of the batch

    Returns
    -------
    (L,) : Euclidean lengths, the last step's last

    Raises
    ------
    ValueError : more than one layer or direction; n lies outside the batch.

    Source: dL/dh_(t-1) = W_hh.T @ (activation'(a_t) * dL/dh_t), the chain rule on the recurrence.
    """
    require_trace(trace)
    if (trace.shapes.num_layers, trace.shapes.D) != (1, 1):
        given = f"num_layers={trace.shapes.num_layers}, D={trace.shapes.D}"
        raise ValueError(f"trace: given {given}, expected one layer and one direction")
    require_index("n", n, len(trace.lengths))
    h, W_hh = trace.hidden[0, 0, : trace.lengths[n], n], trace.weights["weight_hh_l0"]
    derivative = DERIVATIVES[trace.nonlinearity](h)  # (L, H_out)
    gradients = [np.ones(h.shape[1], h.dtype)]
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(len(h) - 1, 0, -1):
            gradients.append(W_hh.T @ (derivative[t] * gradients[-1]))
        return np.linalg.norm(gradients[::-1], axis=1)


class Spectrum(NamedTuple):
    """The two numbers that decide the fate of a gradient: see `spectrum`."""

    eigenvalue: float
    singular_value: float


def spectrum(W_hh: np.ndarray) -> Spectrum:
    """The largest |eigenvalue| and the largest singular value of a matrix.

    >>> spectrum(np.array([[0.0, 2.0], [0.0, 0.0]]))
    Spectrum(eigenvalue=0.0, singular_value=2.0)

    One step back multiplies a gradient's length by at most the singular value (both slopes are at most 1), so over k
    steps by at most its k-th power: below 1 it must vanish. Over many steps the eigenvalue tells the likely rate.

    Raises
    ------
    TypeError : W_hh is no matrix of numbers.
    ValueError : W_hh is not square, or has a number that is not finite.
    """
    W_hh = require_numbers("W_hh", W_hh)
    if W_hh.ndim != 2 or W_hh.shape[0] != W_hh.shape[1] or not W_hh.size:
        raise ValueError(f"W_hh: given {W_hh.shape}, expected a square matrix")
    if not np.isfinite(W_hh).all():
        raise ValueError("W_hh: given numbers that are not finite, expected a matrix without nan and inf")
    return Spectrum(float(np.abs(np.linalg.eigvals(W_hh)).max()), float(np.linalg.norm(W_hh, 2)))
