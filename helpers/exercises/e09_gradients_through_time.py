"""The exercises of notebook 09: how a gradient travels back, and clipping."""

import torch
from torch import Tensor, nn

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


def as_one_vector(clip: Function, grads: list[Tensor], max_norm: float) -> Tensor:
    return torch.cat([torch.as_tensor(grad).flatten() for grad in clip(grads, max_norm)])


def clip_by_torch(grads: list[Tensor], max_norm: float) -> list[Tensor]:
    copies = [grad.clone() for grad in grads]
    parameters = [nn.Parameter(torch.zeros_like(grad)) for grad in grads]
    for parameter, grad in zip(parameters, copies):
        parameter.grad = grad
    nn.utils.clip_grad_norm_(parameters, max_norm)  # changes the copies
    return copies


def scale_to_max_norm(grads: list[Tensor], max_norm: float) -> list[Tensor]:
    total = torch.cat([grad.flatten() for grad in grads]).norm()
    return [grad * max_norm / total for grad in grads]


EXERCISES: list[Exercise] = [
    Predict(
        "09.1",
        "All gradients together have the length 0.01, and clip_grad_norm_ gets max_norm=1. How long are they afterwards?",
        norm_after_clipping,
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
        gradient_state_and_weight,
        one_step_back_by_torch,
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
        ],
        (
            "One length for all of them: the root of the sum of all squares.",
            "factor = min(1, max_norm / total), the same for each.",
        ),
        axes=("number",),
        use=as_one_vector,
    ),
]
