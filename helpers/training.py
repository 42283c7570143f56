"""The training loop, and what is measured while it runs.

A model here is any function from a batch of sentences to one logit per sentence: positive for praise, negative for blame.
"""

import os
import reprlib
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from .checks import require_count
from .device import one_thread

SequenceBatch = PackedSequence | Tensor
Model = Callable[[SequenceBatch], Tensor]  # an nn.Module too
Collate = Callable[[Sequence[Tensor]], SequenceBatch]


def pack(sequences: Sequence[Tensor]) -> PackedSequence:
    """Pack sentences of any lengths, in any order, into one batch.

    >>> pack([torch.zeros(2, 3), torch.zeros(5, 3)]).batch_sizes
    tensor([2, 2, 1, 1, 1])

    Parameters
    ----------
    sequences : each (L, H_in), L >= 1

    Source: torch.nn.utils.rnn.pack_sequence.
    """
    return pack_sequence(list(sequences), enforce_sorted=False)


@dataclass(frozen=True)
class History:
    """Of each epoch: the mean loss while training, and then the loss and the accuracy on the validation set, if there is one."""

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)


def train(
    model: nn.Module,
    sequences: Sequence[Tensor],
    labels: Tensor,
    *,
    validation: tuple[Sequence[Tensor], Tensor] | None = None,
    epochs: int | Collection[object] = 3,
    lr: float = 0.01,
    seed: int = 0,
    gather: Collate = pack,
) -> History:
    """Train a classifier of sentences with Adam, in mini-batches of 128 sentences, and return its history.

    >>> bag = nn.EmbeddingBag(2, 1)  # not even an RNN: one number per word
    >>> history = train(bag, list(torch.tensor([[0], [1]])), torch.tensor([0.0, 1.0]), epochs=30, gather=torch.stack)
    >>> len(history.loss), history.loss[-1] < history.loss[0]
    (30, True)

    The sentences are sorted by length and cut into mini-batches once (bucketing), because a batch takes as many steps as its
    longest sentence. Sentences of the same length keep their order, so twins share a mini-batch. The first epoch goes from the
    shortest sentences to the longest, and each later epoch has the mini-batches in a random order. The learning rate falls
    from step to step and ends at zero. With a validation set the model has in the end the parameters of the epoch with the
    lowest validation loss (early stopping).

    Parameters
    ----------
    model      : returns (N,) or (N, 1) logits for a batch of N sentences; above 0 means label 1. It is changed in place.
    sequences  : each (L,) or (L, H_in), all on the model's device
    labels     : (N,), floats 0 and 1, one for each sequence, on the same device
    validation : other sequences and labels, on which loss and accuracy are measured after each epoch; never trained on
    epochs     : the number of epochs, or a collection with one item per epoch, such as progress(range(3), "training")
    lr         : the learning rate of the first step
    seed       : the seed of the order of the mini-batches
    gather     : makes a batch of sequences: `pack`, or `pad_sequence` to see the effect of padding

    Returns
    -------
    history : `.loss`, `.validation_loss` and `.accuracy`, one number per epoch

    Raises
    ------
    TypeError : labels are not a tensor of floats, validation is not a pair, epochs is not a whole number or a collection, or
        the model does not return a tensor.
    ValueError : there are no sequences, a sequence has no words, labels are not (N,) or not from 0 to 1, there is no epoch,
        or the model does not return one logit per sentence. What is wrong in the validation set is named `validation`.
    """
    _require_matching(sequences, labels)
    _require_validation(validation)
    order, rounds = torch.Generator().manual_seed(seed), _rounds(epochs)
    batches = [(gather([sequences[i] for i in bucket.tolist()]), labels[bucket]) for bucket in _buckets(sequences)]
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer, loss_of = torch.optim.Adam(trained, lr=lr, fused=True), nn.BCEWithLogitsLoss()  # fused: fewer calls
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=len(rounds) * len(batches))
    history, best = History(), deepcopy(model.state_dict())
    with one_thread():
        for epoch, _ in enumerate(rounds):
            model.train()
            total = 0.0
            for i in torch.randperm(len(batches), generator=order).tolist() if epoch else range(len(batches)):
                batch, wanted = batches[i]
                optimizer.zero_grad()
                loss = loss_of(one_logit_each(model(batch), len(wanted)), wanted)
                loss.backward()
                nn.utils.clip_grad_norm_(trained, 1.0)
                optimizer.step()
                schedule.step()
                total += loss.item() * len(wanted)
            history.loss.append(total / len(sequences))
            model.eval()
            if validation:
                logits = _logits(model, *validation, gather)
                history.validation_loss.append(loss_of(logits, validation[1]).item())
                history.accuracy.append(_fraction_right(logits, validation[1]))
                if history.validation_loss[-1] == min(history.validation_loss):
                    best = deepcopy(model.state_dict())
    if validation:
        model.load_state_dict(best)
    return history


def train_each(
    models: Sequence[nn.Module],
    sequences: Sequence[Tensor],
    labels: Tensor,
    *,
    validation: tuple[Sequence[Tensor], Tensor] | None = None,
    epochs: int | Collection[object] = 3,
    lr: float = 0.01,
    gather: Collate = pack,
) -> Iterator[History]:
    """Train each of the models as `train` does, the first with seed 0, the next with seed 1, and give their histories in order.

    >>> bags = [nn.EmbeddingBag(2, 1) for _ in range(3)]
    >>> data = list(torch.tensor([[0], [1]])), torch.tensor([0.0, 1.0])
    >>> [len(history.loss) for history in train_each(bags, *data, epochs=2, gather=torch.stack)]
    [2, 2, 2]

    As many are trained at the same time as the computer has cores: while torch computes, other threads of Python can run. The
    work begins with the first history that is asked for. A model is what it is after `train` alone, except if it draws
    random numbers while it trains, as dropout does: all threads share one generator.

    Parameters
    ----------
    models : each as the `model` of `train`; none of them twice, because each is changed in place
    others : as in `train`

    Raises
    ------
    TypeError, ValueError : as in `train`; or there are no models.
    """
    if not models:
        raise ValueError("models: given none, expected at least one")

    def work(seed: int) -> History:
        return train(models[seed], sequences, labels, validation=validation, epochs=epochs, lr=lr, seed=seed, gather=gather)

    def histories() -> Iterator[History]:
        pool = ThreadPoolExecutor(os.cpu_count())
        try:
            with one_thread():  # also in the threads of the pool, which begin with this number
                yield from pool.map(work, range(len(models)))
        finally:
            pool.shutdown(cancel_futures=True)  # after an error, those that wait are not trained

    return histories()


def accuracy(model: Model, sequences: Sequence[Tensor], labels: Tensor, *, gather: Collate = pack) -> float:
    """The fraction of sentences that are classified correctly.

    >>> accuracy(lambda batch: torch.ones(len(batch)), list(torch.zeros(4, 2, 3)), torch.tensor([1.0, 1, 1, 0]),
    ...          gather=torch.stack)
    0.75

    Parameters
    ----------
    gather : as in `train`

    Raises
    ------
    TypeError, ValueError : as in `train`.
    """
    return _fraction_right(_logits(model, sequences, labels, gather), labels)


def verdicts(model: Model, sequence: Tensor) -> list[float]:
    """The probability of praise after each word: the model's answer to the first word, to the first two, and so on.

    >>> verdicts(lambda batch: torch.zeros(len(batch.batch_sizes)), torch.zeros(3, 20))
    [0.5, 0.5, 0.5]

    Parameters
    ----------
    sequence : (L,) or (L, H_in), L >= 1

    Returns
    -------
    L numbers between 0 (blame) and 1 (praise)

    Raises
    ------
    TypeError, ValueError : the sequence has no words, or the model does not return one logit per sentence.
    """
    if len(sequence) == 0:
        raise ValueError("sequence: given no words (L=0), expected at least one")
    beginnings = [sequence[: t + 1] for t in range(len(sequence))]
    with torch.no_grad(), one_thread():
        return one_logit_each(model(pack(beginnings)), len(beginnings)).sigmoid().tolist()


def one_logit_each(answers: Tensor, N: int) -> Tensor:
    """The logits that a model returns for N sentences, as (N,). Anything but one logit per sentence is refused.

    >>> one_logit_each(torch.zeros(3, 2), N=3)
    Traceback (most recent call last):
    ValueError: model: it gives (3, 2), expected one number for each of 3 sentences
    """
    if not isinstance(answers, Tensor):
        raise TypeError(f"model: it gives {type(answers).__name__}, expected a tensor, one number for each of {N} sentences")
    if answers.numel() != N:
        raise ValueError(f"model: it gives {tuple(answers.shape)}, expected one number for each of {N} sentences")
    return answers.flatten()


def _buckets(sequences: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Mini-batches of 128 sentences of about the same length, short ones first: the numbers of the sentences of each."""
    buckets: tuple[Tensor, ...] = torch.tensor([len(sequence) for sequence in sequences]).argsort(stable=True).split(128)
    return buckets


def _logits(model: Model, sequences: Sequence[Tensor], labels: Tensor, gather: Collate) -> Tensor:
    _require_matching(sequences, labels)
    with torch.no_grad():
        return one_logit_each(model(gather(sequences)), len(sequences))


def _fraction_right(logits: Tensor, labels: Tensor) -> float:
    return ((logits > 0) == (labels > 0.5)).double().mean().item()


def _rounds(epochs: int | Collection[object]) -> Collection[object]:
    rounds = epochs if isinstance(epochs, Collection) else range(require_count("epochs", epochs))
    if len(rounds) == 0:
        raise ValueError("epochs: given none, expected at least one")
    return rounds


def _require_validation(validation: tuple[Sequence[Tensor], Tensor] | None) -> None:
    if validation is None:
        return
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise TypeError(f"validation: given {reprlib.repr(validation)}, expected a pair: sequences and their labels")
    _require_matching(*validation, within="validation: ")


def _require_matching(sequences: Sequence[Tensor], labels: Tensor, within: str = "") -> None:
    if len(sequences) == 0:
        raise ValueError(f"{within}sequences: given none, expected at least one")
    if not isinstance(labels, Tensor) or not labels.is_floating_point():
        given = f"a tensor of {labels.dtype}" if isinstance(labels, Tensor) else type(labels).__name__
        raise TypeError(f"{within}labels: given {given}, expected a tensor of floats 0 and 1")
    if labels.dim() != 1:
        raise ValueError(f"{within}labels: given shape {tuple(labels.shape)}, expected (N,), one for each sequence")
    if len(labels) != len(sequences):
        raise ValueError(f"{within}labels: given {len(labels)}, expected one for each of {len(sequences)} sequences")
    if (outside := labels[~((labels >= 0) & (labels <= 1))]).numel():  # NaN too
        raise ValueError(f"{within}labels: given {outside[0].item():g}, expected numbers from 0 to 1")
    for i, sequence in enumerate(sequences):
        if len(sequence) == 0:
            raise ValueError(f"{within}sequences: number {i} has no words (L=0), expected at least one; leave it out")
