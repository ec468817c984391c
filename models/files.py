"""What the files of a base model show before anything loads them: whether they are whole, and can be trained.

No weight is read and torch is not imported.
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from common import storage
from common.mistakes import Checks, Mistakes, raise_if
from models.settings import wrong_settings
from models.soundness import transformer_place
from models.weight_files import SAFETENSORS, damage, is_pickled, is_pointer, weights_missing

UNUSED_FOLDERS = ("onnx/", "openvino/", ".git/", ".cache/")
UNUSED_FILES = ("tf_model.h5", "rust_model.ot", "flax_model.msgpack")
"""Further copies of the same weights that a model's folder may hold and training never reads."""
LIBRARY = "sentence_transformers."
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
"""First modules that are no single transformer over texts, and why."""
SEVERAL_MODELS = ("Router", "Asym")
TOKENIZERS = ("tokenizer.json", "vocab.*", "*.model", "*.tiktoken", "tekken.json")
"""Names of the files that a tokenizer can be made of."""


def used(names: Iterable[str]) -> list[str]:
    """The names of a model's files without further copies of its weights; pickled weights go where no others are."""
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
        trust_remote_code: whether the code that it brings may run.
        trained: whether it is to be trained: other kinds can be scored.

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
    place = transformer_place(content.get("modules.json"))
    if trained:
        reasons += [*_of_modules(content)] or [*weights_missing(place, paths, content)]
    else:
        reasons += [*_of_scored(content)]
    if _first(content) == "Transformer" and not trust_remote_code:
        reasons += [*_tokenizer_missing(place, paths)]
    reasons += [f"{file}: {why}" for file, path in paths.items() if (why := damage(file, path))]
    if reasons:
        raise Mistakes([f"base-model: {name!r}: {reason}" for reason in reasons])


def read_json_files(paths: Mapping[str, Path]) -> dict[str, Any]:
    """The values of all .json files.

    Raises:
        Mistakes: naming each file that is no JSON, and each config.json that holds no object.
    """
    checks = Checks()
    content = {name: checks.run(storage.read_json, str(path)) for name, path in paths.items() if name.endswith(".json")}
    checks.finish()
    wrong = [name for name, each in content.items() if _last(name) == "config.json" and not isinstance(each, dict)]
    raise_if([f"file: {paths[name]} is no JSON object" for name in wrong])
    return content


def _own_code(content: Mapping[str, Any]) -> Iterator[str]:
    """Transformers imports the classes that `auto_map` names, sentence-transformers those of modules.json."""
    named = [f"auto_map in {file}" for file, each in content.items() if isinstance(each, dict) and "auto_map" in each]
    named += [f"{each} in modules.json" for each in _types(content) if not each.startswith(LIBRARY)]
    if named:
        yield (
            f"brings its own code ({', '.join(named)}), which is not run; "
            "allowed: --trust-remote-code, where you have read that code"
        )


def _of_modules(content: Mapping[str, Any]) -> Iterator[str]:
    """A model of the hub without modules.json is a plain transformer, which the library pools by the mean."""
    if made_otherwise := [*_made_otherwise(content)]:
        yield from made_otherwise
    elif "modules.json" in content and not _types(content):
        yield "modules.json: a list of modules, each with a type and a path, is needed"
    elif types := _types(content):
        first, *later = [each.removeprefix(LIBRARY).rpartition(".")[2] for each in types]
        if types[0].startswith(LIBRARY) and first != "Transformer":
            why = FIRST_MODULES.get(first, f"begins with the module {first}")
            yield f"{why}; a model whose first module is a Transformer is needed"
        own = [name for name, each in zip(later, types[1:], strict=True) if each.startswith(LIBRARY)]
        if others := [name for name in own if name not in LATER_MODULES]:
            yield f"has the module {', '.join(others)}; allowed after a Transformer: {', '.join(LATER_MODULES)}"


def _of_scored(content: Mapping[str, Any]) -> Iterator[str]:
    """Of these the library would make a SentenceTransformer, or read all texts with one of several models."""
    yield from _made_otherwise(content)
    if (first := _first(content)) in SEVERAL_MODELS:
        yield f"{FIRST_MODULES[first]}; a single one is needed"


def _tokenizer_missing(place: str, paths: Mapping[str, Path]) -> Iterator[str]:
    """Without its files transformers makes a tokenizer that knows no word, and says nothing."""
    held = [name.removeprefix(place) for name in paths if name.startswith(place)]
    if not any(fnmatch(name, pattern) for name in held for pattern in TOKENIZERS):
        yield f"has no tokenizer; {place}tokenizer.json, or another of {', '.join(TOKENIZERS[1:])}, is needed"


def _made_otherwise(content: Mapping[str, Any]) -> Iterator[str]:
    kind = content.get("config_sentence_transformers.json")
    made_as = kind.get("model_type", "SentenceTransformer") if isinstance(kind, dict) else "SentenceTransformer"
    if made_as != "SentenceTransformer":
        yield f"is a {made_as}; a SentenceTransformer is needed"


def _first(content: Mapping[str, Any]) -> str:
    """Name of the library's module that comes first; empty where it is none of the library's."""
    types = _types(content) or [f"{LIBRARY}Transformer"]
    return types[0].rpartition(".")[2] if types[0].startswith(LIBRARY) else ""


def _types(content: Mapping[str, Any]) -> list[str]:
    """Full class names of the modules; none where modules.json is not there, or not what the library reads."""
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
