"""Hold the outcome of a training or a search, and the selected model, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from common.space import Settings
from evaluation.category_vectors import CategoryVectors
from reporting.trials import TrialRecord
from trainers.checkpoint import TrainingState


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a training or a search, before it is written to files."""

    records: Sequence[TrialRecord]
    best: TrialRecord | None
    metrics: Mapping[str, Any]
    """Metrics of the best evaluation on dev, with the training log up to it; empty without any."""
    state: TrainingState | None
    baseline: TrialRecord | None
    """None if it failed or was not evaluated."""
    baseline_metrics: Mapping[str, Any] = field(default_factory=dict)
    baseline_state: TrainingState | None = None
    baseline_settings: Settings = field(default_factory=dict)
    """Empty if a single training had other settings."""
    states: Mapping[str, str] = field(default_factory=dict)
    """Trial -> file of its best state, the best trials of the best's base model first; empty without a search."""
    evaluations: int = 0
    """Number of evaluations on dev, over all trainings."""
    base_metrics: Mapping[str, float]
    wall_s: float
    """Seconds of the search or training alone."""
    budget_s: float = 0.0
    """Seconds that a time budget counts: from its planning to the verdict."""
    group_times: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Worker group -> phase -> seconds up to the end of the run (trainers/groups/board.py)."""
    notes: Sequence[str] = ()
    """Remarks on the figures, one sentence each."""
    interrupted: bool = False
    """Ended by its user or its budget; unfinished trials keep their states on disk."""
    hurried: bool = False
    """Interrupted twice, so the verdict is skipped."""


class SelectedModel(NamedTuple):
    """The model to export: base (no training), baseline, best, or one that is refined from them."""

    name: str
    record: TrialRecord | None
    """The training; None for the base model and for weights of several trials."""
    metrics: Mapping[str, Any]
    state: TrainingState | None
    parts: Mapping[str, float] = {}
    """Model -> fraction of its weights, where they are a mixture."""
    base: Settings = {}
    """The setting of its base model, of a base model alone; empty for the first."""
    weights: str = ""
    """The model whose weights it has, where it differs from another one by category vectors alone."""
    vectors: CategoryVectors | None = None

    @property
    def settings(self) -> Settings:
        """The settings of its training; for a base model that of the base model."""
        return self.record.settings if self.record else self.base
