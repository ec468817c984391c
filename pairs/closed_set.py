"""Whether the second texts of a file are categories: a closed set, of which each stands with many first texts."""

import re
from collections import Counter

from pairs.batches import Table
from pairs.clean import folded, one_spaced

NAMED = re.compile(r".*(category|categories|intent|label|class|topic|department|queue|tag|type)s?|topic_group", re.I)
"""Names that people give to a column of categories."""
NAME_CHARACTERS = 60
"""On average: longer texts are passages, of which a few may stand with several questions each and be no categories."""

LEAST_NAMED = 2
"""First texts of a category, on average, where its column says that it is one: not all are met for the first time."""
LEAST_NAMES = 5
"""The same of other short texts: with a fifth of the rows in dev and in test, each is met there once."""
LEAST_TEXTS = 10
"""The same of passages, as in pairs/join.py. SQuAD has 5 questions for each passage, and looks for passages."""
MOST = 1_000
"""Categories: beyond it is a catalogue, where the place of the right one says more than whether it is the first. The
sets that intents are told apart by have 77 (BANKING77) to 150 (CLINC150), DBpedia's finest level 219."""


def closed_set(table: Table) -> str | None:
    """That the second texts are categories, in words; None where they are not.

    Distinct pairs are counted, so that repeated rows make no category. At least half of the categories have to stand
    with two first texts or more, as one cannot be both trained and judged otherwise, and fewer than half of them may be
    first texts, as of questions that are paired with each other most are.

    Raises:
        Mistakes: the file cannot be read.
    """
    named = NAMED.fullmatch(table.columns["sentence2"])
    pairs: set[tuple[int, str]] = set()
    texts: set[int] = set()
    lengths: dict[str, int] = {}
    plain = Table(
        location=table.location,
        columns={name: table.columns[name] for name in ("sentence1", "sentence2")},
        names=table.names,
    )
    for batch, _ in plain.batches():
        for first, second in zip(batch["sentence1"], batch["sentence2"], strict=True):
            text, name = hash(folded(one_spaced(first))), folded(one_spaced(second))
            if name:
                texts.add(text)
                pairs.add((text, name))
                lengths[name] = len(name)
        if len(lengths) > MOST:
            return None
    if len(lengths) < 2:
        return None
    counts = Counter(name for _, name in pairs)
    short = sum(lengths.values()) / len(lengths) <= NAME_CHARACTERS
    least = LEAST_NAMED if named and short else LEAST_NAMES if short else LEAST_TEXTS
    rare = sum(count < LEAST_NAMED for count in counts.values())
    also_first = sum(hash(name) in texts for name in lengths)
    if len(pairs) < least * len(lengths) or rare > len(lengths) / 2 or also_first >= len(lengths) / 2:
        return None
    column = table.columns["sentence2"]
    mean = f"{len(pairs) / len(lengths):.0f} each on average"
    return (
        f"{len(lengths):,} different texts in {column} for {len(texts):,} others, {mean}: categories "
        "(--kind retrieval: texts to be looked for)"
    )
