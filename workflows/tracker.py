"""What a search's trials are doing, from Tune's events into records, files and the live table."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ray
from ray import tune

from reporting.live import Live
from reporting.trial_log import TrialLog
from reporting.trials import TrialRecord
from trainers.groups.board import seconds_left

POLL_S = 1.0


class Watch(tune.Callback):
    """Keeps one record per trial; the latest result of each holds its training log."""

    def __init__(self, metric: str, settings: Mapping[str, float], log: TrialLog, live: Live) -> None:
        self.metric, self.settings, self.log, self.live = metric, dict(settings), log, live
        self.records: dict[str, TrialRecord] = {}
        self.results: dict[str, dict[str, Any]] = {}
        """Per trial: of its best report, the metrics and the log up to it."""
        self.told = 0
        """Judgements of dev, of all trials."""
        self.interrupted = False

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its callbacks; files and screen belong to this process."""
        return {name: value for name, value in self.__dict__.items() if name not in ("log", "live")}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        if trial.trial_id not in self.records:
            settings = {**self.settings, **trial.config}
            name = f"trial-{int(trial.experiment_tag.partition('_')[0]):02d}"  # in the order Optuna proposed them
            self._put(trial, TrialRecord(trial=name, settings=settings, metric=self.metric, epochs=settings["epochs"]))

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        record = self.records[trial.trial_id]
        if error := result.get("error"):
            self._put(trial, record.failed(error))
            return
        self.told += 1
        reported = record.reported(result)
        if reported.best_steps == result["steps"]:
            self.results[trial.trial_id] = result
        scalars = {name: number for name, number in result.items() if isinstance(number, float)}
        self.log.scalars(record.trial, result["steps"], scalars)
        self._put(trial, reported)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        record = self.records[trial.trial_id]
        if record.state == "running":
            done = record.epoch >= record.epochs
            self._put(trial, replace(record, state="completed" if done else "stopped"))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._put(trial, self.records[trial.trial_id].failed(str(trial.pickled_error_file)))

    def close(self) -> None:
        """What still runs when the search ends was stopped by its budget or its user."""
        for trial, record in list(self.records.items()):
            if record.state == "running":
                self.interrupted = True
                self.records[trial] = replace(record, state="stopped")
                self.log.update(self.records[trial])
                self.live.update(self.records[trial])

    def _put(self, trial: Any, record: TrialRecord) -> None:
        self.records[trial.trial_id] = record
        self.log.update(record)
        self.live.update(record)


class Estimate(threading.Thread):
    """Asks the board how far the trials are and tells the live table how long the search may still take."""

    def __init__(self, board: Any, watch: Watch, rows_per_trial: float, trials: int, concurrent: int) -> None:
        super().__init__(daemon=True)
        self.board, self.watch, self.rows_per_trial = board, watch, rows_per_trial
        self.trials, self.concurrent, self.ended = trials, concurrent, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(POLL_S):
            progress = ray.get(self.board.all.remote())
            records = dict(self.watch.records)
            done = sum(
                (progress[trial].rows if trial in progress else 0) if record.state == "running" else self.rows_per_trial
                for trial, record in records.items()
            )
            left = seconds_left(progress, self.trials * self.rows_per_trial, done, self.concurrent)
            self.watch.live.time_left(left)
