"""Try vectors of training texts in place of a category's text, with the selected model on a warm group."""

from collections.abc import Sequence
from dataclasses import replace

from evaluation.category_vectors import WAYS, CategoryVectors
from evaluation.guard import GUARD
from trainers.checkpoint import TrainingState
from trainers.groups.client import GroupClient
from trainers.groups.pool import EvaluationError, best_report, in_turns
from trainers.job import VECTORS, EvaluationJob
from workflows.refine import Refined, score_of


def try_vectors(
    groups: Sequence[GroupClient], name: str, before: float, state: TrainingState | None, evaluation: EvaluationJob
) -> Refined:
    """Return the better way by dev; test is evaluated with that one alone.

    Args:
        groups: worker groups that take jobs.
        name: of the selected model.
        before: its score on dev.
        state: its weights; None: the base model.
        evaluation: of all splits, with rows of train.

    Raises:
        EvaluationError: the group was lost, or an embedding is not finite.
    """
    splits = {name: split for name, split in evaluation.splits.items() if name != GUARD}  # its embeddings stay
    job = replace(evaluation, trial="category vectors", splits=splits, ways=WAYS)
    (report,) = in_turns(groups, [(job, state)], lambda _done, _total: None, best_report)
    if report.error is not None:
        raise EvaluationError(report.error)
    vectors: CategoryVectors = report.metrics[VECTORS]
    tried = {way: score_of(predictions) for way, predictions in vectors.judged.items()}
    return Refined(
        name=vectors.way,
        of=name,
        before=before,
        tried=tried,
        vectors=vectors if tried[vectors.way] > before else None,
        judged=list(vectors.judged.values()),
    )
