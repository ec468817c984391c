"""Every threshold of the audit, in one place, each with its reason."""

OVERSIZED_CHARACTERS = 50_000
"""Of one text: some 10,000 tokens, twenty times what models of this kind read; such a cell is a file, not a text."""

POLARITY_PAIRS = 1_000
"""Drawn for the base model's rank correlation with the labels: its 95 % interval is then at most 0.13 wide."""
POLARITY_FIRST = 200
"""Of them: where the whole interval is above 0 after these, the rest would not turn it below 0 and is not encoded."""
POLARITY_ERROR = -0.2
"""Upper end of the interval: no labelling that agrees with the texts comes out there, one upside down does."""
POLARITY_WARNING = 0.0

ONE_SIDED_WARNING = 0.90
"""Fraction of the commonest of two labels: one in ten pairs tells a loss what to change."""
ONE_SIDED_ERROR = 0.97
"""As in the pages card, 97.5 %: a model that puts all texts at one place then has nearly no loss."""

DUPLICATES_WARNING = 0.01
"""Fraction of rows that repeat an earlier row exactly: their steps teach nothing new."""

CONTRADICTORY_ERROR = 0.05
"""Fraction of rows whose pair has other labels, too: beyond, it is a rule that made them and not a slip."""

REPEATS_IN_BATCH = 0.1
"""Expected repeats of a text in a batch: one in ten batches is noticeable in a loss curve."""

SHORTCUT_AUC = 0.95
"""ROC-AUC of a rule without any learning: a model need not read further."""
SHORTCUT_PAIRS = 5_000
"""Drawn for it: its standard error is then below 0.01 at any share of positives over 2 %."""
FIRST_WORDS = 3

TRUNCATED_WARNING = 0.05
"""Fraction of texts of which a model does not see the end."""

UNKNOWN_WARNING = 0.05
"""Fraction of texts that the base model's tokenizer cannot read, or cannot tell from another: as of texts cut off."""
UNKNOWN_TOKENS_WARNING = 0.1
"""Fraction of all tokens: one word in ten is more than symbols and a foreign name now and then."""
UNKNOWN_ERROR = 0.5
"""Fraction of texts that are so: beyond, the model learns hardly anything of most."""

IDS_WARNING = 0.9
"""Fraction of a column's texts that are numbers or codes alone; others may be marks of empty cells."""

PAIRS_WARNING = 30
"""In dev or test, of the rarer label: the interval of a share is then up to 0.36 wide, and most settings look alike."""

GROUPS_WARNING = 30
"""Of them, in dev or test: items of one group are no independent evidence, so an interval counts groups, not pairs."""

CONFIDENCE = 1.96
"""Standard errors on either side of a 95 % interval."""
EXAMPLES = 3
"""Rows shown with a finding."""
EXAMPLE_CHARACTERS = 160
