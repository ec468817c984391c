"""Make the pairs of a published model again by its author's own rule, errors included."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from common.mistakes import Mistakes, raise_if
from pairs import prepared
from pairs.prepare import Preparation, label_counts, sources_of
from tasks.common.declaration import Published, Row, Task
from tasks.common.loading import load, names, to_dict


def publish(
    task: Task,
    files: Mapping[str, str],
    *,
    seed: int,
    rows: int | None = None,
    way: str | None = None,
    negatives_per_positive: int | None = None,
) -> Preparation:
    """Read or generate the raw rows and apply the author's rule; clean and check nothing.

    Args:
        task: the task.
        files: 'train' -> its file; empty for generated data.
        seed: random seed.
        rows: refused unless None, since the rule has its own number.
        way: refused unless None, since the rule has its own split.
        negatives_per_positive: refused unless None, since the rule has its own pairs.

    Raises:
        Mistakes: the task has no published rule, its file does not exist, its rows do not fit the rule, or an option
            does not apply to it.
    """
    if task.published is None:
        known = [name for name in names() if load(name).published]
        raise Mistakes(f"as-published: {task.name} has no published rule; allowed: {', '.join(known)}")
    number = negatives_per_positive
    raise_if(
        [f"negatives-per-positive: {number}: the published rule has its own pairs; allowed: no such number"]
        * (number is not None)
        + [f"rows: {rows}: the published rule has its own number; allowed: no --rows"] * (rows is not None)
        + [f"split: {way}: the published rule has its own split; allowed: no --split"] * (way is not None)
        + [f"{split}-source: {file}: allowed: --source alone" for split, file in files.items() if split != "train"]
    )
    sources = sources_of(task, files, seed, task.published.rows)
    raw = [row for source in sources for row in source.rows]
    pairs, tables = _apply(task.published, raw, seed, ", ".join(source.name for source in sources))
    manifest = {
        "task": task.name,
        "fingerprint": prepared.fingerprint(tables),
        "seed": seed,
        "rows": task.published.rows,
        "sources": [source.to_dict() for source in sources],
        "split_rule": task.published.rule,
        "table": {
            "rows_in": len(raw),
            "dropped": {},
            "groups": {},
            "pairs": {split: len(members) for split, members in pairs.items()},
            "labels": {split: label_counts([row.get("label") for row in members]) for split, members in pairs.items()},
            "notes": [f"made as {task.name} was published: python -m jobs.audit lists its errors"],
        },
        "declaration": to_dict(task),
    }
    return Preparation(tables=tables, manifest=manifest)


def _apply(
    rule: Published, raw: Sequence[Row], seed: int, where: str
) -> tuple[Mapping[str, Sequence[Row]], dict[str, pa.Table]]:
    try:
        pairs = rule.pairs(raw, seed)
        return pairs, {
            split: pa.Table.from_pylist([_known(row) for row in members]) for split, members in pairs.items()
        }
    except (pa.ArrowException, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Mistakes(f"rows: the published rule makes no pairs of {where}: {type(error).__name__}: {error}") from None


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("sentence1", "sentence2", "label") if name in row}
