"""Model solutions of notebook 03."""

import torch

from helpers import check

# 03.1 With batch_first=True the batch stands in front, in output as in input; a state has 64 numbers.
answer = (32, 20, 64)
print(check("03.1", answer))

# 03.2 batch_first never moves h_n: one layer and direction, then the batch.
answer = (1, 32, 64)
print(check("03.2", answer))


# 03.3 reshape keeps the order of the numbers in memory, so it mixes the sentences; transpose turns the axes.
def read(rnn, x):
    x = x.transpose(0, 1)  # (L, N, H_in)
    return rnn(x)[0]


print(check("03.3", read))


# 03.4 Everything is read from the network and the batch, so it fits the last, smaller batch as well.
def make_h0(rnn, x):
    D = 2 if rnn.bidirectional else 1
    N = x.size(0) if rnn.batch_first else x.size(1)
    return torch.zeros(D * rnn.num_layers, N, rnn.hidden_size, device=x.device)


print(check("03.4", make_h0))
