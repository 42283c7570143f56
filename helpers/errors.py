"""From an exception to what is wrong and how to mend it; once switched on, beneath every traceback of a notebook."""

from .calls import Call, find_call, steps_of
from .explanations import Explanation
from . import rules_input, rules_making, rules_packing, rules_states

FORWARD = [
    rules_input.check_signature, rules_input.check_kind, rules_input.check_axes,
    rules_states.check_state_kind, rules_states.check_state_axes,
    rules_input.check_type, rules_input.check_size, rules_input.check_batch_sizes,
    rules_states.check_state_shape, rules_making.check_nonlinearity,
    rules_input.check_device, rules_states.check_state_device, rules_states.check_state_type, rules_input.check_steps,
]


def explain_error(error):
    steps = steps_of(error.__traceback__)
    call = find_call(steps, str(error))
    if call is None: return None
    if call.kind == "make": return rules_making.check_making(call, str(error))
    rules = FORWARD if call.kind == "forward" else rules_packing.CHECKS
    return next(filter(None, (r(call) for r in rules)), None)
