"""How much work something is, on any machine: its time in this thread, beside that of a fixed piece of work."""

import time
from statistics import median


def seconds_of_this_thread(work):
    """Other threads and other programs do not count."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def effort(*works):
    """How many times as long as adding up 100,000 squares in Python, which is done beside each of them; the median of all."""
    return median(
        seconds_of_this_thread(work) / seconds_of_this_thread(lambda: sum(i * i for i in range(100_000))) for work in works
    )
