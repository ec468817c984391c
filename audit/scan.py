"""Read a split once and keep what the checks need of it, in some 60 bytes a row."""

import math
import random
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.limits import EXAMPLES, OVERSIZED_CHARACTERS, SHORTCUT_PAIRS
from common.hashes import Hashes, text_hashes
from files.batches import Table
from files.missing import stands_for_nothing
from pairs.negatives import NEGATIVES
from tasks.common.label_rule import number_in
from tasks.common.texts import folded, one_spaced
from tasks.common.values import NotTextError

TEXTS = ("sentence1", "sentence2")
GROUPS = {"group": "groups", "group2": "other_groups"}
"""Column -> its hashes in Facts."""
OnProgress = Callable[[str, int, float], None]
"""(split, rows read, fraction of its file)."""


@dataclass
class Fault:
    """The number of rows with one fault, and the indices of the first."""

    count: int = 0
    rows: list[int] = field(default_factory=list)

    def add(self, row: int) -> None:
        """Count one more row."""
        self.count += 1
        if len(self.rows) < EXAMPLES:
            self.rows.append(row)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Up to SHORTCUT_PAIRS rows without faults, in random order."""

    first: list[str]
    second: list[str]
    labels: NDArray[np.float64]
    rows: list[int]
    further: NDArray[np.bool_]
    """Whether it is a further row of a stored one: a view makes one of each negative, and lists make some."""

    @property
    def labelled(self) -> "Sample":
        """The rows that have a label."""
        return self._at(~np.isnan(self.labels))

    @property
    def stored(self) -> "Sample":
        """The first rows of the stored ones."""
        return self._at(~self.further)

    def _at(self, mask: NDArray[np.bool_]) -> "Sample":
        selected = np.flatnonzero(mask)
        return Sample(
            first=[self.first[index] for index in selected],
            second=[self.second[index] for index in selected],
            labels=self.labels[selected],
            rows=[self.rows[index] for index in selected],
            further=self.further[selected],
        )


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts about one split that the checks read; arrays have an element per row."""

    split: str
    rows: int
    faults: dict[str, Fault]
    equal: tuple[Hashes, Hashes]
    """Hashes of sentence1 and of sentence2, runs of white space as one space."""
    alike: tuple[Hashes, Hashes]
    """Hashes of the same texts, folded."""
    groups: Hashes | None
    other_groups: Hashes | None
    """The groups of the second texts, if they may differ from those of the first."""
    labels: NDArray[np.float64] | None
    """NaN for a label that is no number; None without a label column."""
    sample: Sample


def scan(split: str, table: Table, on_progress: OnProgress, seed: int = 0) -> Facts:
    """Read a split once.

    Raises:
        Mistakes: its file cannot be read.
    """
    reader = _Reader(set(table.columns), random.Random(seed))
    for batch, fraction in table.batches():
        reader.take(batch)
        on_progress(split, reader.rows, fraction)
    return reader.facts(split)


def text_of(value: Any) -> tuple[str, str, str | None]:
    """Return the text that a value stands for, the same text folded, and the fault in it, if any.

    A value that is no text stands for its contents: a record for its keys and values, one after the other.
    """
    if value is None or (isinstance(value, float | Decimal) and math.isnan(value)):
        return "", "", "null_value"
    try:
        text = one_spaced(value)
    except NotTextError:
        text = _stand_in(value)
        return text, folded(text), "record_as_text"
    alike = folded(text)
    if not alike:
        return text, alike, "empty_text"
    if stands_for_nothing(alike):
        return text, alike, "missing_as_text"
    return text, alike, "oversized_text" if len(text) > OVERSIZED_CHARACTERS else None


def negative_faults(value: Any) -> set[str]:
    """Return the faults of a cell of given negatives, a text or a list of texts; an empty one is no negative."""
    faults = {text_of(negative)[2] for negative in (value if isinstance(value, list | tuple) else [value])}
    return {code for code in faults if code in ("record_as_text", "oversized_text")}


def _stand_in(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}: {_inner(inner)}" for key, inner in value.items())
    return _inner(" ".join(map(_inner, value)) if isinstance(value, list | tuple) else value)


def _inner(value: Any) -> str:
    return one_spaced("" if value is None else str(value))


class _Reader:
    def __init__(self, columns: set[str], draw: random.Random) -> None:
        self.columns, self.draw, self.rows, self.sound = columns, draw, 0, 0
        self.negatives = sorted(name for name in columns if name.startswith(NEGATIVES))
        self.faults: dict[str, Fault] = defaultdict(Fault)
        self.equal: tuple[list[Hashes], list[Hashes]] = ([], [])
        self.alike: tuple[list[Hashes], list[Hashes]] = ([], [])
        self.groups: dict[str, list[Hashes]] = {name: [] for name in GROUPS if name in columns}
        self.labels = array("d")
        self.drawn: list[tuple[str, str, float, int, bool]] = []

    def take(self, batch: dict[str, list[Any]]) -> None:
        """Add the next rows."""
        pairs = [[text_of(value) for value in batch[name]] for name in TEXTS]
        values = batch.get("label") or [None] * len(pairs[0])
        labels = [math.nan if (number := number_in(value)) is None else number for value in values]
        for index, ((first, alike1, fault1), (second, alike2, fault2)) in enumerate(zip(*pairs, strict=True)):
            faults = {fault1, fault2, self._label_fault(values[index], labels[index])} - {None}
            faults |= {code for name in self.negatives for code in negative_faults(batch[name][index])}
            for code in faults:
                self.faults[str(code)].add(self.rows + index)
            if alike1 and alike2 and not faults & {"label_type"}:
                own = batch.get("row")  # of the stored row, where there may be several of one
                further = own is not None and index > 0 and own[index] == own[index - 1]
                self._draw((first, second, labels[index], self.rows + index, further))
        for side, texts in enumerate(pairs):
            self.equal[side].append(text_hashes(text for text, _, _ in texts))
            self.alike[side].append(text_hashes(alike for _, alike, _ in texts))
        for name, hashes in self.groups.items():
            hashes.append(text_hashes(folded(str(value)) for value in batch[name]))
        self.labels.extend(labels)
        self.rows += len(labels)

    def facts(self, split: str) -> Facts:
        """Return the facts about all rows added."""
        self.draw.shuffle(self.drawn)
        drawn = map(list, zip(*self.drawn, strict=True)) if self.drawn else ([], [], [], [], [])
        first, second, labels, rows, made = drawn
        return Facts(
            split=split,
            rows=self.rows,
            faults=dict(self.faults),
            equal=(_joined(self.equal[0]), _joined(self.equal[1])),
            alike=(_joined(self.alike[0]), _joined(self.alike[1])),
            **{field: _joined(self.groups[name]) if name in self.groups else None for name, field in GROUPS.items()},
            labels=np.array(self.labels) if "label" in self.columns else None,
            sample=Sample(
                first=first, second=second, labels=np.array(labels), rows=rows, further=np.array(made, dtype=bool)
            ),
        )

    def _label_fault(self, value: Any, number: float) -> str | None:
        if "label" not in self.columns:
            return None
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return "null_label"
        return "label_type" if math.isnan(number) else None

    def _draw(self, row: tuple[str, str, float, int, bool]) -> None:
        """Keep each of n rows with the same probability (Vitter 1985, algorithm R)."""
        self.sound += 1
        if len(self.drawn) < SHORTCUT_PAIRS:
            self.drawn.append(row)
        elif (index := self.draw.randrange(self.sound)) < SHORTCUT_PAIRS:
            self.drawn[index] = row


def _joined(parts: Iterable[Hashes]) -> Hashes:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])
