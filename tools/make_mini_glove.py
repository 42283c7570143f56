"""Make the bundled word vectors, `helpers/data/glove.mini.20d.txt`, from nothing but the course's own small corpus.

    python tools/make_mini_glove.py            write the file again
    python tools/make_mini_glove.py --check    make it again in memory and compare every byte
    python tools/make_mini_glove.py --seed 3 --out other.txt

There are three steps, each one a function:

1. `helpers.words.corpus.documents` writes 12,000 short texts about a small world.
2. `cooccurrence` counts which words are near each other. X[i, j] grows by 1/d whenever word j is d places away from
   word i in the same document, up to 10 places.
3. `fit` finds two vectors, w and c, and two biases, b and b~, for each word, such that

       w_i . c_j + b_i + b~_j  is near  log X[i, j]

   for all pairs that were seen. Rare pairs count less. This is GloVe's weighted least squares,

       J = 1/2 sum_ij f(X_ij) (w_i . c_j + b_i + b~_j - log X_ij)^2,    f(x) = min(1, (x / 10)^0.75).

   The vector of a word is w + c.

The vectors know what these sentences say, and no more. They are real GloVe vectors of a toy world: small, quick, and
free of downloads. They say nothing about the English language.

The file is the same on every machine. The only random source is `random.Random(seed).random()`, and Python promises
not to change its numbers; the words are sorted; and the sums are float64. Another processor may round these sums
differently in the last place, which changes the result by about 1e-14. No value is nearer than 4e-8 to the point where
its third decimal would change.

Source of the objective: Pennington, Socher, Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014,
equation 8.
"""

import argparse
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from helpers.words.corpus import FILE, documents

Matrix = npt.NDArray[np.float64]
OUT = FILE.with_name("glove.mini.20d.txt")
SEED = 0
DIM = 20


def cooccurrence(texts: list[list[str]], window: int = 10) -> tuple[list[str], Matrix]:
    """The words, most frequent first, and X (V, V): how often, and how near, each pair of words occurs together.

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


def fit(
    X: Matrix, dim: int = DIM, steps: int = 300, lr: float = 0.05, x_max: float = 10.0, alpha: float = 0.75, seed: int = SEED
) -> tuple[Matrix, list[float]]:
    """Vectors W + C (V, dim) that minimise GloVe's objective, and the objective J before each step of Adam.

    >>> vectors, J = fit(cooccurrence(documents(200))[1], steps=50)
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
    history: list[float] = []
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


def as_text(words: list[str], vectors: Matrix) -> str:
    """GloVe's file format: one word and its numbers per line, separated by spaces.

    >>> as_text(["i", "you"], np.array([[0.5, -1], [2, 0.25]]))
    'i 0.500 -1.000\\nyou 2.000 0.250\\n'
    """
    return "".join(f"{word} {' '.join(f'{number:.3f}' for number in row)}\n" for word, row in zip(words, vectors))


def make(seed: int = SEED) -> bytes:
    """The bytes of the file, by all three steps."""
    words, X = cooccurrence(documents(seed=seed))
    vectors, _ = fit(X, seed=seed)
    return as_text(words, vectors).encode()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the bundled word vectors.")
    parser.add_argument("--check", action="store_true", help="compare with the stored file instead of writing")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
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
