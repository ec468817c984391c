"""Tell whether the second texts of a file are categories: a closed set, each with many first texts."""

import re
from collections import Counter
from dataclasses import replace
from typing import Any, NamedTuple

from files.batches import Table
from tasks.common.texts import folded, one_spaced
from tasks.common.values import NotTextError

NAMED = re.compile(r".*(category|intent|label|class|topic|department|queue|tag|type)([_ ]?(name|group))?", re.I)
"""Names that people give a column of categories."""
NAME_CHARACTERS = 60
"""Average length: longer texts are passages, which may stand with several questions and be no categories."""

LEAST_NAMED = 2
"""Average number of first texts of a category if the column's name says so: not every text is new then."""
LEAST_NAMES = 5
"""The same for other short texts: with a fifth of the rows in dev and in test, each stands there once."""
LEAST_TEXTS = 10
"""The same for passages, as in pairs/splits/join.py. SQuAD has 5 questions for each passage, and retrieves passages."""
MOST = 1_000
"""Categories: more are a catalogue, in which the rank of the right one says more than whether it is the first. Sets of
intents have 77 (BANKING77) to 150 (CLINC150) categories, DBpedia's finest level 219."""
SEVERAL = 1.1
"""Average number of second texts of a first one: a text of several categories has several right answers."""


def closed_set(table: Table) -> str | None:
    """Check whether the second texts are categories; return the reason in words, or None if they are not.

    Distinct pairs are counted, so that repeated rows make no category. At least half of the categories must stand with
    two first texts or more, since otherwise a category is not both in train and in an evaluation. Fewer than half may
    be first texts, too: of questions that are paired with each other, most are.

    Raises:
        Mistakes: the file cannot be read.
    """
    column = table.columns["sentence2"]
    counted = _counted(table)
    if counted is None or len(counted.firsts) < 2:
        return None
    texts, firsts = counted
    pairs, number = sum(firsts.values()), len(firsts)
    short = sum(map(len, firsts)) / number <= NAME_CHARACTERS
    least = LEAST_TEXTS if not short else LEAST_NAMED if NAMED.fullmatch(column) else LEAST_NAMES
    rare = sum(count < LEAST_NAMED for count in firsts.values())
    also_first = sum(hash(name) in texts for name in firsts)
    if pairs < least * number or max(rare - 0.5, also_first) >= number / 2 or pairs > SEVERAL * len(texts):
        return None
    return (
        f"{number:,} different texts in {column} for {len(texts):,} others, {pairs / number:.0f} each on average: "
        "categories (--kind retrieval: texts to retrieve)"
    )


class _Counted(NamedTuple):
    texts: set[int]
    """Hashes of the first texts, folded."""
    firsts: Counter[str]
    """Second text, folded -> number of different first texts beside it."""


def _text(value: Any) -> str:
    """Fold a value; return an empty text for a value that is no text, which cleaning refuses."""
    try:
        return folded(one_spaced(value))
    except NotTextError:
        return ""


def _counted(table: Table) -> _Counted | None:
    """Count the texts; return None if there are more than MOST second texts."""
    columns = {name: table.columns[name] for name in ("sentence1", "sentence2")}
    texts: set[int] = set()
    pairs: set[int] = set()
    firsts: Counter[str] = Counter()
    for batch, _ in replace(table, columns=columns).batches():
        for first, second in zip(batch["sentence1"], batch["sentence2"], strict=True):
            text, name = _text(first), _text(second)
            pair = hash((text, name))
            if text and name and pair not in pairs:
                texts.add(hash(text))
                pairs.add(pair)
                firsts[name] += 1
        if len(firsts) > MOST:
            return None
    return _Counted(texts, firsts)
