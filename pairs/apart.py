"""What no two splits may hold, and which rows leave a split for it."""

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
    """What the steps of one division share."""

    task: Task
    fields: tuple[str, ...]
    """Fields whose texts may not stand in two splits."""
    closed: bool
    """Whether second texts are few, like categories, and stand in every split."""
    seed: int

    def order(self, groups: Groups, purpose: str) -> list[str]:
        """The groups' names shuffled: by names, seed and purpose alone, whatever order the file had."""
        names = sorted(groups)
        random.Random(f"{self.seed}-{purpose}").shuffle(names)
        return names

    def asked(self, row: Mapping[str, Any]) -> set[Texts]:
        """What a row judges a model by, and no row of a split before it may hold; as an uncased model reads it."""
        return self._texts(row, self.fields)

    def told(self, row: Mapping[str, Any]) -> set[Texts]:
        """What a row tells a model: of second texts that are closed, too, where they are first texts elsewhere."""
        return self._texts(row, self.task.recipe.apart if self.closed else self.fields)

    def _texts(self, row: Mapping[str, Any], fields: Iterable[str]) -> set[Texts]:
        texts: set[Texts] = {folded(row[name]) for name in fields}
        if "identity" in row:
            texts.add(folded(row["identity"]))
        if self.fields == ("sentence1",) and unordered(row):
            texts.add(frozenset({folded(row["sentence1"]), folded(row["sentence2"])}))
        return texts


def keep_apart(rule: Rule, splits: Mapping[str, Rows], place: str, dropped: Counter[str]) -> dict[str, Rows]:
    """Drop from dev what stands in test, then from train what stands in dev or test."""
    kept = dict(splits)
    for name, judges in (("dev", ("test",)), ("train", ("dev", "test"))):
        for judge in judges:
            if name in kept and judge in kept:
                reason = f"{name} row with a text or group of {place.format(judge)}"
                kept[name] = _without(rule, kept[name], kept[judge], reason, dropped)
    return kept


def _without(rule: Rule, rows: Rows, judge: Rows, reason: str, dropped: Counter[str]) -> Rows:
    texts = {text for row in judge for text in rule.asked(row)}
    groups = {row["group"] for row in judge}
    kept = [row for row in rows if row["group"] not in groups and not rule.told(row) & texts]
    if len(kept) < len(rows):
        dropped[reason] += len(rows) - len(kept)
    return kept
