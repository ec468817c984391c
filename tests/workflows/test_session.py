"""Before the first worker starts, a worker reports the hardware, and a failure leaves the run folder empty."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.environment import environment
from common.mistakes import Mistakes
from common.run_folder import RunFolder
from trainers.hardware import DetectedHardware
from workflows import session as start

L4 = DetectedHardware(device="NVIDIA L4", native_bf16=True, environment={"cpu_model": "EPYC"})


def refused(message: str) -> Callable[..., Any]:
    """Return a stub that refuses whatever it is given."""

    def refuse(*_: object) -> None:
        raise Mistakes(message)

    return refuse


@pytest.fixture
def valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a valid request."""
    monkeypatch.setattr(start, "refuse_missing", lambda *_: None)
    monkeypatch.setattr(start, "hardware_of_worker", lambda *_: L4)
    options = SimpleNamespace(cpus_per_worker=2, gpu=True, precision="auto", optimizer="auto")
    return SimpleNamespace(
        options=options,
        bases={"m": SimpleNamespace(check_loads=lambda: None)},
        pairs=SimpleNamespace(fingerprint="f", manifest={}),
        views={},
        audit=SimpleNamespace(to_dict=dict),
        to_dict=lambda: {"task": "invoices"},
    )


def test_nothing_is_written_before_a_worker_has_answered(
    valid: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder.claim(str(tmp_path / "run"))
    monkeypatch.setattr(start, "hardware_of_worker", refused("gpu: none"))
    with pytest.raises(Mistakes, match="gpu: none"):
        start.start(valid, run, 1)
    assert list((tmp_path / "run").iterdir()) == []


def test_no_worker_starts_before_the_base_model_was_loaded(
    valid: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder.claim(str(tmp_path / "run"))
    valid.bases["m"].check_loads = refused("base-model: it cannot be loaded")
    monkeypatch.setattr(start, "hardware_of_worker", lambda *_: pytest.fail("a worker was started"))
    with pytest.raises(Mistakes, match="cannot be loaded"):
        start.start(valid, run, 1)
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("error", [Mistakes("too large"), KeyboardInterrupt()])
def test_whoever_fails_before_the_first_step_leaves_the_folder_to_the_next(
    valid: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    run = RunFolder.claim(str(tmp_path / "run"))

    def begin(*_: object) -> Any:
        assert run.read_json("settings.json")["hardware"]["name"] == "NVIDIA L4"
        raise error

    monkeypatch.setattr(start, "_begin", begin)
    with pytest.raises(type(error)):
        start.start(valid, run, 1)
    RunFolder.check(str(tmp_path / "run"))


def test_environment_says_what_the_workers_are(valid: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFolder.claim(str(tmp_path / "run"))
    monkeypatch.setattr(start, "_begin", lambda *_: None)
    start.start(valid, run, 1)
    written = run.read_json("environment.json")
    assert written["workers"] == {"device": "NVIDIA L4", "threads": 2, "cpu_model": "EPYC"}
    assert written["cpu_model"] == environment()["cpu_model"]


def test_the_base_model_is_loaded_while_ray_starts(valid: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    valid.bases["m"].check_loads_meanwhile = lambda: order.append("load")
    monkeypatch.setattr(start, "connect", lambda *_: order.append("connect") or "a local Ray")  # type: ignore[func-returns-value]
    monkeypatch.setattr(start, "capacity", lambda: None)
    monkeypatch.setattr(start, "concurrent_groups", lambda *_, **__: 2)
    vars(valid.options).update(verbose=False, trials=2, workers=1, concurrent=None)
    assert start.reach_cluster(valid) == ("a local Ray", 2)
    assert order == ["load", "connect"]
