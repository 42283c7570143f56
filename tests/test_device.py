"""Where the tensors live, on a machine with CUDA and on one without: both are played, so neither is needed."""

import platform

import pytest
import torch

from helpers import environment_report, pick_device


@pytest.fixture
def with_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "Imaginary GPU")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.backends.cudnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    before = torch.backends.cudnn.allow_tf32
    yield
    torch.backends.cudnn.allow_tf32 = before


@pytest.fixture
def without_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.backends.cudnn, "is_available", lambda: False)

    def fail(device=None):
        raise AssertionError("asked for the name of a GPU that is not there")

    monkeypatch.setattr(torch.cuda, "get_device_name", fail)


def report():
    return dict(line.split(maxsplit=1) for line in environment_report().splitlines())


def test_cuda_is_taken_when_there_is_one(with_cuda):
    assert pick_device() == torch.device("cuda")
    assert report() == {
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "CUDA": "13.0",
        "cuDNN": "91002",
        "device": "cuda (Imaginary GPU)",
    }


def test_float32_keeps_its_digits_on_cuda(with_cuda):
    torch.backends.cudnn.allow_tf32 = True
    pick_device()
    assert torch.backends.cudnn.allow_tf32 is False


def test_the_cpu_is_taken_when_there_is_none(without_cuda):
    assert pick_device() == torch.device("cpu")
    seen = report()
    assert seen["CUDA"] == seen["cuDNN"] == "not in this build of torch"
    assert seen["device"].startswith("cpu (")


def test_a_build_with_cuda_on_a_machine_without_is_told_apart(without_cuda, monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert report()["CUDA"] == "13.0" and report()["device"].startswith("cpu (")


def test_the_report_is_aligned():
    assert all(line[7] == " " and line[8] != " " for line in environment_report().splitlines())


def test_a_tensor_can_live_there():
    assert torch.zeros(2, device=pick_device()).sum() == 0
