"""Recognise texts that a program wrote where it had none, such as "nan", and texts without a visible character."""

import unicodedata

# fmt: off
MISSING = frozenset((
    "nan", "-nan", "<na>", "n/a", "n.a.", "na", "#n/a", "#na", "#n/a n/a", "null", "none", "nat", "nil", "undefined",
    "missing", "not available", "not applicable", "<null>", "<none>", "[null]", "(null)", "(none)",
    "#null!", "#ref!", "#value!", "#name?", "#div/0!", "1.#ind", "1.#qnan", "-1.#ind", "-1.#qnan",
    "-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", ".", "..", "...", "?", "??", "???", "/", "\\", "\\n", "*", "_",
    '""', "''",
))
# fmt: on
"""Words for a missing text, folded (tasks/common/texts.py): the na_values of pandas' read_csv, the words of Python,
SQL, JavaScript and spreadsheets, and the marks that people put into an empty cell."""

BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are invisible: Hangul fillers (Default_Ignorable_Code_Point of Unicode's
DerivedCoreProperties) and the blank pattern of Braille."""

UNSEEN = ("Cc", "Cf", "Mn", "Zs", "Zl", "Zp")
"""Unicode categories of control and format characters, combining marks and white space."""


def stands_for_nothing(alike: str) -> bool:
    """Check whether a text says only that there is none.

    Args:
        alike: the text, folded.
    """
    return alike in MISSING or all(char in BLANK or unicodedata.category(char) in UNSEEN for char in alike)
