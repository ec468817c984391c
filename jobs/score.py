"""Score unlabelled pairs, or find the best candidates for each text, with a saved model.

python -m jobs.score runs/invoices/best pairs.csv --columns first,second --out scored.parquet

python -m jobs.score runs/tickets/best tickets.csv --columns text --candidates categories.txt --out scored.parquet
"""

from typing import Annotated, Any, Literal

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
    prevalence: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the pairs that belong together, where it differs from the pairs of the model's run: "
            "shifts the probability.",
        ),
    ] = None,
    which: Annotated[
        Literal["best", "refit"], typer.Option("--model", help="Model of a run: the judged one, or that of --refit.")
    ] = "best",
    trust_remote_code: common.TrustRemoteCode = False,
    cpus_per_worker: common.CpusPerWorker = 1,
    gpu: common.Gpu = False,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """Score pairs, with probability and decision if the model stores them, or find the best candidates of texts."""
    from workflows.evaluate import refit_of
    from workflows.score import score_run
    from workflows.score_request import check_score_request

    model = refit_of(model) if which == "refit" else model
    names = columns.split(",")
    given = (candidates, top_k, cpus_per_worker, trust_remote_code, prevalence)
    request = check_score_request(model, file, names, out, *given)
    result = score_run(request, cpus_per_worker=cpus_per_worker, gpu=gpu, quiet=json, verbose=verbose)
    notes = [*request.prompts.lines, *request.notes, *request.table.table.notes()]
    if json:
        common.print_json(result | {"notes": notes})
        return
    common.print_lines(_lines(result) + [f"Note: {note}." for note in notes])


def _lines(result: dict[str, Any]) -> list[str]:
    lines = [f"{result['rows']:,} rows in {result['out']}: {', '.join(result['columns'])}"]
    if result["without_score"]:
        lines.append(f"{result['without_score']:,} of them have an empty text; their score is null")
    if result["as_json"]:
        lines.append(f"{', '.join(result['as_json'])}: values of several types, written as JSON")
    return lines


if __name__ == "__main__":
    app()
