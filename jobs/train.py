"""Train a task once with its baseline settings, on one worker or with DDP on several.

python -m jobs.train tickets --run runs/tickets-baseline --workers 2
"""

from jobs import common

app = common.new_app(__doc__)


@app.command()
@common.reporting_mistakes
def train(
    task: common.TaskName,
    data: common.Data = None,
    run: common.Run = None,
    workers: common.Workers = 1,
    cpus_per_worker: common.CpusPerWorker = 1,
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
    dry_run: common.DryRun = False,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """Train a task once with its baseline settings, on one worker or with DDP on several."""
    given = common.options_among(locals())
    from workflows.dry_run import describe, described
    from workflows.request_checks import check_request

    request = check_request(
        task, set_ or [], dry_run=dry_run, accept=accept, quiet=json, single=True, export="best", **given
    )
    if dry_run:
        return common.print_result(json, described(request), describe(request, single=True))
    from workflows.train import train_run

    common.print_outcome(json, train_run(request, quiet=json))


if __name__ == "__main__":
    app()
