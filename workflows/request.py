"""A validated request. Imports neither torch nor ray, so that a user's mistakes show at once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from audit.run import Audit
from common.space import Space
from models.base_model import ResolvedModel
from pairs.reading import Prompts, Reading
from pairs.train_view import TrainView
from reporting.findings import short_line
from tasks.common.declaration import Task
from workflows.options import Options


@dataclass(frozen=True, kw_only=True)
class Request:
    """A validated request."""

    options: Options
    task: Task
    pairs: TrainView
    space: Space
    """Follows --set, and the baseline with it."""
    baseline: Mapping[str, float]
    model: ResolvedModel
    max_length: int
    """Tokens per text."""
    prompts: Prompts
    audit: Audit
    """What the audit of the pairs found; its errors, if any, were accepted."""
    unjudged: Sequence[str] = ()
    """Why test, which is there, cannot be judged: the verdict then is dev's alone."""

    @cached_property
    def reading(self) -> Reading:
        """How the base model reads texts; loading its tokenizer takes seconds.

        Raises:
            Mistakes: see `reading_of`.
        """
        return self.model.reading(self.max_length, self.prompts)

    def lines(self) -> list[str]:
        """What a user should know before it begins: where the model is from, what the audit found."""
        found = [f"{each.severity}: {short_line(each.to_dict())}" for each in self.audit.findings]
        return [self.model.line, *self.how_read(), *found, *self.warnings()]

    def how_read(self) -> list[str]:
        """Lines about what differs from the plain reading that most would expect."""
        declared = self.task.tokens or 0
        lower = self.max_length < declared and self.options.max_length is None
        lowered = [
            f"max_length: {self.max_length}, as many positions as the base model has (the task reads {declared})"
        ]
        prompts = [f"{line}; others with --prompt1 and --prompt2, none with ''" for line in self.prompts.lines]
        return [*(lowered if lower else []), *prompts]

    def warnings(self) -> list[str]:
        """What is said once more at the verdict."""
        return [f"warning: test cannot be judged, the verdict will be of dev alone: {why}" for why in self.unjudged]

    @property
    def changed(self) -> bool:
        """Whether --set gave other settings than the task's baseline."""
        return dict(self.baseline) != self.task.settings

    def steps(self) -> int:
        """Optimizer steps of the baseline settings."""
        rows, size = self.pairs.num_rows("train"), int(self.baseline["global_batch_size"])
        return int(self.baseline["epochs"]) * (rows // size)

    def to_dict(self) -> dict[str, Any]:
        """settings.json: what a run was request, resolved."""
        task = self.task
        names = ("name", "loss", "kind", "metric")
        return {
            **{name: getattr(task, name) for name in names},
            **self.options.model_dump(),
            "task": task.name,
            "max_length": self.max_length,
            "prompts": list(self.prompts),
            "base_model": self.model.name,
            "space": {name: asdict(allowed) for name, allowed in self.space.items()},
            "baseline": dict(self.baseline),
            "pairs": {split: self.pairs.num_rows(split) for split in self.pairs.splits},
            "unjudged": list(self.unjudged),
            "origins": {name: number.origin for name, number in task.baseline.items()},
        }
