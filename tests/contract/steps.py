"""Take one training step, in this process alone or in two that exchange over gloo, without a cluster."""

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
import torch.distributed as dist
from accelerate.state import AcceleratorState, GradientState
from sentence_transformers import SentenceTransformer

from pairs.order import Shard, batches_in_memory
from pairs.tokenized import TokenizedPairs, distinct_ids
from trainers.checkpoint import to_arrays
from trainers.fine_tune import build_trainer
from trainers.job import Job

TIMEOUT_S = 60
"""How long a rank waits for the other one; a loss whose ranks differ in their collectives fails after it."""


@dataclass(frozen=True, kw_only=True)
class TokensInMemory(TokenizedPairs):
    """Hold tokens inside the job."""

    tokens: pa.Table

    def seen_tokens(self) -> np.ndarray | None:
        return distinct_ids(self.tokens)

    def batches(self, share: Shard, seed: int, epoch: int) -> Iterator[pa.Table]:
        return batches_in_memory(self.tokens, share, seed, epoch)


class Step(NamedTuple):
    """The result of a step."""

    loss: float
    """The mean over the ranks."""
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]
    """Weights."""

    @property
    def change(self) -> np.ndarray:
        """The changes of all weights in one vector."""
        return np.concatenate([(self.after[name] - each).ravel() for name, each in sorted(self.before.items())])


def take_step(job: Job, model: str) -> Step:
    """Train as the job says, on this rank's shard if there are ranks."""
    together = dist.is_initialized()
    rank, ranks = (dist.get_rank(), dist.get_world_size()) if together else (0, 1)
    shard = Shard(global_batch_size=job.global_batch_size, rank=rank, world_size=ranks)
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()
    base = SentenceTransformer(model, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        trainer = build_trainer(job, base, shard, folder, start=None)
        trainer.args.max_grad_norm = 0  # clipped, a gradient that is twice what it should be is the right one
        loss = torch.tensor(trainer.train().training_loss)
    if together:
        dist.all_reduce(loss)
    return Step(loss.item() / ranks, to_arrays(base.state_dict()), to_arrays(trainer.model.state_dict()))


class Ranks:
    """Run each step in several processes together."""

    def __init__(self, processes: list[ProcessPoolExecutor]) -> None:
        self.processes = processes

    def take_step(self, job: Job, model: str) -> list[Step]:
        """Return the result of each rank after the step."""
        steps = [process.submit(take_step, job, model) for process in self.processes]
        return [step.result(timeout=2 * TIMEOUT_S) for step in steps]


@contextmanager
def two_ranks() -> Iterator[Ranks]:
    """Start two processes that are one gloo group."""
    with tempfile.TemporaryDirectory() as folder:
        spawn = get_context("spawn")
        processes = [
            ProcessPoolExecutor(1, spawn, initializer=_join, initargs=(f"file://{folder}/meeting", rank))
            for rank in (0, 1)
        ]
        try:
            yield Ranks(processes)
        finally:
            for wait in (False, True):  # both end at once, and then both are waited for
                for process in processes:
                    process.shutdown(wait)


def _join(meeting: str, rank: int) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    torch.set_num_threads(1)
    timeout = timedelta(seconds=TIMEOUT_S)
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2, timeout=timeout)
