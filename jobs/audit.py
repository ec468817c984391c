"""Check the pairs for problems that would break training or inflate its scores.

python -m jobs.audit tickets

python -m jobs.audit train.csv --columns question,answer,label --test-source test.csv
"""

from typing import Annotated

import typer

from jobs import common, label_options

app = common.new_app(__doc__)


@app.command()
@common.reporting_mistakes
def audit(
    ctx: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(metavar="TASK|FILE", help="A prepared task, a folder of prepared pairs, or a file of pairs."),
    ],
    data: common.Data = None,
    columns: label_options.Columns = None,
    group: label_options.Group = None,
    dev_source: Annotated[str | None, typer.Option(help="FILE only: a separate file for dev.")] = None,
    test_source: Annotated[str | None, typer.Option(help="FILE only: a separate file for test.")] = None,
    loss: label_options.Loss = None,
    kind: label_options.Kind = None,
    scale: label_options.Scale = None,
    labels: label_options.Labels = None,
    drop_label: label_options.DropLabel = None,
    global_batch_size: Annotated[int | None, typer.Option(help="Rows per training step. Default: the task's.")] = None,
    base_model: common.BaseModel = None,
    prompt1: common.Prompt1 = None,
    prompt2: common.Prompt2 = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="max_length=N", help="Tokens to read per text.")
    ] = None,
    trust_remote_code: common.TrustRemoteCode = False,
    accept: common.Accept = None,
    json: common.Json = False,
) -> None:
    """Check the pairs for problems that would break training or inflate its scores. Exit code 2 if there are errors.

    With --json, print all findings.
    """
    from reporting.findings import lines
    from workflows.preflight import audited, check_codes, plan_of, read_as, refused
    from workflows.request_checks import max_length_alone

    check_codes(accept or [])
    length = max_length_alone(set_ or [])
    split_files = {split: file for split, file in (("dev", dev_source), ("test", test_source)) if file}
    options = label_options.file_options(ctx.meta[common.GIVEN], "jobs.audit", loss, kind, scale, labels, drop_label)
    sizes = {"global_batch_size": global_batch_size, "base_model": base_model}
    plan = plan_of(subject, data, columns, split_files, options, group=group, **sizes)
    plan = read_as(plan, None, length, prompt1, prompt2, trust_remote_code)
    result = audited(plan, quiet=json, trust_remote_code=trust_remote_code)
    notes = [*plan.prompts.lines, *(note for table in plan.tables.values() for note in table.notes())]
    if json:
        common.print_json(result.to_dict() | {"notes": notes})
    else:
        common.print_lines(lines(plan.name, result.to_dict()) + [f"Note: {note}." for note in notes])
    if refused(result, accept or []):
        raise typer.Exit(2)


if __name__ == "__main__":
    app()
