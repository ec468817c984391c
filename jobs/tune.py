"""Search a task's settings on Ray, and keep the best model.

python -m jobs.tune tickets --trials 16 --minutes 60
"""

from typing import Any

from jobs import common
from jobs.options import command
from workflows.options import Options

app = common.new_app(__doc__)


@command(app, Options)
def tune(*, dry_run: bool, json: bool, **given: Any) -> None:
    """Search a task's settings on Ray, and keep the best model."""
    from workflows.dry_run import describe, described
    from workflows.request_checks import check_request

    request = check_request(given, dry_run=dry_run, quiet=json)
    if dry_run:
        common.print_result(json, described(request), describe(request))
        return
    from workflows.tune import tune_run

    common.print_outcome(json, tune_run(request, quiet=json))


if __name__ == "__main__":
    app()
