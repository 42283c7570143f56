"""helpers.training: what notebook 08 shows, for several seeds; and the loop itself."""

import copy
from statistics import mean

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from helpers import accuracy, embed, everyday_reviews, load_glove, make_reviews, pack, tokenize, train, train_each, verdicts
from helpers.training import _buckets

SEEDS = range(5)
KINDS = ("plain", "negated", "pair", "verbs")
CUTS = {
    "last two words": lambda words: words[-2:],
    "last four": lambda words: words[-4:],
    "first four": lambda words: words[:4],
    "length": lambda words: torch.tensor([len(words)]),
}


class Numbered:
    """The reviews as numbers of words, and the table of their vectors, as in notebook 08."""

    def __init__(self):
        self.reviews, vectors = make_reviews(), load_glove()
        words = ["<pad>", "<unk>", *vectors.index_to_token]
        self.index = {word: number for number, word in enumerate(words)}
        rows = vectors.vectors
        self.table = torch.cat([torch.zeros(2, vectors.dim), 2 * (rows - rows.mean(0)) / rows.std(0)])
        self.train, self.validation = self.encode(self.reviews.train), self.encode(self.reviews.validation)
        self.tests = {kind: self.encode(some) for kind, some in self.reviews.tests.items()}

    def numbers(self, text):
        return torch.tensor([self.index[word] for word in tokenize(text) if word in self.index])

    def encode(self, reviews):
        return [self.numbers(review.text) for review in reviews], torch.tensor([float(review.label) for review in reviews])


class WordReader(nn.Module):
    """The reader of notebook 08."""

    def __init__(self, table, freeze=True, hidden_size=64):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(table.clone(), freeze=freeze, padding_idx=0)
        self.rnn = nn.RNN(table.shape[1], hidden_size)
        nn.init.orthogonal_(self.rnn.weight_hh_l0)
        self.decide = nn.Linear(hidden_size, 1)

    def forward(self, batch):
        _, h_n = self.rnn(batch._replace(data=self.embedding(batch.data)))
        return self.decide(h_n[-1])


class Bag(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.mean = nn.EmbeddingBag.from_pretrained(table, mode="mean", padding_idx=0)
        self.decide = nn.Linear(table.shape[1], 1)

    def forward(self, padded):
        return self.decide(self.mean(padded))


class Reader(nn.Module):
    """Reads vectors, not numbers: for the loop itself."""

    def __init__(self, dim, hidden_size=16):
        super().__init__()
        self.rnn = nn.RNN(dim, hidden_size)
        self.decide = nn.Linear(hidden_size, 1)

    def forward(self, batch):
        return self.decide(self.rnn(batch)[1][-1])


@pytest.fixture(scope="module")
def vectors():
    return load_glove()


@pytest.fixture(scope="module")
def numbered():
    return Numbered()


def trained(make, data, seed, **options):
    torch.manual_seed(seed)
    model = make()
    return model, train(model, *data, seed=seed, **options)


def all_trained(make, data, **options):
    """The models of all seeds."""
    models = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        models.append(make())
    assert len(list(train_each(models, *data, **options))) == len(models)
    return models


@pytest.fixture(scope="module")
def readers(numbered):
    """The five readers."""
    return all_trained(lambda: WordReader(numbered.table), numbered.train, validation=numbered.validation)


@pytest.mark.sweep
def test_the_readers_reach_what_was_promised(readers, numbered):
    for kind, bound in dict(plain=0.98, negated=0.98, pair=0.98, verbs=0.98, unseen=0.90).items():
        assert mean(accuracy(reader, *numbered.tests[kind]) for reader in readers) >= bound, kind


@pytest.mark.sweep
def test_everyday_sentences_and_the_mean_of_five(readers, numbered):
    sequences, labels = numbered.encode(everyday_reviews())
    with torch.no_grad():
        praise = torch.stack([reader(pack(sequences)).sigmoid()[:, 0] for reader in readers])
    assert mean(((praise > 0.5) == (labels > 0.5)).sum(1).tolist()) >= 34
    assert ((praise.mean(0) > 0.5) == (labels > 0.5)).sum() >= 35


@pytest.mark.sweep
def test_a_mark_at_the_end_turns_no_verdict(readers, numbered):
    texts = [review.text.rstrip(".!") for some in numbered.reviews.tests.values() for review in some]
    with torch.no_grad():
        for reader in readers:
            none, stop, shout = (reader(pack([numbered.numbers(text + end) for text in texts])) > 0 for end in ("", ".", "!"))
            assert ((none != stop) | (none != shout)).double().mean() <= 0.05  # of one reader; their mean is below 0.02


@pytest.mark.sweep
def test_two_negations_are_read_as_one(readers, numbered):
    assert mean(accuracy(reader, *numbered.tests["double"]) for reader in readers) <= 0.25


@pytest.mark.sweep
@pytest.mark.parametrize("cut", CUTS)
def test_no_shortcut_reaches_the_readers(cut, numbered):
    def shortened(data):
        return [CUTS[cut](words) for words in data[0]], data[1]

    options = dict(validation=shortened(numbered.validation), epochs=1)  # as in the notebook
    found = all_trained(lambda: WordReader(numbered.table), shortened(numbered.train), **options)
    for kind in KINDS:
        assert mean(accuracy(model, *shortened(numbered.tests[kind])) for model in found) <= 0.70, kind


@pytest.mark.parametrize("seed", range(3))
def test_a_bag_of_words_is_right_on_exactly_half_of_the_pairs(seed, numbered):
    def side_by_side(sequences):
        return pad_sequence(sequences, batch_first=True)

    some = numbered.train[0][:2000], numbered.train[1][:2000]
    bag, _ = trained(lambda: Bag(numbered.table), some, seed, epochs=1, gather=side_by_side)
    assert accuracy(bag, *numbered.tests["pair"], gather=side_by_side) == 0.5


@pytest.mark.sweep
def test_fine_tuning_needs_an_epoch_less(numbered, readers):
    options = dict(validation=numbered.validation, epochs=2)
    tuned, _ = trained(lambda: WordReader(numbered.table, freeze=False), numbered.train, 0, **options)
    for kind in ("plain", "verbs", "unseen"):
        frozen = mean(accuracy(reader, *numbered.tests[kind]) for reader in readers)
        assert accuracy(tuned, *numbered.tests[kind]) >= frozen - 0.015, kind


# ---- the loop itself ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(vectors):
    reviews = make_reviews(train=300, validation=2, test=2).train[::2] + make_reviews(train=20, validation=2, test=2).train
    sequences = [embed(review.words, vectors).input[:, 0] for review in reviews]
    return sequences, torch.tensor([float(review.label) for review in reviews])


def test_the_loop_is_its_five_lines(data, vectors):
    """One epoch of one batch, done by hand: the same weights."""
    sequences, labels = data[0][:40], data[1][:40]
    torch.manual_seed(0)
    ours, by_hand = Reader(vectors.dim), Reader(vectors.dim)
    by_hand.load_state_dict(ours.state_dict())
    history = train(ours, sequences, labels, epochs=2, lr=0.01)
    optimizer = torch.optim.Adam(by_hand.parameters())
    for epoch, lr in enumerate((0.01, 0.005)):  # two steps, and the third would have a learning rate of zero
        optimizer.param_groups[0]["lr"] = lr
        optimizer.zero_grad()
        loss = nn.BCEWithLogitsLoss()(by_hand(pack(sequences)).flatten(), labels)
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


def test_each_of_several_models_is_trained_as_if_alone(data, vectors):
    options = dict(epochs=2, validation=data)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    alone = [trained(lambda: Reader(vectors.dim), data, seed, **options) for seed in range(3)]
    models = []
    for seed in range(3):
        torch.manual_seed(seed)
        models.append(Reader(vectors.dim))
    torch.set_rng_state(before)
    histories = list(train_each(models, *data, **options))
    assert torch.equal(torch.get_rng_state(), before) and torch.get_num_threads() == threads
    assert histories == [history for _, history in alone]
    for model, (other, _) in zip(models, alone, strict=True):
        assert all(torch.equal(one, two) for one, two in zip(model.parameters(), other.parameters(), strict=True))


def test_training_several_begins_when_it_is_asked_and_ends_with_an_error(data, vectors):
    model = Reader(vectors.dim)
    before = copy.deepcopy(model.state_dict())
    waiting = train_each([model], *data)
    assert all(torch.equal(now, before[name]) for name, now in model.state_dict().items())
    del waiting
    with pytest.raises(ValueError, match="^models: given none"):
        train_each([], *data)
    with pytest.raises(ValueError, match="^epochs: given none"):
        list(train_each([model], *data, epochs=[]))


def test_each_thread_of_the_pool_lets_torch_use_one_thread(data):
    seen = []

    class Counting(Reader):
        def forward(self, batch):
            seen.append(torch.get_num_threads())
            return super().forward(batch)

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        list(train_each([Counting(data[0][0].shape[-1]) for _ in range(3)], *data, epochs=1))
        assert set(seen) == {1} and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_a_validation_set_is_measured_after_each_epoch_and_never_trained_on(data, vectors):
    wrong = data[0], 1 - data[1]
    reader, history = trained(lambda: Reader(vectors.dim), data, 0, epochs=range(4), validation=wrong)
    alone, silent = trained(lambda: Reader(vectors.dim), data, 0, epochs=4)
    assert len(history.loss) == len(history.accuracy) == 4 and silent.accuracy == []
    assert history.loss == pytest.approx(silent.loss, abs=1e-6)
    best = history.validation_loss.index(min(history.validation_loss))
    assert accuracy(reader, *wrong) == history.accuracy[best]  # the parameters of this epoch were kept


def test_training_stops_at_the_lowest_validation_loss(data, vectors):
    """The wrong labels to validate with: an epoch before the last is the best, and its parameters are kept."""
    model, after = Reader(vectors.dim), []

    class Epochs(list):
        def __iter__(self):  # an epoch begins where the one before it has ended
            for epoch in super().__iter__():
                after.append(copy.deepcopy(model.state_dict()))
                yield epoch

    history = train(model, *data, epochs=Epochs(range(6)), lr=0.02, validation=(data[0], 1 - data[1]))
    best = history.validation_loss.index(min(history.validation_loss)) + 1
    assert best < 6 and all(torch.equal(kept, after[best][name]) for name, kept in model.state_dict().items())
    assert not model.training


def test_a_batch_has_sentences_of_similar_length(data):
    lengths = [len(sequence) for sequence in data[0]]
    batches = _buckets(data[0])
    assert sorted(i for batch in batches for i in batch.tolist()) == list(range(len(lengths)))
    spans = [(min(lengths[i] for i in batch), max(lengths[i] for i in batch)) for batch in batches]
    assert all(one[1] <= other[0] for one, other in zip(spans, spans[1:])) and len(spans) > 1


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


TWO = [torch.zeros(2, 3), torch.zeros(1, 3)]


@pytest.mark.parametrize(
    "labels, error, message",
    [
        (torch.tensor([0, 1]), TypeError, "labels: given a tensor of torch.int64, expected a tensor of floats"),
        (torch.zeros(2, 1), ValueError, r"labels: given shape \(2, 1\), expected \(N,\)"),
        (torch.tensor([0.0, 2.0]), ValueError, "labels: given 2, expected numbers from 0 to 1"),
        (torch.tensor([0.0, torch.nan]), ValueError, "labels: given nan, expected numbers from 0 to 1"),
    ],
)
def test_wrong_labels_are_refused_before_anything_is_trained(labels, error, message):
    reader = Reader(3)
    before = copy.deepcopy(reader.state_dict())
    right = torch.tensor([0.0, 1.0])
    for name, call in {
        "": lambda: train(reader, TWO, labels),
        "validation: ": lambda: train(reader, TWO, right, validation=(TWO, labels)),
    }.items():
        with pytest.raises(error, match=f"^{name}{message}"):
            call()
    assert all(torch.equal(now, before[name]) for name, now in reader.state_dict().items())


@pytest.mark.parametrize(
    "options, error, message",
    [
        (dict(epochs=0), ValueError, "epochs: given 0, expected a whole number >= 1"),
        (dict(epochs=[]), ValueError, "epochs: given none, expected at least one"),
        (dict(epochs=1.5), TypeError, "epochs: given 1.5, expected a whole number >= 1"),
        (dict(validation=TWO[:1]), TypeError, "validation: given .*, expected a pair: sequences and their labels"),
    ],
)
def test_options_of_a_training_are_refused_by_name(options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        train(Reader(3), TWO, torch.tensor([0.0, 1.0]), **options)


def test_no_words_have_no_verdict():
    with pytest.raises(ValueError, match=r"^sequence: given no words \(L=0\), expected at least one"):
        verdicts(Reader(3), torch.zeros(0, 3))
