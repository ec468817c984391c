"""Test the checks of a model's files: each kind of damage is named before loading, and sound files pass."""

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from common.mistakes import Mistakes
from jobs import audit, evaluate, score, train, tune
from models.base_model import load_model, resolve_base_model
from models.files import used
from pairs.reading import NO_PROMPTS
from tests.jobs.cases import prepare_invoices

SETTINGS = "config_sentence_transformers.json"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d" * 32 + "\nsize 90868376\n"


@pytest.fixture
def model(tiny_model: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def change_json(file: Path, change: Callable[[Any], Any]) -> None:
    file.write_text(json.dumps(change(json.loads(file.read_text()))))


def of_modules(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    return lambda model: change_json(model / "modules.json", change)


def of(file: str, **settings: Any) -> Callable[[Path], None]:
    return lambda model: change_json(model / file, lambda content: {**content, **settings})


def first(kind: str) -> Callable[[Path], None]:
    return of_modules(lambda modules: [{**modules[0], "type": f"sentence_transformers.models.{kind}"}, *modules[1:]])


def pointer(name: str) -> Callable[[Path], Any]:
    return lambda model: (model / name).write_text(POINTER)


def cut(name: str, size: int) -> Callable[[Path], None]:
    return lambda model: os.truncate(model / name, size)


def pickled(model: Path) -> None:
    torch.save(load_file(model / "model.safetensors"), model / "pytorch_model.bin")
    (model / "model.safetensors").unlink()


def cut_pickled(model: Path) -> None:
    pickled(model)
    os.truncate(model / "pytorch_model.bin", 5000)


def web_page(model: Path) -> None:
    pickled(model)
    (model / "pytorch_model.bin").write_text("<html>not found</html>")


def sharded(model: Path, form: str = "model-0000{}-of-00002.safetensors") -> None:
    """Split the weights into two files with an index."""
    weights = load_file(model / "model.safetensors")
    names = sorted(weights)
    parts = {form.format(1): names[: len(names) // 2], form.format(2): names[len(names) // 2 :]}
    for file, held in parts.items():
        own = {name: weights[name] for name in held}
        torch.save(own, model / file) if file.endswith(".bin") else save_file(own, model / file, {"format": "pt"})
    index = "pytorch_model.bin.index.json" if form.endswith(".bin") else "model.safetensors.index.json"
    total = {"total_size": sum(each.nbytes for each in weights.values())}
    where = {name: file for file, held in parts.items() for name in held}
    (model / index).write_text(json.dumps({"metadata": total, "weight_map": where}))
    (model / "model.safetensors").unlink()


def sharded_bin(model: Path) -> None:
    sharded(model, "pytorch_model-0000{}-of-00002.bin")


def shard_missing(model: Path) -> None:
    sharded(model)
    (model / "model-00002-of-00002.safetensors").unlink()


def nested(model: Path) -> None:
    """Move the transformer into a folder of its own, as sentence-transformers 1 and 2 saved it."""
    (model / "0_Transformer").mkdir()
    own = ("modules.json", "config_sentence_transformers.json")
    for file in [file for file in model.iterdir() if file.is_file() and file.name not in own]:
        file.rename(model / "0_Transformer" / file.name)
    of_modules(lambda modules: [{**modules[0], "path": "0_Transformer"}, *modules[1:]])(model)


def nested_pickled(model: Path) -> None:
    pickled(model)
    nested(model)


def no_words(model: Path) -> None:
    (model / "tokenizer.json").unlink()
    (model / "vocab.txt").write_text("")


def own_code(name: str) -> Callable[[Path], None]:
    added = {"auto_map": {"AutoModel": "modeling_my.MyModel"}}
    return lambda model: change_json(model / name, lambda config: {**config, **added})


@pytest.mark.parametrize("make", [pickled, sharded, sharded_bin, nested, nested_pickled])
def test_whole_models_are_taken_and_loaded(model: Path, make: Callable[[Path], None], tiny_model: str) -> None:
    make(model)
    found = resolve_base_model(str(model))
    found.check_loads(64, NO_PROMPTS)
    assert found.reading().tokenizer == resolve_base_model(tiny_model).reading().tokenizer
    plain = load_model(resolve_base_model(tiny_model).files(), None, "cpu").encode("a red door")
    assert load_model(found.files(), None, "cpu").encode("a red door") == pytest.approx(plain, abs=1e-6)


DAMAGED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no modules": (of_modules(lambda _: []), "modules.json: a list of modules"),
    "modules no list": (of_modules(lambda _: {"0": "Transformer"}), "modules.json: a list of modules"),
    "modules without types": (of_modules(lambda _: [{"path": ""}]), "modules.json: a list of modules"),
    "static": (first("StaticEmbedding"), "has word vectors and no transformer"),
    "words": (first("WordEmbeddings"), "has word vectors and no transformer"),
    "images": (first("CLIPModel"), "reads images beside texts"),
    "router": (first("Router"), "has several models, one for each kind of text"),
    "unknown first": (first("Mystery"), "begins with the module Mystery"),
    "unknown later": (
        of_modules(lambda modules: [*modules, {**modules[2], "type": "sentence_transformers.models.Mystery"}]),
        "has the module Mystery; allowed after a Transformer: Pooling",
    ),
    "other kind": (
        of(SETTINGS, model_type="CrossEncoder"),
        "is a CrossEncoder; a SentenceTransformer is needed",
    ),
    "code in config": (own_code("config.json"), "brings its own code (auto_map in config.json), which is not run"),
    "code in tokenizer": (own_code("tokenizer_config.json"), "own code (auto_map in tokenizer_config.json)"),
    "code in modules": (
        of_modules(lambda modules: [*modules[:2], {**modules[2], "type": "my_code.MyModule"}]),
        "brings its own code (my_code.MyModule in modules.json), which is not run; allowed: --trust-remote-code",
    ),
    "no config": (lambda model: (model / "config.json").unlink(), "has no config.json"),
    "adapter": (lambda model: (model / "config.json").rename(model / "adapter_config.json"), "is an adapter"),
    "no weights": (lambda model: (model / "model.safetensors").unlink(), "has no weights; model.safetensors or"),
    "other weights": (
        lambda model: (model / "model.safetensors").rename(model / "model.onnx"),
        "has no weights (it has model.onnx)",
    ),
    "pointer": (pointer("model.safetensors"), "holds Git LFS pointers in place of model.safetensors"),
    "pointer tokenizer": (pointer("tokenizer.json"), "holds Git LFS pointers in place of tokenizer.json"),
    "cut": (cut("model.safetensors", 100_000), "has 100,000 bytes of the"),
    "cut header": (cut("model.safetensors", 100), "has 100 bytes and no readable header"),
    "empty": (cut("model.safetensors", 0), "has 0 bytes and no readable header"),
    "cut pickle": (cut_pickled, "pytorch_model.bin: is cut off after 5,000 bytes"),
    "web page": (web_page, "pytorch_model.bin: has 22 bytes that torch did not write"),
    "shard missing": (shard_missing, "names model-00002-of-00002.safetensors, which is missing"),
    "no tokenizer": (lambda model: (model / "tokenizer.json").write_text("{}"), "is no tokenizer that can be read"),
    "without tokenizer": (lambda model: (model / "tokenizer.json").unlink(), "has no tokenizer; tokenizer.json, or"),
    "length a list": (
        lambda model: (model / "sentence_bert_config.json").write_text("[256]"),
        "sentence_bert_config.json is no JSON object",
    ),
    "length a text": (
        of("sentence_bert_config.json", max_seq_length="256"),
        "max_seq_length: '256'; allowed: a number",
    ),
    "length below 0": (of("sentence_bert_config.json", max_seq_length=-1), "max_seq_length: -1; allowed: a number of"),
    "length of queries": (of("sentence_bert_config.json", query_length=8), "query_length: 8; allowed: null, as first"),
    "length of tokenizer": (of("tokenizer_config.json", model_max_length="much"), "model_max_length: 'much'; allowed"),
    "length without end": (of("tokenizer_config.json", model_max_length=math.inf), "model_max_length: inf; allowed"),
    "positions": (of("config.json", max_position_embeddings="512"), "max_position_embeddings: '512'; allowed: a whole"),
    "no words": (no_words, "cannot read a text: Exception: WordPiece error: Missing [UNK] token from the vocabulary"),
    "prompts a list": (of(SETTINGS, prompts=["query: "]), "prompts: ['query: ']; allowed: names and their texts"),
    "prompt a number": (of(SETTINGS, prompts={"query": 5}), "prompts: {'query': 5}; allowed: names and their texts"),
    "default prompt": (of(SETTINGS, default_prompt_name=1), "default_prompt_name: 1; allowed: the name of a prompt"),
    "null": (lambda model: (model / "config.json").write_text("null"), "config.json is no JSON object"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_cannot_be_trained_is_refused_with_the_reason(model: Path, case: str) -> None:
    damage, said = DAMAGED[case]
    damage(model)
    with pytest.raises(Mistakes) as refused:
        resolve_base_model(str(model)).reading()
    assert said in str(refused.value)
    assert str(model) in str(refused.value)


@pytest.mark.parametrize("case", ["code in config", "pointer", "cut"])
def test_every_job_ends_with_exit_code_2_and_writes_nothing(model: Path, case: str, tmp_path: Path) -> None:
    damage, said = DAMAGED[case]
    damage(model)
    data, run, out = prepare_invoices(tmp_path / "data", train=20, dev=10), str(tmp_path / "run"), str(tmp_path / "out")
    (tmp_path / "pairs.csv").write_text("a,b\none,two\n")
    for job, words in (
        (tune, ["invoices", "--data", data, "--run", run, "--base-model", str(model)]),
        (train, ["invoices", "--data", data, "--run", run, "--base-model", str(model)]),
        (audit, ["invoices", "--data", data, "--base-model", str(model)]),
        (evaluate, [str(model), "--task", "invoices", "--data", data]),
        (score, [str(model), str(tmp_path / "pairs.csv"), "--columns", "a,b", "--out", out]),
    ):
        result = CliRunner().invoke(job.app, words)  # type: ignore[attr-defined]
        assert result.exit_code == 2, (job, result.output, result.exception)
        assert said in result.stderr
    assert not Path(run).exists()
    assert not Path(out).exists()


@pytest.mark.parametrize("job", [tune, train])
def test_a_dry_run_loads_the_model(model: Path, job: Any, tmp_path: Path) -> None:
    change_json(model / "config.json", lambda config: {**config, "model_type": "brand-new"})
    data, run = prepare_invoices(tmp_path / "data", train=20, dev=10), str(tmp_path / "run")
    words = ["invoices", "--data", data, "--run", run, "--base-model", str(model), "--dry-run"]
    result = CliRunner().invoke(job.app, [*words, "--accept", "too_small", "--accept", "split_leak"])
    assert result.exit_code == 2, result.output
    assert f"error: base-model: '{model}' cannot be loaded: ValueError: " in result.stderr


def test_other_kinds_may_still_be_scored(model: Path) -> None:
    first("StaticEmbedding")(model)
    assert resolve_base_model(str(model), trained=False).folder == model


def test_of_other_kinds_those_are_not_scored_that_the_library_would_read_otherwise(model: Path) -> None:
    first("Router")(model)
    with pytest.raises(Mistakes, match="has several models, one for each kind of text; a single one is needed"):
        resolve_base_model(str(model), trained=False)
    of(SETTINGS, model_type="CrossEncoder")(model)
    with pytest.raises(Mistakes, match="is a CrossEncoder; a SentenceTransformer is needed"):
        resolve_base_model(str(model), trained=False)


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


def test_own_code_passes_where_it_is_trusted(model: Path) -> None:
    own_code("config.json")(model)
    assert resolve_base_model(str(model), trust_remote_code=True).trust_remote_code


def test_pickled_weights_are_left_out_only_beside_others() -> None:
    common = ["config.json", "1_Dense/pytorch_model.bin", "a/model.safetensors"]
    left = ["onnx/model.onnx", "a/pytorch_model.bin", "a/pytorch_model-00001-of-00002.bin", "tf_model.h5"]
    kept = ["pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"]
    assert used([*common, *left, *kept]) == sorted([*common, *kept])
    assert used([*common, *left, *kept, "model.safetensors.index.json"]) == sorted(
        [*common, "model.safetensors.index.json"]
    )


@pytest.mark.parametrize("make", [pickled, sharded_bin, lambda model: None])
def test_of_a_hub_model_the_weights_are_fetched_in_the_form_that_there_is(
    model: Path, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(model)
    files = sorted(path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file())
    listed = [*files, *(["pytorch_model.bin"] if "model.safetensors" in files else []), "onnx/model.onnx"]
    asked: list[Any] = []

    def download(name: str, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(model)

    monkeypatch.setattr(huggingface_hub, "list_repo_files", lambda name: listed)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    found = resolve_base_model("some/model")
    assert asked == [("some/model", files)]
    assert sorted(found.files()) == files


def test_without_the_hub_the_cached_copy_is_taken_as_it_is(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, allow_patterns: str(model))
    assert resolve_base_model("some/model").folder == model
