"""Scores that a run keeps: the test split is scored once per run and model, later questions get that answer."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.table import Table

from common import storage
from common.run_folder import EVALUATIONS, RunFolder
from reporting import formats


@dataclass(frozen=True, kw_only=True)
class CachedScores:
    """Scores and, if they were not computed just now, when they were (ISO 8601, UTC)."""

    scores: dict[str, float]
    since: str | None = None


def scored_once(
    run: RunFolder, split: str, fingerprint: str, weights: str, score: Callable[[], dict[str, float]]
) -> CachedScores:
    """What the run keeps for these weights on this split of these pairs; scored and kept where there is nothing yet.

    Args:
        fingerprint: of the prepared pairs; other pairs are another question.
        weights: SHA-256 of the model's weights.

    Raises:
        Mistakes: what the run keeps is damaged.
    """
    location, key = run.at(EVALUATIONS), f"{split}/{fingerprint}/{weights}"
    kept = storage.read_object(location, {}, {key: dict}) if run.exists(EVALUATIONS) else {}
    if key in kept:
        with storage.reading(location, "delete it to have this split scored again"):
            stored = kept[key]["scores"].items()
            numbers = {name: math.nan if value is None else float(value) for name, value in stored}
            return CachedScores(scores=numbers, since=str(kept[key]["at"]))
    scores = score()
    at = datetime.now(UTC).isoformat(timespec="seconds")
    run.write_json(EVALUATIONS, {**kept, key: {"scores": scores, "at": at}})
    return CachedScores(scores=scores)


def scores_table(kept: Mapping[str, CachedScores], metric: str) -> Table:
    """A row per score, a column per model; the deciding metric in bold."""
    table = Table("score")
    for name in kept:
        table.add_column(name, justify="right")
    for score in next(iter(kept.values())).scores:
        values = [formats.score(each.scores.get(score)) for each in kept.values()]
        table.add_row(score, *values, style="bold" if score == metric else None)
    return table


def cached_lines(kept: Mapping[str, CachedScores]) -> list[str]:
    """Says which scores were looked up and not computed."""
    return [
        f"{name}: scored at {each.since}, not again: the test split is scored once per run and model ({EVALUATIONS})"
        for name, each in kept.items()
        if each.since
    ]
