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

from evaluation.loading import check_loads, check_loads_meanwhile
from evaluation.scoring import weights_sha256
from pairs.batches import Table
from pairs.tokenized import ray_data
from reporting.progress import ScoringProgress
from tasks.common import storage
from tasks.common.mistakes import Mistakes
from trainers.base_model import ResolvedModel
from trainers.cluster import capacity, concurrent_groups, connect
from trainers.scorer import PartScorer

MARK = "_scored.json"
STAGED = "_staged"
"""The input in parts, below the output; a leading underscore hides both from readers of the folder."""


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """What is to be scored.

    Attributes:
        model: folder on this machine.
        table: the file, with all its columns.
        texts: names of the two texts, or of the one that is held against `candidates`.
        best: how many candidates are named for each text.
        threshold: score from which on a pair belongs together; None: no decision is written.
        out: folder of the parts, part-00000.parquet and so on.
        trust_remote_code: whether code that the model brings may run.
    """

    model: str
    table: Table
    texts: tuple[str, ...]
    candidates: tuple[str, ...] | None
    best: int
    threshold: float | None
    out: str
    trust_remote_code: bool = False

    def key(self) -> str:
        """Of everything that the result depends on."""
        file, weights = storage.sha256(self.table.location), weights_sha256(self.model)
        values = [file, self.texts, self.candidates, self.best, self.threshold, weights]
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
    return {"out": asked.out, "rows": rows, "columns": columns, "parts": len(parts)}


def _scored(asked: ScoreRequest, left: list[int], cpus_per_worker: int, gpu: bool) -> Iterator[int]:
    """Each part, as soon as it is written."""
    workers = concurrent_groups(capacity(), wanted=len(left), num_workers=1, cpus_per_worker=cpus_per_worker, gpu=gpu)
    files, data = ResolvedModel(name="", folder=Path(asked.model), line="").files(), ray_data()
    scored = data.from_items([{"part": part} for part in left], override_num_blocks=len(left)).map_batches(
        PartScorer,
        batch_size=1,
        fn_constructor_kwargs={
            **{name: getattr(asked, name) for name in ("texts", "candidates", "best", "threshold")},
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
        Mistakes: the output folder holds what this call did not begin.
    """
    mark, key = storage.join(asked.out, MARK), asked.key()
    if storage.is_file(mark):
        kept = json.loads(storage.read_bytes(mark))
        if kept["key"] != key:
            raise Mistakes(f"out: {asked.out} holds other scores (file, columns or model differ); give a new folder")
        if kept["parts"]:
            return {int(part): rows for part, rows in kept["parts"].items()}
    elif names := storage.file_names(asked.out):
        raise Mistakes(f"out: {asked.out} holds {', '.join(names[:4])}; a new or empty folder is needed")
    file_system, path = storage.locate(asked.out)
    file_system.create_dir(f"{path}/{STAGED}", recursive=True)
    _write(mark, {"key": key, "parts": {}})
    parts = {}
    for part, rows in enumerate(_pieces(asked.table)):
        with file_system.open_output_stream(f"{path}/{STAGED}/{name_of(part)}") as stream:
            pq.write_table(rows, stream)
        parts[part] = rows.num_rows
    if not parts:
        raise Mistakes(f"file: {asked.table.location} has no rows; at least one is needed")
    _write(mark, {"key": key, "parts": parts})
    return parts


def name_of(part: int) -> str:
    """Of a part's file."""
    return f"part-{part:05d}.parquet"


def _pieces(table: Table) -> Iterator[pa.Table]:
    for batch, _ in table.batches():
        yield pa.table(batch)


def _write(location: str, value: Any) -> None:
    file_system, path = storage.locate(location)
    with file_system.open_output_stream(path) as stream:
        stream.write(json.dumps(value).encode())


def _file(folder: str, name: str) -> Any:
    return pa.BufferReader(storage.read_bytes(storage.join(folder, name)))


def _forget_stage(out: str) -> None:
    file_system, path = storage.locate(out)
    if storage.file_names(storage.join(out, STAGED)):
        file_system.delete_dir(f"{path}/{STAGED}")
