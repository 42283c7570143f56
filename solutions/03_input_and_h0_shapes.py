"""Model solutions of notebook 03."""

import torch

from helpers import check

# 03.1 With batch_first=True the batch is the first axis of input and output, and each state has 64 features.
answer = (32, 20, 64)
print(check("03.1", answer))

# 03.2 The network knows its input_size, and it can work with any sequence length and any batch size.
answer = "b"
print(check("03.2", answer))


# 03.3 reshape keeps the order of the elements in memory, so it mixes the sequences. transpose exchanges the axes.
def read(rnn, x):
    x = x.transpose(0, 1)  # (L, N, H_in)
    return rnn(x)[0]


print(check("03.3", read))


# 03.4 All sizes are read from the network and the batch, so h0 fits the last, smaller batch as well.
def make_h0(rnn, x):
    D = 2 if rnn.bidirectional else 1
    N = x.size(0) if rnn.batch_first else x.size(1)
    return torch.zeros(D * rnn.num_layers, N, rnn.hidden_size, device=x.device)


print(check("03.4", make_h0))

# 03.5 Each step has 6 features, the batch is in front, and h_n[-1] has one state per patient.
answer = "d"
print(check("03.5", answer))
