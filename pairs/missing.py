"""Texts that a program wrote where it had none, such as "nan", and texts without a character that can be seen."""

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
"""Folded (pairs/clean.py). What pandas' read_csv takes for missing (its na_values), Python's, SQL's, JavaScript's and
spreadsheets' own words for it, and the marks that people put into an empty cell."""

BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are drawn as nothing: Hangul fillers (Default_Ignorable_Code_Point of Unicode's
DerivedCoreProperties) and the blank pattern of Braille."""

UNSEEN = ("Cc", "Cf", "Mn", "Zs", "Zl", "Zp")
"""Categories of control and format characters, of marks on a letter that is not there, and of white space."""


def stands_for_nothing(alike: str) -> bool:
    """Whether a text says only that there is none.

    Args:
        alike: the text, folded.
    """
    return alike in MISSING or all(each in BLANK or unicodedata.category(each) in UNSEEN for each in alike)
