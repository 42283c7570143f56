"""NumPy and torch side by side, for readers who know only one of them."""

from .tables import Table

# What is done, in NumPy (with arrays a and b), and in torch (with tensors a and b). The tests run each pair.
PHRASES = (
    ("make one from a list", "np.array([1.0, 2.0])", "torch.tensor([1.0, 2.0])"),
    ("size of each axis", "a.shape", "a.shape"),
    ("change the kind of numbers", "a.astype(np.float64)", "a.to(torch.float64)"),
    ("matrix product", "a @ b.T", "a @ b.T"),
    ("new shape, same order", "a.reshape(3, 2)", "a.reshape(3, 2)"),
    ("exchange two axes", "np.swapaxes(a, 0, 1)", "a.transpose(0, 1)"),
    ("new order of all axes", "np.transpose(a, (1, 0))", "a.permute(1, 0)"),
    ("a new first axis of length 1", "a[None]", "a[None]"),
    ("lay side by side", "np.concatenate([a, b], axis=-1)", "torch.cat([a, b], dim=-1)"),
    ("stack along a new axis", "np.stack([a, b])", "torch.stack([a, b])"),
    ("reverse an axis", "np.flip(a, 0)", "a.flip(0)"),
    ("one number, as Python's", "a[0, 0].item()", "a[0, 0].item()"),
)


def show_phrasebook() -> Table:
    """What to write in torch for what one writes in NumPy.

    >>> print(repr(show_phrasebook()).split("\\n")[1])
    make one from a list          np.array([1.0, 2.0])             torch.tensor([1.0, 2.0])
    """
    return Table(("to", "NumPy", "torch"), PHRASES)
