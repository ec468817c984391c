"""What a user asks of a training or a search, checked."""

import os
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.mistakes import Mistakes, raise_if
from tasks.common.declaration import SEEDS

LEAST_TOKENS = 4
"""Tokens of a text that a model can be told to read: two of them mark its begin and end."""
MOST_SEEDS = 1_000
"""Each is two trainings more; a number above is rather a seed."""
MOST_MINUTES = 366 * 24 * 60
"""A year; infinity is no budget."""


class Options(BaseModel):
    """Options that jobs.train and jobs.tune share, by the names of the command line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    data: str
    run: str
    base_model: str
    trust_remote_code: bool = False
    workers: int = Field(1, ge=1)
    cpus_per_worker: int = Field(1, ge=1)
    gpu: bool = False
    distinct: bool = False
    max_length: int | None = Field(None, ge=LEAST_TOKENS)
    prompt1: str | None = None
    prompt2: str | None = None
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    optimizer: Literal["auto", "adamw_torch", "adamw_torch_fused"] = "auto"
    seed: int = Field(42, ge=0, lt=SEEDS)
    trials: int = Field(1, ge=1)
    concurrent: int | None = Field(None, ge=1)
    minutes: float | None = Field(None, gt=0, le=MOST_MINUTES)
    scheduler: Literal["asha", "fifo"] = "asha"
    repeat_seeds: int = Field(0, ge=0, le=MOST_SEEDS)
    export: Literal["auto", "best", "baseline", "base"] = "auto"
    verbose: bool = False

    @classmethod
    def check(cls, **given: Any) -> Self:
        """The options.

        Raises:
            Mistakes: every option that is not allowed, with its value and what is.
        """
        try:
            options = cls(**given)
        except ValidationError as invalid:
            raise Mistakes([_message(error) for error in invalid.errors()]) from None
        refuse_relative(data=options.data, run=options.run)
        return options.model_copy(update={"data": _absolute(options.data), "run": _absolute(options.run)})


def _message(error: Any) -> str:
    name = str(error["loc"][0]).replace("_", "-")
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
