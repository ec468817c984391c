"""Describe what the audit can find: its code, its effect on training, and advice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Rows = Sequence[tuple[str, int]]
"""(split, index of the row in it, from 0)."""
Severity = Literal["error", "warning"]
"""error: training would be wrong; warning: training may go on."""


class Code(NamedTuple):
    """The effect of a finding on training, and advice."""

    effect: str
    advice: str


CODES = {
    "record_as_text": Code(
        "instead of text the tokenizer reads one key of a record, its punctuation, or a date in some program's format",
        "make one text of the fields that matter before preparing the pairs",
    ),
    "null_value": Code("there is nothing to encode or to learn from", "drop these rows or fill in the value"),
    "empty_text": Code("all empty texts get one embedding, whatever they are paired with", "drop these rows"),
    "missing_as_text": Code(
        "the model learns a word for 'no text' as if it were a text, and treats all such texts as the same",
        "drop these rows or fill in the text; keep them if the word is meant, such as a category named None",
    ),
    "ids_as_text": Code(
        "numbers and codes tell a language model nothing about the things that they name",
        "join the columns with the tables that hold the texts, and prepare those; for categories, write their names",
    ),
    "unknown_tokens": Code(
        "the base model's tokenizer has no tokens for these words: texts that differ are the same to the model",
        "use a base model that was trained on this language and script, such as a multilingual one: --base-model "
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
    ),
    "oversized_text": Code(
        "nearly all of it is cut off, and it uses memory until then", "split it into passages or drop it"
    ),
    "label_type": Code("the loss cannot use it", "map the labels to numbers"),
    "label_range": Code(
        "the loss pulls the pair towards a value that a cosine, or this loss, cannot have",
        "scale the labels (divide scores from 0 to 5 by 5) or choose another loss",
    ),
    "label_polarity": Code(
        "training works against what the model knows: texts that belong together are driven apart",
        "check which label means 'belongs together'; it must be the highest",
    ),
    "single_label": Code(
        "without a second label there is nothing to tell apart: the loss is lowest if all texts get one embedding",
        "add pairs with another label, or give no label and use a ranking loss",
    ),
    "one_label_test": Code(
        "models cannot be evaluated on test: the verdict and the threshold come from dev alone",
        "give a test file with both kinds of pairs, or none: test is then split from the other pairs",
    ),
    "one_sided_labels": Code(
        "the loss is small if all pairs get the most common label, so the model learns little about the others",
        "add pairs with the rarer label, or leave out some with the most common one",
    ),
    "duplicate_pairs": Code(
        "an epoch spends steps on rows that it has seen already, so the same number of epochs trains more",
        "train distinct rows (--distinct) or drop the repeats",
    ),
    "contradictory_labels": Code(
        "the same pair is pulled both ways",
        "decide which label is right or drop these rows; check how the labels were made",
    ),
    "in_batch_duplicates": Code(
        "in a plain ranking loss a text that repeats in a batch is a negative of itself; this trainer masks it",
        "train distinct pairs or use a smaller batch; in another trainer, use a sampler without duplicates",
    ),
    "shortcut": Code(
        "a model can reach a high score by this rule alone, without reading the texts",
        "make negatives that the rule cannot tell from positives, or remove the field from the texts",
    ),
    "truncated": Code(
        "the model does not see what is cut off",
        "read more tokens, up to the base model's number of positions (--set max_length=N); or put what matters "
        "first, split the texts into passages, or use a base model that reads more",
    ),
    "merged_categories": Code(
        "they are one category here; if they were told apart, a right answer would count as a wrong one",
        "write each category in one way; jobs.prepare takes the most common way",
    ),
    "split_leak": Code(
        "the model is evaluated on texts that it was trained with: on new texts its score will be lower",
        "split by what texts share before pairs are made, as jobs.prepare does (for ready pairs: --split texts)",
    ),
    "too_small": Code(
        "train: not one step is possible; dev or test: hardly any difference between models can be told from chance",
        "collect more pairs; for train, or use a smaller batch",
    ),
}
"""Code -> effect and advice, in the order in which findings are shown."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A fact about the data that a person should know before training on it."""

    code: str
    severity: Severity
    count: int
    """Affected rows (too_small: rows of train, groups of others; in_batch_duplicates, truncated: see statistic)."""
    share: float
    """Fraction of the rows checked, 0 to 1."""
    statistic: dict[str, Any] = field(default_factory=dict)
    rows: Rows = ()
    """Some of the affected rows."""
    examples: tuple[dict[str, Any], ...] = ()
    """The contents of `rows`."""

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as --json shows it."""
        names = ("code", "severity", "count", "share", "statistic")
        texts = {"effect": CODES[self.code].effect, "advice": CODES[self.code].advice}
        return {**{name: getattr(self, name) for name in names}, "examples": list(self.examples), **texts}


def error_if(wrong: bool) -> Severity:
    """Return the name of the severity."""
    return "error" if wrong else "warning"
