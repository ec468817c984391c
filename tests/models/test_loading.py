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
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, StaticEmbedding
from tokenizers import Tokenizer

from audit.base_model import LazyBaseModel
from common.mistakes import Mistakes
from models import loading
from models.base_model import load_model, resolve_base_model
from models.loading import check_loads, load_folder
from pairs.reading import NO_PROMPTS
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
    return {each.dtype for each in model.parameters()}


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


def asked_by_audit(folder: str) -> LazyBaseModel:
    plan: Any = SimpleNamespace(max_length=64, prompts=NO_PROMPTS)
    return lazy_base_model(plan, resolve_base_model(folder), lambda *_: None)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_audit_and_a_score_see_the_weights_in_fp32(tiny_model: str, tmp_path: Path, dtype: torch.dtype) -> None:
    folder = of_dtype(tiny_model, tmp_path / "other", dtype)
    texts = ["a red door", "the board meets"]
    wanted = load_folder(folder, device="cpu").encode(texts).astype(np.float64)
    cosine = wanted[0] @ wanted[1] / np.linalg.norm(wanted[0]) / np.linalg.norm(wanted[1])
    (found,) = asked_by_audit(folder).cosines(texts[:1], texts[1:])
    assert found == pytest.approx(cosine, abs=1e-6)
    judged: list[Any] = []

    class EvaluationJob:
        def evaluate(self, embed: Any) -> Any:
            judged.append(embed(texts))
            raise KeyError

    with pytest.raises(KeyError):
        score_model(folder, EvaluationJob(), lambda *_: None)  # type: ignore[arg-type]
    assert judged[0] == pytest.approx(wanted, abs=1e-6)


@pytest.fixture
def unknown(tiny_model: str, tmp_path: Path) -> str:
    """Make a model of an architecture that transformers does not know, which only loading reveals."""
    folder = shutil.copytree(tiny_model, tmp_path / "unknown")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "brand-new"}))
    return str(folder)


def test_what_only_loading_shows_is_a_mistake_with_its_reason(unknown: str) -> None:
    for load in (lambda: check_loads(unknown), lambda: asked_by_audit(unknown).cosines(["a"], ["b"])):
        with pytest.raises(Mistakes, match="base-model: '.*unknown' cannot be loaded: ValueError: .*brand-new"):
            load()


@pytest.mark.parametrize("lost", ["all", "one layer"])
def test_weights_that_would_be_random_are_a_mistake(tiny_model: str, tmp_path: Path, lost: str) -> None:
    """As where a file was saved from a wrapped model, or belongs to a model of fewer layers."""
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    kept = {f"module.{name}": each for name, each in weights.items()}
    if lost == "one layer":
        kept = {name: each for name, each in weights.items() if "layer.1." not in name}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(Mistakes, match="lacks [0-9]+ weights that its config.json asks for"):
        check_loads(str(folder))
    with pytest.raises(Mistakes, match="model: .* lacks"):
        score_model(str(folder), None, lambda *_: None)  # type: ignore[arg-type]


def test_weights_of_other_shapes_are_a_mistake(tiny_model: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 64}))
    with pytest.raises(Mistakes, match="cannot be loaded: its weights have other shapes than its config.json asks for"):
        check_loads(str(folder))


def test_a_tokenizer_of_another_model_is_a_mistake(tiny_model: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    words = len(vocabulary)
    vocabulary |= {f"more{number}": words + number for number in range(100)}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(Mistakes, match=f"has a tokenizer of {words + 100} words and word embeddings for {words}"):
        check_loads(str(folder))


def test_a_tokenizer_that_lacks_most_words_is_a_mistake(tiny_model: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("<html>\n<title>404</title>\n</html>\n")
    with pytest.raises(Mistakes, match="has a tokenizer of [0-9]+ words and word embeddings for [0-9]+; tokenizer and"):
        check_loads(str(folder))


def test_a_pooler_may_be_missing(tiny_model: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    assert [name for name in weights if "pooler" in name]
    kept = {name: each for name, each in weights.items() if "pooler" not in name}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    check_loads(str(folder))


@pytest.mark.parametrize("value", [float("nan"), 0.0])
def test_weights_that_are_not_finite_or_zero_are_a_mistake(tiny_model: str, tmp_path: Path, value: float) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    with torch.no_grad():
        for each in model.parameters():
            each.fill_(value)
    model.save_pretrained(str(tmp_path / "nan"), create_model_card=False)
    with pytest.raises(Mistakes, match="gives embeddings that are not finite"):
        check_loads(str(tmp_path / "nan"))


def test_a_model_is_tried_once_whoever_asks(tiny_model: str, unknown: str, monkeypatch: pytest.MonkeyPatch) -> None:
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
    asked_by_audit(tiny_model).cosines(["a red door"], ["the board"])
    monkeypatch.setattr(loading, "load_folder", lambda *_, **__: pytest.fail("loaded again"))
    check_loads(tiny_model)
