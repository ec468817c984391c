"""The job's settings in the library's words."""

from pathlib import Path

import pytest

from pairs.order import Share
from pairs.tokenized import TokenizedPairs
from trainers.fine_tune import arguments
from trainers.hardware import FASTEST_OPTIMIZER, choose
from trainers.job import Data, Job

SETTINGS = {"learning_rate": 1e-3, "global_batch_size": 8, "epochs": 1, "warmup_share": 0.1, "weight_decay": 0.01}


@pytest.mark.parametrize(("asked", "used"), [("auto", FASTEST_OPTIMIZER), ("adamw_torch", "adamw_torch")])
def test_the_optimizer_that_is_asked_for_trains(tmp_path: Path, asked: str, used: str) -> None:
    job = Job(
        trial="t1",
        settings=SETTINGS,
        loss="cosine",
        kind="graded",
        metric="spearman_cosine",
        seed=0,
        reports_per_epoch=1,
        data=Data(train=TokenizedPairs(num_rows=64), dev=[]),
        optimizer=choose("fp32", asked, 1, gpu=False).optimizer,
    )
    assert arguments(job, Share(global_batch_size=8), str(tmp_path), "cpu").optim == used
