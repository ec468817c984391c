"""Write a few prepared pairs of the invoices task, and change JSON values at one position."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pairs import prepared
from tests.trainers.cases import rows


def prepare_invoices(folder: Path, train: int, dev: int) -> str:
    """Write prepared pairs of the invoices task, `train` and `dev` of them, and return the folder."""
    tables = {"train": rows(train, "cosine"), "dev": rows(dev, "cosine", seed=1)}
    manifest = {"task": "invoices", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "binary"}}
    prepared.write(str(folder), tables, manifest)
    return str(folder)


def mutations(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a value, its own first."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from mutations(each, (*path, name))


def mutated(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return the value with another one at that path, or without that path."""
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
