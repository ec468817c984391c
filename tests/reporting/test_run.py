"""Test a run read back from its folder: finished, still running, and written by the version before."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from common.mistakes import Mistakes
from reporting.result import RunResult, outcome_dict
from reporting.run import Run
from reporting.trials import TrialRecord

SETTINGS = {"task": "invoices", "data": "/data", "base_model": "base", "max_length": 64, "seed": 3}
DATA = {"fingerprint": "f", "manifest": {"task": "invoices"}}
FIGURE = {"value": 0.9, "low": 0.8, "high": 1.0}
TRIAL = TrialRecord(trial="trial-01", settings={"warmup_ratio": 0.1}, metric="cosine_ap", value=0.8, epochs=2)
RESULT = RunResult(
    task="invoices",
    run="run",
    metric="cosine_ap",
    base=0.5,
    baseline=0.6,
    best=0.7,
    baseline_settings={"warmup_ratio": 0.1},
    model="run/best",
    kept="best",
    states={"completed": 2},
    wall_s=3.0,
    notes=[],
    loss_notes=[],
    mixture=[],
)
VERDICT = {
    "chosen": "best",
    "fingerprint": "f",
    "weights": "w",
    "splits": {"dev": {"models": {"base": FIGURE, "best": FIGURE}, "differences": {"best - base": FIGURE}}},
}


def write(folder: Path, **files: Any) -> str:
    """Write a run folder with these files; a list becomes lines."""
    folder.mkdir()
    for name, value in {"settings": SETTINGS, "data": DATA, **files}.items():
        if isinstance(value, list):
            (folder / f"{name}.jsonl").write_text("".join(line + "\n" for line in value))
        else:
            (folder / f"{name}.json").write_text(json.dumps(value))
    return str(folder)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    other = replace(TRIAL, trial="trial-02", state="failed", error="loss is nan", value=None)
    files = {"result": outcome_dict(RESULT), "verdict": VERDICT, "audit": {"rows": 9, "findings": []}}
    run = Run.read(write(tmp_path / "run", **files, trials=[TRIAL.to_line(), other.to_line()]))
    assert (run.settings, run.data) == (SETTINGS, DATA)
    assert (run.result, run.verdict, run.trials) == (RESULT, VERDICT, (TRIAL, other))
    assert (run.audit["rows"], dict(run.environment), run.state) == (9, {}, "finished")


def test_a_run_that_has_just_begun_is_unfinished(tmp_path: Path) -> None:
    run = Run.read(write(tmp_path / "run"))
    assert (run.trials, run.result, run.verdict, run.state) == ((), None, None, "unfinished")


def test_a_run_without_a_model_has_failed(tmp_path: Path) -> None:
    result = replace(RESULT, model=None, error="loss is nan")
    assert Run.read(write(tmp_path / "run", result=outcome_dict(result))).state == "failed"


def test_names_of_the_version_before_become_those_of_this_one(tmp_path: Path) -> None:
    old: dict[str, Any] = outcome_dict(RESULT)
    old = {**old, "untuned": old.pop("base"), "kept": "winner", "baseline_settings": {"warmup_share": 0.1}}
    split = {"models": {"base": FIGURE, "winner": FIGURE}, "differences": {"winner - base": FIGURE}}
    verdict = {**VERDICT, "chosen": "winner", "splits": {"dev": split}}
    settings = {**SETTINGS, "seeds": 2, "export": "winner", "baseline": {"warmup_share": 0.1}}
    line = TRIAL.to_line().replace("warmup_ratio", "warmup_share")
    run = Run.read(write(tmp_path / "run", settings=settings, result=old, verdict=verdict, trials=[line]))
    assert (run.result, run.verdict, run.trials) == (RESULT, VERDICT, (TRIAL,))
    assert (run.settings["repeat_seeds"], run.settings["export"]) == (2, "best")
    assert run.settings["baseline"] == {"warmup_ratio": 0.1}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("settings.json", "{"),
        ("settings.json", "{}"),
        ("data.json", "[]"),
        ("audit.json", "[1]"),
        ("verdict.json", '{"splits": {}}'),
        ("result.json", '{"task": "t", "run": "r", "metric": "m"}'),
        ("trials.jsonl", '{"trial": "trial-01"}'),
        ("trials.jsonl", "{"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: str) -> None:
    folder = write(tmp_path / "run", result=outcome_dict(RESULT), verdict=VERDICT, audit={}, trials=[TRIAL.to_line()])
    (Path(folder) / name).write_text(content)
    with pytest.raises(Mistakes, match=f"file: .*{name} is "):
        Run.read(folder)


def test_another_folder_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="is no run: it lacks settings.json or data.json"):
        Run.read(str(tmp_path))
