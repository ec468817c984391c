"""Damage the folder of a model in many ways, or save it in another sound form."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

SETTINGS = "config_sentence_transformers.json"


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d" * 32 + "\nsize 90868376\n"


def change_json(file: Path, change: Callable[[Any], Any]) -> None:
    file.write_text(json.dumps(change(json.loads(file.read_text()))))


def of_modules(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    return lambda model: change_json(model / "modules.json", change)


def of(file: str, **settings: Any) -> Callable[[Path], None]:
    return lambda model: change_json(model / file, lambda content: {**content, **settings})


def first(kind: str) -> Callable[[Path], None]:
    return of_modules(lambda modules: [{**modules[0], "type": f"sentence_transformers.models.{kind}"}, *modules[1:]])


def pointer(name: str) -> Callable[[Path], Any]:
    return lambda model: (model / name).write_text(POINTER)


def cut(name: str, size: int) -> Callable[[Path], None]:
    return lambda model: os.truncate(model / name, size)


def pickled(model: Path) -> None:
    torch.save(load_file(model / "model.safetensors"), model / "pytorch_model.bin")
    (model / "model.safetensors").unlink()


def cut_pickled(model: Path) -> None:
    pickled(model)
    os.truncate(model / "pytorch_model.bin", 5000)


def web_page(model: Path) -> None:
    pickled(model)
    (model / "pytorch_model.bin").write_text("<html>not found</html>")


def sharded(model: Path, form: str = "model-0000{}-of-00002.safetensors") -> None:
    """Split the weights into two files with an index."""
    weights = load_file(model / "model.safetensors")
    names = sorted(weights)
    parts = {form.format(1): names[: len(names) // 2], form.format(2): names[len(names) // 2 :]}
    for file, part in parts.items():
        own = {name: weights[name] for name in part}
        torch.save(own, model / file) if file.endswith(".bin") else save_file(own, model / file, {"format": "pt"})
    index = "pytorch_model.bin.index.json" if form.endswith(".bin") else "model.safetensors.index.json"
    total = {"total_size": sum(tensor.nbytes for tensor in weights.values())}
    where = {name: file for file, part in parts.items() for name in part}
    (model / index).write_text(json.dumps({"metadata": total, "weight_map": where}))
    (model / "model.safetensors").unlink()


def sharded_bin(model: Path) -> None:
    sharded(model, "pytorch_model-0000{}-of-00002.bin")


def shard_missing(model: Path) -> None:
    sharded(model)
    (model / "model-00002-of-00002.safetensors").unlink()


def nested(model: Path) -> None:
    """Move the transformer into a folder of its own, as sentence-transformers 1 and 2 saved it."""
    (model / "0_Transformer").mkdir()
    own = ("modules.json", "config_sentence_transformers.json")
    for file in [file for file in model.iterdir() if file.is_file() and file.name not in own]:
        file.rename(model / "0_Transformer" / file.name)
    of_modules(lambda modules: [{**modules[0], "path": "0_Transformer"}, *modules[1:]])(model)


def nested_pickled(model: Path) -> None:
    pickled(model)
    nested(model)


def no_words(model: Path) -> None:
    (model / "tokenizer.json").unlink()
    (model / "vocab.txt").write_text("")


def own_code(name: str) -> Callable[[Path], None]:
    added = {"auto_map": {"AutoModel": "modeling_my.MyModel"}}
    return lambda model: change_json(model / name, lambda config: {**config, **added})
