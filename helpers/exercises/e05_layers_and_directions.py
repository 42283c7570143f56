"""The exercises of notebook 05: layers and directions."""

import torch
from torch import Tensor, nn

from .cases import Case
from .exercise import Arguments, Exercise, Network, Predict, Write


def three_layers_two_directions() -> nn.RNN:
    return nn.RNN(10, 16, num_layers=3, bidirectional=True)


def row_of_layer_1_reverse() -> int:
    rnn = three_layers_two_directions()
    for name, parameter in rnn.named_parameters():
        nn.init.constant_(parameter, float(name == "bias_ih_l1_reverse"))
    h_n = rnn(torch.zeros(1, 1, 10))[1]
    return int(h_n.flatten(1).any(1).nonzero())  # the only row that is not zero


def bidirectional_network_and_input(case: Case) -> Arguments:
    s = case.sizes
    return case.network(num_layers=2, bidirectional=True), case.tensor(s.L + 1, s.N, s.H_in)


def last_output(rnn: Network, x: Tensor) -> Tensor:
    output, h_n = rnn(x)
    return output[-1]


def two_networks_and_input(case: Case) -> Arguments:
    return case.network(), case.network(), case.tensor(case.sizes.L, case.sizes.N, case.sizes.H_in)


def both_ways_by_torch(there: Network, back: Network, x: Tensor) -> Tensor:
    both = nn.RNN(there.input_size, there.hidden_size, bidirectional=True, device=x.device)
    reverse = {f"{name}_reverse": parameter for name, parameter in back.state_dict().items()}
    both.load_state_dict(there.state_dict() | reverse)
    output: Tensor = both(x)[0]
    return output


EXERCISES: list[Exercise] = [
    Predict(
        "05.1",
        "nn.RNN(10, 16, num_layers=3, bidirectional=True). What is the shape of weight_ih_l2?",
        lambda: three_layers_two_directions().weight_ih_l2.shape,
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
        bidirectional_network_and_input,
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
        bug=last_output,
        also=[lambda rnn, x: rnn(x)[0].mean(0)],  # the notebook recommends both
    ),
    Write(
        "05.4",
        "there and back are networks of one direction. Build the output of the bidirectional nn.RNN that has their weights.",
        "both_ways(there, back, x)",
        two_networks_and_input,
        both_ways_by_torch,
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
