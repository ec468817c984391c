"""Fit the yardsticks of a kind on train; those that cannot be fitted are named with the reason."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluation.yardsticks.candidates import Bm25, CandidateYardstick, EmbeddingLogistic, LargestCategory, TfidfSvm
from evaluation.yardsticks.pairs import BaseCosine, Encode, LogisticPairs, PairYardstick, TfidfCosine, TokenJaccard
from tasks.common.kinds import KINDS, Kind

MOST_ROWS = 50_000
"""Rows of train that lexical yardsticks are fitted on; more cost minutes."""
MOST_ENCODED_ROWS = 5_000
"""Rows of train that yardsticks which need embeddings are fitted on."""


Yardstick = PairYardstick | CandidateYardstick
Fitting = tuple[str, Callable[[], Yardstick]]


@dataclass(frozen=True, kw_only=True)
class Yardsticks:
    """Those of one kind.

    Attributes:
        fitted: name -> yardstick.
        unavailable: name -> why it could not be fitted.
    """

    fitted: dict[str, Yardstick] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)


def fit(kind: str, train: pa.Table, seed: int, encode: Encode | None = None) -> Yardsticks:
    """Fit all yardsticks of a kind.

    Args:
        train: columns sentence1, sentence2 and perhaps label; at most MOST_ROWS of them are used, drawn with the seed.
        encode: the base model; without it only lexical yardsticks are fitted.
    """
    yardsticks = Yardsticks()
    for name, make in _of_kind(KINDS[kind], sample(train, MOST_ROWS, seed), seed, encode):
        try:
            yardsticks.fitted[name] = make()
        except (ValueError, IndexError) as error:  # scikit-learn: one class alone, no text, no word
            yardsticks.unavailable[name] = str(error).partition("\n")[0] or "train is empty"
    return yardsticks


def sample(table: pa.Table, most: int, seed: int) -> pa.Table:
    """Return at most so many rows, in their order."""
    if table.num_rows <= most:
        return table
    return table.take(np.sort(np.random.default_rng(seed).permutation(table.num_rows)[:most]))


def _of_kind(kind: Kind, train: pa.Table, seed: int, encode: Encode | None) -> Iterator[Fitting]:
    first, second = _texts(train)
    if kind.categories:
        first, second = _texts(_positives(train))
        yield "largest category", lambda: LargestCategory(second)
        yield "TF-IDF + linear SVM", lambda: TfidfSvm(first, second, seed)
        if encode:
            few = sample(_positives(train), MOST_ENCODED_ROWS, seed)
            yield "base embeddings + logistic", lambda: EmbeddingLogistic(*_texts(few), encode)
    elif kind.ranked:
        yield "BM25", Bm25
    else:
        yield "TF-IDF cosine", lambda: TfidfCosine([*first, *second])
        if kind.labels == "binary":
            yield from _of_binary(train, seed, encode)


def _of_binary(train: pa.Table, seed: int, encode: Encode | None) -> Iterator[Fitting]:
    yield "token Jaccard", TokenJaccard
    few = sample(train, MOST_ENCODED_ROWS, seed) if encode else train
    labels = few.column("label").to_numpy() if "label" in few.column_names else np.ones(few.num_rows)

    def logistic() -> LogisticPairs:
        first, second = _texts(train)
        parts: list[PairYardstick] = [TfidfCosine([*first, *second]), TokenJaccard()]
        return LogisticPairs([*parts, *([BaseCosine(encode)] if encode else [])], *_texts(few), labels)

    yield "logistic on TF-IDF, Jaccard" + (", base cosine" if encode else ""), logistic


def _positives(table: pa.Table) -> pa.Table:
    return table.filter(pc.not_equal(table.column("label"), 0.0)) if "label" in table.column_names else table


def _texts(table: pa.Table) -> tuple[list[str], list[str]]:
    return table.column("sentence1").to_pylist(), table.column("sentence2").to_pylist()
