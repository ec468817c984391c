"""What a user asks of a training or a search, checked."""

import os
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from common.mistakes import Mistakes, raise_if
from tasks.common.declaration import SEEDS

LEAST_TOKENS = 4
"""Tokens of a text that a model can be told to read: two of them mark its begin and end."""
MOST_SEEDS = 1_000
"""Each is two trainings more; a number above is rather a seed."""
MOST_MINUTES = 366 * 24 * 60
"""A year; infinity is no budget."""


class TrainOptions(BaseModel):
    """The options of jobs.train: their names, types, bounds, defaults and help, which everything else follows.

    A field with a description is an option of the command line (jobs/options.py); one without a default may be left out
    there, and `check_request` fills it in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    data: str = Field(min_length=1, description="Folder of the prepared pairs. Default: data/TASK.")
    run: str = Field(min_length=1, description="New folder for the results. Default: runs/TASK.")
    workers: int = Field(default=1, ge=1, description="Number of workers that train one model together (DDP).")
    cpus_per_worker: int = Field(default=1, ge=1, description="CPUs, and threads, per worker.")
    gpu: bool = Field(default=False, description="Give each worker one GPU.")
    precision: Literal["auto", "bf16", "fp32"] = Field(
        default="auto", description="auto, bf16 or fp32. auto: bf16 where the hardware supports it."
    )
    optimizer: Literal["auto", "adamw_torch", "adamw_torch_fused"] = Field(
        default="auto", description="auto, adamw_torch or adamw_torch_fused. auto: the fastest."
    )
    distinct: bool = Field(
        default=False, description="Merge rows with equal token ids into one row, weighted by their count."
    )
    base_model: str = Field(min_length=1, description="Base model: hub name or folder. Default: the task's.")
    prompt1: str | None = Field(
        default=None, description="Prompt before each first text; '' for none. Default: the model's own."
    )
    prompt2: str | None = Field(default=None, description="Prompt before each second text.")
    trust_remote_code: bool = Field(
        default=False, description="Run Python code that the model brings, here and on the workers."
    )
    seed: int = Field(default=42, ge=0, lt=SEEDS, description="Random seed for row order, dropout and the sampler.")
    set: tuple[str, ...] = Field(
        default=(),
        description="Fix a setting (8), or give its choices (8,16,32) or range (0.2:0.8).",
        json_schema_extra={"metavar": "NAME=VALUE"},
    )
    accept: tuple[str, ...] = Field(
        default=(), description="Ignore this error of the audit. Repeatable.", json_schema_extra={"metavar": "CODE"}
    )
    verbose: bool = Field(default=False, description="Show Ray's log.")
    max_length: int | None = Field(default=None, ge=LEAST_TOKENS)
    """From --set; None: as many tokens as the task or the base model says."""

    @classmethod
    def check(cls, **given: Any) -> Self:
        """Return the options.

        Raises:
            Mistakes: every option that is not allowed, with its value and what is.
        """
        try:
            options = cls(**given)
        except ValidationError as invalid:
            raise Mistakes([_message(error) for error in invalid.errors()]) from None
        refuse_relative(data=options.data, run=options.run)
        return options.model_copy(update={"data": _absolute(options.data), "run": _absolute(options.run)})

    def command(self, job: str, base_model: str) -> list[str]:
        """Return the words of a command with these options: those that differ from their defaults.

        Args:
            base_model: the task's, which is the default.
        """
        words = ["python", "-m", job, self.task]
        for name, option in declared(type(self)).items():
            value, default = getattr(self, name), base_model if name == "base_model" else option.default
            for each in [value] if not isinstance(value, tuple) else value:
                if each != default:
                    words += [flag(name)] if each is True else [flag(name), _word(each)]
        return words


class Options(TrainOptions):
    """The options of jobs.tune; a single training has them, too, with one trial."""

    trials: int = Field(default=16, ge=1, description="Number of settings to try, the baseline first.")
    minutes: float | None = Field(default=None, gt=0, le=MOST_MINUTES, description="Time budget of the search.")
    scheduler: Literal["asha", "fifo"] = Field(
        default="asha", description="asha stops weak trials early; fifo stops none."
    )
    concurrent: int | None = Field(default=None, ge=1, description="Trials to run at a time. Default: as many as fit.")
    repeat_seeds: int = Field(
        default=0,
        ge=0,
        le=MOST_SEEDS,
        description="Train baseline and best with this many more seeds to show the spread.",
    )
    export: Literal["auto", "best", "baseline", "base"] = Field(
        default="auto", description="Model to keep: auto (by the verdict on dev), best, baseline or base."
    )


def declared(options: type[TrainOptions]) -> dict[str, FieldInfo]:
    """Return the fields that are options of the command line, by their names."""
    return {name: field for name, field in options.model_fields.items() if field.description}


HELP: Mapping[str, str] = {name: field.description or "" for name, field in declared(Options).items()}
"""Option -> what it does."""


def flag(name: str) -> str:
    """Return an option as it is typed: cpus_per_worker is --cpus-per-worker."""
    return "--" + name.replace("_", "-")


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _message(error: Any) -> str:
    name = flag(str(error["loc"][0])).removeprefix("--")
    return f"{name}: {error['input']!r} is not allowed: {error['msg'][0].lower()}{error['msg'][1:]}"


def refuse_relative(**given: str) -> None:
    """On a cluster a relative path means another folder on every machine, and in a submitted job a temporary one.

    Raises:
        Mistakes: naming each option whose path is relative.
    """
    if not os.environ.get("RAY_ADDRESS"):
        return
    raise_if(
        [
            f"{name}: {path!r} is relative; on a cluster give an absolute path that all machines share, or s3://..."
            for name, path in given.items()
            if "://" not in path and not os.path.isabs(path)
        ]
    )


def refuse_lost(**given: str) -> None:
    """Refuse relative paths in a submitted job: its own folder goes with it.

    Raises:
        Mistakes: see `refuse_relative`.
    """
    if "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ:
        refuse_relative(**given)


def _absolute(path: str) -> str:
    """Workers run in another directory."""
    return path if "://" in path else os.path.abspath(os.path.expanduser(path))
