"""Follow the trials of a search: turn Tune's events into records, files and the live table."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import ray
from ray import tune

from common.space import Settings
from reporting.live import Live
from reporting.trial_log import TrialLog
from reporting.trials import TrialRecord
from tasks.common.losses import active
from trainers.groups.board import BoardActor, seconds_left
from trainers.search.retention import Retention
from trainers.search.shared import Shared

POLL_S = 1.0
"""Seconds between two estimates of the time left."""


class Watch(tune.Callback):  # type: ignore[misc]  # Ray ships no types for it
    """Keep a record of each trial. Tune calls the methods by keywords.

    Args:
        metric: the deciding metric on dev.
        shared: completes the searched settings of a trial.
        log: takes every record and every report.
        live: shows every record.
        retention: deletes states that are no longer needed.
    """

    def __init__(
        self,
        metric: str,
        shared: Shared,
        log: TrialLog,
        live: Live,
        retention: Retention | None = None,
    ) -> None:
        self.metric, self.shared, self.log, self.live = metric, shared, log, live
        self.retention = retention
        self.records: dict[str, TrialRecord] = {}
        self.results: dict[str, dict[str, Any]] = {}
        """Tune's id of a trial -> its best report: metrics, and the training log up to it."""
        self.evaluations = 0
        """Number of evaluations on dev, over all trials."""
        self.interrupted = False
        """Whether `close` stopped a running trial."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave out log and live: Tune pickles its callbacks, and files and screen belong to this process."""
        return {name: value for name, value in self.__dict__.items() if name not in ("log", "live")}

    def on_trial_start(self, *, trial: Any, **_: Any) -> None:
        """Begin a trial's record; a trial that Tune starts again goes on with its own."""
        if trial.trial_id not in self.records:
            settings = active(self.shared.complete(trial.config))
            name = f"trial-{int(trial.experiment_tag.partition('_')[0]):02d}"  # in the order Optuna proposed them
            self._put(trial, TrialRecord(trial=name, settings=settings, metric=self.metric, epochs=settings["epochs"]))

    def on_trial_result(self, *, trial: Any, result: dict[str, Any], **_: Any) -> None:
        """Add a report to the trial's record, or its error."""
        record = self.records[trial.trial_id]
        if error := result.get("error"):
            self._put(trial, record.failed(error))
            return
        self.evaluations += 1
        reported = record.reported(result)
        if reported.best_steps == result["steps"]:
            self.results[trial.trial_id] = result
        scalars = {name: number for name, number in result.items() if isinstance(number, float)}
        self.log.scalars(record.trial, result["steps"], scalars)
        self._put(trial, reported)

    def on_trial_complete(self, *, trial: Any, **_: Any) -> None:
        """Mark a running trial as completed or, if it has not reached all its epochs, as stopped."""
        record = self.records[trial.trial_id]
        if record.state == "running":
            reached_end = record.epoch >= record.epochs
            self._put(trial, replace(record, state="completed" if reached_end else "stopped"))
        self._delete_states()

    def on_trial_error(self, *, trial: Any, **_: Any) -> None:
        """Mark a trial as failed whose actor raised an error."""
        self._put(trial, self.records[trial.trial_id].failed(str(trial.pickled_error_file)))
        self._delete_states()

    def close(self) -> None:
        """Mark the trials that still run as stopped: the budget or the user has ended the search."""
        for trial, record in list(self.records.items()):
            if record.state == "running":
                self.interrupted = True
                self.records[trial] = replace(record, state="stopped")
                self.log.update(self.records[trial])
                self.live.update(self.records[trial])

    def _delete_states(self) -> None:
        if self.retention is None:
            return
        ended = {trial: record.compared for trial, record in self.records.items() if record.state != "running"}
        values = {trial: float("-inf") if value is None else value for trial, value in ended.items()}
        self.retention.delete_others(values, needed=list(self.records)[:1])  # the baseline is the first trial

    def _put(self, trial: Any, record: TrialRecord) -> None:
        self.records[trial.trial_id] = record
        self.log.update(record)
        self.live.update(record)


class Estimate(threading.Thread):
    """Estimate the time left from the trials' progress, and show it in the live table until `ended` is set.

    Args:
        board: the ProgressBoard actor.
        watch: has the trials' records and the live table.
        rows_of: settings -> pairs that a trial with them trains on.
        usual: settings that stand for those of the trials to come.
        trials: number of trials of the search.
        concurrent: number of trials that run at a time.
    """

    def __init__(
        self,
        board: BoardActor,
        watch: Watch,
        rows_of: Callable[[Settings], float],
        usual: Sequence[Settings],
        trials: int,
        concurrent: int,
    ) -> None:
        super().__init__(daemon=True)
        self.board, self.watch, self.rows_of = board, watch, rows_of
        self.rows_to_come = sum(map(rows_of, usual)) / len(usual)
        self.trials, self.concurrent, self.ended = trials, concurrent, threading.Event()

    def run(self) -> None:
        """Update the live table every POLL_S seconds."""
        while not self.ended.wait(POLL_S):
            progress = ray.get(self.board.all.remote())
            records = dict(self.watch.records)
            rows = {trial: self.rows_of(record.settings) for trial, record in records.items()}
            done = sum(
                (progress[trial].rows if trial in progress else 0) if record.state == "running" else rows[trial]
                for trial, record in records.items()
            )
            in_all = sum(rows.values()) + max(0, self.trials - len(rows)) * self.rows_to_come
            left = seconds_left(progress, in_all, done, self.concurrent)
            self.watch.live.time_left(left)
