"""Normalise texts: one space between words, and a form in which texts that say the same are equal."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from tasks.common.values import as_text


def _any_of(chosen: Callable[[str], bool]) -> str:
    """Return a regular expression for the chosen characters; ideographs of planes 2 and 3 are not considered."""
    characters = map(chr, (*range(0x20000), *range(0xE0000, 0xE1000)))
    return f"[{''.join(re.escape(character) for character in characters if chosen(character))}]"


INVISIBLE = re.compile(_any_of(lambda character: unicodedata.category(character) == "Cf"))
"""Format characters, such as the zero-width space and joiner, the soft hyphen, and marks of byte order or direction."""

RAISED = ("<super>", "<sub>", "<circle>", "<fraction>")
APART = re.compile(f"({_any_of(lambda character: unicodedata.decomposition(character).startswith(RAISED))}+)")
"""Characters that NFKC would make digits or letters of another meaning: 10² would be 102, and ① would be 1."""


def one_spaced(value: Any) -> str:
    """Return a value as text with runs of white space as one space; None and NaN become empty text.

    Raises:
        NotTextError: see `as_text`.
    """
    return " ".join(as_text(value).split())


def folded(text: str) -> str:
    """Normalise a text for comparison: NFKC, case-folded, white space collapsed, invisible characters removed.

    An uncased tokenizer does nearly the same. Raised, lowered and circled characters and fractions stay as they are.
    """
    if text.isascii():
        return one_spaced(text.casefold())
    parts = APART.split(INVISIBLE.sub("", text))  # matches have odd indices
    parts[::2] = [unicodedata.normalize("NFKC", part) for part in parts[::2]]
    return one_spaced("".join(parts).casefold())
