"""The settings with a default: what is allowed, and what a search tries. Most belong to a loss."""

import math
from dataclasses import dataclass

from common.space import Choice, Range, Setting
from tasks.common.number import Number


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A setting that a task need not declare. If it belongs to a loss, it means the same to each loss that has it.

    Attributes:
        default: for a task that does not declare it.
        searched: what a search tries by default; the baseline is added where it lies outside.
        words: the words allowed.
        numbers: whether numbers are allowed.
        zero: whether 0 is allowed; lower numbers never are.
        whole: whether numbers have to be whole.
        most: the largest number allowed.
        why_most: what the largest number is, in words, for a message.
    """

    default: Number
    searched: Range | Choice
    words: tuple[str, ...] = ()
    numbers: bool = True
    zero: bool = False
    whole: bool = False
    most: float = math.inf
    why_most: str = ""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if not self.numbers:
            return ", ".join(self.words)
        most = "" if self.most == math.inf else f" and at most {self.most:g}, {self.why_most}"
        number = "a whole number" if self.whole else "a number"
        return ", ".join((*self.words, f"{number} {'of at least' if self.zero else 'above'} 0{most}"))

    def allows(self, value: Setting) -> bool:
        """Check a value."""
        if isinstance(value, str):
            return value in self.words
        if self.whole and value != int(value):
            return False
        return self.numbers and (value > 0 or (self.zero and value == 0)) and value <= self.most


MARGIN = Parameter(
    default=Number(0.5, "default of the library's ContrastiveLoss, as on the invoices card"),
    searched=Range(low=0.2, high=0.9),
    most=2,
    why_most="the largest cosine distance",
)
"""Cosine distance from which a pair labelled 0 is left alone."""

SCALE = Parameter(
    default=Number(20.0, "default of the library's losses with a scale, as on the job_skills card"),
    searched=Range(low=5, high=100, log=True),
)
"""Factor of a cosine in an exponent: the inverse of a temperature."""

DIRECTIONS = Parameter(
    default=Number("one", "default of the library's MultipleNegativesRankingLoss"),
    searched=Choice(values=("one", "both", "all")),
    words=("one", "both", "all"),
    numbers=False,
)
"""What is ranked: second texts for a first one; also first texts for a second one; also texts of the same side."""

GUIDE_MARGIN = Parameter(
    default=Number("off", "ours: the library's GISTEmbedLoss is a loss of its own"),
    searched=Choice(values=("off", 0.0, 0.05, 0.1)),
    words=("off",),
    zero=True,
    most=2,
    why_most="the largest difference of two cosines",
)
"""The base model's cosine that a negative must lie below that of the positive; nearer ones are no negatives."""

HARDNESS_STRENGTH = Parameter(
    default=Number(0.0, "default of the library's MultipleNegativesRankingLoss"),
    searched=Choice(values=(0.0, 3.0, 5.0, 9.0)),
    zero=True,
)
"""Factor of a negative's cosine that is added to its logit: near negatives count more."""

CLASS_WEIGHT = Parameter(
    default=Number(0.0, "ours: every text counts the same"),
    searched=Range(low=0.0, high=1.0),
    zero=True,
    most=1,
    why_most="where every category counts the same",
)
"""Exponent a of a category's weight n^-a, where n texts of train belong to it."""

SCHEDULE = Parameter(
    default=Number("linear", "default of the library's training arguments"),
    searched=Choice(values=("linear", "cosine")),
    words=("linear", "cosine"),
    numbers=False,
)
"""How the learning rate falls to 0 after the warm-up: on a line, or on half a cosine wave."""

LR_LAYER_DECAY = Parameter(
    default=Number(1.0, "ours: every layer has the same learning rate, as in the library"),
    searched=Range(low=0.7, high=1.0),
    most=1,
    why_most="where every layer has the same learning rate",
)
"""Factor of the learning rate from a layer to the one below it (ULMFiT, Howard and Ruder 2018)."""

ALL = "all"
NEGATIVES = Parameter(
    default=Number(ALL, "ours: every given negative is read"),
    searched=Choice(values=(ALL,)),
    words=(ALL,),
    zero=True,
    whole=True,
)
"""Given negatives of a row that are read, from the first, which is the hardest where they were mined."""
