"""Batches as tensors: padded, masked, labelled."""

import pyarrow as pa

from pairs.collate import collate

BATCH = {
    "ids1": pa.array([[5, 6, 7], [8]], pa.list_(pa.int32())),
    "ids2": pa.array([[1], [2, 3]], pa.list_(pa.int32())),
    "hash1": pa.array([11, 12], pa.int64()),
    "hash2": pa.array([21, 22], pa.int64()),
}


def test_texts_are_padded_to_the_longest_of_their_column() -> None:
    features = collate(pa.table(BATCH).slice(0, 2), pad_id=9)
    assert features["sentence1_input_ids"].tolist() == [[5, 6, 7], [8, 9, 9]]
    assert features["sentence1_attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert features["sentence2_input_ids"].tolist() == [[1, 9], [2, 3]]


def test_a_slice_of_a_table_is_collated_alone() -> None:
    features = collate(pa.table(BATCH).slice(1, 1), pad_id=0)
    assert features["sentence1_input_ids"].tolist() == [[8]]
    assert features["sentence2_input_ids"].tolist() == [[2, 3]]


def test_labels_are_used_where_there_are_any() -> None:
    features = collate(pa.table({**BATCH, "label": pa.array([1.0, 0.5], pa.float32())}), pad_id=0)
    assert features["label"].tolist() == [1.0, 0.5]


def test_without_labels_the_ranking_loss_gets_the_hashes() -> None:
    assert collate(pa.table(BATCH), pad_id=0)["label"].tolist() == [[11, 21], [12, 22]]
