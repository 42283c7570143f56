"""The shape that every tensor of an `nn.RNN` call must have, computed without running the network."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType

from torch import nn

from ..checks import require_count


class Shape(tuple[int, ...]):
    """A shape whose axes have names: an ordinary tuple of sizes that also says what each of them means.

    >>> shape = Shape(("L", 5), ("N", 2), ("H_in", 3))
    >>> shape == (5, 2, 3), shape.names
    (True, ('L', 'N', 'H_in'))
    >>> print(shape)
    (L=5, N=2, H_in=3)
    """

    names: tuple[str, ...]

    def __new__(cls, *axes: tuple[str, int]) -> "Shape":
        self = super().__new__(cls, (size for _, size in axes))
        self.names = tuple(name for name, _ in axes)
        return self

    def __getnewargs__(self) -> tuple[tuple[str, int], ...]:
        return tuple(zip(self.names, self))

    def __str__(self) -> str:
        return "(" + ", ".join(f"{name}={size}" for name, size in zip(self.names, self)) + ")"


@dataclass(frozen=True)
class Shapes:
    """The sizes of one call, and the shape of every tensor that follows from them.

    >>> shapes = expected_shapes(nn.RNN(3, 4, bidirectional=True), L=5, N=2)
    >>> print(shapes.output)
    (L=5, N=2, D*H_out=8)
    >>> shapes.parameters["weight_ih_l0_reverse"]
    (4, 3)

    Source: torch.nn.RNN documentation, "Inputs", "Outputs", "Variables".
    """

    L: int
    N: int | None  # None for one unbatched sequence
    H_in: int
    H_out: int
    num_layers: int = 1
    D: int = 1  # directions
    bias: bool = True
    batch_first: bool = False
    gates: int = 1  # how many matrices are stacked in each weight: 1 in an RNN, 3 in a GRU, 4 in an LSTM

    @property
    def kind(self) -> str:
        """The name of the network's class in torch: RNN, GRU or LSTM."""
        return next(kind.__name__ for kind, gates in GATES.items() if gates == self.gates)

    @property
    def has_cell_state(self) -> bool:
        """Whether there is a second state beside h, the cell state c: only an LSTM has one."""
        return self.gates == GATES[nn.LSTM]

    @property
    def input(self) -> Shape:
        return self._sequence("H_in", self.H_in)

    @property
    def output(self) -> Shape:
        return self._sequence("D*H_out", self.D * self.H_out)

    @property
    def h_0(self) -> Shape:
        batch = () if self.N is None else (("N", self.N),)  # batch_first does not move this axis
        return Shape(("D*num_layers", self.D * self.num_layers), *batch, ("H_out", self.H_out))

    @property
    def h_n(self) -> Shape:
        return self.h_0

    @property
    def tensors(self) -> Mapping[str, Shape]:
        """The tensors of the call by their names in torch's documentation: four, and two more for an LSTM."""
        c_0, c_n = ({"c_0": self.h_0}, {"c_n": self.h_n}) if self.has_cell_state else ({}, {})
        inputs = {"input": self.input, "h_0": self.h_0} | c_0
        return MappingProxyType(inputs | {"output": self.output, "h_n": self.h_n} | c_n)

    @property
    def parameters(self) -> Mapping[str, Shape]:
        """Every parameter, with the names and in the order of `named_parameters()`."""
        found: dict[str, Shape] = {}
        for layer in range(self.num_layers):
            for suffix in ("", "_reverse")[: self.D]:
                found |= self._cell_parameters(layer, f"l{layer}{suffix}")
        return MappingProxyType(found)

    @property
    def parameter_count(self) -> int:
        return sum(prod(shape) for shape in self.parameters.values())

    def _cell_parameters(self, layer: int, name: str) -> dict[str, Shape]:
        # A layer above the first one reads the output of the layer below: both directions, concatenated.
        below = ("H_in", self.H_in) if layer == 0 else ("D*H_out", self.D * self.H_out)
        state = ("H_out", self.H_out)
        out = state if self.gates == 1 else (f"{self.gates}*H_out", self.gates * self.H_out)
        weights = {f"weight_ih_{name}": Shape(out, below), f"weight_hh_{name}": Shape(out, state)}
        biases = {f"bias_ih_{name}": Shape(out), f"bias_hh_{name}": Shape(out)}
        return weights | (biases if self.bias else {})

    def _sequence(self, feature: str, size: int) -> Shape:
        axes = [("L", self.L)] if self.N is None else [("L", self.L), ("N", self.N)]
        if self.batch_first:
            axes.reverse()  # no effect on an unbatched sequence, which has only one axis here
        return Shape(*axes, (feature, size))


GATES = {nn.RNN: 1, nn.GRU: 3, nn.LSTM: 4}


def expected_shapes(rnn: nn.RNN | nn.GRU | nn.LSTM, *, L: int, N: int | None = None) -> Shapes:
    """The shapes that a call of `rnn` takes and returns, computed without running it.

    >>> expected_shapes(nn.RNN(3, 4), L=5, N=2).output
    (5, 2, 4)

    Parameters
    ----------
    rnn : an nn.RNN, or an nn.GRU or nn.LSTM (without proj_size), which have the same layout
    L : sequence length, in time steps (>= 1)
    N : batch size, in sequences (>= 1); None for one unbatched sequence

    Returns
    -------
    input  : (L, N, H_in), or (N, L, H_in) if batch_first
    output : (L, N, D*H_out), or (N, L, D*H_out) if batch_first
    h_0, h_n (and c_0, c_n of an LSTM) : (D*num_layers, N, H_out), with or without batch_first
    parameters : the shape of each parameter, by its name in `named_parameters()`

    Raises
    ------
    TypeError : rnn is none of these, or L or N is not an integer.
    ValueError : L or N is less than 1. The message names the argument and its value.

    Source: torch.nn.RNN documentation, "Outputs".
    """
    gates = next((gates for kind, gates in GATES.items() if isinstance(rnn, kind)), None)
    if gates is None or rnn.proj_size:
        given = type(rnn).__name__ + (" with proj_size" if gates else "")
        raise TypeError(f"rnn: given {given}, expected a torch.nn.RNN (or a GRU, or an LSTM without proj_size)")
    return Shapes(
        L=require_count("L", L),
        N=None if N is None else require_count("N", N),
        H_in=rnn.input_size,
        H_out=rnn.hidden_size,
        num_layers=rnn.num_layers,
        D=2 if rnn.bidirectional else 1,
        bias=rnn.bias,
        batch_first=rnn.batch_first,
        gates=gates,
    )


def require_rnn(rnn: nn.RNN) -> None:
    """Raise a TypeError unless `rnn` is an `nn.RNN`.

    >>> require_rnn(nn.GRU(2, 3))
    Traceback (most recent call last):
    TypeError: rnn: given GRU, expected a torch.nn.RNN
    """
    if not isinstance(rnn, nn.RNN):
        raise TypeError(f"rnn: given {type(rnn).__name__}, expected a torch.nn.RNN")
