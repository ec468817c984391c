"""Prepared pairs of the invoices task, small and without a search."""

from pathlib import Path

from pairs import prepared
from tests.trainers.cases import rows


def prepare_invoices(folder: Path, train: int, dev: int) -> str:
    """So many pairs for train and for dev; returns the folder."""
    tables = {"train": rows(train, "cosine"), "dev": rows(dev, "cosine", seed=1)}
    manifest = {"task": "invoices", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "binary"}}
    prepared.write(str(folder), tables, manifest)
    return str(folder)
