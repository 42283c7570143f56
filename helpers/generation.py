"""A trained language model writes: from its logits to probabilities, and from a drawn word to the next input.

A language model here is any function from (ids, h) to (logits, h). The ids are (L, N) and the logits (L, N, V), for a
vocabulary of V words. The state h is None at first.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .checks import require_words
from .device import one_thread
from .wording import plural

LanguageModel = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor]]  # an nn.Module too
END = "¶"  # the token after each text, and so the one from which a new text begins


def next_probabilities(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """The probability of each word of the vocabulary: the softmax of logits / temperature.

    >>> logits = torch.tensor([2.0, 1.0, 0.0])
    >>> for temperature in (0, 0.5, 1, 2):
    ...     print(temperature, [round(p, 2) for p in next_probabilities(logits, temperature).tolist()])
    0 [1.0, 0.0, 0.0]
    0.5 [0.87, 0.12, 0.02]
    1 [0.67, 0.24, 0.09]
    2 [0.51, 0.31, 0.19]

    Parameters
    ----------
    logits      : (V,)
    temperature : >= 0; the limit at 0 is greedy: the word with the largest logit has the probability 1

    Raises
    ------
    ValueError : temperature < 0.
    """
    if temperature < 0:
        raise ValueError(f"temperature: given {temperature}, expected a number >= 0")
    if temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(), len(logits)).to(logits)
    return (logits / temperature).softmax(-1)


def require_vocabulary(vocabulary: Sequence[str]) -> list[str]:
    """The words of a vocabulary that has the token between texts.

    >>> require_vocabulary(["tick", "tock"])
    Traceback (most recent call last):
    ValueError: vocabulary: given 2 words, expected '¶' among them
    """
    vocabulary = require_words("vocabulary", vocabulary)
    if END not in vocabulary:
        raise ValueError(f"vocabulary: given {plural(len(vocabulary), 'word')}, expected {END!r} among them")
    return vocabulary


def write_words(
    model: LanguageModel,
    vocabulary: Sequence[str],
    beginning: Sequence[str] = (),
    *,
    count: int = 20,
    temperature: float = 1.0,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> list[str]:
    """Let a model write `count` words, one step at a time: each word that is drawn is the next input.

    >>> def alternate(ids, h):  # after word 0 comes word 1, and after word 1 word 0
    ...     return 50 * torch.eye(3)[[1, 0, 0]][ids], h
    >>> write_words(alternate, ["tick", "tock", "¶"], count=4)
    ['tick', 'tock', 'tick', 'tock']

    Parameters
    ----------
    vocabulary  : the word of each id; it contains "¶", which is read first
    beginning   : words that are read before the first one is drawn; they are not returned
    temperature : as in `next_probabilities`
    seed        : of the draws. They are made on the CPU, so that a seed gives the same draws on each device.
    device      : of the model

    Raises
    ------
    TypeError : vocabulary or beginning is not a list of words.
    ValueError : "¶" is not in the vocabulary, a word of the beginning is not in it, or temperature < 0.
    """
    vocabulary = require_vocabulary(vocabulary)
    ids = {word: i for i, word in enumerate(vocabulary)}
    unknown = [word for word in require_words("beginning", beginning) if word not in ids]
    if unknown:
        raise ValueError(f"beginning: given {unknown[0]!r}, expected words of the vocabulary")
    generator, words = torch.Generator().manual_seed(seed), list[str]()
    x = torch.tensor([[ids[word]] for word in (END, *beginning)], device=device)  # (L, N=1)
    with torch.no_grad(), one_thread():
        logits, h = model(x, None)
        for _ in range(count):
            probabilities = next_probabilities(logits[-1, 0], temperature)
            drawn = int(torch.multinomial(probabilities.cpu(), 1, generator=generator))
            words.append(vocabulary[drawn])
            logits, h = model(torch.full((1, 1), drawn, device=device), h)
    return words
