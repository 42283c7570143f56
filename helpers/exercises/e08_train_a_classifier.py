"""The exercises of notebook 08: a training step, and how good the answers are."""

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from .cases import Case
from .exercise import Arguments, Exercise, Function, Layer, Predict, Write


def steps_of_training() -> int:
    return 10 * len(torch.arange(1200).split(64))


def model_and_batch(case: Case) -> Arguments:
    s = case.sizes
    optimizer = None  # made for each call, with the parameters of its model
    return case.network(nn.Linear, s.H_in, 1), optimizer, case.tensor(s.N + 2, s.H_in), case.tensor(s.N + 2, 1)


def parameters_after_three_steps(step: Function, model: nn.Module, optimizer: None, x: Tensor, y: Tensor) -> Tensor:
    own = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        step(model, own, x, y)
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def accumulating_step(model: Layer, optimizer: Optimizer, x: Tensor, y: Tensor) -> float:
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def train_step(model: Layer, optimizer: Optimizer, x: Tensor, y: Tensor) -> float:
    optimizer.zero_grad()
    return accumulating_step(model, optimizer, x, y)


def two_steps(model: Layer, optimizer: Optimizer, x: Tensor, y: Tensor) -> float:
    train_step(model, optimizer, x, y)
    return train_step(model, optimizer, x, y)


def logits_and_labels(case: Case) -> Arguments:
    count = case.sizes.N + 6
    logits = case.tensor(count, 1)
    labels = (torch.arange(count) % 2).float().to(logits.device)
    return logits, labels[torch.randperm(count, generator=case.generator)]


def share_of_right_answers(logits: Tensor, labels: Tensor) -> float:
    return ((logits.squeeze(-1) > 0) == (labels > 0.5)).float().mean().item()


def rnn_decide_and_input(case: Case) -> Arguments:
    s = case.sizes
    rnn = case.network(nn.RNN, s.H_in, s.H_out)
    return rnn, case.network(nn.Linear, s.H_out, 1), case.tensor(s.L + 1, s.N, s.H_in)


def logits_of_mean(rnn: Layer, decide: Layer, x: Tensor) -> Tensor:
    output, _ = rnn(x)
    return decide(output.mean(0))


def logits_of_last(rnn: Layer, decide: Layer, x: Tensor) -> Tensor:
    return decide(rnn(x)[1][-1])


EXERCISES: list[Exercise] = [
    Predict(
        "08.1",
        "1200 reviews, 64 at a time, 10 epochs: how often does the optimizer step?",
        steps_of_training,
        {
            180: "The last batch is smaller, but it counts.",
            188: "Each epoch ends with a smaller batch of its own.",
            187.5: "There is no half step: the last batch of an epoch is smaller, but it counts.",
            19: "That is one epoch.",
            10: "An epoch has many steps, one for each batch.",
            1200: "That is how many reviews there are. One step reads 64 of them.",
            12000: "That is one step for each review. One step reads 64 of them.",
        },
        ("How many batches are 1200 reviews?", "18 full batches and a smaller one; then ten times."),
    ),
    Write(
        "08.2",
        "This step trains, but its second call steps too far. Which line is missing?",
        "train_step(model, optimizer, x, y)",
        model_and_batch,
        train_step,
        [
            (
                lambda model, optimizer, x, y: nn.functional.mse_loss(model(x), y).item(),
                "Nothing is learned: the order is zero_grad(), backward(), step().",
            ),
            (lambda *a: accumulating_step(*a), "The gradients of earlier calls are still there: zero_grad() comes first."),
            (two_steps, "One call is one step."),
            (
                lambda model, optimizer, x, y: (train_step(model, optimizer, x, y), optimizer.step()),
                "The optimizer steps twice with one gradient. One call is one step.",
            ),
        ],
        (
            "What does backward() do with the gradients of the call before?",
            "It adds. optimizer.zero_grad() forgets the old ones.",
        ),
        axes=("parameter",),
        bug=accumulating_step,
        use=parameters_after_three_steps,
        mutates=True,
    ),
    Write(
        "08.3",
        "logits is (N, 1), labels is (N,). Above 0 means praise, label 1. What share of them is right, from 0 to 1?",
        "share_right(logits, labels)",
        logits_and_labels,
        share_of_right_answers,
        [
            (
                lambda logits, labels: ((logits > 0) == (labels > 0.5)).float().mean().item(),
                "(N, 1) == (N,) compares each with all, N times N answers: take away the axis of 1.",
            ),
            (
                lambda logits, labels: ((logits[:, 0] > 0) == (labels > 0.5)).sum().item(),
                "That is how many. The share is asked for.",
            ),
            (lambda logits, labels: 1 - share_of_right_answers(logits, labels), "That is the share of wrong answers."),
            (lambda logits, labels: (logits[:, 0] > 0).float().mean().item(), "That is how often it says praise, right or not."),
            (
                lambda logits, labels: 100 * share_of_right_answers(logits, labels),
                "That is in percent. The share is from 0 to 1.",
            ),
            (
                lambda logits, labels: share_of_right_answers(logits - 0.5, labels),
                "One half is the limit for probabilities. The limit for logits is 0.",
            ),
            (
                lambda logits, labels: (logits[:, 0] == labels).float().mean().item(),
                "A logit is hardly ever 0 or 1. Ask first whether it is above 0, and compare that with the label.",
            ),
            (
                lambda logits, labels: ((logits[:, 0] > 0) == labels).mean(),
                "torch has no mean of True and False. Turn them into numbers first: .float().",
            ),
        ],
        ("Which shape has what you compare?", "((logits[:, 0] > 0) == (labels > 0.5)).float().mean()"),
    ),
    Write(
        "08.4",
        "Design another reader: it decides from the mean of all states, not from the last one. x is (L, N, H_in), and decide is "
        "a linear layer. Return the logits, (N, 1).",
        "logits_of_mean(rnn, decide, x)",
        rnn_decide_and_input,
        logits_of_mean,
        [
            (logits_of_last, "That decides from the last state. `output` has the states of all steps."),
            (lambda rnn, decide, x: decide(rnn(x)[0].sum(0)), "That is the sum of the states. The mean is asked for."),
            (lambda rnn, decide, x: decide(rnn(x)[0].mean(1)), "Axis 1 is the batch. Take the mean over the steps, axis 0."),
            (lambda rnn, decide, x: decide(rnn(x)[0]).mean(), "Each sentence of the batch needs its own logit: (N, 1)."),
            (lambda rnn, decide, x: rnn(x)[0].mean(0), "That is the mean of the states. decide turns it into logits."),
            (
                lambda rnn, decide, x: logits_of_mean(rnn, decide, x).sigmoid(),
                "These are probabilities. Logits are asked for, without sigmoid.",
            ),
            (
                lambda rnn, decide, x: decide(rnn(x)[0].mean()),
                "mean() is one number for everything. Take the mean over the steps alone: mean(0).",
            ),
        ],
        ("Which tensor has the states of all steps, and which of its axes are the steps?", "decide(output.mean(0))"),
        axes=("N", "1"),
    ),
    Predict(
        "08.5",
        "Why is a bag of words right on exactly half of the pairs? Complete the sentence with one word: both twins of a pair "
        "have the same ...",
        lambda: "words",
        {
            "label": "Their labels are opposite: one is praise, the other blame.",
            "order": "Their words stand in another order. This is what a bag of words cannot see.",
            "length": "They do have the same length. But why does a bag give them the same answer?",
        },
        ("What does a bag of words look at?", "It takes the mean of all word vectors, in any order."),
    ),
]
