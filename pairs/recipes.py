"""Make the pairs of one split from its rows, by the task's recipe.

No rows of other splits are read here, so a pair cannot carry a text from one split to another.
"""

import itertools
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import singledispatch
from typing import Any, NamedTuple

from pairs.spelling import one_of_each
from tasks.common.declaration import AgainstCategory, Blocking, Given, Number, Recipe, Row, WithinGroup
from tasks.common.texts import folded

MOST_IN_A_BLOCK = 1_000
"""Records per blocking key: a larger block is sampled, since the work grows with the square of its size."""

DRAWS = 100
"""Rows drawn at random for the negatives of a positive before all rows are tried."""


class Pair(NamedTuple):
    """One pair of texts; the label is None if the rows have none."""

    sentence1: str
    sentence2: str
    label: float | None
    group: str
    group2: str | None = None
    """The group of the second text, if the recipe makes pairs of two groups; then all of its pairs have one."""
    negatives: tuple[str, ...] = ()
    """Given texts that do not belong to the first one."""


@dataclass(frozen=True, kw_only=True)
class SplitPairs:
    """The pairs of one split, and notes for the user."""

    pairs: list[Pair]
    notes: list[str] = field(default_factory=list)


def negatives_field(recipe: Recipe) -> str | None:
    """Return the name of the number of negatives that a recipe draws for a positive; None if its pairs are given."""
    return next((each.name for each in fields(recipe) if each.name.startswith("negatives_per_")), None)


def with_negatives(recipe: Recipe, count: int) -> Recipe:
    """Return the recipe with another number of negatives for a positive; it has such a number."""
    changed: dict[str, Any] = {str(negatives_field(recipe)): Number(count, "--negatives-per-positive")}
    return replace(recipe, **changed)


@singledispatch
def make_pairs(recipe: Recipe, _rows: Sequence[Row], _split: str, _rng: random.Random) -> SplitPairs:
    """Make the pairs of a split from its rows, shaped for the recipe; the same rng state gives the same pairs."""
    raise TypeError(f"recipe: {type(recipe).__name__} is unknown; no function makes its pairs")


@make_pairs.register
def _given(_recipe: Given, rows: Sequence[Row], _split: str, _rng: random.Random) -> SplitPairs:
    return SplitPairs(
        pairs=[
            Pair(row["sentence1"], row["sentence2"], row["label"], row["group"], None, tuple(row.get("negatives", ())))
            for row in rows
        ]
    )


def with_second_groups(splits: Mapping[str, list[Pair]]) -> dict[str, list[Pair]]:
    """Add the group of second texts to given pairs, if a text stands in pairs of several groups.

    Pairs of two such groups are not independent, and intervals must account for that. The group of a text is that of
    the pairs in which it comes first, or else one of its own.
    """
    return (
        {name: _second_groups(pairs) for name, pairs in splits.items()}
        if any(map(_tied, splits.values()))
        else {**splits}
    )


def _tied(pairs: Sequence[Pair]) -> bool:
    group_of: dict[str, str] = {}
    texts = ((folded(text), pair.group) for pair in pairs for text in (pair.sentence1, pair.sentence2))
    return any(group_of.setdefault(text, group) != group for text, group in texts)


def _second_groups(pairs: Sequence[Pair]) -> list[Pair]:
    first = {folded(pair.sentence1): pair.group for pair in reversed(pairs)}
    return [pair._replace(group2=first.get(text := folded(pair.sentence2), f"text {text}")) for pair in pairs]


@make_pairs.register
def _within_group(recipe: WithinGroup, rows: Sequence[Row], split: str, rng: random.Random) -> SplitPairs:
    groups = _grouped(rows)
    most, negatives = int(recipe.max_positives_per_group.value), int(recipe.negatives_per_positive.value)
    others, short = _Others(rows), 0
    pairs: list[Pair] = []
    for name, members in groups.items():
        for first, second in _some_pairs(members, most, rng):
            pairs.append(Pair(first["text"], second["text"], 1.0, name, name))
            drawn = others.drawn(first, negatives, rng)
            pairs += [Pair(first["text"], other["text"], 0.0, name, other["group"]) for other in drawn]
            short += negatives - len(drawn)
    return SplitPairs(pairs=pairs, notes=[f"{split}: {short:,} fewer negatives than wanted"] if short else [])


@make_pairs.register
def _against_category(recipe: AgainstCategory, rows: Sequence[Row], split: str, rng: random.Random) -> SplitPairs:
    categories = sorted(one_of_each(row["category"] for row in rows))
    wrong = int(recipe.negatives_per_text.value) if split == "train" else 0
    return SplitPairs(pairs=against_categories(rows, categories, wrong, rng))


def against_categories(rows: Sequence[Row], categories: Sequence[str], wrong: int, rng: random.Random) -> list[Pair]:
    """Pair each text with its category, labelled 1, and with so many others, labelled 0."""
    pairs: list[Pair] = []
    for row in rows:
        pairs.append(Pair(row["text"], row["category"], 1.0, row["group"]))
        same = {folded(row["category"]), folded(row["text"])}
        others = [category for category in categories if folded(category) not in same] if wrong else []
        for category in rng.sample(others, min(wrong, len(others))):
            pairs.append(Pair(row["text"], category, 0.0, row["group"]))
    return pairs


@make_pairs.register
def _blocking(recipe: Blocking, rows: Sequence[Row], split: str, rng: random.Random) -> SplitPairs:
    blocks: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        for key in row["keys"]:
            blocks[key].append(number)
    texts = [folded(row["text"]) for row in rows]
    wanted, short = int(recipe.negatives_per_positive.value), 0
    pairs: list[Pair] = []
    used: set[tuple[int, int]] = set()
    for name, numbers in _grouped_numbers(rows).items():
        for first, second in itertools.combinations(numbers, 2):
            pairs.append(Pair(rows[first]["text"], rows[second]["text"], 1.0, name, name))
            near = _near_misses(rows, texts, (first, second), blocks, used, wanted, rng)
            pairs += [Pair(rows[a]["text"], rows[b]["text"], 0.0, name, rows[b]["group"]) for a, b in near]
            short += wanted - len(near)
    return SplitPairs(pairs=pairs, notes=[f"{split}: {short:,} fewer blocking negatives than wanted"] if short else [])


def _grouped(rows: Sequence[Row]) -> dict[str, list[Row]]:
    return {name: [rows[number] for number in numbers] for name, numbers in _grouped_numbers(rows).items()}


def _grouped_numbers(rows: Sequence[Row]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        groups[row["group"]].append(number)
    return groups


def _some_pairs(members: Sequence[Row], most: int, rng: random.Random) -> Iterator[tuple[Row, Row]]:
    """Draw at most `most` distinct pairs of members from all n(n-1)/2, without listing them."""
    total = len(members) * (len(members) - 1) // 2
    for number in sorted(rng.sample(range(total), min(most, total))):
        # The pairs (j, i), j < i, in order of i: those before i are i(i-1)/2, so i is that formula's inverse.
        second = (1 + math.isqrt(1 + 8 * number)) // 2
        yield members[number - second * (second - 1) // 2], members[second]


class _Others:
    """The rows of other groups than a row's own; a text that is equal when folded is no negative of it."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.texts = [folded(row["text"]) for row in rows]
        self.used: set[frozenset[str]] = set()
        """Pairs of folded texts that were drawn, in either order."""

    def drawn(self, row: Row, wanted: int, rng: random.Random) -> list[Row]:
        """Draw `wanted` rows that make pairs not drawn before, or all if there are fewer."""
        group, text = row["group"], folded(row["text"])
        negatives: list[Row] = []
        for number in self._numbers(rng):
            if len(negatives) == wanted:
                break
            pair = frozenset({text, self.texts[number]})
            if self.rows[number]["group"] != group and len(pair) == 2 and pair not in self.used:
                self.used.add(pair)
                negatives.append(self.rows[number])
        return negatives

    def _numbers(self, rng: random.Random) -> Iterator[int]:
        """Yield indices of rows at random: some drawn one by one, nearly always enough, then all of them."""
        for _ in range(DRAWS):
            yield rng.randrange(len(self.rows))
        yield from rng.sample(range(len(self.rows)), len(self.rows))


def _near_misses(
    rows: Sequence[Row],
    texts: Sequence[str],
    positive: tuple[int, int],
    blocks: Mapping[str, list[int]],
    used: set[tuple[int, int]],
    wanted: int,
    rng: random.Random,
) -> list[tuple[int, int]]:
    """Choose records of other groups and texts that share most blocking keys with one of the two; draw among ties.

    Both records of the positive serve in turn: if it were always the original, a duplicate's distortions alone would
    give its label away. The choices are added to `used`.

    Args:
        rows: the records.
        texts: their texts, folded.
        positive: indices of the two records of a positive.
        blocks: blocking key -> indices of its records.
        used: pairs of indices that are chosen already.
        wanted: number of near misses.
        rng: draws samples and ties.
    """
    ranked = [[(anchor, other) for other in _sharing_most(rows, texts, anchor, blocks, rng)] for anchor in positive]
    chosen: list[tuple[int, int]] = []
    for pair in itertools.chain.from_iterable(itertools.zip_longest(*ranked)):
        if len(chosen) == wanted:
            break
        if pair is None or (min(pair), max(pair)) in used or pair[1] in {other for _, other in chosen}:
            continue
        chosen.append(pair)
        used.add((min(pair), max(pair)))
    return chosen


def _sharing_most(
    rows: Sequence[Row], texts: Sequence[str], anchor: int, blocks: Mapping[str, list[int]], rng: random.Random
) -> list[int]:
    shared: Counter[int] = Counter()
    for key in rows[anchor]["keys"]:
        block = blocks[key] if len(blocks[key]) <= MOST_IN_A_BLOCK else rng.sample(blocks[key], MOST_IN_A_BLOCK)
        shared.update(other for other in block if rows[other]["group"] != rows[anchor]["group"])
    others = [other for other in shared if texts[other] != texts[anchor]]
    rng.shuffle(others)
    return sorted(others, key=lambda other: -shared[other])
