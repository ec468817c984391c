"""Read the guard set of --keep: labelled pairs that only judge, so that no training costs what the base model could."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from common import storage
from common.mistakes import Mistakes, raise_if
from files.columns import layout_of
from files.formats.parquet import is_parts
from files.read import read
from pairs.clean import clean
from pairs.from_file import table_of, task_from_file
from pairs.labels.inferred import FileOptions, labels_of
from pairs.labels.meaning import guesses
from pairs.labels.seen import SeenLabels
from pairs.prepare import table_of_pairs
from pairs.prepared import PreparedPairs, drawn
from pairs.recipes import make_pairs, with_second_groups
from tasks.common.declaration import Layout, Task
from tasks.common.kinds import Kind, default_kind
from tasks.common.label_rule import LabelRule, score_in
from tasks.common.plain import PairColumns
from tasks.common.texts import folded

MOST_PAIRS = 5_000
"""Pairs that are judged: every evaluated state reads them, and with so many an interval is narrow enough for 0.01."""
ALLOWED = "allowed in a guard set: a number in every row, higher for closer texts, such as 0 and 1, or 0 to 5"


@dataclass(frozen=True, kw_only=True)
class GuardPairs:
    """The pairs of a guard set.

    Attributes:
        file: as given, without columns.
        columns: first text, second text and label, as the file calls them.
        kind: of evaluation: binary where all labels are 0 or 1, else graded.
        table: sentence1, sentence2, label, group and perhaps group2 of the judged pairs.
        rows: pairs that the file has, without empty, repeated and contradictory ones.
        sha256: of the file, in hex.
        shared: judged pairs that have a text of train.
    """

    file: str
    columns: tuple[str, ...]
    kind: Kind
    table: pa.Table
    rows: int
    sha256: str
    shared: int = 0

    @property
    def name(self) -> str:
        """The file's own name."""
        return storage.name_of(self.file)

    def lines(self, limit: float, seed: int) -> list[str]:
        """Return lines for a user: what is judged, and how far it can be trusted."""
        judged = f"{len(self.table):,}"
        drawn_of = f" of {self.rows:,} pairs, drawn with seed {seed}," if self.rows > len(self.table) else " pairs"
        lines = [
            f"guard: {self.file} ({', '.join(self.columns)}), {judged}{drawn_of} by {self.kind.metric}; a model is "
            f"selected only if it is shown to lose less than {limit:g} there"
        ]
        if self.shared:
            lines.append(
                f"warning: guard: {self.shared:,} of {judged} pairs of {self.name} have a text of train, so a trained "
                "model looks better there than on other texts"
            )
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return the guard set as settings.json holds it."""
        own = {name: getattr(self, name) for name in ("file", "rows", "sha256", "shared")}
        kind = {"kind": self.kind.name, "metric": self.kind.metric}
        return {**own, "columns": list(self.columns), **kind, "pairs": len(self.table)}


def read_guard(given: str, seed: int) -> GuardPairs:
    """Read a guard set.

    Args:
        given: the value of --keep: FILE, or FILE:FIRST,SECOND,LABEL.
        seed: draws MOST_PAIRS of more pairs.

    Raises:
        Mistakes: there is no such file or column, or its labels are no grades.
    """
    try:
        return _read(*_parts(given), seed)
    except Mistakes as mistakes:
        # Messages about a file of pairs name the option that gives its columns elsewhere.
        raise Mistakes([f"keep: {each.replace('--columns ', 'FILE:')}" for each in mistakes.messages]) from None


def _parts(given: str) -> tuple[str, list[str]]:
    """Split FILE:FIRST,SECOND,LABEL; an address such as s3://bucket/sts.csv has a colon, too."""
    file, _, columns = given.rpartition(":")
    if not file or columns.startswith("//") or storage.is_file(given) or is_parts(given):
        return given, []
    return file, columns.split(",")


def _read(file: str, columns: Sequence[str], seed: int) -> GuardPairs:
    layout = layout_of(file, columns)
    used = layout.shape
    assert isinstance(used, PairColumns)
    if used.label is None:
        raise Mistakes(
            f"columns: {','.join(used.columns)} of {file} hold no label; allowed: two texts and a label, such as "
            "--columns question,answer,label"
        )
    task = _task(file, columns, layout)
    raw = read(file, task.layouts)
    rows = clean(task, raw.rows, raw.layout.shape, raw.name).rows
    pairs = with_second_groups({"guard": make_pairs(task.recipe, rows, "guard", random.Random(seed)).pairs})["guard"]
    table = table_of_pairs(pairs)
    return GuardPairs(
        file=file,
        columns=used.columns,
        kind=task.declared_kind,
        table=table.take(pa.array(drawn(len(table), MOST_PAIRS, seed))),
        rows=len(table),
        sha256=raw.sha256,
    )


def _task(file: str, columns: Sequence[str], layout: Layout) -> Task:
    """Return the task of such a file. Its scale does not matter to ranks, so grades are mapped to 0 to 1 by theirs.

    Raises:
        Mistakes: a label is no number, all are the same, or they probably are classes.
    """
    seen = SeenLabels.of(table_of(file, layout), LabelRule())
    values = {name: score_in(value) for name, (_, value) in seen.first.items()}
    wrong = [seen.first[name] for name, value in values.items() if value is None]
    raise_if([f"{seen.column}: row {row} of {file} has {value!r}; {ALLOWED}" for row, value in wrong[:1]])
    numbers = {value for value in values.values() if value is not None}
    if len(numbers) < 2:
        raise Mistakes(f"{seen.column}: every row of {file} has {', '.join(seen.rows) or 'nothing'}; {ALLOWED}")
    if meanings := [guess.reason for guess in guesses(seen.rows) if "--scale" not in guess.options]:
        raise Mistakes(f"{seen.column}: labels of {file} can be something else ({meanings[0]}); {ALLOWED}")
    kind = default_kind(labels_of(numbers))
    scale = None if all(-1 <= number <= 1 for number in numbers) else (min(numbers), max(numbers))
    return task_from_file(file, columns, FileOptions(kind=kind.name, rule=LabelRule(scale=scale)), name="guard")


def shared_with_train(guard: GuardPairs, pairs: PreparedPairs) -> int:
    """Count the pairs of the guard set that have a text of train, read a block at a time."""
    columns = [list(map(folded, guard.table[name].to_pylist())) for name in ("sentence1", "sentence2")]
    own = {text for column in columns for text in column}
    known: set[str] = set()
    for name in ("sentence1", "sentence2"):
        for block in pairs.column("train", name):
            known.update(own.intersection(map(folded, pc.unique(block).to_pylist())))
    return sum(first in known or second in known for first, second in zip(*columns, strict=True))
