"""Language models that count: how often each word followed the words right before it."""

import math
from collections import Counter
from collections.abc import Sequence

from ..checks import require_count, require_words


class NgramModel:
    """The probability of the next word, from counts of n successive words: a bigram model (n=2), a trigram model (n=3).

    >>> bigram = NgramModel("a b a b a c".split(), n=2)
    >>> round(bigram.probability("b", before=["a"]), 2)
    0.53

    Of three words after `a`, two were `b`. The model is smoothed with the method of Witten and Bell. Its answer is a weighted
    mean of this share and of the answer of the model for n - 1. The more different words have followed, the more the second one
    counts. So every word of the vocabulary has a probability above 0.

    Parameters
    ----------
    words : the training text, at least one word
    n     : how many words are counted together (>= 1): the next one, and the n - 1 before it

    Raises
    ------
    TypeError : words are not a list of words, or n is not a whole number.
    ValueError : there are no words, or n < 1.
    """

    def __init__(self, words: Sequence[str], n: int) -> None:
        words, n = require_words("words", words), require_count("n", n)
        if not words:
            raise ValueError("words: given none, expected at least one")
        self.n, self.vocabulary = n, frozenset(words)
        self._counts = Counter[tuple[str, ...]]()  # how often a row of words occurs
        self._totals = Counter[tuple[str, ...]]()  # how many words followed a row
        self._kinds = Counter[tuple[str, ...]]()  # how many different words followed it
        for length in range(1, n + 1):
            counts = Counter(zip(*(words[start:] for start in range(length))))
            self._counts.update(counts)
            for row, count in counts.items():
                self._totals[row[:-1]] += count
                self._kinds[row[:-1]] += 1

    def probability(self, word: str, before: Sequence[str]) -> float:
        """The probability that `word` comes next; only the last n - 1 words of `before` are looked at.

        >>> model = NgramModel("a b a b a c".split(), n=3)
        >>> sum(model.probability(word, before=["b", "a"]) for word in "abc")
        1.0

        Raises
        ------
        ValueError : the training text does not contain the word.
        """
        if word not in self.vocabulary:
            raise ValueError(f"word: given {word!r}, expected one of the {len(self.vocabulary)} words of the training text")
        probability = 1 / len(self.vocabulary)
        for length in range(min(self.n, len(before) + 1)):
            seen = tuple(before[len(before) - length :])
            total, kinds = self._totals[seen], self._kinds[seen]
            if not total:
                break  # these words never stood together, so no longer row of words did
            probability = (self._counts[*seen, word] + kinds * probability) / (total + kinds)
        return probability

    def perplexity(self, words: Sequence[str]) -> float:
        """The perplexity on a text: e to the mean of -log(probability) over its words, from the second word on.

        >>> round(NgramModel("a b a b a c".split(), n=1).perplexity(["a", "a"]), 2)
        2.25

        Raises
        ------
        TypeError : words are not a list of words.
        ValueError : the text has fewer than two words, or one that the training text does not contain.
        """
        words = require_words("words", words)
        if len(words) < 2:
            raise ValueError(f"words: given {len(words)}, expected at least 2")
        logs = [
            math.log(self.probability(words[place], words[max(0, place - self.n + 1) : place])) for place in range(1, len(words))
        ]
        return math.exp(-math.fsum(logs) / len(logs))
