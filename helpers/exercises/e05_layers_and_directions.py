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


def both_ways_by_torch(forward: Network, backward: Network, x: Tensor) -> Tensor:
    both = nn.RNN(forward.input_size, forward.hidden_size, bidirectional=True, device=x.device)
    reverse = {f"{name}_reverse": parameter for name, parameter in backward.state_dict().items()}
    both.load_state_dict(forward.state_dict() | reverse)
    output: Tensor = both(x)[0]
    return output


EXERCISES: list[Exercise] = [
    Predict(
        "05.1",
        "Why does weight_ih_l2 of nn.RNN(10, 16, 3, bidirectional=True) have 32 columns? (a letter)",
        lambda: "b",
        {
            "a": "Only layer 0 reads x. And x has 10 features, so this would not give 32.",
            "c": "A layer reads only the layer directly below. With one more layer, weight_ih_l3 also has 32 columns.",
            "d": "The reverse direction has a matrix of its own: weight_ih_l2_reverse.",
        },
        ("A column belongs to one number that comes in. What comes up from layer 1, at each step?", "Its size is D*H_out."),
    ),
    Predict(
        "05.2",
        "Which row of the h_n of the same network is layer 1, reverse? (a number)",
        row_of_layer_1_reverse,
        {
            1: "Row 1 is layer 0, reverse.",
            2: "Row 2 is layer 1, forward.",
            4: "Do all forward rows come first, or does the count begin at 1? It goes layer by layer, from row 0.",
            5: "That is the last row: layer 2, reverse.",
            -3: "That is the row, counted from the end. Count it from the front, where h_n begins with row 0.",
        },
        ("Count layer by layer, and in each layer first forward, then reverse.", "The row is 2*layer + direction."),
    ),
    Write(
        "05.3",
        "A classifier takes one vector for each sentence from a bidirectional rnn. Half of this vector is not a "
        "final state. Where is the bug?",
        "summarise(rnn, x)",
        bidirectional_network_and_input,
        lambda rnn, x: torch.cat(tuple(rnn(x)[1][-2:]), dim=-1),
        [
            (lambda rnn, x: rnn(x)[0][0], "Now the forward half is the state after the first word."),
            (
                lambda rnn, x: torch.cat([rnn(x)[1][0], rnn(x)[1][1]], dim=-1),
                "These are the rows of the bottom layer. Take those of the top layer.",
            ),
            (
                lambda rnn, x: torch.cat([rnn(x)[1][-1], rnn(x)[1][-2]], dim=-1),
                "The forward half comes first, then the reverse half.",
            ),
            (lambda rnn, x: rnn(x)[1][-1], "That is the reverse direction alone."),
            (
                lambda rnn, x: rnn(x)[1][-2:].reshape(x.size(1), -1),
                "reshape mixes the sentences: bring the batch to the front first, or use cat.",
            ),
            (
                lambda rnn, x: torch.cat([rnn(x)[0][0, :, : rnn.hidden_size], rnn(x)[0][-1, :, rnn.hidden_size :]], dim=-1),
                "It is the other way round: forward ends at the last step, and reverse at the first.",
            ),
            (
                lambda rnn, x: torch.cat([*rnn(x)[1][-2:]]),
                "That puts one direction below the other. Join them along the features: dim=-1.",
            ),
            (lambda rnn, x: rnn(x)[1][-2], "That is the forward direction alone."),
            (lambda rnn, x: rnn(x)[1][-2:].sum(0), "That adds the two directions. Put them side by side, with torch.cat."),
            (lambda rnn, x: rnn(x)[1], "That is h_n, with all layers. Take its last two rows, and put them side by side."),
            (
                lambda rnn, x: torch.cat([*rnn(x)[1]], dim=-1),
                "These are all layers. The top layer alone is asked for: the last two rows.",
            ),
        ],
        (
            "The reverse direction ends at the first word. Which row of h_n is its final state?",
            "Use torch.cat with h_n[-2] and h_n[-1], along the features.",
        ),
        axes=("N", "2*H_out"),
        bug=last_output,
        also=[lambda rnn, x: rnn(x)[0].mean(0)],  # the notebook recommends both
    ),
    Write(
        "05.4",
        "forward and backward are networks with one direction. "
        "Build the output of the bidirectional nn.RNN that has their parameters.",
        "both_ways(forward, backward, x)",
        two_networks_and_input,
        both_ways_by_torch,
        [
            (
                lambda forward, backward, x: torch.cat([forward(x)[0], backward(x.flip(0))[0]], -1),
                "The states of backward are in reverse order: flip them again.",
            ),
            (
                lambda forward, backward, x: torch.cat([forward(x)[0], backward(x)[0]], -1),
                "backward must read from the end: flip x along time, axis 0.",
            ),
            (
                lambda forward, backward, x: torch.cat([forward(x)[0], backward(x.flip(0))[0].flip(0)], 0),
                "Put them side by side: the features are the last axis.",
            ),
            (
                lambda forward, backward, x: torch.cat([forward(x)[0], backward(x.flip(-1))[0].flip(-1)], -1),
                "Flip time, axis 0, not the features.",
            ),
            (
                lambda forward, backward, x: forward(x)[0] + backward(x.flip(0))[0].flip(0),
                "torch puts the two side by side. It does not add them.",
            ),
            (
                lambda forward, backward, x: torch.cat([forward(x)[0], backward(x)[0].flip(0)], -1),
                "backward has read from the start, and its states were flipped. Flip x too, before backward reads it.",
            ),
            (
                lambda forward, backward, x: torch.cat([backward(x.flip(0))[0].flip(0), forward(x)[0]], -1),
                "Both halves are right, but the forward half comes first.",
            ),
            (
                lambda forward, backward, x: torch.cat([forward(x)[0], backward(x.flip(0))[0].flip(0)], 1),
                "Axis 1 is the batch. Put the two side by side along the features, the last axis.",
            ),
            (
                lambda forward, backward, x: torch.cat([forward(x)[1], backward(x.flip(0))[1]], -1),
                "These are the final states, h_n. output has the states of all steps: [0].",
            ),
            (
                lambda forward, backward, x: torch.cat([forward(x)[1][0], backward(x.flip(0))[1][0]], -1),
                "These are final states alone. output has the states of all steps.",
            ),
            (
                lambda forward, backward, x: torch.cat([forward(x.flip(0))[0], backward(x.flip(0))[0].flip(0)], -1),
                "forward must read x as it is. Only backward reads it from the end.",
            ),
            (
                lambda forward, backward, x: torch.cat([forward(x)[0], forward(x.flip(0))[0].flip(0)], -1),
                "Both halves come from forward. The second half must come from backward.",
            ),
            (lambda forward, backward, x: x[::-1], "A tensor has no [::-1], unlike a list. x.flip(0) reverses the time."),
        ],
        ("backward reads x.flip(0).", "Flip its states, so that step t is at index t again. Then use cat along the last axis."),
        axes=("L", "N", "2*H_out"),
    ),
    Predict(
        "05.5",
        "An alarm beside a hospital bed must decide after each measurement, at once, whether to ring. "
        "Which design fits? (a letter)",
        lambda: "d",
        {
            "a": "The backward direction begins at the end of the night. Nobody has measured that yet.",
            "b": "The final states exist only when the night is over, and they give one decision.",
            "c": "That is one decision, when the night is over. The alarm needs one after each measurement.",
        },
        ("Which measurements exist when the alarm must decide?", "One answer per step comes from output, in one direction."),
    ),
]
