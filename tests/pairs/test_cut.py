"""Test the cut: no text or group in two parts, few rows dropped, fractions as wanted, for any order of rows."""

import itertools
import random
from typing import Any

import pytest

from pairs.cut import cut

Rows = list[dict[str, Any]]
FIELDS = ("sentence1", "sentence2")
SHARES = {"train": 0.6, "dev": 0.2, "test": 0.2}


def row(first: str, second: str, group: str | None = None) -> dict[str, Any]:
    return {"sentence1": first, "sentence2": second, "label": 1.0, "group": group or first}


def random_rows(pairs: int, texts: int, seed: int = 0) -> Rows:
    every = list(itertools.combinations(range(texts), 2))
    return [row(f"t{a}", f"t{b}") for a, b in random.Random(seed).sample(every, pairs)]


def clusters(bridges: int) -> Rows:
    """Return ten rings of twelve texts, with `bridges` pairs from each to the next one."""
    rings = [row(f"{ring}-{n}", f"{ring}-{(n + 1) % 12}") for ring in range(10) for n in range(12)]
    return rings + [row(f"{ring}-{n}", f"{(ring + 1) % 10}-{n}") for ring in range(10) for n in range(bridges)]


def chain(texts: int) -> Rows:
    return [row(f"t{n}", f"t{n + 1}") for n in range(texts - 1)]


def assert_apart(parts: dict[str, Rows]) -> None:
    for one, other in itertools.combinations(parts.values(), 2):
        for names in (FIELDS, ("group",)):
            held = [{each[name].casefold() for each in rows for name in names} for rows in (one, other)]
            assert not held[0] & held[1]


@pytest.mark.parametrize(
    ("rows", "least_kept"),
    [(random_rows(600, 300), 0.8), (random_rows(1000, 1000), 0.93), (clusters(1), 0.97), (chain(400), 0.99)],
)
def test_few_rows_are_dropped_and_shares_are_kept(rows: Rows, least_kept: float) -> None:
    parts = cut(rows, FIELDS, SHARES, seed=1)
    assert_apart(parts)
    kept = sum(map(len, parts.values()))
    assert kept / len(rows) >= least_kept
    for split, share in SHARES.items():
        assert len(parts[split]) / kept == pytest.approx(share, abs=0.1)


def test_what_is_dropped_stands_between_two_parts() -> None:
    rows = clusters(2)
    parts = cut(rows, FIELDS, SHARES, seed=1)
    place = {each[name]: split for split, kept in parts.items() for each in kept for name in FIELDS}
    kept = [each for part in parts.values() for each in part]
    assert all(place.get(each["sentence1"]) != place.get(each["sentence2"]) for each in rows if each not in kept)


def test_a_group_of_many_texts_is_not_torn() -> None:
    rows = [
        row(f"{n} {m}", f"shared {random.Random(n * 9 + m).randrange(60)}", f"g{n}")
        for n in range(40)
        for m in range(9)
    ]
    parts = cut(rows, FIELDS, SHARES, seed=1)
    assert_apart(parts)
    assert min(map(len, parts.values())) > 20


def test_capitals_do_not_hide_a_shared_text() -> None:
    rows = [{**each, "sentence2": each["sentence2"].upper()} for each in random_rows(200, 100)]
    assert_apart(cut(rows, FIELDS, SHARES, seed=1))


def test_the_order_of_the_rows_does_not_matter_but_the_seed_does() -> None:
    rows = random_rows(300, 150)
    shuffled = random.Random(1).sample(rows, len(rows))

    def dev(rows: Rows, seed: int) -> set[tuple[str, str]]:
        return {(each["sentence1"], each["sentence2"]) for each in cut(rows, FIELDS, SHARES, seed)["dev"]}

    assert dev(rows, 1) == dev(shuffled, 1)
    assert dev(rows, 1) != dev(rows, 2)
