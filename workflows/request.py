"""Hold a validated request. Imports neither torch nor ray, so that a user's mistakes show at once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from audit.run import Audit
from common.base_names import SETTING
from common.space import Settings, Space
from models.base_model import Base
from pairs.guard import GuardPairs
from pairs.train_view import TrainView
from reporting.findings import short_line
from tasks.common.declaration import Task
from tasks.common.losses import LossName, active
from tasks.common.parameters import ALL
from workflows.options import Options
from workflows.warm_start import WarmStart


@dataclass(frozen=True, kw_only=True)
class Request:
    """A validated request."""

    options: Options
    task: Task
    views: Mapping[LossName, TrainView]
    """Loss of the space -> the pairs as it reads them, the baseline's first."""
    fewer: Mapping[tuple[LossName, int], TrainView] = field(default_factory=dict)
    """(loss, given negatives of a row) -> the pairs with no more negatives, for the numbers that the space has."""
    space: Space
    """The search space, narrowed by --set; the baseline lies in it."""
    first_trials: Sequence[Settings]
    """The settings of the first trials, the baseline before all."""
    warm_starts: Sequence[WarmStart] = ()
    """The best settings of earlier runs, tried after the baseline."""
    bases: Mapping[str, Base]
    """Name of a base model -> the model and how it reads texts; the first one is the baseline's."""
    audit: Audit
    """The audit of the pairs; its errors, if any, were accepted."""
    unjudged: Sequence[str] = ()
    """Why an existing test split cannot be evaluated; the verdict then rests on dev alone."""
    unreachable: str = ""
    """Why no model can meet the threshold's purpose on dev; empty if one might."""
    guard: GuardPairs | None = None
    """The pairs of --keep."""

    @property
    def pairs(self) -> TrainView:
        """The pairs as the baseline's loss reads them."""
        return next(iter(self.views.values()))

    @property
    def baseline(self) -> Settings:
        """The baseline settings, moved into the space; a flat one, so with settings of its other losses."""
        return self.first_trials[0]

    @property
    def base(self) -> Base:
        """The base model of the baseline; the only one, unless a search has several."""
        return next(iter(self.bases.values()))

    def base_of(self, settings: Settings) -> Base:
        """Return the base model of a training with these settings."""
        return self.bases.get(settings.get(SETTING, ""), self.base)

    def lines(self) -> list[str]:
        """Return lines to show before the start: where models are from, how texts are read, the audit's findings."""
        findings = [f"{finding.severity}: {short_line(finding.to_dict())}" for finding in self.audit.findings]
        earlier = [start.line for start in self.warm_starts]
        models = [line for base in self.bases.values() for line in (base.model.line, *self.how_read(base))]
        return [*models, *findings, *self.guard_lines(), *earlier, *self.warnings()]

    def how_read(self, base: Base) -> list[str]:
        """Return a line for each way in which reading differs from the declared length without prompts."""
        declared = self.task.tokens or 0
        is_lower = base.max_length < declared and self.options.max_length is None
        lowered = [
            f"max_length: {base.max_length}, as many positions as the base model has (the task reads {declared})"
        ]
        prompts = [f"{line}; others with --prompt1 and --prompt2, none with ''" for line in base.prompts.lines]
        return [*(lowered if is_lower else []), *prompts]

    def warnings(self) -> list[str]:
        """Return the warnings that the verdict repeats."""
        unjudged = "warning: test cannot be evaluated, the verdict rests on dev alone"
        threshold = [f"warning: threshold: {self.unreachable}"] if self.unreachable else []
        return [*(f"{unjudged}: {why}" for why in self.unjudged), *threshold]

    def guard_lines(self) -> list[str]:
        """Return lines about the guard set."""
        return self.guard.lines(self.options.keep_loss, self.options.seed) if self.guard else []

    @property
    def changed(self) -> bool:
        """Whether --set changed the task's baseline settings."""
        return active(self.baseline) != self.task.settings

    def steps(self) -> int:
        """Return the number of optimizer steps of the baseline settings."""
        loss, negatives = next(iter(self.views)), self.baseline.get("negatives", ALL)
        pairs = self.pairs if negatives == ALL else self.fewer[loss, int(negatives)]
        rows, size = pairs.num_rows("train"), int(self.baseline["global_batch_size"])
        return int(self.baseline["epochs"]) * (rows // size)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of settings.json: the request with every default filled in."""
        task = self.task
        names = ("name", "loss", "kind", "metric")
        bases = [_as_read(base) for base in self.bases.values()]
        return {
            **{name: getattr(task, name) for name in names},
            **self.options.model_dump(),
            "task": task.name,
            **bases[0],
            **({"base_models": bases} if len(bases) > 1 else {}),
            "space": {name: asdict(allowed) for name, allowed in self.space.items()},
            "baseline": active(self.baseline),
            "pairs": {split: self.pairs.num_rows(split) for split in self.pairs.splits},
            "unjudged": list(self.unjudged),
            "origins": {name: number.origin for name, number in task.baseline.items()},
            **({"categories": self.pairs.candidates()} if task.declared_kind.categories else {}),
            **({"guard": self.guard.to_dict()} if self.guard else {}),
        }


def _as_read(base: Base) -> dict[str, Any]:
    return {"max_length": base.max_length, "prompts": list(base.prompts), "base_model": base.name}
