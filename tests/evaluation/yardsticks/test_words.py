"""Words: folded, without punctuation, and single characters of scripts that write no spaces."""

import pytest

from evaluation.yardsticks.words import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Acme Corp., No. 42", ["acme", "corp", "no", "42"]),
        ("ＡＣＭＥ\u00a0corp", ["acme", "corp"]),
        ("発注書 A4", ["発", "注", "書", "a4"]),
        ("!?", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected
