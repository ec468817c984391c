"""Unfold lists in the rows of ready pairs: several second texts of a first one, and given negatives."""

from collections.abc import Iterator
from typing import Any

from common.mistakes import raise_if
from files.batches import Batch, Table
from tasks.common.declaration import Row
from tasks.common.plain import PairColumns
from tasks.common.values import NotTextError, as_text, no_text

LISTED = ("sentence2", "negatives")
"""Fields that may hold a list of texts."""


class Lists:
    """Makes pairs of the shaped rows of one file, and counts the rows that held lists.

    Args:
        shape: the shape of the rows; the columns of a file of ready pairs are named in messages.
    """

    def __init__(self, shape: Any) -> None:
        used = shape if isinstance(shape, PairColumns) else None
        self.as_pairs = used is not None and used.as_pairs
        self.names = {name: name for name in ("sentence1", *LISTED)}
        if used:
            self.names = {"sentence1": used.first, "sentence2": used.second, "negatives": ", ".join(used.negatives)}
        self.rows = self.pairs = 0

    def pairs_of(self, shaped: Row, position: str) -> list[Row]:
        """Make one pair for each second text of a row; with `as_pairs` one for each negative, too, labelled 0.0.

        An empty list becomes one empty text, which cleaning counts as such.

        Args:
            shaped: the row.
            position: the row in words, for messages.

        Raises:
            Mistakes: a nested value stands in the place of a text.
        """
        if "sentence2" not in shaped:
            return [shaped]
        seconds = shaped["sentence2"]
        if isinstance(seconds, list | tuple):
            self.rows += 1
            self.pairs += len(seconds)
        raise_if(list(self._misfits(shaped, position)))
        if not self.as_pairs:
            return [{**shaped, "sentence2": text} for text in _listed(seconds)]
        plain = {name: value for name, value in shaped.items() if name != "negatives"}
        positives = [{**plain, "sentence2": text, "label": 1.0} for text in _listed(seconds)]
        return positives + [{**plain, "sentence2": text, "label": 0.0} for text in shaped["negatives"]]

    @property
    def notes(self) -> list[str]:
        """A note on the number of pairs that came from lists."""
        return [f"{self.names['sentence2']}: {self.rows:,} rows held lists, {self.pairs:,} pairs"] if self.rows else []

    def _misfits(self, shaped: Row, position: str) -> Iterator[str]:
        """Yield a message for the first nested value of each column that has one."""
        for field, name in self.names.items():
            value = shaped.get(field)
            inner = field in LISTED and isinstance(value, list | tuple)
            values = list(value or ()) if inner else [value]
            kinds = [kind for text in values if (kind := _fault(text))]
            if kinds:
                message = no_text(name, position, NotTextError(kinds[0] + " in its list" * inner))
                yield f"{message}, or a list of them" if field in LISTED else message


def _fault(value: Any) -> str | None:
    """Return in words what a value is that is no text; None for a text."""
    try:
        as_text(value)
    except NotTextError as kind:
        return str(kind)
    return None


def _listed(value: Any) -> list[Any]:
    return (list(value) or [""]) if isinstance(value, list | tuple) else [value]


class UnfoldedTable(Table):
    """A table whose second texts may be lists; it has one row for each of their texts, as prepared pairs do."""

    def batches(self, digest: Any = None) -> Iterator[tuple[Batch, float]]:
        """Yield the batches of the table with a column `row`: the number of each pair's row in the file, from 1."""
        start = 1
        for batch, fraction in super().batches(digest):
            listed = [_listed(value) for value in batch["sentence2"]]
            row_of = [index for index, texts in enumerate(listed) for _ in texts]
            pairs = {name: [values[index] for index in row_of] for name, values in batch.items()}
            pairs |= {"sentence2": [text for texts in listed for text in texts], "row": [start + n for n in row_of]}
            yield pairs, fraction
            start += len(listed)
