"""The exercises of notebook 10: silent mistakes, and the tests that find them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from .cases import Case
from .exercise import Arguments, Exercise, Layer, Network, Predict, Write


def what_the_softmax_does() -> str:
    """The letter of 10.1: the gradient of a certain and wrong answer, with a softmax and without."""
    gradients = []
    for layer in (nn.Identity(), nn.Softmax(-1)):
        logits = torch.tensor([[9.0, -9.0]], requires_grad=True)
        cross_entropy(layer(logits), torch.tensor([1])).backward()
        gradients.append(float(logits.grad.abs().max()) if logits.grad is not None else 0.0)
    return "b" if gradients[1] < 1e-3 < gradients[0] else "a"


def final_states(case: Case) -> Arguments:
    return (case.tensor(2 * case.randint(1, 2), case.sizes.N + 1, case.sizes.H_out),)


def mixed_rows(h_n: Tensor) -> Tensor:
    return h_n.reshape(h_n.size(1), -1)


def classifier_and_batch(case: Case) -> Arguments:
    s = case.sizes
    return case.network(), case.network(nn.Linear, s.H_out, 2), case.tensor(s.N, s.L, s.H_in)


def swapped_axes(rnn: Network, head: Layer, x: Tensor) -> Tensor:
    output, h_n = rnn(x)
    return head(output[:, -1])


def classify(rnn: Network, head: Layer, x: Tensor) -> Tensor:
    return head(rnn(x.transpose(0, 1))[1][-1])


def logits_and_padded_labels(case: Case) -> Arguments:
    s = case.sizes
    labels = torch.tensor([[1 + (n + t) % s.H_out for t in range(s.L)] for n in range(s.N)])
    for n, length in enumerate(case.lengths().tolist()):
        labels[n, length:] = 0
    logits = 2 * case.tensor(s.N, s.L, s.H_out + 1)
    return logits, labels.to(logits.device)


def word_loss(logits: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0)


def mean_of_means(logits: Tensor, labels: Tensor) -> Tensor:
    return torch.stack([word_loss(one[None], of_it[None]) for one, of_it in zip(logits, labels)]).mean()


def loss_of_all_positions(logits: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(logits.flatten(0, 1), labels.flatten())


def padding_as_zeros(logits: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0, reduction="none").mean()


def loss_after_softmax(logits: Tensor, labels: Tensor) -> Tensor:
    return word_loss(logits.softmax(-1), labels)


def sum_of_losses(logits: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0, reduction="sum")


def check_that_finds_both() -> str:
    """The letter of 10.5: the tests are tried on a model that mixes its sentences, and on one that reads its padding."""
    rnn = nn.RNN(1, 3, batch_first=True)
    for parameter in rnn.parameters():
        nn.init.constant_(parameter, 0.1)
    batch, other_order = torch.tensor([[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]])[:, :, None], [1, 0]

    def mixes(x: Tensor) -> Tensor:
        return reads(x - x.mean(0))

    def reads(x: Tensor) -> Tensor:
        last: Tensor = rnn(x)[0][:, -1]
        return last

    tests: dict[str, Callable[[Callable[[Tensor], Tensor]], tuple[Tensor, Tensor]]] = {
        "a": lambda model: (model(batch[other_order]), model(batch)[other_order]),
        "b": lambda model: (model(batch), model(batch)),
        "c": lambda model: (model(batch[1:, :1]), model(batch)[1:]),
    }
    (letter,) = [name for name, test in tests.items() if not any(torch.allclose(*test(model)) for model in (mixes, reads))]
    return letter


EXERCISES: list[Exercise] = [
    Predict(
        "10.1",
        "Why does a network with a softmax before cross_entropy hardly learn from an answer "
        "that is certain and wrong? (a letter)",
        what_the_softmax_does,
        {
            "a": "Without the softmax the loss would be larger. It is the gradient that disappears.",
            "c": "cross_entropy takes the probabilities for logits. The labels are read correctly.",
            "d": "The softmax keeps the order: the largest logit becomes the largest probability.",
        },
        ("Print the gradient of the logits, with the softmax and without it.", "Near 0 and 1 the softmax is flat: b."),
    ),
    Write(
        "10.2",
        "Each sentence should get one row with the states of all layers and directions. The shape is right, "
        "but the rows are mixed. Where is the bug?",
        "flatten(h_n)",
        final_states,
        lambda h_n: h_n.permute(1, 0, 2).reshape(h_n.size(1), -1),
        [
            (
                lambda h_n: h_n.permute(1, 2, 0).reshape(h_n.size(1), -1),
                "The numbers of one state must stay together: features last.",
            ),
            (lambda h_n: h_n.reshape(-1, h_n.size(-1)), "That is one row per state. We need one row per sentence."),
            (lambda h_n: h_n[-1], "That is only the last row of h_n. We need all layers and directions."),
            (lambda h_n: h_n.flatten(1), "That is one row for each layer and direction: N is not in front."),
            (lambda h_n: h_n.flatten(), "That is one row for all. Each sentence needs a row of its own."),
            (lambda h_n: h_n.mean(0), "That is the mean of the states. All of them are asked for, side by side."),
            (
                lambda h_n: h_n.permute(1, 0, 2).view(h_n.size(1), -1),
                "permute leaves the elements where they are, and view can't regroup them then. reshape can.",
            ),
            (
                lambda h_n: torch.cat([h_n[-2], h_n[-1]], dim=-1),
                "These are two rows of h_n. All layers and directions are asked for.",
            ),
        ],
        (
            "reshape reads the numbers in the order of memory. Is N in front there?",
            "Bring N to the front with permute(1, 0, 2), then reshape.",
        ),
        axes=("N", "D*num_layers*H_out"),
        bug=mixed_rows,
    ),
    Write(
        "10.3",
        "x is (N, L, H_in), and rnn was made without batch_first. The answers have the right shape. Where is the bug?",
        "classify(rnn, head, x)",
        classifier_and_batch,
        classify,
        [
            (
                lambda rnn, head, x: head(rnn(x)[0][-1]),
                "It still reads across the sentences, and now it returns one answer per step.",
            ),
            (
                lambda rnn, head, x: head(rnn(x)[0].transpose(0, 1)[-1]),
                "Transpose x before rnn reads it. Afterwards is too late.",
            ),
            (lambda rnn, head, x: head(rnn(x.transpose(0, 1))[0][:, -1]), "Now time is in front: the last step is output[-1]."),
            (
                lambda rnn, head, x: head(rnn(x.reshape(x.size(1), x.size(0), -1))[0][-1]),
                "reshape does not transpose: it mixes the sentences.",
            ),
            (lambda rnn, head, x: rnn(x.transpose(0, 1))[1][-1], "That is the state. head turns it into an answer."),
            (
                lambda rnn, head, x: head(rnn(x.transpose(0, 1))[0][0]),
                "That is the first step. Time is in front: the last step is output[-1].",
            ),
        ],
        (
            "Permute the sentences in your mind: are the answers permuted too?",
            "rnn expects (L, N, H_in): x.transpose(0, 1). Then take the last step, or h_n[-1].",
        ),
        axes=("N", "classes"),
        bug=swapped_axes,
    ),
    Write(
        "10.4",
        "logits is (N, L, classes), and labels is (N, L). The label 0 is padding. Return the mean loss of all words.",
        "word_loss(logits, labels)",
        logits_and_padded_labels,
        word_loss,
        [
            (loss_of_all_positions, "This counts the padding too: leave out the positions whose label is 0."),
            (padding_as_zeros, "The padding has no loss now, but it still counts in the mean: divide by the number of words."),
            (mean_of_means, "Each sentence counts the same here. Each word should count the same."),
            (loss_after_softmax, "cross_entropy applies the softmax itself: give it the logits."),
            (sum_of_losses, "That is the sum. Divide it by the number of words."),
            (
                lambda logits, labels: word_loss(logits, labels) * (labels > 0).sum() / len(labels),
                "You divide by the number of sentences. Divide by the number of words.",
            ),
            (
                lambda logits, labels: cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0, reduction="none"),
                "That is one loss per position. The mean of all words is asked for, as one number.",
            ),
            (
                lambda logits, labels: cross_entropy(logits, labels, ignore_index=0),
                "cross_entropy expects the classes on axis 1. Flatten N and L into one axis first.",
            ),
            (
                lambda logits, labels: cross_entropy(logits.reshape(len(labels), -1, labels.size(1)), labels, ignore_index=0),
                "reshape mixes the logits of different words. transpose(1, 2) or flatten(0, 1) does not.",
            ),
        ],
        (
            "cross_entropy has an argument that names a label to leave out.",
            "cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0)",
        ),
    ),
    Predict(
        "10.5",
        "Design one test that finds both: sentences that are mixed, and padding that is read. Which one is it? (a letter)",
        check_that_finds_both,
        {
            "a": "The padding is permuted with its sentence, so this test never finds that it is read.",
            "b": "Both models give the same answers twice. This test finds a state that stays.",
            "d": "A model can mix its sentences and still ignore the padding.",
        },
        (
            "What can a sentence still be mixed with when it is alone?",
            "Alone there is neither another sentence nor padding: c.",
        ),
    ),
]
