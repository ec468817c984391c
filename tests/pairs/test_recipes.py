"""Test pairs by recipe: which are made, how many, and that a text is never its own negative."""

import random
from collections import Counter
from typing import get_args

import pytest

from pairs.clean import folded
from pairs.recipes import Pair, make_pairs, with_second_groups
from tasks.common.declaration import AgainstCategory, Blocking, Given, Number, Recipe, WithinGroup

TWO, FIVE = Number(2, "this test"), Number(5, "this test")


def made(recipe: Recipe, rows: list[dict], split: str = "train", seed: int = 1) -> list[Pair]:
    return make_pairs(recipe, rows, split, random.Random(seed)).pairs


@pytest.mark.parametrize("recipe", get_args(Recipe))
def test_every_recipe_has_a_way_to_make_pairs(recipe: type) -> None:
    assert len(get_args(Recipe)) >= 4
    assert make_pairs.dispatch(recipe) is not make_pairs.dispatch(object)


def test_given_pairs_stay_as_they_are() -> None:
    row = {"sentence1": "a", "sentence2": "b", "label": 0.5, "group": "g"}
    assert made(Given(), [row]) == [Pair("a", "b", 0.5, "g")]


def test_within_group_caps_distinct_positives_and_crosses_groups_for_negatives() -> None:
    sizes = {"a": 6, "b": 2, **dict.fromkeys("cdefghij", 1)}
    rows = [{"text": f"{group}{n}", "group": group} for group, size in sizes.items() for n in range(size)]
    pairs = made(WithinGroup(max_positives_per_group=FIVE, negatives_per_positive=TWO), rows)
    positives = [pair for pair in pairs if pair.label == 1.0]
    negatives = [pair for pair in pairs if pair.label == 0.0]
    assert Counter(pair.group for pair in positives) == {"a": 5, "b": 1}
    assert len({frozenset(pair[:2]) for pair in positives}) == 6
    assert all(pair.sentence1[0] == pair.sentence2[0] and pair.sentence1 != pair.sentence2 for pair in positives)
    assert len(negatives) == 12
    assert all(pair.sentence1[0] != pair.sentence2[0] for pair in negatives)
    assert all((pair.group, pair.group2) == (pair.sentence1[0], pair.sentence2[0]) for pair in pairs)


def test_a_text_of_another_group_that_is_the_same_but_for_case_is_no_negative() -> None:
    texts = ("Pay now", "Come in", "Go out")
    rows = [{"text": text.upper() if group == "b" else text, "group": group} for group in "ab" for text in texts]
    pairs = made(WithinGroup(max_positives_per_group=FIVE, negatives_per_positive=FIVE), rows)
    negatives = [pair for pair in pairs if pair.label == 0.0]
    assert len(negatives) == 3  # of three texts that differ
    assert not [pair for pair in negatives if pair.sentence1.casefold() == pair.sentence2.casefold()]


def test_within_group_makes_no_negative_twice_in_either_order() -> None:
    rows = [{"text": f"{'Page' if n % 2 else 'page'} {n}", "group": "abc"[n % 3]} for n in range(12)]
    result = make_pairs(
        WithinGroup(max_positives_per_group=FIVE, negatives_per_positive=FIVE), rows, "dev", random.Random(1)
    )
    negatives = [frozenset(pair[:2]) for pair in result.pairs if pair.label == 0.0]
    assert len(negatives) == len(set(negatives))
    assert result.notes == [f"dev: {3 * 5 * 5 - len(negatives)} fewer negatives than wanted"]
    assert len(negatives) >= 40  # of 48 there are, eight for each of the texts that come first in a positive


def test_within_group_without_a_cap_gives_every_pair_once() -> None:
    rows = [{"text": f"{n}", "group": "a"} for n in range(7)]
    recipe = WithinGroup(max_positives_per_group=Number(100, "this test"), negatives_per_positive=TWO)
    assert len({frozenset(pair[:2]) for pair in made(recipe, rows)}) == 21


def test_against_category_has_negatives_in_train_only() -> None:
    rows = [{"text": f"{n}", "category": f"c{n % 3}", "group": f"{n}"} for n in range(9)]
    recipe = AgainstCategory(negatives_per_text=Number(1, "this test"))
    train = made(recipe, rows)
    assert Counter(pair.label for pair in train) == {1.0: 9, 0.0: 9}
    assert all((pair.sentence2 == f"c{int(pair.sentence1) % 3}") == (pair.label == 1.0) for pair in train)
    assert {pair.label for pair in made(recipe, rows, "dev")} == {1.0}


def test_a_category_in_another_spelling_is_no_negative() -> None:
    rows = [{"text": f"{n}", "category": ["One", "one", "\uff2fNE", "two"][n % 4], "group": f"{n}"} for n in range(40)]
    rows += [{"text": "Two", "category": "one", "group": "a text that is the name of the other category"}] * 5
    negatives = [pair for pair in made(AgainstCategory(negatives_per_text=TWO), rows) if pair.label == 0.0]
    assert {pair.sentence2 for pair in negatives} == {"one", "two"}
    categories = {row["text"]: row["category"] for row in rows}
    assert all((pair.sentence2 == "two") == (categories[pair.sentence1] != "two") for pair in negatives)
    assert "Two" not in {pair.sentence1 for pair in negatives}


def blocked(num_others: int) -> list[dict]:
    """Return two entries of one invoice, and others; the first three of these share two keys with them."""
    twins = [{"text": f"twin {n}", "group": "t", "keys": ["x", "y"]} for n in range(2)]
    others = [
        {"text": f"other {n}", "group": f"o{n}", "keys": ["x", "y"] if n < 3 else ["x"]} for n in range(num_others)
    ]
    return [*twins, *others, {"text": "far", "group": "f", "keys": ["z"]}]


def test_blocking_takes_the_nearest_misses_and_anchors_both_of_a_positive() -> None:
    pairs = made(Blocking(negatives_per_positive=FIVE), blocked(20))
    assert pairs[0] == Pair("twin 0", "twin 1", 1.0, "t", "t")
    negatives = pairs[1:]
    assert {(pair.group, pair.group2) for pair in negatives} == {("t", f"o{n}") for n in other_groups(negatives)}
    assert len(negatives) == 5
    assert {pair.sentence2 for pair in negatives} >= {"other 0", "other 1", "other 2"}
    assert len({pair.sentence2 for pair in negatives}) == 5
    assert "far" not in {pair.sentence2 for pair in negatives}
    assert {pair.sentence1 for pair in negatives} == {"twin 0", "twin 1"}


def other_groups(pairs: list[Pair]) -> list[str]:
    return [pair.sentence2.removeprefix("other ") for pair in pairs]


def test_a_record_that_is_the_same_but_for_case_is_no_near_miss() -> None:
    rows = blocked(5)
    rows[2]["text"], rows[3]["text"] = "TWIN 0", "Twin  1"
    for seed in range(20):
        pairs = made(Blocking(negatives_per_positive=FIVE), rows, seed=seed)
        assert not [pair for pair in pairs if pair.label == 0.0 and folded(pair.sentence1) == folded(pair.sentence2)]
        assert {"TWIN 0", "Twin  1"} <= {pair.sentence2 for pair in pairs}  # of the other twin they are near misses


def test_blocking_says_what_a_split_lacks() -> None:
    result = make_pairs(Blocking(negatives_per_positive=FIVE), blocked(4), "dev", random.Random(1))
    assert len(result.pairs) == 5
    assert result.notes == ["dev: 1 fewer blocking negatives than wanted"]


def test_the_same_seed_gives_the_same_pairs() -> None:
    recipe = Blocking(negatives_per_positive=FIVE)
    assert made(recipe, blocked(20), seed=1) == made(recipe, blocked(20), seed=1)
    assert made(recipe, blocked(20), seed=1) != made(recipe, blocked(20), seed=2)


def test_given_pairs_of_groups_that_share_a_text_name_the_group_of_the_second() -> None:
    made = [Pair("a", "B", 1.0, "a"), Pair("b", "c", 0.0, "b"), Pair("d", "C", 0.0, "d")]
    alone = [Pair("e", "f", 1.0, "e"), Pair("e", "g", 1.0, "e")]
    found = with_second_groups({"dev": made, "test": alone})
    assert [pair.group2 for pair in found["dev"]] == ["b", "text c", "text c"]
    assert [pair.group2 for pair in found["test"]] == ["text f", "text g"]
    assert [pair[:4] for pair in found["dev"]] == [pair[:4] for pair in made]
    assert with_second_groups({"test": alone})["test"] == alone
