"""Model solutions of notebook 05."""

import torch

from helpers import check

# 05.1 Layer 2 reads both directions of layer 1, 32 numbers a step, and gives 16.
answer = (16, 32)
print(check("05.1", answer))

# 05.2 Layer by layer, and in each layer forward before reverse: 2 * 1 + 1.
answer = 3
print(check("05.2", answer))


# 05.3 In output[-1] the reverse reader has seen one word; in h_n each direction is at its own end.
def summarise(rnn, x):
    output, h_n = rnn(x)
    return torch.cat([h_n[-2], h_n[-1]], dim=-1)


print(check("05.3", summarise))


# 05.4 One flip lets back read from the end, the other puts its states in the order of time again.
def both_ways(there, back, x):
    forward, _ = there(x)
    reverse, _ = back(x.flip(0))
    return torch.cat([forward, reverse.flip(0)], dim=-1)


print(check("05.4", both_ways))
