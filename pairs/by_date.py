"""Divide rows by date: the latest are test, those before dev, the rest train; rows of one date stay together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from common.mistakes import Mistakes
from pairs.apart import Rows, Rule, keep_apart
from pairs.join import LEAST_KEPT, Joined

LATER = ("train", "dev", "test")
"""Splits in the order of their dates."""


def by_date(rule: Rule, rows: Rows, shares: Mapping[str, float], way: str | None) -> Joined:
    """Rows by split, and which texts are to be kept apart afterwards.

    Nothing is joined: what a later split holds leaves the earlier one. Where keeping both texts apart would leave a
    split with less than half of its rows, only first texts and groups are.

    Args:
        shares: split -> share of the rows.
        way: one of pairs.join.WAYS; None takes texts where that leaves enough.

    Raises:
        Mistakes: there are fewer dates than splits.
    """
    parts = _parts(rows, [split for split in LATER if split in shares], shares)
    moments = {split: [row["time"] for row in part] for split, part in parts.items()}
    dates = {split: (min(each).shown, max(each).shown) for split, each in moments.items()}
    joined = Joined(rows=rows, fields=rule.fields, parts=parts, dates=dates)
    notes = []
    if way is None and rule.fields != ("sentence1",):
        first = replace(rule, fields=("sentence1",))
        lost, gained = _too_few(rule, parts), _too_few(first, parts)
        if lost and gained != lost:
            rule, reason = first, f"texts recur over time, and keeping both apart would leave {lost}"
            notes = [f"{reason}, so second texts may stand in several splits; --split texts would drop these rows"]
    if lost := _too_few(rule, parts):
        notes.append(f"only {lost} are left: the others have a text or a group ({rule.task.group}) of a later split")
    return replace(joined, fields=rule.fields, notes=notes)


def _too_few(rule: Rule, parts: Mapping[str, Rows]) -> str:
    """The splits that keep less than half of their rows, in words; nothing where none does."""
    kept = keep_apart(rule, parts, "{}", Counter())
    small = [split for split in parts if len(kept[split]) < LEAST_KEPT * len(parts[split])]
    return ", ".join(f"{split} {len(kept[split]):,} of {len(parts[split]):,} rows" for split in small)


def _parts(rows: Rows, splits: Sequence[str], shares: Mapping[str, float]) -> dict[str, Rows]:
    """Cut between two dates each, where the number of rows before comes nearest to what the shares ask for."""
    counts = Counter(row["time"].at for row in rows)
    dates = sorted(counts)
    if len(dates) < len(splits):
        raise Mistakes(
            f"time: the {len(rows):,} rows have {len(dates)} different dates; allowed: at least {len(splits)}, "
            f"one for each of {', '.join(splits)}"
        )
    before = [0, *accumulate(counts[each] for each in dates)]
    ends, total = [0], sum(shares[split] for split in splits)
    for number, wanted in enumerate(accumulate(shares[split] * len(rows) / total for split in splits[:-1]), 1):
        last = len(dates) - (len(splits) - number)  # leave a date for each split that follows
        ends.append(min(range(ends[-1] + 1, last + 1), key=lambda end: abs(before[end] - wanted)))
    split_of = {
        dates[place]: split
        for split, start, stop in zip(splits, ends, [*ends[1:], len(dates)], strict=True)
        for place in range(start, stop)
    }
    parts: dict[str, Rows] = {split: [] for split in splits}
    for row in rows:
        parts[split_of[row["time"].at]].append(row)
    return parts
