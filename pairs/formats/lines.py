"""A text file as lines, at most one of them in memory."""

import io
import re
from collections.abc import Iterator
from typing import Any

NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""What Python's surrogateescape makes of a byte that is no UTF-8: U+DC00 and the byte (PEP 383)."""
UTF16 = ("\udcff\udcfe", "\udcfe\udcff")
"""Its byte order marks, so read."""


class Hashed(io.BufferedIOBase):
    """A file that adds each byte that is read to a digest."""

    def __init__(self, file: Any, digest: Any) -> None:
        self._file, self._digest = file, digest

    def readable(self) -> bool:
        """Always."""
        return True

    def read1(self, size: int = -1) -> bytes:
        """The next bytes, at most so many."""
        piece = bytes(self._file.read(size))
        self._digest.update(piece)
        return piece


def lines(file: Any) -> Iterator[str]:
    r"""Each line with its end, \n, \r\n or \r; a byte order mark of UTF-8 is left out.

    Raises:
        ValueError: bytes that are no UTF-8, or NUL, which no text holds but a damaged file does; with the line.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        for number, line in enumerate(text, 1):
            if fault := _fault(line, number):
                raise ValueError(f"line {number}: {fault}; allowed: UTF-8")
            yield line
    finally:
        if not file.closed:
            text.detach()  # else the file would be closed with it, and how far it was read could not be asked


def _fault(line: str, number: int) -> str | None:
    if not line.isascii() and (found := NOT_UTF8.search(line)):
        if number == 1 and line.startswith(UTF16):
            return "it is UTF-16"
        return f"byte 0x{ord(found[0]) - 0xDC00:02x} is no UTF-8, as in Latin-1 or a Windows encoding"
    return "a NUL character, as in a damaged file or in UTF-16" if "\0" in line else None
