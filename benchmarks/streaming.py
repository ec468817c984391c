"""Measure the stream of pairs: rows/s, a worker's unique memory (USS), and the fraction of a step spent on its batch.

python -m benchmarks.streaming [--pairs 100000 --pairs 1000000] [--tokenised 10000000]

`--pairs` go through prepared files, Ray Data and one table in the object store, as in every search. `--tokenised` are
written as token blocks and streamed from there, as data is that does not fit the object store. MiniLM trains on them in
one worker. Memory that processes share, above all the table, does not count towards USS.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import psutil
import pyarrow as pa
import ray
import typer

from benchmarks.measure import progress, report
from models.base_model import resolve_base_model
from pairs import prepared
from pairs.prepared import PreparedPairs
from pairs.train_view import view_of
from tasks.common.declaration import BASE_MODEL
from tasks.common.losses import LOSSES
from tokens.block_store import BlockStore
from tokens.collate import collate
from tokens.order import Shard
from tokens.tokenized import BLOCK_ROWS, TokenizedPairs, tokenize
from trainers.cluster import connect
from trainers.groups.board import BoardActor, ProgressBoard
from trainers.groups.worker_group import GroupConfig, WorkerGroup, end_groups
from trainers.hardware import TOKENS_PER_CALL
from trainers.job import Data, Job

STEPS = (20, 200)
STREAMED_BATCHES = 5_000
SIZE = 8
WORDS = [f"{first}{last}" for first in ("ba", "do", "ki", "lu", "me", "no") for last in ("ran", "sel", "tip", "wo")]
SETTINGS = {"learning_rate": 2e-5, "global_batch_size": SIZE, "epochs": 1, "warmup_ratio": 0.1, "weight_decay": 0.01}
POLL_S = 0.2


def texts(count: int) -> pa.Table:
    """Generate pairs of four-word texts with a label, in the schema of prepared pairs."""
    draw = random.Random(count)
    columns = [[" ".join(draw.choices(WORDS, k=4)) for _ in range(count)] for _ in range(2)]
    labels = pa.array([float(number % 2) for number in range(count)], pa.float32())
    groups = pa.array([str(number) for number in range(count)])
    return pa.table({"sentence1": columns[0], "sentence2": columns[1], "label": labels, "group": groups})


def token_blocks(count: int) -> Iterator[pa.Table]:
    """Generate tokenised pairs, with ten tokens in every text."""
    draw = np.random.default_rng(count)
    for start in range(0, count, BLOCK_ROWS):
        rows = min(BLOCK_ROWS, count - start)
        table: dict[str, Any] = {"label": pa.array(draw.integers(0, 2, rows).astype(np.float32))}
        for number in "12":
            ids = pa.array(draw.integers(1000, 20000, 10 * rows).astype(np.int32))
            table[f"ids{number}"] = pa.ListArray.from_arrays(
                pa.array(np.arange(0, 10 * rows + 1, 10, dtype=np.int32)), ids
            )
            table[f"hash{number}"] = pa.array(draw.integers(-(2**62), 2**62, rows))
        yield pa.table(table)


def prepared_pairs(count: int, folder: Path) -> TokenizedPairs:
    """Load pairs through prepared files and Ray Data into the object store."""
    tables = {"train": texts(count), "dev": texts(100)}
    manifest = {"task": "stream", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "graded"}}
    prepared.write(str(folder / "data"), tables, manifest)
    pairs = PreparedPairs.open(str(folder / "data"))
    reading = resolve_base_model(BASE_MODEL).reading(32)
    return tokenize(view_of(pairs, LOSSES["cosine"]), reading, in_memory=True)


def tokenised_pairs(count: int, folder: Path) -> TokenizedPairs:
    """Write pairs as token blocks in files."""
    store = BlockStore(str(folder / "blocks"))
    store.fill(token_blocks(count))
    paths, sizes = store.blocks()
    return TokenizedPairs(num_rows=sum(sizes), blocks=tuple(paths), sizes=tuple(sizes))


def seconds_per_batch(train: TokenizedPairs) -> float:
    """Measure shuffled rows to tensors in this process, without the first batch, which fetches the table."""
    batches = train.batches(Shard(global_batch_size=SIZE), seed=0, epoch=0)
    next(batches)
    began, count = time.perf_counter(), 0
    for count, batch in enumerate(batches, start=1):
        collate(batch, 0, TOKENS_PER_CALL["cpu"])
        if count == STREAMED_BATCHES:
            break
    return (time.perf_counter() - began) / count


def memory_and_pace(train: TokenizedPairs, folder: Path) -> tuple[dict[int, float], float]:
    """Measure the USS of the training worker in MiB at each of STEPS, and the seconds per step."""
    board = ProgressBoard.remote()
    job = Job(
        trial="stream",
        settings={"loss": "cosine", **SETTINGS},
        kind="graded",
        metric="spearman_cosine",
        seed=0,
        reports=1,
        data=Data(train={"cosine": train}, dev=[ray.put(texts(100))]),
    )
    group = WorkerGroup(
        GroupConfig(
            model=[ray.put(resolve_base_model(BASE_MODEL).files())],
            board=board,
            max_length=32,
            num_workers=1,
            cpus_per_worker=1,
            gpu=False,
            storage=str(folder / "groups"),
        ),
        "stream",
    )
    group.client.assign(job)
    uss = dict(watched(board))
    done = ray.get(board.all.remote())["stream"]
    end_groups([group])
    return uss, done.seconds / ((done.rows - done.first_rows) / SIZE)


def watched(board: BoardActor) -> Iterator[tuple[int, float]]:
    """Yield each of STEPS with the worker's USS, in MiB, once it has reached it."""
    for wanted in STEPS:
        while (reached := ray.get(board.all.remote()).get("stream")) is None or reached.step < wanted:
            time.sleep(POLL_S)
        yield wanted, worker().memory_full_info().uss / 2**20


def worker() -> psutil.Process:
    """Return the training worker that this process's Ray started last."""
    children = psutil.Process().children(recursive=True)
    workers = [child for child in children if "RayTrainWorker" in " ".join(child.cmdline())]
    return max(workers, key=lambda worker: worker.create_time())


def measured(count: int, tokenised: bool) -> dict[str, Any]:
    """Measure one row of the table."""
    progress(f"{count:,} pairs")
    with tempfile.TemporaryDirectory() as folder:
        train = (tokenised_pairs if tokenised else prepared_pairs)(count, Path(folder))
        batch_s = seconds_per_batch(train)
        uss, step_s = memory_and_pace(train, Path(folder))
    return {
        "pairs": f"{count:,}",
        "way": "token blocks" if tokenised else "object store",
        "rows/s": SIZE / batch_s,
        **{f"USS MiB at step {step}": size for step, size in uss.items()},
        "ms a batch": 1e3 * batch_s,
        "ms a step": 1e3 * step_s,
        "fraction of a step for its batch": batch_s / step_s,
    }


def main(
    pairs: Annotated[list[int] | None, typer.Option()] = None,
    tokenised: Annotated[list[int] | None, typer.Option()] = None,
) -> None:
    """Print a row per size."""
    connect(cpus_per_worker=1)
    sizes = [(count, False) for count in pairs or ([] if tokenised else [100_000, 1_000_000])]
    sizes += [(count, True) for count in tokenised or []]
    report("streaming", f"streaming, batches of {SIZE}", [measured(*size) for size in sizes])


if __name__ == "__main__":
    typer.run(main)
