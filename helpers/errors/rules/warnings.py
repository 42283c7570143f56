"""The warnings of recurrent networks: nothing fails, yet something is not as it was meant."""

import re

from ..calls import Call, ConstructorCall, PackingCall
from ..explanations import Explanation, Fix, about
from ..fixes import rewrite, with_arguments


def explain_warning(message: str, call: Call | None) -> Explanation | None:
    """One of torch's warnings about these classes, known by its keywords; with its call if that is still at hand."""
    if "dropout" in message and "num_layers" in message:
        number = re.search(r"dropout=([\d.]+)", message)
        rule, given = "dropout acts between stacked layers only.", f"{number[1] if number else '> 0'} with num_layers=1"
        cause = "Dropout acts between stacked layers, and a single layer has none above it: here it does nothing at all. Leave "
        cause += "it out, or stack layers with num_layers=2. To drop elements of the output, put an nn.Dropout after the network."
        fix = with_arguments(call, dropout=None) if isinstance(call, ConstructorCall) else Fix()
        return about("dropout", rule, given, "0 with num_layers=1, or two layers and more", cause, fix)
    if "contiguous" in message and "weights" in message and "RNN" in message:
        cause = "The weights were copied one by one, as by a copy of the network or by DataParallel. The results are right. "
        cause += "On a GPU each call gathers the weights anew, which costs memory, until flatten_parameters() is called."
        return about("weights", "cuDNN wants the weights side by side in memory.", "scattered in memory", "one block", cause)
    if "pack_padded_sequence" in message and "trace" in message:
        cause = "torch.jit.trace records what happens to tensors only: numbers in a list become constants of the traced network."
        fix = rewrite(call, "lengths", "{torch.as_tensor}({})") if isinstance(call, PackingCall) else Fix()
        return about("lengths", "Under torch.jit.trace, lengths must be a tensor.", "a list", "a tensor", cause, fix)
    return None
