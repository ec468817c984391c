"""Small tables with one fault or nearly one, and what the audit says of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.finding import Finding
from audit.plan import Plan
from audit.run import BaseModel, audit
from pairs.batches import Table

Row = Mapping[str, Any]


def rows(count: int, label: Any = None, **columns: Any) -> list[dict[str, Any]]:
    """So many pairs of distinct texts, the label by row number if it is a list."""
    made = []
    for number in range(count):
        row = {"sentence1": f"the {number} first", "sentence2": f"some {number} second", **columns}
        if label is not None:
            row["label"] = label[number % len(label)] if isinstance(label, list) else label
        made.append(row)
    return made


def plan(folder: Path, splits: Mapping[str, Sequence[Row]], loss: str, **changes: Any) -> Plan:
    """The splits as parquet files, for a loss."""
    tables = {}
    for split, members in splits.items():
        table = pa.Table.from_pylist(list(members))
        pq.write_table(table, folder / f"{split}.parquet")
        tables[split] = Table(
            location=str(folder / f"{split}.parquet"), columns={name: name for name in table.column_names}
        )
    kind = {"contrastive": "binary", "cosine": "graded", "ranking": "retrieval"}[loss]
    fixed = {"name": "a case", "kind": kind, "global_batch_size": 4, "max_length": 8, "base_model": "none"}
    return Plan(**{**fixed, "tables": tables, "loss": loss, **changes})


class FixedModel:
    """Stands for a base model: its cosines are what a function of the two texts says, its tokens are words."""

    def __init__(self, cosine: Any) -> None:
        self.cosine, self.asked = cosine, 0

    unknown_id: int | None = None

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        return [[0, *(hash(word) for word in text.casefold().split()), 1] for text in texts]

    def lengths(self, texts: list[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def cosines(self, first: list[str], second: list[str]) -> NDArray[np.float64]:
        self.asked += len(first)
        return np.array([self.cosine(*pair) for pair in zip(first, second, strict=True)])


def found(asked: Plan, model: BaseModel | None = None) -> dict[str, Finding]:
    """Code -> finding."""
    return {each.code: each for each in audit(asked, lambda split, count, share: None, model).findings}


def codes(
    folder: Path, train: Sequence[Row], loss: str, model: FixedModel | None = None, **changes: Any
) -> dict[str, str]:
    """Code -> severity for a train split alone."""
    return {code: each.severity for code, each in found(plan(folder, {"train": train}, loss, **changes), model).items()}
