"""Yardsticks that score each candidate for a text: the largest category, linear classifiers, BM25."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from evaluation.metrics import Floats, normalized
from evaluation.yardsticks.pairs import Encode, Tfidf
from evaluation.yardsticks.words import words
from tasks.common.texts import folded


class CandidateYardstick(Protocol):
    """Scores candidates."""

    def candidates(self, texts: Sequence[str], candidates: Sequence[str]) -> Floats:
        """Return the score of each candidate for each text, shape (texts, candidates); higher means closer."""


class LargestCategory:
    """The category that most texts of train have, whatever the text.

    Args:
        categories: the category of each text of train.

    Raises:
        ValueError: there is none.
    """

    def __init__(self, categories: Sequence[str]) -> None:
        if not categories:
            raise ValueError("train is empty")
        self._largest = Counter(map(folded, categories)).most_common(1)[0][0]

    def candidates(self, texts: Sequence[str], candidates: Sequence[str]) -> Floats:
        """Return 1.0 for that category and 0.0 for others, shape (texts, candidates)."""
        row = [float(folded(candidate) == self._largest) for candidate in candidates]
        return np.tile(row, (len(texts), 1))


class TfidfSvm:
    """A linear support vector machine on TF-IDF vectors, each category against the rest (scikit-learn's LinearSVC).

    Args:
        texts, categories: those of train.
        seed: of the solver.

    Raises:
        ValueError: train has one category alone, or no text has a word.
    """

    def __init__(self, texts: Sequence[str], categories: Sequence[str], seed: int) -> None:
        from sklearn.svm import LinearSVC

        self._tfidf = Tfidf(texts)
        self._model = LinearSVC(random_state=seed).fit(self._tfidf(texts), list(map(folded, categories)))

    def candidates(self, texts: Sequence[str], candidates: Sequence[str]) -> Floats:
        """Return the signed distances from each category's boundary, shape (texts, candidates)."""
        distances = self._model.decision_function(self._tfidf(texts))
        return _of_candidates(distances, self._model.classes_, candidates)


class EmbeddingLogistic:
    """Logistic regression of the category on the base model's embeddings.

    Args:
        texts, categories: those of train.
        encode: the base model.

    Raises:
        ValueError: train has one category alone.
    """

    def __init__(self, texts: Sequence[str], categories: Sequence[str], encode: Encode) -> None:
        from sklearn.linear_model import LogisticRegression

        self._encode = encode
        self._model = LogisticRegression(max_iter=1_000, C=10.0)  # embeddings of length 1 need a weak penalty
        self._model.fit(normalized(encode(list(texts))), list(map(folded, categories)))

    def candidates(self, texts: Sequence[str], candidates: Sequence[str]) -> Floats:
        """Return the log odds of each category, shape (texts, candidates)."""
        odds = self._model.decision_function(normalized(self._encode(list(texts))))
        return _of_candidates(odds, self._model.classes_, candidates)


class Bm25:
    """BM25 over the candidates (Robertson, Zaragoza 2009; bm25s: Lucene's variant, k1 = 1.5, b = 0.75)."""

    def __init__(self) -> None:
        self._indexed: tuple[str, ...] = ()
        self._index: Any = None

    def candidates(self, texts: Sequence[str], candidates: Sequence[str]) -> Floats:
        """Return the score of each candidate for each text, shape (texts, candidates)."""
        if self._indexed != tuple(candidates):
            self._index_all(tuple(candidates))
        return np.stack([self._scores(words(text)) for text in texts])

    def _index_all(self, candidates: tuple[str, ...]) -> None:
        import bm25s

        self._index = bm25s.BM25()
        self._index.index([words(text) or [""] for text in candidates], show_progress=False)
        self._indexed = candidates

    def _scores(self, query: list[str]) -> Floats:
        if not query:
            return np.zeros(len(self._indexed))
        scores: Floats = self._index.get_scores(query).astype(np.float64)
        return scores


def _of_candidates(values: Any, classes: Sequence[str], candidates: Sequence[str]) -> Floats:
    """Move the scores of a classifier's classes to the candidates; a category that train lacks gets -infinity.

    Args:
        values: shape (texts, classes), or (texts,) for two classes, as scikit-learn gives it.
        classes: folded categories.
        candidates: as they are written.
    """
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1)
    column = {name: index for index, name in enumerate(classes)}
    padded = np.hstack([scores, np.full((len(scores), 1), -np.inf)])
    moved: Floats = padded[:, [column.get(folded(candidate), len(classes)) for candidate in candidates]]
    return moved
