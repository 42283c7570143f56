"""Why the answer to a question of the quiz is right: one sentence, with the sizes of that question."""

import re
from collections.abc import Sequence


def reason(code: str, expression: str, answer: Sequence[int]) -> str:
    """Why torch gives this answer.

    >>> reason("rnn = nn.RNN(2, 5, num_layers=3)\\nx = torch.zeros(3, 4, 2)\\noutput, h_n = rnn(x)", "h_n.shape", (3, 4, 5))
    'h_n has one row per layer and direction, 3 * 1 = 3; then N=4 and H_out=5.'
    >>> reason("cell = nn.RNNCell(2, 5)\\nx = torch.zeros(4, 2)\\nh = cell(x)", "h.shape", (4, 5))
    'A cell computes one time step, for N=4 sequences at once; each gets a state of H_out=5.'
    """
    D = 2 if "bidirectional=True" in code else 1
    found = re.search(r"num_layers=(\d+)", code)
    layers = int(found[1]) if found else 1
    last, tensor = answer[-1], expression.partition(".")[0]
    if tensor in ("h_n", "c_n"):
        moved = ", and batch_first never moves them" if "batch_first=True" in code else ""
        batch = f"N={answer[1]} and " if len(answer) == 3 else "there is no batch, so only "
        return f"{tensor} has one row per layer and direction, {layers} * {D} = {layers * D}; then {batch}H_out={last}{moved}."
    if "weight" in expression:
        return _reason_of_weight(code, expression, answer, D, layers)
    if "batch_sizes" in expression:
        return "batch_sizes has one number per time step: how many of the sequences are at least that long."
    if "output" in expression or "x.data" in expression:
        return _reason_of_steps(code, expression, answer, D)
    if "cat" in expression:
        return f"h_n[-2] and h_n[-1] are the top layer's two directions, side by side: 2 * {last // 2} = {last} features."
    if "stack" in expression:
        return (
            f"The loop makes L={answer[0]} states of shape (N, H_out) = ({answer[1]}, {last}), and stack adds the axis of time."
        )
    return f"A cell computes one time step, for N={answer[0]} sequences at once; each gets a state of H_out={last}."


def _reason_of_weight(code: str, expression: str, answer: Sequence[int], D: int, layers: int) -> str:
    gates = 4 if "nn.LSTM" in code else 3 if "nn.GRU" in code else 1
    size = answer[0] // gates
    rows = f"one row per element of the state, H_out={size}" if gates == 1 else f"{gates} gates of H_out={size} rows each"
    if "weight_hh" in expression:
        read = f"the previous state, H_out={size}"
    elif "_l0" in expression or layers == 1:
        read = f"the input, H_in={answer[1]}"
    else:
        read = f"the layer below, D*H_out = {D} * {size} = {answer[1]}"
    return f"The weight has {rows}, and one column per element that it reads: {read}."


def _reason_of_steps(code: str, expression: str, answer: Sequence[int], D: int) -> str:
    last = answer[-1]
    features = f"H_in={last}" if "x.data" in expression else f"D*H_out = {D} * {last // D} = {last} features"
    if lengths := re.search(r"\[([\d, ]+)\]", code):
        total = " + ".join(lengths[1].split(", "))
        return f"A packed batch has one row per step without padding, {total} = {answer[0]}; each row has {features}."
    if len(answer) == 2:
        return f"One sequence without a batch has one row per step, L={answer[0]}, of {features}."
    axes = "(N, L)" if "batch_first=True" in code else "(L, N)"
    return f"The first axes of output are those of x, {axes} = ({answer[0]}, {answer[1]}); the last one has {features}."
