"""Model solutions of notebook 09."""

import torch

from helpers import check

# 09.1 Clipping only shortens what is too long.
length = 0.01
print(check("09.1", length))


# 09.2 Back through tanh, whose slope is 1 - h**2, and then through W_hh; for rows of a batch without .T.
def one_step_back(g, h, W_hh):
    return (g * (1 - h**2)) @ W_hh


print(check("09.2", one_step_back))


# 09.3 One length of all numbers together, and one factor for all: the direction stays.
def clip(grads, max_norm):
    total = torch.stack([grad.norm() for grad in grads]).norm()
    factor = min(1.0, max_norm / total.item())
    return [factor * grad for grad in grads]


print(check("09.3", clip))

# 09.4 The gradient of W_hh is a sum, and the contributions of the last steps are far longer than that of the first.
reason = "b"
print(check("09.4", reason))

# 09.5 Every cut ends the gradient, and the first seconds must have a part in it.
plan = "c"
print(check("09.5", plan))
