"""Cut a text into words, for every yardstick alike."""

import re

from tasks.common.texts import folded

WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
"""A run of letters, digits and underscores; a character of Chinese or Japanese, which write no spaces, by itself."""


def words(text: str) -> list[str]:
    """Return the words of a text in their order, in lower case, without punctuation."""
    return WORD.findall(folded(text))
