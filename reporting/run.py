"""Read a run back from its folder as plain values, also one that the previous version wrote."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from common import storage
from common.mistakes import Mistakes
from common.old_names import modern_names
from common.run_folder import AUDIT, DATA, ENVIRONMENT, RESULT, SETTINGS, TRIALS, VERDICT, RunFolder
from reporting.result import RunResult
from reporting.trials import TrialRecord

State = Literal["unfinished", "finished", "failed"]
"""unfinished: still running, or ended without a result; failed: it has a result without a model."""
TO_DO = "restore the file, or give another run"
"""Advice in messages about a damaged file."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The content of a run's folder.

    Attributes:
        folder: path or address.
        settings: the request with its defaults resolved (settings.json).
        data: fingerprint and manifest of the prepared pairs.
        environment: packages and machines; empty if it was not written.
        audit: rows and findings; empty if it was not written.
        trials: those that have begun.
        result: None before the end.
        verdict: None if there was nothing to compare, or before the end.
    """

    folder: str
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    environment: Mapping[str, Any] = field(default_factory=dict)
    audit: Mapping[str, Any] = field(default_factory=dict)
    trials: Sequence[TrialRecord] = ()
    result: RunResult | None = None
    verdict: Mapping[str, Any] | None = None

    @classmethod
    def read(cls, path: str) -> "Run":
        """Read a run's folder, on this machine or in a store.

        Raises:
            Mistakes: it is no run, or a file is damaged.
        """
        folder = RunFolder(path)
        if not folder.is_run:
            raise Mistakes(f"run: {path!r} is no run: it lacks {SETTINGS} or {DATA}")
        return cls(
            folder=path,
            settings=read_settings(folder),
            data=read_data(folder),
            environment=_optional(folder, ENVIRONMENT),
            audit=_optional(folder, AUDIT),
            trials=read_trials(folder),
            result=read_result(folder),
            verdict=read_verdict(folder),
        )

    @property
    def base_models(self) -> list[str]:
        """The base models that it was to choose from; mostly one."""
        several = self.settings.get("base_models") or [self.settings]
        return [each.get("base_model") for each in several]

    @property
    def as_read(self) -> Mapping[str, Any]:
        """`base_model`, `max_length` and `prompts` of the exported model."""
        return as_read(self.settings, self.result)

    @property
    def state(self) -> State:
        """How far the run is."""
        if self.result is None:
            return "unfinished"
        return "finished" if self.result.model else "failed"


def as_read(settings: Mapping[str, Any], result: RunResult | None) -> Mapping[str, Any]:
    """Return `base_model`, `max_length` and `prompts` of the exported model, from settings.json."""
    name = result.base_model if result else None
    return next((each for each in settings.get("base_models", ()) if each["base_model"] == name), settings)


def read_settings(folder: RunFolder) -> dict[str, Any]:
    """Return settings.json.

    Raises:
        Mistakes: it is damaged.
    """
    optional = {"data": str, "base_model": str, "base_models": list, "max_length": int}
    settings = storage.read_object(folder.at(SETTINGS), {"task": str}, optional)
    return {**modern_names(settings), **({"repeat_seeds": settings["seeds"]} if "seeds" in settings else {})}


def read_data(folder: RunFolder) -> dict[str, Any]:
    """Return data.json: fingerprint and manifest.

    Raises:
        Mistakes: it is damaged.
    """
    data: dict[str, Any] = modern_names(storage.read_object(folder.at(DATA), {"fingerprint": str}))
    return data


def read_verdict(folder: RunFolder) -> dict[str, Any] | None:
    """Return verdict.json; None if there is none.

    Raises:
        Mistakes: it is damaged.
    """
    if not folder.exists(VERDICT):
        return None
    needed = {"fingerprint": str, "weights": str, "splits": dict}
    verdict: dict[str, Any] = modern_names(storage.read_object(folder.at(VERDICT), needed))
    return verdict


def read_result(folder: RunFolder) -> RunResult | None:
    """Return result.json; None if it is not written yet.

    Raises:
        Mistakes: it is damaged.
    """
    if not folder.exists(RESULT):
        return None
    values = modern_names(storage.read_object(folder.at(RESULT), {"task": str, "run": str, "metric": str}))
    with storage.reading(folder.at(RESULT), TO_DO):
        return RunResult(**_known(RunResult, values))


def read_trials(folder: RunFolder) -> tuple[TrialRecord, ...]:
    """Return the lines of trials.jsonl; none if no trial has begun.

    Raises:
        Mistakes: it is damaged.
    """
    if not folder.exists(TRIALS):
        return ()
    location = folder.at(TRIALS)
    with storage.reading(location, TO_DO):
        lines = storage.read_bytes(location).decode().splitlines()
        return tuple(TrialRecord(**_known(TrialRecord, modern_names(json.loads(line)))) for line in lines)


def _known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out values that are no fields: computed ones, and those of a later version."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _optional(folder: RunFolder, name: str) -> dict[str, Any]:
    return storage.read_object(folder.at(name), {}) if folder.exists(name) else {}
