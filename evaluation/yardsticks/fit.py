"""Which yardsticks each kind has, and how each is fitted on train."""

from collections.abc import Callable, Iterator
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from evaluation.yardsticks.candidates import Bm25, CandidateYardstick, EmbeddingLogistic, LargestCategory, TfidfSvm
from evaluation.yardsticks.pairs import (
    BaseCosine,
    Encode,
    LogisticPairs,
    PairYardstick,
    TfidfCosine,
    TokenJaccard,
    with_prompt,
)
from pairs.prepared import drawn
from pairs.views import View
from tasks.common.kinds import KINDS, Kind
from tokens.reading import NO_PROMPTS, Prompts

MOST_ROWS = 50_000
"""Rows of train that lexical yardsticks are fitted on; more cost minutes."""
MOST_ENCODED_ROWS = 5_000
"""Rows of train that yardsticks which need embeddings are fitted on."""


Yardstick = PairYardstick | CandidateYardstick
Fitter = tuple[str, Callable[[], Yardstick]]
Base = tuple[Encode, Prompts]


def fitters(
    kind: str, train: pa.Table, seed: int, encode: Encode | None = None, prompts: Prompts = NO_PROMPTS
) -> Iterator[Fitter]:
    """Yield the name of each yardstick of a kind and a function that fits it; that raises ValueError if it cannot.

    Args:
        kind: of evaluation.
        train: columns sentence1, sentence2 and perhaps label; at most MOST_ROWS of them are used, drawn with the seed.
        seed: of the sample and of the solvers.
        encode: the base model; without it only lexical yardsticks are yielded.
        prompts: of the base model.
    """
    declared, train = KINDS[kind], sample(train, MOST_ROWS, seed)
    base = (encode, prompts) if encode else None
    if declared.categories:
        return _of_categories(positives(train), seed, base)
    if declared.ranked:
        return iter([("BM25", Bm25)])
    return _of_pairs(declared, train, seed, base)


def sample(table: pa.Table, most: int, seed: int) -> pa.Table:
    """Return at most so many rows, in their order."""
    if table.num_rows <= most:
        return table
    return table.take(drawn(table.num_rows, most, seed))


def _of_categories(train: pa.Table, seed: int, base: Base | None) -> Iterator[Fitter]:
    texts, categories = _texts(train)
    yield "largest category", lambda: LargestCategory(categories)
    yield "TF-IDF + linear SVM", lambda: TfidfSvm(texts, categories, seed)
    if base:
        encode, prompts = base
        few = _texts(sample(train, MOST_ENCODED_ROWS, seed))
        yield "base embeddings + logistic", lambda: EmbeddingLogistic(*few, with_prompt(encode, prompts.first))


def _of_pairs(kind: Kind, train: pa.Table, seed: int, base: Base | None) -> Iterator[Fitter]:
    train = View(labels=True, negatives=False).read(train)  # a given negative is a row labelled 0
    first, second = _texts(train)

    @cache
    def tfidf() -> TfidfCosine:
        return TfidfCosine([*first, *second])

    yield "TF-IDF cosine", tfidf
    if kind.labels != "binary":
        return
    yield "token Jaccard", TokenJaccard
    few = sample(train, MOST_ENCODED_ROWS, seed) if base else train

    def logistic() -> LogisticPairs:
        if "label" not in few.column_names:
            raise ValueError("train has no labels")
        lexical: list[PairYardstick] = [tfidf(), TokenJaccard()]
        parts = [*lexical, *([BaseCosine(*base)] if base else [])]
        return LogisticPairs(parts, *_texts(few), few.column("label").to_numpy())

    yield "logistic on TF-IDF, Jaccard" + (", base cosine" if base else ""), logistic


def positives(table: pa.Table) -> pa.Table:
    """Return the rows whose second text is a category of the first: all but those labelled 0."""
    if "label" not in table.column_names:
        return table
    return table.filter(pc.fill_null(pc.not_equal(table.column("label"), 0.0), True))


def _texts(table: pa.Table) -> tuple[list[str], list[str]]:
    return table.column("sentence1").to_pylist(), table.column("sentence2").to_pylist()
