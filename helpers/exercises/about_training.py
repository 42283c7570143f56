"""Exercises of the notebooks 08 and 09: a training step, and what travels back."""

import torch
from torch import nn

from .exercise import Predict, Write


def reader_and_batch(case):
    s = case.sizes
    return case.network(nn.Linear, s.H_in, 1), case.tensor(s.N + 2, s.H_in), case.tensor(s.N + 2, 1)


def three_steps(step, model, x, y):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        step(model, optimizer, x, y)
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def piling_step(model, optimizer, x, y):
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def train_step(model, optimizer, x, y):
    optimizer.zero_grad()
    return piling_step(model, optimizer, x, y)


def two_steps_at_once(model, optimizer, x, y):
    train_step(model, optimizer, x, y)
    return train_step(model, optimizer, x, y)


def logits_and_labels(case):
    count = case.sizes.N + 6
    labels = (torch.arange(count) % 2).float().to(case.tensor(1).device)
    return case.tensor(count, 1), labels[torch.randperm(count, generator=case.generator)]


def share(logits, labels):
    return ((logits.squeeze(-1) > 0) == (labels > 0.5)).float().mean().item()


def steps_of_training():
    return 10 * len(torch.arange(1200).split(64))


def clipped_length():
    small = nn.Parameter(torch.zeros(1))
    small.grad = torch.tensor([0.01])
    nn.utils.clip_grad_norm_([small], max_norm=1.0)
    return small.grad.norm().item()


def one_step(case):
    s = case.sizes
    return case.tensor(s.N, s.H_out), torch.tanh(case.tensor(s.N, s.H_out)), case.tensor(s.H_out, s.H_out)


def back_by_torch(g, h, W_hh):
    before = torch.zeros_like(h, requires_grad=True)
    now = torch.tanh(torch.atanh(h) + before @ W_hh.T)  # a step that ends in h
    return torch.autograd.grad(now, before, g)[0]


def some_gradients(case):
    scale = (0.01, 5.0)[case.whole(0, 1)]  # short ones, which must stay as they are, and long ones
    return [scale * case.tensor(case.sizes.H_out, case.sizes.H_in), scale * case.tensor(case.sizes.H_out)], 1.0


def together(function, grads, max_norm):
    return torch.cat([torch.as_tensor(grad).flatten() for grad in function(grads, max_norm)])


def clip_by_torch(grads, max_norm):
    parameters = [nn.Parameter(torch.zeros_like(grad)) for grad in grads]
    for parameter, grad in zip(parameters, grads):
        parameter.grad = grad.clone()
    nn.utils.clip_grad_norm_(parameters, max_norm)
    return [parameter.grad for parameter in parameters]


def to_length(grads, max_norm):
    total = torch.cat([grad.flatten() for grad in grads]).norm()
    return [grad * max_norm / total for grad in grads]


EXERCISES = [
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
        },
        ("How many batches are 1200 reviews?", "18 full batches and a smaller one; then ten times."),
    ),
    Write(
        "08.2",
        "This step trains, but its second call steps too far. Which line is missing?",
        "train_step(model, optimizer, x, y)",
        reader_and_batch,
        train_step,
        [
            (
                lambda model, optimizer, x, y: nn.functional.mse_loss(model(x), y).item(),
                "Nothing is learned: the order is zero_grad(), backward(), step().",
            ),
            (lambda *a: piling_step(*a), "The gradients of earlier calls are still there: zero_grad() comes first."),
            (two_steps_at_once, "One call is one step."),
        ],
        (
            "What does backward() do with the gradients of the call before?",
            "It adds. optimizer.zero_grad() forgets the old ones.",
        ),
        axes=("parameter",),
        bug=piling_step,
        use=three_steps,
        changes=True,
    ),
    Write(
        "08.3",
        "logits is (N, 1), labels is (N,). Above 0 means praise, label 1. What share of them is right, from 0 to 1?",
        "share_right(logits, labels)",
        logits_and_labels,
        share,
        [
            (
                lambda logits, labels: ((logits > 0) == (labels > 0.5)).float().mean().item(),
                "(N, 1) == (N,) compares each with all, N times N answers: take away the axis of 1.",
            ),
            (
                lambda logits, labels: ((logits[:, 0] > 0) == (labels > 0.5)).sum().item(),
                "That is how many. The share is asked for.",
            ),
            (lambda logits, labels: 1 - share(logits, labels), "That is the share of wrong answers."),
            (lambda logits, labels: (logits[:, 0] > 0).float().mean().item(), "That is how often it says praise, right or not."),
        ],
        ("Which shape has what you compare?", "((logits[:, 0] > 0) == (labels > 0.5)).float().mean()"),
    ),
    Predict(
        "09.1",
        "All gradients together have the length 0.01, and clip_grad_norm_ gets max_norm=1. How long are they afterwards?",
        clipped_length,
        {
            1: "Clipping only ever shortens. This one is short enough already.",
            0: "Nothing is set to zero.",
            0.0001: "It is not multiplied by its own length.",
        },
        ("What does clipping do to a gradient that is short enough?", "Nothing at all."),
    ),
    Write(
        "09.2",
        "g is dL/dh of one step, h its state, both (N, H_out). Write dL/dh of the step before.",
        "one_step_back(g, h, W_hh)",
        one_step,
        back_by_torch,
        [
            (lambda g, h, W_hh: g @ W_hh, "The slope of tanh is missing: 1 - h**2."),
            (lambda g, h, W_hh: (g * (1 - h**2)) @ W_hh.T, "Forward it is @ W_hh.T, so backward it is @ W_hh."),
            (lambda g, h, W_hh: (g * (1 - h)) @ W_hh, "The slope of tanh is 1 - h**2: h is squared."),
            (lambda g, h, W_hh: (g @ W_hh) * (1 - h**2), "First through tanh, then through W_hh: this is the other order."),
        ],
        ("Back through tanh first: multiply by its slope.", "(g * (1 - h**2)) @ W_hh"),
        axes=("N", "H_out"),
    ),
    Write(
        "09.3",
        "Write the clipping: a list of gradients and max_norm go in, the list of clipped ones comes out.",
        "clip(grads, max_norm)",
        some_gradients,
        clip_by_torch,
        [
            (to_length, "Short gradients were made longer: clipping only ever shortens."),
            (
                lambda grads, max_norm: [grad * min(1.0, max_norm / grad.norm().item()) for grad in grads],
                "Each was measured alone. The length is that of all together.",
            ),
            (
                lambda grads, max_norm: [grad.clamp(-max_norm, max_norm) for grad in grads],
                "Cutting single numbers changes the direction: one factor for all.",
            ),
            (lambda grads, max_norm: grads, "Long gradients stay long."),
        ],
        (
            "One length for all of them: the root of the sum of all squares.",
            "factor = min(1, max_norm / total), the same for each.",
        ),
        axes=("number",),
        use=together,
    ),
]
