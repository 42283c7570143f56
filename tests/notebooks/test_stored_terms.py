"""Each term of the course is explained where it is first used: read in order, no reader meets a word that comes from later."""

import re

import pytest
from stored import NOTEBOOKS, made_of, prose, prose_cells, read

# The term, as a pattern, and how its explanation begins, as it stands in a notebook.
TERMS = {
    "sequences?": "These are **sequences**",
    "recurrent neural network": "A **recurrent neural network (RNN)** reads",
    "hidden states?": "its **hidden state**",
    "standardised?": "**standardised**: each measurement now has",
    "tensors?": "**tensor**, torch's name for an array",
    "batch": "the batch size, the number of sequences that are read side by side",
    "features?": "the number of features at each step",
    "directions?": "the number of directions: 1, or 2 if",
    "parameters?": "**Parameters** are the numbers inside a network",
    "layers?": "An ordinary layer, `nn.Linear`, turns a summary into an answer",
    "recurrent layer": "A **recurrent** layer reads",
    "biases": "the **biases**: constants that are added at every step",
    "tap": "We **tap** the neuron, as you knock on a door",
    "nonlinearity": "The function around the sum is called the **nonlinearity**",
    "unrolled": "or **unrolled**: each step beside the one before",
    "default initialisation": "This is the **default initialisation**",
    "tolerance": "compare them with a **tolerance**",
    "constructor": "The **constructor** is the call",
    "dropout": "**Dropout**",
    "training mode": "**training mode**",
    "evaluation mode": "**evaluation mode**",
    "dtype": "**dtype**",
    "unbatched": "**unbatched**",
    "chunks?": "**chunk**",
    "gradients?": "**gradient**",
    "graph": "**graph**",
    "forward direction": "The **forward direction** reads",
    "backward direction": "The **backward direction** reads",
    "tokens?": "**tokens**",
    "vocabulary": "**vocabulary**",
    "one-hot": "**one-hot vector**",
    "GloVe": "**GloVe**",
    "out-of-vocabulary": "**out-of-vocabulary word**",
    "cosine": "**cosine**",
    "PCA": "**PCA**",
    "baselines?": "**baseline**",
    "padd(?:ing|ed)": "**padding**",
    "mask": "**mask**",
    "mini-batch(?:es)?": "**mini-batches**, a few sentences at a time",
    "bucketing": "**bucketing**",
    "loss": "**loss**",
    "learning rate": "**learning rate**",
    "diverges?": "**diverge**",
    "training set": "**training set**",
    "validation set": "**validation set**",
    "test set": "**test set**",
    "logits?": "**logit**",
    "optimizer": "**optimizer**",
    "clip(?:ping|s)?": "*Clip* shortens it where it is too long",
    "epochs?": "**epoch**",
    "overfits?": "**overfits**",
    "early stopping": "**early stopping**",
    "bag of words": "**bag of words**",
    "fine-tuning": "**fine-tuning**",
    "contributions?": "## One gradient, many contributions",
    "vanishing gradient": "This is called the **vanishing gradient**",
    "backpropagation through time": "This loop is **backpropagation through time**",
    "perplexity": "**perplexity**",
    "bigram": "**bigram**",
    "trigram": "**trigram**",
    "smoothing": "**smoothing**",
    "temperature": "**temperature**",
    "sigmoid": "**sigmoid**",
    "cell state": "**cell state**",
    "forget gate": "**forget gate**",
    "input gate": "**input gate**",
    "output gate": "**output gate**",
    "update gate": "**update gate**",
    "reset gate": "**reset gate**",
}
NO_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$[^$]*\$|\[[^]]*\]\([^)]*\)|^#.*?$|^\|.*?$", re.S | re.M
)  # headings and the map may look ahead


def untaught(notebooks, terms):
    """The terms that a text uses before the one that explains them, or that none explains."""
    # The first text of a notebook says what it is about, and for that it may use any word.
    texts = [" ".join(cell.source.split("\n")) for notebook in notebooks for cell in prose_cells(notebook)[1:]]
    read_as = [NO_PROSE.sub(" ", cell.source) for notebook in notebooks for cell in prose_cells(notebook)[1:]]
    found = []
    for term, explained in terms.items():
        used = next((i for i, text in enumerate(read_as) if re.search(rf"(?<![\w-]){term}(?![\w-])", text, re.I)), len(texts))
        where = next((i for i, text in enumerate(texts) if explained in text), None)
        if where is None or used < where:
            found.append(f"{term}: {texts[used][:60] if used < len(texts) else 'not used'!r}, explained: {where is not None}")
    return found


def test_each_term_is_explained_where_it_is_first_used():
    assert len(TERMS) >= 60
    assert untaught([read(path) for path in NOTEBOOKS], TERMS) == []


@pytest.mark.parametrize(
    "first, second, found",
    [
        ("A **loss** is one number.", "The loss falls.", 0),
        ("The loss falls.", "A **loss** is one number.", 1),
        ("Nothing is lost, and `loss` is a name.", "A **loss** is one number.", 0),
        ("The loss falls.", "It falls again.", 1),
    ],
)
def test_a_term_that_comes_too_early_is_found(first, second, found):
    notebook = made_of(prose("# T"), prose(first), prose(second))
    assert len(untaught([notebook], {"loss": "A **loss** is"})) == found
