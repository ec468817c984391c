"""A whole search and a whole single training on a tiny model leave the right files in the run folder."""

import contextlib
import io
import json
import os
import re
import shlex
import signal
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyarrow import fs
from sentence_transformers import SentenceTransformer
from typer.testing import CliRunner

from common import storage
from evaluation.evaluator import Evaluator
from jobs import evaluate, train, tune
from models.saved_model import weights_sha256
from pairs import prepared
from reporting.card.section import section_lines
from reporting.run import Run
from tests.trainers.cases import rows
from tests.workflows.blocked import Blocked
from workflows.score_model import score_model

pytestmark = pytest.mark.usefixtures("ray_cluster")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("runs") / "data")
    train = rows(64, "contrastive")
    tables = {
        "train": pa.concat_tables([train, train.slice(0, 16)]),
        "dev": rows(24, "contrastive", seed=1),
        "test": rows(30, "contrastive", seed=2),
    }
    manifest = {"task": "invoices", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "binary"}}
    prepared.write(folder, tables, manifest)
    return folder


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "trials.jsonl").read_text().splitlines()]


def with_prompts(model: str, folder: Path) -> str:
    """Copy the model with its own prompts; the first one is also its default."""
    copy = SentenceTransformer(model, device="cpu")
    copy.prompts, copy.default_prompt_name = {"query": "query: ", "passage": "word of a page: "}, "query"
    copy.save_pretrained(str(folder), create_model_card=False)
    return str(folder)


def test_a_search_leaves_a_run_that_explains_itself(data: str, tiny_model: str, tmp_path: Path) -> None:
    run, tiny_model = tmp_path / "run", with_prompts(tiny_model, tmp_path / "base")
    options = ["--data", data, "--run", str(run), "--base-model", tiny_model, "--trials", "4", "--concurrent", "2"]
    narrowed = ["--set", "loss=contrastive", "--set", "epochs=1,2", "--repeat-seeds", "1", "--export", "best"]
    narrowed += ["--folds", "3", "--refit", "dev"]
    result = CliRunner().invoke(tune.app, ["invoices", *options, *narrowed, "--json"])
    assert result.exit_code == 0, result.output
    (printed,) = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
    trials = lines(run)
    assert len(trials) == 4
    assert {trial["state"] for trial in trials} <= {"completed", "stopped"}
    assert printed["best"] == max(trial["value"] for trial in trials)
    assert printed["base"] is not None
    settings = json.loads((run / "settings.json").read_text())
    first = next(trial for trial in trials if trial["trial"] == "trial-01")
    assert first["settings"] == settings["baseline"]
    assert printed["baseline"] == first["value"]
    assert {trial["group"] for trial in trials} == {"group-1", "group-2"}
    for group, times in printed["group_times"].items():
        trained = sum(trial["train_s"] for trial in trials if trial["group"] == group)
        assert times["training"] >= trained > 0.0
        assert min(times.values()) > 0.0
    assert (run / "events").is_dir()
    assert not (run / "states").exists()
    card = (run / "best" / "README.md").read_text()
    for said in ("ContrastiveLoss", json.loads((run / "data.json").read_text())["fingerprint"][:12]):
        assert said in card
    audit = json.loads((run / "audit.json").read_text())
    assert {each["code"] for each in audit["findings"]} >= {"duplicate_pairs", "too_small"}
    assert "duplicate_pairs" in card
    verdict = json.loads((run / "verdict.json").read_text())
    assert printed["verdict"]["chosen"] == verdict["chosen"] == printed["kept"]
    dev = verdict["splits"]["dev"]
    assert dev["models"]["base"]["value"] == pytest.approx(printed["base"], abs=1e-6)
    assert dev["models"]["baseline"]["value"] == pytest.approx(printed["baseline"], abs=1e-6)
    judged = [file.name for file in (run / "predictions").iterdir()]
    tried = {each["name"]: len(each["tried"]) for each in verdict["refined"]}
    assert set(tried) == {"interpolated", "soup"}
    assert min(tried.values()) > 0
    # all judgements of all trials and of what was tried after them, and of no other seed
    assert len(judged) + sum(tried.values()) == dev["states"] > 2 * len(trials)
    assert not [name for name in judged if "seed" in name]
    assert {name: len(values) for name, values in verdict["seeds"].items()} == dict.fromkeys(
        [name for name in list(dev["models"])[1:] if name not in tried], 1
    )
    assert json.loads((run / "best" / "threshold.json").read_text())["value"] == verdict["threshold"]["value"]
    code = card.partition("### Scoring pairs\n\n```python\n")[2].partition("```")[0]
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        exec(code.replace("PATH/TO/THIS/FOLDER", str(run / "best")), {})
    cosine, decision, probability = shown.getvalue().split()
    assert decision == str(float(cosine) >= verdict["threshold"]["value"])
    assert 0 < float(probability) < 1
    asked = CliRunner().invoke(evaluate.app, [str(run), "--split", "test", "--base", "--json"])
    said = json.loads(asked.output.splitlines()[-1])
    assert said["verdict"]["splits"]["test"] == verdict["splits"]["test"]
    assert said["scores"] == verdict["splits"]["test"]["scores"][verdict["chosen"]]
    assert said["scores"]["cosine_f1"] == verdict["threshold"]["test"]["cosine_f1"]["value"]
    assert said["scored_at"] is not None
    assert said["base_model"]["scores"]["cosine_ap"] == verdict["splits"]["test"]["scores"]["base"]["cosine_ap"]
    best = SentenceTransformer(str(run / "best"), device="cpu")
    assert settings["prompts"] == [best.prompts["query"], best.prompts["document"]] == ["query: ", "word of a page: "]
    assert "before first texts" in card
    assert best.encode(["a red door"]).shape == (1, 32)
    assert not printed["notes"]
    assert {"base", "baseline"} <= set(verdict["folds"]["models"])
    assert verdict["folds"]["pairs"] == len(pq.read_table(f"{data}/train.parquet")) + dev["pairs"]
    assert verdict["refit"]["pairs"] == verdict["folds"]["pairs"]
    refit = str(run / "refit")
    threshold = json.loads(Path(refit, "threshold.json").read_text())
    assert threshold["value"] == verdict["refit"]["threshold"]["value"]
    asked = CliRunner().invoke(evaluate.app, [refit, "--split", "test", "--json"])
    assert json.loads(asked.output.splitlines()[-1])["scores"] == verdict["refit"]["test"]["scores"]["refit"]
    (command,) = re.findall(r"python -m jobs\.train .*", Path(refit, "README.md").read_text())
    assert "--refit" not in card
    again = CliRunner().invoke(train.app, shlex.split(command)[3:])
    assert again.exit_code == 0, again.output
    for model in ("best", "refit"):
        assert weights_sha256(str(tmp_path / "run-again" / model)) == weights_sha256(str(run / model))
    assert weights_sha256(refit) != weights_sha256(str(run / "best"))


def one_label_in_test(data: str, folder: Path) -> str:
    """Return the same pairs with a test split that cannot be evaluated."""
    tables = {split: pq.read_table(f"{data}/{split}.parquet") for split in prepared.SPLITS}
    tables["test"] = tables["test"].filter(pc.equal(tables["test"]["label"], 1.0))
    prepared.write(str(folder), tables, json.loads(Path(data, "manifest.json").read_text()))
    return str(folder)


def exported_value(run: Path, data: str) -> float:
    """Return the metric on dev of the weights on disk."""
    dev = Evaluator("binary", pq.read_table(Path(data) / "dev.parquet"))
    return score_model(str(run / "best"), dev, lambda done, total: None)["cosine_ap"]


def test_neither_failing_trials_nor_a_stop_nor_a_test_of_one_label_lose_the_search(
    data: str, tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second trial that does not fail never gets its state written; then comes Ctrl-C."""
    run, data = tmp_path / "run", one_label_in_test(data, tmp_path / "data")
    blocked = Blocked(str(run))
    monkeypatch.setattr("workflows.run.RunFolder", lambda path: blocked)

    def interrupt() -> None:
        blocked.told.read_text()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    options = ["--data", data, "--run", str(run), "--base-model", tiny_model, "--trials", "40", "--concurrent", "1"]
    narrowed = ["--set", "learning_rate=1e-5,1e27,1e28,1e29,1e30", "--set", "epochs=1", "--set", "loss=contrastive"]
    narrowed += ["--export", "best"]
    result = CliRunner().invoke(tune.app, ["invoices", *options, *narrowed, "--json"])
    assert result.exit_code == 0, result.output
    (printed,) = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
    first, *_, last = lines(run)
    assert (last["state"], last["value"]) == ("stopped", None)
    assert (printed["best_trial"], printed["best"], printed["kept"]) == ("trial-01", first["value"], "baseline")
    assert printed["best_steps"] == first["best_steps"]
    assert exported_value(run, data) == pytest.approx(first["value"], abs=1e-6)
    states = [trial["state"] for trial in lines(run)]
    failed = [trial for trial in lines(run) if trial["settings"]["learning_rate"] > 1]
    assert failed
    said = ("loss is", "not finite")
    assert all(trial["state"] == "failed" and any(word in trial["error"] for word in said) for trial in failed)
    assert "completed" in states
    assert (run / "best" / "modules.json").exists()
    verdict = json.loads((run / "verdict.json").read_text())
    assert list(verdict["splits"]) == ["dev"]
    assert verdict["threshold"]["test"] is None
    assert json.loads((run / "best" / "threshold.json").read_text())["value"] == verdict["threshold"]["value"]


def test_a_single_training_is_exported_at_its_best(data: str, tiny_model: str, tmp_path: Path) -> None:
    run, store = tmp_path / "run", f"fsspec+memory://KEYKEY:SEKRET@bucket{tmp_path}"
    files, folder = storage.locate(store)
    fs.copy_files(data, folder, destination_filesystem=files)
    half = SentenceTransformer(tiny_model, device="cpu").half()
    half.save_pretrained(str(tmp_path / "half"), create_model_card=False)
    model = str(tmp_path / "half")
    guard = tmp_path / "guard.csv"
    pairs = rows(40, "cosine", seed=5).select(["sentence1", "sentence2", "label"]).to_pylist()
    guard.write_text("a,b,score\n" + "\n".join(",".join(map(str, pair.values())) for pair in pairs))
    options = ["--data", store, "--run", str(run), "--base-model", model, "--workers", "2", "--distinct"]
    options += ["--keep", f"{guard}:a,b,score"]
    result = CliRunner().invoke(train.app, ["invoices", *options, "--set", "learning_rate=1e-3", "--json"])
    assert result.exit_code == 0, result.output
    left = [result.output.encode(), *(path.read_bytes() for path in run.rglob("*") if path.is_file())]
    assert len(left) > 10
    assert not [each for each in left if b"KEYKEY" in each or b"SEKRET" in each]
    (trial,) = lines(run)
    assert (trial["state"], trial["epoch"], trial["steps"]) == ("completed", 4.0, 32)
    found = json.loads((run / "result.json").read_text())
    assert found["best"] == trial["value"]
    assert found["base"] != found["best"]
    # Ranks that diverged would not agree.
    assert exported_value(run, data) == pytest.approx(found["best"], abs=1e-6)
    verdict = json.loads((run / "verdict.json").read_text())
    assert list(verdict["splits"]["dev"]["models"])[:2] == ["base", "best"]  # not the baseline's settings
    assert verdict["chosen"] == "best"  # what a single training made is kept, whatever dev says
    # A state is checked as the verdict checks it, on one worker of several.
    assert verdict["guard"]["models"]["best"]["holds"] == trial["guard"]["holds"]
    difference = verdict["guard"]["models"]["best"]["difference"]
    assert trial["guard"]["difference"]["low"] == pytest.approx(difference["low"], abs=1e-3)
    card = (run / "best" / "README.md").read_text()
    assert "64 distinct training pairs, weighted, for 80 rows" in card
    assert "\n".join(section_lines(Run.read(str(run)))) in card  # made again from what the run left
    assert "- **Weights:** float32" in card
    assert json.loads((run / "best" / "config.json").read_text())["dtype"] == "float32"
    assert "--distinct" in card
