"""Read a file of pairs in batches, its labels by a user's rule."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from files.batches import Batch
from files.lists import UnfoldedTable
from tasks.common.label_rule import LabelRule


@dataclass(frozen=True, kw_only=True)
class LabelledTable(UnfoldedTable):
    """A table with a rule for its labels.

    Attributes:
        rule: applied to the column label.
    """

    rule: LabelRule

    def batches(self, digest: Any = None) -> Iterator[tuple[Batch, float]]:
        """Yield the rows whose labels are not left out, and the fraction of the file read so far."""
        for batch, fraction in super().batches(digest):
            dropped = [self.rule.drops(label) for label in batch["label"]]
            labels = [None if drop else self.rule(label) for drop, label in zip(dropped, batch["label"], strict=True)]
            selected = [index for index, drop in enumerate(dropped) if not drop]
            rows = {name: [values[index] for index in selected] for name, values in batch.items()}
            yield {**rows, "label": [labels[index] for index in selected]}, fraction
