"""Score one split of a task with any function that turns texts into vectors; every distinct text is encoded once."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from common.mistakes import Mistakes, raise_if
from evaluation import metrics
from evaluation.predictions import CategoryPredictions, PairPredictions, Predictions, QueryPredictions
from evaluation.yardsticks.fit import Yardstick
from evaluation.yardsticks.pairs import PairYardstick
from pairs.spelling import one_of_each
from tasks.common.kinds import KINDS, Kind
from tasks.common.texts import folded
from tokens.reading import NO_PROMPTS, Prompts

Encode = Callable[[list[str]], NDArray[Any]]
"""Texts -> array of shape (texts, dimensions), in the order of the texts."""


class Evaluator:
    """Score one split any number of times.

    Args:
        kind: name of a kind of evaluation, one of KINDS.
        table: columns sentence1, sentence2 and label, one pair a row. A ranked kind needs no label, and leaves rows
            with label 0.0 (as in train) out.
        candidates: all texts that sentence1 is compared with, for a ranked kind. Texts that are the same when folded
            (tasks/common/texts.py) are one candidate, and one query. The other kinds ignore them.
        prompts: the prompts before first and second texts.

    Raises:
        Mistakes: the kind cannot be computed from this split; all reasons are named at once.
    """

    def __init__(
        self, kind: str, table: pa.Table, candidates: list[str] | None = None, prompts: Prompts = NO_PROMPTS
    ) -> None:
        declared = _declared(kind)
        table = _own_pairs(declared, table)
        raise_if(list(_misfits(declared, table)))
        self.kind, self.metric, self._by_category = declared.name, declared.metric, declared.categories is not None
        self.num_pairs = table.num_rows
        first, second = table.column("sentence1").to_pylist(), table.column("sentence2").to_pylist()
        self._texts1, self._texts2 = first, second
        ranked = declared.ranked
        if ranked:
            raise_if(list(_unknown(second, candidates)))
        choice = one_of_each(candidates or []) if ranked else []
        self._choice = tuple(choice)
        read = [prompts.first + text for text in first]
        others = [prompts.second + text for text in (choice if ranked else second)]
        self.texts: list[str] = list(dict.fromkeys([*read, *others]))
        """Every distinct text that is compared, with its prompt, in the order of appearance."""
        self._first, self._others = _positions(self.texts, read), _positions(self.texts, others)
        self._truth = _positions(list(map(folded, choice)), list(map(folded, second))) if ranked else None
        if ranked and not self._by_category:
            queries, known = list(map(folded, first)), {folded(text): index for index, text in enumerate(choice)}
            self._queries = np.unique(queries, return_inverse=True)[1]
            self._same = np.array([known.get(text, -1) for text in queries], dtype=np.int64)
        self._groups, self._other_groups = _numbered(table)
        self._labels = np.array([] if ranked else table.column("label").to_pylist(), dtype=np.float64)

    @property
    def choice(self) -> tuple[str, ...]:
        """The candidates of a ranked kind, without their prompt; empty for other kinds."""
        return self._choice

    @property
    def candidate_texts(self) -> list[str]:
        """The candidates with their prompt, in the order of `choice`."""
        return [self.texts[index] for index in self._others] if self._choice else []

    def evaluate(self, encode: Encode, candidates: NDArray[Any] | None = None) -> Predictions:
        """Return the model's predictions on the split; `encode` is called once, with `texts`.

        Args:
            encode: the model.
            candidates: vectors that take the place of the candidates' embeddings, in the order of `choice`.

        Raises:
            ValueError: an embedding is not finite.
        """
        vectors = metrics.normalized(encode(self.texts))
        if self._truth is None:
            return self._of_pairs(metrics.pair_cosines(vectors[self._first], vectors[self._others]))
        others = vectors[self._others] if candidates is None else metrics.normalized(candidates)
        return self._of_candidates(metrics.cosines_of(vectors[self._first], others))

    def evaluate_yardstick(self, yardstick: Yardstick) -> Predictions:
        """Return a yardstick's predictions on the split; it reads the texts without prompts."""
        if isinstance(yardstick, PairYardstick):
            return self._of_pairs(yardstick.pairs(self._texts1, self._texts2))
        texts = self._texts1
        return self._of_candidates(lambda rows: yardstick.candidates([texts[row] for row in rows], self._choice))

    def _of_pairs(self, scores: metrics.Floats) -> PairPredictions:
        return PairPredictions(**self._items(), cosines=scores, labels=self._labels)

    def _of_candidates(self, scores: metrics.Scores) -> CategoryPredictions | QueryPredictions:
        assert self._truth is not None
        if self._by_category:
            predicted = metrics.nearest(scores, self._truth)
            return CategoryPredictions(**self._items(), truth=self._truth, predicted=predicted, names=self._choice)
        rows, own = _own_candidates(self._queries, self._truth)
        per_query = metrics.retrieval_scores(lambda queries: scores(rows[queries]), own, self._same[rows])
        return QueryPredictions(**self._items(rows), per_query=per_query)

    def _items(self, rows: metrics.Indices | slice = slice(None)) -> dict[str, Any]:
        others = None if self._other_groups is None else self._other_groups[rows]
        return {"kind": self.kind, "groups": self._groups[rows], "other_groups": others}


def _own_candidates(queries: metrics.Indices, truth: metrics.Indices) -> tuple[metrics.Indices, list[metrics.Indices]]:
    """Collect the candidates of each query: a text in several pairs is one query, as in the library.

    Args:
        queries: the number of each row's query.
        truth: the candidate of each row.

    Returns:
        The first row of each query, and the own candidates of each.
    """
    own: dict[int, list[int]] = {}
    for query, candidate in zip(queries.tolist(), truth.tolist(), strict=True):
        own.setdefault(query, []).append(candidate)
    rows = np.sort(np.unique(queries, return_index=True)[1])  # the queries of `own`, in its order
    return rows, [np.array(sorted(set(indices)), dtype=np.int64) for indices in own.values()]


def _positions(among: Sequence[str], texts: Sequence[str]) -> metrics.Indices:
    index_of = {text: index for index, text in enumerate(among)}
    return np.array([index_of[text] for text in texts], dtype=np.int64)


def _numbered(table: pa.Table) -> tuple[metrics.Indices, metrics.Indices | None]:
    """Number the group of each row from 0 and, where it may differ, that of its second text.

    Names that are the same when folded are one group. Without a column of groups every row is a group of its own.
    """
    if "group" not in table.column_names:
        return np.arange(table.num_rows), None
    first = table.column("group")
    columns = [first, pc.coalesce(table.column("group2"), first)] if "group2" in table.column_names else [first]
    encoded = pa.concat_arrays([chunk for column in columns for chunk in column.chunks]).dictionary_encode()
    names = pa.array(list(map(folded, encoded.dictionary.to_pylist())), pa.string()).dictionary_encode()
    numbers = np.asarray(names.indices.take(encoded.indices).to_numpy(zero_copy_only=False), dtype=np.int64)
    numbers = numbers.reshape(len(columns), -1)
    return numbers[0], numbers[1] if len(columns) > 1 else None


def _declared(kind: str) -> Kind:
    if kind not in KINDS:
        raise Mistakes(f"kind: {kind!r} is not one of {', '.join(KINDS)}")
    return KINDS[kind]


def _own_pairs(kind: Kind, table: pa.Table) -> pa.Table:
    if kind.ranked and "label" in table.column_names:
        return table.filter(pc.not_equal(table.column("label"), 0.0))
    return table


def _misfits(kind: Kind, table: pa.Table) -> Iterable[str]:
    wanted = ["sentence1", "sentence2"] + ([] if kind.ranked else ["label"])
    missing = [name for name in wanted if name not in table.column_names]
    if missing:
        yield f"columns: {missing} missing for kind {kind.name!r}, there are {table.column_names}"
    elif table.num_rows == 0:
        yield f"rows: 0, kind {kind.name!r} needs at least one pair to score"
    elif kind.labels == "binary" and (labels := set(table.column("label").to_pylist())) != {0.0, 1.0}:
        yield f"label: {_few(labels)} in the scored pairs, average precision needs both 0 and 1 and no other"
    elif kind.labels == "graded" and len(labels := set(table.column("label").to_pylist())) < 2:
        yield f"label: only {_few(labels)} in the scored pairs, a rank correlation needs at least two different ones"


def _unknown(texts: list[str], candidates: list[str] | None) -> Iterable[str]:
    if not candidates:
        ranked = " and ".join(kind.name for kind in KINDS.values() if kind.ranked)
        yield f"candidates: none, the kinds {ranked} need the texts to choose from (candidates.parquet)"
    elif strangers := _strangers(texts, candidates):
        yield f"candidates: {len(strangers)} texts of sentence2 are not among them, such as {strangers[0][:80]!r}"


def _strangers(texts: list[str], candidates: list[str]) -> list[str]:
    """Return the texts that are no candidates."""
    known = set(map(folded, candidates))
    return sorted(text for text in set(texts) if folded(text) not in known)


def _few(labels: set[float]) -> str:
    """Name up to five labels and count the others."""
    named = ", ".join(str(label) for label in sorted(labels, key=str)[:5])
    return named if len(labels) <= 5 else f"{named} and {len(labels) - 5} more"
