"""Find columns that hold numbers or codes alone, such as keys of other tables, instead of texts."""

import re
from collections.abc import Iterator, Sequence

from audit.finding import Finding, error_if
from audit.limits import EXAMPLES, IDS_WARNING
from audit.plan import Plan
from audit.scan import TEXTS, Facts

NUMBER = re.compile(r"[#(+-]*\d[\d\s.,:;/()+%-]*")
"""A number, a date, a telephone number: digits and what stands between them."""
UUID = re.compile(r"[{]?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}[}]?", re.IGNORECASE)
HASH = re.compile(r"(?=.*\d)(0x)?[0-9a-f]{16,}", re.IGNORECASE)
"""At least 64 bits in hex; without a digit it could be a word."""
NUMBERED = re.compile(r"(?=[A-Z_#-]*\d)[A-Z]{1,6}[_#:-]{0,2}\d[\dA-Z_-]*|[a-z]{1,10}[_#:-]\d+", re.IGNORECASE)
"""A few letters and a number in one word: Q42, id_17, B000JZ4HQO."""
KEYS = (NUMBER, UUID, HASH, NUMBERED)


def is_key(text: str) -> bool:
    """Check whether a text is a number or a code of one word, which names a thing without describing it."""
    return any(pattern.fullmatch(text.strip()) for pattern in KEYS)


def check(plan: Plan, train: Facts) -> Iterator[Finding]:
    """Check the distinct texts in the sample of train; keys in both columns are an error."""
    sample, own = train.sample, plan.tables[train.split].columns
    fractions = {own[name]: _fraction(texts) for name, texts in zip(TEXTS, (sample.first, sample.second), strict=True)}
    of_keys = [name for name, fraction in fractions.items() if fraction > IDS_WARNING]
    if of_keys:
        yield Finding(
            code="ids_as_text",
            severity=error_if(len(of_keys) == len(TEXTS)),
            count=train.rows,
            share=1.0,
            statistic={"columns": " and ".join(of_keys), "share_of_texts": min(fractions[name] for name in of_keys)},
            rows=[(train.split, row) for row in sorted(sample.rows)[:EXAMPLES]],
        )


def _fraction(texts: Sequence[str]) -> float:
    """Return the fraction of the distinct texts that are keys."""
    distinct = set(texts)
    return sum(map(is_key, distinct)) / max(1, len(distinct))
