"""Exercises of the notebooks 00, 01 and 02: what goes in and out, the equation, the arguments."""

import torch
from torch import nn

from .exercise import Predict, Write

TOWER = dict(num_layers=3, bidirectional=True)


def broken_recurrence(x, W_ih, W_hh, b_ih, b_hh):
    h = torch.zeros(len(W_hh), device=x.device)
    for x_t in x:
        h = torch.tanh(W_ih @ x_t + b_ih) + W_hh @ h + b_hh
    return h


def no_tanh(x, W_ih, W_hh, b_ih, b_hh):
    h = torch.zeros(len(W_hh), device=x.device)
    for x_t in x:
        h = W_ih @ x_t + b_ih + W_hh @ h + b_hh
    return h


def without_memory(x, W_ih, W_hh, b_ih, b_hh):
    return torch.tanh(x @ W_ih.T + b_ih + b_hh)


def recurrence(x, W_ih, W_hh, b_ih, b_hh):
    states, h = [], torch.zeros(len(W_hh), device=x.device)
    for x_t in x:
        h = torch.tanh(W_ih @ x_t + b_ih + W_hh @ h + b_hh)
        states.append(h)
    return torch.stack(states)


def one_sequence(case):
    rnn = case.network()
    return (case.tensor(case.sizes.L, case.sizes.H_in), *(weight.detach() for weight in rnn.parameters()))


def by_torch(x, W_ih, W_hh, b_ih, b_hh):
    rnn = nn.RNN(*reversed(W_ih.shape), device=x.device)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    rnn.load_state_dict(dict(zip(names, (W_ih, W_hh, b_ih, b_hh))))
    return rnn(x)[0]  # (L, H_out)


def four_choices(case):
    return case.sizes.H_in, case.sizes.H_out, case.whole(2, 4), bool(case.whole(0, 1))


def count(H_in, H_out, num_layers, bidirectional):
    rnn = nn.RNN(H_in, H_out, num_layers, bidirectional=bidirectional)
    return sum(parameter.numel() for parameter in rnn.parameters())


def counted(upper, biases=2, ways=lambda D: D):
    """A count by formula, with what stands below an upper layer, and the number of biases, to choose."""

    def formula(H_in, H_out, num_layers, bidirectional):
        D = ways(2 if bidirectional else 1)
        below = [H_in] + [upper(H_in, H_out, D)] * (num_layers - 1)
        return D * sum(H_out * (size + H_out + biases) for size in below)

    return formula


EXERCISES = [
    Predict(
        "00.1",
        "nn.RNN(3, 4) reads one sequence of 100 steps: L=100, N=1. What is the shape of output?",
        lambda: nn.RNN(3, 4)(torch.zeros(100, 1, 3))[0].shape,
        {
            (100, 1, 3): "3 is what comes in at a step. What comes out is a state, and a state has 4 numbers.",
            (1, 1, 4): "That is h_n, the last state alone. output has the state of each step.",
            (100, 4): "The axis of the batch stays, also when there is only one sequence in it.",
        },
        ("output has a state for each step.", "Time first, then the batch, then the numbers of a state."),
        axes=("L", "N", "H_out"),
    ),
    Predict(
        "00.2",
        "The same network, the same 100 steps. How many numbers does h_n hold?",
        lambda: nn.RNN(3, 4)(torch.zeros(100, 1, 3))[1].numel(),
        {
            400: "That is output, with 100 states. h_n holds one.",
            3: "That is how many come in at a step.",
            100: "That is how many steps there are, and h_n is taken after the last of them.",
        },
        ("In the picture h_n is the dashed frame: count its circles.", "One state, of hidden_size numbers."),
    ),
    Predict(
        "01.1",
        "nn.RNN(10, 20): how many numbers do its weights and biases hold, all together?",
        lambda: sum(parameter.numel() for parameter in nn.RNN(10, 20).parameters()),
        {
            600: "These are the two matrices. What is added to them?",
            620: "There are two biases, one with each matrix.",
            240: "W_hh is missing, with its bias: the past is weighed too.",
            340: "W_hh leads from state to state: how many rows and columns has it?",
        },
        ("Two matrices and two biases.", "W_ih is H_out x H_in, W_hh is H_out x H_out."),
    ),
    Write(
        "01.2",
        "This recurrence has every term, and yet its last state is not torch's. Where is the bug?",
        "last_state(x, W_ih, W_hh, b_ih, b_hh)",
        one_sequence,
        lambda *arguments: by_torch(*arguments)[-1],
        [
            (no_tanh, "Now there is no tanh at all. It belongs around the whole sum."),
            (lambda *a: without_memory(*a)[-1], "The past is gone: W_hh @ h must stay in the sum."),
            (lambda *a: recurrence(*a), "All states come back. Only the last one is asked for."),
            (lambda *a: torch.tanh(no_tanh(*a)), "tanh must act at every step, not once at the end."),
        ],
        ("Read each bracket: what does tanh squeeze?", "A state of tanh never leaves -1 to 1. Does this one?"),
        axes=("H_out",),
        bug=broken_recurrence,
    ),
    Write(
        "01.3",
        "Write the recurrence that keeps every state: one row for each step.",
        "all_states(x, W_ih, W_hh, b_ih, b_hh)",
        one_sequence,
        by_torch,
        [
            (lambda *a: recurrence(*a)[-1], "That is the last state. Keep each one in a list, and stack it at the end."),
            (without_memory, "Each step starts from nothing: give it the state of the step before."),
            (
                lambda *a: torch.cat([torch.zeros_like(a[0][:1] @ a[1].T), recurrence(*a)]),
                "The zeros before the first step are no state of a step.",
            ),
            (lambda x, W_ih, W_hh, b_ih, b_hh: recurrence(x, W_ih, W_hh, b_ih, 0 * b_hh), "One bias is missing: there are two."),
            (
                lambda *a: torch.stack([torch.stack([row]) for row in recurrence(*a)]),
                "There is an axis too many: (L, H_out) is asked for.",
            ),
        ],
        ("Start from zeros, and go through x step by step.", "h = tanh(W_ih @ x_t + b_ih + W_hh @ h + b_hh)"),
        axes=("L", "H_out"),
    ),
    Predict(
        "02.1",
        "nn.RNN(5, 8, num_layers=3, bidirectional=True) reads L=7 steps of N=10 sequences. What is the shape of h_n?",
        lambda: nn.RNN(5, 8, **TOWER)(torch.zeros(7, 10, 5))[1].shape,
        {
            (3, 10, 8): "That is one direction. Each layer ends in two states, one for each.",
            (3, 10, 16): "In h_n the two directions are rows of their own; side by side they stand in output.",
            (7, 10, 16): "That is output, which has every step.",
            (10, 6, 8): "The batch never comes first in h_n.",
        },
        ("One row for each layer and direction.", "(D*num_layers, N, H_out)"),
        axes=("D*num_layers", "N", "H_out"),
    ),
    Predict(
        "02.2",
        "The same network. What is the shape of weight_ih_l1?",
        lambda: nn.RNN(5, 8, **TOWER).weight_ih_l1.shape,
        {
            (8, 5): "That is l0. What does layer 1 read?",
            (8, 8): "Layer 1 reads both directions of the layer below.",
            (16, 8): "One row for each number that comes out: the other way round.",
            (16, 16): "Each direction has a weight of its own, with H_out rows.",
        },
        ("Layer 1 does not read x.", "(H_out, D*H_out): what comes out, then what comes in."),
        axes=("H_out", "D*H_out"),
    ),
    Write(
        "02.3",
        "How many learned numbers has an nn.RNN, both biases included? Write it for any sizes, layers and directions.",
        "count(H_in, H_out, num_layers, bidirectional)",
        four_choices,
        count,
        [
            (counted(lambda H_in, H_out, D: D * H_out, biases=1), "There are two biases in each cell."),
            (counted(lambda H_in, H_out, D: D * H_out, biases=0), "The biases are missing."),
            (counted(lambda H_in, H_out, D: H_in), "Upper layers do not read x, but the states below them."),
            (counted(lambda H_in, H_out, D: H_out), "With two directions, an upper layer reads 2*H_out numbers."),
            (counted(lambda H_in, H_out, D: D * H_out, ways=lambda D: 1), "Two directions have twice the weights."),
        ],
        (
            "Make one, and add up numel() over its parameters; or use a formula.",
            "Each layer and direction: H_out * (what it reads + H_out + 2).",
        ),
    ),
]
