"""Find a rule without learning that tells pairs apart nearly as well as any model could."""

import re
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from audit.finding import Finding
from audit.limits import EXAMPLES, FIRST_WORDS, POLARITY_PAIRS, SHORTCUT_AUC
from audit.scan import Facts

FIELD = re.compile(r"\s*(\w[\w -]{0,39}):\s*(.+?)(?=\s*\b\w+:|$)")
"""A leading 'name: value', the value up to the next name."""

Cosines = Callable[[list[str], list[str]], NDArray[np.float64]]
"""Pairs of texts -> the base model's cosines."""


def token_jaccard(first: str, second: str) -> float:
    """Return the shared words over all words, in any case."""
    one, other = set(first.casefold().split()), set(second.casefold().split())
    return len(one & other) / max(1, len(one | other))


def equal_field(first: str, second: str) -> float:
    """Return 1.0 if both texts begin with the same field and the same value of it, else 0.0."""
    one, other = FIELD.match(first), FIELD.match(second)
    return float(bool(one and other and one.groups() == other.groups()))


def equal_first_words(first: str, second: str) -> float:
    """Return 1.0 if both texts begin with the same words, in any case, else 0.0."""
    return float(first.casefold().split()[:FIRST_WORDS] == second.casefold().split()[:FIRST_WORDS])


RULES: dict[str, Callable[[str, str], float]] = {
    "share of words in common": token_jaccard,
    "equal leading field": equal_field,
    f"equal first {FIRST_WORDS} words": equal_first_words,
}


def check(train: Facts, cosines: Cosines | None) -> Iterator[Finding]:
    """Try each rule on the sample of train, if its labels are 0 and 1.

    Args:
        train: the facts about train.
        cosines: None leaves out the base model's figure.
    """
    from sklearn.metrics import roc_auc_score

    sample = train.sample.labelled
    if set(np.unique(sample.labels)) != {0.0, 1.0}:
        return
    pairs = list(zip(sample.first, sample.second, strict=True))
    aucs = {name: float(roc_auc_score(sample.labels, [rule(*pair) for pair in pairs])) for name, rule in RULES.items()}
    best = max(aucs, key=lambda name: aucs[name])
    if aucs[best] <= SHORTCUT_AUC:
        return
    statistic: dict[str, object] = {"rule": best, "roc_auc": aucs[best], "pairs": len(pairs)}
    if cosines is not None:
        part = slice(POLARITY_PAIRS)  # the polarity check has encoded nearly all of them
        values = cosines(sample.first[part], sample.second[part])
        statistic["base_model_roc_auc"] = float(roc_auc_score(sample.labels[part], values))
    scores = np.array([RULES[best](*pair) for pair in pairs])
    yield Finding(
        code="shortcut",
        severity="warning",
        count=len(pairs),
        share=len(pairs) / train.rows,
        statistic=statistic,
        rows=[("train", sample.rows[index]) for index in np.argsort(-scores, kind="stable")[:EXAMPLES]],
    )
