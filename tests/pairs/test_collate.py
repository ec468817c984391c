"""Test batches as tensors: every text once, little padding, with labels."""

import itertools

import numpy as np
import pyarrow as pa
import pytest

from pairs.collate import cheapest_chunks, collate

BATCH = {
    "ids1": pa.array([[5, 6, 7], [8], [5, 6, 7]], pa.list_(pa.int32())),
    "ids2": pa.array([[1], [2, 3], [8]], pa.list_(pa.int32())),
    "hash1": pa.array([11, 12, 11], pa.int64()),
    "hash2": pa.array([21, 22, 12], pa.int64()),
}


def texts(features: dict) -> list[list[int]]:
    """Return every text of the chunks without padding, in order."""
    return [
        ids[mask == 1].tolist()
        for chunk in features["chunks"]
        for ids, mask in zip(chunk["input_ids"], chunk["attention_mask"], strict=True)
    ]


@pytest.mark.parametrize("tokens_per_call", [0, 2, 100])
@pytest.mark.parametrize("start", [0, 1])
def test_every_row_finds_its_two_texts_and_no_text_stands_twice(tokens_per_call: int, start: int) -> None:
    batch = pa.table(BATCH).slice(start)
    features = collate(batch, 0, tokens_per_call)
    found = texts(features)
    assert [found[place] for place in features["first"]] == batch["ids1"].to_pylist()
    assert [found[place] for place in features["second"]] == batch["ids2"].to_pylist()
    assert len(found) == len(set(map(tuple, [*batch["ids1"].to_pylist(), *batch["ids2"].to_pylist()])))


def test_a_chunk_is_padded_to_its_own_longest_text() -> None:
    chunks = collate(pa.table(BATCH), 9, tokens_per_call=2)["chunks"]
    assert [chunk["input_ids"].tolist() for chunk in chunks] == [[[8], [1]], [[2, 3, 9], [5, 6, 7]]]
    assert chunks[1]["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]


@pytest.mark.parametrize("tokens_per_call", [0, 5, 40, 10_000])
def test_no_other_cut_is_cheaper(tokens_per_call: int) -> None:
    lengths = np.sort(np.random.default_rng(1).geometric(0.05, 9))

    def cost(chunks: list[tuple[int, int]]) -> int:
        return sum((stop - start) * int(lengths[stop - 1]) + tokens_per_call for start, stop in chunks)

    cuts = (cut for count in range(9) for cut in itertools.combinations(range(1, 9), count))
    others = [cost(list(itertools.pairwise((0, *cut, 9)))) for cut in cuts]
    assert len(others) == 256
    assert cost(cheapest_chunks(lengths, tokens_per_call)) == min(others)


def test_labels_are_used_where_there_are_any() -> None:
    features = collate(pa.table({**BATCH, "label": pa.array([1.0, 0.5, 0.0], pa.float32())}), 0)
    assert features["label"].tolist() == [1.0, 0.5, 0.0]


def test_without_labels_the_ranking_loss_gets_the_hashes() -> None:
    assert collate(pa.table(BATCH), 0)["label"].tolist() == [[11, 21], [12, 22], [11, 12]]
