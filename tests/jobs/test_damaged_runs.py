"""evaluate and score name the file of a run that was changed by hand or cut off, and end with exit code 2."""

import io
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from common import storage
from common.mistakes import Mistakes
from common.run_folder import RunFolder
from jobs import evaluate, score
from models.saved_model import weights_sha256
from pairs.prepared import PreparedPairs
from reporting.verdict import show
from tests.jobs.cases import mutated, mutations, prepare_invoices

FIGURE = {"value": 0.9, "low": 0.8, "high": 1.0}
VERDICT = {
    "reason": "it is better",
    "chosen": "best",
    "gain": True,
    "leaks": ["a leak"],
    "yardsticks": {"beaten": False, "reason": "not better", "seconds": {"words": 0.1}, "unavailable": {"svm": "why"}},
    "seeds": {"best": [0.9, 0.8]},
    "unmet": None,
    "calibration": {
        "method": "logistic",
        "prevalence": 0.2,
        "quality": {
            "test": {
                "brier": 0.1,
                "constant_brier": 0.2,
                "log_loss": 0.1,
                "constant_log_loss": 0.2,
                "calibration_error": 0.1,
            }
        },
    },
    "threshold": {"value": 0.5, "rule": "F1", "dev": {"cosine_f1": FIGURE}, "test": {"cosine_f1": FIGURE}},
    "splits": {
        split: {
            "pairs": 10,
            "groups": 5,
            "metric": "cosine_ap",
            "models": {"base": FIGURE, "best": FIGURE},
            "scores": {"base": {"cosine_ap": 0.9}, "best": {"cosine_ap": 0.9}},
            "differences": {"base": FIGURE},
            "confusion": {"categories": ["a", "b"], "counts": [[1, 0], [0, 1]]},
            "yardsticks": {
                "words": {
                    "value": FIGURE,
                    "scores": {"cosine_ap": 0.9},
                    "differences": {"base": FIGURE, "best": FIGURE},
                }
            },
        }
        for split in ("dev", "test")
    },
}
ANY: tuple[Any, ...] = (None, -1, "x", [1], {"a": 1})


@pytest.fixture
def run(tiny_model: str, tmp_path: Path) -> Path:
    """Make a finished run of the invoices task, with all files that evaluate and score read."""
    data = prepare_invoices(tmp_path / "data", train=40, dev=20)
    shutil.copy(f"{data}/dev.parquet", f"{data}/test.parquet")
    manifest = json.loads(Path(data, "manifest.json").read_text())
    manifest["files"]["test.parquet"] = manifest["files"]["dev.parquet"]
    Path(data, "manifest.json").write_text(json.dumps(manifest))
    fingerprint, weights = PreparedPairs.open(data).fingerprint, weights_sha256(tiny_model)
    folder = RunFolder.claim(str(tmp_path / "run"))
    settings = {"task": "invoices", "data": data, "base_model": tiny_model, "max_length": 64}
    folder.write_json("settings.json", settings)
    folder.write_json("data.json", {"fingerprint": fingerprint})
    folder.write_json("verdict.json", {**VERDICT, "fingerprint": fingerprint, "weights": weights})
    kept = {"scores": {"cosine_ap": 0.9, "cosine_f1": None}, "at": "2026-01-01"}
    folder.write_json("evaluations.json", {f"test/{fingerprint}/{weights}": kept})
    folder.put_folder(tiny_model, "best")
    folder.write_json("best/threshold.json", {"value": 0.5})
    (tmp_path / "pairs.csv").write_text("a,b\none,two\n")
    (tmp_path / "names.txt").write_text("one\ntwo\n")
    return tmp_path / "run"


def evaluated(run: Path) -> Any:
    return CliRunner().invoke(evaluate.app, [str(run), "--split", "test", "--base"])


def scored(run: Path) -> Any:
    words = [str(run.parent / "pairs.csv"), "--columns", "a", "--out", str(run.parent / "out")]
    return CliRunner().invoke(score.app, [str(run), *words])


@pytest.fixture
def without_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbid loading a model, since a damaged run is found without one."""
    monkeypatch.setattr("workflows.evaluate.score_model", lambda *_, **__: {"cosine_ap": 0.5})
    monkeypatch.setattr("workflows.score.score_run", lambda *_, **__: pytest.fail("scored"))


@pytest.mark.parametrize(
    ("name", "job"),
    [
        ("settings.json", evaluated),
        ("settings.json", scored),
        ("data.json", evaluated),
        ("evaluations.json", evaluated),
        ("best/threshold.json", scored),
    ],
)
def test_no_value_in_a_file_of_a_run_ends_in_a_traceback(
    run: Path, name: str, job: Callable[[Path], Any], without_models: None
) -> None:
    good = json.loads((run / name).read_text())
    changes = [(path, new) for path in mutations(good) for new in (*ANY, ...) if path or new is not ...]
    for path, new in changes:
        (run / name).write_text(json.dumps(mutated(good, path, new)))
        done = job(run)
        assert done.exit_code in (0, 2), (path, new, done.exception)
        assert done.exit_code == 0 or "error: " in done.stderr


def test_no_value_of_a_verdict_ends_in_a_traceback() -> None:
    shown = Console(file=io.StringIO())
    for path in mutations(VERDICT):
        news: tuple[Any, ...] = (None, "x", [1]) if path else ({},)
        for new in news:
            with suppress(Mistakes), storage.reading("verdict.json", "delete it"):
                show(mutated(VERDICT, path, new), shown)


@pytest.mark.parametrize("content", ["", "{", "\xff", "[]", "null", "3"])
@pytest.mark.parametrize("name", ["settings.json", "data.json", "verdict.json", "evaluations.json"])
def test_a_file_that_is_no_object_is_named(run: Path, name: str, content: str, without_models: None) -> None:
    (run / name).write_bytes(content.encode("latin-1"))
    done = evaluated(run)
    assert done.exit_code == 2, done.exception
    assert f"file: {run}/{name} is" in done.stderr


@pytest.mark.parametrize("value", ["null", '"0.5"', "NaN", "Infinity", "true", "[]"])
def test_a_threshold_that_is_no_number_is_named(run: Path, value: str, tmp_path: Path) -> None:
    (run / "best" / "threshold.json").write_text(f'{{"value": {value}}}')
    words = [f"{tmp_path}/pairs.csv", "--columns", "a,b", "--out", f"{tmp_path}/out"]
    for done in (
        CliRunner().invoke(score.app, [str(run), *words]),
        CliRunner().invoke(evaluate.app, [str(run)]),
    ):
        assert done.exit_code == 2, done.exception
        assert "threshold.json is damaged: value is" in done.stderr
        assert "allowed: a finite number" in done.stderr


def test_a_run_that_is_whole_is_judged(run: Path, without_models: None) -> None:
    done = evaluated(run)
    assert done.exit_code == 0, done.output
    assert "verdict: it is better" in done.stdout


def test_candidates_that_are_no_utf8_are_named(run: Path, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_bytes("café\n".encode("latin-1"))
    words = [f"{tmp_path}/pairs.csv", "--columns", "a", "--out", f"{tmp_path}/out"]
    done = CliRunner().invoke(score.app, [str(run), *words, "--candidates", f"{tmp_path}/names.txt"])
    assert done.exit_code == 2, done.exception
    assert f"candidates: {tmp_path}/names.txt cannot be read: line 1: byte 0xe9 is no UTF-8" in done.stderr
    assert "allowed: UTF-8" in done.stderr
