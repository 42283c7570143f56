"""The device of the tensors, a report of the environment, the threads of torch, and the random generators."""

import platform
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


def pick_device() -> torch.device:
    """The device every notebook uses: CUDA when torch can use it, the CPU otherwise.

    >>> pick_device().type in ("cuda", "cpu")
    True

    On CUDA, cuDNN is told to compute in full float32. By default its RNNs may round each factor to 10 bits (TF32) on newer
    GPUs. Then results that agree within 1e-6 on a CPU would differ by 1e-3.

    Source: torch.cuda.is_available; torch.backends.cudnn.allow_tf32.
    """
    if torch.cuda.is_available():
        torch.backends.cudnn.allow_tf32 = False
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def environment_report() -> str:
    """The versions of Python, torch, CUDA and cuDNN and the device of this kernel, one per line.

    >>> print(environment_report())
    Python  ...
    torch   ...
    CUDA    ...
    cuDNN   ...
    device  ...

    Source: torch.version.cuda, torch.backends.cudnn.version, torch.cuda.get_device_name.
    """
    device = pick_device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    cudnn = torch.backends.cudnn.version() if torch.backends.cudnn.is_available() else None
    facts = {
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "CUDA": torch.version.cuda or "not in this build of torch",
        "cuDNN": cudnn or "not in this build of torch",
        "device": f"{device.type} ({name})",
    }
    return "\n".join(f"{key:<7} {value}" for key, value in facts.items())


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread inside the block: with small networks this is faster, and times vary less on a busy machine.

    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def fork_rngs() -> Iterator[None]:
    """Restore the random state of torch, Python and NumPy after the block, as `torch.random.fork_rng` does for torch alone.

    >>> before = torch.get_rng_state()
    >>> with fork_rngs():
    ...     _ = torch.rand(3)
    >>> torch.equal(before, torch.get_rng_state())
    True
    """
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(range(torch.cuda.device_count())):  # without a list torch warns if there are many
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def seed_torch(seed: int) -> None:
    """Do what `torch.manual_seed` does; where there is only a CPU, without a millisecond's search for accelerators.

    >>> seed_torch(0); before = torch.rand(1)
    >>> _ = torch.manual_seed(0)
    >>> torch.equal(before, torch.rand(1))
    True
    """
    (torch if torch.accelerator.is_available() else torch.default_generator).manual_seed(seed)


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A tensor from any device, as float64 if it is float64, and as float32 otherwise, because NumPy has no bfloat16.

    >>> to_numpy(torch.zeros(2, dtype=torch.bfloat16)).dtype
    dtype('float32')
    """
    return (tensor if tensor.dtype == torch.float64 else tensor.float()).numpy(force=True)  # detached, on the CPU
