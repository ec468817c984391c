"""Test that training reads texts as a model's own encode does: the same tokens and embeddings."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from sentence_transformers import SentenceTransformer

from common.mistakes import Mistakes
from models.base_model import load_model, resolve_base_model
from models.loading import load_folder
from models.reading import max_length_of, prompts_of, store_prompts
from models.soundness import try_model
from pairs.collate import collate
from pairs.reading import NO_PROMPTS, Prompts, refuse_long_prompts, refuse_other_tokens
from pairs.tokenized import distinct_ids, tokenize_batch
from tests.architectures import ARCHITECTURES, POSITIONS, build
from trainers.pair_trainer import embed
from trainers.vocabulary import padding_id, train_seen_tokens

TEXTS = ["The Red door, OPENED!", "naïve café", "word " * 50, "a", "printer 4711 is out of paper (again)", "ÄÖ ß 字"]
PROMPTS = Prompts("query: ", "Passage of a document - ")

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return models by name, each built once."""
    folder = tmp_path_factory.mktemp("architectures")

    def get(name: str, **options: Any) -> Path:
        own = folder / f"{name} {options}".replace("'", "")
        return own if own.is_dir() else Path(build(name, str(own), **options))

    return get


@pytest.mark.parametrize("prompts", [NO_PROMPTS, PROMPTS])
@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_tokens_and_embeddings_are_those_of_encode(built: Build, name: str, prompts: Prompts) -> None:
    folder = built(name)
    resolved = resolve_base_model(str(folder))
    reading = resolved.reading(prompts=prompts)
    assert reading.max_length == 32
    model = load_model(resolved.files(), 32, "cpu")
    refuse_other_tokens(reading, model, TEXTS)
    tokens = tokenize_batch(pa.table({"sentence1": TEXTS, "sentence2": TEXTS[::-1]}), reading)
    theirs = SentenceTransformer(str(folder), device="cpu")
    wanted = [theirs.encode(texts, prompt=prompt) for texts, prompt in zip((TEXTS, TEXTS[::-1]), prompts, strict=True)]
    train_seen_tokens(model, distinct_ids(tokens))
    for tokens_per_call in (0, 1000):  # in chunks of equal lengths, and padded to one length
        batch = collate(tokens.combine_chunks(), padding_id(model), tokens_per_call)
        for ours, column in zip(embed(model.eval(), batch), wanted, strict=True):
            assert np.abs(ours.detach().numpy() - column).max() < 1e-5


@pytest.mark.parametrize("name", ["bert", "roberta", "t5"])
def test_letters_are_lowered_where_the_model_asks_for_it(built: Build, name: str) -> None:
    folder = built(name, do_lower_case=True)
    model = SentenceTransformer(str(folder), device="cpu")
    reading = resolve_base_model(str(folder)).reading()
    assert reading.ids(["OPENED"]) == reading.ids(["opened"])
    refuse_other_tokens(reading, model, TEXTS)


def test_a_model_that_reads_otherwise_is_refused(built: Build) -> None:
    reading = resolve_base_model(str(built("roberta"))).reading()
    lowering = SentenceTransformer(str(built("roberta", do_lower_case=True)), device="cpu")
    with pytest.raises(Mistakes, match="base-model: it reads 'The Red door, OPENED!' as"):
        refuse_other_tokens(reading, lowering, TEXTS)


@pytest.mark.parametrize("name", ["bert", "mpnet", "roberta", "modernbert", "qwen3"])
def test_the_longest_text_that_is_allowed_can_be_read(built: Build, name: str) -> None:
    folder = built(name, max_length=None)
    assert max_length_of(folder, None, None) <= max_length_of(folder, POSITIONS, None) == POSITIONS
    assert max_length_of(folder, None, 4 * POSITIONS) == POSITIONS  # a task's is lowered
    with pytest.raises(Mistakes, match=f"max_length: {POSITIONS + 1} is more than the {POSITIONS} positions"):
        max_length_of(folder, POSITIONS + 1, None)
    model = load_model(resolve_base_model(str(folder)).files(), POSITIONS, "cpu")
    assert np.isfinite(model.encode(["word " * 200])).all()


def test_relative_positions_have_no_limit_and_the_default_is_512_at_most(built: Build, tmp_path: Path) -> None:
    folder = built("t5", max_length=2000)
    assert max_length_of(folder, 4000, None) == 4000
    assert max_length_of(folder, None, None) == 512
    assert max_length_of(built("t5"), None, None) == 32


def prompted(tmp_path: Path, model: Path, **config: Any) -> Path:
    """Copy the model with these prompts in its configuration."""
    folder = Path(shutil.copytree(model, tmp_path / "prompted"))
    file = folder / "config_sentence_transformers.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    return folder


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"prompts": {"query": "q: ", "passage": "p: "}, "default_prompt_name": "query"}, ("q: ", "p: ")),
        ({"prompts": {"query": "q: ", "document": ""}}, ("q: ", "")),
        ({"prompts": {"query": "q: ", "document": "d: ", "passage": "p: "}}, ("q: ", "d: ")),
        ({"prompts": {"sts": "s: ", "query": "", "document": ""}, "default_prompt_name": "sts"}, ("s: ", "s: ")),
        ({"prompts": {"sts": "s: "}, "default_prompt_name": None}, ("", "")),
        ({"prompts": {}}, ("", "")),
    ],
)
def test_prompts_are_the_models_own_unless_others_are_given_and_are_stored(
    built: Build, tmp_path: Path, config: dict[str, Any], expected: tuple[str, str]
) -> None:
    folder = prompted(tmp_path, built("bert"), **config)
    assert prompts_of(folder) == expected
    assert prompts_of(folder, "", "") == ("", "")
    assert prompts_of(folder, None, "x ") == (expected[0], "x ")
    for prompts in (Prompts(*expected), Prompts("one: ", "two: "), NO_PROMPTS):
        model = SentenceTransformer(str(folder), device="cpu")
        store_prompts(model, prompts)
        stored = str(tmp_path / f"stored{len(prompts.first)}{len(prompts.second)}")
        model.save_pretrained(stored, create_model_card=False)
        again = SentenceTransformer(stored, device="cpu")
        assert prompts_of(Path(stored)) == prompts
        for encode, prompt in ((again.encode_query, prompts.first), (again.encode_document, prompts.second)):
            assert torch.equal(torch.tensor(encode("a door")), torch.tensor(model.encode("a door", prompt=prompt)))
        if not any(prompts):
            assert np.array_equal(again.encode("a door"), model.encode("a door", prompt=""))


@pytest.mark.parametrize("given", [("\udcfc: ", None), (None, "\ud83d: ")])
def test_prompts_with_half_a_character_are_refused(built: Build, given: tuple[str | None, str | None]) -> None:
    with pytest.raises(Mistakes, match="prompts: '.*: ', with half a character; allowed: text in UTF-8"):
        prompts_of(built("bert"), *given)


def test_prompts_that_pooling_leaves_out_are_refused(built: Build, tmp_path: Path) -> None:
    folder = prompted(tmp_path, built("bert"), prompts={"query": "q: "})
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps(json.loads(pooling.read_text()) | {"include_prompt": False}))
    with pytest.raises(Mistakes, match="prompts: 'q: ' and ''.*include_prompt false"):
        prompts_of(folder)
    assert prompts_of(folder, "", "") == NO_PROMPTS


@pytest.mark.parametrize("name", ["bert", "mpnet", "roberta"])
@pytest.mark.parametrize("saved", [None, 512])
def test_what_is_saved_with_a_model_is_lowered_to_its_positions_too(
    built: Build, tmp_path: Path, name: str, saved: int | None
) -> None:
    folder = Path(shutil.copytree(built(name, max_length=None), tmp_path / "saved"))
    for file, key in (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length")):
        (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | {key: saved}))
    for model in (
        load_folder(str(folder), device="cpu"),
        load_model(resolve_base_model(str(folder)).files(), None, "cpu"),
    ):
        assert model.max_seq_length == POSITIONS
        assert np.isfinite(model.encode("word " * 200)).all()


@pytest.mark.parametrize("name", ["tokenizer_args", "processor_kwargs"])
def test_what_the_model_gives_its_tokenizer_counts_in_training_too(built: Build, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(built("bert"), tmp_path / "left"))
    file = folder / "sentence_bert_config.json"
    options = {"truncation_side": "left", "trust_remote_code": True}
    file.write_text(json.dumps(json.loads(file.read_text()) | {name: options}))
    found = resolve_base_model(str(folder))
    assert found.reading().truncation_side == "left"
    found.check_loads(32, NO_PROMPTS)
    model = load_model(found.files(), 32, "cpu")
    refuse_other_tokens(found.reading(), model, ["first " + "word " * 200 + "last"])
    with pytest.raises(Mistakes, match="base-model: it reads 'the first word"):
        try_model(model, str(folder), "base-model", "left", resolve_base_model(str(built("bert"))).reading())


def test_a_prompt_behind_which_no_text_is_read_is_refused(built: Build) -> None:
    reading = resolve_base_model(str(built("bert"))).reading(prompts=Prompts("word " * 29, "word " * 30))
    with pytest.raises(Mistakes) as refused:
        refuse_long_prompts(reading)
    assert len(refused.value.messages) == 1
    assert "has 32 tokens, and 32 are read, so no token of a text is" in str(refused.value)
