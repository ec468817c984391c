"""What the audit can find, and what it says about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Rows = Sequence[tuple[str, int]]
"""(split, number of the row in it, from 0)."""
Severity = Literal["error", "warning"]
"""error: training would be wrong; warning: it can go on."""


class Code(NamedTuple):
    """What a finding of this code does to training, and what to do about it."""

    effect: str
    advice: str


CODES = {
    "record_as_text": Code(
        "a tokenizer reads one key of a record, its punctuation, or a date as some program writes it, in place of text",
        "make one text of the fields that count before preparing the pairs",
    ),
    "null_value": Code("there is nothing to encode or to learn from", "drop these rows, or fill in the value"),
    "empty_text": Code("all empty texts get one embedding, whatever they are paired with", "drop these rows"),
    "missing_as_text": Code(
        "a model learns the word for 'nothing here' as if it were a text, and takes all of them for the same",
        "drop these rows, or fill in the text; keep them where it is what they mean, such as a category named None",
    ),
    "ids_as_text": Code(
        "numbers and codes that name something say nothing of it to a language model",
        "join the columns with the tables that hold the texts, and prepare those; of categories, write their names",
    ),
    "unknown_tokens": Code(
        "the base model's tokenizer has no tokens for these words: texts that differ are the same to the model",
        "take a base model that was trained on this language and script, such as a multilingual one: --base-model "
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
    ),
    "oversized_text": Code(
        "nearly all of it is cut off, and it takes memory all the way there", "split it into passages, or drop it"
    ),
    "label_type": Code("the loss cannot compute with it", "map the labels to numbers"),
    "label_range": Code(
        "the loss pulls the pair towards a value that no cosine or no such loss has",
        "scale the labels, such as 0 to 5 by dividing by 5; or choose another loss",
    ),
    "label_ignored": Code(
        "a ranking loss takes every row for a pair that belongs together, whatever its label",
        "keep the rows labelled 1 alone, or take a loss that reads labels",
    ),
    "label_polarity": Code(
        "training turns the model against what it knows: texts that belong together are driven apart",
        "check which label means 'belongs together'; it has to be the highest",
    ),
    "single_label": Code(
        "without a second label there is nothing to tell apart: the loss is least where all texts are alike",
        "add pairs of the other kind, or give no label and take a ranking loss",
    ),
    "one_label_test": Code(
        "test cannot be judged: the verdict and the threshold are those of dev alone",
        "give a test file that has both kinds of pairs, or none: test is then split from the rest",
    ),
    "one_sided_labels": Code(
        "the loss is small where all pairs get the commonest label, so little is learnt of the others",
        "add pairs of the rarer label, or leave out some of the commonest",
    ),
    "duplicate_pairs": Code(
        "an epoch spends its steps on what it has seen, and settings chosen by epochs mean more than they say",
        "train distinct rows: --distinct, or drop the repeats",
    ),
    "contradictory_labels": Code(
        "the same pair is pulled both ways", "decide which label holds, or drop these rows; check how labels are made"
    ),
    "in_batch_duplicates": Code(
        "a repeat of a text in a batch counts as a negative of itself in a plain ranking loss; this trainer masks it",
        "train distinct pairs, or a smaller batch; elsewhere, a sampler without duplicates",
    ),
    "shortcut": Code(
        "a model can reach a high score by this rule alone, and has no reason to read the texts",
        "make negatives that the rule does not tell from positives, or take the field out of the texts",
    ),
    "truncated": Code(
        "what is cut off counts for nothing",
        "read more tokens, as many as the base model has positions for: --set max_length=N; else put what matters "
        "first, split the texts into passages, or take a base model that reads more",
    ),
    "merged_categories": Code(
        "they are one category here, and where they are told apart a right answer counts as a wrong one",
        "write each category one way; jobs.prepare does, the commonest way",
    ),
    "split_leak": Code(
        "a model is judged on what it was trained with: the score promises more than new texts will give",
        "split by what texts share, before pairs are made; jobs.prepare does, of ready pairs with --split texts",
    ),
    "too_small": Code(
        "train: no step can be taken; dev or test: hardly any difference between models can be told from chance",
        "collect more pairs; train: or take a smaller batch",
    ),
}
"""Code -> effect and advice, in the order in which findings are shown."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something about the data that a person should know before training on it."""

    code: str
    severity: Severity
    count: int
    """Rows concerned (too_small: rows of train, groups of others; in_batch_duplicates, truncated: see statistic)."""
    share: float
    """Of the rows looked at, 0 to 1."""
    statistic: dict[str, Any] = field(default_factory=dict)
    rows: Rows = ()
    """Some of them."""
    examples: tuple[dict[str, Any], ...] = ()
    """The same rows, read again."""

    def to_dict(self) -> dict[str, Any]:
        """As in --json."""
        names = ("code", "severity", "count", "share", "statistic")
        said = {"effect": CODES[self.code].effect, "advice": CODES[self.code].advice}
        return {**{name: getattr(self, name) for name in names}, "examples": list(self.examples), **said}


def error_if(wrong: bool) -> Severity:
    """The severity's name."""
    return "error" if wrong else "warning"
