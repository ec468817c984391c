"""Look for what would make a training wrong or its score a false promise.

python -m jobs.audit tickets

python -m jobs.audit train.csv --columns question,answer,label --test-source test.csv
"""

from typing import Annotated

import typer

from jobs import common

app = common.new_app(__doc__)


@app.command()
@common.reporting_mistakes
def audit(
    subject: Annotated[
        str,
        typer.Argument(metavar="TASK|FILE", help="A prepared task, a folder of prepared pairs, or a file of pairs."),
    ],
    data: common.Data = None,
    columns: common.Columns = None,
    group: common.Group = None,
    dev_source: Annotated[str | None, typer.Option(help="With FILE: a file of its own for dev.")] = None,
    test_source: Annotated[str | None, typer.Option(help="With FILE: a file of its own for test.")] = None,
    global_batch_size: Annotated[int | None, typer.Option(help="Rows of a step; the task's own by default.")] = None,
    base_model: common.BaseModel = None,
    accept: common.Accept = None,
    json: common.Json = False,
) -> None:
    """Look for what would make a training wrong or its score a false promise; exit code 2 where there are errors.

    --json prints the findings, those included.
    """
    from jobs.audited import audited, check_codes, plan_of, refused
    from reporting.findings import lines

    check_codes(accept or [])
    judging = {split: file for split, file in (("dev", dev_source), ("test", test_source)) if file}
    plan = plan_of(subject, data, columns, judging, group, global_batch_size=global_batch_size, base_model=base_model)
    found = audited(plan, quiet=json)
    if json:
        common.print_json(found.to_dict())
    else:
        common.print_lines(lines(plan.name, found.to_dict()))
    if refused(found, accept or []):
        raise typer.Exit(2)


if __name__ == "__main__":
    app()
