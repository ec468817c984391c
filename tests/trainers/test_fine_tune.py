"""Test that the job's settings become the library's arguments."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import SentenceTransformer

from tests.trainers.cases import BARE_JOB
from tokens.order import Shard
from trainers.fine_tune import arguments, build_trainer
from trainers.hardware import FASTEST_OPTIMIZER, choose

SHARD = Shard(global_batch_size=8)


@pytest.fixture(scope="module")
def model(tiny_model: str) -> SentenceTransformer:
    return SentenceTransformer(tiny_model, device="cpu")


@pytest.mark.parametrize(("option", "used"), [("auto", FASTEST_OPTIMIZER), ("adamw_torch", "adamw_torch")])
def test_the_requested_optimizer_trains(model: SentenceTransformer, tmp_path: Path, option: str, used: str) -> None:
    job = replace(BARE_JOB, optimizer=choose("fp32", option, 1, gpu=False).optimizer)
    assert arguments(job, SHARD, str(tmp_path), model).optim == used


@pytest.mark.parametrize(("schedule", "middle"), [("linear", 0.25), ("cosine", 0.1464)])
def test_the_learning_rate_falls_as_the_schedule_says(
    model: SentenceTransformer, tmp_path: Path, schedule: str, middle: float
) -> None:
    settings = {**BARE_JOB.settings, "schedule": schedule, "warmup_ratio": 0.0}
    trainer: Any = build_trainer(replace(BARE_JOB, settings=settings), model, SHARD, str(tmp_path), start=None)
    trainer.create_optimizer_and_scheduler(8)
    (rate,) = set(trainer.lr_scheduler.base_lrs)
    factors = [trainer.lr_scheduler.lr_lambdas[0](step) for step in (0, 6, 8)]
    assert rate == BARE_JOB.settings["learning_rate"]
    assert factors == pytest.approx([1.0, middle, 0.0], abs=1e-4)


def test_a_layer_decay_reaches_the_optimizer_and_every_weight_has_one_rate(
    model: SentenceTransformer, tmp_path: Path
) -> None:
    settings = {**BARE_JOB.settings, "lr_layer_decay": 0.5, "learning_rate": 1.0}
    trainer: Any = build_trainer(replace(BARE_JOB, settings=settings), model, SHARD, str(tmp_path), start=None)
    trainer.create_optimizer()
    names = {id(weight): name for name, weight in trainer.model.named_parameters()}
    rates = {names[id(weight)]: group["lr"] for group in trainer.optimizer.param_groups for weight in group["params"]}
    assert set(rates) == set(names.values())
    first: Any = model[0]
    layers = first.auto_model.config.num_hidden_layers
    for name, rate in rates.items():
        below = next((layers - 1 - layer for layer in range(layers) if f".layer.{layer}." in name), layers)
        assert rate == 0.5 ** (0 if "pooler" in name else below), name
    assert len(set(rates.values())) == layers + 1
