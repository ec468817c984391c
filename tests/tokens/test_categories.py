"""Test the categories of a loss that holds each text against all of them: once each, counted, and found by a row."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import ray

from common.hashes import text_hashes
from pairs.negatives import GROUP
from tasks.common.texts import folded
from tests.contract.cases import CATEGORIES, request
from tokens.categories import Categories, categories_of
from tokens.collate import collate
from tokens.tokenized import TokenizedPairs, tokenize_batch
from workflows.request import Request


def prepared_categories(folder: Path, model: str) -> Request:
    """Return the request of a search on texts and their categories."""
    return request(folder / "by-category", model, "categories", "--loss", "category_softmax")


def test_each_category_stands_once_however_it_is_spelled_with_its_training_texts(
    tiny_model: str, tmp_path: Path
) -> None:
    asked = prepared_categories(tmp_path, tiny_model)
    view = asked.views["category_softmax"]
    found = categories_of(view, [*CATEGORIES, "LIGHT", "unseen"], asked.base.reading)
    rows = Counter(view.table("train")["sentence2"].to_pylist())
    assert found.counts == (*(rows[name] for name in CATEGORIES), 0)
    assert found.hashes == tuple(text_hashes([*CATEGORIES, "unseen"]).tolist())
    assert found.ids.to_pylist()[:4] == asked.base.reading.ids(list(CATEGORIES), "")
    assert sum(found.counts) == view.num_rows("train")


def test_a_batch_has_every_category_and_the_number_of_each_rows_own() -> None:
    categories = Categories(
        ids=pa.array([[1], [2, 3], [4]], pa.list_(pa.int32())), hashes=(21, 22, 23), counts=(2, 1, 0)
    )
    batch = pa.table(
        {
            "ids1": pa.array([[5, 6, 7], [8]], pa.list_(pa.int32())),
            "ids2": pa.array([[2, 3], [1]], pa.list_(pa.int32())),
            "hash1": pa.array([11, 12], pa.int64()),
            "hash2": pa.array([22, 21], pa.int64()),
        }
    )
    features = collate(batch, 0, categories=categories)
    assert features["label"].tolist() == [1, 0]
    lengths = [int(mask.sum()) for chunk in features["chunks"] for mask in chunk["attention_mask"]]
    assert [lengths[place] for place in features["first"]] == [3, 1]
    assert [lengths[place] for place in features["second"]] == [1, 2, 1]


def test_the_tokens_of_a_category_that_no_training_text_has_are_trained_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "get", lambda reference: reference)
    categories = Categories(ids=pa.array([[9]], pa.list_(pa.int32())), hashes=(1,), counts=(0,))
    tokens = TokenizedPairs(num_rows=1, seen=[np.array([3, 5], dtype=np.int32)], categories=categories).seen_tokens()
    assert tokens is not None
    assert tokens.tolist() == [3, 5, 9]


def test_a_row_has_the_hash_of_its_group_where_the_loss_reads_it(tiny_model: str, tmp_path: Path) -> None:
    reading = prepared_categories(tmp_path, tiny_model).base.reading
    rows = pa.table({"sentence1": ["light", "water"], "sentence2": ["sound", "wood"], "group": ["One  page", "two"]})
    assert GROUP not in tokenize_batch(rows, reading).column_names
    tokens = tokenize_batch(rows, reading, groups=True)
    assert tokens[GROUP].to_pylist() == text_hashes(map(folded, ["one page", "two"])).tolist()
    label = collate(tokens.combine_chunks(), 0)["label"]
    assert label[:, 2].tolist() == tokens[GROUP].to_pylist()
