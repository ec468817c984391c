"""Test the audit as a whole: order, examples, sample, cache."""

import random
from pathlib import Path

import pytest

from audit import cache
from audit.cache import cached_audit
from audit.finding import CODES, Finding
from audit.run import Audit, audit
from audit.scan import scan
from files.batches import ROWS_AT_ONCE
from tests.audit.cases import FixedModel, plan, rows
from tests.house import ROOT


def silent(split: str, count: int, fraction: float) -> None:
    """Ignore progress."""


def test_errors_come_first_and_every_finding_says_what_to_do(tmp_path: Path) -> None:
    train = rows(30, [0.0, 1.0]) + rows(30, [0.0, 1.0]) + [{"sentence1": "", "sentence2": "b", "label": 1.0}]
    values = audit(plan(tmp_path, {"train": train}, "contrastive"), silent, None).to_dict()
    assert values["rows"] == 61
    assert [finding["code"] for finding in values["findings"]] == ["empty_text", "duplicate_pairs"]
    for finding in values["findings"]:
        assert list(finding)[:6] == ["code", "severity", "count", "share", "statistic", "examples"]
        assert finding["advice"]


def test_every_code_is_explained_in_the_docs() -> None:
    text = (ROOT / "docs" / "reference" / "audit.md").read_text()
    assert [code for code in CODES if f"`{code}`" not in text] == []


def test_examples_are_read_from_wherever_they_stand(tmp_path: Path) -> None:
    train = rows(3 * ROWS_AT_ONCE, [0.0, 1.0])
    train[2 * ROWS_AT_ONCE + 5]["sentence2"] = ""
    (finding,) = audit(plan(tmp_path, {"train": train}, "contrastive"), silent, None).findings
    assert finding.examples[0]["row"] == 2 * ROWS_AT_ONCE + 6
    assert finding.examples[0]["sentence1"] == f"the {2 * ROWS_AT_ONCE + 5} first"


def test_the_sample_is_drawn_from_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.scan.SHORTCUT_PAIRS", 200)
    audited = plan(tmp_path, {"train": rows(20_000, [0.0, 1.0])}, "contrastive")
    drawn = scan("train", audited.tables["train"], silent).sample
    assert len(set(drawn.rows)) == 200
    assert sum(row < 10_000 for row in drawn.rows) == pytest.approx(100, abs=30)
    assert drawn.rows != sorted(drawn.rows)
    assert all(first == f"the {row} first" for first, row in zip(drawn.first, drawn.rows, strict=True))


def test_progress_is_reported_after_each_batch(tmp_path: Path) -> None:
    calls: list[tuple[str, int, float]] = []
    audited = plan(tmp_path, {"train": rows(2 * ROWS_AT_ONCE, [0.0, 1.0])}, "contrastive")
    audit(audited, lambda *progress: calls.append(progress), None)
    assert [count for _, count, _ in calls] == [ROWS_AT_ONCE, 2 * ROWS_AT_ONCE]
    assert calls[-1] == ("train", 2 * ROWS_AT_ONCE, 1.0)


def test_the_same_contents_are_audited_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    calls: list[int] = []

    def make() -> Audit:
        calls.append(1)
        return Audit(rows=9, findings=(Finding(code="shortcut", severity="warning", count=len(calls), share=0.5),))

    def call(**changes: object) -> int:
        return cached_audit(plan(tmp_path, {"train": train}, "contrastive", **changes), None, make).findings[0].count

    train = rows(9, [0.0, 1.0])
    assert [call(), call()] == [1, 1]
    assert call(global_batch_size=2) == 2
    train[3]["sentence1"] = "another"
    assert call() == 3
    (tmp_path / "changed.py").write_text("THRESHOLD = 2")
    monkeypatch.setattr(cache, "CODE", (*cache.CODE, tmp_path))  # the checks have changed
    assert call() == 4
    monkeypatch.setattr(cache, "_folder", lambda: Path("/proc/nowhere"))  # nothing can be written there
    assert call() == 5


def test_a_large_random_table_has_no_finding(tmp_path: Path) -> None:
    draw = random.Random(0)
    words = [f"w{number}" for number in range(500)]
    train = [
        {
            "sentence1": " ".join(draw.choices(words, k=6)),
            "sentence2": " ".join(draw.choices(words, k=6)),
            "label": draw.choice([0.0, 0.5, 1.0]),
        }
        for _ in range(3_000)
    ]
    model = FixedModel(lambda first, second: len(set(first) & set(second)))
    assert audit(plan(tmp_path, {"train": train}, "cosine"), silent, model).findings == ()


def test_the_training_split_is_audited_as_the_loss_reads_it(tmp_path: Path) -> None:
    train = rows(30, [1.0, 0.0, 0.0])
    train[5]["sentence2"] = train[6]["sentence1"] = ""
    splits = {"train": train, "dev": rows(40, [1.0, 0.0])}
    audits = {loss: audit(plan(tmp_path, splits, loss, apart=()), silent, None) for loss in ("ranking", "contrastive")}
    assert {loss: found.rows for loss, found in audits.items()} == {"ranking": 10 + 40, "contrastive": 30 + 40}
    (empty,) = (each for each in audits["ranking"].findings if each.code == "empty_text")
    assert [example["row"] for example in empty.examples] == [7]
    assert "label" not in empty.examples[0]


def test_given_negatives_are_audited_as_pairs_if_the_loss_has_labels(tmp_path: Path) -> None:
    train = [{**row, "negatives": [f"other {n}"]} for n, row in enumerate(rows(30))]
    train[3]["negatives"] = [train[3]["sentence2"]]
    audits = {loss: audit(plan(tmp_path, {"train": train}, loss), silent, None) for loss in ("ranking", "contrastive")}
    assert {loss: found.rows for loss, found in audits.items()} == {"ranking": 30, "contrastive": 60}
    codes = {loss: [each.code for each in found.findings] for loss, found in audits.items()}
    assert codes == {"ranking": [], "contrastive": ["contradictory_labels"]}
    examples = audits["contrastive"].findings[0].examples
    assert [(example["row"], example["label"]) for example in examples] == [(4, 1.0), (4, 0.0)]
