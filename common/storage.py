"""Read files at a path of this machine or at an address such as s3://bucket/key, through pyarrow.fs."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.credentials import put_back, scrubbed
from common.mistakes import Mistakes, raise_if

PIECE = 2**22
"""Bytes of a large file that are read at once."""


def locate(location: str) -> tuple[Any, str]:
    """Return the pyarrow file system of a path or address, and the path inside it.

    Raises:
        Mistakes: the scheme is unknown, its store does not answer, or a character is not allowed in a path.
    """
    from pyarrow import fs  # here: reading a task's declaration needs no pyarrow

    if "\0" in location or re.search("[\ud800-\udfff]", location):
        raise Mistakes(f"address: {location!r} holds a character that no path has; allowed: UTF-8 without NUL")
    if "://" not in location:
        # LocalFileSystem takes relative paths, but later calls may run in another working directory.
        return fs.LocalFileSystem(), os.path.normpath(Path(location).absolute())
    try:
        file_system, path = fs.FileSystem.from_uri(put_back(location))
    except (OSError, ValueError) as error:
        reason = scrubbed(str(error))
        raise Mistakes(
            f"address: {location} cannot be used: {reason}; allowed: a path, file://, s3://, gs://"
        ) from None
    return file_system, path


def local_path(path: str) -> Path:
    """Return a path of this machine with ~ replaced by the home folder; ~ of an unknown user stays."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def refuse_unmakeable(name: str, folder: str) -> None:
    """Refuse a folder that cannot be created or written to, before its content is computed.

    A folder in a store is not checked: only writing shows whether it can be written to.

    Args:
        name: option that gave the folder, for the message.
        folder: path or address.

    Raises:
        Mistakes: a folder above is a file or is not writable, or the path is too long.
    """
    from pyarrow import fs

    file_system, path = locate(folder)
    if not isinstance(file_system, fs.LocalFileSystem):
        return
    above = Path(path)
    try:
        while not above.is_dir():
            if _exists(above):
                raise Mistakes(f"{name}: {folder} cannot be created: {above} is a file; allowed: a folder")
            above = above.parent
    except OSError as error:
        raise Mistakes(f"{name}: {folder} cannot be created: {error.strerror}; allowed: a shorter path") from None
    if not os.access(above, os.W_OK | os.X_OK):
        raise Mistakes(f"{name}: {folder} cannot be created: {above} is not writable; allowed: a folder that is")


def _exists(path: Path) -> bool:
    """Check whether anything is at a path, a broken link included."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def is_file(location: str) -> bool:
    """Check whether a file is at this path or address."""
    from pyarrow import fs

    file_system, path = locate(location)
    return bool(_info(file_system, path, location).type == fs.FileType.File)


def file_names(folder: str) -> list[str]:
    """Return the names in a folder, sorted; none if there is no such folder.

    Raises:
        Mistakes: the folder cannot be listed.
    """
    from pyarrow import fs

    file_system, path = locate(folder)
    try:
        infos = file_system.get_file_info(fs.FileSelector(path, allow_not_found=True))
    except OSError as error:
        raise Mistakes(f"folder: {folder} cannot be listed: {error}") from None
    return sorted(info.base_name for info in infos)


def read_bytes(location: str) -> bytes:
    """Return the bytes of a file.

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
    """Return the value of a JSON file.

    Raises:
        Mistakes: there is no such file, or it is not JSON.
    """
    content = read_bytes(location)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Mistakes(f"file: {location} is not readable JSON: {error}") from None


def read_object(
    location: str, needed: Mapping[str, type], optional: Mapping[str, type] | None = None
) -> dict[str, Any]:
    """Return the JSON object of a file, with its needed and optional names checked.

    Args:
        location: path or address.
        needed: name -> kind of its value; a float is any finite number, a whole one included.
        optional: the same for names that may be missing.

    Raises:
        Mistakes: there is no such file, it is no JSON object, a name is missing, or a value is of another kind.
    """
    content, kinds = read_json(location), {**(optional or {}), **needed}
    if not isinstance(content, dict):
        raise Mistakes(f"file: {location} is damaged: {str(content)[:80]!r} is no JSON object")
    raise_if(
        [
            f"file: {location} is damaged: {name} is {content.get(name)!r}; allowed: {KINDS[kind]}"
            for name, kind in kinds.items()
            if (name in content or name in needed) and not _is_a(kind, content.get(name))
        ]
    )
    return content


KINDS = {str: "text", int: "a whole number above 0", float: "a finite number", dict: "an object"}


def _is_a(kind: type, value: Any) -> bool:
    if kind in (int, float):
        number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
        return number and (kind is float or (isinstance(value, int) and value > 0))
    return isinstance(value, kind)


@contextmanager
def reading(location: str, to_do: str) -> Iterator[None]:
    """Report errors in the block, which uses the values of a file, as damage of that file.

    Args:
        location: path or address of the file.
        to_do: advice to the user, for the message.

    Raises:
        Mistakes: a name is missing, or a value is of another kind.
    """
    try:
        yield
    except Mistakes:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Mistakes(f"file: {location} is damaged ({error!r}); {to_do}") from None


def size(location: str) -> int:
    """Return the bytes of a file; 0 if there is none."""
    return _info(*locate(location), location).size or 0


def sha256(location: str) -> str:
    """Return the SHA-256 of a file of any size, in hex.

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
    """Return the address of a name in a folder; a query, such as ?region=..., stays at its end."""
    path, mark, query = folder.partition("?") if "://" in folder else (folder, "", "")
    return f"{path.rstrip('/')}/{name}{mark}{query}"


def name_of(location: str) -> str:
    """Return the last name in a path or an address, without a query such as ?region=..."""
    path = location.partition("?")[0] if "://" in location else location
    return path.rstrip("/").rsplit("/", 1)[-1]


def _info(file_system: Any, path: str, location: str) -> Any:
    try:
        return file_system.get_file_info(path)
    except OSError as error:
        raise Mistakes(f"address: {location} does not answer: {error}") from None
