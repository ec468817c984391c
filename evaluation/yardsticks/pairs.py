"""Yardsticks that score a pair of texts: TF-IDF cosine, shared words, logistic regression on both."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import Floats, normalized, pair_cosines
from evaluation.yardsticks.words import words
from tokens.reading import NO_PROMPTS, Prompts

Encode = Callable[[list[str]], NDArray[Any]]
"""Texts -> embeddings of the base model, shape (texts, dimensions)."""


def with_prompt(encode: Encode, prompt: str) -> Encode:
    """Return the same model with a prompt before each text."""
    return lambda texts: encode([prompt + text for text in texts])


@runtime_checkable
class PairYardstick(Protocol):
    """Scores pairs."""

    def pairs(self, first: Sequence[str], second: Sequence[str]) -> Floats:
        """Return a score for each pair, shape (pairs,); higher means closer."""


SMALL = 100
"""Below so many distinct texts a word counts although it stands in one text alone."""


class Tfidf:
    """TF-IDF vectors of texts: words and pairs of words, sublinear counts, document frequencies of train.

    scikit-learn's TfidfVectorizer with the settings that are usual for short texts. A word of a single text is left
    out, unless train is small.

    Args:
        texts: those of train.

    Raises:
        ValueError: no text has a word.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        distinct = list(dict.fromkeys(texts))
        self._vectorizer = TfidfVectorizer(
            analyzer=_words_and_pairs,
            sublinear_tf=True,
            min_df=2 if len(distinct) >= SMALL else 1,
            dtype=np.float32,
        )
        self._vectorizer.fit(distinct)

    def __call__(self, texts: Sequence[str]) -> Any:
        """Return the vectors, of length 1, as a sparse matrix of shape (texts, terms)."""
        return self._vectorizer.transform(texts)


def _words_and_pairs(text: str) -> list[str]:
    single = words(text)
    return single + [f"{first} {second}" for first, second in zip(single, single[1:], strict=False)]


class TfidfCosine:
    """The cosine of the two texts' TF-IDF vectors.

    Args:
        texts: those of train.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._tfidf = Tfidf(texts)

    def pairs(self, first: Sequence[str], second: Sequence[str]) -> Floats:
        """Return the cosine of each pair, shape (pairs,)."""
        products = self._tfidf(first).multiply(self._tfidf(second))
        return np.asarray(products.sum(axis=1), dtype=np.float64).ravel()


class TokenJaccard:
    """The words that two texts share, as a fraction of all words of both (Jaccard, 1901)."""

    def pairs(self, first: Sequence[str], second: Sequence[str]) -> Floats:
        """Return the fraction of each pair, shape (pairs,); 0 if neither text has a word."""
        sets = [[set(words(text)) for text in texts] for texts in (first, second)]
        return np.array([len(one & other) / max(1, len(one | other)) for one, other in zip(*sets, strict=True)])


class BaseCosine:
    """The cosine of the base model's embeddings.

    Args:
        encode, prompts: the base model, and what stands before the texts that it reads.
    """

    def __init__(self, encode: Encode, prompts: Prompts = NO_PROMPTS) -> None:
        self._encode, self._prompts = encode, prompts

    def pairs(self, first: Sequence[str], second: Sequence[str]) -> Floats:
        """Return the cosine of each pair, shape (pairs,)."""
        read = [[self._prompts.first + text for text in first], [self._prompts.second + text for text in second]]
        texts = list(dict.fromkeys([*read[0], *read[1]]))
        row = {text: index for index, text in enumerate(texts)}
        vectors = normalized(self._encode(texts))
        one, other = ([row[text] for text in side] for side in read)
        return pair_cosines(vectors[one], vectors[other])


class LogisticPairs:
    """Logistic regression of label 1 on other yardsticks' scores of a pair, both labels of equal weight.

    Args:
        parts: yardsticks that score pairs.
        first, second, labels: the pairs of train, labelled 0 or 1.

    Raises:
        ValueError: train has one label alone.
    """

    def __init__(
        self,
        parts: Sequence[PairYardstick],
        first: Sequence[str],
        second: Sequence[str],
        labels: Floats,
    ) -> None:
        from sklearn.linear_model import LogisticRegression

        self._parts = parts
        self._model = LogisticRegression(class_weight="balanced").fit(self._features(first, second), labels)

    def pairs(self, first: Sequence[str], second: Sequence[str]) -> Floats:
        """Return the log odds of label 1 for each pair, shape (pairs,)."""
        odds: Floats = self._model.decision_function(self._features(first, second))
        return odds

    def _features(self, first: Sequence[str], second: Sequence[str]) -> Floats:
        return np.stack([part.pairs(first, second) for part in self._parts], axis=1)
