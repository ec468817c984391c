"""Check the options of jobs.score and return a valid request."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import storage
from common.mistakes import Checks, Mistakes
from common.run_folder import RunFolder
from files.batches import Table
from files.columns import are_numbers
from files.empty_texts import count_empty
from files.formats.lines import lines
from files.formats.source import JSON
from files.read import all_columns, refuse_repeated
from files.schema import TypedTable
from files.written import refuse_written
from models.category_vectors import StoredVectors, other_categories, stored_vectors
from models.reading import prompts_of
from models.saved_model import stored_threshold
from pairs.prepared import PreparedPairs
from pairs.spelling import one_of_each
from reporting.run import read_settings
from workflows.evaluate import find_model
from workflows.options import refuse_relative
from workflows.score import ScoreRequest
from workflows.score_probability import probability_notes, read_calibration, refuse_prevalence
from workflows.score_worker import CANDIDATE_COLUMNS, PAIR_COLUMNS


def check_score_request(
    model: str,
    file: str,
    columns: Sequence[str],
    out: str,
    candidates: str | None,
    top_k: int,
    cpus_per_worker: int = 1,
    trust_remote_code: bool = False,
    prevalence: float | None = None,
) -> ScoreRequest:
    """Check everything that can be checked without Ray.

    Args:
        model: a run folder, its best folder, any other sentence-transformers folder, or a hub name.
        file: the file of pairs or texts.
        columns: one or two text columns.
        out: folder for the scored parts.
        candidates: file with one candidate per line; None for those of the run's task.
        top_k: number of candidates to name for each text.
        cpus_per_worker: CPUs, and threads, of a worker.
        trust_remote_code: whether code that the model brings may run.
        prevalence: share of the pairs that belong together; None for that of the pairs that the model is of.

    Raises:
        Mistakes: all of them.
    """
    checks = Checks()
    saved = checks.run(find_model, model, trust_remote_code)
    header = checks.run(all_columns, file)
    names = header.names if header else None
    numbered = header is not None and not header.named and are_numbers(columns, header.names)
    if names and numbered:
        names = [str(number) for number in range(1, len(names) + 1)]
    checks.messages += _misuse(columns, candidates, top_k, cpus_per_worker)
    checks.run(refuse_relative, out=out)
    checks.run(storage.refuse_unmakeable, "out", out)
    threshold = checks.run(stored_threshold, saved.folder) if saved else None
    of_pairs = saved is not None and len(columns) == 2
    calibration = checks.run(read_calibration, saved.folder) if saved and of_pairs else None
    checks.run(refuse_prevalence, prevalence, of_pairs, calibration)
    choices = checks.run(_candidates, model, saved.run, candidates) if saved and len(columns) == 1 else None
    rows = checks.run(_rows, file, tuple(columns), names, numbered) if names is not None else None
    stored = checks.run(stored_vectors, saved.folder) if saved and choices else None
    checks.finish()
    assert saved is not None
    assert rows is not None
    table, empty = rows
    notes = probability_notes(saved.folder, calibration, prevalence) if of_pairs else ()
    vectors, other = _vectors(stored, choices)
    return ScoreRequest(
        model=saved.folder,
        table=table,
        empty=empty,
        candidates=tuple(choices) if choices else None,
        vectors=vectors,
        top_k=top_k,
        threshold=threshold,
        prompts=prompts_of(Path(saved.folder)),
        out=out,
        trust_remote_code=trust_remote_code,
        calibration=calibration,
        prevalence=prevalence,
        notes=(*notes, *other),
    )


def _vectors(stored: StoredVectors | None, choices: Sequence[str] | None) -> tuple[Any, tuple[str, ...]]:
    """Return the stored vectors of these candidates, and a note if they are of other ones."""
    if not stored or not choices:
        return None, ()
    vectors = stored.of(choices)
    return vectors, () if vectors is not None else (other_categories(stored, choices),)


def _misuse(columns: Sequence[str], candidates: str | None, top_k: int, cpus_per_worker: int) -> Iterator[str]:
    if len(columns) not in (1, 2):
        yield f"columns: {','.join(columns)}; allowed: two texts, or one to compare with candidates"
    if candidates and len(columns) == 2:
        yield f"candidates: {candidates} with two texts per row; allowed: with one"
    if top_k < 1:
        yield f"top-k: {top_k} must be at least 1"
    if cpus_per_worker < 1:
        yield f"cpus-per-worker: {cpus_per_worker} must be at least 1"


def _rows(file: str, columns: tuple[str, ...], names: Sequence[str], numbered: bool) -> tuple[TypedTable, int]:
    """Read the file; return it with its schema, and the number of rows that lack a text."""
    _check_columns(columns, names, file)
    own = tuple(names) if numbered else ()
    table = Table(location=file, columns={name: name for name in names}, names=own, texts=columns)
    first, _ = next(replace(table, columns={name: name for name in columns}).batches(), ({}, 1.0))
    refuse_written(file, {name: [cell for cell in cells if cell] for name, cells in first.items()})
    return TypedTable.infer(table, columns), count_empty(table, columns)


def _check_columns(columns: Sequence[str], names: Sequence[str], file: str) -> None:
    if missing := [name for name in columns if name not in names]:
        raise Mistakes(f"columns: {', '.join(missing)} not in {file}; it has {', '.join(names)}")
    if broken := [name for name in names if re.search("[\ud800-\udfff]", name)]:
        raise Mistakes(f"columns: {file} has {', '.join(map(repr, broken))}, with half a character; rename it")
    refuse_repeated(file, list(dict.fromkeys(names)), names)  # the output has all columns
    own = PAIR_COLUMNS if len(columns) == 2 else CANDIDATE_COLUMNS
    if taken := [name for name in names if name in own]:
        raise Mistakes(f"columns: {file} has {', '.join(taken)}, which the output would have twice; rename it")


def _candidates(model: str, run: RunFolder | None, file: str | None) -> list[str]:
    """Return the lines of a file, or else the candidates of the prepared pairs of the model's run."""
    if file:
        if file.lower().endswith((".parquet", *JSON)):
            raise Mistakes(f"candidates: {file} holds rows; allowed: a text file with one candidate per line")
        texts = one_of_each(line.strip() for line in _lines(file) if line.strip())
        if not texts:
            raise Mistakes(f"candidates: {file} has no line of text; one candidate per line is needed")
        return texts
    settings = read_settings(run) if run else {}
    pairs = PreparedPairs.open(settings["data"]) if "data" in settings else None
    if pairs is None or (own := pairs.candidates()) is None:
        needed = "--candidates FILE, one per line, is needed"
        raise Mistakes(f"candidates: {model!r} belongs to no run that has candidates; {needed}")
    return own


def _lines(file: str) -> list[str]:
    content = storage.read_bytes(file)
    try:
        return list(lines(io.BytesIO(content)))
    except ValueError as error:
        raise Mistakes(f"candidates: {file} cannot be read: {error}") from None
