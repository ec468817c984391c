"""Make prepared pairs of raw files: read, clean, split by group, pair, and describe it all in a manifest."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from common.mistakes import Checks, Mistakes, raise_if
from files.read import read
from pairs import prepared
from pairs.clean import clean
from pairs.mining import Mined, Miner, mine, mined_note, mined_record
from pairs.negatives import drop_wrong
from pairs.recipes import Pair, make_pairs, negatives_field, with_negatives, with_second_groups
from pairs.spelling import one_of_each, spell_categories
from pairs.splits.join import WAYS, chooses
from pairs.splits.split import Division, divide
from pairs.train_view import view_lines
from pairs.views import View
from tasks.common.declaration import Given, Recipe, Row, Task
from tasks.common.loading import to_dict
from tasks.common.plain import columns_of

MOST_LABELS_SHOWN = 10
"""Distinct labels that are counted one by one; if there are more, labels are rounded to one decimal first."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Tables and manifest, ready to be written."""

    tables: dict[str, pa.Table]
    manifest: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Raw rows that a split starts from, and the function that shapes them."""

    split: str
    name: str
    sha256: str | None
    """SHA-256 of the file, in hex; None for generated rows, which task, rows and seed determine."""
    rows: Sequence[Row]
    shape: Callable[[Row], Row | None]
    notes: tuple[str, ...] = ()
    """Notes on how the rows were read."""

    def to_dict(self) -> dict[str, Any]:
        """Return the source as a manifest holds it."""
        return {"split": self.split, "name": self.name, "sha256": self.sha256, "rows": len(self.rows)}


def prepare(
    task: Task,
    files: Mapping[str, str],
    *,
    seed: int,
    rows: int | None = None,
    way: str | None = None,
    negatives_per_positive: int | None = None,
    miner: Miner | None = None,
) -> Preparation:
    """Read or generate rows, clean them, split them by group, and make pairs inside each split.

    Args:
        task: the task.
        files: split -> path or address: 'train' is the source; 'dev' and 'test' if they come from files of their own.
        seed: random seed of everything that is drawn.
        rows: number of raw rows; None takes the task's own.
        way: the texts that are kept apart, see `divide`.
        negatives_per_positive: number that the recipe draws in train; None takes the task's own. Dev and test always
            have the task's own number, so that their scores stay comparable.
        miner: mines further negatives for train; None: no negatives are mined.

    Raises:
        Mistakes: files or options do not fit the task.
    """
    rows = task.rows if rows is None else rows
    refuse_misuse(task, files, rows=rows, way=way, negatives_per_positive=negatives_per_positive)
    sources = sources_of(task, files, seed, rows)
    pools, dropped, read = _cleaned(task, sources)
    pools, spelled = spell_categories(task, pools)
    division = divide(task, pools, seed=seed, rows=None if task.generate else rows, way=way)
    recipe = task.recipe if negatives_per_positive is None else with_negatives(task.recipe, negatives_per_positive)
    pairs, notes = _pairs(task, recipe, division, seed)
    mined = _mined(task, pairs["train"], division, miner)
    if miner and mined:
        pairs, notes = pairs | {"train": mined.pairs}, [*notes, mined_note(miner, mined)]
    tables = _tables(task, pairs)
    notes += _of_loss(task, tables["train"])
    table = {
        "rows_in": sum(len(source.rows) for source in sources),
        "dropped": dict(sorted((dropped + division.dropped).items())),
        "groups": {split: len({row["group"] for row in members}) for split, members in division.rows.items()},
        "pairs": {split: len(members) for split, members in pairs.items()},
        "labels": {split: label_counts([pair.label for pair in members]) for split, members in pairs.items()},
        "notes": [note for source in sources for note in source.notes] + read + spelled + notes,
    }
    manifest = {
        "task": task.name,
        "fingerprint": prepared.fingerprint(tables),
        "seed": seed,
        "rows": rows,
        "negatives_per_positive": negatives_per_positive,
        "mined": mined_record(miner, mined) if miner and mined else None,
        "sources": [source.to_dict() for source in sources],
        "split_rule": division.rule,
        "apart": list(division.apart),
        "closed": list(division.closed),
        "table": table,
        "declaration": to_dict(task),
    }
    return Preparation(tables=tables, manifest=manifest)


def _mined(task: Task, train: list[Pair], division: Division, miner: Miner | None) -> Mined | None:
    """Return the pairs of train with mined negatives; None if no negatives are mined."""
    mutual = not task.declared_kind.ranked and "sentence2" not in division.closed
    return mine(train, miner, mutual=mutual) if miner else None


def refuse_misuse(
    task: Task, files: Mapping[str, str], *, rows: int | None, way: str | None, negatives_per_positive: int | None
) -> None:
    """Refuse files and options that do not fit the task; see `prepare`.

    Raises:
        Mistakes: every option that does not fit.
    """
    rows = task.rows if rows is None else rows
    raise_if([*_misuse(task, files, rows, way), *_no_number(task, negatives_per_positive)])


def _misuse(task: Task, files: Mapping[str, str], rows: int | None, way: str | None) -> list[str]:
    wrong = [] if rows is None or rows > 0 else [f"rows: {rows} must be at least 1"]
    if task.generate and rows is None:
        wrong.append(f"rows: the data of {task.name} is generated; give --rows, at least 1")
    if task.generate and files:
        wrong.append(f"source: {', '.join(files.values())}: the data of {task.name} is generated; allowed: no file")
    if not task.generate and "train" not in files:
        wrong.append(f"source: {task.name} needs --source PATH; {task.source}")
    if way is not None and way not in WAYS:
        wrong.append(f"split: {way!r} is not one of {', '.join(WAYS)}")
    elif way and not chooses(task.recipe):
        wrong.append(f"split: {way}: {task.name} has its own rule; allowed: no --split, which is for ready pairs")
    if (used := columns_of(task)) and used.time and {"dev", "test"} <= set(files):
        wrong.append(f"time: {used.time}: dev and test have files of their own; allowed: no --time")
    return wrong


def _no_number(task: Task, negatives_per_positive: int | None) -> list[str]:
    if negatives_per_positive is None or (negatives_per_positive >= 0 and negatives_field(task.recipe)):
        return []
    said = f"negatives-per-positive: {negatives_per_positive}"
    if negatives_per_positive < 0:
        return [f"{said} must be at least 0"]
    return [f"{said}: the pairs of {task.name} are given, and none are drawn; allowed: no --negatives-per-positive"]


def sources_of(task: Task, files: Mapping[str, str], seed: int, rows: int | None) -> list[Source]:
    """Read the raw rows from files, or generate them.

    Raises:
        Mistakes: a file does not exist, or no layout of the task fits it.
    """
    if task.generate and rows:
        generated = list(task.generate(rows, seed))
        return [Source(split="train", name=f"generated, seed {seed}", sha256=None, rows=generated, shape=_unchanged)]
    checks = Checks()
    raws = {split: checks.run(read, location, task.layouts) for split, location in files.items()}
    checks.finish()
    return [
        Source(split=split, name=raw.name, sha256=raw.sha256, rows=raw.rows, shape=raw.layout.shape, notes=raw.notes)
        for split, raw in raws.items()
        if raw is not None
    ]


def _cleaned(task: Task, sources: Sequence[Source]) -> tuple[dict[str, list[dict[str, Any]]], Counter[str], list[str]]:
    pools: dict[str, list[dict[str, Any]]] = {}
    dropped: Counter[str] = Counter()
    groups: dict[str, str] = {}
    notes: list[str] = []
    for source in sources:
        cleaned = clean(task, source.rows, source.shape, source.name, groups)
        if not cleaned.rows:
            reasons = ", ".join(f"{reason}: {count:,}" for reason, count in cleaned.dropped.items()) or "no rows"
            raise Mistakes(f"rows: nothing in {source.name} can be used ({reasons}); {task.source}")
        drop_wrong(cleaned.rows, cleaned.dropped)
        pools[source.split] = cleaned.rows
        dropped += cleaned.dropped
        notes += [f"{note} of {source.name}" for note in cleaned.notes] if len(sources) > 1 else cleaned.notes
    return pools, dropped, notes


def _unchanged(row: Row) -> Row:
    return row


def _pairs(task: Task, train: Recipe, division: Division, seed: int) -> tuple[dict[str, list[Pair]], list[str]]:
    pairs: dict[str, list[Pair]] = {}
    notes = list(division.notes)
    for split in [split for split in prepared.SPLITS if split in division.rows]:
        recipe = train if split == "train" else task.recipe
        paired = make_pairs(recipe, division.rows[split], split, random.Random(f"{seed}-pairs-{split}"))
        pairs[split] = paired.pairs
        notes += paired.notes
    if isinstance(task.recipe, Given) and "sentence2" not in division.closed:
        pairs = with_second_groups(pairs)
    # A stream permutes blocks of the file, so neighbours should not be pairs of one group.
    random.Random(f"{seed}-order").shuffle(pairs["train"])
    empty = [split for split in pairs if not pairs[split]]
    raise_if([f"{split}: no pairs can be made of its {len(division.rows[split]):,} rows" for split in empty])
    notes += _given_negatives(task, pairs)
    if "test" not in pairs:
        notes.append("no test split: give --test-source to have one")
    elif task.declared_kind.labels != "none" and len({pair.label for pair in pairs["test"]}) < 2:
        notes.append(
            "test has only one label, so models cannot be evaluated on it: verdict and threshold will use dev alone"
        )
    return pairs, notes


def _tables(task: Task, pairs: Mapping[str, Sequence[Pair]]) -> dict[str, pa.Table]:
    tables = {split: table_of_pairs(members) for split, members in pairs.items()}
    if (kind := task.declared_kind).ranked:
        every = [pair for members in pairs.values() for pair in members]
        negatives = [text for pair in every for text in pair.negatives if not kind.categories]
        texts = sorted(one_of_each([*(pair.sentence2 for pair in every), *negatives]))
        tables[prepared.CANDIDATES] = pa.table({"text": texts}, schema=prepared.CANDIDATES_SCHEMA)
    return tables


def table_of_pairs(pairs: Sequence[Pair]) -> pa.Table:
    """Return pairs as the table of a split (pairs/prepared.py)."""
    labelled, two_groups = (any(getattr(pair, name) is not None for pair in pairs) for name in ("label", "group2"))
    schema = prepared.schema(labelled, two_groups, any(pair.negatives for pair in pairs))
    return pa.table({name: [getattr(pair, name) for pair in pairs] for name in schema.names}, schema=schema)


def _of_loss(task: Task, train: pa.Table) -> list[str]:
    """Return a note if the task's loss reads other training rows than these.

    Raises:
        Mistakes: it reads none of them.
    """
    read = View.of(task.declared_loss).read(train).num_rows
    raise_if([f"train: no pair of {len(train):,} is labelled 1; a {task.loss} loss reads no others"] * (not read))
    return view_lines(task.declared_loss, train.column_names, len(train), read)


def _given_negatives(task: Task, pairs: Mapping[str, Sequence[Pair]]) -> list[str]:
    """Return a note on the number of negatives in each split; no note if there are none."""
    counts = {split: [len(pair.negatives) for pair in members] for split, members in pairs.items()}
    shown = ", ".join(
        f"{split} {sum(own):,} for {sum(map(bool, own)):,} of {len(own):,} pairs" for split, own in counts.items()
    )
    used = columns_of(task)
    columns = f" ({', '.join(used.negatives)})" if used else ""
    return [f"given negatives{columns}: {shown}"] if any(map(sum, counts.values())) else []


def label_counts(labels: Sequence[float | None]) -> dict[str, int]:
    """Count the rows of each label, rounded to one decimal if there are many labels."""
    values = [label for label in labels if label is not None]
    if len(set(values)) > MOST_LABELS_SHOWN:
        values = [round(value, 1) for value in values]
    return {str(value): count for value, count in sorted(Counter(values).items())}
