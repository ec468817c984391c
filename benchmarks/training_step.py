"""Measure training steps of ours and of the library's trainer, in turns on the same rows, with the same threads.

python -m benchmarks.training_step [--steps 10] [--pairs 128] [--rounds 5] [--threads 2] [--bf16] [--data PREPARED]

The time is from the start of the first step to the end of the last: batches, forward, backward, clipping, optimizer,
schedule. The library's trainer runs with its defaults, and also in bf16 where the processor computes it natively or
with --bf16.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import torch
import typer
from transformers import TrainerCallback

from benchmarks.cases import CASES, Case, drawn, training_pairs
from benchmarks.measure import in_turns, process, progress, ratios, report
from benchmarks.rivals import library_trainer
from models.base_model import load_model, resolve_base_model
from pairs.prepared import PreparedPairs
from tasks.common import loading
from tasks.common.declaration import BASE_MODEL, Task
from tokens.order import Shard, batches_in_memory
from tokens.tokenized import TokenizedPairs, distinct_ids, tokenize_batch
from trainers.cluster import ALLOCATOR
from trainers.fine_tune import build_trainer
from trainers.hardware import Hardware, choose
from trainers.job import Data, Job

SEED = 0
OURS, LIBRARY, BY_HAND = "ours", "the library", "the library with bf16"


@dataclass(frozen=True, kw_only=True)
class TokensAtHand(TokenizedPairs):
    """A tokenised table in this process."""

    tokens: pa.Table

    def seen_tokens(self) -> np.ndarray:
        """Return the distinct token ids of the table."""
        return distinct_ids(self.tokens)

    def batches(self, share: Shard, seed: int, epoch: int) -> Iterator[pa.Table]:
        """Yield batches as from the object store."""
        return batches_in_memory(self.tokens, share, seed, epoch)


class Stopwatch(TrainerCallback):
    """Measure the seconds from the start of the first step to the end of the last."""

    began = ended = 0.0

    def on_step_begin(self, *_args: Any, **_kwargs: Any) -> None:
        """Store the time of the first step's start."""
        self.began = self.began or time.perf_counter()

    def on_step_end(self, *_args: Any, **_kwargs: Any) -> None:
        """Store the time of the last step's end."""
        self.ended = time.perf_counter()

    def seconds(self, trainer: Any) -> float:
        """Train with this trainer and return the seconds."""
        trainer.add_callback(self)
        trainer.train()
        return self.ended - self.began


def job(task: Task, size: int, steps: int, tokens: pa.Table, hardware: Hardware) -> Job:
    """Return the job of one epoch of `steps` steps."""
    settings = {**task.settings, "global_batch_size": size, "epochs": 1}
    return Job(
        trial="benchmark",
        settings=settings,
        kind=task.declared_kind.name,
        metric=task.metric,
        seed=SEED,
        reports=1,
        data=Data(train={task.declared_loss.name: TokensAtHand(num_rows=size * steps, tokens=tokens)}, dev=[]),
        bf16=hardware.bf16,
        optimizer=hardware.optimizer,
    )


def trained(way: str, task_name: str, size: int, rows: pa.Table, hardware: Hardware) -> float:
    """Train on these rows once, this way, and return the seconds of the steps; each way has its own process."""
    torch.set_num_threads(hardware.threads)
    task, resolved = loading.load(task_name), resolve_base_model(BASE_MODEL)
    reading = resolved.reading(task.tokens)
    model = load_model(resolved.files(), reading.max_length, hardware.device)
    tokens = tokenize_batch(rows, reading).combine_chunks()
    epoch = job(task, size, len(rows) // size, tokens, hardware)
    with tempfile.TemporaryDirectory() as folder:
        if way == OURS:
            return Stopwatch().seconds(build_trainer(epoch, model, Shard(global_batch_size=size), folder, start=None))
        return Stopwatch().seconds(
            library_trainer(
                model,
                rows,
                task.loss,
                epoch.loss_parameters,
                output_dir=folder,
                num_train_epochs=1,
                per_device_train_batch_size=size,
                seed=SEED,
                bf16=way == BY_HAND,
                use_cpu=hardware.device == "cpu",
            )
        )


def measured(
    case: Case, rows: pa.Table, steps: int, rounds: int, hardware: Hardware, names: list[str]
) -> dict[str, Any]:
    """Measure one row of the table."""
    task, size = loading.load(case.task), case.global_batch_size
    rows = drawn(rows, size * steps, SEED)
    tokenised = tokenize_batch(rows, resolve_base_model(BASE_MODEL).reading(task.tokens))
    tokens = sum(len(tokenised[name].combine_chunks().flatten()) for name in ("ids1", "ids2"))
    with ExitStack() as stack:
        pools = {name: stack.enter_context(process(ALLOCATOR if name == OURS else {})) for name in names}

        def way(name: str) -> Callable[[], float]:
            return lambda: pools[name].submit(trained, name, case.task, size, rows, hardware).result()

        ways = {name: way(name) for name in names}
        for name in names:
            progress(f"{case.name}, once to warm up: {name}")
            ways[name]()
        seconds = in_turns(ways, rounds, lambda line: progress(f"{case.name}, {line}"))
    rivals = {name: ratios(seconds[name], seconds[OURS]) for name in names if name != OURS}
    return {
        "case": case.name,
        "our pairs/s": [len(rows) / own for own in seconds[OURS]],
        "our tokens/s": [tokens / own for own in seconds[OURS]],
        "library pairs/s": [len(rows) / own for own in seconds[LIBRARY]],
        "times the library": rivals[LIBRARY],
        "times bf16 by hand": rivals.get(BY_HAND),
    }


def main(
    steps: int = 10,
    pairs: Annotated[int, typer.Option(help="Greatest number of pairs a round; two steps at least.")] = 10_000,
    rounds: int = 5,
    threads: int = os.cpu_count() or 1,
    bf16: Annotated[bool, typer.Option("--bf16")] = False,
    gpu: Annotated[bool, typer.Option("--gpu")] = False,
    data: Annotated[str | None, typer.Option(help="Real prepared pairs instead of generated ones.")] = None,
) -> None:
    """Print a row per case."""
    hardware = choose("auto", "auto", threads, gpu)
    tokenizer = resolve_base_model(BASE_MODEL).reading().tokenizer
    names = [OURS, LIBRARY, *([BY_HAND] if bf16 or hardware.bf16 else [])]
    table = []
    for case in CASES:
        size = case.global_batch_size
        own_steps = min(steps, max(2, pairs // size))
        if data is None:
            rows = training_pairs(case, max(size * own_steps, case.rows), tokenizer)
        elif (prepared := PreparedPairs.open(data)).manifest["task"] == case.task:
            rows = prepared.table("train")
        else:
            continue
        table.append(measured(case, rows, own_steps, rounds, hardware, names))
    report("training_step", f"training steps ({hardware.line()})", table)


if __name__ == "__main__":
    typer.run(main)
