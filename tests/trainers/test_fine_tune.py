"""Test that the job's settings become the library's arguments."""

from dataclasses import replace
from pathlib import Path

import pytest

from pairs.order import Shard
from tests.trainers.cases import BARE_JOB
from trainers.fine_tune import arguments
from trainers.hardware import FASTEST_OPTIMIZER, choose


@pytest.mark.parametrize(("asked", "used"), [("auto", FASTEST_OPTIMIZER), ("adamw_torch", "adamw_torch")])
def test_the_optimizer_that_is_asked_for_trains(tmp_path: Path, asked: str, used: str) -> None:
    job = replace(BARE_JOB, optimizer=choose("fp32", asked, 1, gpu=False).optimizer)
    assert arguments(job, Shard(global_batch_size=8), str(tmp_path), "cpu").optim == used
