"""Model solutions of notebook 11."""

import torch

from helpers import check

# 11.1 Only time is a chain: of 64 steps, all but the first wait. The four sequences go side by side.
answer = 63
print(check("11.1", answer))


# 11.2 A module moves in place; a tensor gives back a new one, which must be kept.
def in_float64(rnn, x):
    rnn.to(torch.float64)
    x = x.to(torch.float64)
    return rnn(x)[0]


print(check("11.2", in_float64))


# 11.3 Subtract in the finer type; an error below zero is one too.
def largest_error(output, truth):
    return (output.double() - truth).abs().max()


print(check("11.3", largest_error))
