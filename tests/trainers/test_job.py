"""Test what follows from a job's settings: its steps, and when dev is evaluated."""

from dataclasses import replace
from typing import Any

import pytest

from tasks.common.losses import LOSSES
from tests.trainers.cases import BARE_JOB
from tokens.reading import Prompts
from tokens.tokenized import TokenizedPairs
from trainers.job import Guard, Job, ReadPairs


def job(rows: int = 800, reports: int = 4, **settings: Any) -> Job:
    data = replace(BARE_JOB.data, train={"cosine": TokenizedPairs(num_rows=rows)})
    return replace(BARE_JOB, settings={**BARE_JOB.settings, **settings}, reports=reports, data=data)


@pytest.mark.parametrize(
    ("rows", "batch", "epochs", "steps"),
    [(64, 8, 1.0, 8), (70, 8, 1.0, 8), (70, 8, 2.0, 16), (80, 8, 0.5, 5), (80, 16, 2.5, 12)],
)
def test_steps_are_whole_global_batches_over_the_epochs(rows: int, batch: int, epochs: float, steps: int) -> None:
    training = job(rows, global_batch_size=batch, epochs=epochs)
    assert training.total_steps == steps
    assert training.steps_per_epoch == rows // batch


@pytest.mark.parametrize(
    ("epochs", "reports", "expected"),
    [
        (1.0, 4, {25: 0.25, 50: 0.5, 75: 0.75, 100: 1.0}),
        (2.0, 4, {50: 0.5, 100: 1.0, 150: 1.5, 200: 2.0}),
        (3.0, 4, {50: 0.5, 100: 1.0, 150: 1.5, 200: 2.0, 250: 2.5, 300: 3.0}),
        (4.0, 2, {100: 1.0, 200: 2.0, 300: 3.0, 400: 4.0}),
        (0.5, 2, {25: 0.25, 50: 0.5}),
    ],
)
def test_dev_is_evaluated_at_least_as_often_as_wanted_at_equal_parts_of_epochs(
    epochs: float, reports: int, expected: dict[int, float]
) -> None:
    training = job(epochs=epochs, reports=reports)
    assert training.report_steps() == expected
    assert max(expected) == training.total_steps


def test_an_epoch_of_fewer_steps_than_evaluations_is_evaluated_after_each_step() -> None:
    training = job(rows=16, reports=5)
    assert list(training.report_steps()) == [1, 2]
    assert training.report_steps()[training.total_steps] == 1.0


def test_a_loss_gets_its_own_settings_and_no_others() -> None:
    training = job(margin=0.3, scale=17.0, loss="contrastive")
    assert training.loss_parameters == {"margin": 0.3}
    assert set(LOSSES["contrastive"].parameters) == {"margin"}
    assert job(global_batch_size=8.0).global_batch_size == 8


@pytest.mark.parametrize(("until", "expected"), [(0.5, {100: 1.0}), (1.0, {200: 2.0}), (0.001, {1: 0.002})])
def test_a_training_that_ends_early_is_evaluated_there_alone_on_the_same_schedule(
    until: float, expected: dict[int, float]
) -> None:
    training = replace(job(epochs=2.0), until=until)
    assert training.report_steps() == expected
    assert training.total_steps == 200


def test_a_training_reads_with_its_own_base_model_and_is_held_against_it() -> None:
    other = ReadPairs(train={"cosine": TokenizedPairs(num_rows=8)}, prompts=Prompts("query: "))
    guard = Guard(kind="graded", pairs=[], base=["one's"], limit=0.01, others={"two": ["two's"]})
    data = replace(BARE_JOB.data, others={"two": other}, guard=guard)
    first, second = (replace(job(base_model=name), data=data) for name in ("one", "two"))
    assert (first.train.num_rows, first.prompts.first, first.base_model) == (64, "", "one")
    assert (second.train.num_rows, second.prompts.first, second.base_model) == (8, "query: ", "two")
    assert [guard.base_of(each.settings) for each in (first, second)] == [["one's"], ["two's"]]
    assert (replace(BARE_JOB, data=data).train.num_rows, BARE_JOB.base_model) == (64, "")
