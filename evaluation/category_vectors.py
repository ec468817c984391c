"""Put vectors of training texts in the place of a category's own text, and choose between them by dev.

The centroid of a category is the mean of its training texts' embeddings (Rocchio's method; a prototype in Snell,
Swersky and Zemel 2017). A mix is the sum of centroid and text embedding, both of length 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.evaluator import Encode, Evaluator
from evaluation.metrics import Floats, normalized
from evaluation.predictions import Predictions
from tasks.common.texts import folded

WAYS = ("centroid", "mix")
"""Beside the category's text, which is the way of a model that stores no vectors."""


@dataclass(frozen=True, kw_only=True)
class CategoryVectors:
    """The vectors of the better way by dev, and what each way gave there.

    Attributes:
        way: one of WAYS: the one with the higher score on dev, the first of equals.
        names: categories.
        vectors: one of length 1 for each, fp32, shape (categories, dimensions).
        judged: way -> predictions on dev.
        predictions: split -> predictions of the better way.
    """

    way: str
    names: tuple[str, ...]
    vectors: NDArray[np.float32]
    judged: Mapping[str, Predictions]
    predictions: Mapping[str, Predictions]


def category_vectors(
    evaluators: Mapping[str, Evaluator],
    encode: Encode,
    texts: Sequence[str],
    categories: Sequence[str],
    tried: Sequence[str] = WAYS,
) -> CategoryVectors:
    """Try the ways on dev, and evaluate the better one on the other splits.

    Args:
        evaluators: split -> evaluator of a kind with categories; dev decides.
        encode: the model; it is asked for the same texts several times.
        texts: those of train, with their prompt.
        categories: of each of these texts.
        tried: some of WAYS.

    Raises:
        ValueError: an embedding is not finite.
    """
    dev = evaluators["dev"]
    own = normalized(encode(dev.candidate_texts))
    means = centroids(normalized(encode(list(texts))), categories, dev.choice, own)
    ways = {"centroid": means, "mix": normalized(means + own)}
    # As stored: a later evaluation has to give the same scores.
    stored = {way: ways[way].astype(np.float32) for way in tried}
    judged = {way: dev.evaluate(encode, vectors) for way, vectors in stored.items()}
    better = max(tried, key=lambda way: judged[way].scores()[dev.metric])
    others = {split: each.evaluate(encode, stored[better]) for split, each in evaluators.items() if split != "dev"}
    return CategoryVectors(
        way=better,
        names=dev.choice,
        vectors=stored[better],
        judged=judged,
        predictions={"dev": judged[better], **others},
    )


def centroids(vectors: Floats, categories: Sequence[str], names: Sequence[str], own: Floats) -> Floats:
    """Return the mean of each category's vectors, scaled to length 1, shape (names, dimensions).

    Args:
        vectors: of training texts, of length 1, shape (texts, dimensions).
        categories: of each text; spelling and case do not matter.
        names: the categories in their order.
        own: embedding of each category's text, for categories without a training text.
    """
    place = {folded(name): index for index, name in enumerate(names)}
    sums, counts = np.zeros_like(own), np.zeros(len(names))
    rows: Any = np.array([place.get(folded(category), -1) for category in categories], dtype=np.int64)
    known = rows >= 0
    np.add.at(sums, rows[known], vectors[known])
    np.add.at(counts, rows[known], 1)
    return normalized(np.where(counts[:, None] > 0, sums, own))
