"""Model solutions of notebook 12."""

from helpers import check

# 12.1 Every step of every row has one logit per word of the vocabulary.
shape = (20, 16, 659)
print(check("12.1", shape))


# 12.2 The logits are divided before the softmax, so that the probabilities still sum to 1.
def with_temperature(logits, temperature):
    return (logits / temperature).softmax(-1)


print(check("12.2", with_temperature))

# 12.3 The values are carried on, and only the gradient ends at the beginning of the chunk.
reason = "c"
print(check("12.3", reason))

# 12.4 The next words do not exist yet, so no backward direction can read them.
network = "c"
print(check("12.4", network))
