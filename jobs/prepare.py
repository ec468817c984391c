"""Prepare a task's pairs: read, clean, split by group, make pairs inside each split, write train, dev and test.

python -m jobs.prepare tickets --source fine_tuning_dataset.csv --test-source reference_dataset.csv

python -m jobs.prepare pairs.csv --columns question,answer,label
"""

from typing import Annotated, Any

import typer

from jobs import common

app = common.new_app(__doc__)


@app.command()
@common.reporting_mistakes
def prepare(
    task: Annotated[str, typer.Argument(metavar="TASK|FILE", help="A task, or a file of ready pairs.")],
    source: Annotated[str | None, typer.Option(help="The task's raw file: a path or an address.")] = None,
    dev_source: Annotated[str | None, typer.Option(help="A file of its own for dev.")] = None,
    test_source: Annotated[str | None, typer.Option(help="A file of its own for test.")] = None,
    columns: Annotated[str | None, typer.Option(help="Of FILE: two texts and perhaps a label, as a,b,label.")] = None,
    rows: Annotated[int | None, typer.Option(help="How many rows to use, in whole groups.")] = None,
    seed: Annotated[int, typer.Option(help="Of what is generated, split and paired at random.")] = 42,
    data: common.Data = None,
    dry_run: common.DryRun = False,
    json: common.Json = False,
) -> None:
    """Prepare the pairs of a task, or of a file of ready pairs (its task gets the file's name)."""
    from rich.console import Console

    from pairs import prepared
    from pairs.prepare import prepare as make
    from reporting.pairs_table import show

    declared = _task(task, source, columns)
    files = {"train": task if columns is not None else source, "dev": dev_source, "test": test_source}
    folder = data or f"data/{declared.name}"
    prepared.refuse_foreign(folder)
    made = make(declared, {split: file for split, file in files.items() if file}, seed=seed, rows=rows)
    if not dry_run:
        prepared.write(folder, made.tables, made.manifest)
    known_as = task if task.endswith(".py") else declared.name
    following = f"python -m jobs.tune {known_as}" + (f" --data {data}" if data else "")
    if json:
        common.print_json(_outcome(made.manifest, folder, dry_run, following))
        return
    show(made.manifest, Console())
    written = ", ".join([*(f"{name}.parquet" for name in made.tables), prepared.MANIFEST])
    common.print_lines([f"{'Would write' if dry_run else 'Written'} to {folder}: {written}", f"Next: {following}"])


def _task(name: str, source: str | None, columns: str | None) -> Any:
    from pairs.from_file import is_data_file, task_from_file
    from tasks.common.loading import load
    from tasks.common.mistakes import Mistakes

    if not is_data_file(name):
        declared = load(name)
        if columns is not None:
            raise Mistakes(f"columns: {columns}: {name} declares its columns; allowed: only with a file of pairs")
        return declared
    if source is not None:
        raise Mistakes(f"source: {source}: {name} is the source itself; allowed: no --source with a file of pairs")
    return task_from_file(name, (columns or "").split(",") if columns else [])


def _outcome(manifest: dict[str, Any], folder: str, dry_run: bool, following: str) -> dict[str, Any]:
    own = {name: manifest[name] for name in ("task", "fingerprint", "seed", "rows", "split_rule")}
    return own | manifest["table"] | {"data": folder, "written": not dry_run, "next": following}


if __name__ == "__main__":
    app()
