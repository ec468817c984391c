"""Test manifests with any value changed: a job accepts or names it, and never ends in a traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs import audit, evaluate, prepare, tune
from models.base_model import ResolvedModel
from tests.jobs.cases import mutated, mutations

RUNNER = CliRunner()
ROWS = 40


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Prepare pairs of a file, whose task is read from the manifest alone."""
    lines = [f"question {n},answer {n},{n % 2}" for n in range(ROWS)]
    (tmp_path / "pairs.csv").write_text("\n".join(["question,answer,label", *lines]))
    done = RUNNER.invoke(prepare.app, [f"{tmp_path}/pairs.csv", "--data", f"{tmp_path}/data"])
    assert done.exit_code == 0, done.output
    return f"{tmp_path}/data"


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (audit, lambda data, model: [data, "--base-model", model]),
        (tune, lambda data, model: ["pairs", "--data", data, "--base-model", model, "--dry-run"]),
        (evaluate, lambda data, model: [model, "--data", data, "--base"]),
    ],
)
def test_no_value_in_a_manifest_ends_in_a_traceback(
    job: Any,
    words: Callable[[str, str], list[str]],
    data: str,
    tiny_model: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("workflows.evaluate.score_model", lambda *_, **__: {"cosine_ap": 0.5})
    found = ResolvedModel(name=tiny_model, folder=Path(tiny_model), line="")
    monkeypatch.setattr("models.base_model.resolve_base_model", lambda *_, **__: found)  # whose files would be hashed
    manifest = Path(data, "manifest.json")
    good = json.loads(manifest.read_text())
    good["declaration"]["max_length"] = {"value": 64, "origin": "ours"}
    read = [path for path in mutations(good) if len(path) in (1, 2) and path[0] not in ("table", "sources")]
    changes = [
        (path, new) for path in [*read, ("declaration", "max_length", "value")] for new in (None, -5, ["x"], ...)
    ]
    for path, new in changes:
        manifest.write_text(json.dumps(mutated(good, path, new)))
        done = RUNNER.invoke(job.app, words(data, tiny_model))
        assert done.exit_code in (0, 2), (path, new, done.exception)


@pytest.mark.parametrize("key", ["apart", "closed"])
@pytest.mark.parametrize("value", [["x"], [1], [None], 5])
def test_columns_that_no_pair_has_are_named(data: str, key: str, value: Any) -> None:
    manifest = Path(data, "manifest.json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), key: value}))
    for words in ([data], ["pairs", "--data", data]):
        done = RUNNER.invoke(audit.app, words)
        assert done.exit_code == 2, done.exception
        assert f"{manifest} is damaged" in done.stderr
