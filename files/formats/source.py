"""Open a file of rows of any format, and turn errors of reading into the user's mistakes."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from common import storage
from common.mistakes import Mistakes
from files.formats import parquet
from files.formats.delimited import DELIMITERS

JSON = (".jsonl", ".ndjson", ".json")
EXTENSIONS = (".parquet", *DELIMITERS, *JSON)


def extension_of(location: str) -> str:
    """Return the extension, one of EXTENSIONS; a folder of parquet parts has .parquet.

    Raises:
        Mistakes: the location has another extension.
    """
    name = storage.name_of(location)
    extension = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if extension in EXTENSIONS:
        return extension
    if parquet.is_parts(location):
        return ".parquet"
    allowed = f"{', '.join(EXTENSIONS)}, or a folder of parquet parts"
    raise Mistakes(f"file: {location} has the extension {extension!r}; allowed: {allowed}")


@contextmanager
def opened(location: str) -> Iterator[Any]:
    """Open the file for reading; an error of reading in the with block becomes the user's mistake.

    Raises:
        Mistakes: the file does not exist, or the block raises an error of reading.
    """
    extension = extension_of(location)
    file_system, path = storage.locate(location)
    try:
        with file_system.open_input_file(path) as file:
            yield file
    except Mistakes:
        raise
    except FileNotFoundError:
        raise Mistakes(f"file: {location} does not exist") from None
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise Mistakes(f"file: {location} cannot be read as {extension}: {error}") from None


def sha256(location: str) -> str:
    """Return the SHA-256 of the file's bytes in hex; for a folder, that of the names and digests of its parts.

    Raises:
        Mistakes: the file does not exist.
    """
    own = parquet.parts(location)
    if own == [location]:
        return storage.sha256(location)
    lines = [f"{storage.sha256(part)}  {storage.name_of(part)}\n" for part in own]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
