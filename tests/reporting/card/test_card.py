"""Test the library's model card, filled from plain facts, without network and training."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import ModelCard
from sentence_transformers import SentenceTransformer

from evaluation.calibration import Calibration
from reporting.card.card import write_card
from reporting.card.facts import TrainingFacts
from reporting.card.section import section_lines
from reporting.result import RunResult
from reporting.run import Run

RESULT = RunResult(
    task="invoices",
    run="runs/invoices",
    metric="cosine_ap",
    base=0.5,
    baseline=0.84,
    best=0.8712,
    best_epoch=2.0,
    baseline_epoch=4.0,
    best_settings={"learning_rate": 3e-5, "margin": 0.625, "epochs": 4.0},
    baseline_settings={"learning_rate": 2e-5, "margin": 0.5, "epochs": 4.0},
    model="runs/invoices/best",
    states={"completed": 2, "stopped": 3},
    wall_s=61.0,
    loss_notes=["Repeats are left out."],
    reproduce="python -m jobs.tune invoices --data data/invoices --seed 42",
    stopped="This training was ended after 2 of 4 epochs.",
)
RUN = Run(
    folder="runs/invoices",
    settings={
        "task": "invoices",
        "kind": "binary",
        "metric": "cosine_ap",
        "base_model": "sentence-transformers/all-MiniLM-L6-v2",
        "seed": 42,
        "space": {
            "learning_rate": {"low": 5e-6, "high": 8e-5, "log": True},
            "margin": {"low": 0.2, "high": 0.8, "log": False},
        },
    },
    data={"fingerprint": "f" * 64, "manifest": {}},
    environment={"versions": {"ray": "2.60.0"}},
    result=RESULT,
)
TRAINING = TrainingFacts(
    loss_class="sentence_transformers.sentence_transformer.losses.ContrastiveLoss",
    loss_parameters={"margin": 0.625},
    hyperparameters={"learning_rate": 3e-5, "global_batch_size": 16},
    log=[
        {"Epoch": 1.0, "Step": 27, "Training Loss": 0.0421, "cosine_ap": 0.81},
        {"Epoch": 2.0, "Step": 54, "Training Loss": 0.0312, "cosine_ap": 0.87},
    ],
    best_step=54,
    dev_metrics={"cosine_ap": 0.8712},
    train_size=43210,
    train_samples=[
        {"sentence1": "invoice 12 | of apple", "sentence2": "invoice 12 of apple", "label": 1.0},
        {"sentence1": "invoice 13", "sentence2": "paper", "label": 0.0},
    ],
)


def run_with(**result: Any) -> Run:
    return replace(RUN, result=replace(RESULT, **result))


@pytest.fixture
def folder(tiny_model: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "best"))


def loaded(folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def card(folder: Path, run: Run = RUN, training: TrainingFacts = TRAINING) -> str:
    write_card(str(folder), run, training, loaded(folder))
    return (folder / "README.md").read_text(encoding="utf8")


def test_notes_stand_beside_the_results(folder: Path) -> None:
    assert "- the baseline settings failed" in card(folder, run_with(notes=["the baseline settings failed"]))


def test_the_librarys_card_is_filled(folder: Path) -> None:
    text = card(folder)
    for part in (
        "finetuned from [sentence-transformers/all-MiniLM-L6-v2]",
        "ContrastiveLoss</code>](https://sbert.net",
        '"margin": 0.625',
        "@inproceedings{hadsell2006dimensionality",
        "* Size: 43,210 training samples",
        "<code>sentence1</code>, <code>sentence2</code>, and <code>label</code>",
        "- `learning_rate`: 3e-05",
        "### Training Logs",
        "* The bold row denotes the saved checkpoint.",
        "#### Binary Pairs",
        "* Dataset: `invoices-dev`",
        "Evaluated with <code>trainers.dev_evaluator.PairEvaluator</code>",
        "- Sentence Transformers: ",
        "tokens</li>",
    ):
        assert part in text, part
    logs = [line.split() for line in text.splitlines() if "0.0421" in line or "0.0312" in line]
    assert [line[1] for line in logs] == ["1.0", "**2.0**"]
    assert any("**cosine_ap**" in line and "**0.8712**" in line for line in text.splitlines())


def test_its_metadata_is_what_a_hub_reads(folder: Path) -> None:
    write_card(str(folder), RUN, TRAINING, loaded(folder))
    data = ModelCard.load(folder / "README.md").data
    assert data.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    assert data.library_name == "sentence-transformers"
    assert {"loss:ContrastiveLoss", "dataset_size:43210", "generated_from_trainer"} <= set(data.tags)
    (result,) = data.eval_results
    assert (result.metric_type, result.metric_value) == ("cosine_ap", 0.8712)


def test_our_section_stands_once_before_the_training_details(folder: Path) -> None:
    text = card(folder)
    assert card(folder) == text
    assert text.count("## How this model was made") == 1
    assert text.index("## Usage") < text.index("## How this model was made") < text.index("## Training Details")
    assert "\n".join(section_lines(RUN)) in text


def test_the_section_says_what_is_needed_to_make_it_again() -> None:
    text = "\n".join(section_lines(RUN))
    for part in (
        "**Task:** invoices, binary pairs",
        "`" + "f" * 64 + "`",
        "**Seed:** 42",
        "**Loss:** Repeats are left out.",
        "| base model | 0.5000 | |\n| baseline settings | 0.8400 | 4/4 |\n| this model | 0.8712 | 2/4 |",
        "ended after 2 of 4 epochs",
        "Trials: 2 completed, 3 stopped",
        "| setting | searched | baseline settings | the search's best |",
        "| learning_rate | 5e-06 to 8e-05, logarithmic | 2e-05 | 3e-05 |",
        "| margin | 0.2 to 0.8 | 0.5 | 0.625 |",
        "```bash\npython -m jobs.tune invoices --data data/invoices --seed 42\n```",
        "ray 2.60.0",
    ):
        assert part in text, part


def test_a_verdict_and_an_audit_stand_in_the_section() -> None:
    found = {"value": 0.84, "low": 0.7, "high": 0.9}
    split = {"models": {"base": {**found, "value": 0.5}, "baseline": found}, "differences": {}}
    verdict = {
        "chosen": "baseline",
        "gain": True,
        "reason": "better",
        "splits": {"dev": split, "test": split},
        "threshold": {"value": 0.750004, "rule": "highest F1", "dev": {"cosine_f1": found}},
    }
    finding = {"code": "shortcut", "severity": "warning", "count": 5, "share": 0.5, "statistic": {"rule": "a field"}}
    finding["effect"] = "it reads nothing"
    run = replace(
        run_with(kept="baseline", group_times={"group-1": {"training": 1234.4}}),
        settings={**RUN.settings, "pairs": {"train": 432, "dev": 144}},
        data={"fingerprint": "f", "manifest": {"split_rule": "by page"}},
        audit={"findings": [finding]},
        verdict=verdict,
    )
    text = "\n".join(section_lines(run))
    for part in (
        "**Splits:** 432 train, 144 dev",
        "**Split rule:** by page",
        "- **shortcut** (warning): 5 (50.0%); it reads nothing",
        "| cosine_ap (95 % interval) | dev | test |",
        "| baseline settings (this model) | 0.8400 (0.7000 to 0.9000) | 0.8400 (0.7000 to 0.9000) |",
        "- threshold: cosine >= 0.750004 (highest F1); on dev, where it was chosen: f1 0.8400 (0.7000 to 0.9000)",
        '.encode("another")).item()',
        "print(cosine >= 0.750004)  # highest F1",
        "jobs.score PATH/TO/THIS/FOLDER FILE",
        "1:01 of wall time, 1,234 core- or GPU-seconds",
    ):
        assert part in text, part


CALIBRATIONS: tuple[dict[str, Any], ...] = (
    {"method": "logistic", "prevalence": 0.2, "quality": {}, "slope": 12.5, "intercept": -8.0},
    {
        "method": "isotonic",
        "prevalence": 0.2,
        "quality": {},
        "cosines": [-1, 0.8, 1],
        "probabilities": [0.01, 0.4, 0.9],
    },
)


@pytest.mark.parametrize("calibration", CALIBRATIONS, ids=lambda calibration: calibration["method"])
def test_the_code_of_the_card_prints_cosine_decision_and_probability(
    calibration: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "calibration.json").write_text(json.dumps(calibration))
    figures = {"cosine_f1": {"value": 0.84, "low": 0.7, "high": 0.9}}
    threshold = {"value": 0.750004, "rule": "highest F1", "dev": figures}
    split: dict[str, Any] = {"models": {}, "differences": {}}
    verdict = {"chosen": "best", "gain": True, "reason": "better", "splits": {"dev": split}, "threshold": threshold}
    text = "\n".join(section_lines(replace(RUN, verdict={**verdict, "calibration": calibration})))
    code = text.partition("```python\n")[2].partition("```")[0]
    exec(code.replace("PATH/TO/THIS/FOLDER", str(folder)).replace('"one text"', '"another"'), {})
    cosine, decision, probability = capsys.readouterr().out.split()
    assert float(cosine) == pytest.approx(1.0)
    assert decision == "True"
    expected = Calibration.from_dict(calibration).of(np.array([1.0]))
    assert float(probability) == pytest.approx(expected[0], abs=1e-3)


@pytest.mark.parametrize(("prompts", "expected"), [(("", ""), 1.0), (("", "word "), None), (("word ", "word "), 1.0)])
def test_the_code_of_the_card_reads_with_the_models_prompts(
    prompts: tuple[str, str], expected: float | None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = loaded(folder)
    model.prompts = dict(zip(("query", "document"), prompts, strict=True))
    model.save_pretrained(str(folder), create_model_card=False)
    text = "\n".join(section_lines(replace(RUN, settings={**RUN.settings, "prompts": list(prompts)})))
    code = text.partition("```python\n")[2].partition("```")[0]
    exec(code.replace("PATH/TO/THIS/FOLDER", str(folder)).replace('"one text"', '"another"'), {})
    own = [model.encode(f"{prompt}another") for prompt in prompts]
    cosine = float(capsys.readouterr().out)
    assert cosine == pytest.approx(model.similarity(own[0], own[1]).item(), abs=1e-5)
    assert (cosine == pytest.approx(1.0)) is (expected is not None)


@pytest.mark.parametrize("local", [False, True])
def test_the_card_of_a_kept_base_model_claims_no_training(folder: Path, local: bool) -> None:
    run = run_with(kept="base")
    text = card(folder, replace(run, settings={**run.settings, "base_model": str(folder)}) if local else run)
    begin = (
        "model, the unchanged base model. It" if local else "model, the unchanged base model [sentence-transformers/"
    )
    assert begin in text
    for claim in ("finetuned", " model trained", "- invoices\n", "ContrastiveLoss", "training samples", "Logs"):
        assert claim not in text, claim
    tags = ModelCard.load(folder / "README.md").data.tags
    assert not [tag for tag in tags if tag.startswith(("generated", "loss:", "dataset_size"))]
    assert "- **This model:** the base model, unchanged" in text
    assert "| 0.2 to 0.8 | 0.5 | 0.625 |" in text
    assert "0.8712" in text


@pytest.mark.parametrize(("kept", "column"), [("baseline", "baseline settings"), ("best", "the search's best")])
def test_the_settings_of_the_kept_model_are_marked(kept: str, column: str) -> None:
    (header,) = [line for line in section_lines(run_with(kept=kept)) if line.startswith("| setting ")]
    assert [each.strip() for each in header.split("|") if "this model" in each] == [f"{column} (this model)"]


def test_a_single_run_shows_its_settings_once() -> None:
    assert "| margin | 0.2 to 0.8 | 0.5 |" in section_lines(run_with(best_settings=RESULT.baseline_settings))


def test_a_training_of_other_settings_has_no_column_of_the_baseline() -> None:
    assert "| margin | 0.2 to 0.8 | 0.625 |" in section_lines(run_with(baseline_settings={}, baseline_epoch=None))


def test_a_run_without_a_result_has_no_section() -> None:
    with pytest.raises(ValueError, match="has no result"):
        section_lines(replace(RUN, result=None))


def test_a_single_run_of_a_local_model_with_another_loss(folder: Path) -> None:
    training = TrainingFacts(
        loss_class="sentence_transformers.sentence_transformer.losses.MultipleNegativesRankingLoss",
        loss_parameters={"scale": 17.0},
        dev_metrics=TRAINING.dev_metrics,
        train_size=TRAINING.train_size,
        train_samples=[{"sentence1": "a job", "sentence2": "a skill"}],
    )
    settings = {**RUN.settings, "base_model": str(folder), "space": {}}
    text = card(folder, replace(RUN, settings=settings), training)
    assert "huggingface.co//" not in text
    assert f"**Base model:** {folder}" in text
    assert "MultipleNegativesRankingLoss</code>]" in text
    assert '"scale": 17.0' in text
    assert "<code>sentence1</code> and <code>sentence2</code>" in text
    assert "* Size: 43,210 training samples" in text
    assert "A search over" not in text


def test_the_model_still_loads_and_nothing_else_was_left(folder: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    write_card(str(folder), RUN, TRAINING, loaded(folder))
    assert {path.name for path in folder.iterdir()} == before | {"README.md"}
    assert SentenceTransformer(str(folder), device="cpu", local_files_only=True).encode("invoice").shape == (32,)
