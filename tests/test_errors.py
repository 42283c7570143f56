"""Errors explained: every raise and warning torch can reach for these classes, with a fix that is tried."""

import ast
import inspect
import random
import re
import subprocess
import sys
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from error_rows import DEVICE, PRELUDE, explained, failure, read_rows, run, torch_is_at_least
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.modules import rnn as torch_modules
from torch.nn.utils import rnn as torch_packing
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from helpers import Explanation, explain_error
from helpers.errors import explain
from helpers.errors.calls import ForwardCall
from helpers.errors.facts import Facts
from helpers.errors.rules.states import check_state_like_input
from helpers.errors.source import Line

ROOT = Path(__file__).parent.parent

ALL_ROWS = read_rows()
ROWS = [row for row in ALL_ROWS if row.fails]
NETWORKS = (nn.RNN, nn.LSTM, nn.GRU)
CELLS = (nn.RNNCell, nn.LSTMCell, nn.GRUCell)


@pytest.mark.parametrize("row", [pytest.param(row, marks=[pytest.mark.sweep] * (not row.first)) for row in ALL_ROWS], ids=str)
def test_the_fix_of_each_row_works(row):
    """The cause and the fix of the table are those that are shown; and with the fix the script runs."""
    if not row.fails:
        run(row.code)  # else the version in the row would be wrong
        return
    explanation, _ = explained(row.code)
    assert row.cause.casefold() in explanation.cause.casefold()
    if row.first:
        assert ("".join(explanation.fix.code.splitlines()[-1:]), explanation.fix.place) == row.fix
    for text in (str(explanation), explanation._repr_html_(), explanation.picture.alt):
        assert text and "0x" not in text and "site-packages" not in text


# Raises and warnings of torch's two files that the rows need not reach, each with the reason.
UNREACHABLE = {
    "RNNBase.__init__: Unrecognized RNN mode: ": "mode is chosen by nn.RNN, nn.LSTM and nn.GRU themselves",
    "apply_permutation: `apply_permutation` is deprecated": "a function of torch's own that none of the classes calls",
}
if torch_is_at_least("2.11"):  # until then these two were lines with `assert`
    UNREACHABLE |= {
        "RNN.forward: hx must not be None": "the lines above it have just made one",
        "RNN.forward: mode must be RNN_TANH or RNN_RELU": "only if somebody writes rnn.mode afterwards",
    }


def sites(module):
    """Every raise, warning and deprecation in a file of torch's: its lines, and the function with its text."""
    tree = ast.parse(inspect.getsource(module))
    found = {}

    def walk(node, path):
        for child in ast.iter_child_nodes(node):
            inner = path
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                inner = (*path, child.name)
                for decorator in getattr(child, "decorator_list", []):
                    if "deprecated" in ast.unparse(decorator):
                        found[decorator.lineno, decorator.end_lineno] = f"{'.'.join(inner)}: {said(decorator)}"
            called = child.value if isinstance(child, ast.Expr) else None
            warns = isinstance(called, ast.Call) and ast.unparse(called.func).endswith("warn")
            if isinstance(child, ast.Raise) or warns:
                found[child.lineno, child.end_lineno] = f"{'.'.join(path)}: {said(child)}"
            walk(child, inner)

    walk(tree, ())
    return found


def said(node):
    """The words a raise begins with; those of a variable are its name."""
    texts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return texts[0].split(",")[0] if texts else ast.unparse(node)


def reached(error, module, all_sites):
    """The sites that the frames of an error stand on."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == module.__file__]
    return {text for (first, last), text in all_sites.items() for line in lines if first <= line <= last}


@pytest.mark.parametrize("module", [torch_modules, torch_packing], ids=["modules", "packing"])
def test_every_raise_and_warning_of_torch_is_reached_by_a_row(module):
    """A newer torch with a new raise is noticed here: add a row, or say why these classes can't reach it."""
    every = sites(module)
    assert len(every) >= (30 if module is torch_modules else 4)
    seen = set()
    for row in ROWS:
        seen |= reached(failure(row.code), module, every)
    left = {text for text in every.values() if text not in seen}
    unreachable = {text for text in left if any(text.startswith(known) for known in UNREACHABLE)}
    assert left == unreachable
    assert module is torch_packing or len(unreachable) == len(UNREACHABLE)


def arguments(chance):
    """Random arguments for a network of one of the three classes, and an input and a state that are right."""
    L, N, H_in, H_out = (chance.randint(1, 6) for _ in range(4))
    kind = chance.choice(NETWORKS)
    options = dict(num_layers=chance.randint(1, 3), bidirectional=chance.random() < 0.5)
    options |= dict(batch_first=chance.random() < 0.5, bias=chance.random() < 0.5)
    if kind is nn.LSTM and H_out > 1 and chance.random() < 0.3:
        options["proj_size"] = chance.randint(1, H_out - 1)
    rnn = kind(H_in, H_out, **options)
    batched = chance.random() < 0.8
    shape = ((N, L) if rnn.batch_first else (L, N)) if batched else (L,)
    layers = rnn.num_layers * (2 if rnn.bidirectional else 1)
    states = [torch.zeros(layers, *([N] if batched else []), width) for width in (rnn.proj_size or H_out, H_out)]
    hx = chance.choice([None, tuple(states) if kind is nn.LSTM else states[0]])
    return rnn, torch.rand(*shape, H_in), hx, batched


def random_call(chance):
    """One correct call, of any of the classes, packed or not."""
    if chance.random() < 0.3:
        N, H_in, H_out = (chance.randint(1, 6) for _ in range(3))
        cell = chance.choice(CELLS)(H_in, H_out)
        h = torch.zeros(N, H_out)
        return cell(torch.rand(N, H_in), chance.choice([None, (h, h) if isinstance(cell, nn.LSTMCell) else h]))
    rnn, x, hx, batched = arguments(chance)
    if batched and chance.random() < 0.5:
        N, L = (x.shape[0], x.shape[1]) if rnn.batch_first else (x.shape[1], x.shape[0])
        lengths = [chance.randint(1, L) for _ in range(N)]
        packed = pack_padded_sequence(x, lengths, rnn.batch_first, enforce_sorted=False)
        output, h_n = rnn(packed, hx)
        return pad_packed_sequence(output, rnn.batch_first)
    return rnn(x, hx)


LURES = [
    RuntimeError("Expected hidden size (1, 3, 6), got [3, 1, 6]"),
    TypeError("linear(): argument 'input' (position 1) must be Tensor, not tuple"),
    ValueError("not enough values to unpack (expected 3, got 2)"),
]


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.sweep)])
def test_correct_calls_are_left_in_peace(count):
    """An error raised right after a correct call, with its network and tensors at hand, is none of the network's."""
    chance = random.Random(0)
    torch.manual_seed(0)
    for n in range(count):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = random_call(chance)
                raise chance.choice(LURES)
            except (RuntimeError, TypeError, ValueError, AttributeError) as error:
                assert explain_error(error) is None, f"call {n}, {result}"
        assert [explain_error(warning) for warning in caught] == [None] * len(caught)


WRONG = """
rnn = nn.{kind}(3, 4)
x, s = {x}, {s}
{call}
"""
CALLS = ("rnn(x)", "rnn(x, s)", "rnn(x, (s, s))", "nn.Sequential(rnn, nn.Linear(4, 1))(x)", "o, h, c = rnn(x)", "rnn(x)[:, -1]")


def random_thing(chance):
    """A tensor of any shape and type, or something that is no tensor."""
    sizes = tuple(chance.randint(0, 5) for _ in range(chance.randint(0, 4)))
    made = chance.choice(["torch.zeros({})"] * 4 + ["torch.ones({}).long()", "torch.zeros({}).double()", "np.zeros({})"])
    return chance.choice([made.format(sizes)] * 6 + ["None", "'words'", f"[torch.zeros(2, 3), {made.format(sizes)}]"])


@pytest.mark.parametrize("rounds", [10, pytest.param(50, marks=pytest.mark.sweep)])
def test_whatever_is_wrong_explaining_it_never_fails(rounds, monkeypatch):
    monkeypatch.setattr(explain, "EXCEPTIONS", ())  # no mistake of ours is passed over
    chance, said = random.Random(0), 0
    for kind in [made.__name__ for made in NETWORKS + CELLS] * rounds:
        code = WRONG.format(kind=kind, x=random_thing(chance), s=random_thing(chance), call=chance.choice(CALLS))
        try:
            run(PRELUDE + code)
        except Exception as error:
            explanation = explain_error(error)
            said += explanation is not None and bool(repr(explanation) and explanation._repr_html_())
    assert said > 4 * rounds


def changed_at_random(tensor, chance):
    """A tensor with other axes, other sizes or another dtype."""
    one, other = chance.randrange(tensor.dim()), chance.randrange(tensor.dim())
    ways = [tensor.unsqueeze(one), tensor.select(one, 0), tensor.transpose(one, other), torch.cat([tensor, tensor], one)]
    return chance.choice([*ways, tensor.narrow(one, 0, 1), tensor.double(), tensor.long(), [tensor, tensor]])


@pytest.mark.parametrize("count", [300, pytest.param(5000, marks=pytest.mark.sweep)])
def test_a_call_that_breaks_no_rule_is_taken_by_torch(count):
    """A fix is offered because the changed call breaks no rule: so the rules must refuse all that torch refuses."""
    chance, fits = random.Random(0), []
    for _ in range(count):
        rnn, x, hx, _ = arguments(chance)
        if chance.random() < 0.7:
            x = changed_at_random(x, chance)
        if isinstance(hx, torch.Tensor) and chance.random() < 0.7:
            hx = changed_at_random(hx, chance)
        call = ForwardCall({"input": x, "hx": hx}, Line({}), True, ["input", "hx"], rnn)
        fits.append(Facts(call, [*explain.TRIED, check_state_like_input]).tried())
        if fits[-1]:
            rnn(x, hx)
    assert count / 5 < sum(fits) < count * 4 / 5


UNRELATED = {
    "a plain error": "raise RuntimeError('input must have 3 dimensions, got 2')",
    "a layer behind the network": "output, h_n = rnn(x)\nnn.Linear(5, 1)(output)",
    "an id beyond the embedding": "rnn(nn.Embedding(5, 3)(torch.tensor([[9]])))",
    "a hook of the learner's": """
def hook(module, args, output):
    raise RuntimeError("hidden size")
rnn.register_forward_hook(hook)
rnn(x)""",
    "a hook that takes too little": "rnn.register_forward_hook(lambda: None)\nrnn(x)",
    "an attribute that is not there": "rnn.weight_ih_l7",
    "weights of another layer": "nn.Linear(3, 4).load_state_dict(nn.Linear(3, 5).state_dict())",
    "a loss that does not fit": "nn.functional.mse_loss(rnn(x)[0], torch.zeros(5, 7, 3))",
    "backward twice beside a network": "rnn(x)\nloss = head(x).square().sum()\nloss.backward()\nloss.backward()",
    "an in-place change without a network": "y = torch.tanh(head(x))\ny *= 2\ny.sum().backward()",
    "a vector's backward": "rnn(x)[0].backward()",
    "two layers that do not fit": "nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(5, 1))(x)",
    "a layer that does not fit beside a bidirectional network": "two = nn.RNN(3, 4, bidirectional=True)\nnn.Linear(4, 1)(x.new_zeros(2, 8))",
    "a device's own error": "raise RuntimeError('CUDA error: device-side assert triggered; CUDA out of memory; RNN hidden size')",
    "a module's own check": """
class Reader(nn.Module):
    def forward(self, words):
        raise ValueError("expected 3 features")
Reader()(x)""",
    "a tuple that no network returned": "nn.Linear(7, 1)((torch.zeros(5, 2, 7), torch.zeros(1, 2, 7)))",
    "another tuple's shape": "sizes = (5, 2)\nsizes.shape",
    "a list taken apart": "a, b, c = [1, 2]",
    "an argument that is missing": "def f(rnn, x):\n    return rnn(x)\nf(rnn)",
    "an attribute of an output": "output, h_n = rnn(x)\noutput.shapes",
    "tensors that can't be joined": "torch.cat([rnn(x)[0], torch.zeros(5, 3, 4)])",
}


@pytest.mark.parametrize("code", UNRELATED.values(), ids=UNRELATED.keys())
def test_what_is_not_the_networks_stays_unexplained(code):
    made = "rnn, head, x = nn.RNN(3, 4), nn.Linear(3, 4), torch.ones(5, 2, 3)\n"
    assert explain_error(failure(PRELUDE + made + code + "\n")) is None


@pytest.mark.sweep
@pytest.mark.parametrize("text", ["", "shapes disagree", "E1042: siehe Handbuch"])
def test_another_torchs_texts_change_nothing(text, monkeypatch):
    """What the arguments tell needs no text: each message is replaced, the explanation stays."""
    rows = [row for row in ROWS if row.section not in ("the way back", "warnings") and row.first][:: 1 if text else 4]
    said = 0
    for row in rows:
        error = failure(row.code)
        before = explain_error(error)
        error.args = (text,)
        assert repr(explain_error(error)) == repr(before)
        said += 1
    assert said > 30


@pytest.mark.parametrize("text", ["cannot backward a second time", "saved tensor modified by an in-place op"])
def test_on_the_way_back_a_few_words_are_enough(text):
    error = failure(PRELUDE + "rnn = nn.RNN(3, 4)\nloss = rnn(torch.ones(5, 2, 3))[0].sum()\nloss.backward()\nloss.backward()\n")
    error.args = (text,)
    assert ("walks a graph once" if "second" in text else "changed in place") in explain_error(error).rule


@pytest.mark.parametrize(
    "text, cause",
    {
        "dropout needs num_layers > 1": "nothing at all",
        "RNN module weights are not part of single contiguous chunk of memory.": "costs memory",
        "pack_padded_sequence was given a list; the tracer sees constants": "become constants",
    }.items(),
)
def test_a_warning_without_its_call_is_explained_as_well(text, cause):
    """The second is cuDNN's: it comes on a graphics card only, so its text alone is tried here."""
    assert cause in explain_error(UserWarning(text)).cause


def test_recorded_warnings_are_explained():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.RNN(3, 4, dropout=0.5)
        warnings.warn("something else", stacklevel=1)
    first, second = caught
    assert "stacked layers" in explain_error(first).rule
    assert explain_error(first.message).given == "dropout 0.5 with num_layers=1"
    assert explain_error(second) is None and explain_error(second.message) is None


@pytest.mark.parametrize("net, weight", [("GRU", "weight_ih_l0"), ("LSTMCell", "weight_ih")])
def test_a_batch_is_moved_to_a_device_that_has_values(net, weight):
    """Without a GPU the network is on the meta device, where an answer would have no values: then nothing is to be moved there."""
    code = f"rnn, x = nn.{net}(3, 4, device={DEVICE!r}), torch.zeros(5, 3)\nout = rnn(x)\n"
    explanation, _ = explained(PRELUDE + code)
    if DEVICE == "meta":
        assert "The weights have no values" in explanation.cause and not explanation.fix
    else:
        assert explanation.fix.code == f"out = rnn(x.to(rnn.{weight}.device))"


PLACES = {
    "a comprehension": ("outs = [rnn(x)[0] for x in [x]]", "outs = [rnn(x.float())[0] for x in [x]]"),
    "a lambda": ("f = lambda x: rnn(x)\nf(x)", "f = lambda x: rnn(x.float())"),
    "an item of a tuple": ("a, b = 1, rnn(x)", "a, b = 1, rnn(x.float())"),
    "an f-string": ('print(f"{rnn(x)[0].shape}")', 'print(f"{rnn(x.float())[0].shape}")'),
    "a loop in one line": ("for x in [x]: out, h = rnn(x)", "for x in [x]: out, h = rnn(x.float())"),
    "a block's heading": ("if rnn(x)[0].sum() > 0:\n    pass", "if rnn(x.float())[0].sum() > 0:"),
    "two statements in one line": ("y = x; out, h = rnn(y)", "y = x; out, h = rnn(y.float())"),
    "*args": ("args = (x, None)\nout, h = rnn(*args)", "out, h = rnn(args[0].float(), args[1])"),
    "a field of a named tuple": (
        "from collections import namedtuple\nbatch = namedtuple('Batch', 'x y')(x, 1)\nout, h = rnn(batch.x)",
        "out, h = rnn(batch.x.float())",
    ),
    "a sum": ("out, h = rnn(x + 1)", "out, h = rnn((x + 1).float())"),
    "a network without a name": ("nn.RNN(3, 4)(x)", "nn.RNN(3, 4)(x.float())"),
    "functional_call": (
        "params = dict(rnn.named_parameters())\ntorch.func.functional_call(rnn, params, (x,))",
        "torch.func.functional_call(rnn, params, (x.float(),))",
    ),
    "a traced call": ("torch.jit.trace(rnn, x)", "torch.jit.trace(rnn, x.float())"),
    "an nn.Sequential": ("nn.Sequential(rnn)(x + 0)", "nn.Sequential(rnn)((x + 0).float())"),
    "a decorated function": ("@torch.no_grad()\ndef read(a):\n    return rnn(a)\nread(x)", "return rnn(a.float())"),
    "a method": (
        "class Reader(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.rnn = rnn\n"
        "    def forward(self, words):\n        return self.rnn(input=words)[0]\nReader()(x)",
        "return self.rnn(input=words.float())[0]",
    ),
    "a subclass": (
        "class Quiet(nn.LSTM):\n    def forward(self, text):\n        return super().forward(text)\nQuiet(3, 4)(x)",
        "return super().forward(text.float())",
    ),
    "many lines": (
        "out, h = rnn(\n    x,  # the batch\n    None,\n)",
        "out, h = rnn(\n    x.float(),  # the batch\n    None,\n)",
    ),
    "a function in one line": ("def f(a): return rnn(a)[0]\nf(x)", "def f(a): return rnn(a.float())[0]"),
    "letters beyond ASCII": ('größe = "ä"; out, h = rnn(x)', 'größe = "ä"; out, h = rnn(x.float())'),
}


@pytest.mark.parametrize("code, fix", PLACES.values(), ids=PLACES.keys())
def test_the_argument_is_rewritten_wherever_the_call_is(code, fix):
    explanation, after = explained(PRELUDE + "rnn, x = nn.RNN(3, 4), torch.zeros(5, 2, 3).double()\n" + code + "\n")
    assert explanation.fix.code == fix and after is not None


def test_a_network_that_a_package_calls_is_explained_without_code():
    """The learner's line neither makes the call nor has its input: there is nothing in it to change."""
    source = "def fit(net):\n    net(torch.zeros(5, 2, 3).double())\n"
    space = {"torch": torch}
    exec(compile(source, "/lib/python/site-packages/fitting.py", "exec"), space)
    explanation = explain_error(failure(PRELUDE + "fit(nn.RNN(3, 4))\n", fit=space["fit"]))
    assert "float64" in explanation.given and not explanation.fix


def test_without_the_source_there_are_words_and_no_code():
    space = {"nn": nn, "torch": torch}
    with pytest.raises(ValueError) as caught:
        exec("def f(a):\n    return nn.RNN(3, 4)(a)\nf(torch.zeros(5, 2, 3).double())", space)
    explanation = explain_error(caught.value)
    assert "float64" in explanation.given and not explanation.fix and "fix" not in repr(explanation)


STRANGE = {
    "nested": "torch.nested.nested_tensor([torch.zeros(5, 3), torch.zeros(2, 3)])",
    "sparse": "torch.zeros(5, 2, 3).to_sparse()",
    "sparse CSR": "torch.zeros(5, 3).to_sparse_csr()",
    "quantized": "torch.quantize_per_tensor(torch.zeros(5, 2, 3), 0.1, 0, torch.quint8)",
    "meta": "torch.zeros(5, 2, 3, device='meta')",
    "a subclass": "torch.zeros(5, 2, 7).as_subclass(type('Own', (torch.Tensor,), {}))",
    "a parameter": "nn.Parameter(torch.zeros(5, 2, 7))",
    "a lazy one": "nn.parameter.UninitializedParameter()",
    "complex": "torch.zeros(5, 2, 3, dtype=torch.complex64)",
    "an object": "type('Odd', (), {'__getattr__': lambda self, name: 1 / 0})()",
}


@pytest.mark.parametrize("thing", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize(
    "call", ["rnn(x)", "rnn(torch.zeros(5, 2, 3), x)", "cell(x)", "pack_padded_sequence(x, [5, 2])", "pad_sequence([x])"]
)
def test_strange_values_never_make_explaining_fail(thing, call, monkeypatch):
    monkeypatch.setattr(explain, "EXCEPTIONS", ())  # no mistake of ours is passed over
    try:
        run(PRELUDE + f"rnn, cell, x = nn.GRU(3, 4), nn.LSTMCell(3, 4), {thing}\n{call}\n")
    except Exception as error:
        explanation = explain_error(error)
        assert explanation is None or repr(explanation) and explanation._repr_html_()


def test_fake_tensors_never_make_explaining_fail(monkeypatch):
    monkeypatch.setattr(explain, "EXCEPTIONS", ())
    with FakeTensorMode():
        with pytest.raises(RuntimeError) as caught:
            nn.RNN(3, 4)(torch.zeros(5, 2, 7))
        assert "H_in=7" in explain_error(caught.value).given
    assert "H_in=7" in explain_error(caught.value).given


def test_a_mistake_of_ours_is_no_error_of_the_learners(monkeypatch):
    monkeypatch.setattr(explain, "find_call", lambda *given: 1 / 0)
    assert explain_error(failure(PRELUDE + "nn.RNN(3, 4)(torch.zeros(5, 2, 7))\n")) is None


@pytest.mark.sweep
def test_without_columns_there_are_words_and_no_code(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import torch\nfrom helpers import explain_error\nrnn, x = torch.nn.RNN(3, 4), torch.zeros(5, 2, 3).double()\n"
        "try:\n    out, h = rnn(x)\nexcept ValueError as error:\n    print(repr(explain_error(error)))\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-X", "no_debug_ranges", script], capture_output=True, text=True, timeout=120, cwd=ROOT
    )
    assert "float64" in done.stdout and "fix" not in done.stdout, done.stderr


TORCHS_OWN = """
import sys, types, unittest
sys.modules["expecttest"] = types.SimpleNamespace(TestCase=unittest.TestCase)  # torch's tests want it, these inputs do not
import torch
from torch.testing._internal.common_modules import module_db
from helpers import explain_error
kinds = [getattr(torch.nn, name + end) for name in ("RNN", "LSTM", "GRU") for end in ("", "Cell")]
for info in module_db:
    if info.module_cls in kinds:
        like = dict(device="cpu", dtype=torch.float32, requires_grad=False, training=True)
        for wrong in info.module_error_inputs_func(info, **like):
            made, called = wrong.module_error_input.constructor_input, wrong.module_error_input.forward_input
            try:
                info.module_cls(*made.args, **made.kwargs)(*called.args, **called.kwargs)
                print("runs", end=" ")
            except Exception as error:
                print(explain_error(error) is not None, end=" ")
"""


@pytest.mark.sweep
def test_torchs_own_wrong_inputs_are_explained():
    """In a process of its own: torch's tests change settings of torch when they are imported."""
    done = subprocess.run([sys.executable, "-c", TORCHS_OWN], capture_output=True, text=True, timeout=120, cwd=ROOT)
    said = done.stdout.split()
    assert len(said) >= 42 and set(said) == {"True"}, done.stderr


def test_an_error_of_another_thread_is_explained():
    with ThreadPoolExecutor(1) as pool:
        error = pool.submit(failure, PRELUDE + "rnn = nn.RNN(3, 4)\nrnn(torch.zeros(5, 2, 3).double())\n").result()
    assert explain_error(error).fix.code == "rnn(torch.zeros(5, 2, 3).double().float())"


def test_a_network_whose_constructor_failed_hides_nothing():
    half_built = failure("from torch import nn\nnn.RNN(3)")  # its traceback keeps it alive
    code = "rnn = nn.RNN(3, 4)\n_, h_n = rnn(torch.zeros(5, 2, 3))\nrnn(torch.zeros(5, 2, 3), h_n[0])\n"
    assert explain_error(failure(PRELUDE + code)).fix.code == "rnn(torch.zeros(5, 2, 3), h_n[0].unsqueeze(0))", half_built


def test_the_error_beneath_another_is_looked_at():
    """`raise ... from error` says itself what it comes from."""
    code = """
rnn = nn.RNN(3, 4)
try:
    rnn(torch.zeros(5, 2, 7))
except RuntimeError as error:
    raise KeyError('features') from error
"""
    assert explain_error(failure(PRELUDE + code)).fix.code == "rnn = nn.RNN(7, 4)"
    assert explain_error(failure(PRELUDE + code.replace("from error", "from None"))) is None


def test_errors_that_come_from_each_other_in_a_circle_have_an_end():
    """`raise error from error` makes the shortest of them."""
    assert explain_error(failure("try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise error from error\n")) is None
    one, other = RuntimeError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert explain_error(one) is None


@pytest.mark.parametrize("given", [None, "input must have 3 dimensions", ValueError, 5])
def test_what_is_no_exception_is_refused(given):
    with pytest.raises(TypeError, match="^error: given .*, expected an exception as it was caught"):
        explain_error(given)


def test_an_explanation_is_frozen_and_says_it_in_three_ways():
    explanation = explain_error(failure(PRELUDE + "rnn = nn.RNN(3, 4)\nx = torch.zeros(5, 2, 7)\nrnn(x)\n"))
    assert isinstance(explanation, Explanation)
    with pytest.raises(AttributeError):
        explanation.rule = "another"
    assert (explanation.given, explanation.expected) == ("input (L=5, N=2, H_in=7)", "input (L, N, H_in=3)")
    assert str(explanation).splitlines()[4] == "  fix       rnn = nn.RNN(7, 4)"
    html = explanation._repr_html_()
    assert "<img alt=" in html and "rnn = nn.RNN(7, 4)" in html
    # No colour of text on a transparent ground: the page's own colours hold in light and in dark themes.
    outside = re.sub(r"<img[^>]*>", "", html)
    assert set(re.findall(r"(?<![-\w])color:([^;\"]+)", outside)) == {"inherit"}
    html = explain_error(failure(PRELUDE + "nn.RNN(3, 4)(['<script>alert(1)</script>'])\n"))._repr_html_()
    assert re.search(r"<script|javascript|\son\w+=", html) is None


@pytest.mark.parametrize(
    "state, axes", [("", "(L, H_in=3)"), (", torch.zeros(1, 4)", "(L, H_in=3)"), (", torch.zeros(1, 1, 4)", "(L, N, H_in=3)")]
)
def test_of_one_time_step_as_many_axes_are_expected_as_the_fix_gives(state, axes):
    explanation = explain_error(failure(PRELUDE + f"nn.RNN(3, 4)(torch.zeros(3){state})\n"))
    assert explanation.expected == f"input {axes}"
    fixed = {"(L, H_in=3)": "torch.zeros(3).unsqueeze(0)", "(L, N, H_in=3)": "torch.zeros(3).reshape(1, 1, -1)"}
    assert fixed[axes] in explanation.fix.code


def test_the_same_error_is_said_in_the_same_words():
    """Outputs of notebooks are stored and compared: no addresses, no numbers of lines or cells."""
    row = next(row for row in ROWS if "last batch is often smaller" in row.cause)
    assert len({explain_error(failure(row.code))._repr_html_() for _ in range(3)}) == 1


def test_nothing_of_the_learners_is_changed():
    code = "rnn, x, h0 = nn.RNN(3, 4), torch.zeros(2, 5, 3), torch.zeros(1, 2, 4)\nrnn(x, h0)\n"
    error = failure(PRELUDE + code)
    frame = error.__traceback__.tb_next.tb_next.tb_frame
    names = dict(frame.f_globals)
    state, weights = torch.random.get_rng_state(), [p.clone() for p in names["rnn"].parameters()]
    text = "".join(traceback.format_exception(error))
    explain_error(error)._repr_html_()
    assert dict(frame.f_globals).keys() == names.keys() and all(frame.f_globals[k] is v for k, v in names.items())
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(weights, names["rnn"].parameters()))
    assert "".join(traceback.format_exception(error)) == text
