"""Declare and check the options of a training and of a search."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo

from common.mistakes import Mistakes, raise_if
from evaluation.purpose import ALLOWED, Purpose
from tasks.common.declaration import SEEDS

LEAST_TOKENS = 4
"""The smallest max_length: two tokens mark the begin and the end of a text."""
MOST_SEEDS = 1_000
"""The most further seeds, each of which costs two trainings; a larger number was probably meant as a seed."""
DEFAULT_MINUTES = 60.0
"""The default budget of a search: an hour."""
MOST_MINUTES = 366 * 24 * 60
"""One year, which excludes infinity."""

MOST_FOLDS = 20
"""The most folds, each of which costs a training of each of the compared settings."""

KEEP_LOSS = 0.01
"""The default loss on a guard set: a change that nobody would notice in use."""


class TrainOptions(BaseModel):
    """The options of jobs.train: the one place that gives their names, types, bounds, defaults and help.

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
    base_model: str = Field(
        min_length=1,
        description="Base model: hub name or folder. jobs.tune chooses among several, separated by commas. "
        "Default: the task's.",
    )
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
    refine: Literal["auto", "none"] = Field(
        default="auto",
        description="auto: after training, also try averages of weights, and for categories vectors of their texts; "
        "keep one only if it is better on dev for sure. none: try none.",
    )
    folds: int | None = Field(
        default=None,
        ge=0,
        le=MOST_FOLDS,
        description="Compare the last few settings in so many folds over train and dev; 0: none. Default: 5 after a "
        "search with fewer than 300 items on dev, if half of the search's time suffices.",
    )
    refit: Literal["dev", "all", "none"] = Field(
        default="none",
        description="After the verdict, train the kept settings once more on train and dev, or on all pairs, into "
        "RUN/refit.",
    )
    accept: tuple[str, ...] = Field(
        default=(), description="Ignore this error of the audit. Repeatable.", json_schema_extra={"metavar": "CODE"}
    )
    patience: int | None = Field(
        default=None,
        ge=1,
        description="End a training after this many evaluations on dev without a better one. Default: never.",
    )
    keep: str | None = Field(
        default=None,
        min_length=1,
        description="Labelled pairs on which the base model's score must be kept, such as sts.csv:a,b,score.",
        json_schema_extra={"metavar": "FILE[:FIRST,SECOND,LABEL]"},
    )
    keep_loss: float = Field(
        default=KEEP_LOSS,
        gt=0,
        lt=1,
        description="With --keep: a model that may lose more there is not selected.",
    )
    threshold: str | None = Field(
        default=None,
        description="For labels 0 and 1, what dev chooses the threshold for: f1, precision=SHARE (sure to be reached) "
        "or recall=SHARE. Default: f1.",
    )
    verbose: bool = Field(default=False, description="Show Ray's log.")
    max_length: int | None = Field(default=None, ge=LEAST_TOKENS)
    """Tokens per text, from --set; None for the task's or the base model's length."""

    @classmethod
    def check(cls, **given: Any) -> Self:
        """Return the options.

        Raises:
            Mistakes: every option that is not allowed, with its value and the allowed ones.
        """
        try:
            options = cls(**given)
        except ValidationError as invalid:
            raise Mistakes([_message(error) for error in invalid.errors()]) from None
        refuse_relative(data=options.data, run=options.run)
        return options.model_copy(update={"data": _absolute(options.data), "run": _absolute(options.run)})

    @field_validator("folds")
    @classmethod
    def _several(cls, folds: int | None) -> int | None:
        if folds in (1, 2):  # one fold is held out, another one chooses
            raise ValueError("Input should be 0, or 3 or more")
        return folds

    @field_validator("threshold")
    @classmethod
    def _purpose(cls, text: str | None) -> str | None:
        try:
            return None if text is None else str(Purpose.parse(text))
        except ValueError:
            raise ValueError(f"Input should be {ALLOWED}") from None

    def command(self, job: str, base_model: str) -> list[str]:
        """Return the words of a command with the options that differ from their defaults.

        Args:
            job: the module to run, such as jobs.train.
            base_model: the task's base model, which is the default.
        """
        words = ["python", "-m", job, self.task]
        for name, option in declared(type(self)).items():
            value, default = getattr(self, name), base_model if name == "base_model" else option.default
            for item in value if isinstance(value, tuple) else [value]:
                if item != default:
                    words += [flag(name)] if item is True else [flag(name), _word(item)]
        return words


class Options(TrainOptions):
    """The options of jobs.tune; a single training has them with one trial."""

    trials: int = Field(default=16, ge=1, description="Number of settings to try, the baseline first.")
    minutes: float | None = Field(
        default=None,
        gt=0,
        le=MOST_MINUTES,
        description="Time budget of the search and its verdict; what fits is said before the first trial. Default: 60, "
        "and none if --trials is given.",
    )
    scheduler: Literal["asha", "fifo"] = Field(
        default="asha", description="asha stops weak trials early; fifo stops none."
    )
    warm_start: str | None = Field(
        default=None,
        min_length=1,
        description="Earlier runs, separated by commas, whose best settings are tried after the baseline.",
        json_schema_extra={"metavar": "RUN,..."},
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
    """Return name -> field of the options of the command line."""
    return {name: field for name, field in options.model_fields.items() if field.description}


HELP: Mapping[str, str] = {name: field.description or "" for name, field in declared(Options).items()}
"""Option -> its help text."""


def flag(name: str) -> str:
    """Return an option as typed: cpus_per_worker is --cpus-per-worker."""
    return "--" + name.replace("_", "-")


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _message(error: Any) -> str:
    name = flag(str(error["loc"][0])).removeprefix("--")
    message = error["msg"].removeprefix("Value error, ")
    return f"{name}: {error['input']!r} is not allowed: {message[0].lower()}{message[1:]}"


def refuse_relative(**given: str) -> None:
    """Refuse relative paths on a cluster: each machine has another such folder, and a submitted job a temporary one.

    Raises:
        Mistakes: naming each option whose path is relative.
    """
    if not os.environ.get("RAY_ADDRESS"):
        return
    raise_if(
        [
            f"{name}: {path!r} is relative; on a cluster give an absolute path that all machines share, or s3://..."
            for name, path in given.items()
            if "://" not in path and not Path(path).is_absolute()
        ]
    )


def refuse_lost(**given: str) -> None:
    """Refuse relative paths in a submitted job, whose working directory is deleted at its end.

    Raises:
        Mistakes: see `refuse_relative`.
    """
    if "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ:
        refuse_relative(**given)


def _absolute(path: str) -> str:
    """Return a path that workers can open, which run in another directory.

    Path.resolve would follow links, and Path.expanduser fails at a ~ without such a user.
    """
    return path if "://" in path else os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111
