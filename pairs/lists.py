"""Lists in the rows of ready pairs: several second texts of one first text, and the negatives given beside them."""

from collections.abc import Iterator
from typing import Any

from common.mistakes import raise_if
from pairs.batches import Batch, Table
from tasks.common.declaration import Row
from tasks.common.plain import PairColumns
from tasks.common.values import NotTextError, as_text, no_text

LISTED = ("sentence2", "negatives")
"""Fields that may hold a list of texts."""


class Lists:
    """Makes pairs of the shaped rows of one file, and counts the rows that held lists.

    Args:
        shape: what shaped them; the columns of a file of ready pairs are named in messages.
    """

    def __init__(self, shape: Any) -> None:
        used = shape if isinstance(shape, PairColumns) else None
        self.as_pairs = used is not None and used.as_pairs
        self.names = {name: name for name in ("sentence1", *LISTED)}
        if used:
            self.names = {"sentence1": used.first, "sentence2": used.second, "negatives": ", ".join(used.negatives)}
        self.rows = self.pairs = 0

    def pairs_of(self, shaped: Row, place: str) -> list[Row]:
        """One pair for each of the row's second texts; with `as_pairs` one for each negative, too, labelled 0.0.

        An empty list is one empty text, which is counted where those are.

        Raises:
            Mistakes: another nested value stands where a text should be.
        """
        if "sentence2" not in shaped:
            return [shaped]
        seconds = shaped["sentence2"]
        if isinstance(seconds, list | tuple):
            self.rows += 1
            self.pairs += len(seconds)
        raise_if(list(self._misfits(shaped, place)))
        if not self.as_pairs:
            return [{**shaped, "sentence2": each} for each in _listed(seconds)]
        plain = {name: value for name, value in shaped.items() if name != "negatives"}
        positives = [{**plain, "sentence2": each, "label": 1.0} for each in _listed(seconds)]
        return positives + [{**plain, "sentence2": each, "label": 0.0} for each in shaped["negatives"]]

    @property
    def notes(self) -> list[str]:
        """How many pairs came out of lists."""
        return [f"{self.names['sentence2']}: {self.rows:,} rows held lists, {self.pairs:,} pairs"] if self.rows else []

    def _misfits(self, shaped: Row, place: str) -> Iterator[str]:
        """The first nested value of each column that has one."""
        for field, name in self.names.items():
            value = shaped.get(field)
            inner = field in LISTED and isinstance(value, list | tuple)
            values = list(value or ()) if inner else [value]
            kinds = [kind for each in values if (kind := _fault(each))]
            if kinds:
                said = no_text(name, place, NotTextError(kinds[0] + " in its list" * inner))
                yield f"{said}, or a list of them" if field in LISTED else said


def _fault(value: Any) -> str | None:
    """What a value is that is no text."""
    try:
        as_text(value)
    except NotTextError as kind:
        return str(kind)
    return None


def _listed(value: Any) -> list[Any]:
    return (list(value) or [""]) if isinstance(value, list | tuple) else [value]


class UnfoldedTable(Table):
    """A table whose second texts may be lists: one row for each of their texts, as prepared pairs have."""

    def batches(self, digest: Any = None) -> Iterator[tuple[Batch, float]]:
        """As of the table, and with a column `row`: the number of each pair's row in the file, from 1."""
        start = 1
        for batch, share in super().batches(digest):
            listed = [_listed(value) for value in batch["sentence2"]]
            places = [place for place, texts in enumerate(listed) for _ in texts]
            found = {name: [values[place] for place in places] for name, values in batch.items()}
            found |= {"sentence2": [text for texts in listed for text in texts], "row": [start + n for n in places]}
            yield found, share
            start += len(listed)
