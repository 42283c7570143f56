"""explore_learning_rate: from too small to diverging, and every setting of it is drawn well."""

import pytest
import torch
from explorer_sweep import require_well_formed, values
from test_diagrams import complaints

from helpers import explore_learning_rate
from helpers.pictures.descent import draw_descent


@pytest.fixture
def explorer():
    return explore_learning_rate()


def test_the_steps_are_those_of_torch(explorer):
    explorer.controls["lr"].value = 0.07
    w = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.07)
    for expected in explorer.state.weights:
        assert w.item() == pytest.approx(expected, abs=1e-5)
        optimizer.zero_grad()
        ((2.0 * w - 6.0) ** 2).backward()
        optimizer.step()


@pytest.mark.parametrize(
    "lr, said", [(0.01, "The steps are small"), (0.12, "close to the lowest loss"), (0.24, "jumps over"), (0.3, "too large")]
)
def test_what_is_said_about_a_learning_rate(explorer, lr, said):
    explorer.controls["lr"].value = lr
    assert said in explorer.html[0] and f"w = {explorer.state.weights[-1]:.2f}" in explorer.html[0]


def test_every_setting_is_drawn_on_its_paper(explorer):
    for lr in values(explorer.controls["lr"]):
        explorer.controls["lr"].value = lr
        require_well_formed(explorer)
        assert complaints(draw_descent(explorer.state.weights, 6.0, 2.0)) == []
        assert explorer.html[1].count("<circle") == 11
