"""Yardsticks before anything is trained: what methods of seconds reach on a split, so that a user sees the bar."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa

from common.mistakes import Mistakes
from evaluation.evaluator import Evaluator
from evaluation.yardsticks.evaluate import evaluate_yardsticks
from reporting.progress import waiting

SEED = 42
"""Of the sample of a large train and of the solvers: the same bar whoever asks."""


@dataclass(frozen=True, kw_only=True)
class LexicalScores:
    """The lexical yardsticks of a kind on one split.

    Attributes:
        metric: the deciding score.
        scores: yardstick -> its deciding score.
        unavailable: yardstick -> why it could not be fitted.
    """

    metric: str
    scores: dict[str, float] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for --json."""
        return asdict(self)


def of_preparation(tables: Mapping[str, pa.Table], manifest: Mapping[str, Any], *, quiet: bool) -> LexicalScores | None:
    """Score the lexical yardsticks of newly prepared pairs on dev; see `lexical_scores`."""
    candidates = tables["candidates"].column("text").to_pylist() if "candidates" in tables else None
    kind = str(manifest["declaration"]["kind"])
    return lexical_scores(kind, tables["train"], tables["dev"], candidates, quiet=quiet)


def lexical_scores(
    kind: str, train: pa.Table, split: pa.Table, candidates: Sequence[str] | None, *, quiet: bool
) -> LexicalScores | None:
    """Fit the lexical yardsticks on train and score them on a split; None if the kind cannot be computed from it.

    Args:
        kind: of evaluation.
        train: stored rows of train.
        split: rows of dev or test.
        candidates: of a ranked kind.
        quiet: whether no progress is shown.
    """
    with waiting("scoring yardsticks", quiet=quiet):
        try:
            evaluator = Evaluator(kind, split, list(candidates) if candidates is not None else None)
        except Mistakes:  # the audit and a training say what is wrong with the split
            return None
        outcome = evaluate_yardsticks(train, {"split": evaluator}, SEED)
    scores = {name: each.scores()[evaluator.metric] for name, each in outcome.splits["split"].items()}
    return LexicalScores(metric=evaluator.metric, scores=scores, unavailable=outcome.unavailable)
