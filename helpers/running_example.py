"""The running example of notebooks 00 to 05: the weather of 2 cities over 5 days, with 3 measurements a day. It is made up."""

import torch
from torch import Tensor

from .pictures.tables import Table

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")  # L = 5
CITIES = ("Bergen", "Cairo")  # N = 2
MEASUREMENTS = ("temperature °C", "humidity %", "wind km/h")  # H_in = 3
MEASURED = (  # for each day, each city's three measurements
    ((8, 85, 30), (27, 30, 12)),
    ((9, 90, 34), (29, 28, 10)),
    ((7, 80, 25), (31, 22, 18)),
    ((5, 70, 15), (24, 40, 28)),
    ((6, 75, 12), (26, 35, 15)),
)


def weather() -> Tensor:
    """The weather as the input of an RNN: standardised, so that each measurement has mean 0 and standard deviation 1.

    >>> x = weather()
    >>> x.shape  # (L, N, H_in): days, cities, measurements
    torch.Size([5, 2, 3])
    >>> x[0, 1]  # Monday in Cairo: warm, dry, not much wind
    tensor([ 0.8948, -0.9532, -0.9177])

    Returns
    -------
    Tensor : (L=5, N=2, H_in=3), float32, on the CPU
    """
    measured = torch.tensor(MEASURED, dtype=torch.float32)
    return (measured - measured.mean((0, 1))) / measured.std((0, 1))


def show_weather() -> Table:
    """What was measured: one row for each day and city, in the order in which `weather` has them.

    >>> print(repr(show_weather()).split("\\n")[1])
    Mon  Bergen  8               85          30
    """
    rows = [(day, city, *map(str, row)) for day, cities in zip(DAYS, MEASURED) for city, row in zip(CITIES, cities)]
    return Table(("day", "city", *MEASUREMENTS), tuple(rows))
