"""Evaluate a model item by item on whole splits, and the yardsticks beside it."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import ray
from numpy.typing import NDArray

from evaluation.category_vectors import CategoryVectors, category_vectors
from evaluation.evaluator import Encode, Evaluator
from evaluation.yardsticks.evaluate import evaluate_yardsticks
from evaluation.yardsticks.fit import MOST_ENCODED_ROWS, positives, sample
from models.encode import encode
from trainers.job import PREDICTIONS, VECTORS, YARDSTICKS, EvaluationJob

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class Recall:
    """Remember the embeddings of a model's own evaluation: yardsticks read the same texts, and others of train.

    Args:
        encode: the model.
    """

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._vectors: dict[str, NDArray[Any]] = {}

    def encode(self, texts: list[str]) -> NDArray[Any]:
        """Encode all texts, so that the evaluation is that of any other model, and remember them."""
        vectors = self._encode(texts)
        self._vectors.update(zip(texts, vectors, strict=True))
        return vectors

    def recall(self, texts: list[str]) -> NDArray[Any]:
        """Return the embeddings of texts, and encode only those that are not known."""
        if unknown := [text for text in dict.fromkeys(texts) if text not in self._vectors]:
            self.encode(unknown)
        return np.stack([self._vectors[text] for text in texts])


def evaluate(job: EvaluationJob, model: "SentenceTransformer") -> dict[str, Any]:
    """Return a report's metrics: predictions, split -> Predictions; if the job has train, also YardstickPredictions.

    A job that tries category vectors reports CategoryVectors alone.

    Raises:
        ValueError: the model gives embeddings that are not finite.
    """
    candidates = list(job.candidates) if job.candidates else None
    evaluators = {
        split: Evaluator(job.kinds.get(split, job.kind), ray.get(table[0]), candidates, job.prompts)
        for split, table in job.splits.items()
    }
    embed = partial(encode, model, on_progress=_silent)
    if job.ways:
        return {VECTORS: _vectors(job, evaluators, Recall(embed).recall)}
    if not job.train:
        return {PREDICTIONS: {split: evaluator.evaluate(embed) for split, evaluator in evaluators.items()}}
    base = Recall(embed)
    predictions = {split: evaluator.evaluate(base.encode) for split, evaluator in evaluators.items()}
    own = {split: evaluator for split, evaluator in evaluators.items() if split not in job.kinds}
    yardsticks = evaluate_yardsticks(ray.get(job.train[0]), own, job.seed, base.recall, job.prompts)
    return {PREDICTIONS: predictions, YARDSTICKS: yardsticks}


def _vectors(job: EvaluationJob, evaluators: Mapping[str, Evaluator], encode: Encode) -> CategoryVectors:
    assert job.train is not None
    train = sample(positives(ray.get(job.train[0])), MOST_ENCODED_ROWS, job.seed)
    texts = [job.prompts.first + text for text in train.column("sentence1").to_pylist()]
    return category_vectors(evaluators, encode, texts, train.column("sentence2").to_pylist(), job.ways)


def _silent(done: int, total: int) -> None:
    """Report nothing: the driver shows which models are evaluated."""
