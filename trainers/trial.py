"""The Tune trainable: one actor leases one warm worker group and hands it one trial after another."""

import pickle
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.result import SHOULD_CHECKPOINT

from trainers.group_client import GroupClient
from trainers.job import FAILED_VALUE, Job, Report, TrainingState

STATE_FILE = "state.pickle"
LEASE_AGAIN_S = 0.2


class Trial(tune.Trainable):
    """Checkpoints belong to Tune: it asks for the state to be written, so retention, pause and restore are its own."""

    def setup(  # type: ignore[override]  # tune.with_parameters gives what a plain trainable does not take
        self, config: dict[str, Any], template: Job, mailboxes: Mapping[str, Any], baseline: Mapping[str, float]
    ) -> None:
        """
        Args:
            config: the sampled settings.
            template: the job of every trial, but for its name and settings.
            mailboxes: of all worker groups, by name; as many as trials at a time, so one is free or about to be.
            baseline: the settings whose trial also judges the untuned base model.
        """
        self.template, self.baseline = template, dict(baseline)
        self.group_name = lease(mailboxes)
        self.group = GroupClient(mailboxes[self.group_name])
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """The next trial of this actor; its first step assigns it, as its checkpoint may come after this."""
        self.settings = dict(new_config)
        self.state: TrainingState | None = None
        self.assigned, self.epoch, self.best = False, 0.0, float("-inf")
        return True

    def step(self) -> dict[str, Any]:
        """Train to the next judgement of dev. A failed trial is a failed result: Tune drops an actor that raises."""
        try:
            report = self._next_report()
        except ray.exceptions.RayError as error:
            report = Report(error=str(error))
        if report.error is not None:
            self.assigned = False
            metric = self.template.metric
            return {metric: FAILED_VALUE, "error": report.error, "epoch": self.epoch, "done": True}
        self.epoch = report.metrics["epoch"]
        self.state = report.state or self.state
        self.assigned = not report.done
        return {**report.metrics, "group": self.group_name, "done": report.done, SHOULD_CHECKPOINT: self._kept(report)}

    def _kept(self, report: Report) -> bool:
        """Whether Tune would keep a checkpoint of it: to export the best state, or to resume at the latest."""
        value = report.metrics[self.template.metric]
        self.best = max(self.best, value)
        return not report.done or bool(value == self.best)

    def _next_report(self) -> Report:
        if self.assigned:
            self.group.go_on()
        else:
            self.group.assign(self._job(), self.state)
            self.assigned = True
        return self.group.next_report()

    def _job(self) -> Job:
        return replace(
            self.template,
            trial=self.trial_id,
            settings={**self.template.settings, **self.settings},
            score_untuned=self.settings == self.baseline,
            assigned_at=time.time(),
        )

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """The whole state in one file, by pickle protocol 5: the arrays are written without a copy."""
        with Path(checkpoint_dir, STATE_FILE).open("wb") as file:
            pickle.dump(self.state, file, protocol=5)

    def load_checkpoint(self, checkpoint_dir: str) -> None:
        """Continue from what `save_checkpoint` wrote."""
        self.state = read_state(checkpoint_dir)
        self.assigned = False

    def cleanup(self) -> None:
        """The group stays warm for the next actor."""
        ray.get(self.group.mailbox.release.remote())


def lease(mailboxes: Mapping[str, Any]) -> str:
    """The name of a group that no other actor has."""
    me = ray.get_runtime_context().current_actor
    while True:
        for name, mailbox in mailboxes.items():
            if ray.get(mailbox.lease.remote(me)):
                return name
        time.sleep(LEASE_AGAIN_S)


def read_state(folder: str) -> TrainingState:
    """The state of a checkpoint folder."""
    with Path(folder, STATE_FILE).open("rb") as file:
        state: TrainingState = pickle.load(file)
    return state
