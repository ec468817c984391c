"""Write files and folders whole or not at all, so that a reader never sees half of one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def half_of(path: str) -> str:
    """Return the temporary path of a file or folder while it is written: beside it, with a hidden name."""
    above, slash, name = path.rpartition("/")
    return f"{above}{slash}.{name}.half"


@contextmanager
def write_then_rename(file_system: Any, path: str, *, half: str | None = None, private: bool = False) -> Iterator[Any]:
    """Give a stream into a temporary file, which is renamed to `path` when all is written.

    If the block raises an error, the file at `path` stays as it is.

    Args:
        file_system: of pyarrow.
        path: inside the file system; its folder has to exist.
        half: the temporary path; by default beside `path`. Several writers of one file need a name each.
        private: whether only its owner may read a file on this machine.

    Raises:
        OSError: the storage refuses it.
    """
    half = half or half_of(path)
    if private:
        os.close(os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    with file_system.open_output_stream(half) as stream:
        yield stream
    file_system.move(half, path)


def put_folder(local: str, file_system: Any, path: str) -> None:
    """Copy a folder of this machine to `path`, and replace what is there.

    On this machine it appears whole or not at all. A store cannot rename folders: its files appear one by one.

    Raises:
        OSError: the storage refuses it.
    """
    from pyarrow import fs  # here: reading a task's declaration needs no pyarrow

    if isinstance(file_system, fs.LocalFileSystem):
        half = half_of(path)
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(local, half)
        shutil.rmtree(path, ignore_errors=True)
        Path(half).replace(path)
        return
    if file_system.get_file_info(path).type != fs.FileType.NotFound:
        file_system.delete_dir(path)
    file_system.create_dir(path, recursive=True)
    fs.copy_files(local, path, destination_filesystem=file_system)
