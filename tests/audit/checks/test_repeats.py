"""Test repeats in train and inside a batch against counts and closed forms."""

from pathlib import Path

import numpy as np
import pytest

from audit.checks.repeats import expected_repeats, loss_floor
from tests.audit.cases import codes, found, plan, rows


@pytest.mark.parametrize(("repeats", "expected"), [(0, {}), (1, {}), (2, {"duplicate_pairs": "warning"})])
def test_repeats_are_named_beyond_one_percent(tmp_path: Path, repeats: int, expected: dict[str, str]) -> None:
    train = rows(100, [0.0, 1.0])
    train[100 - repeats :] = [dict(row) for row in train[:repeats]]
    assert codes(tmp_path, train, "contrastive") == expected


def test_repeats_are_counted_with_what_distinct_rows_would_cost(tmp_path: Path) -> None:
    finding = found(plan(tmp_path, {"train": rows(40, [0.0, 1.0]) * 3}, "contrastive"))["duplicate_pairs"]
    assert (finding.count, finding.statistic["distinct"]) == (80, 40)
    assert finding.statistic["steps_per_epoch"] == 30
    assert finding.statistic["steps_per_epoch_of_distinct"] == 10


def test_a_repeat_in_capitals_is_one(tmp_path: Path) -> None:
    train = rows(50, [0.0, 1.0])
    loud = [{**row, "sentence2": row["sentence2"].upper()} for row in train]
    assert found(plan(tmp_path, {"train": train + loud}, "contrastive"))["duplicate_pairs"].count == 50


def test_capitals_do_not_hide_repeats_in_a_batch(tmp_path: Path) -> None:
    train = [{**row, "sentence2": ("skill", "SKILL")[number % 2]} for number, row in enumerate(rows(60))]
    finding = found(plan(tmp_path, {"train": train}, "ranking", closed=()))["in_batch_duplicates"]
    assert finding.statistic["expected_repeats"] == pytest.approx(3)


def test_a_contradiction_is_no_repeat(tmp_path: Path) -> None:
    train = rows(50, 0.0) + rows(50, 1.0)
    assert "duplicate_pairs" not in codes(tmp_path, train, "contrastive")


@pytest.mark.parametrize(("loss", "repeats"), [("contrastive", 50), ("cosine", 50), ("ranking", None)])
def test_a_pair_the_other_way_round_repeats_to_a_symmetric_loss(tmp_path: Path, loss: str, repeats: int | None) -> None:
    train = rows(50) if loss == "ranking" else rows(50, [0.0, 1.0])
    turned = [{**row, "sentence1": row["sentence2"].upper(), "sentence2": row["sentence1"]} for row in train]
    finding = found(plan(tmp_path, {"train": train + turned}, loss)).get("duplicate_pairs")
    assert (finding and finding.count) == repeats


def test_repeats_in_a_batch_are_what_drawing_batches_finds() -> None:
    counts = np.array([5, 3, 1, 1, 2])
    texts, generator = np.repeat(np.arange(5), counts), np.random.default_rng(0)
    batches = [generator.permutation(texts)[:6] for _ in range(20_000)]
    assert expected_repeats(counts, 6) == pytest.approx(np.mean([6 - len(set(each)) for each in batches]), abs=0.02)
    floors = [np.mean([np.log((each == text).sum()) for text in each]) for each in batches]
    assert loss_floor(counts, 6) == pytest.approx(np.mean(floors), abs=0.01)


def test_the_floor_of_frequent_texts_is_the_binomials() -> None:
    """Drawing from a large train is drawing with replacement: E[log(1 + Binomial(15, f))] at f = 1/376 is 0.0274."""
    assert loss_floor(np.full(376, 1_000), 16) == pytest.approx(0.0274, abs=1e-4)


def test_distinct_texts_have_no_floor() -> None:
    assert loss_floor(np.ones(30, dtype=np.int64), 16) == 0.0
    assert expected_repeats(np.ones(30, dtype=np.int64), 16) == pytest.approx(0.0)


@pytest.mark.parametrize(("loss", "expected"), [("ranking", {"in_batch_duplicates": "warning"}), ("cosine", {})])
def test_only_a_ranking_loss_minds_repeats_in_a_batch(tmp_path: Path, loss: str, expected: dict[str, str]) -> None:
    train = [{**row, "sentence2": f"skill {number % 10}"} for number, row in enumerate(rows(60))]
    labelled = [{**row, "label": float(number % 2)} for number, row in enumerate(train)]
    assert codes(tmp_path, train if loss == "ranking" else labelled, loss) == expected
