"""Test that an audit is cached under all that it depends on, readable by its owner alone."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import cache
from audit.cache import cached_audit
from audit.finding import Finding
from audit.plan import Plan, plan_of_files
from audit.run import Audit
from tests.house import ROOT
from tests.tiny_model import build_tiny_model
from workflows.preflight import audited

ROWS = [{"sentence1": f"red {n}", "sentence2": f"blue {n}", "label": float(n % 2)} for n in range(40)]
FOUND = Audit(rows=40, findings=(Finding(code="empty_text", severity="error", count=1, share=0.1),))


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "train.parquet")
    return plan_of_files({"train": str(tmp_path / "train.parquet")}, ())


def made_with(plan: Plan, base_model: str | None) -> bool:
    """Check whether the audit was made anew and not read from the cache."""
    calls: list[str] = []

    def make() -> Audit:
        calls.append("made")
        return FOUND

    assert cached_audit(plan, base_model, make) == FOUND
    return bool(calls)


def test_an_audit_is_made_once_for_the_same_weights_wherever_they_lie(plan: Plan) -> None:
    assert made_with(plan, "weights")
    assert not made_with(plan, "weights")
    assert not made_with(replace(plan, base_model="the same weights elsewhere"), "weights")
    assert made_with(plan, "other weights")
    assert made_with(plan, None)


def test_other_weights_in_the_same_folder_are_another_audit(plan: Plan, tmp_path: Path) -> None:
    plan = replace(plan, base_model=build_tiny_model(str(tmp_path / "model"), seed=0))
    cached = tmp_path / "cache" / "pairtune" / "audits"
    audited(plan, quiet=True)
    audited(plan, quiet=True)
    assert len(list(cached.iterdir())) == 1
    build_tiny_model(plan.base_model, seed=1)
    audited(plan, quiet=True)
    assert len(list(cached.iterdir())) == 2


@pytest.mark.parametrize("text", ["", '{"rows": 40', "[]", "null", '{"rows": 40, "findings": [{"code": 1}]}', "\udcff"])
def test_what_cannot_be_read_is_made_again(plan: Plan, tmp_path: Path, text: str) -> None:
    made_with(plan, None)
    (file,) = (tmp_path / "cache" / "pairtune" / "audits").iterdir()
    file.write_text(text, errors="surrogateescape")
    assert made_with(plan, None)
    assert not made_with(plan, None)


@pytest.mark.parametrize(
    "name",
    [
        "audit/checks/leaks.py",
        "pairs/clean.py",
        "pairs/splits/join.py",
        "common/hashes.py",
        "tokens/reading.py",
        "files/formats/lines.py",
        "tasks/common/values.py",
    ],
)
def test_an_audit_by_other_code_is_another(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folders = ("audit", "files", "pairs", "tokens", "common", "tasks/common")
    assert tuple(ROOT / folder for folder in folders) == cache.CODE
    for folder in folders:
        shutil.copytree(ROOT / folder, tmp_path / "code" / folder)
    monkeypatch.setattr(cache, "CODE", tuple(tmp_path / "code" / folder for folder in folders))
    assert made_with(plan, None)
    assert not made_with(plan, None)
    with (tmp_path / "code" / name).open("a") as file:
        file.write("# changed\n")
    assert made_with(plan, None)


def test_only_the_owner_reads_a_cached_audit(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "pairtune" / "audits"
    folder.mkdir(parents=True, mode=0o755)  # as earlier versions made it
    made_with(plan, None)
    (file,) = folder.iterdir()
    assert json.loads(file.read_text())["rows"] == 40
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
