"""Guard what the base model could do: no model may lose more than a limit on a second labelled set."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from common.mistakes import Mistakes
from evaluation.comparison import compare
from evaluation.evaluator import Evaluator
from evaluation.jackknife import LEAST_GROUPS, Interval
from evaluation.predictions import Predictions

GUARD = "guard"
"""Name of the guard set among the splits of an evaluation."""


@dataclass(frozen=True, kw_only=True)
class GuardCheck:
    """One model on the guard set.

    Attributes:
        score: the deciding score of the guard set, from its lowest value to 1.
        difference: to the base model, paired.
        limit: the loss that is allowed, above 0.
    """

    score: Interval
    difference: Interval
    limit: float

    @property
    def holds(self) -> bool:
        """Whether the model is shown to lose less than the limit; not where there is no interval."""
        return self.difference.low > -self.limit

    @property
    def excess(self) -> float:
        """How far the lower bound of the difference lies below the limit, from 0; the whole range without a bound."""
        low = self.difference.low
        return 2.0 if math.isnan(low) else max(0.0, -self.limit - low)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; an interval becomes value, low, high."""
        return {"score": self.score._asdict(), "difference": self.difference._asdict(), "holds": self.holds}


def check_guard(
    models: Mapping[str, Predictions], limit: float, seed: int, bases: Mapping[str, str] | None = None
) -> dict[str, GuardCheck]:
    """Return name -> check of each model. A base model always holds.

    An interval is that of one model. It does not cover that a search has chosen it among many by the same pairs.

    Args:
        models: name -> predictions on the guard set, the base model first.
        limit: the loss that is allowed, above 0.
        seed: of the blocks of groups.
        bases: model -> the base model that it is held against, where that is not the first; that one comes before it.
    """
    split, against = compare(models, seed), dict.fromkeys(models, next(iter(models))) | dict(bases or {})
    none = Interval(0.0, 0.0, 0.0)
    differences = {
        name: none if base == name else split.differences[f"{name} - {base}"] for name, base in against.items()
    }
    return {name: GuardCheck(score=split.models[name], difference=differences[name], limit=limit) for name in models}


def lowered(value: float, check: GuardCheck, lowest: float) -> float:
    """Return the value on dev by which sampler, halving and the choice of the best state compare states.

    A state that holds has its own value. One that breaks the guard has value - excess - (1 - lowest). The last term is
    the whole range of the score, so every state that holds comes before every one that does not: a state that the
    verdict would refuse is no use as the best. Among those that do not hold, value and excess count alike.

    Args:
        value: the deciding score on dev, from `lowest` to 1.
        check: of the state on the guard set.
        lowest: the lowest possible deciding score on dev.
    """
    return value if check.holds else value - check.excess - (1 - lowest)


@dataclass(frozen=True, kw_only=True)
class GuardVerdict:
    """All models on the guard set.

    Attributes:
        name: of the guard set.
        metric: name of its deciding score.
        pairs: number of judged pairs.
        groups: number of groups that the score rests on.
        limit: the loss that is allowed.
        models: name -> its check, the base model first.
    """

    name: str
    metric: str
    pairs: int
    groups: int
    limit: float
    models: dict[str, GuardCheck]

    @classmethod
    def of(
        cls,
        name: str,
        models: Mapping[str, Predictions],
        limit: float,
        seed: int,
        bases: Mapping[str, str] | None = None,
    ) -> "GuardVerdict":
        """Return the verdict on the guard set; the arguments are those of `check_guard`."""
        base = next(iter(models.values()))
        checks = check_guard(models, limit, seed, bases)
        own: dict[str, Any] = {"metric": base.metric, "pairs": len(base.groups), "groups": base.num_groups}
        return cls(name=name, limit=limit, models=checks, **own)

    @property
    def broken(self) -> tuple[str, ...]:
        """Names of the models that must not be selected."""
        return tuple(name for name, check in self.models.items() if not check.holds)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, see `GuardCheck.to_dict`."""
        return {**vars(self), "models": {name: check.to_dict() for name, check in self.models.items()}}


def refuse_few_groups(file: str, kind: str, table: pa.Table) -> None:
    """Refuse a guard set on which no interval exists, so that no trained model could ever hold.

    Raises:
        Mistakes: it has too few groups, or its kind cannot be computed from it.
    """
    groups = Evaluator(kind, table).evaluate(lambda texts: np.ones((len(texts), 1))).num_groups
    if groups < LEAST_GROUPS:
        raise Mistakes(
            f"keep: {file} rests on {groups} groups (of the rarer label, if labels are 0 and 1; rows with one first "
            f"text are a group); an interval needs {LEAST_GROUPS}"
        )
