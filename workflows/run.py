"""Run a training or a search: start the groups, train, compare, export and print the summary."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from common.run_folder import STATES, RunFolder
from reporting.live import Live
from reporting.result import outcome_dict
from reporting.summary import show
from reporting.trial_log import TrialLog
from workflows.finish import compared, finish, refitted_of, undisturbed, with_times
from workflows.request import Request
from workflows.session import Session, reach_cluster, start

if TYPE_CHECKING:
    from workflows.outcome import Outcome

Flow = Callable[[Request, Session, RunFolder, TrialLog, Live], "Outcome"]
"""The part between the start of the worker groups and the verdict."""


def run(request: Request, flow: Flow, *, notes: Sequence[str] = (), quiet: bool = False) -> dict[str, Any]:
    """Train, compare, export, and print the summary; return the content of result.json.

    Args:
        request: the validated request.
        flow: trains on the session's groups; an interrupt ends it with the outcome so far.
        notes: further lines to show before the start.
        quiet: whether to print nothing.

    Raises:
        Mistakes: no cluster, or one that is too small; nothing was started.
    """
    folder = RunFolder(request.options.run)
    log = TrialLog(folder)
    with Live(request.task.metric, request.options.trials, quiet=quiet) as live:
        for line in [*request.lines(), *notes]:
            live.say(line)
        cluster, concurrent = reach_cluster(request)
        live.header([cluster, "reading and tokenising pairs"])
        session = start(request, folder, concurrent)
        try:
            session = _guarded(request, session, live)
            live.header([f"{cluster}; {_groups(concurrent, request.options.workers)}; {session.hardware.line()}"])
            began = time.monotonic()
            outcome = flow(request, session, folder, log, live)
            outcome, comparison = compared(request, session, outcome, live)
            outcome = replace(outcome, budget_s=time.monotonic() - began)
            outcome, refitted = refitted_of(request, session, outcome, comparison, live)
            outcome = with_times(outcome, session, live)
        finally:
            with undisturbed():
                session.end()
        with undisturbed():
            log.close()
            live.header(["saving the best model"])
            result = finish(request, folder, outcome, comparison, refitted)
            if not outcome.interrupted:
                folder.delete_folder(STATES)  # each state has three times a model's size; the best model is saved
            live.header([])
    if not quiet:
        show(result, live.console)
    return outcome_dict(result)


def _guarded(request: Request, session: Session, live: Live) -> Session:
    if request.guard is None:
        return session
    from workflows.guard import guarded  # imports torch, while the groups start

    return guarded(request, request.guard, session, live)


def _groups(count: int, workers: int) -> str:
    groups = "1 worker group" if count == 1 else f"{count} worker groups"
    return groups if workers == 1 else f"{groups} of {workers} workers"
