"""Model solutions of notebook 07."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from helpers import check

# 07.1 All three have a first and a second word; then 2 ends, after the fourth word 4 ends, and 7 is left alone.
answer = (3, 3, 2, 2, 1, 1, 1)
print(check("07.1", answer))


# 07.2 Packed, each sentence stops where it ends; enforce_sorted=False keeps our order.
def last_states(rnn, padded, lengths):
    packed = pack_padded_sequence(padded, lengths, enforce_sorted=False)
    output, h_n = rnn(packed)
    return h_n[-1]


print(check("07.2", last_states))


# 07.3 The mask empties the padding, and each sum is divided by its own length.
def mean_of_words(output, lengths):
    lengths = lengths.to(output.device)
    steps = torch.arange(len(output), device=output.device)
    mask = steps[:, None] < lengths  # (L, N)
    return (output * mask[..., None]).sum(0) / lengths[:, None]


print(check("07.3", mean_of_words))


# 07.4 Time is axis 0 by default, and 0 is the index of <pad>, whose row in the embedding is zeros.
def pad_indices(sentences):
    return pad_sequence(sentences, padding_value=0)


print(check("07.4", pad_indices))

# 07.5 At a padded step x is zero, but tanh(b_ih + W_hh h + b_hh) still changes the state.
answer = "b"
print(check("07.5", answer))
