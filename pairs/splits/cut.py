"""Cut pairs that are connected by shared texts into splits that share none, and drop as few pairs as possible."""

import heapq
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasks.common.texts import folded

Rows = list[dict[str, Any]]
Edge = tuple[int, ...]
"""The units that must be in one part to retain a row: its group and its texts."""

VISITS = 1_000_000
"""Visits of rows over all rounds of the search: about 10 s of one processor."""
FEWEST_ROUNDS, MOST_ROUNDS = 5, 200
"""Rounds: of 600 pairs over 300 texts, no search retains 77 %, 50 rounds 80 %, 200 or more 82 %."""


def cut(rows: Rows, fields: Sequence[str], fractions: Mapping[str, float], seed: int) -> dict[str, Rows]:
    """Divide rows into splits that share no text and no group; leave out rows that would connect two splits.

    The result is a function of the rows (in any order), the fractions and the seed.

    Args:
        rows: rows with a group and the fields.
        fields: fields whose texts are kept apart.
        fractions: split -> fraction of the retained rows that it should get.
        seed: random seed of the search.
    """
    edges = _edges(rows, fields)
    search = _Search(edges, list(fractions.values()), random.Random(f"{seed}-cut"))
    search.grow()
    search.improve()
    parts: dict[str, Rows] = {name: [] for name in fractions}
    for row, edge in zip(rows, edges, strict=True):
        if len(numbers := {search.part[unit] for unit in edge}) == 1:
            parts[list(fractions)[numbers.pop()]].append(row)
    return parts


def root(parent: dict[str, str], name: str) -> str:
    """Return the representative of the set that holds `name`, in a union-find forest."""
    while parent[name] != name:
        parent[name] = parent[parent[name]]  # halve the path, so that later look-ups are short
        name = parent[name]
    return name


def _edges(rows: Rows, fields: Sequence[str]) -> list[Edge]:
    """Return the units of each row, numbered in the order of their names.

    A group or text that stands in no row without a certain other is one unit with it, such as a group of one first
    text.
    """
    edges = [(f"group {row['group']}", *(f"text {folded(row[name])}" for name in fields)) for row in rows]
    count = Counter(unit for edge in edges for unit in set(edge))
    beside = Counter((edge[0], text) for edge in edges for text in set(edge[1:]))
    parent = {unit: unit for unit in count}
    for group, *texts in edges:
        followed = [text for text in texts if beside[group, text] == count[group]][:1]
        followers = [text for text in texts if beside[group, text] == count[text]]
        for text in followed + followers:
            low, high = sorted((root(parent, group), root(parent, text)))
            parent[high] = low
    number = {unit: index for index, unit in enumerate(sorted({root(parent, unit) for unit in parent}))}
    return [tuple({number[root(parent, unit)] for unit in edge}) for edge in edges]


class _Search:
    """A search for the parts that maximise the sum over parts of fraction * log(rows retained).

    With K rows retained in all, that is a constant plus log K minus the Kullback-Leibler divergence of the parts' sizes
    from the fractions: many rows, in the wanted proportions.
    """

    def __init__(self, edges: Sequence[Edge], fractions: Sequence[float], draw: random.Random) -> None:
        self.edges, self.fractions, self.draw = edges, fractions, draw
        self.edges_of: dict[int, list[Edge]] = defaultdict(list)
        for edge in edges:
            for unit in edge:
                self.edges_of[unit].append(edge)
        self.units = sorted(self.edges_of)
        self.part = [0] * len(self.units)
        self.retained = [0] * len(fractions)

    def grow(self) -> None:
        """Order the units, each next to those that it shares most rows with, and cut the order by the fractions."""
        ends = sum(map(len, self.edges))
        part, done, bound = 0, 0, self.fractions[0] * ends
        for unit in self._ordered():
            if done >= bound and part < len(self.fractions) - 1:
                part += 1
                bound += self.fractions[part] * ends
            self.part[unit] = part
            done += len(self.edges_of[unit])
        for edge in self.edges:
            if len(parts := {self.part[unit] for unit in edge}) == 1:
                self.retained[parts.pop()] += 1

    def _ordered(self) -> Iterator[int]:
        self.draw.shuffle(self.units)
        position = {unit: number for number, unit in enumerate(self.units)}
        ties: Counter[int] = Counter()
        done: set[int] = set()
        for start in self.units:
            heap = [(0, 0, start)]
            while heap:
                *_, unit = heapq.heappop(heap)
                if unit in done:
                    continue
                done.add(unit)
                yield unit
                near = Counter(other for edge in self.edges_of[unit] for other in edge if other not in done)
                ties.update(near)
                for other in near:  # push it again if it is there: the entry with most ties comes first
                    heapq.heappush(heap, (len(self.edges_of[other]) - 2 * ties[other], position[other], other))

    def improve(self) -> None:
        """Improve the parts by simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983), then until nothing improves.

        Units move one by one. At first a move may lose about as much as one row is worth.
        """
        rounds = max(FEWEST_ROUNDS, min(MOST_ROUNDS, VISITS // sum(map(len, self.edges))))
        number, moved = 0, True
        while moved or number < rounds:
            heat = max(0.0, 1 - number / rounds) / len(self.edges)
            self.draw.shuffle(self.units)
            moved = sum(self._move(unit, heat) for unit in self.units) > 0
            number += 1

    def _move(self, unit: int, heat: float) -> bool:
        """Move a unit to the best other part where it has rows, if the gain exceeds a bound drawn from the heat."""
        own, rows = self.part[unit], self._rows_in(unit)
        least, best = heat * math.log(1 - self.draw.random()) if heat else 1e-12, own
        for part, there in enumerate(rows):
            if there and part != own and (gain := self._gain(part, there) + self._gain(own, -rows[own])) > least:
                least, best = gain, part
        if best == own:
            return False
        self.retained[own] -= rows[own]
        self.retained[best] += rows[best]
        self.part[unit] = best
        return True

    def _gain(self, part: int, rows: int) -> float:
        return self.fractions[part] * math.log((self.retained[part] + rows + 1) / (self.retained[part] + 1))

    def _rows_in(self, unit: int) -> list[int]:
        """Return for each part the number of the unit's rows that are retained if the unit is in that part."""
        counts = [0] * len(self.fractions)
        for edge in self.edges_of[unit]:
            parts = {self.part[other] for other in edge if other != unit}
            for part in parts if len(parts) == 1 else () if parts else range(len(counts)):
                counts[part] += 1
        return counts
