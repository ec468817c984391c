"""Prepare a task's pairs: read, clean, split by group, make pairs inside each split, write train, dev and test.

python -m jobs.prepare tickets --source fine_tuning_dataset.csv --test-source reference_dataset.csv

python -m jobs.prepare pairs.csv --columns question,answer,label

python -m jobs.prepare pages --source cbs_graduate_programs.csv --as-published    # errors included, for jobs.audit
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs import common, label_options, pairing_options

if TYPE_CHECKING:
    from pairs.prepare import Preparation
    from workflows.yardsticks import LexicalScores

app = common.new_app(__doc__)


@app.command()
@common.reporting_mistakes
def prepare(
    ctx: typer.Context,
    task: Annotated[str, typer.Argument(metavar="TASK|FILE", help="A task, or a file of ready pairs.")],
    source: Annotated[str | None, typer.Option(help="The task's raw file: path or address.")] = None,
    dev_source: Annotated[str | None, typer.Option(help="A separate file for dev.")] = None,
    test_source: Annotated[str | None, typer.Option(help="A separate file for test.")] = None,
    columns: label_options.Columns = None,
    negatives: label_options.Negatives = None,
    group: label_options.Group = None,
    time: label_options.Time = None,
    loss: label_options.Loss = None,
    kind: label_options.Kind = None,
    scale: label_options.Scale = None,
    labels: label_options.Labels = None,
    drop_label: label_options.DropLabel = None,
    negatives_per_positive: pairing_options.PerPositive = None,
    mine: pairing_options.Mine = None,
    mine_with: pairing_options.MineWith = None,
    mine_below: pairing_options.MineBelow = None,
    trust_remote_code: common.TrustRemoteCode = False,
    rows: pairing_options.Rows = None,
    split: label_options.Split = None,
    as_published: pairing_options.AsPublished = False,
    seed: pairing_options.Seed = 42,
    data: common.Data = None,
    dry_run: common.DryRun = False,
    json: common.Json = False,
) -> None:
    """Prepare the pairs of a task, or of a file of ready pairs, whose task is named after the file."""
    from pairs.from_file import is_data_file, task_of
    from workflows.mine import MiningRequest
    from workflows.options import refuse_lost
    from workflows.prepare import prepare_folder

    options = label_options.file_options(ctx.meta[common.GIVEN], "jobs.prepare", loss, kind, scale, labels, drop_label)
    declared = task_of(task, source, columns, options, negatives=negatives, group=group, time=time)
    sources = {"train": task if is_data_file(task) else source, "dev": dev_source, "test": test_source}
    files = {split: file for split, file in sources.items() if file}
    folder = data or f"data/{declared.name}{'-as-published' if as_published else ''}"
    refuse_lost(data=folder)
    mining = MiningRequest(count=mine, below=mine_below, model=mine_with, trust_remote_code=trust_remote_code)
    how: dict[str, Any] = {"as_published": as_published, "dry_run": dry_run, "quiet": json}
    how |= {"seed": seed, "rows": rows, "way": split, "negatives_per_positive": negatives_per_positive}
    pairs, yardsticks = prepare_folder(declared, files, folder, mining, **how)
    tuned = f"{task if task.endswith('.py') else declared.name}{f' --data {data}' if data else ''}"
    following = f"python -m jobs.audit {folder}" if as_published else f"python -m jobs.tune {tuned}"
    state: dict[str, Any] = {"data": folder, "written": not dry_run, "next": following}
    (_print_json if json else _print)(pairs, yardsticks, state)


def _print(pairs: "Preparation", yardsticks: "LexicalScores | None", state: dict[str, Any]) -> None:
    from rich.console import Console

    from pairs.manifest import MANIFEST
    from reporting.pairs_table import show
    from reporting.yardsticks import lexical_table

    show(pairs.manifest, Console())
    if yardsticks:
        Console().print(lexical_table(yardsticks.metric, "dev", yardsticks.scores, yardsticks.unavailable))
    names = ", ".join([*(f"{name}.parquet" for name in pairs.tables), MANIFEST])
    done = "Written" if state["written"] else "Would write"
    common.print_lines([f"{done} to {state['data']}: {names}", f"Next: {state['next']}"])


def _print_json(pairs: "Preparation", yardsticks: "LexicalScores | None", state: dict[str, Any]) -> None:
    from reporting.pairs_table import outcome

    scores = {"yardsticks": yardsticks.to_dict()} if yardsticks else {}
    common.print_json(outcome(pairs.manifest) | scores | state)


if __name__ == "__main__":
    app()
