"""Model solutions of notebook 05."""

import torch

from helpers import check

# 05.1 Layer 2 reads both directions of layer 1, 16 features each, at every step.
answer = "b"
print(check("05.1", answer))

# 05.2 Layer by layer, and in each layer forward before reverse: 2 * 1 + 1.
answer = 3
print(check("05.2", answer))


# 05.3 In output[-1] the reverse direction has only begun, and in h_n each direction is at its own end.
def summarise(rnn, x):
    output, h_n = rnn(x)
    return torch.cat([h_n[-2], h_n[-1]], dim=-1)


print(check("05.3", summarise))


# 05.4 One flip lets backward read from the end, the other puts its states into the order of time again.
def both_ways(forward, backward, x):
    forward_states, _ = forward(x)
    backward_states, _ = backward(x.flip(0))
    return torch.cat([forward_states, backward_states.flip(0)], dim=-1)


print(check("05.4", both_ways))

# 05.5 The alarm needs one answer per step, and it can read only what was measured already.
answer = "d"
print(check("05.5", answer))
