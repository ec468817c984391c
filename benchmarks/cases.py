"""Generate training pairs to measure with, as long and as often repeated as a task's real ones."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer

from pairs.order import shuffled
from pairs.prepare import prepare
from tasks.common import loading

SPECIAL_TOKENS = 2
"""Special tokens of a BERT-like tokenizer: one before a text and one after it."""


@dataclass(frozen=True)
class Case:
    """A task at a global batch size; lengths are the deciles, in tokens, of the task's real texts."""

    task: str
    global_batch_size: int
    first: Sequence[int] = ()
    second: Sequence[int] = ()
    rows: int = 0
    """Rows that the measured ones are drawn from, so that repeats meet as seldom as in the task; 0: no others."""
    repeats: int = 1
    """Number of rows that have the same first text."""
    categories: int = 0
    """Distinct second texts; 0 where every row has its own."""

    @property
    def name(self) -> str:
        """The case's name, such as 'tickets b32'."""
        return f"{self.task} b{self.global_batch_size}"


TICKETS = {
    "first": (6, 15, 18, 22, 26, 30, 36, 44, 58, 91, 256),
    "second": (3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4),
    "rows": 3_200,
    "repeats": 2,
    "categories": 8,
}
NLI = {
    "first": (6, 10, 12, 13, 14, 15, 17, 18, 21, 25, 45),
    "second": (5, 7, 8, 9, 9, 10, 11, 12, 13, 15, 31),
    "rows": 15_000,
    "repeats": 3,
}
JOB_SKILLS = {
    "first": (14, 21, 24, 27, 28, 30, 32, 35, 39, 42, 71),
    "second": (8, 12, 13, 15, 16, 19, 23, 28, 32, 39, 79),
}
CASES = (
    Case("tickets", 32, **TICKETS),  # type: ignore[arg-type]
    Case("invoices", 8),
    Case("nli", 16, **NLI),  # type: ignore[arg-type]
    Case("job_skills", 16, **JOB_SKILLS),  # type: ignore[arg-type]
    Case("job_skills", 128, **JOB_SKILLS),  # type: ignore[arg-type]
)


def training_pairs(case: Case, count: int, tokenizer: str, seed: int = 0) -> pa.Table:
    """Generate rows of sentence1, sentence2, [label] and group; invoices come from their own generator.

    Args:
        case: the task and the lengths of its texts.
        count: number of rows.
        tokenizer: the text of a tokenizer.json; its whole words make texts of exactly the wanted number of tokens.
        seed: of the texts and their order.
    """
    task = loading.load(case.task)
    if task.generate:
        train = prepare(task, {}, seed=seed, rows=max(1320, 4 * count)).tables["train"]
        return train.take(np.random.default_rng(seed).permutation(len(train))[:count])
    draw = random.Random(seed)
    words = whole_words(tokenizer)
    firsts = texts(draw, words, case.first, -(-count // case.repeats))
    seconds = texts(draw, words, case.second, case.categories or count)
    first = [text for text in firsts for _ in range(case.repeats)][:count]
    columns = {"sentence1": first, "sentence2": list(islice(cycle(seconds), count))}
    label = (
        {}
        if task.declared_loss.labels == "none"
        else {"label": pa.array([draw.choice([0.0, 1.0]) for _ in first], pa.float32())}
    )
    return pa.table({**columns, **label, "group": first})


def drawn(rows: pa.Table, count: int, seed: int = 0) -> pa.Table:
    """Take `count` of the rows, in the order of the seed."""
    return rows.take(pa.array(shuffled(len(rows), seed, 0)[:count]))


def whole_words(tokenizer: str) -> list[str]:
    """Return words of one token each."""
    vocabulary = Tokenizer.from_str(tokenizer).get_vocab()
    return sorted(word for word in vocabulary if word.isascii() and word.isalpha() and word.islower() and len(word) > 3)


def texts(draw: random.Random, words: Sequence[str], lengths: Sequence[int], count: int) -> list[str]:
    """Generate texts whose lengths in tokens have these deciles."""
    deciles = np.linspace(0, 1, len(lengths))
    tokens = [round(float(np.interp(draw.random(), deciles, lengths))) for _ in range(count)]
    return [" ".join(draw.choices(words, k=length - SPECIAL_TOKENS)) for length in tokens]
