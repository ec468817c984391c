"""Check the files of a base model before they are loaded: whether they are whole, and whether it can be trained.

Weights are not read, and torch is not imported.
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from common import storage
from common.mistakes import Checks, Mistakes, raise_if
from models.settings import wrong_settings
from models.soundness import transformer_prefix
from models.weight_files import SAFETENSORS, damage, is_pickled, is_pointer, weights_missing

UNUSED_FOLDERS = ("onnx/", "openvino/", ".git/", ".cache/")
UNUSED_FILES = ("tf_model.h5", "rust_model.ot", "flax_model.msgpack")
"""Further copies of the weights in a model's folder, which training does not read."""
LIBRARY = "sentence_transformers."
"""Beginning of the full names of the library's classes."""
LATER_MODULES = (
    *("Pooling", "Normalize", "Dense", "Dropout", "LayerNorm", "CNN", "LSTM", "WeightedLayerPooling", "WordWeights"),
)
"""Modules of sentence-transformers 6.2 that may follow a transformer."""
FIRST_MODULES = {
    "StaticEmbedding": "has word vectors and no transformer",
    "WordEmbeddings": "has word vectors and no transformer",
    "BoW": "counts words and has no transformer",
    "CLIPModel": "reads images beside texts",
    "Router": "has several models, one for each kind of text",
    "Asym": "has several models, one for each kind of text",
}
"""First module that is no single transformer over texts -> the reason."""
SEVERAL_MODELS = ("Router", "Asym")
"""First modules that hold several models."""
TOKENIZERS = ("tokenizer.json", "vocab.*", "*.model", "*.tiktoken", "tekken.json")
"""Patterns of the files that a tokenizer can be loaded from."""


def used(names: Iterable[str]) -> list[str]:
    """Select the files that are loaded: one copy of the weights, pickled ones only if there are no others."""
    names = sorted(names)
    with_safetensors = {_above(name) for name in names if _last(name) in SAFETENSORS}
    return [
        name
        for name in names
        if not name.startswith(UNUSED_FOLDERS)
        and _last(name) not in UNUSED_FILES
        and not (is_pickled(name) and _above(name) in with_safetensors)
    ]


def check_files(name: str, paths: Mapping[str, Path], trust_remote_code: bool, trained: bool) -> None:
    """Refuse a model whose files show that it cannot be loaded or trained.

    Args:
        name: as the user gave it.
        paths: relative name -> file, of those that are used.
        trust_remote_code: whether the model's own code may run.
        trained: whether it will be trained; more kinds can be scored.

    Raises:
        Mistakes: everything that is wrong.
    """
    if pointers := [file for file, path in paths.items() if is_pointer(file, path)]:
        raise Mistakes(
            f"base-model: {name!r} holds Git LFS pointers in place of {', '.join(pointers)}; "
            "to do: `git lfs pull` in it, or download the files themselves"
        )
    content = read_json_files(paths)
    reasons = [*([] if trust_remote_code else _own_code(content)), *wrong_settings(content)]
    prefix = transformer_prefix(content.get("modules.json"))
    if trained:
        reasons += [*_untrainable_modules(content)] or [*weights_missing(prefix, paths, content)]
    else:
        reasons += [*_unscorable_modules(content)]
    if _first(content) == "Transformer" and not trust_remote_code:
        reasons += [*_tokenizer_missing(prefix, paths)]
    reasons += [f"{file}: {why}" for file, path in paths.items() if (why := damage(file, path))]
    if reasons:
        raise Mistakes([f"base-model: {name!r}: {reason}" for reason in reasons])


def read_json_files(paths: Mapping[str, Path]) -> dict[str, Any]:
    """Return relative name -> value of all .json files.

    Raises:
        Mistakes: a file is not JSON, or a config.json is no object; all are named.
    """
    checks = Checks()
    content = {name: checks.run(storage.read_json, str(path)) for name, path in paths.items() if name.endswith(".json")}
    checks.finish()
    wrong = [name for name, value in content.items() if _last(name) == "config.json" and not isinstance(value, dict)]
    raise_if([f"file: {paths[name]} is no JSON object" for name in wrong])
    return content


def _own_code(content: Mapping[str, Any]) -> Iterator[str]:
    """Name the own code of a model: classes in an `auto_map`, and modules that are not the library's."""
    named = [
        f"auto_map in {file}" for file, value in content.items() if isinstance(value, dict) and "auto_map" in value
    ]
    named += [f"{module} in modules.json" for module in _types(content) if not module.startswith(LIBRARY)]
    if named:
        yield (
            f"brings its own code ({', '.join(named)}), which is not run; "
            "allowed: --trust-remote-code, where you have read that code"
        )


def _untrainable_modules(content: Mapping[str, Any]) -> Iterator[str]:
    """Say why a model with these modules cannot be trained.

    A hub model without modules.json is a plain transformer, to which the library adds mean pooling.
    """
    if other_class := [*_other_class(content)]:
        yield from other_class
    elif "modules.json" in content and not _types(content):
        yield "modules.json: a list of modules, each with a type and a path, is needed"
    elif types := _types(content):
        first, *later = [module.removeprefix(LIBRARY).rpartition(".")[2] for module in types]
        if types[0].startswith(LIBRARY) and first != "Transformer":
            why = FIRST_MODULES.get(first, f"begins with the module {first}")
            yield f"{why}; a model whose first module is a Transformer is needed"
        known = [name for name, module in zip(later, types[1:], strict=True) if module.startswith(LIBRARY)]
        if others := [name for name in known if name not in LATER_MODULES]:
            yield f"has the module {', '.join(others)}; allowed after a Transformer: {', '.join(LATER_MODULES)}"


def _unscorable_modules(content: Mapping[str, Any]) -> Iterator[str]:
    """Say why a model with these modules cannot be scored.

    The library would load another class as a SentenceTransformer, and read all texts with one of several models.
    """
    yield from _other_class(content)
    if (first := _first(content)) in SEVERAL_MODELS:
        yield f"{FIRST_MODULES[first]}; a single one is needed"


def _tokenizer_missing(prefix: str, paths: Mapping[str, Path]) -> Iterator[str]:
    """Say that the tokenizer's files are missing; transformers would silently create one without a vocabulary."""
    names = [name.removeprefix(prefix) for name in paths if name.startswith(prefix)]
    if not any(fnmatch(name, pattern) for name in names for pattern in TOKENIZERS):
        yield f"has no tokenizer; {prefix}tokenizer.json, or another of {', '.join(TOKENIZERS[1:])}, is needed"


def _other_class(content: Mapping[str, Any]) -> Iterator[str]:
    config = content.get("config_sentence_transformers.json")
    saved_as = config.get("model_type", "SentenceTransformer") if isinstance(config, dict) else "SentenceTransformer"
    if saved_as != "SentenceTransformer":
        yield f"is a {saved_as}; a SentenceTransformer is needed"


def _first(content: Mapping[str, Any]) -> str:
    """Return the class name of the first module; empty if it is not the library's."""
    types = _types(content) or [f"{LIBRARY}Transformer"]
    return types[0].rpartition(".")[2] if types[0].startswith(LIBRARY) else ""


def _types(content: Mapping[str, Any]) -> list[str]:
    """Return the full class names of the modules; none if modules.json is missing or has another form."""
    modules = content.get("modules.json")
    if not isinstance(modules, list) or not all(map(_is_module, modules)):
        return []
    return [module["type"] for module in modules]


def _is_module(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ("type", "path", "name"))


def _above(name: str) -> str:
    return str(PurePosixPath(name).parent)


def _last(name: str) -> str:
    return PurePosixPath(name).name
