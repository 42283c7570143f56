"""The shared code of the course. Everything public is importable from here:

>>> from helpers import trace, draw_unrolled

Names are looked up when they are first used, so that a notebook without plots never waits for matplotlib, and one
without words never waits for torchnlp.
"""

from importlib import import_module

# In this order a module imports only from the ones above it; a test reads the imports and holds us to it.
PUBLIC = {
    "notation": [],
    "shapes": ["Shape", "Shapes", "expected_shapes"],
    "recurrence": ["run_recurrence"],
    "device": ["pick_device", "environment_report"],
    "pictures": ["show"],
    "vector_files": [],
    "downloads": [],
    "kept_files": [],
    "vector_sources": [],
    "glove": ["load_glove", "neighbours", "similarity", "analogy"],
    "traces": ["Trace", "trace"],
    "sentences": ["tokenize", "embed"],
    "reviews": ["make_reviews"],
    "gradients": ["gradient_norms", "spectrum"],
    "stepwise": ["step_by_step"],
    "svg": [],
    "tables": ["show_shapes", "show_parameters"],
    "speed": ["forward_ways", "measure", "stored_speeds"],
    "unrolled": ["draw_unrolled"],
    "diagrams": ["draw_step", "draw_tensors"],
    "timelines": ["draw_hidden", "draw_response", "draw_gradients", "draw_verdicts"],
    "packing": ["draw_padded", "draw_packed", "draw_final_states"],
    "plots": [
        "plot_nonlinearities",
        "plot_trajectory",
        "plot_similarities",
        "plot_curves",
        "plot_training",
        "plot_accuracies",
        "plot_reading",
    ],
    "training": ["pack", "train", "accuracy", "verdicts"],
    "mixups": ["draw_reading", "draw_owners", "draw_difference"],
    "trials": [],
    "habits": ["check_habits"],
    "snippets": [],
    "live": ["progress"],
    "quiz": ["predict"],
    "views": [],
    "explanations": ["Explanation"],
    "calls": [],
    "mends": [],
    "sizes": [],
    "rules_making": [],
    "rules_call": [],
    "rules_input": [],
    "rules_states": [],
    "rules_state_sizes": [],
    "rules_padding": [],
    "rules_lengths": [],
    "rules_autograd": [],
    "rules_warnings": [],
    "errors": ["explain_error", "explain_errors"],
    "explorers": [
        "explore",
        "explore_neuron",
        "explore_constructor",
        "explore_shapes",
        "explore_steps",
        "explore_layers",
        "explore_gradient",
        "explore_speed",
    ],
    "sentence_explorers": ["explore_sentence", "explore_packing", "explore_reviews"],
}
__all__ = [name for names in PUBLIC.values() for name in names]
_MODULE = {name: module for module, names in PUBLIC.items() for name in names}


def __getattr__(name: str):
    if name not in _MODULE:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value = getattr(import_module(f".{_MODULE[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
