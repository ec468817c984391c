"""Prepare a task's pairs: read, clean, split by group, make pairs inside each split, write train, dev and test.

python -m jobs.prepare tickets --source fine_tuning_dataset.csv --test-source reference_dataset.csv

python -m jobs.prepare pairs.csv --columns question,answer,label

python -m jobs.prepare pages --source cbs_graduate_programs.csv --as-published    # errors included, for jobs.audit
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs import common, label_options
from tasks.common.declaration import SEEDS

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
    negatives_per_positive: Annotated[
        int | None,
        typer.Option(help="Negatives that a task's recipe draws for each positive, or each text, of train."),
    ] = None,
    rows: Annotated[int | None, typer.Option(help="Use only this many rows, in whole groups.")] = None,
    split: label_options.Split = None,
    as_published: Annotated[bool, typer.Option("--as-published", help="Pair as the published model did.")] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=SEEDS - 1, help="Random seed for generating, splitting and pairing.")
    ] = 42,
    data: common.Data = None,
    dry_run: common.DryRun = False,
    json: common.Json = False,
) -> None:
    """Prepare the pairs of a task, or of a file of ready pairs, whose task is named after the file."""
    from pairs import prepared
    from pairs.from_file import is_data_file, task_of
    from pairs.prepare import prepare as prepare_pairs
    from pairs.published import publish
    from workflows.options import refuse_lost
    from workflows.yardsticks import of_preparation

    options = label_options.file_options(ctx.meta[common.GIVEN], "jobs.prepare", loss, kind, scale, labels, drop_label)
    declared = task_of(task, source, columns, options, negatives=negatives, group=group, time=time)
    sources = {"train": task if is_data_file(task) else source, "dev": dev_source, "test": test_source}
    files = {split: file for split, file in sources.items() if file}
    folder = data or f"data/{declared.name}{'-as-published' if as_published else ''}"
    refuse_lost(data=folder)
    prepared.refuse_foreign(folder)
    make = publish if as_published else prepare_pairs
    pairs = make(declared, files, seed=seed, rows=rows, way=split, negatives_per_positive=negatives_per_positive)
    if not dry_run:
        prepared.write(folder, pairs.tables, pairs.manifest)
    tuned = f"{task if task.endswith('.py') else declared.name}{f' --data {data}' if data else ''}"
    following = f"python -m jobs.audit {folder}" if as_published else f"python -m jobs.tune {tuned}"
    yardsticks = None if as_published else of_preparation(pairs.tables, pairs.manifest, quiet=json)
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
