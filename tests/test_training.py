"""helpers.training: what was promised of the classifier, for several seeds, and of each ablation."""

import random
from statistics import mean

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pad_packed_sequence, pad_sequence

from helpers import accuracy, embed, load_glove, make_reviews, pack, train, verdicts

SEEDS = range(5)
KINDS = ("plain", "negated", "pair", "unseen")


class Reader(nn.Module):
    """As in notebook 08."""

    def __init__(self, dim, hidden_size=16):
        super().__init__()
        self.rnn = nn.RNN(dim, hidden_size)
        self.decide = nn.Linear(hidden_size, 1)

    def forward(self, batch):
        return self.decide(self.rnn(batch)[1][-1])


class Bag(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.decide = nn.Linear(dim, 1)

    def forward(self, batch):
        words, lengths = pad_packed_sequence(batch)
        return self.decide(words.sum(0) / lengths[:, None])


@pytest.fixture(scope="module")
def vectors():
    return load_glove("mini")


@pytest.fixture(scope="module")
def reviews():
    return make_reviews()


def encode(reviews, vectors):
    sequences = [embed(review.words, vectors).input[:, 0] for review in reviews]
    return sequences, torch.tensor([float(review.label) for review in reviews])


def trained(make, data, seed, **options):
    torch.manual_seed(seed)
    model = make()
    return model, train(model, *data, seed=seed, **options)


@pytest.fixture(scope="module")
def readers(reviews, vectors):
    data = encode(reviews[0], vectors)
    return [trained(lambda: Reader(vectors.dim), data, seed)[0] for seed in SEEDS]


@pytest.mark.sweep
def test_the_readers_reach_what_was_promised(readers, reviews, vectors):
    for kind, bound in dict(plain=0.98, negated=0.98, pair=0.98, unseen=0.90).items():
        test_set = encode(reviews[1][kind], vectors)
        assert mean(accuracy(reader, *test_set) for reader in readers) >= bound, kind


@pytest.mark.sweep
def test_without_packing_the_same_readers_fail(readers, reviews, vectors):
    for kind in KINDS:
        test_set = encode(reviews[1][kind], vectors)
        assert mean(accuracy(reader, *test_set, gather=pad_sequence) for reader in readers) <= 0.65, kind


@pytest.mark.sweep
def test_two_negations_are_beyond_them_and_not_in_one_way(readers, reviews, vectors):
    test_set = encode(reviews[1]["double"], vectors)
    double = [accuracy(reader, *test_set) for reader in readers]
    assert mean(double) < 0.9 and max(double) > 0.7 and min(double) < 0.3  # as notebook 08 says


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.sweep
def test_a_bag_of_words_is_right_on_exactly_half_of_the_pairs(seed, reviews, vectors):
    bag, _ = trained(lambda: Bag(vectors.dim), encode(reviews[0], vectors), seed, epochs=2)
    pairs = encode(reviews[1]["pair"], vectors)
    assert accuracy(bag, *pairs) == 0.5
    with torch.no_grad():
        logits = bag(pack(pairs[0])).flatten()
    assert torch.allclose(logits[::2], logits[1::2], atol=1e-5)  # the same bag, the same answer
    assert logits.abs().min() > 1e-5  # so none is near enough to zero for rounding to part the two


def test_a_bag_of_words_is_no_fool_where_order_does_not_matter(reviews, vectors):
    bag, _ = trained(lambda: Bag(vectors.dim), encode(reviews[0][:400], vectors), 0, epochs=30)
    assert accuracy(bag, *encode(reviews[1]["plain"], vectors)) >= 0.9


@pytest.mark.sweep
def test_shuffled_words_leave_only_guessing(reviews, vectors):
    found = []
    for seed in SEEDS:
        mix = random.Random(seed).sample
        train_set, test_set = (
            encode([r._replace(text=" ".join(mix(r.words, len(r.words)))) for r in part], vectors)
            for part in (reviews[0], reviews[1]["pair"])
        )
        found.append(accuracy(trained(lambda: Reader(vectors.dim), train_set, seed)[0], *test_set))
    assert abs(mean(found) - 0.5) <= 0.05


@pytest.mark.sweep
def test_random_vectors_know_nothing_of_an_unseen_adjective(reviews, vectors):
    seen, unseen = [], []
    for seed in SEEDS:
        noise = load_glove("mini")
        drawn = torch.randn(noise.vectors.shape, generator=torch.Generator().manual_seed(seed))
        noise.vectors = noise.vectors.std() * drawn
        reader, _ = trained(lambda: Reader(vectors.dim), encode(reviews[0], noise), seed)
        seen.append(accuracy(reader, *encode(reviews[1]["pair"], noise)))
        unseen.append(accuracy(reader, *encode(reviews[1]["unseen"], noise)))
    assert mean(seen) >= 0.85 and mean(unseen) <= 0.6


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(3))
def test_four_features_are_enough(seed, reviews, vectors):
    small, _ = trained(lambda: Reader(vectors.dim, 4), encode(reviews[0], vectors), seed, epochs=12)
    for kind in KINDS:
        assert accuracy(small, *encode(reviews[1][kind], vectors)) >= 0.95


# ---- the loop itself ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(reviews, vectors):
    return encode(reviews[0][::10], vectors)


def test_the_loop_is_its_five_lines(data, vectors):
    """One epoch of one batch, done by hand: the same weights."""
    sequences, labels = data[0][:40], data[1][:40]
    torch.manual_seed(0)
    ours, by_hand = Reader(vectors.dim), Reader(vectors.dim)
    by_hand.load_state_dict(ours.state_dict())
    history = train(ours, sequences, labels, epochs=2)
    optimizer, order = torch.optim.Adam(by_hand.parameters(), lr=0.01), torch.Generator().manual_seed(0)
    for epoch in range(2):
        chosen = torch.randperm(40, generator=order)
        optimizer.zero_grad()
        loss = nn.BCEWithLogitsLoss()(by_hand(pack([sequences[i] for i in chosen])).flatten(), labels[chosen])
        loss.backward()
        nn.utils.clip_grad_norm_(by_hand.parameters(), 1.0)
        optimizer.step()
        assert history.loss[epoch] == pytest.approx(loss.item(), abs=1e-5)
    for one, other in zip(ours.parameters(), by_hand.parameters()):
        assert torch.allclose(one, other, atol=1e-5)


def test_a_training_is_repeatable_and_its_seed_matters(data, vectors):
    def losses(seed):
        torch.manual_seed(0)  # the same weights to begin with: only the order of the sentences may differ
        return train(Reader(vectors.dim), *data, seed=seed, epochs=2).loss

    first, again, other = losses(0), losses(0), losses(1)
    assert first == pytest.approx(again, abs=1e-6) and first != pytest.approx(other, abs=1e-6)


def test_a_training_leaves_the_random_state_and_the_threads_alone(data, vectors):
    model = Reader(vectors.dim)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    train(model, *data, epochs=1)
    assert torch.equal(torch.get_rng_state(), before) and torch.get_num_threads() == threads


def test_what_is_watched_is_measured_after_each_epoch_and_never_trained_on(data, vectors):
    wrong = data[0], 1 - data[1]
    reader, history = trained(lambda: Reader(vectors.dim), data, 0, epochs=iter(range(4)), watch=wrong)
    alone, silent = trained(lambda: Reader(vectors.dim), data, 0, epochs=4)
    assert len(history.loss) == len(history.accuracy) == 4 and silent.accuracy == []
    assert history.loss == pytest.approx(silent.loss, abs=1e-6)
    assert history.accuracy[-1] == accuracy(reader, *wrong)


def test_accuracy_counts(data):
    labels = data[1]
    share = labels.mean().item()
    assert accuracy(lambda batch: torch.ones(len(labels), 1), *data) == pytest.approx(share)
    assert accuracy(lambda batch: -torch.ones(len(labels)), *data) == pytest.approx(1 - share)


def test_a_verdict_is_the_answer_to_the_words_so_far(data, vectors):
    torch.manual_seed(0)
    reader, x = Reader(vectors.dim), data[0][0]
    expected = [torch.sigmoid(reader(x[:t][:, None])).item() for t in range(1, len(x) + 1)]
    assert verdicts(reader, x) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "sequences, labels, message",
    [
        ([], torch.zeros(0), "sequences: given none"),
        ([torch.zeros(2, 3)], torch.zeros(2), "labels: given 2, expected one for each of 1 sequences"),
        ([torch.zeros(2, 3), torch.zeros(0, 3)], torch.zeros(2), "sequences: number 1 has no words"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_by_name(sequences, labels, message):
    for call in (train, accuracy):
        with pytest.raises(ValueError, match=message):
            call(Reader(3), sequences, labels)


class Giving(nn.Module):
    """A model that gives the same, whatever it reads."""

    def __init__(self, answer):
        super().__init__()
        self.weight, self.answer = nn.Parameter(torch.zeros(1)), answer

    def forward(self, batch):
        return self.answer


@pytest.mark.parametrize(
    "answer, error, message",
    [
        (torch.zeros(2, 2), ValueError, r"model: it gives \(2, 2\), expected one number for each of 2 sentences"),
        # This one would be compared with both labels.
        (torch.zeros(1), ValueError, r"model: it gives \(1,\), expected one number for each of 2"),
        ((torch.zeros(2), None), TypeError, "model: it gives tuple, expected a tensor"),
    ],
)
def test_a_model_gives_one_number_for_each_sentence(answer, error, message):
    data = [torch.zeros(2, 3), torch.zeros(1, 3)], torch.tensor([0.0, 1.0])
    for call in (train, accuracy):
        with pytest.raises(error, match=f"^{message}"):
            call(Giving(answer), *data)
    with pytest.raises(error, match=f"^{message}"):
        verdicts(Giving(answer), torch.zeros(2, 3))


def test_labels_are_a_tensor():
    with pytest.raises(TypeError, match="^labels: given list, expected a tensor"):
        train(Reader(3), [torch.zeros(2, 3)], [1.0])
