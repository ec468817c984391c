"""Make small tables with one fault or nearly one, and audit them."""

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
from files.batches import Table
from tasks.common.kinds import default_kind
from tasks.common.losses import LOSSES

Row = Mapping[str, Any]


def rows(count: int, label: Any = None, **columns: Any) -> list[dict[str, Any]]:
    """Make pairs of distinct texts; a list of labels is repeated over the rows."""
    pairs = []
    for number in range(count):
        row = {"sentence1": f"the {number} first", "sentence2": f"some {number} second", **columns}
        if label is not None:
            row["label"] = label[number % len(label)] if isinstance(label, list) else label
        pairs.append(row)
    return pairs


def plan(folder: Path, splits: Mapping[str, Sequence[Row]], loss: str, **changes: Any) -> Plan:
    """Write the splits as parquet files and return a plan for a loss."""
    tables = {}
    for split, members in splits.items():
        table = pa.Table.from_pylist(list(members))
        pq.write_table(table, folder / f"{split}.parquet")
        tables[split] = Table(
            location=str(folder / f"{split}.parquet"), columns={name: name for name in table.column_names}
        )
    kind = default_kind(LOSSES[loss].labels).name
    fixed = {"name": "a case", "kind": kind, "global_batch_size": 4, "max_length": 8, "base_model": "none"}
    return Plan(**{**fixed, "tables": tables, "loss": loss, **changes})


class FixedModel:
    """A stand-in for a base model: a function of two texts gives the cosine, and a token is a word."""

    def __init__(self, cosine: Any) -> None:
        self.cosine, self.encoded = cosine, 0

    unknown_id: int | None = None

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        return [[0, *(hash(word) for word in text.casefold().split()), 1] for text in texts]

    def lengths(self, texts: list[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def cosines(self, first: list[str], second: list[str]) -> NDArray[np.float64]:
        self.encoded += len(first)
        return np.array([self.cosine(*pair) for pair in zip(first, second, strict=True)])


def found(audited: Plan, model: BaseModel | None = None) -> dict[str, Finding]:
    """Audit a plan: code -> finding."""
    findings = audit(audited, lambda split, count, fraction: None, model).findings
    return {finding.code: finding for finding in findings}


def codes(
    folder: Path, train: Sequence[Row], loss: str, model: FixedModel | None = None, **changes: Any
) -> dict[str, str]:
    """Audit a train split alone: code -> severity."""
    findings = found(plan(folder, {"train": train}, loss, **changes), model)
    return {code: finding.severity for code, finding in findings.items()}
