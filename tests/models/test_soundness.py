"""Test that a model is refused if its weights, its vocabulary or its embeddings show that it is not whole."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer

from common.mistakes import Mistakes
from models.loading import check_loads
from models.soundness import reason, transformer_prefix, try_model, vocabulary
from workflows.score_model import score_model


@pytest.mark.parametrize("lost", ["all", "one layer"])
def test_weights_that_would_be_random_are_a_mistake(tiny_model: str, tmp_path: Path, lost: str) -> None:
    """The file was saved from a wrapped model, or belongs to a model of fewer layers."""
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    left = {f"module.{name}": tensor for name, tensor in weights.items()}
    if lost == "one layer":
        left = {name: tensor for name, tensor in weights.items() if "layer.1." not in name}
    save_file(left, folder / "model.safetensors", {"format": "pt"})
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
    with pytest.raises(Mistakes, match=f"has a tokenizer of {words + 100} tokens and embeddings for {words}"):
        check_loads(str(folder))


def test_a_tokenizer_that_lacks_most_words_is_a_mistake(tiny_model: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("<html>\n<title>404</title>\n</html>\n")
    with pytest.raises(Mistakes, match="has a tokenizer of [0-9]+ tokens and embeddings for [0-9]+; tokenizer and"):
        check_loads(str(folder))


def test_a_pooler_may_be_missing(tiny_model: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    assert [name for name in weights if "pooler" in name]
    left = {name: tensor for name, tensor in weights.items() if "pooler" not in name}
    save_file(left, folder / "model.safetensors", {"format": "pt"})
    check_loads(str(folder))


@pytest.mark.parametrize("value", [float("nan"), 0.0])
def test_weights_that_are_not_finite_or_zero_are_a_mistake(tiny_model: str, tmp_path: Path, value: float) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    with torch.no_grad():
        for weights in model.parameters():
            weights.fill_(value)
    model.save_pretrained(str(tmp_path / "nan"), create_model_card=False)
    with pytest.raises(Mistakes, match="gives embeddings that are not finite"):
        check_loads(str(tmp_path / "nan"))


@pytest.mark.parametrize(
    ("modules", "prefix"),
    [
        ([{"path": "0_Transformer"}], "0_Transformer/"),
        ([{"path": "0_Transformer/"}, {"path": "1_Pooling"}], "0_Transformer/"),
        ([{"path": ""}], ""),
        ([{}], ""),
        ([], ""),
        (None, ""),
    ],
)
def test_the_transformers_folder_is_the_first_modules(modules: Any, prefix: str) -> None:
    assert transformer_prefix(modules) == prefix


def test_a_librarys_error_is_said_in_one_line() -> None:
    assert reason(ValueError("first\n\n  second  \nthird")) == "ValueError: first second"
    assert len(reason(ValueError("x" * 1000))) == 400
    assert "other shapes" in reason(RuntimeError("you may pass ignore_mismatched_sizes=True"))


def test_a_model_that_fails_at_a_text_is_refused_with_the_reason(tiny_model: str) -> None:
    model: Any = SentenceTransformer(tiny_model, device="cpu")
    model[1].forward = lambda *_: 1 / 0
    with pytest.raises(Mistakes, match="^model: 'mine' cannot read a text: ZeroDivisionError: division by zero$"):
        try_model(model, tiny_model, "model", "mine")


def test_the_vocabulary_is_counted_without_added_tokens(tiny_model: str) -> None:
    model: Any = SentenceTransformer(tiny_model, device="cpu")
    tokens, rows = vocabulary(model)
    assert tokens == rows > 100
    model.tokenizer.add_tokens(["<image>"])
    assert vocabulary(model) == (tokens, rows)
