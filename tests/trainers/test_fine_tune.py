"""The job's settings in the library's words."""

from dataclasses import replace
from pathlib import Path

import pytest

from pairs.order import Share
from pairs.tokenized import TokenizedPairs
from tests.trainers.cases import BARE_JOB
from trainers.fine_tune import arguments
from trainers.hardware import FASTEST_OPTIMIZER, choose
from trainers.job import Data


@pytest.mark.parametrize(("asked", "used"), [("auto", FASTEST_OPTIMIZER), ("adamw_torch", "adamw_torch")])
def test_the_optimizer_that_is_asked_for_trains(tmp_path: Path, asked: str, used: str) -> None:
    job = replace(
        BARE_JOB,
        settings={"learning_rate": 1e-3, "global_batch_size": 8, "epochs": 1, "warmup_share": 0.1, "weight_decay": 0.0},
        data=Data(train=TokenizedPairs(num_rows=64), dev=[]),
        optimizer=choose("fp32", asked, 1, gpu=False).optimizer,
    )
    assert arguments(job, Share(global_batch_size=8), str(tmp_path), "cpu").optim == used
