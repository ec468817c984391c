"""Measure how the cost of a search grows with trials, beside plain Tune, and how pairs/s grow with workers.

python -m benchmarks.scale [--trials 10 --trials 100] [--workers 1 --workers 2 --workers 4] [--rounds 3]

Trials are stubs that wait for each of two reports and train nothing. Both sides run two at a time, with a random
sampler, ASHA, a checkpoint at each report, a line per result and TensorBoard events. The figure is the CPU time of the
driver process. Workers run jobs.train on invoices and divide a global batch of 32; each has one thread, and beyond the
number of cores they are logical CPUs. They compute in fp32, because in bf16 one worker's pace changed threefold from
run to run.
"""

import json
import os
import pickle
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import numpy as np
import optuna
import psutil
import ray
import typer
from ray import tune
from ray.tune.logger import JsonLoggerCallback, TBXLoggerCallback
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch
from typer.testing import CliRunner

from benchmarks.measure import in_turns, progress, ratios, report
from benchmarks.search_cost import prepared
from common.run_folder import RunFolder
from jobs import train
from reporting.live import Live
from reporting.trial_log import TrialLog
from search_spaces.default import first_trials, for_task
from tasks.common import loading
from tokens.tokenized import TokenizedPairs
from trainers.checkpoint import TrainingState
from trainers.cluster import connect
from trainers.groups.board import ProgressBoard
from trainers.groups.mailbox import Arrival, Mailbox, MailboxActor
from trainers.job import Data, Job, Report
from trainers.search.plan import SearchPlan
from workflows.search import search
from workflows.tracker import Watch

CONCURRENT = 2
EPOCHS = 2
METRIC = "cosine_ap"
SIZE = 32
REPORT_S = (0.1, 0.5)
"""Range of seconds until a stub's next report: if two trials end together, Tune retains only one actor."""

START_S = 15.0
"""Start of a stub group or actor in seconds, about that of worker groups. If the first trials end before a second actor
is up, Tune reuses the first actor, ends the second, and starts another one for the next trial, again and again."""


def stub_result(epoch: int) -> dict[str, Any]:
    """Return the report of a worker."""
    dev = {METRIC: 0.5 + 0.1 * epoch}
    seconds = {"start_s": 0.1, "first_step_s": 0.1, "train_s": 1.0, "evaluate_s": 0.1}
    return {"epoch": float(epoch), "steps": 10 * epoch, "loss": 0.1, **dev, **seconds, "dev": dev, "log": []}


class StubGroup:
    """A worker group whose one worker reports and trains nothing."""

    def __init__(self, name: str) -> None:
        self.name, self.began = name, 0.0
        self.mailbox = Mailbox.remote(1)
        self.running = stub_worker.remote(self.mailbox)


@ray.remote(num_cpus=0)  # type: ignore[untyped-decorator]  # Ray ships no types for it
def stub_worker(mailbox: MailboxActor) -> None:
    """Report as a worker does."""
    time.sleep(START_S)
    ray.get(mailbox.enter.remote("stub"))
    state = TrainingState(weights={"w": np.zeros(8)}, optimizer={}, schedule={}, trainer="{}")
    number = 0

    def meet(arrival: Arrival) -> Any:
        nonlocal number
        number += 1
        return ray.get(mailbox.meet.remote("stub", 0, number, arrival))

    while meet(Arrival("next")).job:
        for epoch in range(1, EPOCHS + 1):
            time.sleep(random.uniform(*REPORT_S))
            if meet(Arrival("report", Report(stub_result(epoch), [ray.put(state)], epoch == EPOCHS))).verdict != "go":
                break


class PlainTrial(tune.Trainable):  # type: ignore[misc]  # Ray ships no types for it
    """Report as the stub does, in plain Tune."""

    def setup(self, _config: dict[str, Any]) -> None:
        """Wait for as long as a stub group takes to start."""
        time.sleep(START_S)
        self.epoch = 0

    def reset_config(self, _new_config: dict[str, Any]) -> bool:
        """Start the next trial in the same actor."""
        self.epoch = 0
        return True

    def step(self) -> dict[str, Any]:
        """Return the next report."""
        time.sleep(random.uniform(*REPORT_S))
        self.epoch += 1
        return {**stub_result(self.epoch), "done": self.epoch == EPOCHS}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Write a state as small as the stub's."""
        Path(checkpoint_dir, "state").write_bytes(pickle.dumps(np.zeros(8)))

    def load_checkpoint(self, checkpoint_dir: str) -> None:
        """Restore nothing, since there is no training."""


def ours(trials: int, folder: str) -> None:
    """Run our search over stub groups."""
    task = loading.load("invoices")
    loss = task.declared_loss.name
    space = for_task(task, [loss], [f"epochs={EPOCHS}"], 1_000, 1)
    groups: Any = [StubGroup(f"group-{number}") for number in range(CONCURRENT)]
    run = RunFolder(folder)
    plan = SearchPlan(
        run=run,
        template=Job(
            trial="",
            settings=first_trials(task, space)[0],
            kind=task.declared_kind.name,
            metric=METRIC,
            seed=0,
            reports=1,
            data=Data(train={loss: TokenizedPairs(num_rows=1_000)}, dev=[]),
        ),
        groups=groups,
        board=ProgressBoard.remote(),
        space=space,
        first_trials=first_trials(task, space),
        trials=trials,
        minutes=None,
        scheduler="asha",
    )
    log = TrialLog(run)
    with (
        Live(METRIC, trials, quiet=True) as live,
        patch("trainers.search.tuner.optuna.samplers.TPESampler", lambda **_: optuna.samplers.RandomSampler(seed=0)),
    ):
        search(plan, Watch(METRIC, plan.shared, log, live))
    log.close()
    for group in groups:
        ray.get(group.mailbox.end.remote())


def plain_tune(trials: int, folder: str) -> None:
    """Run plain Tune with its own loggers."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {
        "margin": optuna.distributions.FloatDistribution(0.1, 1.0),
        "learning_rate": optuna.distributions.FloatDistribution(5e-6, 1.6e-4, log=True),
        "warmup_ratio": optuna.distributions.FloatDistribution(0.0, 0.2),
        "global_batch_size": optuna.distributions.CategoricalDistribution((8, 16, 32)),
    }
    tune.Tuner(
        tune.with_resources(PlainTrial, {"memory": 300 * 2**20}),
        tune_config=tune.TuneConfig(
            metric=METRIC,
            mode="max",
            num_samples=trials,
            max_concurrent_trials=CONCURRENT,
            reuse_actors=True,
            search_alg=OptunaSearch(
                space=space, metric=METRIC, mode="max", sampler=optuna.samplers.RandomSampler(seed=0)
            ),
            scheduler=ASHAScheduler(time_attr="epoch", max_t=EPOCHS, grace_period=1, reduction_factor=2),
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=folder,
            verbose=0,
            callbacks=[JsonLoggerCallback(), TBXLoggerCallback()],  # our search switches Tune's default loggers off
            checkpoint_config=tune.CheckpointConfig(
                num_to_keep=1, checkpoint_score_attribute=METRIC, checkpoint_frequency=1
            ),
        ),
    ).fit()


def driver_cpu(work: Callable[[int, str], None], trials: int) -> Callable[[], float]:
    """Return a function that measures the CPU milliseconds of this process for each trial."""

    def way() -> float:
        with tempfile.TemporaryDirectory() as folder:
            before = psutil.Process().cpu_times()
            work(trials, folder)
            after = psutil.Process().cpu_times()
        return 1e3 * float(after.user - before.user + after.system - before.system) / trials

    return way


def trials_measured(trials: int, rounds: int) -> dict[str, Any]:
    """Measure one row of the table of trials."""
    ways = {"ours": driver_cpu(ours, trials), "plain Tune": driver_cpu(plain_tune, trials)}
    cpu_ms = in_turns(ways, rounds, lambda line: progress(f"{trials} trials, {line}"))
    return {
        "trials": str(trials),
        "ours, driver CPU ms a trial": cpu_ms["ours"],
        "plain Tune": cpu_ms["plain Tune"],
        "ours / plain Tune": ratios(cpu_ms["ours"], cpu_ms["plain Tune"]),
    }


def workers_measured(workers: list[int], pairs: int) -> list[dict[str, Any]]:
    """Measure a row for each number of workers."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        data = prepared(Path(folder) / "data", pairs)
        for count in workers:
            progress(f"{count} workers")
            run = Path(folder) / f"run-{count}"
            command = ["invoices", "--data", data.folder, "--run", str(run), "--workers", str(count)]
            command += ["--set", "epochs=1", "--set", f"global_batch_size={SIZE}", "--precision", "fp32", "--json"]
            if (done := CliRunner().invoke(train.app, command)).exit_code:
                raise RuntimeError(f"jobs.train {' '.join(command)}: {done.output}")
            trial = json.loads((run / "trials.jsonl").read_text())
            pace = SIZE * trial["steps"] / trial["train_s"]
            alone = rows[0]["pairs/s"] if rows else pace
            rows.append({"workers": str(count), "pairs/s": pace, "times the first": pace / alone})
    return rows


def main(
    trials: Annotated[list[int] | None, typer.Option()] = None,
    workers: Annotated[list[int] | None, typer.Option()] = None,
    pairs: int = 300,
    rounds: int = 3,
) -> None:
    """Print a row for each number of workers, and one for each number of trials."""
    counts = workers or [1, 2, 4]
    with patch("trainers.cluster.os.sched_getaffinity", lambda _: range(max(counts))):  # logical CPUs
        connect(cpus_per_worker=1)
    report("scale_workers", f"workers, {os.cpu_count()} cores", workers_measured(counts, pairs))
    driver_cpu(plain_tune, 2)()  # imports and the first actor's start are not measured
    driver_cpu(ours, 2)()
    report("scale_trials", "stub trials", [trials_measured(count, rounds) for count in trials or [10, 100]])


if __name__ == "__main__":
    typer.run(main)
