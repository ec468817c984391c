"""A file of rows, whatever its format: its extension, its bytes, and what makes its mistakes the user's."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from common import storage
from common.mistakes import Mistakes
from pairs.formats import parquet
from pairs.formats.delimited import DELIMITERS

JSON = (".jsonl", ".ndjson", ".json")
EXTENSIONS = (".parquet", *DELIMITERS, *JSON)


def extension_of(location: str) -> str:
    """The extension, one of EXTENSIONS; that of a folder of parquet parts is .parquet.

    Raises:
        Mistakes: it is another one.
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
    """The file, open for reading; what cannot be read in it is the user's mistake.

    Raises:
        Mistakes: there is no such file, or what is done with it raises an error of reading.
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
    """Of the file's bytes, in hex; of a folder of parts: of their names and digests.

    Raises:
        Mistakes: there is no such file.
    """
    own = parquet.parts(location)
    if own == [location]:
        return storage.sha256(location)
    lines = [f"{storage.sha256(part)}  {storage.name_of(part)}\n" for part in own]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
