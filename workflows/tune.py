"""A search from a request to its summary."""

from typing import Any

from common.run_folder import RunFolder
from reporting.live import Live
from reporting.summary import outcome_dict, show
from reporting.trial_log import TrialLog
from workflows.dry_run import tried_whole
from workflows.finish import compared, finish, undisturbed
from workflows.request import Request
from workflows.session import reach_cluster, start


def tune_run(request: Request, quiet: bool = False) -> dict[str, Any]:
    """Search, export the best model, print the summary; returns result.json's content.

    Raises:
        Mistakes: no cluster, or one that is too small; nothing was started.
    """
    options, task = request.options, request.task
    run = RunFolder(options.run)
    log = TrialLog(run)
    with Live(task.metric, options.trials, quiet=quiet) as live:
        for line in [*request.lines(), *tried_whole(request)]:
            live.say(line)
        where, concurrent = reach_cluster(request)
        live.header([where, "reading and tokenising pairs"])
        started = start(request, run, concurrent)
        from trainers.checkpoint import FOLDER
        from workflows.search import plan_of, search  # Tune takes seconds to import; the groups are on their way
        from workflows.tracker import Watch

        live.header([f"{where}; {concurrent} worker groups; {started.hardware.line()}"])
        plan = plan_of(request, run, started)
        try:
            found = search(plan, Watch(task.metric, plan.fixed, log, live))
            found, verdict = compared(request, started, found, live)
        finally:
            with undisturbed():
                started.end()
        with undisturbed():
            log.close()
            live.header(["saving the best model"])
            result = finish(request, run, found, verdict)
            if not found.interrupted:
                run.delete_folder(FOLDER)  # each state has three times a model's size; the best model is saved
            live.header([])
    if not quiet:
        show(result, live.console)
    return outcome_dict(result)
