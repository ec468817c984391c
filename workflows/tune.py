"""Run a search, the flow of jobs.tune."""

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
    from workflows.search import plan_of, search  # imports Tune for seconds; meanwhile the groups start
    from workflows.tracker import Watch

    plan = plan_of(request.options, request.space, request.first_trials, folder, session)
    return search(plan, Watch(request.task.metric, plan.fixed, log, live, Retention(folder)))
