"""The exercises of notebook 00: what goes in and what comes out."""

import torch
from torch import nn

from .exercise import Exercise, Predict

EXERCISES: list[Exercise] = [
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
        about=(
            "Axis 0 of output is time: one state for each of the 100 steps.",
            "Axis 1 is the batch: how many sequences are read?",
            "The last axis is a state, and a state has hidden_size numbers.",
        ),
    ),
    Predict(
        "00.2",
        "The same network, the same 100 steps. How many numbers does h_n hold?",
        lambda: nn.RNN(3, 4)(torch.zeros(100, 1, 3))[1].numel(),
        {
            400: "That is output, with 100 states. h_n holds one.",
            3: "That is how many come in at a step.",
            100: "That is how many steps there are, and h_n is taken after the last of them.",
            (1, 1, 4): "That is its shape. How many numbers does a tensor of this shape hold?",
        },
        ("In the picture h_n is the dashed frame: count its circles.", "One state, of hidden_size numbers."),
    ),
]
