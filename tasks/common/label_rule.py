"""Turn a file's labels into labels of pairs, by a user's scale of scores, meanings of words and labels to drop."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.mistakes import Checks, Mistakes

MEANING = re.compile(r"(.*?)=\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*(?:,|$)", re.DOTALL)
"""One of 'yes=1,no=0'; a word may hold a comma."""
FRACTION = re.compile(r"(\d{1,4})\s*/\s*(\d{1,4})")
ROUNDING = 5e-4
"""A score may lie outside of its scale by this fraction of it: cosines of 16 bits reach 1.001."""


@dataclass(frozen=True, kw_only=True)
class LabelRule:
    """How the labels of a file become labels of pairs.

    Attributes:
        scale: lowest and highest possible score; scores between them are mapped linearly to 0 to 1. Scores from -1 to 1
            are cosines already and stay as they are.
        meanings: name of a label (see `label_name`) -> its number.
        drop: names of labels whose rows are left out.
    """

    scale: tuple[float, float] | None = None
    meanings: Mapping[str, float] = field(default_factory=dict)
    drop: tuple[str, ...] = ()

    def drops(self, value: Any) -> bool:
        """Check whether a row with this label is left out."""
        return any(name in self.drop for name in _names(value))

    def lacks(self, value: Any) -> bool:
        """Check whether other labels have a meaning and this one has none."""
        return bool(self.meanings) and not self.scale and not any(name in self.meanings for name in _names(value))

    def __call__(self, value: Any) -> Any:
        """Return the label as a number; a value that the rule does not cover is returned as it is.

        Raises:
            Mistakes: a number has no meaning where other labels have one, or a score lies outside of the scale.
        """
        for name in _names(value):
            if name in self.meanings:
                return self.meanings[name]
        if self.lacks(value) and number_in(value) is not None:
            known = ", ".join(self.meanings)
            raise Mistakes(f"labels: {label_name(value)} has no meaning in --labels; it has {known}")
        number = score_in(value) if self.scale else None
        if self.scale is None or number is None:
            return value
        low, high = self.scale
        slack = ROUNDING * (high - low)
        if not low - slack <= number <= high + slack:
            raise Mistakes(f"scale: a label is {label_name(value)}; allowed by --scale: {low:g} to {high:g}")
        number = min(max(number, low), high)
        return number if self.scale == (-1, 1) else (number - low) / (high - low)

    @classmethod
    def of(cls, values: Mapping[str, Any] | None) -> "LabelRule":
        """Return the rule that dataclasses.asdict has turned into these values, perhaps by way of JSON."""
        values = values or {}
        scale = values.get("scale")
        return cls(
            scale=(scale[0], scale[1]) if scale else None,
            meanings=dict(values.get("meanings", {})),
            drop=tuple(values.get("drop", ())),
        )


def label_rule(scale: str | None = None, labels: str | None = None, drop: Sequence[str] = ()) -> LabelRule:
    """Parse the rule from options: '0:5', 'yes=1,no=0', ['-1'].

    Raises:
        Mistakes: an option cannot be parsed; all of them are named at once.
    """
    checks = Checks()
    ends = checks.run(_ends, scale) if scale is not None else None
    meanings = checks.run(_meanings, labels) if labels is not None else {}
    checks.finish()
    return LabelRule(scale=ends, meanings=meanings or {}, drop=tuple(map(label_name, drop)))


def _ends(scale: str) -> tuple[float, float]:
    low, high = map(number_in, scale.split(":")) if scale.count(":") == 1 else (None, None)
    if low is None or high is None or low >= high:
        raise Mistakes(f"scale: {scale!r}; allowed: LOWEST:HIGHEST possible score, such as 0:5 or 1:5")
    return low, high


def _meanings(labels: str) -> dict[str, float]:
    matches = list(MEANING.finditer(labels))
    if not matches or "".join(match.group() for match in matches) != labels:
        raise Mistakes(f"labels: {labels!r}; allowed: LABEL=NUMBER, separated by commas, such as yes=1,no=0")
    named = [(label_name(match[1]), float(match[2])) for match in matches]
    if wrong := [f"{name}={number:g}" for name, number in named if not -1 <= number <= 1]:
        raise Mistakes(f"labels: {', '.join(wrong)}; allowed: numbers from -1 to 1")
    if len(dict(named)) < len(named):
        raise Mistakes(f"labels: {labels!r} names a label twice; allowed: once")
    return dict(named)


def number_in(value: Any) -> float | None:
    """Return a value as a finite number, or None where it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def score_in(value: Any) -> float | None:
    """Return a score as a number, or None; people also write '85 %', '4,5' and '3/5', which is 0.6."""
    if isinstance(value, str):
        value = value.strip().removesuffix("%").strip()
        value = value.replace(",", ".") if re.fullmatch(r"[-+]?\d+,\d+", value) else value
        if (fraction := FRACTION.fullmatch(value)) and int(fraction[2]):
            return int(fraction[1]) / int(fraction[2])
    return number_in(value)


def label_name(value: Any) -> str:
    """Return one name for all spellings of a label: 1, '1' and '1.0' are '1', ' Yes' is 'yes', None and NaN are ''."""
    number = number_in(value)
    if number is not None:
        return repr(int(number)) if number.is_integer() else repr(number)
    empty = value is None or (isinstance(value, float) and math.isnan(value)) or str(value).strip().lower() == "nan"
    return "" if empty else " ".join(str(value).split()).casefold()


def _names(value: Any) -> list[str]:
    """Return the names that a label goes by; true and false go by their numbers, too."""
    return [str(value).lower(), label_name(value)] if isinstance(value, bool) else [label_name(value)]
