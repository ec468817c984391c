"""From the words of jobs.score to a request in which everything is in order."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluation.scoring import THRESHOLD
from pairs.batches import Table
from pairs.prepared import PreparedPairs
from pairs.read import first_names
from reporting.run_folder import RunFolder
from tasks.common import storage
from tasks.common.mistakes import Checks, Mistakes
from trainers.base_model import resolve_base_model
from trainers.score_run import ScoreRequest


def request(model: str, file: str, columns: Sequence[str], out: str, candidates: str | None, best: int) -> ScoreRequest:
    """Check everything that can be checked without Ray.

    Raises:
        Mistakes: all of them.
    """
    checks = Checks()
    folder = checks.run(model_folder, model)
    names = checks.run(first_names, file)
    numbered = bool(names) and all(column.isdecimal() for column in columns) and not set(columns) <= set(names or [])
    if names and numbered:
        names = [str(number) for number in range(1, len(names) + 1)]
    if names:
        checks.run(_check_columns, columns, names, file)
    if len(columns) not in (1, 2):
        checks.messages.append(
            f"columns: {','.join(columns)}; allowed: two texts, or one to be held against candidates"
        )
    if best < 1:
        checks.messages.append(f"best: {best} must be at least 1")
    choices = checks.run(_candidates, model, candidates) if len(columns) == 1 else None
    checks.finish()
    assert folder is not None
    assert names is not None
    return ScoreRequest(
        model=folder,
        table=Table(location=file, columns={name: name for name in names}, names=tuple(names) if numbered else ()),
        texts=tuple(columns),
        candidates=tuple(choices) if choices else None,
        best=best,
        threshold=_threshold(folder),
        out=out,
    )


def model_folder(model: str) -> str:
    """The model's folder on this machine.

    Raises:
        Mistakes: there is none.
    """
    run = RunFolder(model)
    if run.is_run:
        if not run.exists("best/modules.json"):
            raise Mistakes(f"model: {model!r} is a run without a best model; a run that has trained one is needed")
        return run.local_copy("best")
    if storage.is_file(storage.join(model, "modules.json")):
        return run.local_copy()
    return str(resolve_base_model(model).folder)


def _check_columns(columns: Sequence[str], names: Sequence[str], file: str) -> None:
    if missing := [name for name in columns if name not in names]:
        raise Mistakes(f"columns: {', '.join(missing)} not in {file}; it has {', '.join(names)}")


def _candidates(model: str, file: str | None) -> list[str]:
    """The lines of a file, else the candidates of the pairs that the model's run was made with."""
    if file:
        lines = storage.read_bytes(file).decode("utf8").splitlines()
        found = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        if not found:
            raise Mistakes(f"candidates: {file} has no line of text; one candidate a line is needed")
        return found
    own = RunFolder(model)
    run = own if own.is_run else RunFolder.of_model(model)
    settings: dict[str, Any] = run.read_json("settings.json") if run else {}
    pairs = PreparedPairs.open(settings["data"]) if "data" in settings else None
    if pairs is None or (found_there := pairs.candidates()) is None:
        raise Mistakes(f"candidates: {model!r} lies in no run that has some; --candidates FILE, one a line, is needed")
    return found_there


def _threshold(folder: str) -> float | None:
    file = Path(folder, THRESHOLD)
    return float(json.loads(file.read_text())["value"]) if file.is_file() else None
