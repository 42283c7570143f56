"""A task that needs memory: say at the end which symbol the first step showed, after many steps of noise."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .checks import require_count
from .device import fork_rngs, one_thread, pick_device

SYMBOLS, BATCHES, TEST_SIZE = 4, 100, 500
Recurrent = nn.RNN | nn.GRU | nn.LSTM


class Recalled(NamedTuple):
    """What `learn_to_recall` returns: how well the trained network recalls, and the network itself."""

    share: float  # of 500 test sequences, those whose symbol was recalled
    network: Recurrent


def recall_batch(T: int, N: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """N sequences whose first step shows one of four symbols, as a one-hot vector, and then T steps of faint noise.

    >>> sequences, first = recall_batch(T=3, N=2, generator=torch.Generator().manual_seed(0))
    >>> sequences.shape, first.shape
    (torch.Size([4, 2, 4]), torch.Size([2]))

    Parameters
    ----------
    T : steps of noise (>= 0)
    N : batch size, in sequences (>= 1)

    Returns
    -------
    sequences : (L=T+1, N, H_in=4)
    first     : (N,), the symbol that each sequence begins with, from 0 to 3

    Raises
    ------
    TypeError : T or N is not a whole number.
    ValueError : T < 0 or N < 1.
    """
    T, N = require_count("T", T, low=0), require_count("N", N)
    first = torch.randint(SYMBOLS, (N,), generator=generator)
    sequences = 0.2 * torch.randn(T + 1, N, SYMBOLS, generator=generator)
    sequences[0] = nn.functional.one_hot(first, SYMBOLS)
    return sequences.to(pick_device()), first.to(pick_device())


def learn_to_recall(make: Callable[[], Recurrent], T: int, seed: int = 0) -> Recalled:
    """Train a network with 100 batches, or fewer if it can do it earlier, to recall the first symbol after T steps.

    >>> learn_to_recall(lambda: nn.RNN(4, 32), T=2).share > 0.9
    True

    Parameters
    ----------
    make : makes the network, an nn.RNN, nn.GRU or nn.LSTM with input_size=4, one direction, without batch_first and proj_size
    T    : steps of noise
    seed : of the weights and of the sequences

    Raises
    ------
    TypeError : make does not return such a network, or T is not a whole number.
    ValueError : the network has another input_size, batch_first, bidirectional or proj_size, or T < 0.
    """
    with fork_rngs(), one_thread():
        data = torch.manual_seed(seed)  # torch's own generator: for the weights and the sequences
        network = _require_network(make()).to(pick_device())
        head = nn.Linear(network.hidden_size, SYMBOLS).to(pick_device())
        parameters = [*network.parameters(), *head.parameters()]
        optimizer = torch.optim.Adam(parameters, lr=0.01)
        for _ in range(BATCHES):
            sequences, first = recall_batch(T, 32, data)
            loss = nn.functional.cross_entropy(head(network(sequences)[0][-1]), first)
            if loss < 0.1:
                break
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, max_norm=1.0)
            optimizer.step()
        with torch.no_grad():
            sequences, first = recall_batch(T, TEST_SIZE, data)
            answers = head(network(sequences)[0][-1]).argmax(-1)
    return Recalled((answers == first).float().mean().item(), network)


def _require_network(network: Recurrent) -> Recurrent:
    """Refuse what cannot learn the task. With batch_first the network would read the batch as the steps, without an error."""
    if not isinstance(network, Recurrent):
        raise TypeError(f"make: it returns {type(network).__name__}, expected an nn.RNN, nn.GRU or nn.LSTM")
    for name, expected in dict(input_size=SYMBOLS, batch_first=False, bidirectional=False, proj_size=0).items():
        if (given := getattr(network, name)) != expected:
            raise ValueError(f"make: its network has {name}={given}, expected {name}={expected}")
    return network
