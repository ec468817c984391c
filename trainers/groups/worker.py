"""The loop of every worker of a group: import once, load the base models once, then run one job after another."""

import gc
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

import ray
from ray import train

from trainers.checkpoint import TrainingState
from trainers.groups.board import PHASES, BoardActor
from trainers.groups.mailbox import Answer, Arrival, MailboxActor
from trainers.job import EvaluationJob, Job, Report

PROGRESS_EVERY = 5
"""Steps between two reports of progress, which are for display, not for decisions."""


class RankClient:
    """Meet the other ranks at the mailbox: every meeting has a number, and all ranks take part in it."""

    def __init__(self, mailbox: MailboxActor, board: BoardActor, group: str, rank: int, generation: str) -> None:
        self.mailbox, self.board, self.group = mailbox, board, group
        self.rank, self.generation, self.number = rank, generation, 0
        self.seconds: dict[str, float] = {}
        self._asked: tuple[str, Any] | None = None
        """The training that was asked about last, and the coming answer."""
        self.starts: int = ray.get(mailbox.enter.remote(generation))

    def meet(self, kind: str, report: Report | None = None) -> Answer:
        """Arrive at the next meeting, and wait for the answer to all ranks."""
        self.number += 1
        arrival = Arrival(kind, report)
        return ray.get(self.mailbox.meet.remote(self.generation, self.rank, self.number, arrival))  # type: ignore[no-any-return]

    def progress(self, job: Job, step: int) -> None:
        """Report progress every few steps, from rank 0, without waiting."""
        if self.rank == 0 and step % PROGRESS_EVERY == 0:
            self.board.step_taken.remote(job.trial, step, job.global_batch_size)
            self.report_time()

    def spent(self, phase: str, seconds: float) -> None:
        """Add seconds to a phase of a training (a key of PHASES)."""
        self.seconds[PHASES[phase]] = self.seconds.get(PHASES[phase], 0.0) + seconds

    def report_time(self) -> None:
        """Send the seconds of each phase to the board, from rank 0, without waiting."""
        if self.rank == 0:
            self.board.time_spent.remote(self.group, self.generation, dict(self.seconds))

    def cancelled(self, job: Job) -> bool:
        """Return whether the search no longer needs this training; rank 0 asks now and then, without waiting."""
        if self.rank:
            return False
        wanted = True
        if self._asked and self._asked[0] == job.trial:  # an answer about the training before says nothing
            if not ray.wait([self._asked[1]], timeout=0)[0]:
                return False
            wanted = ray.get(self._asked[1])
        self._asked = (job.trial, self.mailbox.wants.remote(job.trial))
        return not wanted

    def base_scores(self, scores: dict[str, float]) -> None:
        """Send the base model's scores at once: a budget may end before the first report."""
        if self.rank == 0:
            self.board.set_base_scores.remote(scores)

    def report(self, metrics: dict[str, Any], capture: Callable[[], TrainingState], done: bool) -> bool:
        """Report metrics and state from rank 0, and return whether to go on: the same on every rank."""
        own = Report(metrics, [ray.put(capture())], done) if self.rank == 0 else Report(done=done)
        return self.meet("report", own).kind == "go"


def work(config: dict[str, Any]) -> None:
    """Run jobs inside a Ray Train worker until the trial ends its group.

    Args:
        config: mailbox; board; group: its name; created_at: Unix time at which its start began, seconds;
            model: [reference to the base model's files]; max_length; others: further base model -> the same two;
            trust_remote_code; threads.
    """
    began = time.time()
    gc.disable()  # it finds nothing in imported modules and takes a tenth of the time
    import torch

    from models.base_model import load_model
    from tokens.order import Shard

    torch.set_num_threads(config["threads"])
    context = train.get_context()
    rank, world_size = context.get_world_rank(), context.get_world_size()
    if world_size == 1:
        os.environ.pop("LOCAL_RANK", None)  # else accelerate wraps a single worker's model in DDP, for nothing
    device = str(train.torch.get_device())
    first, *others = (
        load_model(ray.get(files[0]), max_length, device, config["trust_remote_code"])
        for files, max_length in [(config["model"], config["max_length"]), *config["others"].values()]
    )
    bases = dict(zip(config["others"], others, strict=True))
    gc.enable()
    gc.freeze()  # else each start of a training, where the library collects garbage, takes 0.35 s longer
    ranks = RankClient(config["mailbox"], config["board"], config["group"], rank, agreed_name())
    ranks.spent("setup_s", max(0.0, time.time() - (config["created_at"] if ranks.starts == 1 else began)))
    ranks.report_time()
    while (answer := ranks.meet("next")).job:
        start = ray.get(answer.start[0]) if answer.start else None
        base = bases.get(answer.job.base_model, first)
        if isinstance(answer.job, EvaluationJob):
            _evaluate(ranks, answer.job, base, start)
        else:
            shard = Shard(global_batch_size=answer.job.global_batch_size, rank=rank, world_size=world_size)
            _train_one(ranks, answer.job, base, shard, start)
        ranks.report_time()
        gc.collect()  # the library's trainer and its callbacks hold each other, and with them model and optimizer
        if device.startswith("cuda"):
            torch.cuda.empty_cache()


def agreed_name() -> str:
    """Return a name for this start of the group, the same on every rank."""
    from ray.train.collective import broadcast_from_rank_zero

    return str(broadcast_from_rank_zero(uuid.uuid4().hex))


def _evaluate(ranks: RankClient, job: EvaluationJob, base: Any, start: TrainingState | None) -> None:
    """Evaluate on rank 0, while the others wait at the meeting."""
    if ranks.rank:
        ranks.meet("report", Report(done=True))
        return
    from trainers.checkpoint import restore
    from trainers.evaluate import evaluate

    began = time.monotonic()
    try:
        metrics = evaluate(job, restore(base, start))
    except Exception as error:
        ranks.meet("failed", Report(error=f"{type(error).__name__}: {error}"))
        return
    ranks.spent("evaluate_s", time.monotonic() - began)
    ranks.report_time()
    ranks.meet("report", Report(metrics, done=True))


def _train_one(ranks: RankClient, job: Job, base: Any, shard: Any, start: TrainingState | None) -> None:
    from torch import AcceleratorError
    from torch.distributed import DistError

    from trainers.fine_tune import fine_tune
    from trainers.pair_trainer import TrialFailedError

    try:
        fine_tune(job, base, shard, start, ranks)
    except TrialFailedError as failure:
        ranks.meet("failed", Report(error=str(failure)))
    except DistError:
        raise  # a peer was lost: no fault of the job, which the restarted group takes up again
    except Exception as error:
        if shard.world_size == 1 and not isinstance(error, AcceleratorError):  # which breaks the process's device
            ranks.meet("failed", Report(error=f"{type(error).__name__}: {error}"))
            return
        # The peers may wait in a collective for this rank; only the end of this process wakes them.
        if "gloo" not in str(error).lower():
            ray.get(ranks.mailbox.fatal.remote(job.trial, f"{type(error).__name__}: {error}"))
        raise
