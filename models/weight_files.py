"""Check files of weights by their names, lengths and headers: whether any is missing or damaged."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

SAFETENSORS = ("model.safetensors", "model.safetensors.index.json")
"""One file, or the index of several; if one of the two exists, transformers reads no other copy."""
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
"""The same two files in torch's own format."""
LOADED = (".json", ".txt", ".model", ".safetensors")
"""Suffixes of files that are loaded."""
LFS = b"version https://git-lfs.github.com/spec/"
"""Beginning of a Git LFS pointer."""
LFS_SIZE = 1024
"""Most bytes of a file that is looked at for a pointer; one has some 130."""


def weights_missing(prefix: str, paths: Mapping[str, Path], content: Mapping[str, Any]) -> Iterator[str]:
    """Say what a transformer lacks in its folder.

    Args:
        prefix: '', or the relative folder with a slash at its end.
        paths: relative name -> file.
        content: values of the .json files among them.
    """
    whole = any(f"{prefix}{name}" in paths for name in (SAFETENSORS[0], PICKLED[0]))
    index = next((file for name in (SAFETENSORS[1], PICKLED[1]) if (file := f"{prefix}{name}") in paths), None)
    if f"{prefix}config.json" not in paths:
        if f"{prefix}adapter_config.json" in paths:
            yield "is an adapter; merge it into its base model first, a whole transformer is needed"
        else:
            yield f"has no {prefix}config.json; a transformer is needed"
    elif index and not whole:
        yield from _shards_missing(prefix, index, content[index], paths)
    elif not whole:
        others = [name for name in paths if name.endswith((".h5", ".ot", ".msgpack", ".onnx", ".gguf", ".safetensors"))]
        instead = f" (it has {', '.join(others)})" if others else ""
        yield f"has no weights{instead}; {prefix}model.safetensors or {prefix}pytorch_model.bin is needed"


def _shards_missing(prefix: str, index: str, content: Any, paths: Mapping[str, Path]) -> Iterator[str]:
    weights = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(weights, dict) or not weights or not all(isinstance(file, str) for file in weights.values()):
        yield f"{index}: a weight_map of tensors and their files is needed"
        return
    shards = sorted(set(weights.values()))
    if missing := [shard for shard in shards if f"{prefix}{shard}" not in paths]:
        yield f"{index} names {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} missing"


def damage(name: str, path: Path) -> str | None:
    """Say what is wrong with a file of weights or a tokenizer; None if nothing is found.

    Weights are checked by length and header alone.
    """
    if name.endswith(".safetensors"):
        return _safetensors_damage(path)
    if is_pickled(name) and name.endswith(".bin"):
        with path.open("rb") as file:
            begin = file.read(2)
        if begin == b"PK" and not zipfile.is_zipfile(path):  # torch's format since 1.6
            return f"is cut off after {path.stat().st_size:,} bytes; download it again"
        if begin != b"PK" and not begin.startswith(b"\x80"):  # older versions wrote a plain pickle
            return f"has {path.stat().st_size:,} bytes that torch did not write; download it again"
    if name.endswith("tokenizer.json"):
        return _tokenizer_damage(path)
    return None


def _safetensors_damage(path: Path) -> str | None:
    """Compare a file's size with its header: https://github.com/huggingface/safetensors#format.

    The file has the header's length (8 bytes), the header, and data up to the last offset.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= size - 8:
            return f"has {size:,} bytes and no readable header; download it again"
        try:
            header = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            needed = 8 + length + max(ends, default=0)
        except (ValueError, TypeError, LookupError, AttributeError):
            return "has no readable header; download it again"
    if not ends:
        return "holds no tensor"
    return f"has {size:,} bytes of the {needed:,} in its header; download it again" if size < needed else None


def _tokenizer_damage(path: Path) -> str | None:
    from tokenizers import Tokenizer

    try:
        Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare ones
        return f"is no tokenizer that can be read ({str(error).splitlines()[0][:200]})"
    return None


def is_pointer(name: str, path: Path) -> bool:
    """Check whether a file that is loaded is a Git LFS pointer instead of its content."""
    if not (name.endswith(LOADED) or is_pickled(name)) or path.stat().st_size > LFS_SIZE:
        return False
    with path.open("rb") as file:
        return file.read(len(LFS)) == LFS


def is_pickled(name: str) -> bool:
    """Check whether a file holds weights in torch's own format, or is the index of such files."""
    last = PurePosixPath(name).name
    return last in PICKLED or (last.startswith("pytorch_model-") and last.endswith(".bin"))
