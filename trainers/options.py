"""What a user asks of a training or a search, checked."""

import os
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.common.mistakes import Mistakes


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
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    optimizer: Literal["auto", "adamw_torch", "adamw_torch_fused"] = "auto"
    seed: int = Field(42, ge=0, lt=2**32)
    trials: int = Field(1, ge=1)
    concurrent: int | None = Field(None, ge=1)
    minutes: float | None = Field(None, gt=0)
    scheduler: Literal["asha", "fifo"] = "asha"
    seeds: int = Field(0, ge=0)
    export: Literal["auto", "winner", "baseline", "base"] = "auto"
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
        _refuse_relative(options)
        return options.model_copy(update={"data": _absolute(options.data), "run": _absolute(options.run)})


def _message(error: Any) -> str:
    name = str(error["loc"][0]).replace("_", "-")
    return f"{name}: {error['input']!r} is not allowed: {error['msg'][0].lower()}{error['msg'][1:]}"


def _refuse_relative(options: Options) -> None:
    """On a cluster a relative path means another folder on every machine, and in a submitted job a temporary one."""
    if not os.environ.get("RAY_ADDRESS"):
        return
    given = {"data": options.data, "run": options.run}
    mistakes = [
        f"{name}: {path!r} is relative; on a cluster give an absolute path that all machines share, or s3://..."
        for name, path in given.items()
        if "://" not in path and not os.path.isabs(path)
    ]
    if mistakes:
        raise Mistakes(mistakes)


def _absolute(path: str) -> str:
    """Workers run in another directory."""
    return path if "://" in path else os.path.abspath(os.path.expanduser(path))
