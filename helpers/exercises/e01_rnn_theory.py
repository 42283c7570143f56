"""The exercises of notebook 01: the equation."""

import torch
from torch import Tensor, nn

from .cases import Case
from .exercise import Arguments, Exercise, Function, Predict, Write


def broken_recurrence(x: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    h = torch.zeros(len(W_hh), device=x.device)
    for x_t in x:
        h = torch.tanh(W_ih @ x_t + b_ih) + W_hh @ h + b_hh
    return h


def no_tanh(x: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    h = torch.zeros(len(W_hh), device=x.device)
    for x_t in x:
        h = W_ih @ x_t + b_ih + W_hh @ h + b_hh
    return h


def no_previous_state(x: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    return torch.tanh(x @ W_ih.T + b_ih + b_hh)


def all_states(x: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    states, h = [], torch.zeros(len(W_hh), device=x.device)
    for x_t in x:
        h = torch.tanh(W_ih @ x_t + b_ih + W_hh @ h + b_hh)
        states.append(h)
    return torch.stack(states)


def states_of(step: Function, x: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    """All states of a recurrence whose step gets what comes from the past, what comes from the input, and b_hh."""
    states, h = [], torch.zeros(len(W_hh), device=x.device)
    for x_t in x:
        h = step(W_hh @ h, W_ih @ x_t + b_ih, b_hh)
        states.append(h)
    return torch.stack(states)


def input_and_parameters(case: Case) -> Arguments:
    rnn = case.network()
    return (case.tensor(case.sizes.L, case.sizes.H_in), *(parameter.detach() for parameter in rnn.parameters()))


def all_states_by_torch(x: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    H_out, H_in = W_ih.shape
    rnn = nn.RNN(H_in, H_out, device=x.device)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    rnn.load_state_dict(dict(zip(names, (W_ih, W_hh, b_ih, b_hh))))
    output: Tensor = rnn(x)[0]
    return output


def which_neuron_keeps_a_tap() -> str:
    """The letter of the only neuron whose state is above one half, and not above 1, twenty steps after a tap."""
    kept = []
    for letter, nonlinearity, w_hh in (("a", "tanh", 0.5), ("b", "tanh", 1.5), ("c", "relu", 1.5), ("d", "tanh", 0.0)):
        neuron = nn.RNN(1, 1, nonlinearity=nonlinearity, bias=False)
        neuron.load_state_dict({"weight_ih_l0": torch.tensor([[1.0]]), "weight_hh_l0": torch.tensor([[w_hh]])})
        last = neuron(torch.eye(21)[:, :1])[1].item()
        kept += [letter] if 0.5 < last <= 1 else []
    (answer,) = kept
    return answer


EXERCISES: list[Exercise] = [
    Predict(
        "01.1",
        "nn.RNN(10, 20): how many parameters does it have, weights and biases together?",
        lambda: sum(parameter.numel() for parameter in nn.RNN(10, 20).parameters()),
        {
            600: "These are the two matrices. What is added to them?",
            620: "There are two biases, one with each matrix.",
            240: "W_hh is missing, with its bias: the past is weighed too.",
            340: "W_hh leads from state to state: how many rows and columns does it have?",
            200: "That is W_ih alone. W_hh and two biases come with it.",
            400: "That is W_hh alone. W_ih and two biases come with it.",
            440: "W_hh leads from state to state, so it is 20 x 20.",
            630: "Each of the two biases is added to a state, so each has hidden_size elements.",
        },
        ("Two matrices and two biases.", "W_ih is H_out x H_in, W_hh is H_out x H_out."),
    ),
    Write(
        "01.2",
        "This recurrence has every term, but its last state is not torch's. Where is the bug?",
        "last_state(x, W_ih, W_hh, b_ih, b_hh)",
        input_and_parameters,
        lambda *arguments: all_states_by_torch(*arguments)[-1],
        [
            (no_tanh, "Now there is no tanh at all. It belongs around the whole sum."),
            (lambda *a: no_previous_state(*a)[-1], "The past is gone: W_hh @ h must stay in the sum."),
            (lambda *a: all_states(*a), "All states come back. Only the last one is asked for."),
            (lambda *a: torch.tanh(no_tanh(*a)), "tanh must act at every step, not once at the end."),
            (lambda *a: all_states(*a)[0], "That is the state after the first step. The last one is asked for."),
            (
                lambda *a: states_of(lambda past, now, b_hh: torch.tanh(past + now) + b_hh, *a)[-1],
                "Now b_hh alone is outside the bracket.",
            ),
            (
                lambda *a: states_of(lambda past, now, b_hh: torch.tanh(now) + torch.tanh(past + b_hh), *a)[-1],
                "There are two tanh now. One tanh belongs around the whole sum.",
            ),
            (
                lambda *a: states_of(lambda past, now, b_hh: torch.tanh(torch.tanh(now) + past + b_hh), *a)[-1],
                "The part of the input goes through tanh twice. One tanh belongs around the whole sum.",
            ),
        ],
        ("Read each bracket: what does tanh squeeze?", "A state of tanh never leaves -1 to 1. Does this one?"),
        axes=("H_out",),
        bug=broken_recurrence,
    ),
    Write(
        "01.3",
        "Write the recurrence that keeps every state: one row for each step.",
        "all_states(x, W_ih, W_hh, b_ih, b_hh)",
        input_and_parameters,
        all_states_by_torch,
        [
            (lambda *a: all_states(*a)[-1], "That is the last state. Keep each one in a list, and stack it at the end."),
            (no_previous_state, "Each step starts from nothing: give it the state of the step before."),
            (
                lambda *a: torch.cat([torch.zeros_like(a[0][:1] @ a[1].T), all_states(*a)]),
                "The zeros before the first step are no state of a step.",
            ),
            (lambda x, W_ih, W_hh, b_ih, b_hh: all_states(x, W_ih, W_hh, b_ih, 0 * b_hh), "One bias is missing: there are two."),
            (
                lambda *a: torch.stack([torch.stack([row]) for row in all_states(*a)]),
                "There is an axis too many: (L, H_out) is asked for.",
            ),
            (lambda *a: states_of(lambda past, now, b_hh: past + now + b_hh, *a), "The tanh around the sum is missing."),
            (lambda x, W_ih, W_hh, b_ih, b_hh: all_states(x, W_ih, W_hh, 0 * b_ih, 0 * b_hh), "Both biases are missing."),
        ],
        ("Start from zeros, and go through x step by step.", "h = tanh(W_ih @ x_t + b_ih + W_hh @ h + b_hh)"),
        axes=("L", "H_out"),
    ),
    Predict(
        "01.4",
        "Why can one RNN read sequences of any length? (a letter)",
        lambda: "b",
        {
            "a": "Look at the table of parameters: no row has a size L.",
            "c": "You saw the same rnn read 5 days, and nothing was cut or filled up.",
            "d": "That keeps the numbers small. With relu an RNN reads sequences of any length, too.",
        },
        ("Which sizes are in the table of parameters?", "Think of the drawing with the loop: what goes around, step after step?"),
    ),
    Predict(
        "01.5",
        "One neuron must still show, twenty steps later, that there was a tap. Its state must stay between −1 and 1. "
        "Which one do you choose? (a letter)",
        which_neuron_keeps_a_tap,
        {
            "a": "It halves its state at every step. After 20 steps almost nothing is left.",
            "c": "It keeps the tap, but its state grows without end.",
            "d": "Then the past adds nothing, and the tap is gone after one step.",
        },
        ("Try all four in explore_neuron.", "A large w_hh keeps the state, and tanh holds it below 1."),
    ),
]
