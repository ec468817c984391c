"""A dry run says what a training or a search would do: rows, steps, budget, and the settings or their space."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pairs import prepared
from tests.trainers.cases import rows
from workflows.dry_run import describe, described, tried_whole
from workflows.request import Request
from workflows.request_checks import check_request


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with 70 prepared training pairs and 24 of dev in data/."""
    tables = {"train": rows(70, "contrastive"), "dev": rows(24, "contrastive", seed=1)}
    manifest = {"task": "invoices", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "binary"}}
    prepared.write(str(tmp_path / "data"), tables, manifest)
    return tmp_path


def request(folder: Path, model: str, *overrides: str, single: bool = False, **options: Any) -> Request:
    given = {
        "task": "invoices",
        "data": str(folder / "data"),
        "run": str(folder / "run"),
        "base_model": model,
        "set": overrides,
        "accept": ["too_small", "split_leak"],
        **options,
    }
    return check_request(given, dry_run=True, quiet=True, single=single)


def changed(request: Request, **options: Any) -> Request:
    return replace(request, options=request.options.model_copy(update=options))


def line(lines: list[str], start: str) -> str:
    (found,) = [line for line in lines if line.startswith(start)]
    return found


def test_a_training_is_described_by_its_steps_and_the_origin_of_each_setting(folder: Path, tiny_model: str) -> None:
    training = request(folder, tiny_model, "global_batch_size=16", "epochs=3", single=True, workers=2)
    lines = describe(training, single=True)
    assert line(lines, "steps: ").startswith("steps: 3 epochs x 4 steps of 16 pairs = 12; 6 pairs are left out")
    assert line(lines, "pairs: ").startswith(f"pairs: 70 train, 24 dev, in {folder}/data, fingerprint ")
    assert line(lines, "workers: ") == "workers: 2 x 1 CPUs for each training, seed 42"
    assert line(lines, "  epochs: ") == "  epochs: 3 (given with --set)"
    margin = training.task.baseline["margin"]
    assert line(lines, "  margin: ") == f"  margin: {margin.value:g} ({margin.origin})"
    assert not [line for line in lines if line.startswith(("space:", "trials:"))]


def test_a_search_is_described_by_its_budget_and_its_space(folder: Path, tiny_model: str) -> None:
    search = request(folder, tiny_model, "margin=0.4:0.6", "epochs=1,2", trials=7, minutes=2.5, concurrent=3)
    lines = describe(search)
    assert line(lines, "trials: ").startswith(
        "trials: 7, at most 2.5 minutes, 3 at a time, the baseline settings first"
    )
    assert line(lines, "trials: ").endswith("weak ones stopped early")
    space = lines[lines.index("space:") :]
    fixed = line(space, "  fixed: ").removeprefix("  fixed: ").split(", ")
    named = {each.partition(":")[0].strip() for each in space} | {each.partition(" ")[0] for each in fixed}
    assert set(search.space) <= named
    assert "directions one" in fixed
    assert line(lines, "  epochs: ") == "  epochs: 1, 2"
    assert "settings:" not in lines


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scheduler": "fifo"}, "none stopped early"),
        ({"minutes": None, "concurrent": None}, "as many at a time as fit the cluster"),
    ],
)
def test_a_search_without_limits_says_so(folder: Path, tiny_model: str, options: dict[str, Any], words: str) -> None:
    search = request(folder, tiny_model, trials=7, minutes=2.5, concurrent=3)
    assert words not in line(describe(search), "trials: ")
    assert words in line(describe(changed(search, **options)), "trials: ")


def test_a_gpu_is_named(folder: Path, tiny_model: str) -> None:
    training = request(folder, tiny_model, single=True)
    assert "GPU" not in line(describe(training), "workers: ")
    assert "1 x 1 CPUs and 1 GPU for" in line(describe(changed(training, gpu=True)), "workers: ")


def test_a_space_without_more_settings_than_trials_is_tried_whole(folder: Path, tiny_model: str) -> None:
    fixed = ("learning_rate=2e-5", "global_batch_size=8", "warmup_ratio=0.1", "epochs=1", "loss=contrastive")
    search = request(folder, tiny_model, "margin=0.4,0.5,0.6", *fixed, trials=9)
    assert tried_whole(search) == ["3 trials: the space has no more settings, and each is tried once"]
    assert tried_whole(search)[0] in describe(search)
    assert tried_whole(changed(search, trials=2)) == []
    single = request(folder, tiny_model, "margin=0.5", *fixed, trials=9)
    assert tried_whole(single)[0].startswith("one trial: every setting is fixed")


def test_its_json_holds_the_request_the_pairs_the_steps_and_the_audit(folder: Path, tiny_model: str) -> None:
    training = request(folder, tiny_model, "global_batch_size=16", "epochs=3", single=True)
    values = json.loads(json.dumps(described(training)))
    assert values["dry_run"] is True
    assert (values["steps"], values["left_out_per_epoch"]) == (12, 6)
    assert values["pairs"] == {"train": 70, "dev": 24}
    assert values["fingerprint"] == training.pairs.fingerprint
    assert values["baseline"]["epochs"] == 3
    assert "too_small" in [finding["code"] for finding in values["audit"]["findings"]]
    assert not (folder / "run").exists()


@pytest.mark.parametrize(("purpose", "said"), [("precision=0.98", True), ("precision=0.5", False), ("recall=1", False)])
def test_a_precision_that_dev_cannot_make_sure_is_said_before_anything_is_trained(
    folder: Path, tiny_model: str, purpose: str, said: bool
) -> None:
    lines = describe(request(folder, tiny_model, threshold=purpose))
    warnings = [line for line in lines if line.startswith("warning: threshold: ")]
    assert bool(warnings) == said
    assert not said or "it takes 183 faultless groups, and dev has" in warnings[0]
