"""Read a text file line by line."""

import io
import re
from collections.abc import Iterator
from typing import Any

NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""Characters that Python's surrogateescape makes of bytes that are no UTF-8: U+DC00 plus the byte (PEP 383)."""
UTF16 = ("\udcff\udcfe", "\udcfe\udcff")
"""The byte order marks of UTF-16, read so."""


class Hashed(io.BufferedIOBase):
    """A file that adds each byte read to a digest."""

    def __init__(self, file: Any, digest: Any) -> None:
        self._file, self._digest = file, digest

    def readable(self) -> bool:
        """Return True."""
        return True

    def read1(self, size: int = -1) -> bytes:
        """Read at most `size` bytes."""
        piece = bytes(self._file.read(size))
        self._digest.update(piece)
        return piece


def lines(file: Any) -> Iterator[str]:
    r"""Yield each line with its end, \n, \r\n or \r, without the byte order mark of UTF-8.

    Raises:
        ValueError: a line has bytes that are no UTF-8, or NUL, a sign of a damaged file; the message names the line.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        for number, line in enumerate(text, 1):
            if fault := _fault(line, number):
                raise ValueError(f"line {number}: {fault}; allowed: UTF-8")
            yield line
    finally:
        if not file.closed:
            text.detach()  # else the file would be closed with it, and its position could not be read


def _fault(line: str, number: int) -> str | None:
    if not line.isascii() and (match := NOT_UTF8.search(line)):
        if number == 1 and line.startswith(UTF16):
            return "it is UTF-16"
        return f"byte 0x{ord(match[0]) - 0xDC00:02x} is no UTF-8, as in Latin-1 or a Windows encoding"
    return "a NUL character, as in a damaged file or in UTF-16" if "\0" in line else None
