"""Make files of pairs for a loss or a kind, and prepare and request them as a user does."""

import csv
import random
from pathlib import Path
from typing import Any, Literal

from typer.testing import CliRunner

from jobs.prepare import app
from pairs.labels.inferred import Held
from tests.trainers.cases import VOCABULARY
from workflows.request import Request
from workflows.request_checks import check_request

Content = Held | Literal["categories"]
"""What a file holds beside its first texts."""

CASES = 120
SPELLINGS = ("case", "cáse", "casé")
"""One token to the tiny model, and three different texts to all that compares texts."""
LABELS = {"binary": (0.0, 1.0), "graded": (-0.5, 0.0, 0.25, 1.0)}
CATEGORIES = ("light", "sound", "water", "wood")


def write(path: Path, content: Content) -> list[str]:
    """Write a CSV in which the model reads a third of the rows twice and a third three times; return its options."""
    draw, rows = random.Random(0), list[dict[str, Any]]()
    for number in range(CASES):
        words, others, more = (" ".join(draw.choices(VOCABULARY, k=5)) for _ in range(3))
        second = CATEGORIES[number % 4] if content == "categories" else f"{others} {number}"
        row = {"first": f"{words} {number}", "second": second, "case": number}
        row |= {"label": draw.choice(LABELS[content])} if content in LABELS else {}
        row |= {"negative": more} if content == "negatives" else {}
        rows += [{**row, "first": f"{spelling} {row['first']}"} for spelling in SPELLINGS[: number % 3 + 1]]
    with path.open("w", newline="", encoding="utf8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return ["--columns", ",".join(name for name in rows[0] if name != "case"), "--group", "case"]


def request(folder: Path, model: str, content: Content, *asked: str, distinct: bool = False) -> Request:
    """Prepare such a file with `asked` as further options, audit it, and return the checked request of a search."""
    folder.mkdir(exist_ok=True)
    options, data = write(folder / "pairs.csv", content), str(folder / "data")
    made = CliRunner().invoke(app, [str(folder / "pairs.csv"), *options, *asked, "--data", data])
    assert made.exit_code == 0, made.output
    run = str(folder / "run")
    given = {
        "task": "pairs",
        "data": data,
        "run": run,
        "base_model": model,
        "workers": 2,
        "distinct": distinct,
        "folds": 0,
    }
    return check_request(given, dry_run=True, quiet=True)
