"""Train a task once with its baseline settings, on one worker or with DDP on several.

python -m jobs.train tickets --run runs/tickets-baseline --workers 2
"""

from typing import Any

from jobs import common
from jobs.options import command
from workflows.options import TrainOptions

app = common.new_app(__doc__)


@command(app, TrainOptions)
def train(*, dry_run: bool, json: bool, **given: Any) -> None:
    """Train a task once with its baseline settings, on one worker or with DDP on several."""
    from workflows.dry_run import describe, described
    from workflows.request_checks import check_request

    request = check_request(given, dry_run=dry_run, quiet=json, single=True)
    if dry_run:
        common.print_result(json, described(request), describe(request, single=True))
        return
    from workflows.train import train_run

    common.print_outcome(json, train_run(request, quiet=json))


if __name__ == "__main__":
    app()
