"""Divide rows by date: the latest are test, those before dev, the rest train; rows of one date stay together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from common.mistakes import Mistakes
from pairs.splits.apart import Rows, Rule, keep_apart
from pairs.splits.join import LEAST_KEPT, Joined

LATER = ("train", "dev", "test")
"""The splits in the order of their dates."""


def by_date(rule: Rule, rows: Rows, fractions: Mapping[str, float], way: str | None) -> Joined:
    """Divide the rows by date, and decide which texts to keep apart afterwards.

    No groups are joined: a text or group of a later split leaves the earlier one. If keeping both texts apart would
    leave a split less than half of its rows, only first texts and groups are kept apart.

    Args:
        rule: the texts to keep apart.
        rows: rows with a Moment in the field time.
        fractions: split -> fraction of the rows.
        way: one of pairs.join.WAYS; None keeps both texts apart if that leaves enough rows.

    Raises:
        Mistakes: there are fewer dates than splits.
    """
    parts = _parts(rows, [split for split in LATER if split in fractions], fractions)
    moments = {split: [row["time"] for row in part] for split, part in parts.items()}
    dates = {split: (min(times).shown, max(times).shown) for split, times in moments.items()}
    joined = Joined(rows=rows, fields=rule.fields, parts=parts, dates=dates)
    notes = []
    if way is None and rule.fields != ("sentence1",):
        first = replace(rule, fields=("sentence1",))
        lost, gained = _too_few(rule, parts), _too_few(first, parts)
        if lost and gained != lost:
            rule, reason = first, f"texts recur over time, and keeping both apart would leave {lost}"
            notes = [f"{reason}, so second texts may stand in several splits; --split texts would drop these rows"]
    if lost := _too_few(rule, parts):
        notes.append(f"only {lost} are left: the others share a text or a group ({rule.task.group}) with a later split")
    return replace(joined, fields=rule.fields, notes=notes)


def _too_few(rule: Rule, parts: Mapping[str, Rows]) -> str:
    """Name the splits that retain less than half of their rows; empty if none does."""
    retained = keep_apart(rule, parts, "{}", Counter())
    small = [split for split in parts if len(retained[split]) < LEAST_KEPT * len(parts[split])]
    return ", ".join(f"{split} {len(retained[split]):,} of {len(parts[split]):,} rows" for split in small)


def _parts(rows: Rows, splits: Sequence[str], fractions: Mapping[str, float]) -> dict[str, Rows]:
    """Cut between two dates, each time where the number of rows before comes nearest to the fractions."""
    counts = Counter(row["time"].at for row in rows)
    dates = sorted(counts)
    if len(dates) < len(splits):
        raise Mistakes(
            f"time: the {len(rows):,} rows have {len(dates)} different dates; allowed: at least {len(splits)}, "
            f"one for each of {', '.join(splits)}"
        )
    before = [0, *accumulate(counts[date] for date in dates)]
    ends, total = [0], sum(fractions[split] for split in splits)
    for number, wanted in enumerate(accumulate(fractions[split] * len(rows) / total for split in splits[:-1]), 1):
        last = len(dates) - (len(splits) - number)  # leave a date for each split that follows
        ends.append(min(range(ends[-1] + 1, last + 1), key=lambda end: abs(before[end] - wanted)))
    split_of = {
        dates[index]: split
        for split, start, stop in zip(splits, ends, [*ends[1:], len(dates)], strict=True)
        for index in range(start, stop)
    }
    parts: dict[str, Rows] = {split: [] for split in splits}
    for row in rows:
        parts[split_of[row["time"].at]].append(row)
    return parts
