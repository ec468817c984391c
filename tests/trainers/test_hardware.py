"""Test what a worker computes with: its own hardware on a cluster, and what options make of it."""

from types import SimpleNamespace
from typing import Any

import pytest
import ray
import torch

from common.mistakes import Mistakes
from trainers.hardware import FASTEST_OPTIMIZER, DetectedHardware, choose, cpu_has_bf16, detect, hardware_of_worker

L4 = DetectedHardware(device="NVIDIA L4", native_bf16=True, environment={"cpu_model": "EPYC"})


def no_gpu(*_: object, **__: object) -> Any:
    raise AssertionError("Torch not compiled with CUDA enabled")


def with_gpu(monkeypatch: pytest.MonkeyPatch, name: str, bf16: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: name)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bf16)


class Remote:
    """Stand for Ray's remote call, in this process."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.resources = answer, dict[str, float]()

    def __call__(self, **resources: float) -> Any:
        self.resources = resources
        return lambda _: SimpleNamespace(remote=lambda gpu: self)

    def get(self, _: object) -> Any:
        if isinstance(self.answer, Exception):
            raise ray.exceptions.RayTaskError("detect", "a traceback", self.answer)
        return self.answer


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Remote:
    """Set up a driver without a GPU on a cluster."""
    remote = Remote(L4)
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    monkeypatch.setattr(ray, "remote", remote)
    monkeypatch.setattr(ray, "get", remote.get)
    for name in ("get_device_name", "is_bf16_supported"):
        monkeypatch.setattr(torch.cuda, name, no_gpu)
    return remote


@pytest.mark.parametrize(("precision", "bf16"), [("auto", True), ("fp32", False)])
def test_on_a_cluster_the_hardware_is_a_workers(cluster: Remote, precision: str, bf16: bool) -> None:
    hardware = choose(precision, "auto", 4, True, hardware_of_worker(4, True))
    assert (hardware.device, hardware.name, hardware.bf16, hardware.threads) == ("cuda", "NVIDIA L4", bf16, 4)
    assert cluster.resources == {"num_cpus": 4, "num_gpus": 1}  # a place as a worker's
    assert hardware.line().startswith("NVIDIA L4, ")


def test_what_is_wrong_at_a_worker_is_a_mistake(cluster: Remote) -> None:
    cluster.answer = Mistakes("gpu: torch 2 on node-3 has no GPU")
    with pytest.raises(Mistakes, match="^gpu: torch 2 on node-3 has no GPU$"):
        hardware_of_worker(1, True)
    cluster.answer = ImportError("no module named torch")
    with pytest.raises(Mistakes, match="workers: the hardware of one could not be detected: ImportError"):
        hardware_of_worker(1, True)


def test_for_a_local_ray_no_worker_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "remote", no_gpu)
    assert hardware_of_worker(1, False).device == "CPU"


def test_a_process_with_a_gpu_detects_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpu(monkeypatch, "Tesla T4", bf16=False)
    seen = detect(gpu=True)
    assert (seen.device, seen.native_bf16) == ("Tesla T4", False)
    assert seen.environment["versions"]["torch"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Mistakes, match=r"gpu: torch .* on .* has no GPU that it can use; allowed: "):
        detect(gpu=True)


@pytest.mark.parametrize(
    ("capability", "native"), [("avx512_bf16", True), ("amx_bf16", True), ("bf16", True), ("avx2", False)]
)
def test_a_processor_that_multiplies_bf16_is_known_by_its_capabilities(
    capability: str, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, capability: True})
    assert cpu_has_bf16() is native
    assert detect(gpu=False).native_bf16 is native


@pytest.mark.parametrize(
    ("precision", "native", "bf16"),
    [("auto", True, True), ("auto", False, False), ("bf16", False, True), ("fp32", True, False)],
)
def test_auto_takes_bf16_where_it_is_native(precision: str, native: bool, bf16: bool) -> None:
    seen = DetectedHardware(device="CPU", native_bf16=native, environment={})
    hardware = choose(precision, "adamw_torch", 2, False, seen)
    assert (hardware.bf16, hardware.optimizer, hardware.device) == (bf16, "adamw_torch", "cpu")
    words = "bf16 autocast" if bf16 else "fp32"
    assert hardware.line() == f"CPU, {words}, adamw_torch, 2 threads a worker"


def test_auto_takes_the_fastest_optimizer_and_this_process_where_no_worker_answered() -> None:
    hardware = choose("fp32", "auto", 1, False)
    assert (hardware.optimizer, hardware.name) == (FASTEST_OPTIMIZER, "CPU")
    assert hardware.line().endswith(", 1 thread a worker")
