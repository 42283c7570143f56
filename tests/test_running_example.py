"""The running example, and the two pictures that only notebook 00 has: the weather, the three tasks, NumPy beside torch."""

import numpy as np
import pytest
import torch

from helpers import draw_tasks, show_weather, weather
from helpers.pictures.phrasebook import PHRASES
from helpers.running_example import CITIES, DAYS, MEASUREMENTS


def test_the_weather_is_standardised_and_its_table_has_the_same_order():
    x = weather()
    assert x.shape == (len(DAYS), len(CITIES), len(MEASUREMENTS)) == (5, 2, 3)
    torch.testing.assert_close(x.mean((0, 1)), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(x.std((0, 1)), torch.ones(3))
    rows = show_weather().rows
    assert [row[:2] for row in rows] == [(day, city) for day in DAYS for city in CITIES]
    measured = torch.tensor([[float(cell) for cell in row[2:]] for row in rows])
    assert torch.equal(measured.argsort(0), x.flatten(0, 1).argsort(0))


@pytest.mark.parametrize("meaning, in_numpy, in_torch", PHRASES, ids=[phrase[0] for phrase in PHRASES])
def test_both_sides_of_the_phrasebook_do_the_same(meaning, in_numpy, in_torch):
    a, b = np.arange(6.0, dtype=np.float32).reshape(2, 3), np.ones((2, 3), dtype=np.float32)
    there = eval(in_numpy, {"np": np, "a": a, "b": b})
    here = eval(in_torch, {"torch": torch, "a": torch.tensor(a), "b": torch.tensor(b)})
    assert np.shape(there) == tuple(np.shape(here)) and np.array_equal(there, np.array(here))
    assert type(here) in (torch.Tensor, torch.Size, float)


def test_each_task_has_its_frame_and_its_answers():
    drawn = draw_tasks().data
    assert drawn.count("stroke='#009E73'") == 2 and drawn.count("stroke-dasharray") == 1  # output twice, h_n once
    assert drawn.count("<circle") == 12 and all(f">x[{t}]?</text>" in drawn for t in range(1, 5))
