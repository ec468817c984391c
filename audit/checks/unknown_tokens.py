"""Words that the base model's tokenizer cannot read: they all become one token, and texts made of them one text."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from audit.finding import Finding, error_if
from audit.limits import EXAMPLES, UNKNOWN_ERROR, UNKNOWN_TOKENS_WARNING, UNKNOWN_WARNING
from audit.scan import Facts
from pairs.clean import folded

TokenIds = Callable[[list[str]], list[list[int]]]
"""Texts -> token ids of each, special ones included, nothing cut off."""
SHOWN = 5
"""Words that are named."""


def check(train: Facts, token_ids: TokenIds, unknown: int | None) -> Iterator[Finding]:
    """On the distinct texts of the sample of train: how many the tokenizer cannot read, or reads like another one.

    A text cannot be read where most of its tokens are unknown or it has none. Texts that differ in letters, digits
    or symbols and have equal tokens are one text to the model.

    Args:
        unknown: id of the token for what the vocabulary lacks; None where there is none, as of bytes.
    """
    place = _first_rows(train)
    texts = list(place)
    if not texts:
        return
    specials = len(token_ids([""])[0])
    ids = dict(zip(texts, map(tuple, token_ids(texts)), strict=True))
    lacking = {text: sum(each == unknown for each in found) for text, found in ids.items()}
    words = {text: max(0, len(found) - specials) for text, found in ids.items()}
    unread = [text for text in texts if 2 * lacking[text] > words[text] or not words[text]]
    like_another = _like_another(ids)
    lost = len({*unread, *like_another}) / len(texts)
    of_tokens = sum(lacking.values()) / max(1, sum(words.values()))
    if lost > UNKNOWN_WARNING or of_tokens > UNKNOWN_TOKENS_WARNING:
        concerned = [text for text in texts if lacking[text]]
        concerned += [text for text in dict.fromkeys([*unread, *like_another]) if not lacking[text]]
        worst = sorted(concerned, key=lambda text: -lacking[text])[:EXAMPLES]
        yield Finding(
            code="unknown_tokens",
            severity=error_if(lost > UNKNOWN_ERROR),
            count=len(concerned),
            share=len(concerned) / len(texts),
            statistic={
                "texts": len(texts),
                "unreadable": len(unread),
                "equal_to_another": len(like_another),
                "share_of_tokens": of_tokens,
                **_words(worst, token_ids, unknown),
            },
            rows=[("train", place[text]) for text in worst],
        )


def _first_rows(train: Facts) -> dict[str, int]:
    """Each text of the sample -> a row that has it."""
    sample = train.sample
    place: dict[str, int] = {}
    for row, pair in zip(sample.rows, zip(sample.first, sample.second, strict=True), strict=True):
        for text in pair:
            place.setdefault(text, row)
    return place


def _like_another(ids: dict[str, tuple[int, ...]]) -> list[str]:
    """Texts whose tokens are those of a text that differs from them in more than case, white space and punctuation."""
    once = dict.fromkeys((found, _letters(text)) for text, found in ids.items())
    times = Counter(found for found, _ in once)
    return [text for text, found in ids.items() if times[found] > 1]


def _letters(text: str) -> str:
    """A text without what tokenizers may leave out: BERT's takes "it's" and "it 's" for the same."""
    return "".join(each for each in folded(text) if not each.isspace() and unicodedata.category(each)[0] != "P")


def _words(texts: Sequence[str], token_ids: TokenIds, unknown: int | None) -> dict[str, str]:
    """Some words of these texts that become the unknown token."""
    words = list(dict.fromkeys(word for text in texts for word in text.split()))
    lacking = [word for word, found in zip(words, token_ids(words), strict=True) if unknown in found]
    return {"such_as": " ".join(lacking[:SHOWN])} if lacking else {}
