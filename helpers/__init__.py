"""The shared code of the course. Everything public is importable from here:

>>> from helpers import trace, draw_unrolled

Names are looked up when they are first used, so that a notebook without plots never waits for matplotlib, and one
without words never waits for torchnlp.
"""

from importlib import import_module

# In this order a module imports only from the ones above it; a test reads the imports and holds us to it.
PUBLIC = {
    "notation": [],
    "wording": [],
    "device": ["pick_device", "environment_report"],
    "checks": [],
    "rnn.shapes": ["Shape", "Shapes", "expected_shapes"],
    "rnn.recurrence": ["run_recurrence"],
    "rnn.traces": ["Trace", "trace"],
    "rnn.stepwise": ["step_by_step"],
    "rnn.gradients": ["gradient_norms", "spectrum"],
    "words.vector_lines": [],
    "words.vector_files": [],
    "words.downloads": [],
    "words.cache": [],
    "words.vector_sources": [],
    "words.glove": ["load_glove", "neighbours", "similarity", "analogy"],
    "words.sentences": ["tokenize", "embed"],
    "words.reviews": ["make_reviews"],
    "words.corpus": [],
    "pictures.picture": ["show"],
    "pictures.svg": [],
    "pictures.cells": [],
    "pictures.layout": [],
    "pictures.tables": ["show_shapes", "show_parameters"],
    "pictures.unrolled": ["draw_unrolled"],
    "pictures.diagrams": ["draw_step", "draw_tensors"],
    "pictures.timelines": ["draw_hidden", "draw_response", "draw_gradients", "draw_verdicts"],
    "pictures.packing": ["draw_padded", "draw_packed", "draw_final_states"],
    "pictures.mixups": ["draw_reading", "draw_owners", "draw_difference"],
    "pictures.labels": [],
    "pictures.plots": [
        "plot_nonlinearities",
        "plot_trajectory",
        "plot_similarities",
        "plot_table",
        "plot_curves",
        "plot_training",
        "plot_accuracies",
        "plot_reading",
    ],
    "speed": ["forward_ways", "measure", "stored_speeds"],
    "training": ["pack", "train", "accuracy", "verdicts"],
    "trials": [],
    "habits": ["check_habits"],
    "exercises.answers": [],
    "exercises.sandbox": [],
    "exercises.cases": [],
    "exercises.exercise": [],
    "exercises.about_beginnings": [],
    "exercises.about_shapes": [],
    "exercises.about_layers": [],
    "exercises.about_sentences": [],
    "exercises.about_training": [],
    "exercises.about_mistakes": [],
    "exercises.differences": [],
    "exercises.judging": [],
    "exercises.verdict": [],
    "exercises.checking": ["check"],
    "exercises.questions": [],
    "exercises.quiz": [],
    "explorers.live": ["progress"],
    "explorers.projector": ["projector"],
    "explorers.quiz": ["predict", "explore_quiz"],
    "explorers.snippets": [],
    "explorers.views": [],
    "explorers.networks": [
        "explore",
        "explore_neuron",
        "explore_constructor",
        "explore_shapes",
        "explore_steps",
        "explore_layers",
        "explore_gradient",
        "explore_speed",
    ],
    "explorers.sentences": ["explore_sentence", "explore_packing", "explore_reviews"],
    "errors.explanations": ["Explanation"],
    "errors.code": [],
    "errors.calls": [],
    "errors.mends": [],
    "errors.sizes": [],
    "errors.rules.making": [],
    "errors.rules.calling": [],
    "errors.rules.inputs": [],
    "errors.rules.states": [],
    "errors.rules.state_sizes": [],
    "errors.rules.padding": [],
    "errors.rules.lengths": [],
    "errors.rules.returned": [],
    "errors.rules.backward": [],
    "errors.rules.warned": [],
    "errors.explain": ["explain_error"],
    "errors.beneath": ["explain_errors"],
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
