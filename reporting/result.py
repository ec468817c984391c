"""Hold the result of a run: plain values that are printed, written to result.json and read back."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from common.jsonable import finite
from common.space import Settings


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """The result of one run, in plain values only."""

    task: str
    run: str
    """The run's folder as the user would type it."""
    metric: str
    """The deciding metric on dev; higher is better."""
    base: float | None
    """The metric of the base model before any training."""
    baseline: float | None
    """The metric of the task's baseline settings; None if their trial did not report."""
    best: float | None
    best_trial: str | None = None
    best_epoch: float | None = None
    """Epochs that the best trial was trained for; fewer than its settings' if the search or the budget ended it."""
    best_steps: int | None = None
    """Optimizer steps after which the best trial reached `best` on dev."""
    kept_steps: int | None = None
    """Optimizer steps of the state that is exported; 0 for the base model, None for a mixture of weights."""
    baseline_epoch: float | None = None
    best_settings: Settings = field(default_factory=dict)
    baseline_settings: Settings = field(default_factory=dict)
    base_model: str | None = None
    """Path or hub name of the base model that the exported model is, or was trained from."""
    model: str | None = None
    """The selected model's folder as the user would type it; None if nothing was trained."""
    states: Mapping[str, int]
    """State -> number of trials."""
    notes: Sequence[str] = ()
    """Facts beside the figures, a sentence each."""
    error: str | None = None
    """Why nothing was trained: the commonest error of the trials, or another reason; None if a model was trained."""
    wall_s: float
    """Seconds of the search or training, without what follows it."""
    minutes: float | None = None
    """The time budget; None without one."""
    budget_s: float = 0.0
    """Seconds that it counts: from its planning to the verdict; 0 in results of earlier versions."""
    kept: str | None = None
    """The model that was selected: base, baseline, best, or one that was refined from them."""
    weights: str | None = None
    """The model whose weights it has: another one than `kept` where that one has category vectors beside them."""
    mixture: Sequence[Mapping[str, Any]] = ()
    """The parts of a mixture of weights: model, fraction, and the command that trains it; empty for any other model."""
    verdict: Mapping[str, Any] | None = None
    """Content of verdict.json; None if there was nothing to compare."""
    refit: Mapping[str, Any] | None = None
    """With the card of RUN/refit, what was trained again (workflows/refit.py); None for RUN/best."""
    cores: int = 1
    """GPUs of one worker group, or CPUs if there are no GPUs."""
    loss_notes: Sequence[str] = ()
    """How the loss differs from its class in the library, one sentence each."""
    reproduce: str = ""
    """One command that trains the model again from the prepared pairs; empty for a mixture of weights."""
    stopped: str = ""
    """A sentence, if that command trains beyond the saved weights."""
    dtype: str = ""
    """Data type of the model's weights, such as float32."""
    group_times: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Worker group -> phase -> seconds: starting, training, evaluating, checkpointing, idle; in all, its lifetime."""

    @property
    def whose(self) -> str | None:
        """The model whose weights the kept one has."""
        return self.weights or self.kept

    @property
    def core_seconds(self) -> float:
        """The cost of the worker groups: seconds of their lifetimes times their CPUs, or GPUs."""
        return self.cores * sum(sum(times.values()) for times in self.group_times.values())

    @property
    def training_share(self) -> float | None:
        """Fraction of the worker groups' time spent in training, 0 to 1; None if there were no groups."""
        total = sum(sum(times.values()) for times in self.group_times.values())
        return sum(times["training"] for times in self.group_times.values()) / total if total else None


def next_commands(result: RunResult) -> list[str]:
    """Return three commands that can be pasted: evaluate, look at the curves, load the model; none without a model."""
    if result.model is None:
        return []
    load = (  # double quotes inside, as shlex.quote adds single ones
        "from sentence_transformers import SentenceTransformer; "
        f'print(SentenceTransformer({json.dumps(result.model)}).encode("a text").shape)'
    )
    return [
        f"python -m jobs.evaluate {shlex.quote(result.model)}",
        f"python -m tensorboard.main --logdir {shlex.quote(result.run + '/events')}",
        f"python -c {shlex.quote(load)}",
    ]


def outcome_dict(result: RunResult) -> dict[str, Any]:
    """Return every field for --json and result.json, None for what is not finite, and the commands under 'next'."""
    values: dict[str, Any] = finite(
        {**asdict(result), "training_share": result.training_share, "core_seconds": result.core_seconds}
    )
    return {**values, "next": next_commands(result)}
