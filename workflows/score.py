"""Score any number of pairs in parts with Ray Data; an interrupted call is resumed by the next one."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import ray
from numpy.typing import NDArray

from common import storage
from common.mistakes import Mistakes
from common.writing import write_then_rename
from evaluation.calibration import Calibration
from files.schema import TypedTable
from models.base_model import ResolvedModel
from models.loading import check_loads, check_loads_meanwhile
from models.saved_model import weights_sha256
from reporting.progress import ScoringProgress
from tokens.reading import Prompts
from tokens.tokenized import ray_data
from trainers.cluster import capacity, concurrent_groups, connect
from workflows.score_worker import PartScorer
from workflows.scored_folder import MARK, STAGED, name_of

SCORER = ("candidates", "vectors", "top_k", "threshold", "prompts", "calibration", "prevalence")
"""Fields of the request that are arguments of the workers' Scorer."""


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """A validated request of jobs.score.

    Attributes:
        model: folder on this machine.
        table: the file with all its columns; its `texts` are both texts, or the one to compare with `candidates`.
        empty: number of rows that lack a text; their score is null.
        candidates: texts to compare each text with; None for pairs.
        vectors: stored with the model, in the order of the candidates; None: the candidates' texts are encoded.
        top_k: number of candidates to name for each text.
        threshold: least score of a pair that belongs together; None to write no decision.
        prompts: prompts before first and second texts.
        notes: remarks for the user.
        out: folder of the parts, part-00000.parquet and so on.
        trust_remote_code: whether code that the model brings may run.
        calibration: the probability of a pair for its score; None to write none.
        prevalence: share of the pairs that belong together; None for that of the calibration.
    """

    model: str
    table: TypedTable
    empty: int
    candidates: tuple[str, ...] | None
    top_k: int
    threshold: float | None
    prompts: Prompts
    out: str
    vectors: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()
    trust_remote_code: bool = False
    calibration: Calibration | None = None
    prevalence: float | None = None

    def key(self) -> str:
        """Return a SHA-256 of everything that the result depends on."""
        file, weights = self.table.table.sha256(), weights_sha256(self.model)
        values: list[Any] = [file, self.table.texts, self.candidates, self.top_k, self.threshold, self.prompts, weights]
        if self.calibration:  # without one the key is that of earlier versions, whose calls can be resumed
            values += [self.calibration.to_dict(), self.prevalence]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def score_run(request: ScoreRequest, *, cpus_per_worker: int, gpu: bool, quiet: bool, verbose: bool) -> dict[str, Any]:
    """Stage the input in parts and score those that are missing.

    Args:
        request: the validated request.
        cpus_per_worker: CPUs, and threads, of a worker.
        gpu: whether each worker gets a GPU.
        quiet: whether to hide progress.
        verbose: whether to show Ray's log.

    Returns:
        out, rows, without_score, parts, columns and as_json (columns that were written as JSON).

    Raises:
        Mistakes: the model cannot be loaded, the output folder holds something else, or no worker fits the cluster.
    """
    parts = stage(request)
    left = [part for part in parts if not storage.is_file(storage.join(request.out, name_of(part)))]
    rows = sum(parts.values())
    done = rows - sum(parts[part] for part in left)
    if left:
        options: dict[str, Any] = {"trust_remote_code": request.trust_remote_code, "field": "model"}
        check_loads_meanwhile(request.model, **options)
        connect(cpus_per_worker, verbose)
        check_loads(request.model, **options)
        with ScoringProgress(quiet=quiet) as on_progress:
            for part in _scored(request, left, cpus_per_worker, gpu):
                done += parts[part]
                on_progress(done, rows)
    _delete_stage(request.out)
    columns = pq.read_schema(_file(request.out, name_of(0))).names
    counts = {"rows": rows, "without_score": request.empty, "parts": len(parts)}
    return {"out": request.out, **counts, "columns": columns, "as_json": list(request.table.as_json)}


def _scored(request: ScoreRequest, left: list[int], cpus_per_worker: int, gpu: bool) -> Iterator[int]:
    """Yield each part as soon as it is written."""
    workers = concurrent_groups(capacity(), wanted=len(left), num_workers=1, cpus_per_worker=cpus_per_worker, gpu=gpu)
    files, data = ResolvedModel(name="", folder=Path(request.model), line="").files(), ray_data()
    scored = data.from_items([{"part": part} for part in left], override_num_blocks=len(left)).map_batches(
        PartScorer,
        batch_size=1,
        fn_constructor_kwargs={
            "texts": request.table.texts,
            **{name: getattr(request, name) for name in SCORER},
            "out": storage.locate(request.out),
            "files": [ray.put(files)],
            "device": "cuda" if gpu else "cpu",
            "threads": cpus_per_worker,
            "trust_remote_code": request.trust_remote_code,
        },
        compute=data.ActorPoolStrategy(size=workers),
        num_cpus=cpus_per_worker,
        num_gpus=1 if gpu else 0,
    )
    yield from (int(row["part"]) for row in scored.iter_rows())


def stage(request: ScoreRequest) -> dict[int, int]:
    """Write the input in parts, unless an earlier call of the same request did; return part -> number of rows.

    Raises:
        Mistakes: the output folder holds files of no such call, or cannot be created.
    """
    mark, key, names = storage.join(request.out, MARK), request.key(), storage.file_names(request.out)
    earlier = _read_mark(mark) if MARK in names else {}
    files = [name for name in names if name not in (MARK, STAGED)]
    if earlier.get("key") == key:
        parts = {int(part): rows for part, rows in earlier["parts"].items()}
        staged = storage.file_names(storage.join(request.out, STAGED))
        if parts and {name_of(part) for part in parts} <= {*files, *staged}:
            return parts
    elif files:
        other = "other scores (file, columns or model differ)" if earlier else ", ".join(files[:4])
        raise Mistakes(f"out: {request.out} holds {other}; a new or empty folder is needed")
    _delete_stage(request.out)  # left by a call that ended before it scored anything
    file_system, path = _create_stage(request.out)
    if MARK in names:
        file_system.delete_file(f"{path}/{MARK}")
    pieces = request.table.pieces()
    try:
        parts = {part: _put(file_system, f"{path}/{STAGED}/{name_of(part)}", rows) for part, rows in enumerate(pieces)}
    except BaseException:  # an interrupt, too: it leaves half a file
        _delete_stage(request.out)
        raise
    with write_then_rename(file_system, f"{path}/{MARK}") as stream:
        stream.write(json.dumps({"key": key, "parts": parts}).encode())
    return parts


def _put(file_system: Any, path: str, rows: pa.Table) -> int:
    with file_system.open_output_stream(path) as stream:
        pq.write_table(rows, stream)
    num_rows: int = rows.num_rows
    return num_rows


def _read_mark(mark: str) -> dict[str, Any]:
    """Read the key and the parts of an earlier call.

    Raises:
        Mistakes: the file is damaged.
    """
    content: dict[str, Any] = storage.read_json(mark)
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, dict) or not all(part.isdecimal() and isinstance(parts[part], int) for part in parts):
        raise Mistakes(f"out: {mark} is damaged; a new or empty folder is needed")
    return content


def _create_stage(out: str) -> tuple[Any, str]:
    """Create the output folder with its stage; return its file system and path.

    Raises:
        Mistakes: it cannot be created.
    """
    file_system, path = storage.locate(out)
    try:
        file_system.create_dir(f"{path}/{STAGED}", recursive=True)
    except OSError as error:
        raise Mistakes(f"out: {out} cannot be created: {error}; allowed: a folder that can be created") from None
    return file_system, path


def _file(folder: str, name: str) -> Any:
    return pa.BufferReader(storage.read_bytes(storage.join(folder, name)))


def _delete_stage(out: str) -> None:
    file_system, path = storage.locate(out)
    if storage.file_names(storage.join(out, STAGED)):
        file_system.delete_dir(f"{path}/{STAGED}")
