"""Give a loss the training rows that it reads: one preparation serves every loss."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from files.batches import Batch, Table
from pairs.negatives import NEGATIVES, flattened
from tasks.common.label_rule import number_in
from tasks.common.losses import Loss

Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class View:
    """The training rows as a sort of losses reads them.

    A loss without labels reads the rows that belong together: those labelled 1, and those without a label. A loss with
    labels reads all rows. If it does not read given negatives as such, each of them is a row labelled 0 after the row
    that has it, and a row without a label is labelled 1.

    A row of the view depends on one stored row alone, so any slice of the rows can be read by itself.

    Attributes:
        labels: whether the loss reads labels.
        negatives: whether it reads given negatives as such.
        groups: whether it reads the group of a row, as no text of it is a negative of another one.
        most_negatives: how many given negatives of a row are read, from the first, which is the hardest where they were
            mined; None: all.
    """

    labels: bool
    negatives: bool
    groups: bool = False
    most_negatives: int | None = None

    @classmethod
    def of(cls, loss: Loss, *, related: bool = False, most_negatives: int | None = None) -> "View":
        """Return the view of a loss; losses that read alike share one.

        Args:
            loss: a declared loss.
            related: whether all texts of a group belong together.
            most_negatives: how many given negatives of a row are read; None: all.
        """
        return cls(
            labels=loss.labels != "none",
            negatives=loss.negatives,
            groups=loss.in_batch and related,
            most_negatives=most_negatives,
        )

    def columns(self, stored: Iterable[str]) -> list[str]:
        """Return the names of the view's columns, from those of the stored rows."""
        names = list(stored)
        if self._expands(names) and "label" not in names:
            names.insert(names.index("sentence2") + 1, "label")
        return [name for name in names if self._has(name)]

    def changes(self, stored: Iterable[str]) -> bool:
        """Check by the stored columns whether the view may have other rows than those stored."""
        names = list(stored)
        return self._expands(names) or (not self.labels and "label" in names)

    def read(self, table: pa.Table) -> pa.Table:
        """Return the rows of the view, in the order of the stored rows.

        Args:
            table: some rows of a training split (pairs/prepared.py).
        """
        names, count = table.column_names, len(table)
        if NEGATIVES in names and self.most_negatives:
            cut = pc.list_slice(table[NEGATIVES], 0, self.most_negatives)
            table = table.set_column(names.index(NEGATIVES), table.schema.field(NEGATIVES), cut)
        if self.changes(names):
            texts, counts = flattened(table[NEGATIVES]) if self._expands(names) else (pa.array([], pa.string()), None)
            labels = table["label"] if "label" in names else pa.array(np.ones(count, np.float32))
            rows, seconds = map(pa.array, self._select(positive(labels), counts))
            labels = pc.fill_null(labels, 1.0)
            second = pa.chunked_array([*table["sentence2"].chunks, texts], pa.string()).take(seconds)
            label = pc.if_else(pc.less(seconds, count), labels.take(rows), pa.scalar(0, pa.float32()))
            columns = {name: table[name].take(rows) for name in names} | {"sentence2": second, "label": label}
            table = pa.table(columns)
        return table.select(self.columns(names))

    def read_values(self, batch: Batch) -> Batch:
        """Return the same for unchecked plain values; given negatives may be spread over several columns."""
        columns = [batch[name] for name in sorted(batch) if name.startswith(NEGATIVES)]
        most = self.most_negatives
        given = [_texts(cells)[:most] for cells in zip(*columns, strict=True)] if self._expands(batch) else None
        counts = None if given is None else np.array([len(texts) for texts in given], dtype=np.int64)
        count = len(batch["sentence2"])
        labels = batch.get("label", [None] * count)
        together = [label is None or label != label or number_in(label) == 1 for label in labels]
        rows, seconds = (each.tolist() for each in self._select(np.array(together, dtype=bool), counts))
        every = [*batch["sentence2"], *(text for texts in given or () for text in texts)]
        values = {name: [column[row] for row in rows] for name, column in batch.items() if self._has(name)}
        values["sentence2"] = [every[second] for second in seconds]
        if "label" in self.columns(batch):
            own = [1.0 if given and (label is None or label != label) else label for label in labels]
            values["label"] = [own[row] if second < count else 0.0 for row, second in zip(rows, seconds, strict=True)]
        return values

    def _has(self, column: str) -> bool:
        negatives = self.negatives and self.most_negatives != 0
        return (self.labels or column != "label") and (negatives or not column.startswith(NEGATIVES))

    def _expands(self, columns: Iterable[str]) -> bool:
        """Check whether given negatives become rows of their own."""
        reads = self.labels and not self.negatives and self.most_negatives != 0
        return reads and any(name.startswith(NEGATIVES) for name in columns)

    def _select(self, together: NDArray[np.bool_], negatives: Indices | None) -> tuple[Indices, Indices]:
        """Choose rows.

        Args:
            together: whether a stored row belongs together, or has no label, [stored rows].
            negatives: how many given negatives of a stored row become rows, [stored rows]; None: none of any row.

        Returns:
            For each row of the view its stored row, and the index of its second text among all second texts and, after
            them, all given negatives.
        """
        if negatives is None:
            rows = np.arange(len(together)) if self.labels else np.flatnonzero(together)
            return rows, rows
        rows = np.repeat(np.arange(len(together)), negatives + 1)
        given = np.ones(len(rows), dtype=bool)
        given[np.cumsum(negatives + 1) - negatives - 1] = False
        return rows, np.where(given, len(together) + np.cumsum(given) - 1, rows)


def positive(labels: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    """Check which rows belong together: those labelled 1, and those without a label, [rows]."""
    mask: NDArray[np.bool_] = np.asarray(pc.fill_null(pc.equal(labels, 1.0), True))
    return mask


def _texts(cells: Sequence[Any]) -> list[Any]:
    """Return the given negatives of a row: a cell holds one, a list of them, or nothing."""
    values = [value for cell in cells for value in (cell if isinstance(cell, list | tuple) else [cell])]
    return [value for value in values if value is not None and value == value and value != ""]


@dataclass(frozen=True, kw_only=True)
class ViewedTable(Table):
    """A table of unchecked training rows, as a loss reads them.

    Attributes:
        source: the rows as they are stored.
        view: the view of the loss.
    """

    source: Table
    view: View

    @classmethod
    def of(cls, source: Table, view: View) -> "ViewedTable":
        """Return the view of a table; its columns are those of the view."""
        columns = {name: source.columns.get(name, name) for name in view.columns(source.columns)}
        return cls(location=source.location, columns=columns, names=source.names, source=source, view=view)

    def batches(self, digest: Any = None) -> Iterator[tuple[Batch, float]]:
        """Yield the batches of the view with a column `row`: the number of the stored row, from 1."""
        start = 1
        for batch, fraction in self.source.batches(digest):
            count = len(batch["sentence2"])
            yield self.view.read_values({"row": list(range(start, start + count)), **batch}), fraction
            start += count
