"""From an exception to what is wrong and how to fix it: which rules are asked, in which order."""

import re
import reprlib
import warnings
from collections.abc import Callable
from types import FrameType

from .calls import Call, ConstructorCall, ForwardCall, PackingCall, find_call
from .explanations import Explanation, Fix, Rule
from .facts import Facts
from .fixes import Check, explained, rewrite, with_arguments
from .rules import backward, constructor, inputs, outputs, packing, states
from .source import Frame, steps_of

# In the order in which torch looks, so that the first rule that is broken is the one torch complained about. With a fix, none of
# TRIED may be broken: a wrong device is another error.
TRIED: list[Callable[[Facts], Check]] = [inputs.check_kind, inputs.check_steps, constructor.check_made, inputs.check_axes]
TRIED += [states.check_state_kind, inputs.check_dtype, inputs.check_features]
TRIED += [lambda facts: packing.check_batch_sizes(facts.input), states.check_state_shape]
FORWARD = [inputs.check_signature, *TRIED, inputs.check_device, states.check_state_like_input, inputs.check_weights]
PACKING: dict[str, list[Callable[[PackingCall], Check]]] = {
    "pad_sequence": [packing.check_sequences],
    "pack_sequence": [packing.check_sequences, packing.check_order],
    "pack_padded_sequence": [packing.check_padded, packing.check_lengths, packing.check_order],
    "pad_packed_sequence": [packing.check_packed],
    "unpack_sequence": [packing.check_packed],
    "PackedSequence": [packing.check_made_by_hand],
}
EXCEPTIONS = (Exception,)
KINDS = (RuntimeError, ValueError, TypeError, AttributeError, IndexError, AssertionError)


def explain_error(error: BaseException | warnings.WarningMessage) -> Explanation | None:
    """Say what a caught error of a recurrent network means, and what to write instead.

    >>> import torch
    >>> from torch import nn
    >>> rnn, x = nn.RNN(3, 4, batch_first=True), torch.zeros(2, 3, 5)
    >>> try:
    ...     output, h_n = rnn(x)
    ... except RuntimeError as error:
    ...     print(explain_error(error))  # doctest: +ELLIPSIS
    The last axis of the input is H_in, the features of a time step: this network has input_size=3.
      given     input (N=2, L=3, H_in=5)
      expected  input (N, L, H_in=3)
      cause     The features are in the middle, as nn.Conv1d has them, instead of last. ...
      fix       output, h_n = rnn(x.transpose(1, 2))
      where     Instead of this line: output, h_n = rnn(x)

    Parameters
    ----------
    error : an exception as it was caught, with its traceback; or a warning, as `warnings.catch_warnings(record=True)`
            keeps it. Of `raise ... from error` the error beneath is looked at, too

    Returns
    -------
    Explanation : if an nn.RNN, LSTM, GRU, RNNCell, LSTMCell or GRUCell raised it (called or made), or a function of
        torch.nn.utils.rnn; if a backward() through such a network did, or that of a loss without a graph, where the line could
        name such a network; if load_state_dict() of one did, because weights do not fit; or if something was given all that a
        network, a model around one, or pad_packed_sequence returned in the place of one
        tensor; else None. It has a fix only if that is certain: the changed call must break no rule

    Nothing of yours is run or changed. The explanation comes from the arguments themselves, which are found in the traceback.
    The text of a message is used only where the arguments do not show the cause, because this text changes between versions of
    torch.

    Raises
    ------
    TypeError : error is not an exception, but its text, say, or its class.
    """
    if isinstance(error, warnings.WarningMessage):
        error = error.message if isinstance(error.message, BaseException) else UserWarning(error.message)
    if not isinstance(error, BaseException):
        given = reprlib.repr(error)
        raise TypeError(f"error: given {given}, expected an exception as it was caught, as in `except RuntimeError as error`")
    looked_at: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and not any(following is other for other in looked_at):  # `raise error from error` is a circle
        try:
            explanation = _explain(following, steps_of(following.__traceback__))
        except EXCEPTIONS:  # whatever the values are, a mistake of ours must not hide the learner's error
            explanation = None
        if explanation is not None:
            return explanation
        looked_at.append(following)
        following = following.__cause__
    return None


def explain_running(warning: Warning | str, frame: FrameType) -> Explanation | None:
    """A warning has no traceback, but the lines that caused it are still running."""
    steps = [step for step in steps_of(frame) if step.file != warnings.__file__]
    return explain_warning(str(warning), find_call(steps, UserWarning()))


def _explain(error: BaseException, steps: list[Frame]) -> Explanation | None:
    if isinstance(error, Warning):
        return explain_warning(str(error), find_call(steps, error))
    if not isinstance(error, KINDS):
        return None
    call = find_call(steps, error)
    found = outputs.explain_output(error, steps)
    if found is not None:
        return found
    if isinstance(call, ForwardCall):
        facts = Facts(call, TRIED)
        return next(filter(None, (explained(facts, check(facts)) for check in FORWARD)), None)
    if isinstance(call, PackingCall):
        checks = [packing.check_arguments, *PACKING.get(call.name, [])]
        return next(filter(None, (explained(call, check(call)) for check in checks)), None)
    if isinstance(call, ConstructorCall):
        return explained(call, constructor.check_constructor(call))
    return constructor.explain_loading(steps) or backward.explain_backward(steps, str(error))


def explain_warning(message: str, call: Call | None) -> Explanation | None:
    """One of torch's warnings about these classes, known by its keywords; with its call if that is still at hand."""
    if "dropout" in message and "num_layers" in message:
        number = re.search(r"dropout=([\d.]+)", message)
        rule, given = "dropout acts between stacked layers only.", f"{number[1] if number else '> 0'} with num_layers=1"
        cause = "A single layer has none above it: here it does nothing at all. Leave it out, or put an nn.Dropout after it."
        fix = with_arguments(call, dropout=None) if isinstance(call, ConstructorCall) else Fix()
        return Rule("dropout", rule, given, "0 with num_layers=1, or two layers and more").explained(cause, fix)
    if "contiguous" in message and "weights" in message and "RNN" in message:
        cause = "The weights were copied one by one, as by a copy of the network or by DataParallel. The results are right. "
        cause += "On a GPU each call gathers the weights anew, which costs memory, until flatten_parameters() is called."
        return Rule("weights", "cuDNN wants the weights side by side in memory.", "scattered", "in one block").explained(cause)
    if "pack_padded_sequence" in message and "trace" in message:
        cause = "torch.jit.trace records what happens to tensors only: numbers in a list become constants of the traced network."
        fix = rewrite(call, "lengths", "{torch.as_tensor}({})") if isinstance(call, PackingCall) else Fix()
        return Rule("lengths", "Under torch.jit.trace, lengths must be a tensor.", "a list", "a tensor").explained(cause, fix)
    return None
