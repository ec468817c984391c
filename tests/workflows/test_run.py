"""A run ends its worker groups and keeps its files in order, whether its flow ends, fails or is interrupted."""

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.run_folder import STATES, RunFolder
from reporting.result import RunResult, outcome_dict
from reporting.trials import TrialRecord
from workflows import run as frame
from workflows.outcome import Outcome
from workflows.run import run

TRIAL = TrialRecord(trial="trial-01", settings={"margin": 0.5}, metric="score", epochs=1, state="completed")
OUTCOME = Outcome(
    records=[TRIAL], best=None, metrics={}, state=None, baseline=None, base_metrics={}, wall_s=1.0, group_times={}
)
RESULT = RunResult(
    task="invoices", run="run", metric="score", base=0.25, baseline=None, best=0.5, states={"completed": 1}, wall_s=1.0
)


class Stages:
    """Stand-ins for the stages around a flow; `calls` has the names of those that ran, in order."""

    def __init__(self, folder: Path) -> None:
        self.folder = RunFolder.claim(str(folder / "run"))
        self.folder.create_folder(STATES)
        self.calls: list[str] = []
        options = SimpleNamespace(run=self.folder.path, trials=1, workers=2, refit="none")
        self.request: Any = SimpleNamespace(
            options=options, task=SimpleNamespace(metric="score"), lines=lambda: ["base model: tiny"], guard=None
        )
        hardware = SimpleNamespace(line=lambda: "CPU, fp32")
        self.session: Any = SimpleNamespace(
            hardware=hardware, end=lambda: self.calls.append("end"), times=lambda: {"group-1": {"idle": 1.0}}
        )

    def reach_cluster(self, request: Any) -> tuple[str, int]:
        return "a local Ray", 3

    def start(self, request: Any, folder: RunFolder, concurrent: int) -> Any:
        self.calls.append("start")
        return self.session

    def flow(self, *_: Any) -> Outcome:
        self.calls.append("flow")
        return OUTCOME

    def compared(self, request: Any, session: Any, outcome: Outcome, live: Any) -> tuple[Outcome, None]:
        self.calls.append("compared")
        return replace(outcome, notes=["compared"]), None

    def finish(self, request: Any, folder: RunFolder, outcome: Outcome, comparison: None, refitted: None) -> RunResult:
        self.calls.append("finish")
        self.outcome = outcome
        return replace(RESULT, notes=list(outcome.notes))


@pytest.fixture
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stages:
    stages = Stages(tmp_path)
    for name in ("reach_cluster", "start", "compared", "finish"):
        monkeypatch.setattr(frame, name, getattr(stages, name))
    return stages


def test_a_guard_is_evaluated_before_the_first_training_and_a_failure_ends_the_groups(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def guarded(*_: Any) -> Any:
        stages.calls.append("guarded")
        return stages.session

    stages.request.guard = "a guard set"
    monkeypatch.setattr("workflows.guard.guarded", guarded)
    run(stages.request, stages.flow, quiet=True)
    assert stages.calls[:3] == ["start", "guarded", "flow"]
    stages.calls.clear()
    monkeypatch.setattr("workflows.guard.guarded", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(stages.request, stages.flow, quiet=True)
    assert stages.calls == ["start", "end"]


def test_a_run_ends_its_groups_after_the_verdict_and_returns_the_result(stages: Stages) -> None:
    values = run(stages.request, stages.flow, quiet=True)
    assert stages.calls == ["start", "flow", "compared", "end", "finish"]
    assert values == outcome_dict(replace(RESULT, notes=["compared"]))
    assert stages.outcome.group_times == {"group-1": {"idle": 1.0}}
    assert stages.outcome.budget_s > 0


def test_groups_whose_time_cannot_be_read_cost_the_figures_alone(stages: Stages) -> None:
    stages.session.times = lambda: 1 / 0
    run(stages.request, stages.flow, quiet=True)
    assert stages.calls[-1] == "finish"
    assert stages.outcome.group_times == {}


@pytest.mark.parametrize("error", [ValueError("too large"), KeyboardInterrupt()])
def test_a_flow_that_fails_ends_the_groups_and_writes_no_result(stages: Stages, error: BaseException) -> None:
    def fails(*_: Any) -> Outcome:
        raise error

    with pytest.raises(type(error)):
        run(stages.request, fails, quiet=True)
    assert stages.calls == ["start", "end"]


@pytest.mark.parametrize("interrupted", [True, False])
def test_the_states_stay_only_after_an_interrupt(stages: Stages, interrupted: bool) -> None:
    run(stages.request, lambda *_: replace(OUTCOME, interrupted=interrupted), quiet=True)
    assert (Path(stages.folder.path) / STATES).exists() is interrupted


@pytest.mark.parametrize("stage", ["end", "finish"])
def test_an_interrupt_while_results_are_saved_loses_nothing(
    stages: Stages, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner: Any = stages.session if stage == "end" else frame
    original: Callable[..., Any] = getattr(owner, stage)

    def interrupted(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return original(*arguments)

    monkeypatch.setattr(owner, stage, interrupted)
    try:
        run(stages.request, stages.flow, quiet=True)
    except KeyboardInterrupt:  # it would end the whole test session
        pytest.fail("the run was interrupted while it saved its results")
    assert stages.calls[-2:] == ["end", "finish"]


def test_the_start_shows_the_request_its_notes_and_the_groups(
    stages: Stages, capsys: pytest.CaptureFixture[str]
) -> None:
    run(stages.request, stages.flow, notes=["one trial: every setting is fixed"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["base model: tiny", "one trial: every setting is fixed"]
    assert "a local Ray; 3 worker groups of 2 workers; CPU, fp32" in lines
    assert any("0.5" in line for line in lines[3:])  # the summary


def test_a_quiet_run_prints_nothing(stages: Stages, capsys: pytest.CaptureFixture[str]) -> None:
    run(stages.request, stages.flow, notes=["one trial: every setting is fixed"], quiet=True)
    assert capsys.readouterr().out == ""
