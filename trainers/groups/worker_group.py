"""A worker group: one long-lived Ray Train run whose workers take one job after another."""

import os
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray import train
from ray.train.torch import TorchConfig, TorchTrainer

from trainers.groups.board import BoardActor
from trainers.groups.client import GroupClient
from trainers.groups.mailbox import Mailbox, MailboxActor
from trainers.groups.start_failures import StartPolicy
from trainers.groups.worker import work

COLLECTIVE_TIMEOUT_S = 300
"""Seconds that a rank waits for a peer that is alive and silent (Ray's default is 1800 s)."""
MAX_RUNS = 3
"""Ray Train runs of one group: a run ends by itself if its controller is lost or its workers cannot be placed."""
END_TIMEOUT_S = 10
"""A group between two jobs ends in well under this; one in the middle of an epoch is ended with its trial."""

UNUSED = frozenset({"DatasetsCallback"})
"""Callback that splits Ray Datasets: here pairs are in the object store, or in blocks that each worker streams."""
UNUSED_LOCALLY = frozenset({"PlacementGroupCleanerCallback"})
"""Callback that asks the dashboard whether the controller is alive; the local Ray has no dashboard."""


@dataclass(frozen=True, kw_only=True)
class GroupConfig:
    """Configuration of every group of a search."""

    model: list[Any]
    """One reference to the base model's files, wrapped so that Ray passes the reference."""
    board: BoardActor
    """The actor to which workers send their progress (trainers/groups/board.py)."""
    max_length: int
    others: Mapping[str, tuple[list[Any], int]] = field(default_factory=dict)
    """Further base model -> its `model` and `max_length`."""
    trust_remote_code: bool = False
    num_workers: int
    cpus_per_worker: int
    gpu: bool
    storage: str
    """Absolute or remote folder that every node can reach; Ray Train keeps its bookkeeping there."""


class Trainer(TorchTrainer):  # type: ignore[misc]  # Ray ships no types for it
    """Ray's TorchTrainer without actors that a group does not need: each takes CPU seconds to start.

    The names of the callbacks are internal to Ray: if a later version renames them, all of them stay.
    It gives up if the group cannot start (trainers/groups/start_failures.py).
    """

    def _initialize_and_run_controller(self, **given: Any) -> Any:
        policy = StartPolicy(self.run_config.failure_config, self.train_loop_config["mailbox"])
        return super()._initialize_and_run_controller(**{**given, "failure_policy": policy})

    def _create_default_callbacks(self) -> list[Any]:
        unused = UNUSED if os.environ.get("RAY_ADDRESS") else UNUSED | UNUSED_LOCALLY
        return [own for own in super()._create_default_callbacks() if type(own).__name__ not in unused]


class WorkerGroup:
    """Start a group in the background: processes, imports and rendezvous take seconds."""

    def __init__(self, config: GroupConfig, name: str) -> None:
        self.name, self.began, self.created_at = name, time.monotonic(), time.time()
        self.mailbox: MailboxActor = Mailbox.remote(config.num_workers)
        self.client = GroupClient(self.mailbox)
        self.lost: str | None = None
        """Why the group takes no further job: it could not be started, or was lost too often."""
        self._ending = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(config,), daemon=True)
        self.thread.start()

    def _trainer(self, config: GroupConfig) -> TorchTrainer:
        return Trainer(
            work,
            train_loop_config={
                "mailbox": self.mailbox,
                "board": config.board,
                "group": self.name,
                "created_at": self.created_at,
                "model": config.model,
                "max_length": config.max_length,
                "others": dict(config.others),
                "trust_remote_code": config.trust_remote_code,
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

    def _run(self, config: GroupConfig) -> None:
        """Start a run that ended by itself again; Ray Train restarts lost workers within a run.

        A run whose workers could not start is not started again.
        """
        for remaining in reversed(range(MAX_RUNS)):
            error: BaseException | None = None
            try:
                self._trainer(config).fit()
            except BaseException as caught:  # of any kind: the waiting trial needs a report
                error = caught
            if self._ending.is_set():
                return
            self.lost = ray.get(self.mailbox.lose.remote(f"the worker group ended: {error!r}", remaining == 0))
            if self.lost:
                return

    def dismiss(self) -> None:
        """Give out no further job; `thread` ends when the workers have ended."""
        self._ending.set()
        ray.get(self.mailbox.end.remote())


def end_groups(groups: Sequence[WorkerGroup]) -> None:
    """Shut down all groups, and wait up to END_TIMEOUT_S seconds for their ends."""
    for group in groups:
        group.dismiss()
    deadline = time.monotonic() + END_TIMEOUT_S
    for group in groups:
        group.thread.join(max(0.0, deadline - time.monotonic()))
