"""Run a search, the flow of jobs.tune."""

from dataclasses import replace
from typing import Any

from common.run_folder import RunFolder
from reporting.live import Live
from reporting.trial_log import TrialLog
from workflows.dry_run import tried_whole, untried_bases
from workflows.outcome import Outcome
from workflows.request import Request
from workflows.run import run
from workflows.session import Session


def tune_run(request: Request, quiet: bool = False) -> dict[str, Any]:
    """Search, export the best model, print the summary; return the content of result.json.

    Raises:
        Mistakes: no cluster, or one that is too small; nothing was started.
    """
    return run(request, _search, notes=[*tried_whole(request), *untried_bases(request)], quiet=quiet)


def _search(request: Request, session: Session, folder: RunFolder, log: TrialLog, live: Live) -> Outcome:
    from trainers.search.retention import Retention
    from workflows.budget import TimePlan, planned
    from workflows.search import outcome_of, plan_of, search  # imports Tune for seconds; meanwhile the groups start
    from workflows.tracker import Watch

    budget, interrupted = TimePlan(), False
    try:
        budget = planned(request, session, lambda line: live.header([line]))
    except KeyboardInterrupt:
        interrupted = True
    for line in budget.lines:
        live.say(line)
    plan = plan_of(request.options, request.space, request.first_trials, folder, session, budget)
    watch = Watch(request.task.metric, plan.shared, log, live, Retention(folder))
    if interrupted:
        return replace(outcome_of(plan, watch, 0.0), interrupted=True)
    outcome = search(plan, watch)
    return replace(outcome, notes=[*outcome.notes, *budget.notes])
