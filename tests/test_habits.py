"""check_habits finds each mistake where it is, none where there is none, and leaves the model as it was."""

import copy
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from habits_models import MODELS
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from helpers import check_habits
from helpers.trials import Trials

N, L = 4, 7
LENGTHS = torch.tensor([7, 5, 3, 7])


def word_ids():
    ids = torch.randint(1, 50, (N, L), generator=torch.Generator().manual_seed(0))
    for n, length in enumerate(LENGTHS.tolist()):
        ids[n, length:] = 0
    return ids


def vectors(*sizes):
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(0))


class Sentiment(nn.Module):
    """The classifier everybody writes; its keywords put in the mistakes."""

    def __init__(self, kind=nn.RNN, *, batch_first=True, answer="last step", keeps=False, drop=0.0, norm=False, **rnn):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = kind(8, 6, batch_first=batch_first, **rnn)
        width = 6 * (2 if rnn.get("bidirectional") else 1) * (2 if answer == "view" else 1)
        self.norm = nn.BatchNorm1d(width) if norm else nn.Identity()
        self.drop, self.out = nn.Dropout(drop), nn.Linear(width, 2)
        self.answer, self.keeps, self.hidden, self.calls = answer, keeps, None, 0

    def forward(self, ids, lengths=None):
        self.calls += 1
        steps = self.embed(ids)
        if lengths is not None:
            steps = pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=False)
        output, state = self.rnn(steps, self.hidden if self.keeps else None)
        self.hidden = state
        h_n = state[0] if isinstance(state, tuple) else state
        if lengths is not None:
            return self.out(self.drop(self.norm(h_n[-1])))
        if self.answer == "view":
            return self.out(h_n.view(ids.size(0), -1))
        return self.out(self.drop(self.norm(output[:, -1])))


def holds(found):
    return tuple(answer.holds for answer in found)


RIGHT = {
    "packed": (Sentiment, {}),
    "LSTM": (Sentiment, dict(kind=nn.LSTM)),
    "GRU with dropout": (Sentiment, dict(kind=nn.GRU, drop=0.5)),
    "dropout between layers": (Sentiment, dict(num_layers=2, dropout=0.5)),
    "BatchNorm": (Sentiment, dict(norm=True)),
    "BatchNorm and dropout": (Sentiment, dict(norm=True, drop=0.3)),
}


@pytest.mark.parametrize("make, keywords", RIGHT.values(), ids=RIGHT)
def test_a_right_model_passes(make, keywords):
    assert holds(check_habits(make(**keywords), (word_ids(), LENGTHS))) == (True, True, True, True)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("batch_first", [False, True])
def test_a_bare_network_is_believed_about_its_batch_axis(kind, batch_first):
    found = check_habits(kind(3, 4, batch_first=batch_first), vectors(5, 2, 3))
    assert holds(found) == (True, None, True, True)
    assert ": 0 of " in found.batch.picture.alt  # put back, the permuted answers are those of before
    assert "holds no padding" in found.padding.words


def test_swapped_axes_are_found_and_named():
    found = check_habits(Sentiment(batch_first=False), word_ids())
    assert found.batch.holds is False and found.padding.holds is None
    assert "with batch_first=False the RNN reads 4 steps of 7 sequences" in found.batch.words
    assert "8 of 8 numbers differ" in found.batch.picture.alt


def test_swapped_axes_of_a_bare_network_need_to_be_told_what_is_meant():
    rnn, x = nn.RNN(3, 4), vectors(5, 2, 3)
    assert check_habits(rnn, x).batch.holds is True  # 2 sequences of 5 steps, as it takes them
    assert "reads 5 steps of 2 sequences" in check_habits(rnn, x, batch_axis=0).batch.words
    assert check_habits(rnn, x, batch_axis=0).batch.holds is False


def test_lengths_tell_which_axis_is_the_batch():
    class TimeFirst(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(3, 4)

        def forward(self, x, lengths):  # (L, N, H_in)
            return self.rnn(pack_padded_sequence(x, lengths, enforce_sorted=False))[1][-1]

    x, model = vectors(5, 2, 3), TimeFirst()
    for lengths in (torch.tensor([5, 3]), [5, 3]):
        assert Trials(model, (x, lengths)).batch.axis == 1
        assert holds(check_habits(model, (x, lengths))) == (True, True, True, True)
    with pytest.raises(ValueError, match="batch_axis: given 0, of size 5, expected 1, as there are 2 lengths"):
        check_habits(model, (x, torch.tensor([5, 3])), batch_axis=0)


def test_padding_is_made_of_what_is_asked_for():
    x = vectors(2, 5, 3)
    x[1, 3:] = -1
    found = check_habits(nn.RNN(3, 4, batch_first=True), x, padding=-1)
    assert found.padding.holds is False and "(-1)" in found.padding.words
    embedding = nn.Sequential(nn.Embedding(9, 3, padding_idx=5), nn.RNN(3, 4, batch_first=True))
    assert Trials(embedding, torch.ones(2, 4, dtype=torch.long)).batch.padding == 5


def test_dropout_that_does_nothing_is_found():
    with pytest.warns(UserWarning, match="dropout"):
        model = Sentiment(dropout=0.5)
    found = check_habits(model, (word_ids(), LENGTHS)).dropout
    assert found.holds is False and "there is only one" in found.words and "0 of 8 numbers differ" in found.picture.alt
    found = check_habits(Sentiment(answer="view", drop=0.5, num_layers=2), word_ids()).dropout
    assert found.holds is False and "nothing the answers use" in found.words


def test_dropout_that_acts_shows_two_different_runs():
    found = check_habits(Sentiment(drop=0.5), (word_ids(), LENGTHS)).dropout
    assert found.holds is True and "rests in eval mode" in found.words and "differ, by" in found.picture.alt


def test_a_state_that_is_carried_over_is_found_and_named():
    found = check_habits(Sentiment(keeps=True), (word_ids(), LENGTHS))
    assert holds(found) == (True, True, True, False)
    assert "(hidden)" in found.state.words


def test_a_state_carried_since_before_is_no_mixing_of_sequences():
    model = Sentiment(keeps=True)
    model(word_ids().flip(0), LENGTHS.flip(0))  # with a history: torch would refuse to copy it
    found = check_habits(model, (word_ids(), LENGTHS))
    assert found.state.holds is False
    assert found.batch.holds is None and "carried over stays where it is" in found.batch.words  # one fault, one cross


def everything(model):
    """Parameters, buffers, flags and plain attributes, as they are now."""
    tensors = {name: value.detach().clone() for name, value in model.state_dict().items()}
    flags = [part.training for part in model.modules()]
    return tensors, flags, model.hidden, model.calls, [p.grad for p in model.parameters()], list(model._forward_hooks)


@pytest.mark.parametrize("train", [True, False])
def test_nothing_of_the_model_changes(train):
    model = Sentiment(keeps=True, norm=True, drop=0.5).train(train)
    model.rnn.eval()
    model(word_ids(), LENGTHS)
    before, hidden = everything(model), model.hidden.detach().clone()
    batch = (word_ids(), LENGTHS.clone())
    luck = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    check_habits(model, batch)
    after = everything(model)
    assert before[0].keys() == after[0].keys() and all(torch.equal(before[0][key], after[0][key]) for key in before[0])
    assert before[1:2] + before[3:] == after[1:2] + after[3:]
    assert before[2] is after[2] and torch.equal(hidden, model.hidden) and model.hidden.grad_fn is not None
    assert not model.rnn._forward_pre_hooks
    assert torch.equal(batch[0], word_ids()) and torch.equal(batch[1], LENGTHS)
    assert torch.equal(luck[0], torch.get_rng_state()) and luck[1] == random.getstate()
    assert (luck[2] == np.random.get_state()[1]).all() and torch.is_grad_enabled()


def test_a_model_that_writes_into_its_batch_does_no_harm():
    class Writes(Sentiment):
        def forward(self, ids):
            answer = super().forward(ids)
            ids.zero_()
            return answer

    ids = word_ids()
    assert check_habits(Writes(), ids).state.holds is True
    assert torch.equal(ids, word_ids())


def test_a_batch_that_needs_a_gradient_and_other_types_are_fine():
    x = vectors(2, 5, 3).requires_grad_() * 1.0
    assert check_habits(nn.RNN(3, 4, batch_first=True), x).batch.holds is True
    double = nn.RNN(3, 4, batch_first=True).to(torch.float64)
    assert check_habits(double, vectors(2, 5, 3).to(torch.float64)).batch.holds is True
    half = nn.Sequential(nn.RNN(3, 4, batch_first=True)).to(torch.bfloat16)
    assert check_habits(half, vectors(2, 5, 3).to(torch.bfloat16)).state.holds is True


def test_what_cannot_be_told_is_said():
    rnn = nn.RNN(3, 4, batch_first=True)
    assert "two or more" in check_habits(rnn, vectors(1, 5, 3)).batch.words
    alike = check_habits(rnn, vectors(1, 5, 3).expand(3, 5, 3)).batch
    assert alike.holds is None and "alike" in alike.words

    class Loss(Sentiment):
        def forward(self, ids):
            return super().forward(ids).sum()

    loss = check_habits(Loss(), word_ids()).batch
    assert loss.holds is None and "it gives ()" in loss.words

    class Fixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.out = nn.RNN(3, 4, batch_first=True), nn.Linear(5 * 4, 2)

        def forward(self, x):
            return self.out(self.rnn(x)[0].flatten(1))

    fixed = check_habits(Fixed(), vectors(2, 5, 3)).padding
    assert fixed.holds is None and "the model stops with RuntimeError" in fixed.words


def test_dropout_beside_a_batch_norm_that_needs_two_rows_is_not_told():
    found = check_habits(Sentiment(norm=True, drop=0.5), word_ids()[:1])
    assert found.dropout.holds is None and "ValueError" in found.dropout.words


@pytest.mark.parametrize(
    "model, batch, keywords, error, said",
    [
        (nn.Linear(3, 4), vectors(2, 5, 3), {}, TypeError, "^model: given Linear, expected a module with an nn.RNN"),
        ("rnn", vectors(2, 5, 3), {}, TypeError, "^model: given str"),
        (nn.RNN(3, 4), "I love you", {}, TypeError, "^batch: given str"),
        (nn.RNN(3, 4), (), {}, TypeError, "^batch: given tuple, expected a tensor"),
        (nn.RNN(3, 4), vectors(5, 3), {}, ValueError, r"^batch: given a tensor of shape \(5, 3\), expected three axes"),
        (Sentiment(), torch.ones(5).long(), {}, ValueError, r"^batch: given a tensor of shape \(5,\), expected two axes"),
        (nn.RNN(3, 4), vectors(2, 5, 3), dict(batch_axis=2), ValueError, "^batch_axis: given 2, expected 0 or 1"),
        (nn.RNN(3, 4), vectors(2, 5, 7), {}, RuntimeError, "input.size"),  # torch's own word comes through
    ],
)
def test_what_is_refused_is_named(model, batch, keywords, error, said):
    with pytest.raises(error, match=said):
        check_habits(model, batch, **keywords)


def test_a_model_that_cannot_be_copied_is_refused():
    model = Sentiment()
    model.source = (number for number in range(3))
    with pytest.raises(TypeError, match="^model: given Sentiment, expected one that copy.deepcopy can copy"):
        check_habits(model, word_ids())


def test_the_report_reads_as_text_and_as_html():
    found = check_habits(Sentiment(batch_first=False, keeps=True), word_ids())
    lines = repr(found).splitlines()
    assert [line[0] for line in lines] == ["✗", "?", "✓", "✗"]
    assert [line.split()[1] for line in lines] == ["batch", "padding", "dropout", "state"]
    page = found._repr_html_()
    assert page.count("<details open") == 2 and page.count("<img") == 2 and "<script" not in page
    assert found.batch._repr_html_() in page


def test_the_same_report_each_time():
    model = Sentiment(drop=0.5, keeps=True)
    assert check_habits(model, word_ids())._repr_html_() == check_habits(copy.deepcopy(model), word_ids())._repr_html_()


def test_an_answer_that_stops_being_a_number_is_another_answer():
    class Divides(Sentiment):
        def forward(self, ids):
            return super().forward(ids) / (ids[:, -1:] != 0)  # padding at the end: divided by zero

    found = check_habits(Divides(), torch.ones(2, 5, dtype=torch.long)).padding
    assert found.holds is None and "4 of 4 numbers differ, by up to inf" in found.picture.alt


def test_options_that_are_none_are_refused_by_name():
    rnn, x = nn.RNN(3, 4), torch.zeros(5, 2, 3)
    with pytest.raises(ValueError, match="^batch_axis: given True, expected 0 or 1"):
        check_habits(rnn, x, batch_axis=True)
    for padding in ("a", True, [0]):
        with pytest.raises(TypeError, match="^padding: given .*, expected a number"):
            check_habits(rnn, x, padding=padding)


# ---- what people's own models showed ------------------------------------------------------------------------------------------


def test_the_picture_of_a_permuted_batch_is_put_back_in_its_order():
    model, ids = Sentiment(), word_ids()
    first = model.eval()(ids, LENGTHS)[0, 0].item()
    assert check_habits(model, (ids, LENGTHS)).batch.picture.alt.endswith(f"Both begin with {first:.2f}.")


def test_no_tick_without_an_answer_behind_it():
    class Prints(Sentiment):
        def forward(self, ids):
            return f"{super().forward(ids)}"

    class Nan(Sentiment):
        def forward(self, ids):
            return super().forward(ids) * float("nan")

    class Class(Sentiment):
        def forward(self, ids):
            return super().forward(ids).argmax(1)

    for model in (Prints(), Nan()):
        found = check_habits(model, word_ids())
        assert holds(found) == (None,) * 4 and "no tensor with numbers in it" in found.state.words
    found = check_habits(Class(keeps=True), word_ids())
    assert True not in holds(found) and "let it return its scores" in found.dropout.words


def test_a_time_first_model_is_told_how_to_say_so():
    class TimeFirst(Sentiment):
        def forward(self, ids):
            return self.out(self.rnn(self.embed(ids))[0][-1])

    ids = word_ids()[:, :3].T
    assert (
        "If axis 1 holds your sequences, it is right: say batch_axis=1"
        in check_habits(TimeFirst(batch_first=False), ids).batch.words
    )
    assert check_habits(TimeFirst(batch_first=False), ids, batch_axis=1).batch.holds is True
    assert "say batch_axis" not in check_habits(Sentiment(batch_first=False), word_ids()).batch.words  # here it is not right


def test_dropout_behind_noise_is_told_from_the_noise():
    class Noisy(Sentiment):
        def forward(self, ids):
            noise = torch.randn(len(ids), 2) if self.training else 0
            return super().forward(ids) + 0.01 * noise

    with pytest.warns(UserWarning, match="dropout"):
        idle = Noisy(dropout=0.5)
    assert check_habits(idle, word_ids()).dropout.holds is False
    assert "no dropout layer" in check_habits(Noisy(), word_ids()).dropout.words
    both = check_habits(Noisy(drop=0.01), word_ids()).dropout  # so little that six runs may drop nothing
    assert both.holds is True and "acts in training" in both.words


def test_low_precision_and_autocast_are_no_mixing():
    model, x = nn.Sequential(nn.GRU(3, 5, batch_first=True)), vectors(4, 7, 3)
    for kind in (torch.bfloat16, torch.float16):
        assert check_habits(copy.deepcopy(model).to(kind), x.to(kind)).batch.holds is True
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert check_habits(model, x).batch.holds is True
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.filterwarnings("ignore:dropout option", "ignore:Lazy modules")
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.sweep] * (k % 5 > 0)) for k, name in enumerate(MODELS)])
def test_each_model_gets_its_marks(name):
    make, batch, marks = MODELS[name]
    found = check_habits(make(), batch)
    assert "".join(repr(answer)[0] for answer in found) == marks, found


@pytest.mark.filterwarnings("ignore:dropout option")
@pytest.mark.parametrize(
    "name, habit, said",
    [
        ("unpacked, last column", "padding", "the RNN reads it packed, so look behind it"),
        ("convolved, then packed", "padding", "look before it for a convolution"),
        ("normalised in time", "padding", "look before it"),
        ("convolved, ✓?✓✓", "padding", "these numbers may be no lengths"),
        ("last step of padded", "padding", "Sequence 1 alone, without its padding (0), has another answer: pack the batch, or"),
        ("sorted, not unsorted", "batch", "after the RNN, which reads them sorted: look for an order that is not undone"),
        ("a packed batch", "padding", "The batch is packed: each sequence alone"),
        ("loss and logits, [7, 2, 1, 3]", "padding", "This batch holds no padding"),
        ("swapped", "batch", "with batch_first=False the RNN reads 4 steps of 7 sequences"),
        ("swapped, N == L", "batch", "with batch_first=False the RNN reads 5 steps of 5 sequences"),
        ("swapped, the decoder only", "batch", "with batch_first=False `decoder` reads 4 steps of 6 sequences"),
        ("swapped, last state", "batch", "it gives (7, 5). Batch and time are swapped"),
        ("swapped, last state", "batch", "say batch_axis=1"),
        ("swapped cells", "batch", "the RNN reads 4 steps of 7 sequences"),
        ("two axes", "batch", "it reads one sequence of 6 steps"),
        ("view for transpose", "batch", "mixed before the RNN"),
        ("one start for all", "batch", "look at its first state"),
        ("h_n by view", "batch", "reshape or index after it"),
        ("centred", "batch", "mean over the batch"),
        ("a random start", "batch", "It draws random numbers"),
        ("only a loss", "batch", "it gives ()"),
        ("dropout that never rests", "dropout", "eval mode too"),
        ("teacher forcing", "dropout", "There is no dropout layer"),
        ("noise and dropout", "dropout", "It acts in training"),
        ("dropout behind noise", "dropout", "there is only one"),
        ("a state carried over", "state", "(h)"),
    ],
)
def test_the_reason_is_the_right_one(name, habit, said):
    make, batch, _ = MODELS[name]
    assert said in getattr(check_habits(make(), batch), habit).words


def test_wrapped_and_compiled_models_are_tried_as_they_were_written():
    class Wrapper(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = Sentiment()

        def forward(self, ids):
            return self.module(ids).softmax(0)

    assert check_habits(Wrapper(), word_ids()).batch.holds is False  # `module` alone does not make it a DataParallel
    for wrapped in (nn.DataParallel(Sentiment()), torch.compile(Sentiment(), backend="eager")):
        assert holds(check_habits(wrapped, (word_ids(), LENGTHS))) == (True, True, True, True)


def test_a_state_kept_in_another_object_is_seen_before_and_after_its_first_use():
    class Remembers(Sentiment):
        def forward(self, ids):
            output, self.memory.h = self.rnn(self.embed(ids), self.memory.h)
            return self.out(output[:, -1])

    model = Remembers()
    model.memory = SimpleNamespace(h=None)
    assert check_habits(model, word_ids()).state.holds is False
    model(word_ids())  # now with a history
    assert check_habits(model, word_ids()).state.holds is False


def test_padding_may_be_no_number():
    x = vectors(2, 5, 3)
    x[1, 3:] = float("nan")
    make = nn.GRU(3, 4, batch_first=True)
    make.register_forward_pre_hook(lambda rnn, args: args[0].nan_to_num())
    assert check_habits(make, x, padding=float("nan")).padding.holds is False
