"""Test that the base model is evaluated on the guard set before the first training, on whichever group can."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from pairs.guard import GuardPairs
from reporting.live import Live
from tasks.common.kinds import KINDS
from tests.evaluation.cases import pairs
from tests.trainers.cases import BARE_JOB, rows
from tokens.reading import Prompts
from trainers.groups import pool
from trainers.groups.pool import EvaluationError
from trainers.hardware import Hardware
from trainers.job import PREDICTIONS, EvaluationJob, Job, ReadPairs, Report
from workflows import guard
from workflows.session import Session

BASE = pairs(40)


class Group:
    """A worker group that evaluates, or is lost with its first job."""

    def __init__(self, *, healthy: bool) -> None:
        self.healthy, self.jobs = healthy, list[EvaluationJob]()
        self.lost: str | None = None
        self.client = self

    def assign(self, job: EvaluationJob, start: Any) -> None:
        self.jobs.append(job)

    def next_report(self) -> Report:
        if not self.healthy:
            self.lost = "it could not start"
            return Report(error=self.lost)
        return Report({PREDICTIONS: {"guard": BASE}}, done=True)


@pytest.fixture(autouse=True)
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let references be the objects themselves."""
    monkeypatch.setattr(ray, "put", lambda value: value)

    def reports(group: Any, job: Any, start: Any) -> Any:
        group.assign(job, start)
        yield group.next_report()

    monkeypatch.setattr(pool, "reports", reports)


def guarded(*groups: Group, template: Job = BARE_JOB) -> Session:
    own = GuardPairs(
        file="d/g.csv", columns=("a", "b", "c"), kind=KINDS["binary"], table=rows(40, "cosine"), rows=40, sha256=""
    )
    request: Any = SimpleNamespace(options=SimpleNamespace(keep_loss=0.02))
    hardware = Hardware(device="cpu", bf16=False, optimizer="adamw_torch", threads=1)
    board: Any = None
    session = Session(hardware=hardware, groups=list(groups), board=board, template=template)  # type: ignore[arg-type]
    return guard.guarded(request, own, session, Live("score", 1, quiet=True))


def test_every_training_is_held_against_the_base_model() -> None:
    group = Group(healthy=True)
    template = guarded(group).template
    assert template.data.guard is not None
    assert (template.data.guard.base, template.data.guard.limit) == ([BASE], 0.02)
    assert replace(template, data=BARE_JOB.data) == BARE_JOB
    (job,) = group.jobs
    assert (job.kind, list(job.splits)) == ("binary", ["guard"])


def test_each_base_model_is_evaluated_with_its_own_prompts() -> None:
    group, other = Group(healthy=True), ReadPairs(train={}, prompts=Prompts("query: "))
    template = replace(BARE_JOB, data=replace(BARE_JOB.data, others={"base": other}))
    guard = guarded(group, template=template).template.data.guard
    assert guard is not None
    assert (guard.base, guard.others) == ([BASE], {"base": [BASE]})
    assert [(job.base_model, job.prompts.first) for job in group.jobs] == [("", ""), ("base", "query: ")]


def test_another_group_takes_over_from_one_that_is_lost() -> None:
    lost, healthy = Group(healthy=False), Group(healthy=True)
    assert guarded(lost, healthy).template.data.guard is not None
    assert (len(lost.jobs), len(healthy.jobs)) == (1, 1)


def test_without_a_group_that_can_the_error_is_raised() -> None:
    with pytest.raises(EvaluationError, match="it could not start"):
        guarded(Group(healthy=False), Group(healthy=False))
