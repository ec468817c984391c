"""Test the checks of labels: each on labels that break it and on labels that nearly do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from audit.checks import polarity
from audit.limits import POLARITY_FIRST, POLARITY_PAIRS
from audit.scan import scan
from tests.audit.cases import FixedModel, codes, found, plan, rows


@pytest.mark.parametrize(
    ("loss", "labels", "expected"),
    [
        ("contrastive", [0.0, 1.0, 0.5], {"label_range": "error"}),
        ("contrastive", [0.0, 1.0], {}),
        ("cosine", [0.0, 5.0], {"label_range": "error"}),
        ("cosine", [-1.0, 0.3, 1.0], {}),
        ("cosine", [-1.001, 0.3], {"label_range": "error"}),
    ],
)
def test_labels_outside_of_what_the_loss_takes(
    tmp_path: Path, loss: str, labels: list[float], expected: dict[str, str]
) -> None:
    assert codes(tmp_path, rows(12, labels), loss) == expected


def test_the_range_is_checked_in_every_split(tmp_path: Path) -> None:
    splits = {"train": rows(9, [0.0, 1.0]), "dev": rows(40, [0.0, 1.0, 3.0])}
    finding = found(plan(tmp_path, splits, "cosine", apart=()))["label_range"]
    assert (finding.count, finding.statistic["greatest"], finding.examples[0]["split"]) == (13, 3.0, "dev")


@pytest.mark.parametrize(
    ("ones", "expected"),
    [
        (100, {"single_label": "error"}),
        (98, {"one_sided_labels": "error"}),
        (97, {"one_sided_labels": "warning"}),
        (91, {"one_sided_labels": "warning"}),
        (90, {}),
    ],
)
def test_one_label_alone_or_nearly(tmp_path: Path, ones: int, expected: dict[str, str]) -> None:
    assert codes(tmp_path, rows(100, [1.0] * ones + [0.0] * (100 - ones)), "contrastive") == expected


@pytest.mark.parametrize(("torn", "severity"), [(0, None), (2, "warning"), (5, "warning"), (6, "error")])
def test_equal_pairs_with_different_labels(tmp_path: Path, torn: int, severity: str | None) -> None:
    train = rows(100, [0.0, 1.0])
    for place in range(torn // 2):
        train[-1 - place] = {**train[place], "label": 1.0 - train[place]["label"]}
    if torn % 2:
        train[-torn] = {**train[0], "sentence1": "  The 0   \uff26irst ", "label": 1.0 - train[0]["label"]}
    finding = found(plan(tmp_path, {"train": train}, "contrastive")).get("contradictory_labels")
    assert (finding and finding.severity) == severity
    if finding:
        assert finding.count == torn
        assert len({example["label"] for example in finding.examples[:2]}) == 2


def test_a_pair_the_other_way_round_may_contradict(tmp_path: Path) -> None:
    train = rows(100, [0.0, 1.0])
    train[7] = {"sentence1": train[0]["sentence2"], "sentence2": train[0]["sentence1"], "label": 1.0}
    finding = found(plan(tmp_path, {"train": train}, "cosine"))["contradictory_labels"]
    assert (finding.count, finding.statistic["pairs"]) == (2, 1)
    assert [each["row"] for each in finding.examples] == [1, 8]


def agreeing(sign: float) -> list[dict[str, Any]]:
    """Return rows whose first text names their label, so that a stub model can follow or contradict it."""
    labels = np.random.default_rng(0).permutation([0.0, 0.5, 1.0] * 400)
    return [
        {"sentence1": f"{number} {sign * label}", "sentence2": "b", "label": label}
        for number, label in enumerate(labels)
    ]


@pytest.mark.parametrize(("sign", "severity"), [(-1.0, "error"), (1.0, None)])
def test_labels_upside_down(tmp_path: Path, sign: float, severity: str | None) -> None:
    model = FixedModel(lambda first, second: float(first.split()[1]))
    found_codes = codes(tmp_path, agreeing(sign), "cosine", model, max_length=99)
    assert found_codes.get("label_polarity") == severity


@pytest.mark.parametrize(("rho", "severity"), [(-0.30, "error"), (-0.23, "warning"), (-0.10, "warning"), (-0.03, None)])
def test_the_upper_end_of_the_interval_decides_on_the_polarity(
    tmp_path: Path, rho: float, severity: str | None
) -> None:
    labels, noise = np.random.default_rng(3).normal(size=(2, POLARITY_PAIRS))
    noise -= (noise @ labels) / (labels @ labels) * labels  # so that the correlation is what is asked for
    cosines = rho * labels + np.sqrt(1 - rho**2) * noise
    train = [
        {"sentence1": str(cosine), "sentence2": "b", "label": label}
        for cosine, label in zip(cosines, labels / 10, strict=True)
    ]
    model = FixedModel(lambda first, _: float(first))
    assert codes(tmp_path, train, "cosine", model, max_length=99).get("label_polarity") == severity


def test_pairs_that_say_it_clearly_are_enough(tmp_path: Path) -> None:
    clear, torn = (
        FixedModel(lambda first, _: float(first.split()[1])),
        FixedModel(lambda first, _: int(first.split()[0]) % 97),
    )
    for model in (clear, torn):
        codes(tmp_path, agreeing(1.0), "cosine", model, max_length=99)
    assert (clear.encoded, torn.encoded) == (POLARITY_FIRST, POLARITY_PAIRS)


def test_the_check_goes_on_where_the_first_pairs_have_one_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polarity, "POLARITY_FIRST", 10)
    labels = np.random.default_rng(0).permutation([1.0] * 950 + [0.0] * 50)
    train = [
        {"sentence1": f"{number} {-label}", "sentence2": "b", "label": label} for number, label in enumerate(labels)
    ]
    model = FixedModel(lambda first, second: float(first.split()[1]))
    asked = plan(tmp_path, {"train": train}, "contrastive", max_length=99)
    sample = scan("train", asked.tables["train"], lambda *told: None).sample
    assert len(set(sample.labels[:10])) == 1
    finding = found(asked, model)["label_polarity"]
    assert (finding.severity, finding.statistic["pairs"]) == ("error", POLARITY_PAIRS)


def test_a_row_without_a_label_hides_no_polarity(tmp_path: Path) -> None:
    train = [
        {"sentence1": f"{number} {-label}", "sentence2": "b", "label": label}
        for number, label in enumerate([0.0, 1.0] * 500)
    ]
    train[5]["label"] = None
    model = FixedModel(lambda first, second: float(first.split()[1]))
    finding = found(plan(tmp_path, {"train": train}, "contrastive", max_length=99), model)["label_polarity"]
    assert (finding.severity, finding.statistic["pairs"]) == ("error", POLARITY_PAIRS - 1)
    assert "label_polarity" not in codes(tmp_path, [{**row, "label": None} for row in train], "contrastive", model)


@pytest.mark.parametrize("mined", [True, False])
def test_negatives_that_a_model_has_mined_say_nothing_about_the_polarity(tmp_path: Path, mined: bool) -> None:
    train = [
        {"sentence1": f"{number}", "sentence2": f"{label}", "label": label, "negatives": ["2", "3"] * int(label)}
        for number, label in enumerate([0.0, 1.0] * 300)
    ]
    nearer = FixedModel(lambda _, second: float(second))
    found_codes = codes(tmp_path, train, "contrastive", nearer, max_length=99, mined=mined)
    assert found_codes.get("label_polarity") == (None if mined else "warning")


def test_labels_that_are_all_equal_or_nearly_have_no_polarity(tmp_path: Path) -> None:
    model = FixedModel(lambda first, second: float(len(first)))
    for train in (rows(1000, 1.0), rows(9, [0.0, 1.0]), []):
        assert "label_polarity" not in codes(
            tmp_path, train or [{"sentence1": "a", "sentence2": "b", "label": 1.0}], "cosine", model
        )


def test_the_interval_is_as_wide_as_the_correlations_of_many_samples() -> None:
    generator, rho, size = np.random.default_rng(2), -0.9, 300
    samples = [generator.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size).T for _ in range(2_000)]
    spread = np.arctanh([spearmanr(*sample).statistic for sample in samples]).std()
    interval = polarity.spearman_interval(*samples[0])
    assert interval is not None
    assert (np.arctanh(interval.high) - np.arctanh(interval.low)) / 2 / 1.96 == pytest.approx(spread, rel=0.08)


def test_the_interval_of_a_rank_correlation_covers_it_as_often_as_it_says() -> None:
    generator, rho, inside = np.random.default_rng(1), 0.5, 0
    truth = 6 / np.pi * np.arcsin(rho / 2)  # of a bivariate normal with correlation rho (Pearson 1907)
    for _ in range(400):
        first, noise = generator.normal(size=(2, 150))
        second = rho * first + np.sqrt(1 - rho**2) * noise
        interval = polarity.spearman_interval(first, second)
        assert interval is not None
        assert interval.spearman == pytest.approx(spearmanr(first, second).statistic)
        inside += interval.low <= truth <= interval.high
    assert inside / 400 == pytest.approx(0.95, abs=0.03)
