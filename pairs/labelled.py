"""A file of pairs whose labels are read by a user's rule, in batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pairs.batches import Batch
from pairs.lists import UnfoldedTable
from tasks.common.label_rule import LabelRule, number_in


@dataclass(frozen=True, kw_only=True)
class LabelledTable(UnfoldedTable):
    """A table with a rule for its labels.

    Attributes:
        rule: applied to the column label.
        only: rows whose label is this one are the table; None: all.
    """

    rule: LabelRule
    only: float | None = None

    def batches(self, digest: Any = None) -> Iterator[tuple[Batch, float]]:
        """The rows whose labels are not left out, and the share of the file read so far."""
        for batch, share in super().batches(digest):
            read = [None if self.rule.drops(label) else (self.rule(label),) for label in batch["label"]]
            kept = [place for place, each in enumerate(read) if each and self.only in (None, number_in(each[0]))]
            rows = {name: [values[place] for place in kept] for name, values in batch.items()}
            yield {**rows, "label": [each[0] for place in kept if (each := read[place])]}, share
