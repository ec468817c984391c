"""Test which settings of a model's JSON files are refused, each with what is allowed."""

import math
from typing import Any

import pytest

from models.settings import SETTINGS, wrong_settings

SOUND = {
    "config.json": {"max_position_embeddings": 512, "pad_token_id": 0, "vocab_size": "not read"},
    "tokenizer_config.json": {"model_max_length": 1e30},  # the library's own for no limit
    "sentence_bert_config.json": {"max_seq_length": None, "do_lower_case": False},
    "config_sentence_transformers.json": {"prompts": {"query": "q: ", "document": None}, "default_prompt_name": None},
    "1_Pooling/config.json": {"pooling_mode_mean_tokens": True},
    "modules.json": [],
}


def test_sound_settings_and_those_that_are_not_read_pass() -> None:
    assert list(wrong_settings(SOUND)) == []


@pytest.mark.parametrize(
    ("file", "setting", "value"),
    [
        ("config.json", "max_position_embeddings", 512.0),
        ("0_Transformer/config.json", "pad_token_id", True),
        ("tokenizer_config.json", "model_max_length", math.nan),
        ("tokenizer_config.json", "model_max_length", True),
        ("sentence_bert_config.json", "max_seq_length", 0),
        ("sentence_roberta_config.json", "document_length", 64),
        ("config_sentence_transformers.json", "prompts", {"query": ["q: "]}),
        ("config_sentence_transformers.json", "default_prompt_name", ["query"]),
    ],
)
def test_a_value_that_would_raise_an_error_later_is_named_with_its_file(file: str, setting: str, value: Any) -> None:
    (message,) = wrong_settings({**SOUND, file: {setting: value}})
    assert message.startswith(f"{file}: {setting}: {value!r}; allowed: ")


def test_every_wrong_setting_is_named() -> None:
    wrong = {"sentence_bert_config.json": {"max_seq_length": "256", "query_length": 8}, "config.json": ["no object"]}
    messages = list(wrong_settings(wrong))
    assert [message.split(" ")[0] for message in messages] == ["sentence_bert_config.json:"] * 2 + ["config.json"]
    assert len(SETTINGS) == 4
