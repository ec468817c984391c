"""Divide cleaned rows into train, dev and test by group, as a function of rows and seed alone.

A group is never torn apart, and no text stands in two splits. Groups that share a text are joined first, or cut if most
would be joined, or the rows that share one leave the earlier split (train before dev, dev before test). Second texts
that are few, like categories, stand in every split; as first texts they do not.
"""

import operator
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from common.mistakes import Mistakes
from pairs.prepared import SPLITS
from pairs.splits.apart import Groups, Rows, Rule, keep_apart
from pairs.splits.by_date import by_date
from pairs.splits.join import FIRST_TEXT, TEXTS, Joined, chooses, join_groups, like_categories
from tasks.common.declaration import AgainstCategory, Blocking, Task
from tasks.common.texts import folded


@dataclass(frozen=True, kw_only=True)
class Division:
    """Rows by split, with counts of dropped rows, the rule in words, and notes for the user."""

    rows: dict[str, Rows]
    dropped: Counter[str]
    rule: str
    apart: tuple[str, ...]
    """Columns of the pairs whose texts stand in one split only."""
    closed: tuple[str, ...]
    """Columns whose texts are few, like categories, and stand in every split."""
    notes: list[str] = field(default_factory=list)


def divide(task: Task, pools: Mapping[str, Rows], *, seed: int, rows: int | None, way: str | None = None) -> Division:
    """Split the pool 'train'; pools 'dev' and 'test', if given, come from files of their own and stay whole.

    Args:
        task: the task.
        pools: rows of the files: 'train', and perhaps 'dev' and 'test'.
        seed: random seed.
        rows: number of the pool's rows to use (whole groups, drawn with the seed); for a task with `dev_rows` the
            number of rows of train; None takes all.
        way: for given pairs, one of pairs.join.WAYS; None keeps both texts apart if that leaves enough rows.

    Raises:
        Mistakes: a required split gets no rows.
    """
    rule = Rule(task=task, fields=task.recipe.apart, closed=False, seed=seed)
    drawn = None if task.dev_rows else rows
    used = _at_most(rule, pools["train"], drawn, [])  # few second texts of all rows may be many of some
    way, closed, notes = _decided(task, {**pools, "train": used}, seed, way)
    rule = replace(rule, fields=("sentence1",) if way == FIRST_TEXT else rule.fields, closed=bool(closed))
    dropped: Counter[str] = Counter()
    splits = keep_apart(rule, pools, "the {} file", dropped)
    pool = splits.pop("train")
    pool = _at_most(rule, pool, drawn, notes)
    # Join after rows are dropped: these no longer connect groups.
    wanted = _wanted(task, pools, len(pool))
    if pool and "time" in pool[0]:
        joined = by_date(rule, pool, wanted, way)
    else:
        joined = join_groups(task.recipe, pool, wanted, seed, way)
    rule = replace(rule, fields=joined.fields)
    notes += joined.notes
    if joined.parts is None:
        splits |= _cut(rule, _grouped(joined.rows), joined.grown, pools)
    else:
        splits |= joined.parts
        dropped["pair whose texts went to two splits"] += len(pool) - len(joined.rows)
    splits = keep_apart(rule, splits, "{}", dropped)
    if task.dev_rows:
        splits["train"] = _at_most(rule, splits["train"], rows, notes)
    _refuse_empty(rule, splits, pool, len(_grouped(joined.rows)), dropped)
    return Division(
        rows=splits,
        dropped=+dropped,
        rule=_words(rule, pools, joined),
        apart=_columns(rule),
        closed=closed,
        notes=notes,
    )


def _decided(
    task: Task, pools: Mapping[str, Rows], seed: int, way: str | None
) -> tuple[str | None, tuple[str, ...], list[str]]:
    """Decide the way if the pool alone decides it; return it with the columns that are closed sets, and notes."""
    if isinstance(task.recipe, AgainstCategory):
        return way, ("sentence2",), []
    if chooses(task.recipe) and way != TEXTS and (note := like_categories(pools["train"])):
        return FIRST_TEXT, ("sentence2",), [note]
    pool = pools["train"]
    # With files of their own, rows that share a text with them are dropped before a cut.
    if len(pools) > 1 and way is None and "time" not in pool[0]:
        joined = join_groups(task.recipe, pool, _wanted(task, pools, len(pool)), seed)
        if joined.fields != task.recipe.apart:
            return FIRST_TEXT, (), joined.notes
    return way, (), []


def _columns(rule: "Rule") -> tuple[str, ...]:
    if rule.fields != ("text",):
        return rule.fields
    return ("sentence1",) if isinstance(rule.task.recipe, AgainstCategory) else ("sentence1", "sentence2")


def _grouped(rows: Iterable[dict[str, Any]]) -> Groups:
    groups: Groups = defaultdict(list)
    for row in rows:
        groups[row["group"]].append(row)
    return dict(groups)


def _at_most(rule: Rule, pool: Rows, rows: int | None, notes: list[str]) -> Rows:
    """Take groups with at most `rows` rows in all; skip a group that would exceed the number."""
    if not rows:
        return pool
    if len(pool) < rows:
        notes.append(f"--rows {rows:,}: there are only {len(pool):,}")
        return pool
    groups = _grouped(pool)
    return [row for members in _filled(groups, rule.order(groups, "rows"), rows).values() for row in members]


def _filled(groups: Groups, order: Sequence[str], rows: int) -> Groups:
    taken: Groups = {}
    left = rows
    for name in order:
        if len(groups[name]) <= left:
            taken[name] = groups[name]
            left -= len(groups[name])
        if not left:
            break
    return taken


def _fractions(task: Task, pools: Mapping[str, Rows]) -> dict[str, float]:
    """Return the fractions of the splits that the pool is divided into: those without a file of their own."""
    fixed = {"dev"} if task.dev_rows else set()
    fractions = {name: part for name, part in zip(SPLITS, task.shares, strict=True) if part and name not in fixed}
    return _scaled({name: part for name, part in fractions.items() if name == "train" or name not in pools})


def _wanted(task: Task, pools: Mapping[str, Rows], rows: int) -> dict[str, float]:
    """Return the fractions of all splits that come out of the pool, with a dev of fixed size."""
    dev = min(1.0, (_dev_rows(task, pools) or 0) / max(1, rows))
    others = {name: part * (1 - dev) for name, part in _fractions(task, pools).items()}
    return others | ({"dev": dev} if dev else {})


def _dev_rows(task: Task, pools: Mapping[str, Rows]) -> int | None:
    return None if "dev" in pools else task.dev_rows


def _cut(rule: Rule, groups: Groups, grown: bool, pools: Mapping[str, Rows]) -> dict[str, Rows]:
    fractions = _fractions(rule.task, pools)
    parts: dict[str, list[str]] = {name: [] for name in fractions}
    if dev_rows := _dev_rows(rule.task, pools):
        parts["dev"] = list(_filled(groups, rule.order(groups, "dev"), dev_rows))
    rest = _others(groups, parts.get("dev", []))
    divided = _balanced(rule, rest, fractions) if grown else _by_fraction(rule, rest, fractions)
    for name, names in divided.items():
        parts[name] += names
    return {name: [row for group in names for row in groups[group]] for name, names in parts.items()}


def _others(groups: Groups, taken: Iterable[str]) -> Groups:
    excluded = set(taken)
    return {name: members for name, members in groups.items() if name not in excluded}


def _scaled(fractions: dict[str, float]) -> dict[str, float]:
    return {name: part / sum(fractions.values()) for name, part in fractions.items()}


def _balanced(rule: Rule, groups: Groups, fractions: dict[str, float]) -> dict[str, list[str]]:
    """Give each group, largest first, to the split that lacks most of what it brings: rows, and rows labelled 1.0.

    This is for joined groups: their sizes differ so much that fractions of their number are far from those of the rows.
    """
    brings = {name: (len(members), sum(row["label"] == 1.0 for row in members)) for name, members in groups.items()}
    total = [max(1, sum(amounts)) for amounts in zip(*brings.values(), strict=True)]
    lacks = {split: [part, part] for split, part in fractions.items()}
    parts: dict[str, list[str]] = {split: [] for split in fractions}
    for name in sorted(rule.order(groups, "split"), key=lambda name: -len(groups[name])):
        weights = [amount / whole for amount, whole in zip(brings[name], total, strict=True)]
        split = max(lacks, key=lambda split: sum(map(operator.mul, weights, lacks[split])))
        lacks[split] = [lack - weight for lack, weight in zip(lacks[split], weights, strict=True)]
        parts[split].append(name)
    return parts


def _by_fraction(rule: Rule, groups: Groups, fractions: dict[str, float]) -> dict[str, list[str]]:
    """Cut each stratum by the fractions; round counts over all strata so far, so that the totals are exact."""
    strata: dict[str, list[str]] = defaultdict(list)
    for name in rule.order(groups, "split"):
        strata[_stratum(rule.task, groups[name])].append(name)
    parts: dict[str, list[str]] = {name: [] for name in fractions}
    done = 0
    for stratum in sorted(strata):
        names, start = strata[stratum], 0
        for split in [name for name in reversed(SPLITS) if name in fractions and name != "train"]:
            wanted = _rounded(fractions[split] * (done + len(names))) - _rounded(fractions[split] * done)
            parts[split] += names[start : start + wanted]
            start += wanted
        parts["train"] += names[start:]
        done += len(names)
    return parts


def _stratum(task: Task, members: Rows) -> str:
    if isinstance(task.recipe, Blocking):
        return "with duplicates" if len(members) > 1 else "alone"
    if isinstance(task.recipe, AgainstCategory):
        return str(members[0]["category"])
    if task.declared_kind.labels == "binary":
        return "with positives" if any(row.get("label") == 1.0 for row in members) else "without"
    return ""


def _rounded(value: float) -> int:
    return int(value + 0.5 + 1e-9)  # round() sends halves to the even neighbour; the sum of fractions is not exact


def _refuse_empty(rule: Rule, splits: Mapping[str, Rows], pool: Rows, num_groups: int, dropped: Counter[str]) -> None:
    task = rule.task
    left = "".join(f"; {reason}: {count:,}" for reason, count in dropped.items() if count)
    for name in ("train", "dev", "test"):
        if name in splits and not splits[name] or name != "test" and name not in splits:
            own = "" if name == "train" else f", or a file of its own (--{name}-source)"
            raise Mistakes(
                f"{name}: no rows left of {num_groups:,} groups ({task.group}){left}; "
                f"allowed: enough groups for shares {task.shares}{own}"
                + (", or --split first-text" if _enough_first_texts(rule, splits, pool) else "")
            )


def _enough_first_texts(rule: Rule, splits: Mapping[str, Rows], pool: Rows) -> bool:
    """Check whether keeping only first texts apart is another way and gives each split one."""
    if not chooses(rule.task.recipe) or rule.fields == ("sentence1",):
        return False
    return len({folded(row["sentence1"]) for row in pool}) >= len(splits)


def _words(rule: Rule, pools: Mapping[str, Rows], joined: Joined) -> str:
    task = rule.task
    dev_rows = _dev_rows(task, pools)
    if joined.dates:
        return _words_of_dates(rule, pools, joined.dates)
    first = f"dev {dev_rows:,} rows first, then " if dev_rows else ""
    parts = first + ", ".join(f"{name} {part:.0%}" for name, part in _fractions(task, pools).items())
    shared = ", cut where" if joined.parts is not None else ", joined where" if joined.grown else ""
    group = f"by group ({task.group}){shared and shared + ' they share a text'}"
    return f"{group}: {parts}{_own_files(pools)}; {_apart(rule)} in two splits"


def _words_of_dates(rule: Rule, pools: Mapping[str, Rows], dates: Mapping[str, tuple[str, str]]) -> str:
    fractions = _fractions(rule.task, pools)
    parts = ", ".join(f"{name} {fractions[name]:.0%} from {start} to {end}" for name, (start, end) in dates.items())
    return f"by date: {parts}{_own_files(pools)}; {_apart(rule)} and no group ({rule.task.group}) in two splits"


def _own_files(pools: Mapping[str, Rows]) -> str:
    return "".join(f"; {name} from its own file" for name in ("dev", "test") if name in pools)


def _apart(rule: Rule) -> str:
    return "no text" if rule.fields == rule.task.recipe.apart else "no first text"
