"""Read and write a folder of prepared pairs; its files and its schema are known here alone.

train.parquet dev.parquet [test.parquet]   sentence1, sentence2, [label], group, [group2], [negatives]
[candidates.parquet]                       text: what a sentence1 is ranked against (ranked kinds)
manifest.json                              written last: without it a folder is unfinished
"""

import hashlib
import itertools
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from common import storage
from common.mistakes import Mistakes, raise_if
from common.writing import half_of
from pairs.manifest import AGAIN, MANIFEST, read_manifest
from pairs.negatives import NEGATIVES
from tasks.common.kinds import KINDS

SPLITS = ("train", "dev", "test")
CANDIDATES = "candidates"
CANDIDATES_SCHEMA = pa.schema([("text", pa.string())])
OWN_FILES = frozenset({*(f"{name}.parquet" for name in (*SPLITS, CANDIDATES)), MANIFEST})
HALVES = frozenset(map(half_of, OWN_FILES))
"""What an interrupted call may have left of them."""
ROWS_PER_BLOCK = 16_384
"""Rows per row group: a block of some MB that can be read by itself and permuted with others."""


def schema(labelled: bool, two_groups: bool = False, negatives: bool = False) -> pa.Schema:
    """Return the columns of a split's table, in order.

    Args:
        labelled: whether some row has a label.
        two_groups: whether a second text may belong to another group than the first; group2 is the second one's.
        negatives: whether some row has given negatives, texts that do not belong to its first one.
    """
    label = [("label", pa.float32())] if labelled else []
    groups = [("group", pa.string()), *([("group2", pa.string())] if two_groups else [])]
    given = [(NEGATIVES, pa.list_(pa.string()))] if negatives else []
    return pa.schema([("sentence1", pa.string()), ("sentence2", pa.string()), *label, *groups, *given])


@dataclass(frozen=True, kw_only=True)
class PreparedPairs:
    """A checked folder of prepared pairs."""

    folder: str
    manifest: dict[str, Any]
    splits: tuple[str, ...]
    """The splits of the folder: train, dev and perhaps test."""
    own: Mapping[str, pa.Table] = field(default_factory=dict)
    """Split -> stored rows in memory that take the place of those in the folder."""

    @classmethod
    def open(cls, folder: str) -> "PreparedPairs":
        """Check a folder and read its manifest; its files are read once, for their SHA-256.

        Raises:
            Mistakes: the folder does not exist or is unfinished, a split is missing, a table has other columns or
                types, or the files are not those that were prepared.
        """
        names = storage.file_names(folder)
        if MANIFEST not in names:
            name = folder.rstrip("/").rsplit("/", 1)[-1]
            state = f"has {', '.join(names[:5])} but no {MANIFEST}" if names else "does not exist or is empty"
            raise Mistakes(f"data: {folder} {state}; make it with: python -m jobs.prepare {name} --data {folder}")
        manifest = read_manifest(folder)
        splits = tuple(split for split in SPLITS if f"{split}.parquet" in names)
        lacking = [split for split in ("train", "dev") if split not in splits]
        raise_if([f"data: {folder} has no {split}.parquet; allowed: train, dev and perhaps test" for split in lacking])
        prepared = cls(folder=folder, manifest=manifest, splits=splits)
        misfits = [misfit for split in splits if (misfit := prepared._misfit(split))]
        raise_if(misfits + prepared._missing_candidates(names))
        refuse_changed(folder)
        return prepared

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hex, over the contents of all tables."""
        return str(self.manifest["fingerprint"])

    def path(self, split: str) -> str:
        """Return the location of the split's parquet file.

        Raises:
            Mistakes: the folder has no such split.
        """
        if split not in self.splits:
            raise Mistakes(f"split: {split!r} is not in {self.folder}; allowed: {', '.join(self.splits)}")
        return storage.join(self.folder, f"{split}.parquet")

    def table(self, split: str) -> pa.Table:
        """Return the whole split, in memory."""
        return self.own[split] if split in self.own else _read(self.path(split))

    def sample(self, split: str, most: int, seed: int) -> pa.Table:
        """Return at most so many rows of the split as they are stored, drawn with the seed, in their order."""
        from pyarrow import dataset  # here: it imports pandas, and a mistake is told sooner without

        if split in self.own:
            return self.own[split].take(pa.array(drawn(self.own[split].num_rows, most, seed)))
        file_system, path = storage.locate(self.path(split))
        stored = dataset.dataset(path, filesystem=file_system)
        return stored.take(pa.array(drawn(stored.count_rows(), most, seed)))

    def num_rows(self, split: str) -> int:
        """Return the number of pairs of the split, of a file from its footer."""
        return int((self.own[split] if split in self.own else _footer(self.path(split)).metadata).num_rows)

    def columns(self, split: str) -> list[str]:
        """Return the names of the split's columns, of a file from its footer."""
        return list((self.own[split].schema if split in self.own else _footer(self.path(split)).schema_arrow).names)

    def column(self, split: str, name: str) -> Iterator[pa.Array]:
        """Yield one column of the split, a block of rows at a time."""
        if split in self.own:
            yield from self.own[split].column(name).chunks
            return
        file_system, path = storage.locate(self.path(split))
        with file_system.open_input_file(path) as file:
            for batch in pa.parquet.ParquetFile(file).iter_batches(columns=[name]):
                yield batch.column(0)

    def has_negatives(self, split: str) -> bool:
        """Check whether some row of the split has given negatives."""
        return NEGATIVES in self.columns(split)

    def has_labels(self, split: str) -> bool:
        """Check whether the split has a label column."""
        return "label" in self.columns(split)

    def candidates(self) -> list[str] | None:
        """Return every distinct sentence2 of all splits and, unless these are categories, every given negative, sorted.

        Returns None if the kind of evaluation ranks nothing.
        """
        if not self._ranked:
            return None
        return list(_read(storage.join(self.folder, f"{CANDIDATES}.parquet")).column("text").to_pylist())

    @property
    def _ranked(self) -> bool:
        kind = KINDS.get(self.manifest["declaration"]["kind"])
        return kind is not None and kind.ranked

    def _misfit(self, split: str) -> str | None:
        found = _footer(self.path(split)).schema_arrow
        if any(found.equals(schema(*given)) for given in itertools.product((True, False), repeat=3)):
            return None
        wanted = ", ".join(f"{field.name}: {field.type}" for field in schema(True, True, True))
        has = ", ".join(f"{field.name}: {field.type}" for field in found)
        return f"columns: {self.path(split)} has {has}; allowed: {wanted} (label, group2 and negatives may be absent)"

    def _missing_candidates(self, names: list[str]) -> list[str]:
        kind = self.manifest["declaration"]["kind"]
        if self._ranked and f"{CANDIDATES}.parquet" not in names:
            return [f"data: {self.folder} has no {CANDIDATES}.parquet, which the kind {kind!r} needs; prepare it again"]
        return []


def fingerprint(tables: Mapping[str, pa.Table | pa.parquet.ParquetFile]) -> str:
    """Return the SHA-256, in hex, of names, columns and values; it does not depend on how the files are encoded."""
    digest = hashlib.sha256()
    for name in sorted(tables):
        table = tables[name]
        stored = isinstance(table, pa.parquet.ParquetFile)
        columns, rows = (
            (table.schema_arrow.names, table.metadata.num_rows) if stored else (table.column_names, len(table))
        )
        for column in columns:
            digest.update(f"{name}/{column}/{rows}\n".encode())
            for batch in table.iter_batches(columns=[column]) if stored else table.select([column]).to_batches():
                for value in batch.column(0).to_pylist():
                    content = _content(value)
                    digest.update(struct.pack("<Q", len(content)) + content)
    return digest.hexdigest()


def _content(value: Any) -> bytes:
    if isinstance(value, float):
        return struct.pack("<f", value)
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def refuse_changed(folder: str) -> None:
    """Refuse files that are not those that were prepared: fingerprint, splits and audit would belong to others.

    The manifest holds the size and the SHA-256 of each file. An older one only has the fingerprint of the contents,
    which is slower to compute, since every value passes through Python.

    Raises:
        Mistakes: a file was changed, added or removed since; the message names each.
    """
    manifest = read_manifest(folder)
    names = sorted(set(storage.file_names(folder)) & (OWN_FILES - {MANIFEST}))
    if "files" not in manifest:
        _refuse_other_contents(folder, names, manifest["fingerprint"])
        return
    was = manifest["files"]
    changed = [name for name in names if name in was and not _is(storage.join(folder, name), was[name])]
    others = {"changed": changed, "added": sorted(set(names) - set(was)), "removed": sorted(set(was) - set(names))}
    raise_if([f"data: {storage.join(folder, name)} was {how} since{AGAIN}" for how in others for name in others[how]])


def _is(location: str, was: Mapping[str, Any]) -> bool:
    """Compare the size first, for which nothing is read, then the SHA-256."""
    return bool(storage.size(location) == was["bytes"] and storage.sha256(location) == was["sha256"])


def _refuse_other_contents(folder: str, names: list[str], expected: str) -> None:
    file_system, path = storage.locate(folder)
    opened = {name: pa.parquet.ParquetFile(f"{path}/{name}", filesystem=file_system) for name in names}
    if fingerprint({name.removesuffix(".parquet"): file for name, file in opened.items()}) != expected:
        raise Mistakes(f"data: {folder} holds other pairs than its {MANIFEST} says; some file was changed since{AGAIN}")


def refuse_foreign(folder: str) -> None:
    """Refuse a folder that `prepare` has not written, or that cannot be made.

    Raises:
        Mistakes: it has no manifest, and files that no interrupted `prepare` leaves; or see `refuse_unmakeable`.
    """
    names = storage.file_names(folder)
    foreign = [name for name in names if name not in OWN_FILES | HALVES]
    if foreign and MANIFEST not in names:
        raise Mistakes(
            f"data: {folder} holds {', '.join(foreign[:5])} and was not made by jobs.prepare; "
            "allowed: a new or empty folder, or one with prepared pairs"
        )
    storage.refuse_unmakeable("data", folder)


def write(folder: str, tables: Mapping[str, pa.Table], manifest: Mapping[str, Any]) -> None:
    """Write every file under a temporary name, then rename it; the manifest is deleted first and written last.

    An interrupted call leaves the old pairs or a folder without a manifest, never a mixture that can be opened.

    Raises:
        Mistakes: see `refuse_foreign`; or the folder cannot be created or written to.
    """
    refuse_foreign(folder)
    try:
        _write(folder, tables, manifest)
    except OSError as error:
        raise Mistakes(f"data: {folder} cannot be written: {error}; allowed: a folder that can be created") from None


def _write(folder: str, tables: Mapping[str, pa.Table], manifest: Mapping[str, Any]) -> None:
    file_system, path = storage.locate(folder)
    file_system.create_dir(path, recursive=True)
    halves = {f"{name}.parquet": half_of(f"{name}.parquet") for name in tables}
    for name, table in tables.items():
        _write_table(file_system, f"{path}/{halves[f'{name}.parquet']}", table)
    files = {name: _described(storage.join(folder, half)) for name, half in halves.items()}
    halves[MANIFEST] = half_of(MANIFEST)
    with file_system.open_output_stream(f"{path}/{halves[MANIFEST]}") as stream:
        stream.write(json.dumps({**manifest, "files": files}, indent=2, ensure_ascii=False).encode())
    for name in [MANIFEST, *(name for name in storage.file_names(folder) if name in OWN_FILES - {MANIFEST})]:
        if name in storage.file_names(folder):
            file_system.delete_file(f"{path}/{name}")
    for name, half in halves.items():  # the manifest last
        file_system.move(f"{path}/{half}", f"{path}/{name}")


def _described(location: str) -> dict[str, Any]:
    return {"bytes": storage.size(location), "sha256": storage.sha256(location)}


def _write_table(file_system: Any, path: str, table: pa.Table) -> None:
    with file_system.open_output_stream(path) as stream:
        pa.parquet.write_table(table, stream, row_group_size=ROWS_PER_BLOCK)


def drawn(count: int, most: int, seed: int) -> NDArray[np.int64]:
    """Return the indices of at most so many of `count` rows, drawn with the seed, in their order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def _read(location: str) -> pa.Table:
    file_system, path = storage.locate(location)
    return pa.parquet.read_table(path, filesystem=file_system)


def _footer(location: str) -> pa.parquet.ParquetFile:
    file_system, path = storage.locate(location)
    try:
        with file_system.open_input_file(path) as file:
            return pa.parquet.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise Mistakes(f"data: {location} is not a readable parquet file: {error}") from None
