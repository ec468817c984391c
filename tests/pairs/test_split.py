"""Test splits: no group or text in two of them, fractions as wanted, the same for the same seed."""

import itertools
import random
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from common.mistakes import Mistakes
from pairs.split import Division, divide
from tasks.common.declaration import Given, Task
from tasks.common.loading import load

Rows = list[dict[str, Any]]
PAIRS = replace(load("nli"), recipe=Given(shared_texts="join"), shares=(0.6, 0.2, 0.2), dev_rows=None)


def pairs(number: int, seed: int = 0, repeated: float = 0.3) -> Rows:
    """Return pairs, some of which share their second text with another group."""
    rng = random.Random(seed)
    seconds = [f"second {place}" for place in range(number)]
    rows = []
    for place in range(number):
        first = f"First {rng.randrange(number)}"
        second = rng.choice(seconds) if rng.random() < repeated else seconds[place]
        rows.append({"sentence1": first, "sentence2": second, "label": float(place % 2), "group": first})
    return rows


def texts(rows: Rows) -> set[str]:
    return {row[name].casefold() for row in rows for name in ("sentence1", "sentence2")}


def assert_apart(division: Division) -> None:
    splits = list(division.rows.values())
    for place, rows in enumerate(splits):
        for others in splits[place + 1 :]:
            assert not texts(rows) & texts(others)
            assert not {row["group"] for row in rows} & {row["group"] for row in others}


@pytest.mark.parametrize("shared_texts", ["join", "drop"])
def test_no_text_stands_in_two_splits(shared_texts: str) -> None:
    task = replace(PAIRS, recipe=Given(shared_texts=shared_texts))
    rows = pairs(400)
    division = divide(task, {"train": rows}, seed=1, rows=None)
    assert_apart(division)
    kept = sum(map(len, division.rows.values()))
    assert kept == len(rows) - sum(division.dropped.values())
    assert bool(division.dropped) == (shared_texts == "drop")


@pytest.mark.parametrize("shared_texts", ["join", "drop"])
def test_capitals_do_not_hide_a_shared_text(shared_texts: str) -> None:
    task = replace(PAIRS, recipe=Given(shared_texts=shared_texts))
    rows = [
        {"sentence1": first, "sentence2": second, "label": 1.0, "group": first}
        for place in range(50)
        for first, second in ((f"a{place}", f"Same {place}"), (f"b{place}", f"same {place}"))
    ]
    division = divide(task, {"train": rows}, seed=1, rows=None)
    assert_apart(division)
    assert bool(division.dropped) == (shared_texts == "drop")


def test_a_file_of_its_own_is_kept_and_what_it_shares_leaves_train_and_dev() -> None:
    pools = {"train": pairs(300, seed=1), "dev": pairs(60, seed=2), "test": pairs(60, seed=3)}
    division = divide(PAIRS, pools, seed=1, rows=None)
    assert_apart(division)
    assert division.rows["test"] == pools["test"]
    assert set(division.dropped) == {
        "dev row with a text or group of the test file",
        "train row with a text or group of the test file",
        "train row with a text or group of the dev file",
    }


def test_the_order_of_the_file_does_not_matter_but_the_seed_does() -> None:
    rows = pairs(200)
    shuffled = random.Random(1).sample(rows, len(rows))

    def chosen(rows: Rows, seed: int) -> set[str]:
        return {row["group"] for row in divide(PAIRS, {"train": rows}, seed=seed, rows=None).rows["dev"]}

    assert chosen(rows, 1) == chosen(shuffled, 1)
    assert chosen(rows, 1) != chosen(rows, 2)


def test_joined_groups_of_any_size_keep_shares_and_positives() -> None:
    """One text ties a third of the rows together or more: they go to train, and the rest makes up for it."""
    rows = pairs(600, repeated=0.05)
    for row in rows[:100]:
        row["sentence2"] = "everybody's"
    division = divide(PAIRS, {"train": rows}, seed=1, rows=None)
    for split, share in (("train", 0.6), ("dev", 0.2), ("test", 0.2)):
        assert len(division.rows[split]) == pytest.approx(share * 600, abs=12)
        positives = sum(row["label"] for row in division.rows[split])
        assert positives == pytest.approx(share * 300, abs=12)
    assert_apart(division)


def test_second_texts_like_categories_are_not_kept_apart() -> None:
    rows = [{"sentence1": f"t{n}", "sentence2": f"c{n % 4}", "label": 1.0, "group": f"t{n}"} for n in range(200)]
    division = divide(PAIRS, {"train": rows}, seed=1, rows=None)
    assert {split: len({row["sentence2"] for row in rows}) for split, rows in division.rows.items()} == {
        "train": 4,
        "dev": 4,
        "test": 4,
    }
    assert "no first text in two splits" in division.rule
    assert "200 rows have 4 second texts" in division.notes[0]
    assert division.closed == ("sentence2",)


def test_second_texts_that_are_few_only_among_all_rows_are_no_categories_of_some() -> None:
    rows = [{"sentence1": f"t{n}", "sentence2": f"c{n % 150}", "label": 1.0, "group": f"t{n}"} for n in range(2_000)]
    assert divide(PAIRS, {"train": rows}, seed=1, rows=None).closed == ("sentence2",)
    division = divide(PAIRS, {"train": rows}, seed=1, rows=200)
    assert (division.closed, division.apart) == ((), ("sentence1", "sentence2"))
    assert_apart(division)
    assert sum(map(len, division.rows.values())) == 200


def crossed() -> Rows:
    """Return questions with 40 canonical ones as second texts, 19 of which are first texts, too."""
    drawn = random.Random(0)
    every = [(f"c{a}", f"c{b}") for a in range(19) for b in range(40) if a < b or b >= 19]
    every += [(f"q{n}", f"c{drawn.randrange(40)}") for n in range(500)]
    return [{"sentence1": a, "sentence2": b, "label": float(n % 2), "group": a} for n, (a, b) in enumerate(every)]


def told(rows: Rows) -> set[str]:
    return {row[name] for row in rows for name in ("sentence1", "sentence2")}


def test_a_category_that_is_a_first_text_where_it_judges_leaves_what_comes_before() -> None:
    division = divide(PAIRS, {"train": crossed()}, seed=1, rows=None)
    assert division.closed == ("sentence2",)
    for before, after in itertools.combinations(("train", "dev", "test"), 2):
        assert not told(division.rows[before]) & {row["sentence1"] for row in division.rows[after]}
    assert any(row["sentence1"].startswith("c") for row in division.rows["test"])
    assert len(division.rows["train"]) > 400


def test_a_test_file_with_categories_as_first_texts_takes_their_rows_from_train() -> None:
    test = [{"sentence1": f"c{n}", "sentence2": f"q{n}", "label": 1.0, "group": f"t{n}"} for n in range(4)]
    division = divide(PAIRS, {"train": crossed(), "test": test}, seed=1, rows=None)
    assert division.rows["test"] == test
    assert not told(division.rows["train"]) & {f"c{n}" for n in range(4)}


def test_a_split_that_has_lost_all_rows_says_to_what() -> None:
    rows = [{"sentence1": f"t{n}", "sentence2": f"c{n % 4}", "label": 1.0, "group": f"t{n}"} for n in range(200)]
    turned = [row | {"sentence1": row["sentence2"], "sentence2": row["sentence1"]} for row in rows]
    with pytest.raises(Mistakes, match="train: no rows left .*; train row with a text or group of the test file: 200;"):
        divide(PAIRS, {"train": rows, "test": turned}, seed=1, rows=None)


@pytest.mark.parametrize("task", ["nli", "job_skills"])
@pytest.mark.parametrize(("label", "left"), [(1.0, 99), (None, 100)])
def test_a_labelled_pair_the_other_way_round_is_no_other_pair_whatever_the_loss(
    task: str, label: float | None, left: int
) -> None:
    rows = [{"sentence1": f"a{n}", "sentence2": f"b{n}", "label": label, "group": f"a{n}"} for n in range(100)]
    test = [{"sentence1": "B7", "sentence2": "A7", "label": label, "group": "B7"}]
    division = divide(
        replace(PAIRS, **{name: getattr(load(task), name) for name in ("loss", "kind", "baseline")}),
        {"train": rows, "test": test},
        seed=1,
        rows=None,
        way="first-text",
    )
    assert len(division.rows["train"]) + len(division.rows["dev"]) == left


def test_second_texts_like_categories_are_kept_apart_where_that_is_asked_for() -> None:
    rows = [{"sentence1": f"t{n}", "sentence2": f"c{n % 8}", "label": 1.0, "group": f"t{n}"} for n in range(200)]
    assert_apart(divide(PAIRS, {"train": rows}, seed=1, rows=None, way="texts"))


def questions(number: int, texts: int) -> Rows:
    """Draw `number` pairs at random, so that nearly all are connected."""
    every = list(itertools.combinations(range(texts), 2))
    chosen = random.Random(0).sample(every, number)
    return [
        {"sentence1": f"q{a}", "sentence2": f"q{b}", "label": float(n % 2), "group": f"q{a}"}
        for n, (a, b) in enumerate(chosen)
    ]


@pytest.mark.parametrize("way", [None, "texts"])
def test_pairs_that_all_hang_together_are_cut(way: str | None) -> None:
    division = divide(PAIRS, {"train": questions(600, 300)}, seed=1, rows=None, way=way)
    assert_apart(division)
    assert (division.apart, division.closed) == (("sentence1", "sentence2"), ())
    dropped = division.dropped["pair whose texts went to two splits"]
    assert sum(map(len, division.rows.values())) == 600 - dropped
    assert dropped <= 120
    assert f": {dropped} of 600 pairs ({dropped / 600:.0%}) are dropped" in division.notes[0]
    assert "cut where they share a text" in division.rule
    assert len({row["group"] for row in division.rows["dev"]}) > 30  # not one piece: intervals draw groups


def test_first_texts_alone_are_kept_apart_where_that_is_asked_for() -> None:
    division = divide(PAIRS, {"train": questions(600, 300)}, seed=1, rows=None, way="first-text")
    assert (division.apart, division.closed, division.dropped) == (("sentence1",), (), {})
    assert texts(division.rows["train"]) & texts(division.rows["test"])
    assert "no first text in two splits" in division.rule


def hub(number: int) -> Rows:
    """Return pairs that each share their first text with one other pair; half of them share their second text."""
    return [
        {"sentence1": f"t{n}", "sentence2": "hub" if half else f"s{n}", "label": 1.0, "group": f"t{n}"}
        for n in range(number)
        for half in (True, False)
    ]


@pytest.mark.parametrize("rows", [questions(780, 40), hub(100)])
def test_where_a_cut_would_leave_too_little_only_first_texts_are_kept_apart(rows: Rows) -> None:
    division = divide(PAIRS, {"train": rows}, seed=1, rows=None)
    assert (division.apart, division.closed) == (("sentence1",), ())
    assert not division.dropped
    assert "second texts may stand in several splits; --split texts would drop" in division.notes[0]
    said = re.search(r"a cut would leave .*?(train|dev|test) (\d+) of (\d+) rows", division.notes[0])
    assert said is not None
    assert int(said[2]) < int(said[3]) / 2


def test_texts_are_kept_apart_at_any_cost_where_that_is_asked_for() -> None:
    division = divide(PAIRS, {"train": questions(780, 40)}, seed=1, rows=None, way="texts")
    assert_apart(division)
    assert division.apart == ("sentence1", "sentence2")
    assert division.dropped.total() > 390


def test_a_cut_that_leaves_a_split_empty_says_what_else_there_is() -> None:
    rows = [{"sentence1": f"s{n}", "sentence2": "hub", "label": 1.0, "group": f"g{n}"} for n in range(100)]
    with pytest.raises(Mistakes, match=r"no rows left of .* or --split first-text"):
        divide(PAIRS, {"train": rows}, seed=1, rows=None, way="texts")


@pytest.mark.parametrize("way", [None, "texts", "first-text"])
def test_pairs_of_one_first_text_are_refused_without_advice_that_does_not_help(way: str | None) -> None:
    rows = [{"sentence1": "hub", "sentence2": f"s{n}", "label": 1.0, "group": "hub"} for n in range(600)]
    with pytest.raises(Mistakes, match="no rows left of 1 groups") as caught:
        divide(PAIRS, {"train": rows}, seed=1, rows=None, way=way)
    assert "first-text" not in str(caught.value)


def test_fewer_rows_are_drawn_before_they_are_cut() -> None:
    division = divide(PAIRS, {"train": questions(600, 300)}, seed=1, rows=200)
    assert_apart(division)
    assert sum(map(len, division.rows.values())) + division.dropped.total() == 200


def test_what_a_file_of_its_own_shares_leaves_train_before_the_cut() -> None:
    pools = {"train": questions(600, 300), "test": [{**row, "group": "t"} for row in questions(600, 300)[:20]]}
    division = divide(PAIRS, pools, seed=1, rows=None)
    assert_apart(division)
    assert division.rows["test"] == pools["test"]
    assert set(division.rows) == {"train", "dev", "test"}


def test_strata_of_the_blocking_recipe() -> None:
    rows = [{"text": f"{n}", "group": f"g{n % 90}", "keys": []} for n in range(100)]  # 10 of 90 groups have two rows
    division = divide(load("invoices"), {"train": rows}, seed=3, rows=None)
    sizes = {split: Counter(Counter(row["group"] for row in rows).values()) for split, rows in division.rows.items()}
    assert sizes == {"train": {1: 48, 2: 6}, "dev": {1: 16, 2: 2}, "test": {1: 16, 2: 2}}


def test_strata_of_categories_and_exact_totals() -> None:
    rows = [{"text": f"{n}", "group": f"{n}", "category": "rare" if n < 13 else "common"} for n in range(500)]
    division = divide(load("tickets"), {"train": rows}, seed=3, rows=None)
    assert {split: len(rows) for split, rows in division.rows.items()} == {"train": 400, "dev": 100}
    assert sum(row["category"] == "rare" for row in division.rows["dev"]) in (2, 3)


@pytest.mark.parametrize("rows", [None, 50])
def test_a_fixed_dev_is_taken_first_and_rows_then_count_train(rows: int | None) -> None:
    task: Task = replace(load("nli"), dev_rows=40)
    division = divide(task, {"train": pairs(200, repeated=0), "test": pairs(30, seed=9)}, seed=1, rows=rows)
    assert len(division.rows["dev"]) == 40
    if rows:
        assert len(division.rows["train"]) == rows


def test_fewer_rows_are_whole_groups() -> None:
    pool = pairs(200)
    division = divide(PAIRS, {"train": pool}, seed=1, rows=100)
    used = [row for rows in division.rows.values() for row in rows]
    assert len(used) == 100
    for group in {row["sentence1"] for row in used}:
        assert sum(row["sentence1"] == group for row in used) == sum(row["sentence1"] == group for row in pool)


def test_more_rows_than_there_are_is_said() -> None:
    assert divide(PAIRS, {"train": pairs(200)}, seed=1, rows=500).notes == ["--rows 500: there are only 200"]


def test_a_split_without_rows_is_refused() -> None:
    with pytest.raises(Mistakes, match=r"no rows left of 1 groups \(premise\).*--dev-source"):
        divide(PAIRS, {"train": pairs(1)}, seed=1, rows=None)
