"""Test warm worker groups with real workers: curves, repeatability, failures, resuming; two groups serve all tests."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import ray

from evaluation.evaluator import Evaluator
from evaluation.predictions import PairPredictions
from models.base_model import load_model, resolve_base_model
from tasks.common.losses import LOSSES, Loss
from tests.trainers.cases import MAX_LENGTH, group_config, job, rows
from trainers.checkpoint import TrainingState, to_tensors
from trainers.groups.client import GroupClient
from trainers.groups.pool import EvaluationError, evaluate_models
from trainers.groups.worker_group import WorkerGroup, end_groups
from trainers.job import EvaluationJob, Job, Report

pytestmark = pytest.mark.usefixtures("ray_cluster")


@pytest.fixture(scope="module")
def groups(
    ray_cluster: str, tiny_model: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[int, GroupClient]]:
    storage = str(tmp_path_factory.mktemp("groups"))
    groups = {
        workers: WorkerGroup(group_config(tiny_model, workers, storage), f"group-{workers}") for workers in (1, 2)
    }
    yield {workers: group.client for workers, group in groups.items()}
    end_groups(list(groups.values()))


def train(group: GroupClient, training: Job, start: TrainingState | None = None) -> list[Report]:
    group.assign(training, start)
    reports = [group.next_report()]
    while not reports[-1].done and reports[-1].error is None:
        group.go_on()
        reports.append(group.next_report())
    return reports


def weights(report: Report) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in report.state.weights.items()}


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_one_worker_and_two_have_the_same_loss_curve(
    groups: dict[int, GroupClient], tiny_model: str, loss: Loss
) -> None:
    # Given negatives: as many as a row has, so that one rank may have more than the other.
    training = job(tiny_model, loss.name, train_rows=160, negatives=loss.negatives, reports=20, dropout=False)
    training = replace(training, settings={**training.settings, "epochs": 1})
    curves = [[report.metrics["loss"] for report in train(groups[workers], training)] for workers in (1, 2)]
    assert len(curves[0]) == 20
    assert curves[0][0] != pytest.approx(curves[0][-1], rel=1e-2)
    assert curves[1] == pytest.approx(curves[0], rel=1e-4, abs=1e-6)  # log(1 + x) has 1e-7 of fp32 left near 0


def test_the_third_trial_of_a_group_ends_as_the_first(groups: dict[int, GroupClient], tiny_model: str) -> None:
    training = job(tiny_model, "cosine")
    other = replace(job(tiny_model, "contrastive"), trial="another", seed=9)
    first, _, third = (train(groups[1], each)[-1] for each in (training, other, training))
    assert same(weights(first), weights(third))
    assert first.metrics["dev"] == third.metrics["dev"]


def test_a_training_that_was_cut_in_the_middle_of_an_epoch_ends_as_one_that_was_not(
    groups: dict[int, GroupClient], tiny_model: str
) -> None:
    training = job(tiny_model, "ranking", reports=4)
    groups[1].assign(training)
    reports = [groups[1].next_report() for _ in range(1)]
    for _ in range(2):
        groups[1].go_on()
        reports.append(groups[1].next_report())
    cut = reports[2].state
    whole = train(groups[1], training)
    assert reports[2].metrics["epoch"] == 1.5
    resumed = train(groups[1], training, cut)
    assert [report.metrics["epoch"] for report in resumed] == [2.0]
    assert same(weights(whole[-1]), weights(resumed[-1]))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_trial_whose_loss_is_not_finite_fails_alone(
    groups: dict[int, GroupClient], tiny_model: str, workers: int
) -> None:
    good = job(tiny_model, "cosine")
    bad = replace(good, trial="bad", settings={**good.settings, "learning_rate": 1e30})
    (failure,) = train(groups[workers], bad)
    assert "loss is" in (failure.error or "")
    assert train(groups[workers], good)[-1].done


def test_a_group_that_loses_a_worker_goes_on_from_the_last_state_and_one_that_cannot_start_gives_up(
    groups: dict[int, GroupClient], tiny_model: str, tmp_path: Path
) -> None:
    training = job(tiny_model, "cosine")
    damaged = replace(group_config(tiny_model, 1, str(tmp_path)), model=[ray.put({"modules.json": b"[]"})])
    hopeless = WorkerGroup(damaged, "hopeless")
    hopeless.client.assign(training)
    whole = train(groups[2], training)[-1]
    groups[2].assign(training)
    first = groups[2].next_report()
    assert first.metrics["epoch"] == 1.0
    os.kill(worker_processes()[-1], signal.SIGKILL)
    groups[2].go_on()
    resumed = groups[2].next_report()
    assert resumed.metrics["epoch"] == 2.0
    assert same(weights(whole), weights(resumed))
    given_up = hopeless.client.next_report()
    assert "could not start, 3 times in a row: Mistakes: base-model: " in (given_up.error or "")
    hopeless.thread.join()
    assert hopeless.lost
    assert [each.error for each in train(hopeless.client, training)] == [given_up.error]


def worker_processes() -> list[int]:
    """Return the training workers of this test session's cluster, the last started last."""
    started = psutil.Process().children(recursive=True)
    workers = [each for each in started if "RayTrainWorker" in " ".join(each.cmdline())]
    return [each.pid for each in sorted(workers, key=lambda each: each.create_time())]


def test_models_are_evaluated_on_the_groups_as_in_this_process_or_named(
    groups: dict[int, GroupClient], tiny_model: str
) -> None:
    training = job(tiny_model, "cosine")
    state = train(groups[2], training)[-1].state
    tables = {"dev": rows(24, "cosine", seed=1), "test": rows(30, "cosine", seed=2)}
    splits, train_rows = {split: [ray.put(table)] for split, table in tables.items()}, rows(24, "cosine", seed=3)
    what = EvaluationJob(trial="", kind="graded", splits=splits, train=[ray.put(train_rows)])
    progress: list[tuple[int, int]] = []
    models = {"base": None, "trained": state}
    predictions, yardsticks = evaluate_models(list(groups.values()), models, what, lambda *done: progress.append(done))
    assert sorted(progress) == [(1, 2), (2, 2)]
    model = load_model(resolve_base_model(tiny_model).files(), MAX_LENGTH, "cpu")
    for name in models:
        if state is not None and name == "trained":
            model.load_state_dict(to_tensors(state.weights))
        for split, table in tables.items():
            there, here = predictions[split][name], Evaluator("graded", table).evaluate(model.encode)
            assert isinstance(there, PairPredictions)
            assert isinstance(here, PairPredictions)
            assert there.cosines == pytest.approx(here.cosines, abs=1e-5)
    assert predictions["dev"]["base"].scores() != predictions["dev"]["trained"].scores()
    assert {split: list(each) for split, each in yardsticks.splits.items()} == {
        "dev": ["TF-IDF cosine"],
        "test": ["TF-IDF cosine"],
    }
    torn = replace(what, kind="binary", splits={"dev": [ray.put(rows(8, "cosine").slice(0, 1))]})
    with pytest.raises(EvaluationError, match="base: .*average precision needs both 0 and 1"):
        evaluate_models([groups[1]], {"base": None}, torn, lambda *done: None)
