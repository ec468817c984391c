"""Test the checks of a model's files: each kind of damage is named before loading, and sound files pass."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from common.mistakes import Mistakes
from jobs import audit, evaluate, score, train, tune
from models.base_model import resolve_base_model
from models.files import used
from tests.jobs.cases import prepare_invoices
from tests.models.cases import (
    SETTINGS,
    cut,
    cut_pickled,
    first,
    no_words,
    of,
    of_modules,
    own_code,
    pointer,
    shard_missing,
    web_page,
)

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
        result = CliRunner().invoke(job.app, words)
        assert result.exit_code == 2, (job, result.output, result.exception)
        assert said in result.stderr
    assert not Path(run).exists()
    assert not Path(out).exists()


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


def test_own_code_passes_where_it_is_trusted(model: Path) -> None:
    own_code("config.json")(model)
    assert resolve_base_model(str(model), trust_remote_code=True).trust_remote_code


def test_pickled_weights_are_left_out_only_beside_others() -> None:
    common = ["config.json", "1_Dense/pytorch_model.bin", "a/model.safetensors"]
    unused = ["onnx/model.onnx", "a/pytorch_model.bin", "a/pytorch_model-00001-of-00002.bin", "tf_model.h5"]
    selected = ["pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"]
    assert used([*common, *unused, *selected]) == sorted([*common, *selected])
    assert used([*common, *unused, *selected, "model.safetensors.index.json"]) == sorted(
        [*common, "model.safetensors.index.json"]
    )
