"""The exercises of notebook 09: how a gradient travels back, clipping, and how far a cut lets it reach."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..rnn.gradients import gradient_contributions
from ..rnn.traces import trace
from .cases import Case
from .exercise import Arguments, Exercise, Function, Predict, Write


def norm_after_clipping() -> float:
    short = nn.Parameter(torch.zeros(1))
    short.grad = torch.tensor([0.01])
    nn.utils.clip_grad_norm_([short], max_norm=1.0)
    return float(short.grad.norm())


def gradient_state_and_weight(case: Case) -> Arguments:
    s = case.sizes
    return case.tensor(s.N, s.H_out), torch.tanh(case.tensor(s.N, s.H_out)), case.tensor(s.H_out, s.H_out)


def one_step_back_by_torch(g: Tensor, h: Tensor, W_hh: Tensor) -> Tensor:
    before = torch.zeros_like(h, requires_grad=True)
    now = torch.tanh(torch.atanh(h) + before @ W_hh.T)  # a step whose new state is h
    return torch.autograd.grad(now, before, g)[0]


def gradients_and_max_norm(case: Case) -> Arguments:
    scale = (0.01, 5.0)[case.randint(0, 1)]  # short gradients, which must stay as they are, and long ones
    return [scale * case.tensor(case.sizes.H_out, case.sizes.H_in), scale * case.tensor(case.sizes.H_out)], 1.0


def as_one_vector(clip: Function, grads: list[Tensor], max_norm: float) -> Any:
    clipped = clip(grads, max_norm)
    return torch.cat([torch.as_tensor(grad).flatten() for grad in clipped]) if isinstance(clipped, (list, tuple)) else clipped


def clip_by_torch(grads: list[Tensor], max_norm: float) -> list[Tensor]:
    copies = [grad.clone() for grad in grads]
    parameters = [nn.Parameter(torch.zeros_like(grad)) for grad in grads]
    for parameter, grad in zip(parameters, copies):
        parameter.grad = grad
    nn.utils.clip_grad_norm_(parameters, max_norm)  # changes the copies
    return copies


def total_norm(grads: list[Tensor]) -> float:
    return float(torch.cat([grad.flatten() for grad in grads]).norm())


def scale_to_max_norm(grads: list[Tensor], max_norm: float) -> list[Tensor]:
    return [grad * max_norm / total_norm(grads) for grad in grads]


def what_vanishes() -> str:
    """The letter of what is small for 40 steps: the whole gradient of W_hh, or what the first steps contribute to it."""
    torch.manual_seed(0)
    seen = trace(nn.RNN(4, 32), torch.randn(40, 1, 4))
    contributions = gradient_contributions(seen)
    whole, early = (float(np.linalg.norm(part.sum(axis=0))) for part in (contributions, contributions[:2]))
    return "a" if whole < 0.1 else "b" if early < 1e-3 * whole else "c"


def chunk_that_reaches_the_first_seconds() -> str:
    """The letter of the plan with which the answer at the end still has a gradient at the first ten seconds."""
    torch.manual_seed(0)
    rnn, reaches = nn.RNN(3, 4), []
    for letter, chunk in (("a", 1), ("b", 10), ("c", 60)):
        x, h = torch.randn(60, 1, 3, dtype=torch.float32, requires_grad=True), None
        for piece in x.split(chunk):
            _, h = rnn(piece, None if h is None else h.detach())
        assert h is not None
        if torch.autograd.grad(h.sum(), x)[0][:10].any():
            reaches.append(letter)
    return " ".join(reaches)


EXERCISES: list[Exercise] = [
    Predict(
        "09.1",
        "All gradients together have the length 0.01, and clip_grad_norm_ gets max_norm=1. How long are they afterwards?",
        norm_after_clipping,
        {
            1: "Clipping only ever shortens. This one is short enough already.",
            0: "Nothing is set to zero.",
            0.0001: "It is not multiplied by its own length.",
            100: "It is not divided by its length. Clipping only ever shortens.",
        },
        ("What does clipping do to a gradient that is short enough?", "Nothing at all."),
    ),
    Write(
        "09.2",
        "g is dL/dh of one step, h its state, both (N, H_out). Write dL/dh of the step before.",
        "one_step_back(g, h, W_hh)",
        gradient_state_and_weight,
        one_step_back_by_torch,
        [
            (lambda g, h, W_hh: g @ W_hh, "The slope of tanh is missing: 1 - h**2."),
            (lambda g, h, W_hh: (g * (1 - h**2)) @ W_hh.T, "Forward it is @ W_hh.T, so backward it is @ W_hh."),
            (lambda g, h, W_hh: (g * (1 - h)) @ W_hh, "The slope of tanh is 1 - h**2: h is squared."),
            (lambda g, h, W_hh: (g @ W_hh) * (1 - h**2), "First through tanh, then through W_hh: this is the other order."),
            (lambda g, h, W_hh: (g * (1 - torch.tanh(h) ** 2)) @ W_hh, "h is the result of tanh already: its slope is 1 - h**2."),
            (lambda g, h, W_hh: g * (1 - h**2), "The way through W_hh is missing: @ W_hh."),
            (lambda g, h, W_hh: (1 - h**2) @ W_hh, "g is missing: multiply it by the slope of tanh."),
            (lambda g, h, W_hh: W_hh @ (g * (1 - h**2)), "The sentences are the rows, (N, H_out), so W_hh comes behind: @ W_hh."),
        ],
        ("Back through tanh first: multiply by its slope.", "(g * (1 - h**2)) @ W_hh"),
        axes=("N", "H_out"),
    ),
    Write(
        "09.3",
        "Write the clipping: a list of gradients and max_norm go in, the list of clipped ones comes out.",
        "clip(grads, max_norm)",
        gradients_and_max_norm,
        clip_by_torch,
        [
            (scale_to_max_norm, "Short gradients were made longer: clipping only ever shortens."),
            (
                lambda grads, max_norm: [grad * min(1.0, max_norm / grad.norm().item()) for grad in grads],
                "Each was measured alone. The length is that of all together.",
            ),
            (
                lambda grads, max_norm: [grad.clamp(-max_norm, max_norm) for grad in grads],
                "Cutting single numbers changes the direction: one factor for all.",
            ),
            (lambda grads, max_norm: grads, "Long gradients stay long."),
            (
                lambda grads, max_norm: [grad * max(1.0, max_norm / total_norm(grads)) for grad in grads],
                "That makes short gradients longer, and never shortens one: take min in place of max.",
            ),
            (
                lambda grads, max_norm: [grad * min(1.0, total_norm(grads) / max_norm) for grad in grads],
                "The factor is upside down: it is max_norm / total.",
            ),
            (
                lambda grads, max_norm: [grad.clamp(max=max_norm) for grad in grads],
                "That cuts single numbers, and only large positive ones. One factor for all.",
            ),
            (
                lambda grads, max_norm: [grad * min(1.0, max_norm / sum(g.norm().item() for g in grads)) for grad in grads],
                "The lengths are added. The total is the root of the sum of their squares.",
            ),
            (lambda grads, max_norm: total_norm(grads), "That is the length. The list of clipped gradients is asked for."),
            (
                lambda grads, max_norm: torch.tensor(0.0),
                "clip_grad_norm_ returns a length, and changes only .grad of parameters. Compute one factor yourself.",
            ),
        ],
        (
            "One length for all of them: the root of the sum of all squares.",
            "factor = min(1, max_norm / total), the same for each.",
        ),
        axes=("element",),
        use=as_one_vector,
    ),
    Predict(
        "09.4",
        "Why does a plain RNN learn so little from the first of 40 steps? (a letter)",
        what_vanishes,
        {
            "a": "Measure it: it is about as long for 40 steps as for 5. The last steps fill it.",
            "c": "All steps share one W_hh, and one W_ih.",
            "d": "Its values are read by the next step. What is small is its part of a sum.",
        },
        ("The gradient of W_hh is a sum over the steps.", "Which terms of the sum are small? Those of the early steps, so b."),
    ),
    Predict(
        "09.5",
        "Design a training: the answer after a minute depends on its first ten seconds. How do you cut the chain? (a letter)",
        chunk_that_reaches_the_first_seconds,
        {
            "a": "Then the answer's gradient reaches one second back, and no further.",
            "b": "The answer comes 50 seconds after the first chunk ends. No gradient reaches back over the cuts.",
            "d": "Then even the values of the first ten seconds are lost before the answer.",
        },
        (
            "A gradient ends at each detach.",
            "The gradient has to go from the end of the minute to its first seconds, so there can be no cut: c.",
        ),
    ),
]
