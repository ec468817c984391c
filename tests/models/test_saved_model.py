"""Test what is read from a saved model: its threshold, and the SHA-256 of its weights."""

import hashlib
from pathlib import Path

import pytest

from common.mistakes import Mistakes
from models.saved_model import CALIBRATION, THRESHOLD, stored_calibration, stored_threshold, weights_sha256


def test_a_stored_threshold_is_read_and_none_is_none(tmp_path: Path) -> None:
    assert stored_threshold(str(tmp_path)) is None
    (tmp_path / THRESHOLD).write_text('{"value": 0.625, "metric": "f1"}')
    assert stored_threshold(str(tmp_path)) == 0.625


@pytest.mark.parametrize("content", ['{"value": "high"}', '{"value": NaN}', "{}", "[0.6]"])
def test_a_damaged_threshold_is_a_mistake_that_names_the_file(tmp_path: Path, content: str) -> None:
    (tmp_path / THRESHOLD).write_text(content)
    with pytest.raises(Mistakes, match=THRESHOLD):
        stored_threshold(str(tmp_path))


def test_a_stored_calibration_is_read_and_none_is_none(tmp_path: Path) -> None:
    assert stored_calibration(str(tmp_path)) is None
    (tmp_path / CALIBRATION).write_text('{"method": "logistic", "prevalence": 0.2}')
    assert stored_calibration(str(tmp_path)) == {"method": "logistic", "prevalence": 0.2}
    (tmp_path / CALIBRATION).write_text('{"method": "logistic"}')
    with pytest.raises(Mistakes, match=CALIBRATION):
        stored_calibration(str(tmp_path))


def test_weights_are_identified_by_all_their_files_and_by_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert weights_sha256(str(tmp_path)) == hashlib.sha256(b"weights").hexdigest()
    (tmp_path / "README.md").write_text("a card")
    assert weights_sha256(str(tmp_path)) == hashlib.sha256(b"weights").hexdigest()
    dense = tmp_path / "2_Dense" / "pytorch_model.bin"
    dense.parent.mkdir()
    dense.write_bytes(b"more ")
    assert weights_sha256(str(tmp_path)) == hashlib.sha256(b"more weights").hexdigest()
