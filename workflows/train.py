"""A single training from a request to its summary."""

import time
from typing import Any

import ray

from common.run_folder import RunFolder
from reporting.live import Live
from reporting.summary import outcome_dict, show
from reporting.trial_log import TrialLog
from trainers.groups.board import group_times
from workflows.finish import finish, undisturbed, weighed
from workflows.outcome import Found
from workflows.request import Request
from workflows.session import reach_cluster, start
from workflows.single import train_once


def train_run(asked: Request, quiet: bool = False) -> dict[str, Any]:
    """Train, export the best state by dev, print the summary; returns result.json's content.

    Raises:
        Mistakes: no cluster, or one that is too small; nothing was started.
    """
    task, run = asked.task, RunFolder(asked.options.run)
    log = TrialLog(run)
    with Live(task.metric, 1, quiet=quiet) as live:
        for line in asked.lines():
            live.say(line)
        where, _ = reach_cluster(asked)
        live.header([where, "reading and tokenising pairs"])
        started = start(asked, run, 1)
        live.header([f"{where}; {asked.options.workers} workers; {started.hardware.line()}"])
        began = time.monotonic()
        try:
            trained = train_once(started, run, log, live)
            record = trained.record
            found = Found(
                records=[record],
                best=record if trained.state else None,
                metrics=trained.metrics,
                state=trained.state,
                baseline=record if trained.state else None,
                baseline_metrics=trained.metrics,
                baseline_state=trained.state,
                told=trained.told,
                untuned=ray.get(started.board.untuned.remote()),
                wall_s=time.monotonic() - began,
                group_times=group_times(started.board, {group.name: group.began for group in started.groups}),
            )
            found, verdict = weighed(asked, started, found, live)
        finally:
            with undisturbed():
                started.end()
        with undisturbed():
            log.close()
            result = finish(asked, run, found, verdict)
            live.header([])
    if not quiet:
        show(result, live.console)
    return outcome_dict(result)
