"""The lines of code that make exactly the network and the call an explorer shows; and the explorer runs these lines."""

import warnings

import torch
from torch import nn

from ..rnn.traces import Trace, trace

DEFAULTS = dict(num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, dropout=0.0, bidirectional=False)


def call_code(
    *, input_size: int, hidden_size: int, L: int, N: int | None, h0: str = "None", seed: int = 0, **options: object
) -> str:
    """The code of one network and one call of it, with only the arguments that differ from torch's defaults.

    >>> print(call_code(input_size=3, hidden_size=4, L=5, N=2, num_layers=2, bias=True))
    torch.manual_seed(0)
    rnn = nn.RNN(3, 4, num_layers=2)
    x = torch.randn(5, 2, 3)  # (L, N, H_in)
    output, h_n = rnn(x)

    Parameters
    ----------
    N  : batch size; None for one unbatched sequence
    h0 : "None", "zeros" or "random"
    options : the other arguments of `nn.RNN`

    Raises
    ------
    TypeError : an option is no argument of nn.RNN.
    ValueError : h0 is none of the three.
    """
    unknown = set(options) - set(DEFAULTS)
    if unknown:
        raise TypeError(f"options: given {', '.join(sorted(unknown))}, expected arguments of nn.RNN: {', '.join(DEFAULTS)}")
    if h0 not in ("None", "zeros", "random"):
        raise ValueError(f"h0: given {h0!r}, expected 'None', 'zeros' or 'random'")
    other = "".join(f", {name}={value!r}" for name, value in options.items() if value != DEFAULTS[name])
    lines = [f"torch.manual_seed({seed})", f"rnn = nn.RNN({input_size}, {hidden_size}{other})"]
    if options.get("dropout"):
        lines.append("rnn.eval()  # dropout acts only while training")
    time_first = not options.get("batch_first")
    axes = [("L", L)] if N is None else [("L", L), ("N", N)] if time_first else [("N", N), ("L", L)]
    axes.append(("H_in", input_size))
    sizes, names = ", ".join(str(size) for _, size in axes), ", ".join(name for name, _ in axes)
    lines.append(f"x = torch.randn({sizes})  # ({names})")
    if h0 != "None":
        rows = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
        shape = f"{rows}, {hidden_size}" if N is None else f"{rows}, {N}, {hidden_size}"
        meaning = "(D*num_layers, H_out)" if N is None else "(D*num_layers, N, H_out)"
        lines.append(f"h0 = torch.{'zeros' if h0 == 'zeros' else 'randn'}({shape})  # {meaning}")
    lines.append("output, h_n = rnn(x)" if h0 == "None" else "output, h_n = rnn(x, h0)")
    return "\n".join(lines)


def neuron_code(w_ih: float, w_hh: float, bias: float, nonlinearity: str, signal: list[float]) -> str:
    """The code of one neuron with given weights, and what it reads.

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


def scaled_code(scale: float, nonlinearity: str, L: int, hidden_size: int = 16) -> str:
    """The code of a network whose W_hh is random with a spread of `scale / sqrt(hidden_size)`, and one call of it.

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
    """The code that reads a sentence with the network of the sentence explorer.

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
    """Run the lines of `call_code` and trace the call they make; torch's own random state stays as it was.

    >>> run_code(call_code(input_size=3, hidden_size=4, L=5, N=2)).output.shape
    (5, 2, 4)

    Parameters
    ----------
    code : from `call_code`. It is executed: never pass text that somebody typed.

    Raises
    ------
    ValueError : the last line is no call `output, h_n = rnn(x)` or `rnn(x, h0)`.
    """
    making, _, call = code.rpartition("\n")
    if not call.startswith("output, h_n = rnn(x"):
        raise ValueError(f"code: given a last line of {call!r}, expected a call, output, h_n = rnn(x)")
    made = {"torch": torch, "nn": nn}
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dropout with one layer warns; the explorers say it in words
        # The same numbers as torch.manual_seed, which also looks for accelerators: that takes longer than the network.
        exec(making.replace("torch.manual_seed", "torch.default_generator.manual_seed"), made)
    return trace(made["rnn"], made["x"], made.get("h0"))  # this is the last line, with all that happens on the way
