"""Fit the yardsticks of a kind and judge them on splits, with the seconds that each of them takes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from evaluation.evaluator import Evaluator
from evaluation.predictions import Predictions
from evaluation.yardsticks.fit import fitters
from evaluation.yardsticks.pairs import Encode
from tokens.reading import NO_PROMPTS, Prompts


@dataclass(frozen=True, kw_only=True)
class YardstickPredictions:
    """What the yardsticks of a kind make of some splits.

    Attributes:
        splits: split -> name -> predictions.
        seconds: name -> seconds for fitting and judging; a part that two share counts for the first.
        unavailable: name -> why it could not be fitted.
    """

    splits: dict[str, dict[str, Predictions]]
    seconds: dict[str, float] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)


def evaluate_yardsticks(
    train: pa.Table,
    evaluators: Mapping[str, Evaluator],
    seed: int,
    encode: Encode | None = None,
    prompts: Prompts = NO_PROMPTS,
) -> YardstickPredictions:
    """Fit each yardstick on train alone and judge it on every split.

    Args:
        train: columns sentence1, sentence2 and perhaps label; a large one is sampled with the seed.
        evaluators: split -> its evaluator; all of one kind.
        seed: of the sample and of the solvers.
        encode: the base model; without it only lexical yardsticks are judged.
        prompts: of the base model.
    """
    outcome = YardstickPredictions(splits={split: {} for split in evaluators})
    kind = next(iter(evaluators.values())).kind
    for name, fit in fitters(kind, train, seed, encode, prompts):
        began = time.perf_counter()
        try:
            yardstick = fit()
        except ValueError as error:  # scikit-learn: one class alone, no text, no word
            outcome.unavailable[name] = str(error).partition("\n")[0]
            continue
        for split, evaluator in evaluators.items():
            outcome.splits[split][name] = evaluator.evaluate_yardstick(yardstick)
        outcome.seconds[name] = time.perf_counter() - began
    return outcome
