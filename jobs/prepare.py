"""Prepare a task's pairs: read, clean, split by group, make pairs inside each split, write train, dev and test.

python -m jobs.prepare tickets --source fine_tuning_dataset.csv --test-source reference_dataset.csv

python -m jobs.prepare pairs.csv --columns question,answer,label

python -m jobs.prepare pages --source cbs_graduate_programs.csv --as-published    # errors included, for jobs.audit
"""

import os
from typing import Annotated, Any

import typer

from jobs import common
from tasks.common.declaration import SEEDS

app = common.new_app(__doc__)


@app.command()
@common.reporting_mistakes
def prepare(
    task: Annotated[str, typer.Argument(metavar="TASK|FILE", help="A task, or a file of ready pairs.")],
    source: Annotated[str | None, typer.Option(help="The task's raw file: a path or an address.")] = None,
    dev_source: Annotated[str | None, typer.Option(help="A file of its own for dev.")] = None,
    test_source: Annotated[str | None, typer.Option(help="A file of its own for test.")] = None,
    columns: Annotated[str | None, typer.Option(help="Of FILE, where it has others: a,b or a,b,label.")] = None,
    rows: Annotated[int | None, typer.Option(help="How many rows to use, in whole groups.")] = None,
    split: Annotated[
        str | None,
        typer.Option(help="Of ready pairs: no 'texts' or no 'first-text' in two splits; texts if it can be."),
    ] = None,
    as_published: Annotated[bool, typer.Option("--as-published", help="By the published model's own rule.")] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=SEEDS - 1, help="Of what is generated, split and paired at random.")
    ] = 42,
    data: common.Data = None,
    dry_run: common.DryRun = False,
    json: common.Json = False,
) -> None:
    """Prepare the pairs of a task, or of a file of ready pairs (its task gets the file's name)."""
    from rich.console import Console

    from pairs import prepared
    from pairs.from_file import is_data_file, task_of
    from pairs.prepare import prepare as make
    from pairs.published import publish
    from reporting.pairs_table import show
    from trainers.options import refuse_relative

    declared = task_of(task, source, columns)
    files = {"train": task if is_data_file(task) else source, "dev": dev_source, "test": test_source}
    folder = data or f"data/{declared.name}{'-as-published' if as_published else ''}"
    if "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ:  # a submitted job, whose own folder goes with it
        refuse_relative(data=folder)
    prepared.refuse_foreign(folder)
    given = {split: file for split, file in files.items() if file}
    made = (publish if as_published else make)(declared, given, seed=seed, rows=rows, way=split)
    if not dry_run:
        prepared.write(folder, made.tables, made.manifest)
    known_as = task if task.endswith(".py") else declared.name
    tuning = f"python -m jobs.tune {known_as}" + (f" --data {data}" if data else "")
    following = f"python -m jobs.audit {folder}" if as_published else tuning
    if json:
        common.print_json(_outcome(made.manifest, folder, dry_run, following))
        return
    show(made.manifest, Console())
    written = ", ".join([*(f"{name}.parquet" for name in made.tables), prepared.MANIFEST])
    common.print_lines([f"{'Would write' if dry_run else 'Written'} to {folder}: {written}", f"Next: {following}"])


def _outcome(manifest: dict[str, Any], folder: str, dry_run: bool, following: str) -> dict[str, Any]:
    own = {name: manifest[name] for name in ("task", "fingerprint", "seed", "rows", "split_rule")}
    return own | manifest["table"] | {"data": folder, "written": not dry_run, "next": following}


if __name__ == "__main__":
    app()
