"""Cache scores in the run's folder: each split is scored once per run and model, and later calls read that result."""

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
    """Scores, and when they were computed if they come from the cache (ISO 8601, UTC)."""

    scores: dict[str, float]
    since: str | None = None


def scored_once(
    run: RunFolder, split: str, fingerprint: str, weights: str, score: Callable[[], dict[str, float]]
) -> CachedScores:
    """Return the cached scores of a model on a split; compute and cache them if there are none.

    Args:
        run: folder with the cache.
        split: name of the split.
        fingerprint: of the prepared pairs; scores of other pairs are cached apart.
        weights: SHA-256 of the model's weights.
        score: computes the scores.

    Raises:
        Mistakes: the cache is damaged.
    """
    location, key = run.at(EVALUATIONS), f"{split}/{fingerprint}/{weights}"
    cached = storage.read_object(location, {}, {key: dict}) if run.exists(EVALUATIONS) else {}
    if key in cached:
        with storage.reading(location, "delete it to have this split scored again"):
            stored = cached[key]["scores"].items()
            numbers = {name: math.nan if value is None else float(value) for name, value in stored}
            return CachedScores(scores=numbers, since=str(cached[key]["at"]))
    scores = score()
    at = datetime.now(UTC).isoformat(timespec="seconds")
    run.write_json(EVALUATIONS, {**cached, key: {"scores": scores, "at": at}})
    return CachedScores(scores=scores)


def scores_table(models: Mapping[str, CachedScores], metric: str) -> Table:
    """Return a table with a row per score and a column per model; the deciding metric is in bold."""
    table = Table("score")
    for name in models:
        table.add_column(name, justify="right")
    for score in next(iter(models.values())).scores:
        values = [formats.score(cached.scores.get(score)) for cached in models.values()]
        table.add_row(score, *values, style="bold" if score == metric else None)
    return table


def cached_lines(models: Mapping[str, CachedScores]) -> list[str]:
    """Return a line for each model whose scores come from the cache."""
    return [
        f"{name}: scored at {cached.since}, not again: the test split is scored once per run and model ({EVALUATIONS})"
        for name, cached in models.items()
        if cached.since
    ]
