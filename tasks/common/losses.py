"""The losses: what each reads and which settings it has. Its builder stands in trainers/losses/build.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from common.base_names import SETTING
from common.space import Settings
from tasks.common.number import Number
from tasks.common.parameters import (
    CLASS_WEIGHT,
    DIRECTIONS,
    GUIDE_MARGIN,
    HARDNESS_STRENGTH,
    LR_LAYER_DECAY,
    MARGIN,
    NEGATIVES,
    SCALE,
    SCHEDULE,
    Parameter,
)

LossName = Literal["contrastive", "online_contrastive", "cosine", "cosent", "angle", "ranking", "category_softmax"]
SHARED_SETTINGS = ("learning_rate", "global_batch_size", "epochs", "warmup_ratio", "weight_decay")
"""Settings that a training has whatever its loss."""

SHARED_PARAMETERS: Mapping[str, Parameter] = {
    "schedule": SCHEDULE,
    "lr_layer_decay": LR_LAYER_DECAY,
    "negatives": NEGATIVES,
}
"""Settings that a training has whatever its loss, with a default for tasks that do not declare them."""

Labels = Literal["none", "binary", "graded"]
"""Labels of pairs. binary: 0 or 1; graded: numbers from -1 to 1."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One loss.

    Attributes:
        labels: what it reads. none: every row is a positive, and rows labelled otherwise are left out.
        symmetric: whether it sees the cosine of two texts alone, so that the pair (b, a) says what (a, b) says. A
            ranking loss looks for the second text of the first one, and (b, a) is another question.
        negatives: whether it reads given negatives of a row.
        in_batch: whether second texts of other rows are negatives, unless their group belongs together.
        categories: whether it holds a first text against all categories, so that second texts must be categories.
        meaning: what a label means to it, in one line.
        parameters: its own settings, those first that a search should vary first.
        baseline: further settings of a task made from a file.
    """

    name: LossName
    labels: Labels
    symmetric: bool
    negatives: bool = False
    in_batch: bool = False
    categories: bool = False
    meaning: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    baseline: Mapping[str, Number]

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of all settings of a training with it."""
        return (*SHARED_SETTINGS, *SHARED_PARAMETERS, *self.parameters)

    @property
    def defaults(self) -> dict[str, Number]:
        """The settings of a task made from a file that depend on the loss."""
        return {name: each.default for name, each in self.parameters.items()} | dict(self.baseline)


AS_COSINE: Mapping[str, Number] = {
    "global_batch_size": Number(16, "ours: as for cosine, which reads the same labels"),
    "epochs": Number(4, "ours: as for cosine, which reads the same labels"),
}

LOSSES: Mapping[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss(
            name="contrastive",
            labels="binary",
            symmetric=True,
            meaning="1.0: the two belong together; 0.0: they do not",
            parameters={"margin": MARGIN},
            baseline={
                "global_batch_size": Number(8, "as on the invoices card"),
                "epochs": Number(4, "as on the invoices card"),
            },
        ),
        Loss(
            name="online_contrastive",
            labels="binary",
            symmetric=True,
            meaning="1.0: the two belong together; 0.0: they do not",
            parameters={"margin": MARGIN},
            baseline={
                "global_batch_size": Number(16, "ours: a batch must hold hard pairs of both labels"),
                "epochs": Number(4, "ours: as for contrastive, which reads the same labels"),
            },
        ),
        Loss(
            name="cosine",
            labels="graded",
            symmetric=True,
            meaning="the cosine that the two should have, from -1.0 to 1.0",
            baseline={
                "global_batch_size": Number(16, "as on the cards of pages and nli"),
                "epochs": Number(4, "ours: between the 1 of the nli card and the 10 of the tickets card"),
            },
        ),
        Loss(
            name="cosent",
            labels="graded",
            symmetric=True,
            meaning="from -1.0 to 1.0: of two pairs, the one with the higher label should have the higher cosine",
            parameters={"scale": SCALE},
            baseline=AS_COSINE,
        ),
        Loss(
            name="angle",
            labels="graded",
            symmetric=False,
            meaning="from -1.0 to 1.0: of two pairs, the one with the higher label should have the smaller angle",
            parameters={"scale": SCALE},
            baseline=AS_COSINE,
        ),
        Loss(
            name="ranking",
            labels="none",
            symmetric=False,
            negatives=True,
            in_batch=True,
            meaning="none: every pair belongs together, and a second text is looked for among all second texts",
            parameters={
                "scale": SCALE,
                "directions": DIRECTIONS,
                "guide_margin": GUIDE_MARGIN,
                "hardness_strength": HARDNESS_STRENGTH,
            },
            baseline={
                "global_batch_size": Number(16, "as on the job_skills card"),
                "epochs": Number(3, "as on the job_skills card"),
            },
        ),
        Loss(
            name="category_softmax",
            labels="none",
            symmetric=False,
            categories=True,
            meaning="none: every second text is the first one's category, and is looked for among all categories",
            parameters={"scale": SCALE, "class_weight": CLASS_WEIGHT},
            baseline={
                "learning_rate": Number(5e-5, "ours, measured on the texts of tickets"),
                "global_batch_size": Number(32, "ours, measured on the texts of tickets"),
                "epochs": Number(4, "ours, measured on the texts of tickets"),
            },
        ),
    )
}
"""Name -> loss. Of those that read the same labels, the first is a file's default."""


def default_loss(labels: Labels) -> Loss:
    """The loss that a file with such labels gets unless its user says otherwise."""
    return next(loss for loss in LOSSES.values() if loss.labels == labels)


def active(settings: Settings) -> dict[str, Any]:
    """Return the settings that a training reads: a flat space has those of all its losses."""
    names = ("loss", SETTING, *LOSSES[settings["loss"]].settings)
    return {name: settings[name] for name in settings if name in names}
