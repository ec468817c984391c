"""What one training is asked to do, and what it reports: plain values and references, nothing that holds a model."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pairs.reading import NO_PROMPTS, Prompts
from pairs.tokenized import TokenizedPairs
from tasks.common.kinds import KindName
from tasks.common.losses import LOSSES, LossName

FAILED_VALUE = -1.0
"""What a failed trial reports as its metric: the lowest value any deciding metric can take. NaN would leave Optuna's
trial open for ever, and a missing metric would end the whole search."""


PREDICTIONS = "predictions"
"""In a report: what the state makes of dev. Whoever takes the report writes it down before the value is told."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """The pairs of a search, shared by all its trials."""

    train: TokenizedPairs
    dev: list[Any]
    """One object reference to the dev table (D5's schema), wrapped so that Ray passes the reference."""
    candidates: tuple[str, ...] | None = None
    prompts: Prompts = NO_PROMPTS
    """What stands before texts of dev when they are read; tokens of train have them already."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training: a trial of a search, or a single run."""

    trial: str
    settings: Mapping[str, float]
    """learning_rate, global_batch_size, epochs, warmup_ratio, weight_decay and the loss's own parameters."""
    loss: LossName
    kind: KindName
    metric: str
    seed: int
    data: Data
    reports: int = 4
    """Judgements of dev at least, however few the epochs: at each a search can stop a trial, and a time budget that
    ends a training leaves the best model judged by then."""
    bf16: bool = False
    optimizer: str = "adamw_torch_fused"
    """A name that the library's training arguments know."""
    dropout: bool = True
    score_base: bool = False
    """Also judge the base model on dev, before the first step."""
    assigned_at: float = 0.0
    """Unix time at which the job was handed to its group, seconds."""

    @property
    def global_batch_size(self) -> int:
        """Rows of one optimizer step over all workers."""
        return int(self.settings["global_batch_size"])

    @property
    def loss_parameters(self) -> dict[str, float]:
        """The loss's own settings, as it takes them."""
        return {name: self.settings[name] for name in LOSSES[self.loss].parameters}

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps of one epoch."""
        return self.data.train.steps_per_epoch(self.global_batch_size)

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole training."""
        return round(self.settings["epochs"] * self.steps_per_epoch)

    @property
    def reports_per_epoch(self) -> int:
        """Judgements of dev in an epoch. They follow from the training's own settings alone, whatever a search varies:
        which state is best depends on them, and a single training has to find the same."""
        return math.ceil(self.reports / self.settings["epochs"])

    def report_steps(self) -> dict[int, float]:
        """Step after which dev is judged -> epochs seen by then, as the round number a search compares trials at."""
        reports = round(self.settings["epochs"] * self.reports_per_epoch)
        share = 1 / self.reports_per_epoch
        return {max(1, round(k * share * self.steps_per_epoch)): k * share for k in range(1, reports + 1)}


@dataclass(frozen=True, kw_only=True)
class EvaluationJob:
    """A model to be judged item by item: the base model, or the weights of the state that comes with it."""

    trial: str
    """The model's name."""
    kind: KindName
    splits: Mapping[str, list[Any]]
    """Split -> one object reference to its table, wrapped so that Ray passes the reference."""
    candidates: tuple[str, ...] | None = None
    prompts: Prompts = NO_PROMPTS
    train: list[Any] | None = None
    """One object reference to rows of train, if yardsticks are to be fitted on them and judged beside the model."""
    seed: int = 0
    """Of the yardsticks."""


class Report(NamedTuple):
    """What a group says of its job: at every judgement of dev, or once when it failed."""

    metrics: dict[str, Any] = {}
    """training, epoch, steps, loss, the dev metrics, predictions, start_s, train_s, evaluate_s, log (training log so
    far); of an EvaluationJob: judged, split -> Predictions, and yardsticks (trainers/evaluate.py)."""
    state: Any = None
    """From a worker a list of one reference to its TrainingState; from GroupClient.next_report the state itself."""
    done: bool = False
    error: str | None = None
