"""From the words of jobs.score to a request in which everything is in order."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from common import storage
from common.mistakes import Checks, Mistakes
from common.run_folder import RunFolder
from models.reading import prompts_of
from models.saved_model import stored_threshold
from pairs.batches import Table
from pairs.columns import are_numbers
from pairs.empty_texts import count_empty
from pairs.formats.lines import lines
from pairs.formats.source import JSON
from pairs.inferred_schema import TypedTable
from pairs.prepared import PreparedPairs
from pairs.read import all_columns, refuse_repeated
from pairs.spelling import one_of_each
from pairs.written import refuse_written
from reporting.run import read_settings
from workflows.evaluate import find_model
from workflows.options import refuse_relative
from workflows.score import ScoreRequest
from workflows.score_worker import CANDIDATE_COLUMNS, PAIR_COLUMNS


def request(
    model: str,
    file: str,
    columns: Sequence[str],
    out: str,
    candidates: str | None,
    top_k: int,
    cpus_per_worker: int = 1,
    trust_remote_code: bool = False,
) -> ScoreRequest:
    """Check everything that can be checked without Ray.

    Raises:
        Mistakes: all of them.
    """
    checks = Checks()
    found = checks.run(find_model, model, trust_remote_code)
    header = checks.run(all_columns, file)
    names = header.names if header else None
    numbered = header is not None and not header.named and are_numbers(columns, header.names)
    if names and numbered:
        names = [str(number) for number in range(1, len(names) + 1)]
    if len(columns) not in (1, 2):
        allowed = "two texts, or one to be held against candidates"
        checks.messages.append(f"columns: {','.join(columns)}; allowed: {allowed}")
    if candidates and len(columns) == 2:
        checks.messages.append(f"candidates: {candidates} with two texts a row; allowed: with one")
    if top_k < 1:
        checks.messages.append(f"top-k: {top_k} must be at least 1")
    if cpus_per_worker < 1:
        checks.messages.append(f"cpus-per-worker: {cpus_per_worker} must be at least 1")
    checks.run(refuse_relative, out=out)
    checks.run(storage.refuse_unmakeable, "out", out)
    threshold = checks.run(stored_threshold, found.folder) if found else None
    choices = checks.run(_candidates, model, found.run, candidates) if found and len(columns) == 1 else None
    rows = checks.run(_rows, file, tuple(columns), names, numbered) if names is not None else None
    checks.finish()
    assert found is not None
    assert rows is not None
    table, empty = rows
    return ScoreRequest(
        model=found.folder,
        table=table,
        empty=empty,
        candidates=tuple(choices) if choices else None,
        top_k=top_k,
        threshold=threshold,
        prompts=prompts_of(Path(found.folder)),
        out=out,
        trust_remote_code=trust_remote_code,
    )


def _rows(file: str, columns: tuple[str, ...], names: Sequence[str], numbered: bool) -> tuple[TypedTable, int]:
    """The file with its schema, and how many of its rows lack a text; it is read for that."""
    _check_columns(columns, names, file)
    own = tuple(names) if numbered else ()
    table = Table(location=file, columns={name: name for name in names}, names=own, texts=columns)
    first, _ = next(replace(table, columns={name: name for name in columns}).batches(), ({}, 1.0))
    refuse_written(file, {name: [each for each in cells if each] for name, cells in first.items()})
    return TypedTable.infer(table, columns), count_empty(table, columns)


def _check_columns(columns: Sequence[str], names: Sequence[str], file: str) -> None:
    if missing := [name for name in columns if name not in names]:
        raise Mistakes(f"columns: {', '.join(missing)} not in {file}; it has {', '.join(names)}")
    if torn := [name for name in names if re.search("[\ud800-\udfff]", name)]:
        raise Mistakes(f"columns: {file} has {', '.join(map(repr, torn))}, with half a character; rename it")
    refuse_repeated(file, list(dict.fromkeys(names)), names)  # the output has all of them
    own = PAIR_COLUMNS if len(columns) == 2 else CANDIDATE_COLUMNS
    if taken := [name for name in names if name in own]:
        raise Mistakes(f"columns: {file} has {', '.join(taken)}, which the output would have twice; rename it")


def _candidates(model: str, run: RunFolder | None, file: str | None) -> list[str]:
    """The lines of a file, else the candidates of the pairs that the model's run was made with."""
    if file:
        if file.lower().endswith((".parquet", *JSON)):
            raise Mistakes(f"candidates: {file} holds rows; allowed: a text file with one candidate a line")
        found = one_of_each(line.strip() for line in _lines(file) if line.strip())
        if not found:
            raise Mistakes(f"candidates: {file} has no line of text; one candidate a line is needed")
        return found
    settings = read_settings(run) if run else {}
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
