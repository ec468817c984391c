"""Test too little data, truncated texts, and shortcuts that give the label without the texts' meaning."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm

from audit.checks.shortcut import equal_field, equal_first_words, token_jaccard
from audit.checks.sizes import interval_width
from evaluation.evaluator import Evaluator
from tests.audit.cases import FixedModel, codes, found, plan, rows

DEV = [{**row, "sentence1": f"dev {n}", "sentence2": f"other {n}"} for n, row in enumerate(rows(60, [0.0, 1.0]))]


@pytest.mark.parametrize(("count", "expected"), [(3, {"too_small": "error"}), (4, {})])
def test_train_needs_one_global_batch(tmp_path: Path, count: int, expected: dict[str, str]) -> None:
    assert codes(tmp_path, rows(count, [0.0, 1.0]), "contrastive") == expected


@pytest.mark.parametrize(("pairs", "expected"), [(60, None), (58, 29)])
def test_dev_needs_thirty_positives(tmp_path: Path, pairs: int, expected: int | None) -> None:
    finding = found(plan(tmp_path, {"train": rows(8, [0.0, 1.0]), "dev": DEV[:pairs]}, "contrastive")).get("too_small")
    assert (finding and finding.count) == expected
    if finding:
        assert (finding.severity, finding.statistic["split"]) == ("warning", "dev")


@pytest.mark.parametrize(("groups", "expected"), [(30, None), (29, 29)])
def test_dev_needs_thirty_groups_of_positives(tmp_path: Path, groups: int, expected: int | None) -> None:
    dev = [{**row, "group": str(number // 2 % groups)} for number, row in enumerate(DEV * 2)]
    dev += [{**row, "sentence1": f"negative {n}", "label": 0.0, "group": f"n{n}"} for n, row in enumerate(DEV)]
    train = [{**row, "group": "train"} for row in rows(8, [0.0, 1.0])]
    finding = found(plan(tmp_path, {"train": train, "dev": dev}, "contrastive")).get("too_small")
    assert (finding and finding.statistic["groups"]) == expected
    if finding:
        assert (finding.count, finding.statistic["positives"]) == (29, 60)
        assert finding.share == pytest.approx(29 / (29 + 60))
        assert finding.statistic["interval_width"] == pytest.approx(interval_width(29))


def test_groups_in_two_spellings_count_once(tmp_path: Path) -> None:
    dev = [{**row, "group": f"{'Page' if n < 60 else 'page'} {n // 2 % 30 % 20}"} for n, row in enumerate(DEV * 2)]
    train = [{**row, "group": "train"} for row in rows(8, [0.0, 1.0])]
    finding = found(plan(tmp_path, {"train": train, "dev": dev}, "contrastive"))["too_small"]
    assert finding.statistic["groups"] == 20


@pytest.mark.parametrize(("loss", "label"), [("cosine", [0.1, 0.5]), ("ranking", None)])
def test_other_kinds_count_the_groups_of_all_pairs(tmp_path: Path, loss: str, label: Any) -> None:
    dev = [{**row, "sentence1": f"dev {n % 7}", "sentence2": f"other {n}"} for n, row in enumerate(rows(60, label))]
    assert found(plan(tmp_path, {"train": rows(8, label), "dev": dev}, loss))["too_small"].statistic["groups"] == 7


@pytest.mark.parametrize("rarer", [0.0, 1.0])
def test_the_rarer_label_counts_for_an_interval(tmp_path: Path, rarer: float) -> None:
    dev = [{**row, "label": rarer if number % 3 == 0 else 1 - rarer} for number, row in enumerate(DEV)]
    finding = found(plan(tmp_path, {"train": rows(8, [0.0, 1.0]), "dev": dev}, "contrastive"))["too_small"]
    assert finding.count == 20


@pytest.mark.parametrize("kind", ["category", "retrieval"])
def test_a_pair_labelled_0_is_no_question_where_an_answer_is_looked_for(tmp_path: Path, kind: str) -> None:
    dev = [{**row, "label": float(number % 3 == 0)} for number, row in enumerate(DEV)]
    asked = plan(tmp_path, {"train": rows(8, [0.0, 1.0]), "dev": dev}, "cosine", kind=kind)
    assert found(asked)["too_small"].statistic["groups"] == 20
    assert judged_groups(kind, dev) == 20


def judged_groups(kind: str, rows: list[dict[str, Any]]) -> int:
    """Return the number of groups that a verdict counts."""
    table = pa.Table.from_pylist([{"group": row["sentence1"], **row} for row in rows])
    judge = Evaluator(kind, table, [row["sentence2"] for row in rows])
    return judge.evaluate(lambda texts: np.eye(len(texts))).num_groups


@pytest.mark.parametrize("ones", [0.3, 0.7])
def test_groups_are_those_that_a_verdict_counts(tmp_path: Path, ones: float) -> None:
    dev = [{**row, "label": float(number % 10 < 10 * ones), "group": str(number % 7)} for number, row in enumerate(DEV)]
    train = [{**row, "group": "train"} for row in rows(8, [0.0, 1.0])]
    finding = found(plan(tmp_path, {"train": train, "dev": dev}, "contrastive"))["too_small"]
    assert finding.statistic["groups"] == judged_groups("binary", dev) == 7


def test_the_width_to_expect_is_the_normal_approximations() -> None:
    assert interval_width(30) == pytest.approx(2 * norm.ppf(0.975) * (0.5 * 0.5 / 30) ** 0.5, rel=1e-3)


@pytest.mark.parametrize(("long", "expected"), [(10, {}), (11, {"truncated": "warning"})])
def test_texts_beyond_the_max_length(tmp_path: Path, long: int, expected: dict[str, str]) -> None:
    train = rows(100, [0.0, 1.0])
    for row in train[:long]:
        row["sentence1"] += " and" * 6  # nine words, of which a model of length 8 reads eight
    model = FixedModel(lambda first, second: len(first))
    found_codes = codes(tmp_path, train, "contrastive", model)
    assert {code: severity for code, severity in found_codes.items() if code == "truncated"} == expected


def test_the_share_of_tokens_that_is_cut_off(tmp_path: Path) -> None:
    train = [{"sentence1": f"{n} a b c d e f g h i", "sentence2": f"{n} x", "label": n % 2} for n in range(20)]
    finding = found(plan(tmp_path, {"train": train}, "contrastive"), FixedModel(lambda first, second: 0.0))["truncated"]
    assert finding.statistic["share_of_tokens"] == pytest.approx(2 * 20 / (12 * 20))
    assert finding.share == 0.5


def page(name: str, text: str) -> str:
    return f"page_name: {name} text: {text}"


@pytest.mark.parametrize(
    ("rule", "same", "other"),
    [
        (equal_field, (page("Law School", "a"), page("Law School", "b")), (page("Law", "a"), page("Law School", "b"))),
        (equal_first_words, ("You may not read", "you MAY not write"), ("You may read", "You may not read")),
        (token_jaccard, ("a b c", "C b a"), ("a b c", "d e f")),
    ],
)
def test_the_rules(rule: Any, same: tuple[str, str], other: tuple[str, str]) -> None:
    assert (rule(*same), rule(*other)) == (1.0, 0.0)


def shortcut(folder: Path, faults: int) -> Any:
    """Return 200 pairs in which equal page names mean label 1, with some exceptions."""
    train = []
    for number in range(200):
        label = float((number % 2) != (number < faults))
        other = f"P{number}" if number % 2 else f"Q{number}"
        train.append(
            {
                "sentence1": page(f"P{number}", f"one {number}"),
                "sentence2": page(other, f"two {number}"),
                "label": label,
            }
        )
    model = FixedModel(lambda first, second: len(second))
    return found(plan(folder, {"train": train}, "contrastive", max_length=99), model).get("shortcut")


def test_a_row_without_a_label_hides_no_shortcut(tmp_path: Path) -> None:
    train = [{"sentence1": f"a b {n}", "sentence2": f"a b {n}" if n % 2 else "x", "label": n % 2} for n in range(200)]
    train[3]["label"] = None
    finding = found(plan(tmp_path, {"train": train}, "contrastive"), FixedModel(lambda first, second: len(first)))
    assert finding["shortcut"].statistic["pairs"] == 199
    assert finding["null_value"].count == 1


def test_a_rule_that_tells_the_label_is_named_beside_the_base_model(tmp_path: Path) -> None:
    finding = shortcut(tmp_path, faults=0)
    assert finding.severity == "warning"
    assert finding.statistic["rule"] in ("equal leading field", "share of words in common")
    assert finding.statistic["roc_auc"] == pytest.approx(1.0)
    assert 0.3 < finding.statistic["base_model_roc_auc"] < 0.7


@pytest.mark.parametrize(("faults", "roc_auc"), [(8, 0.96), (12, None)])
def test_a_rule_that_often_fails_is_no_shortcut(tmp_path: Path, faults: int, roc_auc: float | None) -> None:
    finding = shortcut(tmp_path, faults)
    assert (finding and finding.statistic["roc_auc"]) == (roc_auc and pytest.approx(roc_auc, abs=0.003))
