"""The Tune trainable: one actor leases one warm worker group and hands it one trial after another."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import ray
from ray import tune

from common.best import compared, improves, lowered_name
from common.run_folder import RunFolder
from common.space import Settings
from trainers.checkpoint import state_name, write_state
from trainers.dev_predictions import write_predictions
from trainers.groups.client import GroupClient
from trainers.groups.mailbox import MailboxActor
from trainers.job import FAILED_VALUE, PREDICTIONS, Job, Report
from trainers.search.shared import Shared

LEASE_AGAIN_S = 0.2
"""Seconds between two tries to lease a group."""


class Trial(tune.Trainable):  # type: ignore[misc]  # Ray ships no types for it
    """Write each best state before reporting its value: however a search ends, the best reported one is on disk."""

    def setup(  # tune.with_parameters gives what a plain trainable does not take
        self,
        config: dict[str, Any],
        template: Job,
        mailboxes: Mapping[str, MailboxActor],
        baseline: Settings,
        run: RunFolder,
        shared: Shared,
    ) -> None:
        """Begin the first trial of this actor.

        Args:
            config: the sampled settings.
            template: the job of every trial, but for its name and settings.
            mailboxes: of all worker groups, by name; as many as trials at a time, so one is free or about to be,
                unless some are lost.
            baseline: the settings whose trial also evaluates the base model.
            run: where states are written.
            shared: completes the sampled settings.
        """
        self.template, self.baseline, self.run, self.shared = template, dict(baseline), run, shared
        self.mailboxes, self.group_name = mailboxes, ""
        self.group: GroupClient | None = None
        self.written: list[str] = []
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin the next trial of this actor; its first step assigns the job."""
        self._delete_older()
        self.settings, self.written = dict(new_config), []
        self.assigned, self.epoch = False, 0.0
        self.best: float | None = None
        self.without_gain = 0
        return True

    def step(self) -> dict[str, Any]:
        """Train to the next evaluation of dev. A failed trial is a failed result: Tune drops an actor that raises."""
        metric = self.template.metric
        self._delete_older()
        try:
            report = self._next_report()
            if report.error is None:
                self._write_predictions(report)
                self._write_best(report)
        except (ray.exceptions.RayError, OSError, NoGroupError) as error:
            report = Report(error=str(error))
        if report.error is not None:
            self.assigned = False
            failed = {metric: FAILED_VALUE, best_name(self.template): self.template.failed_value}
            return {**failed, "error": report.error, "epoch": self.epoch, "done": True}
        self.epoch = report.metrics["epoch"]
        done = report.done or self.template.is_hopeless(self.without_gain)
        self.assigned = not done
        best = self.template.failed_value if self.best is None else self.best
        return {**report.metrics, best_name(self.template): best, "group": self.group_name, "done": done}

    def _write_predictions(self, report: Report) -> None:
        predictions = report.metrics.pop(PREDICTIONS)
        write_predictions(self.run, self.trial_id, report.metrics["steps"], predictions)

    def _write_best(self, report: Report) -> None:
        value = compared(report.metrics, self.template.metric)
        self.without_gain = 0 if improves(value, self.best) else self.without_gain + 1
        if not self.without_gain:
            name = state_name(self.trial_id, report.metrics["steps"])
            write_state(self.run, name, report.state)
            self.best = value
            self.written.append(name)

    def _delete_older(self) -> None:
        """Delete earlier best states: when Tune asks for a step, it has taken the result before."""
        while len(self.written) > 1:
            with suppress(OSError):  # the folder is deleted at the end
                self.run.delete_file(self.written.pop(0))

    def _next_report(self) -> Report:
        """Return the next report of the trial's training.

        Raises:
            NoGroupError: no group is left that could train.
        """
        while True:
            group = self.group = self.group or self._lease()
            if self.assigned:
                group.go_on()
            else:
                group.assign(self._job())
                self.assigned = True
            report = group.next_report()
            if report.error is None or not group.lost():
                return report
            self.group = None
            if self.epoch:
                return report
            self.assigned = False  # nothing of it is lost: another group takes it from its beginning

    def _lease(self) -> GroupClient:
        self.group_name = lease(self.mailboxes)
        return GroupClient(self.mailboxes[self.group_name])

    def _job(self) -> Job:
        return replace(
            self.template,
            trial=self.trial_id,
            settings={**self.template.settings, **self.shared.complete(self.settings)},
            score_base=self.settings == self.baseline,
            assigned_at=time.time(),
        )

    def cleanup(self) -> None:
        """Release the group, which stays warm for the next actor."""
        if self.group is not None:
            ray.get(self.group.mailbox.release.remote())


def best_name(job: Job) -> str:
    """Return the name of a trial's best value so far, which sampler, halving and the choice of the best trial use.

    Under a guard it is the best lowered value.
    """
    return f"best_{lowered_name(job.metric) if job.data.guard else job.metric}"


class NoGroupError(Exception):
    """All worker groups are lost."""


def lease(mailboxes: Mapping[str, MailboxActor]) -> str:
    """Return the name of a group that no other actor holds.

    Raises:
        NoGroupError: all of them are lost for good; with the error of the last one.
    """
    me = ray.get_runtime_context().current_actor
    while True:
        for name, mailbox in mailboxes.items():
            if ray.get(mailbox.lease.remote(me)):
                return name
        errors = [ray.get(mailbox.lost_with.remote()) for mailbox in mailboxes.values()]
        if all(errors):
            raise NoGroupError(errors[-1])
        time.sleep(LEASE_AGAIN_S)
