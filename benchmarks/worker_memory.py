"""A worker's unique memory (USS) over its first 200 steps, at 10,000 and at 1,000,000 generated pairs.

python -m benchmarks.worker_memory

The pairs take the way of every search (prepared files, Ray Data, one table in the object store); MiniLM trains on them.
What is shared between processes, the table above all, does not count towards USS.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import ray

from pairs import prepared
from pairs.prepared import PreparedPairs
from pairs.tokenized import tokenize
from tasks.common.declaration import BASE_MODEL
from trainers.base_model import resolve_base_model
from trainers.cluster import connect
from trainers.job import Data, Job
from trainers.progress import Board
from trainers.worker_group import GroupConfig, WorkerGroup, end_groups

SIZES = (10_000, 1_000_000)
STEPS = (20, 200)
WORDS = [f"{first}{last}" for first in ("ba", "do", "ki", "lu", "me", "no") for last in ("ran", "sel", "tip", "wo")]
SETTINGS = {"learning_rate": 2e-5, "global_batch_size": 8, "epochs": 1, "warmup_share": 0.1, "weight_decay": 0.01}
POLL_S = 0.2


def generated(count: int) -> pa.Table:
    """Pairs of four words and a label, in the schema of prepared pairs."""
    draw = random.Random(count)
    texts = [[" ".join(draw.choices(WORDS, k=4)) for _ in range(count)] for _ in range(2)]
    labels = pa.array([float(number % 2) for number in range(count)], pa.float32())
    groups = pa.array([str(number) for number in range(count)])
    return pa.table({"sentence1": texts[0], "sentence2": texts[1], "label": labels, "group": groups})


def uss_at_steps(count: int, folder: Path) -> dict[int, float]:
    """Step -> USS of the training worker in MiB."""
    tables = {"train": generated(count), "dev": generated(100)}
    manifest = {"task": "memory", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "graded"}}
    prepared.write(str(folder / "data"), tables, manifest)
    pairs, model = PreparedPairs.open(str(folder / "data")), resolve_base_model(BASE_MODEL)
    board = Board.remote()
    train = tokenize(pairs, "train", model.tokenizer(), 32, in_memory=True)
    job = Job(
        trial="memory",
        settings=SETTINGS,
        loss="cosine",
        kind="graded",
        metric="spearman_cosine",
        seed=0,
        reports_per_epoch=1,
        data=Data(train=train, dev=[ray.put(pairs.table("dev"))]),
    )
    group = WorkerGroup(
        GroupConfig(
            model=[ray.put(model.files())],
            board=board,
            max_length=32,
            num_workers=1,
            cpus_per_worker=1,
            gpu=False,
            storage=str(folder / "groups"),
        )
    )
    group.client.assign(job)
    found = dict(measured(board))
    end_groups([group])
    return found


def measured(board: object) -> Iterator[tuple[int, float]]:
    """The worker's USS, in MiB, once it has taken each of STEPS."""
    for wanted in STEPS:
        while (progress := ray.get(board.all.remote()).get("memory")) is None or progress.step < wanted:  # type: ignore[attr-defined]
            time.sleep(POLL_S)
        yield wanted, worker().memory_full_info().uss / 2**20


def worker() -> psutil.Process:
    """The training worker that this process's Ray started last."""
    started = psutil.Process().children(recursive=True)
    workers = [each for each in started if "RayTrainWorker" in " ".join(each.cmdline())]
    return max(workers, key=lambda each: each.create_time())


def main() -> None:
    """Print a line per size."""
    connect(cpus_per_worker=1)
    for count in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            early, late = uss_at_steps(count, Path(folder)).values()
        growth = f"{late - early:+.0f} MiB"
        print(f"{count:,} pairs: USS {early:.0f} MiB at step {STEPS[0]}, {late:.0f} at step {STEPS[1]} ({growth})")


if __name__ == "__main__":
    main()
