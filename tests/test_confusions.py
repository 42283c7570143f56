"""What people get wrong about nn.RNN: each confusion is shown running in a notebook, and its truth is asserted here.

SHOWN maps each one to a notebook and to a piece of the code cell that shows it. TRUTHS below assert the same again,
without the notebooks; where another test file does so already, its test is named.
"""

import warnings
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

ROOT = Path(__file__).parent.parent

SHOWN = {
    # what learners of nn.RNN confuse
    "output and h_n are taken for the same thing": ("02", "stack_h_n[1, 0].detach()"),
    "batch_first is thought to move h_0 and h_n": ("02", "nn.RNN(3, 4, batch_first=True)(cities_then_days)"),
    "batch and time are swapped": ("10", "output, h_n = rnn(x)"),
    "a sequence goes into RNNCell whole": ("10", "cell(batch[1])[-1]"),
    "the layout of two directions": ("10", "both(batch)[0][1, -1, 5:]"),
    "the layout of layers and directions": ("03", "deep_h_n.view(2, 2, 2, 4)"),
    "h_n is cut with view(N, -1)": ("10", "both_h_n.view(3, -1)"),
    "x_t is thought to enter every layer": ("02", "rebuilt, _ = upper(below)"),
    "the loop written by hand has no tanh": ("01", "tanh(W_ih @ x_t + b_ih) + W_hh @ h + b_hh"),
    "h0 has a fixed size, the last batch is smaller": ("03", "rnn(last_batch, zeros)"),
    "a fixed h0 is saved by drop_last": ("10", "DataLoader(x, batch_size=2, drop_last=True)"),
    "a state is carried into the next batch": ("10", "first, second = keeper(x), keeper(x)"),
    "a carried state is not detached": ("04", "rnn(x[2:], h_tuesday.detach())"),
    "the last axis is not the features": ("10", "reader(sideways)"),
    "two axes are taken for a batch": ("03", "bergen = x[:, 0]  # (L, H_in)"),
    "dropout is asked for with one layer": ("02", "nn.RNN(3, 4, num_layers=1, dropout=0.9)"),
    "a softmax before cross_entropy": ("10", "cross_entropy(probabilities, labels)"),
    "(N, 1) against (N,) in a loss": ("10", "(answers - targets) ** 2"),
    "eval() is forgotten": ("10", "in_training = agreeing()"),
    "a loss is counted on padding": ("10", "ignore_index=ignored"),
    "(h, c) is taken from a GRU": ("10", "output, (h, c) = gru(x)"),
    "why there are two biases": ("02", "two.bias_ih_l0 + two.bias_hh_l0"),
    "weight_ih is thought to be (H_in, H_out)": ("02", "monday @ plain.weight_ih_l0.T"),
    "h_n of a padded batch": ("10", "packed_h_n = reader(packed)[1][0]"),
    "lengths for fewer sequences than there are": ("10", "few_h_n = reader(few)[1][0]"),
    "all that a network returns goes into the next layer": ("10", "nn.Sequential(reader, nn.Linear(5, 2)"),
    "equality to the last digit is expected": ("04", "torch.cat(states), one_call"),
    "the warning of weights that are not one chunk": ("11", "moved.flatten_parameters()"),  # only cuDNN gives it
    # what the article this course grew from has wrong, or leaves unclear
    "article: a random cell is run again": ("07", "torch.Generator().manual_seed(0)  # so that we all see the same order"),
    "article: hidden_size is called a length": ("02", "nn.RNN(input_size=3, hidden_size=size), L=5, N=2"),
    "article: nonlinearity is left unclear": ("02", 'nn.RNN(3, 4, nonlinearity="relu")'),
    "article: where dropout acts": ("02", "nn.RNN(3, 4, num_layers=2, dropout=1.0)"),
    "article: dropout is said to keep gradients from vanishing": ("09", "nn.RNN(4, 16, num_layers=2, dropout=dropout)"),
    "article: a weight under the wrong shape and name": ("02", "show_parameters(nn.RNN(input_size=7, hidden_size=4))"),
    "article: why time comes first": ("02", "days_then_cities[1].flatten()"),
    "article: output and h_n are left vague": ("02", "stack_h_n[0, 0].detach()"),
}


def notebook(number):
    return next((ROOT / "notebooks").glob(f"{number}_*.ipynb"), None)


def cells_showing(number, code):
    path = notebook(number)
    cells = nbformat.read(path, as_version=4).cells if path else []
    return [cell for cell in cells if cell.cell_type == "code" and code in cell.source]


@pytest.mark.parametrize("confusion", SHOWN)
def test_each_confusion_is_shown_running(confusion):
    cells = cells_showing(*SHOWN[confusion])
    assert cells, f"no code cell of notebook {SHOWN[confusion][0]} shows: {confusion}"
    # a cell that ends in a definition is followed by the one that looks at it
    assert any(cell.outputs for cell in cells), f"the cell was not run: {cells[0].source}"


def test_a_missing_cell_would_be_noticed():
    assert not cells_showing("10", "a piece of code that is nowhere") and not cells_showing("99", "import")


def close(a, b):
    return torch.allclose(a, b, atol=1e-5)


def far(a, b):
    return a.shape == b.shape and not torch.allclose(a, b, atol=1e-2)


def make(kind=nn.RNN, *sizes, **keywords):
    torch.manual_seed(0)
    return kind(*(sizes or (3, 4)), **keywords)


def draw(*sizes):
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(1))


def test_output_is_the_top_layer_and_h_n_the_end_of_every_layer():
    output, h_n = make(num_layers=2)(draw(5, 2, 3))
    assert output.shape == (5, 2, 4) and h_n.shape == (2, 2, 4)
    assert close(h_n[-1], output[-1]) and far(h_n[0], output[-1])


@pytest.mark.parametrize("batch_first", [False, True])
def test_batch_first_moves_no_state(batch_first):
    x = draw(2, 5, 3) if batch_first else draw(5, 2, 3)
    assert make(num_layers=3, batch_first=batch_first)(x)[1].shape == (3, 2, 4)


def test_swapped_axes_have_the_same_shape_and_other_values():
    x, rnn, right = draw(2, 5, 3), make(), make(batch_first=True)
    assert far(rnn(x)[0], right(x)[0])
    assert close(rnn(x.transpose(0, 1))[0].transpose(0, 1), right(x)[0])


def test_h_n_tells_that_axes_are_swapped():
    """Per-step use of output raises nothing; but h_n has a state for each step, a loss on it raises, and so does an h0."""
    data, rnn, labels = draw(2, 5, 3), make(), torch.zeros(2)
    output, h_n = rnn(data)
    assert output.shape == (2, 5, 4) and h_n.shape == (1, 5, 4)
    with pytest.raises(ValueError, match="size"):
        nn.BCEWithLogitsLoss()(nn.Linear(4, 1)(h_n[-1])[:, 0], labels)
    with pytest.raises(RuntimeError, match="hidden size"):
        rnn(data, torch.zeros(1, 2, 4))


def test_a_cell_takes_time_for_batch():
    cell, x = make(nn.RNNCell), draw(5, 3)
    assert close(cell(x)[-1], cell(x[-1]))  # the last row knows nothing of the others
    h = torch.zeros(4)
    for x_t in x:
        h = cell(x_t, h)
    assert far(cell(x)[-1], h)


def test_the_final_backward_state_stands_at_the_first_step():
    output, h_n = make(bidirectional=True)(draw(5, 2, 3))
    assert close(h_n[1], output[0, :, 4:]) and far(h_n[1], output[-1, :, 4:])
    assert far(output[-1], torch.cat([h_n[-2], h_n[-1]], dim=1))


def test_states_are_in_order_of_layers_then_directions():
    rnn = make(num_layers=2, bidirectional=True)
    output, h_n = rnn(draw(5, 2, 3))
    by_name = h_n.view(2, 2, 2, 4)
    assert close(by_name[1, 0], output[-1, :, :4]) and close(by_name[1, 1], output[0, :, 4:])
    assert rnn.weight_ih_l1.shape == (4, 2 * 4)


def test_view_mixes_sequences_and_permute_does_not():
    rnn, x = make(num_layers=2), draw(5, 2, 3)
    h_n, alone = rnn(x)[1], rnn(x[:, :1])[1].reshape(-1)
    assert far(h_n.view(2, -1)[0], alone) and close(h_n.permute(1, 0, 2).reshape(2, -1)[0], alone)


def test_a_layer_reads_the_one_below():
    stack, x = make(num_layers=2), draw(5, 2, 3)
    lower, upper = nn.RNN(3, 4), nn.RNN(4, 4)
    lower.load_state_dict({name: w for name, w in stack.state_dict().items() if "l0" in name})
    upper.load_state_dict({name.replace("l1", "l0"): w for name, w in stack.state_dict().items() if "l1" in name})
    assert close(upper(lower(x)[0])[0], stack(x)[0])


def test_without_tanh_it_is_another_recurrence():
    rnn, x = make(), draw(5, 3)
    W_ih, W_hh, b_ih, b_hh = rnn.parameters()
    with_tanh = without = torch.zeros(4)
    for x_t in x:
        with_tanh = torch.tanh(W_ih @ x_t + b_ih + W_hh @ with_tanh + b_hh)
        without = W_ih @ x_t + b_ih + W_hh @ without + b_hh
    assert close(with_tanh, rnn(x)[1][0]) and far(without, rnn(x)[1][0])


def test_a_fixed_h0_refuses_a_smaller_batch_and_none_is_zeros():
    rnn, h0 = make(), torch.zeros(1, 4, 4)
    with pytest.raises(RuntimeError, match="hidden size"):
        rnn(draw(5, 3, 3), h0)
    assert torch.equal(rnn(draw(5, 3, 3), h0[:, :3])[0], rnn(draw(5, 3, 3))[0])


def test_drop_last_leaves_sequences_out():
    loader = torch.utils.data.DataLoader(draw(10, 5, 3), batch_size=4, drop_last=True)
    assert sum(map(len, loader)) == 8


def test_a_carried_state_changes_the_answer_and_brings_its_graph():
    rnn, x = make(), draw(2, 2, 3)
    first, h = rnn(x)
    assert far(rnn(x, h)[0], first)
    first.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        rnn(x, h)[0].sum().backward()
    rnn(x, h.detach())[0].sum().backward()


def test_the_last_axis_is_the_features():
    with pytest.raises(RuntimeError, match="input_size"):
        make()(draw(5, 2, 7))


@pytest.mark.parametrize("batch_first", [False, True])
def test_two_axes_are_one_sequence(batch_first):
    output, h_n = make(num_layers=2, bidirectional=True, batch_first=batch_first)(draw(5, 3))
    assert output.shape == (5, 8) and h_n.shape == (4, 4)
    assert close(output, make(num_layers=2, bidirectional=True)(draw(5, 3))[0])


def test_dropout_with_one_layer_warns_and_does_nothing():
    with pytest.warns(UserWarning, match="dropout"):
        rnn = make(dropout=0.9)
    assert torch.equal(rnn(draw(5, 2, 3))[0], make()(draw(5, 2, 3))[0])


def test_dropout_acts_below_the_last_layer_only():
    severed, x = make(num_layers=2, dropout=1.0), draw(5, 2, 3)
    assert torch.equal(severed(x)[0], severed(9 * x)[0]) and (severed(x)[0] != 0).all()


@pytest.mark.parametrize("dropout", [0.0, 0.2, 0.5])
def test_gradients_vanish_with_dropout_and_without(dropout):
    rnn, x = make(nn.RNN, 3, 16, num_layers=2, dropout=dropout), draw(40, 64, 3).requires_grad_()
    rnn(x)[0][-1].sum().backward()
    first, last = x.grad[0].norm().item(), x.grad[-1].norm().item()
    assert 0 < first < 1e-6 * last


def test_both_biases_learn_the_same():
    rnn = make(num_layers=2, bidirectional=True)
    rnn(draw(5, 2, 3))[0].square().sum().backward()
    biases = [name for name, _ in rnn.named_parameters() if name.startswith("bias_ih")]
    assert len(biases) == 4
    for name in biases:
        other = getattr(rnn, name.replace("ih", "hh"))
        assert getattr(rnn, name).grad.abs().sum() > 0 and close(getattr(rnn, name).grad, other.grad)


def test_weight_ih_is_turned_before_it_is_used():
    rnn, x = make(), draw(1, 2, 3)
    assert rnn.weight_ih_l0.shape == (4, 3)
    assert close(torch.tanh(x @ rnn.weight_ih_l0.T + rnn.bias_ih_l0 + rnn.bias_hh_l0), rnn(x)[0])


def test_a_padded_h_n_is_wrong_and_a_packed_one_right():
    rnn, rows = make(batch_first=True), [draw(2, 3), draw(5, 3), draw(3, 3)]
    padded = pad_sequence(rows, batch_first=True)
    packed = pack_padded_sequence(padded, torch.tensor([2, 5, 3]), batch_first=True, enforce_sorted=False)
    alone = torch.stack([rnn(row)[1][0] for row in rows])
    assert close(rnn(packed)[1][0], alone)  # in the order they were given
    assert [close(a, b) for a, b in zip(rnn(padded)[1][0], alone)] == [False, True, False]


def test_packing_does_not_count_the_lengths():
    """Fewer lengths than sequences: those left over are dropped. Lengths beyond the batch: the error comes later."""
    x, rnn = draw(3, 4, 3), make(batch_first=True)
    packed = pack_padded_sequence(x, torch.tensor([3, 4]), batch_first=True, enforce_sorted=False)
    assert int(packed.batch_sizes[0]) == 2 and close(rnn(packed)[1][0], torch.stack([rnn(x[0, :3])[1][0], rnn(x[1])[1][0]]))
    beyond = pack_padded_sequence(x, [9, 4, 2], batch_first=True)
    with pytest.raises(RuntimeError):
        rnn(beyond)


def test_a_sequential_hands_on_the_pair():
    with pytest.raises(TypeError, match="tuple"):
        nn.Sequential(make(), nn.Linear(4, 1))(draw(5, 2, 3))


def test_flatten_parameters_changes_no_value_and_is_silent_on_a_cpu():
    rnn, x = make(num_layers=2), draw(5, 2, 3)
    for parameter in rnn.parameters():
        parameter.data = parameter.data.clone()  # each in a chunk of its own: on CUDA this warns
    before = rnn(x)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rnn.flatten_parameters()
        assert torch.equal(rnn(x)[0], before)


def test_steps_and_call_agree_within_rounding():
    rnn, x = make(nn.RNN, 64, 64), draw(100, 1, 64)
    h, steps = None, []
    for x_t in x.split(1):
        step, h = rnn(x_t, h)
        steps.append(step)
    assert close(torch.cat(steps), rnn(x)[0])


def test_an_error_is_known_by_its_type_and_a_keyword():
    with pytest.raises((RuntimeError, ValueError, AssertionError), match="(?i)2-?D|dim"):
        make()(draw(3))


def test_a_generator_of_its_own_gives_the_same_each_time():
    assert torch.equal(draw(3), draw(3)) and not torch.equal(torch.randn(3), torch.randn(3))


def test_hidden_size_is_no_length():
    for L in (1, 5, 9):
        output, h_n = make()(draw(L, 2, 3))
        assert output.shape == (L, 2, 4) and h_n.shape == (1, 2, 4)


def test_nonlinearity_is_tanh_or_relu_for_all_layers():
    rnn = make(num_layers=2, nonlinearity="relu")
    assert rnn.nonlinearity == "relu" and (rnn(draw(5, 2, 3))[1] >= 0).all()
    with pytest.raises(ValueError, match="nonlinearity"):
        nn.RNN(3, 4, nonlinearity="sigmoid")


def test_with_time_first_a_step_is_one_block():
    x = torch.zeros(5, 2, 3)
    assert x[1].is_contiguous() and not torch.zeros(2, 5, 3)[:, 1].is_contiguous()


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_second_softmax_keeps_the_loss_up_and_the_worst_errors_have_no_gradient(classes):
    gradients = []
    for layer in (nn.Identity(), nn.Softmax(-1)):
        logits = (20 * torch.eye(classes)).requires_grad_()  # certain: row i says i
        labels = torch.arange(classes)
        least = nn.functional.cross_entropy(layer(logits), labels)
        nn.functional.cross_entropy(layer(logits), labels.roll(1)).backward()
        gradients.append(logits.grad.abs().max())
    assert least.item() == pytest.approx(np.log(1 + (classes - 1) / np.e), abs=1e-4) and least > 0.3
    assert gradients[0] > 0.09 and gradients[1] < 1e-6


def test_a_column_against_a_row_is_best_where_all_answers_are_the_mean():
    for seed in range(20):
        labels = torch.randn(5, generator=torch.Generator().manual_seed(seed))
        perfect, constant = labels[:, None], labels.mean().expand(5, 1)
        assert ((constant - labels) ** 2).mean() < ((perfect - labels) ** 2).mean()
    with pytest.warns(UserWarning, match="target size"):
        nn.MSELoss()(perfect, labels)
    with pytest.raises(ValueError, match="arget size"):
        nn.BCEWithLogitsLoss()(perfect, labels)


def test_without_eval_dropout_changes_every_answer():
    for seed in range(20):
        torch.manual_seed(seed)
        rnn, x = nn.RNN(50, 5, num_layers=2, dropout=0.5, batch_first=True), torch.randn(3, 4, 50)
        assert not any(close(a, b) for a, b in zip(rnn(x)[1][-1], rnn(x)[1][-1]))
        rnn.eval()
        assert all(close(a, b) for a, b in zip(rnn(x)[1][-1], rnn(x)[1][-1]))


def test_a_loss_on_padding_shrinks_with_it_and_ignore_index_does_not():
    losses = {-100: [], 0: []}
    for L in (8, 16, 32):
        labels = (torch.arange(L) < torch.tensor([[8], [2]])).long().flatten()
        logits = torch.tensor([3.0, 0.0]).expand(2 * L, 2)
        for ignored, found in losses.items():
            found.append(nn.functional.cross_entropy(logits, labels, ignore_index=ignored).item())
    assert losses[-100] == sorted(losses[-100], reverse=True) and losses[0] == pytest.approx([losses[0][0]] * 3)


def test_h_and_c_of_a_gru_are_its_two_layers_and_one_layer_is_an_error():
    output, (h, c) = make(nn.GRU, num_layers=2)(draw(5, 2, 3))
    assert h.shape == (2, 4) and close(c, output[-1]) and far(h, output[-1])
    with pytest.raises(ValueError, match="unpack"):
        output, (h, c) = make(nn.GRU)(draw(5, 2, 3))
