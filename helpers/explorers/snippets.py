"""The lines of code that make the network and the call that an explorer shows; the explorer runs exactly these lines."""

import warnings
from typing import Any

import torch
from torch import nn

from ..rnn.traces import Trace, trace

DEFAULTS = dict(num_layers=1, bidirectional=False, batch_first=False, nonlinearity="tanh", bias=True, dropout=0.0)


def call_code(
    *,
    input_size: int,
    hidden_size: int,
    L: int,
    N: int | None,
    num_layers: int = 1,
    bidirectional: bool = False,
    batch_first: bool = False,
    nonlinearity: str = "tanh",
    bias: bool = True,
    dropout: float = 0.0,
    training: bool = True,
    h0: str = "None",
    seed: int = 0,
) -> str:
    """The code of one network and one call of it, with only those arguments that differ from torch's defaults.

    >>> print(call_code(input_size=3, hidden_size=4, L=5, N=2, num_layers=2, bias=True))
    torch.manual_seed(0)
    x = torch.randn(5, 2, 3)  # (L, N, H_in)
    rnn = nn.RNN(3, 4, num_layers=2)
    output, h_n = rnn(x)

    Parameters
    ----------
    N        : batch size; None for one unbatched sequence
    training : whether the network is in training mode, as every new network is
    h0       : "None", "zeros" or "random"
    The others are the arguments of `nn.RNN`, and the seed of the random parameters and input.

    Raises
    ------
    ValueError : h0 is none of the three.
    """
    if h0 not in ("None", "zeros", "random"):
        raise ValueError(f"h0: given {h0!r}, expected 'None', 'zeros' or 'random'")
    values = (num_layers, bidirectional, batch_first, nonlinearity, bias, dropout)
    options = [f", {name}={value!r}" for (name, default), value in zip(DEFAULTS.items(), values) if value != default]
    axes = [("L", L)] if N is None else [("N", N), ("L", L)] if batch_first else [("L", L), ("N", N)]
    axes.append(("H_in", input_size))
    sizes, names = ", ".join(str(size) for _, size in axes), ", ".join(name for name, _ in axes)
    # First the input: it keeps its numbers when another network reads it.
    lines = [f"torch.manual_seed({seed})", f"x = torch.randn({sizes})  # ({names})"]
    lines.append(f"rnn = nn.RNN({input_size}, {hidden_size}{''.join(options)})")
    if not training:
        lines.append("rnn.eval()  # evaluation mode: nothing is dropped")
    if h0 != "None":
        rows = num_layers * (2 if bidirectional else 1)
        shape = f"{rows}, {hidden_size}" if N is None else f"{rows}, {N}, {hidden_size}"
        meaning = "(D*num_layers, H_out)" if N is None else "(D*num_layers, N, H_out)"
        lines.append(f"h0 = torch.{'zeros' if h0 == 'zeros' else 'randn'}({shape})  # {meaning}")
    lines.append("output, h_n = rnn(x)" if h0 == "None" else "output, h_n = rnn(x, h0)")
    return "\n".join(lines)


def neuron_code(w_ih: float, w_hh: float, bias: float, nonlinearity: str, signal: list[float]) -> str:
    """The code of one neuron with given parameters, and of the signal that it reads.

    >>> print(neuron_code(1.0, 0.5, 0.0, "tanh", [1.0, 0.0]))
    rnn = nn.RNN(1, 1, nonlinearity='tanh')
    for parameter, value in zip(rnn.parameters(), (1.0, 0.5, 0.0, 0.0)):
        nn.init.constant_(parameter, value)  # W_ih, W_hh, b_ih, b_hh
    x = torch.tensor([1.0, 0.0])[:, None]  # (L, H_in)
    output, h_n = rnn(x)
    """
    return "\n".join(
        [
            f"rnn = nn.RNN(1, 1, nonlinearity={nonlinearity!r})",
            f"for parameter, value in zip(rnn.parameters(), ({w_ih}, {w_hh}, {bias}, 0.0)):",
            "    nn.init.constant_(parameter, value)  # W_ih, W_hh, b_ih, b_hh",
            f"x = torch.tensor({signal})[:, None]  # (L, H_in)",
            "output, h_n = rnn(x)",
        ]
    )


def two_neurons_code(scale: float, turn: float, steps: int) -> str:
    """The code of two neurons whose W_hh turns their state by an angle and scales it; only the first of them is tapped.

    >>> print(two_neurons_code(0.9, 30, steps=12))
    angle = torch.deg2rad(torch.tensor(30.0))
    turning = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    rnn = nn.RNN(1, 2, bias=False)
    rnn.load_state_dict({"weight_ih_l0": torch.tensor([[1.0], [0.0]]), "weight_hh_l0": 0.9 * turning})
    x = torch.eye(12)[:, :1]  # (L, H_in): 1, 0, 0, ...
    output, h_n = rnn(x)
    """
    return "\n".join(
        [
            f"angle = torch.deg2rad(torch.tensor({float(turn)}))",
            "turning = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])",
            "rnn = nn.RNN(1, 2, bias=False)",
            f'rnn.load_state_dict({{"weight_ih_l0": torch.tensor([[1.0], [0.0]]), "weight_hh_l0": {scale} * turning}})',
            f"x = torch.eye({steps})[:, :1]  # (L, H_in): 1, 0, 0, ...",
            "output, h_n = rnn(x)",
        ]
    )


def forgetting_code(bias: float, T: int) -> str:
    """The code of one LSTM cell that stores a number when it reads a one, and is then left alone for T steps.

    >>> print(forgetting_code(5.0, 20))
    rnn = nn.LSTM(1, 1)
    for parameter in rnn.parameters():
        nn.init.zeros_(parameter)
    i, f, g, o = range(4)  # the blocks of rows, each of one row here
    rnn.weight_ih_l0.data[i], rnn.bias_ih_l0.data[i] = 10.0, -5.0  # open when it reads a one
    rnn.weight_ih_l0.data[g] = 3.0  # the number to store: tanh(3)
    rnn.bias_ih_l0.data[f] = 5.0  # how far the forget gate is open
    rnn.bias_ih_l0.data[o] = 5.0  # always open
    x = torch.eye(21)[:, :1]  # (L, H_in): a one, then zeros
    output, (h_n, c_n) = rnn(x)
    """
    return "\n".join(
        [
            "rnn = nn.LSTM(1, 1)",
            "for parameter in rnn.parameters():",
            "    nn.init.zeros_(parameter)",
            "i, f, g, o = range(4)  # the blocks of rows, each of one row here",
            "rnn.weight_ih_l0.data[i], rnn.bias_ih_l0.data[i] = 10.0, -5.0  # open when it reads a one",
            "rnn.weight_ih_l0.data[g] = 3.0  # the number to store: tanh(3)",
            f"rnn.bias_ih_l0.data[f] = {bias}  # how far the forget gate is open",
            "rnn.bias_ih_l0.data[o] = 5.0  # always open",
            f"x = torch.eye({T + 1})[:, :1]  # (L, H_in): a one, then zeros",
            "output, (h_n, c_n) = rnn(x)",
        ]
    )


def scaled_code(scale: float, nonlinearity: str, L: int, hidden_size: int = 16) -> str:
    """The code of a network whose W_hh is random with standard deviation `scale / sqrt(hidden_size)`, and one call of it.

    >>> print(scaled_code(1.5, "tanh", L=30))
    torch.manual_seed(0)
    rnn = nn.RNN(4, 16, nonlinearity='tanh')
    nn.init.normal_(rnn.weight_hh_l0, std=1.5 / 16**0.5)
    x = torch.randn(30, 1, 4)  # (L, N, H_in)
    output, h_n = rnn(x)
    """
    return "\n".join(
        [
            "torch.manual_seed(0)",
            f"rnn = nn.RNN(4, {hidden_size}, nonlinearity={nonlinearity!r})",
            f"nn.init.normal_(rnn.weight_hh_l0, std={scale} / {hidden_size}**0.5)",
            f"x = torch.randn({L}, 1, 4)  # (L, N, H_in)",
            "output, h_n = rnn(x)",
        ]
    )


def sentence_code(text: str, dim: int) -> str:
    """The code that reads a sentence with the network of `explore_sentence`.

    >>> print(sentence_code("I love you", 20))
    torch.manual_seed(0)
    rnn = nn.RNN(20, 6)
    x = embed('I love you', vectors).input  # (L, N, H_in)
    output, h_n = rnn(x)
    """
    return "\n".join(
        [
            "torch.manual_seed(0)",
            f"rnn = nn.RNN({dim}, 6)",
            f"x = embed({text!r}, vectors).input  # (L, N, H_in)",
            "output, h_n = rnn(x)",
        ]
    )


def run_code(code: str) -> Trace:
    """Run the lines of `call_code`, and trace the call in them; torch's random state stays as it was.

    >>> run_code(call_code(input_size=3, hidden_size=4, L=5, N=2)).output.shape
    (5, 2, 4)

    Parameters
    ----------
    code : from `call_code`. It is executed, so never pass text that somebody typed.

    Raises
    ------
    ValueError : the last line is not a call `output, h_n = rnn(x)` or `rnn(x, h0)`.
    """
    making, _, call = code.rpartition("\n")
    if not call.startswith(("output, h_n = rnn(x", "output, (h_n, c_n) = rnn(x")):
        raise ValueError(f"code: given a last line of {call!r}, expected a call, output, h_n = rnn(x)")
    names: dict[str, Any] = {"torch": torch, "nn": nn}
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of dropout with one layer; the explorers say it in a note
        # This gives the same numbers as torch.manual_seed, which also looks for GPUs and takes longer than the network.
        exec(making.replace("torch.manual_seed", "torch.default_generator.manual_seed"), names)
        return trace(names["rnn"], names["x"], names.get("h0"))  # the last line, with every step recorded
