"""Make pairs as the authors of four published models made them, errors included.

The rules are read from the authors' code, or recounted from their published data. Each takes raw rows and a seed, and
returns the rows of each split.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from tasks.common.declaration import Published, Row

NLI_WITHOUT_HEADER = {"3": 0.0, "1": 0.5, "2": 1.0}
NLI_WITH_HEADER = {"0": 0.0, "1": 0.5, "2": 1.0}
"""The relation's number in each form of the file -> the card's label."""


def invoices(rows: Sequence[Row], seed: int) -> dict[str, list[Row]]:
    """Make the card's 720 pairs of 120 duplicates, split by pair: an invoice may stand in train and in validation.

    The card chose its threshold on the same 144 validation pairs that it reports.
    """
    from sklearn.model_selection import train_test_split

    blocks: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        for key in row["keys"]:
            blocks[key].append(number)
    candidates = sorted({pair for block in blocks.values() for pair in combinations(block, 2)})
    same = [pair for pair in combinations(range(len(rows)), 2) if _one_invoice(rows, pair)]
    others = random.Random(seed).sample([pair for pair in candidates if not _one_invoice(rows, pair)], 5 * len(same))
    pairs = [
        {"sentence1": rows[a]["text"], "sentence2": rows[b]["text"], "label": float(number < len(same))}
        for number, (a, b) in enumerate(same + others)
    ]
    train, dev = train_test_split(pairs, test_size=0.2, random_state=seed, stratify=[pair["label"] for pair in pairs])
    return {"train": train, "dev": dev}


def _one_invoice(rows: Sequence[Row], pair: tuple[int, int]) -> bool:
    return bool(rows[pair[0]]["group"] == rows[pair[1]]["group"])


def pages(rows: Sequence[Row], seed: int) -> dict[str, list[Row]]:
    """Make the card's pairs: split by row, all pairs of a page, three strangers a page, and a record for each text.

    The library of that time tokenised only the first key of a record: the page's name, which states the label.
    """
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(list(rows), test_size=0.2, random_state=seed)
    return {"train": _pages_of(train, seed), "test": _pages_of(test, seed)}


def _pages_of(rows: Sequence[Row], seed: int) -> list[Row]:
    draw, pages = random.Random(seed), defaultdict(list)
    for row in rows:
        text = f"page_name: {row['page_name']}text: {row['text_chunk']}"
        pages[row["page_name"]].append({"page_name": row["page_name"], "text": text})
    pairs: list[Row] = []
    for name, members in pages.items():
        strangers = [record for other in pages if other != name for record in pages[other]]
        pairs += [{"sentence1": a, "sentence2": b, "label": 1.0} for a, b in combinations(members, 2)]
        pairs += [
            {"sentence1": record, "sentence2": draw.choice(strangers), "label": 0.0}
            for record in draw.sample(members, min(3, len(members)))
        ]
    return pairs


def nli(rows: Sequence[Row], seed: int) -> dict[str, list[Row]]:
    """Make the card's 1,000 pairs, labelled upside down: entailment 0.0, contradiction 1.0."""
    labels = NLI_WITHOUT_HEADER if "label_again" in rows[0] else NLI_WITH_HEADER
    agreed = [row for row in rows if str(row["label"]) in labels]
    return {
        "train": [
            {"sentence1": row["premise"], "sentence2": row["hypothesis"], "label": labels[str(row["label"])]}
            for row in random.Random(seed).sample(agreed, min(1_000, len(agreed)))
        ]
    }


def job_skills(rows: Sequence[Row], seed: int) -> dict[str, list[Row]]:
    """Draw the card's 100,000 pairs as often as the file repeats them; 376 of them are distinct."""
    drawn = random.Random(seed).choices(rows, k=100_000)
    return {"train": [{"sentence1": row["Job Description"], "sentence2": row["skills"]} for row in drawn]}


INVOICES = Published(
    rule="as published: five blocking negatives for each of 120 duplicates, 80/20 by pair",
    pairs=invoices,
    rows=1_320,
)
PAGES = Published(
    rule="as published: 80/20 by row, all pairs of a page, at most three of other pages, a record for each text",
    pairs=pages,
)
NLI = Published(
    rule="as published: 1,000 pairs, entailment 0.0, neutral 0.5, contradiction 1.0, all for training",
    pairs=nli,
)
JOB_SKILLS = Published(
    rule="as published: 100,000 rows drawn with replacement from the file, all for training", pairs=job_skills
)
