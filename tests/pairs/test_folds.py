"""Test that folds share nothing that would let a training know what it is judged on."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pairs.folds import Folds, folds_of
from tasks.common.kinds import KINDS

FOLDS = 5


def rows(number: int = 200, **columns: Any) -> pa.Table:
    own = {
        "sentence1": [f"text {row // 2}" for row in range(number)],
        "sentence2": [f"other {row}" for row in range(number)],
        "label": [float(row % 4 == 0) for row in range(number)],
        "group": [f"g{row // 6}" for row in range(number)],
    }
    return pa.table(own | columns)


def names(table: pa.Table, column: str) -> set[str]:
    return set(table[column].to_pylist())


def divided(table: pa.Table, kind: str = "binary") -> Folds:
    return folds_of(table, KINDS[kind], FOLDS, seed=3)


@pytest.mark.parametrize("column", ["group", "sentence1"])
def test_what_is_held_out_shares_no_group_and_no_first_text_with_the_rest(column: str) -> None:
    folds = divided(rows())
    for fold in range(FOLDS):
        held = folds.held(fold)
        assert held.num_rows
        assert not names(held, column) & names(folds.without(fold), column)


def test_groups_that_share_a_first_text_are_one() -> None:
    """Rows of each second group repeat a text of the group before."""
    table = rows(sentence1=[f"text {row // 12}" for row in range(200)])
    folds = divided(table)
    for fold in range(FOLDS):
        assert not names(folds.held(fold), "sentence1") & names(folds.without(fold), "sentence1")


def test_every_row_is_held_out_once_in_folds_of_about_equal_size_and_labels() -> None:
    folds = divided(rows(1200))
    held = [folds.held(fold) for fold in range(FOLDS)]
    assert sorted(text for own in held for text in own["sentence2"].to_pylist()) == sorted(
        rows(1200)["sentence2"].to_pylist()
    )
    assert max(own.num_rows for own in held) - min(own.num_rows for own in held) <= 24
    shares = [np.mean(own["label"].to_numpy()) for own in held]
    assert max(shares) - min(shares) < 0.05


def test_a_row_of_two_folds_is_held_out_in_none_and_trains_without_both_alone() -> None:
    table = rows(group2=[f"g{(row // 6 + 7 * (row % 2)) % 33}" for row in range(200)])
    folds = divided(table)
    crossing = folds.first != folds.second
    assert crossing.any()
    for fold in range(FOLDS):
        held, others = folds.held(fold), folds.without(fold)
        assert names(held, "group2") <= names(held, "group")
        assert not (names(others, "group") | names(others, "group2")) & names(held, "group")


def test_a_group_of_second_texts_alone_lies_in_one_fold() -> None:
    table = rows(group2=[f"only second {row % 5}" for row in range(200)])
    folds = divided(table)
    by_name: dict[str, set[int]] = {}
    for name, fold in zip(table["group2"].to_pylist(), folds.second.tolist(), strict=True):
        by_name.setdefault(name, set()).add(fold)
    assert {len(own) for own in by_name.values()} == {1}


def test_categories_are_spread_by_the_right_ones() -> None:
    number = 400
    category = ["rare" if row % 20 == 0 else "common" for row in range(number)]
    table = rows(
        number,
        sentence1=[f"text {row}" for row in range(number)],
        sentence2=category,
        label=[1.0] * number,
        group=[str(row) for row in range(number)],
    )
    folds = divided(table, "category")
    assert [folds.held(fold)["sentence2"].to_pylist().count("rare") for fold in range(FOLDS)] == [4] * FOLDS


def test_fewer_groups_than_folds_are_refused() -> None:
    with pytest.raises(ValueError, match="4 groups are fewer than 5 folds"):
        divided(rows(24))


def test_the_same_seed_gives_the_same_folds() -> None:
    assert (divided(rows()).first == divided(rows()).first).all()
    assert (divided(rows()).first != folds_of(rows(), KINDS["binary"], FOLDS, seed=4).first).any()
