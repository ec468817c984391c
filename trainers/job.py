"""The job of one training, and its reports: plain values and references, nothing that holds a model."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from common.base_names import SETTING
from common.space import Settings
from tasks.common.kinds import KindName
from tasks.common.losses import LOSSES, LossName
from tasks.common.parameters import ALL
from tokens.reading import NO_PROMPTS, Prompts
from tokens.tokenized import TokenizedPairs

FAILED_VALUE = -1.0
"""The metric of a failed trial: the lowest value that any deciding metric can take. NaN would leave Optuna's trial open
forever, and a missing metric would end the whole search."""
FAILED_LOWERED = FAILED_VALUE - 4.0
"""The same under a guard, which lowers a value by up to 4 (evaluation/guard.py)."""

PREDICTIONS = "predictions"
"""Key of a report: a state's predictions on dev, written to a file before the value is reported; of an EvaluationJob,
those on every split."""
YARDSTICKS = "yardsticks"
"""Key of the report of an EvaluationJob with rows of train."""
VECTORS = "vectors"
"""Key of the report of an EvaluationJob that tries category vectors."""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """The guard set: labelled pairs on which no state may lose more than a limit to the base model."""

    kind: KindName
    pairs: list[Any]
    """One object reference to its table (D5's schema)."""
    base: list[Any]
    """One object reference to the base model's predictions on it."""
    limit: float
    """The loss that is allowed, in units of the kind's metric."""
    others: Mapping[str, list[Any]] = field(default_factory=dict)
    """Further base model -> its predictions, likewise: a state is held against the base model that it was trained
    from."""

    def base_of(self, settings: Settings) -> list[Any]:
        """Return the predictions of the base model of a training with these settings, as in `base`."""
        return self.others.get(settings.get(SETTING, ""), self.base)


@dataclass(frozen=True, kw_only=True)
class ReadPairs:
    """The training rows as one base model reads them, and its prompts."""

    train: Mapping[LossName, TokenizedPairs]
    """Loss -> what it reads; losses that read alike share one."""
    fewer: Mapping[tuple[LossName, int], TokenizedPairs] = field(default_factory=dict)
    """(loss, given negatives of a row) -> what it reads where the setting `negatives` is such a number."""
    prompts: Prompts = NO_PROMPTS
    """Prompts that are put before the texts of dev; tokens of train have them already."""

    def rows(self, settings: Settings) -> TokenizedPairs:
        """Return the training rows that a training with these settings reads."""
        loss, negatives = LOSSES[settings["loss"]].name, settings.get("negatives", ALL)
        return self.train[loss] if negatives == ALL else self.fewer[loss, int(negatives)]


@dataclass(frozen=True, kw_only=True)
class Data(ReadPairs):
    """The pairs of a search, shared by all its trials; the training rows are as the first base model reads them."""

    dev: list[Any]
    """One object reference to the dev table (D5's schema), wrapped so that Ray passes the reference."""
    candidates: tuple[str, ...] | None = None
    guard: Guard | None = None
    others: Mapping[str, ReadPairs] = field(default_factory=dict)
    """Further base model -> the same training rows as it reads them."""

    def of(self, settings: Settings) -> ReadPairs:
        """Return the training rows and prompts of these settings' base model."""
        return self.others.get(settings.get(SETTING, ""), self)

    def read_by(self, settings: Settings) -> TokenizedPairs:
        """Return the training rows that a training with these settings reads."""
        return self.of(settings).rows(settings)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training: a trial of a search, or a single run."""

    trial: str
    settings: Settings
    """loss, learning_rate, global_batch_size, epochs, warmup_ratio, weight_decay and the loss's own parameters; those
    of other losses are ignored. In a search with several base models also base_model."""
    kind: KindName
    metric: str
    seed: int
    data: Data
    reports: int = 4
    """Least number of evaluations of dev, however few the epochs: at each a search can stop a trial, and a time budget
    that ends a training leaves the best model up to then."""
    bf16: bool = False
    optimizer: str = "adamw_torch_fused"
    """A name that the library's training arguments know."""
    dropout: bool = True
    until: float | None = None
    """Fraction of its steps at which the training is evaluated, once, and ends; None: it is evaluated as often as
    `reports` says, and trained to its end."""
    patience: int | None = None
    """Evaluations of dev without a better one after which the training ends; None: it does not."""
    score_base: bool = False
    """Also evaluate the base model on dev, before the first step."""
    assigned_at: float = 0.0
    """Unix time at which the job was handed to its group, seconds."""

    def is_hopeless(self, without_gain: int) -> bool:
        """Check whether the training should end: so many evaluations in a row were no better than the best before."""
        return self.patience is not None and without_gain >= self.patience

    @property
    def base_model(self) -> str:
        """The base model of this training; '' for the only one."""
        return str(self.settings.get(SETTING, ""))

    @property
    def prompts(self) -> Prompts:
        """The prompts of its base model."""
        return self.data.of(self.settings).prompts

    @property
    def global_batch_size(self) -> int:
        """Rows of one optimizer step over all workers."""
        return int(self.settings["global_batch_size"])

    @property
    def loss(self) -> LossName:
        """The loss of this training."""
        return LOSSES[self.settings["loss"]].name

    @property
    def train(self) -> TokenizedPairs:
        """The training rows that the loss reads."""
        return self.data.read_by(self.settings)

    @property
    def loss_parameters(self) -> dict[str, Any]:
        """The loss's own settings, as it takes them."""
        return {name: self.settings[name] for name in LOSSES[self.loss].parameters}

    @property
    def failed_value(self) -> float:
        """The value by which a failed trial is compared with others."""
        return FAILED_LOWERED if self.data.guard else FAILED_VALUE

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps of one epoch."""
        return self.train.steps_per_epoch(self.global_batch_size)

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole training."""
        return round(float(self.settings["epochs"]) * self.steps_per_epoch)

    @property
    def reports_per_epoch(self) -> int:
        """Evaluations of dev in an epoch.

        They follow from the training's own settings alone, whatever a search varies: the best state depends on them,
        and a single training has to find the same one.
        """
        return math.ceil(self.reports / float(self.settings["epochs"]))

    def report_steps(self) -> dict[int, float]:
        """Return step -> epochs for each evaluation of dev; a search compares trials at these epochs."""
        if self.until is not None:
            return {max(1, round(self.until * self.total_steps)): self.until * float(self.settings["epochs"])}
        reports = round(self.settings["epochs"] * self.reports_per_epoch)
        part = 1 / self.reports_per_epoch
        return {max(1, round(k * part * self.steps_per_epoch)): k * part for k in range(1, reports + 1)}


@dataclass(frozen=True, kw_only=True)
class EvaluationJob:
    """The evaluation of a model item by item: the base model, or the weights of the state that comes with it."""

    trial: str
    """The model's name."""
    kind: KindName
    splits: Mapping[str, list[Any]]
    """Split -> one object reference to its table, wrapped so that Ray passes the reference."""
    candidates: tuple[str, ...] | None = None
    kinds: Mapping[str, KindName] = field(default_factory=dict)
    """Split -> its kind, if that is not `kind`: yardsticks are then left out on it."""
    base_model: str = ""
    """The base model that is evaluated, or that the state was trained from; '' for the first one."""
    prompts: Prompts = NO_PROMPTS
    """Those of that base model."""
    train: list[Any] | None = None
    """One object reference to rows of train, on which yardsticks are fitted; None: only the model is evaluated."""
    seed: int = 0
    """Random seed of the yardsticks."""
    ways: tuple[str, ...] = ()
    """Ways to make category vectors from rows of train (evaluation/category_vectors.py), to try in place of
    yardsticks."""


class Report(NamedTuple):
    """A group's report about its job: at every evaluation of dev, or once when it failed."""

    metrics: dict[str, Any] = {}
    """training, epoch, steps, loss, the dev metrics, what trainers/state_guard.py adds under a guard, predictions,
    start_s, train_s, evaluate_s, log (training log so far); of an EvaluationJob: what trainers/evaluate.py returns."""
    state: Any = None
    """From a worker a list of one reference to its TrainingState; from GroupClient.next_report the state itself."""
    done: bool = False
    error: str | None = None
