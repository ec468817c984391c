"""A single training from a request to its summary."""

import time
from typing import Any

import ray

from common.run_folder import RunFolder
from reporting.live import Live
from reporting.summary import outcome_dict, show
from reporting.trial_log import TrialLog
from trainers.groups.board import group_times
from workflows.finish import compared, finish, undisturbed
from workflows.outcome import Outcome
from workflows.request import Request
from workflows.session import reach_cluster, start
from workflows.single import train_once


def train_run(request: Request, quiet: bool = False) -> dict[str, Any]:
    """Train, export the best state by dev, print the summary; returns result.json's content.

    Raises:
        Mistakes: no cluster, or one that is too small; nothing was started.
    """
    task, run = request.task, RunFolder(request.options.run)
    log = TrialLog(run)
    with Live(task.metric, 1, quiet=quiet) as live:
        for line in request.lines():
            live.say(line)
        where, _ = reach_cluster(request)
        live.header([where, "reading and tokenising pairs"])
        started = start(request, run, 1)
        live.header([f"{where}; {request.options.workers} workers; {started.hardware.line()}"])
        began = time.monotonic()
        try:
            trained = train_once(started, run, log, live)
            record = trained.record
            found = Outcome(
                records=[record],
                best=record if trained.state else None,
                metrics=trained.metrics,
                state=trained.state,
                baseline=record if trained.state else None,
                baseline_metrics=trained.metrics,
                baseline_state=trained.state,
                told=trained.told,
                base_metrics=ray.get(started.board.get_base_scores.remote()),
                wall_s=time.monotonic() - began,
                group_times=group_times(started.board, {group.name: group.began for group in started.groups}),
            )
            found, verdict = compared(request, started, found, live)
        finally:
            with undisturbed():
                started.end()
        with undisturbed():
            log.close()
            result = finish(request, run, found, verdict)
            live.header([])
    if not quiet:
        show(result, live.console)
    return outcome_dict(result)
