"""What a training or a search reached, and which model is kept of it: plain values that every stage hands on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reporting.trials import TrialRecord
from trainers.checkpoint import TrainingState


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a training or a search reached, before it is written down."""

    records: Sequence[TrialRecord]
    best: TrialRecord | None
    metrics: Mapping[str, Any]
    """Of the best judgement of dev, with the training log up to it; empty where none was reached."""
    state: TrainingState | None
    baseline: TrialRecord | None
    """None where it failed or was not judged."""
    baseline_metrics: Mapping[str, Any] = field(default_factory=dict)
    baseline_state: TrainingState | None = None
    baseline_settings: Mapping[str, float] = field(default_factory=dict)
    """Empty where a single training had other settings."""
    told: int = 0
    """Judgements of dev, of all trainings."""
    base_metrics: Mapping[str, float]
    wall_s: float
    group_times: Mapping[str, Mapping[str, float]]
    """Worker group -> phase -> seconds (trainers/groups/board.py)."""
    notes: Sequence[str] = ()
    """What a reader has to know beside the figures, a sentence each."""
    interrupted: bool = False
    """Ended by its user or its budget: what has not finished could still be taken up."""
    hurried: bool = False
    """Interrupted twice: no verdict is waited for."""


class SelectedModel(NamedTuple):
    """The model that is kept: base (no training), baseline or best."""

    name: str
    record: TrialRecord | None
    metrics: Mapping[str, Any]
    state: TrainingState | None
