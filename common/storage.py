"""Files at a path of this machine or at an address such as s3://bucket/key, through pyarrow.fs."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from common.credentials import put_back, scrubbed
from common.mistakes import Mistakes, raise_if

PIECE = 2**22
"""Bytes of a large file that are read at a time."""


def locate(location: str) -> tuple[Any, str]:
    """A path or address -> its pyarrow file system and the path inside it.

    Raises:
        Mistakes: the scheme is unknown, its store does not answer, or no path has such characters.
    """
    from pyarrow import fs  # here: reading a task's declaration needs no pyarrow

    if "\0" in location or re.search("[\ud800-\udfff]", location):
        raise Mistakes(f"address: {location!r} holds a character that no path has; allowed: UTF-8 without NUL")
    if "://" not in location:
        # LocalFileSystem takes relative paths, but later calls may run in another working directory.
        return fs.LocalFileSystem(), os.path.abspath(location)
    try:
        file_system, path = fs.FileSystem.from_uri(put_back(location))
    except (OSError, ValueError) as error:
        reason = scrubbed(str(error))
        raise Mistakes(
            f"address: {location} cannot be used: {reason}; allowed: a path, file://, s3://, gs://"
        ) from None
    return file_system, path


def refuse_unmakeable(name: str, folder: str) -> None:
    """Refuse a folder that cannot be created or written to, before what it is to hold is computed.

    Of a store nothing is known before something is written.

    Args:
        name: of the option.

    Raises:
        Mistakes: a file is in the way, a folder above is not writable, or no path may be as long.
    """
    from pyarrow import fs

    file_system, above = locate(folder)
    if not isinstance(file_system, fs.LocalFileSystem):
        return
    try:
        while not os.path.isdir(above):
            if _stands(above):
                raise Mistakes(f"{name}: {folder} cannot be made: {above} is a file; allowed: a folder")
            above = os.path.dirname(above)
    except OSError as error:
        raise Mistakes(f"{name}: {folder} cannot be made: {error.strerror}; allowed: a shorter path") from None
    if not os.access(above, os.W_OK | os.X_OK):
        raise Mistakes(f"{name}: {folder} cannot be made: {above} is not writable; allowed: a folder that is")


def _stands(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


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


def read_object(
    location: str, needed: Mapping[str, type], optional: Mapping[str, type] | None = None
) -> dict[str, Any]:
    """What a file with a JSON object holds.

    Args:
        needed, optional: name -> kind of its value; a float is any finite number, a whole one included.

    Raises:
        Mistakes: there is no such file, it holds something else, or a name lacks or has a value of another kind.
    """
    found, kinds = read_json(location), {**(optional or {}), **needed}
    if not isinstance(found, dict):
        raise Mistakes(f"file: {location} is damaged: {str(found)[:80]!r} is no JSON object")
    raise_if(
        [
            f"file: {location} is damaged: {name} is {found.get(name)!r}; allowed: {KINDS[kind]}"
            for name, kind in kinds.items()
            if (name in found or name in needed) and not _is_a(kind, found.get(name))
        ]
    )
    return found


KINDS = {str: "text", int: "a whole number above 0", float: "a finite number", dict: "an object"}


def _is_a(kind: type, value: Any) -> bool:
    if kind in (int, float):
        number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
        return number and (kind is float or (isinstance(value, int) and value > 0))
    return isinstance(value, kind)


@contextmanager
def reading(location: str, to_do: str) -> Iterator[None]:
    """What is taken from a file's value within is told as the file's damage where it is not there.

    Args:
        to_do: what a user does about it.

    Raises:
        Mistakes: a name lacks, or a value is of another kind.
    """
    try:
        yield
    except Mistakes:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Mistakes(f"file: {location} is damaged ({error!r}); {to_do}") from None


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
