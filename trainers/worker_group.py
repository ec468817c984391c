"""A worker group: one long-lived Ray Train run whose workers take one job after another."""

import threading
import uuid
from dataclasses import dataclass
from typing import Any

import ray
from ray import train
from ray.train.torch import TorchConfig, TorchTrainer

from trainers.job import Job, Report, TrainingState
from trainers.mailbox import Mailbox
from trainers.worker import work

COLLECTIVE_TIMEOUT_S = 300
"""How long a rank waits for a peer that is alive and silent (Ray's default is 1800 s)."""
END_TIMEOUT_S = 10
"""A group between two jobs ends in well under this; one in the middle of an epoch is ended with its trial."""


@dataclass(frozen=True, kw_only=True)
class GroupConfig:
    """What every group of a search is made of."""

    model: list[Any]
    """One reference to the base model's files, wrapped so that Ray passes the reference."""
    board: Any
    """The actor that workers tell their progress (trainers/progress.py)."""
    max_length: int
    num_workers: int
    cpus_per_worker: int
    gpu: bool
    storage: str
    """Absolute or remote folder that every node can reach; Ray Train keeps its bookkeeping there."""


class GroupLost(RuntimeError):
    """The Ray Train run of this group has ended although nobody ended it."""


class WorkerGroup:
    """Start it early: processes, imports and rendezvous take seconds, and run while the caller does other things."""

    def __init__(self, config: GroupConfig) -> None:
        self.mailbox = Mailbox.remote(config.num_workers)
        self._error: BaseException | None = None
        self._kept: list[Any] | None = None
        self._thread = threading.Thread(target=self._run, args=(self._trainer(config),), daemon=True)
        self._thread.start()

    def _trainer(self, config: GroupConfig) -> TorchTrainer:
        return TorchTrainer(
            work,
            train_loop_config={
                "mailbox": self.mailbox,
                "board": config.board,
                "model": config.model,
                "max_length": config.max_length,
                "threads": config.cpus_per_worker,
            },
            torch_config=TorchConfig(timeout_s=COLLECTIVE_TIMEOUT_S),
            scaling_config=train.ScalingConfig(
                num_workers=config.num_workers,
                use_gpu=config.gpu,
                resources_per_worker={"CPU": config.cpus_per_worker, **({"GPU": 1} if config.gpu else {})},
            ),
            run_config=train.RunConfig(
                name=f"group-{uuid.uuid4().hex[:8]}",  # a name used before would silently resume that run
                storage_path=config.storage,
                failure_config=train.FailureConfig(max_failures=-1),  # the mailbox counts the tries of each job
            ),
        )

    def _run(self, trainer: TorchTrainer) -> None:
        try:
            trainer.fit()
        except BaseException as error:
            self._error = error

    def assign(self, job: Job, start: TrainingState | None = None) -> None:
        """Hand over a job, to begin from `start` or from the base model."""
        self._kept = [ray.put(start)] if start else None
        ray.get(self.mailbox.assign.remote(job, self._kept))

    def next_report(self) -> Report:
        """Wait for the job's next report.

        Raises:
            GroupLost: with what Ray Train said.
        """
        while (report := ray.get(self.mailbox.take.remote(1.0))) is None:
            if not self._thread.is_alive():
                raise GroupLost(f"the worker group ended: {self._error!r}")
        return report._replace(state=self._keep(report.state))  # type: ignore[no-any-return]

    def _keep(self, reported: list[Any] | None) -> TrainingState | None:
        """What rank 0 put is lost with it, so this process, which outlives the group, puts it again."""
        if reported is None:
            return None
        try:
            state: TrainingState = ray.get(reported[0])
        except (ray.exceptions.ObjectLostError, ray.exceptions.ReferenceCountingAssertionError):
            return None  # rank 0 died right after its report: the restarted group begins at the last state kept
        self._kept = [ray.put(state)]
        return state

    def go_on(self) -> None:
        """Answer a report that was not the last."""
        ray.get(self.mailbox.decide.remote("go", self._kept))

    def end(self) -> None:
        """Let the workers go home and wait for it."""
        ray.get(self.mailbox.end.remote())
        self._thread.join(END_TIMEOUT_S)
