"""Score a model on a split of the prepared pairs.

python -m jobs.evaluate runs/tickets/best
python -m jobs.evaluate runs/tickets --split test --base
python -m jobs.evaluate runs/invoices --threshold precision=0.98
python -m jobs.evaluate sentence-transformers/all-MiniLM-L6-v2 --task tickets
"""

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from common import storage
from jobs.common import Json, TrustRemoteCode, new_app, print_json, print_lines, reporting_mistakes

if TYPE_CHECKING:
    from reporting.evaluations import CachedScores
    from workflows.evaluate import Subject
    from workflows.yardsticks import LexicalScores

app = new_app(__doc__)

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A run, its best folder, any model folder, or a hub name.")]
TaskOption = Annotated[str | None, typer.Option("--task", help="Task. Default: the task of the model's run.")]
Data = Annotated[
    str | None, typer.Option(help="Folder of the prepared pairs. Default: those of the model's run, or data/TASK.")
]
Split = Annotated[
    str,
    typer.Option(help="dev, test or train. Test is scored once per run and model; later calls show the stored scores."),
]
Base = Annotated[bool, typer.Option("--base", help="Also score the base model.")]
Purpose = Annotated[
    str | None,
    typer.Option(help="Show the threshold that dev chooses for another purpose: f1, precision=SHARE or recall=SHARE."),
]


class _Shown(NamedTuple):
    model: str
    split: str
    scores: dict[str, "CachedScores"]
    yardsticks: "LexicalScores | None"
    chosen: dict[str, Any]
    """With --threshold: threshold and unmet, as in verdict.json."""


@app.command()
@reporting_mistakes
def evaluate(
    model: Model,
    task: TaskOption = None,
    data: Data = None,
    split: Split = "dev",
    base: Base = False,
    threshold: Purpose = None,
    trust_remote_code: TrustRemoteCode = False,
    json: Json = False,
) -> None:
    """Score a model on a split of the prepared pairs."""
    from workflows.evaluate import find

    subject = find(model, task, data, trust_remote_code)
    own, chosen = subject.score_for(subject.purpose(threshold, split), split)
    scores = {"model": own, **({"base": subject.score_base(split)} if base else {})}
    yardsticks = None if subject.verdict(split) or split == "train" else subject.yardsticks(split, quiet=json)
    (_print_json if json else _print)(subject, _Shown(model, split, scores, yardsticks, chosen))


def _print(subject: "Subject", shown: _Shown) -> None:
    from rich.console import Console

    from reporting.evaluations import cached_lines, scores_table
    from reporting.verdict import show, threshold_lines
    from reporting.yardsticks import lexical_table

    model, split, scores, yardsticks, chosen = shown
    print_lines([f"{model} on {split} of {subject.pairs.folder} ({subject.pairs.num_rows(split)} pairs)"])
    Console().print(scores_table(scores, subject.metric))
    if yardsticks:
        Console().print(lexical_table(yardsticks.metric, split, yardsticks.scores, yardsticks.unavailable))
    for line in [*threshold_lines(**chosen), *cached_lines(scores), *(f"note: {note}" for note in subject.notes)]:
        print_lines([line])
    if (verdict := subject.verdict(split)) and subject.run:
        with storage.reading(subject.run.at("verdict.json"), "delete it to see the scores alone"):
            show(verdict, Console())


def _print_json(subject: "Subject", shown: _Shown) -> None:
    scores, verdict = shown.scores, subject.verdict(shown.split)
    own, base = scores["model"], scores.get("base")
    result = {"model": shown.model, "split": shown.split, **subject.to_dict(), "scores": own.scores}
    result |= {"scored_at": own.since, **({"verdict": verdict} if verdict else {}), **shown.chosen}
    result |= {"yardsticks": shown.yardsticks.to_dict()} if shown.yardsticks else {}
    print_json(result | ({"base_model": {"name": subject.base_model, "scores": base.scores}} if base else {}))


if __name__ == "__main__":
    app()
