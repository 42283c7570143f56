"""Exercises of the notebooks 04 and 05: steps and chunks, layers and directions."""

import torch
from torch import nn

from .exercise import Predict, Write

TOWER = dict(num_layers=3, bidirectional=True)


def forgetful_chunks(rnn, x, size):
    outputs = []
    for chunk in x.split(size):
        output, h = rnn(chunk)
        outputs.append(output)
    return torch.cat(outputs)


def chunks(rnn, x, size, dim=0, keep=lambda output: output):
    outputs, h = [], None
    for chunk in x.split(size):
        output, h = rnn(chunk, h)
        outputs.append(keep(output))
    return torch.cat(outputs, dim)


def stale_chunks(rnn, x, size):
    outputs, start = [], None
    for chunk in x.split(size):
        output, h = rnn(chunk, start)
        start = h if start is None else start
        outputs.append(output)
    return torch.cat(outputs)


def walk(cell, x, h):
    states = []
    for x_t in x:
        h = cell(x_t, h)
        states.append(h)
    return torch.stack(states)


def walk_by_torch(cell, x, h):
    rnn = nn.RNN(cell.input_size, cell.hidden_size, device=x.device)
    rnn.load_state_dict({f"{name}_l0": weight for name, weight in cell.state_dict().items()})
    return rnn(x, h[None])[0]


def half_a_summary(rnn, x):
    output, h_n = rnn(x)
    return output[-1]


def row_of_layer_1_reverse():
    rnn = nn.RNN(10, 16, **TOWER)
    for name, parameter in rnn.named_parameters():
        nn.init.constant_(parameter, float(name == "bias_ih_l1_reverse"))
    h_n = rnn(torch.zeros(1, 1, 10))[1]
    return h_n.flatten(1).any(1).nonzero().item()  # the only row that is not zero


def two_readers(case):
    return case.network(), case.network(), case.tensor(case.sizes.L, case.sizes.N, case.sizes.H_in)


def both_ways(there, back, x):
    both = nn.RNN(there.input_size, there.hidden_size, bidirectional=True, device=x.device)
    reverse = {f"{name}_reverse": weight for name, weight in back.state_dict().items()}
    both.load_state_dict(there.state_dict() | reverse)
    return both(x)[0]


EXERCISES = [
    Predict(
        "04.1",
        "nn.RNNCell(3, 4) gets a tensor of shape (8, 3). What is the shape of what comes out?",
        lambda: nn.RNNCell(3, 4)(torch.zeros(8, 3)).shape,
        {
            (8, 3): "A state has hidden_size numbers.",
            (1, 8, 4): "A cell has no axis of layers: it is one layer.",
            (4,): "A cell knows no time: it takes the 8 for a batch.",
            (1, 4): "8 is a batch for it, not time: 8 states come out.",
        },
        ("A cell makes one step, for each row of its input.", "(N, H_in) goes in, (N, H_out) comes out."),
        axes=("N", "H_out"),
    ),
    Write(
        "04.2",
        "A long sequence is read in chunks, but the result is not that of one call. Where is the bug?",
        "in_chunks(rnn, x, size)",
        lambda case: (case.network(num_layers=2), case.tensor(case.sizes.L + 4, case.sizes.N, case.sizes.H_in), 3),
        lambda rnn, x, size: rnn(x)[0],
        [
            (lambda rnn, x, size: chunks(rnn, x, size, dim=1), "Chunks follow each other in time: join them along axis 0."),
            (stale_chunks, "Every chunk starts where the first one ended. Each must start where the one before it ended."),
            (
                lambda rnn, x, size: chunks(rnn, x, size, keep=lambda output: output[-1:]),
                "Keep all states of a chunk, not its last one.",
            ),
            (lambda rnn, x, size: rnn(x)[1], "That is h_n. All states of the top layer are asked for: output."),
        ],
        ("What does the second chunk know of the first?", "Give h to the next call: rnn(chunk, h), and None to the first."),
        axes=("L", "N", "H_out"),
        bug=forgetful_chunks,
    ),
    Write(
        "04.3",
        "Walk an nn.RNNCell over x, of shape (L, N, H_in), from h, of shape (N, H_out). Return the states of all steps.",
        "walk(cell, x, h)",
        lambda case: (
            case.network(nn.RNNCell),
            case.tensor(case.sizes.L, case.sizes.N, case.sizes.H_in),
            case.tensor(case.sizes.N, case.sizes.H_out),
        ),
        walk_by_torch,
        [
            (lambda cell, x, h: walk(cell, x, h)[-1], "That is the last state. Keep each one, and stack them."),
            (
                lambda cell, x, h: torch.stack([cell(x_t, h) for x_t in x]),
                "Every step starts from the first h: carry the new one on.",
            ),
            (
                lambda cell, x, h: torch.stack([cell(x_t) for x_t in x]),
                "Without a state each step starts from zeros, and nothing is remembered.",
            ),
            (lambda cell, x, h: walk(cell, x, torch.zeros_like(h)), "The h that was given is not used."),
            (lambda cell, x, h: torch.cat([h[None], walk(cell, x, h)]), "The start is no step: L states are asked for."),
        ],
        ("A loop over x gives one (N, H_in) a step.", "h = cell(x_t, h); keep it in a list; torch.stack at the end."),
        axes=("L", "N", "H_out"),
    ),
    Predict(
        "05.1",
        "nn.RNN(10, 16, num_layers=3, bidirectional=True). What is the shape of weight_ih_l2?",
        lambda: nn.RNN(10, 16, **TOWER).weight_ih_l2.shape,
        {
            (16, 10): "That is l0. Layer 2 does not read x.",
            (16, 16): "Layer 2 reads both directions of layer 1.",
            (32, 16): "Rows are what comes out: the other way round.",
            (32, 32): "The reverse direction has a weight of its own, weight_ih_l2_reverse.",
        },
        ("What comes up from layer 1, at each step?", "(H_out, D*H_out)"),
        axes=("H_out", "D*H_out"),
    ),
    Predict(
        "05.2",
        "The same network. Which row of its h_n is layer 1, reverse? (a number)",
        row_of_layer_1_reverse,
        {
            1: "Row 1 is layer 0, reverse.",
            2: "Row 2 is layer 1, forward.",
            4: "That would be so with all forward rows first. The order is layer by layer.",
            5: "That is the last row: layer 2, reverse.",
        },
        ("Count layer by layer, in each first forward, then reverse.", "2*layer + direction"),
    ),
    Write(
        "05.3",
        "A classifier takes one vector for each sentence from a bidirectional rnn. Half of it knows only the "
        "last word. Where is the bug?",
        "summarise(rnn, x)",
        lambda case: (
            case.network(num_layers=2, bidirectional=True),
            case.tensor(case.sizes.L + 1, case.sizes.N, case.sizes.H_in),
        ),
        lambda rnn, x: torch.cat(tuple(rnn(x)[1][-2:]), dim=-1),
        [
            (lambda rnn, x: rnn(x)[0][0], "Now the forward half knows only the first word."),
            (
                lambda rnn, x: torch.cat([rnn(x)[1][0], rnn(x)[1][1]], dim=-1),
                "These are the rows of the bottom layer. The top one is wanted.",
            ),
            (lambda rnn, x: torch.cat([rnn(x)[1][-1], rnn(x)[1][-2]], dim=-1), "Forward first, then reverse."),
            (lambda rnn, x: rnn(x)[1][-1], "That is the reverse direction alone."),
            (
                lambda rnn, x: rnn(x)[1][-2:].reshape(x.size(1), -1),
                "reshape mixes the sentences: bring the batch to the front first, or use cat.",
            ),
        ],
        (
            "The reverse reader ends at the first word. Where does h_n have its state?",
            "torch.cat of h_n[-2] and h_n[-1], along the features.",
        ),
        axes=("N", "2*H_out"),
        bug=half_a_summary,
    ),
    Write(
        "05.4",
        "there and back are networks of one direction. Build the output of the bidirectional nn.RNN that has their weights.",
        "both_ways(there, back, x)",
        two_readers,
        both_ways,
        [
            (
                lambda there, back, x: torch.cat([there(x)[0], back(x.flip(0))[0]], -1),
                "The states of back stand in reverse order: flip them again.",
            ),
            (lambda there, back, x: torch.cat([there(x)[0], back(x)[0]], -1), "back must read from the end: flip x along time."),
            (
                lambda there, back, x: torch.cat([there(x)[0], back(x.flip(0))[0].flip(0)], 0),
                "Side by side is the last axis, the features.",
            ),
            (
                lambda there, back, x: torch.cat([there(x)[0], back(x.flip(-1))[0].flip(-1)], -1),
                "Flip time, axis 0, not the features.",
            ),
            (lambda there, back, x: there(x)[0] + back(x.flip(0))[0].flip(0), "The two are laid side by side, not added."),
        ],
        ("back reads x.flip(0).", "Flip what back gives, so that step t stands at t again; then cat along the last axis."),
        axes=("L", "N", "2*H_out"),
    ),
]
