"""Test that the job's settings become the library's arguments."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.trainers.cases import BARE_JOB
from tokens.order import Shard
from trainers.fine_tune import arguments
from trainers.hardware import FASTEST_OPTIMIZER, choose


@pytest.mark.parametrize(("option", "used"), [("auto", FASTEST_OPTIMIZER), ("adamw_torch", "adamw_torch")])
def test_the_requested_optimizer_trains(tmp_path: Path, option: str, used: str) -> None:
    job = replace(BARE_JOB, optimizer=choose("fp32", option, 1, gpu=False).optimizer)
    assert arguments(job, Shard(global_batch_size=8), str(tmp_path), "cpu").optim == used
