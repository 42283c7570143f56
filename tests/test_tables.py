"""Tables of shapes and parameters: every character against golden files, and what they refuse.

After a wanted change: `pytest tests/test_tables.py --rewrite-golden`, then read the difference before storing it.
"""

import re
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch import nn

from helpers import expected_shapes, show_parameters, show_shapes, trace
from helpers.pictures.tables import Table, parameter_table, shape_table, state_table

# Each network, with the sizes of the call that is shown. All sizes differ, so that a swapped axis is seen.
NETWORKS = {
    "one_layer": (dict(), dict(L=5, N=2)),
    "two_layers_bidirectional": (dict(num_layers=2, bidirectional=True), dict(L=5, N=2)),
    "no_bias": (dict(bias=False), dict(L=5, N=2)),
    "batch_first": (dict(batch_first=True), dict(L=5, N=2)),
    "unbatched": (dict(), dict(L=5)),
}


def tables(network):
    options, sizes = NETWORKS[network]
    rnn = nn.RNN(3, 4, **options)
    return {"shapes": show_shapes(rnn, **sizes), "parameters": show_parameters(rnn)}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kind", ["shapes", "parameters"])
def test_table_is_as_stored(network, kind, golden):
    table = tables(network)[kind]
    golden(f"{kind}_{network}.txt", repr(table))
    # A row a line, so that a difference can be read.
    golden(f"{kind}_{network}.html", table._repr_html_().replace("<tr", "\n<tr"))


def test_no_golden_file_is_left_over():
    parts = product(("shapes", "parameters"), NETWORKS, ("txt", "html"))
    expected = {f"{kind}_{network}.{form}" for kind, network, form in parts}
    assert {path.name for path in (Path(__file__).parent / "golden").iterdir()} == expected


@pytest.mark.parametrize("network", NETWORKS)
def test_rows_are_what_torch_has(network):
    # The golden files above could store a mistake; torch can't be talked into it.
    options, sizes = NETWORKS[network]
    rnn = nn.RNN(3, 4, **options)
    L, N = sizes["L"], sizes.get("N")
    x = torch.zeros(L, 3) if N is None else torch.zeros(N, L, 3) if rnn.batch_first else torch.zeros(L, N, 3)
    output, h_n = rnn(x)
    shown = {name: [int(size) for size in re.findall(r"=(\d+)", shape)] for name, shape, _ in show_shapes(rnn, **sizes).rows}
    assert shown == {"input": [*x.shape], "h_0": [*h_n.shape], "output": [*output.shape], "h_n": [*h_n.shape]}
    *rows, total = show_parameters(rnn).rows
    assert [(name, int(count)) for name, _, count in rows] == [(name, p.numel()) for name, p in rnn.named_parameters()]
    assert total == ("total", "", str(sum(p.numel() for p in rnn.parameters())))


def test_a_trace_knows_its_own_sizes():
    rnn = nn.RNN(3, 4)
    assert show_shapes(trace(rnn, torch.ones(5, 2, 3))) == show_shapes(rnn, L=5, N=2)


def test_tensors_as_one_has_them():
    rnn = nn.RNN(3, 4, bidirectional=True, batch_first=True)
    x = torch.ones(2, 5, 3)
    output, h_n = rnn(x)
    assert show_shapes(rnn, input=x, h_0=None, output=output, h_n=h_n).rows == (
        ("input", "(N=2, L=5, H_in=3)", "30"),
        ("h_0", "None: zeros", ""),
        ("output", "(N=2, L=5, D*H_out=8)", "80"),
        ("h_n", "(D*num_layers=2, N=2, H_out=4)", "16"),
    )


def test_unbatched_tensors_as_one_has_them():
    rnn = nn.RNN(3, 4)
    rows = show_shapes(rnn, input=torch.ones(5, 3), h_n=torch.ones(1, 4)).rows
    assert rows == (("input", "(L=5, H_in=3)", "15"), ("h_n", "(D*num_layers=1, H_out=4)", "4"))


def test_an_lstm_has_two_states_more():
    lstm, x = nn.LSTM(3, 4), torch.ones(5, 2, 3)
    output, (h_n, c_n) = lstm(x)
    whole = show_shapes(lstm, L=5, N=2).rows
    assert [name for name, *_ in whole] == ["input", "h_0", "c_0", "output", "h_n", "c_n"]
    given = show_shapes(lstm, input=x, h_0=None, c_0=None, output=output, h_n=h_n, c_n=c_n).rows
    assert given[2] == ("c_0", "None: zeros", "")
    assert [row for row in given if row[2]] == [row for row in whole if row[0] not in ("h_0", "c_0")]


RNN = nn.RNN(3, 4)
REFUSED = {
    "no network": (TypeError, r"rnn: given Linear, expected a torch\.nn\.RNN", lambda: show_shapes(nn.Linear(3, 4), L=5)),
    "c_0 of an nn.RNN": (TypeError, "tensors: given c_0, expected input, h_0, output, h_n", lambda: show_shapes(RNN, c_0=None)),
    "no sizes": (TypeError, r"L: not given; expected L= \(and N=\), or tensors", lambda: show_shapes(RNN)),
    "L of 0": (ValueError, "L: given 0, expected a whole number >= 1", lambda: show_shapes(RNN, L=0)),
    "L of 2.5": (TypeError, "L: given 2.5, expected a whole number >= 1", lambda: show_shapes(RNN, L=2.5)),
    "N of -1": (ValueError, "N: given -1, expected a whole number >= 1", lambda: show_shapes(RNN, L=5, N=-1)),
    "unknown name": (TypeError, "tensors: given hidden, expected", lambda: show_shapes(RNN, hidden=torch.ones(1))),
    "no tensor": (TypeError, r"input: given list, expected a torch\.Tensor", lambda: show_shapes(RNN, input=[[1.0]])),
    "4 axes": (ValueError, r"input: given 4 axes \(1, 2, 3, 4\), expe", lambda: show_shapes(RNN, input=torch.ones(1, 2, 3, 4))),
    "1 axis": (ValueError, r"h_n: given 1 axes \(4,\), expected 2 or 3", lambda: show_shapes(RNN, h_n=torch.ones(4))),
    "no network for parameters": (TypeError, "rnn: given Linear, expected", lambda: show_parameters(nn.Linear(3, 4))),
    "a class for parameters": (TypeError, "rnn: given type, expected", lambda: show_parameters(nn.RNN)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_by_name(case):
    error, words, call = REFUSED[case]
    with pytest.raises(error, match=words):
        call()


def rows_of(table):
    """Rows of the HTML as lists of texts; not well-formed HTML raises here."""
    root = ElementTree.fromstring(table._repr_html_())
    return [["".join(cell.itertext()) for cell in row] for row in root.iter("tr")]


def test_html_says_what_the_text_says():
    table = show_parameters(nn.RNN(3, 4, 2))
    assert rows_of(table) == [list(table.headings), *map(list, table.rows)]


@pytest.mark.parametrize("make", [shape_table, parameter_table])
def test_each_row_with_a_key_keeps_room_for_its_mark(make):
    shapes = expected_shapes(RNN, L=5, N=2)
    keyed, plain = make(shapes, keys="kind"), make(shapes)
    keys = [row.get("data-key") for row in ElementTree.fromstring(keyed._repr_html_()).iter("tr")]
    assert keys == [None, *(f"kind {row[0]}" for row in plain.rows)]
    assert rows_of(keyed) == [[*row, ""] for row in rows_of(plain)]  # so the table doesn't jump when a mark comes
    assert repr(keyed) == repr(plain)


def test_a_marked_row_is_told_by_more_than_colour():
    table = state_table(np.array([[0.5, -1.0], [0.25, 0.0]]), t=1)
    root = ElementTree.fromstring(table._repr_html_())
    weights = {"".join(th.itertext()): "text-shadow" in th.get("style") for th in root.iter("th") if th.get("scope") == "row"}
    assert weights == {"t=0": False, "t=1": True} and [row[-1] for row in rows_of(table)] == ["", "", "◂ here"]


def test_cells_are_escaped():
    evil = "<script>alert(1)</script>"
    table = Table((f"head {evil}", "2"), ((f"first {evil}", f"rest {evil}"),))
    assert "<script" not in table._repr_html_()
    assert rows_of(table) == [list(table.headings), list(table.rows[0])]


X5 = torch.zeros(5, 2, 3)


@pytest.mark.parametrize(
    "tensors, words",
    [
        (dict(input=torch.zeros(5, 2, 7)), r"input: given \(5, 2, 7\), expected \(L=5, N=2, H_in=3\)"),
        (dict(h_0=torch.zeros(3, 9, 8)), r"h_0: given \(3, 9, 8\), expected \(D\*num_layers=1, N=9, H_out=4\)"),
        (dict(output=torch.zeros(5, 2, 9)), r"output: given \(5, 2, 9\), expected \(L=5, N=2, D\*H_out=4\)"),
        (dict(input=X5, h_0=torch.zeros(1, 7, 4)), r"h_0: given \(1, 7, 4\), expected \(D\*num_layers=1, N=2, H_out=4\)"),
        (dict(input=X5, output=torch.zeros(5, 4)), r"output: given \(5, 4\), expected \(L=5, N=2, D\*H_out=4\)"),
    ],
)
def test_a_table_never_certifies_a_wrong_shape(tensors, words):
    with pytest.raises(ValueError, match=words):
        show_shapes(nn.RNN(3, 4), **tensors)


@pytest.mark.parametrize("arguments", [dict(L=5, input=X5), dict(N=2, output=None), dict(output=None), dict(hidden=X5)])
def test_a_table_refuses_what_it_would_have_to_ignore(arguments):
    with pytest.raises(TypeError):
        show_shapes(nn.RNN(3, 4), **arguments)
    with pytest.raises(TypeError):
        show_shapes(trace(nn.RNN(3, 4), X5), **arguments)
