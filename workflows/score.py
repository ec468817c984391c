"""Pairs of any number scored by Ray Data in parts; what is written stays, and the next call goes on after it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import ray

from common import storage
from common.mistakes import Mistakes
from common.writing import write_then_rename
from models.base_model import ResolvedModel
from models.loading import check_loads, check_loads_meanwhile
from models.saved_model import weights_sha256
from pairs.inferred_schema import TypedTable
from pairs.reading import Prompts
from pairs.tokenized import ray_data
from reporting.progress import ScoringProgress
from trainers.cluster import capacity, concurrent_groups, connect
from workflows.score_worker import PartScorer
from workflows.scored_folder import MARK, STAGED, name_of


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """What is to be scored.

    Attributes:
        model: folder on this machine.
        table: the file, with all its columns; its `texts` are the two, or the one that is held against `candidates`.
        empty: rows that lack a text, and get null.
        top_k: how many candidates are named for each text.
        threshold: score from which on a pair belongs together; None: no decision is written.
        prompts: what stands before first and second texts when the model reads them.
        out: folder of the parts, part-00000.parquet and so on.
        trust_remote_code: whether code that the model brings may run.
    """

    model: str
    table: TypedTable
    empty: int
    candidates: tuple[str, ...] | None
    top_k: int
    threshold: float | None
    prompts: Prompts
    out: str
    trust_remote_code: bool = False

    def key(self) -> str:
        """Of everything that the result depends on."""
        file, weights = self.table.table.sha256(), weights_sha256(self.model)
        values = [file, self.table.texts, self.candidates, self.top_k, self.threshold, self.prompts, weights]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def score_run(asked: ScoreRequest, *, cpus_per_worker: int, gpu: bool, quiet: bool, verbose: bool) -> dict[str, Any]:
    """Stage the input in parts, score those that are not there yet, and say what there is.

    Raises:
        Mistakes: the model cannot be loaded, the output holds something else, or no worker fits the cluster.
    """
    parts = stage(asked)
    left = [part for part in parts if not storage.is_file(storage.join(asked.out, name_of(part)))]
    rows = sum(parts.values())
    done = rows - sum(parts[part] for part in left)
    if left:
        given: dict[str, Any] = {"trust_remote_code": asked.trust_remote_code, "field": "model"}
        check_loads_meanwhile(asked.model, **given)
        connect(cpus_per_worker, verbose)
        check_loads(asked.model, **given)
        with ScoringProgress(quiet=quiet) as told:
            for part in _scored(asked, left, cpus_per_worker, gpu):
                done += parts[part]
                told(done, rows)
    _forget_stage(asked.out)
    columns = pq.read_schema(_file(asked.out, name_of(0))).names
    counts = {"rows": rows, "without_score": asked.empty, "parts": len(parts)}
    return {"out": asked.out, **counts, "columns": columns, "as_json": list(asked.table.as_json)}


def _scored(asked: ScoreRequest, left: list[int], cpus_per_worker: int, gpu: bool) -> Iterator[int]:
    """Each part, as soon as it is written."""
    workers = concurrent_groups(capacity(), wanted=len(left), num_workers=1, cpus_per_worker=cpus_per_worker, gpu=gpu)
    files, data = ResolvedModel(name="", folder=Path(asked.model), line="").files(), ray_data()
    scored = data.from_items([{"part": part} for part in left], override_num_blocks=len(left)).map_batches(
        PartScorer,
        batch_size=1,
        fn_constructor_kwargs={
            "texts": asked.table.texts,
            **{name: getattr(asked, name) for name in ("candidates", "top_k", "threshold", "prompts")},
            "out": storage.locate(asked.out),
            "files": [ray.put(files)],
            "device": "cuda" if gpu else "cpu",
            "threads": cpus_per_worker,
            "trust_remote_code": asked.trust_remote_code,
        },
        compute=data.ActorPoolStrategy(size=workers),
        num_cpus=cpus_per_worker,
        num_gpus=1 if gpu else 0,
    )
    yield from (int(row["part"]) for row in scored.iter_rows())


def stage(asked: ScoreRequest) -> dict[int, int]:
    """Part -> its rows; parts that are there from an earlier call are taken as they are.

    Raises:
        Mistakes: the output folder holds what this call did not begin, or cannot be made.
    """
    mark, key, names = storage.join(asked.out, MARK), asked.key(), storage.file_names(asked.out)
    kept = _marked(mark) if MARK in names else {}
    held = [name for name in names if name not in (MARK, STAGED)]
    if kept.get("key") == key:
        parts = {int(part): rows for part, rows in kept["parts"].items()}
        if parts and {name_of(part) for part in parts} <= {*held, *storage.file_names(storage.join(asked.out, STAGED))}:
            return parts
    elif held:
        other = "other scores (file, columns or model differ)" if kept else ", ".join(held[:4])
        raise Mistakes(f"out: {asked.out} holds {other}; a new or empty folder is needed")
    _forget_stage(asked.out)  # of a call that ended before it had scored anything
    file_system, path = _made(asked.out)
    if MARK in names:
        file_system.delete_file(f"{path}/{MARK}")
    pieces = asked.table.pieces()
    try:
        parts = {part: _put(file_system, f"{path}/{STAGED}/{name_of(part)}", rows) for part, rows in enumerate(pieces)}
    except BaseException:  # an interrupt too: half a file is no stage
        _forget_stage(asked.out)
        raise
    with write_then_rename(file_system, f"{path}/{MARK}") as stream:
        stream.write(json.dumps({"key": key, "parts": parts}).encode())
    return parts


def _put(file_system: Any, path: str, rows: pa.Table) -> int:
    with file_system.open_output_stream(path) as stream:
        pq.write_table(rows, stream)
    return rows.num_rows


def _marked(mark: str) -> dict[str, Any]:
    """What an earlier call has written down.

    Raises:
        Mistakes: it is damaged.
    """
    kept = storage.read_json(mark)
    parts = kept.get("parts") if isinstance(kept, dict) else None
    if not isinstance(parts, dict) or not all(part.isdecimal() and isinstance(parts[part], int) for part in parts):
        raise Mistakes(f"out: {mark} is damaged; a new or empty folder is needed")
    return kept


def _made(out: str) -> tuple[Any, str]:
    """The folder of the output with that of its stage, created.

    Raises:
        Mistakes: it cannot be.
    """
    file_system, path = storage.locate(out)
    try:
        file_system.create_dir(f"{path}/{STAGED}", recursive=True)
    except OSError as error:
        raise Mistakes(f"out: {out} cannot be made: {error}; allowed: a folder that can be created") from None
    return file_system, path


def _file(folder: str, name: str) -> Any:
    return pa.BufferReader(storage.read_bytes(storage.join(folder, name)))


def _forget_stage(out: str) -> None:
    file_system, path = storage.locate(out)
    if storage.file_names(storage.join(out, STAGED)):
        file_system.delete_dir(f"{path}/{STAGED}")
