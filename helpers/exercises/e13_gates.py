"""The exercises of notebook 13: the shapes, the steps and the gates of an LSTM and a GRU."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from .cases import Case
from .exercise import Arguments, Exercise, Function, Predict, Write


def gate_that_lets_an_lstm_remember() -> str:
    """Of three LSTM cells with gates half open, each with another gate opened, the one that still has the most after 20 steps."""
    left = {}
    for name, block in {"input": 0, "forget": 1, "output": 3}.items():
        lstm = nn.LSTM(1, 1)
        for parameter in lstm.parameters():
            nn.init.zeros_(parameter)
        nn.init.constant_(lstm.get_parameter("bias_ih_l0").detach()[block], 5.0)
        left[name] = lstm(torch.zeros(20, 1, 1), (torch.zeros(1, 1, 1), torch.ones(1, 1, 1)))[1][0].item()
    return max(left, key=lambda name: left[name])


def gru_arguments(case: Case) -> Arguments:
    s = case.sizes
    cell = case.network(nn.GRUCell)
    return case.tensor(s.N, s.H_in), case.tensor(s.N, s.H_out), *(p.detach() for p in cell.parameters())


def gru_cell_by_torch(x: Tensor, h: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    return torch.gru_cell(x, h, W_ih, W_hh, b_ih, b_hh)


def gru_gates(x: Tensor, h: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r_x, z_x, n_x = (x @ W_ih.T + b_ih).chunk(3, dim=-1)
    r_h, z_h, n_h = (h @ W_hh.T + b_hh).chunk(3, dim=-1)
    r = torch.sigmoid(r_x + r_h)
    return r, torch.sigmoid(z_x + z_h), torch.tanh(n_x + r * n_h)


def gru_that_swaps_keep_and_replace(x: Tensor, h: Tensor, *cell: Tensor) -> Tensor:
    _, z, n = gru_gates(x, h, *cell)
    return z * n + (1 - z) * h


def gru_with_blocks_in_another_order(x: Tensor, h: Tensor, *cell: Tensor) -> Tensor:
    W_ih, W_hh, b_ih, b_hh = (torch.cat([p.chunk(3)[k] for k in (1, 0, 2)]) for p in cell)
    return gru_cell_by_torch(x, h, W_ih, W_hh, b_ih, b_hh)


def gru_that_resets_the_state_first(x: Tensor, h: Tensor, *cell: Tensor) -> Tensor:
    W_ih, W_hh, b_ih, b_hh = cell
    r, z, _ = gru_gates(x, h, *cell)
    H = h.size(1)
    n = torch.tanh(x @ W_ih[2 * H :].T + b_ih[2 * H :] + (r * h) @ W_hh[2 * H :].T + b_hh[2 * H :])
    return (1 - z) * n + z * h


def gru_with(new_state: Function, gate: Function = torch.sigmoid) -> Function:
    """A GRU step with a choice of mistakes: the new state is computed from r, z, both parts of the new content, and h."""

    def step(x: Tensor, h: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
        r_x, z_x, n_x = (x @ W_ih.T + b_ih).chunk(3, dim=-1)
        r_h, z_h, n_h = (h @ W_hh.T + b_hh).chunk(3, dim=-1)
        state: Tensor = new_state(gate(r_x + r_h), gate(z_x + z_h), n_x, n_h, h)
        return state

    return step


def gru_without_reset(x: Tensor, h: Tensor, *cell: Tensor) -> Tensor:
    W_ih, W_hh, b_ih, b_hh = cell
    _, z, _ = gru_gates(x, h, *cell)
    n = torch.tanh((x @ W_ih.T + b_ih + h @ W_hh.T + b_hh).chunk(3, dim=-1)[2])
    return (1 - z) * n + z * h


def lstm_and_bias(case: Case) -> Arguments:
    return case.network(nn.LSTM), float(case.randint(1, 5))


def parameters_afterwards(function: Function, lstm: nn.LSTM, bias: float) -> Tensor:
    """What a function has made of a copy of the LSTM: both weights, and the sum of both biases, which is all that counts."""
    changed = deepcopy(lstm)
    function(changed, bias)
    W_ih, W_hh, b_ih, b_hh = (parameter.detach().flatten() for parameter in changed.parameters())
    return torch.cat([W_ih, W_hh, b_ih + b_hh])


def fill(lstm: nn.LSTM, name: str, gates: str, value: float) -> None:
    """Fill the rows of these gates in a bias with one value."""
    for gate in gates:
        nn.init.constant_(lstm.get_parameter(name).detach().chunk(4)["ifgo".index(gate)], value)


def open_gates(gates: str, other: float = 0.0) -> Callable[[nn.LSTM, float], None]:
    """A function that opens these gates: bias_ih gets the bias, and bias_hh `other` times the bias."""

    def open_them(lstm: nn.LSTM, bias: float) -> None:
        fill(lstm, "bias_ih_l0", gates, bias)
        fill(lstm, "bias_hh_l0", gates, other * bias)

    return open_them


def add_to_the_bias(lstm: nn.LSTM, bias: float) -> None:
    lstm.get_parameter("bias_ih_l0").detach().chunk(4)[1].add_(bias)


def open_and_keep_the_other_bias(lstm: nn.LSTM, bias: float) -> None:
    fill(lstm, "bias_ih_l0", "f", bias)


EXERCISES: list[Exercise] = [
    Predict(
        "13.1",
        "nn.LSTM(10, 16, bidirectional=True). What is the shape of weight_hh_l0?",
        lambda: nn.LSTM(10, 16, bidirectional=True).weight_hh_l0.shape,
        {
            (16, 16): "That is the weight of a plain RNN. An LSTM has one block of rows for each gate.",
            (48, 16): "Three blocks of rows are those of a GRU.",
            (64, 10): "That is weight_ih_l0, which multiplies the input.",
            (64, 32): "Each direction has a weight_hh of its own, which reads only its own state.",
            (128, 16): "The reverse direction has a weight of its own, weight_hh_l0_reverse.",
            (16, 64): "The blocks of the gates are below each other, as rows: exchange the two sizes.",
        },
        ("How many gates does an LSTM have, counting the new content?", "(4*H_out, H_out)"),
        axes=("4*H_out", "H_out"),
        about=(
            "The rows: each gate has a block of hidden_size rows. How many gates are there?",
            "The columns are what weight_hh reads: one state, of hidden_size numbers.",
        ),
    ),
    Predict(
        "13.2",
        "Why does an LSTM with default settings forget within 20 steps? Because one gate is too far closed. "
        "Is it the input, the forget or the output gate? (a word)",
        gate_that_lets_an_lstm_remember,
        {
            "input": "The input gate acts once, when the value is stored. What multiplies the cell state at every step?",
            "output": "The output gate changes what is shown of the cell state, but not the cell state itself.",
            "update": "The update gate is a gate of a GRU. Which gate of an LSTM does the same?",
            "reset": "The reset gate is a gate of a GRU. Which gate of an LSTM multiplies the old cell state?",
        },
        ("Which gate does the old cell state pass at every step?", "0.5 to the power of 20 is a millionth: which gate is 0.5?"),
    ),
    Write(
        "13.3",
        "Write one step of a GRU, with torch's order of blocks: r, z, n. x is (N, H_in) and h is (N, H_out).",
        "gru_step_by_hand(x, h, W_ih, W_hh, b_ih, b_hh)",
        gru_arguments,
        gru_cell_by_torch,
        [
            (gru_that_swaps_keep_and_replace, "z keeps: it multiplies the old state, and 1 - z the new content."),
            (gru_with_blocks_in_another_order, "The blocks of rows are in another order: first r, then z, then n."),
            (gru_that_resets_the_state_first, "In torch, r multiplies the result of h @ W_hh.T + b_hh, and not h itself."),
            (gru_without_reset, "The reset gate is missing: it multiplies what the new content reads of the past."),
            (
                gru_with(lambda r, z, n_x, n_h, h: (1 - z) * torch.tanh(r * (n_x + n_h)) + z * h),
                "The reset gate multiplies only what comes from the past, and not what comes from x.",
            ),
            (gru_with(lambda r, z, n_x, n_h, h: (1 - z) * (n_x + r * n_h) + z * h), "The new content has no tanh."),
            (gru_with(lambda r, z, n_x, n_h, h: (1 - z) * torch.tanh(n_x + r * n_h)), "The old state is missing: add z * h."),
            (
                gru_with(lambda r, z, n_x, n_h, h: torch.tanh(n_x + r * n_h)),
                "That is the new content alone. z mixes it with the old state.",
            ),
            (
                gru_with(lambda r, z, n_x, n_h, h: (1 - z) * torch.tanh(n_x + r * n_h) + z * h, torch.tanh),
                "A gate is between 0 and 1: take sigmoid for r and z. tanh is for the new content.",
            ),
        ],
        (
            "Compute x @ W_ih.T + b_ih and h @ W_hh.T + b_hh, and cut each into three blocks with chunk(3, dim=1).",
            "n = tanh(n_x + r * n_h), and the new state is (1 - z) * n + z * h.",
        ),
        axes=("N", "H_out"),
    ),
    Write(
        "13.4",
        "Design a good start: change lstm so that the biases of its forget gate add up to bias, and nothing else changes.",
        "start_with_open_gate(lstm, bias)",
        lstm_and_bias,
        open_gates("f"),
        [
            (open_and_keep_the_other_bias, "bias_hh_l0 has rows for the forget gate too: both biases are added."),
            (open_gates("f", other=1.0), "The two biases are added, so this is twice as much."),
            (open_gates("i"), "The first block of rows is the input gate. The forget gate is the second."),
            (open_gates("ifgo"), "The other gates have changed too: only the second of four blocks is the forget gate."),
            (open_gates("o"), "The last block of rows is the output gate. The forget gate is the second."),
            (open_gates("g"), "The third block of rows is the new content. The forget gate is the second."),
            (add_to_the_bias, "The bias grows by that much. It should be that much afterwards."),
            (lambda lstm, bias: lstm, "Nothing has changed. Write into the parameters, for example with nn.init.constant_."),
            (
                lambda lstm, bias: lstm.bias_ih_l0[: lstm.hidden_size].fill_(bias),
                "torch refuses to change a parameter whose gradient is computed. Write into .data, or use torch.no_grad().",
            ),
        ],
        (
            "Which rows of bias_ih_l0 and bias_hh_l0 belong to the forget gate?",
            "Rows H to 2*H, where H is lstm.hidden_size: fill them with bias in one of the two, and with 0 in the other.",
        ),
        axes=("parameter",),
        use=parameters_afterwards,
        mutates=True,
    ),
]
