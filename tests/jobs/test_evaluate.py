"""jobs.evaluate on a tiny model: the pairs it finds, its output, and a test split that is scored once."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from common.run_folder import RunFolder
from jobs.evaluate import app
from pairs import prepared
from workflows import score_model as scoring

DECLARATION = {
    "name": "beer",
    "kind": "binary",
    "base_model": "",
    "max_length": {"value": 16, "origin": "ours"},
    "metric": "cosine_ap",
}
ROWS = [("red apple", "apple red", 1.0), ("blue bus", "old coffee", 0.0), ("new bed", "bed new", 1.0)]


def write_pairs(folder: Path, base_model: str, rows: list[tuple[str, str, float]] = ROWS, test: bool = True) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    table = pa.Table.from_arrays(
        [*columns[:2], pa.array(columns[2], pa.float32()), columns[0]], schema=prepared.schema(True)
    )
    tables = {name: table for name in ("train", "dev", "test") if test or name != "test"}
    declaration = DECLARATION | {"base_model": base_model}
    manifest = {"task": "beer", "fingerprint": prepared.fingerprint(tables), "declaration": declaration}
    prepared.write(str(folder), tables, manifest)


@pytest.fixture
def run(tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a finished run of task beer, and enter its project folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    write_pairs(tmp_path / "data" / "beer", tiny_model)
    pairs = prepared.PreparedPairs.open("data/beer")
    folder = RunFolder.claim("runs/beer")
    settings = {"task": "beer", "data": "data/beer", "base_model": tiny_model, "max_length": 5}
    folder.write_json("settings.json", settings | {"kind": "binary", "metric": "cosine_ap", "loss": "cosine"})
    folder.write_json("data.json", {"fingerprint": pairs.fingerprint, "manifest": pairs.manifest})
    folder.put_folder(tiny_model, "best")
    return "runs/beer"


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int | None]]:
    """Record every actual scoring as (folder, max_length)."""
    real, calls = scoring.score_model, list[tuple[str, int | None]]()

    def counting(folder: str, judge: Any, told: Any, *, max_length: int | None = None, **more: Any) -> dict[str, float]:
        calls.append((folder, max_length))
        return real(folder, judge, told, max_length=max_length, **more)

    monkeypatch.setattr("workflows.evaluate.score_model", counting)
    return calls


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def result(*arguments: str) -> dict[str, Any]:
    done = invoke(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_a_run_and_its_best_folder_find_their_pairs(run: str) -> None:
    of_run, of_best = result(run), result(f"{run}/best")
    assert of_run["scores"] == of_best["scores"]
    assert 0.0 < of_run["scores"]["cosine_ap"] <= 1.0
    assert (of_run["task"], of_run["split"], of_run["data"]) == ("beer", "dev", "data/beer")
    assert of_run["metric"] == "cosine_ap"
    assert of_run["notes"] == []


def test_it_says_the_prompts_that_are_stored_with_the_model(run: str) -> None:
    file = Path(run, "best", "config_sentence_transformers.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"prompts": {"query": "q: ", "document": "d: "}}))
    assert result(run)["notes"] == ["prompts: 'q: ' before each first text, 'd: ' before each second"]


def test_it_prints_a_small_table(run: str) -> None:
    done = invoke(run)
    assert done.exit_code == 0
    assert "runs/beer on dev of data/beer (3 pairs)" in done.output
    assert "cosine_ap" in done.output


def test_the_base_model_is_scored_at_the_length_of_the_run(run: str, tiny_model: str, scored: list[Any]) -> None:
    found = result(run, "--base")
    assert found["base_model"]["name"] == tiny_model
    assert set(found["base_model"]["scores"]) == {"cosine_ap", "cosine_roc_auc"}
    assert scored == [(str(Path(run).absolute() / "best"), None), (tiny_model, 5)]


def test_test_is_scored_once_and_then_looked_up(run: str, scored: list[Any]) -> None:
    first = result(run, "--split", "test")
    again = result(f"{run}/best", "--split", "test")
    assert len(scored) == 1
    assert first["scored_at"] is None
    assert again["scored_at"] is not None
    assert again["scores"] == first["scores"]
    assert "not again: the test split is scored once" in invoke(run, "--split", "test").output
    result(run)
    result(run)
    assert len(scored) == 3  # dev is scored as often as it is asked for


def test_other_pairs_or_weights_are_another_question(run: str, tmp_path: Path, scored: list[Any]) -> None:
    from tests.tiny_model import build_tiny_model

    result(run, "--split", "test")
    RunFolder(run).put_folder(build_tiny_model(str(tmp_path / "other"), seed=1), "best")
    assert result(run, "--split", "test")["scored_at"] is None
    write_pairs(tmp_path / "data" / "beer", "", ROWS[:2])
    changed = result(run, "--split", "test")
    assert changed["scored_at"] is None
    assert len(scored) == 3
    assert "prepared again" in changed["notes"][0]


def test_another_model_needs_to_be_told_its_pairs(run: str, tiny_model: str, tmp_path: Path) -> None:
    refused = invoke(tiny_model)
    assert refused.exit_code == 2
    assert "--task NAME or --data FOLDER is needed" in refused.stderr
    by_task, by_data = result(tiny_model, "--task", "beer"), result(tiny_model, "--data", "data/beer")
    assert by_task["scores"] == by_data["scores"]
    assert not (tmp_path / "evaluations.json").exists()


def test_test_of_another_model_is_not_kept(run: str, tiny_model: str, scored: list[Any]) -> None:
    for _ in range(2):
        assert result(tiny_model, "--task", "beer", "--split", "test")["scored_at"] is None
    assert len(scored) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs/beer", "--split", "final"], "split: 'final'"),
        (["runs/beer", "--data", "data/wine"], "data: data/wine does not exist"),
        (
            ["runs/beer", "--task", "wine", "--data", "data/beer"],
            "task: 'wine', but data/beer holds",
        ),
        (["runs/wine", "--task", "beer"], "model: 'runs/wine'"),
        (["data", "--task", "beer"], "model: 'data' has no modules.json"),
    ],
)
def test_a_mistake_ends_with_code_2_and_names_it(run: str, arguments: list[str], message: str) -> None:
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_without_a_model_or_pairs_without_test_are_refused(run: str, tmp_path: Path) -> None:
    write_pairs(tmp_path / "data" / "beer", "", test=False)
    assert "split: 'test' is not in data/beer" in invoke(run, "--split", "test").stderr
    shutil.rmtree(tmp_path / "runs" / "beer" / "best")
    assert "is a run without a best model" in invoke(run).stderr


def test_another_threshold_is_chosen_on_dev_and_shown_alone(run: str) -> None:
    before = sorted(path.name for path in Path(run).rglob("*"))
    done = result(run, "--threshold", "recall=0.5")
    assert done["threshold"]["purpose"] == "recall=0.5"
    assert done["scores"]["cosine_recall"] == done["threshold"]["dev"]["cosine_recall"]["value"] >= 0.5
    assert done["scores"]["cosine_ap"] == result(run)["scores"]["cosine_ap"]
    assert "threshold: cosine >= " in invoke(run, "--threshold", "recall=0.5").stdout
    assert "threshold" not in result(run)
    assert sorted(path.name for path in Path(run).rglob("*")) == before


def test_an_unmet_purpose_is_said_beside_the_scores(run: str) -> None:
    done = result(run, "--threshold", "precision=0.9")
    assert done["threshold"] is None
    assert "cosine_f1" not in done["scores"]
    assert f"warning: no threshold: {done['unmet']}" in invoke(run, "--threshold", "precision=0.9").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["precision=98"], "threshold: 'precision=98' is not allowed: input should be f1, precision=SHARE"),
        (["f1", "--split", "test"], "threshold: 'f1' with --split test; allowed: with --split dev, which chooses"),
    ],
)
def test_a_threshold_that_cannot_be_chosen_is_refused(run: str, words: list[str], said: str) -> None:
    done = invoke(run, "--threshold", *words)
    assert done.exit_code == 2
    assert said in done.stderr
