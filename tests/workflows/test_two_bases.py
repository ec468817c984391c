"""A search among two base models with a short budget leaves files that name the exported one's, and lowered epochs."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import SentenceTransformer
from typer.testing import CliRunner

from jobs import evaluate, tune
from pairs import prepared
from reporting.run import Run
from tests.trainers.cases import rows

pytestmark = pytest.mark.usefixtures("ray_cluster")


@pytest.fixture
def data(tmp_path: Path) -> str:
    folder = str(tmp_path / "data")
    tables = {split: rows(24, "contrastive", seed=seed) for seed, split in enumerate(prepared.SPLITS)}
    manifest = {"task": "invoices", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "binary"}}
    prepared.write(folder, tables, manifest)
    return folder


def guard_set(folder: Path) -> str:
    pairs = rows(40, "cosine", seed=5).select(["sentence1", "sentence2", "label"]).to_pylist()
    text = "a,b,score\n" + "\n".join(",".join(map(str, pair.values())) for pair in pairs)
    (folder / "guard.csv").write_text(text)
    return f"{folder}/guard.csv:a,b,score"


def spoken(result: Any) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    (printed,) = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
    return printed  # type: ignore[no-any-return]


def test_the_run_is_about_the_base_model_that_was_chosen_and_has_the_epochs_that_fit(
    data: str, tiny_model: str, other_tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No training of so few pairs takes a third of two minutes."""
    monkeypatch.setattr("workflows.budget.LARGEST_PART", 1e-6)
    run = tmp_path / "run"
    options = ["--data", data, "--run", str(run), "--base-model", f"{tiny_model},{other_tiny_model}", "--trials", "2"]
    options += ["--set", "loss=contrastive", "--set", "learning_rate=1e-6", "--set", "margin=0.5"]
    options += ["--minutes", "2", "--folds", "0"]
    options += ["--set", "global_batch_size=8", "--concurrent", "1", "--keep", guard_set(tmp_path)]
    options += ["--keep-loss", "0.9", "--export", "best"]
    printed = spoken(CliRunner().invoke(tune.app, ["invoices", *options, "--accept", "too_small", "--json"]))
    bases = [trial.settings["base_model"] for trial in Run.read(str(run)).trials]
    assert bases == [tiny_model, other_tiny_model]
    settings = json.loads((run / "settings.json").read_text())
    checks = [trial.guard for trial in Run.read(str(run)).trials]
    assert all(check and abs(check["difference"]["value"]) < 0.02 for check in checks)
    assert [each["base_model"] for each in settings["base_models"]] == bases
    assert [each["max_length"] for each in settings["base_models"]] == [256, 128]
    assert printed["base_model"] == other_tiny_model
    verdict = printed["verdict"]
    untrained = f"base {Path(other_tiny_model).name}"
    assert list(verdict["splits"]["test"]["models"])[:4] == ["base", untrained, "baseline", "best"]
    assert "soup" not in {each["name"] for each in verdict["refined"]}
    note = "contrastive: 1 of 4 epochs, so that a training takes no more than a third of 2 minutes"
    assert printed["notes"] == [note]
    assert [trial.settings["epochs"] for trial in Run.read(str(run)).trials] == [1.0, 1.0]
    assert 0 < printed["wall_s"] < printed["budget_s"]
    # A training with so low a rate is its base model: each trial was held against its own.
    guard = verdict["guard"]["models"]
    assert all(abs(guard[name]["difference"]["value"]) < 0.02 for name in ("baseline", "best"))
    dev = verdict["splits"]["dev"]
    assert dev["states"] == len(list((run / "predictions").iterdir())) + 5 + 1  # five mixtures, one untrained base
    assert dev["models"]["best"]["value"] == pytest.approx(dev["models"][untrained]["value"], abs=0.02)
    best = SentenceTransformer(str(run / "best"), device="cpu")
    assert (best.encode(["a red door"]).shape, best.max_seq_length) == ((1, 16), 128)
    card = (run / "best" / "README.md").read_text()
    assert f"**Base model:** {other_tiny_model}" in card
    assert note in card
    (command,) = re.findall(r"python -m jobs\.train .*", card)
    assert "--set epochs=1.0" in command
    words = shlex.split(command)
    assert words[words.index("--base-model") + 1] == other_tiny_model
    assert not [word for word in words if word.startswith("base_model=")]
    asked = spoken(CliRunner().invoke(evaluate.app, [str(run), "--split", "dev", "--base", "--json"]))
    assert asked["base_model"]["name"] == other_tiny_model
    assert asked["base_model"]["scores"]["cosine_ap"] == pytest.approx(dev["models"][untrained]["value"], abs=1e-6)
