"""Read and write the files of a run: one object knows every path, on this machine or in a store such as s3://."""

import atexit
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pyarrow import fs

from common import storage
from common.jsonable import finite
from common.mistakes import Mistakes
from common.writing import put_folder, write_then_rename

SETTINGS = "settings.json"
ENVIRONMENT = "environment.json"
DATA = "data.json"
AUDIT = "audit.json"
TRIALS = "trials.jsonl"
PREDICTIONS = "predictions"
EVENTS = "events"
BEST = "best"
REFIT = "refit"
VERDICT = "verdict.json"
RESULT = "result.json"
EVALUATIONS = "evaluations.json"
STATES = "states"
TUNE = "tune"
GROUPS = "groups"
FILES: Mapping[str, str] = {
    SETTINGS: "the request with its defaults resolved",
    ENVIRONMENT: "packages, processor, memory and GPU of driver and workers",
    DATA: "fingerprint and manifest of the prepared pairs",
    AUDIT: "findings of the audit",
    TRIALS: "a line for each trial",
    PREDICTIONS: "predictions on dev of every evaluated state, item by item",
    EVENTS: "TensorBoard events, a folder for each trial",
    BEST: "the selected model with its card",
    VERDICT: "base, baseline and best on dev and test",
    RESULT: "the summary",
}
"""Name of a file or folder that a run leaves -> its content. docs/reference/run_folder.md has the fields."""
WORKING: Mapping[str, str] = {
    STATES: "the best states of running trials, of the baseline and of the five best trials while a search runs",
    TUNE: "Ray Tune's own files",
    GROUPS: "Ray Train's own files",
    EVALUATIONS: "scores of test that jobs.evaluate has shown",
    REFIT: "the selected model trained once more on more pairs, with --refit",
}
"""Name of a file or folder that exists during a run, or that some runs or a later job add -> its content."""

RESERVED = ".reserved"
"""Name of a file that exists while a run writes its first files."""


class RunFolder:
    """The files of one run. A local path is made absolute: Ray changes the working directory of a worker.

    Raises:
        Mistakes: the address has a scheme that pyarrow.fs does not know, or its store does not answer.
    """

    def __init__(self, path: str) -> None:
        self.path = _absolute(path)
        self.files, self._root = storage.locate(self.path)

    @classmethod
    def check(cls, path: str) -> "RunFolder":
        """Check that a new run may use this folder; create nothing.

        Raises:
            Mistakes: it is not empty, it cannot be created, or the store does not answer.
        """
        folder = cls(path)
        try:
            is_file = folder.files.get_file_info(folder._root).type == fs.FileType.File
            held = [] if is_file else folder._names()
        except OSError as error:
            raise Mistakes(f"run: {path!r} cannot be read ({_reason(error)}); a reachable folder is needed") from None
        if is_file:
            raise Mistakes(f"run: {path!r} is a file; a new or empty folder is needed")
        if held:
            raise Mistakes(folder._not_empty(held))
        storage.refuse_unmakeable("run", folder.path)
        return folder

    @classmethod
    def claim(cls, path: str) -> "RunFolder":
        """Return the folder of a new run, created if it is missing.

        Raises:
            Mistakes: it is not empty, or it cannot be created.
        """
        folder = cls.check(path)
        try:
            folder.files.create_dir(folder._root, recursive=True)
        except OSError as error:
            raise Mistakes(f"run: {path!r} cannot be created ({_reason(error)}); a writable folder is needed") from None
        return folder

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Reserve the folder while a run writes its first files; only one of several runs gets it.

        If the block raises an error, the folder is emptied again. On this machine a file decides that only one run
        can create. Pyarrow has no such file for a store: each run writes one of its own and then looks for others, so
        that two never both go on; but both may be refused.

        Raises:
            Mistakes: another run has reserved it.
        """
        mark = RESERVED if self.is_local else f"{RESERVED}-{uuid.uuid4().hex}"
        self._put_mark(mark)
        try:
            held = [name for name in self._names() if name != mark]
            if held:
                raise Mistakes(self._not_empty(held))
            try:
                yield
            except BaseException:  # also an interrupt: nothing is trained yet
                self._empty(but=RESERVED)
                raise
        finally:
            self.files.delete_file(self._inside(mark))

    @classmethod
    def of_model(cls, model: str) -> "RunFolder | None":
        """Return the run that a model folder lies in; None if the folder above it is no run."""
        above = _absolute(model).rpartition("/")[0]
        if not above or above.endswith(":/"):
            return None
        run = cls(above)
        return run if run.is_run else None

    @property
    def is_run(self) -> bool:
        """Whether a run has begun here; settings.json alone may come from any program."""
        return self.exists(SETTINGS) and self.exists(DATA)

    @property
    def is_local(self) -> bool:
        """Whether the folder is on a local or mounted file system."""
        return isinstance(self.files, fs.LocalFileSystem)

    @property
    def shown(self) -> str:
        """The path as a user would type it: relative if it is below the working directory."""
        below = os.path.relpath(self.path) if self.is_local else self.path
        return self.path if below.startswith("..") else below

    @property
    def events(self) -> str:
        """The folder of TensorBoard events, which has a folder per trial."""
        return self.at(EVENTS)

    def at(self, name: str) -> str:
        """Return the full path or address of a file or folder of the run."""
        return storage.join(self.path, name)

    def exists(self, name: str) -> bool:
        """Check whether the run has this file or folder.

        Raises:
            Mistakes: the store does not answer.
        """
        try:
            return bool(self.files.get_file_info(self._inside(name)).type != fs.FileType.NotFound)
        except OSError as error:
            raise Mistakes(
                f"run: {self.path!r} cannot be read ({_reason(error)}); a reachable folder is needed"
            ) from None

    def read_json(self, name: str) -> Any:
        """Return the value of a JSON file of the run.

        Raises:
            FileNotFoundError: there is none.
        """
        with self.reading(name) as stream:
            return json.loads(stream.read())

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as JSON, whole or not at all. NaN and infinity become null."""
        self.write_text(name, json.dumps(finite(value), indent=2, default=str) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, whole or not at all."""
        with self.writing(name) as stream:
            stream.write(text.encode())

    @contextmanager
    def writing(self, name: str) -> Iterator[Any]:
        """Give a stream that writes a file, whole or not at all; its folder has to exist."""
        with write_then_rename(self.files, self._inside(name)) as stream:
            yield stream

    def reading(self, name: str) -> Any:
        """Open a stream of a file's bytes.

        Raises:
            FileNotFoundError: there is none.
        """
        return self.files.open_input_stream(self._inside(name))

    def create_folder(self, name: str) -> None:
        """Create a folder of the run if it is missing."""
        self.files.create_dir(self._inside(name), recursive=True)

    def delete_file(self, name: str) -> None:
        """Delete a file of the run."""
        self.files.delete_file(self._inside(name))

    def put_folder(self, local: str, name: str) -> None:
        """Copy a local folder into the run under `name`, and replace what is there."""
        put_folder(local, self.files, self._inside(name))

    def delete_folder(self, name: str) -> None:
        """Delete a folder of the run with its content, if it exists."""
        if self.exists(name):
            self.files.delete_dir(self._inside(name))

    def local_copy(self, name: str = "") -> str:
        """Return a path on this machine to a folder of the run, or to all of it.

        It is the folder itself, or for a store a copy that is removed when the process ends.
        """
        if self.is_local:
            return self._inside(name)
        local = tempfile.mkdtemp(prefix="run-")
        atexit.register(shutil.rmtree, local, ignore_errors=True)
        fs.copy_files(self._inside(name), local, source_filesystem=self.files)
        return local

    def _not_empty(self, held: list[str]) -> str:
        """Return the message that another run has reserved the folder, or that it holds these names."""
        marks = [name for name in held if name.startswith(RESERVED)]
        if marks == held:
            return (
                f"run: {self.shown!r} was taken by another run just now; give another folder, "
                f"or delete {self.at(marks[0])} if that run is gone"
            )
        named = ", ".join(held[:4]) + (", ..." if len(held) > 4 else "")
        return f"run: {self.shown!r} is not empty (it holds {named}); a new or empty folder is needed"

    def _put_mark(self, mark: str) -> None:
        """Create the file `mark`; on this machine, fail if it exists."""
        if not self.is_local:
            self.files.open_output_stream(self._inside(mark)).close()
            return
        try:
            os.close(os.open(self._inside(mark), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            raise Mistakes(self._not_empty([mark])) from None

    def _empty(self, but: str) -> None:
        """Delete all but the files whose names begin with `but`."""
        for info in self.files.get_file_info(fs.FileSelector(self._root)):
            if info.type == fs.FileType.Directory:
                self.files.delete_dir(info.path)
            elif not info.base_name.startswith(but):
                self.files.delete_file(info.path)

    def _inside(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _names(self) -> list[str]:
        infos = self.files.get_file_info(fs.FileSelector(self._root, allow_not_found=True))
        return sorted(info.base_name for info in infos)


def _absolute(path: str) -> str:
    if path.startswith("file://"):
        path = path.removeprefix("file://")
    if "://" in path:
        return path.rstrip("/")
    return str(storage.local_path(path).absolute())


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0]
