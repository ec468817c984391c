"""Test the category vectors that are stored with a model."""

from pathlib import Path

import numpy as np
import pytest

from common.mistakes import Mistakes
from models.category_vectors import CATEGORIES, StoredVectors, store, stored_vectors
from models.saved_model import weights_sha256

VECTORS = StoredVectors(way="mix", names=("Access", "Hardware"), vectors=np.eye(2, 3, dtype=np.float32))


def test_what_is_stored_is_read_back_and_counts_as_weights(tmp_path: Path) -> None:
    before = weights_sha256(str(tmp_path))
    assert stored_vectors(str(tmp_path)) is None
    store(str(tmp_path), VECTORS)
    found = stored_vectors(str(tmp_path))
    assert found is not None
    assert (found.way, found.names) == ("mix", VECTORS.names)
    np.testing.assert_array_equal(found.vectors, VECTORS.vectors)
    assert weights_sha256(str(tmp_path)) != before


def test_vectors_come_in_the_order_of_the_candidates_and_not_for_other_ones() -> None:
    np.testing.assert_array_equal(VECTORS.of(["hardware", "ACCESS"]), VECTORS.vectors[::-1])
    for others in (["Access"], ["Access", "Printer"], ["Access", "Hardware", "Printer"], ["Access", "access"]):
        assert VECTORS.of(others) is None


@pytest.mark.parametrize("content", [b"", b"no tensors", b"\xff" * 40])
def test_a_damaged_file_is_named(content: bytes, tmp_path: Path) -> None:
    Path(tmp_path, CATEGORIES).write_bytes(content)
    with pytest.raises(Mistakes, match="categories.safetensors is damaged"):
        stored_vectors(str(tmp_path))


def test_names_and_vectors_of_different_numbers_are_damage(tmp_path: Path) -> None:
    store(str(tmp_path), StoredVectors(way="mix", names=("Access",), vectors=VECTORS.vectors))
    with pytest.raises(Mistakes, match="damaged"):
        stored_vectors(str(tmp_path))
