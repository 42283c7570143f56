"""Model solutions of notebook 08."""

from torch import nn

from helpers import check

# 08.1 1200 / 64 is 18.75: 18 full batches and a smaller one make 19 steps, ten times.
answer = 190
print(check("08.1", answer))


# 08.2 backward() adds to the gradients that are there, so the old ones must be forgotten first.
def train_step(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


print(check("08.2", train_step))


# 08.3 (N, 1) beside (N,) would become (N, N): the axis of 1 is taken away before anything is compared.
def share_right(logits, labels):
    praise = logits[:, 0] > 0  # (N,)
    return (praise == labels.bool()).float().mean()


print(check("08.3", share_right))
