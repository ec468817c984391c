"""Files at a path of this machine or at an address such as s3://bucket/key, through pyarrow.fs."""

import json
from typing import Any

from tasks.common.credentials import put_back, scrubbed
from tasks.common.mistakes import Mistakes

PIECE = 2**22
"""Bytes of a large file that are read at a time."""


def locate(location: str) -> tuple[Any, str]:
    """A path or address -> its pyarrow file system and the path inside it.

    Raises:
        Mistakes: the scheme is unknown or its store does not answer.
    """
    from pyarrow import fs  # here: reading a task's declaration needs no pyarrow

    if "://" not in location:
        # LocalFileSystem takes relative paths, but later calls may run in another working directory.
        import os

        return fs.LocalFileSystem(), os.path.abspath(location)
    try:
        file_system, path = fs.FileSystem.from_uri(put_back(location))
    except (OSError, ValueError) as error:
        reason = scrubbed(str(error))
        raise Mistakes(
            f"address: {location} cannot be used: {reason}; allowed: a path, file://, s3://, gs://"
        ) from None
    return file_system, path


def is_file(location: str) -> bool:
    """Whether a file stands there."""
    from pyarrow import fs

    file_system, path = locate(location)
    return bool(_info(file_system, path, location).type == fs.FileType.File)


def file_names(folder: str) -> list[str]:
    """The names in a folder, sorted; empty if there is no such folder."""
    from pyarrow import fs

    file_system, path = locate(folder)
    try:
        infos = file_system.get_file_info(fs.FileSelector(path, allow_not_found=True))
    except OSError as error:
        raise Mistakes(f"folder: {folder} cannot be listed: {error}") from None
    return sorted(info.base_name for info in infos)


def read_bytes(location: str) -> bytes:
    """The whole file.

    Raises:
        Mistakes: there is no such file, or its store does not answer.
    """
    file_system, path = locate(location)
    try:
        with file_system.open_input_stream(path) as stream:
            return bytes(stream.read())
    except FileNotFoundError:
        raise Mistakes(f"file: {location} does not exist") from None
    except OSError as error:
        raise Mistakes(f"file: {location} cannot be read: {error}") from None


def read_json(location: str) -> Any:
    """What a file of JSON holds.

    Raises:
        Mistakes: there is no such file, or it holds something else.
    """
    content = read_bytes(location)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Mistakes(f"file: {location} is not readable JSON: {error}") from None


def size(location: str) -> int:
    """Bytes of a file; 0 where there is none."""
    return _info(*locate(location), location).size or 0


def sha256(location: str) -> str:
    """Of a file of any size.

    Raises:
        Mistakes: there is no such file.
    """
    import hashlib

    file_system, path = locate(location)
    digest = hashlib.sha256()
    try:
        with file_system.open_input_stream(path) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
    except FileNotFoundError:
        raise Mistakes(f"file: {location} does not exist") from None
    except OSError as error:
        raise Mistakes(f"file: {location} cannot be read: {error}") from None
    return digest.hexdigest()


def join(folder: str, name: str) -> str:
    """The address of a name in a folder; a query, such as ?region=..., stays at its end."""
    path, mark, query = folder.partition("?") if "://" in folder else (folder, "", "")
    return f"{path.rstrip('/')}/{name}{mark}{query}"


def name_of(location: str) -> str:
    """The last name in a path or an address, without a query such as ?region=..."""
    path = location.partition("?")[0] if "://" in location else location
    return path.rstrip("/").rsplit("/", 1)[-1]


def _info(file_system: Any, path: str, location: str) -> Any:
    try:
        return file_system.get_file_info(path)
    except OSError as error:
        raise Mistakes(f"address: {location} does not answer: {error}") from None
