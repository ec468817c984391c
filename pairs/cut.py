"""Cut pairs that hang together by shared texts into splits that share none, and drop the fewest pairs for it."""

import heapq
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pairs.clean import folded

Rows = list[dict[str, Any]]
Edge = tuple[int, ...]
"""The units that a row needs in one part: its group and its texts."""

VISITS = 1_000_000
"""Of rows by the search, over all its rounds: about 10 s of one processor."""
FEWEST_ROUNDS, MOST_ROUNDS = 5, 200
"""Of 600 pairs over 300 texts, 77 % are kept without a search, 80 % after 50 rounds, 82 % after 200 or more."""


def cut(rows: Rows, fields: Sequence[str], shares: Mapping[str, float], seed: int) -> dict[str, Rows]:
    """Rows by split: no text and no group stands in two of them; rows for which one would have to are left out.

    A function of the rows (in any order), the shares and the seed.

    Args:
        fields: those whose texts are kept apart.
        shares: split -> share of the kept rows that it should get.
    """
    edges = _edges(rows, fields)
    search = _Search(edges, list(shares.values()), random.Random(f"{seed}-cut"))
    search.grow()
    search.improve()
    parts: dict[str, Rows] = {name: [] for name in shares}
    for row, edge in zip(rows, edges, strict=True):
        if len(found := {search.part[unit] for unit in edge}) == 1:
            parts[list(shares)[found.pop()]].append(row)
    return parts


def root(parent: dict[str, str], name: str) -> str:
    """The name that stands for all that `name` was joined with, in a forest of union and find."""
    while parent[name] != name:
        parent[name] = parent[parent[name]]  # halve the path, so that later look-ups are short
        name = parent[name]
    return name


def _edges(rows: Rows, fields: Sequence[str]) -> list[Edge]:
    """Units are numbered in the order of their names.

    What stands in no row without a certain other, such as a group of one first text, is one unit with it.
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
    number = {unit: place for place, unit in enumerate(sorted({root(parent, unit) for unit in parent}))}
    return [tuple({number[root(parent, unit)] for unit in edge}) for edge in edges]


class _Search:
    """Looks for the parts that maximise the sum over parts of share * log(rows kept).

    With K rows kept in all that is a constant plus log K minus the Kullback-Leibler divergence of the parts' sizes
    from the shares: many rows, in the wanted proportions.
    """

    def __init__(self, edges: Sequence[Edge], shares: Sequence[float], draw: random.Random) -> None:
        self.edges, self.shares, self.draw = edges, shares, draw
        self.edges_of: dict[int, list[Edge]] = defaultdict(list)
        for edge in edges:
            for unit in edge:
                self.edges_of[unit].append(edge)
        self.units = sorted(self.edges_of)
        self.part = [0] * len(self.units)
        self.kept = [0] * len(shares)

    def grow(self) -> None:
        """Line the units up, each time the one with most rows into those before it, and cut the line by the shares."""
        ends = sum(map(len, self.edges))
        part, done, bound = 0, 0, self.shares[0] * ends
        for unit in self._line():
            if done >= bound and part < len(self.shares) - 1:
                part += 1
                bound += self.shares[part] * ends
            self.part[unit] = part
            done += len(self.edges_of[unit])
        for edge in self.edges:
            if len(parts := {self.part[unit] for unit in edge}) == 1:
                self.kept[parts.pop()] += 1

    def _line(self) -> Iterator[int]:
        self.draw.shuffle(self.units)
        place = {unit: number for number, unit in enumerate(self.units)}
        ties: Counter[int] = Counter()
        gone: set[int] = set()
        for start in self.units:
            heap = [(0, 0, start)]
            while heap:
                *_, unit = heapq.heappop(heap)
                if unit in gone:
                    continue
                gone.add(unit)
                yield unit
                near = Counter(other for edge in self.edges_of[unit] for other in edge if other not in gone)
                ties.update(near)
                for other in near:  # again, if it is in the heap: the entry with most ties comes first
                    heapq.heappush(heap, (len(self.edges_of[other]) - 2 * ties[other], place[other], other))

    def improve(self) -> None:
        """Simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983), unit by unit; at last, until nothing improves.

        At first a move may lose about as much as one row is worth.
        """
        rounds = max(FEWEST_ROUNDS, min(MOST_ROUNDS, VISITS // sum(map(len, self.edges))))
        number, moved = 0, True
        while moved or number < rounds:
            heat = max(0.0, 1 - number / rounds) / len(self.edges)
            self.draw.shuffle(self.units)
            moved = sum(self._move(unit, heat) for unit in self.units) > 0
            number += 1

    def _move(self, unit: int, heat: float) -> bool:
        """To the best other part where it has rows, if that gains more than what chance and heat allow to lose."""
        own, rows = self.part[unit], self._rows_in(unit)
        least, best = heat * math.log(1 - self.draw.random()) if heat else 1e-12, own
        for part, there in enumerate(rows):
            if there and part != own and (gain := self._gain(part, there) + self._gain(own, -rows[own])) > least:
                least, best = gain, part
        if best == own:
            return False
        self.kept[own] -= rows[own]
        self.kept[best] += rows[best]
        self.part[unit] = best
        return True

    def _gain(self, part: int, rows: int) -> float:
        return self.shares[part] * math.log((self.kept[part] + rows + 1) / (self.kept[part] + 1))

    def _rows_in(self, unit: int) -> list[int]:
        """For each part the rows of the unit that are kept where the unit stands in it."""
        found = [0] * len(self.shares)
        for edge in self.edges_of[unit]:
            parts = {self.part[other] for other in edge if other != unit}
            for part in parts if len(parts) == 1 else () if parts else range(len(found)):
                found[part] += 1
        return found
