"""Model solutions of notebook 02."""

from helpers import check

# 02.1 Three layers in two directions end in 6 states; the batch stays in the middle.
answer = (6, 10, 8)
print(check("02.1", answer))

# 02.2 Layer 1 reads both directions of layer 0, which are 16 elements, and its state has 8.
answer = (8, 16)
print(check("02.2", answer))


# 02.3 Each layer and direction has a matrix for what it reads, one for its own past, and two biases. Only layer 0 reads x.
def count(H_in, H_out, num_layers, bidirectional):
    D = 2 if bidirectional else 1
    first = H_out * (H_in + H_out + 2)
    above = H_out * (D * H_out + H_out + 2)
    return D * (first + (num_layers - 1) * above)


print(check("02.3", count))

# 02.4 W_hh has hidden_size rows and hidden_size columns, so it becomes sixteen times as large.
answer = "d"
print(check("02.4", answer))

# 02.5 It reads one value at each step, and its answer depends only on what came before.
answer = "b"
print(check("02.5", answer))
