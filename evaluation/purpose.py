"""Read what a threshold is for: the highest F1, a precision that is sure, or a recall."""

from dataclasses import dataclass
from typing import Literal, get_args

from common.mistakes import Mistakes
from tasks.common.kinds import KINDS, Kind

Name = Literal["f1", "precision", "recall"]
ALLOWED = "f1, precision=SHARE with a share above 0 and below 1, or recall=SHARE with a share above 0 and at most 1"


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a threshold is chosen for.

    Attributes:
        name: f1: the highest F1; precision: the most recall whose precision is sure to reach a share; recall: the
            highest threshold whose recall reaches a share.
        share: the precision or the recall; None for f1.
    """

    name: Name = "f1"
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Purpose":
        """Read 'f1', 'precision=0.98' or 'recall=0.95'.

        Raises:
            ValueError: it is none of these; the message says what is allowed.
        """
        if text == "f1":
            return cls()
        name, _, number = text.partition("=")
        try:
            share = float(number)
        except ValueError:
            share = float("nan")
        most = 1.0 if name == "recall" else float("nan")  # no number of faultless pairs makes a precision of 1 sure
        if name in get_args(Name) and name != "f1" and (0 < share < 1 or share == most):
            return cls(name=name, share=share)  # type: ignore[arg-type]
        raise ValueError(ALLOWED)

    @classmethod
    def for_kind(cls, text: str | None, kind: Kind) -> "Purpose | None":
        """Read a purpose that a user gave; None if none was given.

        Raises:
            Mistakes: it is none, or the kind of evaluation has no threshold.
        """
        if text is None:
            return None
        if not kind.threshold:
            kinds = " and ".join(name for name, declared in KINDS.items() if declared.threshold)
            why = f"kind {kind.name} does not decide whether one pair belongs together"
            raise Mistakes(f"threshold: {text!r}, but {why}; allowed: for kind {kinds} alone")
        try:
            return cls.parse(text)
        except ValueError as error:
            raise Mistakes(f"threshold: {text!r} is not allowed: input should be {error}") from None

    def __str__(self) -> str:
        return self.name if self.share is None else f"{self.name}={self.share!r}"
