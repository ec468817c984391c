"""Test the steps before the first worker: where hardware is detected, and what remains after a failure."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
import torch

from common.mistakes import Mistakes
from common.run_folder import RunFolder
from pairs.reading import NO_PROMPTS
from trainers import hardware
from trainers.hardware import Seen, ask_worker, choose, look
from workflows import session as start

L4 = Seen(device="NVIDIA L4", native_bf16=True, environment={"cpu_model": "EPYC"})


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
            raise ray.exceptions.RayTaskError("look", "a traceback", self.answer)
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
def test_on_a_cluster_a_worker_is_asked(cluster: Remote, precision: str, bf16: bool) -> None:
    found = choose(precision, "auto", 4, True, ask_worker(4, True))
    assert (found.device, found.name, found.bf16, found.threads) == ("cuda", "NVIDIA L4", bf16, 4)
    assert cluster.resources == {"num_cpus": 4, "num_gpus": 1}  # a place as a worker's
    assert found.line().startswith("NVIDIA L4, ")


def test_what_is_wrong_at_a_worker_is_a_mistake(cluster: Remote) -> None:
    cluster.answer = Mistakes("gpu: torch 2 on node-3 has no GPU")
    with pytest.raises(Mistakes, match="^gpu: torch 2 on node-3 has no GPU$"):
        ask_worker(1, True)
    cluster.answer = ImportError("no module named torch")
    with pytest.raises(Mistakes, match="workers: one of them cannot say what it computes with: ImportError"):
        ask_worker(1, True)


def test_a_local_ray_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "remote", no_gpu)
    assert ask_worker(1, False).device == "CPU"


def test_a_worker_says_what_its_gpu_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpu(monkeypatch, "Tesla T4", bf16=False)
    seen = look(gpu=True)
    assert (seen.device, seen.native_bf16) == ("Tesla T4", False)
    assert seen.environment["versions"]["torch"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Mistakes, match=r"gpu: torch .* on .* has no GPU that it can use; allowed: "):
        look(gpu=True)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a valid request."""
    monkeypatch.setattr(start, "refuse_missing", lambda *_: None)
    options = SimpleNamespace(cpus_per_worker=2, gpu=True, precision="auto", optimizer="auto")
    return SimpleNamespace(
        options=options,
        model=SimpleNamespace(check_loads=lambda *_: None),
        max_length=64,
        prompts=NO_PROMPTS,
        pairs=SimpleNamespace(fingerprint="f", manifest={}),
        audit=SimpleNamespace(to_dict=dict),
        to_dict=lambda: {"task": "invoices"},
    )


def test_nothing_is_written_before_a_worker_has_answered(cluster: Remote, asked: Any, tmp_path: Path) -> None:
    run = RunFolder.claim(str(tmp_path / "run"))
    cluster.answer = Mistakes("gpu: none")
    with pytest.raises(Mistakes, match="gpu: none"):
        start.start(asked, run, 1)
    assert list((tmp_path / "run").iterdir()) == []


def test_no_worker_is_asked_for_before_the_base_model_was_loaded(
    cluster: Remote, asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder.claim(str(tmp_path / "run"))

    def damaged(*_: object) -> None:
        raise Mistakes("base-model: it cannot be loaded")

    asked.model.check_loads = damaged
    monkeypatch.setattr(start, "ask_worker", no_gpu)
    with pytest.raises(Mistakes, match="cannot be loaded"):
        start.start(asked, run, 1)
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("error", [Mistakes("too large"), KeyboardInterrupt()])
def test_whoever_fails_before_the_first_step_leaves_the_folder_to_the_next(
    cluster: Remote, asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    run = RunFolder.claim(str(tmp_path / "run"))

    def begin(*_: object) -> Any:
        assert run.read_json("settings.json")["hardware"]["name"] == "NVIDIA L4"
        raise error

    monkeypatch.setattr(start, "_begin", begin)
    with pytest.raises(type(error)):
        start.start(asked, run, 1)
    RunFolder.check(str(tmp_path / "run"))


def test_environment_says_what_the_workers_are(
    cluster: Remote, asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder.claim(str(tmp_path / "run"))
    monkeypatch.setattr(start, "_begin", lambda *_: None)
    start.start(asked, run, 1)
    found = run.read_json("environment.json")
    assert found["workers"] == {"device": "NVIDIA L4", "threads": 2, "cpu_model": "EPYC"}
    assert found["cpu_model"] == hardware.environment()["cpu_model"]


def test_the_base_model_is_loaded_while_ray_starts(asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    asked.model.check_loads_meanwhile = lambda *_: order.append("load")
    monkeypatch.setattr(start, "connect", lambda *_: order.append("connect") or "a local Ray")  # type: ignore[func-returns-value]
    monkeypatch.setattr(start, "capacity", lambda: None)
    monkeypatch.setattr(start, "concurrent_groups", lambda *_, **__: 2)
    vars(asked.options).update(verbose=False, trials=2, workers=1, concurrent=None)
    assert start.reach_cluster(asked) == ("a local Ray", 2)
    assert order == ["load", "connect"]
