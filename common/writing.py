"""Write files and folders so that a reader finds them whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def half_of(path: str) -> str:
    """Return where a file or folder stands while it is written: beside it, hidden from readers of the folder."""
    above, slash, name = path.rpartition("/")
    return f"{above}{slash}.{name}.half"


@contextmanager
def write_then_rename(file_system: Any, path: str, *, half: str | None = None, private: bool = False) -> Iterator[Any]:
    """Give a stream into another file, which gets its name when all is written.

    If the writing ends with an error, the file that was there before stays as it is.

    Args:
        file_system: of pyarrow. Its folder has to be there.
        half: where the file stands meanwhile; by default beside it. Several writers of one file need a name each.
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
    """Copy a folder of this machine to `path`, in place of what is there.

    On this machine it appears whole or not at all. A store has no rename of folders: its files appear one by one.

    Raises:
        OSError: the storage refuses it.
    """
    from pyarrow import fs  # here: reading a task's declaration needs no pyarrow

    if isinstance(file_system, fs.LocalFileSystem):
        half = half_of(path)
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(local, half)
        shutil.rmtree(path, ignore_errors=True)
        os.replace(half, path)
        return
    if file_system.get_file_info(path).type != fs.FileType.NotFound:
        file_system.delete_dir(path)
    file_system.create_dir(path, recursive=True)
    fs.copy_files(local, path, destination_filesystem=file_system)
