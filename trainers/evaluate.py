"""Evaluate a model item by item on whole splits, and the yardsticks beside it."""

from functools import partial
from typing import TYPE_CHECKING, Any

import ray

from evaluation.evaluator import Evaluator
from evaluation.yardsticks.evaluate import evaluate_yardsticks
from models.encode import encode
from trainers.job import PREDICTIONS, YARDSTICKS, EvaluationJob

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def evaluate(job: EvaluationJob, model: "SentenceTransformer") -> dict[str, Any]:
    """Return a report's metrics: predictions, split -> Predictions; if the job has train, also YardstickPredictions.

    Raises:
        ValueError: the model gives embeddings that are not finite.
    """
    candidates = list(job.candidates) if job.candidates else None
    evaluators = {
        split: Evaluator(job.kind, ray.get(table[0]), candidates, job.prompts) for split, table in job.splits.items()
    }
    embed = partial(encode, model, on_progress=_silent)
    metrics: dict[str, Any] = {
        PREDICTIONS: {split: evaluator.evaluate(embed) for split, evaluator in evaluators.items()}
    }
    if job.train:
        train = ray.get(job.train[0])
        metrics[YARDSTICKS] = evaluate_yardsticks(train, evaluators, job.seed, embed, job.prompts)
    return metrics


def _silent(done: int, total: int) -> None:
    """Report nothing: the driver shows which models are evaluated."""
