"""Test what a search plans to do with its time budget."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.common.kinds import KINDS
from tests.trainers.cases import BARE_JOB
from tokens.tokenized import TokenizedPairs
from trainers.job import Job, Report
from workflows import budget
from workflows.budget import TimePlan
from workflows.pace import Pace

ROWS = {"cosine": 3_200, "category_softmax": 1_600}
DEV = 400


def job(loss: str, epochs: float = 10) -> Job:
    train: Any = {name: TokenizedPairs(num_rows=rows) for name, rows in ROWS.items()}
    settings = {**BARE_JOB.settings, "loss": loss, "epochs": epochs, "global_batch_size": 32}
    return replace(BARE_JOB, settings=settings, reports=4, data=replace(BARE_JOB.data, train=train))


JOBS = {loss: job(loss) for loss in ROWS}
PACES = {"cosine": Pace(row_s=0.1, evaluation_s=10.0), "category_softmax": Pace(row_s=0.02, evaluation_s=10.0)}
"""An epoch takes 330 s with cosine and 42 s with category_softmax, each with one evaluation of dev."""


def asked(
    minutes: float | None, *overrides: str, trials: int = 16, kind: str = "retrieval", refine: str = "auto", **rows: int
) -> Any:
    options = SimpleNamespace(minutes=minutes, set=overrides, trials=trials, folds=None, refine=refine)
    rows = {"train": 3_200, "dev": DEV} | rows
    views = {loss: SimpleNamespace(num_rows=lambda _split, count=count: count) for loss, count in ROWS.items()}
    return SimpleNamespace(
        options=options,
        pairs=SimpleNamespace(splits=tuple(rows), num_rows=rows.__getitem__),
        views=views,
        task=SimpleNamespace(declared_kind=KINDS[kind]),
    )


def planned(minutes: float, *overrides: str, groups: int = 2, spent_s: float = 0.0, **more: Any) -> TimePlan:
    return budget.plan_time(asked(minutes, *overrides, **more), groups, JOBS, PACES, spent_s)


def test_a_training_takes_its_rows_and_its_evaluations() -> None:
    assert PACES["cosine"].training_s(JOBS["cosine"]) == pytest.approx(10 * (320 + 10))
    assert PACES["cosine"].training_s(JOBS["cosine"], 2.0) == pytest.approx(2 * 320 + 4 * 10)


def test_each_loss_has_as_many_whole_epochs_as_fit_a_third_of_the_time() -> None:
    plan = planned(60)
    assert plan.search_s == pytest.approx(3_600 - (7 + 3) * 10)
    assert plan.epochs == {"cosine": 3.0}  # 3 * 330 s fit 1,167 s, 4 do not; all of category_softmax do
    assert plan.notes == ["cosine: 3 of 10 epochs, so that a training takes no more than a third of 60 minutes"]
    assert (
        "a training takes about 55:00 with cosine (10 epochs), 7:00 with category_softmax (10 epochs)" in plan.lines[0]
    )
    assert plan.lines[1] == f"budget: {plan.notes[0]}"
    assert "about 9 of 16 trials fit" in plan.lines[-1]


def test_where_all_fits_nothing_is_lowered() -> None:
    plan = planned(60 * 24)
    assert (plan.epochs, plan.notes) == ({}, [])
    assert plan.lines[-1] == "budget: all 16 trials fit"


def test_one_epoch_is_the_least_and_what_helps_is_said() -> None:
    plan = planned(10)
    assert plan.epochs == {"cosine": 1.0, "category_softmax": 3.0}
    assert "even so one training takes 6:00; more --minutes" in plan.lines[-2]


def test_epochs_that_the_user_sets_are_not_lowered() -> None:
    plan = planned(60, "epochs=10")
    assert plan.epochs == {}
    assert "even so one training takes 55:00" in plan.lines[-2]


def test_a_small_dev_keeps_time_for_folds_and_no_verdict_takes_most() -> None:
    assert budget.reserved_s(asked(60), 1, PACES) == pytest.approx(120)
    assert budget.reserved_s(asked(60, dev=200), 1, PACES) == pytest.approx(120 + 0.25 * 3_600)
    assert budget.reserved_s(asked(60, dev=200, trials=1), 1, PACES) == pytest.approx(120)
    assert budget.reserved_s(asked(2), 1, PACES) == pytest.approx(0.2 * 120)


@pytest.mark.parametrize(
    ("asks", "groups", "evaluations"),
    [
        ({}, 1, 7 + 5),  # mixtures end after a minute and the evaluation that has begun
        ({}, 8, 1 + 4 + 1),
        ({"test": 800}, 1, 7 + 5 * 3),
        ({"test": 800}, 2, 7 + 3 * 3),
        ({"refine": "none"}, 1, 3),
        ({"kind": "binary"}, 1, 7 + 5 + 4),  # logistic regression on the embeddings of the 1,600 rows
        ({"kind": "category"}, 1, 7 + 5 + 4 + 4),  # and their centroids
        ({"kind": "category", "refine": "none"}, 1, 3 + 4),
    ],
)
def test_a_verdict_takes_so_many_evaluations_of_dev(asks: dict[str, Any], groups: int, evaluations: int) -> None:
    assert budget.verdict_s(asked(60, **asks), groups, 10.0) == pytest.approx(10 * evaluations)


def test_what_is_spent_is_gone_but_half_of_the_budget_stays_for_the_search() -> None:
    assert planned(60, spent_s=100).search_s == pytest.approx(3_600 - 100 - 100)
    assert planned(60, spent_s=3_000).search_s == pytest.approx(1_800)


def test_the_first_trial_of_each_loss_is_timed() -> None:
    first = [
        {"loss": "cosine", "epochs": 7},
        {"loss": "category_softmax", "epochs": 8},
        {"loss": "cosine", "epochs": 9},
    ]
    jobs = budget.first_jobs(JOBS["cosine"], first)
    assert {loss: own.settings["epochs"] for loss, own in jobs.items()} == {"cosine": 7, "category_softmax": 8}


def test_of_several_base_models_the_slowest_decides_about_a_loss() -> None:
    jobs = {
        f"cosine of {name}": replace(JOBS["cosine"], settings={**JOBS["cosine"].settings, "base_model": name})
        for name in ("one", "two")
    }
    assert list(budget.first_jobs(JOBS["cosine"], [job.settings for job in jobs.values()])) == list(jobs)
    slow = replace(PACES["cosine"], row_s=0.2)
    paces = {"cosine of one": PACES["cosine"], "cosine of two": slow}
    assert budget.lowered_epochs(jobs, paces, 1_400) == {"cosine": 2.0}
    assert budget.lowered_epochs(jobs, dict(zip(jobs, reversed(paces.values()), strict=True)), 1_400) == {"cosine": 2.0}


def timed(
    monkeypatch: pytest.MonkeyPatch, groups: int, *reports: Report, minutes: float = 60, losses: Any = ROWS
) -> tuple[TimePlan, list[Job]]:
    taken: list[Job] = []

    def in_turns(_: Any, jobs: Any, *__: Any) -> list[Report]:
        taken.extend(own for own, _start in jobs)
        return [reports[number % len(reports)] for number in range(len(jobs))]

    monkeypatch.setattr(budget, "in_turns", in_turns)
    session: Any = SimpleNamespace(able=lambda: [None] * groups, template=JOBS["cosine"])
    request = asked(minutes)
    request.first_trials = [JOBS[loss].settings for loss in losses]
    return budget.planned(request, session, lambda line: None), taken


REPORT = Report({"train_s": 5.0, "first_step_s": 1.0, "evaluate_s": 2.0, "steps": 5}, done=True)


def test_some_steps_are_timed_in_all_groups_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, taken = timed(monkeypatch, 4, REPORT)
    assert [own.loss for own in taken] == ["cosine", "category_softmax"] * 2
    assert [list(own.report_steps()) for own in taken] == [[5]] * 4
    assert "17:00 with cosine" in plan.lines[0]  # 1,000 steps of a second, without the first; ten evaluations of two


@pytest.mark.parametrize(("groups", "losses", "jobs"), [(1, 2, 2), (2, 1, 2), (3, 2, 3)])
def test_no_group_is_idle_while_another_is_timed(
    monkeypatch: pytest.MonkeyPatch, groups: int, losses: int, jobs: int
) -> None:
    assert len(timed(monkeypatch, groups, REPORT, losses=list(ROWS)[:losses])[1]) == jobs


@pytest.mark.parametrize(("minutes", "steps"), [(2, 3), (8, 4), (600, 5)])
def test_a_short_budget_has_fewer_steps_timed(monkeypatch: pytest.MonkeyPatch, minutes: float, steps: int) -> None:
    _, taken = timed(monkeypatch, 1, REPORT, minutes=minutes)
    assert [list(own.report_steps()) for own in taken] == [[steps]] * 2


def test_a_timing_that_fails_costs_the_forecast_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, _ = timed(monkeypatch, 1, Report(error="loss is nan"))
    assert (plan.search_s, plan.epochs) == (3_600, {})
    assert plan.lines == ["warning: budget: what fits is not known: loss is nan"]


@pytest.mark.parametrize(("minutes", "seconds"), [(None, None), (1.5, 90.0)])
def test_without_a_budget_or_with_a_short_one_nothing_is_timed(minutes: float | None, seconds: float | None) -> None:
    session: Any = None
    assert budget.planned(asked(minutes), session, lambda line: None) == TimePlan(search_s=seconds)
