"""Search a task's settings on Ray, and keep the best model.

python -m jobs.tune tickets --trials 16 --minutes 60
"""

from typing import Annotated

import typer

from jobs import common

app = common.new_app(__doc__)


@app.command()
@common.reporting_mistakes
def tune(
    task: common.TaskName,
    data: common.Data = None,
    run: common.Run = None,
    trials: Annotated[int, typer.Option(help="Number of settings to try, the baseline first.")] = 16,
    minutes: Annotated[float | None, typer.Option(help="Time budget of the search.")] = None,
    scheduler: Annotated[str, typer.Option(help="asha stops weak trials early; fifo stops none.")] = "asha",
    workers: common.Workers = 1,
    cpus_per_worker: common.CpusPerWorker = 1,
    concurrent: Annotated[int | None, typer.Option(help="Trials to run at a time. Default: as many as fit.")] = None,
    gpu: common.Gpu = False,
    precision: common.Precision = "auto",
    optimizer: common.Optimizer = "auto",
    distinct: common.Distinct = False,
    base_model: common.BaseModel = None,
    prompt1: common.Prompt1 = None,
    prompt2: common.Prompt2 = None,
    trust_remote_code: common.TrustRemoteCode = False,
    seed: common.Seed = 42,
    set_: common.Set = None,
    accept: common.Accept = None,
    repeat_seeds: common.RepeatSeeds = 0,
    export: common.Export = "auto",
    dry_run: common.DryRun = False,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """Search a task's settings on Ray, and keep the best model."""
    given = common.options_among(locals())
    from workflows.dry_run import describe, described
    from workflows.request_checks import check_request

    request = check_request(task, set_ or [], dry_run=dry_run, accept=accept, quiet=json, **given)
    if dry_run:
        return common.print_result(json, described(request), describe(request))
    from workflows.tune import tune_run

    common.print_outcome(json, tune_run(request, quiet=json))


if __name__ == "__main__":
    app()
