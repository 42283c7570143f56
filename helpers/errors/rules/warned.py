"""The warnings of recurrent networks: nothing fails, yet something is not as it was meant."""

import re

from ..calls import Call
from ..explanations import Explanation, Fix, Side, culprit
from ..mends import change, network, put, spell, with_arguments


def explain_warning(message: str, call: Call | None) -> Explanation | None:
    """One of torch's warnings about these classes, known by its keywords; with its call if that is still at hand."""
    if "dropout" in message and "num_layers" in message:
        return _dropout(message, call)
    if "contiguous" in message and "weights" in message and "RNN" in message:
        return _scattered(call)
    if "pack_padded_sequence" in message and "trace" in message:
        return _traced(call)
    return None


def _dropout(message: str, call: Call | None) -> Explanation:
    number = re.search(r"dropout=([\d.]+)", message)
    given = culprit("dropout", f"{number[1] if number else '> 0'} with num_layers=1")
    expected = Side("dropout", note="0 with num_layers=1, or two layers and more")
    cause = (
        "Dropout acts between stacked layers, and one layer has nothing above it: here it does nothing "
        "at all. Leave it out, or "
        "stack layers with num_layers=2. To drop numbers of the output, put an nn.Dropout behind the network."
    )
    fix = Fix("num_layers=2", "make")
    if call is not None and call.kind == "make":
        fix = with_arguments(call, f"{spell(call, 'torch.' + call.what)}({_without_dropout(call)})", dropout=None)
    return Explanation("dropout acts between stacked layers only.", given, expected, cause, fix)


def _without_dropout(call: Call) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in call.given.items() if key not in ("dropout", "nonlinearity"))


def _scattered(call: Call | None) -> Explanation:
    given = culprit("weights", "scattered in memory")
    cause = (
        "The weights were copied one by one, by a copy of the network or by DataParallel. The results "
        "are right; on a graphics "
        "card each call gathers the weights anew, which costs memory."
    )
    name = network(call) if call is not None else "rnn"
    fix = put(call, f"{name}.flatten_parameters()") if call is not None else Fix("rnn.flatten_parameters()")
    return Explanation("cuDNN wants the weights side by side in memory.", given, (Side("weights", note="one block"),), cause, fix)


def _traced(call: Call | None) -> Explanation:
    given, expected = culprit("lengths", "a list"), Side("lengths", note="a tensor")
    cause = "torch.jit.trace writes down what happens to tensors only: numbers in a list become constants of the traced network."
    fix = Fix("lengths = torch.as_tensor(lengths)")
    if call is not None:
        fix = change(call, "lengths", f"{spell(call, 'torch.as_tensor')}({{}})")
    return Explanation("Under torch.jit.trace, lengths must be a tensor.", given, expected, cause, fix)
