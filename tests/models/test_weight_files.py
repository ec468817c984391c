"""Test the checks of weights by name, length and header: nothing is loaded."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from models.weight_files import LFS, LFS_SIZE, damage, is_pickled, is_pointer, weights_missing

HERE = Path()
"""A path that is not read."""


def missing(*names: str, prefix: str = "", content: Mapping[str, Any] = MappingProxyType({})) -> list[str]:
    return list(weights_missing(prefix, dict.fromkeys(names, HERE), content))


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("prefix", ["", "0_Transformer/"])
def test_one_file_of_weights_is_enough(prefix: str, weights: str) -> None:
    assert missing(f"{prefix}config.json", f"{prefix}{weights}", prefix=prefix) == []


def test_weights_beside_the_transformers_folder_are_not_its_own() -> None:
    (message,) = missing("0_Transformer/config.json", "model.safetensors", prefix="0_Transformer/")
    assert message.startswith("has no weights (it has model.safetensors); 0_Transformer/model.safetensors or ")


def test_an_index_needs_all_its_files_unless_there_is_one_whole_file() -> None:
    index = "model.safetensors.index.json"
    content = {index: {"weight_map": {"a": "one.safetensors", "b": "two.safetensors", "c": "two.safetensors"}}}
    sound = ("config.json", index, "one.safetensors")
    assert missing(*sound, "two.safetensors", content=content) == []
    assert missing(*sound, "model.safetensors", content=content) == []
    assert missing(*sound, content=content) == [f"{index} names two.safetensors, which is missing"]
    assert missing(*sound[:2], content=content) == [
        f"{index} names one.safetensors, two.safetensors, which are missing"
    ]


@pytest.mark.parametrize("content", [[], {}, {"weight_map": {}}, {"weight_map": {"a": 1}}])
def test_an_index_of_another_form_is_named(content: Any) -> None:
    index = "pytorch_model.bin.index.json"
    (message,) = missing("config.json", index, content={index: content})
    assert message == f"{index}: a weight_map of tensors and their files is needed"


def written(tmp_path: Path, header: Any, data: bytes = b"") -> Path:
    """Write a file of safetensors by its format."""
    content, file = json.dumps(header).encode(), tmp_path / "model.safetensors"
    file.write_bytes(len(content).to_bytes(8, "little") + content + data)
    return file


def test_safetensors_are_compared_with_their_header(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    save_file({"weight": np.ones(100, np.float32)}, file)
    size = file.stat().st_size
    assert damage(file.name, file) is None
    file.write_bytes(file.read_bytes()[:-1])
    assert damage(file.name, file) == f"has {size - 1:,} bytes of the {size:,} in its header; download it again"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"__metadata__": {"format": "pt"}}, "holds no tensor"),
        ({"weight": {"dtype": "F32"}}, "has no readable header; download it again"),
        ({"weight": {"data_offsets": ["0", "4"]}}, "has no readable header; download it again"),
        (["weight"], "has no readable header; download it again"),
    ],
)
def test_a_header_of_another_form_is_named(tmp_path: Path, header: Any, said: str) -> None:
    assert damage("model.safetensors", written(tmp_path, header)) == said


def test_only_files_of_weights_and_tokenizers_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("a card")
    assert damage("README.md", tmp_path / "README.md") is None
    old_pickle = tmp_path / "pytorch_model.bin"  # torch before 1.6
    old_pickle.write_bytes(b"\x80\x02}q\x00.")
    assert damage(old_pickle.name, old_pickle) is None


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("model.safetensors", 130, True),
        ("pytorch_model.bin", 130, True),
        ("vocab.txt", 130, True),
        ("model.onnx", 130, False),
        ("vocab.txt", LFS_SIZE + 1, False),
    ],
)
def test_only_a_small_file_that_is_loaded_is_a_pointer(tmp_path: Path, name: str, size: int, expected: bool) -> None:
    (tmp_path / name).write_bytes(LFS.ljust(size))
    assert is_pointer(name, tmp_path / name) is expected


def test_torchs_own_format_is_known_by_name() -> None:
    names = ["pytorch_model.bin", "2_Dense/pytorch_model.bin", "pytorch_model-00001-of-00002.bin"]
    assert all(map(is_pickled, [*names, "pytorch_model.bin.index.json"]))
    assert not any(map(is_pickled, ["model.safetensors", "training_args.bin", "pytorch_model-1.safetensors"]))
