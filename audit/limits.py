"""Hold every threshold of the audit, each with its reason."""

OVERSIZED_CHARACTERS = 50_000
"""Characters of one text: some 10,000 tokens, twenty times what such models read. A longer cell is a file."""

POLARITY_PAIRS = 1_000
"""Pairs drawn for the base model's rank correlation with the labels: its 95 % interval is at most 0.13 wide."""
POLARITY_FIRST = 200
"""Pairs encoded first: if the whole interval is above 0 after these, the others would not turn it below 0."""
POLARITY_ERROR = -0.2
"""Upper end of the interval: labels that agree with the texts never reach it, labels upside down do."""
POLARITY_WARNING = 0.0

ONE_SIDED_WARNING = 0.90
"""Fraction of the most common of two labels: one pair in ten tells a loss what to change."""
ONE_SIDED_ERROR = 0.97
"""The same, 97.5 % on the pages card: a model that gives all texts one embedding then has nearly no loss."""

DUPLICATES_WARNING = 0.01
"""Fraction of rows that repeat an earlier row exactly: their steps teach nothing new."""

CONTRADICTORY_ERROR = 0.05
"""Fraction of rows whose pair has other labels, too: beyond it, a rule made them and not a slip."""

REPEATS_IN_BATCH = 0.1
"""Expected repeats of a text in a batch: one in ten batches is noticeable in a loss curve."""

SHORTCUT_AUC = 0.95
"""ROC-AUC of a rule that learns nothing: a model need not read further."""
SHORTCUT_PAIRS = 5_000
"""Pairs drawn for it: its standard error is below 0.01 if over 2 % of the pairs are positives."""
FIRST_WORDS = 3

TRUNCATED_WARNING = 0.05
"""Fraction of texts whose end the model does not see."""

UNKNOWN_WARNING = 0.05
"""Fraction of texts that the tokenizer cannot read or tell from another; the same as for texts cut off."""
UNKNOWN_TOKENS_WARNING = 0.1
"""Fraction of all tokens: one word in ten is more than symbols and an occasional foreign name."""
UNKNOWN_ERROR = 0.5
"""Fraction of such texts: beyond it, the model learns hardly anything from most texts."""

IDS_WARNING = 0.9
"""Fraction of a column's texts that are numbers or codes; the others may mark empty cells."""

PAIRS_WARNING = 30
"""Pairs of the rarer label in dev or test: with fewer, the interval of a proportion is over 0.36 wide."""

GROUPS_WARNING = 30
"""Groups in dev or test: items of one group are no independent evidence, so an interval counts groups."""

CONFIDENCE = 1.96
"""Standard errors on either side of a 95 % interval."""
EXAMPLES = 3
"""Rows shown with a finding."""
EXAMPLE_CHARACTERS = 160
