"""Make the bundled word vectors, `glove.mini.20d.txt`, from nothing but this folder.

    python helpers/data/make_mini_glove.py            write the file again
    python helpers/data/make_mini_glove.py --check    make it again in memory and compare every byte
    python helpers/data/make_mini_glove.py --seed 3 --out other.txt

Three steps, each one function:

1. `documents` fills the gaps of the sentences in `mini_corpus.py`: 12,000 short texts about a small world.
2. `cooccurrence` counts which words stand near each other. X[i, j] grows by 1/d whenever word j stands d places from
   word i in the same document, up to 10 places away.
3. `train` looks for two vectors a word, w and c, and two numbers, b and b~, such that

       w_i . c_j + b_i + b~_j  is near  log X[i, j]

   for all pairs that were seen, rare pairs counting less: GloVe's weighted least squares,

       J = 1/2 sum_ij f(X_ij) (w_i . c_j + b_i + b~_j - log X_ij)^2,    f(x) = min(1, (x / 10)^0.75).

   A word's vector is w + c.

What the vectors know is what these sentences say, and no more: they are real GloVe vectors of a toy world, there to be
small, quick and free of downloads. They say nothing about the English language.

The file comes out the same everywhere: the only random source is `random.Random(seed).random()`, whose numbers Python
promises to keep; words are sorted; and the sums are float64. Another processor may round these differently in the
last place, which moves the result by about 1e-14; no number lies nearer than 4e-8 to where its third decimal changes.

Source of the objective: Pennington, Socher, Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014,
equation 8.
"""

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

if __package__:
    from .mini_corpus import TOPICS, Topic
else:  # run as a script
    from mini_corpus import TOPICS, Topic

OUT = Path(__file__).with_name("glove.mini.20d.txt")
SEED = 0
DIM = 20


def documents(count: int = 12_000, seed: int = SEED) -> list[list[str]]:
    """`count` short texts, each a list of words.

    >>> print(*documents(count=1)[0][:20])
    the colour of the jacket is yellow , not white . she wore a yellow jacket and a white shoe
    """
    chance = random.Random(seed).random

    def pick(items: list):
        return items[int(chance() * len(items))]

    by_weight = [topic for topic in TOPICS for _ in range(topic.weight)]
    texts = []
    for _ in range(count):
        topic, drawn = pick(by_weight), {}
        said = []
        for _ in range(2 + int(chance() * 3)):
            said.append(pick([sentence for sentence in topic.sentences if sentence not in said]))
        texts.append(" ".join(fill(sentence, topic, drawn, pick) for sentence in said).split())
    return texts


def fill(sentence: str, topic: Topic, drawn: dict[str, list[str]], pick: Callable) -> str:
    """The sentence with its gaps filled; `drawn` remembers what the document has drawn for each gap so far."""

    def word(gap: re.Match) -> str:
        name, turn = gap[1], int(gap[2] or 1)
        names = next(names for names in topic.gaps if name in names.split())
        taken = drawn.setdefault(names, [])
        while len(taken) < turn:
            taken.append(pick([row for row in topic.gaps[names] if row not in taken]))
        return taken[turn - 1].split()[names.split().index(name)]

    return re.sub(r"{([a-z]+)(\d?)}", word, sentence)


def cooccurrence(texts: list[list[str]], window: int = 10) -> tuple[list[str], np.ndarray]:
    """The words, most frequent first, and X (V, V): how often, and how near, each two stand together.

    >>> words, X = cooccurrence([["i", "love", "you"]])
    >>> words
    ['i', 'love', 'you']
    >>> X
    array([[0. , 1. , 0.5],
           [1. , 0. , 1. ],
           [0.5, 1. , 0. ]])
    """
    frequency = Counter(word for text in texts for word in text)
    words = sorted(frequency, key=lambda word: (-frequency[word], word))
    V, index = len(words), {word: i for i, word in enumerate(words)}
    token = np.array([index[word] for text in texts for word in text])
    document = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    X = np.zeros((V, V))
    for d in range(1, window + 1):
        near = document[:-d] == document[d:]
        pairs = token[:-d][near] * V + token[d:][near]
        X += np.bincount(pairs, minlength=V * V).reshape(V, V) / d
    return words, X + X.T


def train(
    X: np.ndarray, dim: int = DIM, steps: int = 300, lr: float = 0.05, x_max: float = 10.0, alpha: float = 0.75, seed: int = SEED
) -> tuple[np.ndarray, list[float]]:
    """Vectors W + C (V, dim) that minimise GloVe's objective, and the objective J before each step of Adam.

    >>> vectors, J = train(cooccurrence(documents(200))[1], steps=50)
    >>> J[-1] < J[0] / 10
    True
    """
    V = len(X)
    f = np.minimum(1, X / x_max) ** alpha  # (V, V); 0 for pairs never seen, so their logarithm does not matter
    log_X = np.log(np.where(X > 0, X, 1))

    chance = random.Random(seed).random
    start = np.array([chance() - 0.5 for _ in range(2 * V * (dim + 1))]) / dim
    W, C, b, b2 = (part.reshape(V, -1) for part in np.split(start, np.cumsum([V * dim, V * dim, V])))
    parameters = [W, C, b, b2]
    mean = [np.zeros_like(p) for p in parameters]
    square = [np.zeros_like(p) for p in parameters]
    history = []
    for step in range(1, steps + 1):
        error = W @ C.T + b + b2.T - log_X  # (V, V)
        G = f * error  # (V, V), dJ / d(w_i . c_j)
        history.append(0.5 * float(np.vdot(G, error)))
        gradients = [G @ C, G.T @ W, G.sum(1, keepdims=True), G.sum(0)[:, None]]
        for p, g, m, v in zip(parameters, gradients, mean, square):  # Adam, changing W, C, b, b2 in place
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= lr * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return W + C, history


def as_text(words: list[str], vectors: np.ndarray) -> str:
    """GloVe's file format: a word and its numbers a line, separated by blanks.

    >>> as_text(["i", "you"], np.array([[0.5, -1], [2, 0.25]]))
    'i 0.500 -1.000\\nyou 2.000 0.250\\n'
    """
    return "".join(f"{word} {' '.join(f'{number:.3f}' for number in row)}\n" for word, row in zip(words, vectors))


def make(seed: int = SEED) -> bytes:
    """All three steps: the bytes of the file."""
    words, X = cooccurrence(documents(seed=seed))
    vectors, _ = train(X, seed=seed)
    return as_text(words, vectors).encode()


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the bundled word vectors.")
    parser.add_argument("--check", action="store_true", help="compare with the stored file instead of writing")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    made = make(options.seed)
    if not options.check:
        options.out.write_bytes(made)
        print(f"{options.out}: {len(made.splitlines())} words, {len(made)} bytes")
        return 0
    same = options.out.read_bytes() == made
    print(f"{options.out}: {'the same, byte for byte' if same else 'DIFFERS from what this script makes'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
