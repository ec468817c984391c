"""Provide small prepared pairs of the invoices task, and values with one part changed."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pairs import prepared
from tests.trainers.cases import rows


def prepare_invoices(folder: Path, train: int, dev: int) -> str:
    """So many pairs for train and for dev; returns the folder."""
    tables = {"train": rows(train, "cosine"), "dev": rows(dev, "cosine", seed=1)}
    manifest = {"task": "invoices", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "binary"}}
    prepared.write(str(folder), tables, manifest)
    return str(folder)


def mutations(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in it, itself first."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from mutations(each, (*path, name))


def mutated(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with another one at that path, or without it where there is nothing new."""
    if not path:
        return new
    changed = copy.deepcopy(value)
    at = changed
    for name in path[:-1]:
        at = at[name]
    if new is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = new
    return changed
