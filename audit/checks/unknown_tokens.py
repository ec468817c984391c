"""Find words that the tokenizer cannot read: they all become one token, and texts made of them one text."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from audit.finding import Finding, error_if
from audit.limits import EXAMPLES, UNKNOWN_ERROR, UNKNOWN_TOKENS_WARNING, UNKNOWN_WARNING
from audit.scan import Facts
from tasks.common.texts import folded

TokenIds = Callable[[list[str]], list[list[int]]]
"""Texts -> token ids of each, special ones included, nothing cut off."""
SHOWN = 5
"""Words shown with a finding."""


def check(train: Facts, token_ids: TokenIds, unknown: int | None) -> Iterator[Finding]:
    """Count the distinct texts in the sample of train that the tokenizer cannot read, or reads like another one.

    A text cannot be read if most of its tokens are unknown or it has none. Texts that differ in letters, digits
    or symbols and have equal tokens are one text to the model.

    Args:
        train: the facts about train.
        token_ids: the tokenizer.
        unknown: id of the unknown token; None if the vocabulary lacks nothing, such as one of bytes.
    """
    row_of = _first_rows(train)
    texts = list(row_of)
    if not texts:
        return
    specials = len(token_ids([""])[0])
    ids = dict(zip(texts, map(tuple, token_ids(texts)), strict=True))
    lacking = {text: sum(token == unknown for token in tokens) for text, tokens in ids.items()}
    lengths = {text: max(0, len(tokens) - specials) for text, tokens in ids.items()}
    unread = [text for text in texts if 2 * lacking[text] > lengths[text] or not lengths[text]]
    like_another = _like_another(ids)
    lost = len({*unread, *like_another}) / len(texts)
    of_tokens = sum(lacking.values()) / max(1, sum(lengths.values()))
    if lost > UNKNOWN_WARNING or of_tokens > UNKNOWN_TOKENS_WARNING:
        affected = [text for text in texts if lacking[text]]
        affected += [text for text in dict.fromkeys([*unread, *like_another]) if not lacking[text]]
        worst = sorted(affected, key=lambda text: -lacking[text])[:EXAMPLES]
        yield Finding(
            code="unknown_tokens",
            severity=error_if(lost > UNKNOWN_ERROR),
            count=len(affected),
            share=len(affected) / len(texts),
            statistic={
                "texts": len(texts),
                "unreadable": len(unread),
                "equal_to_another": len(like_another),
                "share_of_tokens": of_tokens,
                **_words(worst, token_ids, unknown),
            },
            rows=[("train", row_of[text]) for text in worst],
        )


def _first_rows(train: Facts) -> dict[str, int]:
    """Return the first row of each text in the sample."""
    sample = train.sample
    row_of: dict[str, int] = {}
    for row, pair in zip(sample.rows, zip(sample.first, sample.second, strict=True), strict=True):
        for text in pair:
            row_of.setdefault(text, row)
    return row_of


def _like_another(ids: dict[str, tuple[int, ...]]) -> list[str]:
    """Return texts with the tokens of another text that differs in more than case, white space and punctuation."""
    distinct = dict.fromkeys((tokens, _letters(text)) for text, tokens in ids.items())
    times = Counter(tokens for tokens, _ in distinct)
    return [text for text, tokens in ids.items() if times[tokens] > 1]


def _letters(text: str) -> str:
    """Drop from a text what tokenizers may leave out: BERT's takes "it's" and "it 's" for the same."""
    return "".join(char for char in folded(text) if not char.isspace() and unicodedata.category(char)[0] != "P")


def _words(texts: Sequence[str], token_ids: TokenIds, unknown: int | None) -> dict[str, str]:
    """Return some words of these texts that become the unknown token."""
    words = list(dict.fromkeys(word for text in texts for word in text.split()))
    lacking = [word for word, tokens in zip(words, token_ids(words), strict=True) if unknown in tokens]
    return {"such_as": " ".join(lacking[:SHOWN])} if lacking else {}
