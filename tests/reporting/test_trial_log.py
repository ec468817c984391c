"""Test trials.jsonl and TensorBoard events, on this machine and in a store."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from common.run_folder import RunFolder
from reporting.trial_log import TrialLog
from tests.reporting.test_trials import record


@pytest.fixture(params=["local", "store"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> RunFolder:
    if request.param == "local":
        return RunFolder.claim(str(tmp_path / "run"))
    fsspec.filesystem("memory").rm("/", recursive=True)
    return RunFolder.claim(f"fsspec+memory://{tmp_path}/run")


def lines(folder: RunFolder) -> list[dict[str, object]]:
    path = Path(folder.local_copy()) / "trials.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_trial_has_one_line_that_is_its_newest(folder: RunFolder) -> None:
    log = TrialLog(folder)
    log.update(record("a", epoch=1.0))
    log.update(record("b"))
    log.update(record("a", epoch=2.0, state="completed"))
    assert [(line["trial"], line["epoch"], line["state"]) for line in lines(folder)] == [
        ("a", 2.0, "completed"),
        ("b", 0.0, "running"),
    ]
    log.close()


def test_threads_may_report_together(folder: RunFolder) -> None:
    log = TrialLog(folder)

    def report(name: str) -> None:
        for step in range(5):
            log.update(record(name, steps=step))
            log.scalars(name, step, {"loss": 1.0 / (step + 1)})

    threads = [threading.Thread(target=report, args=(f"trial-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert sorted((line["trial"], line["steps"]) for line in lines(folder)) == [(f"trial-{n}", 4) for n in range(4)]


def test_scalars_are_tensorboard_events_of_the_trial(folder: RunFolder) -> None:
    log = TrialLog(folder)
    running = record("trial-01")
    log.update(running)
    log.scalars("trial-01", 3, {"loss": 0.5, "cosine_ap": 0.75})
    log.scalars("trial-01", 6, {"loss": 0.25})
    log.update(replace(running, state="completed"))
    events = EventAccumulator(str(Path(folder.local_copy("events")) / "trial-01"))
    events.Reload()
    assert [(point.step, point.value) for point in events.Scalars("loss")] == [(3, 0.5), (6, 0.25)]
    assert [(point.step, point.value) for point in events.Scalars("cosine_ap")] == [(3, 0.75)]
    log.close()


def test_a_trial_that_never_ends_keeps_its_curve(folder: RunFolder) -> None:
    log = TrialLog(folder)
    log.scalars("trial-01", 1, {"loss": 0.5})
    log.close()
    assert list((Path(folder.local_copy("events")) / "trial-01").iterdir())
