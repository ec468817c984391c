"""Test the loader: fp32 whatever dtype the files have, and a reason where loading fails."""

import json
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, StaticEmbedding
from tokenizers import Tokenizer

from audit.base_model import LazyBaseModel
from common.mistakes import Mistakes
from models import loading
from models.base_model import load_model, resolve_base_model
from models.loading import check_loads, load_folder
from tokens.reading import NO_PROMPTS
from workflows.preflight import lazy_base_model
from workflows.score_model import score_model


def of_dtype(folder: str, out: Path, dtype: torch.dtype) -> str:
    """Save the same model with a Dense module, in that dtype."""
    torch.manual_seed(0)
    model = SentenceTransformer(folder, device="cpu")
    model.append(Dense(32, 16))
    model.to(dtype).save_pretrained(str(out), create_model_card=False)
    return str(out)


def dtypes(model: SentenceTransformer) -> set[torch.dtype]:
    return {weights.dtype for weights in model.parameters()}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_dtype_is_loaded_in_fp32_and_saved_so(tiny_model: str, tmp_path: Path, dtype: torch.dtype) -> None:
    folder = of_dtype(tiny_model, tmp_path / "other", dtype)
    assert json.loads(Path(folder, "config.json").read_text())["dtype"] == str(dtype).removeprefix("torch.")
    model = load_model(resolve_base_model(folder).files(), None, "cpu")
    assert dtypes(model) == dtypes(load_folder(folder, device="cpu")) == {torch.float32}
    model.save_pretrained(str(tmp_path / "saved"), create_model_card=False)
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["dtype"] == "float32"
    assert dtypes(SentenceTransformer(str(tmp_path / "saved"), device="cpu")) == {torch.float32}


def test_the_library_does_not_say_that_a_default_prompt_applies(
    tiny_model: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    file = folder / "config_sentence_transformers.json"
    prompts = {"prompts": {"only here": "q: "}, "default_prompt_name": "only here"}
    file.write_text(json.dumps(json.loads(file.read_text()) | prompts))
    assert load_folder(str(folder), device="cpu").default_prompt_name == "only here"
    assert "only here" not in caplog.text


def test_a_model_without_a_transformer_is_scored_in_fp32_too(tiny_model: str, tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_file(f"{tiny_model}/tokenizer.json")
    words = StaticEmbedding(tokenizer, embedding_dim=8)
    SentenceTransformer(modules=[words], device="cpu").half().save_pretrained(str(tmp_path), create_model_card=False)
    assert dtypes(SentenceTransformer(str(tmp_path), device="cpu")) == {torch.float16}
    assert dtypes(load_folder(str(tmp_path), device="cpu")) == {torch.float32}


@pytest.mark.parametrize("name", ["torch_dtype", "dtype"])
def test_a_dtype_in_the_modules_own_arguments_changes_nothing(tiny_model: str, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    config = folder / "sentence_bert_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "model_args": {name: "float16"}}))
    assert dtypes(load_folder(str(folder), device="cpu")) == {torch.float32}


def loaded_by_audit(folder: str) -> LazyBaseModel:
    plan: Any = SimpleNamespace(max_length=64, prompts=NO_PROMPTS)
    return lazy_base_model(plan, resolve_base_model(folder), lambda *_: None)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_audit_and_a_score_see_the_weights_in_fp32(tiny_model: str, tmp_path: Path, dtype: torch.dtype) -> None:
    folder = of_dtype(tiny_model, tmp_path / "other", dtype)
    texts = ["a red door", "the board meets"]
    wanted = load_folder(folder, device="cpu").encode(texts).astype(np.float64)
    cosine = wanted[0] @ wanted[1] / np.linalg.norm(wanted[0]) / np.linalg.norm(wanted[1])
    (audited,) = loaded_by_audit(folder).cosines(texts[:1], texts[1:])
    assert audited == pytest.approx(cosine, abs=1e-6)
    vectors: list[Any] = []

    class EvaluationJob:
        def evaluate(self, embed: Any, candidates: Any) -> Any:
            vectors.append(embed(texts))
            raise KeyError

    with pytest.raises(KeyError):
        score_model(folder, EvaluationJob(), lambda *_: None)  # type: ignore[arg-type]
    assert vectors[0] == pytest.approx(wanted, abs=1e-6)


@pytest.fixture
def unknown(tiny_model: str, tmp_path: Path) -> str:
    """Make a model of an architecture that transformers does not know, which only loading reveals."""
    folder = shutil.copytree(tiny_model, tmp_path / "unknown")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "brand-new"}))
    return str(folder)


def test_what_only_loading_shows_is_a_mistake_with_its_reason(unknown: str) -> None:
    for load in (lambda: check_loads(unknown), lambda: loaded_by_audit(unknown).cosines(["a"], ["b"])):
        with pytest.raises(Mistakes, match="base-model: '.*unknown' cannot be loaded: ValueError: .*brand-new"):
            load()


def test_a_model_is_tried_once_per_process(tiny_model: str, unknown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def load(folder: str, **_: Any) -> Any:
        tried.append(folder)
        return load_folder(folder, device="cpu")

    monkeypatch.setattr(loading, "load_folder", load)
    monkeypatch.setattr(loading, "_TRIED", {})
    thread = threading.Thread(target=check_loads, args=(tiny_model,))
    thread.start()
    check_loads(tiny_model)
    thread.join()
    for _ in range(2):
        with pytest.raises(Mistakes, match="brand-new"):
            check_loads(unknown)
    assert tried == [tiny_model, unknown]


def test_a_model_that_the_audit_has_loaded_is_not_loaded_again(
    tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_TRIED", {})
    loaded_by_audit(tiny_model).cosines(["a red door"], ["the board"])
    again: list[str] = []
    monkeypatch.setattr(loading, "load_folder", lambda folder, **_: again.append(folder))
    check_loads(tiny_model)
    assert again == []
