"""Hold the facts of a training that the library's model card shows beside the run itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FOLDER = "PATH/TO/THIS/FOLDER"
"""Stands for the model's folder in a card's Python."""


@dataclass(frozen=True, kw_only=True)
class TrainingFacts:
    """The training of the selected model, in plain values.

    Attributes:
        loss_class: full name, such as sentence_transformers.sentence_transformer.losses.ContrastiveLoss.
        loss_parameters: arguments of the loss besides the model, such as {"margin": 0.5}.
        hyperparameters: settings of this training; the card's 'Non-Default Hyperparameters'.
        log: lines of Epoch, Step, Training Loss and the deciding metric, in order of Step; the last two may be missing.
        best_step: step of the line whose weights were saved.
        dev_metrics: all scores of the saved weights on dev; empty for a refit, which was trained on dev.
        evaluator_class: full name of the class that computed them.
        train_size: training pairs.
        train_samples: first training pairs as rows of sentence1, sentence2 and label, at least one: the card counts
            the tokens of up to 100, shows 3, and puts the shortest into its example.
    """

    loss_class: str
    loss_parameters: Mapping[str, Any] = field(default_factory=dict)
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    log: Sequence[Mapping[str, Any]] = ()
    best_step: int | None = None
    dev_metrics: Mapping[str, float]
    evaluator_class: str = "trainers.dev_evaluator.PairEvaluator"
    train_size: int
    train_samples: Sequence[Mapping[str, Any]]
