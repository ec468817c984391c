"""Test that the best settings of earlier runs are tried after the baseline, for each loss of the space."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from common.mistakes import Mistakes
from common.run_folder import DATA, SETTINGS, TRIALS, RunFolder
from reporting.trials import TrialRecord
from tests.contract.cases import request
from workflows.request_checks import check_request
from workflows.warm_start import without_repeats

BEST = {"loss": "cosent", "scale": 50.0, "learning_rate": 3e-5, "global_batch_size": 32, "epochs": 4}


@pytest.fixture
def given(tmp_path: Path, tiny_model: str) -> dict[str, Any]:
    """Return the options of a search on prepared pairs."""
    asked = request(tmp_path, tiny_model, "binary")
    return {"task": "pairs", "data": asked.options.data, "run": str(tmp_path / "new"), "base_model": tiny_model}


def earlier(folder: Path, model: str, kind: str = "binary") -> str:
    """Write a run with two losses, of which cosent has two trials and a failed one."""
    run = RunFolder.claim(str(folder))
    run.write_json(SETTINGS, {"task": "pairs", "kind": kind, "loss": "contrastive", "base_model": model})
    run.write_json(DATA, {"fingerprint": "f", "manifest": {}})
    record = TrialRecord(trial="trial-01", settings=BEST, metric="cosine_ap", epochs=4, value=0.9, best_steps=4)
    records = [
        record,
        replace(record, trial="trial-02", settings={**BEST, "scale": 7.0}, value=0.8),
        replace(record, trial="trial-03", settings={"margin": 0.8, "epochs": 4}, value=0.7),
        replace(record, trial="trial-04", value=None),
    ]
    run.write_text(TRIALS, "".join(each.to_line() + "\n" for each in records))
    return str(folder)


def check(given: dict[str, Any], **options: Any) -> Any:
    return check_request({**given, **options}, dry_run=True, quiet=True)


def test_the_best_of_each_loss_comes_after_the_baseline(given: dict[str, Any], tmp_path: Path) -> None:
    run = earlier(tmp_path / "earlier", given["base_model"])
    asked = check(given, warm_start=run, set=("epochs=2",))
    losses = [trial["loss"] for trial in asked.first_trials]
    assert losses == ["contrastive", "contrastive", "cosent", "online_contrastive", "cosent", "ranking"]
    contrastive, cosent = asked.first_trials[1:3]
    assert contrastive["margin"] == 0.8
    assert (cosent["scale"], cosent["learning_rate"], cosent["epochs"]) == (50.0, 3e-5, 2)
    assert set(cosent) == set(asked.space)
    lines = [line for line in asked.lines() if line.startswith("warm start")]
    assert lines == [
        f"warm start: trial-03 of {run}, contrastive loss",
        f"warm start: trial-01 of {run}, cosent loss",
    ]


def test_nothing_is_taken_by_default(given: dict[str, Any]) -> None:
    assert [trial["loss"] for trial in check(given).first_trials] == list(check(given).views)


def test_a_run_of_another_kind_or_base_and_no_run_are_refused_together(given: dict[str, Any], tmp_path: Path) -> None:
    other = earlier(tmp_path / "other", "another", kind="graded")
    with pytest.raises(Mistakes) as caught:
        check(given, warm_start=f"{other},{tmp_path}/none", set=("margins=1",))
    text = str(caught.value)
    assert "'margins=1'" in text
    assert f"warm-start: {other} has kind 'graded' and base_model 'another'; allowed: a run with kind 'binary'" in text


def test_the_runs_are_all_checked(given: dict[str, Any], tmp_path: Path) -> None:
    other = earlier(tmp_path / "other", "another")
    with pytest.raises(Mistakes) as caught:
        check(given, warm_start=f"{other},{tmp_path}/none")
    assert [message.split()[0] for message in caught.value.messages] == ["warm-start:", "run:"]


def test_settings_that_train_alike_are_tried_once() -> None:
    first = {"loss": "cosine", "scale": 20.0, "epochs": 1}
    others = [{**first, "scale": 5.0}, {**first, "epochs": 2}]
    assert without_repeats([first, *others]) == [first, others[1]]
