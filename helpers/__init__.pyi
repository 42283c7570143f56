# What `from helpers import ...` offers: editors, mypy and `__init__.py` read this file, so a public name is added here and
# nowhere else. In a stub, only `name as name` makes an imported name public.

from .device import environment_report as environment_report
from .device import pick_device as pick_device
from .errors.expected import expect_error as expect_error
from .errors.explain import explain_error as explain_error
from .errors.explanations import Explanation as Explanation
from .errors.ipython_hook import explain_errors as explain_errors
from .exercises.checking import check as check
from .explorers.live import progress as progress
from .explorers.networks import explore as explore
from .explorers.networks import explore_constructor as explore_constructor
from .explorers.networks import explore_gradient as explore_gradient
from .explorers.networks import explore_layers as explore_layers
from .explorers.networks import explore_neuron as explore_neuron
from .explorers.networks import explore_shapes as explore_shapes
from .explorers.networks import explore_speed as explore_speed
from .explorers.networks import explore_steps as explore_steps
from .explorers.predictions import predict as predict
from .explorers.projector import projector as projector
from .explorers.sentences import explore_packing as explore_packing
from .explorers.sentences import explore_reviews as explore_reviews
from .explorers.sentences import explore_sentence as explore_sentence
from .explorers.shape_quiz import explore_quiz as explore_quiz
from .habits import check_habits as check_habits
from .pictures.diagrams import draw_step as draw_step
from .pictures.diagrams import draw_tensors as draw_tensors
from .pictures.mixups import draw_difference as draw_difference
from .pictures.mixups import draw_owners as draw_owners
from .pictures.mixups import draw_reading as draw_reading
from .pictures.packing import draw_final_states as draw_final_states
from .pictures.packing import draw_packed as draw_packed
from .pictures.packing import draw_padded as draw_padded
from .pictures.picture import show as show
from .pictures.plots import plot_accuracies as plot_accuracies
from .pictures.plots import plot_curves as plot_curves
from .pictures.plots import plot_nonlinearities as plot_nonlinearities
from .pictures.plots import plot_reading as plot_reading
from .pictures.plots import plot_similarities as plot_similarities
from .pictures.plots import plot_table as plot_table
from .pictures.plots import plot_training as plot_training
from .pictures.plots import plot_trajectory as plot_trajectory
from .pictures.tables import show_parameters as show_parameters
from .pictures.tables import show_shapes as show_shapes
from .pictures.timelines import draw_gradients as draw_gradients
from .pictures.timelines import draw_hidden as draw_hidden
from .pictures.timelines import draw_response as draw_response
from .pictures.timelines import draw_verdicts as draw_verdicts
from .pictures.unrolled import draw_unrolled as draw_unrolled
from .rnn.gradients import gradient_norms as gradient_norms
from .rnn.gradients import spectrum as spectrum
from .rnn.recurrence import run_recurrence as run_recurrence
from .rnn.shapes import Shape as Shape
from .rnn.shapes import Shapes as Shapes
from .rnn.shapes import expected_shapes as expected_shapes
from .rnn.stepwise import step_by_step as step_by_step
from .rnn.traces import Trace as Trace
from .rnn.traces import trace as trace
from .speed import forward_ways as forward_ways
from .speed import measure as measure
from .speed import stored_speeds as stored_speeds
from .training import accuracy as accuracy
from .training import pack as pack
from .training import train as train
from .training import verdicts as verdicts
from .words.glove import analogy as analogy
from .words.glove import load_glove as load_glove
from .words.glove import neighbours as neighbours
from .words.glove import similarity as similarity
from .words.reviews import make_reviews as make_reviews
from .words.sentences import embed as embed
from .words.sentences import tokenize as tokenize

__version__: str
UNROLLED: str
PUBLIC: dict[str, str]
