"""Divide rows into folds that share neither a group nor a first text."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairs.views import positive
from tasks.common.kinds import Kind
from tasks.common.texts import folded

Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Folds:
    """Rows in folds.

    A row whose second text belongs to another group lies in two folds, perhaps. It is then in no fold that is held
    out, and among the others only if none of its folds is held out.

    Attributes:
        rows: stored training rows.
        first: fold of the group of each row, shape (rows,).
        second: fold of the group of its second text, shape (rows,).
        number: number of folds.
    """

    rows: pa.Table
    first: Indices
    second: Indices
    number: int

    def held(self, fold: int) -> pa.Table:
        """Return the rows of one fold."""
        return self.rows.filter(pa.array((self.first == fold) & (self.second == fold)))

    def without(self, *folds: int) -> pa.Table:
        """Return the rows of all other folds."""
        return self.rows.filter(pa.array(~np.isin(self.first, folds) & ~np.isin(self.second, folds)))


def folds_of(rows: pa.Table, kind: Kind, number: int, seed: int) -> Folds:
    """Divide rows into folds of about equal size, with about equal shares of labels or of categories.

    Args:
        rows: stored training rows (pairs/prepared.py).
        kind: the kind of evaluation, which says what is balanced.
        number: of folds.
        seed: of the order in which groups are dealt out.

    Raises:
        ValueError: there are fewer groups than folds.
    """
    groups = list(map(folded, rows["group"].to_pylist()))
    whole = _connected(groups, list(map(folded, rows["sentence1"].to_pylist())))
    fold_of = _dealt(whole, _strata(rows, kind), number, seed)
    by_group = dict(zip(groups, fold_of.tolist(), strict=True))
    others = rows["group2"].to_pylist() if "group2" in rows.column_names else [None] * len(groups)
    # A group of second texts alone goes to the fold of the first row that has it.
    second = [
        own if other is None else by_group.setdefault(folded(other), own)
        for own, other in zip(fold_of.tolist(), others, strict=True)
    ]
    return Folds(rows=rows, first=fold_of, second=np.array(second), number=number)


def _connected(groups: list[str], texts: list[str]) -> Indices:
    """Number the parts of rows that groups and first texts connect, shape (rows,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    group = np.unique(groups, return_inverse=True)[1]
    text = np.unique(texts, return_inverse=True)[1] + group.max() + 1
    size = int(text.max()) + 1
    edges = coo_array((np.ones(len(group), dtype=np.int8), (group, text)), shape=(size, size))
    parts: Indices = connected_components(edges, directed=False)[1][group]
    return parts


def _strata(rows: pa.Table, kind: Kind) -> NDArray[Any]:
    """Return what each fold should have alike, for each row: the label, or the category of a text."""
    if kind.labels == "binary":
        return np.asarray(rows["label"].to_numpy() == 1.0, dtype=np.int64)
    if kind.categories is None:
        return np.zeros(rows.num_rows, dtype=np.int64)
    categories = np.unique(rows["sentence2"].to_pylist(), return_inverse=True)[1]
    # A wrong category says nothing about the text of its row.
    return np.where(positive(rows["label"]), categories, -1) if "label" in rows.column_names else categories


def _dealt(parts: Indices, strata: NDArray[Any], number: int, seed: int) -> Indices:
    from sklearn.model_selection import StratifiedGroupKFold

    if (count := len(np.unique(parts))) < number:
        raise ValueError(f"{count} groups are fewer than {number} folds")
    folds = np.empty(len(parts), dtype=np.int64)
    dealer = StratifiedGroupKFold(n_splits=number, shuffle=True, random_state=seed)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # of a label rarer than folds
        for fold, (_, held) in enumerate(dealer.split(parts, strata, parts)):
            folds[held] = fold
    return folds
