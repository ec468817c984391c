"""From the words of jobs.score to a request in which everything is in order."""

import io
from collections.abc import Sequence
from typing import Any

from evaluation.scoring import stored_threshold
from jobs.subject import find_model
from pairs.batches import Table
from pairs.formats.lines import lines
from pairs.from_file import are_numbers
from pairs.prepared import PreparedPairs
from pairs.read import header_of, refuse_repeated
from pairs.spelling import one_of_each
from reporting.run_folder import RunFolder
from tasks.common import storage
from tasks.common.mistakes import Checks, Mistakes
from trainers.score_run import ScoreRequest
from trainers.scorer import CANDIDATE_COLUMNS, PAIR_COLUMNS


def request(model: str, file: str, columns: Sequence[str], out: str, candidates: str | None, best: int) -> ScoreRequest:
    """Check everything that can be checked without Ray.

    Raises:
        Mistakes: all of them.
    """
    checks = Checks()
    found = checks.run(find_model, model)
    header = checks.run(header_of, file)
    names = header.names if header else None
    numbered = header is not None and not header.named and are_numbers(columns, header.names)
    if names and numbered:
        names = [str(number) for number in range(1, len(names) + 1)]
    if names:
        checks.run(_check_columns, columns, names, file)
    if len(columns) not in (1, 2):
        allowed = "two texts, or one to be held against candidates"
        checks.messages.append(f"columns: {','.join(columns)}; allowed: {allowed}")
    if candidates and len(columns) == 2:
        checks.messages.append(f"candidates: {candidates} with two texts a row; allowed: with one")
    if best < 1:
        checks.messages.append(f"best: {best} must be at least 1")
    choices = checks.run(_candidates, model, found.run, candidates) if found and len(columns) == 1 else None
    checks.finish()
    assert found is not None
    assert names is not None
    return ScoreRequest(
        model=found.folder,
        table=Table(location=file, columns={name: name for name in names}, names=tuple(names) if numbered else ()),
        texts=tuple(columns),
        candidates=tuple(choices) if choices else None,
        best=best,
        threshold=stored_threshold(found.folder),
        out=out,
    )


def _check_columns(columns: Sequence[str], names: Sequence[str], file: str) -> None:
    if missing := [name for name in columns if name not in names]:
        raise Mistakes(f"columns: {', '.join(missing)} not in {file}; it has {', '.join(names)}")
    refuse_repeated(file, list(dict.fromkeys(names)), names)  # the output has all of them
    own = PAIR_COLUMNS if len(columns) == 2 else CANDIDATE_COLUMNS
    if taken := [name for name in names if name in own]:
        raise Mistakes(f"columns: {file} has {', '.join(taken)}, which the output would have twice; rename it")


def _candidates(model: str, run: RunFolder | None, file: str | None) -> list[str]:
    """The lines of a file, else the candidates of the pairs that the model's run was made with."""
    if file:
        found = one_of_each(line.strip() for line in _lines(file) if line.strip())
        if not found:
            raise Mistakes(f"candidates: {file} has no line of text; one candidate a line is needed")
        return found
    settings: dict[str, Any] = run.read_json("settings.json") if run else {}
    pairs = PreparedPairs.open(settings["data"]) if "data" in settings else None
    if pairs is None or (found_there := pairs.candidates()) is None:
        raise Mistakes(f"candidates: {model!r} lies in no run that has some; --candidates FILE, one a line, is needed")
    return found_there


def _lines(file: str) -> list[str]:
    content = storage.read_bytes(file)
    try:
        return list(lines(io.BytesIO(content)))
    except ValueError as error:
        raise Mistakes(f"candidates: {file} cannot be read: {error}") from None
