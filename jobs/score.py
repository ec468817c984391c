"""Score unlabelled pairs, or find the best categories of texts, with a saved model.

python -m jobs.score runs/invoices/best pairs.csv --columns first,second --out scored.parquet

python -m jobs.score runs/tickets/best tickets.csv --columns text --candidates categories.txt --out scored.parquet
"""

from typing import Annotated, Any

import typer

from jobs import common

app = common.new_app(__doc__)


@app.command()
@common.reporting_mistakes
def score(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A run, its best folder, or any model folder.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="Parquet or a folder of its parts, CSV, TSV or JSON.")],
    columns: Annotated[str, typer.Option(help="The two text columns, as a,b; with --candidates one text column.")],
    out: Annotated[str, typer.Option(help="Folder for parquet files. The same call resumes where it was interrupted.")],
    candidates: Annotated[
        str | None, typer.Option(help="File with one candidate per line. Default: those of the run's task.")
    ] = None,
    top_k: Annotated[int, typer.Option(help="With one text column: number of candidates to name for each text.")] = 3,
    trust_remote_code: common.TrustRemoteCode = False,
    cpus_per_worker: common.CpusPerWorker = 1,
    gpu: common.Gpu = False,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """Score pairs: a score for each, and a decision where the model has a threshold."""
    from workflows.score import score_run
    from workflows.score_request import request

    asked = request(model, file, columns.split(","), out, candidates, top_k, cpus_per_worker, trust_remote_code)
    done = score_run(asked, cpus_per_worker=cpus_per_worker, gpu=gpu, quiet=json, verbose=verbose)
    notes = [*asked.prompts.lines, *asked.table.table.notes()]
    if json:
        common.print_json(done | {"notes": notes})
        return
    common.print_lines(_lines(done) + [f"Note: {note}." for note in notes])


def _lines(done: dict[str, Any]) -> list[str]:
    lines = [f"{done['rows']:,} rows in {done['out']}: {', '.join(done['columns'])}"]
    if done["without_score"]:
        lines.append(f"{done['without_score']:,} of them have an empty text, and null where a score would be")
    if done["as_json"]:
        lines.append(f"{', '.join(done['as_json'])}: values of several types, written as JSON")
    return lines


if __name__ == "__main__":
    app()
