"""Guess what labels mean that no loss takes as they are, and name the options that turn them into labels."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from files.missing import MISSING
from tasks.common.label_rule import ROUNDING, number_in, score_in


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Guess(NamedTuple):
    """A possible meaning of the labels of a file."""

    reason: str
    options: tuple[str, ...]
    """Options of jobs.prepare and jobs.audit that read the labels so."""


NLI = {
    **dict.fromkeys(("entailment", "entails", "entailed"), 1.0),
    "neutral": 0.5,
    **dict.fromkeys(("contradiction", "contradicts", "contradictory"), 0.0),
}
"""Relations of inference -> labels, as in the task nli."""
YES = _words("""
    yes y true t duplicate duplicates dup match matches matched matching same similar related relevant positive pos
    paraphrase equivalent identical exact correct right good high strong fully ja wahr oui vrai si sí vero verdadero
    да
""")
NO = _words("""
    no n false f different distinct unique new negative neg irrelevant unrelated dissimilar mismatch incorrect wrong
    bad low weak other nein falsch non faux falso нет
""")
STRONG = _words("very strongly highly fully completely perfectly totally extremely definitely")
WEAK = _words("partially partly somewhat slightly weakly marginally moderately probably maybe")
NEGATIONS = ("not", "nota", "notan", "non", "no", "un", "in", "ir", "dis", "mis")
MOST_WORDS = 10
"""Different labels in words; a column with more holds texts or categories."""
USUAL_TOPS = (5.0, 10.0, 100.0)
"""Highest scores of usual scales: STS and ratings, school and surveys, percentages."""
MOST_CLASSES = 3
SLIPS = 0.01
"""Fraction of rows; labels of fewer rows are slips rather than another way of labelling."""


def guesses(labels: Mapping[str, int]) -> list[Guess]:
    """Guess what labels mean, the likeliest first; return nothing if they are labels already or say too little.

    Args:
        labels: the labels of one file: name (tasks/common/label_rule.py) -> number of rows.
    """
    empty = [name for name in labels if is_missing(name)]
    rest = [name for name in labels if name not in empty]
    meanings = _of_all(rest, labels) if len(rest) > 1 else []
    if not empty or not rest:
        return meanings
    if len(rest) == 1 and rest[0] != "0" and _rank(rest[0], rest) < 1:
        values = {rest[0]: 1.0, **dict.fromkeys(empty, 0.0)}
        return [Guess(f"if an empty label means not {rest[0]}", _labels(values))]
    dropped = _dropping(empty)
    if not meanings and all(number_in(name) is not None for name in rest):
        return [Guess(f"probably not labelled: {', '.join(name or 'an empty label' for name in empty)}", dropped)]
    return [Guess(guess.reason, (*guess.options, *dropped)) for guess in meanings]


def _of_all(names: Sequence[str], labels: Mapping[str, int]) -> list[Guess]:
    """Guess from labels of which none is missing."""
    words = [name for name in names if number_in(name) is None]
    numbers = {number for name in names if (number := number_in(name)) is not None}
    if not words:
        return _of_slips(slips(labels), labels) or (_of_numbers(numbers) if numbers else [])
    if all(score_in(word) is not None for word in words):
        scores = {number for name in names if (number := score_in(name)) is not None}
        if all(word.endswith("%") for word in words) and min(scores) >= 0 and max(scores) <= USUAL_TOPS[-1]:
            return [Guess("percentages", ("--scale", "0:100"))]
        return _of_scores(scores)
    meanings = _of_words(words, labels)
    if not numbers or not numbers <= {0, 1} or len(meanings) > 1:
        return [] if numbers else meanings
    itself = ",".join(f"{number:g}={number:g}" for number in sorted(numbers))
    return [Guess(guess.reason, ("--labels", f"{guess.options[1]},{itself}")) for guess in meanings]


def _of_words(words: Sequence[str], labels: Mapping[str, int]) -> list[Guess]:
    if len(words) > MOST_WORDS or len(words) < 2:
        return []
    if set(words) <= set(NLI):
        meanings = {word: NLI[word] for word in words}
        if len(words) == 2 and "neutral" in words:  # as in SciTail: entails or not
            meanings = {word: float(word in NLI and NLI[word] == max(meanings.values())) for word in words}
        return [Guess("relations of inference", _labels(meanings))]
    if len(words) == 2:
        return _of_two(words)
    grades = {word: _grade(word, words) for word in words}
    ordered = sorted(words, key=lambda word: (-grades[word], -labels[word]))
    names = ", ".join(ordered)
    reason = f"classes; give each the cosine that such a pair should have; if they are in this order: {names}"
    return [Guess(reason, _labels(_spread(ordered)))]


def _of_two(words: Sequence[str]) -> list[Guess]:
    one, other = sorted(words, key=lambda word: _rank(word, words))
    sure = _rank(one, words) != _rank(other, words)
    if sure:
        return [Guess(f"{one} for pairs that belong together, {other} for others", _labels({one: 1, other: 0}))]
    return [
        Guess(f"if {yes} is for pairs that belong together", _labels({yes: 1, no: 0}))
        for yes, no in ((one, other), (other, one))
    ]


def _rank(word: str, words: Sequence[str]) -> int:
    """Return -1 for a label of pairs that belong together, 1 for one of others, 0 if the word does not tell."""
    bare, others = _bare(word), [_bare(name) for name in words if name != word]
    if any(bare == negation + other for other in others for negation in NEGATIONS):
        return 1
    if any(other == negation + bare for other in others for negation in NEGATIONS):
        return -1
    return (bare in NO) - (bare in YES)


def _grade(word: str, words: Sequence[str]) -> float:
    """Return a grade, higher for closer pairs: the number in a label such as '4 stars', else by words of degree."""
    if len(set("".join(words))) == 1:
        return len(word)  # ★★★★
    numbers = [re.findall(r"\d+", each) for each in words]
    if all(len(each) == 1 for each in numbers) and len({each[0] for each in numbers}) == len(words):
        return float(numbers[list(words).index(word)][0])
    plain = {each: " ".join(part for part in each.split() if part not in STRONG | WEAK) for each in words}
    parts = set(word.split())
    degree = 1.5 if parts & STRONG else 0.5 if parts & WEAK else 1.0
    return -degree * _rank(plain[word] or word, list(plain.values()))


def _bare(word: str) -> str:
    return re.sub(r"[\W_]+", "", word)


def is_missing(name: str) -> bool:
    """Check whether a label says that there is none."""
    return not name or name in MISSING and number_in(name) is None


def slips(labels: Mapping[str, int]) -> list[str]:
    """Return the labels of few rows that are no cosines, among many that are."""
    wrong = [name for name in labels if (number := number_in(name)) is not None and not -1 <= number <= 1]
    few = sum(labels[name] for name in wrong) <= SLIPS * sum(labels.values())
    return wrong if few and len(wrong) <= MOST_CLASSES else []


def _of_slips(names: Sequence[str], labels: Mapping[str, int]) -> list[Guess]:
    rows = sum(labels[name] for name in names)
    reason = f"probably slips ({rows:,} of {sum(labels.values()):,} rows); without them"
    return [Guess(reason, _dropping(names))] if names else []


def _of_numbers(numbers: Set[float]) -> list[Guess]:
    low, high = min(numbers), max(numbers)
    if numbers == {-1, 1}:
        return [
            Guess("probably -1 for no", ("--labels", "-1=0,1=1")),
            Guess("if they are cosines that the pairs should have", ("--scale", "-1:1")),
        ]
    others = numbers - {-1.0}
    if low == -1 and len(others) > 1 and min(others) >= 0:
        drop = Guess("-1 probably marks pairs without a label, as in SNLI", ("--drop-label", "-1"))
        cosines = Guess("if they are cosines that the pairs should have", ("--scale", "-1:1"))
        if high <= 1:
            return [drop, cosines]
        return [
            Guess(f"{drop.reason}; {guess.reason}", (*guess.options, *drop.options)) for guess in _of_numbers(others)
        ]
    if low >= -1 and high <= 1 and numbers != {-1, 0}:
        return []
    if len(numbers) <= MOST_CLASSES and high <= MOST_CLASSES and all(map(float.is_integer, numbers)):
        return _of_classes(sorted(numbers))
    return _of_scores(numbers)


def _of_classes(numbers: Sequence[float]) -> list[Guess]:
    names = [f"{number:g}" for number in numbers]
    if len(names) == 2:
        return [
            Guess(f"two classes; if {yes} is for pairs that belong together", _labels({yes: 1, no: 0}))
            for yes, no in (names[::-1], names)
        ]
    if numbers[0] < 0:
        return _of_scores(set(numbers))
    first, middle, last = names
    known = {
        ("0", "1", "2"): [("0 is entailment, 1 neutral and 2 contradiction, as in SNLI", {"0": 1, "1": 0.5, "2": 0})],
        ("1", "2", "3"): [
            ("1 is neutral, 2 contradiction and 3 entailment", {"3": 1, "1": 0.5, "2": 0}),
            ("1 is entailment, 2 neutral and 3 contradiction", {"1": 1, "2": 0.5, "3": 0}),
        ],
    }
    meant = known.get((first, middle, last), [(f"{first} is the closest", {first: 1, middle: 0.5, last: 0})])
    return [
        *(Guess(f"three classes; map them by their meaning: if {words}", _labels(values)) for words, values in meant),
        Guess(f"if they are grades, {last} the closest", _labels({last: 1, middle: 0.5, first: 0})),
    ]


def _of_scores(numbers: Set[float]) -> list[Guess]:
    low, high = min(numbers), max(numbers)
    if max(-low, high) <= 1 + 2 * ROUNDING and (low < 0 or high > 1) and not numbers <= {-1, 0, 1}:
        rounded = ", some of them rounded to more than 1" if max(-low, high) > 1 else " from -1 to 1"
        return [Guess(f"cosines{rounded}", ("--scale", "-1:1"))]
    if low < 0:
        most = max(-low, high)
        return [Guess(f"scores from {-most:g} to {most:g}", ("--scale", f"{_text(-most)}:{_text(most)}"))]
    if high <= 1:
        return [Guess("scores from 0 to 1", ("--scale", "0:1"))]
    whole = all(map(float.is_integer, numbers))
    top = high if whole and high <= USUAL_TOPS[1] else next((top for top in USUAL_TOPS if high <= top), None)
    if top is None:
        reason = f"numbers from {low:g} to {high:g}, which is no usual scale; if these are the lowest and the highest"
        return [Guess(reason, ("--scale", f"{_text(low)}:{_text(high)}"))]
    from_zero = Guess(f"scores from 0 to {top:g}", ("--scale", f"0:{top:g}"))
    if top == USUAL_TOPS[-1]:
        return [from_zero._replace(reason="percentages, or scores from 0 to 100")]
    if low < 1:
        return [from_zero]
    from_one = Guess(f"scores from 1 to {top:g}", ("--scale", f"1:{top:g}"))
    return [from_one, from_zero._replace(reason="if 0 was possible, too")]


def _spread(ordered: Sequence[str]) -> dict[str, float]:
    """Give the first word 1, the last 0, the others evenly spaced values between."""
    return {word: round(1 - index / (len(ordered) - 1), 2) for index, word in enumerate(ordered)}


def _labels(meanings: Mapping[str, float]) -> tuple[str, str]:
    return "--labels", ",".join(f"{name}={number:g}" for name, number in meanings.items())


def _dropping(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for name in names for word in ("--drop-label", name))


def _text(number: float) -> str:
    """Write a number exactly, since the end of a scale must hold the highest label."""
    return repr(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
