"""Keep texts and groups in one split: drop the rows of earlier splits that later ones hold, too."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pairs.clean import folded, unordered
from tasks.common.declaration import Task

Rows = list[dict[str, Any]]
Groups = dict[str, Rows]
Texts = str | frozenset[str]
"""One text, or both of a pair whose order does not matter."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The inputs that all steps of one division share."""

    task: Task
    fields: tuple[str, ...]
    """Fields whose texts may not stand in two splits."""
    closed: bool
    """True where second texts are few, like categories, and stand in every split."""
    seed: int

    def order(self, groups: Groups, purpose: str) -> list[str]:
        """Return the groups' names shuffled by names, seed and purpose alone, whatever order the file has."""
        names = sorted(groups)
        random.Random(f"{self.seed}-{purpose}").shuffle(names)
        return names

    def evaluated(self, row: Mapping[str, Any]) -> set[Texts]:
        """Return the folded texts by which a row evaluates a model: no row of an earlier split may hold them."""
        return self._texts(row, self.fields)

    def trained(self, row: Mapping[str, Any]) -> set[Texts]:
        """Return the folded texts that a model learns from a row, closed second texts included."""
        return self._texts(row, self.task.recipe.apart if self.closed else self.fields)

    def _texts(self, row: Mapping[str, Any], fields: Iterable[str]) -> set[Texts]:
        texts: set[Texts] = {folded(row[name]) for name in fields}
        if "identity" in row:
            texts.add(folded(row["identity"]))
        if self.fields == ("sentence1",) and unordered(row):
            texts.add(frozenset({folded(row["sentence1"]), folded(row["sentence2"])}))
        return texts


def keep_apart(rule: Rule, splits: Mapping[str, Rows], named: str, dropped: Counter[str]) -> dict[str, Rows]:
    """Drop rows of dev whose text or group stands in test, then rows of train for dev and test.

    Args:
        rule: the texts to compare.
        splits: split -> rows.
        named: the name of the later split in the reason, with {} for the split.
        dropped: reason -> number of rows; the dropped ones are added.
    """
    remaining = dict(splits)
    for name, later_splits in (("dev", ("test",)), ("train", ("dev", "test"))):
        for later in later_splits:
            if name in remaining and later in remaining:
                reason = f"{name} row with a text or group of {named.format(later)}"
                remaining[name] = _without(rule, remaining[name], remaining[later], reason, dropped)
    return remaining


def _without(rule: Rule, rows: Rows, later: Rows, reason: str, dropped: Counter[str]) -> Rows:
    texts = {text for row in later for text in rule.evaluated(row)}
    groups = {row["group"] for row in later}
    remaining = [row for row in rows if row["group"] not in groups and not rule.trained(row) & texts]
    if len(remaining) < len(rows):
        dropped[reason] += len(rows) - len(remaining)
    return remaining
