"""Model solutions of notebook 13."""

import torch
from torch import nn

from helpers import check

# 13.1 Four blocks of H_out rows, one for each gate, and one column for each feature of the state.
shape = (4 * 16, 16)
print(check("13.1", shape))

# 13.2 The old cell state passes the forget gate at every step, and every other gate only once on its way.
gate = "forget"
print(check("13.2", gate))


# 13.3 The reset gate multiplies what W_hh has computed, and z keeps the old state.
def gru_step_by_hand(x, h, W_ih, W_hh, b_ih, b_hh):
    r_x, z_x, n_x = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    r_h, z_h, n_h = (h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    n = torch.tanh(n_x + r * n_h)
    return (1 - z) * n + z * h


print(check("13.3", gru_step_by_hand))


# 13.4 The second block of rows is the forget gate. Both biases are added, so one of them becomes zero.
def start_with_open_gate(lstm, bias):
    H = lstm.hidden_size
    nn.init.constant_(lstm.bias_ih_l0.data[H : 2 * H], bias)
    nn.init.zeros_(lstm.bias_hh_l0.data[H : 2 * H])


print(check("13.4", start_with_open_gate))
